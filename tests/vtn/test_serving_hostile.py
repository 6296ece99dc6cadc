"""VENs that ask the VTN for more reports than anybody can use."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import event

from oadr import messages as m
from oadr.report import build_metadata_request
from tests.vtn.kit import MINUTE
from tests.vtn.test_serving import asking, open_ids, periodic, served_ven
from vtn.services import serving
from vtn.store import outbox, served


async def test_the_same_request_a_thousand_times_costs_no_more_than_once() -> None:
    async with served_ven() as (world, peer, _):
        await peer.post(asking(peer, *(periodic(world, f"p{n}") for n in range(50))))
        seen: list[str] = []
        for connections in (world.desk.store._reader, world.desk.store._writer):
            engine = connections.engine.sync_engine
            event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
        reply = await peer.post(asking(peer, *[periodic(world, "p0")] * 1000))
        assert reply.response.code == 200
        assert 0 < len(seen) < 30


async def test_r322_of_requests_with_the_same_id_in_one_message_the_last_counts() -> None:
    async with served_ven() as (world, peer, _):
        first, last = periodic(world, back=2 * MINUTE), periodic(world, back=3 * MINUTE)
        reply = await peer.post(asking(peer, first, last, first, last))
        assert (reply.response.code, reply.pending) == (200, ("w1",))
        async with world.desk.store.read() as tx:
            (row,) = await served.requests(tx)
        assert row.request == last


async def test_more_requests_than_may_be_open_are_refused_and_none_is_kept() -> None:
    async with served_ven() as (world, peer, _):
        reply = await peer.post(asking(peer, *(periodic(world, f"p{n}") for n in range(51))))
        assert reply.response.code == 469
        assert await open_ids(world) == []
        reply = await peer.post(asking(peer, *(periodic(world, f"p{n}") for n in range(50))))
        assert reply.response.code == 200


async def test_a_request_that_is_longer_than_there_is_use_for_is_not_kept() -> None:
    async with served_ven() as (world, peer, _):
        asked = periodic(world)
        metadata = build_metadata_request("md", every=timedelta(hours=1), now=world.clock.now())
        points = (m.SpecifierPayload(r_id="0"),) * 5000
        for request in (
            replace(metadata, data_points=points),
            replace(asked, data_points=asked.data_points * 5000),
            replace(asked, report_request_id="x" * 5000),
        ):
            reply = await peer.post(asking(peer, request))
            assert reply.response.code == 469
        assert await open_ids(world) == []


async def test_r306_a_ven_that_was_away_gets_metadata_once_and_not_for_each_second() -> None:
    async with served_ven() as (world, peer, _):
        every, now = timedelta(seconds=1), world.clock.now()
        wanted = build_metadata_request("md", every=every, duration=timedelta(days=2), now=now)
        await peer.post(asking(peer, wanted))
        await world.clock.advance(timedelta(days=1))
        for _ in range(3):
            await serving.serve(world.desk)
        async with world.desk.store.read() as tx:
            assert len(await outbox.waiting(tx, party_pk=1)) <= 3
        await world.clock.advance(timedelta(days=3))
        await serving.serve(world.desk)
        assert await open_ids(world) == []
