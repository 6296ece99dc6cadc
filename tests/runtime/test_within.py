import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any

import pytest

from runtime.within import GaveUp, TookTooLong, within


async def quick() -> int:
    return 1


async def waits() -> int:
    await asyncio.sleep(0)
    await asyncio.sleep(0.001)
    return 2


class Later:
    def __await__(self) -> Generator[Any, None, int]:
        yield from asyncio.sleep(0).__await__()
        return 3


def future() -> "asyncio.Future[int]":
    found: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    found.set_result(4)
    return found


@pytest.mark.parametrize(
    ("call", "result"), [(quick, 1), (waits, 2), (Later, 3), (future, 4), (lambda: 5, 5)]
)
async def test_whatever_a_call_returned_becomes_its_result(
    call: Callable[[], Any], result: int
) -> None:
    assert await within(5, call()) == result


@pytest.mark.parametrize("call", [lambda: asyncio.sleep(60), lambda: Sleeps()])
async def test_what_takes_too_long_is_cancelled(call: Callable[[], Awaitable[Any]]) -> None:
    with pytest.raises(TookTooLong):
        await within(0.01, call())
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


class Sleeps:
    def __await__(self) -> Generator[Any, None, None]:
        yield from asyncio.sleep(60).__await__()


async def test_time_spent_before_the_first_wait_counts() -> None:
    async def blocks() -> None:
        time.sleep(0.03)  # noqa: ASYNC251 - as a bad handler does
        await asyncio.sleep(0.03)

    with pytest.raises(TookTooLong):
        await within(0.03, blocks())


async def test_an_error_comes_out_before_and_after_the_first_wait() -> None:
    async def fails(wait: bool) -> None:
        if wait:
            await asyncio.sleep(0)
        raise TimeoutError("the meter does not answer")

    for wait in (False, True):
        with pytest.raises(TimeoutError, match="the meter"):
            await within(5, fails(wait))


async def test_awaiting_a_cancelled_task_is_no_cancellation_of_ours() -> None:
    gone = asyncio.ensure_future(asyncio.sleep(60))
    gone.cancel()

    async def waits_for_it() -> None:
        await gone

    with pytest.raises(GaveUp):
        await within(5, waits_for_it())
    with pytest.raises(GaveUp):
        await within(5, waits_for_it())  # now that it has ended, without waiting


async def test_a_cancellation_of_the_task_reaches_the_work_and_goes_on() -> None:
    told = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            told.set()
            raise

    task = asyncio.create_task(within(60, work()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told.is_set()


async def test_the_work_may_catch_an_error_at_its_first_wait_and_go_on() -> None:
    async def work() -> str:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.sleep(60)
        except TimeoutError:
            await asyncio.sleep(0)
        return "done"

    assert await within(5, work()) == "done"
