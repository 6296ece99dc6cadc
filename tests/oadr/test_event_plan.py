"""What a VEN does when."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.event import (
    Step,
    StepKind,
    end_after_cancel,
    keep_offset,
    pick_offset,
    plan,
    steps_between,
)
from oadr.messages.event import Event
from oadr.times import FOREVER, add
from tests.oadr.event_samples import (
    HOUR,
    MINUTE,
    NOON,
    ZERO,
    event,
    events,
    interval,
    moments,
    period,
    signal,
    spans,
    steps,
    with_interval,
)

Line = tuple[timedelta, str, int | None]


def lines(planned: tuple[Step, ...]) -> list[Line]:
    return [(step.at - NOON, step.kind.value, step.interval) for step in planned]


def test_r31_r32_an_event_has_a_step_for_everything_there_is_to_do() -> None:
    full = event(notification=HOUR, ramp_up=5 * MINUTE, recovery=10 * MINUTE)
    assert lines(plan(full, ZERO)) == [
        (-HOUR, "notify", None),
        (-5 * MINUTE, "ramp-up", None),
        (ZERO, "interval", 0),
        (15 * MINUTE, "interval", 1),
        (45 * MINUTE, "interval", 2),
        (HOUR, "end", None),
        (HOUR + 10 * MINUTE, "recovered", None),
    ]


def test_r30_the_offset_moves_all_but_the_notification() -> None:
    full = event(notification=HOUR, ramp_up=5 * MINUTE, recovery=10 * MINUTE)
    moved = lines(plan(full, 3 * MINUTE))
    assert moved[0] == (-HOUR, "notify", None)
    expected = [(at + 3 * MINUTE, kind, index) for at, kind, index in lines(plan(full, ZERO))]
    assert moved[1:] == expected[1:]


def test_an_event_without_surroundings_has_only_its_intervals_and_an_end() -> None:
    assert [step.kind for step in plan(event(), ZERO)] == ["interval"] * 3 + ["end"]


def test_r31_a_negative_ramp_up_and_recovery_reach_into_the_event() -> None:
    inner = event(ramp_up=-5 * MINUTE, recovery=-5 * MINUTE, intervals=steps((60, 1)))
    assert lines(plan(inner, ZERO)) == [
        (ZERO, "ramp-up", None),
        (ZERO, "interval", 0),
        (HOUR, "end", None),
        (HOUR, "recovered", None),
    ]


def test_r47_an_open_ended_event_has_no_end() -> None:
    endless = event(intervals=steps((0, 2)), recovery=HOUR)
    assert lines(plan(endless, ZERO)) == [(ZERO, "interval", 0)]


def test_an_open_ended_event_may_have_steps_before_the_one_that_does_not_end() -> None:
    endless = replace(
        event(intervals=steps((0, 2))), signals=(signal(interval(5), interval(0), interval(5)),)
    )
    assert lines(plan(endless, ZERO)) == [(ZERO, "interval", 0), (5 * MINUTE, "interval", 1)]


def test_every_signal_has_its_own_interval_steps() -> None:
    two = event(intervals=steps((60, 1)))
    other = replace(two.signals[0], signal_id="1", intervals=(interval(20), interval(40)))
    two = replace(two, signals=(*two.signals, other))
    shown = [(step.at, step.signal_id, step.interval) for step in plan(two, ZERO)]
    assert shown == [
        (NOON, "0", 0),
        (NOON, "1", 0),
        (NOON + 20 * MINUTE, "1", 1),
        (NOON + HOUR, None, None),
    ]


def test_intervals_beyond_the_end_of_the_event_have_no_step() -> None:
    long = with_interval(event(intervals=steps((30, 1), (30, 2))), 0, duration=HOUR)
    assert [step.interval for step in plan(long, ZERO)] == [0, None]


@given(one=events, offset=spans)
def test_r30_steps_are_sorted_and_intervals_lie_within_the_event(
    one: Event, offset: timedelta
) -> None:
    planned = plan(one, offset)
    moments = [step.at for step in planned]
    start = one.active_period.dtstart + offset
    end = add(start, one.active_period.duration) if one.active_period.duration else FOREVER
    assert moments == sorted(moments)
    inside = [step for step in planned if step.kind is StepKind.INTERVAL]
    assert len(inside) == len(one.signals[0].intervals)
    assert all(start <= step.at < end for step in inside)
    ends = [step.at for step in planned if step.kind is StepKind.END]
    assert ends == ([end] if end < FOREVER else [])
    assert all(step.at >= end for step in planned if step.kind is StepKind.RECOVERED)


@given(one=events, offset=spans, a=moments, b=moments, c=moments)
def test_steps_between_divides_the_steps_without_loss_or_repetition(
    one: Event, offset: timedelta, a: datetime, b: datetime, c: datetime
) -> None:
    planned = plan(one, offset)
    low, middle, high = sorted((a, b, c))
    parts = steps_between(planned, low, middle) + steps_between(planned, middle, high)
    assert parts == steps_between(planned, low, high)


def test_steps_between_excludes_its_start_and_includes_its_end() -> None:
    planned = plan(event(), ZERO)
    assert [step.at for step in steps_between(planned, NOON, NOON + 15 * MINUTE)] == [
        NOON + 15 * MINUTE
    ]


@given(start_after=spans, seed=st.integers())
def test_r30_the_offset_lies_within_startafter(start_after: timedelta, seed: int) -> None:
    offset = pick_offset(start_after, Random(seed))
    assert ZERO <= offset <= start_after
    assert not offset.microseconds


@pytest.mark.parametrize("start_after", [None, ZERO, -HOUR, timedelta(milliseconds=999)])
def test_r30_without_startafter_nothing_is_put_off(start_after: timedelta | None) -> None:
    assert pick_offset(start_after, Random(1)) == ZERO


def test_r30_offsets_spread_over_the_whole_window_with_both_ends() -> None:
    random = Random(30)
    seen = {pick_offset(timedelta(seconds=9), random).seconds for _ in range(500)}
    assert seen == set(range(10))


def test_r30_a_modification_keeps_the_offset_unless_startafter_changes() -> None:
    old, random = period(start_after=10 * MINUTE), Random(7)
    moved = period(90, start=NOON + HOUR, start_after=10 * MINUTE)
    assert keep_offset(old, 123 * MINUTE, moved, random) == 123 * MINUTE
    shorter = period(start_after=2 * MINUTE)
    assert keep_offset(old, 123 * MINUTE, shorter, random) <= 2 * MINUTE
    assert keep_offset(old, 123 * MINUTE, period(), random) == ZERO
    assert keep_offset(period(), ZERO, period(start_after=ZERO), random) == ZERO


@given(start_after=spans, seed=st.integers())
def test_r65_a_cancelled_event_ends_within_startafter(start_after: timedelta, seed: int) -> None:
    assert NOON <= end_after_cancel(NOON, start_after, Random(seed)) <= NOON + start_after
    assert end_after_cancel(NOON, None, Random(seed)) == NOON
