"""How long one step takes."""

import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any


def middle(prepare: Callable[[], Any], step: Callable[[Any], object], times: int) -> float:
    """Returns the median of what a step takes, in seconds of the processor.

    Args:
        prepare: makes what the step is given; not timed. Called for each step, because a
            signed message counts only once.
        step: what is timed.
        times: how often, >= 1.
    """
    prepared = [prepare() for _ in range(times)]
    found = []
    for one in prepared:
        begin = time.process_time()
        step(one)
        found.append(time.process_time() - begin)
    return statistics.median(found)


async def each(step: Callable[[], Awaitable[object]], times: int) -> float:
    """Returns what one of many equal steps takes, in seconds of the processor.

    Args:
        step: what is timed.
        times: how often, >= 1.
    """
    begin = time.process_time()
    for _ in range(times):
        await step()
    return (time.process_time() - begin) / times
