"""From the bytes of a request to the message in them."""

from collections.abc import Callable
from typing import NamedTuple

from lxml import etree

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from oadr.errors import InvalidData, XMLError
from oadr.repair import Tolerance, parse
from oadr.replies import FROM_VEN
from oadr.unusable import stand_in
from runtime.http import HTTPError
from vtn.familiar import FamiliarPolls


class Document(NamedTuple):
    """What has been read of a request; each poll makes one, and a tuple is made quickly.

    Attributes:
        data: as it came.
        message: in it; one that only says whom to answer if ``unusable``.
        root: its payload, mended; None for a poll that has come before.
        signed: its payload as it came, which a signature is verified on.
        repairs: what was mended.
        unusable: why the message cannot be used; None if it can.
    """

    data: bytes
    message: m.Message
    root: etree._Element | None = None
    signed: etree._Element | None = None
    repairs: tuple[str, ...] = ()
    unusable: InvalidData | None = None


class Reader:
    """Reads documents, and knows those again that come all the time."""

    def __init__(self) -> None:
        self._polls = FamiliarPolls()

    def find(self, service: ServiceName, data: bytes) -> Document | None:
        """Returns what a poll says that has come before; None if it is no such poll.

        It may have been mended for another VEN: look at the repairs.

        Args:
            service: that it was sent to.
            data: the document.

        Raises:
            HTTPError: 404, a poll is no operation of that service.
        """
        known = self._polls.find(data)
        if known is not None:
            document = Document(data=data, message=known)
        else:
            mended = self._polls.find_mended(data)
            if mended is None:
                return None
            document = Document(data=data, message=mended[0], repairs=mended[1])
        _check_operation(service, document.message)
        return document

    def read(
        self,
        service: ServiceName,
        data: bytes,
        *,
        max_bytes: int,
        tolerance: Callable[[], Tolerance],
    ) -> Document:
        """Returns what a document says.

        Args:
            service: that it was sent to.
            data: the document.
            max_bytes: a longer one is refused unread.
            tolerance: says what is put up with if the document is not valid.

        Raises:
            XMLError: it is no schema-valid message (406).
            HTTPError: 404, it is no operation of that service for a VEN.
        """
        document = self._read(data, max_bytes, tolerance)
        _check_operation(service, document.message)
        return document

    def keep(self, document: Document) -> None:
        """Remembers the document of a VEN that may poll, if it is a poll without signature.

        Nobody else can fill the memory. What is kept is the message as it was read: what the
        certificate of one VEN adds to it must not become another's.
        """
        root, message = document.root, document.message
        if root is not None and len(root) == 1 and type(message) is m.Poll:
            self._polls.keep(document.data, message, document.repairs)

    def _read(self, data: bytes, max_bytes: int, tolerance: Callable[[], Tolerance]) -> Document:
        try:
            root = signed = codec.parse(data, max_bytes=max_bytes)
            repairs: tuple[str, ...] = ()
        except XMLError:
            # What is refused is the first finding, whatever a repair has come to.
            allowed = tolerance()
            if allowed is Tolerance.STRICT:
                raise
            parsed = parse(data, allowed, max_bytes=max_bytes)
            root, signed, repairs = parsed.root, parsed.signed, parsed.repairs
        signed_object = codec.signed_object_of(root)
        unusable = None
        try:
            message = codec.message_of(signed_object)
        except InvalidData as error:
            message, unusable = stand_in(signed_object), error
        return Document(
            data=data,
            message=message,
            root=root,
            signed=signed,
            repairs=repairs,
            unusable=unusable,
        )


def _check_operation(service: ServiceName, message: m.Message) -> None:
    if type(message) not in FROM_VEN[service]:
        text = f"{codec.message_name(message)} is no operation of {service} for a VEN"
        raise HTTPError(404, text, rule="R401")
