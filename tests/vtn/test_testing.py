"""The test kit for handlers of a VTN, and for VENs that are joined to it."""

import os
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import OptType
from runtime import fake_time
from runtime.errors import ConfigError
from ven.client import Client
from ven.testing import Line
from vtn.hooks import (
    Accept,
    Context,
    EventAnswer,
    EventHandler,
    PollHandler,
    Refuse,
    Registration,
    RegistrationHandler,
    ReportHandler,
    Update,
    Wanted,
)
from vtn.testing import FakeClock, JoinedWorld, NotAnswered, fingerprint_of, joined

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
EXAMPLE = Path(__file__).parents[2] / "examples" / "test_feeder_limit.py"


class Rooms(RegistrationHandler):
    """Accepts as many as there are rooms, each by its certificate."""

    def __init__(self, rooms: int) -> None:
        self.rooms = rooms
        self.seen: list[str] = []

    async def on_create_party_registration(
        self, request: Registration, ctx: Context
    ) -> Accept | Refuse:
        self.seen.append(ctx.fingerprint)
        if not self.rooms:
            return Refuse(463, "no room")
        self.rooms -= 1
        return Accept()


class Readings(ReportHandler):
    """Keeps what arrives of usage; every VEN tells its status as well."""

    def __init__(self) -> None:
        self.updates: list[Update] = []

    async def on_update_report(self, update: Update, ctx: Context) -> None:
        if not any(isinstance(reading.value, m.ResourceStatus) for reading in update.readings):
            self.updates.append(update)

    @property
    def values(self) -> list[Any]:
        return [reading.value for update in self.updates for reading in update.readings]


def sockets() -> int:
    return sum(
        os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
        for name in os.listdir("/proc/self/fd")
        if os.path.islink(f"/proc/self/fd/{name}")
    )


# ---------------------------------------------------------------- peers


async def test_a_registration_is_refused_with_the_code_of_the_handler() -> None:
    async with joined(handlers=[Rooms(0)]) as world:
        registered = await world.ven.register()
        assert (registered.code, registered.ven_id) == (463, None)
        assert registered.reason.startswith("no room")
        assert isinstance(registered.message, m.CreatedPartyRegistration)
        with pytest.raises(AssertionError, match="refused with 463: no room"):
            await world.ven.join()


async def test_a_handler_sees_the_fingerprint_that_a_peer_claims() -> None:
    handler = Rooms(9)
    async with joined(handlers=[handler]) as world:
        one, other = fingerprint_of("one"), fingerprint_of("other")
        assert one != other
        assert (await world.peer("school", fingerprint=one).register()).code == 200
        # The name is that of a VEN with another certificate.
        assert (await world.peer("school", fingerprint=other).register()).code == 463
        again = await world.peer("school", fingerprint=one).register()
        assert again.code == 200
        assert (await world.ven.register("bakery")).code == 200
    assert handler.seen == [one, other, one, ""]


async def test_whoever_comes_may_register_where_no_handler_decides() -> None:
    async with joined(handlers=[Readings()]) as world:
        await world.ven.join()
        assert (await world.peer().register()).code == 200, "the same VEN, again"
        taken = world.peer(fingerprint=fingerprint_of("thief"))
        assert (await taken.register()).code == 463


async def test_the_operator_enrols_as_in_production() -> None:
    async with joined(handlers=[RegistrationOfTheEnrolled()]) as world:
        one = fingerprint_of("one")
        await world.operator.enrol("one", now=world.clock.now(), fingerprint=one)
        assert (await world.peer("one", fingerprint=one).register()).code == 200
        assert (await world.peer("two", fingerprint=fingerprint_of("two")).register()).code == 463


class RegistrationOfTheEnrolled(RegistrationHandler):
    async def on_create_party_registration(
        self, request: Registration, ctx: Context
    ) -> Accept | Refuse:
        return Accept() if request.enrolled else Refuse()


async def test_a_handler_gets_the_readings_of_a_peer() -> None:
    handler = Readings()
    async with joined(handlers=[handler]) as world:
        await world.ven.join()
        (wanted,) = await world.ven.offer("main")
        assert wanted.granularity == MINUTE
        assert await world.ven.report([1, 2.5, "0.10"]) == 200
        (update,) = handler.updates
        assert handler.values == [Decimal(1), Decimal("2.5"), Decimal("0.10")]
        assert update.readings[-1].start == START - MINUTE
        assert update.points["main"].unit is not None


async def test_a_handler_that_raises_costs_its_exchange_code_469() -> None:
    class Broken(Readings):
        async def on_update_report(self, update: Update, ctx: Context) -> None:
            raise RuntimeError("disk on fire")

    async with joined(handlers=[Broken()]) as world:
        await world.ven.join()
        await world.ven.offer()
        assert await world.ven.report([1]) == 469


