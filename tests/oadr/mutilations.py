"""The inverse of each repair: how peers write a valid message wrong.

Each function changes a tree in place and returns the root, or None where there is nothing
that it could spoil. What it leaves is for ``oadr.repair`` to put right.
"""

import random
from collections.abc import Callable

from lxml import etree
from lxml.etree import _Element as Element

from oadr.codec.namespaces import NAMESPACES, qname

Mutilate = Callable[[Element, random.Random], Element | None]

#: What is carried as it is, and what is around a message.
_OPAQUE = tuple(
    map(
        qname,
        (
            "emix:serviceArea",
            "power:serviceLocation",
            "oadr:oadrGBPayload",
            "oadr:oadrGBDataDescription",
        ),
    )
)
_ENVELOPE = (qname("oadr:oadrPayload"), qname("oadr:oadrSignedObject"))
_VERSION = qname("ei:schemaVersion")
#: Children that stand at the same position: their order says something.
_PAYLOADS = {"signalpayload", "oadrreportpayload", "oadrgbpayload"}
_WORDS = (
    "ei:optType",
    "ei:eventStatus",
    "ei:signalType",
    "ei:reportType",
    "ei:readingType",
    "ei:optReason",
    "oadr:oadrDataQuality",
    "oadr:oadrTransportName",
    "oadr:oadrProfileName",
    "oadr:oadrResponseRequired",
    "oadr:oadrReportOnly",
    "oadr:oadrXmlSignature",
    "oadr:oadrOnChange",
    "oadr:oadrOnline",
    "pyld:reportToFollow",
    "power:ac",
)
_MOMENTS = ("xcal:date-time", "ei:createdDateTime", "ei:modificationDateTime")
_INTEGERS = ("ei:modificationNumber", "ei:priority", "pyld:replyLimit", "ei:confidence")


def seen(root: Element) -> list[Element]:
    """Returns the elements that have a place of their own, the root first."""
    hidden = {inner for tag in _OPAQUE for outer in root.iter(tag) for inner in outer}
    # Their elements stay theirs when the one around them has lost its name.
    hidden |= set(root.iter(f"{{{NAMESPACES['gml']}}}*", f"{{{NAMESPACES['atom']}}}*"))
    return [one for one in root.iter() if not hidden.intersection([one, *one.iterancestors()])]


def local(element: Element) -> str:
    """Returns the name of an element without its namespace."""
    return str(etree.QName(element).localname)


def _chosen(root: Element, rng: random.Random, *names: str) -> Element | None:
    found = [one for name in names for one in root.iter(qname(name))]
    hidden = set(root.iter()) - set(seen(root))
    found = [one for one in found if one not in hidden]
    return rng.choice(found) if found else None


def _some(root: Element, rng: random.Random) -> list[Element]:
    inner = [one for one in seen(root) if one.tag not in _ENVELOPE]
    return rng.sample(inner, rng.randint(1, min(5, len(inner))))


