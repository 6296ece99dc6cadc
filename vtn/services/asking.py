"""Report requests that a handler has made, in the form in which they may be sent."""

from dataclasses import replace
from datetime import datetime

from oadr import messages as m
from oadr.times import ZERO


def as_asked(message: m.CreateReport, now: datetime) -> m.CreateReport:
    """Returns an oadrCreateReport whose requests say what requests have to, and no more.

    Units are left out (R321), the type of reading is ``x-notApplicable`` (R338), and a
    periodic request without times begins now and has no end (R324).

    Args:
        message: as a handler made it.
        now: the moment.
    """
    start = now.replace(microsecond=0)
    return replace(message, requests=tuple(_request(one, start) for one in message.requests))


def _request(request: m.ReportRequest, start: datetime) -> m.ReportRequest:
    interval = request.report_interval
    if interval is None and request.report_back_duration > ZERO:
        interval = m.Period(dtstart=start, duration=ZERO)
    points = tuple(m.SpecifierPayload(r_id=point.r_id) for point in request.data_points)
    return replace(request, report_interval=interval, data_points=points)
