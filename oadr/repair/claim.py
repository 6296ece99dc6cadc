"""What a document that cannot be read yet says about its sender."""

from lxml import etree

from oadr.codec.parser import read
from oadr.errors import XMLError

#: Elements above the venID of the sender: payload, signed object, message, and a part of it.
_DEEPEST = 4


def claimed_ven_id(data: bytes, *, max_bytes: int) -> str:
    """Returns the venID that a document names as its sender's; empty if it cannot be found.

    It says which profile the document may be read by where nothing else tells who sends
    it. Whoever reads the document has to check that it is the same in the end.
    """
    try:
        root = read(data.lstrip(), None, max_bytes=max_bytes)
    except XMLError:
        return ""
    level = [root]
    for _ in range(_DEEPEST):
        level = [child for element in level[:_DEEPEST] for child in _first(element)]
        for element in level:
            if str(element.tag).rpartition("}")[2].lower() == "venid":
                return (element.text or "").strip()
    return ""


def _first(element: etree._Element) -> list[etree._Element]:
    """Returns the children of an element; more than a message has are not looked at."""
    return list(element[:100])
