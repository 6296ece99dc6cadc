"""The repair of order."""

from lxml import etree

from oadr.repair.mending import Mending
from oadr.repair.shape import Place


def mend_order(element: etree._Element, place: Place, mending: Mending) -> None:
    """Puts the children of an element into the order of the schema.

    Those that stand at the same position keep theirs: the order of intervals or of events
    says something. Where one is unknown, nothing is moved.
    """
    children = list(element)
    found = [place.known.get(child.tag) for child in children]
    positions = [one[0] for one in found if one is not None]
    if len(positions) < len(children) or positions == sorted(positions):
        return
    ordered = sorted(zip(positions, range(len(children)), strict=True))
    for _, number in ordered:
        element.append(children[number])
    mending.note("order")
