"""Reports from request to last delivery (R300, R304, R306, R324, R328, R329, R336, R345)."""

from collections import Counter
from collections.abc import Iterator

from conformance.checks.check import BOTH, Seen, Severity, exchange, session
from conformance.checks.document import Document
from conformance.checks.exchange import Exchange, code_of, succeeded
from conformance.checks.metadata import reports_of
from conformance.checks.report_request import specifier_of
from conformance.checks.session import Request, Session, other, points_of, requests_in
from conformance.checks.xml import ZERO, Element, first, moment, text, texts

_UPDATE = "oadrUpdateReport"
_PENDING = "oadr:oadrPendingReports/ei:reportRequestID"
_R_IDS = "strm:intervals/ei:interval/oadr:oadrReportPayload/ei:rID"


def _answered(session: Session, document: Document) -> Iterator[tuple[Element, str, Request]]:
    for report in reports_of(document):
        name = text(report, "ei:reportRequestID") or ""
        request = session.request_of(document, name)
        if request is not None:
            yield report, name, request


def _made_after(report: Element, request: Request) -> bool:
    """Whether data were made when their request had ended; what waited before may still come."""
    made = moment(report, "ei:createdDateTime")
    return made is None or request.ended is None or made > request.ended


@session(304, BOTH, _UPDATE)
def data_were_asked(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """Data answer a request that there was."""
    for report in reports_of(document) if session.whole else ():
        name = text(report, "ei:reportRequestID") or ""
        if session.request_of(document, name) is None:
            yield Seen(f"reportRequestID {name!r}, which nobody sent", report)


@session(304, BOTH, _UPDATE)
def data_of_specifier(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """The reportSpecifierID of data is the one that was asked for."""
    for report, _, request in _answered(session, document):
        name = text(report, "ei:reportSpecifierID")
        if name != request.specifier:
            yield Seen(f"{name!r}, asked for was {request.specifier!r}", report)


@session(304, BOTH, _UPDATE)
def data_points_were_asked(
    session: Session, exchange: Exchange, document: Document
) -> Iterator[Seen]:
    """Data hold no data point that was not asked for."""
    for report, _, request in _answered(session, document):
        strange = set(texts(report, _R_IDS)) - request.points
        if strange:
            yield Seen(f"rID {', '.join(sorted(strange))}", report)


@session(300, BOTH, _UPDATE)
def data_are_complete(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """Data hold every data point that was asked for, unless only changes were."""
    for report, _, request in _answered(session, document):
        changes = request.granularity == ZERO and request.back != ZERO
        missing = request.points - set(texts(report, _R_IDS))
        if missing and not changes:
            yield Seen(f"no {', '.join(sorted(missing))}", report)


@session(324, BOTH, _UPDATE)
def one_shot_interval(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """Telemetry that is wanted once has one interval for each data point."""
    for report, _, request in _answered(session, document):
        name = text(report, "ei:reportName") or ""
        counts = Counter(texts(report, _R_IDS))
        r_id, count = max(counts.items(), key=lambda item: item[1], default=("", 0))
        if request.back == ZERO and name.startswith("TELEMETRY_") and count > 1:
            yield Seen(f"{count} intervals of {r_id}", report)


@session(306, BOTH, _UPDATE)
def ended_by_metadata(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """New metadata end what was asked for before."""
    for report, name, request in _answered(session, document):
        # What is wanted once is due at once, whatever comes with it.
        late = request.state == "implied" and _made_after(report, request)
        if late and request.back != ZERO:
            yield Seen(f"data for {name!r}, asked for before the last metadata", report)


@session(345, BOTH, _UPDATE)
def ended_by_cancellation(
    session: Session, exchange: Exchange, document: Document
) -> Iterator[Seen]:
    """After a cancellation no data come, but for one last report if wanted."""
    for report, name, request in _answered(session, document):
        if request.state == "cancelled" and _made_after(report, request):
            yield Seen(f"data for {name!r}, which was cancelled", report)


@exchange(328, BOTH, "oadrUpdatedReport")
def cancels_delivered(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A piggyback cancellation names reports just delivered."""
    found = first(document.element, "oadr:oadrCancelReport")
    if found is None or not exchange.is_reply(document):
        return
    delivered = texts(exchange.request.element, "oadr:oadrReport/ei:reportRequestID")
    strange = set(texts(found, "ei:reportRequestID")) - set(delivered)
    if strange:
        yield Seen(f"{', '.join(sorted(strange))}, not delivered just now", found)


@session(329, BOTH, "oadrCreatedReport", "oadrCanceledReport")
def pending_was_asked(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """Pending reports were asked for."""
    for name in texts(document.element, _PENDING) if session.whole else ():
        if session.request_of(document, name) is None and name not in _asked(exchange):
            yield Seen(f"{name!r}, with which nobody asked", document.element)


@session(329, BOTH, "oadrCreatedReport", "oadrCanceledReport")
def pending_once(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """Pending reports are listed once."""
    names = texts(document.element, _PENDING)
    if len(set(names)) < len(names):
        yield Seen(f"{', '.join(names)}", first(document.element, "oadr:oadrPendingReports"))


@exchange(329, BOTH, "oadrCreatedReport", severity=Severity.WARNING)
def taken_is_pending(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """What has just been taken is pending, unless there is nothing to report."""
    if not exchange.is_reply(document) or not succeeded(document):
        return
    pending = set(texts(document.element, _PENDING))
    for request in requests_in(exchange.request):
        name = text(request, "ei:reportRequestID") or ""
        if name not in pending:
            yield Seen(f"{name!r} is not pending", document.element)


@session(329, BOTH, "oadrCreatedReport", "oadrCanceledReport", severity=Severity.WARNING)
def cancelled_is_not_pending(
    session: Session, exchange: Exchange, document: Document
) -> Iterator[Seen]:
    """What was cancelled is not pending."""
    for name in texts(document.element, _PENDING):
        request = session.request_of(document, name)
        if request is not None and request.state in {"cancelled", "implied"}:
            yield Seen(f"{name!r} is still pending", document.element)


@session(304, BOTH, "oadrCreatedReport")
def unknown_is_refused(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A request for what is not on offer is refused: 452."""
    offers = session.offers[document.sender]
    if offers is None or not exchange.is_reply(document) or not succeeded(document):
        return
    for request in requests_in(exchange.request):
        name = specifier_of(request)
        offer = offers.get(name)
        if name == "METADATA":
            continue
        if offer is None or points_of(request) - set(offer.points):
            yield Seen(f"{code_of(document)} for {name!r}", document.element)


@session(304, BOTH, "oadrUpdatedReport")
def unasked_is_refused(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """Data that nobody asked for are refused: 452."""
    if not session.whole or not exchange.is_reply(document) or not succeeded(document):
        return
    for report in reports_of(exchange.request):
        name = text(report, "ei:reportRequestID") or ""
        if name not in session.requests[document.sender]:
            yield Seen(f"{code_of(document)} for reportRequestID {name!r}", document.element)


@session(336, BOTH, "oadrCanceledReport")
def unknown_cancellation(
    session: Session, exchange: Exchange, document: Document
) -> Iterator[Seen]:
    """To cancel what was never asked for fails with a 4xx."""
    if not session.whole or exchange.request.name != "oadrCancelReport" or not succeeded(document):
        return
    for name in texts(exchange.request.element, "ei:reportRequestID"):
        if name not in session.requests[other(document.sender)]:
            yield Seen(f"{code_of(document)} for reportRequestID {name!r}", document.element)


@session(340, BOTH, "oadrCreatedReport")
def too_much_is_refused(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A request for more than is on offer is refused: 454."""
    offers = session.offers[document.sender] or {}
    if not exchange.is_reply(document) or not succeeded(document):
        return
    for element in requests_in(exchange.request):
        name = text(element, "ei:reportRequestID") or ""
        request = session.request_of(document, name)
        offer = offers.get(specifier_of(element))
        if request is None or offer is None or not request.granularity or not request.back:
            continue
        points = [offer.points[one].fastest for one in request.points if one in offer.points]
        if any(one is not None and request.granularity < one for one in points):
            yield Seen(
                f"{code_of(document)} for granularity {request.granularity}", document.element
            )


def _asked(exchange: Exchange) -> set[str]:
    """Returns the reportRequestIDs of requests in the other message of the exchange."""
    return {text(one, "ei:reportRequestID") or "" for one in requests_in(exchange.request)}
