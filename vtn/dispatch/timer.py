"""One timer for many: wakes whoever is due, with a single task that waits for the clock."""

import asyncio
import heapq
from collections.abc import Callable
from datetime import datetime

from runtime.clock import Clock


class Timer:
    """Calls back at moments.

    Args:
        clock: the time.
        ring: is called with the key and the moment that were given to ``at``.
    """

    def __init__(self, clock: Clock, ring: Callable[[int, datetime], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._heap: list[tuple[datetime, int]] = []
        self._task: asyncio.Task[None] | None = None
        self._waits_for: datetime | None = None

    def at(self, moment: datetime, key: int) -> None:
        """Has ``ring`` called with a key when the clock shows a moment."""
        heapq.heappush(self._heap, (moment, key))
        self._wait_for_first()

    def stop(self) -> None:
        """Forgets all moments."""
        self._heap.clear()
        if self._task is not None:
            self._task.cancel()
        self._task = self._waits_for = None

    def _wait_for_first(self) -> None:
        if not self._heap:
            return
        first = self._heap[0][0]
        if self._waits_for is not None and self._waits_for <= first:
            return
        if self._task is not None:
            self._task.cancel()
        self._waits_for = first
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._wait(first), name="wait for what is due")

    async def _wait(self, moment: datetime) -> None:
        await self._clock.sleep_until(moment)
        self._task = self._waits_for = None
        now = self._clock.now()
        while self._heap and self._heap[0][0] <= now:
            due, key = heapq.heappop(self._heap)
            self._ring(key, due)
        self._wait_for_first()
