"""What stands around the handling of each message of the VTN."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oadr.enums import OptType, ResponseRequired
from oadr.errors import InvalidId, TargetMismatch
from oadr.messages import (
    CanceledPartyRegistration,
    CanceledReport,
    CancelPartyRegistration,
    CancelReport,
    CreatedEvent,
    CreatedReport,
    CreateReport,
    DistributeEvent,
    EiResponse,
    Message,
    RegisteredReport,
    RegisterReport,
    RequestReregistration,
    Response,
    UpdatedReport,
    UpdateReport,
)
from runtime.hooks import HandlerError
from runtime.middleware import Call
from tests.ven.scripted import World, event, request
from ven import Client
from ven.errors import Unreachable
from ven.hooks import Context

TICK = timedelta(seconds=10)


async def started(world: World, *middleware: Any) -> Client:
    """A VEN that is at rest, and middleware from now on."""
    ven = world.ven()
    ven.meter("main", unit="Wh", every="10s")(lambda: 1)
    await world.start(ven)
    for one in middleware:
        ven.add_middleware(one)
    return ven


async def test_it_sees_the_message_the_context_and_the_answer_that_was_sent(world: World) -> None:
    seen: list[Any] = []

    async def look(message: Message, ctx: Context, call_next: Call) -> Any:
        answer = await call_next(message)
        seen.append((message, ctx.ven_id, ctx.vtn_id, ctx.received_at, answer))
        return answer

    await started(world, look)
    world.vtn.distribute(event())
    await world.pass_time(TICK)
    ((message, *rest),) = seen
    (created,) = world.vtn.got(CreatedEvent)
    assert isinstance(message, DistributeEvent)
    assert rest == ["ven-1", "TH_VTN", world.clock.now(), created]


async def test_the_first_is_outermost_and_events_that_are_asked_for_go_through_it_too(
    world: World,
) -> None:
    order: list[str] = []

    def marks(letter: str) -> Any:
        async def mark(message: Message, ctx: Context, call_next: Call) -> Any:
            order.append(letter)
            return await call_next(message)

        return mark

    ven = Client(
        "school-7",
        "http://vtn",
        exchange=world.vtn,
        clock=world.clock,
        middleware=[marks("a"), marks("b")],
    )
    world.vtn.events = [event()]
    await ven.create_party_registration()
    await ven.sync_events()
    assert order == ["a", "b"]
    assert [one.event_id for one in ven.events] == ["e1"]
    await ven.stop()


async def test_it_may_change_the_message(world: World) -> None:
    async def only_e2(message: Message, ctx: Context, call_next: Call) -> Any:
        assert isinstance(message, DistributeEvent)
        wanted = tuple(one for one in message.events if one.event_id == "e2")
        return await call_next(replace(message, events=wanted))

    ven = await started(world, only_e2)
    world.vtn.distribute(event("e1"), event("e2"))
    await world.pass_time(TICK)
    assert [one.event_id for one in ven.events] == ["e2"]


async def test_it_may_answer_itself(world: World) -> None:
    async def away(message: Message, ctx: Context, call_next: Call) -> Any:
        return CreatedReport(response=EiResponse(code=461, request_id="mine"), ven_id=ctx.ven_id)

    await started(world, away)
    world.vtn.queue.append(CreateReport(request_id="q", requests=(request("rr-1"),)))
    await world.pass_time(TICK)
    (created,) = world.vtn.got(CreatedReport)
    assert (created.response.code, created.response.request_id) == (461, "mine")
    await world.pass_time(6 * TICK)
    assert not world.vtn.got(UpdateReport)


async def test_it_may_pass_over_events_that_want_no_answer(world: World) -> None:
    async def ignore(message: Message, ctx: Context, call_next: Call) -> Any:
        return None

    ven = await started(world, ignore)
    world.vtn.distribute(event(required=ResponseRequired.NEVER))
    await world.pass_time(TICK)
    assert ven.events == ()
    assert not world.vtn.got(CreatedEvent)


async def refuse(message: Message, ctx: Context, call_next: Call) -> Any:
    raise TargetMismatch("not our feeder")


async def test_refused_events_are_answered_by_opt_out_with_its_code(world: World) -> None:
    ven = await started(world, refuse)
    never = event("e2", required=ResponseRequired.NEVER)
    world.vtn.distribute(event("e1", modification=3), never, request_id="dist-7")
    await world.pass_time(TICK)
    (created,) = world.vtn.got(CreatedEvent)
    (answer,) = created.responses
    assert created.response.ok
    assert (answer.event_id, answer.modification_number, answer.request_id) == ("e1", 3, "dist-7")
    assert (answer.code, answer.opt_type) == (462, OptType.OPT_OUT)
    assert answer.description == "not our feeder"
    assert ven.events == ()


async def test_nothing_is_said_about_refused_events_that_want_no_answer(world: World) -> None:
    await started(world, refuse)
    world.vtn.distribute(event(required=ResponseRequired.NEVER))
    await world.pass_time(TICK)
    assert not world.vtn.got(CreatedEvent)


MESSAGES: list[tuple[Message, type]] = [
    (CreateReport(request_id="q", requests=(request("rr-9"),)), CreatedReport),
    (CancelReport(request_id="q", report_request_ids=("rr-1",)), CanceledReport),
    (RegisterReport(request_id="q"), RegisteredReport),
    (UpdateReport(request_id="q"), UpdatedReport),
    (
        CancelPartyRegistration(request_id="q", registration_id="reg-1", ven_id="ven-1"),
        CanceledPartyRegistration,
    ),
    (RequestReregistration(ven_id="ven-1"), Response),
]


@pytest.mark.parametrize(("message", "kind"), MESSAGES)
async def test_any_other_message_is_refused_in_the_answer_that_fits_it(
    world: World, message: Message, kind: type[Any]
) -> None:
    world.vtn.requests = [request("rr-1", "main")]
    ven = await started(world, refuse)
    before = len(world.vtn.got(kind))
    world.vtn.queue.append(message)
    await world.pass_time(TICK)
    (answer,) = world.vtn.got(kind)[before:]
    assert (answer.response.code, answer.ven_id) == (462, "ven-1")
    assert answer.response.request_id == ("" if kind is Response else "q")
    assert getattr(answer, "pending", ("rr-1",)) == ("rr-1",)
    assert ven.registration is not None


@pytest.mark.parametrize(("message", "kind"), MESSAGES)
async def test_every_message_goes_through_it_and_is_handled_as_without_it(
    world: World, message: Message, kind: type[Any]
) -> None:
    seen: list[Any] = []

    async def look(message: Message, ctx: Context, call_next: Call) -> Any:
        answer = await call_next(message)
        seen.append(type(answer))
        return answer

    world.vtn.requests = [request("rr-1", "main")]
    await started(world, look)
    before = len(world.vtn.got(kind))
    world.vtn.queue.append(message)
    await world.pass_time(TICK)
    (answer,) = world.vtn.got(kind)[before:]
    assert answer.response.ok
    assert seen == [kind]


async def raises(message: Message, ctx: Context, call_next: Call) -> Any:
    raise ZeroDivisionError("secret")


async def hangs(message: Message, ctx: Context, call_next: Call) -> Any:
    await asyncio.Event().wait()


async def returns_text(message: Message, ctx: Context, call_next: Call) -> Any:
    return "OK"


async def returns_nothing(message: Message, ctx: Context, call_next: Call) -> Any:
    return None


async def answers_for_another(message: Message, ctx: Context, call_next: Call) -> Any:
    return CreatedEvent(response=EiResponse(), ven_id="ven-2")


async def cannot_be_sent(message: Message, ctx: Context, call_next: Call) -> Any:
    return CreatedEvent(response=EiResponse(code=9_999_999), ven_id=ctx.ven_id)


@pytest.mark.parametrize(
    ("middleware", "words"),
    [
        (raises, "raised ZeroDivisionError: secret"),
        (hangs, "took longer than 0.005 s"),
        (returns_text, "returned str for oadrDistributeEvent; expected oadrCreatedEvent"),
        (returns_nothing, "returned nothing for oadrDistributeEvent"),
        (answers_for_another, "returned CreatedEvent of another VEN"),
        (cannot_be_sent, "returned CreatedEvent that cannot be sent"),
    ],
)
async def test_one_that_fails_is_an_opt_out_with_469_and_its_name_in_the_log(
    world: World, middleware: Any, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    ven = world.ven(hook_seconds=0.005)
    await world.start(ven)
    ven.add_middleware(middleware)
    world.vtn.distribute(event())
    await world.clock.advance(TICK)
    await asyncio.sleep(0.02)
    await world.rest()
    ((answer,),) = [created.responses for created in world.vtn.got(CreatedEvent)]
    assert (answer.code, answer.opt_type) == (469, OptType.OPT_OUT)
    assert "secret" not in (answer.description or "")
    (record,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert f"{middleware.__name__}: {words}" in record.getMessage()


async def forgets(message: Message, ctx: Context, call_next: Call) -> None:
    await call_next(message)


async def changes_its_mind(message: Message, ctx: Context, call_next: Call) -> Any:
    await call_next(message)
    raise InvalidId("no")


async def fails_afterwards(message: Message, ctx: Context, call_next: Call) -> Any:
    await call_next(message)
    raise ZeroDivisionError


@pytest.mark.parametrize("middleware", [forgets, changes_its_mind, fails_afterwards])
async def test_after_the_answer_has_been_sent_nothing_more_is_and_nothing_is_lost(
    world: World, middleware: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ven = await started(world, middleware)
    world.vtn.distribute(event())
    await world.pass_time(2 * TICK)
    ((answer,),) = [created.responses for created in world.vtn.got(CreatedEvent)]
    assert (answer.code, answer.opt_type) == (200, OptType.OPT_IN)
    assert [one.event_id for one in ven.events] == ["e1"]
    assert "middleware" in caplog.text


async def test_a_vtn_that_goes_away_during_the_answer_gets_it_later(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def innocent(message: Message, ctx: Context, call_next: Call) -> Any:
        return await call_next(message)

    await started(world, innocent)
    world.vtn.distribute(event())
    world.vtn.script(CreatedEvent, Unreachable("gone"))
    await world.pass_time(12 * TICK)
    first, second = world.vtn.got(CreatedEvent)
    assert first == second
    assert "innocent" not in caplog.text


async def test_a_vtn_that_refuses_the_answer_of_a_middleware_is_polled_on(world: World) -> None:
    await started(world, refuse)
    world.vtn.script(CreatedEvent, Response(response=EiResponse(code=459)))
    world.vtn.distribute(event("e1"))
    await world.pass_time(TICK)
    world.vtn.distribute(event("e1"))
    await world.pass_time(TICK)
    assert len(world.vtn.got(CreatedEvent)) == 2


def test_what_cannot_be_one_is_refused_with_the_signature(world: World) -> None:
    with pytest.raises(HandlerError, match=r"middleware\(message, ctx, call_next\)"):
        world.ven().add_middleware(lambda message: message)  # type: ignore[misc, arg-type]


async def test_a_poll_for_which_nothing_waits_is_none_of_its_business(world: World) -> None:
    ven = await started(world, raises)
    assert isinstance(await ven.poll(), Response)
