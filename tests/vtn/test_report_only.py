"""Report Only VENs: reports and a registration, and no events (R510)."""

import asyncio
from datetime import UTC, datetime

import pytest

from oadr import messages as m
from tests.vtn.command import Desk
from tests.vtn.kit import EVERYONE, a_ven, dispatch, metadata
from vtn.errors import Conflict
from vtn.operator import Audience
from vtn.store import Store, delivery, party
from vtn.testing import Peer, World


async def reporter(world: World, name: str = "meter") -> Peer:
    peer = world.peer()
    await peer.register(name, report_only=True)
    await peer.settle()
    return peer


async def test_r510_events_for_all_leave_report_only_vens_out() -> None:
    async with a_ven() as (world, full):
        meter = await reporter(world)
        _, count = await _created(world, EVERYONE)
        assert count == 1
        assert isinstance(await full.poll(), m.DistributeEvent)
        assert isinstance(await meter.poll(), m.Response)


async def _created(world: World, audience: Audience) -> tuple[m.Event, int]:
    event = await dispatch(world, audience=audience)
    async with world.desk.store.read() as tx:
        return event, len(await delivery.for_event(tx, event_id=event.event_id))


async def test_r510_an_event_for_a_report_only_ven_by_name_is_refused_with_the_reason() -> None:
    async with a_ven() as (world, _):
        await reporter(world)
        with pytest.raises(Conflict, match=r"meter has registered as a Report Only VEN"):
            await dispatch(world, audience=Audience(vens=frozenset({"meter", "ven"})))


async def test_r510_an_event_for_report_only_vens_alone_is_refused() -> None:
    async with a_ven() as (world, full):
        await reporter(world)
        cancelled = m.CancelPartyRegistration(
            request_id="c", registration_id=full.registration_id, ven_id=full.ven_id
        )
        await full.post(cancelled)
        await reporter(world, "ven")
        with pytest.raises(Conflict, match="there are only Report Only VENs"):
            await dispatch(world)


async def test_r40_r510_a_report_only_ven_that_asks_for_events_gets_none() -> None:
    async with a_ven() as (world, _):
        await dispatch(world)
        peer = world.peer()
        await peer.register("ven", report_only=True)
        await peer.settle()
        reply = await peer.post(m.RequestEvent(request_id="q", ven_id=peer.ven_id))
        assert isinstance(reply, m.DistributeEvent)
        assert (reply.response, reply.events) == (
            m.EiResponse(description="OK", request_id="q"),
            (),
        )


async def test_r510_a_report_only_ven_offers_and_reports_like_any_other() -> None:
    async with a_ven() as (world, _):
        meter = await reporter(world)
        reply = await meter.post(metadata(meter, world))
        assert reply.response.code == 200


def test_r510_ven_show_says_that_a_ven_takes_no_events(vtn: Desk) -> None:
    vtn("ven enrol meter")

    async def registered() -> None:
        store = await Store.open("vtn.db")
        async with store.begin() as tx:
            row = await party.get(tx, ven_name="meter")
            assert row is not None
            await party.register(
                tx, pk=row.pk, registration_id="r", report_only=True, now=datetime.now(UTC)
            )
        await store.close()

    asyncio.run(registered())
    assert "2.0b, Report Only" in vtn("ven show meter").output
    assert vtn.json("ven show meter")["report_only"] is True
    command = "event create --to ven:meter --levels 1:1h --start now+1h"
    assert "takes no events" in vtn.error(command)
