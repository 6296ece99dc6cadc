"""Messages of 2.0a to bytes and back.

What 2.0a knows has the same names in the same order as in 2.0b, so the functions that are
compiled from the tables of the messages serve both. What differs is around them: the
namespace that ``oadr`` stands for, a bare message as the root, no schemaVersion.
"""

from functools import cache
from pathlib import Path
from typing import cast

from lxml import etree

from oadr import messages as m
from oadr.codec import CONTENT_TYPE, MAX_BYTES
from oadr.codec.decoder import decoder
from oadr.codec.encoder import encoder
from oadr.codec.namespaces import NAMESPACES, qname
from oadr.codec.parser import read
from oadr.enums import SignalType
from oadr.errors import InvalidData, XMLError

__all__ = [
    "CONTENT_TYPE",
    "MESSAGES",
    "NAMESPACE",
    "decode",
    "encode",
    "message_of",
    "parse",
    "schema",
]

#: What the prefix ``oadr`` stands for; the other prefixes mean the same as in 2.0b.
NAMESPACE = "http://openadr.org/oadr-2.0a/2012/07"
_DECLARED = ("ei", "pyld", "xcal", "strm", "emix")

#: Name of the document element -> message class.
MESSAGES: dict[str, type] = {
    "oadrRequestEvent": m.RequestEvent,
    "oadrDistributeEvent": m.DistributeEvent,
    "oadrCreatedEvent": m.CreatedEvent,
    "oadrResponse": m.Response,
}

_NAMES = {cls: name for name, cls in MESSAGES.items()}
_TAGS = {f"{{{NAMESPACE}}}{name}": cls for name, cls in MESSAGES.items()}
_DECLARATIONS = f' xmlns:oadr="{NAMESPACE}"' + "".join(
    f' xmlns:{prefix}="{NAMESPACES[prefix]}"' for prefix in _DECLARED
)
_SCHEMA = Path(__file__).with_name("schema") / "oadr.xsd"
_SIGNAL_TYPE = qname("ei:signalType")
#: A type of 2.0a that 2.0b has given up; what it says of a signal of levels is of no matter.
_PRODUCT = "product"


@cache
def schema() -> etree.XMLSchema:
    """Returns our schema of 2.0a; that of the Alliance comes with no package."""
    return etree.XMLSchema(etree.parse(str(_SCHEMA)))


def encode(message: m.Message) -> bytes:
    """Returns the document for a message that ``in_profile_a`` has narrowed.

    Raises:
        KeyError: 2.0a has no such message.
    """
    cls: type = type(message)
    name = _NAMES[cls]
    body = encoder(cls)(message)
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<oadr:{name}{_DECLARATIONS}>'
    return f"{head}{body}</oadr:{name}>".encode()


def parse(data: bytes, *, max_bytes: int = MAX_BYTES) -> etree._Element:
    """Returns the root of a valid document of 2.0a.

    Args:
        data: the document, UTF-8.
        max_bytes: a longer one is refused unread.

    Raises:
        XMLError: it or a text in it is too long, it is not well-formed, has a DTD,
            declares too many namespaces, or is not a valid message of 2.0a.
    """
    root = read(data, schema(), max_bytes=max_bytes)
    if root.tag not in _TAGS:
        raise XMLError("the document element is no message of 2.0a")
    return root


def message_of(root: etree._Element) -> m.Message:
    """Returns the message in a document that ``parse`` has read; it must not be used again.

    Raises:
        InvalidData: a value is valid by the schema but cannot be represented (454).
    """
    cls = _TAGS[root.tag]
    if cls is m.DistributeEvent:
        _put_in_terms_of_b(root)
    try:
        return cast(m.Message, decoder(cls)(root))
    except (ValueError, OverflowError) as error:
        raise InvalidData(f"a value cannot be used: {error}") from error


def decode(data: bytes, *, max_bytes: int = MAX_BYTES) -> m.Message:
    """Returns the message in a document.

    Raises:
        XMLError: it is no valid message of 2.0a.
        InvalidData: see ``message_of``.
    """
    return message_of(parse(data, max_bytes=max_bytes))


def _put_in_terms_of_b(root: etree._Element) -> None:
    """Gives the elements of a snapshot the names by which the tables know them.

    The type of a signal is information only: every one of 2.0a is understood (R69).
    """
    for element in list(root.iter(f"{{{NAMESPACE}}}*")):
        element.tag = qname(f"oadr:{etree.QName(element).localname}")
    for element in root.iter(_SIGNAL_TYPE):
        if (element.text or "").strip() == _PRODUCT:
            element.text = SignalType.LEVEL
