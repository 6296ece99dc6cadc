"""From the bytes of a request to the message in them."""

from dataclasses import dataclass

from lxml import etree

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from oadr.errors import InvalidData
from oadr.replies import FROM_VEN
from oadr.unusable import stand_in
from runtime.http import HTTPError
from vtn.familiar import FamiliarPolls


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What has been read of a request.

    Attributes:
        data: as it came.
        message: in it; one that only says whom to answer if ``unusable``.
        root: its payload; None for a poll that has come before and is known to be valid.
        unusable: why the message cannot be used; None if it can.
    """

    data: bytes
    message: m.Message
    root: etree._Element | None = None
    unusable: InvalidData | None = None


class Reader:
    """Reads documents, and knows those again that come all the time."""

    def __init__(self) -> None:
        self._polls = FamiliarPolls()

    def read(self, service: ServiceName, data: bytes, *, max_bytes: int) -> Document:
        """Returns what a document says.

        Args:
            service: that it was sent to.
            data: the document.
            max_bytes: a longer one is refused unread.

        Raises:
            XMLError: it is no schema-valid message (406).
            HTTPError: 404, it is no operation of that service for a VEN.
        """
        document = self._read(data, max_bytes)
        if type(document.message) not in FROM_VEN[service]:
            name = codec.message_name(document.message)
            text = f"{name} is no operation of {service} for a VEN"
            raise HTTPError(404, text, rule="R401")
        return document

    def keep(self, document: Document) -> None:
        """Remembers the document of a VEN that may poll, if it is a poll without signature.

        Nobody else can fill the memory.
        """
        root, message = document.root, document.message
        if root is not None and len(root) == 1 and type(message) is m.Poll:
            self._polls.keep(document.data, message)

    def _read(self, data: bytes, max_bytes: int) -> Document:
        known = self._polls.find(data)
        if known is not None:
            return Document(data=data, message=known)
        root = codec.parse(data, max_bytes=max_bytes)
        signed_object = codec.signed_object_of(root)
        try:
            return Document(data=data, message=codec.message_of(signed_object), root=root)
        except InvalidData as error:
            message = stand_in(signed_object)
            return Document(data=data, message=message, root=root, unusable=error)
