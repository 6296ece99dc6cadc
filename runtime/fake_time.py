"""Lets fake time pass for a test: at each moment everything comes to rest before the next.

A ``FakeClock`` alone moves on as soon as no task is ready to run. That is too soon where
something waits for a thread: a database, say. ``TimedWorld`` asks those who know.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from runtime.clock import FakeClock, settle

#: Returns a number that grows with each step, after waiting for the threads behind it.
Progress = Callable[[], Awaitable[int]]
#: Returns how many things are under way that will end without time passing.
UnderWay = Callable[[], int]
#: Is called at each moment, when everything rests.
Rested = Callable[[], Awaitable[None]]

#: Times that tasks which are ready get to run between two looks.
_ROUNDS = 10
#: Looks in a row that must find nothing new.
_LOOKS = 3
#: Real seconds between two looks at what is under way in another thread.
_PAUSE = 0.0005
#: Real seconds without progress after which something under way counts as waiting for
#: the clock or for the test itself.
PATIENCE = 2.0


class TimedWorld:
    """Moves a clock, and waits at each moment until everything rests.

    Args:
        clock: that everybody in the test goes by.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self._counters: list[Progress] = []
        self._under_way: list[UnderWay] = [lambda: self._exchanges]
        self._rested: list[Rested] = []
        self._exchanges = 0
        self._begun = 0
        self._stuck = 0

    def watch(
        self,
        *,
        progress: Progress | None = None,
        under_way: UnderWay | None = None,
        rested: Rested | None = None,
    ) -> None:
        """Takes somebody else's work into account.

        Args:
            progress: grows with each step of it.
            under_way: counts what will end without time passing.
            rested: is called at each moment when everything rests, to do what is due.
        """
        if progress is not None:
            self._counters.append(progress)
        if under_way is not None:
            self._under_way.append(under_way)
        if rested is not None:
            self._rested.append(rested)

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Counts what happens inside as under way."""
        self._exchanges += 1
        self._begun += 1
        try:
            yield
        finally:
            self._exchanges -= 1

    async def rest(self) -> None:
        """Lets everything happen that happens without time passing.

        What is under way and makes no progress for ``PATIENCE`` waits for the clock or
        for the test, and is not waited for.
        """
        loop = asyncio.get_running_loop()
        deadline, quiet, before = loop.time() + PATIENCE, 0, -1
        while quiet < _LOOKS:
            await settle(_ROUNDS)
            now, under_way = await self._look()
            moved, before = now != before, now
            self._stuck = min(self._stuck, under_way)
            if moved:
                deadline, quiet = loop.time() + PATIENCE, 0
            elif under_way <= self._stuck:
                quiet += 1
            elif loop.time() > deadline:
                self._stuck = under_way
            else:
                quiet = 0
                await asyncio.sleep(_PAUSE)

    async def _look(self) -> tuple[int, int]:
        steps = [await progress() for progress in self._counters]
        return self._begun + sum(steps), sum(count() for count in self._under_way)

    async def pass_time(
        self,
        duration: timedelta = timedelta(0),
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
    ) -> None:
        """Lets time pass; whatever waits for the clock happens at its own moment, in order.

        Args:
            duration: how much; the others are added to it.
            days: of 24 hours.
            hours: of 60 minutes.
            minutes: of 60 seconds.
            seconds: of the clock.

        Raises:
            ValueError: time cannot go back.
        """
        duration += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if duration < timedelta(0):
            raise ValueError(f"time cannot pass by {duration}; expected 0 or more")
        end = self.clock.now() + duration
        await self._rest_and_do()
        while (due := self.clock.due) is not None and due < end:
            await self._move_to(due)
        await self._move_to(end)

    async def pass_until(self, moment: datetime) -> None:
        """Lets time pass until the clock shows ``moment``."""
        await self.pass_time(moment - self.clock.now())

    async def _move_to(self, moment: datetime) -> None:
        await self.clock.advance(max(moment - self.clock.now(), timedelta(0)))
        await self._rest_and_do()

    async def _rest_and_do(self) -> None:
        await self.rest()
        for work in self._rested:
            await work()
        if sum(count() for count in self._under_way) > self._stuck:
            await self.rest()


async def until(condition: Callable[[], object], *, seconds: float = 10.0) -> None:
    """Waits in real time until something is so, for what works in a thread or on a wire.

    Args:
        condition: is asked again and again.
        seconds: how long at most.

    Raises:
        AssertionError: it did not become so.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"{condition} did not become true within {seconds:g} s")
        await asyncio.sleep(0.001)
