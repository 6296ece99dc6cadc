"""What one VEN and one VTN have said to each other so far; ``learning`` makes it grow.

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
from conformance.checks.xml import Element, each, first, text, texts
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
        owed: how often it was sent and not answered.
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
    owed: int = 1


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
    try:
        written = etree.tostring(element, method="c14n", exclusive=True)
    except etree.C14NError:
        # Declared around it is a namespace that is no absolute URI.
        written = etree.tostring(element, with_tail=False)
    return hashlib.sha256(written).digest()


def requests_in(document: Document) -> Iterator[Element]:
    """Yields the report requests in a message."""
    return each(document.element, "oadr:oadrReportRequest")


def points_of(request: Element) -> frozenset[str]:
    """Returns the rIDs that a report request asks for."""
    return frozenset(texts(request, "ei:reportSpecifier/ei:specifierPayload/ei:rID"))


def answers_in(document: Document) -> Iterator[Element]:
    """Yields the answers to events in an oadrCreatedEvent."""
    path = "pyld:eiCreatedEvent/ei:eventResponses/ei:eventResponse"
    return each(document.element, path)


def event_id_of(answer: Element) -> str:
    """Returns the eventID in an answer, or in an opt."""
    return text(answer, "ei:qualifiedEventID/ei:eventID") or ""


def digest_of_request(request: Element) -> bytes:
    """Returns what is the same for a request that is sent again."""
    return _digest(request)


def event_id_of_opt(document: Document) -> str:
    """Returns the eventID that an opt is about; empty for a schedule."""
    return text(document.element, "ei:qualifiedEventID/ei:eventID") or ""
