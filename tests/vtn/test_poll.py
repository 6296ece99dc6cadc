"""OadrPoll: what comes, in which order, and what handlers can make of it."""

import asyncio
from typing import Any

import pytest

from oadr import codec
from oadr import messages as m
from tests.vtn.kit import INTERVAL, Open, a_ven, answer, dispatch, joined
from vtn.hooks import Context, PollHandler
from vtn.store import Store, outbox
from vtn.store.errors import DatabaseBusy
from vtn.testing import running, until


async def test_r500_r501_a_poll_for_which_nothing_waits_gets_a_response() -> None:
    async with a_ven() as (_, peer):
        reply = await peer.poll()
    assert reply == m.Response(response=m.EiResponse(description="OK"), ven_id=peer.ven_id)


async def test_r500_what_waits_goes_out_one_by_one_in_order() -> None:
    async with a_ven() as (world, peer):
        now = world.clock.now()
        await dispatch(world)
        await world.operator.request_metadata("ven", now=now)
        await world.operator.request_reregistration("ven", now=now)
        kinds = [type(await peer.poll()) for _ in range(4)]
    assert kinds == [m.CreateReport, m.RequestReregistration, m.DistributeEvent, m.Response]


async def test_r405_what_ends_while_a_poll_waits_for_the_database_is_not_sent_any_more() -> None:
    async with a_ven() as (world, peer):
        now = world.clock.now()
        await world.operator.request_reregistration("ven", now=now)
        await dispatch(world)
        member = world.desk.roster.of_name("ven")
        assert member is not None
        async with world.store.begin() as tx:
            poll = asyncio.create_task(peer.poll())
            await until(lambda: member.lock is not None and member.lock.locked())
            await asyncio.sleep(0.1)
            await outbox.done(tx, party_pk=member.pk, kind="oadrRequestReregistration", now=now)
        assert isinstance(await poll, m.DistributeEvent)


def _busy(_: Store) -> Any:
    raise DatabaseBusy("test")


async def test_r512_a_ven_id_in_another_case_is_nobody() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        peer = world.client("School")
        await peer.register("School", ven_id="School")
        reply = await peer.post(m.Poll(ven_id="sCHOOL"))
        assert reply.response.code == 452
        assert isinstance(await peer.poll(), m.RegisterReport)


async def test_r21_the_ven_id_of_another_ven_is_452_and_takes_nothing_from_it() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        one, other = world.client("one"), world.client("other")
        await one.register("one")
        await other.register("other")
        reply = await other.post(m.Poll(ven_id=one.ven_id))
        assert reply.response.code == 452
        assert isinstance(await one.poll(), m.RegisterReport)


async def test_a_poll_with_nothing_to_say_asks_the_store_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_ven() as (_, peer):
        await peer.poll()
        with monkeypatch.context() as patched:
            for name in ("read", "begin"):
                patched.setattr(Store, name, _busy)
            assert (await peer.poll()).response.code == 200


async def test_r50_what_is_answered_while_a_poll_waits_for_the_database_is_not_sent_again() -> None:
    async with a_ven() as (world, peer):
        now = world.clock.now()
        await dispatch(world)
        await peer.poll()
        await world.operator.cancel_event("e1", now=now)
        shot = await peer.poll()
        assert isinstance(shot, m.DistributeEvent)
        await world.clock.advance(INTERVAL)
        member = world.desk.roster.of_name("ven")
        assert member is not None
        async with world.store.begin():
            # Those who write wait in a row: the answer first, then whoever repeats the event.
            said = asyncio.create_task(peer.post(answer(peer, shot)))
            await asyncio.sleep(0.05)
            poll = asyncio.create_task(peer.poll())
            await until(lambda: member.lock is not None and member.lock.locked())
            await asyncio.sleep(0.05)
        assert (await said).response.code == 200
        assert isinstance(await poll, m.Response)


async def test_the_store_is_not_asked_again_behind_events_until_they_are_due_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        assert isinstance(await peer.poll(), m.DistributeEvent)
        with monkeypatch.context() as patched:
            for name in ("read", "begin"):
                patched.setattr(Store, name, _busy)
            assert isinstance(await peer.poll(), m.Response)
        await world.clock.advance(INTERVAL)
        assert isinstance(await peer.poll(), m.DistributeEvent)
        await world.operator.request_metadata("ven", now=world.clock.now())
        assert isinstance(await peer.poll(), m.CreateReport)


async def test_a_database_that_fails_is_503_and_what_waits_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)

        body = codec.encode(m.Poll(ven_id=peer.ven_id))
        with monkeypatch.context() as patched:
            patched.setattr(Store, "read", _busy)
            answer = await peer.raw("OadrPoll", body)
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert isinstance(await peer.poll(), m.DistributeEvent)


