"""An event as 2.0a can say it: one signal of levels (R7, R113, section 3.7)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from oadr import messages as m
from oadr.enums import SignalName, SignalType
from oadr.event.signals import is_simple, value_of
from oadr.event.status import current_value, is_cancelled, running_interval, starts
from oadr.messages.common import EVERYTHING
from oadr.times import FOREVER, ZERO, end_of

#: What 2.0a calls its only signal; VENs of 2.0a know no other spelling.
SIGNAL_NAME = SignalName.SIMPLE_LOWER
#: What a signal that is not one of levels becomes while it asks for something.
LEVEL = Decimal(1)
_NOTHING = Decimal(0)

#: Signal type -> the value that asks for no change; of the other types every value asks.
_NEUTRAL = {
    SignalType.DELTA: Decimal(0),
    SignalType.LEVEL: Decimal(0),
    SignalType.MULTIPLIER: Decimal(1),
    SignalType.PRICE_MULTIPLIER: Decimal(1),
    SignalType.PRICE_RELATIVE: Decimal(0),
    SignalType.LOAD_CONTROL_CAPACITY: Decimal(1),
    SignalType.LOAD_CONTROL_LEVEL_OFFSET: Decimal(0),
    SignalType.LOAD_CONTROL_PERCENT_OFFSET: Decimal(0),
}


def in_profile_a(message: m.Message, now: datetime) -> m.Message:
    """Returns a message of a VTN as it goes to a VEN of 2.0a.

    There is no schemaVersion, no venID in oadrResponse, and one signal in an event.

    Args:
        message: what ``oadr.profile_a.codec`` can write.
        now: decides the current values.
    """
    if isinstance(message, m.DistributeEvent):
        events = tuple([simple_of(event, now) for event in message.events])
        return replace(message, events=events, schema_version=None)
    if isinstance(message, m.Response):
        return replace(message, ven_id=None, schema_version=None)
    return replace(message, schema_version=None)


def simple_of(event: m.Event, now: datetime) -> m.Event:
    """Returns an event with what 2.0a knows of it, and the one signal that it allows (R7).

    Interpretation: an event that has a SIMPLE signal is that signal, the first one if
    there are several, one without a target of its own before those with one. Any other
    event asks for level 1 while one of its signals asks for something, and for level 0
    while all of them say that nothing changes (a delta of 0, a multiplier of 1, ...). A
    price or a setpoint always asks. Whoever wants another level puts a SIMPLE signal
    beside the others (R106).

    Args:
        event: of whichever signals.
        now: decides the current value, which 2.0a demands (R14, R29, R113).
    """
    intervals, signal_id = _levels(event)
    signal = m.Signal(
        intervals=intervals,
        signal_name=SIGNAL_NAME,
        signal_type=SignalType.LEVEL,
        signal_id=signal_id,
    )
    period = event.active_period
    if period.notification is None:
        # 2.0a demands it, and so does R105.
        period = replace(period, notification=ZERO)
    at = FOREVER if is_cancelled(event) else now
    value = current_value(signal, period, at)
    return m.Event(
        descriptor=replace(event.descriptor, modification_date_time=None, modification_reason=None),
        active_period=period,
        signals=(replace(signal, current_value=value or _NOTHING),),
        target=_narrowed(event.target),
        response_required=event.response_required,
    )


def _levels(event: m.Event) -> tuple[tuple[m.Interval, ...], str]:
    """Returns the intervals of the one signal, and its ID."""
    simple = [one for one in event.signals if is_simple(one.signal_name)]
    if simple:
        chosen = next((one for one in simple if not one.target), simple[0])
        steps = [(one.duration or ZERO, value_of(one) or _NOTHING) for one in chosen.intervals]
        return _intervals(steps), chosen.signal_id
    if len(event.signals) == 1:
        # Its durations stay as they are: a month is no number of days.
        (only,) = event.signals
        steps = [(one.duration or ZERO, _asked(only, n)) for n, one in enumerate(only.intervals)]
        return _intervals(steps), only.signal_id
    return _intervals(_together(event)), "0"


def _together(event: m.Event) -> list[tuple[timedelta, Decimal]]:
    """Returns duration and level of each stretch in which no signal changes.

    They sum up to the duration of the event (R8), whatever the signals do beyond it.
    """
    period = event.active_period
    begin, last = period.dtstart, end_of(period.dtstart, period.duration)
    changes = {at for one in event.signals for at in starts(one.intervals, begin)}
    moments = sorted({begin, last, *(at for at in changes if begin < at < last)})
    return [
        (end - start if end < FOREVER else ZERO, _level_at(event.signals, begin, start))
        for start, end in pairwise(moments)
    ]


def _level_at(signals: Sequence[m.Signal], begin: datetime, at: datetime) -> Decimal:
    running = [(one, running_interval(one.intervals, begin, at)) for one in signals]
    return max([_asked(one, n) for one, n in running if n is not None], default=_NOTHING)


def _asked(signal: m.Signal, index: int) -> Decimal:
    """Returns the level that stands for an interval of a signal."""
    value = value_of(signal.intervals[index])
    neutral = _NEUTRAL.get(signal.signal_type)
    return _NOTHING if value is None or value == neutral else LEVEL


def _intervals(steps: Sequence[tuple[timedelta, Decimal]]) -> tuple[m.Interval, ...]:
    return tuple(
        m.Interval(duration=duration, uid=str(n), payloads=(m.SignalPayload(value=value),))
        for n, (duration, value) in enumerate(steps)
    )


def _narrowed(target: m.Target) -> m.Target:
    """Returns a target with the four ways to name somebody that 2.0a has.

    Interpretation: what names places or names of groups means VENs as a whole, and 2.0a
    cannot say so: the receiver, to whom the event is sent because it is meant, is told that
    it is meant as a whole (R22). A device class is left out beside what can be said.
    """
    kept = m.Target(
        group_ids=target.group_ids,
        resource_ids=target.resource_ids,
        ven_ids=target.ven_ids,
        party_ids=target.party_ids,
    )
    rest = replace(target, end_device_assets=())
    return kept if rest == kept else EVERYTHING
