"""Messages to bytes and back.

``encode`` and ``decode`` are all that most callers need. ``parse`` gives the validated
tree, for those that check a signature on it before ``message_of`` reads it.
"""

from typing import cast

from lxml import etree

from oadr.codec.decoder import decoder
from oadr.codec.encoder import attributes, encoder
from oadr.codec.namespaces import DECLARED, NAMESPACES, qname
from oadr.codec.parser import MAX_BYTES, parse, schema
from oadr.codec.plain import NOTHING, Dispensable, LeftOut
from oadr.errors import InvalidData, XMLError
from oadr.messages import MESSAGES, Message

__all__ = [
    "CONTENT_TYPE",
    "MAX_BYTES",
    "SIGNED_OBJECT_ID",
    "Dispensable",
    "LeftOut",
    "decode",
    "encode",
    "message_name",
    "message_of",
    "parse",
    "schema",
    "signed_object_of",
    "wrap",
]

CONTENT_TYPE = "application/xml"
#: The Id that a signature refers to; the same in every message that we write.
SIGNED_OBJECT_ID = "oadrSignedObject"

_NAMES = {cls: name for name, cls in MESSAGES.items()}
_TAGS = {qname(f"oadr:{name}"): cls for name, cls in MESSAGES.items()}
_SIGNED_OBJECT = qname("oadr:oadrSignedObject")
_DECLARATIONS = "".join(f' xmlns:{prefix}="{NAMESPACES[prefix]}"' for prefix in DECLARED)
#: Namespaces and no schemaLocation (R45).
_HEAD = f'<?xml version="1.0" encoding="UTF-8"?>\n<oadr:oadrPayload{_DECLARATIONS}>'
_OPEN = f'<oadr:oadrSignedObject oadr:Id="{SIGNED_OBJECT_ID}">'
_OPEN_PLAIN = "<oadr:oadrSignedObject>"
_TAIL = "</oadr:oadrSignedObject></oadr:oadrPayload>"


def message_name(message: Message | type) -> str:
    """Returns the element name of a message or message class, such as ``"oadrPoll"``."""
    return _NAMES[message if isinstance(message, type) else type(message)]


def encode(message: Message, *, leave_out: LeftOut = NOTHING) -> bytes:
    """Returns the message as a complete, unsigned document.

    Args:
        message: what to send.
        leave_out: optional things that the receiver chokes on.
    """
    return wrap(message, leave_out=leave_out)


def wrap(message: Message, signature: str = "", *, leave_out: LeftOut = NOTHING) -> bytes:
    """Returns the document for a message, with the signature that belongs to it in front.

    Args:
        message: what to send.
        signature: a ``ds:Signature`` element, or nothing.
        leave_out: what is not written, although it is there; the Id that a signature refers
            to always is.
    """
    cls: type = type(message)
    name = _NAMES[cls]
    start = _OPEN_PLAIN if Dispensable.ID in leave_out and not signature else _OPEN
    body = (
        f"{_HEAD}{signature}{start}<oadr:{name}{attributes(cls, leave_out)(message)}>"
        f"{encoder(cls, leave_out)(message)}</oadr:{name}>{_TAIL}"
    )
    return body.encode()


def signed_object_of(root: etree._Element) -> etree._Element:
    """Returns the one ``oadrSignedObject`` of a parsed payload: its last child."""
    last = root[-1] if len(root) else None
    if last is None or last.tag != _SIGNED_OBJECT:
        raise XMLError("the payload has no oadrSignedObject")
    return last


def message_of(signed_object: etree._Element) -> Message:
    """Returns the message in a validated ``oadrSignedObject``.

    Raises:
        XMLError: there is no message of 2.0b in it.
        InvalidData: a value is valid by the schema but cannot be represented, such as
            a date in the year 0 or a duration of a billion days (454).
    """
    element = signed_object[0] if len(signed_object) else None
    cls = _TAGS.get(element.tag) if element is not None else None
    if cls is None:
        raise XMLError("the payload holds no message of 2.0b")
    try:
        return cast(Message, decoder(cls)(element))
    except (ValueError, OverflowError) as error:
        raise InvalidData(f"a value cannot be used: {error}") from error


def decode(data: bytes, *, max_bytes: int = MAX_BYTES) -> Message:
    """Returns the message in a document, whether or not it is signed.

    Raises:
        XMLError: it is not a schema-valid payload.
        InvalidData: see ``message_of``.
    """
    return message_of(signed_object_of(parse(data, max_bytes=max_bytes)))
