"""The test kit for handlers of a VEN."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import EventStatus, OptType, ServiceName
from oadr.errors import InvalidData, OutOfSequence
from ven import VEN
from ven.client import Client
from ven.errors import Unreachable
from ven.hooks import Context, EventHandler, IntervalCall, Opt, ReportHandler
from ven.options import Options
from ven.testing import FakeClock, Line, NotTaken, ScriptedVTN, joined

START = datetime(2026, 1, 1, tzinfo=UTC)
REGISTER = ServiceName.EI_REGISTER_PARTY
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Short(EventHandler):
    """Takes part in what lasts an hour at most, and notes what it has to do."""

    def __init__(self) -> None:
        self.acted: list[tuple[timedelta, float]] = []

    async def on_event(self, event: m.Event, ctx: Context) -> Opt:
        return "optIn" if event.active_period.duration <= HOUR else "optOut"

    async def on_interval(self, event: m.Event, interval: IntervalCall, ctx: Context) -> None:
        self.acted.append((ctx.clock.now() - START, interval.level))


async def test_a_handler_decides_on_events() -> None:
    async with joined(handlers=[Short()]) as world:
        short = await world.vtn.send_event("1:1h")
        long = await world.vtn.send_event("1:2h", starts_in=5 * HOUR)
        answers = world.vtn.answers
        assert answers[short.event_id].opt_type is OptType.OPT_IN
        assert answers[long.event_id].opt_type is OptType.OPT_OUT
        assert world.clock.now() == START


async def test_intervals_come_at_their_moments() -> None:
    handler = Short()
    async with joined(handlers=[handler]) as world:
        await world.vtn.send_event("1:15m,2:30m", starts_in=HOUR)
        await world.pass_time(hours=1)
        assert handler.acted == [(HOUR, 1)]
        await world.pass_time(hours=1)
    assert handler.acted[1:] == [
        (HOUR + 15 * MINUTE, 0),
        (HOUR + 15 * MINUTE, 2),
        (HOUR + 45 * MINUTE, 0),
    ]


async def test_a_modified_and_a_cancelled_event_arrive() -> None:
    handler = Short()
    async with joined(handlers=[handler]) as world:
        sent = await world.vtn.send_event("1:1h", event_id="e1")
        period = replace(sent.active_period, dtstart=START + 2 * HOUR)
        changed = await world.vtn.modify(replace(sent, active_period=period))
        assert changed.descriptor.modification_number == 1
        assert world.vtn.answers["e1"].modification_number == 1
        await world.pass_time(hours=2, minutes=30)
        gone = await world.vtn.cancel("e1")
        assert gone.descriptor.event_status is EventStatus.CANCELLED
    assert handler.acted == [(2 * HOUR, 1), (2 * HOUR + 30 * MINUTE, 0)]


async def test_an_event_that_is_over_leaves_the_list() -> None:
    async with joined() as world:
        first = await world.vtn.send_event("1:1h", starts_in=MINUTE)
        await world.pass_time(hours=2)
        second = await world.vtn.send_event("1:1h")
        assert [event.event_id for event in world.ven.events] == [second.event_id]
        with pytest.raises(KeyError, match=first.event_id):
            await world.vtn.cancel(first)


async def test_a_handler_that_fails_costs_its_event_code_469() -> None:
    class Broken(EventHandler):
        async def on_event(self, event: m.Event, ctx: Context) -> Opt:
            raise RuntimeError("no idea")

    async with joined(handlers=[Broken()]) as world:
        sent = await world.vtn.send_event()
        answer = world.vtn.answers[sent.event_id]
    assert (answer.code, answer.opt_type) == (469, OptType.OPT_OUT)


async def test_meters_are_sampled_and_reported_as_asked() -> None:
    async with joined() as world:

        @world.ven.meter("main", measurement="powerReal", unit="W", every="1m")
        async def main() -> float:
            return 100 + (world.clock.now() - START) / MINUTE

        wanted = await world.vtn.request_report("main", every=MINUTE, deliver=2 * MINUTE)
        assert wanted.report_back_duration == 2 * MINUTE
        await world.pass_time(minutes=5)
        found = world.vtn.readings["main"]
        assert [reading.value for reading in found] == [Decimal(100 + n) for n in range(4)]
        assert [reading.start for reading in found] == [START + n * MINUTE for n in range(4)]
        await world.vtn.cancel_report(wanted)
        await world.pass_time(minutes=5)
        assert len(world.vtn.readings["main"]) == 4


async def test_handlers_learn_of_reports() -> None:
    class Told(ReportHandler):
        def __init__(self) -> None:
            self.told: list[str] = []

        async def on_report_requested(self, request: m.ReportRequest, ctx: Context) -> None:
            self.told.append(f"wanted {request.report_request_id}")

        async def on_report_cancelled(self, report_request_id: str, ctx: Context) -> None:
            self.told.append(f"over {report_request_id}")

    handler = Told()
    async with joined(handlers=[handler]) as world:

        @world.ven.meter("main")
        async def main() -> float:
            return 1

        await world.vtn.request_report(request_id="rr-1")
        await world.vtn.cancel_report("rr-1", follow=True)
    assert handler.told == ["wanted rr-1", "over rr-1"]


async def test_what_the_ven_does_not_offer_cannot_be_asked_for() -> None:
    async with joined() as world:
        with pytest.raises(ValueError, match="offers no report with other; it offers: status"):
            await world.vtn.request_report("other")

    async with joined() as world:

        @world.ven.meter("main", max_period="1m")
        async def main() -> float:
            return 1

        with pytest.raises(ValueError, match="other; it offers: main, main, status"):
            await world.vtn.request_report("other")
        with pytest.raises(InvalidData, match="expected PT10S to PT1M"):
            await world.vtn.request_report("main", every=HOUR, deliver=HOUR)


async def test_a_vtn_that_is_away_hears_everything_later() -> None:
    async with joined() as world:

        @world.ven.meter("main", every="1m")
        async def main() -> float:
            return 1

        await world.vtn.request_report(every=MINUTE, deliver=MINUTE)
        world.vtn.down = Unreachable("no network")
        await world.pass_time(minutes=30)
        assert "main" not in world.vtn.readings
        world.vtn.down = None
        await world.pass_time(minutes=30)
        assert len(world.vtn.readings["main"]) >= 55


async def test_a_line_is_cut_and_loses_answers() -> None:
    vtn = ScriptedVTN()
    line = Line(vtn)
    query = m.QueryRegistration(request_id="1")
    assert isinstance(await line("EiRegisterParty", query), m.CreatedPartyRegistration)  # type: ignore[arg-type]
    line.lost = True
    with pytest.raises(Unreachable, match="the answer got lost"):
        await line(REGISTER, query)
    line.up = False
    with pytest.raises(Unreachable, match="the line is cut"):
        await line(REGISTER, query)
    assert len(vtn.got(m.QueryRegistration)) == 2
    line.up = True
    vtn.down = OutOfSequence("mixed up")
    with pytest.raises(Unreachable, match="mixed up"):
        await line(REGISTER, query)


async def test_a_script_takes_the_place_of_the_usual_answer() -> None:
    async with joined() as world:
        refusal = m.Response(response=m.EiResponse(code=463, description="who?"))
        world.vtn.script(m.Poll, refusal)
        await world.start()
        await world.pass_time(minutes=1)
        assert world.vtn.names().count("CreatePartyRegistration") == 2


async def test_a_handler_that_waits_for_real_is_waited_for() -> None:
    class Slow(EventHandler):
        async def on_event(self, event: m.Event, ctx: Context) -> Opt:
            await asyncio.to_thread(lambda: None)
            await asyncio.sleep(0.05)
            return "optOut"

    async with joined(handlers=[Slow()]) as world:
        sent = await world.vtn.send_event()
        assert world.vtn.answers[sent.event_id].opt_type is OptType.OPT_OUT


async def test_the_same_test_twice_says_the_same_twice() -> None:
    async def day() -> list[str]:
        async with joined(options=Options(ven_name="x", poll_jitter=0.5)) as world:
            await world.vtn.send_event("1:1h", start_after=30 * MINUTE)
            seen: list[str] = []

            @world.ven.on_interval
            async def act(event: m.Event, interval: IntervalCall, ctx: Context) -> None:
                seen.append(f"{ctx.clock.now()} {interval.level}")

            await world.pass_time(hours=3)
            return [*seen, str(len(world.vtn.got(m.Poll)))]

    first = await day()
    assert len(first) == 3
    assert await day() == first


async def test_a_ven_is_made_from_its_configuration(tmp_path: Path) -> None:
    file = tmp_path / "ven.toml"
    file.write_text('ven_name = "school-7"\nvtn_url = "http://vtn.invalid"\n')
    async with joined(config=file, handlers=[Short()]) as world:
        sent = await world.vtn.send_event("1:2h")
        assert world.vtn.answers[sent.event_id].opt_type is OptType.OPT_OUT
        assert [one.ven_name for one in world.vtn.got(m.CreatePartyRegistration)] == ["school-7"]


async def test_a_ven_of_ones_own_is_used_as_it_is_made(tmp_path: Path) -> None:
    class Mine(Client):
        pass

    file = tmp_path / "ven.toml"
    file.write_text('ven_name = "school-7"\nvtn_url = "http://vtn.invalid"\n')
    clock = FakeClock(moment=START + HOUR)
    async with joined(Mine, ven_name="mine", clock=clock) as world:
        assert isinstance(world.ven, Mine)
        assert world.ven.ven_name == "mine"
        assert world.clock.now() == START + HOUR
    async with joined(Mine.from_config, config=file) as world:
        assert isinstance(world.ven, Mine)


async def test_an_openleadr_client_can_be_joined_too() -> None:
    seen: list[str] = []

    async def on_event(event: dict[str, Any]) -> str:
        seen.append(event["event_descriptor"]["event_id"])
        return "optIn"

    async with joined(VEN) as world:
        world.ven.add_handler("on_event", on_event)
        event = await world.vtn.send_event()
        assert seen == [event.event_id]
        assert world.vtn.answers[event.event_id].opt_type == "optIn"


async def test_a_ven_is_pushed_to_and_the_same_verbs_work() -> None:
    async with joined(push=True) as world:
        world.ven.meter("main", measurement="powerReal", unit="W", every="1m")(lambda: 400)
        event = await world.vtn.send_event("1:1h")
        assert world.vtn.answers[event.event_id].opt_type == "optIn"
        await world.vtn.cancel(event)
        assert world.ven.events == ()
        await world.vtn.request_report("main", deliver=MINUTE)
        await world.pass_time(minutes=5)
        assert len(world.vtn.readings["main"]) >= 4
        assert world.vtn.got(m.Poll) == []


async def test_what_is_not_taken_is_an_error_that_says_the_status() -> None:
    async with joined(push=True) as world:
        await world.start()
        await world.ven.stop()
        with pytest.raises(NotTaken, match="HTTP 503") as caught:
            await world.vtn.push(m.RegisterReport(request_id="q"))
        assert caught.value.headers["Retry-After"] == "1"


async def test_a_ven_of_a_configuration_can_be_pushed_to(tmp_path: Path) -> None:
    path = tmp_path / "ven.toml"
    path.write_text('ven_name = "school-7"\nvtn_url = "http://vtn.example"\n')
    async with joined(config=path, push=True) as world:
        event = await world.vtn.send_event("1:1h")
        assert list(world.vtn.answers) == [event.event_id]
        assert world.vtn.got(m.Poll) == []
