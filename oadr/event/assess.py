"""What a VEN makes of an event that it is sent.

Spec: rules 12, 19, 21, 22, 33, 48, 56 to 62, 109, 111 and 112.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import reduce

from oadr.enums import SignalName
from oadr.errors import (
    ComplianceError,
    DeploymentError,
    InvalidData,
    OutOfSequence,
    ProtocolError,
    SignalNotSupported,
    TargetMismatch,
)
from oadr.event.signals import SignalKinds, is_simple, rule_for, unit_name, value_of
from oadr.event.status import effective_end, is_cancelled
from oadr.event.target import (
    Receiver,
    in_market,
    is_device_class,
    knows_resources,
    matches,
    only_device_classes,
)
from oadr.messages.common import Interval
from oadr.messages.event import DistributeEvent, Event, Signal
from oadr.times import ZERO, add
from oadr.words import listed, quoted, shown

#: Which signals a VEN supports: a function, or name -> pairs of type and unit name.
Supported = Callable[[Signal], bool] | SignalKinds


class Change(StrEnum):
    """What an event is to the VEN that receives it."""

    #: Its eventID is not known (R56).
    NEW = "new"
    #: Its modificationNumber is higher than the one that is known (R57).
    MODIFIED = "modified"
    UNCHANGED = "unchanged"
    CANCELLED = "cancelled"
    UNKNOWN_CANCELLED = "unknown-cancelled"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The outcome for one event; each is answered on its own (R19).

    Attributes:
        event: what is in force at the VEN from now on; ``None`` if nothing is. After a
            rejection that is the known event if a stale number was refused (R58), and
            nothing if the VEN refuses what the VTN wants now.
        code: 200, or the code for eventResponse, with optType optOut (R48).
        reason: what is wrong, for responseDescription and the log; empty for 200.
        rule: the rule behind the code; empty if there is none.
        change: what the event is to this VEN.
    """

    event: Event | None
    code: int = 200
    reason: str = ""
    rule: str = ""
    change: Change

    @property
    def ok(self) -> bool:
        """Whether the event is taken, so that the VEN is free to opt in or out."""
        return self.change is not Change.REJECTED


def assess(
    event: Event, known: Event | None, receiver: Receiver, supported: Supported, now: datetime
) -> Assessment:
    """Returns what an event is and whether this VEN can take it; never raises.

    ``simple`` is read as ``SIMPLE``, also for ``supported`` and in the result.

    Args:
        event: as it was received.
        known: what the VEN holds of the same event ID, if anything.
        receiver: the VEN.
        supported: signals that it implements, such as ``DEFAULT_SIGNALS``.
        now: decides whether a new event is over already.
    """
    number = event.descriptor.modification_number
    if known is not None and number < known.descriptor.modification_number:
        reason = f"modification {number} is older than {known.descriptor.modification_number}"
        return _rejected(OutOfSequence(f"{reason}, known here", rule="R58"), keep=known)
    if is_cancelled(event):
        return _cancelled(known)
    try:
        _check_receiver(event, receiver)
        event = replace(event, signals=tuple(_named(signal) for signal in event.signals))
        for signal in event.signals:
            _check_signal(signal, receiver, supported)
        _check_content(event)
        if known is None and effective_end(event.active_period) <= now:
            raise ComplianceError("the event is new and over already", rule="R33")
    except ProtocolError as error:
        return _rejected(error, keep=None)
    if known is None:
        return Assessment(event=event, change=Change.NEW)
    if number == known.descriptor.modification_number and not is_cancelled(known):
        return Assessment(event=known, change=Change.UNCHANGED)
    return Assessment(event=event, change=Change.MODIFIED)


def implied_cancels(
    known_ids: Iterable[str], snapshot: DistributeEvent | Iterable[Event]
) -> tuple[str, ...]:
    """Returns the known events that a full snapshot no longer has (R61), in the order given.

    Args:
        known_ids: events that the VEN holds, cancelled ones aside.
        snapshot: all events of one payload; not one that replyLimit cut short (R27).
    """
    events = snapshot.events if isinstance(snapshot, DistributeEvent) else snapshot
    present = {event.event_id for event in events}
    return tuple(event_id for event_id in known_ids if event_id not in present)


def supports(supported: Supported, signal: Signal) -> bool:
    """Whether a signal is supported: name, type and unit (R109)."""
    if isinstance(supported, Mapping):
        kinds = supported.get(signal.signal_name, ())
        return (signal.signal_type, unit_name(signal.unit)) in kinds
    return supported(signal)