def _drop(element: Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def wrap_message(root: Element, rng: random.Random) -> Element | None:
    message = root[-1][0]
    if rng.random() < 0.5:
        root.append(message)
        del root[0]
        return root
    bare: Element = etree.fromstring(etree.tostring(message))
    return bare


def qualify_attributes(root: Element, rng: random.Random) -> Element | None:
    holders = [one for one in root.iter() if _VERSION in one.attrib]
    if not holders:
        return None
    one = rng.choice(holders)
    one.set(
        rng.choice(["schemaVersion", f"{{{NAMESPACES['oadr']}}}schemaVersion"]),
        one.attrib.pop(_VERSION),
    )
    return root


def namespace(root: Element, rng: random.Random) -> Element | None:
    for one in _some(root, rng):
        other = rng.choice([NAMESPACES["oadr"], NAMESPACES["ei"], "", "urn:x"])
        one.tag = f"{{{other}}}{local(one)}" if other else local(one)
    return root


def type_name(root: Element, rng: random.Random) -> Element | None:
    spoiled = False
    for one in _some(root, rng):
        # One type serves for several units of money.
        if local(one) != "currency":
            name = local(one)
            one.tag = f"{{{NAMESPACES['oadr']}}}{name[0].upper()}{name[1:]}Type"
            spoiled = True
    return root if spoiled else None


def name_case(root: Element, rng: random.Random) -> Element | None:
    for one in _some(root, rng):
        one.tag = one.tag.replace(local(one), rng.choice([local(one).lower(), local(one).upper()]))
    return root


def _kind(element: Element) -> str:
    """Returns what an element is, whatever became of its name: equals keep their order."""
    name = local(element).lower().removesuffix("type")
    return "payload" if name in _PAYLOADS else name


def order(root: Element, rng: random.Random) -> Element | None:
    several = [one for one in seen(root) if len(one) > 1 and one.tag not in _ENVELOPE]
    if not several:
        return None
    one = rng.choice(several)
    groups: dict[str, list[Element]] = {}
    keys = [_kind(child) for child in one]
    for key, child in zip(keys, one, strict=True):
        groups.setdefault(key, []).append(child)
    rng.shuffle(keys)
    for child in [groups[key].pop(0) for key in keys]:
        one.append(child)
    return root


def value_case(root: Element, rng: random.Random) -> Element | None:
    one = _chosen(root, rng, *_WORDS)
    text = (one.text or "") if one is not None else ""
    if one is None or not any(map(str.isalpha, text)) or text.startswith("x-"):
        return None
    one.text = rng.choice([text.upper(), text.capitalize(), f"{text[0].swapcase()}{text[1:]}"])
    return root


def date_time(root: Element, rng: random.Random) -> Element | None:
    one = _chosen(root, rng, *_MOMENTS)
    text = (one.text or "") if one is not None else ""
    if one is None or not text.endswith("Z"):
        return None
    one.text = rng.choice([text[:-1] + "+00:00", text.replace("T", " "), text.lower()])
    return root


def number(root: Element, rng: random.Random) -> Element | None:
    one = _chosen(root, rng, *_INTEGERS)
    if one is None:
        return None
    one.text = f"{one.text}.{'0' * rng.randint(0, 3)}"
    return root


def drop_empty(root: Element, rng: random.Random) -> Element | None:
    places = {
        "ei:eventDescriptor": "ei:priority",
        "pyld:eiRequestEvent": "pyld:replyLimit",
        "oadr:oadrCreatePartyRegistration": "oadr:oadrHttpPullModel",
        "oadr:oadrReportPayload": "ei:confidence",
        "oadr:oadrReport": "xcal:duration",
    }
    around = _chosen(root, rng, *places)
    if around is None:
        return None
    tag = next(qname(tag) for name, tag in places.items() if around.tag == qname(name))
    if around.find(tag) is not None:
        return None
    etree.SubElement(around, tag)
    return root


def _without(*names: str, text: str | None = "") -> Mutilate:
    """Returns what takes away elements with this text, which nobody misses; None for any."""

    def take(root: Element, rng: random.Random) -> Element | None:
        one = _chosen(root, rng, *names)
        if one is None or len(one) or (text is not None and (one.text or "") != text):
            return None
        _drop(one)
        return root

    return take


def fill_empty_part(root: Element, rng: random.Random) -> Element | None:
    targets = [
        one
        for path in ("ei:eiEvent", "oadr:oadrCreateOpt")
        for around in root.iter(qname(path))
        for one in around.findall(qname("ei:eiTarget"))
    ]
    found = [one for one in targets if not len(one)]
    found += [one for one in root.iter(qname("oadr:oadrPendingReports")) if not len(one)]
    found += [one for one in root.iter(qname("xcal:components")) if not len(one)]
    if not found:
        return None
    _drop(rng.choice(found))
    return root


def fill_report_request_id(root: Element, rng: random.Random) -> Element | None:
    for report in root.iter(qname("oadr:oadrReport")):
        one = report.find(qname("ei:reportRequestID"))
        has = report.find(qname("oadr:oadrReportDescription")) is not None
        if one is not None and (one.text or "") == ("0" if has else ""):
            report.remove(one)
            return root
    return None


def fill_unit(root: Element, rng: random.Random) -> Element | None:
    scales = [one for one in root.iter(qname("scale:siScaleCode")) if one.text == "none"]
    fixed = [
        one
        for name in ("powerReal", "energyReal", "voltage")
        for unit in root.iter(qname(f"power:{name}"))
        for one in unit.findall(qname("power:itemDescription"))
    ]
    found = [one for one in scales + fixed if one not in set(root.iter()) - set(seen(root))]
    if not found:
        return None
    _drop(rng.choice(found))
    return root


def _opt_none(*, refused: bool) -> Mutilate:
    def spoil(root: Element, rng: random.Random) -> Element | None:
        for one in root.iter(qname("ei:eventResponse")):
            opt = one.find(qname("ei:optType"))
            code = one.findtext(qname("ei:responseCode")) or ""
            if opt is not None and opt.text == "optOut" and code.startswith("2") is not refused:
                opt.text = rng.choice(["none", "None"])
                return root
        return None

    return spoil


def drop_unknown_element(root: Element, rng: random.Random) -> Element | None:
    around = [one for one in seen(root) if len(one) and one.tag not in _OPAQUE]
    one = rng.choice(around)
    extra = etree.Element("{urn:vendor}firmware")
    etree.SubElement(extra, qname("ei:rating")).text = "1.2"
    one.insert(rng.randint(0, len(one)), extra)
    return root


def drop_unknown_attribute(root: Element, rng: random.Random) -> Element | None:
    rng.choice(seen(root)).set(rng.choice(["vendor", "{urn:vendor}rev"]), "7")
    return root


def drop_empty_interval(root: Element, rng: random.Random) -> Element | None:
    for report in root.iter(qname("oadr:oadrReport")):
        intervals = report.find(qname("strm:intervals"))
        if intervals is not None:
            extra = etree.Element(qname("ei:interval"))
            etree.SubElement(etree.SubElement(extra, qname("xcal:uid")), qname("xcal:text"))
            intervals.insert(rng.randint(0, len(intervals)), extra)
            return root
    return None


def fill_signal_payload(root: Element, rng: random.Random) -> Element | None:
    for signal in root.iter(qname("ei:eiEventSignal")):
        if (signal.findtext(qname("ei:signalName")) or "").strip() not in ("SIMPLE", "simple"):
            continue
        for interval in signal.iter(qname("ei:interval")):
            payload = interval.findall(qname("ei:signalPayload"))
            if len(payload) == 1 and payload[0].findtext(".//" + qname("ei:value")) == "1":
                interval.remove(payload[0])
                return root
    return None


def fill_default(root: Element, rng: random.Random) -> Element | None:
    usual = {
        "oadr:oadrProfileName": "2.0b",
        "oadr:oadrTransportName": "simpleHttp",
        "oadr:oadrReportOnly": "false",
        "oadr:oadrXmlSignature": "false",
        "oadr:oadrOnChange": "false",
        "pyld:reportToFollow": "false",
        "oadr:oadrResponseRequired": "always",
        "ei:signalID": "0",
    }
    found = [
        one
        for name, text in usual.items()
        for one in root.iter(qname(name))
        if one.text == text and one.getparent() is not None and not _is_offered(one)
    ]
    if not found:
        return None
    _drop(rng.choice(found))
    return root


def _is_offered(element: Element) -> bool:
    """Whether it is one of several transports or profiles, of which none can be missing."""
    return any(local(outer) == "oadrProfiles" for outer in element.iterancestors())


#: Repair -> what it undoes. Those of bytes, of messages and of HTTP have tests of their own.
MUTILATIONS: dict[str, Mutilate] = {
    "wrap-message": wrap_message,
    "qualify-attributes": qualify_attributes,
    "namespace": namespace,
    "type-name": type_name,
    "name-case": name_case,
    "order": order,
    "value-case": value_case,
    "date-time": date_time,
    "number": number,
    "drop-empty": drop_empty,
    "fill-empty-part": fill_empty_part,
    "fill-request-id": _without("pyld:requestID"),
    "fill-report-request-id": fill_report_request_id,
    "fill-unit": fill_unit,
    "opt-none-in-refusal": _opt_none(refused=True),
    "opt-none": _opt_none(refused=False),
    "fill-ven-id": _without("ei:venID"),
    "fill-default": fill_default,
    "fill-signal-payload": fill_signal_payload,
    "drop-empty-interval": drop_empty_interval,
    "drop-unknown-element": drop_unknown_element,
    "drop-unknown-attribute": drop_unknown_attribute,
}
