"""Takes the samples of the meters, each at its own pace, and keeps them.

A sample is on the disk before anything is made of it.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from oadr.report import Reading
from oadr.times import add
from runtime.hooks import describe
from ven.engine.core import Core, log
from ven.meter import Meter, Sample

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: How often old readings are deleted.
_PRUNE_EVERY = timedelta(hours=1)


@dataclass(slots=True)
class _Running:
    """A meter that is sampled.

    Attributes:
        meter: what is asked.
        newest: end of the newest sample; None while there is none.
        asked: the last tick for which it was asked.
        pruned: when old readings were deleted.
        lock: one question at a time.
    """

    meter: Meter
    newest: datetime | None = None
    asked: datetime | None = None
    pruned: datetime | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Metering:
    """The meters of a VEN."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._running: dict[str, _Running] = {}

    @property
    def meters(self) -> tuple[Meter, ...]:
        """The meters, in the order in which they were added."""
        return tuple(running.meter for running in self._running.values())

    def add(self, meter: Meter) -> None:
        """Adds a meter.

        Raises:
            ValueError: another one has the same rID.
        """
        if meter.spec.r_id in self._running:
            raise ValueError(f"there is a meter with rID {meter.spec.r_id!r} already")
        self._running[meter.spec.r_id] = _Running(meter)

    async def load(self) -> None:
        """Looks up which samples the last run of the program has kept."""
        for r_id, running in self._running.items():
            newest = await self._core.state.readings.newest(r_id)
            running.newest = None if newest is None else add(newest.start, newest.duration)

    def start(self) -> None:
        """Samples from now on."""
        for r_id, running in self._running.items():
            name = f"meter {r_id}"
            work = partial(self._sample_forever, running)
            self._core.tasks.start(self._core.keep_running(work, name), name=name)

    async def catch_up(self, r_ids: Iterable[str]) -> None:
        """Takes the samples that are due now, so that a report can be made of them."""
        now = self._core.clock.now()
        for r_id in r_ids:
            running = self._running.get(r_id)
            if running is not None:
                await self._sample(running, tick_at(now, running.meter.spec.every))

    def ready_at(self, r_ids: Iterable[str], moment: datetime) -> datetime:
        """Returns when everything that was measured up to ``moment`` is known.

        A meter that is sampled every ten seconds tells at 12:00:10 what happened until
        12:00:05; a report that did not wait would lose a part of it.
        """
        ticks = [moment]
        for r_id in r_ids:
            running = self._running.get(r_id)
            if running is not None:
                every = running.meter.spec.every
                tick = tick_at(moment, every)
                ticks.append(tick if tick == moment else tick + every)
        return max(ticks)

    def known_until(self, r_ids: Iterable[str]) -> datetime:
        """Returns the moment until which all of these have been measured."""
        found = []
        for r_id in r_ids:
            running = self._running.get(r_id)
            newest = running.newest if running is not None else None
            if running is None or newest is None:
                return _EPOCH
            spec = running.meter.spec
            # The value of a moment stands until the next one is taken.
            found.append(newest if spec.cumulates else add(newest, spec.every))
        return min(found, default=_EPOCH)

    async def _sample_forever(self, running: _Running) -> None:
        every = running.meter.spec.every
        while True:
            tick = tick_at(self._core.clock.now(), every)
            await self._sample(running, tick)
            await self._prune(running)
            await self._core.clock.sleep_until(tick + every)

    async def _sample(self, running: _Running, tick: datetime) -> None:
        async with running.lock:
            if running.asked is not None and tick <= running.asked:
                return
            running.asked = tick
            spec = running.meter.spec
            try:
                samples = await running.meter.samples(running.newest, tick)
                readings = [_reading(spec.r_id, sample) for sample in samples]
            except Exception as error:  # noqa: BLE001 - a meter is somebody else's code
                where = describe(running.meter)
                log.error("meter %s (%s): %s", spec.name, where, error, extra=self._core.extra)
                return
            if readings:
                await self._core.state.readings.add(readings)
                running.newest = max(sample.end for sample in samples)

    async def _prune(self, running: _Running) -> None:
        now = self._core.clock.now()
        if running.pruned is not None and now - running.pruned < _PRUNE_EVERY:
            return
        running.pruned = now
        spec = running.meter.spec
        keep = max(spec.history, 2 * spec.max_period, timedelta(days=1))
        await self._core.state.readings.prune(spec.r_id, now - keep)


def tick_at(moment: datetime, every: timedelta) -> datetime:
    """Returns the last whole multiple of ``every`` since 1970 that is not after ``moment``."""
    return moment - (moment - _EPOCH) % every


def _reading(r_id: str, sample: Sample) -> Reading:
    return Reading(
        r_id=r_id,
        start=sample.start,
        duration=sample.duration,
        value=sample.value,
        quality=sample.quality,
    )
