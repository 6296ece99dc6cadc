"""How a VEN carries events out."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from oadr.enums import EventStatus
from oadr.messages import Event
from tests.ven.scripted import NOW, World, event
from ven.client import Client
from ven.load import Command

MINUTE = timedelta(minutes=1)
TICK = timedelta(seconds=10)


@dataclass
class Diary:
    """Keeps what a VEN tells its handlers and loads, in minutes after ``NOW``."""

    calls: list[tuple[float, str, str, int, int | float]] = field(default_factory=list)
    commands: list[tuple[float, str, float | None]] = field(default_factory=list)
    resumed: list[bool] = field(default_factory=list)

    def attach(self, client: Client) -> None:
        client.add_handler("on_interval", self.on_interval)
        client.add_load(self)

    async def on_interval(self, event: Event, interval: Any, ctx: Any) -> None:
        now = self._minutes(ctx.clock.now())
        entry = (now, event.event_id, interval.moment.value, interval.index, interval.level)
        self.calls.append(entry)
        self.resumed.append(interval.resumed)

    async def apply(self, command: Command, now: datetime) -> None:
        level = None if command.level is None else float(command.level)
        self.commands.append((self._minutes(now), command.kind.value, level))

    @staticmethod
    def _minutes(moment: datetime) -> float:
        return (moment - NOW) / MINUTE


@pytest.fixture
def diary() -> Diary:
    return Diary()


async def started(world: World, diary: Diary, *events: Event, **options: Any) -> Client:
    ven = world.ven(**options)
    diary.attach(ven)
    world.vtn.events = list(events)
    return await world.start(ven)


async def test_r32_each_interval_is_told_at_its_start_and_at_its_end(
    world: World, diary: Diary
) -> None:
    await started(world, diary, event(start=NOW + 5 * MINUTE))
    await world.pass_time(40 * MINUTE, MINUTE)
    assert diary.calls == [
        (5, "e1", "start", 0, 1),
        (15, "e1", "end", 0, 0),
        (15, "e1", "start", 1, 2),
        (35, "e1", "end", 1, 0),
    ]
    assert diary.commands == [(5, "interval", 1), (15, "interval", 2), (35, "normal", None)]


async def test_r31_handlers_are_told_when_the_notification_time_has_come(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "openadr")
    told: list[tuple[float, str]] = []

    async def on_notification(event: Event, ctx: Any) -> None:
        told.append(((ctx.received_at - NOW) / MINUTE, event.event_id))

    ven = world.ven()
    ven.add_handler("on_notification", on_notification)
    near, out = event("e1", notification=20 * MINUTE), event("e2", notification=20 * MINUTE)
    world.vtn.events = [near, out, event("e3")]
    await world.start(ven)
    await ven.opt("e2", "optOut")
    await world.pass_time(90 * MINUTE, MINUTE)
    assert told == [(10, "e1")]
    assert caplog.text.count("event e1 starts soon") == 1


async def test_r31_loads_are_told_to_get_there_before_and_to_get_back_after(
    world: World, diary: Diary
) -> None:
    first = event(start=NOW + 10 * MINUTE, ramp_up=4 * MINUTE, recovery=5 * MINUTE)
    await started(world, diary, first)
    await world.pass_time(60 * MINUTE, MINUTE)
    assert diary.commands == [
        (6, "rampUp", 1),
        (10, "interval", 1),
        (20, "interval", 2),
        (40, "recovery", None),
        (45, "normal", None),
    ]


async def test_r30_the_start_is_put_off_by_a_random_part_and_the_length_stays(
    world: World, diary: Diary
) -> None:
    await started(world, diary, event(levels=((1, 10),), start_after=20 * MINUTE))
    await world.pass_time(90 * MINUTE, TICK)
    (start, *_), (end, *_) = diary.calls
    assert 30 < start <= 50
    assert end - start == pytest.approx(10, abs=0.2)


async def test_r30_the_random_part_survives_a_restart_and_a_modification(
    world: World, diary: Diary
) -> None:
    ven = await started(world, diary, event(start_after=20 * MINUTE))
    before = (await ven.status()).events[0].start
    await world.kill(ven)
    world.vtn.events = [event(levels=((2, 10),), start_after=20 * MINUTE, modification=1)]
    again = await started(world, Diary(), *world.vtn.events)
    assert (await again.status()).events[0].start == before


async def test_an_event_that_is_opted_out_of_is_not_carried_out(world: World, diary: Diary) -> None:
    ven = world.ven()
    ven.add_handler("on_event", lambda event, ctx: "optOut")
    diary.attach(ven)
    world.vtn.events = [event()]
    await world.start(ven)
    await world.pass_time(90 * MINUTE, MINUTE)
    assert not diary.calls
    assert not diary.commands


async def test_a_later_opt_out_ends_what_is_in_force(world: World, diary: Diary) -> None:
    ven = await started(world, diary, event(start=NOW + MINUTE))
    await world.pass_time(5 * MINUTE, MINUTE)
    await ven.opt("e1", "optOut")
    await world.rest()
    assert diary.calls[-1:] == [(5, "e1", "end", 0, 0)]
    assert diary.commands[-1:] == [(5, "normal", None)]
    await ven.opt("e1", "optIn")
    await world.rest()
    assert diary.commands[-1:] == [(5, "interval", 1)]


async def test_a_modification_while_active_changes_what_is_in_force(
    world: World, diary: Diary
) -> None:
    await started(world, diary, event(start=NOW + MINUTE))
    await world.pass_time(3 * MINUTE, MINUTE)
    world.vtn.distribute(event(start=NOW + MINUTE, levels=((3, 30),), modification=1))
    await world.pass_time(MINUTE, TICK)
    assert [call[1:] for call in diary.calls] == [
        ("e1", "start", 0, 1),
        ("e1", "end", 0, 0),
        ("e1", "start", 0, 3),
    ]


async def test_a_modification_that_leaves_the_running_interval_alone_does_not_disturb_it(
    world: World, diary: Diary
) -> None:
    await started(world, diary, event(start=NOW + MINUTE))
    await world.pass_time(3 * MINUTE, MINUTE)
    world.vtn.distribute(event(start=NOW + MINUTE, levels=((1, 10), (3, 5)), modification=1))
    await world.pass_time(20 * MINUTE, MINUTE)
    assert [call[1:] for call in diary.calls] == [
        ("e1", "start", 0, 1),
        ("e1", "end", 0, 0),
        ("e1", "start", 1, 3),
        ("e1", "end", 1, 0),
    ]


async def test_r59_a_cancelled_event_ends_at_once(world: World, diary: Diary) -> None:
    ven = await started(world, diary, event(start=NOW + MINUTE))
    await world.pass_time(3 * MINUTE, MINUTE)
    cancelled = event(start=NOW + MINUTE, modification=1, status=EventStatus.CANCELLED)
    world.vtn.distribute(cancelled)
    await world.pass_time(TICK)
    assert diary.calls[-1][2] == "end"
    assert diary.commands[-1][1:] == ("normal", None)
    assert ven.events == ()


@pytest.mark.parametrize("how", ["cancelled", "absent"])
async def test_r18_r65_a_cancelled_event_that_started_at_random_ends_at_random(
    world: World, diary: Diary, how: str
) -> None:
    running = event(start=NOW, levels=((2, 120),), start_after=10 * MINUTE)
    ven = await started(world, diary, running)
    await world.pass_time(15 * MINUTE, TICK)
    assert [call[2] for call in diary.calls] == ["start"]
    if how == "absent":
        world.vtn.distribute()
    else:
        world.vtn.distribute(
            event(
                start=NOW,
                levels=((2, 120),),
                start_after=10 * MINUTE,
                modification=1,
                status=EventStatus.CANCELLED,
            )
        )
    await world.pass_time(TICK)
    assert [call[2] for call in diary.calls] == ["start"]
    await world.pass_time(11 * MINUTE, TICK)
    assert [call[2] for call in diary.calls] == ["start", "end"]
    assert 15 < diary.calls[1][0] <= 26
    assert ven.events == ()


async def test_r66_an_event_that_the_vtn_calls_completed_is_carried_on(
    world: World, diary: Diary
) -> None:
    shape = {"start": NOW, "levels": ((2, 10),), "start_after": 30 * MINUTE}
    await started(world, diary, event(**shape))  # type: ignore[arg-type]
    while not diary.calls:
        await world.pass_time(TICK)
    world.vtn.distribute(event(**shape, status=EventStatus.COMPLETED))  # type: ignore[arg-type]
    await world.pass_time(5 * MINUTE, TICK)
    assert [call[2] for call in diary.calls] == ["start"]
    await world.pass_time(6 * MINUTE, TICK)
    assert [call[2] for call in diary.calls] == ["start", "end"]


async def test_r47_an_open_ended_event_is_in_force_until_it_is_cancelled(
    world: World, diary: Diary
) -> None:
    await started(world, diary, event(start=NOW, levels=((1, 0),)))
    await world.pass_time(timedelta(days=3), timedelta(hours=6))
    assert [call[2] for call in diary.calls] == ["start"]
    world.vtn.distribute()
    await world.pass_time(MINUTE, TICK)
    assert [call[2] for call in diary.calls] == ["start", "end"]


async def test_after_a_restart_the_running_interval_is_put_in_force_again(
    world: World, diary: Diary
) -> None:
    ven = await started(world, diary, event(start=NOW + MINUTE))
    await world.pass_time(5 * MINUTE, MINUTE)
    await world.kill(ven)
    await world.clock.advance(8 * MINUTE)
    later = Diary()
    await started(world, later, *world.vtn.events)
    assert later.calls == [(13, "e1", "start", 1, 2)]
    assert later.resumed == [True]
    assert later.commands == [(13, "interval", 2)]
    await world.pass_time(30 * MINUTE, MINUTE)
    assert later.calls[-1] == (31, "e1", "end", 1, 0)


async def test_an_event_that_ended_while_the_ven_was_down_is_ended_after_the_restart(
    world: World, diary: Diary
) -> None:
    ven = await started(world, diary, event(start=NOW + MINUTE))
    await world.pass_time(5 * MINUTE, MINUTE)
    await world.kill(ven)
    await world.clock.advance(60 * MINUTE)
    later = Diary()
    again = await started(world, later, *world.vtn.events)
    assert [call[1:3] for call in later.calls] == [("e1", "end")]
    assert [command[1:] for command in later.commands] == [("normal", None)]
    await world.kill(again)
    last = Diary()
    await started(world, last, *world.vtn.events)
    assert not last.calls


async def test_an_event_that_was_cancelled_just_before_a_kill_is_ended_after_the_restart(
    world: World, diary: Diary
) -> None:
    running = event(start=NOW, levels=((2, 120),), start_after=10 * MINUTE)
    ven = await started(world, diary, running)
    await world.pass_time(15 * MINUTE, TICK)
    world.vtn.distribute()
    await world.pass_time(TICK)
    await world.kill(ven)
    await world.clock.advance(60 * MINUTE)
    later = Diary()
    again = await started(world, later)
    assert [command[1:] for command in later.commands] == [("normal", None)]
    assert again.events == ()


async def test_of_overlapping_events_the_more_important_one_counts(
    world: World, diary: Diary
) -> None:
    low = event("low", start=NOW + 10 * MINUTE, levels=((1, 60),), priority=5)
    high = event("high", start=NOW + 20 * MINUTE, levels=((3, 10),), priority=1)
    none = event("none", start=NOW + 22 * MINUTE, levels=((2, 5),), priority=0)
    await started(world, diary, low, high, none)
    await world.pass_time(90 * MINUTE, MINUTE)
    levels = [(minute, level) for minute, _, level in diary.commands]
    assert levels == [(10, 1), (20, 3), (27, 3), (30, 1), (70, None)]


async def test_a_load_or_handler_that_fails_does_not_stop_the_event(
    world: World, diary: Diary
) -> None:
    ven = world.ven()

    class Broken:
        async def apply(self, command: Command, now: datetime) -> None:
            raise RuntimeError("stuck")

    async def broken(event: Event, interval: Any, ctx: Any) -> None:
        raise RuntimeError("no")

    ven.add_load(Broken())
    ven.on_interval(broken)
    diary.attach(ven)
    world.vtn.events = [event(start=NOW + MINUTE)]
    await world.start(ven)
    await world.pass_time(40 * MINUTE, MINUTE)
    assert [call[2] for call in diary.calls] == ["start", "end", "start", "end"]
    assert diary.commands[-1][1:] == ("normal", None)


async def test_the_registration_ends_all_events(world: World, diary: Diary) -> None:
    ven = await started(world, diary, event(start=NOW + MINUTE))
    await world.pass_time(3 * MINUTE, MINUTE)
    await ven.cancel_party_registration()
    await world.rest()
    assert diary.commands[-1:] == [(3, "normal", None)]
    assert ven.events == ()


async def test_the_log_tells_an_event_from_its_start_to_the_return_to_normal(
    world: World, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "openadr")
    first = event(
        "first", start=NOW + 5 * MINUTE, ramp_up=2 * MINUTE, recovery=5 * MINUTE, levels=((1, 10),)
    )
    await started(world, diary, first, event("second", start=NOW + 12 * MINUTE, levels=((2, 15),)))
    await world.pass_time(40 * MINUTE, MINUTE)
    told = [text for text in caplog.messages if text.startswith("event ")]
    assert told[2:] == [
        "event first: ramp-up",
        "event first: interval 0, SIMPLE 1",
        "event second: interval 0, SIMPLE 2",
        "event first: ended, recovery",
        "event first: recovered, another goes on",
        "event second: ended, back to normal",
    ]
