"""``add_report`` as OpenLEADR has it, and what goes out because of it."""

import logging
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from openleadr import enums, objects

from oadr.enums import DataQuality, Scale
from oadr.messages import (
    RegisterReport,
    Report,
    ReportDescription,
    ReportPayload,
    ResourceStatus,
    Unit,
    UpdateReport,
)
from tests.ven.compat_world import Street
from tests.ven.scripted import NOW, request
from ven import VEN

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def ven() -> VEN:
    return VEN("school-7", "http://vtn.example")


async def metadata(street: Street, ven: VEN) -> dict[str, Report]:
    """Returns what the VEN offers, by reportSpecifierID."""
    await ven.run()
    return {one.report_specifier_id: one for one in street.vtn.got(RegisterReport)[-1].reports}


async def only(street: Street, ven: VEN) -> ReportDescription:
    (report,) = (await metadata(street, ven)).values()
    (description,) = report.descriptions
    return description


def payloads(street: Street) -> list[tuple[datetime | None, list[ReportPayload]]]:
    """Returns the values that were reported, with their times."""
    return [
        (interval.dtstart, [one for one in interval.payloads if isinstance(one, ReportPayload)])
        for message in street.vtn.got(UpdateReport)
        for report in message.reports
        for interval in report.intervals
    ]


def values(street: Street) -> list[tuple[datetime | None, Any]]:
    return [(start, one.value) for start, found in payloads(street) for one in found]


async def test_ids_are_returned_and_are_the_same_after_a_restart() -> None:
    for _ in range(2):
        one = ven()
        assert one.add_report(lambda: 1, "hall", "REAL_POWER") == ("TELEMETRY_USAGE", "hall")
        assert one.add_report(lambda: 1, "hall", "REAL_ENERGY") == (
            "TELEMETRY_USAGE",
            "hall-energyReal",
        )
        assert one.add_report(lambda: 1, "hall", "REAL_ENERGY")[1] == "hall-energyReal-2"
        assert one.add_report(lambda: 1, "hall", "VOLTAGE")[0] == "x-TELEMETRY_READING"
        own = one.add_report(lambda: 1, "roof", "REAL_POWER", "incremental", "mine", "r-1")
        assert own == ("mine", "r-1")
        split = one.add_report(lambda: 1, "roof", "VOLTAGE", report_specifier_id="mine")
        assert split == ("mine-x-TELEMETRY_READING", "roof")
        assert len(one.reports) == 4


async def test_an_r_id_that_is_taken_is_refused() -> None:
    one = ven()
    one.add_report(lambda: 1, "hall", "REAL_POWER", r_id="r-1")
    with pytest.raises(ValueError, match="rID 'r-1' already"):
        one.add_report(lambda: 1, "roof", "REAL_POWER", r_id="r-1")


async def test_the_metadata_say_what_was_given(street: Street) -> None:
    one = street.openleadr()
    one.add_report(
        lambda: 1,
        "hall",
        "REAL_POWER",
        report_specifier_id="mine",
        r_id="r-1",
        report_duration=timedelta(minutes=30),
        sampling_rate=objects.SamplingRate(min_period=MINUTE, max_period=HOUR, on_change=True),
        scale="k",
        power_ac=False,
        power_hertz=60,
        power_voltage=110,
        market_context="http://peak.example",
        data_source=objects.Target(resource_id="boiler"),
        end_device_asset_mrid="meter-1",
    )
    report = (await metadata(street, one))["mine"]
    assert (report.report_name, report.duration) == (
        "METADATA_TELEMETRY_USAGE",
        timedelta(minutes=30),
    )
    (point,) = report.descriptions
    assert (point.r_id, point.market_context) == ("r-1", "http://peak.example")
    assert (point.report_type, point.reading_type) == ("usage", "Direct Read")
    assert point.data_source is not None
    assert point.data_source.resource_ids == ("boiler",)
    assert point.data_source.meter_assets == ("meter-1",)
    assert isinstance(point.unit, Unit)
    assert (point.unit.name, point.unit.units, point.unit.scale) == ("powerReal", "W", Scale.KILO)
    assert point.unit.power is not None
    power = point.unit.power
    assert (str(power.hertz), str(power.voltage), power.ac) == ("60", "110", False)
    assert point.sampling_rate is not None
    # R312: no period is longer than what a report may hold.
    assert point.sampling_rate.min_period == MINUTE
    assert point.sampling_rate.max_period == timedelta(minutes=30)
    assert point.sampling_rate.on_change


