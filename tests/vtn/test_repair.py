"""Messages of imperfect VENs, by the profile of each: strict, repair, lenient."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from oadr import codec
from oadr import messages as m
from oadr.repair import Tolerance
from runtime.trace import Traffic
from tests.vtn.kit import a_ven, dispatch, joined
from vtn import upkeep
from vtn.operator import Changes
from vtn.store import repair
from vtn.testing import JoinedWorld, Peer, World, running

REPAIR = {"peers": {"profile": "repair"}}
LENIENT = {"peers": {"profile": "lenient"}}


def unqualified(message: m.Message) -> bytes:
    """A message whose version has no namespace, as many peers write it."""
    return codec.encode(message).replace(b" ei:schemaVersion", b" schemaVersion")


def poll(peer: Peer) -> bytes:
    return unqualified(m.Poll(ven_id=peer.ven_id))


async def set_peer(world: World, name: str, peer: str) -> None:
    changes = Changes(peer=peer)  # type: ignore[arg-type]
    await world.operator.change(name, changes, now=world.clock.now())
    await upkeep.watch(world.desk)


async def counted(world: World | JoinedWorld, peer: Peer) -> dict[str, int]:
    """What the store knows of the repairs of a VEN."""
    await upkeep.flush(world.desk)
    member = world.desk.roster.of_ven_id(peer.ven_id)
    assert member is not None
    async with world.store.read() as tx:
        return {one.name: one.count for one in await repair.for_party(tx, party_pk=member.pk)}


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [
        (getattr(record, "ven", ""), record.getMessage())
        for record in caplog.records
        if record.name == "openadr.vtn.repair"
    ]


async def test_a_strict_vtn_mends_nothing() -> None:
    async with a_ven() as (world, peer):
        answer = await peer.raw("OadrPoll", poll(peer))
        assert (answer.status, await counted(world, peer)) == (406, {})


async def test_a_ven_is_mended_counted_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "openadr.vtn.repair")
    async with a_ven(REPAIR) as (world, peer):
        for _ in range(3):
            answer = await peer.raw("OadrPoll", poll(peer))
            assert isinstance(answer.message, m.Response)
        assert await counted(world, peer) == {"qualify-attributes": 3}
        assert await counted(world, peer) == {"qualify-attributes": 3}
        other = await joined(world, "other")
        await other.raw("OadrPoll", poll(other))
        assert await counted(world, other) == {"qualify-attributes": 1}
    assert [ven for ven, _ in logged(caplog)] == ["ven", "other"]
    assert "the repair qualify-attributes, by the profile repair" in logged(caplog)[0][1]


async def test_the_profile_of_a_ven_goes_before_that_of_the_vtn() -> None:
    async with a_ven() as (world, peer):
        other = await joined(world, "other")
        await set_peer(world, "ven", "repair")
        statuses = [(await one.raw("OadrPoll", poll(one))).status for one in (peer, other)]
        assert statuses == [200, 406]
        await set_peer(world, "ven", "default")
        assert (await peer.raw("OadrPoll", poll(peer))).status == 406


async def test_a_ven_can_be_held_to_the_schema_where_others_are_not() -> None:
    async with a_ven(LENIENT) as (world, peer):
        assert (await peer.raw("OadrPoll", poll(peer))).status == 200
        await set_peer(world, "ven", "strict")
        assert (await peer.raw("OadrPoll", poll(peer))).status == 406


async def test_a_poll_that_was_mended_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_ven(REPAIR) as (world, peer):
        await peer.raw("OadrPoll", poll(peer))
        monkeypatch.setattr("vtn.reading.parse", None)
        assert (await peer.raw("OadrPoll", poll(peer))).status == 200
        await dispatch(world)
        answer = await peer.raw("OadrPoll", poll(peer))
        assert isinstance(answer.message, m.DistributeEvent)
        assert await counted(world, peer) == {"qualify-attributes": 3}


async def test_r21_an_unreadable_document_does_not_choose_the_profile_of_another_ven() -> None:
    async with a_ven() as (world, peer):
        victim = await joined(world, "victim")
        await set_peer(world, "ven", "lenient")
        # Its own name comes first, behind it that of the one it wants to be.
        data = unqualified(m.UpdateReport(request_id="1", ven_id=victim.ven_id)).replace(
            b"<ei:venID>", f"<x><venID>{peer.ven_id}</venID></x><ei:venID>".encode()
        )
        claim = f"<venID>{peer.ven_id}</venID><oadr:oadrUpdateReport ".encode()
        for document in (data, data.replace(b"<oadr:oadrUpdateReport ", claim)):
            assert (await peer.raw("EiReport", document)).status == 406
        assert await counted(world, peer) == await counted(world, victim) == {}


async def test_r21_nor_does_one_whose_ven_id_has_to_be_trimmed() -> None:
    async with a_ven(LENIENT) as (world, peer):
        await set_peer(world, "ven", "repair")
        poll = codec.encode(m.Poll(ven_id=f" {peer.ven_id}"))
        claimed = poll.replace(b"<oadr:oadrPoll ", b"<venID>nobody</venID><oadr:oadrPoll ")
        answer = await peer.raw("OadrPoll", claimed)
        assert isinstance(answer.message, m.Response)
        assert answer.message.response.code == 463
        assert await counted(world, peer) == {}


@pytest.mark.parametrize(
    ("profile", "code", "repairs"),
    [("strict", 459, {}), ("repair", 200, {"created-event-without-answers": 1})],
)
async def test_r35_a_created_event_without_answers(
    profile: str, code: int, repairs: dict[str, int]
) -> None:
    async with a_ven({"peers": {"profile": profile}}) as (world, peer):
        await dispatch(world)
        await peer.poll()
        nothing = m.CreatedEvent(response=m.EiResponse(), ven_id=peer.ven_id)
        answer = await peer.raw("EiEvent", codec.encode(nothing))
        assert isinstance(answer.message, m.Response)
        assert answer.message.response.code == code
        assert await counted(world, peer) == repairs
        # No event counts as answered by it.
        await world.clock.advance(timedelta(minutes=10))
        assert isinstance(await peer.poll(), m.DistributeEvent)


@pytest.mark.parametrize("profile", ["strict", "lenient"])
async def test_what_is_valid_and_says_little_is_taken_in_every_profile(profile: str) -> None:
    async with a_ven({"peers": {"profile": profile}}) as (world, peer):
        empty = m.Report(
            report_request_id="0",
            report_specifier_id="usage",
            report_name="METADATA_TELEMETRY_USAGE",
            created_date_time=world.clock.now(),
            descriptions=(
                m.ReportDescription(r_id="a", report_type="usage", reading_type="Direct Read"),
            ),
        )
        for message in (
            m.UpdateReport(request_id="1", ven_id=peer.ven_id),
            m.RegisterReport(request_id="2", ven_id=peer.ven_id, reports=(empty,)),
            m.RegisterReport(request_id="3", ven_id=peer.ven_id),
        ):
            answer = await peer.raw("EiReport", codec.encode(message))
            assert answer.message is not None
            assert answer.message.response.code == 200  # type: ignore[union-attr]
        assert await counted(world, peer) == {}


@pytest.mark.parametrize(
    ("kind", "lenient"),
    [
        ("text/xml", 200),
        ("text/xml; charset=utf-8", 200),
        ("application/openadr+xml", 200),
        (None, 200),
        ("application/json", 406),
        ("multipart/form-data", 406),
    ],
)
async def test_r53_another_content_type_is_taken_by_those_who_are_lenient(
    kind: str | None, lenient: int
) -> None:
    headers = {"Content-Type": kind} if kind is not None else {"Content-Type": ""}
    async with a_ven(LENIENT) as (_, peer):
        document = codec.encode(m.Poll(ven_id=peer.ven_id))
        assert (await peer.raw("OadrPoll", document, headers=headers)).status == lenient
    async with a_ven(REPAIR) as (_, peer):
        document = codec.encode(m.Poll(ven_id=peer.ven_id))
        assert (await peer.raw("OadrPoll", document, headers=headers)).status == 406


async def test_r512_space_around_a_ven_id_is_left_out_by_those_who_repair() -> None:
    async with a_ven(REPAIR) as (world, peer):
        padded = codec.encode(m.Poll(ven_id=f"\n  {peer.ven_id} "))
        for _ in range(2):
            answer = await peer.raw("OadrPoll", padded)
            assert isinstance(answer.message, m.Response)
            assert answer.message.response.code == 200
        assert await counted(world, peer) == {"trim-ids": 2}
        await set_peer(world, "ven", "strict")
        answer = await peer.raw("OadrPoll", padded)
        assert isinstance(answer.message, m.Response)
        assert answer.message.response.code == 463


async def test_repairs_are_seen_in_the_trace() -> None:
    shown: list[Traffic] = []
    async with running(REPAIR) as world:
        world.server.add_trace(shown.append)
        peer = world.peer()
        await peer.raw("EiRegisterParty", unqualified(m.QueryRegistration(request_id="1")))
    assert ("out", ("qualify-attributes",)) in [(one.direction, one.repairs) for one in shown]


async def test_mending_long_documents_takes_of_what_a_peer_may_send() -> None:
    overrides = {"peers": {"profile": "repair"}, "http": {"rate": 0.001, "burst": 20.0}}
    async with running(overrides) as world:
        peer = world.peer()
        query = m.QueryRegistration(request_id="1" * 60_000)
        assert (await peer.raw("EiRegisterParty", codec.encode(query))).status == 200
        assert (await peer.raw("EiRegisterParty", unqualified(query))).status == 200
        assert (await peer.raw("EiRegisterParty", codec.encode(query))).status == 503


async def test_repairs_that_could_not_be_written_are_kept() -> None:
    async with a_ven(REPAIR) as (world, peer):
        await peer.raw("OadrPoll", poll(peer))
        held = world.desk.repairs.take()
        world.desk.repairs.give_back(held)
        await peer.raw("OadrPoll", poll(peer))
        world.desk.repairs.give_back([replace(held[0], count=5)])
        assert len(world.desk.repairs) == 1
        assert await counted(world, peer) == {"qualify-attributes": 7}


async def test_a_stranger_is_read_by_the_profile_of_the_vtn() -> None:
    query = unqualified(m.QueryRegistration(request_id="q"))
    for profile, status in ((Tolerance.STRICT, 406), (Tolerance.REPAIR, 200)):
        async with running({"peers": {"profile": profile}}) as world:
            answer = await world.peer().raw("EiRegisterParty", query)
            assert answer.status == status
