"""From the bytes of the VTN to a valid payload, mended if that is allowed and need be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from oadr import codec
from oadr.errors import XMLError
from oadr.messages import Message
from oadr.repair.catalogue import Tolerance
from runtime.clock import Clock
from ven.health import Health, unreadable

if TYPE_CHECKING:
    from lxml import etree


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Document:
    """A document of the VTN.

    Attributes:
        root: the valid payload, mended if need be.
        received: the payload as it came, which is what its signature is verified on.
        repairs: names of what was done.
    """

    root: "etree._Element"
    received: "etree._Element"
    repairs: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Reader:
    """Reads documents of the VTN.

    Attributes:
        clock: tells when something was mended.
        profile: what is put up with.
        health: counts the repairs.
        where: ``extra`` of what is logged.
    """

    clock: Clock
    profile: Tolerance = Tolerance.STRICT
    health: Health = field(default_factory=Health)
    where: Mapping[str, str] = field(default_factory=dict)

    def read(self, data: bytes, *, max_bytes: int) -> Document:
        """Returns what is in a document; nobody has looked at its signature yet.

        Args:
            data: the document, UTF-8.
            max_bytes: a longer one is refused unread.

        Raises:
            XMLError: it is no payload, and cannot be made one; says what would help.
        """
        if self.profile is Tolerance.STRICT:
            root = codec.parse(data, max_bytes=max_bytes)
            return Document(root=root, received=root)
        from oadr.repair import parse

        parsed = parse(data, self.profile, max_bytes=max_bytes)
        return Document(root=parsed.root, received=parsed.received, repairs=parsed.repairs)

    def message(
        self, signed_object: "etree._Element", document: Document
    ) -> tuple[Message, tuple[str, ...]]:
        """Returns the message in a document that may be believed, and all that was mended.

        Args:
            signed_object: that its signature covers.
            document: what it is of.

        Raises:
            InvalidData: a value in it cannot be used.
        """
        message = codec.message_of(signed_object)
        if self.profile is Tolerance.STRICT:
            return message, ()
        from oadr.repair.message import mend_message

        message, more = mend_message(message, self.profile)
        repairs = document.repairs + more
        if repairs:
            self.health.mended(repairs, self.clock.now(), self.where)
        return message, repairs

    def explained(self, error: XMLError, data: bytes, *, max_bytes: int) -> str:
        """Returns what is wrong with a document, and which profile would make it readable."""
        if self.profile is Tolerance.LENIENT:
            return str(error)
        return unreadable(str(error), data, max_bytes=max_bytes)
