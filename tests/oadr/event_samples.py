"""Events for the tests of ``oadr.event`` and ``oadr.opt``, and strategies that make them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from oadr.enums import EventStatus
from oadr.event import Receiver, build_event
from oadr.messages.common import Interval, Period, SignalPayload
from oadr.messages.event import Event, Signal

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ZERO = timedelta(0)
PROGRAMME = "http://example.com/peak"
VEN = Receiver(
    ven_id="ven-1",
    resource_ids=frozenset({"hvac", "pump"}),
    group_ids=frozenset({"schools"}),
    market_contexts=frozenset({PROGRAMME}),
)


def steps(*items: tuple[int, float | str]) -> tuple[tuple[timedelta, Decimal], ...]:
    """Returns intervals from (minutes, value)."""
    return tuple((minutes * MINUTE, Decimal(str(value))) for minutes, value in items)


def event(event_id: str = "e1", **changes: Any) -> Event:
    """Returns an event from noon to one, SIMPLE 1, 2, 1, unless something else is said."""
    given: dict[str, Any] = {
        "event_id": event_id,
        "market_context": PROGRAMME,
        "start": NOON,
        "intervals": steps((15, 1), (30, 2), (15, 1)),
        "now": NOON - HOUR,
    }
    return build_event(**(given | changes))


def period(minutes: float = 60, *, start: datetime = NOON, **changes: Any) -> Period:
    return Period(dtstart=start, duration=minutes * MINUTE, **changes)


def with_descriptor(original: Event, **changes: Any) -> Event:
    return replace(original, descriptor=replace(original.descriptor, **changes))


def with_period(original: Event, **changes: Any) -> Event:
    return replace(original, active_period=replace(original.active_period, **changes))


def with_signal(original: Event, **changes: Any) -> Event:
    """Returns the event with its first signal changed."""
    first, *others = original.signals
    return replace(original, signals=(replace(first, **changes), *others))


def with_interval(original: Event, index: int = 0, **changes: Any) -> Event:
    """Returns the event with one interval of its first signal changed."""
    intervals = list(original.signals[0].intervals)
    intervals[index] = replace(intervals[index], **changes)
    return with_signal(original, intervals=tuple(intervals))


def cancelled(original: Event) -> Event:
    number = original.descriptor.modification_number + 1
    return with_descriptor(original, event_status=EventStatus.CANCELLED, modification_number=number)


def interval(minutes: float | None, value: Any = 1, **changes: Any) -> Interval:
    return Interval(
        duration=None if minutes is None else minutes * MINUTE,
        payloads=(SignalPayload(value=Decimal(value) if isinstance(value, int) else value),),
        **changes,
    )


def signal(*intervals: Interval, name: str = "SIMPLE", **changes: Any) -> Signal:
    given: dict[str, Any] = {"signal_type": "level", "signal_id": "0"}
    return Signal(intervals=intervals, signal_name=name, **(given | changes))


# Strategies

moments = st.integers(0, 7 * 86400).map(lambda seconds: NOON + timedelta(seconds=seconds))
spans = st.integers(0, 2 * 86400).map(lambda seconds: timedelta(seconds=seconds))
signed_spans = st.integers(-86400, 86400).map(lambda seconds: timedelta(seconds=seconds))
periods = st.builds(
    Period,
    dtstart=moments,
    duration=spans,
    start_after=st.none() | spans,
    notification=st.none() | spans,
    ramp_up=st.none() | signed_spans,
    recovery=st.none() | signed_spans,
)
levels = st.lists(
    st.tuples(st.integers(1, 86400).map(lambda s: timedelta(seconds=s)), st.integers(0, 3)),
    min_size=1,
    max_size=6,
).map(lambda items: tuple((duration, Decimal(level)) for duration, level in items))
open_ended = st.integers(0, 3).map(lambda level: ((ZERO, Decimal(level)),))
events = st.builds(
    build_event,
    event_id=st.sampled_from("abcdef"),
    market_context=st.just(PROGRAMME),
    start=moments,
    intervals=levels | open_ended,
    start_after=st.none() | spans,
    notification=st.none() | spans,
    ramp_up=st.none() | signed_spans,
    recovery=st.none() | signed_spans,
    priority=st.none() | st.integers(0, 5),
    now=moments,
)
