"""A VTN that answers what no VTN should: the VEN does no harm, takes none, and lives on."""

import asyncio
import logging
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from oadr.messages import (
    CancelPartyRegistration,
    CreatedEvent,
    CreatedReport,
    CreatePartyRegistration,
    CreateReport,
    EiResponse,
    Poll,
    RequestReregistration,
    Response,
    UpdateReport,
)
from oadr.times import CalendarDuration
from tests.ven.scripted import NOW, World, event, request
from tests.ven.test_engine_report import Replay
from tests.ven.test_engine_schedule import Diary
from ven.errors import Unreachable
from ven.load import Command

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
TICK = timedelta(seconds=10)


@pytest.mark.parametrize("asked", [timedelta(seconds=-10), timedelta.min + timedelta(days=1)])
async def test_a_poll_interval_below_zero_is_not_taken_for_at_once(
    world: World, asked: timedelta
) -> None:
    world.vtn.poll_freq = asked
    await world.start(world.ven())
    await world.pass_time(5 * MINUTE)
    assert len(world.vtn.got(Poll)) == 31


@pytest.mark.parametrize(
    "span", [timedelta(days=999_999_999), CalendarDuration(months=12 * 2_000_000)]
)
async def test_r19_an_absurd_random_window_costs_no_other_event_its_answer(
    world: World, span: timedelta
) -> None:
    ven = await world.start(world.ven())
    world.vtn.distribute(event("endless", start_after=span), event("e2"))
    await world.pass_time(TICK)
    (created,) = world.vtn.got(CreatedEvent)
    assert {answer.event_id for answer in created.responses} == {"endless", "e2"}
    assert {one.event_id for one in ven.events} == {"endless", "e2"}
    world.vtn.distribute()
    await world.pass_time(TICK)
    assert ven.events == ()


async def test_r30_an_event_that_is_over_here_is_not_carried_out_again(world: World) -> None:
    diary = Diary()
    ven = world.ven()
    diary.attach(ven)
    first = event(start=NOW + MINUTE, levels=((1, 1),), start_after=60 * MINUTE)
    world.vtn.events = [first]
    await world.start(ven)
    for number in range(90):
        world.vtn.distribute(first, request_id=f"dist-{number}")
        await world.pass_time(MINUTE, TICK)
    assert [call[2] for call in diary.calls] == ["start", "end"]


