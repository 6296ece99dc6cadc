"""Repairs of the names of elements."""

from lxml import etree

from oadr.codec.namespaces import qname
from oadr.repair.mending import Mending
from oadr.repair.shape import Place, local_name

_TYPE = qname("xsi:type")


def mend_names(element: etree._Element, place: Place, mending: Mending) -> None:
    """Gives children the names by which they are known at their place.

    If two of them are taken for the same one, which may be there once, validation refuses
    the document: which of the two is meant would be a guess.
    """
    for child in element:
        found = _typed(child, place) or _named(child.tag, place)
        if found is not None:
            name, child.tag = found
            child.attrib.pop(_TYPE, None)
            mending.note(name)


def drop_unknown(element: etree._Element, place: Place, mending: Mending) -> None:
    """Drops the children that nobody knows at their place.

    One that could be meant for a known one is kept, for it may say something that matters.
    """
    if not mending.allows("drop-unknown-element"):
        return
    for child in list(element):
        if child.tag in place.known or _named(child.tag, place) is not None:
            continue
        element.remove(child)
        mending.note("drop-unknown-element")


def _typed(child: etree._Element, place: Place) -> tuple[str, str] | None:
    """Returns what an element is whose ``xsi:type`` says so, as generic ones must."""
    kind = child.get(_TYPE)
    tag = place.by_type(kind.rpartition(":")[2]) if kind is not None else None
    return ("type-name", tag) if tag is not None else None


def _named(tag: str, place: Place) -> tuple[str, str] | None:
    """Returns by which repair an element gets which tag; None if its own is right."""
    if tag in place.known:
        return None
    local = local_name(tag)
    for name, found in (
        ("namespace", place.by_local.get(local)),
        ("name-case", place.by_folded.get(local.lower())),
        ("type-name", place.by_type(local)),
    ):
        if found is not None:
            return name, found
    return None
