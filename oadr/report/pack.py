"""Readings to reports, one per window.

Values of one time share an interval, the oldest comes first, every requested data
point is there (R300), and the report has the dtstart of its first interval (R314).

* All values are point data: the intervals have a dtstart only (R315).
* Some are interval data: all intervals have dtstart and duration (R315, R342); 0 is
  the duration of an interval that holds point data alone.
* One-shot status: one interval with uid 0 and neither (R316).
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from oadr.enums import DataQuality
from oadr.messages import (
    Interval,
    LoadControl,
    Report,
    ReportPayload,
    ReportRequest,
    ResourceStatus,
)
from oadr.report.accept import RequestKind
from oadr.report.offer import DataPoint, Offer
from oadr.report.reading import Reading, finite, missing
from oadr.report.resample import resample
from oadr.report.schedule import Window, slots
from oadr.times import EVER, ZERO, add

_SECOND = timedelta(seconds=1)
#: What a status may tell of a load (R334).
_STATES = ("capacity", "level_offset", "percent_offset", "set_point")
_Points = dict[str, DataPoint | None]


def pack(
    request: ReportRequest,
    kind: RequestKind,
    window: Window,
    readings: Sequence[Reading],
    offer: Offer,
    *,
    now: datetime,
) -> Report:
    """Returns the report that answers a request for a window.

    Args:
        request: as it was accepted.
        kind: what ``check_request`` said.
        window: what the report covers; an empty one is answered as a one-shot.
        readings: samples of any data points, in any order, finer than the granularity
            if need be (``resample``). Give those that overlap the window; for a
            one-shot the latest of each data point; on change the last one before the
            window, too, which tells what changed and what did not.
        offer: what was asked for.
        now: aware; becomes ``createdDateTime``.

    Raises:
        ValueError: the request is for metadata, which ``build_metadata`` answers.
    """
    if kind is RequestKind.METADATA:
        raise ValueError("metadata has no readings; answer with build_metadata")
    known = offer.by_id()
    points: _Points = {point.r_id: known.get(point.r_id) for point in request.data_points}
    samples = sorted(
        (finite(one) for one in readings if one.r_id in points), key=lambda one: one.start
    )
    if kind is RequestKind.HISTORY:
        chosen = _stored(samples, points, window, offer, now)
    elif kind is RequestKind.ONE_SHOT or window.end <= window.start:
        chosen = _latest(samples, points, window)
    elif kind is RequestKind.PERIODIC:
        chosen = _grid(samples, points, window, request.granularity)
    else:
        chosen = _changed(samples, points, window)
    chosen = _same_states([_whole_seconds(one) for one in chosen])
    intervals = _intervals(chosen, points)
    start = intervals[0].dtstart
    if kind is RequestKind.ONE_SHOT and _status_only(intervals):
        intervals = (_bare(intervals[0]),)
    return Report(
        dtstart=start,
        intervals=intervals,
        report_request_id=request.report_request_id,
        report_specifier_id=request.report_specifier_id,
        report_name=offer.report_name or None,
        created_date_time=now.replace(microsecond=0),
    )


def split(report: Report, max_intervals: int) -> tuple[Report, ...]:
    """Returns a report in parts of at most ``max_intervals`` intervals, oldest first.

    A report whose intervals have no dtstart stays whole.

    Args:
        report: as ``pack`` made it.
        max_intervals: 1 or more.
    """
    intervals = report.intervals
    if len(intervals) <= max_intervals or any(one.dtstart is None for one in intervals):
        return (report,)
    parts = [
        intervals[first : first + max_intervals]
        for first in range(0, len(intervals), max_intervals)
    ]
    return tuple(replace(report, dtstart=part[0].dtstart, intervals=part) for part in parts)


def apart(report: Report) -> Report:
    """Returns a report with each value in an interval of its own.

    That is not how values of one time are to be reported, and some receivers cannot read
    the right way.
    """
    single = (
        replace(interval, payloads=(payload,))
        for interval in report.intervals
        for payload in interval.payloads
    )
    return replace(report, intervals=tuple(single))


def _whole_seconds(reading: Reading) -> Reading:
    """Returns the reading as the wire can carry it (R1); neighbours stay neighbours."""
    if not reading.start.microsecond and not reading.duration.microseconds:
        return reading
    start = reading.start.replace(microsecond=0)
    end = add(reading.start, reading.duration).replace(microsecond=0)
    duration = max(end - start, _SECOND) if reading.duration else ZERO
    return replace(reading, start=start, duration=duration)


def _same_states(readings: Sequence[Reading]) -> list[Reading]:
    """Returns status values that all tell of the same states of their load (R334).

    One that lacks a state, such as the placeholder of a missing value, gets that of the
    value before it, the first ones that of the first value that has it.
    """
    ordered = sorted(readings, key=lambda one: one.start)
    known: dict[tuple[str, str], LoadControl] = {}
    for reading in reversed(ordered):
        if isinstance(reading.value, ResourceStatus):
            known |= {(reading.r_id, name): one for name, one in _states(reading.value).items()}
    if not known:
        return ordered
    return [_with_states(one, known) for one in ordered]


def _with_states(reading: Reading, known: dict[tuple[str, str], LoadControl]) -> Reading:
    if not isinstance(reading.value, ResourceStatus):
        return reading
    for name, state in _states(reading.value).items():
        known[reading.r_id, name] = state
    capacity, level, percent, point = (known.get((reading.r_id, name)) for name in _STATES)
    value = replace(
        reading.value,
        capacity=capacity,
        level_offset=level,
        percent_offset=percent,
        set_point=point,
    )
    return replace(reading, value=value)


def _states(status: ResourceStatus) -> dict[str, LoadControl]:
    found = {name: getattr(status, name) for name in _STATES}
    return {name: state for name, state in found.items() if state is not None}


def _grid(
    samples: Sequence[Reading], points: _Points, window: Window, granularity: timedelta
) -> list[Reading]:
    """Returns a value of every data point in every slot (R300, R318, R346)."""
    offered = {r_id: point for r_id, point in points.items() if point is not None}
    found = list(resample(samples, granularity, window.start, window.end, points=offered))
    have = {(one.r_id, one.start) for one in found}
    starts = slots(window.start, window.end, granularity)
    ends = [*starts[1:], window.end]
    seen = {one.r_id: one for one in reversed(samples)}
    for r_id, point in points.items():
        timed = _is_timed(point, seen.get(r_id))
        found += [
            _missing(r_id, point, start, end - start if timed else ZERO)
            for start, end in zip(starts, ends, strict=True)
            if (r_id, start) not in have
        ]
    return found


def _changed(samples: Sequence[Reading], points: _Points, window: Window) -> list[Reading]:
    """Returns what changed in the window; the previous value of what did not (R317)."""
    by_id: dict[str, list[Reading]] = {r_id: [] for r_id in points}
    for one in samples:
        by_id[one.r_id].append(one)
    chosen: list[Reading] = []
    for r_id, point in points.items():
        mine = by_id[r_id]
        previous = next((one for one in reversed(mine) if one.start < window.start), None)
        inside = [one for one in mine if window.start <= one.start < window.end]
        changed = _without_repeats(inside, previous)
        if changed:
            chosen += changed
        elif previous is None:
            chosen.append(_missing(r_id, point, window.start, ZERO))
        else:
            chosen.append(_unchanged(previous, window.start))
    return chosen


def _unchanged(reading: Reading, start: datetime) -> Reading:
    quality = DataQuality.PREVIOUS_VALUE.value if reading.usable else reading.quality
    return replace(reading, start=start, duration=ZERO, quality=quality)


def _without_repeats(readings: Iterable[Reading], previous: Reading | None) -> list[Reading]:
    """Leaves out point data that says what was said before; amounts always count."""
    kept: list[Reading] = []
    for reading in readings:
        same = previous is not None and (previous.value, previous.quality) == (
            reading.value,
            reading.quality,
        )
        if reading.duration or not same:
            kept.append(reading)
        previous = reading
    return kept


def _stored(
    samples: Sequence[Reading], points: _Points, window: Window, offer: Offer, now: datetime
) -> list[Reading]:
    """Returns what is stored of the window, as it is (R317, R341)."""
    chosen = [one for one in samples if window.start <= one.start < window.end]
    start = window.start if window.start > EVER else add(now, -offer.duration)
    start = chosen[0].start if chosen else start
    have = {one.r_id for one in chosen}
    chosen += [
        _missing(r_id, point, start, ZERO) for r_id, point in points.items() if r_id not in have
    ]
    return chosen


def _latest(samples: Sequence[Reading], points: _Points, window: Window) -> list[Reading]:
    """Returns the latest value of every data point, all in one interval (R324).

    The interval is that of the latest interval data, if there is any. Amounts of
    another time keep an interval of their own. Point data joins with its last sample
    in the interval, or else with its last one of all.
    """
    latest = {one.r_id: one for one in samples}
    timed = [one for one in latest.values() if one.duration]
    anchor = max(timed or latest.values(), key=lambda one: one.start, default=None)
    if anchor is None:
        return [_missing(r_id, point, window.start, ZERO) for r_id, point in points.items()]
    until = add(anchor.start, anchor.duration)
    momentary = [one for one in samples if not one.duration]
    within = {one.r_id: one for one in momentary if anchor.start <= one.start <= until}
    chosen: list[Reading] = []
    for r_id, point in points.items():
        if r_id not in latest:
            chosen.append(_missing(r_id, point, anchor.start, anchor.duration))
        elif latest[r_id].duration:
            chosen.append(latest[r_id])
        else:
            chosen.append(_joined(within.get(r_id, latest[r_id]), point, anchor.start))
    return chosen


def _joined(reading: Reading, point: DataPoint | None, start: datetime) -> Reading:
    """Returns point data at another time, marked if it is older than a sample may be."""
    allowed = point.max_period if point is not None else ZERO
    quality = reading.quality
    if quality is None and allowed and reading.start < add(start, -allowed):
        quality = DataQuality.UNCERTAIN_LAST_USABLE.value
    return replace(reading, start=start, quality=quality)


def _is_timed(point: DataPoint | None, seen: Reading | None) -> bool:
    """Returns whether a data point is interval data: as seen, or else by its unit."""
    if seen is not None:
        return bool(seen.duration)
    return point is not None and point.accumulates


def _missing(r_id: str, point: DataPoint | None, start: datetime, duration: timedelta) -> Reading:
    status = point is not None and point.is_status
    return missing(r_id, start, duration, status=status)


def _intervals(readings: Sequence[Reading], points: _Points) -> tuple[Interval, ...]:
    """Returns readings as intervals: one for those of the same time and length.

    A momentary value joins an interval that begins with it, if there is one.
    """
    cells: dict[tuple[datetime, timedelta], dict[str, Reading]] = {}
    beginning: dict[datetime, list[dict[str, Reading]]] = {}
    for reading in sorted(readings, key=lambda one: not one.duration):
        key = (reading.start, reading.duration)
        open_cells = beginning.setdefault(reading.start, [])
        cell = cells.get(key)
        if not reading.duration:
            cell = next((one for one in open_cells if reading.r_id not in one), cell)
        if cell is None:
            cell = cells[key] = {}
            open_cells.append(cell)
        cell[reading.r_id] = reading
    timed = any(duration for _, duration in cells)
    return tuple(
        Interval(
            dtstart=start,
            duration=duration if timed else None,
            payloads=tuple(_payload(cell[r_id]) for r_id in points if r_id in cell),
        )
        for (start, duration), cell in sorted(cells.items(), key=lambda item: item[0])
    )


def _payload(reading: Reading) -> ReportPayload:
    return ReportPayload(
        r_id=reading.r_id,
        confidence=reading.confidence,
        accuracy=reading.accuracy,
        value=reading.value,
        data_quality=reading.quality,
    )


def _status_only(intervals: Sequence[Interval]) -> bool:
    return len(intervals) == 1 and all(
        isinstance(payload, ReportPayload) and isinstance(payload.value, ResourceStatus)
        for payload in intervals[0].payloads
    )


def _bare(interval: Interval) -> Interval:
    return replace(interval, dtstart=None, duration=None, uid="0")