async def test_openleadrs_defaults_and_its_warning(
    street: Street, caplog: pytest.LogCaptureFixture
) -> None:
    one = street.openleadr()
    one.add_report(lambda: 1, "hall", "REAL_POWER")
    point = await only(street, one)
    assert point.sampling_rate is not None
    assert (point.sampling_rate.min_period, point.sampling_rate.max_period) == (
        10 * MINUTE / 60,
        HOUR,
    )
    assert not point.sampling_rate.on_change
    assert any("did not provide a 'report_duration'" in one for one in caplog.messages)


CUSTOM = ("customUnit", "boxes", "each")


@pytest.mark.parametrize(
    ("measurement", "unit", "wanted"),
    [
        ("REAL_POWER", None, ("powerReal", "RealPower", "W")),
        ("powerReal", "W", ("powerReal", "RealPower", "W")),
        ("ActivePower", None, ("powerReal", "RealPower", "W")),
        (enums.MEASUREMENTS.VOLTAGE, None, ("voltage", "Voltage", "V")),
        ("temperature", "fahrenheit", ("temperature", "temperature", "fahrenheit")),
        ("temperature", None, ("temperature", "temperature", "celsius")),
        ("CURRENCY_PER_KWH", "EUR", ("currencyPerKWh", "currencyPerKWh", "EUR")),
        ("boxes", "each", CUSTOM),
        ({"name": "boxes", "description": "boxes", "unit": "each"}, None, CUSTOM),
        (
            {"name": "energyReal", "description": "realenergy", "unit": "Wh", "scale": "k"},
            None,
            ("energyReal", "RealEnergy", "Wh"),
        ),
        (
            objects.Measurement(name="own", description="boxes", unit="each", scale="none"),
            None,
            CUSTOM,
        ),
    ],
)
async def test_a_measurement_may_be_said_in_many_ways(
    street: Street, measurement: Any, unit: str | None, wanted: tuple[str, str, str]
) -> None:
    one = street.openleadr()
    one.add_report(lambda: 1, "hall", measurement, unit=unit, report_duration=HOUR)
    found = (await only(street, one)).unit
    assert isinstance(found, Unit)
    assert (found.name, found.description, found.units) == wanted


async def test_the_power_attributes_of_a_measurement_count(street: Street) -> None:
    one = street.openleadr()
    what = objects.Measurement(
        name="powerReal",
        description="RealPower",
        unit="W",
        scale="M",
        power_attributes=objects.PowerAttributes(hertz=60, voltage=110, ac=True),
    )
    one.add_report(lambda: 1, "hall", what, report_duration=HOUR)
    found = (await only(street, one)).unit
    assert isinstance(found, Unit)
    assert found.power is not None
    assert (str(found.power.hertz), found.scale) == ("60", Scale.MEGA)


def test_a_unit_that_the_schema_does_not_know_is_ignored_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ven().add_report(lambda: 1, "hall", "REAL_POWER", unit="kW", report_duration=HOUR)
    (line,) = caplog.messages
    assert line == (
        "The supplied unit kW for measurement REAL_POWER will be ignored, W will be used instead."
    )


async def test_what_r331_does_not_allow_in_a_report_of_usage_is_in_one_of_its_own(
    street: Street,
) -> None:
    one = street.openleadr()
    one.add_report(
        lambda: 1,
        "a",
        "REAL_POWER",
        report_type="demand",
        reading_type="Mean",
        report_duration=HOUR,
    )
    one.add_report(lambda: 1, "b", "REAL_POWER", report_name="x-MINE", report_duration=HOUR)
    found = await metadata(street, one)
    (a,), (b,) = found["x-TELEMETRY_READING"].descriptions, found["x-MINE"].descriptions
    assert (a.report_type, a.reading_type) == ("demand", "Mean")
    assert (b.report_type, b.reading_type) == ("reading", "Direct Read")


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"report_name": "LOADS"}, ValueError, "LOADS is not a valid report_name"),
        ({"reading_type": "guess"}, ValueError, "guess is not a valid reading_type"),
        ({"report_type": "guess"}, ValueError, "guess is not a valid report_type"),
        ({"scale": "huge"}, ValueError, "huge is not a valid scale"),
        ({"data_collection_mode": "half"}, ValueError, "'incremental' or 'full'"),
        ({"data_collection_mode": "full"}, TypeError, "'date_from', 'date_to'"),
        ({"callback": 3}, TypeError, "expected a function"),
        ({"measurement": None}, ValueError, "measurement is None"),
        ({"measurement": "boxes"}, ValueError, "give its unit"),
        ({"measurement": "CURRENCY"}, ValueError, "needs its unit"),
        ({"measurement": {"name": "x"}}, ValueError, "must contain the following keys"),
        (
            {"measurement": {"name": "voltage", "description": "Watt", "unit": "V"}},
            ValueError,
            "did not match the expected description",
        ),
        (
            {"measurement": {"name": "voltage", "description": "Voltage", "unit": "W"}},
            ValueError,
            "'W' is not acceptable",
        ),
        ({"power_hertz": "fast"}, ValueError, "expected numbers"),
        ({"sampling_rate": 5}, ValueError, "expected a timedelta or a SamplingRate"),
        (
            {"report_name": "HISTORY_USAGE", "measurement": "VOLTAGE"},
            ValueError,
            "a HISTORY_USAGE holds",
        ),
    ],
)
def test_wrong_use_is_an_error_that_says_what_is_expected(
    arguments: dict[str, Any], error: type[Exception], words: str
) -> None:
    given: dict[str, Any] = {
        "callback": lambda: 1,
        "resource_id": "hall",
        "measurement": "REAL_POWER",
    }
    with pytest.raises(error, match=words):
        ven().add_report(**(given | arguments))


