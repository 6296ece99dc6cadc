import asyncio
import logging

import pytest

from runtime.tasks import Tasks, checked_work


async def test_an_error_is_logged_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    async def bad() -> None:
        raise ValueError("no")

    tasks = Tasks()
    with caplog.at_level(logging.ERROR):
        tasks.start(bad(), name="the bad one")
        await tasks.drain(1)
    assert tasks.failed == 1
    assert "the bad one failed: no" in caplog.text
    assert len(tasks) == 0


async def test_closing_cancels_what_still_runs() -> None:
    tasks = Tasks()
    task = tasks.start(asyncio.Event().wait(), name="for ever")
    await asyncio.sleep(0)
    await tasks.close()
    assert task.cancelled()
    assert tasks.failed == 0


@pytest.mark.parametrize("work", [print, None, "later"])
def test_what_is_no_coroutine_is_refused_with_how_to_get_one(work: object) -> None:
    with pytest.raises(TypeError, match=r"expected a coroutine, such as that of an async function"):
        checked_work(work)
