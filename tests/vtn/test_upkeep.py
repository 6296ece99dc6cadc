"""What a VTN does between messages."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from runtime.middleware import Call
from runtime.tasks import Tasks
from tests.vtn.kit import HOUR, INTERVAL, Open, a_ven, answer, dispatch, joined
from vtn import upkeep
from vtn.hooks import Context, PollHandler
from vtn.roster import Roster
from vtn.store import Store, delivery, outbox, party
from vtn.store.errors import DatabaseBusy
from vtn.testing import running


class Watcher(PollHandler):
    """Writes down who comes and goes."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def on_ven_online(self, ctx: Context) -> None:
        self.seen.append(f"{ctx.ven_name} on")

    async def on_ven_offline(self, ctx: Context) -> None:
        if ctx.ven_name == "hangs":
            await asyncio.sleep(60)
        self.seen.append(f"{ctx.ven_name} off")


async def test_a_ven_that_misses_three_polls_is_offline_until_it_polls_again() -> None:
    async with a_ven(handlers=(watcher := Watcher(),)) as (world, peer):
        await world.clock.advance(3 * INTERVAL)
        await upkeep.silent(world.desk)
        await world.clock.advance(timedelta(0))
        assert watcher.seen == ["ven on"]
        await world.clock.advance(INTERVAL)
        await upkeep.silent(world.desk)
        await upkeep.silent(world.desk)
        await world.clock.advance(timedelta(0))
        assert watcher.seen == ["ven on", "ven off"]
        await peer.poll()
        await world.clock.advance(timedelta(0))
        assert watcher.seen == ["ven on", "ven off", "ven on"]


async def test_a_handler_that_hangs_holds_up_the_news_of_no_other_ven() -> None:
    settings = {"time_limit": "100ms"}
    async with running(settings, handlers=[Open(), watcher := Watcher()]) as world:
        for name in ("hangs", "other"):
            await joined(world, name)
        await world.clock.advance(HOUR)
        await upkeep.silent(world.desk)
        await world.clock.advance(timedelta(0))
        assert "other off" in watcher.seen


def _interrupted(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Makes whoever has written wait before the roster is told; returns what says so."""
    written, refresh = asyncio.Event(), Roster.refresh

    async def late(self: Roster, store: Store) -> frozenset[int]:
        if written.is_set():
            return await refresh(self, store)
        written.set()
        await asyncio.Event().wait()
        return frozenset()

    monkeypatch.setattr(Roster, "refresh", late)
    return written


async def test_what_an_exchange_has_written_that_is_cancelled_is_taken_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_ven() as (world, peer):
        leave = m.CancelPartyRegistration(
            request_id="q", registration_id=peer.registration_id, ven_id=peer.ven_id
        )
        endpoint = world.server._endpoint
        assert endpoint is not None
        written = _interrupted(monkeypatch)
        exchange = asyncio.create_task(
            endpoint.answer(ServiceName.EI_REGISTER_PARTY, codec.encode(leave))
        )
        await written.wait()
        exchange.cancel()
        with pytest.raises(asyncio.CancelledError):
            await exchange
        await upkeep.watch(world.desk)
        assert (await peer.poll()).response.code == 463


async def test_what_was_written_when_a_middleware_lost_its_patience_is_taken_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def impatient(message: m.Message, ctx: Context, call_next: Call) -> Any:
        async with asyncio.timeout(0.05):
            return await call_next(message)

    async with a_ven() as (world, peer):
        leave = m.CancelPartyRegistration(
            request_id="q", registration_id=peer.registration_id, ven_id=peer.ven_id
        )
        world.server.add_middleware(impatient)
        _interrupted(monkeypatch)
        assert (await peer.post(leave)).response.code == 469
        await upkeep.watch(world.desk)
        assert (await peer.poll()).response.code == 463


async def test_when_vens_were_last_seen_is_written_in_one_batch() -> None:
    async with a_ven() as (world, _):
        await upkeep.flush(world.desk)
        async with world.desk.store.read() as tx:
            row = await party.get(tx, ven_name="ven")
        assert row is not None
        assert row.last_seen == world.clock.now()
        assert world.desk.sightings == {}


async def test_sightings_that_could_not_be_written_are_written_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_ven() as (world, _):
        with monkeypatch.context() as patched:
            patched.setattr(Store, "begin", _busy)
            with pytest.raises(DatabaseBusy):
                await upkeep.flush(world.desk)
        assert len(world.desk.sightings) == 1
        await upkeep.flush(world.desk)
        assert world.desk.sightings == {}


def _busy(_: Store) -> None:
    raise DatabaseBusy("test")


async def test_a_change_that_could_not_be_taken_over_is_taken_over_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_ven() as (world, _):
        other = await Store.open(world.folder / "vtn.db")
        async with other.begin() as tx:
            await party.create(tx, ven_id="v2", ven_name="late", now=world.clock.now())
        await other.close()
        with monkeypatch.context() as patched:
            patched.setattr(Store, "read", _busy)
            with pytest.raises(DatabaseBusy):
                await upkeep.watch(world.desk)
        assert world.desk.roster.of_ven_id("v2") is None
        await upkeep.watch(world.desk)
        assert world.desk.roster.of_ven_id("v2") is not None


async def test_events_that_are_over_and_old_messages_are_put_away() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        await peer.post(answer(peer, await peer.poll()))
        await world.operator.request_reregistration("ven", now=world.clock.now())
        await peer.poll()
        await peer.register("ven")
        await world.clock.advance(upkeep.KEPT + HOUR)
        await upkeep.tidy(world.desk)
        async with world.desk.store.begin() as tx:
            found = await delivery.get(tx, party_pk=1, event_id="e1")
            assert found is not None
            assert found.closed_at is not None
            assert await outbox.prune(tx, before=world.clock.now() + HOUR) == 0


async def test_a_fault_in_one_round_does_not_end_the_work(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rounds = iter((ZeroDivisionError(), DatabaseBusy("test")))
    done = asyncio.Event()

    async def faulty(_: object) -> None:
        error = next(rounds, None)
        if error is not None:
            raise error
        done.set()

    monkeypatch.setattr(upkeep, "WATCH", 0.001)
    monkeypatch.setattr(upkeep, "watch", faulty)
    async with running() as world:
        tasks = Tasks()
        upkeep.start(world.desk, tasks)
        await done.wait()
        await tasks.close()
    assert "ZeroDivisionError" in caplog.text
    assert "cannot watch for changes" in caplog.text
