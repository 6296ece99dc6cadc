"""EiOpt (R200 to R211)."""

from collections.abc import Iterator

from conformance.checks.check import VEN, VTN, Seen, exchange, message, session
from conformance.checks.document import Document
from conformance.checks.exchange import Exchange, code_of, succeeded, ven_id_of
from conformance.checks.session import Session, event_id_of_opt
from conformance.checks.signal import only_device_classes
from conformance.checks.xml import ZERO, duration, each, first, text

NAME = "oadrCreateOpt"
_AVAILABLE = "xcal:vavailability/xcal:components/xcal:available/xcal:properties"
_NOT_IN_SCHEDULE = (
    "xcal:tolerance",
    "ei:x-eiNotification",
    "ei:x-eiRampUp",
    "ei:x-eiRecovery",
)


@message(200, VEN, NAME)
def plain_schedule(document: Document) -> Iterator[Seen]:
    """A schedule has no tolerance, notification, ramp-up or recovery."""
    for properties in each(document.element, _AVAILABLE):
        for name in _NOT_IN_SCHEDULE:
            found = first(properties, name)
            if found is not None:
                yield Seen(name.partition(":")[2], found)


@message(210, VEN, NAME)
def schedule_goes_on(document: Document) -> Iterator[Seen]:
    """The durations of a schedule are 0, for no end, or more."""
    for properties in each(document.element, _AVAILABLE):
        length = duration(properties, "xcal:duration/xcal:duration")
        if length is not None and length < ZERO:
            yield Seen(f"{length}", first(properties, "xcal:duration"))


@message(204, VEN, NAME, "oadrCancelOpt")
def has_opt_id(document: Document) -> Iterator[Seen]:
    """The optID has a value."""
    if not text(document.element, "ei:optID"):
        yield Seen("an empty optID", first(document.element, "ei:optID"))


@message(206, VEN, NAME)
def event_opt_alone(document: Document) -> Iterator[Seen]:
    """An opt for an event has neither a schedule nor a market context."""
    element = document.element
    if first(element, "ei:qualifiedEventID") is None:
        return
    for name in ("xcal:vavailability", "emix:marketContext"):
        found = first(element, name)
        if found is not None:
            yield Seen(f"{name.partition(':')[2]} with a qualifiedEventID", found)


@message(206, VEN, NAME)
def schedule_or_event(document: Document) -> Iterator[Seen]:
    """An opt that is not for an event has a schedule."""
    element = document.element
    scheduled = next(each(element, _AVAILABLE), None) is not None
    if first(element, "ei:qualifiedEventID") is None and not scheduled:
        yield Seen("neither vavailability nor qualifiedEventID", element)


@session(206, VEN, NAME)
def event_wanted_answer(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """An opt for an event is for one that wanted an answer."""
    event = session.events.get(event_id_of_opt(document))
    if event is not None and event.required == "never":
        yield Seen(
            f"an opt for {event_id_of_opt(document)!r}, which says never",
            first(document.element, "ei:qualifiedEventID"),
        )


@message(209, VEN, NAME)
def device_class(document: Document) -> Iterator[Seen]:
    """The oadrDeviceClass names device classes of the list and nothing else."""
    yield from only_device_classes(first(document.element, "oadr:oadrDeviceClass"))


@message(202, VEN, NAME)
def target_is_sender(document: Document) -> Iterator[Seen]:
    """The target of an opt names one VEN at most: the sender."""
    own = text(document.element, "ei:venID")
    for found in each(document.element, "ei:eiTarget/ei:venID"):
        if (found.text or "").strip() != own:
            yield Seen(f"venID {found.text!r} in an opt of {own!r}", found)


@exchange(208, VTN, "oadrCreatedOpt", "oadrCanceledOpt")
def echoed_opt_id(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """The reply has the optID of the request."""
    wanted = text(exchange.request.element, "ei:optID")
    seen = text(document.element, "ei:optID")
    if exchange.is_reply(document) and wanted and seen and seen != wanted:
        yield Seen(f"optID {seen!r} for {wanted!r}", first(document.element, "ei:optID"))


@session(211, VEN, "oadrCancelOpt")
def schedule_is_cancelled(
    session: Session, exchange: Exchange, document: Document
) -> Iterator[Seen]:
    """What qualifies an event is not cancelled by oadrCancelOpt."""
    name = text(document.element, "ei:optID") or ""
    if session.opts.get(name) == "event":
        yield Seen(f"optID {name!r}, which qualified an event", document.element)


@session(211, VTN, "oadrCanceledOpt")
def cancellation_holds(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """The cancellation of a schedule that was taken does not fail."""
    name = text(exchange.request.element, "ei:optID") or ""
    if session.ven_id and ven_id_of(exchange.request) != session.ven_id:
        # R208: whoever names another venID is refused.
        return
    if name in session.taken and not succeeded(document) and code_of(document) != "463":
        yield Seen(f"{code_of(document)} for the schedule {name!r}", document.element)
