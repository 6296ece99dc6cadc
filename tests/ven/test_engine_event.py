"""What a VEN answers to events."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oadr.enums import EventStatus, OptType, ResponseRequired
from oadr.errors import InvalidId, TargetMismatch
from oadr.messages import (
    CreatedEvent,
    EiResponse,
    Event,
    EventResponse,
    Poll,
    RequestEvent,
    Response,
    Target,
)
from tests.ven.scripted import NOW, World, event
from ven.errors import Unreachable

TICK = timedelta(seconds=10)
REFUSED = Response(response=EiResponse(code=452, description="unknown event"))


def answers(world: World) -> list[EventResponse]:
    return [answer for message in world.vtn.got(CreatedEvent) for answer in message.responses]


def opts(world: World) -> list[tuple[str, str]]:
    return [(answer.event_id, answer.opt_type.value) for answer in answers(world)]


async def test_r42_an_answer_copies_the_request_id_and_leaves_that_of_the_response_empty(
    world: World,
) -> None:
    await world.start(world.ven())
    world.vtn.distribute(event(modification=3), request_id="dist-77")
    await world.pass_time(TICK)
    (created,) = world.vtn.got(CreatedEvent)
    assert created.response == EiResponse(code=200, request_id="")
    assert created.ven_id == "ven-1"
    (answer,) = created.responses
    assert answer.request_id == "dist-77"
    assert (answer.event_id, answer.modification_number) == ("e1", 3)
    assert (answer.code, answer.opt_type) == (200, OptType.OPT_IN)


async def test_r12_new_unchanged_changed_and_cancelled_events_are_answered_if_always(
    world: World,
) -> None:
    await world.start(world.ven())
    for version in (
        event(),
        event(),
        event(modification=1),
        event(modification=2, status=EventStatus.CANCELLED),
    ):
        world.vtn.distribute(version)
        await world.pass_time(TICK)
    assert [answer.modification_number for answer in answers(world)] == [0, 0, 1, 2]
    assert {opt for _, opt in opts(world)} == {"optIn"}


async def test_r12_events_that_want_no_answer_get_none(world: World) -> None:
    ven = await world.start(world.ven())
    never = ResponseRequired.NEVER
    world.vtn.distribute(event(required=never))
    await world.pass_time(TICK)
    world.vtn.distribute(event(required=never, modification=1, status=EventStatus.CANCELLED))
    await world.pass_time(TICK)
    assert not world.vtn.got(CreatedEvent)
    assert ven.events == ()


async def test_r12_all_events_of_one_message_are_answered_in_one_message(world: World) -> None:
    await world.start(world.ven())
    world.vtn.distribute(event("e1"), event("e2"), event("e3", required=ResponseRequired.NEVER))
    await world.pass_time(TICK)
    (created,) = world.vtn.got(CreatedEvent)
    assert [answer.event_id for answer in created.responses] == ["e1", "e2"]


async def test_an_empty_list_of_events_is_not_answered(world: World) -> None:
    await world.start(world.ven())
    world.vtn.distribute()
    await world.pass_time(TICK)
    assert not world.vtn.got(CreatedEvent)


async def test_r19_a_bad_event_is_answered_with_its_code_and_the_good_one_with_opt_in(
    world: World,
) -> None:
    await world.start(world.ven())
    world.vtn.distribute(event("bad", name="x-unheard-of"), event("good"))
    await world.pass_time(TICK)
    found = {answer.event_id: (answer.code, answer.opt_type.value) for answer in answers(world)}
    assert found == {"bad": (460, "optOut"), "good": (200, "optIn")}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"market_context": "http://other.example"}, 462),
        ({"target": Target(ven_ids=("ven-2",))}, 462),
        ({"target": Target(ven_ids=("ven-1",), resource_ids=("boiler",))}, 469),
        ({"levels": ((7, 10),)}, 454),
    ],
)
async def test_r48_what_does_not_fit_this_ven_gets_its_code_and_opt_out(
    world: World, changes: dict[str, Any], code: int
) -> None:
    await world.start(
        world.ven(
            market_contexts=frozenset({"http://peak.example"}), resource_ids=frozenset({"hall"})
        )
    )
    world.vtn.distribute(event(**changes))
    await world.pass_time(TICK)
    assert [(answer.code, answer.opt_type.value) for answer in answers(world)] == [(code, "optOut")]


async def test_r58_an_older_modification_is_refused_with_450_and_the_newer_stays(
    world: World,
) -> None:
    ven = await world.start(world.ven())
    world.vtn.distribute(event(modification=4))
    await world.pass_time(TICK)
    world.vtn.distribute(event(modification=3))
    await world.pass_time(TICK)
    assert answers(world)[-1].code == 450
    assert [held.descriptor.modification_number for held in ven.events] == [4]


async def test_r60_the_cancellation_of_an_unknown_event_is_answered_with_opt_in(
    world: World,
) -> None:
    ven = await world.start(world.ven())
    world.vtn.distribute(event("never-seen", status=EventStatus.CANCELLED, modification=2))
    await world.pass_time(TICK)
    assert opts(world) == [("never-seen", "optIn")]
    assert answers(world)[0].code == 200
    assert ven.events == ()


async def test_r61_a_known_event_that_is_not_on_the_list_is_cancelled(world: World) -> None:
    ven = await world.start(world.ven())
    seen: list[str] = []
    ven.add_handler("on_cancel_event", lambda event, ctx: seen.append(event.event_id))
    world.vtn.distribute(event("e1"), event("e2"))
    await world.pass_time(TICK)
    world.vtn.distribute(event("e2"))
    await world.pass_time(TICK)
    assert seen == ["e1"]
    assert [held.event_id for held in ven.events] == ["e2"]


async def test_r27_a_list_that_was_cut_short_cancels_nothing(world: World) -> None:
    ven = await world.start(world.ven())
    world.vtn.distribute(event("e1"), event("e2"))
    await world.pass_time(TICK)
    world.vtn.events = [event("e1")]
    await ven.request_event(reply_limit=1)
    assert world.vtn.got(RequestEvent)[-1].reply_limit == 1
    assert {held.event_id for held in ven.events} == {"e1", "e2"}


async def test_r21_events_of_another_vtn_are_refused_as_a_whole_with_452(world: World) -> None:
    ven = await world.start(world.ven())
    world.vtn.queue.append(replace(world.vtn.snapshot(), vtn_id="th_vtn", events=(event(),)))
    await world.pass_time(TICK)
    (created,) = world.vtn.got(CreatedEvent)
    assert created.response.code == 452
    assert not created.responses
    assert ven.events == ()


async def test_r64_everything_is_answered_before_the_next_poll_and_the_queue_is_drained(
    world: World,
) -> None:
    await world.start(world.ven())
    world.vtn.received.clear()
    world.vtn.distribute(event("e1"))
    world.vtn.distribute(event("e1"), event("e2"))
    await world.pass_time(TICK)
    kinds = [type(message).__name__ for _, message in world.vtn.received]
    assert kinds == ["Poll", "CreatedEvent", "Poll", "CreatedEvent", "Poll"]


async def test_a_vtn_that_answers_every_poll_with_its_events_does_not_bind_the_ven(
    world: World,
) -> None:
    await world.start(world.ven())
    world.vtn.script(Poll, *[world.vtn.snapshot()] * 250)
    await world.pass_time(TICK)
    assert len(world.vtn.got(Poll)) < 150


async def test_a_handler_decides_about_new_and_about_changed_events(world: World) -> None:
    ven = world.ven()
    seen: list[tuple[int, str]] = []

    @ven.on_event
    async def decide(event: Event, ctx: Any) -> str:
        seen.append((event.descriptor.modification_number, ctx.ven_id))
        return "optOut" if event.descriptor.modification_number == 1 else "optIn"

    await world.start(ven)
    for version in (event(), event(), event(modification=1)):
        world.vtn.distribute(version)
        await world.pass_time(TICK)
    assert seen == [(0, "ven-1"), (1, "ven-1")]
    assert [opt for _, opt in opts(world)] == ["optIn", "optIn", "optOut"]


async def test_without_a_handler_the_policy_decides(world: World) -> None:
    await world.start(world.ven(default_opt=OptType.OPT_OUT))
    world.vtn.distribute(event())
    await world.pass_time(TICK)
    assert opts(world) == [("e1", "optOut")]


async def test_a_handler_that_knows_nothing_leaves_it_to_the_policy(world: World) -> None:
    ven = world.ven(default_opt=OptType.OPT_OUT)
    ven.add_handler("on_event", lambda event, ctx: None)
    await world.start(ven)
    world.vtn.distribute(event())
    await world.pass_time(TICK)
    assert opts(world) == [("e1", "optOut")]


async def test_r17_a_change_of_mind_is_told_with_the_request_id_that_brought_the_event(
    world: World,
) -> None:
    ven = await world.start(world.ven())
    world.vtn.distribute(event(modification=2), request_id="dist-9")
    await world.pass_time(TICK)
    await ven.opt("e1", "optOut")
    first, second = answers(world)
    assert (first.opt_type, second.opt_type) == (OptType.OPT_IN, OptType.OPT_OUT)
    assert (second.request_id, second.modification_number) == ("dist-9", 2)
    world.vtn.distribute(event(modification=2))
    await world.pass_time(TICK)
    assert answers(world)[-1].opt_type is OptType.OPT_OUT


@pytest.mark.parametrize("known", [False, True])
async def test_r17_a_handler_may_change_its_mind_about_another_event_of_the_same_message(
    world: World, known: bool
) -> None:
    ven = world.ven()

    async def decide(event: Event, ctx: Any) -> str:
        if event.event_id == "e2":
            await ven.opt("e1", "optOut")
        return "optIn"

    ven.add_handler("on_event", decide)
    await world.start(ven)
    if known:
        world.vtn.distribute(event())
        await world.pass_time(TICK)
        world.vtn.received.clear()
    world.vtn.distribute(event(modification=int(known)), event(event_id="e2"), request_id="dist-2")
    await world.pass_time(TICK)
    held = ven._machine.events.held.values()
    assert {one.event_id: one.opt for one in held} == {"e1": "optOut", "e2": "optIn"}
    assert dict(opts(world)) == {"e1": "optOut", "e2": "optIn"}
    assert {one.request_id for one in answers(world)} == {"dist-2"}


async def test_a_change_of_mind_about_an_unknown_event_is_an_error(world: World) -> None:
    ven = await world.start(world.ven())
    with pytest.raises(InvalidId, match="holds no event 'e9'"):
        await ven.opt("e9", "optOut")


async def test_r36_a_handler_may_say_that_an_event_cannot_be_stopped(world: World) -> None:
    ven = world.ven()
    ven.add_handler("on_cancel_event", lambda event, ctx: "optOut")
    await world.start(ven)
    world.vtn.distribute(event())
    await world.pass_time(TICK)
    for _ in range(2):
        world.vtn.distribute(event(modification=1, status=EventStatus.CANCELLED))
        await world.pass_time(TICK)
    assert [opt for _, opt in opts(world)] == ["optIn", "optOut", "optOut"]
    world.vtn.distribute()
    await world.pass_time(TICK)
    assert [held.event_id for held in ven.events] == ["e1"]


@pytest.mark.parametrize("mode", ["raises", "hangs", "returns nonsense", "returns a number"])
async def test_r19_a_handler_that_fails_costs_its_own_event_469_and_nothing_else(
    world: World, mode: str
) -> None:
    ven = world.ven(hook_seconds=0.005)

    @ven.on_event
    async def decide(event: Event, ctx: Any) -> Any:
        if event.event_id == "good":
            return "optIn"
        if mode == "raises":
            raise RuntimeError("no")
        if mode == "hangs":
            await asyncio.Event().wait()
        return "perhaps" if mode == "returns nonsense" else 1

    await world.start(ven)
    world.vtn.distribute(event("bad"), event("good"))
    await world.clock.advance(TICK)
    await asyncio.sleep(0.02)
    await world.rest()
    found = {answer.event_id: (answer.code, answer.opt_type.value) for answer in answers(world)}
    assert found == {"bad": (469, "optOut"), "good": (200, "optIn")}
    polls = len(world.vtn.got(Poll))
    await world.pass_time(TICK)
    assert len(world.vtn.got(Poll)) == polls + 1


async def test_a_handler_may_refuse_with_a_code_of_its_own(world: World) -> None:
    ven = world.ven()

    @ven.on_event
    async def decide(event: Event, ctx: Any) -> str:
        raise TargetMismatch("not our feeder")

    await world.start(ven)
    world.vtn.distribute(event())
    await world.pass_time(TICK)
    (answer,) = answers(world)
    assert (answer.code, answer.opt_type.value) == (462, "optOut")
    assert answer.description == "not our feeder"


async def test_an_answer_that_did_not_get_through_is_sent_again(world: World) -> None:
    await world.start(world.ven())
    world.vtn.script(CreatedEvent, Unreachable("gone"))
    world.vtn.distribute(event())
    await world.pass_time(timedelta(seconds=20), timedelta(seconds=1))
    assert opts(world) == [("e1", "optIn")] * 2
    assert (await world._open[0].status()).unanswered == 0


async def test_an_answer_survives_a_kill_and_is_not_decided_anew(world: World) -> None:
    ven = world.ven()
    ven.add_handler("on_event", lambda event, ctx: "optOut")
    await world.start(ven)
    world.vtn.script(CreatedEvent, Unreachable("gone"))
    world.vtn.distribute(event(), request_id="dist-5")
    await world.pass_time(TICK)
    await world.kill(ven)
    world.vtn.script(RequestEvent, Unreachable("not yet"))
    world.vtn.received.clear()
    again = world.ven()
    decided: list[str] = []
    again.add_handler("on_event", lambda event, ctx: decided.append(event.event_id))
    await world.start(again)
    await world.pass_time(timedelta(seconds=5), timedelta(seconds=1))
    assert opts(world) == [("e1", "optOut")]
    assert decided == []
    assert (await again.status()).unanswered == 0


async def test_answers_that_are_refused_together_are_sent_one_by_one(world: World) -> None:
    await world.start(world.ven())
    world.vtn.script(CreatedEvent, REFUSED, REFUSED)
    world.vtn.distribute(event("e1"), event("e2"))
    await world.pass_time(TICK)
    assert [len(message.responses) for message in world.vtn.got(CreatedEvent)] == [2, 1, 1]
    await world.pass_time(TICK)
    assert len(world.vtn.got(CreatedEvent)) == 3


async def test_a_vtn_that_chokes_on_an_answer_does_not_stop_the_ven_for_ever(
    world: World,
) -> None:
    await world.start(world.ven())
    world.vtn.script(CreatedEvent, *[Unreachable("HTTP 500", status=500)] * 50)
    world.vtn.distribute(event())
    await world.pass_time(timedelta(minutes=5))
    assert len(world.vtn.got(CreatedEvent)) == 5
    assert len(world.vtn.got(Poll)) > 10


async def test_r43_equal_request_ids_confuse_nobody(world: World) -> None:
    await world.start(world.ven())
    world.vtn.distribute(event("e1"), request_id="same")
    await world.pass_time(TICK)
    world.vtn.distribute(event("e1"), event("e2"), request_id="same")
    await world.pass_time(TICK)
    assert opts(world) == [("e1", "optIn"), ("e1", "optIn"), ("e2", "optIn")]


async def test_r512_the_case_of_a_ven_id_in_a_target_matters(world: World) -> None:
    await world.start(world.ven())
    world.vtn.distribute(event(target=Target(ven_ids=("VEN-1",))))
    await world.pass_time(TICK)
    assert answers(world)[0].code == 462


async def test_r33_a_new_event_that_is_over_is_refused(world: World) -> None:
    await world.start(world.ven())
    world.vtn.distribute(event(start=NOW - timedelta(days=1)))
    await world.pass_time(TICK)
    (answer,) = answers(world)
    assert (answer.code, answer.opt_type.value) == (459, "optOut")


async def test_a_handler_may_ask_the_client_for_more_while_it_decides(world: World) -> None:
    ven = world.ven()

    @ven.on_event
    async def decide(event: Event, ctx: Any) -> str:
        await ven.query_registration()
        return "optOut"

    await world.start(ven)
    world.vtn.distribute(event())
    await world.pass_time(TICK)
    assert opts(world) == [("e1", "optOut")]


async def test_a_vtn_that_says_ok_in_place_of_an_empty_list_cancels_nothing(
    world: World,
) -> None:
    ven = world.ven()
    world.vtn.script(RequestEvent, Response(response=EiResponse()))
    await world.start(ven)
    assert ven.registration is not None
    assert ven.registration.introduced is not None
    world.vtn.distribute(event())
    await world.pass_time(TICK)
    world.vtn.script(RequestEvent, Response(response=EiResponse()))
    found = await ven.request_event()
    assert found.events == ()
    assert [one.event_id for one in ven.events] == ["e1"]