async def test_the_callback_is_called_as_often_as_values_are_wanted_and_not_before(
    street: Street,
) -> None:
    one, calls = street.openleadr(), []

    def read() -> float:
        calls.append(street.clock.now())
        return 20.5

    one.add_report(read, "hall", "REAL_ENERGY", report_duration=HOUR)
    await one.run()
    await street.pass_time(2 * MINUTE)
    assert calls == []
    start = street.clock.now()
    wanted = request("rr-1", "hall", granularity=60, back=120, start=start)
    from oadr.messages import CreateReport

    street.vtn.queue.append(CreateReport(request_id="c-1", requests=(wanted,)))
    await street.pass_time(5 * MINUTE)
    first, *others = calls
    assert start < first < start + MINUTE
    assert others == [start + n * MINUTE for n in range(1, 6)]
    assert values(street) == [(start + n * MINUTE, Decimal("20.5")) for n in range(4)]
    assert all(
        interval.duration is None
        for message in street.vtn.got(UpdateReport)
        for interval in message.reports[0].intervals
    )


async def test_a_coroutine_may_return_several_values_with_their_times(street: Street) -> None:
    one = street.openleadr()

    async def read() -> list[tuple[datetime, float]]:
        return [(NOW, 1.0), (NOW + MINUTE, 2.0)]

    one.add_report(read, "hall", "REAL_POWER", sampling_rate=MINUTE, report_duration=HOUR)
    street.vtn.requests = [request("rr-1", "hall", granularity=60, back=120)]
    await one.run()
    await street.pass_time(2 * MINUTE)
    assert values(street) == [(NOW, 1), (NOW + MINUTE, 2)]


async def test_a_full_callback_is_asked_once_for_the_time_of_each_report(street: Street) -> None:
    one, asked = street.openleadr(), []

    async def read(
        date_from: datetime, date_to: datetime, sampling_interval: timedelta
    ) -> list[tuple[datetime, float]]:
        asked.append((date_from, date_to, sampling_interval))
        return [(date_from + n * sampling_interval, n + 0.5) for n in range(5)]

    one.add_report(read, "hall", "REAL_POWER", data_collection_mode="full", report_duration=HOUR)
    street.vtn.requests = [request("rr-1", "hall", granularity=60, back=300)]
    await one.run()
    await street.pass_time(10 * MINUTE)
    assert asked == [
        (NOW, NOW + 5 * MINUTE, MINUTE),
        (NOW + 5 * MINUTE, NOW + 10 * MINUTE, MINUTE),
    ]
    assert values(street)[:5] == [(NOW + n * MINUTE, Decimal(n) + Decimal("0.5")) for n in range(5)]
    assert len(values(street)) == 10


@pytest.mark.parametrize("mode", ["incremental", "full"])
async def test_a_single_report_has_the_value_of_now(street: Street, mode: str) -> None:
    one = street.openleadr()

    def read(**when: Any) -> Any:
        return [(when["date_to"], 7)] if when else 7

    one.add_report(read, "hall", "REAL_POWER", mode, report_duration=HOUR)
    street.vtn.requests = [request("rr-1", "hall", granularity=0, back=0, start=None)]
    await one.run()
    await street.rest()
    assert values(street) == [(NOW, 7)]


