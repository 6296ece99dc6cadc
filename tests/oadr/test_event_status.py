"""Where an event stands at a moment."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.enums import EventStatus
from oadr.event import (
    effective_end,
    next_change,
    overlaps,
    retire_at,
    running_interval,
    status_at,
    with_status,
)
from oadr.event.status import starts
from oadr.messages.common import Period
from oadr.times import FOREVER, CalendarDuration, before
from oadr.units import unit
from tests.oadr.event_samples import (
    HOUR,
    MINUTE,
    NOON,
    ZERO,
    cancelled,
    event,
    interval,
    moments,
    period,
    periods,
    signal,
    steps,
)

SECOND = timedelta(seconds=1)
RANKS = [EventStatus.FAR, EventStatus.NEAR, EventStatus.ACTIVE, EventStatus.COMPLETED]


@pytest.mark.parametrize(
    ("offset", "status"),
    [
        (-11 * MINUTE, "far"),
        (-10 * MINUTE - SECOND, "far"),
        (-10 * MINUTE, "near"),
        (-SECOND, "near"),
        (ZERO, "active"),
        (HOUR - SECOND, "active"),
        (HOUR, "completed"),
        (30 * HOUR, "completed"),
    ],
)
def test_r13_status_runs_from_far_over_near_to_active_with_a_ramp_up(
    offset: timedelta, status: str
) -> None:
    assert status_at(period(ramp_up=10 * MINUTE), NOON + offset) == status


@pytest.mark.parametrize("ramp_up", [None, ZERO, -5 * MINUTE])
def test_r13_without_a_ramp_up_before_the_start_far_is_followed_by_active(
    ramp_up: timedelta | None,
) -> None:
    when = period(ramp_up=ramp_up)
    assert status_at(when, NOON - SECOND) is EventStatus.FAR
    assert status_at(when, NOON) is EventStatus.ACTIVE


def test_r13_the_random_start_of_a_ven_does_not_move_the_status() -> None:
    when = period(start_after=10 * MINUTE)
    assert status_at(when, NOON) is EventStatus.ACTIVE
    assert status_at(when, NOON + HOUR) is EventStatus.COMPLETED


def test_r13_cancelled_is_cancelled_at_any_time() -> None:
    for hours in (-2, 0, 2):
        status = status_at(period(), NOON + hours * HOUR, cancelled=True)
        assert status is EventStatus.CANCELLED


def test_r47_an_open_ended_event_never_completes() -> None:
    assert status_at(period(0), FOREVER - SECOND) is EventStatus.ACTIVE
    assert effective_end(period(0, start_after=HOUR)) == FOREVER


@given(when=periods, a=moments, b=moments)
def test_r13_status_never_goes_back_in_time(when: Period, a: datetime, b: datetime) -> None:
    early, late = sorted((a, b))
    assert RANKS.index(status_at(when, early)) <= RANKS.index(status_at(when, late))


@given(when=periods, now=moments)
def test_next_change_is_the_first_moment_at_which_the_status_differs(
    when: Period, now: datetime
) -> None:
    status, change = status_at(when, now), next_change(when, now)
    if change is None:
        assert status_at(when, FOREVER - SECOND) is status
    else:
        assert change > now
        assert status_at(when, change - SECOND) is status
        assert status_at(when, change) is not status


def test_next_change_skips_a_start_that_changes_nothing() -> None:
    # A negative duration is schema-valid nonsense: the event is over when it starts.
    when = period(-90)
    assert next_change(when, NOON - 3 * HOUR) == NOON
    assert status_at(when, NOON) is EventStatus.COMPLETED
    assert next_change(when, NOON - 100 * MINUTE) == NOON


@pytest.mark.parametrize(
    ("minutes", "start_after", "touches"),
    [
        (60, None, False),
        (59, None, False),
        (61, None, True),
        (60, ZERO, False),
        (59, MINUTE, False),
        (60, SECOND, True),
        (0, None, True),
    ],
)
def test_r18_adjacent_events_do_not_overlap_and_startafter_counts(
    minutes: int, start_after: timedelta | None, touches: bool
) -> None:
    first = period(minutes, start_after=start_after)
    second = period(60, start=NOON + HOUR)
    assert overlaps(first, second) is touches
    assert overlaps(second, first) is touches


@given(a=periods, b=periods)
def test_r18_overlap_means_that_there_is_a_moment_in_both(a: Period, b: Period) -> None:
    start = max(a.dtstart, b.dtstart)
    both = start < effective_end(a) and start < effective_end(b)
    assert overlaps(a, b) is overlaps(b, a) is both


def test_r66_an_event_is_sent_until_its_randomisation_window_is_over() -> None:
    assert retire_at(event(start_after=5 * MINUTE)) == NOON + HOUR + 5 * MINUTE
    assert retire_at(event()) == NOON + HOUR
    assert effective_end(period(start_after=-HOUR)) == NOON + HOUR


def test_r32_the_running_interval_is_found_with_inclusive_start_and_exclusive_end() -> None:
    intervals = (interval(15), interval(30), interval(15))
    at = [(-1, None), (0, 0), (14, 0), (15, 1), (44, 1), (45, 2), (59, 2), (60, None)]
    for minute, index in at:
        assert running_interval(intervals, NOON, NOON + minute * MINUTE) == index


def test_r47_an_interval_without_an_end_runs_for_ever() -> None:
    intervals = (interval(15), interval(0))
    assert starts(intervals, NOON) == (NOON, NOON + 15 * MINUTE, FOREVER)
    assert running_interval(intervals, NOON, NOON + 1000 * HOUR) == 1
    assert running_interval((interval(None),), NOON, NOON) == 0
    assert running_interval((), NOON, NOON) is None


def test_r14_simple_is_zero_while_the_event_is_not_active() -> None:
    for moment in (NOON - MINUTE, NOON + HOUR):
        shown = with_status(event(), moment, moment)
        assert shown.signals[0].current_value == 0


def test_r14_simple_is_zero_in_a_cancelled_event() -> None:
    shown = with_status(cancelled(event()), NOON, NOON)
    assert shown.descriptor.event_status is EventStatus.CANCELLED
    assert shown.signals[0].current_value == 0


def test_r29_the_current_value_is_the_payload_that_runs() -> None:
    for minute, value in ((0, 1), (15, 2), (45, 1)):
        moment = NOON + minute * MINUTE
        shown = with_status(event(), moment, moment)
        assert shown.descriptor.event_status is EventStatus.ACTIVE
        assert shown.signals[0].current_value == value


def test_r110_other_signals_have_no_current_value_while_nothing_runs() -> None:
    price = event(
        signal_name="ELECTRICITY_PRICE",
        unit=unit("currencyPerKWh", units="EUR"),
        intervals=steps((60, "0.31")),
    )
    assert with_status(price, NOON - HOUR, NOON).signals[0].current_value is None
    assert with_status(price, NOON, NOON).signals[0].current_value == Decimal("0.31")


def test_r29_an_interval_without_a_number_gives_no_current_value() -> None:
    broken = replace(event(), signals=(signal(interval(60), name="x-own"),))
    without = replace(broken.signals[0].intervals[0], payloads=())
    broken = replace(broken, signals=(replace(broken.signals[0], intervals=(without,)),))
    assert with_status(broken, NOON, NOON).signals[0].current_value is None


def test_r115_the_created_date_is_the_one_of_the_payload() -> None:
    created = NOON - MINUTE
    shown = [with_status(event(name), NOON, created) for name in ("a", "b")]
    assert {one.descriptor.created_date_time for one in shown} == {created}
    assert {one.descriptor.modification_number for one in shown} == {0}


@given(when=periods, ramp_up=st.timedeltas(timedelta(seconds=1), timedelta(days=2)))
def test_r13_ramp_up_starts_exactly_as_long_before_as_it_says(
    when: Period, ramp_up: timedelta
) -> None:
    when = replace(when, ramp_up=ramp_up)
    assert status_at(when, when.dtstart - ramp_up) is EventStatus.NEAR


def test_r13_months_are_counted_back_by_the_calendar() -> None:
    month = CalendarDuration(months=1, rest=timedelta(days=1))
    assert before(datetime(2026, 3, 31, tzinfo=NOON.tzinfo), month).day == 27
