"""What a meter is to the VEN: a description, and samples when they are asked for.

``ven.sources`` holds the meters that come with the VEN; anything with a ``spec`` and a
``samples`` method is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol, runtime_checkable

from oadr.enums import ReportName, Scale
from oadr.messages import PowerAttributes, ResourceStatus, Target
from oadr.units import MAINS


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One value of a meter.

    Attributes:
        start: when the measured time began, UTC.
        duration: how long it lasted, 0 for the value of a moment (power, a status).
        value: a number in the unit of the meter, or the state of a resource.
        quality: one of ``oadr.enums.DataQuality`` or an ``x-`` value; None is good.
        accuracy: largest error, in the unit of the value (R319); None for that of the meter.
        confidence: 0 to 100 in percent; None for that of the meter.
    """

    start: datetime
    duration: timedelta
    value: Decimal | ResourceStatus
    quality: str | None = None
    accuracy: Decimal | None = None
    confidence: int | None = None

    @property
    def end(self) -> datetime:
        """When the value was known."""
        return self.start + self.duration


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSpec:
    """What a meter measures, and how fast.

    Attributes:
        name: unique in the VEN; also its rID and resource unless these are given.
        r_id: name of the data point in reports.
        resource_id: the resource that it belongs to.
        report_name: ``TELEMETRY_USAGE``, ``TELEMETRY_STATUS``, ``HISTORY_USAGE`` or an
            ``x-`` name.
        specifier_id: of the report that it is in; the report's name if left out.
        measurement: one of ``oadr.units.MEASUREMENTS``; empty for a status.
        unit: its symbol, such as ``"Wh"``; needed where the schema leaves a choice.
        description: of a ``customUnit``.
        scale: power of ten of the unit.
        power: what a power unit needs beside its scale.
        report_type: what is reported, where R331 leaves a choice.
        reading_type: how it is obtained, where R331 leaves a choice.
        data_source: what is measured, together (R302); the resource if left out, and an
            empty target for all that this VEN has (R343).
        device_class: kind of device that is measured (R307), such as ``"Water_Heater"``.
        market_context: programme that it belongs to (R302).
        accuracy: largest error of its values, in the unit that is reported (R319).
        confidence: of its values, 0 to 100 in percent.
        every: time between two samples, more than 0.
        max_period: longest granularity on offer (R312, R317).
        on_change: whether changes are reported when asked for with granularity 0.
        history: how far back readings are kept and offered (R312); 0 offers no history.
        duration: how much data a report may hold (R312); found from the others if left out.
        momentary: its values are those of a moment also where amounts are measured.
    """

    name: str
    r_id: str = ""
    resource_id: str = ""
    report_name: str = ReportName.TELEMETRY_USAGE
    specifier_id: str = ""
    measurement: str = "energyReal"
    unit: str = ""
    description: str = ""
    scale: Scale = Scale.NONE
    power: PowerAttributes = MAINS
    report_type: str = ""
    reading_type: str = ""
    data_source: Target | None = None
    device_class: str = ""
    market_context: str | None = None
    accuracy: Decimal | None = None
    confidence: int | None = None
    every: timedelta = timedelta(seconds=10)
    max_period: timedelta = timedelta(hours=1)
    on_change: bool = True
    history: timedelta = timedelta(days=7)
    duration: timedelta | None = None
    momentary: bool = False

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a meter needs a name")
        if self.every <= timedelta(0):
            raise ValueError(f"meter {self.name!r}: every must be more than 0")
        if self.max_period < self.every:
            raise ValueError(f"meter {self.name!r}: max_period is shorter than every")
        if self.confidence is not None and not 0 <= self.confidence <= 100:
            raise ValueError(f"meter {self.name!r}: confidence must be 0 to 100")
        object.__setattr__(self, "r_id", self.r_id or self.name)
        object.__setattr__(self, "resource_id", self.resource_id or self.name)

    @property
    def cumulates(self) -> bool:
        """Whether its values are amounts over a time, so that they add up (energy, pulses)."""
        amounts = self.measurement.startswith("energy") or self.measurement == "pulseCount"
        return amounts and not self.momentary


class Meter(Protocol):
    """Something that measures."""

    @property
    def spec(self) -> MeterSpec:
        """What it measures; the same for as long as it lives."""

    async def samples(self, since: datetime | None, until: datetime) -> Sequence[Sample]:
        """Returns what became known after ``since`` and not after ``until``, oldest first.

        A live meter returns one sample for now; one that replays a file fills the gap.

        Args:
            since: end of the newest sample that the VEN holds; None if it holds none.
            until: now.
        """


@runtime_checkable
class AskedForReports(Protocol):
    """A meter that is also asked when a report is wanted, for what belongs into it."""

    async def begin(self) -> Sequence[Sample]:
        """Returns samples for a request that is served from now on."""

    async def between(self, start: datetime, end: datetime, step: timedelta) -> Sequence[Sample]:
        """Returns samples for a report.

        Args:
            start: of what the report covers; ``oadr.times.EVER`` for as far back as can be.
            end: of what it covers, at most now; not after ``start`` if only the newest
                value is wanted.
            step: distance of the wanted samples; 0 where any will do.
        """
