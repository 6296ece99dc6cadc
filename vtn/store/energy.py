"""How much energy readings stand for, exactly."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Context, Decimal
from typing import TypeGuard

from oadr.enums import Scale

#: Wide enough that sums and products of readings are exact.
_WIDE = Context(prec=60)
_SECOND = timedelta(seconds=1)
_HOUR = Decimal(3600)
_EXPONENTS = {
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
#: Report types whose values are energy used in the interval, if the unit is one of energy.
ENERGY_TYPES = frozenset({"usage"})
#: Report types whose values hold throughout the interval, if the unit is one of power.
POWER_TYPES = frozenset({"usage", "avgUsage", "demand", "avgDemand", "reading"})


#: How the quality of a value begins that stands for nothing (R318).
_UNUSABLE = ("Quality Bad", "No Quality")


def counts(value: Decimal | None, quality: str | None) -> TypeGuard[Decimal]:
    """Returns whether a reading means energy: a placeholder for a missing one does not (R318)."""
    usable = quality is None or not quality.startswith(_UNUSABLE)
    return usable and value is not None and value.is_finite()


def overlap(start: datetime, duration: timedelta, window: tuple[datetime, datetime]) -> timedelta:
    """Returns how much of an interval lies in a window; zero or more."""
    inside = min(start + duration, window[1]) - max(start, window[0])
    return max(inside, timedelta(0))


def watt_seconds(
    value: Decimal, unit_name: str, scale: Scale, duration: timedelta, inside: timedelta
) -> Decimal:
    """Returns the energy of the part of a reading that is inside a window.

    Args:
        value: of the reading; finite.
        unit_name: ``energyReal`` or ``powerReal``.
        scale: of the unit.
        duration: of the reading, more than zero.
        inside: how much of it counts; energy is taken as used evenly.
    """
    scaled = _WIDE.scaleb(value, _EXPONENTS[scale])
    seconds = Decimal(inside // _SECOND)
    if unit_name == "powerReal":
        return _WIDE.multiply(scaled, seconds)
    joules = _WIDE.multiply(scaled, _HOUR)
    if inside == duration:
        return joules
    return _WIDE.divide(_WIDE.multiply(joules, seconds), Decimal(duration // _SECOND))


@dataclass(slots=True)
class Total:
    """Adds up the energy of readings in a window.

    Attributes:
        window: first moment, and first moment after.
        joules: so far, exact.
        covered: how much of the window has readings.
        readings: how many.
    """

    window: tuple[datetime, datetime]
    joules: Decimal = Decimal(0)
    covered: timedelta = timedelta(0)
    readings: int = 0

    def add(
        self, value: Decimal, unit_name: str, scale: Scale, start: datetime, duration: timedelta
    ) -> None:
        """Adds what of a reading lies in the window."""
        inside = overlap(start, duration, self.window)
        if inside:
            energy = watt_seconds(value, unit_name, scale, duration, inside)
            self.joules = _WIDE.add(self.joules, energy)
            self.covered += inside
            self.readings += 1

    @property
    def watt_hours(self) -> Decimal:
        """The energy in watt-hours, to 28 digits."""
        return self.joules / _HOUR
