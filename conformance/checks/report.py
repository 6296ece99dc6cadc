"""oadrUpdateReport: data (R313 to R319, R331, R334, R342)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from conformance.checks.check import BOTH, Seen, message
from conformance.checks.document import Document
from conformance.checks.metadata import PREFIX, reports_of
from conformance.checks.xml import (
    ZERO,
    Element,
    duration,
    each,
    first,
    local,
    moment,
    number,
    text,
)

NAME = "oadrUpdateReport"
_INTERVALS = "strm:intervals/ei:interval"
_START = "xcal:dtstart/xcal:date-time"
_LENGTH = "xcal:duration/xcal:duration"
_PAYLOAD = "oadr:oadrReportPayload"
_STATE = "oadr:oadrPayloadResourceStatus/oadr:oadrLoadControlState"
#: Qualities that say that the value beside them is none (R318).
_NO_VALUE = ("Quality Bad", "No Quality", "No New Value")


def _intervals(document: Document) -> Iterator[tuple[Element, list[Element]]]:
    for report in reports_of(document):
        yield report, list(each(report, _INTERVALS))


def _payloads(document: Document) -> Iterator[tuple[Element, Element]]:
    for report, intervals in _intervals(document):
        for interval in intervals:
            for payload in each(interval, _PAYLOAD):
                yield report, payload


@message(313, BOTH, NAME)
def no_description(document: Document) -> Iterator[Seen]:
    """Data hold no oadrReportDescription."""
    for report in reports_of(document):
        found = first(report, "oadr:oadrReportDescription")
        if found is not None:
            yield Seen("an oadrReportDescription", found)


@message(313, BOTH, NAME)
def has_data(document: Document) -> Iterator[Seen]:
    """Data have intervals and a dtstart."""
    for report, intervals in _intervals(document):
        if not intervals:
            yield Seen("no intervals", report)
        if first(report, "xcal:dtstart") is None:
            yield Seen("no dtstart", report)


@message(313, BOTH, NAME)
def data_name(document: Document) -> Iterator[Seen]:
    """The reportName of data is there, and has no METADATA_ in front."""
    for report in reports_of(document):
        name = text(report, "ei:reportName") or ""
        if not name or name.startswith(PREFIX):
            yield Seen(f"reportName {name!r}", first(report, "ei:reportName"))


@message(314, BOTH, NAME)
def begins_with_first(document: Document) -> Iterator[Seen]:
    """A report begins with its first interval."""
    for report, intervals in _intervals(document):
        whole = moment(report, _START)
        start = moment(intervals[0], _START) if intervals else None
        if whole is not None and start is not None and whole != start:
            yield Seen(f"dtstart {whole}, first interval {start}", first(report, "xcal:dtstart"))


@message(314, BOTH, NAME)
def all_or_no_starts(document: Document) -> Iterator[Seen]:
    """All intervals have a dtstart, or none has."""
    for report, intervals in _intervals(document):
        starts = [one for one in intervals if first(one, "xcal:dtstart") is not None]
        if starts and len(starts) < len(intervals):
            yield Seen(f"{len(starts)} of {len(intervals)}", report)


@message(314, BOTH, NAME)
def oldest_first(document: Document) -> Iterator[Seen]:
    """The oldest interval comes first."""
    for _, intervals in _intervals(document):
        for before, after in pairwise(intervals):
            first_, second = moment(before, _START), moment(after, _START)
            if first_ is not None and second is not None and second < first_:
                yield Seen(f"{second} after {first_}", after)


@message(315, BOTH, NAME)
def all_or_no_durations(document: Document) -> Iterator[Seen]:
    """All intervals have a duration, or none has."""
    for report, intervals in _intervals(document):
        lengths = [one for one in intervals if first(one, "xcal:duration") is not None]
        if lengths and len(lengths) < len(intervals):
            yield Seen(f"{len(lengths)} of {len(intervals)}", report)


@message(315, BOTH, NAME)
def placed_in_time(document: Document) -> Iterator[Seen]:
    """Intervals without dtstart have a duration, if there is more than one."""
    for report, intervals in _intervals(document):
        if len(intervals) < 2 or first(intervals[0], "xcal:dtstart") is not None:
            continue
        if any(first(one, "xcal:duration") is None for one in intervals):
            yield Seen(f"{len(intervals)} intervals with neither", report)


@message(315, BOTH, NAME)
def spans_intervals(document: Document) -> Iterator[Seen]:
    """The duration of a report reaches from the first to the last interval."""
    for report, intervals in _intervals(document):
        length, span = duration(report, _LENGTH), _span(report, intervals)
        if length is not None and span is not None and length not in span:
            seen = " or ".join(sorted({str(one) for one in span}))
            yield Seen(f"duration {length}, intervals {seen}", first(report, "xcal:duration"))


def _span(report: Element, intervals: list[Element]) -> tuple[timedelta, timedelta] | None:
    """Returns how long intervals take, with the last one's duration and without."""
    if not intervals:
        return None
    start = moment(report, _START)
    ends, at = start, start
    for interval in intervals:
        at = moment(interval, _START) or ends
        length = duration(interval, _LENGTH)
        if at is None or (length is None and first(interval, "xcal:duration") is not None):
            return None
        ends = _later(at, length or ZERO)
    if start is None or at is None or ends is None:
        return None
    # Point data: some count the last period, some do not; both reach to the last.
    step = _step(intervals)
    return ends - start, at - start + (step or ZERO)


