"""Intervals that an application has spread over time, as one after the other.

The intervals of a signal have durations and no starts (R103): the first begins with the
event, each other one where the one before it ends. Applications give starts, and may
leave gaps between them.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

log = logging.getLogger("openadr.vtn.compat")

_NORMAL = 0
#: The moments of an event are whole seconds; what is less is no gap.
_LEAST = timedelta(seconds=1)


def without_gaps(event: Mapping[str, Any], event_id: str) -> Mapping[str, Any]:
    """Returns an event whose intervals follow one another.

    A gap in a SIMPLE signal becomes an interval of level 0, which is what it means.

    Args:
        event: as the application gives it, with all times in UTC.
        event_id: for messages.

    Raises:
        ValueError: another signal has a gap, and nobody can know what holds in it.
    """
    signals = event.get("event_signals")
    if not isinstance(signals, list) or not all(_understood(one) for one in signals):
        # Whatever that is, whoever reads it says what is wrong with it.
        return event
    begin = _begin(event, signals)
    if begin is None:
        return event
    return {**event, "event_signals": [_closed(one, begin, event_id) for one in signals]}


def _understood(signal: Any) -> bool:
    intervals = signal.get("intervals") if isinstance(signal, Mapping) else None
    return isinstance(intervals, list) and all(
        isinstance(one, Mapping)
        and isinstance(one.get("duration"), timedelta)
        and isinstance(one.get("dtstart"), datetime | None)
        for one in intervals
    )


def _begin(event: Mapping[str, Any], signals: list[Any]) -> datetime | None:
    period = event.get("active_period")
    given = period.get("dtstart") if isinstance(period, Mapping) else None
    if isinstance(given, datetime):
        return given
    starts = [
        one["dtstart"] for signal in signals for one in signal["intervals"] if one.get("dtstart")
    ]
    return min(starts, default=None)


def _closed(signal: Mapping[str, Any], begin: datetime, event_id: str) -> Mapping[str, Any]:
    name = str(signal.get("signal_name"))
    found: list[Mapping[str, Any]] = []
    end = begin
    for number, interval in enumerate(signal["intervals"]):
        start = interval.get("dtstart") or end
        if start - end >= _LEAST:
            found.append(_filling(name, end, start, f"event {event_id}: interval {number}"))
        elif end - start >= _LEAST:
            log.warning(
                "event %s: interval %d of %s starts at %s, before the one ahead of it ends at %s; "
                "it is sent to begin there, because intervals follow one another (R103)",
                event_id,
                number,
                name,
                start,
                end,
            )
        found.append(interval)
        end = max(start, end) + interval["duration"]
    return {**signal, "intervals": found}


def _filling(name: str, end: datetime, start: datetime, where: str) -> Mapping[str, Any]:
    if name.upper() != "SIMPLE":
        raise ValueError(
            f"{where} of {name} starts at {start}, and nothing is said from {end} on: the "
            "intervals of a signal follow one another without gaps (R103). Put an interval "
            "in between, or make it two events."
        )
    return {"dtstart": end, "duration": start - end, "signal_payload": _NORMAL}
