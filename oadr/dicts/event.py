"""Events as openleadr's dicts, and back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce
from typing import Any

from oadr import messages as m
from oadr.dicts.interval import intervals_to_list, signal_interval_of, value_of
from oadr.dicts.measurement import unit_of, unit_to_dict
from oadr.dicts.node import DURATION, MOMENT, TEXT, WHOLE, Node, one_of, plain
from oadr.dicts.period import period_to_dict, surroundings_of
from oadr.dicts.target import target_of, with_targets
from oadr.enums import EventStatus, ResponseRequired, SignalType
from oadr.event import normalize
from oadr.times import ZERO, add

_STATUS = one_of(EventStatus)
_REQUIRED = one_of(ResponseRequired)
_SIGNAL_TYPE = one_of(SignalType)


def event_to_dict(event: m.Event) -> dict[str, Any]:
    """Returns an event as openleadr hands it to ``on_event``.

    ``event_signals`` and ``targets`` are always there, and lists (X13); a baseline
    stands beside the signals, as ``event_baseline``.
    """
    found = {
        "event_descriptor": _descriptor_to(event.descriptor),
        "active_period": period_to_dict(event.active_period),
        "event_signals": [_signal_to(signal) for signal in event.signals],
        **with_targets(event.target),
        "response_required": str(event.response_required),
    }
    if event.baseline is not None:
        found["event_baseline"] = _baseline_to(event.baseline)
    return found


def _descriptor_to(descriptor: m.EventDescriptor) -> dict[str, Any]:
    found: dict[str, Any] = {
        "event_id": descriptor.event_id or None,
        "modification_number": descriptor.modification_number,
    }
    for name in ("modification_date_time", "modification_reason", "priority"):
        value = getattr(descriptor, name)
        if value is not None:
            found[name] = value
    found["market_context"] = str(descriptor.market_context) or None
    found["created_date_time"] = descriptor.created_date_time
    found["event_status"] = str(descriptor.event_status)
    if descriptor.test_event:
        found["test_event"] = descriptor.is_test
    if descriptor.vtn_comment is not None:
        found["vtn_comment"] = descriptor.vtn_comment
    return found


def _signal_to(signal: m.Signal) -> dict[str, Any]:
    found: dict[str, Any] = {"intervals": intervals_to_list(signal.intervals)}
    if signal.target is not None:
        found.update(with_targets(signal.target))
    found["signal_name"] = str(signal.signal_name)
    found["signal_type"] = str(signal.signal_type)
    found["signal_id"] = signal.signal_id or None
    found.update(unit_to_dict(signal.unit))
    if signal.current_value is not None:
        found["current_value"] = float(signal.current_value)
    return found


def _baseline_to(baseline: m.Baseline) -> dict[str, Any]:
    found: dict[str, Any] = {
        "dtstart": baseline.dtstart,
        "duration": baseline.duration,
        "intervals": intervals_to_list(baseline.intervals),
        "baseline_id": baseline.baseline_id or None,
    }
    names = [name or None for name in baseline.resource_ids]
    if names:
        found["resource_id"] = names if len(names) > 1 else names[0]
    found["baseline_name"] = baseline.baseline_name or None
    return {**found, **unit_to_dict(baseline.unit)}


# ---------------------------------------------------------------- back


def event_from_dict(raw: Any, *, now: datetime) -> m.Event:
    """Returns the event for openleadr's ``Event`` object or dict, filled in.

    An active period is kept as it is given (V1), but for a duration that the intervals
    of all signals contradict: theirs is taken then, as openleadr does (R8). Without a
    period, or without its start, the first ``dtstart`` of the intervals is the start.

    Args:
        raw: a dict or object with openleadr's names, or an event of ours.
        now: taken for a missing ``created_date_time``.

    Raises:
        ValueError: something that an event needs is missing or not understood; the
            text names its key.
    """
    if isinstance(raw, m.Event):
        return normalize(raw)
    return event_of(Node(plain(raw), "event"), now)


def event_of(node: Node, now: datetime) -> m.Event:
    """Returns the event in a dict, see ``event_from_dict``.

    Raises:
        ValueError: something is missing or not understood.
    """
    descriptor = node.child("event_descriptor")
    if descriptor is None:
        raise ValueError(f"{node.at('event_descriptor')} is missing; expected a dict")
    holder = _signal_holder(node)
    given = holder.children("event_signals")
    if not given:
        raise ValueError(f"{node.at('event_signals')} is missing; expected a list of signals")
    signals = tuple(_signal_of(signal) for signal in given)
    baseline = node.child("event_baseline", "baseline") or holder.child("event_baseline")
    return normalize(
        m.Event(
            descriptor=_descriptor_of(descriptor, now),
            active_period=_active_period(node, given, signals),
            signals=signals,
            baseline=_baseline_of(baseline) if baseline is not None else None,
            target=target_of(node),
            response_required=node.maybe(_REQUIRED, "response_required") or ResponseRequired.ALWAYS,
        )
    )


def _signal_holder(node: Node) -> Node:
    """Returns the dict with the list of signals: beside a baseline it is one deeper (X13)."""
    found = node.raw.get("event_signals")
    deeper = isinstance(found, dict) and "intervals" not in found
    return Node(found, node.at("event_signals")) if deeper else node


def _descriptor_of(node: Node, now: datetime) -> m.EventDescriptor:
    return m.EventDescriptor(
        event_id=node.need(TEXT, "event_id"),
        modification_number=node.maybe(WHOLE, "modification_number") or 0,
        modification_date_time=node.maybe(MOMENT, "modification_date_time"),
        modification_reason=node.maybe(TEXT, "modification_reason") or None,
        priority=node.maybe(WHOLE, "priority"),
        market_context=node.need(TEXT, "market_context"),
        created_date_time=node.maybe(MOMENT, "created_date_time") or now,
        event_status=node.maybe(_STATUS, "event_status") or EventStatus.FAR,
        test_event=node.maybe(TEXT, "test_event") or None,
        vtn_comment=node.maybe(TEXT, "vtn_comment") or None,
    )


def _active_period(node: Node, given: Sequence[Node], signals: Sequence[m.Signal]) -> m.Period:
    period = node.child("active_period") or Node({}, node.at("active_period"))
    start = period.maybe(MOMENT, "dtstart") or _first_start(given)
    if start is None:
        text = f"{period.at('dtstart')} is missing; expected a datetime"
        raise ValueError(f"{text}, or a dtstart in the intervals of the signals")
    duration = _duration(start, period.maybe(DURATION, "duration"), signals)
    return m.Period(dtstart=start, duration=duration, **surroundings_of(period))


def _first_start(signals: Sequence[Node]) -> datetime | None:
    intervals = [interval for signal in signals for interval in signal.children("intervals")]
    starts = [interval.maybe(MOMENT, "dtstart") for interval in intervals]
    return min((start for start in starts if start is not None), default=None)


def _duration(start: datetime, wanted: timedelta | None, signals: Sequence[m.Signal]) -> timedelta:
    """R8: the durations of the intervals, where all signals agree on them."""
    steps = [[interval.duration or ZERO for interval in signal.intervals] for signal in signals]
    ends = {reduce(add, durations, start) for durations in steps}
    if wanted is not None and (len(ends) > 1 or add(start, wanted) in ends):
        return wanted
    # A single one is taken as it is written: months have no length of their own.
    first = steps[0]
    return first[0] if len(first) == 1 else reduce(add, first, start) - start


def _signal_of(node: Node) -> m.Signal:
    intervals = node.children("intervals")
    if not intervals:
        raise ValueError(f"{node.at('intervals')} is missing; expected a list of intervals")
    return m.Signal(
        intervals=tuple(signal_interval_of(one, n) for n, one in enumerate(intervals)),
        target=_signal_target(node),
        signal_name=node.need(TEXT, "signal_name"),
        signal_type=node.need(_SIGNAL_TYPE, "signal_type"),
        signal_id=node.maybe(TEXT, "signal_id") or "",
        unit=unit_of(node),
        current_value=_current_value(node),
    )


def _signal_target(node: Node) -> m.Target | None:
    target = target_of(node, "device_class")
    device = node.maybe(TEXT, "signal_target_mrid")
    if device is not None and device not in target.end_device_assets:
        target = replace(target, end_device_assets=(*target.end_device_assets, device))
    return target or None


def _current_value(node: Node) -> Decimal | None:
    if node.raw.get("current_value") is None:
        return None
    found = value_of(node, "current_value")
    if not isinstance(found, Decimal):
        raise ValueError(f"{node.at('current_value')} is a state; expected a number")
    return found


def _baseline_of(node: Node) -> m.Baseline:
    intervals = node.children("intervals")
    return m.Baseline(
        dtstart=node.need(MOMENT, "dtstart"),
        duration=node.need(DURATION, "duration"),
        intervals=tuple(signal_interval_of(one, n) for n, one in enumerate(intervals)),
        baseline_id=node.need(TEXT, "baseline_id"),
        resource_ids=node.several(TEXT, "resource_id", "resource_ids"),
        baseline_name=node.need(TEXT, "baseline_name"),
        unit=unit_of(node),
    )
