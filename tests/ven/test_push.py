"""A VEN that the VTN pushes to: it registers so, answers in the response, and never polls."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from oadr import codec
from oadr import messages as m
from oadr.enums import ResponseRequired
from tests.ven.push_kit import PUSHED, answer_in, document, inbox_of, push, pushed_to, quiet
from ven.engine.pushed import ANSWERS
from ven.errors import NotPolling, Unreachable
from ven.options import Options
from ven.testing import ScriptedVTN, joined
from ven.testing.world import PUSH_ADDRESS

# ---------------------------------------------------------------- registration


async def test_r38_r402_a_ven_that_is_pushed_to_registers_with_its_address_and_without_pull() -> (
    None
):
    async with pushed_to() as world:
        (create,) = world.vtn.got(m.CreatePartyRegistration)
        assert (create.http_pull_model, create.transport_address) == (False, PUSH_ADDRESS)


async def test_r37_r402_a_ven_polls_unless_it_is_told_an_address() -> None:
    async with joined() as world:
        await world.start()
        (create,) = world.vtn.got(m.CreatePartyRegistration)
        assert (create.http_pull_model, create.transport_address) == (True, None)
        assert world.vtn.got(m.Poll)


async def test_r51_r500_a_ven_that_is_pushed_to_never_polls() -> None:
    async with pushed_to() as world:
        await world.pass_time(hours=3)
        with pytest.raises(NotPolling, match="R51"):
            await world.ven.poll()
        assert world.vtn.got(m.Poll) == []


async def test_r405_metadata_and_then_events_are_asked_for_also_when_they_will_be_pushed() -> None:
    async with pushed_to() as world:
        names = [type(message).__name__ for _, message in world.vtn.received]
        assert names == ["CreatePartyRegistration", "RegisterReport", "RequestEvent"]


@pytest.mark.parametrize("before", [None, "https://old.example"])
async def test_r402_another_address_is_told_by_a_reregistration_with_the_same_ids(
    tmp_path: Path, before: str | None
) -> None:
    state, vtn = tmp_path / "ven.db", ScriptedVTN()
    for address in (before, PUSH_ADDRESS, PUSH_ADDRESS, None):
        options = Options(ven_name="ven-1", push_address=address)
        async with joined(options=options, state=state, exchange=vtn) as world:
            await world.start()
    told = [
        (one.registration_id, one.ven_id, one.http_pull_model, one.transport_address)
        for one in vtn.got(m.CreatePartyRegistration)
    ]
    assert told == [
        (None, None, before is None, before),
        ("reg-1", "ven-1", False, PUSH_ADDRESS),
        ("reg-1", "ven-1", True, None),
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://Ven.example:8444/", "https://Ven.example:8444"),
        ("HTTPS://ven.example/a/OpenADR2/Simple/2.0b/", "https://ven.example/a"),
        ("https://[::1]:9", "https://[::1]:9"),
    ],
)
def test_r511_an_address_is_registered_without_what_the_vtn_appends(text: str, kept: str) -> None:
    assert Options(ven_name="v", push_address=text).push_address == kept


@pytest.mark.parametrize(
    "text", ["", "ven.example", "ftp://ven", "https://", "https://v:99999", "https://u:p@v", "//v"]
)
def test_an_address_that_nobody_could_push_to_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="no address to push to"):
        Options(ven_name="v", push_address=text)


# ---------------------------------------------------------------- answers


@pytest.mark.parametrize("message", PUSHED, ids=lambda one: type(one).__name__)
async def test_r51_what_is_pushed_is_answered_in_the_response_and_not_by_a_request(
    message: Any,
) -> None:
    async with pushed_to() as world:
        world.vtn.received.clear()
        reply = await push(world, message)
        answer = answer_in(reply)
        assert codec.message_name(answer) == codec.message_name(ANSWERS[type(message)])
        assert answer.ven_id == "ven-1"
        assert answer.response.request_id == getattr(message, "request_id", "")
        await world.rest()
        assert world.vtn.got(type(answer)) == []


@pytest.mark.parametrize("message", PUSHED, ids=lambda one: type(one).__name__)
async def test_a_message_that_comes_again_because_the_answer_was_lost_does_no_harm(
    message: Any,
) -> None:
    async with pushed_to() as world:
        first = answer_in(await push(world, message))
        assert answer_in(await push(world, message)) == first
        await world.rest()
        assert answer_in(await push(world, message)).response.code == first.response.code


@pytest.mark.parametrize(
    "message",
    [one for one in PUSHED if not isinstance(one, m.RegisterReport)],
    ids=lambda one: type(one).__name__,
)
async def test_r21_r304_r400_r512_a_wrong_ven_id_is_refused_with_452(message: Any) -> None:
    async with pushed_to() as world:
        before = world.ven.registration
        answer = answer_in(await push(world, replace(message, ven_id="VEN-1")))
        assert answer.response.code == 452
        await world.rest()
        assert world.ven.registration == before
        assert len(world.vtn.got(m.CreatePartyRegistration)) == 1


async def test_r61_a_pushed_list_that_says_it_failed_cancels_nothing() -> None:
    async with pushed_to() as world:
        await world.vtn.send_event(event_id="e1")
        await world.rest()
        failed = m.EiResponse(code=469, description="the database is gone")
        reply = await push(
            world, m.DistributeEvent(response=failed, request_id="q", vtn_id=world.vtn.vtn_id)
        )
        assert (reply.status, reply.body) == (200, b"")
        await world.rest()
        assert [one.event_id for one in world.ven.events] == ["e1"]


async def test_r400_a_cancellation_with_another_registration_id_is_refused_with_452() -> None:
    async with pushed_to() as world:
        wrong = m.CancelPartyRegistration(request_id="q", registration_id="reg-2", ven_id="ven-1")
        assert answer_in(await push(world, wrong)).response.code == 452
        assert world.ven.registration is not None


async def test_what_an_answer_announces_comes_after_it() -> None:
    async with pushed_to() as world:
        world.vtn.received.clear()
        async with inbox_of(world.ven).exchange(*document(m.RequestReregistration(ven_id="ven-1"))):
            await asyncio.sleep(0.05)
            assert world.vtn.received == []
        await world.rest()
        (create,) = world.vtn.got(m.CreatePartyRegistration)
        assert (create.registration_id, create.ven_id) == ("reg-1", "ven-1")


async def test_a_report_that_is_asked_for_goes_out_after_the_answer() -> None:
    async with pushed_to() as world:
        before = len(world.vtn.names())
        request = await world.vtn.request_report("main", deliver=timedelta(minutes=1))
        (created,) = world.vtn.got(m.CreatedReport)
        assert created.pending == (request.report_request_id,)
        await world.pass_time(minutes=3)
        names = world.vtn.names()[before:]
        assert names[0] == "CreatedReport"
        assert names[1:] == ["UpdateReport"] * 3
        await world.vtn.cancel_report(request, follow=True)
        assert world.vtn.names()[-2:] == ["CanceledReport", "UpdateReport"]


async def test_a_reregistration_that_was_promised_is_not_forgotten(tmp_path: Path) -> None:
    state, vtn = tmp_path / "ven.db", ScriptedVTN()
    async with joined(push=True, state=state, exchange=vtn) as world:
        await world.start()
        vtn.script(m.CreatePartyRegistration, *[Unreachable("HTTP 503", status=503)] * 50)
        await push(world, m.RequestReregistration(ven_id="ven-1"))
        await world.pass_time(seconds=20)
    vtn.replies.clear()
    async with joined(push=True, state=state, exchange=vtn) as world:
        await world.start()
        assert vtn.got(m.CreatePartyRegistration)[-1].registration_id == "reg-1"
        count = len(vtn.got(m.CreatePartyRegistration))
        await world.pass_time(hours=3)
        assert len(vtn.got(m.CreatePartyRegistration)) == count


# ---------------------------------------------------------------- events


async def test_r51_r62_the_response_to_events_is_empty_and_the_answer_a_request_of_its_own() -> (
    None
):
    async with pushed_to() as world:
        world.vtn.received.clear()
        event = await world.vtn.send_event("1:1h")
        world.vtn.received.clear()
        snapshot = world.vtn.snapshot(request_id="again")
        async with inbox_of(world.ven).exchange(*document(snapshot)) as reply:
            assert (reply.status, reply.body) == (200, b"")
            await asyncio.sleep(0.05)
            assert world.vtn.received == []
        await world.rest()
        (created,) = world.vtn.got(m.CreatedEvent)
        assert [one.event_id for one in created.responses] == [event.event_id]
        assert created.responses[0].request_id == "again"


async def test_r12_events_that_want_no_answer_get_none() -> None:
    async with pushed_to() as world:
        event = await world.vtn.send_event("1:1h", response_required=ResponseRequired.NEVER)
        assert [one.event_id for one in world.ven.events] == [event.event_id]
        assert world.vtn.got(m.CreatedEvent) == []


async def test_an_answer_to_events_that_cannot_be_sent_is_sent_later_and_once() -> None:
    async with pushed_to() as world:
        await world.vtn.fetch()
        world.vtn.script(m.CreatedEvent, *[Unreachable("HTTP 503", status=503)] * 3)
        event = await world.vtn.send_event("1:1h")
        await world.pass_time(minutes=2)
        assert len(world.vtn.got(m.CreatedEvent)) == 4
        assert world.vtn.answers[event.event_id].opt_type == "optIn"


async def test_events_and_their_answer_are_on_the_disk_before_the_response(tmp_path: Path) -> None:
    state = tmp_path / "ven.db"
    async with pushed_to(state=state) as world:
        await world.vtn.send_event("1:1h", event_id="e")
        await world.vtn.send_event("1:1h", event_id="f")
        world.vtn.down = Unreachable("gone")
        shot = world.vtn.snapshot(request_id="x")
        async with inbox_of(world.ven).exchange(*document(shot)):
            status = await world.ven.status()
            assert {line.event_id for line in status.events} == {"e", "f"}
            assert status.unanswered == 2


async def test_r21_events_of_another_vtn_are_refused_as_a_whole() -> None:
    async with pushed_to() as world:
        await world.vtn.send_event("1:1h", event_id="e")
        world.vtn.received.clear()
        shot = replace(world.vtn.snapshot(request_id="x"), vtn_id="th_vtn", events=())
        assert (await push(world, shot)).body == b""
        await world.rest()
        assert [one.event_id for one in world.ven.events] == ["e"]
        asked = replace(world.vtn.snapshot(request_id="y"), vtn_id="th_vtn")
        assert (await push(world, asked)).body == b""
        await world.rest()
        (created,) = world.vtn.got(m.CreatedEvent)
        assert (created.response.code, created.responses) == (452, ())


async def test_all_events_are_asked_for_from_time_to_time_and_after_trouble() -> None:
    async with pushed_to() as world:
        asked = len(world.vtn.got(m.RequestEvent))
        await world.pass_time(minutes=59)
        assert len(world.vtn.got(m.RequestEvent)) == asked
        await world.pass_time(hours=3)
        assert len(world.vtn.got(m.RequestEvent)) == asked + 3
        world.vtn.script(m.CreatedEvent, Unreachable("gone"))
        await world.vtn.send_event("1:1h")
        await world.pass_time(seconds=10)
        assert len(world.vtn.got(m.RequestEvent)) == asked + 4


async def test_a_vtn_that_forgot_the_ven_is_noticed_without_polling() -> None:
    async with pushed_to() as world:
        unknown = m.DistributeEvent(
            response=m.EiResponse(code=463), request_id="r", vtn_id=world.vtn.vtn_id
        )
        world.vtn.script(m.RequestEvent, unknown)
        await world.pass_time(hours=2)
        assert len(world.vtn.got(m.CreatePartyRegistration)) == 2


# ---------------------------------------------------------------- the end


async def test_r401_r407_a_pushed_cancellation_erases_before_the_answer_and_ends_for_a_while() -> (
    None
):
    options = Options(ven_name="ven-1", poll_jitter=0.0, reregister_after=timedelta(minutes=5))
    async with pushed_to(options=options) as world:
        await world.vtn.send_event("1:1h")
        cancel = m.CancelPartyRegistration(request_id="c", registration_id="reg-1")
        async with inbox_of(world.ven).exchange(*document(cancel)) as reply:
            answer = answer_in(reply)
            assert (answer.response.code, answer.ven_id) == (200, "ven-1")
            status = await world.ven.status()
            assert (status.registration, status.events) == (None, ())
        await world.pass_time(minutes=4, seconds=50)
        assert len(world.vtn.got(m.CreatePartyRegistration)) == 1
        await world.pass_time(seconds=20)
        assert len(world.vtn.got(m.CreatePartyRegistration)) == 2


async def test_r407_a_cancellation_that_was_obeyed_is_confirmed_again() -> None:
    async with pushed_to() as world:
        for request_id in ("c", "c2"):
            cancel = m.CancelPartyRegistration(request_id=request_id, registration_id="reg-1")
            answer = answer_in(await push(world, cancel))
            assert (answer.response.code, answer.response.request_id) == (200, request_id)
        other = m.CancelPartyRegistration(request_id="c3", registration_id="reg-0")
        assert answer_in(await push(world, other)).response.code == 463


@pytest.mark.parametrize("message", PUSHED, ids=lambda one: type(one).__name__)
async def test_r405_a_ven_that_is_not_registered_does_nothing_and_says_463(message: Any) -> None:
    async with joined(push=True) as world:
        await world.ven.status()
        answer = answer_in(await push(world, message))
        assert codec.message_name(answer) == codec.message_name(ANSWERS[type(message)])
        assert (answer.response.code, answer.ven_id) == (463, None)
        await asyncio.sleep(0.01)
        assert world.vtn.received == []


async def test_r405_a_ven_that_is_not_registered_takes_no_events() -> None:
    calls: list[object] = []
    async with joined(push=True) as world:
        world.ven.add_handler("on_event", lambda event, ctx: calls.append(event))
        await world.vtn.__class__.send_event(quiet(world), "1:1h")
        reply = await push(world, world.vtn.snapshot(request_id="x"))
        answer = answer_in(reply)
        assert isinstance(answer, m.Response)
        assert (answer.response.code, answer.response.request_id) == (463, "x")
        assert (world.ven.events, calls) == ((), [])
