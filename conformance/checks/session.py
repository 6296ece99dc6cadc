"""What one VEN and one VTN have said to each other so far.

Only what follows from the messages is kept, and nothing is guessed: who watches from the
middle on does not know whether the VEN is registered, and checks that need to know are
silent until they do. Bounded: of each kind the latest ``MOST`` things are kept.
"""

import hashlib
from collections import OrderedDict, deque
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from lxml import etree

from conformance.checks.document import Document, Side
from conformance.checks.exchange import Exchange, succeeded
from conformance.checks.xml import Element, duration, each, first, moment, text, texts, whole
from oadr.codec.namespaces import qname

MOST = 500
T = TypeVar("T")

#: What may change in an event without another modification number (R5).
_UNCOUNTED = tuple(
    map(
        qname,
        (
            "ei:modificationNumber",
            "ei:modificationDateTime",
            "ei:createdDateTime",
            "ei:eventStatus",
            "ei:currentValue",
        ),
    )
)
PERIOD = "ei:eiEvent/ei:eiActivePeriod/xcal:properties"
DESCRIPTOR = "ei:eiEvent/ei:eventDescriptor"
NEW = "oadrCreatePartyRegistration"


def other(side: Side) -> Side:
    """Returns the party at the other end."""
    return Side.VEN if side is Side.VTN else Side.VTN


class Latest(OrderedDict[str, T]):
    """A dictionary that forgets the oldest when it has too many."""

    def __setitem__(self, key: str, value: T) -> None:
        super().__setitem__(key, value)
        if len(self) > MOST:
            self.popitem(last=False)


@dataclass(slots=True, kw_only=True)
class KnownEvent:
    """An event as the VTN last sent it, and what the VEN said to it.

    Attributes:
        number: its modificationNumber.
        digest: of what R5 counts.
        status: its eventStatus; ``gone`` if the last message was without it.
        created: its createdDateTime.
        required: ``always`` or ``never``.
        ends: randomisation window included; None if it is open-ended or that is not known.
        request_ids: of the messages that brought it.
        numbers: all modificationNumbers that it was sent with.
        answered: the modificationNumber that the VEN answered last; -1 for none.
        acknowledged: whether the VTN took the answer to its cancellation, and has not sent it
            again since.
        polls: that the VEN has sent since it came and was not answered.
    """

    number: int
    digest: bytes
    status: str
    created: datetime | None
    required: str
    ends: datetime | None
    request_ids: deque[str] = field(default_factory=lambda: deque(maxlen=50))
    numbers: set[int] = field(default_factory=set)
    answered: int = -1
    acknowledged: bool = False
    polls: int = 0


@dataclass(slots=True, kw_only=True)
class Point:
    """A data point on offer: how fast it can be sampled; None if that is not said."""

    fastest: timedelta | None


@dataclass(slots=True, kw_only=True)
class Offer:
    """A metadata report."""

    name: str
    points: dict[str, Point]


@dataclass(slots=True, kw_only=True)
class Request:
    """A report request, as far as it matters for what comes later.

    Attributes:
        specifier: its reportSpecifierID.
        points: the rIDs.
        granularity: None if it has no fixed length.
        back: reportBackDuration, likewise.
        state: ``"open"``, ``"cancelled"``, ``"last"`` (one final report is due) or
            ``"implied"`` (cancelled by new metadata).
        digest: of the XML.
        ended: when it was cancelled, if that is known.
    """

    specifier: str
    points: frozenset[str]
    granularity: timedelta | None
    back: timedelta | None
    digest: bytes
    state: str = "open"
    ended: datetime | None = None

    def end(self, state: str, at: datetime | None) -> None:
        """Notes how it ends, and when."""
        self.state, self.ended = state, at

    @property
    def metadata(self) -> bool:
        """Whether it asks for metadata (R327)."""
        return self.specifier == "METADATA"


