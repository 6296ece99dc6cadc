"""One exchange at a time, also for a handler that starts another one."""

import asyncio
from types import TracebackType
from typing import Any


class Turn:
    """A lock that a task which holds it may take again.

    While the VEN processes a message it calls handlers, and these may call methods of
    the client that take the turn themselves.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[Any] | None = None
        self._depth = 0

    @property
    def taken(self) -> bool:
        """Whether any task holds it."""
        return self._lock.locked()

    @property
    def mine(self) -> bool:
        """Whether the current task holds it."""
        return self._owner is not None and self._owner is asyncio.current_task()

    async def __aenter__(self) -> None:
        """Waits for the turn."""
        if self._owner is not asyncio.current_task():
            await self._lock.acquire()
            self._owner = asyncio.current_task()
        self._depth += 1

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Gives it back."""
        self._depth -= 1
        if not self._depth:
            self._owner = None
            self._lock.release()
