"""Offers, requests and readings that the report tests share."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from oadr.codec import decode, encode
from oadr.messages import (
    Period,
    Report,
    ReportPayload,
    ReportRequest,
    ResourceStatus,
    SpecifierPayload,
    UpdateReport,
)
from oadr.report import Offer, Reading, history_offer, status_offer, usage_offer
from oadr.times import ZERO
from oadr.units import unit

T = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
UNITS = {"power": unit("powerReal"), "energy": unit("energyReal")}

USAGE: Offer = usage_offer(
    "usage", UNITS, min_period=10 * SECOND, max_period=HOUR, duration=DAY, on_change=True
)
STATUS: Offer = status_offer(
    "status",
    {"boiler": None, "pump": None},
    min_period=10 * SECOND,
    max_period=HOUR,
    duration=DAY,
    on_change=True,
)
HISTORY: Offer = history_offer("history", UNITS, period=MINUTE, duration=30 * DAY)
ONLINE = ResourceStatus(online=True, manual_override=False)
OVERRIDDEN = ResourceStatus(online=True, manual_override=True)


def asked(
    offer: Offer,
    *r_ids: str,
    granularity: timedelta = ZERO,
    back: timedelta = ZERO,
    start: datetime | None = T,
    duration: timedelta = ZERO,
    request_id: str = "R1",
) -> ReportRequest:
    """Returns a request as a peer might write it, sensible or not."""
    return ReportRequest(
        report_request_id=request_id,
        report_specifier_id=offer.specifier_id,
        granularity=granularity,
        report_back_duration=back,
        report_interval=Period(dtstart=start, duration=duration) if start else None,
        data_points=tuple(SpecifierPayload(r_id=r_id) for r_id in r_ids),
    )


def point(r_id: str, at: datetime, value: int | str = 1, quality: str | None = None) -> Reading:
    """Returns point data."""
    return Reading(r_id=r_id, start=at, value=Decimal(value), quality=quality)


def amount(
    r_id: str,
    at: datetime,
    duration: timedelta = MINUTE,
    value: int | str = 1,
    quality: str | None = None,
) -> Reading:
    """Returns interval data."""
    return Reading(r_id=r_id, start=at, duration=duration, value=Decimal(value), quality=quality)


def over_the_wire(report: Report) -> Report:
    """Returns what a peer decodes of a report; it is valid by the schema, or this raises."""
    message = decode(encode(UpdateReport(request_id="u", reports=(report,), ven_id="v")))
    assert isinstance(message, UpdateReport)
    return message.reports[0]


def payloads(report: Report) -> list[list[ReportPayload]]:
    """Returns the payloads of each interval."""
    return [
        [one for one in interval.payloads if isinstance(one, ReportPayload)]
        for interval in report.intervals
    ]


def r_ids(report: Report) -> list[list[str]]:
    """Returns the data points of each interval."""
    return [[one.r_id for one in interval] for interval in payloads(report)]


def values(readings: Sequence[Reading]) -> list[object]:
    """Returns the values alone."""
    return [reading.value for reading in readings]
