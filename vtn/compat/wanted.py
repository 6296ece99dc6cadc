"""From what an application gives for an event to the event that goes out."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from oadr import messages as m
from oadr.dicts import event_from_dict, plain
from oadr.enums import EventStatus, ResponseRequired, SignalName, SignalType
from oadr.errors import ProtocolError
from oadr.event import check_event, normalize
from oadr.event.signals import rule_for
from oadr.units import unit
from vtn.compat.calling import ANSWER, DELIVERY, Callback, Told
from vtn.compat.gaps import without_gaps
from vtn.compat.members import peek, poke

log = logging.getLogger("openadr.vtn.compat")

_NAIVE = (
    "You supplied a naive datetime object in event %s. It is taken as a time in your local "
    "timezone and converted to UTC. Please supply timezone-aware timestamps such as "
    "datetime.now(timezone.utc) or datetime(..., tzinfo=timezone.utc)."
)
#: Units that stand for those that OpenLEADR does not let an application name: XXX is no
#: currency.
_ASSUMED = {
    "currency": ("currency", "XXX"),
    "currencyPerKWh": ("currencyPerKWh", "XXX"),
    "currencyPerKW": ("currencyPerKW", "XXX"),
    "powerReal": ("powerReal", "W"),
    "energyReal": ("energyReal", "Wh"),
}


def check_arguments(
    signal_name: str, signal_type: str, intervals: Any, response_required: str
) -> None:
    """Checks what ``add_event`` is given, as OpenLEADR does.

    Raises:
        ValueError: it says which argument, and what was expected.
    """
    if response_required not in ("always", "never"):
        raise ValueError(
            "'response_required' should be either 'always' or 'never'; "
            f"you provided '{response_required}'."
        )
    if signal_type not in {str(one) for one in SignalType}:
        known = "', '".join(SignalType)
        raise ValueError(
            f"The signal_type must be one of '{known}', you specified: '{signal_type}'."
        )
    if signal_name not in {str(one) for one in SignalName} and not signal_name.startswith("x-"):
        known = "', '".join(SignalName)
        raise ValueError(
            f"The signal_name must be one of '{known}', or it must begin with 'x-'. "
            f"You specified: '{signal_name}'"
        )
    if not intervals or not isinstance(intervals, list | tuple):
        raise ValueError(f"The intervals must be a list of intervals, you specified: {intervals}")


def check_callbacks(
    event: m.Event, callback: Callback | None, delivery_callback: Callback | None
) -> None:
    """Checks both callbacks of an event, and says if nobody will hear of the answer.

    Raises:
        ValueError: one cannot be called as it will be.
    """
    if callback is not None and not _fits(callback, ANSWER):
        raise ValueError(
            "The 'callback' must have at least the following parameters: 'ven_id' (str), "
            "'event_id' (str), 'opt_type' (str). Please fix your 'callback' handler."
        )
    if delivery_callback is not None and not _fits(delivery_callback, DELIVERY):
        raise ValueError(
            "The 'delivery_callback' must be a future, or callable without arguments or with "
            f"the event_id; {delivery_callback!r} is neither."
        )
    if callback is None and event.response_required is ResponseRequired.ALWAYS:
        log.warning(
            "You did not provide a 'callback' for event %s, which means you won't know if the "
            "VEN will opt in or opt out of it. You should consider adding a callback for this.",
            event.event_id,
        )


def _fits(callback: Callback, ways: tuple[tuple[str, ...], ...]) -> bool:
    try:
        Told(callback, *ways)
    except ValueError:
        return False
    return True


def read(raw: Any, *, now: datetime) -> m.Event:
    """Returns the event that an application gives, unchecked.

    Raises:
        ValueError: it cannot be understood; it says why.
    """
    given = plain(raw)
    descriptor = given.get("event_descriptor") if isinstance(given, Mapping) else None
    event_id = str((descriptor or {}).get("event_id"))
    told: list[bool] = []
    aware = _aware(given, told)
    if told:
        log.warning(_NAIVE, event_id)
    if isinstance(aware, Mapping):
        aware = without_gaps(aware, event_id)
    return event_from_dict(aware, now=now)


def event_of(raw: Any, *, now: datetime) -> m.Event:
    """Returns the event that an application gives, as it can be sent.

    Args:
        raw: a dict, or an object of ``openleadr.objects``.
        now: the moment.

    Raises:
        ValueError: it cannot be understood, or must not be sent; it says why.
    """
    event = read(raw, now=now)
    event_id = event.event_id
    try:
        ready = normalize(_with_units(_in_full(event)))
        check_event(ready)
    except ProtocolError as error:
        raise ValueError(f"event {event_id}: {error}") from error
    return ready


def _aware(value: Any, told: list[bool]) -> Any:
    """Returns the same with all times in UTC; notes in ``told`` that one had no time zone."""
    if isinstance(value, Mapping):
        return {key: _aware(inner, told) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_aware(inner, told) for inner in value]
    if isinstance(value, datetime):
        if value.tzinfo is None:
            told.append(True)
        return value.astimezone(UTC)
    return value


def _in_full(event: m.Event) -> m.Event:
    """Returns the event with what OpenLEADR always says, and its VENs look for.

    That it has no priority (R3), and that it is no test (R6).
    """
    descriptor = event.descriptor
    full = replace(
        descriptor,
        priority=descriptor.priority or 0,
        test_event=descriptor.test_event or "false",
    )
    return replace(event, descriptor=full)


def _with_units(event: m.Event) -> m.Event:
    """Returns the event with units where the profile wants one and none is given (R104)."""
    signals = tuple(_with_unit(signal, event.event_id) for signal in event.signals)
    return replace(event, signals=signals)


def _with_unit(signal: m.Signal, event_id: str) -> m.Signal:
    rule = rule_for(signal)
    if signal.unit is not None or rule is None or not rule.units:
        return signal
    name = next((one for one in _ASSUMED if one in rule.units), "")
    if not name:
        return signal
    measurement, units = _ASSUMED[name]
    log.warning(
        "event %s: %s %s has a unit by the profile (R104), and none is given; sent as %s in %s. "
        "Give the signal of a raw event its 'measurement' to say another.",
        event_id,
        signal.signal_name,
        signal.signal_type,
        measurement,
        units,
    )
    return replace(signal, unit=unit(measurement, units=units))


def complete(given: Any, event: m.Event) -> None:
    """Fills in what an application may leave out of its own event, as OpenLEADR does."""
    period = event.active_period
    descriptor = "event_descriptor"
    for path, value in (
        (f"{descriptor}.event_status", str(event.descriptor.event_status)),
        (f"{descriptor}.modification_number", event.descriptor.modification_number),
        (f"{descriptor}.priority", 0),
        ("active_period", {"dtstart": period.dtstart, "duration": period.duration}),
    ):
        if peek(given, path) is None:
            poke(given, path, value)


def essence(event: m.Event) -> m.Event:
    """Returns the event without what changes by itself: numbers, status, dates, values."""
    descriptor = replace(
        event.descriptor,
        modification_number=0,
        modification_date_time=None,
        created_date_time=datetime.min.replace(tzinfo=UTC),
        event_status=EventStatus.NONE,
    )
    signals = tuple(replace(signal, current_value=None) for signal in event.signals)
    return replace(event, descriptor=descriptor, signals=signals)


def raw_event(
    event_id: str,
    *,
    ven_id: str,
    signal: Mapping[str, Any],
    targets: tuple[Any, Any, Any],
    market_context: str,
    response_required: str,
    periods: Mapping[str, timedelta | None],
) -> dict[str, Any]:
    """Returns the arguments of ``add_event`` as an event in OpenLEADR's form.

    Args:
        event_id: of the event.
        ven_id: its target, where no other is given.
        signal: name, type, intervals and targets of its one signal.
        targets: ``target``, ``targets`` and ``targets_by_type``, in OpenLEADR's precedence.
        market_context: its programme.
        response_required: ``always`` or ``never``.
        periods: ramp-up and so on.
    """
    target, several, by_type = targets
    raw: dict[str, Any] = {
        "event_descriptor": {
            "event_id": event_id,
            "modification_number": 0,
            "market_context": market_context,
            "event_status": "far",
        },
        "active_period": {name: value for name, value in periods.items() if value is not None},
        "event_signals": [dict(signal)],
        "response_required": response_required,
    }
    if target is None and several is None and by_type is None:
        raw["targets"] = [{"ven_id": ven_id}]
    elif target is not None:
        # OpenLEADR's own page gives a list here.
        raw["targets"] = target if isinstance(target, list) else [target]
    elif by_type is not None:
        raw["targets_by_type"] = by_type
    else:
        raw["targets"] = several if isinstance(several, list | tuple) else [several]
    return raw