async def test_a_report_that_nobody_asked_for_is_a_mistake_of_the_test() -> None:
    class Nothing(ReportHandler):
        async def on_register_report(self, offers: Any, ctx: Context) -> list[Wanted]:
            return []

    async with joined(handlers=[Nothing()]) as world:
        await world.ven.join()
        assert await world.ven.offer() == ()
        with pytest.raises(ValueError, match="await offer"):
            await world.ven.report([1])


async def test_requests_that_come_by_poll_are_taken() -> None:
    async with joined({"reports": {"via": "poll"}}) as world:
        await world.ven.join()
        assert await world.ven.offer() == ()
        await world.ven.settle()
        assert await world.ven.report([1]) == 200


async def test_a_peer_answers_events() -> None:
    class Answers(EventHandler):
        def __init__(self) -> None:
            self.answers: list[EventAnswer] = []

        async def on_created_event(self, answer: EventAnswer, ctx: Context) -> None:
            self.answers.append(answer)

    handler = Answers()
    async with joined(handlers=[handler]) as world:
        await world.ven.join()
        sent = await world.send_event("1:15m,2:15m", to=["ven-1"], ramp_up=5 * MINUTE)
        shot = await world.ven.poll()
        assert [event.event_id for event in shot.events] == [sent.event_id]
        await world.ven.answer(shot, "optOut")
    (answer,) = handler.answers
    assert (answer.event_id, answer.opt_type) == (sent.event_id, OptType.OPT_OUT)


async def test_what_is_no_message_is_refused_as_over_http() -> None:
    async with joined() as world:
        assert (await world.ven.raw("EiEvent", b"<x/>")).status == 406
        poll = m.Poll(ven_id="nobody")
        with pytest.raises(AssertionError, match="HTTP 404"):
            await world.ven.post(poll, "EiEvent")
        refused = await world.ven.post(poll)
        assert refused.response.code == 463
        with pytest.raises(ValueError, match="there is no HTTP in here"):
            await world.ven.raw("EiEvent", method="GET")
        with pytest.raises(ValueError, match="it needs running"):
            await world.ven.post(poll, signed=True)


async def test_work_after_the_reply_is_done_when_the_world_rests() -> None:
    done: list[str] = []

    class Later(RegistrationHandler):
        async def on_create_party_registration(
            self, request: Registration, ctx: Context
        ) -> Accept | Refuse:
            async def work() -> None:
                done.append(request.ven_name)

            ctx.after_reply(work())
            return Accept()

    async with joined(handlers=[Later()]) as world:
        await world.ven.register()
        await world.rest()
        assert done == ["ven-1"]


async def test_a_ven_that_polls_no_more_is_offline_when_its_time_has_come() -> None:
    seen: list[tuple[str, timedelta]] = []

    class Presence(PollHandler):
        async def on_ven_offline(self, ctx: Context) -> None:
            seen.append((ctx.ven_name, ctx.clock.now() - START))

    async with joined(handlers=[Presence()]) as world:
        await world.ven.join()
        await world.pass_time(seconds=30)
        assert seen == []
        await world.pass_time(seconds=30)
        assert seen == [("ven-1", timedelta(seconds=60))]


async def test_last_seen_is_written_down_as_time_passes() -> None:
    async with joined() as world:
        await world.ven.join()
        await world.pass_time(minutes=2)
        assert world.desk.sightings == {}


# ---------------------------------------------------------------- the VTN


async def test_settings_are_those_of_a_vtn_toml() -> None:
    async with joined({"registration": {"poll_interval": "7s"}}) as world:
        assert (await world.ven.register()).poll_freq == timedelta(seconds=7)
    with pytest.raises(ConfigError, match="pol_interval: this key is not known"):
        async with joined({"registration": {"pol_interval": "7s"}}):
            pass


async def test_two_worlds_do_not_meet() -> None:
    async with joined() as one, joined(clock=FakeClock(moment=START + HOUR)) as other:
        await one.ven.join()
        assert len(one.desk.roster) == 1
        assert len(other.desk.roster) == 0
        assert other.clock.now() - one.clock.now() == HOUR
        await other.pass_time(hours=1)
        assert one.clock.now() == START


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="nobody says what is open")
async def test_there_is_no_socket() -> None:
    before = sockets()
    async with joined() as world:
        ven = world.join(Client, "school-7")
        await world.start(ven)
        assert ven.registration is not None
        assert sockets() == before


async def test_a_start_takes_milliseconds() -> None:
    taken = []
    for _ in range(10):
        begun = time.perf_counter()
        async with joined() as world:
            taken.append(time.perf_counter() - begun)
            assert world.clock.now() == START
    # About 6 ms; a busy machine takes its time.
    assert statistics.median(taken) < 0.1


