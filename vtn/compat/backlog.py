"""What an application asks for and does not wait for, done one after another."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from runtime.tasks import Tasks

log = logging.getLogger("openadr.vtn.compat")

Work = Callable[[], Awaitable[None]]


class Backlog:
    """Work in the order in which it was given; it waits until the server is open.

    Args:
        tasks: of the server.
    """

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks
        self._waiting: deque[tuple[str, Work]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._doing = asyncio.Lock()
        self._failure: Exception | None = None

    def add(self, name: str, work: Work) -> None:
        """Takes work; ``name`` says in the log what has failed. Any thread may call this."""
        self._waiting.append((name, work))
        loop = self._loop
        if loop is None:
            return
        if asyncio._get_running_loop() is loop:
            self._start()
        else:
            loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        if self._loop is not None:
            self._tasks.start(self._work(), name="what the application has asked for")

    async def open(self) -> None:
        """Does what has been waiting; from now on work is done as it comes."""
        self._loop = asyncio.get_running_loop()
        await self._work()

    def close(self) -> None:
        """Lets work wait again."""
        self._loop = None

    async def finish(self) -> None:
        """Returns when all work given so far has been done.

        Raises:
            Exception: the first that has failed since the last call.
        """
        await self._work()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    async def _work(self) -> None:
        async with self._doing:
            while self._waiting:
                name, work = self._waiting.popleft()
                try:
                    await work()
                except Exception as error:  # noqa: BLE001 - told to the log, and by saved()
                    log.error("cannot %s: %s", name, error)
                    self._failure = self._failure or error
