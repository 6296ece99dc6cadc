"""What our VEN measures while it is tested: a load that has always been the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from oadr.enums import ReportName
from oadr.messages import ResourceStatus
from ven.meter import Meter, MeterSpec, Sample

RESOURCE = "resource-1"
#: For how many samples back there are readings when the VEN starts.
_BACK = 180
_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Steady:
    """A meter with one and the same value, also for the time before the VEN was started.

    Attributes:
        spec: what it measures.
        value: of each sample.
        back: for how long there are readings when nothing has been read yet.
    """

    spec: MeterSpec
    value: Decimal | ResourceStatus
    back: timedelta

    async def samples(self, since: datetime | None, until: datetime) -> Sequence[Sample]:
        """Returns a sample for each step of the meter."""
        every = self.spec.every
        length = every if self.spec.cumulates else _ZERO
        start = since if since is not None else until - self.back
        if not self.spec.cumulates and since is not None:
            # The newest sample holds the moment ``since`` itself.
            start += every
        count = max(0, (until - start - length) // every + 1)
        return [
            Sample(start=start + every * n, duration=length, value=self.value) for n in range(count)
        ]


def meters(every: timedelta) -> tuple[Meter, ...]:
    """Returns power and energy of one resource in one report, and its status.

    Args:
        every: time between two samples.
    """
    longest = every * 60

    def spec(name: str, report: ReportName, measurement: str = "", unit: str = "") -> MeterSpec:
        return MeterSpec(
            name=name,
            resource_id=RESOURCE,
            report_name=report,
            measurement=measurement,
            unit=unit,
            every=every,
            max_period=longest,
        )

    back = every * _BACK
    usage, status = ReportName.TELEMETRY_USAGE, ReportName.TELEMETRY_STATUS
    online = ResourceStatus(online=True, manual_override=False)
    return (
        Steady(spec("power", usage, "powerReal", "W"), Decimal(1500), back),
        Steady(spec("energy", usage, "energyReal", "Wh"), Decimal(25), back),
        Steady(spec("status", status), online, _ZERO),
    )