@dataclass(slots=True, kw_only=True)
class Session:
    """What one VEN and one VTN have said to each other so far.

    Attributes:
        registered: None if that is not known.
        whole: whether all since the VEN registered was seen.
        ven_id: that the VTN gave.
        vtn_id: that the VTN goes by.
        registration_id: that the VTN gave.
        introduced: who has sent its metadata since the VEN registered.
        events: by eventID.
        requests: by who asked, then by reportRequestID.
        offers: by who offers, then by reportSpecifierID; None if no metadata was seen.
        opts: optID to what it is: ``"event"``, ``"schedule"`` or ``"both"``.
        taken: schedules that the VTN has taken and not cancelled, by optID.
        cancelling: who has begun to cancel the registration; None if nobody has.
        cancelled_reports: reportRequestIDs of the cancellation under way, by who asked.
        follows: whether that one wants a last report.
    """

    registered: bool | None = None
    whole: bool = False
    ven_id: str = ""
    vtn_id: str = ""
    registration_id: str = ""
    introduced: set[Side] = field(default_factory=set)
    events: Latest[KnownEvent] = field(default_factory=Latest)
    requests: dict[Side, Latest[Request]] = field(
        default_factory=lambda: {side: Latest() for side in Side}
    )
    offers: dict[Side, dict[str, Offer] | None] = field(default_factory=lambda: dict.fromkeys(Side))
    opts: Latest[str] = field(default_factory=Latest)
    taken: Latest[bool] = field(default_factory=Latest)
    cancelling: Side | None = None
    cancelled_reports: dict[Side, tuple[str, ...]] = field(default_factory=dict)
    follows: bool = False

    def learn(self, exchange: Exchange, document: Document) -> None:
        """Takes in what a message says."""
        learn = _LEARN.get(document.name)
        if learn is not None and not document.invalid:
            learn(self, exchange, document)

    def request_of(self, document: Document, request_id: str) -> Request | None:
        """Returns the request that a message of the source answers; None if there is none."""
        return self.requests[other(document.sender)].get(request_id)


def digest_of(event: Element) -> bytes:
    """Returns what is the same for two versions of an event that R5 takes for one."""
    copy = deepcopy(first(event, "ei:eiEvent"))
    if copy is None:
        return b""
    for one in list(copy.iter(*_UNCOUNTED)):
        parent = one.getparent()
        if parent is not None:
            parent.remove(one)
    return _digest(copy)


def _digest(element: Element) -> bytes:
    return hashlib.sha256(etree.tostring(element, method="c14n", exclusive=True)).digest()


def requests_in(document: Document) -> Iterator[Element]:
    """Yields the report requests in a message."""
    return each(document.element, "oadr:oadrReportRequest")


def points_of(request: Element) -> frozenset[str]:
    """Returns the rIDs that a report request asks for."""
    return frozenset(texts(request, "ei:reportSpecifier/ei:specifierPayload/ei:rID"))


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
        after.polls = before.polls if before.number == after.number else 0
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
        if succeeded(document) and event.status == "cancelled" and event.number == number:
            event.acknowledged = True


def answers_in(document: Document) -> Iterator[Element]:
    """Yields the answers to events in an oadrCreatedEvent."""
    path = "pyld:eiCreatedEvent/ei:eventResponses/ei:eventResponse"
    return each(document.element, path)


def event_id_of(answer: Element) -> str:
    """Returns the eventID in an answer, or in an opt."""
    return text(answer, "ei:qualifiedEventID/ei:eventID") or ""


def _created_event(session: Session, exchange: Exchange, document: Document) -> None:
    for answer in answers_in(document):
        event = session.events.get(event_id_of(answer))
        if event is not None:
            event.answered = whole(answer, "ei:qualifiedEventID/ei:modificationNumber")
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
            digest=_digest(request),
        )


def digest_of_request(request: Element) -> bytes:
    """Returns what is the same for a request that is sent again."""
    return _digest(request)


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


def event_id_of_opt(document: Document) -> str:
    """Returns the eventID that an opt is about; empty for a schedule."""
    return text(document.element, "ei:qualifiedEventID/ei:eventID") or ""


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
