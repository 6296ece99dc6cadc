"""Reports to send: intervals of a minute with one reading each."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from benchmarks.join import POINT_ID, SPECIFIER_ID
from oadr import codec
from oadr import messages as m

_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


def report(ven_id: str, request_id: str, *, number: int, intervals: int) -> bytes:
    """Returns an oadrUpdateReport.

    Args:
        ven_id: who sends it.
        request_id: what was asked for.
        number: of the report; each has intervals of its own, so each is stored anew.
        intervals: how many, >= 1.
    """
    start = _FIRST + number * intervals * _MINUTE
    content = m.Report(
        dtstart=start,
        duration=intervals * _MINUTE,
        report_request_id=request_id,
        report_specifier_id=SPECIFIER_ID,
        report_name="TELEMETRY_USAGE",
        created_date_time=start,
        intervals=tuple(_interval(start, n) for n in range(intervals)),
    )
    message = m.UpdateReport(request_id=f"report-{number}", ven_id=ven_id, reports=(content,))
    return codec.encode(message)


def _interval(start: datetime, n: int) -> m.Interval:
    value = Decimal(n % 997) / 100 + Decimal("1.25")
    return m.Interval(
        dtstart=start + n * _MINUTE,
        duration=_MINUTE,
        uid=str(n),
        payloads=(m.ReportPayload(r_id=POINT_ID, value=value),),
    )