class Queue(PollHandler):
    """Answers with what a test puts in."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer

    async def on_poll(self, ctx: Context) -> m.Message | None:
        if callable(self.answer):
            return await self.answer()  # type: ignore[no-any-return]
        return self.answer  # type: ignore[no-any-return]


async def test_a_handler_answers_only_when_nothing_waits() -> None:
    queue = Queue()
    async with a_ven(handlers=(queue,)) as (world, peer):
        queue.answer = m.RequestReregistration(ven_id=peer.ven_id)
        await dispatch(world)
        assert isinstance(await peer.poll(), m.DistributeEvent)
        assert await peer.poll() == queue.answer


async def _hangs() -> None:
    await asyncio.sleep(60)


async def _raises() -> None:
    raise RuntimeError("oops")


@pytest.mark.parametrize(
    "nonsense",
    [
        _hangs,
        _raises,
        7,
        m.Poll(ven_id="x"),
        m.RequestReregistration(ven_id="somebody else"),
        m.DistributeEvent(request_id="r", vtn_id=7),  # type: ignore[arg-type]
        m.DistributeEvent(request_id="r", vtn_id="vtn", events=("e1",)),  # type: ignore[arg-type]
        m.CreateReport(request_id="r", requests=()),
    ],
)
async def test_a_handler_that_fails_costs_its_own_exchange_469(nonsense: Any) -> None:
    queue = Queue(nonsense)
    async with a_ven_with(queue, {"time_limit": "50ms"}) as (_, peer):
        reply = await peer.poll()
        assert isinstance(reply, m.Response)
        assert reply.response.code == 469
        queue.answer = None
        assert (await peer.poll()).response.code == 200


def a_ven_with(queue: Queue, overrides: dict[str, Any] | None = None) -> Any:
    """The VEN's first polls are for the VTN's metadata, not for the handler."""

    class Later(PollHandler):
        async def on_poll(self, ctx: Context) -> m.Message | None:
            return await queue.on_poll(ctx) if seen(ctx) else None

    calls: list[str] = []

    def seen(ctx: Context) -> bool:
        calls.append(ctx.ven_id)
        return len(calls) > 1

    return a_ven(overrides, handlers=(Later(),))


async def test_a_handler_that_hangs_holds_up_nobody_else() -> None:
    started = asyncio.Event()

    class Slow(PollHandler):
        async def on_poll(self, ctx: Context) -> m.Message | None:
            if ctx.ven_name == "slow":
                started.set()
                await asyncio.sleep(60)
            return None

    async with running({"time_limit": "300ms"}, handlers=[Open(), Slow()]) as world:
        quick = await joined(world, "quick")
        slow = world.peer()
        await slow.register("slow")
        await slow.poll()
        hanging = asyncio.create_task(slow.poll())
        await started.wait()
        assert (await quick.poll()).response.code == 200
        assert not hanging.done()
        assert (await hanging).response.code == 469


async def test_what_a_handler_wants_done_after_the_reply_is_done_after_the_reply() -> None:
    order: list[str] = []
    done = asyncio.Event()

    class After(PollHandler):
        async def on_poll(self, ctx: Context) -> m.Message | None:
            async def work() -> None:
                order.append("work")
                done.set()

            ctx.after_reply(work())
            # The exchange takes a while yet, and the work waits for its end.
            await asyncio.sleep(0.01)
            order.append("decided")
            return None

    async with a_ven(handlers=(After(),)):
        await done.wait()
    assert order == ["decided", "work"]


async def test_work_after_the_reply_is_finished_before_the_server_stops() -> None:
    done: list[str] = []

    class After(PollHandler):
        async def on_poll(self, ctx: Context) -> m.Message | None:
            async def work() -> None:
                await asyncio.sleep(0.05)
                done.append(ctx.ven_id)

            ctx.after_reply(work())
            return None

    async with a_ven(handlers=(After(),)) as (world, peer):
        await world.server.stop()
    assert done == [peer.ven_id]


async def test_work_after_the_reply_that_fails_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class After(PollHandler):
        async def on_poll(self, ctx: Context) -> m.Message | None:
            ctx.after_reply(_raises())
            return None

    async with a_ven(handlers=(After(),)) as (world, peer):
        assert (await peer.poll()).response.code == 200
        await world.server.tasks.drain(1)
        assert world.server.tasks.failed == 2
    assert "oops" in caplog.text


async def test_an_event_that_becomes_due_ends_the_quiet() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        await peer.poll()
        assert isinstance(await peer.poll(), m.Response)
        await world.clock.advance(INTERVAL)
        assert isinstance(await peer.poll(), m.DistributeEvent)
