"""Repairs of what is missing."""

from collections.abc import Callable

from lxml import etree

from oadr.codec.namespaces import qname
from oadr.repair.mending import Mending
from oadr.repair.shape import Place, Slot, local_name
from oadr.units import MEASUREMENTS

_REPORT = qname("oadr:oadrReport")
_DESCRIPTION = qname("oadr:oadrReportDescription")
_EVENT_DESCRIPTOR = qname("ei:eventDescriptor")
_SIGNAL_NAME = qname("ei:signalName")
_SIGNAL = qname("ei:eiEventSignal")
_SIGNAL_PAYLOAD = qname("ei:signalPayload")
_ATTRIBUTES = {"power:hertz": "0", "power:voltage": "0", "power:ac": "true"}

#: What a missing element holds; None if that depends on the element around it.
Text = Callable[[etree._Element], str | None]


def _always(text: str) -> Text:
    return lambda _: text


def _report_request_id(around: etree._Element) -> str | None:
    """Returns 0 for metadata (R311); nothing that could be a request for data."""
    if around.tag != _REPORT:
        return None
    return "0" if around.find(_DESCRIPTION) is not None else ""


def _modification_number(around: etree._Element) -> str | None:
    """Returns that of a new event; an answer must say which modification it is for."""
    return "0" if around.tag == _EVENT_DESCRIPTOR else None


def _fixed(index: int) -> Text:
    """Returns what the schema fixes for a unit: its description, or its symbol."""
    return lambda around: MEASUREMENTS.get(local_name(around.tag), ("", ""))[index] or None


#: Tag -> repair that adds it, and its text.
_TEXTS: dict[str, tuple[str, Text]] = {
    qname(tag): (repair, text)
    for tag, repair, text in (
        ("pyld:requestID", "fill-request-id", _always("")),
        ("ei:reportRequestID", "fill-report-request-id", _report_request_id),
        ("ei:eiTarget", "fill-empty-part", _always("")),
        ("xcal:components", "fill-empty-part", _always("")),
        ("oadr:oadrPendingReports", "fill-empty-part", _always("")),
        ("power:itemDescription", "fill-unit", _fixed(0)),
        ("oadr:itemDescription", "fill-unit", _fixed(0)),
        ("power:itemUnits", "fill-unit", _fixed(1)),
        ("oadr:itemUnits", "fill-unit", _fixed(1)),
        ("scale:siScaleCode", "fill-unit", _always("none")),
        ("ei:venID", "fill-ven-id", _always("")),
        ("oadr:oadrProfileName", "fill-default", _always("2.0b")),
        ("oadr:oadrTransportName", "fill-default", _always("simpleHttp")),
        ("oadr:oadrReportOnly", "fill-default", _always("false")),
        ("oadr:oadrXmlSignature", "fill-default", _always("false")),
        ("oadr:oadrOnChange", "fill-default", _always("false")),
        ("pyld:reportToFollow", "fill-default", _always("false")),
        ("oadr:oadrResponseRequired", "fill-default", _always("always")),
        ("ei:modificationNumber", "fill-default", _modification_number),
        ("ei:signalID", "fill-default", _always("0")),
        ("emix:marketContext", "fill-default", _always("")),
    )
}
#: Tag -> repair that adds it, and what it holds.
_HOLDERS: dict[str, tuple[str, dict[str, str]]] = {
    qname("power:powerAttributes"): ("fill-unit", _ATTRIBUTES),
    qname("ei:eiMarketContext"): ("fill-default", {"emix:marketContext": ""}),
}


def mend_missing(element: etree._Element, place: Place, mending: Mending) -> None:
    """Adds the children that must be there and of which it is clear what they hold."""
    there = {child.tag for child in element}
    for number, slot in enumerate(place.slots):
        if slot.required and there.isdisjoint(slot.places):
            name, child = _made(element, slot)
            if child is not None and mending.allows(name):
                element.insert(_index(element, place, number), child)
                mending.note(name)


def _index(element: etree._Element, place: Place, number: int) -> int:
    """Returns before which child one of that position belongs."""
    for index, child in enumerate(element):
        found = place.known.get(child.tag)
        if found is not None and found[0] > number:
            return index
    return len(element)


def _made(around: etree._Element, slot: Slot) -> tuple[str, etree._Element | None]:
    """Returns what is missing, if anybody knows, and the repair that adds it."""
    tag = next(iter(slot.places))
    if tag in _HOLDERS:
        name, texts = _HOLDERS[tag]
        return name, _holder(tag, texts)
    if tag in _TEXTS:
        name, make = _TEXTS[tag]
        text = make(around)
        return name, _element(tag, text) if text is not None else None
    if _SIGNAL_PAYLOAD in slot.places and _is_simple(around):
        number = _holder(qname("ei:payloadFloat"), {"ei:value": "1"})
        payload = etree.Element(_SIGNAL_PAYLOAD)
        payload.append(number)
        return "fill-signal-payload", payload
    return "", None


def _holder(tag: str, texts: dict[str, str]) -> etree._Element:
    element = etree.Element(tag)
    for name, text in texts.items():
        element.append(_element(qname(name), text))
    return element


def _element(tag: str, text: str) -> etree._Element:
    element = etree.Element(tag)
    element.text = text
    return element


def _is_simple(interval: etree._Element) -> bool:
    """Whether an interval belongs to a signal of levels, of which 1 asks for the least."""
    around = interval.getparent()
    signal = around.getparent() if around is not None else None
    if signal is None or signal.tag != _SIGNAL:
        return False
    return (signal.findtext(_SIGNAL_NAME) or "").strip().upper() == "SIMPLE"
