from datetime import timedelta
from decimal import Decimal

import pytest

from oadr.enums import Scale
from tests.vtn.store.worlds import HOUR, MINUTE, NOW
from vtn.store.energy import Total

WINDOW = (NOW, NOW + HOUR)


def energy(value: str, name: str, scale: Scale, start: timedelta, duration: timedelta) -> Total:
    total = Total(WINDOW)
    total.add(Decimal(value), name, scale, NOW + start, duration)
    return total


@pytest.mark.parametrize(
    ("value", "name", "scale", "start", "duration", "watt_hours"),
    [
        ("1.5", "energyReal", Scale.KILO, timedelta(0), HOUR, "1500"),
        ("2", "powerReal", Scale.KILO, timedelta(0), HOUR / 2, "1000"),
        ("90", "powerReal", Scale.NONE, -HOUR, 2 * HOUR, "90"),
        ("90", "energyReal", Scale.NONE, -HOUR, 2 * HOUR, "45"),
        ("-7", "powerReal", Scale.MEGA, timedelta(0), HOUR, "-7000000"),
        ("1", "energyReal", Scale.MILLI, timedelta(0), HOUR, "0.001"),
        ("9", "powerReal", Scale.NONE, HOUR, HOUR, "0"),
        ("9", "powerReal", Scale.NONE, -HOUR, HOUR, "0"),
        ("9", "powerReal", Scale.NONE, timedelta(0), timedelta(0), "0"),
    ],
)
def test_a_reading_counts_as_far_as_it_lies_in_the_window(
    value: str,
    name: str,
    scale: Scale,
    start: timedelta,
    duration: timedelta,
    watt_hours: str,
) -> None:
    assert energy(value, name, scale, start, duration).watt_hours == Decimal(watt_hours)


def test_a_sum_has_no_rounding_error() -> None:
    total = Total(WINDOW)
    for minute in range(60):
        total.add(Decimal("0.1"), "powerReal", Scale.NONE, NOW + minute * MINUTE, MINUTE)
    total.add(Decimal(10**20), "energyReal", Scale.GIGA, NOW, HOUR)
    assert total.joules == 60 * 6 + 10**29 * 3600
    assert (total.covered, total.readings) == (2 * HOUR, 61)
