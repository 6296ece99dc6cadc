"""An event loop in which waiting takes no time and threads run in place.

A day of fifty VENs passes in seconds, and always in the same way: when nothing is ready
to run, the loop's own clock jumps to whatever is due next. What the two databases hand to
threads happens at once, in the one thread that there is.
"""

import asyncio
import selectors
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar
from unittest.mock import patch

T = TypeVar("T")

#: What every clock of a town shows when its loop begins.
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


class _Jump(selectors.SelectSelector):
    """Moves the loop's clock where another selector would wait."""

    loop: "InstantLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing is due any more, and somebody still waits")
        if timeout > 0:
            self.loop.seconds += timeout
        return super().select(0)


class InstantLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to what is due next.

    Attributes:
        seconds: what its clock shows.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        selector = _Jump()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Returns the seconds since the loop began."""
        return self.seconds

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Runs the function now, whatever thread it is meant for."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever awaits it
            future.set_exception(error)
        return future


class LoopClock:
    """A clock that goes with the loop, wrong by a fixed amount.

    Args:
        skew: added to the right time.
    """

    def __init__(self, skew: timedelta = timedelta(0)) -> None:
        self.skew = skew

    def now(self) -> datetime:
        """Returns the time that this clock shows."""
        seconds = asyncio.get_running_loop().time()
        return BEGIN + timedelta(microseconds=round(seconds * 1e6)) + self.skew

    async def sleep(self, duration: timedelta) -> None:
        """Waits ``duration``."""
        await asyncio.sleep(max(0.0, duration.total_seconds()))

    async def sleep_until(self, moment: datetime) -> None:
        """Waits until this clock shows ``moment``."""
        while (left := moment - self.now()) > timedelta(0):
            await self.sleep(left)


class _Executor:
    """Runs in place what it is given."""

    def __init__(self, **_: object) -> None:
        pass

    def submit(self, function: Callable[..., T], *args: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(function(*args))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever awaits it
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True) -> None:
        """Does nothing."""


class _Queue:
    """Runs in place what aiosqlite hands to its thread."""

    def put_nowait(self, item: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, function = item
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 - it belongs to whoever awaits it
            if future is not None and not future.done():
                future.set_exception(error)
        else:
            if future is not None and not future.done():
                future.set_result(result)


class _Thread:
    """A thread that nobody needs."""

    daemon = True

    def __init__(self, **_: object) -> None:
        pass

    def start(self) -> None:
        """Does nothing."""


@contextmanager
def _in_place(seed: int) -> Iterator[None]:
    """Lets the libraries that use threads for databases do without, and draws lots anew.

    A transaction of either party stays what it is: the same SQL on the same files.
    """
    with (
        patch("ven.state.database.ThreadPoolExecutor", _Executor),
        patch("vtn.assembly.Random", lambda: Random(seed)),
        # Real seconds between two looks at what other processes have written: there are none.
        patch("ven.engine.opt.WATCH", 1e6),
        patch("aiosqlite.core.SimpleQueue", _Queue),
        patch("aiosqlite.core.Thread", _Thread),
    ):
        yield


def run(work: Callable[[], Coroutine[Any, Any, T]], seed: int) -> T:
    """Returns what a coroutine function returns, run in a loop of its own.

    Args:
        work: what to run.
        seed: of what is left to chance in the VTN.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("one thread is all there is")
    loop = InstantLoop()
    with _in_place(seed), asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(work())
