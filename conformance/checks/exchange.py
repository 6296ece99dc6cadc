"""A request and what came back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from conformance.checks.document import Document, Side
from conformance.checks.xml import Element, first, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and what came back.

    Attributes:
        request: what was sent; its sender is who asked: the VTN in a push.
        reply: the message that came back; None for an empty body, an error or nothing.
        status: of HTTP; None if nothing came back.
        service: that it went to, such as ``"EiEvent"``; empty if that is not known.
        path: of the URL; empty if that is not known.
        at: the time of the VTN's or VEN's clock; None if that is not known.
        request_headers: of HTTP, names in lower case; None if they are not known.
        reply_headers: the same.
    """

    request: Document
    reply: Document | None = None
    status: int | None = None
    service: str = ""
    path: str = ""
    at: datetime | None = None
    request_headers: Mapping[str, str] | None = None
    reply_headers: Mapping[str, str] | None = None

    @property
    def pushed(self) -> bool:
        """Whether the VTN began it."""
        return self.request.sender is Side.VTN

    def headers_of(self, document: Document) -> Mapping[str, str] | None:
        """The HTTP headers that a document came with; None if they are not known."""
        return self.reply_headers if self.is_reply(document) else self.request_headers

    def is_reply(self, document: Document) -> bool:
        """Whether this is the reply."""
        return document is self.reply


_RESPONSES = ("ei:eiResponse", "pyld:eiCreatedEvent/ei:eiResponse")
_REQUEST_IDS = (
    "pyld:requestID",
    "pyld:eiRequestEvent/pyld:requestID",
    "ei:eiResponse/pyld:requestID",
    "pyld:eiCreatedEvent/ei:eiResponse/pyld:requestID",
)
_VEN_IDS = ("ei:venID", "pyld:eiRequestEvent/ei:venID", "pyld:eiCreatedEvent/ei:venID")


def response_of(document: Document | None) -> Element | None:
    """Returns the eiResponse of a message; None if it has none."""
    element = None if document is None else document.element
    found = (first(element, path) for path in _RESPONSES)
    return next((one for one in found if one is not None), None)


def code_of(document: Document | None) -> str:
    """Returns the responseCode of a message; empty if it has none."""
    return text(response_of(document), "ei:responseCode") or ""


def succeeded(document: Document | None) -> bool:
    """Whether a message says that all went well."""
    return code_of(document).startswith("2")


def request_id_of(document: Document) -> str | None:
    """Returns the requestID of a message, as an answer echoes it; None if it has none."""
    found = (text(document.element, path) for path in _REQUEST_IDS)
    return next((one for one in found if one is not None), None)


def ven_id_of(document: Document | None) -> str | None:
    """Returns the venID of a message; None if it has no such element."""
    element = None if document is None else document.element
    found = (text(element, path) for path in _VEN_IDS)
    return next((one for one in found if one is not None), None)
