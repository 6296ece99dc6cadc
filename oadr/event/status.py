"""Where an event stands at a moment, as the VTN sees it: not randomised.

Spec: rules 13, 14, 18, 29, 47, 66, 110 and 115.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from oadr.enums import EventStatus
from oadr.event.signals import is_simple, value_of
from oadr.messages.common import Interval, Period
from oadr.messages.event import Event, Signal
from oadr.times import FOREVER, ZERO, add, before, end_of


def near_at(period: Period) -> datetime:
    """Returns when ramp-up starts; ``dtstart`` if none comes before it (R13)."""
    ramp_up = period.ramp_up or ZERO
    return before(period.dtstart, ramp_up) if ramp_up > ZERO else period.dtstart


def is_cancelled(event: Event) -> bool:
    """Whether the event says that it is cancelled."""
    return event.descriptor.event_status is EventStatus.CANCELLED


def status_at(period: Period, now: datetime, *, cancelled: bool = False) -> EventStatus:
    """Returns the status of an event with this period (R13).

    Args:
        period: when the event is; duration 0 never completes (R47).
        now: the moment asked about.
        cancelled: whether the event is cancelled; time does not matter then.
    """
    if cancelled:
        return EventStatus.CANCELLED
    if now < near_at(period):
        return EventStatus.FAR
    if now < period.dtstart:
        return EventStatus.NEAR
    if now < end_of(period.dtstart, period.duration):
        return EventStatus.ACTIVE
    return EventStatus.COMPLETED


def effective_end(period: Period) -> datetime:
    """Returns when the last receiver has ended: end plus randomisation window (R18).

    ``FOREVER`` for an open-ended period.
    """
    end = end_of(period.dtstart, period.duration)
    return add(end, max(period.start_after or ZERO, ZERO)) if end < FOREVER else FOREVER


def overlaps(a: Period, b: Period) -> bool:
    """Whether two periods share a moment; starts are inclusive, ends exclusive (R18)."""
    return a.dtstart < effective_end(b) and b.dtstart < effective_end(a)


def retire_at(event: Event) -> datetime:
    """Returns until when the VTN keeps sending an event (R50, R66).

    The end is exclusive. It holds for a cancelled event too, which leaves earlier when
    it is acknowledged or its retries are used up (R52).
    """
    return effective_end(event.active_period)


def next_change(period: Period, now: datetime) -> datetime | None:
    """Returns the next moment after ``now`` at which the status changes; ``None`` if never."""
    current = status_at(period, now)
    moments = sorted({near_at(period), period.dtstart, end_of(period.dtstart, period.duration)})
    later = (moment for moment in moments if now < moment < FOREVER)
    return next((moment for moment in later if status_at(period, moment) is not current), None)


def starts(intervals: Sequence[Interval], start: datetime) -> tuple[datetime, ...]:
    """Returns when each interval starts and, as the last item, when the last one ends.

    An interval of duration 0, or without one, does not end (R47).
    """
    moments = [start]
    for interval in intervals:
        moments.append(end_of(moments[-1], interval.duration or ZERO))
    return tuple(moments)


def running_interval(intervals: Sequence[Interval], start: datetime, now: datetime) -> int | None:
    """Returns the position of the interval that runs at ``now``; ``None`` if none does.

    Args:
        intervals: in order, each following on the one before.
        start: when the first begins.
        now: the moment asked about; starts are inclusive, ends exclusive (R18).
    """
    moments = starts(intervals, start)
    for index, (begin, end) in enumerate(pairwise(moments)):
        if begin <= now < end:
            return index
    return None


def current_value(signal: Signal, period: Period, now: datetime) -> Decimal | None:
    """Returns the payload that runs at ``now`` (R29).

    While nothing runs it is 0 for SIMPLE (R14) and ``None`` for other signals (R110).
    """
    idle = Decimal(0) if is_simple(signal.signal_name) else None
    if status_at(period, now) is not EventStatus.ACTIVE:
        return idle
    index = running_interval(signal.intervals, period.dtstart, now)
    value = None if index is None else value_of(signal.intervals[index])
    return idle if value is None else value


def with_status(event: Event, now: datetime, created: datetime) -> Event:
    """Returns the event with everything that time decides.

    Args:
        event: a cancelled one stays cancelled.
        now: decides status and current values.
        created: createdDateTime, the same for all events of one payload (R115).
    """
    cancelled = is_cancelled(event)
    period = event.active_period
    # Nothing runs in a cancelled event, whatever its period says.
    at = FOREVER if cancelled else now
    return replace(
        event,
        descriptor=replace(
            event.descriptor,
            event_status=status_at(period, now, cancelled=cancelled),
            created_date_time=created,
        ),
        signals=tuple(
            replace(signal, current_value=current_value(signal, period, at))
            for signal in event.signals
        ),
    )
