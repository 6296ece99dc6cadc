"""The event cases of certification with the VTN under test, as far as they are known.

E1 are those of 2.0b, A_E3 those of 2.0a that are run again for 2.0b; a VEN that polls plays
the harness. Their twins for push (E0, A_E2) differ in the way of the message alone.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import EventStatus, OptType, ResponseRequired, SignalType
from oadr.units import unit
from tests.vtn.kit_event import (
    EUROS,
    HOUR,
    MINUTE,
    ask,
    baseline,
    made,
    prices,
    publish,
    signal,
    stage,
    step,
    the,
    with_period,
    with_signal,
    with_signals,
)
from vtn.audience import Audience
from vtn.operator import Changes
from vtn.testing import JoinedWorld, Peer, fingerprint_of

FAR, NEAR, ACTIVE, COMPLETED, CANCELLED = (
    EventStatus.FAR,
    EventStatus.NEAR,
    EventStatus.ACTIVE,
    EventStatus.COMPLETED,
    EventStatus.CANCELLED,
)
NEVER = ResponseRequired.NEVER
POWER = unit("powerReal")


def seen(shot: m.DistributeEvent) -> list[tuple[str, int, EventStatus]]:
    return [
        (one.event_id, one.descriptor.modification_number, one.descriptor.event_status)
        for one in shot.events
    ]


def ids(shot: m.DistributeEvent) -> list[str]:
    return [one.event_id for one in shot.events]


async def polled(peer: Peer) -> m.DistributeEvent:
    """What the next poll brings, which has to be events."""
    shot = await peer.poll()
    assert isinstance(shot, m.DistributeEvent)
    assert shot.response is not None
    assert (shot.response.code, bool(shot.request_id)) == (200, True)
    return shot


async def nothing_waits(peer: Peer) -> bool:
    return isinstance(await peer.poll(), m.Response)


async def base(world: JoinedWorld, name: str = "e1", minutes: int = 2, **values: Any) -> m.Event:
    """The event of most cases: some minutes from now, five minutes long."""
    start = world.clock.now() + minutes * MINUTE
    levels = str(values.pop("levels", "1:5m"))
    return await publish(world, made(world, levels, event_id=name, start=start, **values))


# ---------------------------------------------------------------- 2.0b


async def test_e1_1010_without_events_a_request_gets_an_empty_list() -> None:
    """E1_1010: an oadrDistributeEvent without events; nothing is to be answered."""
    async with stage() as (_, peer):
        shot = await ask(peer)
        assert (shot.events, shot.vtn_id, bool(shot.request_id)) == ((), "vtn", True)
        assert await nothing_waits(peer)


async def test_e1_1020_a_price_for_two_resources_is_sent_and_opted_into() -> None:
    """E1_1020 (1030 to 1065 send the same): in 10 minutes, 5 minutes, two resources."""
    async with stage() as (world, peer):
        both = frozenset({"resource1", "resource2"})
        await world.operator.change(peer.name, Changes(resources=both), now=world.clock.now())
        sent = await world.send_event(
            "0.75:5m",
            starts_in=10 * MINUTE,
            to=Audience(resources=both),
            signal_name="ELECTRICITY_PRICE",
            unit=EUROS,
        )
        shot = await polled(peer)
        (event,) = shot.events
        assert event.target.resource_ids == ("resource1", "resource2")
        assert event.signals[0].signal_type is SignalType.PRICE
        assert seen(shot) == [(sent.event_id, 0, FAR)]
        assert (await peer.answer(shot)).response.code == 200
        assert await nothing_waits(peer)


async def test_e1_1025_a_setpoint_of_40_watts_is_sent() -> None:
    """E1_1025: LOAD_DISPATCH, setpoint, powerReal, 40."""
    async with stage() as (world, peer):
        event = made(world, start=world.clock.now() + 10 * MINUTE)
        dispatch = signal("LOAD_DISPATCH", SignalType.SETPOINT, "40", unit=POWER)
        await publish(world, with_signals(event, dispatch))
        (only,) = (await polled(peer)).events[0].signals
    assert (only.signal_name, only.signal_type, only.unit) == (
        "LOAD_DISPATCH",
        SignalType.SETPOINT,
        POWER,
    )
    assert only.intervals[0].payloads == (m.SignalPayload(value=Decimal(40)),)


async def test_e1_1027_two_hours_of_prices_go_with_a_baseline_of_two_resources() -> None:
    """E1_1027: two intervals of an hour, a baseline, two resources."""
    async with stage() as (world, peer):
        event = made(world)
        hours = tuple(step(value, HOUR) for value in ("0.3", "0.6"))
        event = with_signals(event, replace(prices("1"), intervals=hours, signal_id="0"))
        resources = ("resource1", "resource2")
        expected = baseline(event, *"12345678", resource_ids=resources)
        target = m.Target(resource_ids=resources)
        await publish(world, replace(event, baseline=expected, target=target))
        (sent,) = (await polled(peer)).events
    assert sent.active_period.duration == 2 * HOUR
    assert [one.duration for one in sent.signals[0].intervals] == [HOUR, HOUR]
    assert sent.target.resource_ids == resources
    assert sent.baseline is not None
    assert (sent.baseline.duration, sent.baseline.resource_ids) == (2 * HOUR, resources)
    assert [one.uid for one in sent.baseline.intervals] == list("01234567")


async def test_e1_1040_several_events_come_in_one_message_and_are_answered_in_one() -> None:
    """E1_1040: several events in one payload."""
    async with stage() as (world, peer):
        for number in range(4):
            await base(world, f"e{number}", minutes=10 + 10 * number)
        shot = await polled(peer)
        assert ids(shot) == ["e0", "e1", "e2", "e3"]
        assert (await peer.answer(shot)).response.code == 200
        assert await nothing_waits(peer)


async def test_e1_1055_a_level_and_a_price_go_in_one_event() -> None:
    """E1_1055: SIMPLE level 2 and ELECTRICITY_PRICE 3.14 in one event."""
    async with stage() as (world, peer):
        event = made(world, "2:15m")
        await publish(world, with_signals(event, *event.signals, prices("3.14")))
        (sent,) = (await polled(peer)).events
    values = {one.signal_name: one.intervals[0].payloads for one in sent.signals}
    assert values == {
        "SIMPLE": (m.SignalPayload(value=Decimal(2)),),
        "ELECTRICITY_PRICE": (m.SignalPayload(value=Decimal("3.14")),),
    }
    assert len({one.signal_id for one in sent.signals}) == 2


async def test_prompt_065_a_ven_id_in_another_case_is_refused() -> None:
    """EPRI's prompt 065: the case of a venID is inverted, which has to be an error."""
    async with stage() as (world, _):
        await base(world)
        peer = world.peer("school", fingerprint=fingerprint_of("school"))
        await peer.join()
        wrong = m.RequestEvent(request_id="r", ven_id=peer.ven_id.swapcase())
        reply = await peer.post(wrong)
    assert (reply.response.code, reply.events) == (452, ())


