"""Makes an event from what an operator says.

Spec: rules 1, 2, 4, 8, 47, 102, 104, 105 and 107.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from oadr.enums import EventStatus, ResponseRequired, SignalType
from oadr.event.check import check_event, normalize
from oadr.event.signals import SIGNALS, is_simple
from oadr.event.status import with_status
from oadr.messages.common import (
    EVERYTHING,
    GreenButtonUnit,
    Interval,
    Period,
    SignalPayload,
    Target,
    Unit,
)
from oadr.messages.event import Event, EventDescriptor, Signal
from oadr.times import ZERO, utc

_DURATION = re.compile(
    r"(?:(?P<days>\d+)d)?(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s)?",
    re.ASCII,
)
_EXAMPLE = "expected VALUE:DURATION, such as 1:15m,2:1h30m, with the units s, m, h and d"


def build_event(
    *,
    event_id: str,
    market_context: str,
    start: datetime,
    intervals: Sequence[tuple[timedelta, Decimal]],
    signal_name: str = "SIMPLE",
    signal_type: SignalType | None = None,
    unit: Unit | GreenButtonUnit | None = None,
    start_after: timedelta | None = None,
    notification: timedelta | None = None,
    ramp_up: timedelta | None = None,
    recovery: timedelta | None = None,
    priority: int | None = None,
    test: bool = False,
    comment: str | None = None,
    target: Target = EVERYTHING,
    response_required: ResponseRequired = ResponseRequired.ALWAYS,
    signal_id: str = "0",
    now: datetime,
) -> Event:
    """Returns a new event with one signal, checked; fractions of a second are cut off.

    Args:
        event_id: unique within each VEN that gets it (R70).
        market_context: URI of the programme.
        start: aware date-time.
        intervals: duration and value of each step; a single duration 0 is open-ended.
        signal_name: a standard or an ``x-`` name.
        signal_type: left out, the first that the profile allows for the name.
        unit: what the values are in, if the signal has a unit.
        start_after: each VEN starts at a random moment within it.
        notification: how long ahead a VEN should know; 0 if left out (R105).
        ramp_up: time to get there, before the start if positive.
        recovery: time to get back, after the end if positive.
        priority: 1 is the highest; none or 0 the lowest.
        test: whether it is a test event.
        comment: free text for the VEN.
        target: whom it means; at most one venID (R63).
        response_required: whether a VEN must answer.
        signal_id: ID of the signal in the event.
        now: when the event is made.

    Raises:
        ValueError: there is no interval, a moment has no time zone, the signal type of an
            ``x-`` signal is left out, or the intervals are too long to count.
        ComplianceError: the event must not be sent, see ``check_event``.
        InvalidData: the same.
    """
    if not intervals:
        raise ValueError("an event needs at least one interval")
    start, now = utc(start).replace(microsecond=0), utc(now).replace(microsecond=0)
    descriptor = EventDescriptor(
        event_id=event_id,
        priority=priority,
        market_context=market_context,
        created_date_time=now,
        event_status=EventStatus.NONE,
        test_event="true" if test else None,
        vtn_comment=comment,
    )
    period = Period(
        dtstart=start,
        duration=_total(intervals),
        start_after=start_after,
        notification=notification,
        ramp_up=ramp_up,
        recovery=recovery,
    )
    signal = Signal(
        intervals=tuple(
            Interval(duration=duration, payloads=(SignalPayload(value=value),))
            for duration, value in intervals
        ),
        signal_name=signal_name,
        signal_type=signal_type or default_type(signal_name),
        signal_id=signal_id,
        unit=unit,
    )
    event = normalize(
        Event(
            descriptor=descriptor,
            active_period=period,
            signals=(signal,),
            target=target,
            response_required=response_required,
        )
    )
    check_event(event)
    return with_status(event, now, now)


def _total(intervals: Sequence[tuple[timedelta, Decimal]]) -> timedelta:
    try:
        return sum((duration for duration, _ in intervals), ZERO)
    except OverflowError:
        raise ValueError("the intervals are longer than can be counted") from None


def default_type(signal_name: str) -> SignalType:
    """Returns the signal type that is meant when only the name is given.

    Raises:
        ValueError: the profile does not say, because the name is not a standard one.
    """
    name = "SIMPLE" if is_simple(signal_name) else signal_name
    if name not in SIGNALS:
        known = ", ".join(SIGNALS)
        text = f"signal {signal_name!r} is none of {known}; give its signal type as well"
        raise ValueError(text)
    return SIGNALS[name][0].signal_type


def parse_levels(text: str) -> tuple[tuple[timedelta, Decimal], ...]:
    """Reads the steps of a signal, such as ``1:15m,2:30m,1:15m``.

    A step is a value, a colon and a duration in days, hours, minutes and seconds, such
    as ``1h30m``. ``2:0`` alone is a step that does not end.

    Returns:
        Duration and value of each step, for ``build_event``.

    Raises:
        ValueError: it cannot be read; says which step and what was expected.
    """
    parts = [part.strip() for part in text.split(",")]
    steps = tuple(_parse_step(part, index) for index, part in enumerate(parts, start=1))
    if len(steps) > 1:
        for index, (duration, _) in enumerate(steps, start=1):
            if not duration:
                raise ValueError(
                    f"step {index} ({parts[index - 1]!r}) lasts 0, which means open-ended; "
                    "only a single step can be open-ended"
                )
    return steps


def _parse_step(part: str, index: int) -> tuple[timedelta, Decimal]:
    value, colon, duration = part.partition(":")
    where = f"step {index} ({part!r})"
    if not colon:
        raise ValueError(f"{where} has no colon; {_EXAMPLE}")
    try:
        number = Decimal(value.strip())
    except InvalidOperation:
        raise ValueError(f"{where}: {value!r} is not a number; {_EXAMPLE}") from None
    if not number.is_finite():
        raise ValueError(f"{where}: {value!r} is not a finite number; {_EXAMPLE}")
    return _parse_duration(duration.strip(), where), number


def _parse_duration(text: str, where: str) -> timedelta:
    if text == "0":
        return ZERO
    match = _DURATION.fullmatch(text)
    if match is None or not text:
        raise ValueError(f"{where}: {text!r} is not a duration; {_EXAMPLE}")
    try:
        return timedelta(**{unit: int(number) for unit, number in match.groupdict("0").items()})
    except OverflowError:
        raise ValueError(f"{where}: {text!r} is longer than can be counted") from None
