"""Offers as METADATA reports, and back.

Spec: rules 301, 305, 306, 308, 311, 312, 331 and 333.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from oadr.errors import InvalidId
from oadr.messages import Report, ReportDescription, SamplingRate, Unit
from oadr.report.offer import PREFIX, DataPoint, Offer
from oadr.times import ZERO
from oadr.words import quoted

#: ``reportRequestID`` inside of metadata (R311).
_NO_REQUEST = "0"


def build_metadata(offers: Iterable[Offer], now: datetime) -> tuple[Report, ...]:
    """Returns the offers as the reports of an ``oadrRegisterReport``; none if there are none.

    They are complete (R306), carry request ID 0 (R311), a duration (R312), and neither
    intervals nor a start (R305). ``oadr.report.check_offers`` tells whether they conform.

    Args:
        offers: what can be had.
        now: aware; becomes ``createdDateTime``.
    """
    return tuple(
        Report(
            duration=offer.duration,
            descriptions=tuple(_describe(point) for point in offer.points),
            report_request_id=_NO_REQUEST,
            report_specifier_id=offer.specifier_id,
            report_name=_in_metadata(offer.report_name) or None,
            created_date_time=now.replace(microsecond=0),
        )
        for offer in offers
    )


def _in_metadata(name: str) -> str:
    """Returns a report name as metadata have it.

    Only the well-known names have a form for metadata (R331); to the schema a name of
    somebody's own begins with ``x-``, here as well.
    """
    return name if not name or name.startswith("x-") else PREFIX + name


def _describe(point: DataPoint) -> ReportDescription:
    rate = SamplingRate(
        min_period=point.min_period, max_period=point.max_period, on_change=point.on_change
    )
    known = point.max_period > ZERO or point.on_change
    return ReportDescription(
        r_id=point.r_id,
        subject=point.subject,
        data_source=point.data_source,
        report_type=point.report_type,
        unit=point.unit,
        reading_type=point.reading_type,
        market_context=point.market_context,
        sampling_rate=rate if known else None,
    )


def read_metadata(reports: Sequence[Report]) -> tuple[Offer, ...]:
    """Returns what a peer offers.

    Nothing is refused that can be used: a missing name, duration, unit or sampling
    rate is left open, intervals are not looked at, a range that stands the wrong way
    round is turned.

    Raises:
        InvalidId: two reports share a ``reportSpecifierID``, or two data points of one
            report an ``rID``, so nobody could tell which is asked for (R308, 452).
    """
    _unique((report.report_specifier_id for report in reports), "reportSpecifierID", "metadata")
    return tuple(_read_report(report) for report in reports)


def _read_report(report: Report) -> Offer:
    where = f"report {quoted(report.report_specifier_id)}"
    _unique((description.r_id for description in report.descriptions), "rID", where)
    return Offer(
        specifier_id=report.report_specifier_id,
        report_name=(report.report_name or "").removeprefix(PREFIX),
        duration=max(report.duration or ZERO, ZERO),
        points=tuple(_read_description(description) for description in report.descriptions),
    )


def _read_description(description: ReportDescription) -> DataPoint:
    rate = description.sampling_rate
    periods = (rate.min_period, rate.max_period) if rate is not None else (ZERO, ZERO)
    low, high = sorted(max(period, ZERO) for period in periods)
    return DataPoint(
        r_id=description.r_id,
        report_type=description.report_type,
        unit=description.unit if isinstance(description.unit, Unit) else None,
        reading_type=description.reading_type,
        data_source=description.data_source or None,
        subject=description.subject or None,
        market_context=description.market_context,
        min_period=low,
        max_period=high,
        on_change=rate is not None and rate.on_change,
    )


def _unique(ids: Iterable[str], what: str, where: str) -> None:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise InvalidId(
                f"{what} {quoted(name)} occurs twice in the {where}; it must not",
                rule="R308",
            )
        seen.add(name)
