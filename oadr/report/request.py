"""Requests as their requester builds them.

They are measured by the rules of the source (``oadr.report.accept``), so what is built
here is accepted there. Spec: rules 308, 317, 321, 322, 324, 325, 327, 338 and 340.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from oadr.errors import InvalidData
from oadr.messages import Period, ReportRequest, SpecifierPayload
from oadr.report.accept import check_against, kind_of
from oadr.report.offer import METADATA, Offer
from oadr.times import ZERO, utc
from oadr.words import quoted


def build_request(
    offer: Offer,
    *,
    request_id: str,
    now: datetime,
    start: datetime | None,
    duration: timedelta = ZERO,
    granularity: timedelta,
    back: timedelta,
    r_ids: Iterable[str] | None = None,
) -> ReportRequest:
    """Returns a request for telemetry, periodic or on change.

    It carries a ``reportInterval``, always (R324).

    Args:
        offer: what is asked for.
        request_id: unique in the requesting party (R322).
        now: aware; the start if there is none.
        start: of the data; None is at once.
        duration: for how long; 0 is for ever (R325).
        granularity: how often to sample; 0 is on change (R317).
        back: how often to report, > 0 and at least ``granularity``.
        r_ids: the wanted data points; None is all that are offered.

    Raises:
        InvalidId: a data point is not offered (R304).
        InvalidData: it asks for more than is offered; the text names what is (R340).
    """
    if back <= ZERO:
        raise InvalidData("a periodic request needs a reportBackDuration > 0", rule="R324")
    begin = _whole_seconds(now if start is None else start)
    period = Period(dtstart=begin, duration=duration)
    return _build(offer, request_id, period, granularity=granularity, back=back, r_ids=r_ids)


def build_one_shot(
    offer: Offer,
    *,
    request_id: str,
    now: datetime,
    r_ids: Iterable[str] | None = None,
    interval: bool = False,
) -> ReportRequest:
    """Returns a request for one report, now (R324).

    Args:
        offer: what is asked for.
        request_id: unique in the requesting party (R322).
        now: aware.
        r_ids: the wanted data points; None is all that are offered.
        interval: whether to write a ``reportInterval``. Sources ignore it, as they must;
            some, however, drop a report whose interval has begun when they hear of it.

    Raises:
        InvalidId: a data point is not offered (R304).
    """
    period = Period(dtstart=_whole_seconds(now), duration=ZERO) if interval else None
    return _build(offer, request_id, period, r_ids=r_ids)


def build_history_request(
    offer: Offer,
    *,
    request_id: str,
    start: datetime,
    duration: timedelta = ZERO,
    r_ids: Iterable[str] | None = None,
) -> ReportRequest:
    """Returns a request for stored readings.

    Args:
        offer: of history.
        request_id: unique in the requesting party (R322).
        start: of the oldest wanted reading.
        duration: how much from there on; 0 is all up to now (R325).
        r_ids: the wanted data points; None is all that are offered.

    Raises:
        InvalidId: a data point is not offered (R304).
        InvalidData: the offer is not one of history, or it is shorter than that (R340).
    """
    if not offer.is_history:
        raise InvalidData(
            f"report {quoted(offer.specifier_id)} is {offer.report_name or 'unnamed'}, "
            "which holds no history; ask for a HISTORY report",
            rule="R325",
        )
    period = Period(dtstart=_whole_seconds(start), duration=duration)
    return _build(offer, request_id, period, r_ids=r_ids)


def build_metadata_request(
    request_id: str,
    *,
    every: timedelta = ZERO,
    duration: timedelta = ZERO,
    now: datetime | None = None,
) -> ReportRequest:
    """Returns a request for the metadata of the peer (R308, R327).

    Args:
        request_id: unique in the requesting party (R322).
        every: how often; 0 is once and now.
        duration: for how long, if it is repeated; 0 is for ever (R325).
        now: aware; the start if it is repeated (R324).

    Raises:
        InvalidData: a duration is negative.
        ValueError: it is repeated, and nobody says from when on.
    """
    if min(every, duration) < ZERO:
        raise InvalidData("metadata is repeated every duration > 0, or asked for once", rule="R324")
    if every and now is None:
        raise ValueError("a request that is repeated needs now")
    start = _whole_seconds(now) if every and now is not None else None
    return ReportRequest(
        report_request_id=request_id,
        report_specifier_id=METADATA,
        granularity=ZERO,
        report_back_duration=every,
        report_interval=None if start is None else Period(dtstart=start, duration=duration),
        data_points=(SpecifierPayload(r_id="0"),),
    )


def _build(
    offer: Offer,
    request_id: str,
    period: Period | None,
    *,
    granularity: timedelta = ZERO,
    back: timedelta = ZERO,
    r_ids: Iterable[str] | None,
) -> ReportRequest:
    wanted = [point.r_id for point in offer.points] if r_ids is None else list(r_ids)
    request = ReportRequest(
        report_request_id=request_id,
        report_specifier_id=offer.specifier_id,
        granularity=granularity,
        report_back_duration=back,
        report_interval=period,
        data_points=tuple(SpecifierPayload(r_id=r_id) for r_id in dict.fromkeys(wanted)),
    )
    check_against(request, offer, kind_of(request, offer))
    return request


def _whole_seconds(moment: datetime) -> datetime:
    return utc(moment).replace(microsecond=0)
