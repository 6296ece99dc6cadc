"""Background work that somebody watches: errors are logged and counted, the end is awaited."""

import asyncio
import inspect
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger("openadr.tasks")


def checked_work(work: object) -> None:
    """Checks what a handler gives to ``after_reply``, while its name is known.

    Raises:
        TypeError: it is no coroutine.
    """
    if not inspect.iscoroutine(work):
        raise TypeError(
            f"after_reply was given {type(work).__name__}; expected a coroutine, "
            "such as that of an async function that has been called"
        )


class Tasks:
    """A set of running tasks.

    Attributes:
        failed: how many ended with an error.
    """

    def __init__(self) -> None:
        self.failed = 0
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
        """Runs ``work`` now and returns its task; an error in it is logged, not raised."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self.failed += 1
            log.error("%s failed: %s", task.get_name(), error, exc_info=error)

    def __len__(self) -> int:
        return len(self._running)

    async def drain(self, seconds: float) -> None:
        """Waits for all tasks, at most ``seconds`` real seconds."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=seconds)

    async def close(self) -> None:
        """Cancels what still runs and waits until it has ended."""
        running = set(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
