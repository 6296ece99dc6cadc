"""The configuration of a VEN: what it may say, and how an error in it is told."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from oadr.enums import OptType, ReportName, Scale
from oadr.messages import ResourceStatus
from runtime.clock import AcceleratedClock
from runtime.settings import ConfigError
from ven.config import load
from ven.devices import Devices, build_devices
from ven.load import Command, CommandKind
from ven.loads.command import LogLoad, PythonLoad
from ven.loads.simulated import SimulatedLoad
from ven.meter import Meter
from ven.sources.cpu import CpuMeter
from ven.sources.csv_replay import CsvMeter
from ven.sources.function import FunctionMeter
from ven.sources.status import StatusMeter

HERE = "tests.ven.test_config"
DAY = timedelta(days=1)
HEAD = 'ven_name = "school-7"\nvtn_url = "http://localhost:8080"\n'
TLS = """
[tls]
certificate = "school-7.crt"
key = "keys/school-7.key"
ca = "/etc/openadr/ca.crt"
"""
CSV = "start,value\n" + "".join(
    f"2013-02-14 {hour:02}:{minute:02}:00,{hour}.5\n" for hour in range(24) for minute in (0, 30)
)

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(text: str) -> Path:
        path = tmp_path / "ven.toml"
        path.write_text(text)
        (tmp_path / "load.csv").write_text(CSV)
        return path

    return _write


def read_meter() -> int:
    return 7


def take(command: Command, now: datetime) -> None: ...


def devices(path: Path) -> Devices:
    settings = load(path)
    return build_devices(settings.meters, settings.loads, state=settings.state.path)


async def values(meter: Meter, start: datetime, end: datetime) -> list[Any]:
    return [sample.value for sample in await meter.samples(start, end)]


def test_two_lines_are_a_configuration(write: Write, tmp_path: Path) -> None:
    settings = load(write(HEAD))
    assert settings.ven_name == "school-7"
    assert settings.ven_id is None
    assert settings.state.path == tmp_path / "ven.db"
    assert settings.policy.default is OptType.OPT_IN
    assert settings.policy.limits == {}
    assert not settings.meters
    assert not settings.loads


def test_paths_are_relative_to_the_file(write: Write, tmp_path: Path) -> None:
    text = HEAD.replace("http:", "https:") + TLS + '[state]\npath = "../state/ven.db"\n'
    text += '[[meters]]\nname = "m"\ntype = "csv"\nfile = "load.csv"\n'
    settings = load(write(text))
    assert settings.tls is not None
    assert settings.tls.certificate == tmp_path / "school-7.crt"
    assert settings.tls.key == tmp_path / "keys" / "school-7.key"
    assert settings.tls.ca == Path("/etc/openadr/ca.crt")
    assert settings.state.path == tmp_path / ".." / "state" / "ven.db"
    assert getattr(settings.meters[0], "file") == tmp_path / "load.csv"  # noqa: B009


def test_everything_can_be_said(write: Write) -> None:
    text = """
