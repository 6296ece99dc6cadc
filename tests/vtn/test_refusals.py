"""What is kept of what goes wrong with VENs: from which exchanges, and how much of it."""

from datetime import timedelta
from typing import Any

import pytest

from oadr import codec, repair
from oadr import messages as m
from oadr.enums import OptType
from runtime.clock import FakeClock
from tests.vtn.kit_explain import SCHOOLS, a_school, explained, overview, row
from vtn import upkeep
from vtn.refusals import MOST, MOST_OF_STRANGERS, Refusals, message_in
from vtn.store import StorageError, refusal
from vtn.store.refusal import KEPT, Refusal, Side
from vtn.testing import JoinedWorld, Peer, fingerprint_of


async def kept(world: JoinedWorld) -> list[Refusal]:
    """What is in the store, of VENs and strangers, latest first."""
    await upkeep.flush(world.desk)
    async with world.store.read() as tx:
        return await refusal.since(tx, moment=world.clock.now() - timedelta(days=1))


def without_request_id(peer: Peer) -> bytes:
    """An oadrCreatedEvent whose answer lacks what R42 wants: a document nobody can read."""
    given = m.EventResponse(
        request_id="r", event_id="e-1", modification_number=0, opt_type=OptType.OPT_IN
    )
    message = m.CreatedEvent(
        response=m.EiResponse(request_id="x"), responses=(given,), ven_id=peer.ven_id
    )
    body = codec.encode(message)
    wrong = body.replace(b"<pyld:requestID>r</pyld:requestID>", b"")
    assert wrong != body
    return wrong


async def test_a_refused_message_is_kept_with_rule_and_code() -> None:
    async with a_school() as (world, peer):
        await peer.post(m.CancelOpt(request_id="r", opt_id="none", ven_id=peer.ven_id))
        (found,) = await kept(world)
        member = world.desk.roster.of_name("school-9")
        assert member is not None
        assert (found.party_pk, found.side, found.message) == (member.pk, Side.IN, "oadrCancelOpt")
        assert found.code == 452


async def test_what_cannot_be_read_is_kept_with_the_repair_that_would_help() -> None:
    async with a_school() as (world, peer):
        await world.send_event(to=SCHOOLS, event_id="e-1")
        await peer.poll()
        answer = await peer.raw("EiEvent", without_request_id(peer))
        assert answer.status == 406
        (found,) = await kept(world)
        assert (found.code, found.message, found.rule) == (406, "oadrCreatedEvent", "schema")
        assert found.repairs == ("fill-request-id",)
        told = row(await explained(world), "answer")
        assert "its oadrCreatedEvent was refused, 406" in told.words
        assert told.todo == (
            "Repair `fill-request-id` would accept it: vtn ven set school-9 --peer repair"
        )


async def test_documents_of_a_ven_are_examined_once_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    examined: list[bytes] = []
    real = repair.would_help

    def counting(data: bytes, **given: Any) -> tuple[str, ...]:
        examined.append(data)
        return real(data, **given)

    monkeypatch.setattr(repair, "would_help", counting)
    async with a_school() as (world, peer):
        for _ in range(10):
            await peer.raw("EiEvent", without_request_id(peer))
        assert len(examined) == 1
        await world.pass_time(minutes=1)
        await peer.raw("EiEvent", without_request_id(peer))
        assert len(examined) == 2
        (found,) = await kept(world)
        assert (found.count, found.repairs) == (11, ("fill-request-id",))


async def test_an_error_in_an_answer_of_a_ven_is_kept() -> None:
    async with a_school() as (world, peer):
        await world.send_event(to=SCHOOLS, event_id="e-1")
        await peer.answer(await peer.poll(), OptType.OPT_OUT, code=460)
        (found,) = await kept(world)
        assert (found.side, found.message, found.code) == (Side.ANSWER, "oadrCreatedEvent", 460)
        assert found.words.startswith("event e-1:")


