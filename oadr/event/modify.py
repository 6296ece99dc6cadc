"""How a VTN changes and cancels an event.

Spec: rules 5, 10, 20 and 115.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from oadr.enums import EventStatus
from oadr.errors import InvalidId, NotAllowed
from oadr.event.check import check_event, normalize
from oadr.event.signals import value_of
from oadr.event.status import effective_end, is_cancelled, starts, status_at, with_status
from oadr.messages.event import Event, Signal
from oadr.times import end_of

_TIME = "%Y-%m-%d %H:%M:%S"


def modify(current: Event, wanted: Event, now: datetime) -> Event:
    """Returns the event as it is after a modification.

    Modification number, status, current values and dates of ``wanted`` do not matter:
    they follow from ``current`` and ``now`` (R5, R115). Use ``cancel`` to cancel.

    Args:
        current: the event as it stands.
        wanted: the event as it is to be; ``normalize`` fills its gaps.
        now: the moment of the change; what lies before it stays as it was (R20).

    Returns:
        ``current`` itself if nothing changes that R5 counts.

    Raises:
        InvalidId: ``wanted`` is another event.
        NotAllowed: the event is cancelled or over, or its past would change.
        ComplianceError: the result must not be sent, see ``check_event``.
        InvalidData: the same.
    """
    if wanted.event_id != current.event_id:
        text = f"event {wanted.event_id!r} is not a modification of {current.event_id!r}"
        raise InvalidId(text, rule="R21")
    wanted = normalize(wanted)
    if _essence(wanted, current) == _essence(normalize(current), current):
        return current
    if is_cancelled(current):
        raise NotAllowed("the event is cancelled and cannot change any more", rule="R20")
    check_event(wanted)
    _check_past(current, wanted, now)
    return _next(current, wanted, EventStatus.NONE, now)


def cancel(current: Event, now: datetime) -> Event:
    """Returns the event cancelled (R10); ``current`` itself if it is cancelled already.

    Raises:
        NotAllowed: it is over, randomisation window included.
    """
    if is_cancelled(current):
        return current
    end = effective_end(current.active_period)
    if end <= now:
        text = f"the event ended at {end:{_TIME}} UTC; it can no longer be cancelled"
        raise NotAllowed(text, rule="R20")
    return _next(current, current, EventStatus.CANCELLED, now)


def _next(current: Event, wanted: Event, status: EventStatus, now: datetime) -> Event:
    now = now.replace(microsecond=0)
    descriptor = replace(
        wanted.descriptor,
        modification_number=current.descriptor.modification_number + 1,
        modification_date_time=now,
        event_status=status,
    )
    return with_status(replace(wanted, descriptor=descriptor), now, now)


def _essence(event: Event, like: Event) -> Event:
    """Returns the event with everything that R5 does not count taken from ``like``."""
    descriptor = replace(
        event.descriptor,
        modification_number=like.descriptor.modification_number,
        modification_date_time=like.descriptor.modification_date_time,
        created_date_time=like.descriptor.created_date_time,
        event_status=like.descriptor.event_status,
    )
    signals = tuple(replace(signal, current_value=None) for signal in event.signals)
    return replace(event, descriptor=descriptor, signals=signals)


def _check_past(current: Event, wanted: Event, now: datetime) -> None:
    old, new = current.active_period, wanted.active_period
    status = status_at(old, now)
    if status is EventStatus.COMPLETED:
        raise NotAllowed("the event is over and cannot change any more", rule="R20")
    if end_of(new.dtstart, new.duration) < now:
        raise NotAllowed("the event would have ended in the past; cancel it instead", rule="R20")
    if status is not EventStatus.ACTIVE:
        if new.dtstart < now:
            raise NotAllowed("the event would have started in the past", rule="R20")
        return
    for what, before, after in (
        ("dtstart", old.dtstart, new.dtstart),
        ("startafter", old.start_after, new.start_after),
        ("x-eiRampUp", old.ramp_up, new.ramp_up),
    ):
        if before != after:
            text = f"{what} cannot change from {before} to {after}: the event has started"
            raise NotAllowed(text, rule="R20")
    _check_signals_past(current, wanted, now)


def _check_signals_past(current: Event, wanted: Event, now: datetime) -> None:
    start = current.active_period.dtstart
    if len(current.signals) != len(wanted.signals):
        raise NotAllowed("signals cannot come or go once the event has started", rule="R20")
    old = {signal.signal_id: signal for signal in current.signals}
    for signal in wanted.signals:
        same = old.get(signal.signal_id)
        if same is None or _kind(same) != _kind(signal):
            text = f"signal {signal.signal_id!r} cannot become another: the event has started"
            raise NotAllowed(text, rule="R20")
        if _past(same, start, now) != _past(signal, start, now):
            text = (
                f"signal {signal.signal_id!r} would change before now, {now:{_TIME}} UTC; "
                "keep its steps up to now and let the change begin there"
            )
            raise NotAllowed(text, rule="R20")


def _kind(signal: Signal) -> tuple[object, ...]:
    return signal.signal_name, signal.signal_type, signal.unit, signal.target


def _past(signal: Signal, start: datetime, now: datetime) -> list[tuple[datetime, Decimal | None]]:
    """Returns since when which value has held, up to ``now``; equal neighbours are one."""
    values = [*(value_of(interval) for interval in signal.intervals), None]
    moments = zip(starts(signal.intervals, start), values, strict=True)
    seen = [(at, value) for at, value in moments if at < now]
    return [next(group) for _, group in groupby(seen, key=lambda item: item[1])]