ven_name = "school-7"
ven_id = "0042"
vtn_url = "https://vtn.example:8443/prefix"
market_contexts = ["http://peak.example"]
resources = ["hvac"]
groups = ["schools"]
device_classes = ["Thermostat"]
handlers = ["opt-always-in", "plant:Handler"]
handler_settings = { "plant:Handler" = { anything = 1 } }
time_limit = "3s"
time_limits = { on_event = "1s", on_interval = "500ms" }
tls = { certificate = "a", key = "b", ca = "c", profile = "certification", vtn_fingerprint = "AA" }
signatures = { sign = true, policy = "required", tolerance = "30s" }
poll = { interval = "500ms", jitter = 0.2, backoff_cap = "1m", timeout = "5s" }
clock = { origin = 2026-11-20T12:00:00Z, shown = 2026-11-20T00:00:00Z, factor = 1440.0 }
policy = { default = "optOut", max_duration = "4h", blackout = [{ from = "22:00" }] }
"""
    settings = load(write(text))
    assert settings.ven_id == "0042"
    assert settings.poll.interval == timedelta(milliseconds=500)
    assert settings.policy.default is OptType.OPT_OUT
    assert set(settings.policy.limits) == {"max_duration", "blackout"}
    assert isinstance(settings.clock.clock(), AcceleratedClock)
    assert settings.handler_settings["plant:Handler"] == {"anything": 1}
    assert settings.time_limits["on_interval"] == timedelta(milliseconds=500)


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("", "ven_name", "required"),
        ('ven_name = ""\nvtn_url = "http://a"', "ven_name", "at least 1 character"),
        ('ven_name = "a"\nvtn_url = "vtn.example"', "vtn_url", "match pattern"),
        (HEAD + "pol = 1", "pol", "this key is not known"),
        (HEAD + "[poll]\nintervall = 1", "poll.intervall", "this key is not known"),
        (HEAD + '[poll]\ninterval = "soon"', "poll.interval", "'soon' is not a duration"),
        (HEAD + '[poll]\ninterval = "0"', "poll.interval", "greater than"),
        (HEAD + '[time_limits]\non_event = "0"', "time_limits.on_event", "greater than"),
        (HEAD + '[poll]\ntimeout = "1s"', "poll.timeout", "greater than or equal"),
        (HEAD + '[policy]\ndefault = "yes"', "policy.default", "'optIn' or 'optOut'"),
        (HEAD + '[signatures]\npolicy = "maybe"', "signatures.policy", "'required'"),
        (HEAD.replace("http:", "https:"), "", "[tls] is missing"),
        (HEAD + TLS, "", "plain http"),
        (
            HEAD.replace("http:", "https:") + TLS + "check_hostname = false",
            "tls",
            "needs vtn_fingerprint",
        ),
        (HEAD + '[[meters]]\nname = "m"\n', "meters.0", "discriminator 'type'"),
        (HEAD + '[[meters]]\nname = "m"\ntype = "modbus"\n', "meters.0", "'csv', 'python'"),
        (HEAD + '[[meters]]\nname = "m"\ntype = "csv"\n', "meters.0.csv.file", "required"),
        (
            HEAD + '[[meters]]\nname = "m"\ntype = "cpu"\nmeasurement = "voltage"\n',
            "meters.0.cpu.measurement",
            "'powerReal' or 'energyReal'",
        ),
        (
            HEAD + '[[meters]]\nname = "m"\ntype = "python"\nfunction = "plc"\n',
            "meters.0.python.function",
            "pattern",
        ),
        (
            HEAD + '[[meters]]\nname = "m"\ntype = "python"\nfunction = "plc:read"\n',
            "meters.0.python",
            "kind must be 'amount' or 'register' for energy",
        ),
        (
            HEAD + '[[meters]]\nname = "m"\ntype = "python"\nfunction = "plc:read"\n'
            'measurement = "joy"\n',
            "meters.0.python",
            "measurement 'joy' is not known",
        ),
        (
            HEAD + '[[meters]]\nname = "m"\ntype = "csv"\nfile = "a"\nreport = "HISTORY_USAGE"\n',
            "meters.0.csv",
            "TELEMETRY_USAGE or TELEMETRY_STATUS",
        ),
        (HEAD + '[[meters]]\nname = "m"\ntype = "cpu"\n' * 2, "", "meters: name 'm' stands twice"),
        (HEAD + '[[loads]]\nname = "l"\ntype = "log"\n' * 2, "", "loads: name 'l' stands twice"),
        (
            HEAD + '[[loads]]\nname = "l"\ntype = "simulated"\nmeter = "m"\nshed = {}\n',
            "",
            "load 'l': meter 'm' is no csv meter; known: there is none",
        ),
        (
            HEAD
            + '[[meters]]\nname = "m"\ntype = "csv"\nfile = "a"\n'
            + '[[loads]]\nname = "a"\ntype = "simulated"\nmeter = "m"\nshed = {}\n'
            + '[[loads]]\nname = "b"\ntype = "simulated"\nmeter = "m"\nshed = {}\n',
            "",
            "load 'b': meter 'm' has a load already",
        ),
        (
            HEAD + '[[loads]]\nname = "l"\ntype = "simulated"\nmeter = "m"\nshed = { "1" = 1.5 }\n',
            "loads.0.simulated.shed.1",
            "less than or equal to 1",
        ),
    ],
)
def test_an_error_names_file_key_and_what_was_expected(
    write: Write, text: str, key: str, problem: str
) -> None:
    path = write(text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert caught.value.key == key
    assert problem in caught.value.problem
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_one_that_is_no_toml_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.toml: there is no such file"):
        load(tmp_path / "nothing.toml")
    (tmp_path / "ven.toml").write_text("ven_name = ")
    with pytest.raises(ConfigError, match=r"ven\.toml: cannot be read: Invalid value"):
        load(tmp_path / "ven.toml")


# ------------------------------------------------------------------ meters


async def test_a_csv_meter_needs_a_file_and_nothing_else(write: Write) -> None:
    path = write(HEAD + '[[meters]]\nname = "m"\ntype = "csv"\nfile = "load.csv"\n')
    (meter,) = devices(path).meters
    assert isinstance(meter, CsvMeter)
    spec = meter.spec
    assert (spec.r_id, spec.resource_id, spec.measurement) == ("m", "m", "energyReal")
    assert (spec.unit, spec.scale, spec.every) == ("Wh", Scale.NONE, timedelta(minutes=30))
    midnight = datetime(2026, 11, 20, tzinfo=UTC)
    found = await values(meter, midnight, midnight + DAY)
    assert found[:3] == [Decimal(500), Decimal(500), Decimal(1500)]
    assert sum(found) == 2 * 1000 * (sum(range(24)) + 12)


async def test_a_csv_meter_may_say_everything(write: Write) -> None:
    text = """