# ---------------------------------------------------------------- 2.0a, run again for 2.0b


async def test_a_e3_0420_an_event_goes_from_far_to_active() -> None:
    """A_E3_0420: one event in 1 minute, always."""
    async with stage() as (world, peer):
        await base(world, minutes=1)
        shot = await polled(peer)
        assert seen(shot) == [("e1", 0, FAR)]
        await peer.answer(shot)
        await world.pass_time(MINUTE)
        assert seen(await ask(peer)) == [("e1", 0, ACTIVE)]
        await world.pass_time(5 * MINUTE)
        assert seen(await ask(peer)) == []


@pytest.mark.parametrize("opt_type", [OptType.OPT_IN, OptType.OPT_OUT])
async def test_a_e3_0430_0452_0454_a_pending_event_is_answered_and_not_sent_again(
    opt_type: OptType,
) -> None:
    """A_E3_0430 and its like, 0452, 0454: one event in 2 minutes, opted into or out of."""
    async with stage() as (world, peer):
        await base(world)
        shot = await polled(peer)
        assert (await peer.answer(shot, opt_type)).response.code == 200
        assert await nothing_waits(peer)
        await world.pass_time(MINUTE)
        assert seen(await ask(peer)) == [("e1", 0, FAR)]


async def test_a_e3_0432_three_intervals_with_all_that_can_go_with_a_period() -> None:
    """A_E3_0432: three intervals, recovery, ramp-up, startafter."""
    async with stage() as (world, peer):
        window: dict[str, Any] = {
            "ramp_up": 2 * MINUTE,
            "recovery": 3 * MINUTE,
            "start_after": 4 * MINUTE,
        }
        await base(world, minutes=10, levels="1:5m,2:5m,1:5m", **window)
        (sent,) = (await polled(peer)).events
    period = sent.active_period
    assert period.duration == 15 * MINUTE
    assert (period.ramp_up, period.recovery, period.start_after) == tuple(window.values())
    assert period.notification == timedelta(0)
    intervals = sent.signals[0].intervals
    assert [(one.uid, one.duration, one.dtstart) for one in intervals] == [
        (uid, 5 * MINUTE, None) for uid in "012"
    ]


