"""How a session grows by what a message says."""

from datetime import datetime, timedelta

from conformance.checks.document import Document, Side
from conformance.checks.exchange import Exchange, succeeded
from conformance.checks.session import (
    DESCRIPTOR,
    MOST,
    NEW,
    PERIOD,
    KnownEvent,
    Latest,
    Offer,
    Point,
    Request,
    Session,
    answers_in,
    digest_of,
    digest_of_request,
    event_id_of,
    event_id_of_opt,
    other,
    points_of,
    requests_in,
)
from conformance.checks.xml import Element, duration, each, first, moment, text, texts, whole


def learn(session: Session, exchange: Exchange, document: Document) -> None:
    """Takes in what a message says."""
    take_in = _LEARN.get(document.name)
    if take_in is not None and not document.invalid:
        take_in(session, exchange, document)


def effective_end(event: Element) -> datetime | None:
    """Returns when an event is over for everybody (R18); None if it has no end that is known."""
    start = moment(event, f"{PERIOD}/xcal:dtstart/xcal:date-time")
    length = duration(event, f"{PERIOD}/xcal:duration/xcal:duration")
    window = f"{PERIOD}/xcal:tolerance/xcal:tolerate/xcal:startafter"
    if start is None or not length:
        return None
    try:
        return start + length + (duration(event, window) or timedelta(0))
    except OverflowError:
        return None


def _created_registration(session: Session, exchange: Exchange, document: Document) -> None:
    element = document.element
    session.vtn_id = text(element, "ei:vtnID") or session.vtn_id
    if not succeeded(document):
        return
    registration_id = text(element, "ei:registrationID") or ""
    ven_id = text(element, "ei:venID") or ""
    if exchange.request.name == NEW:
        if not text(exchange.request.element, "ei:registrationID"):
            _wipe(session)
            session.whole = True
        session.registered = True
    if registration_id and ven_id:
        session.registered = True
        session.registration_id, session.ven_id = registration_id, ven_id


def _wipe(session: Session) -> None:
    """Forgets what ends with a registration (R406, R407)."""
    session.introduced = set()
    session.requests = {side: Latest() for side in Side}
    session.offers = dict.fromkeys(Side)
    session.cancelled_reports = {}
    session.taken = Latest()


def _cancel_registration(session: Session, exchange: Exchange, document: Document) -> None:
    session.cancelling = document.sender


def _canceled_registration(session: Session, exchange: Exchange, document: Document) -> None:
    if session.cancelling is other(document.sender) and succeeded(document):
        _wipe(session)
        session.registered, session.whole = False, False
    session.cancelling = None


def _distribute(session: Session, exchange: Exchange, document: Document) -> None:
    element = document.element
    session.vtn_id = text(element, "ei:vtnID") or session.vtn_id
    if exchange.is_reply(document) and not succeeded(document):
        return
    request_id = text(element, "pyld:requestID") or ""
    known, session.events = session.events, Latest()
    for event in each(element, "oadr:oadrEvent"):
        event_id = text(event, f"{DESCRIPTOR}/ei:eventID") or ""
        session.events[event_id] = _known(event, known.get(event_id), request_id)
    limited = first(exchange.request.element, "pyld:eiRequestEvent/pyld:replyLimit") is not None
    # What is gone can still be answered.
    for event_id, gone in known.items():
        if event_id not in session.events and len(session.events) < MOST:
            gone.status = gone.status if limited or gone.status == "cancelled" else "gone"
            session.events[event_id] = gone


def _known(event: Element, before: KnownEvent | None, request_id: str) -> KnownEvent:
    after = KnownEvent(
        number=whole(event, f"{DESCRIPTOR}/ei:modificationNumber"),
        digest=digest_of(event),
        status=text(event, f"{DESCRIPTOR}/ei:eventStatus") or "",
        created=moment(event, f"{DESCRIPTOR}/ei:createdDateTime"),
        required=text(event, "oadr:oadrResponseRequired") or "",
        ends=effective_end(event),
    )
    if before is not None:
        after.request_ids, after.numbers = before.request_ids, before.numbers
        after.answered = before.answered
        if before.number == after.number:
            after.polls, after.owed = before.polls, before.owed + 1
    after.request_ids.append(request_id)
    after.numbers.add(after.number)
    return after


def _poll(session: Session, exchange: Exchange, document: Document) -> None:
    for event in session.events.values():
        if event.answered != event.number:
            event.polls += 1


def _response(session: Session, exchange: Exchange, document: Document) -> None:
    """A reply to the answers to events: the VTN has taken them."""
    if exchange.request.name != "oadrCreatedEvent" or not exchange.is_reply(document):
        return
    for answer in answers_in(exchange.request):
        event = session.events.get(event_id_of(answer))
        if event is None:
            continue
        number = whole(answer, "ei:qualifiedEventID/ei:modificationNumber")
        # It may have been sent once more while the answer was on its way.
        latest = event.request_ids[-1] == text(answer, "pyld:requestID")
        cancelled = event.status == "cancelled" and event.number == number
        if succeeded(document) and cancelled and latest:
            event.acknowledged = True


