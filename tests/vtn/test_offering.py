"""The metadata of the VTN: what it offers, and when VENs hear of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from oadr import messages as m
from oadr.report import (
    build_metadata_request,
    read_metadata,
)
from tests.vtn.kit import HOUR, INTERVAL, MINUTE, a_ven
from tests.vtn.test_serving import (
    LOAD,
    PAST,
    Utility,
    asking,
    ending,
    fetched,
    once,
    open_ids,
    periodic,
    read,
    served_ven,
)
from vtn.services import offering, serving


async def test_r301_r305_r308_r309_r311_r312_a_new_ven_gets_the_metadata_first_of_all() -> None:
    async with served_ven() as (world, _, _):
        peer = world.peer()
        await peer.register("new")
        message = await peer.poll()
        assert isinstance(message, m.RegisterReport)
        assert message.report_request_id is None
        assert [one.report_specifier_id for one in message.reports] == ["load", "past"]
        for one in message.reports:
            assert (one.report_request_id, one.dtstart, one.intervals) == ("0", None, ())
            assert one.ei_report_id is None
            assert one.duration == timedelta(days=1)
            assert (one.report_name or "").startswith("METADATA_")
        assert read_metadata(message.reports) == (LOAD, PAST)


async def test_r301_r311_metadata_on_demand_names_the_request_and_its_reports_none() -> None:
    async with served_ven() as (_, peer, _):
        reply = await peer.post(asking(peer, build_metadata_request("md")))
        assert (reply.response.code, reply.pending) == (200, ("md",))
        message = await peer.poll()
        assert message.report_request_id == "md"
        assert {one.report_request_id for one in message.reports} == {"0"}
        assert read_metadata(message.reports) == (LOAD, PAST)


async def test_r306_r327_periodic_metadata_comes_time_and_again_and_outlives_itself() -> None:
    async with served_ven() as (world, peer, _):
        wanted = build_metadata_request("md", every=HOUR, now=world.clock.now())
        reply = await peer.post(asking(peer, wanted))
        assert reply.pending == ("md",)
        for _ in range(3):
            await serving.serve(world.desk)
            message = await peer.poll()
            assert isinstance(message, m.RegisterReport)
            assert message.report_request_id == "md"
            await peer.post(read(peer, message))
            assert isinstance(await peer.poll(), m.Response)
            assert await open_ids(world) == ["md"]
            await world.clock.advance(HOUR)


async def test_r510_periodic_metadata_of_a_vtn_that_offers_nothing_comes_once() -> None:
    utility = Utility()
    utility.offers = ()
    async with served_ven(utility) as (world, peer, _):
        wanted = build_metadata_request("md", every=HOUR, now=world.clock.now())
        assert (await peer.post(asking(peer, wanted))).pending == ("md",)
        message = await peer.poll()
        assert (message.report_request_id, message.reports) == ("md", ())
        assert await open_ids(world) == []


async def test_r306_a_ven_is_told_when_something_else_is_on_offer() -> None:
    async with served_ven() as (world, peer, utility):
        await offering.renew(world.desk)
        assert isinstance(await peer.poll(), m.Response)
        utility.offers = (LOAD,)
        await offering.renew(world.desk)
        message = await peer.poll()
        assert read_metadata(message.reports) == (LOAD,)
        await peer.post(read(peer, message))
        await offering.renew(world.desk)
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


async def test_r306_metadata_that_a_ven_has_got_ends_what_it_had_requested() -> None:
    async with served_ven() as (world, peer, utility):
        await peer.post(asking(peer, periodic(world)))
        utility.offers = (LOAD,)
        await offering.renew(world.desk)
        message = await peer.poll()
        assert await open_ids(world) == ["w1"]
        await peer.post(read(peer, message))
        assert await open_ids(world) == []
        await world.clock.advance(10 * MINUTE)
        assert await fetched(world, peer) == []


async def test_r331_an_offer_that_does_not_conform_is_469_and_named_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with served_ven() as (_, peer, utility):
        utility.offers = (replace(LOAD, report_name="WEATHER"),)
        reply = await peer.post(asking(peer, build_metadata_request("md")))
        assert reply.response.code == 469
        assert "R331" in caplog.text


async def test_r307_a_subject_that_names_more_than_device_classes_is_not_offered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with served_ven() as (_, peer, utility):
        wrong = tuple(
            replace(one, subject=m.Target(resource_ids=("meter",))) for one in LOAD.points
        )
        utility.offers = (replace(LOAD, points=wrong),)
        reply = await peer.post(asking(peer, build_metadata_request("md")))
        assert reply.response.code == 469
        assert "R307" in caplog.text


@pytest.mark.parametrize("request_id", ["", "0042", "a" * 60])
async def test_r303_a_request_id_is_given_back_as_it_came_also_an_empty_one(
    request_id: str,
) -> None:
    async with served_ven() as (world, peer, _):
        for message in (
            asking(peer, once(world), request_id=request_id),
            replace(ending(peer, "nobody"), request_id=request_id),
            m.RegisterReport(request_id=request_id, ven_id=peer.ven_id),
            m.UpdateReport(request_id=request_id, ven_id=peer.ven_id),
        ):
            assert (await peer.post(message)).response.request_id == request_id


async def test_a_handler_that_fails_costs_nobody_the_registration() -> None:
    utility = Utility()
    utility.offers = (replace(LOAD, points=()),)
    async with served_ven(utility) as (world, _, _):
        peer = world.peer()
        assert (await peer.register("new")).code == 200
        assert (await peer.poll()).reports == ()


async def test_r306_a_vtn_that_has_lost_its_handler_says_that_nothing_is_on_offer_any_more() -> (
    None
):
    async with a_ven() as (world, peer):
        # What the run before has left behind.
        async with world.desk.store.begin() as tx:
            await offering.put(tx, world.desk, 1, peer.ven_id, (LOAD,), now=world.clock.now())
        member = world.desk.roster.of_pk(1)
        assert member is not None
        member.stale = True
        before = await peer.poll()
        assert read_metadata(before.reports) == (LOAD,)
        await peer.post(read(peer, before))
        await peer.post(asking(peer, periodic(world)))
        assert await open_ids(world) == ["w1"]
        await world.clock.advance(MINUTE)
        await offering.renew(world.desk)
        message = await peer.poll()
        assert isinstance(message, m.RegisterReport)
        assert message.reports == ()
        await peer.post(read(peer, message))
        assert await open_ids(world) == []
        await offering.renew(world.desk)
        assert world.desk.offers_ended
        assert isinstance(await peer.poll(), m.Response)
