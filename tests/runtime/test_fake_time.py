"""Fake time passes moment by moment, and at each everything comes to rest."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from runtime import fake_time
from runtime.clock import FakeClock
from runtime.fake_time import TimedWorld, until
from runtime.tasks import Tasks

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    tasks = Tasks()
    yield tasks
    await tasks.close()


async def test_each_sleeper_wakes_at_its_own_moment_in_order(tasks: Tasks) -> None:
    clock, seen = FakeClock(), list[tuple[str, timedelta]]()
    world = TimedWorld(clock)

    async def tick(name: str, every: timedelta) -> None:
        while True:
            await clock.sleep(every)
            seen.append((name, clock.now() - START))

    tasks.start(tick("three", 3 * MINUTE), name="three")
    tasks.start(tick("two", 2 * MINUTE), name="two")
    await world.pass_time(minutes=6)
    assert seen == [
        ("two", 2 * MINUTE),
        ("three", 3 * MINUTE),
        ("two", 4 * MINUTE),
        ("three", 6 * MINUTE),
        ("two", 6 * MINUTE),
    ]
    assert clock.now() == START + 6 * MINUTE


async def test_the_parts_of_a_duration_add_up() -> None:
    world = TimedWorld(FakeClock())
    await world.pass_time(MINUTE, days=1, hours=2, seconds=3)
    assert world.clock.now() - START == timedelta(days=1, hours=2, minutes=1, seconds=3)
    await world.pass_until(START + timedelta(days=2))
    assert world.clock.now() - START == timedelta(days=2)
    with pytest.raises(ValueError, match="time cannot pass by -1 day"):
        await world.pass_until(START + timedelta(days=1))


async def test_a_sleeper_that_was_cancelled_stops_nobody(tasks: Tasks) -> None:
    clock = FakeClock()
    assert clock.due is None
    gone = tasks.start(clock.sleep(MINUTE), name="gone")
    tasks.start(clock.sleep(2 * MINUTE), name="waits")
    await asyncio.sleep(0)
    assert clock.due == START + MINUTE
    gone.cancel()
    await asyncio.sleep(0)
    assert clock.due == START + 2 * MINUTE


async def test_time_stands_still_while_a_thread_works(tasks: Tasks) -> None:
    clock, ended = FakeClock(), list[datetime]()
    world = TimedWorld(clock)

    async def work() -> None:
        with world.under_way():
            await clock.sleep(timedelta(0))
            await asyncio.sleep(0.05)
            ended.append(clock.now())

    tasks.start(work(), name="work")
    await world.pass_time(hours=1)
    assert ended == [START]


async def test_what_waits_for_the_clock_is_not_waited_for(
    tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_time, "PATIENCE", 0.02)
    clock = FakeClock()
    world = TimedWorld(clock)

    async def work() -> None:
        with world.under_way():
            await clock.sleep(MINUTE)

    task = tasks.start(work(), name="work")
    await world.rest()
    assert not task.done()
    await world.pass_time(MINUTE)
    assert task.done()


async def test_what_makes_progress_is_waited_for_however_long_it_takes(
    tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_time, "PATIENCE", 0.02)
    world, steps = TimedWorld(FakeClock()), list[int]()

    async def progress() -> int:
        return len(steps)

    async def work() -> None:
        for step in range(20):
            await asyncio.sleep(0.005)
            steps.append(step)

    world.watch(progress=progress, under_way=lambda: len(tasks))
    tasks.start(work(), name="work")
    await world.rest()
    assert len(steps) == 20


async def test_what_is_due_at_rest_is_done_at_each_moment(tasks: Tasks) -> None:
    clock, rested = FakeClock(), list[timedelta]()
    world = TimedWorld(clock)

    async def note() -> None:
        rested.append(clock.now() - START)

    world.watch(rested=note)
    tasks.start(clock.sleep(MINUTE), name="sleeper")
    await world.pass_time(minutes=5)
    assert rested == [timedelta(0), MINUTE, 5 * MINUTE]


async def test_until_waits_for_real_and_says_what_did_not_happen() -> None:
    found: list[int] = []
    asyncio.get_running_loop().call_later(0.01, found.append, 1)
    await until(lambda: found)
    with pytest.raises(AssertionError, match="did not become true"):
        await until(lambda: len(found) > 1, seconds=0.01)
