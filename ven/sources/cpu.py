"""This computer as a live meter: its processor's load, expressed as electric power.

A model, not a measurement: an idle computer takes ``watts_idle``, a busy one
``watts_full``, and one in between in proportion. Linux counts the time that its
processors were busy; elsewhere the load average of the last minute stands for it.
"""

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from oadr.times import ZERO
from ven.meter import MeterSpec, Sample
from ven.sources.exact import share

#: Where Linux counts, in ticks of each kind.
STAT = Path("/proc/stat")
_HOUR = timedelta(hours=1)
_ONE = timedelta(microseconds=1)


def read_ticks(path: Path = STAT) -> tuple[int, int] | None:
    """Returns busy and all ticks of the processors since the start; None if nobody counts."""
    try:
        first = path.read_text(encoding="ascii").partition("\n")[0].split()
        # cpu user nice system idle iowait irq softirq steal; guests are in user already.
        ticks = [int(number) for number in first[1:9]]
        return sum(ticks) - ticks[3] - ticks[4], sum(ticks)
    except (OSError, ValueError, IndexError):
        return None


def load_average() -> Fraction:
    """Returns the load of the last minute, 0 to 1 for all processors together."""
    ratio = Fraction(os.getloadavg()[0]) / (os.cpu_count() or 1)
    return min(ratio, Fraction(1))


class CpuMeter:
    """The power of this computer, or its energy if the meter's measurement is one.

    Attributes:
        spec: what it measures, W or Wh.
    """

    def __init__(
        self,
        spec: MeterSpec,
        *,
        watts_idle: Decimal,
        watts_full: Decimal,
        ticks: Callable[[], tuple[int, int] | None] = read_ticks,
    ) -> None:
        """Makes the meter.

        Args:
            spec: what it measures.
            watts_idle: power of the idle computer.
            watts_full: power of the busy one.
            ticks: counts busy and all ticks.
        """
        self._spec = spec
        self._idle = watts_idle
        self._full = watts_full
        self._ticks = ticks
        self._counted = ticks()
        self._sampled: datetime | None = None

    @property
    def spec(self) -> MeterSpec:
        """What it measures."""
        return self._spec

    async def samples(self, since: datetime | None, until: datetime) -> Sequence[Sample]:
        """Returns one sample: the mean power since the last, or its energy."""
        if since is not None and since >= until:
            return []
        power = self._idle + share(self._full - self._idle, self._load())
        if not self._spec.cumulates:
            return [Sample(start=until, duration=ZERO, value=power)]
        start = max(
            (m for m in (since, self._sampled) if m and m < until), default=until - self._spec.every
        )
        # The VEN may have been off, and the computer with it.
        start = start if until - start < 2 * self._spec.every else until - self._spec.every
        self._sampled = until
        energy = share(power, Fraction((until - start) // _ONE, _HOUR // _ONE))
        return [Sample(start=start, duration=until - start, value=energy)]

    def _load(self) -> Fraction:
        before, self._counted = self._counted, self._ticks()
        if before is None or self._counted is None:
            return load_average()
        busy, total = (now - then for now, then in zip(self._counted, before, strict=True))
        if total <= 0:
            return Fraction(0)
        return min(max(Fraction(busy, total), Fraction(0)), Fraction(1))
