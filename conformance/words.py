"""What an action asks for, in words for an operator and in JSON for a hook script."""

import types
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from conformance.actions import Action, CreateEvent, EventSpec, ModifyEvent, ReportSpec, SignalSpec
from oadr.times import format_datetime, format_duration
from runtime.durations import in_words

ZERO = timedelta(0)
#: What an action comes to if nobody says it. An action that is not here, and that comes to
#: something, is a question that needs an answer.
UNKNOWN: Mapping[str, Any] = types.MappingProxyType(
    {"CreateEvent": "", "RequestReports": (), "CreateOpt": "", "QualifyEvent": ""}
)
#: What to type, for each action that comes to something.
ANSWERS: Mapping[str, str] = types.MappingProxyType(
    {
        "CreateEvent": "type the eventID",
        "RequestReports": "type the reportRequestIDs, with spaces between them",
        "CreateOpt": "type the optID",
        "QualifyEvent": "type the optID",
        "OptOf": "type optIn or optOut, or - if there is no answer",
        "Readings": "type them as rID=value, with spaces between them, or - if there are none",
        "Events": "type their eventIDs, with spaces between them, or - if there are none",
    }
)


# ------------------------------------------------------------------ for people


def told(action: Action, now: datetime, peer: str = "") -> list[str]:
    """Returns what an operator is asked to do, in lines.

    Args:
        action: what.
        now: what the clock of the device shows.
        peer: what the party of the kit is called at the device; empty if that is not known.
    """
    words = action.words
    if peer:
        for kind in ("VEN", "VTN"):
            words = words.replace(f"the {kind} of the kit", f"{kind} {peer}")
    return [f"{words}.", *(f"  {line}" for line in _details(action, now))]


def moment(at: datetime) -> str:
    """Returns a moment as people at the device have it: their own time, and UTC."""
    local, utc = at.astimezone(), format_datetime(at.replace(microsecond=0))
    return f"{local:%Y-%m-%d %H:%M:%S} local time, {utc}"


def _details(action: Action, now: datetime) -> Iterator[str]:
    if isinstance(action, CreateEvent | ModifyEvent):
        if isinstance(action, ModifyEvent):
            yield f"event: {action.event_id}"
        yield from _event(action.event, now, kept=getattr(action, "keeps_start", False))
        return
    for field in fields(action):
        value = getattr(action, field.name)
        name = field.name.replace("_", " ")
        if isinstance(value, tuple) and value and isinstance(value[0], ReportSpec):
            for one in value:
                yield f"report: {_report(one, now)}"
        elif field.name == "starts_in":
            yield from (f"begins {_from_now(start, now)}" for start in value)
        elif isinstance(value, timedelta):
            yield f"{name}: {in_words(value) if value else 'open-ended'}"
        elif isinstance(value, tuple):
            yield f"{name}: {', '.join(map(str, value)) or 'all'}"
        elif isinstance(value, bool):
            yield f"{name}: {'yes' if value else 'no'}"
        else:
            yield f"{name}: {value or 'any'}"


def _from_now(start: timedelta, now: datetime) -> str:
    at = moment(now + start)
    if start < ZERO:
        return f"{in_words(-start)} ago, at {at}"
    return f"in {in_words(start)}, at {at}" if start else f"now, at {at}"


def _event(event: EventSpec, now: datetime, *, kept: bool) -> Iterator[str]:
    for signal in event.signals:
        yield f"signal: {_signal(signal)}"
    lasts = sum((event.signals[0].each for _ in event.signals[0].values), ZERO)
    begins = "as it did" if kept else _from_now(event.starts_in, now)
    yield f"begins {begins}; {'lasts ' + in_words(lasts) if lasts else 'open-ended'}"
    yield f"market context: {event.market_context}"
    yield f"response required: {event.response_required}"
    for name in ("start_after", "notification", "ramp_up", "recovery"):
        length = getattr(event, name)
        if length:
            yield f"{name.replace('_', ' ')}: {in_words(length)}"
    for name in ("priority", "comment"):
        if getattr(event, name):
            yield f"{name}: {getattr(event, name)}"
    if event.test:
        yield "a test event"
    if event.target is not None:
        yield f"target: {_listed(plain(event.target, now))}"
    if event.baseline:
        yield "with a baseline of the same length"


def _signal(signal: SignalSpec) -> str:
    unit = " ".join(one for one in (signal.unit, signal.symbol) if one)
    values = ", ".join(map(str, signal.values))
    each = f" for {in_words(signal.each)} each" if signal.each else ""
    assets = f", for {', '.join(signal.assets)}" if signal.assets else ""
    return f"{signal.name} {signal.type} {values}{' ' + unit if unit else ''}{each}{assets}"


def _report(report: ReportSpec, now: datetime) -> str:
    parts = [report.specifier_id, f"data points {', '.join(report.points) or 'all'}"]
    if report.granularity:
        parts.append(f"sampled every {in_words(report.granularity)}")
    parts.append(f"sent every {in_words(report.back)}" if report.back else "sent once")
    if report.starts_in:
        parts.append(f"from {_from_now(report.starts_in, now)}")
    if report.duration:
        parts.append(f"for {in_words(report.duration)}")
    return ", ".join(parts)


def _listed(found: Mapping[str, Any]) -> str:
    def words(value: Any) -> str:
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

    return "; ".join(f"{name.replace('_', ' ')} {words(value)}" for name, value in found.items())


# ------------------------------------------------------------------ for scripts


def plain(value: Any, now: datetime) -> Any:
    """Returns the fields of an action as JSON has them.

    Durations are those of ISO 8601, moments are UTC; beside each ``starts_in`` stands a
    ``starts_at``. Empty lists and nothing are left out of messages' own types, such as targets.

    Args:
        value: an action, or a part of one.
        now: what the clock of the device shows.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return dict(_entries(value, now))
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, timedelta):
        return ("-" if value < ZERO else "") + format_duration(abs(value))
    if isinstance(value, datetime):
        return format_datetime(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, tuple | list | frozenset):
        return [plain(one, now) for one in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _entries(value: Any, now: datetime) -> Iterator[tuple[str, Any]]:
    own = type(value).__module__ == Action.__module__
    names: tuple[Field[Any], ...] = fields(value)
    for field in names:
        content = getattr(value, field.name)
        if not own and content in (None, (), ""):
            continue
        yield field.name, plain(content, now)
        if field.name == "starts_in":
            many = isinstance(content, tuple)
            moments = [now.replace(microsecond=0) + one for one in (content if many else [content])]
            yield "starts_at", plain(moments if many else moments[0], now)


# ------------------------------------------------------------------ what comes of it


def understood(name: str, value: Any) -> Any:
    """Returns what a script or an operator says as what the action comes to.

    Args:
        name: of the action.
        value: JSON, or a list of words.

    Raises:
        ValueError: it is not of the kind that the action comes to.
    """
    if name in ("CreateEvent", "OptOf", "CreateOpt", "QualifyEvent"):
        if not isinstance(value, str):
            raise ValueError(f"expected a text, not {value!r}")
        return value
    if name in ("RequestReports", "Events"):
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ValueError(f"expected a list of texts, not {value!r}")
        return frozenset(value) if name == "Events" else tuple(value)
    if name == "Readings":
        if not isinstance(value, list) or not all(_pair(one) for one in value):
            raise ValueError(f"expected a list of [rID, value], not {value!r}")
        return tuple((str(r_id), str(reading)) for r_id, reading in value)
    return tuple(value) if isinstance(value, list) else value


def _pair(one: object) -> bool:
    return isinstance(one, list | tuple) and len(one) == 2 and isinstance(one[0], str)
