"""``itemBase`` as openleadr's ``measurement``, and back."""

from decimal import Decimal
from typing import Any

from oadr import messages as m
from oadr.dicts.node import FLAG, NUMBER, TEXT, Node, one_of
from oadr.dicts.number import number_to
from oadr.enums import Scale
from oadr.units import MAINS, MEASUREMENTS, POWER
from oadr.words import quoted

_CUSTOM = "customUnit"
#: openleadr's misspelling (X11).
_MEANT = {"currencyPerWK": "currencyPerKW"}
_SCALE = one_of(Scale)


def unit_to_dict(unit: m.Unit | m.GreenButtonUnit | None) -> dict[str, Any]:
    """Returns what a dict gets for its unit: nothing, or one key with what is under it."""
    if unit is None:
        return {}
    if isinstance(unit, m.GreenButtonUnit):
        return {"gbdata_description": {"feed": unit.feed.xml}}
    found: dict[str, Any] = {
        "name": unit.name,
        "description": unit.description or None,
        "unit": unit.units or None,
    }
    if unit.pulse_factor is None:
        found["scale"] = str(unit.scale)
    else:
        found["pulse_factor"] = number_to(unit.pulse_factor)
    if unit.power is not None:
        found["power_attributes"] = {
            "hertz": number_to(unit.power.hertz),
            "voltage": number_to(unit.power.voltage),
            "ac": unit.power.ac,
        }
    return {"measurement": found}


def unit_of(node: Node) -> m.Unit | m.GreenButtonUnit | None:
    """Returns the unit in a dict, or None.

    A measurement with a name that the schema does not have becomes a custom unit, as
    openleadr has it; what the schema fixes may be left out.

    Raises:
        ValueError: something in it is missing or not understood.
    """
    feed = node.child("gbdata_description")
    if feed is not None:
        return m.GreenButtonUnit(feed=m.RawXml(xml=feed.need(TEXT, "feed")))
    given = node.child("measurement")
    if given is None:
        return None
    named = given.need(TEXT, "name")
    name = _MEANT.get(named, named)
    if name not in MEASUREMENTS:
        name = _CUSTOM
    pulses = name == "pulseCount"
    factor = given.maybe(NUMBER, "pulse_factor") if pulses else None
    return m.Unit(
        name=name,
        description=_description(given, name, named),
        units=_symbol(given, name),
        scale=Scale.NONE if pulses else given.maybe(_SCALE, "scale") or Scale.NONE,
        power=_power(given) if name in POWER else None,
        pulse_factor=Decimal(1) if pulses and factor is None else factor,
    )


def _description(given: Node, name: str, named: str) -> str:
    found = given.maybe(TEXT, "description")
    fixed = MEASUREMENTS[name][0]
    if name == _CUSTOM:
        return named if found is None and named != _CUSTOM else found or ""
    if found is None or found.lower() == fixed.lower():
        return fixed
    if name.startswith("currency"):
        return found
    raise ValueError(
        f"{given.at('description')} is {quoted(found)}; expected {fixed!r} for {name}, "
        "or the name customUnit"
    )


def _symbol(given: Node, name: str) -> str:
    fixed = MEASUREMENTS[name][1]
    if fixed:
        return given.maybe(TEXT, "unit") or fixed
    return given.maybe(TEXT, "unit") or "" if name == _CUSTOM else given.need(TEXT, "unit")


def _power(given: Node) -> m.PowerAttributes:
    power = given.child("power_attributes")
    if power is None:
        return MAINS
    return m.PowerAttributes(
        hertz=power.need(NUMBER, "hertz"),
        voltage=power.need(NUMBER, "voltage"),
        ac=power.need(FLAG, "ac"),
    )
