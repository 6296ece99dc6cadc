"""What ``[[meters]]`` of a configuration may hold: one class for each type of meter."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from oadr.enums import ReportName, Scale
from oadr.units import MEASUREMENTS
from runtime.sections import Duration, PlainSection, Positive, Rule, Text
from ven.sources.function import Kind

#: ``module:function``.
Named = Annotated[str, Rule(pattern=r"^[\w.]+:\w+$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSettings(PlainSection):
    """What every entry of ``[[meters]]`` has.

    Attributes:
        name: unique in the VEN; also rID and resource unless these are given.
        r_id: name of the data point in reports.
        resource_id: the resource that it belongs to.
        report: ``TELEMETRY_USAGE`` or ``TELEMETRY_STATUS``.
        measurement: one of ``oadr.units.MEASUREMENTS``.
        unit: of the source's values, such as ``kWh``; the plain unit of the measurement
            if left out. They are converted to the unit with ``scale``.
        scale: power of ten of the unit that is reported: ``none``, ``k``, ``M``, ...
        every: time between two samples.
        max_period: longest granularity on offer.
        history: how long readings are kept and offered as HISTORY_USAGE; 0 offers none.
        on_change: whether changes are reported to a VTN that asks for no granularity.
        market_context: programme that it belongs to.
        device_class: kind of device that it measures, such as ``Water_Heater`` (R111).
        accuracy: largest error of its values, in the unit that is reported.
        confidence: of its values, 0 to 100 in percent.
    """

    name: Text
    r_id: str = ""
    resource_id: str = ""
    report: ReportName = ReportName.TELEMETRY_USAGE
    measurement: str = "energyReal"
    unit: str = ""
    scale: Scale = Scale.NONE
    every: Positive | None = None
    max_period: Positive | None = None
    history: Annotated[Duration, Rule(ge=timedelta(0))] = timedelta(days=7)
    on_change: bool = True
    market_context: Text | None = None
    device_class: str = ""
    accuracy: Annotated[Decimal, Rule(ge=0)] | None = None
    confidence: Annotated[int, Rule(ge=0, le=100)] | None = None

    def __post_init__(self) -> None:
        if self.report not in {ReportName.TELEMETRY_USAGE, ReportName.TELEMETRY_STATUS}:
            raise ValueError("report must be TELEMETRY_USAGE or TELEMETRY_STATUS")
        if self.measurement and self.measurement not in MEASUREMENTS:
            known = ", ".join(sorted(MEASUREMENTS))
            raise ValueError(f"measurement {self.measurement!r} is not known; expected {known}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvMeterSettings(MeterSettings):
    """A meter of type ``csv``: replays metered load from a file.

    Attributes:
        file: CSV, or CSV.gz.
        start_column: name of the column with the start of each interval.
        value_column: name of the column with the value.
        unit: of the values.
        interval: time between rows; found from the first two if left out.
        align: ``time-of-day`` replays whole days at the same time of day; ``none`` replays
            the file at its own dates, moved by ``shift``.
        source_date: first day of the file that is replayed.
        day: the day on which it is; if left out, the days take turns by the calendar.
        shift: moves every row; for ``align = "none"``.
        repeat: start over at the end.
        baseline: name of a second meter that shows what the load would have been.
    """

    type: Literal["csv"]
    file: Path
    start_column: str = "start"
    value_column: str = "value"
    unit: str = "kWh"
    interval: Positive | None = None
    align: Literal["time-of-day", "none"] = "time-of-day"
    source_date: date | None = None
    day: date | None = None
    shift: Duration = timedelta(0)
    repeat: bool = True
    baseline: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonMeterSettings(MeterSettings):
    """A meter of type ``python``: asks a function.

    Attributes:
        function: ``module:function``, without arguments; the module may lie beside the file.
        kind: what it returns: ``value`` (now), ``amount`` (since the last call) or
            ``register`` (a counter).
        wrap: value at which a register starts over at 0.
        time_limit: longest time that a call may take.
        max_pause: longest pause over which a register is trusted.
    """

    type: Literal["python"]
    function: Named
    kind: Kind = Kind.VALUE
    wrap: Annotated[Decimal, Rule(gt=0)] | None = None
    time_limit: Positive = timedelta(seconds=5)
    max_pause: Positive = timedelta(hours=1)

    def __post_init__(self) -> None:
        MeterSettings.__post_init__(self)
        if self.measurement.startswith("energy") and self.kind is Kind.VALUE:
            raise ValueError("kind must be 'amount' or 'register' for energy; 'value' is a moment")


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuMeterSettings(MeterSettings):
    """A meter of type ``cpu``: this computer's processor load, expressed as power.

    Attributes:
        measurement: ``powerReal`` or ``energyReal``.
        watts_idle: power when nothing runs.
        watts_full: power when everything runs.
    """

    type: Literal["cpu"]
    measurement: Literal["powerReal", "energyReal"] = "powerReal"
    unit: Literal[""] = ""
    scale: Literal[Scale.NONE] = Scale.NONE
    watts_idle: Annotated[Decimal, Rule(ge=0)] = Decimal(10)
    watts_full: Annotated[Decimal, Rule(ge=0)] = Decimal(65)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusMeterSettings(MeterSettings):
    """A meter of type ``status``: whether a resource is online and overridden.

    Attributes:
        override_file: the resource is overridden by hand while this file exists.
        offline_file: the resource is offline while this file exists.
    """

    type: Literal["status"]
    report: Literal[ReportName.TELEMETRY_STATUS] = ReportName.TELEMETRY_STATUS
    measurement: Literal[""] = ""
    override_file: Path | None = None
    offline_file: Path | None = None


AnyMeter = Annotated[
    CsvMeterSettings | PythonMeterSettings | CpuMeterSettings | StatusMeterSettings,
    Rule(discriminator="type"),
]
