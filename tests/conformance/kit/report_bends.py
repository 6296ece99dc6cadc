"""How a VEN says something else about reports than it should; for mutants."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from oadr import codec
from oadr import messages as m
from tests.conformance.kit.bent import Bend

PENDING = r"(<oadr:oadrPendingReports>).*(</oadr:oadrPendingReports>)"
UPDATE, CREATED, CANCELED = "oadrUpdateReport", "oadrCreatedReport", "oadrCanceledReport"
REGISTER = "oadrRegisterReport"
_THEN = datetime(2026, 1, 1, tzinfo=UTC)


def ids_in(data: bytes) -> list[str]:
    """Returns the reportRequestIDs in a document."""
    return re.findall(r"<ei:reportRequestID>([^<]*)<", data.decode())


def first_only(name: str, count: int = 1) -> Bend:
    """Returns a bend that swallows all messages of a name but the first ones."""
    seen = [0]

    def bend(given: str, data: bytes) -> bytes | None:
        if given != name:
            return data
        seen[0] += 1
        return data if seen[0] <= count else None

    return bend


def reports(change: Callable[[int, m.Report], tuple[m.Report, ...]]) -> Bend:
    """Returns a bend that puts other reports in the place of each.

    Args:
        change: gets the number of the message, from 1, and a report of it.
    """
    seen = [0]

    def bend(given: str, data: bytes) -> bytes:
        if given != UPDATE:
            return data
        seen[0] += 1
        message = codec.decode(data)
        assert isinstance(message, m.UpdateReport)
        made = tuple(new for one in message.reports for new in change(seen[0], one))
        return codec.encode(replace(message, reports=made))

    return bend


def twice(number: int, report: m.Report) -> tuple[m.Report, ...]:
    """Returns a report, and one just like it that was made a second later."""
    later = report.created_date_time + timedelta(seconds=1)
    return report, replace(report, created_date_time=later)


def beside(number: int, report: m.Report) -> tuple[m.Report, ...]:
    """Returns a report, and one of a second later."""
    second = timedelta(seconds=1)
    intervals = tuple(
        replace(one, dtstart=one.dtstart and one.dtstart + second) for one in report.intervals
    )
    start = report.dtstart and report.dtstart + second
    return report, replace(report, dtstart=start, intervals=intervals)


def first_of_each() -> Bend:
    """Returns a bend that swallows all reports for a request but the first."""
    seen: set[str] = set()

    def bend(name: str, data: bytes) -> bytes | None:
        if name != UPDATE:
            return data
        new = set(ids_in(data)) - seen
        seen.update(new)
        return data if new else None

    return bend


def apart(number: int, report: m.Report) -> tuple[m.Report, ...]:
    """Returns a report with an interval of its own for each value."""
    intervals = tuple(
        replace(one, payloads=(payload,), dtstart=one.dtstart or report.dtstart)
        for one in report.intervals
        for payload in one.payloads
    )
    return (replace(report, intervals=intervals),)


def cut(report: m.Report) -> m.Report:
    """Returns a report with its first interval alone."""
    return replace(report, intervals=report.intervals[:1])


def in_place_of_poll(
    after: str,
    make: Callable[[list[str], bytes], m.UpdateReport | m.RegisterReport],
    named: str = "",
    skip: int = 0,
) -> Bend:
    """Returns a bend that says something of its own at a poll after a message.

    Args:
        after: the name of the message.
        make: what to say; gets the reportRequestIDs of the last message called ``named``
            with any, and its document.
        named: where the reportRequestIDs are from; the message itself if left out.
        skip: how many polls to leave as they are.
    """
    known: list[tuple[list[str], bytes]] = []
    due, left = [False, False], [skip]

    def bend(given: str, data: bytes) -> bytes:
        if given == (named or after) and (ids_in(data) or not named):
            known.append((ids_in(data), data))
        if given == after:
            due[0] = True
        if given != "oadrPoll" or not due[0] or due[1] or not known:
            return data
        if left[0]:
            left[0] -= 1
            return data
        due[1] = True
        (ven_id,) = re.findall("<ei:venID>([^<]*)<", data.decode())
        return codec.encode(replace(make(*known[-1]), ven_id=ven_id))

    return bend


def data_for(request_id: str, specifier_id: str, *points: str) -> m.UpdateReport:
    """Returns data as they should be, from a time of long ago."""
    state = m.ResourceStatus(online=True, manual_override=False)
    status = specifier_id == "TELEMETRY_STATUS"
    payloads = tuple(
        m.ReportPayload(r_id=one, value=state if status else Decimal(1)) for one in points
    )
    report = m.Report(
        dtstart=_THEN,
        intervals=(m.Interval(uid="0", payloads=payloads),),
        report_request_id=request_id,
        report_specifier_id=specifier_id,
        report_name=specifier_id,
        created_date_time=_THEN,
    )
    return m.UpdateReport(request_id="bent", reports=(report,))