[[meters]]
name = "m"
type = "csv"
file = "load.csv"
r_id = "rid"
resource_id = "building"
unit = "Wh"
scale = "k"
every = "15m"
max_period = "2h"
history = "1d"
interval = "30m"
source_date = 2013-02-14
day = 2026-11-20
repeat = false
baseline = "m-baseline"
"""
    meter, baseline = devices(write(HEAD + text)).meters
    assert (meter.spec.r_id, meter.spec.resource_id) == ("rid", "building")
    assert (baseline.spec.r_id, baseline.spec.resource_id) == ("m-baseline", "building")
    assert meter.spec.scale is Scale.KILO
    midnight = datetime(2026, 11, 20, tzinfo=UTC)
    found = await values(meter, midnight, midnight + DAY)
    assert len(found) == 96
    assert found[4:6] == [Decimal("0.00075"), Decimal("0.00075")]


async def test_a_file_may_be_shifted_instead(write: Write) -> None:
    text = '[[meters]]\nname = "m"\ntype = "csv"\nfile = "load.csv"\nalign = "none"\nshift = "1d"\n'
    (meter,) = devices(write(HEAD + text + "repeat = false\n")).meters
    start = datetime(2013, 2, 15, tzinfo=UTC)
    assert len(await values(meter, start - 3 * DAY, start + 5 * DAY)) == 48


async def test_live_meters_are_built(write: Write, tmp_path: Path) -> None:
    text = f"""
[[meters]]
name = "power"
type = "python"
function = "{HERE}:read_meter"
measurement = "powerReal"
unit = "kW"

[[meters]]
name = "outdoor"
type = "python"
function = "{HERE}:read_meter"
measurement = "temperature"
unit = "celsius"

[[meters]]
name = "register"
type = "python"
function = "{HERE}:read_meter"
kind = "register"
wrap = 1000000

[[meters]]
name = "computer"
type = "cpu"
every = "1s"

