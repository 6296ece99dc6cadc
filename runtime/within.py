"""Awaits somebody else's code within a time limit, at no cost if it does not wait at all.

Most handlers return without having waited for anything. A timer is made only for those
that do; that halves what the call of a handler costs.
"""

import asyncio
import inspect
from collections.abc import Coroutine
from types import CoroutineType
from typing import Any


class TookTooLong(Exception):
    """The time limit was exceeded, and the work has been cancelled."""


class GaveUp(Exception):
    """The work ended itself by a cancellation that nobody had asked of the task."""


async def within(seconds: float, result: Any) -> Any:
    """Returns what a call returned, awaited if it is awaitable.

    Args:
        seconds: of real time, counted from now.
        result: whatever the call returned.

    Raises:
        TookTooLong: the limit is over; the work has been cancelled.
        GaveUp: the work was cancelled from inside, such as by awaiting a cancelled task.
        Exception: what the work raised.
    """
    if type(result) is not CoroutineType:
        return await _timed(seconds, result) if inspect.isawaitable(result) else result
    begun = asyncio.get_running_loop().time()
    try:
        waits_for = result.send(None)
    except StopIteration as done:
        return done.value
    except asyncio.CancelledError:
        if is_being_cancelled():
            raise
        raise GaveUp from None
    return await _timed(seconds, _Begun(result, waits_for), begun)


async def _timed(seconds: float, work: Any, begun: float | None = None) -> Any:
    loop = asyncio.get_running_loop()
    limit = asyncio.timeout_at((loop.time() if begun is None else begun) + seconds)
    try:
        async with limit:
            return await work
    except TimeoutError:
        # The work may have time limits of its own; only ours makes it one that hangs.
        if limit.expired():
            raise TookTooLong from None
        raise
    except asyncio.CancelledError:
        if is_being_cancelled():
            raise
        raise GaveUp from None


def is_being_cancelled() -> bool:
    """Returns whether somebody has asked the current task to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class _Begun:
    """The rest of a coroutine whose first step has been taken.

    Args:
        coroutine: what goes on.
        waits_for: what its first step waits for.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, Any], waits_for: Any) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for
        self._fresh = True

    def __await__(self) -> "_Begun":
        return self

    def __iter__(self) -> "_Begun":
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        """Returns what the coroutine waits for next."""
        if self._fresh:
            self._fresh = False
            return self._waits_for
        return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        """Raises an error where the coroutine waits, and returns what it waits for next."""
        return self._coroutine.throw(*error)

    def close(self) -> None:
        """Ends the coroutine."""
        self._coroutine.close()
