"""What a meter is to the VEN: a description, and samples when they are asked for.

``ven.sources`` holds the meters that come with the VEN; anything with a ``spec`` and a
``samples`` method is one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from oadr.enums import ReportName, Scale
from oadr.messages import ResourceStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One value of a meter.

    Attributes:
        start: when the measured time began, UTC.
        duration: how long it lasted, 0 for the value of a moment (power, a status).
        value: a number in the unit of the meter, or the state of a resource.
        quality: one of ``oadr.enums.DataQuality`` or an ``x-`` value; None is good.
    """

    start: datetime
    duration: timedelta
    value: Decimal | ResourceStatus
    quality: str | None = None

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
        report_name: ``TELEMETRY_USAGE`` or ``TELEMETRY_STATUS``.
        measurement: one of ``oadr.units.MEASUREMENTS``; empty for a status.
        unit: its symbol, such as ``"Wh"``; needed where the schema leaves a choice.
        scale: power of ten of the unit.
        every: time between two samples, more than 0.
        max_period: longest granularity on offer (R312, R317).
        history: how far back readings are kept and offered (R312); 0 offers no history.
    """

    name: str
    r_id: str = ""
    resource_id: str = ""
    report_name: ReportName = ReportName.TELEMETRY_USAGE
    measurement: str = "energyReal"
    unit: str = ""
    scale: Scale = Scale.NONE
    every: timedelta = timedelta(seconds=10)
    max_period: timedelta = timedelta(hours=1)
    history: timedelta = timedelta(days=7)

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a meter needs a name")
        if self.every <= timedelta(0):
            raise ValueError(f"meter {self.name!r}: every must be more than 0")
        if self.max_period < self.every:
            raise ValueError(f"meter {self.name!r}: max_period is shorter than every")
        object.__setattr__(self, "r_id", self.r_id or self.name)
        object.__setattr__(self, "resource_id", self.resource_id or self.name)

    @property
    def cumulates(self) -> bool:
        """Whether its values are amounts over a time, so that they add up (energy, pulses)."""
        return self.measurement.startswith("energy") or self.measurement == "pulseCount"


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
