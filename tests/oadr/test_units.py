"""Units by name: every measurement of the schema is valid as it is made here."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from oadr import codec
from oadr.enums import Scale
from oadr.messages import PowerAttributes, Report, ReportDescription, Unit, UpdateReport
from oadr.units import MAINS, MEASUREMENTS, POWER, unit

SYMBOLS = {
    "currency": "EUR",
    "currencyPerKWh": "EUR",
    "currencyPerKW": "USD",
    "currencyPerThm": "USD",
    "temperature": "celsius",
    "customUnit": "furlong",
}


def sent(value: Unit) -> Unit:
    """Returns the unit as a peer reads it, from a validated document."""
    description = ReportDescription(r_id="m", report_type="usage", unit=value, reading_type="Net")
    report = Report(
        descriptions=(description,),
        report_request_id="0",
        report_specifier_id="s",
        created_date_time=datetime(2024, 6, 1, tzinfo=UTC),
    )
    message = codec.decode(codec.encode(UpdateReport(request_id="1", reports=(report,))))
    assert isinstance(message, UpdateReport)
    received = message.reports[0].descriptions[0].unit
    assert isinstance(received, Unit)
    return received


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_every_measurement_validates_and_arrives(name: str) -> None:
    made = unit(name, units=SYMBOLS.get(name, ""))
    assert sent(made) == made


@pytest.mark.parametrize("scale", Scale)
def test_every_scale_validates_and_arrives(scale: Scale) -> None:
    assert sent(unit("energyReal", scale=scale)).scale is scale


@pytest.mark.parametrize("name", sorted(POWER))
def test_power_has_the_attributes_of_the_grid(name: str) -> None:
    assert sent(unit(name)).power == MAINS
    us = PowerAttributes(hertz=Decimal(60), voltage=Decimal("277.1"), ac=True)
    assert sent(unit(name, power=us)).power == us


def test_what_is_not_power_has_none() -> None:
    assert unit("energyReal").power is None


def test_a_pulse_has_a_worth() -> None:
    assert sent(unit("pulseCount", pulse_factor=Decimal("0.001"))).pulse_factor == Decimal("0.001")


def test_a_custom_unit_describes_itself() -> None:
    made = unit("customUnit", units="<furlong>", description="Tom & Co")
    assert sent(made) == made
    assert (made.units, made.description) == ("<furlong>", "Tom & Co")


@pytest.mark.parametrize("name", ["currency", "currencyPerKWh", "temperature", "customUnit"])
def test_a_measurement_that_needs_a_symbol_says_so(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}' needs its unit, such as 'EUR' or 'celsius'"):
        unit(name)


def test_an_unknown_measurement_is_told_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match="'watts' is not known; expected one of Therm, currency"):
        unit("watts")
