"""Repairs of what is around a message, and what a signature makes untouchable."""

from lxml import etree

from oadr.codec.namespaces import NAMESPACES
from oadr.repair.mending import Mending
from oadr.repair.shape import PAYLOAD, SIGNATURE, SIGNED_OBJECT, Place, envelope, local_name

_SIGNED = f"{{{NAMESPACES['ds']}}}*"


def may_be_mended(root: etree._Element) -> bool:
    """Returns whether a document has no signature, or one where it belongs.

    Whatever else looks like a signature would be moved or left out by a repair; such a
    document is refused.
    """
    if next(root.iter(_SIGNED), None) is None:
        return True
    if root.tag != PAYLOAD or [child.tag for child in root] != [SIGNATURE, SIGNED_OBJECT]:
        return False
    return next(root[1].iter(_SIGNED), None) is None


def mend_envelope(root: etree._Element, mending: Mending) -> etree._Element:
    """Returns the oadrPayload around a message, made if need be."""
    place = envelope()
    signed_object = place.known[SIGNED_OBJECT][2]
    if local_name(root.tag) == local_name(PAYLOAD):
        if root.tag != PAYLOAD and _is_of_b(root.tag):
            root.tag = PAYLOAD
            mending.note("namespace")
        if len(root) == 1 and _is_message(root[0].tag, signed_object):
            message = root[0]
            holder = etree.SubElement(root, SIGNED_OBJECT)
            holder.append(message)
            mending.note("wrap-message")
        return root
    if root.tag == SIGNED_OBJECT or _is_message(root.tag, signed_object):
        return _wrapped(root, mending)
    return root


def _wrapped(element: etree._Element, mending: Mending) -> etree._Element:
    root = etree.Element(PAYLOAD, nsmap=element.nsmap)
    if element.tag == SIGNED_OBJECT:
        root.append(element)
    else:
        etree.SubElement(root, SIGNED_OBJECT).append(element)
    mending.note("wrap-message")
    return root


def _is_message(tag: str, signed_object: Place) -> bool:
    return _is_of_b(tag) and local_name(tag) in signed_object.by_local


def _is_of_b(tag: str) -> bool:
    """Whether it is in the namespace of 2.0b, or in none: one of 2.0a is no 2.0b."""
    return not tag.startswith("{") or tag.startswith(f"{{{NAMESPACES['oadr']}}}")
