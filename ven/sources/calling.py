"""Calls what a user named in the configuration, within a time limit.

A coroutine function runs in the event loop. Any other function runs in a thread of its
own, so that a slow device stops nothing else; one that hangs does not keep the VEN from
ending.
"""

import asyncio
import inspect
import threading
from collections.abc import Callable
from typing import Any


async def call(function: Callable[..., Any], *args: Any, time_limit: float) -> Any:
    """Returns what the function returns.

    Args:
        function: function or coroutine function.
        args: what it is called with.
        time_limit: real seconds, more than 0.

    Raises:
        TimeoutError: it took too long; a thread cannot be stopped and goes on unheard.
        Exception: what the function raised.
    """
    async with asyncio.timeout(time_limit):
        if inspect.iscoroutinefunction(function):
            return await function(*args)
        result = await _in_thread(function, args)
        return await result if inspect.isawaitable(result) else result


async def _in_thread(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
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
            result = function(*args)
        except StopIteration as error:  # which a future cannot carry
            failure = RuntimeError(f"raised {error!r}")
        except Exception as error:  # noqa: BLE001 - carried over to the caller, whatever it is
            failure = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=work, daemon=True, name=f"call {function!r}").start()
    return await future