[[meters]]
name = "hvac"
type = "status"
override_file = "override"
"""
    power, outdoor, register, computer, status = devices(write(HEAD + text)).meters
    now = datetime(2026, 11, 20, tzinfo=UTC)
    assert isinstance(power, FunctionMeter)
    assert [s.value for s in await power.samples(None, now)] == [7000]
    assert [s.value for s in await outdoor.samples(None, now)] == [7]
    assert outdoor.spec.unit == "celsius"
    assert await register.samples(None, now) == []
    assert (tmp_path / "ven-meter-register.json").exists()
    assert isinstance(computer, CpuMeter)
    assert (computer.spec.measurement, computer.spec.every) == ("powerReal", timedelta(seconds=1))
    assert isinstance(status, StatusMeter)
    assert status.spec.report_name is ReportName.TELEMETRY_STATUS
    (tmp_path / "override").touch()
    (sample,) = await status.samples(None, now)
    assert sample.value == ResourceStatus(online=True, manual_override=True)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('type = "csv"\nfile = "none.csv"', "none.csv: cannot be read"),
        ('type = "csv"\nfile = "load.csv"\nunit = "kW"', "meters.0: unit 'kW' does not fit"),
        ('type = "csv"\nfile = "load.csv"\nevery = "7m"', "samples of 7 min do not divide"),
        ('type = "csv"\nfile = "load.csv"\nvalue_column = "kwh"', "there is no column 'kwh'"),
        ('type = "csv"\nfile = "load.csv"\nmax_period = "1m"', "max_period is shorter than every"),
        (
            'type = "python"\nfunction = "no_such:f"\nkind = "amount"',
            "meters.0.function: cannot import 'no_such'",
        ),
        (
            f'type = "python"\nfunction = "{HERE}:nothing"\nkind = "amount"',
            "has no 'nothing'",
        ),
        (
            f'type = "python"\nfunction = "{HERE}:HEAD"\nkind = "amount"',
            "is a str; expected a function",
        ),
        (
            f'type = "python"\nfunction = "{HERE}:read_meter"\nmeasurement = "temperature"',
            "measurement 'temperature' needs its unit",
        ),
    ],
)
def test_a_meter_that_cannot_be_built_is_named(write: Write, text: str, problem: str) -> None:
    path = write(HEAD + f'[[meters]]\nname = "m"\n{text}\n')
    with pytest.raises(ConfigError) as caught:
        devices(path)
    assert problem in str(caught.value)


# ------------------------------------------------------------------ loads

REPLAY = """
[[meters]]
name = "m"
type = "csv"
file = "load.csv"
baseline = "b"

[[loads]]
name = "hvac/1"
type = "simulated"
meter = "m"
shed = { "1" = 0.15, "2" = "0.4" }
ramp = "10m"
"""


async def test_a_simulated_load_takes_from_its_meter_and_not_from_the_baseline(
    write: Write, tmp_path: Path
) -> None:
    path = write(HEAD + REPLAY)
    built = devices(path)
    meter, baseline = built.meters
    (flexible,) = built.loads
    assert isinstance(flexible, SimulatedLoad)
    start = datetime(2026, 11, 20, 18, tzinfo=UTC)
    command = Command(
        event=None, signal_name="simple", level=Decimal(2), interval=0, kind=CommandKind.INTERVAL
    )
    await flexible.apply(command, start)
    later = start + timedelta(hours=1)
    full, left = await values(baseline, start, later), await values(meter, start, later)
    assert full == [18500, 18500]
    # A third of the first interval at 20 % on average, the rest at 40 %.
    assert left == [Decimal("12333.333333"), Decimal(11100)]
    assert (tmp_path / "ven-load-hvac%2F1.json").exists()
    assert await values(devices(path).meters[0], start, later) == left


def test_other_loads_are_built(write: Write) -> None:
    text = f"""
[[loads]]
name = "chiller"
type = "python"
function = "{HERE}:take"
time_limit = "2s"

[[loads]]
name = "log"
type = "log"
"""
    chiller, log = devices(write(HEAD + text)).loads
    assert isinstance(chiller, PythonLoad)
    assert isinstance(log, LogLoad)


def test_a_function_that_takes_no_command_is_refused(write: Write) -> None:
    text = f'[[loads]]\nname = "l"\ntype = "python"\nfunction = "{HERE}:read_meter"\n'
    with pytest.raises(ConfigError, match=r"loads\.0\.function: expected a function of \(command"):
        devices(write(HEAD + text))


def test_the_first_day_of_a_file_is_a_date(write: Write) -> None:
    text = '[[meters]]\nname = "m"\ntype = "csv"\nfile = "load.csv"\nsource_date = 2013-02-14\n'
    (meter,) = load(write(HEAD + text)).meters
    assert getattr(meter, "source_date") == date(2013, 2, 14)  # noqa: B009
