"""The units of the schema, and how to make one by name.

Spec: table 1 (signals) and rule 331 (reports) name the units that profiles use.
"""

from decimal import Decimal

from oadr.enums import Scale
from oadr.messages.common import PowerAttributes, Unit

#: Name -> (description, unit symbol), as the schema fixes them; empty where it leaves a choice.
MEASUREMENTS: dict[str, tuple[str, str]] = {
    "voltage": ("Voltage", "V"),
    "energyApparent": ("ApparentEnergy", "VAh"),
    "energyReactive": ("ReactiveEnergy", "VARh"),
    "energyReal": ("RealEnergy", "Wh"),
    "powerApparent": ("ApparentPower", "VA"),
    "powerReactive": ("ReactivePower", "VAR"),
    "powerReal": ("RealPower", "W"),
    "current": ("Current", "A"),
    "currency": ("currency", ""),
    "currencyPerKWh": ("currencyPerKWh", ""),
    "currencyPerKW": ("currencyPerKW", ""),
    "currencyPerThm": ("currency", ""),
    "frequency": ("Frequency", "Hz"),
    "Therm": ("Therm", "thm"),
    "temperature": ("temperature", ""),
    "pulseCount": ("pulse count", "count"),
    "customUnit": ("", ""),
}
POWER = frozenset({"powerApparent", "powerReactive", "powerReal"})
#: Frequency, voltage and kind of current that are assumed where nobody says otherwise.
MAINS = PowerAttributes(hertz=Decimal(50), voltage=Decimal(230), ac=True)


def unit(
    name: str,
    *,
    units: str = "",
    scale: Scale = Scale.NONE,
    description: str = "",
    power: PowerAttributes = MAINS,
    pulse_factor: Decimal = Decimal(1),
) -> Unit:
    """Returns the unit for a measurement.

    Args:
        name: one of ``MEASUREMENTS``, such as ``"energyReal"``.
        units: symbol; needed for currencies (ISO code), temperature and custom units.
        scale: power of ten.
        description: for custom units.
        power: for power units; 50 Hz, 230 V, AC if left out.
        pulse_factor: for pulse counts; what one pulse is worth.

    Raises:
        ValueError: the name is unknown, or a needed symbol is missing.
    """
    if name not in MEASUREMENTS:
        known = ", ".join(sorted(MEASUREMENTS))
        raise ValueError(f"measurement {name!r} is not known; expected one of {known}")
    fixed_description, fixed_units = MEASUREMENTS[name]
    if not (units or fixed_units):
        raise ValueError(f"measurement {name!r} needs its unit, such as 'EUR' or 'celsius'")
    return Unit(
        name=name,
        description=description or fixed_description or name,
        units=units or fixed_units,
        scale=scale,
        power=power if name in POWER else None,
        pulse_factor=pulse_factor if name == "pulseCount" else None,
    )
