"""Waiting for what must come about."""

import asyncio
import inspect
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from runtime.clock import FakeClock

#: Real seconds within which something has to happen, on the slowest machine.
PATIENCE = 60.0
#: By how much the clock of a test jumps; VENs poll half as often.
STEP = timedelta(seconds=5)


async def until(condition: Callable[[], Any], *, clock: FakeClock | None = None) -> Any:
    """Waits until a condition holds and returns what it returned.

    Args:
        condition: function or coroutine function.
        clock: moved on by ``STEP`` at a time while we wait.
    """
    limit = time.monotonic() + PATIENCE
    while True:
        found = condition()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return found
        if time.monotonic() > limit:
            pytest.fail(f"did not happen: {_said(condition)}")
        if clock is not None:
            await clock.advance(STEP)
        await asyncio.sleep(0.005 if clock else 0.05)


def _said(condition: Callable[[], Any]) -> str:
    return inspect.getsource(condition).strip() if inspect.isfunction(condition) else str(condition)
