"""Delivered reports, held against what was asked for.

Spec: rules 300, 304, 313 to 316, and 342.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from oadr.errors import InvalidId
from oadr.messages import Report, ReportPayload, ReportRequest
from oadr.report.offer import PREFIX, Offer
from oadr.words import listed, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A breach of a rule that does no harm: for the log, not for a refusal.

    Attributes:
        rule: such as ``"R314"``.
        text: what is wrong, for people.
    """

    rule: str
    text: str

    def __str__(self) -> str:
        return f"{self.text} ({self.rule})"


def check_update(report: Report, request: ReportRequest, offer: Offer) -> None:
    """Returns if the IDs of a report are those that were asked for.

    Args:
        report: as it came.
        request: the one with its ``reportRequestID``.
        offer: what was asked for.

    Raises:
        InvalidId: another request, another report, or a data point that was not
            requested (R304, 452).
    """
    if report.report_request_id != request.report_request_id:
        raise InvalidId(
            f"reportRequestID {quoted(report.report_request_id)} is not the one that was asked "
            f"with, {quoted(request.report_request_id)}",
            rule="R304",
        )
    if report.report_specifier_id not in {request.report_specifier_id, offer.specifier_id}:
        raise InvalidId(
            f"reportSpecifierID {quoted(report.report_specifier_id)} does not belong to request "
            f"{quoted(request.report_request_id)}; expected {quoted(offer.specifier_id)}",
            rule="R304",
        )
    delivered = _delivered(report)
    strange = delivered and delivered - {point.r_id for point in request.data_points}
    if strange:
        raise InvalidId(
            f"rID {listed(sorted(strange))} was not asked for in request "
            f"{quoted(request.report_request_id)}",
            rule="R304",
        )


def findings(report: Report, request: ReportRequest, offer: Offer) -> tuple[Finding, ...]:
    """Returns what else is wrong with a report that can be used as it is.

    Args:
        report: one that passed ``check_update``.
        request: the one with its ``reportRequestID``.
        offer: what was asked for.
    """
    return (
        *_head_findings(report, offer),
        *_time_findings(report),
        *_kind_findings(report, offer),
        *_missing_findings(report, request),
    )


def _head_findings(report: Report, offer: Offer) -> Iterator[Finding]:
    if report.descriptions:
        yield Finding(rule="R313", text="a data report holds no oadrReportDescription")
    if not report.report_name:
        yield Finding(rule="R313", text="a data report has a reportName")
    elif report.report_name.startswith(PREFIX):
        yield Finding(rule="R313", text=f"{quoted(report.report_name)} is a name for metadata only")
    elif offer.report_name and report.report_name != offer.report_name:
        yield Finding(
            rule="R313",
            text=f"the name of the report is {quoted(report.report_name)}, "
            f"that of its offer {quoted(offer.report_name)}",
        )


def _time_findings(report: Report) -> Iterator[Finding]:
    if not report.intervals:
        yield Finding(rule="R313", text="a data report has intervals")
        return
    starts = [one.dtstart for one in report.intervals if one.dtstart is not None]
    lengths = [one.duration for one in report.intervals if one.duration is not None]
    count = len(report.intervals)
    if report.dtstart is None:
        yield Finding(rule="R313", text="a data report has a dtstart")
    elif starts and report.dtstart != starts[0]:
        yield Finding(
            rule="R314", text="the dtstart of the report is not that of its first interval"
        )
    if len(starts) not in {0, count}:
        yield Finding(rule="R314", text="some intervals have a dtstart and some have none")
    if starts != sorted(starts):
        yield Finding(rule="R314", text="the oldest interval does not come first")
    if len(lengths) not in {0, count}:
        yield Finding(rule="R315", text="some intervals have a duration and some have none")
    if not starts and [one.uid for one in report.intervals] != [str(n) for n in range(count)]:
        yield Finding(rule="R316", text="intervals without a dtstart need a uid, 0, 1 and so on")
    if not starts and count > 1 and report.duration is None:
        yield Finding(rule="R315", text="a report without starts of its intervals needs a duration")


def _kind_findings(report: Report, offer: Offer) -> Iterator[Finding]:
    """What no report may hold (R342): totals without a time, moments with one.

    A report that mixes totals and momentary values may give both to all of them.
    """
    points = offer.by_id()
    kinds = {points[r_id].accumulates for r_id in _delivered(report) if r_id in points}
    if len(kinds) != 1 or len(report.intervals) < 1:
        return
    totals = kinds.pop()
    starts = any(one.dtstart is not None for one in report.intervals)
    lengths = any(one.duration is not None for one in report.intervals)
    if totals and starts and not lengths:
        text = "amounts such as energy need a duration beside the dtstart of their intervals"
        yield Finding(rule="R342", text=text)
    elif not totals and lengths and not starts:
        text = "momentary values need the dtstart of their intervals, not a duration"
        yield Finding(rule="R342", text=text)


def _missing_findings(report: Report, request: ReportRequest) -> Iterator[Finding]:
    delivered = _delivered(report)
    for point in request.data_points:
        if point.r_id not in delivered:
            yield Finding(rule="R300", text=f"rID {quoted(point.r_id)} is missing in the report")


def _delivered(report: Report) -> set[str]:
    return {
        payload.r_id
        for interval in report.intervals
        for payload in interval.payloads
        if isinstance(payload, ReportPayload)
    }
