"""What the VEN of the kit reports: data in each shape that the profile knows (R313 to R318).

Each function makes an ``oadrReport`` that answers a request; what is measured is told apart
by the rID: ``offers.STATUS`` is a state, all else is a number.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from conformance.peers.offers import STATUS
from oadr import messages as m

VALUE = Decimal("17.25")
ONLINE = m.ResourceStatus(online=True, manual_override=False)


def payloads(
    request: m.ReportRequest,
    value: Decimal | m.ResourceStatus | None = None,
    **changes: object,
) -> tuple[m.ReportPayload, ...]:
    """Returns a value of each data point that a request wants (R300).

    Args:
        request: of the VTN.
        value: of all that can have it; None for some number or state.
        changes: fields of ``m.ReportPayload``.
    """
    return tuple(
        replace(_payload(one.r_id, value), **changes)  # type: ignore[arg-type]
        for one in request.data_points
    )


def _payload(r_id: str, value: Decimal | m.ResourceStatus | None) -> m.ReportPayload:
    if r_id == STATUS and not isinstance(value, m.ResourceStatus):
        value = ONLINE
    return m.ReportPayload(r_id=r_id, value=VALUE if value is None else value)


def report(
    request: m.ReportRequest,
    offer: m.Report,
    intervals: Sequence[m.Interval],
    *,
    start: datetime,
    now: datetime,
    duration: timedelta | None = None,
) -> m.Report:
    """Returns data for a request.

    Args:
        request: of the VTN.
        offer: the metadata of what it wants.
        intervals: oldest first.
        start: of the first interval (R314).
        now: the moment.
        duration: from the first to the last interval (R315); None for none.
    """
    return m.Report(
        dtstart=start,
        duration=duration,
        intervals=tuple(intervals),
        report_request_id=request.report_request_id,
        report_specifier_id=request.report_specifier_id,
        report_name=(offer.report_name or "").removeprefix("METADATA_"),
        created_date_time=now,
    )


def at_once(request: m.ReportRequest, offer: m.Report, *, now: datetime) -> m.Report:
    """Returns the present values: one interval that has no dtstart of its own (R1_3010)."""
    interval = m.Interval(uid="0", payloads=payloads(request))
    return report(request, offer, [interval], start=now, now=now)


def points(
    request: m.ReportRequest, offer: m.Report, starts: Sequence[datetime], *, now: datetime
) -> m.Report:
    """Returns momentary values: intervals with a dtstart and no duration (R315)."""
    intervals = [
        m.Interval(dtstart=one, uid=str(n), payloads=payloads(request, VALUE + n))
        for n, one in enumerate(starts)
    ]
    return report(request, offer, intervals, start=starts[0], now=now)


def amounts(
    request: m.ReportRequest,
    offer: m.Report,
    *,
    start: datetime,
    step: timedelta,
    count: int,
    now: datetime,
) -> m.Report:
    """Returns amounts: intervals with dtstart and duration (R315)."""
    intervals = [
        m.Interval(
            dtstart=start + n * step,
            duration=step,
            uid=str(n),
            payloads=payloads(request, VALUE + n),
        )
        for n in range(count)
    ]
    return report(request, offer, intervals, start=start, now=now, duration=count * step)


def counted(
    request: m.ReportRequest,
    offer: m.Report,
    *,
    start: datetime,
    step: timedelta,
    count: int,
    now: datetime,
) -> m.Report:
    """Returns amounts whose intervals are numbered and have no dtstart (R315, R316)."""
    whole = amounts(request, offer, start=start, step=step, count=count, now=now)
    return replace(whole, intervals=tuple(replace(one, dtstart=None) for one in whole.intervals))
