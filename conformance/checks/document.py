"""One message as it was sent: its bytes, its tree, its name."""

from enum import StrEnum
from functools import cached_property

from lxml import etree

from conformance.checks.xml import local
from oadr import codec
from oadr import messages as m
from oadr.codec.namespaces import NAMESPACES, qname
from oadr.errors import OpenADRError


class Side(StrEnum):
    """A party."""

    VTN = "VTN"
    VEN = "VEN"


_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
)
_PAYLOAD = qname("oadr:oadrPayload")
_SIGNED = qname("oadr:oadrSignedObject")


class Document:
    """A message as it was sent.

    Attributes:
        data: the bytes.
        sender: who sent it.
    """

    def __init__(self, data: bytes, sender: Side) -> None:
        self.data = data
        self.sender = sender

    def __repr__(self) -> str:
        return f"<{self.name or 'document'} of the {self.sender}, {len(self.data)} bytes>"

    @cached_property
    def _parsed(self) -> tuple[etree._Element | None, str, int]:
        """The tree, and why it is not a valid one."""
        try:
            root = etree.fromstring(self.data, _PARSER)
        except etree.XMLSyntaxError as error:
            return None, f"not well-formed: {error.msg}", error.lineno or 0
        if root.tag != _PAYLOAD:
            return root, f"the document element is {root.tag}", root.sourceline or 0
        schema = codec.schema()
        try:
            if schema.validate(root):
                return root, "", 0
        except etree.XMLSchemaValidateError:
            # References to entities of its own are in it, which nobody resolves.
            return root, "the schema cannot be applied to it", 0
        entry = schema.error_log.last_error
        return root, entry.message[:400], entry.line

    @property
    def root(self) -> etree._Element | None:
        """The ``oadrPayload``; None if there is no XML."""
        return self._parsed[0]

    @property
    def invalid(self) -> str:
        """Why it is not valid by the schema, in words; empty if it is."""
        return self._parsed[1]

    @property
    def invalid_line(self) -> int:
        """Where."""
        return self._parsed[2]

    @cached_property
    def element(self) -> etree._Element | None:
        """The message element, such as ``oadrPoll``."""
        root = self.root
        signed = None if root is None else root.find(_SIGNED)
        return signed[0] if signed is not None and len(signed) else None

    @cached_property
    def name(self) -> str:
        """The name of the message; empty if it has none in 2.0b."""
        element = self.element
        if element is None or etree.QName(element).namespace != NAMESPACES["oadr"]:
            return ""
        return local(element)

    @cached_property
    def message(self) -> m.Message | None:
        """The message, decoded; None if it cannot be."""
        try:
            return codec.decode(self.data)
        except OpenADRError:
            return None
