"""EiEvent, the rules about time (R3, R18, R30, R31, R47, R66): what a whole VEN does when."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oadr.enums import EventStatus
from tests.ven.scripted import NOW, World, event
from tests.ven.test_engine_event import answers, opts
from tests.ven.test_engine_schedule import Diary, started
from tests.ven.test_rules_event import MINUTE, TICK, levels, shown


async def test_r3_r18_of_events_that_overlap_the_lower_number_counts(world: World) -> None:
    diary = Diary()
    await started(
        world,
        diary,
        event("five", start=NOW + 10 * MINUTE, levels=((1, 60),), priority=5),
        event("one", start=NOW + 20 * MINUTE, levels=((3, 10),), priority=1),
        event("none", start=NOW + 40 * MINUTE, levels=((2, 5),), priority=0),
    )
    assert {opt for _, opt in opts(world)} == {"optIn"}
    await world.pass_time(90 * MINUTE, MINUTE)
    # A load may be told the same again, when an event ends that did not count.
    assert levels(diary) == [(10, 1), (20, 3), (30, 1), (45, 1), (70, None)]


@pytest.mark.parametrize(("first", "second"), [(None, None), (1, 5), (5, 1)])
async def test_r18_an_event_that_begins_as_another_ends_does_not_overlap_it(
    world: World, first: int | None, second: int | None
) -> None:
    diary = Diary()
    await started(
        world,
        diary,
        event("a", start=NOW + 10 * MINUTE, levels=((1, 10),), priority=first),
        event("b", start=NOW + 20 * MINUTE, levels=((2, 10),), priority=second),
    )
    await world.pass_time(40 * MINUTE, MINUTE)
    at_the_turn = [level for minute, level in levels(diary) if minute == 20]
    assert at_the_turn[-1] == 2
    assert [found for found in levels(diary) if found[0] != 20] == [(10, 1), (30, None)]
    turn = [(name, moment) for minute, name, moment, *_ in diary.calls if minute == 20]
    assert sorted(turn) == [("a", "end"), ("b", "start")]


async def test_r30_with_startafter_the_start_lies_in_the_window_and_the_length_stays(
    world: World,
) -> None:
    diary = Diary()
    start, window = NOW + 30 * MINUTE, 20 * MINUTE
    many = [event(f"e{n}", start=start, levels=((1, 10),), start_after=window) for n in range(30)]
    await started(world, diary, *many)
    await world.pass_time(80 * MINUTE, TICK)
    begun = {name: minute for minute, name, moment, *_ in diary.calls if moment == "start"}
    ended = {name: minute for minute, name, moment, *_ in diary.calls if moment == "end"}
    assert len(begun) == len(ended) == 30
    assert all(30 <= minute <= 50.2 for minute in begun.values())
    assert min(begun.values()) < 35
    assert max(begun.values()) > 45
    for name, minute in begun.items():
        assert ended[name] - minute == pytest.approx(10, abs=0.2)


@pytest.mark.parametrize("window", [20, 10])
async def test_r30_a_modification_keeps_the_start_unless_startafter_changes(
    world: World, window: int
) -> None:
    ven = world.ven()
    world.vtn.events = [event(start_after=20 * MINUTE)]
    await world.start(ven)
    before = (await ven.status()).events[0].start
    moments = set()
    for number in range(1, 9):
        longer = ((1, 10), (2, 20 + number))
        # Each time there and back, so that a new one is drawn each time if it is.
        minutes = window if number % 2 else 20
        await shown(world, event(levels=longer, start_after=minutes * MINUTE, modification=number))
        moments.add((await ven.status()).events[0].start)
    assert (moments == {before}) == (window == 20)


async def test_r31_a_negative_ramp_up_and_recovery_stay_within_the_event(world: World) -> None:
    diary = Diary()
    inner = event(
        start=NOW + 10 * MINUTE,
        levels=((2, 20),),
        ramp_up=-5 * MINUTE,
        recovery=-5 * MINUTE,
    )
    await started(world, diary, inner)
    await world.pass_time(60 * MINUTE, MINUTE)
    assert {minute for minute, _ in levels(diary)} == {10, 30}
    assert levels(diary)[-1] == (30, None)
    assert [one.code for one in answers(world)] == [200]


async def test_r32_each_step_has_its_own_length_and_level(world: World) -> None:
    diary = Diary()
    steps = ((1, 5), (3, 20), (0, 1), (2, 9))
    await started(world, diary, event(start=NOW + 10 * MINUTE, levels=steps))
    await world.pass_time(60 * MINUTE, MINUTE)
    assert levels(diary) == [(10, 1), (15, 3), (35, 0), (36, 2), (45, None)]


async def test_r47_an_event_without_an_end_may_have_steps_before_its_last_one(
    world: World,
) -> None:
    diary = Diary()
    base = event(start=NOW + 10 * MINUTE, levels=((1, 10), (2, 0)))
    endless = replace(base, active_period=replace(base.active_period, duration=timedelta(0)))
    await started(world, diary, endless)
    await world.pass_time(24 * 60 * MINUTE, 5 * MINUTE)
    assert levels(diary) == [(10, 1), (20, 2)]
    await shown(world)
    assert levels(diary)[-1][1] is None


async def test_r66_an_event_is_not_stopped_by_a_status_of_completed(world: World) -> None:
    diary = Diary()
    shape: dict[str, Any] = {"start": NOW, "levels": ((2, 60),), "start_after": 3 * MINUTE}
    ven = await started(world, diary, event(**shape))
    (one,) = (await ven.status()).events
    assert one.start is not None
    await world.pass_time(10 * MINUTE)
    for _ in range(3):
        # By the clock of this VTN it has been over for long.
        await shown(world, event(**shape, status=EventStatus.COMPLETED))
        await world.pass_time(10 * MINUTE)
        assert [held.event_id for held in ven.events] == ["e1"]
    assert {opt for _, opt in opts(world)} == {"optIn"}
    await world.pass_time(30 * MINUTE)
    (end,) = [minute for minute, _, moment, *_ in diary.calls if moment == "end"]
    assert end == pytest.approx((one.start - NOW) / MINUTE + 60, abs=0.2)
