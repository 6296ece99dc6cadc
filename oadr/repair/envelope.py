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
        found = [child for child in root if _is_message(child.tag, signed_object)]
        if len(found) == 1 and not any(_is_signed_object(child) for child in root):
            etree.SubElement(root, SIGNED_OBJECT).append(found[0])
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
    local = local_name(tag)
    known = local.lower() in signed_object.by_folded or signed_object.by_type(local) is not None
    return known and _is_of_b(tag)


def _is_signed_object(element: etree._Element) -> bool:
    return local_name(element.tag).lower() == local_name(SIGNED_OBJECT).lower()


def _is_of_b(tag: str) -> bool:
    """Whether it is in the namespace of 2.0b, or in none: one of 2.0a is no 2.0b."""
    return not tag.startswith("{") or tag.startswith(f"{{{NAMESPACES['oadr']}}}")
