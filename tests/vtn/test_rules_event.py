"""EiEvent, the rules R2 to R70: what a VTN sends, and what it refuses to send."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from oadr import messages as m
from oadr.enums import EventStatus, OptType
from oadr.errors import ComplianceError
from tests.vtn.kit_event import (
    HOUR,
    MINUTE,
    NOTHING,
    ask,
    document,
    made,
    prices,
    publish,
    refused,
    stage,
    step,
    texts,
    the,
    with_period,
    with_signal,
    with_signals,
)
from vtn.testing import Peer


def ids(shot: m.DistributeEvent) -> list[str]:
    return [event.event_id for event in shot.events]


async def values(peer: Peer) -> list[Decimal | None]:
    """What the signals of the only event say now."""
    return [signal.current_value for signal in (await the(peer)).signals]


# ---------------------------------------------------------------- intervals


async def test_r2_the_intervals_of_each_signal_are_numbered_from_0() -> None:
    async with stage() as (world, peer):
        event = made(world)
        two = with_signals(event, *event.signals, prices("1", "2", "3", "4", signal_id="1"))
        await publish(world, two)
        path = "//ei:eiEventSignal[{}]//ei:interval/xcal:uid/xcal:text"
        root = await document(peer)
        assert texts(root, path.format(1)) == ["0", "1", "2"]
        assert texts(root, path.format(2)) == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    "uids", [("1", "2", "3"), ("0", "2", "1"), ("0", "0", "1"), ("a", "b", "c")]
)
async def test_r2_intervals_that_are_numbered_otherwise_are_refused(uids: tuple[str, ...]) -> None:
    def broken(event: m.Event) -> m.Event:
        (signal,) = event.signals
        numbered = zip(signal.intervals, uids, strict=True)
        return with_signal(
            event, intervals=tuple(replace(interval, uid=uid) for interval, uid in numbered)
        )

    await refused("R2", broken)


async def test_r8_r102_the_durations_of_each_signal_add_up_to_that_of_the_event() -> None:
    async with stage() as (world, peer):
        event = made(world)
        await publish(world, with_signals(event, *event.signals, prices(*"1234", signal_id="1")))
        sent = await the(peer)
    assert sent.active_period.duration == HOUR
    for signal in sent.signals:
        durations = [interval.duration for interval in signal.intervals]
        assert None not in durations
        assert sum((one for one in durations if one), NOTHING) == HOUR


@pytest.mark.parametrize("minutes", [59, 61])
async def test_r8_durations_that_do_not_add_up_are_refused(minutes: int) -> None:
    await refused("R8", lambda event: with_period(event, duration=minutes * MINUTE))


async def test_r8_each_of_several_signals_has_to_add_up() -> None:
    await refused(
        "R8", lambda event: with_signals(event, *event.signals, prices("1", signal_id="1"))
    )


@pytest.mark.parametrize("level", ["4", "-1", "1.5"])
async def test_r9_a_simple_signal_says_0_to_3_and_nothing_else(level: str) -> None:
    await refused("R9", lambda event: with_signal(event, intervals=(step(level, HOUR),)))


async def test_r9_the_four_levels_are_sent_as_they_are() -> None:
    async with stage() as (world, peer):
        await publish(world, made(world, "0:15m,1:15m,2:15m,3:15m"))
        root = await document(peer)
    assert texts(root, "//ei:interval/ei:signalPayload/ei:payloadFloat/ei:value") == list("0123")


# ---------------------------------------------------------------- priority and numbers


async def test_r3_the_lower_number_is_the_more_important_and_0_and_none_the_least() -> None:
    async with stage() as (world, peer):
        for name, priority in (("none", None), ("zero", 0), ("huge", 4294967295), ("one", 1)):
            event = made(world, event_id=name, priority=priority, start=world.clock.now())
            await publish(world, event)
        shot = await ask(peer)
    assert ids(shot) == ["one", "huge", "none", "zero"]
    assert [event.descriptor.priority for event in shot.events] == [1, 4294967295, None, 0]


async def test_r4_a_new_event_has_the_number_0() -> None:
    async with stage() as (world, peer):
        await publish(world, made(world))
        assert texts(await document(peer), "//ei:modificationNumber") == ["0"]


async def test_r4_r10_a_new_event_with_another_number_or_cancelled_is_refused() -> None:
    async with stage() as (world, peer):
        for rule, changes in (
            ("R4", {"modification_number": 7}),
            ("R10", {"event_status": EventStatus.CANCELLED}),
        ):
            event = made(world)
            changed = replace(event, descriptor=replace(event.descriptor, **changes))
            with pytest.raises(ComplianceError) as caught:
                await publish(world, changed)
            assert caught.value.rule == rule
        assert ids(await ask(peer)) == []


async def test_r5_each_change_counts_1_and_time_counts_nothing() -> None:
    async with stage() as (world, peer):
        event = await publish(world, made(world, ramp_up=10 * MINUTE))
        seen = []
        for wanted in (
            replace(event, descriptor=replace(event.descriptor, priority=4)),
            replace(event, descriptor=replace(event.descriptor, vtn_comment="hot")),
            with_period(event, dtstart=event.active_period.dtstart + MINUTE),
            with_signal(event, intervals=(step("3", HOUR),)),
        ):
            await world.operator.modify_event(wanted, now=world.clock.now())
            seen.append((await the(peer)).descriptor.modification_number)
        assert seen == [1, 2, 3, 4]
        statuses = set()
        for _ in range(8):
            await world.clock.advance(9 * MINUTE)
            descriptor = (await the(peer)).descriptor
            statuses.add(descriptor.event_status)
            assert descriptor.modification_number == 4
        assert len(statuses) == 3
        await world.operator.cancel_event("e1", now=world.clock.now())
        assert (await the(peer)).descriptor.modification_number == 5


async def test_r10_a_cancellation_is_a_status_and_the_next_number() -> None:
    async with stage() as (world, peer):
        event = await publish(world, made(world))
        await world.operator.cancel_event("e1", now=world.clock.now())
        sent = await the(peer)
    assert sent.descriptor.event_status is EventStatus.CANCELLED
    assert sent.descriptor.modification_number == 1
    assert sent.active_period == event.active_period


# ---------------------------------------------------------------- time


async def test_r13_an_event_without_a_ramp_up_goes_from_far_to_active() -> None:
    async with stage() as (world, peer):
        await publish(world, made(world))
        seen = []
        for seconds in (3599, 1, 3599):
            await world.clock.advance(timedelta(seconds=seconds))
            seen.append((await the(peer)).descriptor.event_status)
    assert seen == [EventStatus.FAR, EventStatus.ACTIVE, EventStatus.ACTIVE]


async def test_r13_near_begins_to_the_second_with_the_ramp_up() -> None:
    async with stage() as (world, peer):
        await publish(world, made(world, ramp_up=20 * MINUTE))
        seen = []
        for seconds in (2399, 1, 1199, 1):
            await world.clock.advance(timedelta(seconds=seconds))
            seen.append((await the(peer)).descriptor.event_status)
    assert seen == [EventStatus.FAR, EventStatus.NEAR, EventStatus.NEAR, EventStatus.ACTIVE]


async def test_r14_simple_says_0_while_its_event_is_not_active() -> None:
    async with stage() as (world, peer):
        await publish(world, made(world, "2:1h", ramp_up=10 * MINUTE, start_after=10 * MINUTE))
        seen = []
        for minutes in (0, 55, 10, 55):
            await world.clock.advance(minutes * MINUTE)
            event = await the(peer)
            seen.append((event.descriptor.event_status.value, str(event.signals[0].current_value)))
        assert seen == [("far", "0"), ("near", "0"), ("active", "2"), ("completed", "0")]


async def test_r14_simple_says_0_once_its_event_is_cancelled() -> None:
    async with stage() as (world, peer):
        await publish(world, made(world, start=world.clock.now()))
        assert await values(peer) == [1]
        await world.operator.cancel_event("e1", now=world.clock.now())
        assert await values(peer) == [0]


async def test_r15_a_cancelled_event_keeps_its_place() -> None:
    async with stage() as (world, peer):
        for name, priority in (("low", 3), ("high", 1), ("middle", 2)):
            now = world.clock.now()
            await publish(world, made(world, event_id=name, priority=priority, start=now))
        await publish(world, made(world, event_id="later"))
        assert ids(await ask(peer)) == ["high", "middle", "low", "later"]
        await world.operator.cancel_event("middle", now=world.clock.now())
        assert ids(await ask(peer)) == ["high", "middle", "low", "later"]


async def test_r18_events_that_overlap_are_sent_and_one_that_follows_begins_as_one_ends() -> None:
    async with stage() as (world, peer):
        start = world.clock.now() + HOUR
        await publish(world, made(world, event_id="first"))
        await publish(world, made(world, event_id="within", start=start + 30 * MINUTE))
        await publish(world, made(world, event_id="next", start=start + HOUR))
        seen = []
        for seconds in (5400, 1799, 1, 1799, 1):
            await world.clock.advance(timedelta(seconds=seconds))
            shot = await ask(peer)
            seen.append([one.event_id for one in shot.events if is_active(one)])
    assert seen == [
        ["first", "within"],
        ["first", "within"],
        ["within", "next"],
        ["within", "next"],
        ["next"],
    ]


def is_active(event: m.Event) -> bool:
    return event.descriptor.event_status is EventStatus.ACTIVE


async def test_r18_r66_with_startafter_the_end_is_that_of_the_last_that_may_have_started() -> None:
    async with stage() as (world, peer):
        await publish(world, made(world, start_after=10 * MINUTE))
        seen = []
        for seconds in (7199, 1, 599, 1):
            await world.clock.advance(timedelta(seconds=seconds))
            seen.append([one.descriptor.event_status.value for one in (await ask(peer)).events])
    assert seen == [["active"], ["completed"], ["completed"], []]


@pytest.mark.parametrize("how", ["startafter", "no startafter"])
async def test_r66_an_event_leaves_with_the_last_that_may_be_at_it(how: str) -> None:
    window = 10 * MINUTE if how == "startafter" else NOTHING
    async with stage() as (world, peer):
        await publish(world, made(world, start_after=window))
        await world.clock.advance(2 * HOUR + window - timedelta(seconds=1))
        assert ids(await ask(peer)) == ["e1"]
        await world.clock.advance(timedelta(seconds=1))
        assert ids(await ask(peer)) == []


async def test_r29_r32_the_current_value_is_that_of_the_interval_that_runs() -> None:
    async with stage() as (world, peer):
        event = made(world)
        first = event.signals[0]
        both = with_signals(event, first, prices("0.1", "0.2", "0.3", "0.4", signal_id="1"))
        await publish(world, both)
        seen = []
        for seconds in (3600, 899, 1, 900, 900, 899):
            await world.clock.advance(timedelta(seconds=seconds))
            seen.append([str(value) for value in await values(peer)])
    assert seen == [
        ["1", "0.1"],
        ["1", "0.1"],
        ["2", "0.2"],
        ["2", "0.3"],
        ["3", "0.4"],
        ["3", "0.4"],
    ]


# ---------------------------------------------------------------- open-ended events


async def test_r47_an_open_ended_event_is_active_until_it_is_cancelled() -> None:
    async with stage() as (world, peer):
        await publish(world, made(world, "2:0"))
        for days in (1, 400, 10_000):
            await world.clock.advance(timedelta(days=days))
            event = await the(peer)
            assert event.descriptor.event_status is EventStatus.ACTIVE
            assert event.active_period.duration == NOTHING
            assert [one.duration for one in event.signals[0].intervals] == [NOTHING]
            assert event.signals[0].current_value == 2
        await world.operator.cancel_event("e1", now=world.clock.now())
        assert (await the(peer)).descriptor.event_status is EventStatus.CANCELLED


@pytest.mark.parametrize(
    ("duration", "steps"), [(NOTHING, (HOUR,)), (NOTHING, (HOUR, NOTHING)), (HOUR, (HOUR, NOTHING))]
)
async def test_r47_an_end_in_one_place_and_none_in_the_other_is_refused(
    duration: timedelta, steps: tuple[timedelta, ...]
) -> None:
    def broken(event: m.Event) -> m.Event:
        changed = with_signal(event, intervals=tuple(step("1", one) for one in steps))
        return with_period(changed, duration=duration)

    await refused("R47", broken)


# ---------------------------------------------------------------- what a snapshot has


async def test_r50_each_message_has_all_that_stands_and_nothing_that_is_over() -> None:
    async with stage() as (world, peer):
        now = world.clock.now()
        await publish(world, made(world, event_id="active", start=now))
        await publish(world, made(world, event_id="over", start=now - HOUR + MINUTE))
        await publish(world, made(world, event_id="near", ramp_up=2 * HOUR))
        await publish(world, made(world, event_id="far", start=now + 9 * HOUR))
        await publish(world, made(world, event_id="out", start=now + 10 * HOUR))
        await publish(world, made(world, event_id="told", start=now + 11 * HOUR))
        await publish(world, made(world, event_id="untold", start=now + 12 * HOUR))
        shot = await ask(peer)
        assert len(shot.events) == 7
        await peer.answer(of(shot, "active", "near", "told"))
        await peer.answer(of(shot, "out"), OptType.OPT_OUT)
        for name in ("told", "untold"):
            await world.operator.cancel_event(name, now=now)
        await peer.answer(of(await ask(peer), "told"))
        await world.clock.advance(MINUTE)
        expected = ["active", "near", "far", "out", "untold"]
        assert ids(await ask(peer)) == expected
        await world.clock.advance(MINUTE)
        assert ids(await peer.poll()) == expected


def of(shot: m.DistributeEvent, *names: str) -> m.DistributeEvent:
    return replace(shot, events=tuple(one for one in shot.events if one.event_id in names))


@pytest.mark.parametrize("how", ["ends", "starts anew"])
async def test_r50_r406_r407_a_new_registration_does_not_bring_back_what_is_cancelled(
    how: str,
) -> None:
    async with stage() as (world, peer):
        for name in ("gone", "open", "stays"):
            await publish(world, made(world, event_id=name))
        await peer.answer(await peer.poll())
        for name in ("gone", "open"):
            await world.operator.cancel_event(name, now=world.clock.now())
        await peer.answer(of(await peer.poll(), "gone"))
        if how == "ends":
            await peer.post(
                m.CancelPartyRegistration(
                    request_id="c", registration_id=peer.registration_id, ven_id=peer.ven_id
                )
            )
            await peer.register(ven_id=peer.ven_id)
        else:
            await peer.register()
        assert isinstance(await peer.poll(), m.RegisterReport)
        shot = await peer.poll()
        assert ids(shot) == ids(await ask(peer)) == ["open", "stays"]
        cancelled = [one.descriptor.event_status is EventStatus.CANCELLED for one in shot.events]
        assert cancelled == [True, False]


# ---------------------------------------------------------------- targets and names


async def test_r63_two_ven_ids_in_the_target_of_an_event_are_refused() -> None:
    target = m.Target(ven_ids=("ven-1", "ven-2"))
    await refused("R63", lambda event: replace(event, target=target))


async def test_r63_the_target_of_an_event_for_several_vens_names_none_or_one() -> None:
    async with stage() as (world, peer):
        others = [world.peer(name) for name in ("b", "c")]
        for other in others:
            await other.join()
        await world.send_event(event_id="all", to=[peer.name, "b", "c"])
        await world.send_event(
            event_id="one", to=[peer.name], target=m.Target(ven_ids=(peer.ven_id,))
        )
        for who in (peer, *others):
            for event in (await ask(who)).events:
                assert len(event.target.ven_ids) <= 1
        assert [len(one.target.ven_ids) for one in (await ask(peer)).events] == [0, 1]
