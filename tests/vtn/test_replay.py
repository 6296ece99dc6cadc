"""A trace that was exported replays against a VTN and a VEN of now."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import ven.testing
import vtn.testing
from oadr import codec
from oadr import messages as m
from runtime.capture.bundle import Bundle, BundleError, load_bundle, save_bundle
from runtime.capture.compare import Replayed
from tests.vtn.traced import day, exchanges, exported
from ven.client import Client
from vtn.testing import joined


async def against_the_ven(bundle: Bundle, **arguments: Any) -> Replayed:
    """Replays against a VEN with the meter that the recorded one had."""

    def make(**given: Any) -> Client:
        made = Client(**given)

        @made.meter("main-meter", measurement="energyReal", unit="Wh", every="10s")
        def main_meter() -> float:
            return 7.5

        return made

    return await ven.testing.replay(bundle, make, **arguments)


async def test_a_whole_day_replays_against_both_sides(tmp_path: Path) -> None:
    bundle = exported(await day(tmp_path / "trace"))
    names = {one.message for one in bundle.exchanges} | {one.answer for one in bundle.exchanges}
    assert names >= {
        "oadrCreatePartyRegistration",
        "oadrRegisterReport",
        "oadrUpdateReport",
        "oadrDistributeEvent",
        "oadrCreatedEvent",
        "oadrCreateOpt",
        "oadrCancelOpt",
    }
    path = tmp_path / "day.oadr-trace.json"
    save_bundle(path, bundle)
    assert load_bundle(path) == bundle
    again = await vtn.testing.replay(path)
    assert again, str(again)
    assert (again.exchanges, again.skipped) == (len(bundle.exchanges), ())
    other = await against_the_ven(bundle)
    assert other, str(other)
    assert (other.exchanges, other.skipped) == (len(bundle.exchanges), ())


async def test_a_day_of_pushes_replays_against_both_sides(tmp_path: Path) -> None:
    bundle = exported(await day(tmp_path / "trace", push=True))
    assert any(one.asked_by == "VTN" for one in bundle.exchanges)
    again = await vtn.testing.replay(bundle)
    assert again, str(again)
    other = await against_the_ven(bundle)
    assert other, str(other)


def with_answer(bundle: Bundle, name: str, old: bytes, new: bytes) -> Bundle:
    """Returns a trace in which the first answer of a name was another one."""
    found = list(bundle.exchanges)
    place = next(n for n, one in enumerate(found) if one.answer == name and old in one.response)
    found[place] = replace(found[place], response=found[place].response.replace(old, new, 1))
    return replace(bundle, exchanges=tuple(found))


async def test_an_answer_that_was_another_one_is_the_only_difference(tmp_path: Path) -> None:
    bundle = exported(await day(tmp_path / "trace"))
    changed = with_answer(
        bundle, "oadrUpdatedReport", b"<ei:responseCode>200<", b"<ei:responseCode>454<"
    )
    again = await vtn.testing.replay(changed)
    assert not again
    (difference,) = again.differences
    assert (difference.message, difference.recorded, difference.now) == (
        "oadrUpdatedReport",
        "454",
        "200",
    )
    assert difference.where == "oadrUpdatedReport/eiResponse/responseCode"
    assert bundle.exchanges[difference.number - 1].answer == "oadrUpdatedReport"
    assert "1 differences" in str(again)


async def test_a_ven_that_decides_otherwise_is_found_out(tmp_path: Path) -> None:
    bundle = exported(await day(tmp_path / "trace"))

    class Refuses:
        async def on_event(self, event: m.Event, ctx: object) -> str:
            return "optOut"

    other = await against_the_ven(bundle, handlers=[Refuses()])
    found = {(one.message, one.recorded, one.now) for one in other.differences}
    assert ("oadrCreatedEvent", "optIn", "optOut") in found
    assert {name for name, _, _ in found} == {"oadrCreatedEvent"}


async def test_a_vtn_that_is_configured_otherwise_is_found_out(tmp_path: Path) -> None:
    bundle = exported(await day(tmp_path / "trace"))
    again = await vtn.testing.replay(bundle, overrides={"registration": {"poll_interval": "30s"}})
    first = again.differences[0]
    assert (first.message, first.recorded, first.now) == (
        "oadrCreatedPartyRegistration",
        "PT10S",
        "PT30S",
    )


async def test_a_request_that_is_no_message_meets_the_same_406(tmp_path: Path) -> None:
    folder = tmp_path / "trace"
    broken = codec.encode(m.RequestEvent(request_id="r", ven_id="v")).replace(b"venID", b"VENID")
    async with joined({"trace": {"folder": str(folder)}}) as world:
        await world.ven.join("school-7")
        assert (await world.ven.raw("EiEvent", broken)).status == 406
        assert (await world.ven.raw("EiReport", codec.encode(m.Poll(ven_id="v")))).status == 404
        bundle = exported(await exchanges(world, folder))
    assert [one.status for one in bundle.exchanges[-2:]] == [406, 404]
    assert bundle.exchanges[-2].request == broken
    again = await vtn.testing.replay(bundle)
    assert again, str(again)
    assert again.skipped == ()
    mended = replace(bundle.exchanges[-2], request=broken.replace(b"VENID", b"venID"))
    found = await vtn.testing.replay(replace(bundle, exchanges=(*bundle.exchanges[:-2], mended)))
    (difference,) = found.differences
    assert (difference.where, difference.recorded, difference.now) == ("HTTP", "406", "200")
    # No VEN of ours says such a thing, so there it is left out.
    other = await ven.testing.replay(bundle)
    assert {number for number, _ in other.skipped} >= {len(bundle.exchanges) - 1}


async def test_a_piece_from_the_middle_replays_against_both_sides(tmp_path: Path) -> None:
    whole = exported(await day(tmp_path / "trace"))
    begins = next(n for n, one in enumerate(whole.exchanges) if b"oadrCreatedEvent" in one.request)
    found = whole.exchanges[begins - 1 : begins + 1]
    piece = replace(whole, exchanges=found)
    again = await vtn.testing.replay(piece)
    assert again, str(again)
    other = await against_the_ven(piece)
    assert other, str(other)


async def test_registration_ids_are_no_longer_in_what_is_exported(tmp_path: Path) -> None:
    found = await day(tmp_path / "trace")
    secrets = {
        secret
        for one in found
        if isinstance(answer := codec.decode(one.response), m.CreatedPartyRegistration)
        and (secret := answer.registration_id)
    }
    assert secrets
    path = tmp_path / "day.json"
    save_bundle(path, exported(found))
    assert not any(secret in path.read_text() for secret in secrets)
    save_bundle(path, exported(found, secrets=True))
    assert all(secret in path.read_text() for secret in secrets)
    assert await vtn.testing.replay(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is no exported trace"),
        ("[]", "is no exported trace"),
        ('{"kind": "song"}', "expected one of vtn trace --export"),
        ('{"kind": "openadr-trace", "version": 7}', "is of version 7; expected 1"),
        ('{"kind": "openadr-trace", "version": 1, "exchanges": [{}]}', "is no exported trace"),
    ],
)
async def test_a_file_that_is_no_trace_is_refused_with_words(
    tmp_path: Path, content: str, words: str
) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(BundleError, match=words):
        await vtn.testing.replay(path)
    with pytest.raises(BundleError, match=words):
        await ven.testing.replay(path)


async def test_of_a_trace_of_several_vens_one_must_be_chosen(tmp_path: Path) -> None:
    folder = tmp_path / "trace"
    async with joined({"trace": {"folder": str(folder)}}) as world:
        for name in ("school-7", "bakery"):
            await world.peer(name).join(name)
        bundle = exported(await exchanges(world, folder))
    again = await vtn.testing.replay(bundle)
    assert again, str(again)
    with pytest.raises(ValueError, match=r"several VENs: .* expected ven="):
        await ven.testing.replay(bundle)
    with pytest.raises(ValueError, match="no exchange of nobody"):
        await ven.testing.replay(bundle, ven="nobody")
