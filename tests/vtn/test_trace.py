"""What the traces of a VTN are shown."""

import asyncio
import logging

import pytest

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from runtime.trace import Traces, Traffic
from tests.vtn.kit import Open, a_ven
from vtn.testing import World, running


def watched(world: World, *, limit: float = 1.0) -> list[Traffic]:
    """Everything that goes in and out of a VTN from now on."""
    assert world.server.desk is not None
    world.server.desk.traces = traces = Traces(time_limit=limit)
    seen: list[Traffic] = []
    traces.add(seen.append)
    return seen


def rows(seen: list[Traffic]) -> list[tuple[str, str, str, int | None]]:
    return [(one.direction, one.service, one.message, one.status) for one in seen]


async def test_a_poll_and_its_answer_are_shown_as_they_were_on_the_wire() -> None:
    async with a_ven() as (world, peer):
        seen = watched(world)
        body = codec.encode(m.Poll(ven_id=peer.ven_id))
        answer = await peer.raw("OadrPoll", body)
        poll, reply = seen
    assert rows(seen) == [
        ("in", "OadrPoll", "oadrPoll", None),
        ("out", "OadrPoll", "oadrResponse", 200),
    ]
    assert poll.body == body
    assert reply.body == answer.body
    assert (poll.peer, reply.peer) == ("ven", "ven")
    assert poll.at == world.clock.now()


async def test_a_compressed_reply_is_shown_before_its_compression() -> None:
    async with a_ven() as (world, peer):
        seen = watched(world)
        headers = {"Content-Type": "application/xml", "Accept-Encoding": "gzip"}
        body = codec.encode(m.QueryRegistration(request_id="q" * 2000))
        answer = await peer.raw("EiRegisterParty", body, headers=headers)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert seen[1].body == answer.body


async def test_over_tls_it_says_whose_certificate_it_was() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        peer = world.client("school")
        await peer.register("school")
        seen = watched(world)
        await peer.poll()
    assert {one.fingerprint for one in seen} == {peer.fingerprint}
    assert {one.peer for one in seen} == {"school"}


XML = {"Content-Type": "application/xml"}


@pytest.mark.parametrize(
    ("service", "body", "headers", "method", "shown", "status"),
    [
        ("OadrPoll", b"<not xml", XML, "POST", b"<not xml", 406),
        ("OadrPoll", b"", XML, "POST", b"", 406),
        ("OadrPoll", b"x", {"Content-Type": "text/plain"}, "POST", b"", 406),
        ("EiNothing", b"x", XML, "POST", b"", 404),
        ("OadrPoll", b"", XML, "GET", b"", 501),
        ("OadrPoll", b"x" * 2_000_000, XML, "POST", b"", 413),
    ],
)
async def test_what_is_turned_away_is_shown_as_far_as_it_was_read(
    service: str, body: bytes, headers: dict[str, str], method: str, shown: bytes, status: int
) -> None:
    async with a_ven() as (world, peer):
        seen = watched(world)
        await peer.raw(service, body, headers=headers, method=method)
    name = "" if service == "EiNothing" else service
    assert rows(seen) == [("in", name, "", None), ("out", name, "", status)]
    assert seen[0].body == shown
    assert seen[1].body


async def test_a_message_at_the_wrong_address_is_shown() -> None:
    async with a_ven() as (world, peer):
        seen = watched(world)
        await peer.raw("EiEvent", codec.encode(m.Poll(ven_id=peer.ven_id)))
    assert [one.status for one in seen] == [None, 404]
    assert b"oadrPoll" in seen[0].body


async def test_a_message_that_is_refused_is_shown_with_the_refusal() -> None:
    async with a_ven() as (world, _):
        seen = watched(world)
        await world.peer().post(m.Poll(ven_id="nobody"))
    assert rows(seen) == [
        ("in", "OadrPoll", "oadrPoll", None),
        ("out", "OadrPoll", "oadrResponse", 200),
    ]
    assert b"463" in seen[1].body
    assert seen[0].peer == "127.0.0.1"


async def test_an_empty_reply_is_shown_as_one() -> None:
    async with a_ven() as (world, peer):
        seen = watched(world)
        await peer.post(m.Response(response=m.EiResponse(), ven_id=peer.ven_id))
    assert (seen[1].status, seen[1].body, seen[1].message) == (200, b"", "")


async def test_one_that_raises_or_hangs_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def hangs(traffic: Traffic) -> None:
        await asyncio.Event().wait()

    def breaks(traffic: Traffic) -> None:
        raise OSError("disk full")

    async with a_ven() as (world, peer):
        seen = watched(world, limit=0.01)
        assert world.server.desk is not None
        world.server.desk.traces.add(hangs)
        world.server.desk.traces.add(breaks)
        async with asyncio.timeout(2):
            assert (await peer.poll()).response.code == 200
    assert len(seen) == 2
    errors = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert len(errors) == 2


async def test_a_document_that_came_another_way_than_http_is_shown() -> None:
    async with a_ven() as (world, peer):
        seen = watched(world)
        assert world.server._endpoint is not None
        poll = codec.encode(m.Poll(ven_id=peer.ven_id))
        await world.server._endpoint.answer(ServiceName.OADR_POLL, poll)
    assert rows(seen) == [
        ("in", "OadrPoll", "oadrPoll", None),
        ("out", "OadrPoll", "oadrResponse", 200),
    ]