async def test_a_e3_0435_each_kind_of_target_is_sent_as_it_was_given() -> None:
    """A_E3_0435: partyID, resourceID, groupID and venID in the target of the event."""
    async with stage() as (world, peer):
        target = m.Target(
            party_ids=("party_1", "party_2"),
            resource_ids=("resource_1",),
            group_ids=("group_1", "group_2"),
            ven_ids=(peer.ven_id,),
        )
        await base(world, target=target)
        (sent,) = (await polled(peer)).events
    assert sent.target == target


async def test_a_e3_0440_0450_0750_two_events_that_do_not_overlap_are_sent_in_their_order() -> None:
    """A_E3_0440, 0450 (4 hours apart) and 0750 (in 1 and 2 hours)."""
    async with stage() as (world, peer):
        await base(world, "second", minutes=242)
        await base(world, "first")
        assert ids(await polled(peer)) == ["first", "second"]
        await world.pass_time(2 * MINUTE)
        assert seen(await ask(peer)) == [("first", 0, ACTIVE), ("second", 0, FAR)]


async def test_a_e3_0464_0466_an_event_that_is_not_answered_is_sent_again_as_it_was() -> None:
    """A_E3_0464, 0466: an event comes again and has not changed."""
    async with stage() as (world, peer):
        await base(world, minutes=30)
        (first,) = (await polled(peer)).events
        await world.pass_time(MINUTE)
        shot = await polled(peer)
        (again,) = shot.events
        created = again.descriptor.created_date_time
        assert created > first.descriptor.created_date_time
        same = replace(first, descriptor=replace(first.descriptor, created_date_time=created))
        assert again == same
        await peer.answer(shot)
        await world.pass_time(2 * MINUTE)
        assert await nothing_waits(peer)


async def test_a_e3_0468_an_event_that_wants_no_answer_says_so() -> None:
    """A_E3_0468: response never."""
    async with stage() as (world, peer):
        await base(world, response_required=NEVER)
        (sent,) = (await polled(peer)).events
    assert sent.response_required is NEVER


