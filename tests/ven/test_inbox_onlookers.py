"""Middleware, traces and hooks around what is pushed."""

import asyncio
from typing import Any

import pytest

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from oadr.errors import InvalidId
from runtime.trace import Traffic
from tests.ven.push_kit import PUSHED, answer_in, inbox_of, push, pushed_to
from tests.ven.scripted import event
from ven.client import Client
from ven.connection import Connection
from ven.inbox import Reply
from ven.push import Listening
from ven.testing import World, until

METADATA = m.RegisterReport(request_id="q", ven_id="ven-1")
_GOOD = codec.encode(METADATA)


def _events(world: World) -> m.DistributeEvent:
    world.vtn.events = [event("e")]
    return world.vtn.snapshot(request_id="x")


async def test_traces_and_hooks_see_what_is_pushed_and_what_is_answered() -> None:
    async with pushed_to() as world:
        seen: list[Traffic] = []
        moments: list[str] = []
        world.ven.add_trace(seen.append)
        world.ven.add_hook("after_receive_xml", lambda _: moments.append("received"))
        world.ven.add_hook("after_parse_xml", lambda _: moments.append("parsed"))
        world.ven.add_hook("before_send_xml", lambda _: moments.append("answered"))
        await push(world, METADATA, fingerprint="00:11:22:33:44:55:66:77:88:99")
        await world.ven.receive(ServiceName.EI_REPORT, b"<a/>")
        told = [(one.direction, one.status, one.message, one.service) for one in seen]
        assert told == [
            ("in", None, "oadrRegisterReport", "EiReport"),
            ("out", 200, "oadrRegisteredReport", "EiReport"),
            ("in", None, "", "EiReport"),
            ("out", 406, "", "EiReport"),
        ]
        assert seen[0].body == _GOOD
        assert seen[0].fingerprint == "00:11:22:33:44:55:66:77:88:99"
        assert moments == ["received", "parsed", "answered", "received"]


@pytest.mark.sends_wrong("R303", reason="the middleware gives another requestID")
async def test_middleware_stands_around_what_is_pushed() -> None:
    async with pushed_to() as world:
        seen: list[Any] = []

        async def middleware(message: Any, ctx: Any, call_next: Any) -> Any:
            if isinstance(message, m.RegisterReport):
                return m.RegisteredReport(
                    response=m.EiResponse(code=459, request_id="mine"), ven_id="ven-1"
                )
            if isinstance(message, m.UpdateReport):
                raise InvalidId("not this one")
            answer = await call_next(message)
            seen.append((type(message).__name__, type(answer).__name__))
            return answer

        world.ven.add_middleware(middleware)
        assert answer_in(await push(world, METADATA)).response.request_id == "mine"
        assert answer_in(await push(world, PUSHED[3])).response.code == 452
        assert answer_in(await push(world, PUSHED[1])).response.code == 200
        assert (await push(world, _events(world))).body == b""
        await world.rest()
        assert seen == [("CreateReport", "CreatedReport"), ("DistributeEvent", "NoneType")]
        assert list(world.vtn.answers) == ["e"]


async def test_middleware_that_refuses_events_has_them_opted_out_after_the_response() -> None:
    async with pushed_to() as world:

        async def middleware(message: Any, ctx: Any, call_next: Any) -> Any:
            if isinstance(message, m.DistributeEvent):
                raise InvalidId("not these")
            return await call_next(message)

        world.ven.add_middleware(middleware)
        assert (await push(world, _events(world))).body == b""
        await world.rest()
        assert (world.vtn.answers["e"].code, world.vtn.answers["e"].opt_type) == (452, "optOut")
        assert world.ven.events == ()


async def test_work_after_the_reply_waits_for_the_response() -> None:
    async with pushed_to() as world:
        done: list[str] = []

        async def later() -> None:
            done.append("later")

        def on_event(event: m.Event, ctx: Any) -> str:
            ctx.after_reply(later())
            return "optIn"

        world.ven.add_handler("on_event", on_event)
        body = codec.encode(_events(world))
        async with inbox_of(world.ven).exchange(ServiceName.EI_EVENT, body) as reply:
            assert reply == Reply(status=200, body=b"", headers={"Content-Type": "application/xml"})
            await asyncio.sleep(0.01)
            assert done == []
        await until(lambda: done)


def test_to_listen_without_an_address_makes_no_sense() -> None:
    connection = Connection(url="http://vtn.example", listen=Listening(host="127.0.0.1"))
    with pytest.raises(ValueError, match="listen without push_address"):
        Client("ven-1", "http://vtn.example", connection=connection)
