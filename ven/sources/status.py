"""The state of a resource: whether it can be reached, and whether somebody overrides it.

A person or another program says so by making or removing a file.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from oadr.messages import ResourceStatus
from oadr.times import ZERO
from ven.meter import MeterSpec, Sample


class StatusMeter:
    """Reports ``oadrOnline`` and ``oadrManualOverride`` of a resource.

    Attributes:
        spec: with TELEMETRY_STATUS and no measurement.
    """

    def __init__(
        self,
        spec: MeterSpec,
        *,
        override_file: Path | None = None,
        offline_file: Path | None = None,
    ) -> None:
        """Makes the meter.

        Args:
            spec: what it reports.
            override_file: the resource is overridden by hand while this file exists.
            offline_file: the resource is offline while this file exists.
        """
        self._spec = spec
        self._override = override_file
        self._offline = offline_file

    @property
    def spec(self) -> MeterSpec:
        """What it reports."""
        return self._spec

    async def samples(self, since: datetime | None, until: datetime) -> Sequence[Sample]:
        """Returns the state at this moment."""
        if since is not None and since >= until:
            return []
        status = ResourceStatus(
            online=not _exists(self._offline), manual_override=_exists(self._override)
        )
        return [Sample(start=until, duration=ZERO, value=status)]


def _exists(path: Path | None) -> bool:
    return path is not None and path.exists()