@pytest.mark.parametrize("required", [ResponseRequired.ALWAYS, NEVER])
async def test_a_e3_0470_to_0480_an_event_that_is_moved_by_a_minute_is_sent_with_number_1(
    required: ResponseRequired,
) -> None:
    """A_E3_0470, 0474, 0476, 0478 (always) and 0480 (never): the start is moved by 1 minute."""
    async with stage() as (world, peer):
        event = await base(world, response_required=required)
        await peer.answer(await polled(peer))
        period = event.active_period
        moved = with_period(event, dtstart=period.dtstart + MINUTE)
        await world.operator.modify_event(moved, now=world.clock.now())
        shot = await polled(peer)
        assert seen(shot) == [("e1", 1, FAR)]
        assert shot.events[0].active_period == replace(period, dtstart=period.dtstart + MINUTE)
        if required is ResponseRequired.ALWAYS:
            await peer.answer(shot)
            assert await nothing_waits(peer)
        await world.pass_time(2 * MINUTE)
        assert seen(await ask(peer)) == [("e1", 1, FAR)]
        await world.pass_time(MINUTE)
        assert seen(await ask(peer)) == [("e1", 1, ACTIVE)]


async def test_a_e3_0484_0490_an_active_event_is_made_longer() -> None:
    """A_E3_0484, 0490: from 5 to 6 minutes while it is active."""
    async with stage() as (world, peer):
        event = await base(world, minutes=1)
        await peer.answer(await polled(peer))
        await world.pass_time(2 * MINUTE)
        longer = with_period(event, duration=6 * MINUTE)
        longer = with_signal(longer, intervals=(step("1", 6 * MINUTE, uid="0"),))
        await world.operator.modify_event(longer, now=world.clock.now())
        shot = await polled(peer)
        assert seen(shot) == [("e1", 1, ACTIVE)]
        assert shot.events[0].active_period.duration == 6 * MINUTE
        assert shot.events[0].signals[0].current_value == 1
        await peer.answer(shot)
        await world.pass_time(timedelta(minutes=4, seconds=59))
        assert seen(await ask(peer)) == [("e1", 1, ACTIVE)]
        await world.pass_time(timedelta(seconds=1))
        assert seen(await ask(peer)) == []


@pytest.mark.parametrize("minutes", [0, 3], ids=["pending", "active"])
async def test_a_e3_0492_0494_0496_0657_a_cancelled_event_is_gone_once_it_is_acknowledged(
    minutes: int,
) -> None:
    """A_E3_0492, 0494, 0496, 0657: an event is cancelled before it starts or while it runs."""
    async with stage() as (world, peer):
        await base(world)
        await peer.answer(await polled(peer))
        await world.pass_time(minutes * MINUTE)
        await world.operator.cancel_event("e1", now=world.clock.now())
        shot = await polled(peer)
        assert seen(shot) == [("e1", 1, CANCELLED)]
        assert shot.events[0].signals[0].current_value == 0
        assert (await peer.answer(shot)).response.code == 200
        assert await nothing_waits(peer)
        assert seen(await ask(peer)) == []


async def test_a_e3_0498_a_cancellation_that_wants_no_answer_is_sent_and_goes() -> None:
    """A_E3_0498: cancelled, response never."""
    async with stage() as (world, peer):
        await base(world, minutes=60, response_required=NEVER)
        await polled(peer)
        await world.operator.cancel_event("e1", now=world.clock.now())
        shot = await polled(peer)
        assert seen(shot) == [("e1", 1, CANCELLED)]
        assert shot.events[0].response_required is NEVER
        for _ in range(30):
            await world.pass_time(MINUTE)
            await peer.poll()
        assert seen(await ask(peer)) == []


async def test_a_e3_0510_an_active_event_stands_before_pending_ones_of_other_programmes() -> None:
    """A_E3_0510: active with priority 2, pending ones in two market contexts."""
    async with stage() as (world, peer):
        await base(world, "p1", minutes=30, priority=1, market_context="http://context.one")
        await base(world, "p2", minutes=20, priority=1, market_context="http://context.two")
        await base(world, "active", minutes=1, priority=2)
        await world.pass_time(MINUTE)
        shot = await ask(peer)
    assert seen(shot) == [("active", 0, ACTIVE), ("p2", 0, FAR), ("p1", 0, FAR)]
    contexts = [one.descriptor.market_context for one in shot.events[1:]]
    assert contexts == ["http://context.two", "http://context.one"]


