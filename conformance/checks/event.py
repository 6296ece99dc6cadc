"""oadrDistributeEvent: the message, its events and their order (R13 to R70, R105, R115)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from conformance.checks.check import VTN, Seen, exchange, message
from conformance.checks.document import Document
from conformance.checks.exchange import Exchange, response_of
from conformance.checks.session import DESCRIPTOR, PERIOD
from conformance.checks.xml import ZERO, Element, duration, each, first, moment, text, texts, whole

NAME = "oadrDistributeEvent"
#: How far the clocks of a sender and of whoever watches may be apart (R114).
TOLERANCE = timedelta(seconds=60)
_LOWEST = 2**32


def events_of(document: Document) -> Iterator[Element]:
    """Yields the events of a message."""
    return each(document.element, "oadr:oadrEvent")


def status_of(event: Element) -> str:
    """Returns the eventStatus."""
    return text(event, f"{DESCRIPTOR}/ei:eventStatus") or ""


def start_of(event: Element) -> datetime | None:
    """Returns the dtstart of an event."""
    return moment(event, f"{PERIOD}/xcal:dtstart/xcal:date-time")


@message(41, VTN, NAME)
def request_id_of_snapshot(document: Document) -> Iterator[Seen]:
    """The requestID of the message has a value."""
    if not text(document.element, "pyld:requestID"):
        yield Seen("an empty requestID", first(document.element, "pyld:requestID"))


@exchange(40, VTN, NAME)
def response_in_reply(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """In reply to a poll or oadrRequestEvent there is an eiResponse."""
    if exchange.is_reply(document) and response_of(document) is None:
        yield Seen(f"none in reply to {exchange.request.name}", document.element)


@exchange(27, VTN, NAME)
def reply_limit(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """There are not more events than replyLimit says."""
    path = "pyld:eiRequestEvent/pyld:replyLimit"
    most, seen = whole(exchange.request.element, path), sum(1 for _ in events_of(document))
    # Nobody asks for no events: 0 and none are no limit.
    if most and seen > most:
        yield Seen(f"{seen} events for a replyLimit of {most}", document.element)


@message(70, VTN, NAME)
def own_event_ids(document: Document) -> Iterator[Seen]:
    """Each event of a message has an eventID of its own."""
    seen: set[str] = set()
    for event in events_of(document):
        name = text(event, f"{DESCRIPTOR}/ei:eventID") or ""
        if not name or name in seen:
            yield Seen(f"eventID {name!r} {'again' if name else ''}", event)
        seen.add(name)


@message(63, VTN, NAME)
def one_ven(document: Document) -> Iterator[Seen]:
    """An event names one VEN at most as its target."""
    for event in events_of(document):
        names = texts(event, "ei:eiEvent/ei:eiTarget/ei:venID")
        if len(names) > 1:
            yield Seen(f"venIDs {', '.join(names)}", first(event, "ei:eiEvent/ei:eiTarget"))


@message(105, VTN, NAME)
def notification(document: Document) -> Iterator[Seen]:
    """Each event has an x-eiNotification."""
    for event in events_of(document):
        if first(event, f"{PERIOD}/ei:x-eiNotification/xcal:duration") is None:
            yield Seen("no x-eiNotification", first(event, PERIOD))


@message(31, VTN, NAME)
def times_not_negative(document: Document) -> Iterator[Seen]:
    """Duration, startafter and notification of an event are not negative."""
    paths = ("xcal:duration/xcal:duration", "xcal:tolerance/xcal:tolerate/xcal:startafter")
    for event in events_of(document):
        for path in (*paths, "ei:x-eiNotification/xcal:duration"):
            length = duration(event, f"{PERIOD}/{path}")
            if length is not None and length < ZERO:
                yield Seen(f"{length}", first(event, f"{PERIOD}/{path}"))


@message(115, VTN, NAME)
def same_created(document: Document) -> Iterator[Seen]:
    """All events of a message have the same createdDateTime."""
    moments = {text(event, f"{DESCRIPTOR}/ei:createdDateTime") for event in events_of(document)}
    if len(moments) > 1:
        yield Seen(f"createdDateTime {', '.join(sorted(map(str, moments)))}", document.element)


@message(13, VTN, NAME)
def near_with_ramp_up(document: Document) -> Iterator[Seen]:
    """An event is near only from the start of its x-eiRampUp on."""
    for event in events_of(document):
        length = duration(event, f"{PERIOD}/ei:x-eiRampUp/xcal:duration")
        if status_of(event) == "near" and (length or ZERO) <= ZERO:
            yield Seen("near without ramp-up", first(event, f"{DESCRIPTOR}/ei:eventStatus"))


@exchange(13, VTN, NAME)
def status_in_time(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """The status of an event fits the time: far, near, active, completed."""
    if exchange.at is None:
        return
    for event in events_of(document):
        start = start_of(event)
        if start is None:
            continue
        length = duration(event, f"{PERIOD}/xcal:duration/xcal:duration")
        window = duration(event, f"{PERIOD}/xcal:tolerance/xcal:tolerate/xcal:startafter") or ZERO
        status, at = status_of(event), exchange.at
        early = status in {"active", "completed"} and at < start - TOLERANCE
        late = status in {"far", "near"} and at > start + window + TOLERANCE
        over = length is not None and length > ZERO and at > start + length + window + TOLERANCE
        if early or late or (status == "active" and over):
            found = first(event, f"{DESCRIPTOR}/ei:eventStatus")
            yield Seen(f"{status} at {at:%Y-%m-%dT%H:%M:%SZ}, dtstart {start:%H:%M:%S}", found)


@message(13, VTN, NAME)
def status_is_one(document: Document) -> Iterator[Seen]:
    """The status of an event is far, near, active, completed or cancelled."""
    for event in events_of(document):
        if status_of(event) == "none":
            yield Seen("none", first(event, f"{DESCRIPTOR}/ei:eventStatus"))


@message(15, VTN, NAME)
def active_first(document: Document) -> Iterator[Seen]:
    """Active events come before pending ones."""
    pending = False
    for event in events_of(document):
        pending = pending or status_of(event) in {"far", "near"}
        if pending and status_of(event) == "active":
            yield Seen("an active event behind a pending one", event)


@message(15, VTN, NAME)
def active_by_priority(document: Document) -> Iterator[Seen]:
    """Active events are in the order of priority, then of start."""
    active = [event for event in events_of(document) if status_of(event) == "active"]
    for before, after in pairwise(active):
        if _rank(before) > _rank(after):
            yield Seen(f"{_words(after)} behind {_words(before)}", after)


@message(15, VTN, NAME)
def pending_by_start(document: Document) -> Iterator[Seen]:
    """Pending events are in the order of their start."""
    pending = [event for event in events_of(document) if status_of(event) in {"far", "near"}]
    for before, after in pairwise(pending):
        first_, second = start_of(before), start_of(after)
        if first_ is not None and second is not None and first_ > second:
            yield Seen(f"{_words(after)} behind {_words(before)}", after)


def _rank(event: Element) -> tuple[int, float]:
    # R3: a lower number matters more; 0 and none matter least.
    priority = whole(event, f"{DESCRIPTOR}/ei:priority") or _LOWEST
    start = start_of(event)
    return priority, start.timestamp() if start is not None else 0.0


def _words(event: Element) -> str:
    name = text(event, f"{DESCRIPTOR}/ei:eventID")
    priority = text(event, f"{DESCRIPTOR}/ei:priority") or "none"
    return f"{name} (priority {priority}, dtstart {start_of(event)})"