def _later(at: datetime, length: timedelta) -> datetime | None:
    try:
        return at + length
    except OverflowError:
        return None


def _step(intervals: list[Element]) -> timedelta | None:
    if len(intervals) < 2:
        return None
    before, last = moment(intervals[-2], _START), moment(intervals[-1], _START)
    return None if before is None or last is None else last - before


@message(316, BOTH, NAME)
def uids_without_starts(document: Document) -> Iterator[Seen]:
    """Intervals without dtstart have the uids 0, 1, 2 and so on."""
    for _, intervals in _intervals(document):
        for index, interval in enumerate(intervals):
            if first(interval, "oadr:oadrGBPayload") is not None:
                continue
            uid = text(interval, "xcal:uid/xcal:text")
            if first(interval, "xcal:dtstart") is None and uid != str(index):
                yield Seen(f"uid {uid!r} for interval {index}", interval)


@message(318, BOTH, NAME)
def no_number_is_bad(document: Document) -> Iterator[Seen]:
    """A value that is no number is marked as bad."""
    for _, payload in _payloads(document):
        value = number(payload, "ei:payloadFloat/ei:value")
        quality = text(payload, "oadr:oadrDataQuality") or ""
        if value is not None and not value.is_finite() and not quality.startswith(_NO_VALUE):
            yield Seen(f"{value} with quality {quality!r}", payload)


@message(319, BOTH, NAME)
def accuracy(document: Document) -> Iterator[Seen]:
    """An accuracy is 0 or more, in the unit of the value."""
    for _, payload in _payloads(document):
        found = number(payload, "ei:accuracy")
        if found is not None and (found.is_nan() or found < 0):
            yield Seen(f"accuracy {found}", first(payload, "ei:accuracy"))


@message(331, BOTH, NAME)
def payload_of_report(document: Document) -> Iterator[Seen]:
    """TELEMETRY_STATUS reports states, the usage reports report numbers."""
    for report, payload in _payloads(document):
        name = text(report, "ei:reportName") or ""
        is_state = first(payload, "oadr:oadrPayloadResourceStatus") is not None
        if (name == "TELEMETRY_STATUS") != is_state and name in _TABLE:
            yield Seen(f"{'a state' if is_state else 'a number'} in {name}", payload)


_TABLE = {"TELEMETRY_STATUS", "TELEMETRY_USAGE", "HISTORY_USAGE"}


@message(334, BOTH, NAME)
def same_states(document: Document) -> Iterator[Seen]:
    """All states of a data point have the same parts in all intervals."""
    for report in reports_of(document):
        parts: dict[str, frozenset[str]] = {}
        for payload in each(report, f"{_INTERVALS}/{_PAYLOAD}"):
            if first(payload, "oadr:oadrPayloadResourceStatus") is None:
                continue
            state = first(payload, _STATE)
            seen = frozenset() if state is None else frozenset(local(one) for one in state)
            name = text(payload, "ei:rID") or ""
            if parts.setdefault(name, seen) != seen:
                yield Seen(f"{', '.join(sorted(seen)) or 'none'} of {name!r}", payload)


@message(342, BOTH, NAME)
def once_in_interval(document: Document) -> Iterator[Seen]:
    """A data point is in an interval once."""
    for _, intervals in _intervals(document):
        for interval in intervals:
            names = [text(one, "ei:rID") for one in each(interval, _PAYLOAD)]
            if len(set(names)) < len(names):
                yield Seen(f"rIDs {', '.join(map(str, names))}", interval)


@message(342, BOTH, NAME)
def lengths_not_negative(document: Document) -> Iterator[Seen]:
    """Durations of intervals are not negative."""
    for _, intervals in _intervals(document):
        for interval in intervals:
            length = duration(interval, _LENGTH)
            if length is not None and length < ZERO:
                yield Seen(f"{length}", interval)
