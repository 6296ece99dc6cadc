"""The parts of an event that an application handed to ``add_event``, as it finds them again."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from vtn.compat.members import peek, poke


def in_utc(intervals: Any) -> None:
    """Gives the starts of an application's own intervals a time zone, as OpenLEADR does."""
    for interval in intervals:
        start = peek(interval, "dtstart")
        if isinstance(start, datetime) and start.tzinfo is None:
            poke(interval, "dtstart", start.astimezone(UTC))


def put_back(made: Any, raw: Mapping[str, Any]) -> None:
    """Puts intervals and targets into an event's object in the form in which they were given.

    Args:
        made: an ``openleadr.objects.Event``.
        raw: what ``add_event`` was given, as ``wanted.raw_event`` puts it.
    """
    made.event_signals[0].intervals = raw["event_signals"][0]["intervals"]
    if "targets" in raw:
        made.targets = raw["targets"]
