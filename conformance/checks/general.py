"""Transport, directions, polls, and what an unregistered VEN is told."""

import re
from collections.abc import Iterator

from conformance.checks.check import BOTH, VEN, VTN, Seen, exchange, message, session
from conformance.checks.document import Document, Side
from conformance.checks.exchange import Exchange, code_of, succeeded
from conformance.checks.session import Session

#: What the other party must not send, and by which rule.
_FROM_VEN = (
    "oadrQueryRegistration",
    "oadrCreatePartyRegistration",
)
#: What a VTN begins: in answer to a poll, or by push (section 1.2).
OPERATIONS = frozenset(
    {
        "oadrDistributeEvent",
        "oadrCreateReport",
        "oadrRegisterReport",
        "oadrCancelReport",
        "oadrUpdateReport",
        "oadrCancelPartyRegistration",
        "oadrRequestReregistration",
    }
)
_POLLED = OPERATIONS | {"oadrResponse"}
_PATH = re.compile(r"(/[^/?#]+)*/OpenADR2/Simple/2\.0b/(?P<service>\w+)/?")
#: Services to the messages that go there as requests (section 1.2).
_SERVICES = {
    "EiEvent": {"oadrRequestEvent", "oadrCreatedEvent", "oadrDistributeEvent"},
    "EiOpt": {"oadrCreateOpt", "oadrCancelOpt"},
    "EiRegisterParty": {
        "oadrQueryRegistration",
        "oadrCreatePartyRegistration",
        "oadrRequestReregistration",
        "oadrCancelPartyRegistration",
        "oadrCanceledPartyRegistration",
        "oadrResponse",
    },
    "EiReport": {
        "oadrRegisterReport",
        "oadrRegisteredReport",
        "oadrCreateReport",
        "oadrCreatedReport",
        "oadrUpdateReport",
        "oadrUpdatedReport",
        "oadrCancelReport",
        "oadrCanceledReport",
        "oadrResponse",
    },
    "OadrPoll": {"oadrPoll"},
}


@message(401, VTN, *_FROM_VEN)
def registers_itself(document: Document) -> Iterator[Seen]:
    """Only a VEN queries and registers."""
    yield Seen(f"{document.name} of a VTN", document.element)


@message(401, VEN, "oadrRequestReregistration", "oadrCreatedPartyRegistration")
def answers_registration(document: Document) -> Iterator[Seen]:
    """Only a VTN asks for another registration, and answers one."""
    yield Seen(f"{document.name} of a VEN", document.element)


@message(23, VTN, "oadrRequestEvent", "oadrCreatedEvent")
def asks_for_events(document: Document) -> Iterator[Seen]:
    """Only a VEN asks for events and answers them."""
    yield Seen(f"{document.name} of a VTN", document.element)


@message(23, VEN, "oadrDistributeEvent")
def distributes_events(document: Document) -> Iterator[Seen]:
    """Only a VTN distributes events."""
    yield Seen(f"{document.name} of a VEN", document.element)


@exchange(51, VTN)
def pushes(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A VTN pushes anything but a poll, and nothing that only a VEN sends."""
    if exchange.is_reply(document):
        return
    if document.name in {"oadrPoll", "oadrCreateOpt", "oadrCancelOpt"}:
        yield Seen(f"{document.name} pushed", document.element)


@exchange(500, VTN)
def poll_reply(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A poll is answered with an operation of the VTN or with oadrResponse."""
    if exchange.request.name == "oadrPoll" and document.name not in _POLLED:
        yield Seen(f"{document.name} in reply to a poll", document.element)


@exchange(511, BOTH)
def right_service(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A message goes to the address of its service."""
    if exchange.is_reply(document) or not exchange.service:
        return
    if document.name == "oadrResponse" and exchange.service in _SERVICES:
        # Where the answer to oadrRequestReregistration goes is not said.
        return
    if document.name not in _SERVICES.get(exchange.service, ()):
        yield Seen(f"{document.name} to {exchange.service!r}", document.element)


@exchange(511, BOTH)
def right_path(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """The path is /OpenADR2/Simple/2.0b/<service>, behind a prefix or not."""
    if exchange.is_reply(document) or not exchange.path:
        return
    match = _PATH.fullmatch(exchange.path)
    if match is None or match["service"] not in _SERVICES:
        yield Seen(f"path {exchange.path!r}", document.element)


@exchange(53, BOTH)
def http_headers(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """HTTP says Content-Type application/xml, Content-Length and, to whom, Host."""
    headers = exchange.headers_of(document)
    if headers is None:
        return
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/xml":
        yield Seen(f"Content-Type {content_type!r}", document.element)
    needed = ("content-length",) if exchange.is_reply(document) else ("content-length", "host")
    for name in needed:
        if not headers.get(name):
            yield Seen(f"no {name}", document.element)


@session(517, VTN)
def unregistered_is_refused(
    session: Session, exchange: Exchange, document: Document
) -> Iterator[Seen]:
    """A VEN that is not registered is refused with a code other than 200."""
    request = exchange.request
    free = {"oadrQueryRegistration", "oadrCreatePartyRegistration", "oadrCancelPartyRegistration"}
    free |= {"oadrCanceledPartyRegistration", "oadrResponse"}
    if session.registered is not False or not exchange.is_reply(document) or request.name in free:
        return
    if succeeded(document) or not code_of(document):
        if document.name == "oadrRequestReregistration":
            return
        text = f"{document.name} {code_of(document)} to {request.name} after the registration ended"
        yield Seen(text, document.element)


@session(405, VEN)
def registers_first(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A VEN that is not registered sends nothing but registrations."""
    if session.registered is not False or exchange.is_reply(document):
        return
    free = {*_FROM_VEN, "oadrCancelPartyRegistration", "oadrCanceledPartyRegistration"}
    if document.name not in free | {"oadrResponse"}:
        yield Seen(f"{document.name} after the registration ended", document.element)


@exchange(501, VEN, "oadrPoll")
def polls_itself(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A poll is begun by the VEN."""
    if exchange.request.sender is not Side.VEN or exchange.is_reply(document):
        yield Seen("oadrPoll as a reply", document.element)
