"""What a report measures, in all the ways in which OpenLEADR's applications say it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from oadr.enums import Scale
from oadr.messages import PowerAttributes
from oadr.units import MAINS, MEASUREMENTS, POWER

log = logging.getLogger("openadr.ven")
_CUSTOM = "customUnit"
#: OpenLEADR's names that are not the schema's with underscores.
_ALIASES = {
    "realenergy": "energyReal",
    "activeenergy": "energyReal",
    "reactiveenergy": "energyReactive",
    "apparentenergy": "energyApparent",
    "realpower": "powerReal",
    "activepower": "powerReal",
    "reactivepower": "powerReactive",
    "apparentpower": "powerApparent",
}
_NAMES = {name.lower(): name for name in MEASUREMENTS if name != _CUSTOM} | _ALIASES
#: What is taken where the schema leaves a choice and nobody says; OpenLEADR takes the first
#: currency of the alphabet.
_DEFAULT_UNITS = {"temperature": "celsius"}
_TEMPERATURES = ("celsius", "fahrenheit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What is measured, in which unit.

    Attributes:
        name: one of ``oadr.units.MEASUREMENTS``.
        unit: its symbol.
        description: of a custom unit.
        scale: power of ten.
        power: for power units.
    """

    name: str
    unit: str
    description: str = ""
    scale: Scale = Scale.NONE
    power: PowerAttributes = MAINS


def measured(
    measurement: Any, *, unit: str | None, scale: Scale, power: PowerAttributes
) -> Measured:
    """Returns what is measured.

    Args:
        measurement: a name of the schema or of ``openleadr.enums.MEASUREMENTS``, any other
            text for a custom unit, an ``openleadr.objects.Measurement``, or a dict with
            ``name``, ``description`` and ``unit``.
        unit: symbol; ignored, with a warning, where the schema knows another.
        scale: power of ten, for a name.
        power: for a name of a power.

    Raises:
        ValueError: it is none of these, or its parts do not go together.
    """
    if isinstance(measurement, str) and measurement:
        return _by_name(measurement, unit=unit, scale=scale, power=power)
    if isinstance(measurement, Mapping):
        return _by_parts(measurement, scale=scale, power=power)
    parts = ("name", "description", "unit", "scale", "power_attributes")
    if all(hasattr(measurement, name) for name in parts[:3]):
        found = {name: getattr(measurement, name, None) for name in parts}
        return _by_parts(found, scale=scale, power=power)
    raise ValueError(
        f"measurement is {measurement!r}; expected a name such as 'REAL_POWER', a Measurement, or "
        "a dict with 'name', 'description' and 'unit'"
    )


def power_of(hertz: Any, voltage: Any, ac: Any) -> PowerAttributes:
    """Returns what a power unit needs beside its scale.

    Raises:
        ValueError: it is no number.
    """
    try:
        return PowerAttributes(
            hertz=Decimal(str(hertz)), voltage=Decimal(str(voltage)), ac=bool(ac)
        )
    except ArithmeticError:
        raise ValueError(f"power of {hertz!r} Hz and {voltage!r} V; expected numbers") from None


def _by_name(text: str, *, unit: str | None, scale: Scale, power: PowerAttributes) -> Measured:
    name = _NAMES.get(text.replace("_", "").lower())
    if name is None:
        if not unit:
            raise ValueError(f"measurement {text!r} is none of the schema's; give its unit, too")
        return Measured(name=_CUSTOM, unit=unit, description=text, scale=scale)
    symbol = _symbol(name, unit, text)
    return Measured(name=name, unit=symbol, scale=scale, power=power if name in POWER else MAINS)


def _symbol(name: str, unit: str | None, text: str) -> str:
    """Returns the symbol of a measurement of the schema."""
    fixed = MEASUREMENTS[name][1]
    if not fixed and unit and _may_be(name, unit):
        return unit
    symbol = fixed or _DEFAULT_UNITS.get(name, "")
    if not symbol:
        raise ValueError(f"measurement {text!r} needs its unit, such as 'EUR'; not {unit!r}")
    if unit and unit != symbol:
        words = "The supplied unit %s for measurement %s will be ignored, %s will be used instead."
        log.warning(words, unit, text, symbol)
    return symbol


def _may_be(name: str, unit: str) -> bool:
    if name == "temperature":
        return unit in _TEMPERATURES
    return len(unit) == len("EUR") and unit.isalpha() and unit.isupper()


def _by_parts(parts: Mapping[str, Any], *, scale: Scale, power: PowerAttributes) -> Measured:
    if not all(parts.get(name) for name in ("name", "description", "unit")):
        raise ValueError(
            "The measurement dict must contain the following keys: 'name', 'description', "
            "'unit'. Please correct this."
        )
    name, description, unit = (str(parts[key]) for key in ("name", "description", "unit"))
    own = Scale(parts["scale"]) if parts.get("scale") else Scale.NONE
    scale = scale if scale is not Scale.NONE else own
    if name not in MEASUREMENTS:
        log.warning("measurement %s is none of the schema's; it becomes a customUnit", name)
        name = _CUSTOM
    if name == _CUSTOM:
        return Measured(name=_CUSTOM, unit=unit, description=description, scale=scale)
    _check_parts(name, description, unit)
    return Measured(name=name, unit=unit, scale=scale, power=_power(parts, power))


def _check_parts(name: str, description: str, unit: str) -> None:
    wanted, symbol = MEASUREMENTS[name]
    if description.lower() != wanted.lower():
        raise ValueError(
            f"The measurement's description '{description}' did not match the expected "
            f"description for this type ('{wanted}'). Please correct this, or use 'customUnit' "
            "as the name."
        )
    if unit != symbol and not (not symbol and _may_be(name, unit)):
        raise ValueError(
            f"The unit '{unit}' is not acceptable for measurement '{name}'; expected "
            f"{symbol or 'a unit such as EUR or celsius'}."
        )


def _power(parts: Mapping[str, Any], power: PowerAttributes) -> PowerAttributes:
    given = parts.get("power_attributes")
    if given is None:
        return power
    found = given if isinstance(given, Mapping) else vars(given)
    return power_of(found.get("hertz", 50), found.get("voltage", 230), found.get("ac", True))
