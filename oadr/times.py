"""Date-times and durations as the schema writes them.

Date-times are aware and in UTC, always. A duration is a ``timedelta``; one that was
written with years or months is a ``CalendarDuration``, because a month has no fixed
length. ``timedelta(0)`` means open-ended wherever the profile says so (R47, R210).

Spec: rule 1; schema types ``xcal:DateTimeType`` and ``xcal:DurationValueType``.
"""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from oadr.errors import InvalidData

#: Later than any event; what "open-ended" ends at.
FOREVER = datetime.max.replace(tzinfo=UTC)
#: Earlier than any event or reading.
EVER = datetime.min.replace(tzinfo=UTC)
ZERO = timedelta(0)

_DATETIME = re.compile(
    r"\+?(?P<body>\d{4}-\d\d-\d\dT(?P<hour>\d\d):\d\d:(?P<second>\d\d))(\.\d*)?Z?", re.ASCII
)
# The schema's pattern; its digits, as Python's, are those of all scripts.
_DURATION = re.compile(
    r"(?P<sign>[+-])?P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<days>\d+)D)?T?"
    r"(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?|(?P<weeks>\d+)W"
)


#: "00" to "59"; isoformat, which also asks for the zone, takes twice as long.
_TWO = tuple(f"{n:02}" for n in range(60))


class CalendarDuration(timedelta):
    """A duration with months in it.

    As a ``timedelta`` it counts 30 days a month, which serves for comparing and
    sorting; ``add`` is exact.

    Attributes:
        months: whole months, negative in a negative duration; 12 for a year.
        rest: what remains beside the months.
    """

    months: int
    rest: timedelta

    def __new__(cls, *, months: int, rest: timedelta = ZERO) -> "CalendarDuration":
        """Makes a duration of ``months`` months and ``rest``."""
        nominal = timedelta(days=30 * months) + rest
        self = super().__new__(cls, nominal.days, nominal.seconds)
        self.months = months
        self.rest = rest
        return self

    def __eq__(self, other: object) -> bool:
        if isinstance(other, CalendarDuration):
            return (self.months, self.rest) == (other.months, other.rest)
        return False

    def __ne__(self, other: object) -> bool:
        # Inherited, it would count a month as 30 days and disagree with ``==``.
        return not self == other

    def __hash__(self) -> int:
        return hash((self.months, self.rest))

    def __repr__(self) -> str:
        return f"CalendarDuration(months={self.months}, rest={self.rest!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return _restore, (self.months, self.rest)


def _restore(months: int, rest: timedelta) -> CalendarDuration:
    return CalendarDuration(months=months, rest=rest)


