import asyncio
from datetime import UTC, datetime, timedelta

from runtime.clock import AcceleratedClock, FakeClock, SystemClock, settle

START = datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_fake_clock_wakes_sleepers_in_order_and_at_their_moment() -> None:
    clock, woken = FakeClock(moment=START), []

    async def sleeper(seconds: int) -> None:
        await clock.sleep(timedelta(seconds=seconds))
        woken.append((seconds, clock.now()))

    tasks = [asyncio.create_task(sleeper(n)) for n in (30, 10, 20)]
    await settle()
    assert clock.sleepers == 3
    await clock.advance(timedelta(seconds=25))
    assert woken == [(10, START + timedelta(seconds=10)), (20, START + timedelta(seconds=20))]
    await clock.advance(timedelta(seconds=5))
    await asyncio.gather(*tasks)
    assert clock.now() == START + timedelta(seconds=30)


async def test_a_sleeper_that_was_cancelled_does_not_disturb_the_clock() -> None:
    clock = FakeClock(moment=START)
    task = asyncio.create_task(clock.sleep(timedelta(seconds=1)))
    await settle()
    task.cancel()
    await clock.advance(timedelta(seconds=2))
    assert clock.sleepers == 0


async def test_a_sleep_of_nothing_returns_at_once() -> None:
    for clock in (FakeClock(), SystemClock()):
        await clock.sleep(timedelta(seconds=-1))
        await clock.sleep_until(clock.now())


async def test_an_accelerated_clock_runs_faster_and_agrees_with_itself() -> None:
    origin = datetime.now(UTC)
    one = AcceleratedClock(origin=origin, shown=START, factor=1000.0)
    two = AcceleratedClock(origin=origin, shown=START, factor=1000.0)
    await one.sleep_until(START + timedelta(seconds=5))
    assert one.now() >= START + timedelta(seconds=5)
    assert abs(two.now() - one.now()) < timedelta(minutes=1)


async def test_the_system_clock_tells_utc() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=5)
    await SystemClock().sleep_until(datetime.now(UTC) + timedelta(milliseconds=2))
