"""What a VTN must never send: checked before an event is stored.

Spec: rules 1, 2, 3, 4, 8, 9, 47, 63, 70, 100 to 105, 107, 111 and 116.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce

from oadr.enums import SignalName
from oadr.errors import ComplianceError, InvalidData
from oadr.event.signals import SIGNALS, is_simple, rule_for, unit_name, value_of
from oadr.event.target import is_device_class, only_device_classes
from oadr.messages.common import Interval, Period
from oadr.messages.event import Baseline, Event, EventDescriptor, Signal
from oadr.times import ZERO, add
from oadr.words import shown

#: The largest ``xs:unsignedInt``.
_UNSIGNED = 2**32 - 1
#: Power of ten that every double reaches in both directions.
_EXPONENT = 300
_TIME = "%Y-%m-%d %H:%M:%S"


def check_event(event: Event) -> None:
    """Checks an event that a VTN is about to offer.

    Raises:
        ComplianceError: it breaks a rule of the profile, which ``rule`` names.
        InvalidData: a value that nobody could act on.
    """
    _check_descriptor(event.descriptor)
    _check_period(event.active_period)
    if len(event.target.ven_ids) > 1:
        names = ", ".join(event.target.ven_ids)
        raise ComplianceError(f"target names the VENs {names}; expected one at most", rule="R63")
    if not event.signals:
        raise ComplianceError("the event has no signal; expected one or more", rule="R510")
    _check_signal_ids(event.signals)
    for signal in event.signals:
        _check_signal(signal, event.active_period)
    if event.baseline is not None:
        _check_baseline(event.baseline)


def normalize(event: Event) -> Event:
    """Returns the event with what can be filled in filled in.

    Fills uids (R2, R101), empty signalIDs (R107) and x-eiNotification (R105), writes
    ``SIMPLE`` for ``simple``, and leaves out empty signal targets (R111).
    """
    period = event.active_period
    if period.notification is None:
        period = replace(period, notification=ZERO)
    baseline = event.baseline
    if baseline is not None:
        baseline = replace(baseline, intervals=_numbered(baseline.intervals))
    taken = {signal.signal_id for signal in event.signals}
    free = (str(number) for number in range(len(event.signals)) if str(number) not in taken)
    signals = tuple(_normalized(signal, free) for signal in event.signals)
    return replace(event, active_period=period, baseline=baseline, signals=signals)


def _normalized(signal: Signal, free_ids: Iterable[str]) -> Signal:
    simple = is_simple(signal.signal_name)
    return replace(
        signal,
        intervals=_numbered(signal.intervals),
        signal_name=SignalName.SIMPLE.value if simple else signal.signal_name,
        signal_id=signal.signal_id or next(iter(free_ids)),
        target=signal.target or None,
    )


def _numbered(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    return tuple(
        interval if interval.uid else replace(interval, uid=str(index))
        for index, interval in enumerate(intervals)
    )


def _check_descriptor(descriptor: EventDescriptor) -> None:
    if not descriptor.event_id.strip():
        raise InvalidData("eventID is empty; expected one that is unique", rule="R70")
    if not descriptor.market_context.strip():
        raise InvalidData("market context is empty; expected the URI of a programme", rule="R48")
    for what, number, rule in (
        ("modificationNumber", descriptor.modification_number, "R4"),
        ("priority", descriptor.priority or 0, "R3"),
    ):
        if not 0 <= number <= _UNSIGNED:
            raise InvalidData(f"{what} is {number}; expected 0 to {_UNSIGNED}", rule=rule)
    _check_moment("createdDateTime", descriptor.created_date_time)


def _check_moment(what: str, moment: datetime) -> None:
    if moment.tzinfo is None:
        raise InvalidData(f"{what} {moment} has no time zone; expected UTC", rule="R1")


def _check_seconds(what: str, duration: timedelta | None) -> None:
    if duration is not None and duration.microseconds:
        raise InvalidData(f"{what} {duration} is not in whole seconds", rule="R1")


def _check_period(period: Period) -> None:
    _check_moment("dtstart", period.dtstart)
    if period.notification is None:
        raise ComplianceError("x-eiNotification is missing; expected PT0S or more", rule="R105")
    for what, duration in (
        ("duration", period.duration),
        ("startafter", period.start_after),
        ("x-eiNotification", period.notification),
    ):
        _check_seconds(what, duration)
        if (duration or ZERO) < ZERO:
            raise InvalidData(f"{what} is {duration}; expected 0 or more", rule="R31")
    _check_seconds("x-eiRampUp", period.ramp_up)
    _check_seconds("x-eiRecovery", period.recovery)


def _check_signal_ids(signals: Sequence[Signal]) -> None:
    identifiers = [signal.signal_id for signal in signals]
    if len(set(identifiers)) < len(identifiers) or "" in identifiers:
        names = ", ".join(map(repr, identifiers))
        raise ComplianceError(f"signalIDs are {names}; expected a different each", rule="R107")


def _check_signal(signal: Signal, period: Period) -> None:
    where = f"signal {signal.signal_id!r}"
    _check_kind(signal, where)
    _check_signal_target(signal, where)
    _check_intervals(
        signal.intervals, period.dtstart, period.duration, where, uid_rule="R2", sum_rule="R8"
    )
    rule = rule_for(signal)
    for index, interval in enumerate(signal.intervals):
        value = value_of(interval)
        if rule is not None and value is not None and not rule.allows(value):
            text = f"{where}, interval {index} is {value}; expected {rule.values}"
            raise ComplianceError(text, rule="R9" if is_simple(signal.signal_name) else "R104")


def _check_kind(signal: Signal, where: str) -> None:
    """R104 and R116: name, type and unit belong together."""
    name = signal.signal_name
    if name == SignalName.SIMPLE_LOWER:
        raise ComplianceError(f"{where} is called 'simple'; write 'SIMPLE'", rule="R9")
    if name not in SIGNALS:
        if name.startswith("x-"):
            return
        known = ", ".join(SIGNALS)
        raise ComplianceError(f"{where}: {name!r} is none of {known}, or x-...", rule="R104")
    rule = rule_for(signal)
    number = "R116" if is_simple(name) else "R104"
    if rule is None:
        types = ", ".join(line.signal_type for line in SIGNALS[name])
        text = f"{where}: {name} has type {signal.signal_type}; expected {types}"
        raise ComplianceError(text, rule=number)
    unit = unit_name(signal.unit)
    if unit in rule.units or (unit is None and not rule.units):
        return
    units = " or ".join(sorted(rule.units)) or "no unit"
    text = f"{where}: {name} {rule.signal_type} has unit {unit or 'none'}; expected {units}"
    raise ComplianceError(text, rule=number)


def _check_signal_target(signal: Signal, where: str) -> None:
    target = signal.target
    if target is None:
        return
    if not target:
        raise ComplianceError(f"{where} has an empty target; leave it out", rule="R111")
    if not only_device_classes(target):
        unknown = [name for name in target.end_device_assets if not is_device_class(name)]
        what = f"device class {', '.join(unknown)}" if unknown else "more than device classes"
        text = f"{where}: its target has {what}; expected standard or x- device classes alone"
        raise ComplianceError(text, rule="R111")


def _check_baseline(baseline: Baseline) -> None:
    where = f"baseline {baseline.baseline_id!r}"
    _check_moment(f"{where}: dtstart", baseline.dtstart)
    _check_seconds(f"{where}: duration", baseline.duration)
    if baseline.duration <= ZERO:
        raise InvalidData(f"{where} lasts {baseline.duration}; expected more than 0", rule="R102")
    start, duration = baseline.dtstart, baseline.duration
    _check_intervals(baseline.intervals, start, duration, where, uid_rule="R101", sum_rule="R102")


def _check_intervals(
    intervals: Sequence[Interval],
    start: datetime,
    duration: timedelta,
    where: str,
    *,
    uid_rule: str,
    sum_rule: str,
) -> None:
    if not intervals:
        raise ComplianceError(f"{where} has no interval; expected one or more", rule="R102")
    for index, interval in enumerate(intervals):
        _check_interval(interval, index, f"{where}, interval {index}", uid_rule=uid_rule)
    durations = [interval.duration or ZERO for interval in intervals]
    if not duration and (len(durations) > 1 or durations[0]):
        text = f"{where}: an open-ended event has one interval, of duration 0"
        raise ComplianceError(text, rule="R47")
    if duration and not all(durations):
        text = f"{where} has an interval of duration 0; only an open-ended event has one"
        raise ComplianceError(text, rule="R47")
    # Compared as moments, because months have no length of their own.
    end, wanted = reduce(add, durations, start), add(start, duration)
    if end != wanted:
        text = f"{where}: its intervals end at {end:{_TIME}} UTC; expected {wanted:{_TIME}} UTC"
        raise ComplianceError(text, rule=sum_rule)


def _check_interval(interval: Interval, index: int, where: str, *, uid_rule: str) -> None:
    if interval.uid != str(index):
        raise ComplianceError(f"{where}: uid is {interval.uid}; expected {index}", rule=uid_rule)
    if interval.dtstart is not None:
        raise ComplianceError(f"{where} has a dtstart, which follows from the others", rule="R103")
    if interval.duration is None:
        raise ComplianceError(f"{where} has no duration", rule="R102")
    _check_seconds(f"{where}: duration", interval.duration)
    if interval.duration < ZERO:
        raise InvalidData(f"{where} lasts {interval.duration}; expected 0 or more", rule="R102")
    value = value_of(interval)
    if value is None:
        raise ComplianceError(f"{where}: expected exactly one number as payload", rule="R100")
    if not value.is_finite() or (value and abs(value.adjusted()) > _EXPONENT):
        text = f"{where} is {shown(value)}; expected a finite number that a float can hold"
        raise InvalidData(text, rule="R104")