async def test_history_is_offered_and_kept_or_fetched(street: Street) -> None:
    one, asked = street.openleadr(), []

    def read(date_from: datetime, date_to: datetime, sampling_interval: timedelta) -> Any:
        asked.append((date_from, date_to, sampling_interval))
        return [(NOW - MINUTE, 4)]

    arguments: dict[str, Any] = {
        "report_name": "HISTORY_USAGE",
        "sampling_rate": MINUTE,
        "report_duration": HOUR,
    }
    one.add_report(lambda: 3, "hall", "REAL_POWER", **arguments)
    one.add_report(read, "roof", "REAL_POWER", "full", **arguments)
    assert one.reports[0].report_name == "HISTORY_USAGE"
    await one.run()
    await street.pass_time(3 * MINUTE)
    from oadr.messages import CreateReport

    wanted = request(
        "rr-1", "hall", "roof", specifier="HISTORY_USAGE", granularity=0, back=0, start=NOW - HOUR
    )
    street.vtn.queue.append(CreateReport(request_id="c-1", requests=(wanted,)))
    await street.pass_time(MINUTE)
    assert asked == [(NOW - HOUR, NOW + 3 * MINUTE + 10 * MINUTE / 60, MINUTE)]
    found: list[Any] = [
        (start, one.r_id, one.value) for start, several in payloads(street) for one in several
    ]
    assert (NOW - MINUTE, "roof", 4) in found
    assert (NOW + 2 * MINUTE, "hall", 3) in found


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (True, ResourceStatus(online=True, manual_override=False)),
        (0, ResourceStatus(online=False, manual_override=False)),
        (1.0, ResourceStatus(online=True, manual_override=False)),
        (
            {"online": True, "manual_override": True},
            ResourceStatus(online=True, manual_override=True),
        ),
        (ResourceStatus(online=False, manual_override=True),) * 2,
    ],
)
async def test_m8_a_status_is_reported_as_a_status(
    street: Street, value: Any, status: ResourceStatus
) -> None:
    one = street.openleadr()
    found = one.add_report(
        lambda: value, "hvac", report_name="TELEMETRY_STATUS", report_duration=HOUR
    )
    assert found == ("TELEMETRY_STATUS", "hvac")
    assert one.reports[0].report_descriptions[0].measurement is None
    street.vtn.requests = [
        request("rr-1", "hvac", specifier="TELEMETRY_STATUS", granularity=60, back=60)
    ]
    await one.run()
    await street.pass_time(MINUTE)
    assert values(street) == [(NOW, status)]


@pytest.mark.parametrize("wrong", [None, "much", [(1, 2)], [3]])
async def test_a_value_that_is_none_is_reported_as_bad_and_logged_once(
    street: Street, wrong: Any, caplog: pytest.LogCaptureFixture
) -> None:
    one = street.openleadr()
    good = [False]
    one.add_report(lambda: 5 if good[0] else wrong, "hall", "REAL_POWER", report_duration=HOUR)
    street.vtn.requests = [request("rr-1", "hall", granularity=60, back=60)]
    with caplog.at_level(logging.INFO, logger="openadr.ven.meters"):
        await one.run()
        await street.pass_time(2 * MINUTE)
        good[0] = True
        await street.pass_time(2 * MINUTE)
    found: list[Any] = [
        (one.value, one.data_quality) for _, several in payloads(street) for one in several
    ]
    assert found[0] == (0, DataQuality.BAD_DEVICE)
    assert found[-1] == (5, None)
    lines = [one for one in caplog.messages if one.startswith("report of hall")]
    assert len(lines) == 2
    assert lines[1] == "report of hall can be read again"


async def test_a_callback_can_be_replaced_while_the_ven_runs(street: Street) -> None:
    one = street.openleadr()
    key = one.add_report(lambda: 1, "hall", "REAL_POWER", report_duration=HOUR)
    street.vtn.requests = [request("rr-1", "hall", granularity=60, back=60)]
    await one.run()
    await street.pass_time(MINUTE)
    one.report_callbacks[key] = lambda: 2
    await street.pass_time(2 * MINUTE)
    assert [value for _, value in values(street)] == [1, 1, 2]


def test_reports_are_openleadrs_objects() -> None:
    one = ven()
    one.add_report(
        lambda: 1,
        "hall",
        "REAL_POWER",
        report_duration=HOUR,
        report_dtstart=datetime(2026, 1, 1, tzinfo=UTC),
    )
    (report,) = one.reports
    assert isinstance(report, objects.Report)
    assert (report.report_name, report.duration) == ("TELEMETRY_USAGE", HOUR)
    assert (report.dtstart, report.data_collection_mode) == (
        datetime(2026, 1, 1, tzinfo=UTC),
        "incremental",
    )
    (point,) = report.report_descriptions
    assert (point.r_id, point.report_type, point.reading_type) == ("hall", "reading", "Direct Read")
    assert point.measurement.name == "powerReal"
    assert point.sampling_rate.max_period == HOUR
    assert one.reports is one.reports
    one.add_report(lambda: 1, "roof", "REAL_POWER", report_duration=HOUR)
    assert len(one.reports[0].report_descriptions) == 2
