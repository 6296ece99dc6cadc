"""The time, and waiting for it: the machine's, a faster one, or one that a test moves.

Everything that depends on the time of day takes a ``Clock``; only guards against a
peer or a handler that hangs count real seconds.
"""

import asyncio
import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time and waits for it."""

    def now(self) -> datetime:
        """Returns the current time, aware, UTC."""

    async def sleep(self, duration: timedelta) -> None:
        """Waits ``duration`` of this clock's time; returns at once if it is not positive."""

    async def sleep_until(self, moment: datetime) -> None:
        """Waits until this clock shows ``moment``."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Returns the current time."""
        return datetime.now(UTC)

    async def sleep(self, duration: timedelta) -> None:
        """Waits ``duration``."""
        await asyncio.sleep(max(0.0, duration.total_seconds()))

    async def sleep_until(self, moment: datetime) -> None:
        """Waits until ``moment``; follows the clock if somebody sets it."""
        while (left := moment - self.now()) > timedelta(0):
            await self.sleep(min(left, timedelta(minutes=1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceleratedClock:
    """A clock that started at ``shown`` when the machine's showed ``origin``, and runs faster.

    Processes that are given the same three values agree on the time.

    Attributes:
        origin: real moment at which it started, UTC.
        shown: moment that it showed then, UTC.
        factor: how many of its seconds pass in one real second, more than 0.
    """

    origin: datetime
    shown: datetime
    factor: float

    def now(self) -> datetime:
        """Returns the time that this clock shows."""
        return self.shown + (datetime.now(UTC) - self.origin) * self.factor

    async def sleep(self, duration: timedelta) -> None:
        """Waits ``duration`` of this clock's time."""
        await asyncio.sleep(max(0.0, duration.total_seconds() / self.factor))

    async def sleep_until(self, moment: datetime) -> None:
        """Waits until this clock shows ``moment``."""
        while (left := moment - self.now()) > timedelta(0):
            await self.sleep(left)


@dataclass(slots=True, kw_only=True)
class FakeClock:
    """A clock that stands still until a test moves it.

    Attributes:
        moment: what it shows.
    """

    moment: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    _waiting: list[tuple[datetime, int, asyncio.Future[None]]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=itertools.count)

    def now(self) -> datetime:
        """Returns what it shows."""
        return self.moment

    async def sleep(self, duration: timedelta) -> None:
        """Waits until the clock has been moved by ``duration``."""
        if duration <= timedelta(0):
            await asyncio.sleep(0)
        else:
            await self.sleep_until(self.moment + duration)

    async def sleep_until(self, moment: datetime) -> None:
        """Waits until the clock has been moved to ``moment``."""
        if moment <= self.moment:
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (moment, next(self._order), future))
        await future

    @property
    def sleepers(self) -> int:
        """How many tasks wait for this clock."""
        return sum(not future.done() for _, _, future in self._waiting)

    @property
    def due(self) -> datetime | None:
        """When the next task wakes; None if none waits."""
        while self._waiting and self._waiting[0][2].done():
            heapq.heappop(self._waiting)
        return self._waiting[0][0] if self._waiting else None

    async def advance(self, duration: timedelta) -> None:
        """Moves the clock, waking each sleeper at its own moment and in order."""
        target = self.moment + duration
        while self._waiting and self._waiting[0][0] <= target:
            moment, _, future = heapq.heappop(self._waiting)
            self.moment = max(self.moment, moment)
            if not future.done():
                future.set_result(None)
            await settle()
        self.moment = target
        await settle()


async def settle(rounds: int = 20) -> None:
    """Lets tasks that are ready run."""
    for _ in range(rounds):
        await asyncio.sleep(0)