def utc(moment: datetime) -> datetime:
    """Returns the moment in UTC.

    Raises:
        ValueError: it has no time zone, so nobody can know when it is.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; expected an aware datetime")
    return moment.astimezone(UTC)


def add(start: datetime, duration: timedelta) -> datetime:
    """Returns ``start + duration``, exact for months, never outside the calendar.

    A day that the target month does not have becomes its last day. Sums before year 1
    or after year 9999 stop there.
    """
    try:
        if not isinstance(duration, CalendarDuration):
            return start + duration
        index = start.year * 12 + start.month - 1 + duration.months
        year, month = divmod(index, 12)
        if not 1 <= year <= 9999:
            raise OverflowError
        day = min(start.day, monthrange(year, month + 1)[1])
        return start.replace(year=year, month=month + 1, day=day) + duration.rest
    except OverflowError:
        return FOREVER if duration > ZERO else EVER


def before(moment: datetime, duration: timedelta) -> datetime:
    """Returns ``moment - duration``, exact for months, never outside the calendar."""
    try:
        if isinstance(duration, CalendarDuration):
            return add(moment, CalendarDuration(months=-duration.months, rest=-duration.rest))
        return add(moment, -duration)
    except OverflowError:
        # The longest duration has no negative.
        return EVER


def end_of(start: datetime, duration: timedelta) -> datetime:
    """Returns when a period ends; ``FOREVER`` for duration zero, which is open-ended (R47)."""
    return add(start, duration) if duration else FOREVER


def parse_datetime(text: str) -> datetime:
    """Reads a schema-valid date-time; fractions of a second are cut off (R1).

    Interpretation: the schema lets the ``Z`` be left out; UTC is meant then.

    Raises:
        InvalidData: no calendar of ours holds it (year 0 or before, leap seconds).
    """
    text = text.strip()
    if len(text) == 20 and text[19] == "Z":
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    match = _DATETIME.fullmatch(text)
    if match is None:
        raise InvalidData(f"date-time {text[:40]!r} cannot be used; expected UTC", rule="R1")
    body, later = match["body"], ZERO
    if match["hour"] == "24":
        body, later = body.replace("T24:", "T00:"), timedelta(days=1)
    elif match["second"] == "60":
        body, later = body[:-2] + "59", timedelta(seconds=1)
    try:
        return datetime.fromisoformat(body + "Z") + later
    except (ValueError, OverflowError) as error:
        raise InvalidData(f"date-time {text[:40]!r} is not a date: {error}", rule="R1") from None


def format_datetime(moment: datetime) -> str:
    """Writes a moment with ``Z`` and whole seconds (R1).

    Raises:
        ValueError: it has no time zone.
    """
    if moment.tzinfo is not UTC:
        moment = utc(moment)
    date = f"{moment.year:04}-{_TWO[moment.month]}-{_TWO[moment.day]}"
    return f"{date}T{_TWO[moment.hour]}:{_TWO[moment.minute]}:{_TWO[moment.second]}Z"


def parse_duration(text: str) -> timedelta:
    """Reads a schema-valid duration.

    Raises:
        InvalidData: it is longer than 999,999,999 days, or not a duration at all.
    """
    # A text of megabytes, zeros for the most part, is valid too; none stays in memory.
    return _usual_duration(text) if len(text) < 40 else _parse_duration(text)


def _parse_duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise InvalidData(f"duration {text[:40]!r} cannot be used", rule="R1")
    sign = -1 if match["sign"] == "-" else 1
    try:
        part = {
            key: _count(value)
            for key, value in match.groupdict().items()
            if value and key != "sign"
        }
        rest = sign * timedelta(
            weeks=part.get("weeks", 0),
            days=part.get("days", 0),
            hours=part.get("hours", 0),
            minutes=part.get("minutes", 0),
            seconds=part.get("seconds", 0),
        )
        months = sign * (12 * part.get("years", 0) + part.get("months", 0))
        return CalendarDuration(months=months, rest=rest) if months else rest
    except OverflowError:
        raise InvalidData(f"duration {text[:40]!r} is too long to count", rule="R1") from None


_usual_duration = lru_cache(maxsize=1024)(_parse_duration)


def _count(digits: str) -> int:
    digits = digits.lstrip("0")
    if len(digits) > 20:
        raise OverflowError
    return int(digits or "0")


@lru_cache(maxsize=1024)
def format_duration(duration: timedelta) -> str:
    """Writes a duration: whole seconds, no weeks, ``PT0S`` for zero (R1)."""
    months = duration.months if isinstance(duration, CalendarDuration) else 0
    rest = duration.rest if isinstance(duration, CalendarDuration) else duration
    seconds = rest.days * 86400 + rest.seconds
    if months and seconds and (months < 0) != (seconds < 0):
        raise ValueError("a duration cannot go forward by months and back by days")
    sign = "-" if months < 0 or seconds < 0 else ""
    years, months = divmod(abs(months), 12)
    days, seconds = divmod(abs(seconds), 86400)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    date = "".join(f"{n}{unit}" for n, unit in ((years, "Y"), (months, "M"), (days, "D")) if n)
    time = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n)
    if not date and not time:
        return "PT0S"
    return f"{sign}P{date}T{time}" if time else f"{sign}P{date}"
