"""Handlers of events and polls."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, cast

from oadr import messages as m
from oadr.dicts import from_dict
from vtn.compat.calling import Function, WrongReturn, fitted, named, settled
from vtn.compat.members import peek
from vtn.compat.setting import Setting
from vtn.compat.traffic import current, payload_of
from vtn.compat.wanted import read
from vtn.hooks import Context, EventAnswer

_MESSAGES = tuple(m.MESSAGES.values())
#: How many answers of VENs are remembered, to tell a repetition from a change.
_HEARD = 10_000


def answered(function: Function, setting: Setting) -> Function | None:
    """``on_created_event(ven_id, event_id, opt_type)``: each change of what a VEN says.

    Each list of events has all that a VEN has, and it answers each of them again.
    """
    call = fitted(function, "ven_id", "event_id", "opt_type")
    if call is None:
        return None
    heard: OrderedDict[tuple[str, str], tuple[int, str]] = OrderedDict()

    async def on_created_event(answer: EventAnswer, ctx: Context) -> None:
        key = (ctx.ven_id, answer.event_id)
        said = (answer.modification_number, str(answer.opt_type))
        # What is about some resources is not what the VEN as a whole says.
        if answer.resource_ids or heard.get(key) == said:
            return
        await settled(call(ctx.ven_id, answer.event_id, str(answer.opt_type)))
        heard[key] = said
        heard.move_to_end(key)
        if len(heard) > _HEARD:
            heard.popitem(last=False)

    return named(on_created_event, function)


def answered_whole(function: Function, setting: Setting) -> Function | None:
    """``on_created_event(payload)``: once for each message."""
    call = fitted(function, "payload")
    if call is None:
        return None

    async def on_created_event(answer: EventAnswer, ctx: Context) -> None:
        exchange = current()
        if exchange is not None and isinstance(exchange.message, m.CreatedEvent):
            if exchange.times(function):
                return
            payload = payload_of(m.CreatedEvent)
        else:
            payload = {"ven_id": ctx.ven_id, "event_responses": [_response(answer)]}
        await settled(call(payload))

    return named(on_created_event, function)


def _response(answer: EventAnswer) -> dict[str, Any]:
    """Returns an answer that came by oadrCreateOpt in the form of one by oadrCreatedEvent."""
    return {
        "response_code": answer.code,
        "response_description": answer.description,
        "event_id": answer.event_id,
        "modification_number": answer.modification_number,
        "opt_type": str(answer.opt_type),
    }


def requested(function: Function, setting: Setting) -> Function | None:
    """``on_request_event(ven_id)``."""
    call = fitted(function, "ven_id")
    if call is None:
        return None

    async def on_request_event(ctx: Context) -> tuple[m.Event, ...] | None:
        found = await settled(call(ctx.ven_id))
        return None if found is None else _events(found, ctx, "an event, a list of events or None")

    return named(on_request_event, function)


def polled(function: Function, setting: Setting) -> Function | None:
    """``on_poll(ven_id)``."""
    call = fitted(function, "ven_id")
    if call is None:
        return None

    async def on_poll(ctx: Context) -> m.Message | tuple[m.Event, ...] | None:
        return _message(await settled(call(ctx.ven_id)), ctx, setting)

    return named(on_poll, function)


def _message(
    found: Any, ctx: Context, setting: Setting
) -> "m.Message | tuple[m.Event, ...] | None":
    """Returns what a poll is answered with."""
    if found is None:
        return None
    if isinstance(found, _MESSAGES):
        return cast("m.Message", found)
    if isinstance(found, tuple) and len(found) == 2 and isinstance(found[0], str):
        return from_dict(
            found[0],
            found[1],
            now=ctx.clock.now(),
            new_id=setting.new_id,
            vtn_id=setting.vtn_id,
            ven_id=ctx.ven_id,
        )
    return _events(found, ctx, "(message_type, payload), an event, a list of events or None")


def _events(found: Any, ctx: Context, expected: str) -> tuple[m.Event, ...]:
    several = found if isinstance(found, Sequence) and not isinstance(found, str) else [found]
    return tuple(_event(one, found, ctx, expected) for one in several)


def _event(one: Any, whole: Any, ctx: Context, expected: str) -> m.Event:
    if isinstance(one, m.Event):
        return one
    if not isinstance(one, Mapping) and peek(one, "event_descriptor") is None:
        raise WrongReturn(whole, expected)
    return read(one, now=ctx.clock.now())
