"""Requests as their source sees them: of which kind, and whether they can be met.

Spec: rules 300, 304, 317, 322, 324, 325, 327, 329, 336 and 340.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum

from oadr.enums import ReportName
from oadr.errors import InvalidData, InvalidId, ProtocolError, ReportNotSupported
from oadr.messages import Period, ReportRequest
from oadr.report.offer import METADATA, DataPoint, Offer
from oadr.times import ZERO, end_of, format_datetime, format_duration
from oadr.words import listed, quoted


class RequestKind(StrEnum):
    """When and how a request is answered."""

    METADATA = "metadata"
    ONE_SHOT = "one-shot"
    PERIODIC = "periodic"
    ON_CHANGE = "on change"
    HISTORY = "history"


def kind_of(request: ReportRequest, offer: Offer | None) -> RequestKind:
    """Returns how a request is to be answered.

    Args:
        request: as it came.
        offer: what it asks for; None for metadata.
    """
    if request.report_specifier_id == METADATA:
        return RequestKind.METADATA
    if offer is not None and offer.is_history:
        return RequestKind.HISTORY
    if request.report_back_duration <= ZERO:
        return RequestKind.ONE_SHOT
    return RequestKind.PERIODIC if request.granularity else RequestKind.ON_CHANGE


def check_request(
    request: ReportRequest,
    offers: Iterable[Offer],
    pending_ids: Collection[str] = (),
    *,
    now: datetime | None = None,
) -> RequestKind:
    """Returns how to answer a request; a source calls this before it accepts one.

    A request whose ID is pending replaces the earlier one, so that a repeated
    oadrCreateReport does no harm (R322). A refused one leaves the earlier one alone.

    Args:
        request: as it came.
        offers: what this party offers.
        pending_ids: the requests that are scheduled.
        now: aware; None leaves out what depends on it.

    Raises:
        InvalidId: the specifier or a data point is not offered (R304, 452).
        InvalidData: it asks for more than is offered, or for the impossible (R340, 454).
        ReportNotSupported: a report that this project cannot make (461).
    """
    try:
        return _check(request, offers, now)
    except ProtocolError as error:
        if request.report_request_id not in pending_ids:
            raise
        text = f"{error.description}; the report that is scheduled under this ID goes on"
        raise type(error)(text, rule=error.rule) from None


def _check(request: ReportRequest, offers: Iterable[Offer], now: datetime | None) -> RequestKind:
    if request.report_specifier_id == METADATA:
        _check_signs(request)
        return RequestKind.METADATA
    offer = next((o for o in offers if o.specifier_id == request.report_specifier_id), None)
    if offer is None:
        raise InvalidId(
            f"reportSpecifierID {quoted(request.report_specifier_id)} is not offered", rule="R304"
        )
    if offer.report_name == ReportName.HISTORY_GREENBUTTON:
        raise ReportNotSupported("Green Button reports cannot be made here", rule="R331")
    kind = kind_of(request, offer)
    check_against(request, offer, kind)
    if now is not None and request.report_interval is not None:
        _check_time(request.report_interval, kind, now)
    return kind


def check_against(request: ReportRequest, offer: Offer, kind: RequestKind) -> None:
    """Returns if a request asks for no more than is offered.

    Raises:
        InvalidId: a data point is not offered (R304, 452).
        InvalidData: it asks for more, or for the impossible (R340, 454).
    """
    points = _wanted(request, offer)
    _check_signs(request)
    if kind is RequestKind.HISTORY:
        _check_history(request, offer)
    elif kind is RequestKind.ON_CHANGE:
        _check_on_change(points)
    elif kind is RequestKind.PERIODIC:
        _check_periodic(request, offer, points)


def _wanted(request: ReportRequest, offer: Offer) -> list[DataPoint]:
    known = offer.by_id()
    unknown = [point.r_id for point in request.data_points if point.r_id not in known]
    if unknown:
        raise InvalidId(
            f"rID {listed(unknown)} is not offered in report "
            f"{quoted(offer.specifier_id)}; expected {listed(known)}",
            rule="R304",
        )
    if not request.data_points:
        raise InvalidData("a request must name at least one rID", rule="R300")
    return [known[point.r_id] for point in request.data_points]


def _check_signs(request: ReportRequest) -> None:
    period = request.report_interval
    for name, value in (
        ("granularity", request.granularity),
        ("reportBackDuration", request.report_back_duration),
        ("duration of the reportInterval", period.duration if period else ZERO),
    ):
        if value < ZERO:
            raise InvalidData(f"{name} is negative; expected 0 or more", rule="R317")


def _check_history(request: ReportRequest, offer: Offer) -> None:
    if request.granularity or request.report_back_duration:
        raise InvalidData(
            "history is given as it was stored, once; granularity and reportBackDuration must be 0",
            rule="R317",
        )
    wanted = request.report_interval.duration if request.report_interval else ZERO
    if ZERO < offer.duration < wanted:
        raise InvalidData(
            f"a history of {format_duration(wanted)} is asked for, "
            f"at most {format_duration(offer.duration)} is offered",
            rule="R340",
        )


def _check_on_change(points: Sequence[DataPoint]) -> None:
    fixed = [point.r_id for point in points if not point.on_change]
    if fixed:
        raise InvalidData(
            f"changes of rID {listed(fixed)} are not offered; ask with a granularity > 0",
            rule="R340",
        )


def _check_periodic(request: ReportRequest, offer: Offer, points: Sequence[DataPoint]) -> None:
    granularity, back = request.granularity, request.report_back_duration
    if granularity > back:
        raise InvalidData(
            f"granularity {format_duration(granularity)} is longer than "
            f"reportBackDuration {format_duration(back)}",
            rule="R317",
        )
    for point in points:
        if granularity < point.min_period or ZERO < point.max_period < granularity:
            raise InvalidData(
                f"granularity {format_duration(granularity)} of rID {quoted(point.r_id)} is not "
                f"offered; expected {_range(point)}",
                rule="R340",
            )
        _check_amount(request, offer, point)


def _check_amount(request: ReportRequest, offer: Offer, point: DataPoint) -> None:
    """The duration on offer counts at the fastest sampling (R312).

    Slower sampling makes the same number of values last longer.
    """
    granularity, back = request.granularity, request.report_back_duration
    most = max(1, offer.duration // (point.min_period or granularity))
    if offer.duration and back // granularity > most:
        raise InvalidData(
            f"a report every {format_duration(back)} is asked for; of rID {quoted(point.r_id)} "
            f"at most {format_duration(granularity * most)} of values are kept at this granularity",
            rule="R340",
        )


def _range(point: DataPoint) -> str:
    low = format_duration(point.min_period)
    return f"{low} to {format_duration(point.max_period)}" if point.max_period else f"{low} or more"


def _check_time(period: Period, kind: RequestKind, now: datetime) -> None:
    if kind is RequestKind.HISTORY and period.dtstart > now:
        raise InvalidData(
            f"history from {format_datetime(period.dtstart)} on lies in the future", rule="R325"
        )
    repeated = kind in {RequestKind.PERIODIC, RequestKind.ON_CHANGE}
    end = end_of(period.dtstart, period.duration)
    if repeated and end <= now:
        raise InvalidData(f"the reportInterval ended at {format_datetime(end)}", rule="R325")


def pending_ids(requests: Iterable[ReportRequest]) -> tuple[str, ...]:
    """Returns the IDs for ``oadrPendingReports``, each once, in order (R329).

    Args:
        requests: everything that is still scheduled, one-shots that are not sent included.
    """
    return tuple(dict.fromkeys(request.report_request_id for request in requests))


def outlive_metadata(requests: Iterable[ReportRequest]) -> tuple[ReportRequest, ...]:
    """Returns the requests that stay scheduled when new metadata is registered (R306).

    Those for metadata do; all others are cancelled by it and have to be made again.
    """
    return tuple(one for one in requests if one.report_specifier_id == METADATA)


def cancel_requests(pending: Iterable[str], ids: Iterable[str]) -> tuple[str, ...]:
    """Returns the pending IDs that remain when ``ids`` are cancelled.

    All are cancelled or none.

    Args:
        pending: what is scheduled.
        ids: what an oadrCancelReport names; the same one twice counts once.

    Raises:
        InvalidId: one of them is not scheduled; nothing is cancelled (R336, 452).
    """
    remaining = dict.fromkeys(pending)
    gone = dict.fromkeys(ids)
    unknown = [name for name in gone if name not in remaining]
    if unknown:
        raise InvalidId(
            f"reportRequestID {listed(unknown)} is not scheduled; nothing was cancelled",
            rule="R336",
        )
    return tuple(name for name in remaining if name not in gone)
