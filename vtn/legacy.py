"""Between openleadr's dicts and objects and the types of this project, on the VTN's side.

Nothing else in ``vtn`` knows that openleadr passes dicts around.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from oadr import messages as m
from oadr.enums import EventStatus, ResponseRequired, SignalType
from oadr.event import normalize
from vtn.hooks import Registration

#: openleadr's name for a kind of target -> ours.
_TARGETS = {
    "aggregated_p_node": "aggregated_pnodes",
    "end_device_asset": "end_device_assets",
    "meter_asset": "meter_assets",
    "p_node": "pnodes",
    "service_delivery_point": "service_delivery_points",
    "group_id": "group_ids",
    "group_name": "group_names",
    "resource_id": "resource_ids",
    "ven_id": "ven_ids",
    "party_id": "party_ids",
}


def plain(value: Any) -> Any:
    """Returns openleadr's objects as dicts; dicts as they are."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def registration_info(request: Registration) -> dict[str, Any]:
    """Returns a registration as openleadr hands it to ``on_create_party_registration``."""
    known = asdict(request.message)
    known.pop("schema_version")
    info = {key: value for key, value in known.items() if value is not None}
    if request.fingerprint:
        info["fingerprint"] = request.fingerprint
    return info


def is_typed(function: Callable[..., Any]) -> bool:
    """Returns whether a handler is written for this project: it takes ``ctx`` last."""
    names = list(inspect.signature(function).parameters)
    return bool(names) and names[-1] == "ctx"


def aware(moment: datetime) -> datetime:
    """Returns a moment in UTC; a naive one is local time, as openleadr takes it."""
    return moment.astimezone(UTC)


def target_of(
    target: Any = None, targets: Any = None, targets_by_type: Mapping[str, Any] | None = None
) -> m.Target:
    """Returns the eiTarget for openleadr's three ways to name it.

    Raises:
        ValueError: a kind of target is not known.
    """
    entries = [plain(target)] if target is not None else []
    given = plain(targets) if targets is not None else []
    entries += given if isinstance(given, list) else [given]
    values: dict[str, Any] = {}
    for entry in entries:
        for kind, value in entry.items():
            if value is not None:
                values.setdefault(_kind(kind), []).append(_identifier(value))
    for kind, several in (targets_by_type or {}).items():
        for value in [several] if isinstance(several, str) else several:
            values.setdefault(_kind(kind), []).append(_identifier(plain(value)))
    return m.Target(**{kind: tuple(found) for kind, found in values.items()})


def _kind(name: str) -> str:
    if name not in _TARGETS:
        raise ValueError(f"target {name!r} is not known; expected one of {', '.join(_TARGETS)}")
    return _TARGETS[name]


def _identifier(value: Any) -> str:
    if isinstance(value, Mapping):
        value = next(iter(value.values()))
    return str(value)


def event_of(raw: Any, now: datetime) -> m.Event:
    """Returns the event for openleadr's ``Event`` object or dict.

    Raises:
        ValueError: something that an event needs is missing or not understood.
    """
    event = plain(raw)
    descriptor, period = event["event_descriptor"], event.get("active_period")
    signals = tuple(_signal(signal) for signal in event["event_signals"])
    return normalize(
        m.Event(
            descriptor=_descriptor(descriptor, now),
            active_period=_period(period or {}, event["event_signals"]),
            signals=signals,
            target=target_of(
                targets=event.get("targets"),
                targets_by_type=None if event.get("targets") else event.get("targets_by_type"),
            ),
            response_required=ResponseRequired(event.get("response_required") or "always"),
        )
    )


def _descriptor(descriptor: Mapping[str, Any], now: datetime) -> m.EventDescriptor:
    test = descriptor.get("test_event")
    return m.EventDescriptor(
        event_id=str(descriptor["event_id"]),
        modification_number=int(descriptor.get("modification_number") or 0),
        priority=descriptor.get("priority") or None,
        market_context=str(descriptor["market_context"]),
        created_date_time=now,
        event_status=EventStatus.FAR,
        test_event="true" if test is True else (str(test) if test else None),
        vtn_comment=descriptor.get("vtn_comment"),
    )


def _period(period: Mapping[str, Any], signals: Sequence[Mapping[str, Any]]) -> m.Period:
    starts = [aware(one["dtstart"]) for one in signals[0]["intervals"] if one.get("dtstart")]
    if not starts and not period.get("dtstart"):
        raise ValueError("an event needs an active_period, or a dtstart in its intervals")
    total = sum((one["duration"] for one in signals[0]["intervals"]), timedelta(0))
    tolerance = period.get("tolerance") or {}
    return m.Period(
        dtstart=aware(period["dtstart"]) if period.get("dtstart") else min(starts),
        duration=total if period.get("duration") is None else period["duration"],
        start_after=(tolerance.get("tolerate") or {}).get("startafter"),
        notification=period.get("notification_period") or period.get("notification"),
        ramp_up=period.get("ramp_up_period"),
        recovery=period.get("recovery_period"),
    )


def _signal(signal: Mapping[str, Any]) -> m.Signal:
    return m.Signal(
        intervals=tuple(_interval(one, n) for n, one in enumerate(signal["intervals"])),
        signal_name=signal["signal_name"],
        signal_type=SignalType(signal["signal_type"]),
        signal_id=str(signal.get("signal_id") or "0"),
    )


def _interval(interval: Mapping[str, Any], number: int) -> m.Interval:
    value = interval["signal_payload"]
    if isinstance(value, Mapping):
        value = next(iter(value.values()))
    return m.Interval(
        duration=interval["duration"],
        uid=str(number),
        payloads=(m.SignalPayload(value=Decimal(str(value))),),
    )