async def test_a_certificate_that_was_revoked_names_its_ven() -> None:
    async with a_school() as (world, peer):
        await world.operator.revoke("school-9", now=world.clock.now())
        await peer.raw("OadrPoll", codec.encode(m.Poll(ven_id=peer.ven_id)))
        errors = [one.words for one in (await overview(world)).ven.findings]
        assert any("oadrPoll was refused, 463" in one and "(R517)" in one for one in errors)


async def test_what_strangers_send_is_nobodys() -> None:
    async with a_school() as (world, _):
        stranger = world.peer("bakery", fingerprint=fingerprint_of("bakery"))
        await stranger.raw("OadrPoll", codec.encode(m.Poll(ven_id="school-9")))
        assert {one.party_pk for one in await kept(world)} == {None}


async def test_a_handler_that_fails_is_kept_as_469() -> None:
    async with a_school() as (world, peer):

        async def on_created_event(answer: object, ctx: object) -> None:
            raise RuntimeError("no")

        world.server.hooks.add_function("on_created_event", on_created_event)
        await world.send_event(to=SCHOOLS, event_id="e-1")
        await peer.answer(await peer.poll())
        (found,) = await kept(world)
        assert (found.code, found.side) == (469, Side.IN)
        assert "a handler of this VTN failed" in found.words
        assert "RuntimeError" not in found.words


async def test_a_flood_of_one_wrong_message_is_one_row() -> None:
    async with a_school() as (world, peer):
        for _ in range(300):
            await peer.raw("EiEvent", b"<oadrNothing/>")
        assert len(world.desk.refusals) == 1
        (found,) = await kept(world)
        assert found.count == 300


async def test_a_flood_of_different_ones_pushes_out_only_the_vens_own() -> None:
    async with a_school() as (world, peer):
        other = world.peer("mill", fingerprint=fingerprint_of("mill"))
        await world.operator.enrol(
            "mill", now=world.clock.now(), fingerprint=fingerprint_of("mill")
        )
        await other.join()
        await other.post(m.CancelOpt(request_id="r", opt_id="mine", ven_id=other.ven_id))
        for n in range(10 * KEPT):
            await peer.post(m.CancelOpt(request_id="r", opt_id=f"o{n}", ven_id=peer.ven_id))
        assert len(world.desk.refusals) == KEPT + 1
        words = [one.words for one in await kept(world)]
        assert len(words) == KEPT + 1
        assert sum("mine" in one for one in words) == 1


def one(party_pk: int | None, words: str, fingerprint: str = "") -> Refusal:
    now = FakeClock().now()
    return Refusal(
        party_pk=party_pk,
        fingerprint=fingerprint,
        side=Side.IN,
        message="",
        rule="",
        code=406,
        words=words,
        first_at=now,
        last_at=now,
    )


def test_what_is_held_is_bounded_for_vens_and_for_strangers_apart() -> None:
    held = Refusals()
    for n in range(3 * MOST_OF_STRANGERS):
        held.note(one(None, "who", f"{n}"))
    assert len(held) == MOST_OF_STRANGERS
    for n in range(2 * MOST):
        held.note(one(n, "what"))
    assert len(held) == MOST_OF_STRANGERS + MOST
    assert len(held.take()) == MOST_OF_STRANGERS + MOST
    assert len(held) == 0


async def test_what_the_database_does_not_take_is_written_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_school() as (world, peer):
        await peer.raw("EiEvent", b"<oadrNothing/>")
        with monkeypatch.context() as patch:

            async def full(*_: object, **__: object) -> None:
                raise StorageError("disk full")

            patch.setattr(refusal, "note", full)
            with pytest.raises(StorageError):
                await upkeep.flush(world.desk)
        await peer.raw("EiEvent", b"<oadrNothing/>")
        (found,) = await kept(world)
        assert found.count == 2


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (b"<oadr:oadrPayload><oadr:oadrSignedObject><oadr:oadrPoll/>", "oadrPoll"),
        (b"<oadrPoll>", "oadrPoll"),
        (b"\xff\x00<oadr", ""),
        (b"", ""),
        (b"<" + b"a" * 9000 + b"oadrPoll>", ""),
    ],
)
def test_a_message_that_cannot_be_read_is_called_what_it_calls_itself(
    document: bytes, name: str
) -> None:
    assert message_in(document) == name
