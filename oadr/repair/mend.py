"""Walks a document once and applies the repairs to each element at its place."""

from lxml import etree

from oadr.messages import RawXml
from oadr.repair.attributes import mend_attributes
from oadr.repair.empties import drop_empty, drop_empty_intervals
from oadr.repair.envelope import mend_envelope
from oadr.repair.mending import Mending
from oadr.repair.missing import mend_missing
from oadr.repair.names import drop_unknown, mend_names
from oadr.repair.order import mend_order
from oadr.repair.shape import Place, envelope
from oadr.repair.values import mend_answer, mend_value


def mend(root: etree._Element, mending: Mending) -> etree._Element:
    """Returns the root of the mended document; the tree itself is changed.

    Args:
        root: of a copy of what came.
        mending: what is allowed; it notes what is done.

    Raises:
        TooMuchError: it would take too many changes.
    """
    root = mend_envelope(root, mending)
    _mend(root, envelope(), mending)
    return root


def _mend(element: etree._Element, place: Place, mending: Mending) -> None:
    if place.kind is RawXml:
        return
    mend_attributes(element, place, mending)
    if place.kind is not None:
        mend_value(element, place, mending)
        return
    mend_names(element, place, mending)
    drop_unknown(element, place, mending)
    drop_empty(element, place, mending)
    for child in element:
        found = place.known.get(child.tag)
        if found is not None:
            _mend(child, found[2], mending)
    mend_answer(element, mending)
    drop_empty_intervals(element, mending)
    mend_missing(element, place, mending)
    mend_order(element, place, mending)