def _created_event(session: Session, exchange: Exchange, document: Document) -> None:
    for answer in answers_in(document):
        event = session.events.get(event_id_of(answer))
        if event is not None:
            event.answered = whole(answer, "ei:qualifiedEventID/ei:modificationNumber")
            event.owed = max(event.owed - 1, 0)
            event.polls = 0


def _register_report(session: Session, exchange: Exchange, document: Document) -> None:
    sender = document.sender
    session.introduced.add(sender)
    session.offers[sender] = {
        text(report, "ei:reportSpecifierID") or "": Offer(
            name=(text(report, "ei:reportName") or "").removeprefix("METADATA_"),
            points={
                text(one, "ei:rID") or "": Point(
                    fastest=duration(one, "oadr:oadrSamplingRate/oadr:oadrMinPeriod")
                )
                for one in each(report, "oadr:oadrReportDescription")
            },
        )
        for report in each(document.element, "oadr:oadrReport")
    }
    for request in session.requests[other(sender)].values():
        if not request.metadata:
            request.end("implied", exchange.at)


def _requests(session: Session, exchange: Exchange, document: Document) -> None:
    for request in requests_in(document):
        identifier = text(request, "ei:reportRequestID") or ""
        session.requests[document.sender][identifier] = Request(
            specifier=text(request, "ei:reportSpecifier/ei:reportSpecifierID") or "",
            points=points_of(request),
            granularity=duration(request, "ei:reportSpecifier/xcal:granularity/xcal:duration"),
            back=duration(request, "ei:reportSpecifier/ei:reportBackDuration/xcal:duration"),
            digest=digest_of_request(request),
        )


def _cancel_report(session: Session, exchange: Exchange, document: Document) -> None:
    element = document.element
    session.cancelled_reports[document.sender] = tuple(texts(element, "ei:reportRequestID"))
    session.follows = text(element, "pyld:reportToFollow") in {"true", "1"}


def _canceled_report(session: Session, exchange: Exchange, document: Document) -> None:
    requester = other(document.sender)
    names = session.cancelled_reports.pop(requester, ())
    if not succeeded(document):
        return
    for name in names:
        request = session.requests[requester].get(name)
        if request is not None:
            request.end("last" if session.follows else "cancelled", exchange.at)


def _updated_report(session: Session, exchange: Exchange, document: Document) -> None:
    if not succeeded(document) or not exchange.is_reply(document):
        return
    delivered = texts(exchange.request.element, "oadr:oadrReport/ei:reportRequestID")
    for name in delivered:
        request = session.requests[document.sender].get(name)
        if request is not None and request.state == "last":
            request.end("cancelled", exchange.at)
    piggyback = first(document.element, "oadr:oadrCancelReport")
    follows = text(piggyback, "pyld:reportToFollow") in {"true", "1"}
    for name in texts(piggyback, "ei:reportRequestID"):
        request = session.requests[document.sender].get(name)
        # R328: what was not delivered just now is not cancelled that way.
        if request is not None and name in delivered:
            request.end("last" if follows else "cancelled", exchange.at)


def _create_opt(session: Session, exchange: Exchange, document: Document) -> None:
    name = text(document.element, "ei:optID") or ""
    what = "event" if event_id_of_opt(document) else "schedule"
    before = session.opts.get(name, what)
    session.opts[name] = what if before == what else "both"


def _created_opt(session: Session, exchange: Exchange, document: Document) -> None:
    if (
        succeeded(document)
        and exchange.is_reply(document)
        and not event_id_of_opt(exchange.request)
    ):
        session.taken[text(exchange.request.element, "ei:optID") or ""] = True


def _canceled_opt(session: Session, exchange: Exchange, document: Document) -> None:
    if succeeded(document):
        session.taken.pop(text(exchange.request.element, "ei:optID") or "", None)


_LEARN = {
    "oadrCreatedPartyRegistration": _created_registration,
    "oadrCancelPartyRegistration": _cancel_registration,
    "oadrCanceledPartyRegistration": _canceled_registration,
    "oadrDistributeEvent": _distribute,
    "oadrPoll": _poll,
    "oadrResponse": _response,
    "oadrCreatedEvent": _created_event,
    "oadrRegisterReport": _register_report,
    "oadrRegisteredReport": _requests,
    "oadrCreateReport": _requests,
    "oadrCancelReport": _cancel_report,
    "oadrCanceledReport": _canceled_report,
    "oadrUpdatedReport": _updated_report,
    "oadrCreateOpt": _create_opt,
    "oadrCreatedOpt": _created_opt,
    "oadrCanceledOpt": _canceled_opt,
}
