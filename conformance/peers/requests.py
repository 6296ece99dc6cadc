"""Report requests as they should be, out of the metadata that a VEN has sent (R300)."""

from dataclasses import replace
from datetime import datetime, timedelta

from oadr import messages as m

ZERO = timedelta(0)
_SECOND = timedelta(seconds=1)
METADATA = "METADATA"


def points_of(offer: m.Report) -> tuple[str, ...]:
    """Returns the rIDs of a metadata report."""
    return tuple(one.r_id for one in offer.descriptions)


def fastest(offer: m.Report, *points: str) -> timedelta:
    """Returns the shortest granularity that all of some data points allow (R317).

    Args:
        offer: the metadata report.
        points: rIDs; none for all.
    """
    rates = _rates(offer, points)
    return max((one.min_period for one in rates), default=ZERO)


def slowest(offer: m.Report, *points: str) -> timedelta:
    """Returns the longest granularity that all of some data points allow; 0 if that is not said."""
    return min((one.max_period for one in _rates(offer, points)), default=ZERO)


def in_common(offer: m.Report) -> m.Report:
    """Returns a metadata report with those data points that can be sampled with the first."""
    low, high, kept = ZERO, timedelta.max, []
    for one in offer.descriptions:
        rate = one.sampling_rate
        least, most = (rate.min_period, rate.max_period) if rate is not None else (low, high)
        if max(low, least) <= min(high, most or high):
            low, high = max(low, least), min(high, most or high)
            kept.append(one)
    return replace(offer, descriptions=tuple(kept))


def step(offer: m.Report, unit: timedelta, *points: str) -> timedelta:
    """Returns a granularity that a VEN offers, in whole seconds, about half a unit long.

    Args:
        offer: the metadata report.
        unit: a short while of the device's clock.
        points: rIDs; none for all.
    """
    wanted = max(fastest(offer, *points), unit / 2, _SECOND)
    most = slowest(offer, *points)
    return _whole(min(wanted, most) if most else wanted)


def once(
    offer: m.Report,
    request_id: str,
    *points: str,
    granularity: timedelta = ZERO,
    since: datetime | None = None,
) -> m.ReportRequest:
    """Returns a request for one report, now (R324).

    Args:
        offer: the metadata report.
        request_id: reportRequestID.
        points: rIDs; none for all.
        granularity: which does not matter then.
        since: dtstart of a reportInterval, which does not matter either; None for none.
    """
    period = None if since is None else m.Period(dtstart=since, duration=ZERO)
    return _made(offer, request_id, points, granularity, ZERO, period)


def periodic(
    offer: m.Report,
    request_id: str,
    *points: str,
    start: datetime,
    duration: timedelta = ZERO,
    granularity: timedelta,
    back: timedelta | None = None,
) -> m.ReportRequest:
    """Returns a request for a report again and again (R317, R325).

    Args:
        offer: the metadata report.
        request_id: reportRequestID.
        points: rIDs; none for all.
        start: of the first.
        duration: for how long; 0 is for ever.
        granularity: of sampling; 0 asks for changes.
        back: how often a report comes; as often as a sample if left out.
    """
    period = m.Period(dtstart=start.replace(microsecond=0), duration=duration)
    return _made(offer, request_id, points, granularity, back or granularity, period)


def history(
    offer: m.Report,
    request_id: str,
    *points: str,
    start: datetime,
    duration: timedelta = ZERO,
) -> m.ReportRequest:
    """Returns a request for what is stored; duration 0 is all since the start (R325)."""
    period = m.Period(dtstart=start.replace(microsecond=0), duration=duration)
    return _made(offer, request_id, points, ZERO, ZERO, period)


def metadata(
    request_id: str, *, back: timedelta = ZERO, start: datetime | None = None
) -> m.ReportRequest:
    """Returns a request for metadata, once or again and again (R308, R327)."""
    period = None
    if start is not None:
        period = m.Period(dtstart=start.replace(microsecond=0), duration=ZERO)
    return m.ReportRequest(
        report_request_id=request_id,
        report_specifier_id=METADATA,
        granularity=ZERO,
        report_back_duration=back,
        report_interval=period,
        data_points=(m.SpecifierPayload(r_id="0"),),
    )


def _rates(offer: m.Report, points: tuple[str, ...]) -> list[m.SamplingRate]:
    return [
        one.sampling_rate
        for one in offer.descriptions
        if one.sampling_rate is not None and (not points or one.r_id in points)
    ]


def _whole(length: timedelta) -> timedelta:
    """Returns a length in whole seconds, rounded up: durations have no decimals (R1)."""
    return -(-length // _SECOND) * _SECOND


def _made(
    offer: m.Report,
    request_id: str,
    points: tuple[str, ...],
    granularity: timedelta,
    back: timedelta,
    period: m.Period | None,
) -> m.ReportRequest:
    return m.ReportRequest(
        report_request_id=request_id,
        report_specifier_id=offer.report_specifier_id,
        granularity=granularity,
        report_back_duration=back,
        report_interval=period,
        data_points=tuple(m.SpecifierPayload(r_id=one) for one in points or points_of(offer)),
    )