def _rejected(error: ProtocolError, *, keep: Event | None) -> Assessment:
    return Assessment(
        event=keep,
        code=error.code,
        reason=error.description,
        rule=error.rule,
        change=Change.REJECTED,
    )


def _cancelled(known: Event | None) -> Assessment:
    if known is None:
        return Assessment(event=None, change=Change.UNKNOWN_CANCELLED, rule="R60")
    if is_cancelled(known):
        return Assessment(event=known, change=Change.UNCHANGED)
    return Assessment(event=None, change=Change.CANCELLED, rule="R59")


def _named(signal: Signal) -> Signal:
    simple = is_simple(signal.signal_name)
    return replace(signal, signal_name=SignalName.SIMPLE.value) if simple else signal


def _check_receiver(event: Event, receiver: Receiver) -> None:
    market_context = event.descriptor.market_context
    if not in_market(market_context, receiver):
        reason = f"market context {quoted(market_context)} is none of this VEN's"
        raise TargetMismatch(reason, rule="R48")
    if not matches(event.target, receiver):
        raise TargetMismatch("the target names nothing of this VEN", rule="R48")
    if not knows_resources(event.target, receiver):
        names = listed(event.target.resource_ids)
        raise DeploymentError(f"this VEN has none of the resources {names}", rule="R112")


def _check_signal(signal: Signal, receiver: Receiver, supported: Supported) -> None:
    if not supports(supported, signal):
        unit = unit_name(signal.unit) or "none"
        what = f"{quoted(signal.signal_name)} of type {signal.signal_type}, unit {unit}"
        raise SignalNotSupported(f"signal {what}, is not supported", rule="R109")
    if not signal.target:
        return
    if not only_device_classes(signal.target):
        unknown = [name for name in signal.target.end_device_assets if not is_device_class(name)]
        what = f"not {listed(unknown)}" if unknown else "nothing else"
        reason = f"the target of signal {quoted(signal.signal_id)} may hold device classes, {what}"
        raise ComplianceError(reason, rule="R111")
    own = receiver.end_device_assets
    if own is not None and own.isdisjoint(signal.target.end_device_assets):
        names = listed(signal.target.end_device_assets)
        raise DeploymentError(f"this VEN has no device of class {names}", rule="R112")


def _check_content(event: Event) -> None:
    period = event.active_period
    if period.duration < ZERO or (period.start_after or ZERO) < ZERO:
        raise ComplianceError("duration and startafter must not be negative", rule="R33")
    if not event.signals:
        raise ComplianceError("the event has no signal", rule="R33")
    identifiers = {signal.signal_id for signal in event.signals}
    if len(identifiers) < len(event.signals):
        raise ComplianceError("two signals of the event have the same signalID", rule="R107")
    for signal in event.signals:
        _check_intervals(signal, event)


def _check_intervals(signal: Signal, event: Event) -> None:
    period, where = event.active_period, f"signal {quoted(signal.signal_id)}"
    for index, interval in enumerate(signal.intervals):
        _check_interval(interval, signal, index)
    durations = [interval.duration or ZERO for interval in signal.intervals]
    # An open-ended event may have steps before the one that does not end.
    *steps, last = durations or [ZERO]
    if not all(steps) or bool(last) != bool(period.duration):
        raise ComplianceError(f"{where}: an interval has no end where one is due", rule="R47")
    end = reduce(add, durations, period.dtstart)
    if period.duration and end != add(period.dtstart, period.duration):
        raise ComplianceError(f"{where}: the durations do not add up to the event's", rule="R8")


def _check_interval(interval: Interval, signal: Signal, index: int) -> None:
    where = f"signal {quoted(signal.signal_id)}, interval {index}"
    if interval.uid and interval.uid.strip() != str(index):
        raise OutOfSequence(f"{where}: uid {quoted(interval.uid)} is not {index}", rule="R2")
    if interval.duration is None or interval.duration < ZERO:
        raise ComplianceError(f"{where}: a duration of 0 or more is missing", rule="R102")
    value = value_of(interval)
    if value is None:
        raise ComplianceError(f"{where}: exactly one payloadFloat is expected", rule="R100")
    if not value.is_finite():
        raise InvalidData(f"{where}: {value} is not a number", rule="R104")
    rule = rule_for(signal)
    if rule is not None and not rule.allows(value):
        raise InvalidData(f"{where}: {shown(value)} is not {rule.values}", rule="R104")
