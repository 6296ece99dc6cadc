"""Calls what a user named in the configuration, within a time limit.

A coroutine function runs in the event loop. Any other function runs in a thread of its
own, so that a slow device stops nothing else; one that hangs does not keep the VEN from
ending, and is not called again before it has come back.
"""

import asyncio
import inspect
import threading
from collections.abc import Callable
from typing import Any


class Caller:
    """Calls one function, never twice at a time."""

    def __init__(self, function: Callable[..., Any], *, time_limit: float) -> None:
        """Makes the caller.

        Args:
            function: function or coroutine function.
            time_limit: real seconds that a call may take, more than 0.
        """
        self._function = function
        self._time_limit = time_limit
        self._thread: threading.Thread | None = None

    async def __call__(self, *args: Any) -> Any:
        """Returns what the function returns.

        Args:
            args: what it is called with.

        Raises:
            TimeoutError: it took too long, or the last call has not come back yet; a thread
                cannot be stopped and goes on unheard.
            Exception: what the function raised.
        """
        async with asyncio.timeout(self._time_limit):
            if inspect.iscoroutinefunction(self._function):
                return await self._function(*args)
            result = await self._in_thread(args)
            return await result if inspect.isawaitable(result) else result

    async def _in_thread(self, args: tuple[Any, ...]) -> Any:
        if self._thread is not None and self._thread.is_alive():
            # Another thread at each call would use up the machine in a day.
            raise TimeoutError("the last call has not come back")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()

        def settle(result: Any, error: BaseException | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        def work() -> None:
            result: Any = None
            failure: Exception | None = None
            try:
                result = self._function(*args)
            except StopIteration as error:  # which a future cannot carry
                failure = RuntimeError(f"raised {error!r}")
            except Exception as error:  # noqa: BLE001 - carried over to the caller, whatever it is
                failure = error
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, result, failure)

        name = f"call {self._function!r}"
        self._thread = threading.Thread(target=work, daemon=True, name=name)
        self._thread.start()
        try:
            return await future
        finally:
            if future.done() and not future.cancelled():
                self._thread = None
