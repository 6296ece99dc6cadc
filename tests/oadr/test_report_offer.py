"""Offers and the checks before they are published."""

from dataclasses import replace
from datetime import timedelta

import pytest

from oadr.enums import ReportType
from oadr.errors import ComplianceError
from oadr.messages import Target
from oadr.report import DataPoint, Offer, check_offers, history_offer, status_offer, usage_offer
from oadr.times import ZERO
from oadr.units import unit
from tests.oadr.report_samples import DAY, HISTORY, HOUR, MINUTE, STATUS, UNITS, USAGE


def with_point(offer: Offer, **changes: object) -> Offer:
    first, *rest = offer.points
    return replace(offer, points=(replace(first, **changes), *rest))  # type: ignore[arg-type]


def test_r331_the_bundled_offers_conform_together() -> None:
    check_offers((USAGE, STATUS, HISTORY))


def test_r331_usage_is_a_direct_read_of_usage() -> None:
    assert {(p.report_type, p.reading_type) for p in USAGE.points} == {("usage", "Direct Read")}
    assert USAGE.report_name == "TELEMETRY_USAGE"


def test_r331_status_has_no_unit_and_no_reading_type() -> None:
    assert {(p.report_type, p.reading_type, p.unit) for p in STATUS.points} == {
        ("x-resourceStatus", "x-notApplicable", None)
    }
    assert all(p.is_status for p in STATUS.points)


def test_r331_pulse_counts_are_usage() -> None:
    offer = usage_offer(
        "p", {"count": unit("pulseCount")}, min_period=MINUTE, max_period=MINUTE, duration=DAY
    )
    assert offer.points[0].accumulates


@pytest.mark.parametrize("name", ["", "METADATA_TELEMETRY_USAGE", "USAGE", "HISTORY_GREENBUTTON"])
def test_r331_a_report_is_named_as_the_profile_or_with_x(name: str) -> None:
    with pytest.raises(ComplianceError, match="R331"):
        check_offers((replace(USAGE, report_name=name),))


def test_r331_own_reports_may_hold_anything() -> None:
    odd = with_point(USAGE, unit=unit("voltage"), report_type="x-odd", reading_type="x-odd")
    check_offers((replace(odd, report_name="x-volts"),))


@pytest.mark.parametrize("name", ["voltage", "energyApparent"])
def test_r331_usage_is_measured_in_the_three_units_only(name: str) -> None:
    with pytest.raises(ComplianceError, match=r"energyReal, powerReal, pulseCount \(R331\)"):
        check_offers((with_point(USAGE, unit=unit(name)),))


def test_r331_usage_needs_a_unit() -> None:
    with pytest.raises(ComplianceError, match="R331"):
        check_offers((with_point(HISTORY, unit=None),))


def test_r331_status_with_a_unit_is_refused() -> None:
    with pytest.raises(ComplianceError, match="no unit"):
        check_offers((with_point(STATUS, unit=unit("powerReal")),))


@pytest.mark.parametrize("offer", [USAGE, STATUS, HISTORY])
def test_r331_the_report_type_fits_the_report(offer: Offer) -> None:
    with pytest.raises(ComplianceError, match=r"is a 'reading'.*R331"):
        check_offers((with_point(offer, report_type="reading"),))


def test_r331_the_reading_type_fits_the_report() -> None:
    with pytest.raises(ComplianceError, match="R331"):
        check_offers((with_point(USAGE, reading_type="Net"),))


def test_r308_specifier_ids_are_unique() -> None:
    with pytest.raises(ComplianceError, match=r"'usage' occurs twice.*R308"):
        check_offers((USAGE, USAGE))


def test_r308_data_points_are_unique_within_their_report() -> None:
    twice = replace(USAGE, points=(USAGE.points[0], USAGE.points[0]))
    with pytest.raises(ComplianceError, match=r"'power' occurs twice in report 'usage'.*R308"):
        check_offers((twice,))


def test_r308_two_reports_may_share_a_data_point() -> None:
    check_offers((USAGE, HISTORY))


@pytest.mark.parametrize("name", ["METADATA", ""])
def test_r327_the_specifier_id_of_metadata_is_reserved(name: str) -> None:
    with pytest.raises(ComplianceError, match="R327"):
        check_offers((replace(USAGE, specifier_id=name),))


