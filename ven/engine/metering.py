"""Takes the samples of the meters, each at its own pace, and keeps them.

Meters are read whether somebody has asked for their data or not, so that a report of the
moment can be made at once (R337). A sample is on the disk before anything is made of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from oadr.report import Reading, Window
from oadr.times import ZERO, add
from runtime.hooks import describe
from ven.engine.core import Core, log
from ven.errors import StateError
from ven.meter import AskedForReports, Meter, MeterSpec, Sample

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: How often old readings are deleted.
_PRUNE_EVERY = timedelta(hours=1)
#: Readings are kept for so much longer than they are offered, for reports that are late.
_MARGIN = timedelta(days=1)
#: Samples of one meter that are kept in memory while the disk takes none.
_UNSAVED = 10_000
#: A clock that was set back by more than a sample, and by more than this, is noticed.
_SET_BACK = timedelta(minutes=1)
#: How the qualities begin that say that nothing was measured.
_BAD = ("Quality Bad", "No Quality")


@dataclass(slots=True)
class _Running:
    """A meter that is sampled.

    Attributes:
        meter: what is asked.
        newest: end of the newest sample; None while there is none.
        asked: the last tick for which it was asked.
        pruned: when old readings were deleted.
        unsaved: readings that the disk did not take.
        failing: whether the last question was in vain, which the log says once.
        lock: one question at a time.
    """

    meter: Meter
    newest: datetime | None = None
    asked: datetime | None = None
    pruned: datetime | None = None
    unsaved: list[Reading] = field(default_factory=list)
    failing: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Metering:
    """The meters of a VEN.

    Attributes:
        needed_since: tells of an rID from when on readings must not be deleted.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self.needed_since: Callable[[str], datetime | None] = lambda _: None
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
        for running in self._running.values():
            await self._look_up(running)

    def start(self) -> None:
        """Samples from now on."""
        for r_id, running in self._running.items():
            name = f"meter {r_id}"
            work = partial(self._sample_forever, running)
            self._core.tasks.start(self._core.keep_running(work, name), name=name)

    async def catch_up(
        self, r_ids: Iterable[str], window: Window | None = None, step: timedelta = ZERO
    ) -> None:
        """Takes the samples that are due now, so that a report can be made of them.

        Args:
            r_ids: data points of the report.
            window: what it covers, for meters that want to know; None asks these nothing.
            step: distance of its values.
        """
        now = self._core.clock.now()
        for r_id in r_ids:
            running = self._running.get(r_id)
            if running is None:
                continue
            await self._sample(running, tick_at(now, running.meter.spec.every))
            if window is not None and isinstance(running.meter, AskedForReports):
                asked = running.meter.between(window.start, min(window.end, now), step)
                await self._fetch(running, asked)

    async def begin(self, r_ids: Iterable[str]) -> None:
        """Lets meters that want to know have it that these data points are asked for."""
        for r_id in r_ids:
            running = self._running.get(r_id)
            if running is not None and isinstance(running.meter, AskedForReports):
                await self._fetch(running, running.meter.begin())

    def check(self, r_id: str) -> None:
        """Returns if there is such a data point.

        Raises:
            ValueError: there is none.
        """
        if r_id not in self._running:
            known = ", ".join(sorted(self._running)) or "none"
            raise ValueError(f"there is no data point {r_id!r}; there are: {known}")

    async def correct(self, r_id: str, samples: Sequence[Sample]) -> None:
        """Keeps samples in place of those with the same start (R346)."""
        running = self._running[r_id]
        spec = running.meter.spec
        async with running.lock:
            await self._core.state.readings.correct([reading_of(spec, one) for one in samples])

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

    def kept(self, r_ids: Iterable[str]) -> timedelta:
        """Returns for how long the readings of all these data points are kept."""
        running = [self._running[r_id] for r_id in r_ids if r_id in self._running]
        return min((_kept(one.meter.spec) for one in running), default=timedelta.max)

    async def _look_up(self, running: _Running) -> None:
        # What a clock has dated that was wrong does not count, until its time has come.
        now = self._core.clock.now()
        newest = await self._core.state.readings.newest(running.meter.spec.r_id, now)
        running.newest = None if newest is None else add(newest.start, newest.duration)

    async def _sample_forever(self, running: _Running) -> None:
        clock, every = self._core.clock, running.meter.spec.every
        while True:
            tick = tick_at(clock.now(), every)
            await self._sample(running, tick)
            await self._prune(running)
            # In parts, because somebody may set the clock in the meantime.
            while (left := tick + every - (now := clock.now())) > timedelta(0) and now >= tick:
                await clock.sleep(min(left, max(every / 4, _SET_BACK)))

    async def _sample(self, running: _Running, tick: datetime) -> None:
        async with running.lock:
            await self._check_clock(running)
            if running.asked is not None and tick <= running.asked:
                return
            running.asked = tick
            try:
                readings = await self._ask(running, tick)
                await self._save(running, readings)
            except Exception as error:  # noqa: BLE001 - a meter is somebody else's code
                self._failed(running, error)
            else:
                self._worked(running, readings)

    async def _fetch(self, running: _Running, asked: Awaitable[Sequence[Sample]]) -> None:
        """Takes what a meter gives for a report."""
        async with running.lock:
            try:
                readings = await self._answer(running, asked)
                await self._save(running, readings)
            except Exception as error:  # noqa: BLE001 - a meter is somebody else's code
                self._failed(running, error)
            else:
                self._worked(running, readings)

    async def _ask(self, running: _Running, tick: datetime) -> list[Reading]:
        return await self._answer(running, running.meter.samples(running.newest, tick))

    async def _answer(self, running: _Running, asked: Awaitable[Sequence[Sample]]) -> list[Reading]:
        async with asyncio.timeout(self._core.options.meter_seconds):
            samples = await asked
        readings = [reading_of(running.meter.spec, sample) for sample in samples]
        if samples:
            running.newest = max(sample.end for sample in samples)
        return readings

    async def _save(self, running: _Running, readings: list[Reading]) -> None:
        """Writes readings down, with those that could not be written before."""
        running.unsaved = (running.unsaved + readings)[-_UNSAVED:]
        if running.unsaved:
            await self._core.state.readings.add(running.unsaved)
            running.unsaved = []

    def _failed(self, running: _Running, error: Exception) -> None:
        where = f"meter {running.meter.spec.name} ({describe(running.meter)})"
        words = "took too long" if isinstance(error, TimeoutError) else str(error)
        level = log.debug if running.failing else log.error
        level("%s: %s", where, words or type(error).__name__, extra=self._core.extra)
        running.failing = True
        name = running.meter.spec.name
        core = self._core
        core.health.meter_fails(name, words or type(error).__name__, core.clock.now())

    def _worked(self, running: _Running, readings: Sequence[Reading]) -> None:
        """Notes that a meter was read; what it says may be that it could not measure."""
        health, name = self._core.health, running.meter.spec.name
        quality = readings[-1].quality or "" if readings else ""
        if quality.startswith(_BAD):
            words = f"it says {quality}; the log says why"
            health.meter_fails(name, words, self._core.clock.now())
        elif readings or running.failing:
            health.meter_works(name)
        running.failing = False

    async def _check_clock(self, running: _Running) -> None:
        """Starts over if the clock was set back, so that nobody waits for it to catch up."""
        now, every = self._core.clock.now(), running.meter.spec.every
        if running.asked is None or running.asked <= now + max(every, _SET_BACK):
            return
        log.warning(
            "meter %s: the clock was set back by %s",
            running.meter.spec.name,
            running.asked - now,
            extra=self._core.extra,
        )
        running.asked = running.pruned = None
        await self._look_up(running)

    async def _prune(self, running: _Running) -> None:
        now = self._core.clock.now()
        if running.pruned is not None and now - running.pruned < _PRUNE_EVERY:
            return
        running.pruned = now
        spec = running.meter.spec
        before = now - _kept(spec) - _MARGIN
        needed = self.needed_since(spec.r_id)
        try:
            await self._core.state.readings.prune(
                spec.r_id, before if needed is None else min(before, needed)
            )
        except StateError as error:
            log.debug("old readings stay: %s", error, extra=self._core.extra)


def _kept(spec: MeterSpec) -> timedelta:
    return max(spec.history, 2 * spec.max_period, timedelta(days=1))


def tick_at(moment: datetime, every: timedelta) -> datetime:
    """Returns the last whole multiple of ``every`` since 1970 that is not after ``moment``."""
    return moment - (moment - _EPOCH) % every


def reading_of(spec: MeterSpec, sample: Sample) -> Reading:
    """Returns a sample as a reading; how exact it is, is known of the sample or the meter."""
    return Reading(
        r_id=spec.r_id,
        start=sample.start,
        duration=sample.duration,
        value=sample.value,
        quality=sample.quality,
        accuracy=spec.accuracy if sample.accuracy is None else sample.accuracy,
        confidence=spec.confidence if sample.confidence is None else sample.confidence,
    )
