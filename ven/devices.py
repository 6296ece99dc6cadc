"""Meters and loads as the configuration describes them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from urllib.parse import quote

from oadr.enums import SignalName
from oadr.units import MEASUREMENTS
from runtime import plugins
from runtime.errors import ConfigError
from ven.load import Load
from ven.loads.command import LogLoad, PythonLoad
from ven.loads.settings import AnyLoad, PythonLoadSettings, SimulatedLoadSettings
from ven.loads.simulated import MEMORY, SimulatedLoad
from ven.meter import Meter, MeterSpec
from ven.sources.cpu import CpuMeter
from ven.sources.csv_file import Columns, CsvFile
from ven.sources.csv_replay import CsvMeter, Timetable
from ven.sources.exact import EXPONENTS, exponent_of
from ven.sources.function import FunctionMeter, Kind
from ven.sources.notes import Notes
from ven.sources.settings import (
    AnyMeter,
    CpuMeterSettings,
    CsvMeterSettings,
    MeterSettings,
    PythonMeterSettings,
)
from ven.sources.status import StatusMeter

#: Time between two samples of a live meter, unless the configuration says otherwise.
EVERY = timedelta(seconds=10)
#: Longest granularity on offer, unless the configuration says otherwise.
MAX_PERIOD = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """What a VEN measures and controls."""

    meters: tuple[Meter, ...]
    loads: tuple[Load, ...]


def build_devices(meters: Iterable[AnyMeter], loads: Iterable[AnyLoad], *, state: Path) -> Devices:
    """Returns the meters and loads of a configuration, simulated loads at their meters.

    Args:
        meters: their settings.
        loads: their settings; a simulated load names a csv meter.
        state: the state file; what a meter or load remembers lies beside it.

    Raises:
        ConfigError: a file, a function or a unit is not what it should be.
    """
    entries = tuple(meters)
    longest = max((entry.history for entry in entries), default=MEMORY)
    built: list[Load] = []
    shedding: dict[str, SimulatedLoad] = {}
    for number, setting in enumerate(loads):
        load = _load(setting, f"loads.{number}", state, max(longest, MEMORY))
        built.append(load)
        if isinstance(setting, SimulatedLoadSettings) and isinstance(load, SimulatedLoad):
            shedding[setting.meter] = load
    found: list[Meter] = []
    for number, entry in enumerate(entries):
        key = f"meters.{number}"
        try:
            found += _meters(entry, shedding.get(entry.name), key, state)
        except ValueError as error:
            raise ConfigError(str(error), key=key) from None
    return Devices(meters=tuple(found), loads=tuple(built))


def _load(setting: AnyLoad, key: str, state: Path, memory: timedelta) -> Load:
    if isinstance(setting, SimulatedLoadSettings):
        simple = {SignalName.SIMPLE, SignalName.SIMPLE_LOWER}
        return SimulatedLoad(
            setting.name,
            {level: Fraction(part) for level, part in setting.shed.items()},
            ramp=setting.ramp,
            signals=setting.signals | (simple if setting.signals & simple else frozenset()),
            memory=memory,
            notes=_notes(state, "load", setting.name),
        )
    if isinstance(setting, PythonLoadSettings):
        function = plugins.load(setting.function, key=f"{key}.function")
        seconds = setting.time_limit.total_seconds()
        try:
            return PythonLoad(setting.name, function, time_limit=seconds)
        except (TypeError, ValueError) as error:
            raise ConfigError(str(error), key=f"{key}.function") from None
    return LogLoad(setting.name)


def _meters(
    setting: AnyMeter, shed: SimulatedLoad | None, key: str, state: Path
) -> tuple[Meter, ...]:
    if isinstance(setting, CsvMeterSettings):
        return _csv_meters(setting, shed)
    if isinstance(setting, PythonMeterSettings):
        return (_python_meter(setting, key, state),)
    if isinstance(setting, CpuMeterSettings):
        spec = _spec(setting)
        return (CpuMeter(spec, watts_idle=setting.watts_idle, watts_full=setting.watts_full),)
    return (
        StatusMeter(
            _spec(setting), override_file=setting.override_file, offline_file=setting.offline_file
        ),
    )


def _csv_meters(setting: CsvMeterSettings, shed: SimulatedLoad | None) -> tuple[Meter, ...]:
    columns = Columns(start=setting.start_column, value=setting.value_column)
    file = CsvFile(setting.file, columns=columns, interval=setting.interval)
    if setting.align == "none":
        table = Timetable.shifted(file, shift=setting.shift, repeat=setting.repeat)
    else:
        table = Timetable.by_time_of_day(
            file, source_date=setting.source_date, day=setting.day, repeat=setting.repeat
        )
    exponent = _exponent(setting)
    spec = _spec(setting, every=file.interval)
    meter = CsvMeter(spec, file, table, exponent=exponent, shed=shed)
    if not setting.baseline:
        return (meter,)
    unshed = _spec(setting, every=file.interval, name=setting.baseline)
    return meter, CsvMeter(unshed, file, table, exponent=exponent)


def _python_meter(setting: PythonMeterSettings, key: str, state: Path) -> Meter:
    function = plugins.load(setting.function, key=f"{key}.function")
    if not callable(function):
        problem = f"{setting.function!r} is a {type(function).__name__}; expected a function"
        raise ConfigError(problem, key=f"{key}.function")
    register = setting.kind is Kind.REGISTER
    return FunctionMeter(
        _spec(setting),
        function,
        kind=setting.kind,
        exponent=_exponent(setting),
        wrap=setting.wrap,
        time_limit=setting.time_limit.total_seconds(),
        max_pause=setting.max_pause,
        notes=_notes(state, "meter", setting.name) if register else None,
    )


def _spec(setting: MeterSettings, *, every: timedelta = EVERY, name: str = "") -> MeterSpec:
    """Returns what a meter measures; under another name it has its own rID."""
    every = setting.every or every
    fixed = MEASUREMENTS.get(setting.measurement, ("", ""))[1]
    return MeterSpec(
        name=name or setting.name,
        r_id="" if name else setting.r_id,
        resource_id=setting.resource_id or setting.name,
        report_name=setting.report,
        measurement=setting.measurement,
        unit=fixed or setting.unit,
        scale=setting.scale,
        every=every,
        max_period=setting.max_period or max(MAX_PERIOD, every),
        history=setting.history,
        on_change=setting.on_change,
        market_context=setting.market_context,
        device_class=setting.device_class,
        accuracy=setting.accuracy,
        confidence=setting.confidence,
    )


def _exponent(setting: MeterSettings) -> int:
    """Returns the power of ten from the source's unit to the one that is reported."""
    fixed = MEASUREMENTS.get(setting.measurement, ("", ""))[1]
    if not setting.measurement:
        return 0
    if not (fixed or setting.unit):
        problem = f"measurement {setting.measurement!r} needs its unit, such as 'EUR' or 'celsius'"
        raise ValueError(problem)
    unit = setting.unit or fixed
    found = exponent_of(unit, measurement=setting.measurement, symbol=setting.unit)
    return found - EXPONENTS[setting.scale]


def _notes(state: Path, kind: str, name: str) -> Notes:
    return Notes(state.with_name(f"{state.stem}-{kind}-{quote(name, safe='')}.json"))