def test_r305_an_offer_describes_something() -> None:
    with pytest.raises(ComplianceError, match="R305"):
        check_offers((replace(USAGE, points=()),))


def test_r312_an_offer_says_how_much_data_it_has() -> None:
    with pytest.raises(ComplianceError, match="R312"):
        check_offers((replace(USAGE, duration=ZERO),))


def test_r312_the_slowest_sampling_fits_the_duration() -> None:
    with pytest.raises(ComplianceError, match="R312"):
        usage_offer("u", UNITS, min_period=MINUTE, max_period=HOUR + MINUTE, duration=HOUR)


def test_r312_the_slowest_sampling_may_be_all_of_the_duration() -> None:
    usage_offer("u", UNITS, min_period=HOUR, max_period=HOUR, duration=HOUR)


@pytest.mark.parametrize(
    ("low", "high"), [(HOUR, MINUTE), (-MINUTE, MINUTE)], ids=["turned", "negative"]
)
def test_r312_the_sampling_range_is_in_order(low: timedelta, high: timedelta) -> None:
    with pytest.raises(ComplianceError, match="R312"):
        check_offers((with_point(USAGE, min_period=low, max_period=high),))


@pytest.mark.parametrize("offer", [USAGE, STATUS])
def test_r333_telemetry_has_a_sampling_rate(offer: Offer) -> None:
    with pytest.raises(ComplianceError, match="R333"):
        check_offers((with_point(offer, min_period=ZERO, max_period=ZERO),))


def test_r333_history_may_go_without_a_sampling_rate() -> None:
    check_offers((with_point(HISTORY, min_period=ZERO, max_period=ZERO),))


def test_r307_a_subject_names_device_classes() -> None:
    known = Target(end_device_assets=("Thermostat", "x-robot"))
    check_offers((with_point(USAGE, subject=known),))
    with pytest.raises(ComplianceError, match=r"device classes only \(R307\)"):
        check_offers((with_point(USAGE, subject=Target(resource_ids=("a",))),))
    with pytest.raises(ComplianceError, match=r"'Toaster' is no device class \(R307\)"):
        check_offers((with_point(USAGE, subject=Target(end_device_assets=("Toaster",))),))


def test_makers_pass_source_and_market_context_on() -> None:
    source = Target(resource_ids=("roof",))
    usage = usage_offer(
        "u",
        UNITS,
        min_period=MINUTE,
        max_period=MINUTE,
        duration=DAY,
        data_source=source,
        market_context="http://m",
    )
    status = status_offer(
        "s",
        {"roof": source},
        min_period=MINUTE,
        max_period=MINUTE,
        duration=DAY,
        market_context="http://m",
    )
    history = history_offer(
        "h", UNITS, period=MINUTE, duration=DAY, data_source=source, market_context="http://m"
    )
    for offer in (usage, status, history):
        assert all(p.data_source == source for p in offer.points)
        assert all(p.market_context == "http://m" for p in offer.points)


def test_data_points_are_found_by_id() -> None:
    assert USAGE.point("energy") is USAGE.points[1]
    assert USAGE.point("nothing") is None
    assert list(USAGE.by_id()) == ["power", "energy"]


@pytest.mark.parametrize(
    ("name", "report_type", "accumulates", "averages"),
    [
        ("energyReal", "usage", True, False),
        ("energyReal", "reading", False, False),
        ("energyReal", "storedEnergy", False, False),
        ("powerReal", "usage", False, True),
        ("temperature", "x-room", False, True),
        ("customUnit", "usage", True, False),
        ("customUnit", "level", False, False),
        (None, "usage", True, False),
        (None, ReportType.RESOURCE_STATUS.value, False, False),
    ],
)
def test_a_data_point_knows_whether_its_values_add_up(
    name: str | None, report_type: str, accumulates: bool, averages: bool
) -> None:
    measured = DataPoint(
        r_id="a",
        report_type=report_type,
        unit=unit(name, units="u") if name else None,
        reading_type="Direct Read",
        min_period=ZERO,
        max_period=ZERO,
    )
    assert (measured.accumulates, measured.averages) == (accumulates, averages)
