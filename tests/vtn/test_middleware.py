"""What stands around the services of a VTN."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from oadr import codec
from oadr import messages as m
from oadr.errors import InvalidId, TargetMismatch
from runtime.middleware import Call, Chain
from tests.vtn.kit import Open, a_ven, answer, dispatch
from vtn.hooks import Context, PollHandler
from vtn.store import Store
from vtn.store.errors import DatabaseBusy
from vtn.testing import Peer, World, running


@asynccontextmanager
async def around(*middleware: Any) -> AsyncIterator[tuple[World, Peer]]:
    """A VTN with one VEN, and middleware from now on."""
    async with a_ven() as (world, peer):
        for one in middleware:
            desk_of(world).middleware.add(one)
        yield world, peer


def desk_of(world: World) -> Any:
    assert world.server.desk is not None
    return world.server.desk


async def test_it_sees_the_message_the_context_and_the_reply() -> None:
    seen: list[Any] = []

    async def look(message: m.Message, ctx: Context, call_next: Call) -> Any:
        reply = await call_next(message)
        seen.append((message, ctx.ven_name, ctx.ven_id, reply))
        return reply

    async with around(look) as (_, peer):
        reply = await peer.poll()
        poll = m.Poll(ven_id=peer.ven_id)
        assert seen == [(poll, "ven", peer.ven_id, reply)]


async def test_it_stands_around_every_message_also_one_that_is_known_by_heart() -> None:
    seen: list[str] = []

    async def look(message: m.Message, ctx: Context, call_next: Call) -> Any:
        seen.append(type(message).__name__)
        return await call_next(message)

    async with around(look) as (_, peer):
        await peer.poll()
        await peer.poll()
        await peer.post(m.RequestEvent(request_id="q", ven_id=peer.ven_id))
        await peer.post(m.QueryRegistration(request_id="q"))
        await peer.post(m.Response(response=m.EiResponse(), ven_id=peer.ven_id))
    assert seen == ["Poll", "Poll", "RequestEvent", "QueryRegistration", "Response"]


async def test_it_may_answer_in_place_of_the_service() -> None:
    async def maintenance(message: m.Message, ctx: Context, call_next: Call) -> Any:
        return m.Response(response=m.EiResponse(description="later"), ven_id=ctx.ven_id)

    async with around(maintenance) as (world, peer):
        await dispatch(world)
        assert (await peer.poll()).response.description == "later"
        desk_of(world).middleware = Chain()
        assert isinstance(await peer.poll(), m.DistributeEvent)


async def test_it_may_answer_what_has_an_empty_reply_by_nothing() -> None:
    async def nothing(message: m.Message, ctx: Context, call_next: Call) -> Any:
        return None

    async with around(nothing) as (_, peer):
        said = codec.encode(m.Response(response=m.EiResponse(), ven_id=peer.ven_id))
        reply = await peer.raw("EiRegisterParty", said)
    assert (reply.status, reply.body) == (200, b"")


@pytest.mark.sends_wrong("R509", reason="the middleware gives another version")
@pytest.mark.parametrize("change", [{"ven_id": None}, {"schema_version": "2.0a"}])
async def test_what_it_makes_of_the_reply_to_an_idle_poll_is_what_is_sent(
    change: dict[str, Any],
) -> None:
    async def changing(message: m.Message, ctx: Context, call_next: Call) -> Any:
        return replace(await call_next(message), **change)

    async with around(changing) as (_, peer):
        reply = await peer.poll()
    assert {name: getattr(reply, name) for name in change} == change


async def test_it_may_change_the_message_and_the_reply() -> None:
    async def only_one(message: m.Message, ctx: Context, call_next: Call) -> Any:
        if isinstance(message, m.RequestEvent):
            reply = await call_next(replace(message, reply_limit=1))
            return replace(
                reply, events=tuple(replace(one, target=m.Target()) for one in reply.events)
            )
        return await call_next(message)

    async with around(only_one) as (world, peer):
        await dispatch(world, "e1")
        await dispatch(world, "e2")
        reply = await peer.post(m.RequestEvent(request_id="q", ven_id=peer.ven_id))
        assert len(reply.events) == 1


async def test_it_may_refuse_with_a_code_of_its_own() -> None:
    async def refuse(message: m.Message, ctx: Context, call_next: Call) -> Any:
        raise TargetMismatch("not on this feeder")

    async with around(refuse) as (_, peer):
        response = (await peer.poll()).response
    assert (response.code, response.description) == (462, "not on this feeder")


async def test_it_is_not_asked_about_those_who_may_not_come_in() -> None:
    seen: list[Any] = []

    async def look(message: m.Message, ctx: Context, call_next: Call) -> Any:
        seen.append(message)
        return await call_next(message)

    async with around(look) as (world, peer):
        stranger = world.peer()
        assert (await stranger.post(m.Poll(ven_id="nobody"))).response.code == 463
        assert (await peer.raw("OadrPoll", b"<nonsense/>")).status == 406
    assert seen == []


async def test_r517_it_is_not_asked_about_a_message_in_the_name_of_another_ven() -> None:
    seen: list[Any] = []

    async def look(message: m.Message, ctx: Context, call_next: Call) -> Any:
        seen.append(message)
        return await call_next(message)

    async with running(handlers=[Open()], tls=True) as world:
        thief, victim = world.client("thief"), world.client("victim")
        await thief.register("thief")
        await victim.register("victim")
        world.server.add_middleware(look)
        assert (await thief.post(m.Poll(ven_id=victim.ven_id))).response.code == 452
    assert seen == []


async def test_it_is_not_asked_about_a_message_whose_signature_is_missing() -> None:
    async def never(message: m.Message, ctx: Context, call_next: Call) -> Any:
        raise AssertionError

    policy = {"signatures": {"policy": "required"}}
    async with running(policy, handlers=[Open()], tls=True) as world:
        desk_of(world).middleware.add(never)
        reply = await world.client("school").post(m.QueryRegistration(request_id="q"))
    assert reply.response.code == 463
    assert "signed" in reply.response.description


async def forgets(message: m.Message, ctx: Context, call_next: Call) -> None:
    await call_next(message)


async def returns_text(message: m.Message, ctx: Context, call_next: Call) -> Any:
    return "OK"


async def answers_another(message: m.Message, ctx: Context, call_next: Call) -> Any:
    return m.CreatedOpt(response=m.EiResponse(), opt_id="x")


async def answers_for_another_ven(message: m.Message, ctx: Context, call_next: Call) -> Any:
    return m.Response(response=m.EiResponse(), ven_id="somebody-else")


async def cannot_be_sent(message: m.Message, ctx: Context, call_next: Call) -> Any:
    return m.Response(response=m.EiResponse(code=9_999_999), ven_id=ctx.ven_id)


async def raises(message: m.Message, ctx: Context, call_next: Call) -> Any:
    await call_next(message)
    raise ZeroDivisionError("secret")


async def goes_on_as_another_message(message: m.Message, ctx: Context, call_next: Call) -> Any:
    return await call_next(m.QueryRegistration(request_id="q"))


async def goes_on_with_nonsense(message: m.Message, ctx: Context, call_next: Call) -> Any:
    return await call_next(replace(message, ven_id=7))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("middleware", "words"),
    [
        (forgets, "returned nothing for oadrPoll; expected oadr"),
        (returns_text, "returned str for oadrPoll"),
        (answers_another, "returned CreatedOpt for oadrPoll"),
        (answers_for_another_ven, "oadrResponse for another VEN"),
        (cannot_be_sent, "oadrResponse that cannot be sent"),
        (raises, "raised ZeroDivisionError: secret"),
        (goes_on_as_another_message, "call_next was given QueryRegistration; expected Poll"),
        (goes_on_with_nonsense, "call_next was given oadrPoll that cannot be sent"),
    ],
)
async def test_one_that_fails_costs_its_exchange_469_and_nothing_is_lost(
    middleware: Any, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with around(middleware) as (world, peer):
        await dispatch(world)
        response = (await peer.poll()).response
        assert response.code == 469
        assert "secret" not in response.description
        assert middleware.__name__ not in response.description
        (record,) = [one for one in caplog.records if one.levelno == logging.ERROR]
        assert middleware.__name__ in record.getMessage()
        assert words in record.getMessage()
        desk_of(world).middleware = Chain()
        world.clock.moment += 10 * world.server.settings.registration.poll_interval
        assert isinstance(await peer.poll(), m.DistributeEvent)


async def test_an_answer_that_was_stored_stays_stored_when_the_middleware_fails_after_it() -> None:
    async with around() as (world, peer):
        await dispatch(world)
        shot = await peer.poll()
        desk_of(world).middleware.add(raises)
        assert (await peer.post(answer(peer, shot))).response.code == 469
        desk_of(world).middleware = Chain()
        world.clock.moment += 10 * world.server.settings.registration.poll_interval
        assert isinstance(await peer.poll(), m.Response)


def _busy(_: Store) -> Any:
    raise DatabaseBusy("test")


async def test_a_database_that_fails_is_503_also_behind_middleware(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def innocent(message: m.Message, ctx: Context, call_next: Call) -> Any:
        return await call_next(message)

    async with around(innocent) as (world, peer):
        await dispatch(world)
        with monkeypatch.context() as patched:
            patched.setattr(Store, "read", _busy)
            body = codec.encode(m.Poll(ven_id=peer.ven_id))
            assert (await peer.raw("OadrPoll", body)).status == 503
    assert "innocent" not in caplog.text


async def test_it_catches_what_the_service_refuses() -> None:
    async def explain(message: m.Message, ctx: Context, call_next: Call) -> Any:
        try:
            return await call_next(message)
        except InvalidId as error:
            raise InvalidId(f"call us: {error.description}") from error

    async with around(explain) as (_, peer):
        wrong = m.CancelPartyRegistration(
            request_id="q", registration_id="another", ven_id=peer.ven_id
        )
        response = (await peer.post(wrong)).response
    assert response.code == 452
    assert response.description.startswith("call us: registrationID")


async def test_work_of_a_middleware_after_the_reply_is_done() -> None:
    done: list[str] = []

    async def work() -> None:
        done.append("work")

    async def later(message: m.Message, ctx: Context, call_next: Call) -> Any:
        ctx.after_reply(work())
        return await call_next(message)

    async with around(later) as (world, peer):
        await peer.poll()
        await world.server.tasks.drain(1)
    assert done == ["work"]


async def test_it_stands_around_hooks_too() -> None:
    order: list[str] = []

    class Polls(PollHandler):
        async def on_poll(self, ctx: Context) -> None:
            order.append("hook")

    async def look(message: m.Message, ctx: Context, call_next: Call) -> Any:
        order.append("before")
        reply = await call_next(message)
        order.append("after")
        return reply

    async with a_ven(handlers=(Polls(),)) as (world, peer):
        order.clear()
        desk_of(world).middleware.add(look)
        await peer.poll()
    assert order == ["before", "hook", "after"]
