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
#: Most tags of a document that is read; each takes some 100 bytes. The longest that the
#: profile has a use for, a report of 10,000 intervals, has a fifth of it.
MOST_TAGS = 1_000_000
#: Most namespaces in scope of an element; canonicalisation takes time with their square.
MOST_NAMESPACES = 64
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
        if len(self.data) > codec.MAX_BYTES or self.data.count(b"<") > MOST_TAGS:
            return None, f"not read: {len(self.data):,} bytes, or too many elements", 0
        try:
            root = etree.fromstring(self.data, _PARSER)
        except etree.XMLSyntaxError as error:
            return None, f"not well-formed: {error.msg}", error.lineno or 0
        if self.data.count(b"xmlns") > MOST_NAMESPACES and _crowded(root):
            return None, f"not read: more than {MOST_NAMESPACES} namespaces at one place", 0
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


def _crowded(root: etree._Element) -> bool:
    """Returns whether an element has too many namespaces in scope."""
    in_scope = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        in_scope += 1 if event == "start-ns" else -1
        if in_scope > MOST_NAMESPACES:
            return True
    return False
