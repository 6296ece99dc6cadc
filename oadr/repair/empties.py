"""Repairs of what is there and holds nothing."""

from lxml import etree

from oadr.codec.namespaces import qname
from oadr.messages import RawXml, Target
from oadr.repair.mending import Mending
from oadr.repair.shape import Place

_NIL = qname("xsi:nil")
_INTERVALS = qname("strm:intervals")
_REPORT = qname("oadr:oadrReport")
_TIMING = frozenset({qname("xcal:dtstart"), qname("xcal:duration"), qname("xcal:uid")})


def drop_empty(element: etree._Element, place: Place, mending: Mending) -> None:
    """Drops optional children that hold nothing, where the schema wants something (R46).

    An empty text is a text, and an empty target means everything: these are kept.
    """
    for child in list(element):
        found = place.known.get(child.tag)
        if found is None or found[1].required or not _is_empty(child):
            continue
        inner = found[2]
        if inner.kind in (str, RawXml) or inner.cls is Target:
            continue
        element.remove(child)
        mending.note("drop-empty")


def drop_empty_intervals(element: etree._Element, mending: Mending) -> None:
    """Drops the intervals of a report that say nothing."""
    around = element.find(_INTERVALS) if element.tag == _REPORT else None
    if around is None or not mending.allows("drop-empty-interval"):
        return
    for interval in list(around):
        if all(child.tag in _TIMING for child in interval):
            around.remove(interval)
            mending.note("drop-empty-interval")
    if not len(around):
        element.remove(around)


def _is_empty(element: etree._Element) -> bool:
    if element.get(_NIL, "").strip() in ("true", "1"):
        return True
    return not len(element) and not (element.text or "").strip()