async def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with joined() as world:
        await world.ven.join()
        assert os.listdir(tmp_path)
    assert not os.listdir(tmp_path)
    with pytest.raises(RuntimeError, match="does not run"):
        await world.ven.poll()


async def test_a_handler_that_waits_for_the_clock_gets_what_it_waits_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fake_time, "PATIENCE", 0.3)

    class Slow(EventHandler):
        async def on_created_event(self, answer: EventAnswer, ctx: Context) -> None:
            await ctx.clock.sleep(MINUTE)
            done.append(ctx.clock.now())

    done: list[datetime] = []
    async with joined(handlers=[Slow()]) as world:
        ven = world.join(Client, "school-7")
        await world.start(ven)
        await world.send_event("1:1h", starts_in=2 * HOUR)
        await world.pass_time(seconds=30)
        assert done == []
        await world.pass_time(minutes=2)
        assert START + MINUTE < done[0] < START + 2 * MINUTE


# ---------------------------------------------------------------- a real VEN


async def with_meter(world: JoinedWorld, **arguments: Any) -> Client:
    """A VEN that measures 1 Wh in each minute."""
    ven = world.join(Client, "school-7", **arguments)

    @ven.meter("main", every="1m")
    async def main() -> float:
        return 1

    await world.start(ven)
    return ven


async def test_a_real_ven_lives_a_day_in_fake_time() -> None:
    handler, acted = Readings(), list[tuple[timedelta, float]]()
    async with joined({"registration": {"poll_interval": "5m"}}, handlers=[handler]) as world:
        ven = await with_meter(world)

        @ven.on_interval
        async def act(event: m.Event, interval: Any, ctx: Any) -> None:
            acted.append((ctx.clock.now() - START, interval.level))

        await world.send_event("1:1h,2:1h", starts_in=17 * HOUR, to=["school-7"])
        await world.pass_time(days=1)
    assert acted == [(17 * HOUR, 1), (18 * HOUR, 0), (18 * HOUR, 2), (19 * HOUR, 0)]
    assert len(handler.values) == sum(handler.values) == 24 * 60


async def test_the_fingerprint_of_a_joined_ven_reaches_the_handler() -> None:
    handler = Rooms(1)
    async with joined(handlers=[handler]) as world:
        ven = world.join(Client, "school-7", fingerprint=fingerprint_of("school-7"))
        await world.start(ven)
        assert ven.registration is not None
    assert handler.seen == [fingerprint_of("school-7")]


async def test_nothing_is_lost_over_a_line_that_is_cut_for_an_hour() -> None:
    handler = Readings()
    async with joined(handlers=[handler]) as world:
        line = Line(world.exchange())
        await with_meter(world, exchange=line)
        await world.pass_time(minutes=10)
        line.up = False
        await world.pass_time(hours=1)
        before = len(handler.values)
        line.up = True
        await world.pass_time(hours=1)
    assert before <= 10
    starts = [reading.start for update in handler.updates for reading in update.readings]
    assert starts == [START + n * MINUTE for n in range(len(starts))]
    assert len(starts) >= 120


async def test_a_vtn_that_cannot_answer_says_so() -> None:
    async with joined() as world:
        exchange = world.exchange()
        with pytest.raises(NotAnswered, match="HTTP 404"):
            await exchange("EiEvent", m.Poll(ven_id="x"))  # type: ignore[arg-type]


async def test_several_vens_are_joined_and_end_with_the_world() -> None:
    async with joined() as world:
        vens = [world.join(Client, f"ven-{number}") for number in range(3)]
        await world.start(*vens)
        names = {member.ven_name for member in world.desk.roster}
        assert names == {"ven-0", "ven-1", "ven-2"}
        await world.send_event(to=["ven-1"])
        await world.pass_time(seconds=20)
        assert [len(ven.events) for ven in vens] == [0, 1, 0]
        running = [(await ven.status()).running for ven in vens]
        assert running == [True] * 3
    assert [(await ven.status()).running for ven in vens] == [False] * 3


async def test_a_day_is_the_same_each_time() -> None:
    async def polls() -> list[datetime]:
        seen: list[datetime] = []

        async def note(message: m.Message, ctx: Any, call_next: Any) -> Any:
            seen.append(ctx.clock.now())
            return await call_next(message)

        async with joined() as world:
            world.server.add_middleware(note)
            await world.start(world.join(Client, "school-7"))
            await world.pass_time(minutes=10)
        return seen

    first = await polls()
    assert len(first) > 50
    assert await polls() == first


def test_the_example_passes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE)],
        capture_output=True,
        text=True,
        check=False,
        cwd=EXAMPLE.parents[1],
    )
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout
