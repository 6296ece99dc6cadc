"""A VEN that nobody looks after: clocks that are set, disks that fill, devices that hang."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr.messages import (
    CancelReport,
    CreatedReport,
    CreateReport,
    EiResponse,
    Poll,
    RegisteredReport,
    RegisterReport,
    UpdatedReport,
    UpdateReport,
)
from oadr.report import build_metadata_request
from tests.ven.scripted import HANG, NOW, World, database_of, event, request
from tests.ven.test_engine_report import Replay, reports, started, values
from tests.ven.test_engine_schedule import Diary
from ven.client import Client
from ven.errors import StateError, Unreachable
from ven.meter import Sample

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TICK = timedelta(seconds=10)


async def set_clock(world: World, moment: datetime) -> None:
    """Sets the clock as somebody, or NTP, does; who sleeps notices when it wakes next."""
    world.clock.moment = moment
    await world.rest()


class Live(Replay):
    """A meter that knows nothing but this moment."""

    async def samples(self, since: datetime | None, until: datetime) -> Sequence[Sample]:
        self.asked += 1
        return [Sample(start=until - TICK, duration=TICK, value=Decimal(1))]


# ------------------------------------------------------------------ the clock


async def test_a_clock_that_was_far_ahead_for_a_while_stops_no_meter_and_no_report(
    world: World,
) -> None:
    ven = world.ven()
    meter = Live()
    ven.add_meter(meter)
    world.vtn.requests = [request(back=60)]
    await world.start(ven)
    await world.pass_time(2 * MINUTE)
    await set_clock(world, NOW + 365 * DAY)
    await world.pass_time(2 * MINUTE)
    ahead = len(reports(world))
    asked = meter.asked
    # Back to what it is; those who sleep until the wrong year are woken by the minute.
    await world.kill(ven)
    await set_clock(world, NOW + 10 * MINUTE)
    again = world.ven()
    again.add_meter(meter)
    await world.start(again)
    await world.pass_time(5 * MINUTE)
    assert meter.asked > asked + 25
    later = reports(world)[ahead:]
    assert [one.dtstart for one in later if one.dtstart and one.dtstart < NOW + DAY] == [
        NOW + minute * MINUTE for minute in range(10, 15)
    ]
    assert values(later[-1]) == [Decimal(6)]


async def test_a_running_ven_notices_that_its_clock_was_set_back(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    ven = world.ven()
    meter = Live()
    ven.add_meter(meter)
    await world.start(ven)
    await world.pass_time(MINUTE)
    machine = ven._machine
    running = machine.metering._running["main"]
    await set_clock(world, NOW - DAY)
    asked = meter.asked
    await machine.metering._sample(running, NOW - DAY)
    await machine.metering._sample(running, NOW - DAY)
    assert meter.asked == asked + 1
    assert caplog.text.count("the clock was set back by 1 day") == 1


async def test_a_clock_that_is_set_back_a_little_doubles_nothing(world: World) -> None:
    ven = world.ven()
    ven.add_meter(Live())
    world.vtn.requests = [request(back=60)]
    await world.start(ven)
    await world.pass_time(3 * MINUTE)
    world.clock.moment -= 30 * SECOND
    await world.pass_time(5 * MINUTE, SECOND)
    starts = [one.dtstart for one in reports(world)]
    assert starts == sorted(set(starts), key=lambda moment: moment or NOW)


async def test_an_event_that_was_over_by_a_wrong_clock_is_carried_out(world: World) -> None:
    diary = Diary()
    ven = world.ven()
    diary.attach(ven)
    world.vtn.events = [event(start=NOW + HOUR, levels=((2, 30),))]
    await world.start(ven)
    await world.pass_time(3 * HOUR, MINUTE)
    assert len(diary.calls) == 2
    await world.kill(ven)
    await set_clock(world, NOW)
    again = world.ven()
    diary.attach(again)
    await world.start(again)
    await world.pass_time(90 * MINUTE, MINUTE)
    assert [call[:3] for call in diary.calls[2:]] == [(60, "e1", "start"), (90, "e1", "end")]


# ------------------------------------------------------------------ meters


async def test_a_meter_that_hangs_stops_neither_reports_nor_polls(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    class Hanging(Replay):
        async def samples(self, since: datetime | None, until: datetime) -> Sequence[Sample]:
            await asyncio.Event().wait()
            return ()

    ven = world.ven(meter_seconds=0.001, status=False)
    ven.add_meter(Hanging("stuck"))
    ven.add_meter(Replay("main"))
    world.vtn.requests = [request("rr-1", "main", "stuck", back=60)]
    await world.start(ven)
    for _ in range(12):
        await world.clock.advance(TICK)
        await asyncio.sleep(0.005)
        await world.rest()
    world.vtn.queue.append(CancelReport(request_id="c", report_request_ids=("rr-1",)))
    await world.pass_time(TICK)
    assert reports(world)
    assert len(world.vtn.got(Poll)) > 10
    assert caplog.text.count("took too long") == 1


async def test_a_meter_that_fails_for_a_day_is_logged_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Replay):
        async def samples(self, since: datetime | None, until: datetime) -> Sequence[Sample]:
            raise OSError("no route to the meter")

    ven = world.ven()
    ven.add_meter(Broken())
    await world.start(ven)
    await world.pass_time(20 * MINUTE)
    assert caplog.text.count("no route to the meter") == 1


# ------------------------------------------------------------------ the disk


async def test_readings_that_the_disk_did_not_take_are_written_later(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ven = await started(world, request(back=60))
    database = database_of(ven)
    run = database.run

    async def full(work: Any) -> Any:
        raise StateError(database.path, "the state cannot be used: disk is full")

    monkeypatch.setattr(database, "run", full)
    for _ in range(90):
        await world.clock.advance(TICK)
    monkeypatch.setattr(database, "run", run)
    await world.pass_time(10 * MINUTE)
    found = reports(world)
    assert [one.dtstart for one in found[:16]] == [NOW + n * MINUTE for n in range(16)]
    assert all(values(one) == [Decimal(6)] for one in found)
    assert caplog.text.count("reports cannot be made") == 1
    assert caplog.text.count("meter main") == 1


async def test_the_outbox_is_bounded_and_the_oldest_go_first(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ven.engine.reporting._TRIM_EVERY", 10)
    ven = await started(world, request(back=60), outbox_bytes=20_000)
    world.vtn.down = Unreachable("away")
    await world.pass_time(HOUR, MINUTE)
    waiting = (await ven.status()).waiting
    assert 10 < waiting < 30
    assert "oldest reports that wait for the VTN were dropped" in caplog.text
    world.vtn.down = None
    await world.pass_time(10 * MINUTE)
    found = [one.dtstart for one in reports(world)]
    assert found[-1] == NOW + 69 * MINUTE
    assert found[0] is not None
    assert found[0] > NOW + 30 * MINUTE


async def test_reports_that_the_vtn_has_forgotten_are_given_up_with_one_line(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    ven = await started(world, request(back=60), parked_reports=7)
    world.vtn.down = Unreachable("away")
    await world.pass_time(3 * HOUR, MINUTE)
    world.vtn.down = None
    gone = UpdatedReport(response=EiResponse(code=452, description="unknown reportRequestID"))
    world.vtn.script(UpdateReport, *[gone] * 500)
    await world.pass_time(10 * MINUTE)
    assert caplog.text.count("is given up") == 1
    assert (await ven.status()).waiting == 0
    await ven.stop()
    again = world.ven(parked_reports=7)
    again.add_meter(Replay())
    await world.start(again)
    assert (await again.status()).parked == 7


async def test_r340_more_than_is_kept_cannot_be_had(world: World) -> None:
    ven = world.ven()
    ven.add_meter(Replay(history=DAY))
    await world.start(ven)
    month = request("rr-1", granularity=3600, back=30 * 86400)
    world.vtn.queue.append(CreateReport(request_id="q", requests=(month,)))
    await world.pass_time(TICK)
    (answer,) = world.vtn.got(CreatedReport)
    assert (answer.response.code, answer.pending) == (454, ())


async def test_readings_of_a_report_that_was_not_made_survive_a_long_sleep(world: World) -> None:
    ven = world.ven()
    ven.add_meter(Live(history=HOUR, max_period=HOUR))
    world.vtn.requests = [request(granularity=3600, back=4 * 3600)]
    await world.start(ven)
    await world.pass_time(3 * HOUR)
    await world.kill(ven)
    await set_clock(world, NOW + 30 * DAY)
    again = world.ven()
    again.add_meter(Live(history=HOUR, max_period=HOUR))
    await world.start(again)
    await world.pass_time(MINUTE)
    assert values(reports(world)[0])[:3] == [Decimal(360)] * 3


async def test_two_vens_do_not_run_on_one_state(world: World) -> None:
    first = await world.start(world.ven())
    second = world.ven()
    with pytest.raises(StateError, match="another VEN runs on this state"):
        await second.start()
    assert (await second.status()).registration is not None
    await first.stop()
    await world.start(second)
    assert len(world.vtn.got(Poll)) == 2


# ------------------------------------------------------------------ kills between two lines


async def killed_at(world: World, ven: Client, store: Any, method: str) -> asyncio.Event:
    """Lets the VEN die when it is about to call a method of its state."""
    reached = asyncio.Event()

    async def die(*args: Any, **kwargs: Any) -> None:
        reached.set()
        await asyncio.Event().wait()

    setattr(store, method, die)
    return reached


async def test_requests_that_came_with_metadata_are_there_before_the_metadata_counts_as_sent(
    world: World,
) -> None:
    ven = await started(world)
    world.vtn.queue.append(CreateReport(request_id="q", requests=(build_metadata_request("meta"),)))
    world.vtn.script(
        RegisterReport,
        RegisteredReport(response=EiResponse(), requests=(request("rr-9", back=60),)),
    )
    reached = await killed_at(world, ven, ven._machine.core.state.requests, "clear")
    await world.pass_time(TICK)
    assert reached.is_set()
    await world.kill(ven)
    again = world.ven()
    again.add_meter(Replay())
    world.vtn.requests = [request("rr-9", back=60)]
    await world.start(again)
    await world.pass_time(2 * MINUTE)
    assert reports(world, "rr-9")


async def test_r328_a_cancellation_is_obeyed_before_its_report_counts_as_sent(
    world: World,
) -> None:
    ven = await started(world, request(back=60))
    cancel = CancelReport(request_id="c", report_request_ids=("rr-1",))
    world.vtn.script(UpdateReport, UpdatedReport(response=EiResponse(), cancel_report=cancel))
    reached = await killed_at(world, ven, ven._machine.core.state.outbox, "delivered")
    await world.pass_time(MINUTE)
    assert reached.is_set()
    await world.kill(ven)
    again = world.ven()
    again.add_meter(Replay())
    await world.start(again)
    await world.pass_time(5 * MINUTE)
    assert len(reports(world)) == 1


# ------------------------------------------------------------------ one step, then alone


async def test_a_ven_that_goes_by_steps_and_then_on_its_own_carries_an_event_out_once(
    world: World,
) -> None:
    diary = Diary()
    ven = world.ven()
    diary.attach(ven)
    await ven.create_party_registration()
    world.vtn.events = [event(start=NOW + MINUTE, levels=((2, 1),))]
    await ven.sync_events()
    await world.start(ven)
    await ven.start()
    await world.pass_time(5 * MINUTE)
    assert [call[2] for call in diary.calls] == ["start", "end"]
    assert len(diary.commands) == 2


async def test_a_ven_that_goes_by_steps_knows_the_events_of_its_last_run(world: World) -> None:
    ven = await world.start(world.ven())
    world.vtn.distribute(event(start_after=20 * MINUTE))
    await world.pass_time(TICK)
    before = (await ven.status()).events
    await world.kill(ven)
    again = world.ven()
    await again.sync_events()
    assert (await again.status()).events == before


async def test_a_ven_that_was_started_twice_polls_once(world: World) -> None:
    ven = await world.start(world.ven())
    await ven.start()
    await world.pass_time(5 * MINUTE)
    assert len(world.vtn.got(Poll)) == 31


async def test_a_stop_waits_for_what_is_in_flight_and_no_longer_than_its_grace(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    ven = await world.start(world.ven())
    world.vtn.queue.append(HANG)
    await world.pass_time(TICK)
    await ven._machine.stop(grace=0.01)
    assert "an exchange did not end and was cut off" in caplog.text
    assert not ven._machine.running
