"""What a handler decides wrongly, and what its work after the reply comes to."""

import asyncio
import inspect
import logging
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import pytest

from oadr.enums import EventStatus, OptType
from oadr.messages import CreatedEvent, Event, EventResponse
from tests.ven.scripted import World, event
from ven.hooks import Context
from ven.testing import HANG

TICK = timedelta(seconds=10)


def answers(world: World) -> list[EventResponse]:
    return [answer for message in world.vtn.got(CreatedEvent) for answer in message.responses]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("perhaps", "returned what makes no sense: 'perhaps' is not a valid OptType"),
        (True, "returned bool, expected OptType or str or NoneType"),
        (["optIn"], "returned list, expected OptType or str or NoneType"),
    ],
)
@pytest.mark.parametrize("hook", ["on_event", "on_update_event"])
async def test_a_wrong_decision_is_an_opt_out_with_469_and_the_name_in_the_log(
    world: World, hook: str, result: Any, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    ven = world.ven()

    async def decider(event: Event, ctx: Context) -> Any:
        return result

    ven.add_handler(hook, decider)
    await world.start(ven)
    world.vtn.distribute(event())
    await world.pass_time(TICK)
    world.vtn.distribute(event(modification=1))
    await world.pass_time(TICK)
    assert (answers(world)[-1].code, answers(world)[-1].opt_type) == (469, OptType.OPT_OUT)
    record = [one for one in caplog.records if one.levelno == logging.ERROR][-1]
    assert f"decider for {hook}: {words}" in record.getMessage()


async def test_a_wrong_decision_about_a_cancellation_does_not_keep_the_event_going(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    ven = world.ven()

    async def decider(event: Event, ctx: Context) -> Any:
        return "perhaps"

    ven.add_handler("on_cancel_event", decider)
    await world.start(ven)
    world.vtn.distribute(event())
    await world.pass_time(TICK)
    world.vtn.distribute(event(modification=1, status=EventStatus.CANCELLED))
    await world.pass_time(TICK)
    assert (answers(world)[-1].code, answers(world)[-1].opt_type) == (200, OptType.OPT_IN)
    assert ven.events == ()
    assert "decider for on_cancel_event: returned what makes no sense" in caplog.text


async def test_a_hook_may_have_a_time_limit_of_its_own(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    ven = world.ven(hook_seconds=60.0, hook_limits={"on_event": 0.005})

    @ven.on_event
    async def hangs(event: Event, ctx: Context) -> str:
        await asyncio.Event().wait()
        return "optIn"

    await world.start(ven)
    world.vtn.distribute(event())
    await world.clock.advance(TICK)
    await asyncio.sleep(0.02)
    await world.rest()
    assert answers(world)[-1].code == 469
    assert "hangs for on_event: took longer than 0.005 s" in caplog.text


async def test_work_after_the_reply_comes_after_the_answer_and_its_errors_are_counted(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    ven = world.ven()
    seen: list[int] = []

    async def work() -> None:
        seen.append(len(world.vtn.got(CreatedEvent)))
        raise OSError("disk full")

    @ven.on_event
    async def decide(event: Event, ctx: Context) -> str:
        ctx.after_reply(work())
        return "optIn"

    await world.start(ven)
    world.vtn.distribute(event())
    await world.pass_time(TICK)
    assert seen == [1]
    assert ven._machine.core.tasks.failed == 1
    assert "work of a handler after the reply failed: disk full" in caplog.text


async def test_work_whose_turn_has_not_come_when_the_ven_is_cut_off_is_dropped_without_a_word(
    world: World,
) -> None:
    ven = world.ven()
    kept: list[Coroutine[Any, Any, None]] = []

    async def work() -> None:
        raise AssertionError("must not run")

    @ven.on_event
    async def decide(event: Event, ctx: Context) -> str:
        kept.append(work())
        ctx.after_reply(kept[0])
        return "optIn"

    await world.start(ven)
    world.vtn.script(CreatedEvent, HANG)
    world.vtn.distribute(event())
    await world.clock.advance(TICK)
    await world.rest()
    await world.kill(ven)
    assert inspect.getcoroutinestate(kept[0]) == inspect.CORO_CLOSED


async def test_what_is_no_coroutine_cannot_be_done_after_the_reply(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    ven = world.ven()

    @ven.on_event
    async def decide(event: Event, ctx: Context) -> str:
        ctx.after_reply(print)  # type: ignore[arg-type]
        return "optIn"

    await world.start(ven)
    world.vtn.distribute(event())
    await world.pass_time(TICK)
    assert answers(world)[-1].code == 469
    assert "after_reply was given builtin_function_or_method; expected a coroutine" in caplog.text
