"""One event from message to message (R4, R5, R10, R13, R50, R52, R115)."""

from collections.abc import Iterator

from conformance.checks.check import VTN, Seen, Severity, session
from conformance.checks.document import Document
from conformance.checks.event import NAME, TOLERANCE, events_of, status_of
from conformance.checks.exchange import Exchange, succeeded
from conformance.checks.session import DESCRIPTOR, KnownEvent, Session, digest_of
from conformance.checks.xml import Element, first, moment, text, whole

_NUMBER = f"{DESCRIPTOR}/ei:modificationNumber"
_RANKS = {"none": 0, "far": 1, "near": 2, "active": 3, "completed": 4}


def _pairs(session: Session, document: Document) -> Iterator[tuple[Element, KnownEvent]]:
    for event in events_of(document):
        known = session.events.get(text(event, f"{DESCRIPTOR}/ei:eventID") or "")
        if known is not None:
            yield event, known


@session(5, VTN, NAME)
def number_grows(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """The modificationNumber of an event never becomes lower."""
    for event, known in _pairs(session, document):
        if whole(event, _NUMBER) < known.number:
            yield Seen(f"{whole(event, _NUMBER)} after {known.number}", first(event, _NUMBER))


@session(5, VTN, NAME)
def change_is_numbered(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """An event that changes gets a higher modificationNumber."""
    for event, known in _pairs(session, document):
        if whole(event, _NUMBER) == known.number and digest_of(event) != known.digest:
            yield Seen(f"another content with the same {known.number}", event)


@session(10, VTN, NAME)
def cancellation_is_numbered(
    session: Session, exchange: Exchange, document: Document
) -> Iterator[Seen]:
    """A cancelled event gets a higher modificationNumber."""
    for event, known in _pairs(session, document):
        cancelled = status_of(event) == "cancelled" and known.status != "cancelled"
        if cancelled and whole(event, _NUMBER) <= known.number:
            yield Seen(f"cancelled with the same {known.number}", first(event, _NUMBER))


@session(10, VTN, NAME)
def stays_cancelled(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A cancelled event stays cancelled."""
    for event, known in _pairs(session, document):
        status = status_of(event)
        same = whole(event, _NUMBER) == known.number
        if known.status == "cancelled" and status != "cancelled" and same:
            yield Seen(f"{status} after cancelled", first(event, f"{DESCRIPTOR}/ei:eventStatus"))


@session(13, VTN, NAME)
def status_goes_forward(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """The status of an unchanged event goes forward only."""
    for event, known in _pairs(session, document):
        before, after = _RANKS.get(known.status, 0), _RANKS.get(status_of(event), 9)
        if whole(event, _NUMBER) == known.number and after < before:
            found = first(event, f"{DESCRIPTOR}/ei:eventStatus")
            yield Seen(f"{status_of(event)} after {known.status}", found)


@session(115, VTN, NAME)
def created_grows(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """The createdDateTime never goes back."""
    for event, known in _pairs(session, document):
        created = moment(event, f"{DESCRIPTOR}/ei:createdDateTime")
        if created is not None and known.created is not None and created < known.created:
            found = first(event, f"{DESCRIPTOR}/ei:createdDateTime")
            yield Seen(f"{created} after {known.created}", found)


@session(50, VTN, NAME)
def gone_after_acknowledgement(
    session: Session, exchange: Exchange, document: Document
) -> Iterator[Seen]:
    """A cancelled event whose answer was taken is not sent again."""
    for event, known in _pairs(session, document):
        again = status_of(event) == "cancelled" and whole(event, _NUMBER) == known.number
        if known.acknowledged and again:
            yield Seen(f"{text(event, f'{DESCRIPTOR}/ei:eventID')!r} again", event)


@session(50, VTN, NAME, severity=Severity.WARNING)
def all_events(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A message has all events that are not over; what vanishes is cancelled without a word."""
    limited = first(exchange.request.element, "pyld:eiRequestEvent/pyld:replyLimit") is not None
    if exchange.at is None or limited or (exchange.is_reply(document) and not succeeded(document)):
        return
    names = {text(event, f"{DESCRIPTOR}/ei:eventID") for event in events_of(document)}
    for name, known in session.events.items():
        over = known.ends is not None and exchange.at >= known.ends - TOLERANCE
        if name not in names and not over and known.status in {"far", "near", "active"}:
            yield Seen(f"{name!r}, {known.status}, is not there any more", document.element)


@session(4, VTN, NAME, severity=Severity.INFORMATION)
def new_is_zero(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A new event has modificationNumber 0, unless it changed before it was sent."""
    for event in events_of(document):
        name = text(event, f"{DESCRIPTOR}/ei:eventID") or ""
        if session.whole and name not in session.events and whole(event, _NUMBER):
            yield Seen(f"{name!r} begins with {whole(event, _NUMBER)}", first(event, _NUMBER))
