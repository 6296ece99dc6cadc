"""Moments as people write them."""

import re
from datetime import UTC, date, datetime, timedelta

from runtime.durations import duration_from

FORMS = "now, now+10m, today, today@18:00, tomorrow@06:30, 2026-11-20 or 2026-11-20T18:00Z"
_CLOCK = re.compile(r"(?P<day>today|tomorrow|yesterday)(?:@(?P<time>.+))?")
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}


def parse_moment(text: str, now: datetime) -> datetime:
    """Reads a moment that a person wrote; UTC where it names no time zone.

    Args:
        text: in one of ``FORMS``.
        now: what the clock shows.

    Raises:
        ValueError: it is none of the accepted forms.
    """
    compact = text.strip()
    today = now.astimezone(UTC).date()
    try:
        if compact.startswith("now"):
            return _distance(compact.removeprefix("now"), now).replace(microsecond=0)
        if match := _CLOCK.fullmatch(compact):
            day = today + timedelta(days=_DAYS[match["day"]])
            return _on(day, match["time"] or "00:00")
        found = datetime.fromisoformat(compact)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no moment; write {FORMS}") from None
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(microsecond=0)


def _distance(text: str, now: datetime) -> datetime:
    if not text:
        return now
    sign, rest = text[0], text[1:]
    if sign not in "+-":
        raise ValueError(text)
    return now + duration_from(rest) if sign == "+" else now - duration_from(rest)


def _on(day: date, time: str) -> datetime:
    found = datetime.fromisoformat(f"{day.isoformat()}T{time}")
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(microsecond=0)
