"""EiReport with the VTN as the requester, by the numbers of the rules."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oadr import messages as m
from oadr.errors import InvalidData
from oadr.report import Offer, history_offer, usage_offer
from oadr.units import unit
from tests.vtn.kit import HOUR, INTERVAL, MINUTE, STANDING, a_ven, metadata, readings, update, usage
from tests.vtn.test_report import asked, canceled, created, states
from vtn.hooks import Context, RefusedReport, ReportHandler, Wanted
from vtn.services import pending
from vtn.store import report as reports
from vtn.testing import Peer, World

WANTED: dict[str, Any] = {"reports": STANDING}
DAY = timedelta(days=1)
OFTEN = Wanted(specifier_id="usage", every=MINUTE, deliver=10 * MINUTE)
ONCE = Wanted(specifier_id="usage", every=MINUTE, deliver=timedelta(0))


async def wants(world: World, *entries: Wanted, **more: Any) -> list[str]:
    made = await world.operator.request_reports("ven", entries, now=world.clock.now(), **more)
    return [row.report_request_id for row in made]


async def accepted(world: World, peer: Peer, *entries: Wanted, **more: Any) -> list[str]:
    """Lets an operator ask, and the VEN accept."""
    ids = await wants(world, *entries, **more)
    message = await peer.poll()
    assert isinstance(message, m.CreateReport)
    await peer.post(created(peer, message.request_id, *ids))
    return ids


async def row_of(world: World, request_id: str) -> reports.StoredRequest:
    async with world.desk.store.read() as tx:
        return next(
            row for row in await reports.requests(tx) if row.report_request_id == request_id
        )


# ---------------------------------------------------------------- what is requested


async def test_r321_r322_r324_r338_every_kind_of_request_is_as_it_must_be() -> None:
    """R1_3010, R1_3020, R1_3140: one-shot, periodic, on change, history, metadata."""
    offer = usage_offer(
        "usage",
        {"main": unit("energyReal")},
        min_period=MINUTE,
        max_period=HOUR,
        duration=DAY,
        on_change=True,
    )
    past = history_offer("past", {"main": unit("energyReal")}, period=MINUTE, duration=DAY)
    async with a_ven() as (world, peer):
        await peer.post(metadata(peer, world, offer, past))
        now = world.clock.now()
        await wants(world, ONCE, OFTEN, replace(OFTEN, every=timedelta(0)))
        await wants(world, replace(ONCE, specifier_id="past", start=now - HOUR), history=True)
        await world.operator.request_metadata("ven", now=now, every=DAY)
        messages = [await peer.poll() for _ in range(3)]
    shot, periodic, change, history, md = (one for each in messages for one in each.requests)
    ids = [one.report_request_id for one in (shot, periodic, change, history, md)]
    assert len(set(ids)) == 5
    assert (shot.granularity, shot.report_back_duration) == (timedelta(0), timedelta(0))
    assert shot.report_interval is None
    assert (periodic.granularity, periodic.report_back_duration) == (MINUTE, 10 * MINUTE)
    # From the next whole minute on.
    assert periodic.report_interval is not None
    assert now <= periodic.report_interval.dtstart < now + MINUTE
    assert periodic.report_interval.duration == timedelta(0)
    assert (change.granularity, change.report_back_duration) == (timedelta(0), 10 * MINUTE)
    assert change.report_interval is not None
    assert (history.granularity, history.report_back_duration) == (timedelta(0), timedelta(0))
    assert history.report_interval == m.Period(dtstart=now - HOUR, duration=timedelta(0))
    assert (md.report_specifier_id, md.report_back_duration) == ("METADATA", DAY)
    for one in (shot, periodic, change, history, md):
        period = one.report_interval
        if period is not None:
            assert (period.start_after, period.notification) == (None, None)
            assert (period.ramp_up, period.recovery) == (None, None)
        assert {each.reading_type for each in one.data_points} == {"x-notApplicable"}
        assert {each.unit for each in one.data_points} == {None}


async def test_r329_several_requests_go_out_in_one_message_and_are_settled_one_by_one() -> None:
    """R1_3030 and R1_3180: two in one oadrCreateReport; the pending list has both."""
    async with a_ven() as (world, peer):
        await peer.post(metadata(peer, world))
        first, second = await wants(world, OFTEN, ONCE)
        message = await peer.poll()
        assert [one.report_request_id for one in message.requests] == [first, second]
        await peer.post(created(peer, message.request_id, first, code=454))
        assert await states(world) == {first: "active", second: "refused"}


@pytest.mark.parametrize(
    "entry",
    [
        replace(OFTEN, every=timedelta(seconds=1)),
        replace(OFTEN, every=2 * HOUR, deliver=2 * HOUR),
        replace(OFTEN, deliver=7 * DAY),
        replace(OFTEN, every=timedelta(0)),
        replace(OFTEN, every=HOUR, deliver=MINUTE),
    ],
    ids=["too fast", "too slow", "too much", "on change", "longer than its report"],
)
async def test_r317_r340_more_than_is_offered_is_not_even_asked(entry: Wanted) -> None:
    async with a_ven() as (world, peer):
        await peer.post(metadata(peer, world))
        with pytest.raises(InvalidData, match=r"R3(17|40)"):
            await wants(world, ONCE, entry)
        assert await states(world) == {}
        assert isinstance(await peer.poll(), m.Response)


class Hears(ReportHandler):
    """Writes down refusals."""

    def __init__(self) -> None:
        self.refused: list[RefusedReport] = []

    async def on_refused_report(self, refused: RefusedReport, ctx: Context) -> None:
        self.refused.append(refused)


@pytest.mark.parametrize("code", [452, 454, 461])
async def test_r304_r340_a_refusal_is_told_and_the_request_is_not_made_again(code: int) -> None:
    """R1_3190: 452 for an unknown reportSpecifierID or rID."""
    hears = Hears()
    async with a_ven(handlers=(hears,)) as (world, peer):
        await peer.post(metadata(peer, world))
        (request_id,) = await wants(world, OFTEN)
        message = await peer.poll()
        reply = created(peer, message.request_id, code=code)
        reply = replace(reply, response=replace(reply.response, description="no such thing"))
        await peer.post(reply)
        assert hears.refused == [
            RefusedReport(
                report_request_id=request_id,
                specifier_id="usage",
                code=code,
                description="no such thing",
            )
        ]
        row = await row_of(world, request_id)
        assert (row.state, row.code, row.description) == ("refused", code, "no such thing")
        await world.clock.advance(HOUR)
        await pending.overdue(world.desk)
        assert isinstance(await peer.poll(), m.Response)


# ---------------------------------------------------------------- metadata


async def test_r306_periodic_metadata_goes_on_and_all_else_is_asked_for_again() -> None:
    """R1_3170: new metadata ends the reports; those still wanted are requested anew."""
    async with a_ven() as (world, peer):
        await peer.post(metadata(peer, world))
        (report_id,) = await accepted(world, peer, OFTEN)
        first = (await row_of(world, report_id)).request
        row = await world.operator.request_metadata("ven", now=world.clock.now(), every=DAY)
        md = row.report_request_id
        message = await peer.poll()
        await peer.post(created(peer, message.request_id, report_id, md))
        await world.clock.advance(HOUR)
        again = first
        for _ in range(2):
            reply = await peer.post(
                replace(metadata(peer, world), report_request_id=row.report_request_id)
            )
            (again,) = reply.requests
            await peer.post(created(peer, "md", md, again.report_request_id))
        found = await states(world)
        assert found[report_id] == "cancelled"
        assert (found[md], found[again.report_request_id]) == ("active", "active")
        # In the same rhythm, so that no report is lost (R341).
        assert again.report_interval == first.report_interval


async def test_r306_what_is_not_offered_any_more_is_not_asked_for_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_ven() as (world, peer):
        await peer.post(metadata(peer, world))
        (request_id,) = await accepted(world, peer, OFTEN)
        reply = await peer.post(metadata(peer, world, usage("other")))
        assert reply.requests == ()
        assert await states(world) == {request_id: "cancelled"}
        assert f"report {request_id} ends with the new metadata" in caplog.text


async def test_r306_what_an_operator_has_ended_is_not_asked_for_again() -> None:
    async with a_ven() as (world, peer):
        await peer.post(metadata(peer, world))
        (request_id,) = await accepted(world, peer, OFTEN)
        await world.operator.cancel_report(request_id, now=world.clock.now())
        reply = await peer.post(metadata(peer, world))
        assert reply.requests == ()
        assert isinstance(await peer.poll(), m.Response)


# ---------------------------------------------------------------- pending lists


async def test_r329_a_request_that_a_ven_has_dropped_is_made_again_when_its_report_is_late() -> (
    None
):
    async with a_ven() as (world, peer):
        await peer.post(metadata(peer, world))
        (kept,) = await accepted(world, peer, OFTEN)
        ids = await wants(world, replace(OFTEN, deliver=30 * MINUTE))
        message = await peer.poll()
        await peer.post(created(peer, message.request_id, *ids))
        assert (await row_of(world, kept)).missing_at is not None
        await world.clock.advance(5 * MINUTE)
        await pending.overdue(world.desk)
        assert isinstance(await peer.poll(), m.Response)
        await world.clock.advance(7 * MINUTE)
        await pending.overdue(world.desk)
        again = await peer.poll()
        assert [one.report_request_id for one in again.requests] == [kept]
        await peer.post(created(peer, again.request_id, kept, *ids))
        assert (await states(world))[kept] == "active"
        await world.clock.advance(10 * INTERVAL)
        await pending.overdue(world.desk)
        assert isinstance(await peer.poll(), m.Response)


async def test_r329_a_ven_that_forgets_to_list_what_it_serves_is_left_alone() -> None:
    async with a_ven() as (world, peer):
        await peer.post(metadata(peer, world))
        (kept,) = await accepted(world, peer, OFTEN)
        await accepted(world, peer, replace(OFTEN, deliver=HOUR))
        start = world.clock.now()
        await world.clock.advance(11 * MINUTE)
        await peer.post(update(peer, readings(kept, start, {"main": ["1"] * 10})))
        assert (await row_of(world, kept)).missing_at is None
        await world.clock.advance(30 * MINUTE)
        await pending.overdue(world.desk)
        assert isinstance(await peer.poll(), m.Response)


async def test_r329_a_report_that_has_been_ended_and_is_still_pending_is_cancelled_again() -> None:
    async with a_ven() as (world, peer):
        await peer.post(metadata(peer, world))
        (former,) = await accepted(world, peer, OFTEN)
        reply = await peer.post(metadata(peer, world, usage("usage", "main", "new")))
        ids = [one.report_request_id for one in reply.requests]
        await peer.post(created(peer, "md", *ids, former))
        ending = await peer.poll()
        assert isinstance(ending, m.CancelReport)
        assert ending.report_request_ids == (former,)
        await peer.post(canceled(peer, ending.request_id, *ids))
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


# ---------------------------------------------------------------- cancelling


async def test_r345_the_final_report_is_taken_and_only_what_comes_after_it_is_too_much() -> None:
    """R1_3045: the VEN lists the report as pending until it has sent the last one."""
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer)
        await world.operator.cancel_report(request_id, now=world.clock.now(), follow=True)
        message = await peer.poll()
        assert message.report_to_follow
        start = world.clock.now()
        regular = await peer.post(update(peer, readings(request_id, start, {"main": ["1"]})))
        assert regular.cancel_report is None
        await peer.post(canceled(peer, message.request_id, request_id))
        assert await states(world) == {request_id: "cancelled"}
        await world.restart()
        final = await peer.post(update(peer, readings(request_id, start, {"main": ["2"]})))
        assert final.cancel_report is None
        more = await peer.post(update(peer, readings(request_id, start, {"main": ["3"]})))
        assert more.cancel_report.report_request_ids == (request_id,)


async def test_r336_a_batch_that_is_refused_is_cancelled_one_by_one() -> None:
    async with a_ven() as (world, peer):
        await peer.post(metadata(peer, world))
        ids = await accepted(world, peer, OFTEN, replace(OFTEN, deliver=HOUR))
        await world.operator.cancel_reports(ids, now=world.clock.now())
        message = await peer.poll()
        assert list(message.report_request_ids) == ids
        await peer.post(canceled(peer, message.request_id, ids[0], code=452))
        seen: list[tuple[str, ...]] = []
        for code, left in ((200, ()), (452, ())):
            single = await peer.poll()
            seen.append(single.report_request_ids)
            await peer.post(canceled(peer, single.request_id, *left, code=code))
        assert seen == [(ids[0],), (ids[1],)]
        assert set((await states(world)).values()) == {"cancelled"}
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


async def test_r335_r336_one_that_a_ven_cannot_end_keeps_the_reason_and_is_ended_once_more() -> (
    None
):
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer)
        await world.operator.cancel_report(request_id, now=world.clock.now())
        message = await peer.poll()
        await peer.post(canceled(peer, message.request_id, request_id, code=459))
        row = await row_of(world, request_id)
        assert (row.state, row.code) == ("cancelling", 459)
        reply = await peer.post(
            update(peer, readings(request_id, world.clock.now(), {"main": ["1"]}))
        )
        assert reply.cancel_report.report_request_ids == (request_id,)
        await world.operator.cancel_report(request_id, now=world.clock.now())
        assert isinstance(await peer.poll(), m.CancelReport)


async def test_r328_the_piggyback_names_only_what_was_just_reported() -> None:
    async with a_ven() as (world, peer):
        await peer.post(metadata(peer, world))
        first, second = await accepted(world, peer, OFTEN, replace(OFTEN, deliver=HOUR))
        await world.operator.cancel_reports([first, second], now=world.clock.now())
        start = world.clock.now()
        reply = await peer.post(update(peer, readings(second, start, {"main": ["1"]})))
        assert reply.cancel_report.report_request_ids == (second,)


# ---------------------------------------------------------------- hooks that several need


class Twice(ReportHandler):
    """Wants one report often and one once."""

    async def on_register_report(
        self, offers: Sequence[Offer], ctx: Context
    ) -> Sequence[Wanted] | None:
        return [OFTEN, ONCE]


async def test_r344_several_requests_ride_on_one_answer() -> None:
    """R1_3060: requests in oadrRegisteredReport."""
    async with a_ven(handlers=(Twice(),)) as (world, peer):
        reply = await peer.post(metadata(peer, world))
        ids = [one.report_request_id for one in reply.requests]
        assert len(set(ids)) == 2
        assert [bool(one.report_back_duration) for one in reply.requests] == [True, False]
        await peer.post(created(peer, "md", *ids))
        assert set((await states(world)).values()) == {"active"}


async def test_r329_requests_that_are_not_late_keep_no_others_waiting_that_are() -> None:
    async with a_ven() as (world, peer):
        await peer.post(metadata(peer, world))
        slow = [replace(OFTEN, deliver=HOUR)] * pending._ROUND
        await world.operator.request_reports("ven", slow, now=world.clock.now())
        message = await peer.poll()
        ids = [one.report_request_id for one in message.requests]
        await peer.post(created(peer, message.request_id, *ids))
        await world.clock.advance(MINUTE)
        (kept,) = await accepted(world, peer, OFTEN)
        await world.clock.advance(MINUTE)
        await accepted(world, peer, replace(OFTEN, deliver=30 * MINUTE))
        await world.clock.advance(12 * MINUTE)
        for _ in range(2):
            await pending.overdue(world.desk)
        again = await peer.poll()
        assert isinstance(again, m.CreateReport)
        assert [one.report_request_id for one in again.requests] == [kept]
