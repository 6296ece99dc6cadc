"""Arithmetic for meters: scaled, shared out and reduced without losing a watt-hour.

A share that no decimal can hold (a third) is rounded, and what was rounded away stays in
the other share, so that parts always add up to the whole.
"""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from oadr.enums import Scale
from oadr.units import MEASUREMENTS

#: Power of ten of each scale.
EXPONENTS = {
    Scale.PICO: -12,
    Scale.NANO: -9,
    Scale.MICRO: -6,
    Scale.MILLI: -3,
    Scale.CENTI: -2,
    Scale.DECI: -1,
    Scale.NONE: 0,
    Scale.KILO: 3,
    Scale.MEGA: 6,
    Scale.GIGA: 9,
    Scale.TERA: 12,
}
#: Places after the point that a share is rounded to, unless the value itself has more.
PLACES = 6


def share(value: Decimal, part: Fraction) -> Decimal:
    """Returns ``part`` of ``value``, rounded to ``PLACES`` or the places of the value.

    Exact where the result has no more places than that.

    Raises:
        ValueError: the value is not a finite number.
    """
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError(f"{value} is not a finite number")
    places = max(PLACES, -exponent)
    whole = round(Fraction(value) * part * 10**places)
    while places and whole % 10 == 0:
        whole, places = whole // 10, places - 1
    return Decimal(f"{whole}E-{places}")


def split(value: Decimal, parts: int) -> list[Decimal]:
    """Returns ``value`` in ``parts`` shares as equal as rounding allows; their sum is ``value``."""
    bounds = [share(value, Fraction(n, parts)) for n in range(parts)] + [value]
    return [later - earlier for earlier, later in pairwise(bounds)]


def exponent_of(unit: str, *, measurement: str, symbol: str = "") -> int:
    """Returns the power of ten in front of a unit that a person wrote: 3 for ``"kWh"``.

    Args:
        unit: such as ``"kWh"``, ``"MW"`` or ``"V"``.
        measurement: one of ``oadr.units.MEASUREMENTS``: what must be behind the prefix.
        symbol: of the unit where the measurement leaves a choice.

    Raises:
        ValueError: it is not a unit of this measurement.
    """
    base = MEASUREMENTS.get(measurement, ("", ""))[1] or symbol
    if base and unit.endswith(base):
        prefix = unit.removesuffix(base) or Scale.NONE
        prefix = Scale.MICRO if prefix in {"u", "µ"} else prefix
        if prefix in EXPONENTS:
            return EXPONENTS[Scale(prefix)]
    raise ValueError(f"unit {unit!r} does not fit {measurement}; expected such as 'k{base}'")
