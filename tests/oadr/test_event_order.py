"""In which order events are listed."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from oadr.event import order, status_at, with_status
from oadr.messages.event import Event
from tests.oadr.event_samples import (
    HOUR,
    MINUTE,
    NOON,
    cancelled,
    event,
    events,
    moments,
    steps,
)

NOW = NOON + 30 * MINUTE


def named(name: str, *, start: timedelta, priority: int | None = None) -> Event:
    return event(name, start=NOW + start, priority=priority)


def names(listed: tuple[Event, ...]) -> list[str]:
    return [one.event_id for one in listed]


def test_r15_six_events_come_by_status_then_priority_then_start() -> None:
    listed = order(
        (
            named("pending-late", start=3 * HOUR, priority=1),
            named("active-none", start=-20 * MINUTE),
            named("pending-early", start=HOUR),
            named("active-2-late", start=-5 * MINUTE, priority=2),
            named("active-1", start=-MINUTE, priority=1),
            named("active-2-early", start=-10 * MINUTE, priority=2),
        ),
        NOW,
    )
    assert names(listed) == [
        "active-1",
        "active-2-early",
        "active-2-late",
        "active-none",
        "pending-early",
        "pending-late",
    ]


def test_r3_priority_zero_and_none_are_the_lowest() -> None:
    listed = order(
        (
            named("none", start=-10 * MINUTE),
            named("zero", start=-20 * MINUTE, priority=0),
            named("nine", start=-MINUTE, priority=9),
            named("largest", start=-MINUTE, priority=2**32 - 1),
        ),
        NOW,
    )
    assert names(listed) == ["nine", "largest", "zero", "none"]


def test_r15_priority_does_not_order_pending_events() -> None:
    later = named("later", start=2 * HOUR, priority=1)
    sooner = named("sooner", start=HOUR, priority=5)
    assert names(order((later, sooner), NOW)) == ["sooner", "later"]


def test_r15_near_events_are_pending() -> None:
    near = event("near", start=NOW + MINUTE, ramp_up=5 * MINUTE, priority=1)
    active = named("active", start=-MINUTE)
    assert with_status(near, NOW, NOW).descriptor.event_status == "near"
    assert names(order((near, active), NOW)) == ["active", "near"]


def test_r15_ties_keep_the_order_given() -> None:
    tied = [named(name, start=HOUR) for name in "cab"]
    assert names(order(tied, NOW)) == ["c", "a", "b"]
    active = [named(name, start=-MINUTE, priority=3) for name in "cab"]
    assert names(order(active, NOW)) == ["c", "a", "b"]


def test_r15_a_cancelled_event_keeps_its_place() -> None:
    plain = [
        named("pending", start=HOUR),
        named("active-2", start=-MINUTE, priority=2),
        named("active-1", start=-MINUTE, priority=1),
    ]
    for index in range(3):
        some = [cancelled(one) if place == index else one for place, one in enumerate(plain)]
        assert names(order(some, NOW)) == ["active-1", "active-2", "pending"]


def test_r66_a_completed_event_that_is_still_sent_keeps_its_place() -> None:
    over = event(
        "over",
        start=NOW - HOUR,
        intervals=steps((60, 1)),
        start_after=10 * MINUTE,
        priority=1,
    )
    active = named("active", start=-MINUTE, priority=2)
    pending = named("pending", start=HOUR)
    assert names(order((pending, active, over), NOW)) == ["over", "active", "pending"]


@given(some=st.lists(events, max_size=8), now=moments)
def test_r15_order_only_rearranges_and_a_second_time_changes_nothing(
    some: list[Event], now: datetime
) -> None:
    listed = order(some, now)
    assert sorted(map(id, listed)) == sorted(map(id, some))
    assert order(listed, now) == listed


@given(some=st.lists(events, max_size=8), now=moments)
def test_r15_no_pending_event_stands_before_an_active_one(some: list[Event], now: datetime) -> None:
    pending = [status_at(one.active_period, now) in {"far", "near"} for one in order(some, now)]
    assert pending == sorted(pending)
