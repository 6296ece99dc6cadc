"""Reports to readings: whatever the schema allows, placed in time.

Spec: rules 314 to 316, 318, 337 and 342.

Interpretation, where intervals lack a start: the first begins at the dtstart of the
report, each next one where the one before it ends. Its length is its own duration, or
else an equal share of the report's.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from oadr.errors import InvalidData
from oadr.messages import GreenButtonPayload, Interval, Report, ReportPayload
from oadr.report.offer import DataPoint
from oadr.report.reading import Reading, finite
from oadr.times import ZERO, add
from oadr.words import quoted

#: A uid that counts; 18 digits are more than any report has intervals.
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)
_NOBODY: frozenset[str] = frozenset()
_Place = tuple[Interval, datetime, timedelta]
#: What puts each field of a reading in its slot. The frozen __init__ looks all of them up
#: by name and takes twice as long, which counts where a report has thousands of intervals.
(
    _set_r_id,
    _set_start,
    _set_duration,
    _set_value,
    _set_quality,
    _set_accuracy,
    _set_confidence,
) = (getattr(Reading, name).__set__ for name in Reading.__slots__)


def unpack(report: Report, *, points: Mapping[str, DataPoint] | None = None) -> tuple[Reading, ...]:
    """Returns the readings of a report, in the order of its intervals.

    A number that is none (NaN, infinity) becomes 0 with a bad quality. Payloads that
    are no readings are left out; ``green_button`` finds those feeds.

    Args:
        report: data, not metadata.
        points: the data points that it may hold, by ``rID``. With them, values that do
            not accumulate become point data in reports that mix them with values that
            do (R342), and energy in intervals without a duration gets its share of the
            duration of the report. None leaves the durations as they came.

    Raises:
        InvalidData: an interval cannot be placed in time (R314, R315, 454).
    """
    places, share = _places(report)
    instants, totals = _kinds(report, points) if points else (_NOBODY, _NOBODY)
    new = object.__new__
    readings: list[Reading] = []
    for interval, start, length in places:
        for payload in interval.payloads:
            if not isinstance(payload, ReportPayload):
                continue
            r_id, value, accuracy = payload.r_id, payload.value, payload.accuracy
            duration = length
            if r_id in instants:
                duration = ZERO
            elif share and r_id in totals:
                duration = length or share
            reading = new(Reading)
            _set_r_id(reading, r_id)
            _set_start(reading, start)
            _set_duration(reading, duration)
            _set_value(reading, value)
            _set_quality(reading, payload.data_quality)
            _set_accuracy(reading, accuracy)
            _set_confidence(reading, payload.confidence)
            if accuracy is not None or (type(value) is Decimal and not value.is_finite()):
                reading = finite(reading)
            readings.append(reading)
    return tuple(readings)


def green_button(report: Report) -> tuple[GreenButtonPayload, ...]:
    """Returns the Green Button feeds of a report, as they came."""
    return tuple(
        payload
        for interval in report.intervals
        for payload in interval.payloads
        if isinstance(payload, GreenButtonPayload)
    )


def _kinds(
    report: Report, points: Mapping[str, DataPoint]
) -> tuple[frozenset[str], frozenset[str]]:
    """Returns which data points are instants and which are totals.

    Instants are only told from totals where a report mixes them: a report of power
    alone may well mean its durations.
    """
    present = {
        payload.r_id
        for interval in report.intervals
        for payload in interval.payloads
        if isinstance(payload, ReportPayload) and payload.r_id in points
    }
    totals = frozenset(r_id for r_id in present if points[r_id].accumulates)
    return (frozenset(present) - totals if totals else _NOBODY), totals


def _places(report: Report) -> tuple[Sequence[_Place], timedelta]:
    """Returns the intervals with start and duration, and the share of one that has none."""
    places = [
        (interval, interval.dtstart, interval.duration or ZERO)
        for interval in report.intervals
        if interval.dtstart is not None
    ]
    share = ZERO
    if len(places) < len(report.intervals):
        places, share = _derive(report)
    for _, _, duration in places:
        if duration.days < 0:
            text = "an interval has a negative duration; expected 0 or more"
            raise InvalidData(text, rule="R315")
        if type(duration) is not timedelta:
            return [_measured(place) for place in places], share
    return places, share


def _measured(place: _Place) -> _Place:
    """Returns a place with the length that its months have where it lies (R1)."""
    interval, start, duration = place
    return interval, start, add(start, duration) - start


def _derive(report: Report) -> tuple[list[_Place], timedelta]:
    """Places intervals of which at least one has no start of its own."""
    intervals = _in_order([interval for interval in report.intervals if _has_reading(interval)])
    share = _span(report, intervals) / max(len(intervals), 1)
    places: list[_Place] = []
    cursor, rule, lacks = report.dtstart, "R314", "neither it nor the report has a dtstart"
    for interval in intervals:
        start = interval.dtstart or cursor
        if start is None:
            name = quoted(interval.uid or str(len(places)))
            raise InvalidData(f"interval {name} cannot be placed in time: {lacks}", rule=rule)
        length = interval.duration or share
        places.append((interval, start, interval.duration or ZERO))
        cursor = add(start, length) if length else None
        rule, lacks = "R315", "the one before it has no duration"
    return places, share


def _span(report: Report, intervals: Sequence[Interval]) -> timedelta:
    """Returns how long the whole report is; 0 if it does not say."""
    total = max(report.duration or ZERO, ZERO)
    start = report.dtstart or next((one.dtstart for one in intervals if one.dtstart), None)
    return total if start is None else add(start, total) - start


def _has_reading(interval: Interval) -> bool:
    for payload in interval.payloads:  # noqa: SIM110 - a generator takes twice as long
        if isinstance(payload, ReportPayload):
            return True
    return False


def _in_order(intervals: list[Interval]) -> list[Interval]:
    """Returns intervals by uid if all have a number and none a start, else as they are."""
    if [one.uid for one in intervals] == [str(number) for number in range(len(intervals))]:
        return intervals
    numbers = {id(one): one.uid.strip() for one in intervals if one.uid and one.dtstart is None}
    if len(numbers) < len(intervals) or not all(map(_NUMBER.fullmatch, numbers.values())):
        return intervals
    return sorted(intervals, key=lambda one: int(numbers[id(one)]))