async def test_r407_nothing_is_reported_and_nothing_fails_once_the_registration_has_ended(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    ven = world.ven()
    ven.add_meter(Replay())
    world.vtn.requests = [request(back=60)]
    await world.start(ven)
    world.vtn.queue.append(CancelPartyRegistration(request_id="c", registration_id="reg-1"))
    world.vtn.script(
        CreatePartyRegistration, *[world.vtn.created(EiResponse(code=463), known=False)] * 100
    )
    await world.pass_time(30 * MINUTE)
    assert "unexpected" not in caplog.text
    assert (await ven.status()).waiting == 0


@pytest.mark.parametrize("after", ["9" * 400, "99999999999999999999", "1e400"])
async def test_a_vtn_that_says_come_back_in_a_thousand_years_is_asked_after_the_cap(
    world: World, after: str, caplog: pytest.LogCaptureFixture
) -> None:
    await world.start(world.ven())
    busy = Unreachable("HTTP 503", status=503, retry_after=float(after))
    polls = len(world.vtn.got(Poll))
    world.vtn.queue.append(busy)
    await world.pass_time(10 * MINUTE)
    assert len(world.vtn.got(Poll)) > polls + 10
    assert "unexpected" not in caplog.text


async def test_a_reregistration_that_is_refused_as_unknown_ends_in_a_new_registration(
    world: World,
) -> None:
    await world.start(world.ven())
    world.vtn.queue.append(RequestReregistration(ven_id="ven-1"))
    world.vtn.script(CreatePartyRegistration, world.vtn.created(EiResponse(code=452), known=False))
    await world.pass_time(MINUTE)
    first, renewed, anew = world.vtn.got(CreatePartyRegistration)
    assert (first.registration_id, renewed.registration_id) == (None, "reg-1")
    assert (anew.registration_id, anew.ven_id) == (None, None)


async def test_a_service_of_the_vtn_that_hangs_does_not_make_the_ven_deaf(world: World) -> None:
    await world.start(world.ven())
    world.vtn.script(CreatedEvent, *[Unreachable("no answer in time")] * 1000)
    world.vtn.distribute(event())
    await world.pass_time(MINUTE)
    world.vtn.queue.append(RequestReregistration(ven_id="ven-1"))
    await world.pass_time(10 * MINUTE)
    assert len(world.vtn.got(CreatePartyRegistration)) == 2
    world.vtn.replies.clear()
    await world.pass_time(10 * MINUTE)
    assert world.vtn.got(CreatedEvent)[-1].responses[0].event_id == "e1"


async def test_an_event_that_is_refused_at_each_poll_is_logged_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.start(world.ven())
    for number in range(6):
        world.vtn.distribute(event(name="LOAD_CONTROL"), request_id=f"dist-{number}")
        await world.pass_time(TICK)
    assert caplog.text.count("event e1: 460") == 1
    assert len(world.vtn.got(CreatedEvent)) == 6


async def test_events_of_another_vtn_are_logged_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.start(world.ven())
    world.vtn.vtn_id = "th_vtn"
    for _ in range(6):
        world.vtn.distribute(event())
        await world.pass_time(TICK)
    assert caplog.text.count("events from 'th_vtn' refused") == 1


async def test_words_of_the_vtn_do_not_fill_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.start(world.ven())
    noise = EiResponse(code=469, description="A" * 90_000)
    world.vtn.queue.append(Response(response=noise))
    await world.pass_time(TICK)
    assert "refused Poll" in caplog.text or "refused oadrPoll" in caplog.text
    assert max(len(record.getMessage()) for record in caplog.records) < 1000


async def test_a_new_trouble_is_told_although_there_was_another(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.vtn.down = Unreachable("connection refused")
    await world.start(world.ven())
    await world.pass_time(20 * MINUTE)
    world.vtn.down = None
    world.vtn.script(
        CreatePartyRegistration, *[world.vtn.created(EiResponse(code=463), known=False)] * 100
    )
    await world.pass_time(60 * MINUTE)
    warnings = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert [one.getMessage().partition(";")[0] for one in warnings] == [
        "connection refused",
        "the VTN refused oadrCreatePartyRegistration with 463",
    ]


async def test_reports_that_cannot_be_delivered_are_told_once(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "openadr")
    ven = world.ven()
    ven.add_meter(Replay())
    world.vtn.requests = [request(back=60)]
    await world.start(ven)
    world.vtn.script(UpdateReport, *[Unreachable("HTTP 503", status=503)] * 20)
    await world.pass_time(240 * MINUTE, MINUTE)
    assert caplog.text.count("reports wait: HTTP 503") == 1
    assert caplog.text.count("reports go out again") == 1


async def test_a_list_of_one_event_in_two_modifications_leaves_the_newer(world: World) -> None:
    ven = await world.start(world.ven())
    world.vtn.distribute(event(modification=1), event(modification=0))
    await world.pass_time(TICK)
    (held,) = ven.events
    assert held.descriptor.modification_number == 1


async def test_ten_thousand_events_are_held_and_no_more(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr("ven.engine.event.MAX_EVENTS", 5)
    ven = await world.start(world.ven())
    world.vtn.distribute(*(event(f"e{number}") for number in range(8)))
    await world.pass_time(TICK)
    assert len(ven.events) == 5
    answers = world.vtn.got(CreatedEvent)[-1].responses
    assert [answer.code for answer in answers] == [200] * 5 + [469] * 3


async def test_answers_are_dropped_for_events_that_the_vtn_no_longer_lists(world: World) -> None:
    ven = await world.start(world.ven())
    world.vtn.script(CreatedEvent, *[Unreachable("HTTP 503", status=503)] * 1000)
    for number in range(20):
        world.vtn.distribute(event(f"e{number}"))
        await world.pass_time(6 * MINUTE, MINUTE)
    waiting = await ven._machine.core.state.events.answers()
    assert [answer.response.event_id for answer in waiting] == ["e19"]


async def test_a_machine_that_slept_through_intervals_is_told_the_last_one_only(
    world: World,
) -> None:
    diary = Diary()
    ven = world.ven()
    diary.attach(ven)
    world.vtn.events = [event(start=NOW + MINUTE, levels=tuple((n % 4, 1) for n in range(1000)))]
    await world.start(ven)
    await world.pass_time(2 * MINUTE, MINUTE)
    world.clock.moment += 500 * MINUTE
    await world.pass_time(MINUTE, SECOND)
    assert [call[2:4] for call in diary.calls] == [
        ("start", 0),
        ("end", 0),
        ("start", 1),
        ("end", 1),
        ("start", 501),
        ("end", 501),
        ("start", 502),
    ]


async def test_a_load_that_was_cut_off_while_it_was_told_is_told_again(world: World) -> None:
    told: list[float | None] = []
    hanging = asyncio.Event()

    class Slow:
        async def apply(self, command: Command, now: datetime) -> None:
            if not hanging.is_set():
                hanging.set()
                await asyncio.Event().wait()
            told.append(None if command.level is None else float(command.level))

    ven = world.ven()
    ven.add_load(Slow())
    first = event(start=NOW + MINUTE, levels=((2, 10),))
    world.vtn.events = [first]
    await world.start(ven)
    await world.pass_time(MINUTE)
    assert hanging.is_set()
    await ven.opt("e1", "optIn")
    world.vtn.distribute(
        replace(first, descriptor=replace(first.descriptor, modification_number=1))
    )
    await world.pass_time(TICK)
    assert told == [2]
    world.vtn.distribute()
    await world.pass_time(TICK)
    assert told == [2, None]


async def test_an_event_of_sixty_thousand_intervals_is_carried_out(world: World) -> None:
    diary = Diary()
    ven = world.ven()
    diary.attach(ven)
    many = event(start=NOW + MINUTE, levels=tuple((n % 4, 1) for n in range(60_000)))
    world.vtn.events = [many]
    await world.start(ven)
    before = time.process_time()
    await world.pass_time(3 * MINUTE, MINUTE)
    assert time.process_time() - before < 5
    assert [call[2:4] for call in diary.calls][-1] == ("start", 2)


async def test_a_thousand_requests_for_reports_are_served_and_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("ven.engine.report.MAX_REQUESTS", 3)
    ven = world.ven()
    ven.add_meter(Replay())
    await world.start(ven)
    wanted = tuple(request(f"rr-{number}") for number in range(30))
    world.vtn.queue.append(CreateReport(request_id="q", requests=wanted))
    await world.pass_time(TICK)
    (answer,) = world.vtn.got(CreatedReport)
    assert (answer.response.code, len(answer.pending)) == (469, 3)
    assert caplog.text.count("takes no more") == 10
    world.vtn.queue.append(CreateReport(request_id="q", requests=wanted[:3]))
    await world.pass_time(TICK)
    assert world.vtn.got(CreatedReport)[-1].response.code == 200


async def test_an_event_that_became_longer_than_the_limit_in_the_state_is_read_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ven = await world.start(world.ven())
    world.vtn.distribute(event())
    await world.pass_time(TICK)
    await world.kill(ven)
    # As if the event had come in with shorter prefixes, just below the limit.
    monkeypatch.setattr("oadr.codec.decode.__kwdefaults__", {"max_bytes": 100})
    again = world.ven()
    await again._machine.load()
    assert [one.event_id for one in again.events] == ["e1"]


async def test_a_state_that_cannot_be_read_in_part_costs_that_part_only(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    ven = world.ven()
    ven.add_meter(Replay())
    world.vtn.requests = [request("rr-1", back=60), request("rr-2", back=60)]
    world.vtn.events = [event("e1"), event("e2")]
    await world.start(ven)
    world.vtn.down = Unreachable("away")
    await world.pass_time(MINUTE)
    await world.kill(ven)
    with closing(sqlite3.connect(world.state)) as file, file:
        file.execute("UPDATE event SET xml = ? WHERE event_id = 'e1'", (b"<not>",))
        file.execute("UPDATE report_request SET xml = ? WHERE report_request_id = 'rr-1'", (b"",))
        file.execute("UPDATE outbox SET xml = ? WHERE report_request_id = 'rr-1'", (b"<x/>",))
    world.vtn.down = None
    again = world.ven()
    again.add_meter(Replay())
    world.vtn.events = [event("e2")]
    await world.start(again)
    await world.pass_time(MINUTE)
    assert [one.event_id for one in again.events] == ["e2"]
    assert {one.reports[0].report_request_id for one in world.vtn.got(UpdateReport)} == {"rr-2"}
    assert (await again.status()).parked == 1
    assert "an event in the state cannot be read" in caplog.text
    assert "unexpected" not in caplog.text
