"""``itemBase``: the one element of the schema whose name is part of its value."""

from lxml import etree

from oadr.codec.namespaces import qname
from oadr.codec.text import (
    collapse,
    escape,
    format_bool,
    format_decimal,
    format_float,
    parse_bool,
    parse_decimal,
    parse_float,
)
from oadr.enums import Scale
from oadr.messages.common import GreenButtonUnit, PowerAttributes, RawXml, Unit
from oadr.units import MEASUREMENTS

_POWER_NAMESPACE = frozenset(
    {
        "voltage",
        "energyApparent",
        "energyReactive",
        "energyReal",
        "powerApparent",
        "powerReactive",
        "powerReal",
    }
)
_PREFIX = {name: "power" if name in _POWER_NAMESPACE else "oadr" for name in MEASUREMENTS}
_GREEN_BUTTON = qname("oadr:oadrGBDataDescription")
#: Elements that need ``xsi:type`` to say which unit they are.
_GENERIC = (qname("power:energyItem"), qname("power:powerItem"))
_XSI_TYPE = qname("xsi:type")
_SCALES = {scale.value: scale for scale in Scale}

#: Every element that may stand for a unit.
TAGS = frozenset(
    {
        *(qname(f"{prefix}:{name}") for name, prefix in _PREFIX.items()),
        *_GENERIC,
        _GREEN_BUTTON,
    }
)


def canonical(element: etree._Element) -> RawXml:
    """Returns an element in exclusive canonical form.

    That form keeps the declarations of the prefixes that tags use; those that only an
    ``xsi:type`` uses are added.

    Raises:
        ValueError: it uses a namespace that no canonical form has room for.
    """
    types = [node.get(_XSI_TYPE) for node in element.iter(etree.Element)]
    prefixes = sorted({kind.partition(":")[0] for kind in types if kind and ":" in kind})
    try:
        return _canonical(element, prefixes)
    except etree.C14NError:
        # A namespace that is declared around it and not used may be relative.
        return _tidied(element, prefixes)


def _canonical(element: etree._Element, prefixes: list[str]) -> RawXml:
    text = etree.tostring(
        element, method="c14n", exclusive=True, inclusive_ns_prefixes=prefixes or None
    )
    return RawXml(xml=text.decode())


def _tidied(element: etree._Element, prefixes: list[str]) -> RawXml:
    """Returns the canonical form of an element without the namespaces that it does not use."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        alone = etree.fromstring(etree.tostring(element, with_tail=False), parser)
        etree.cleanup_namespaces(alone, keep_ns_prefixes=prefixes)
        return _canonical(alone, prefixes)
    except (etree.C14NError, etree.XMLSyntaxError):
        raise ValueError("a namespace is not an absolute URI") from None


def decode_unit(element: etree._Element) -> Unit | GreenButtonUnit:
    """Reads a unit."""
    if element.tag == _GREEN_BUTTON:
        return GreenButtonUnit(feed=canonical(element[0]))
    name = etree.QName(element).localname
    if element.tag in _GENERIC:
        kind = element.get(_XSI_TYPE, "").rpartition(":")[2].removesuffix("Type")
        name = kind[:1].lower() + kind[1:]
    part = {etree.QName(child).localname: child for child in element}
    description, units = MEASUREMENTS[name]
    attributes = part.get("powerAttributes")
    return Unit(
        name=name,
        description=_text(name, part["itemDescription"]) or description,
        units=_text(name, part["itemUnits"]) or units,
        scale=_SCALES[part["siScaleCode"].text] if "siScaleCode" in part else Scale.NONE,
        power=_decode_power(attributes) if attributes is not None else None,
        pulse_factor=parse_float(part["pulseFactor"].text) if "pulseFactor" in part else None,
    )


def _text(name: str, element: etree._Element) -> str:
    # Only the custom unit's texts are free; the others are tokens.
    text = element.text or ""
    return text if name == "customUnit" else collapse(text)


def _decode_power(element: etree._Element) -> PowerAttributes:
    hertz, voltage, ac = (child.text for child in element)
    return PowerAttributes(
        hertz=parse_decimal(hertz), voltage=parse_decimal(voltage), ac=parse_bool(ac)
    )


def encode_unit(unit: Unit | GreenButtonUnit) -> str:
    """Writes a unit.

    Raises:
        ValueError: the schema does not know its name.
    """
    if isinstance(unit, GreenButtonUnit):
        return f"<oadr:oadrGBDataDescription>{unit.feed.xml}</oadr:oadrGBDataDescription>"
    if unit.name not in _PREFIX:
        raise ValueError(f"unit {unit.name!r} is not in the schema; use name='customUnit'")
    prefix = _PREFIX[unit.name]
    inner = (
        f"<{prefix}:itemDescription>{escape(unit.description)}</{prefix}:itemDescription>"
        f"<{prefix}:itemUnits>{escape(unit.units)}</{prefix}:itemUnits>"
    )
    if unit.pulse_factor is not None:
        inner += f"<oadr:pulseFactor>{format_float(unit.pulse_factor)}</oadr:pulseFactor>"
    else:
        inner += f"<scale:siScaleCode>{unit.scale}</scale:siScaleCode>"
    if unit.power is not None:
        inner += (
            f"<power:powerAttributes><power:hertz>{format_decimal(unit.power.hertz)}</power:hertz>"
            f"<power:voltage>{format_decimal(unit.power.voltage)}</power:voltage>"
            f"<power:ac>{format_bool(unit.power.ac)}</power:ac></power:powerAttributes>"
        )
    return f"<{prefix}:{unit.name}>{inner}</{prefix}:{unit.name}>"