async def test_a_e3_0520_0525_the_earlier_of_two_stands_first_until_it_is_cancelled() -> None:
    """A_E3_0520 (both active) and 0525 (the earlier one is cancelled)."""
    async with stage() as (world, peer):
        await base(world, "later", minutes=2, priority=3)
        await base(world, "earlier", minutes=1, priority=3)
        await world.pass_time(3 * MINUTE)
        shot = await polled(peer)
        assert seen(shot) == [("earlier", 0, ACTIVE), ("later", 0, ACTIVE)]
        await peer.answer(shot)
        await world.operator.cancel_event("earlier", now=world.clock.now())
        shot = await polled(peer)
        assert seen(shot) == [("earlier", 1, CANCELLED), ("later", 0, ACTIVE)]
        await peer.answer(shot)
        assert seen(await ask(peer)) == [("later", 0, ACTIVE)]


async def test_a_e3_0527_an_event_with_a_ramp_up_is_near_before_it_is_active() -> None:
    """A_E3_0527: a ramp-up of 4 minutes."""
    async with stage() as (world, peer):
        await base(world, minutes=6, ramp_up=4 * MINUTE)
        found = []
        for minutes in (0, 2, 4):
            await world.pass_time(minutes * MINUTE)
            found.append((await the(peer)).descriptor.event_status)
    assert found == [FAR, NEAR, ACTIVE]


async def test_a_e3_0530_two_events_that_overlap_are_both_sent() -> None:
    """A_E3_0530: two events that overlap; what a VEN makes of it is watched, not judged."""
    async with stage() as (world, peer):
        await base(world, "one", minutes=2)
        await base(world, "two", minutes=4)
        await world.pass_time(5 * MINUTE)
        assert seen(await ask(peer)) == [("one", 0, ACTIVE), ("two", 0, ACTIVE)]


async def test_a_e3_0655_of_three_events_no_more_are_sent_than_are_asked_for() -> None:
    """A_E3_0655: three events, a replyLimit, and one order."""
    async with stage() as (world, peer):
        for number in (3, 1, 2):
            await base(world, f"e{number}", minutes=10 * number)
        expected = ["e1", "e2", "e3"]
        for limit in (1, 2, 3, 4):
            assert ids(await ask(peer, limit)) == expected[:limit]
        assert ids(await ask(peer)) == expected


async def test_a_e3_0660_a_nearer_event_that_comes_later_stands_first() -> None:
    """A_E3_0660: an event of an hour, then a nearer one."""
    async with stage() as (world, peer):
        await base(world, "hour", minutes=60, levels="1:1h")
        assert ids(await polled(peer)) == ["hour"]
        await base(world, "nearer", minutes=10)
        assert ids(await polled(peer)) == ["nearer", "hour"]


async def test_a_e3_0680_events_are_given_in_order_to_who_asks_for_them() -> None:
    """A_E3_0680: events in 41 and in 10 minutes, and an oadrRequestEvent."""
    async with stage() as (world, peer):
        await base(world, "later", minutes=41)
        await base(world, "sooner", minutes=10)
        shot = await ask(peer)
    assert ids(shot) == ["sooner", "later"]
    assert shot.response == m.EiResponse(code=200, description="OK", request_id="r")


async def test_a_e3_0685_an_event_with_startafter_is_sent_after_it_is_completed() -> None:
    """A_E3_0685: startafter of 2 minutes on an event of 1 minute."""
    async with stage() as (world, peer):
        await base(world, levels="1:1m", start_after=2 * MINUTE)
        found = []
        for minutes in (2, 1, 1, 1):
            await world.pass_time(minutes * MINUTE)
            found.append([one.descriptor.event_status for one in (await ask(peer)).events])
    assert found == [[ACTIVE], [COMPLETED], [COMPLETED], []]
