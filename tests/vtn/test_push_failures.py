"""HTTP push: what happens when a VEN does not take a message."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from oadr import messages as m
from tests.vtn.kit import INTERVAL, answer
from tests.vtn.test_push import QUIET, a_listener, kinds, waiting
from vtn.dispatch.backoff import pause
from vtn.dispatch.push import MOST_GARBLED
from vtn.dispatch.undelivered import Undelivered
from vtn.store import outbox, push
from vtn.testing import JoinedWorld, joined, until
from vtn.testing.ear import Said

SECOND = timedelta(seconds=1)


def gone(_: object) -> Exception:
    """Answers nothing at all."""
    return Undelivered("nobody is there")


async def ask_again(world: JoinedWorld, count: int = 1) -> None:
    """Puts something into the outbox of the VEN."""
    for _ in range(count):
        await world.operator.request_metadata("school", now=world.clock.now())


async def failures(world: JoinedWorld) -> list[str]:
    """Why messages were given up."""
    member = world.desk.roster.of_name("school")
    assert member is not None
    async with world.store.read() as tx:
        return [item.failed or "" for item in await outbox.failed(tx, party_pk=member.pk)]


@pytest.mark.parametrize("status", [404, 406, 501])
async def test_r38_what_a_ven_does_not_support_is_not_sent_again_and_what_follows_is(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        peer.ear.answer_next(status)
        await ask_again(world, 2)
        await world.pass_time(hours=1)
        assert kinds(peer) == ["CreateReport", "CreateReport"]
        assert peer.pushed[0] != peer.pushed[1]
        [reason] = await failures(world)
        assert reason.startswith(f"HTTP {status}")
        assert await waiting(world) == []
    [line] = [one for one in caplog.records if "cannot be pushed" in one.message]
    assert (line.levelname, line.ven) == ("WARNING", "school")  # type: ignore[attr-defined]
    assert f"HTTP {status}" in line.message


@pytest.mark.parametrize("status", [404, 406, 501])
async def test_r38_events_that_a_ven_does_not_take_are_sent_again_when_they_change(
    status: int,
) -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        peer.ear.answer_next(status)
        await world.send_event(event_id="e1")
        await world.pass_time(minutes=30)
        assert kinds(peer) == ["DistributeEvent"]
        await world.operator.cancel_event("e1", now=world.clock.now())
        await world.rest()
        assert kinds(peer) == ["DistributeEvent", "DistributeEvent"]


@pytest.mark.parametrize("given", [500, 503, 403, 302, 429, gone])
async def test_r38_a_ven_that_is_busy_or_away_gets_everything_later_in_order(given: Any) -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        peer.ear.answer_always(given)
        await ask_again(world, 2)
        await world.send_event()
        await world.pass_time(minutes=2)
        assert set(kinds(peer)) == {"CreateReport"}
        assert len({one.request_id for one in peer.pushed}) == 1  # type: ignore[union-attr]
        peer.ear.answer_properly()
        peer.pushed.clear()
        await world.pass_time(seconds=11)
        assert kinds(peer)[:3] == ["CreateReport", "CreateReport", "DistributeEvent"]
        assert await failures(world) == []
        assert await waiting(world) == []


async def test_r38_attempts_come_after_a_second_and_ever_less_often() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        moments: list[float] = []
        began = world.clock.now()

        def busy(_: object) -> int:
            moments.append((world.clock.now() - began).total_seconds())
            return 503

        peer.ear.answer_always(busy)
        await ask_again(world)
        await world.pass_time(minutes=1)
    pauses = [later - earlier for earlier, later in pairwise(moments)]
    for found, expected in zip(pauses, [1, 2, 4, 8, 10, 10], strict=False):
        assert 0.9 * expected <= found <= 1.1 * expected
    assert len(pauses) >= 6


def test_r38_a_pause_doubles_up_to_a_limit_give_or_take_a_tenth() -> None:
    random, longest = Random(1), timedelta(seconds=10)
    for failures_, seconds in ((1, 1), (2, 2), (4, 8), (5, 10), (100, 10)):
        drawn = [pause(failures_, longest, random) / SECOND for _ in range(200)]
        assert 0.9 * seconds <= min(drawn) < 0.95 * seconds
        assert 1.05 * seconds < max(drawn) <= 1.1 * seconds


def test_r38_a_ven_may_ask_for_a_longer_pause_but_not_for_ever() -> None:
    assert pause(1, 10 * SECOND, Random(1), wish=30) == 30 * SECOND
    assert pause(1, 10 * SECOND, Random(1), wish=1e300) == timedelta(hours=1)
    assert pause(3, 10 * SECOND, Random(1), wish=0) >= 3 * SECOND


@pytest.mark.parametrize("as_date", [False, True])
async def test_r38_retry_after_is_obeyed(as_date: bool) -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        later = datetime.now(UTC) + timedelta(seconds=62)
        wish = format_datetime(later, usegmt=True) if as_date else "60"
        peer.ear.answer_next(Said(status=503, headers={"Retry-After": wish}))
        await ask_again(world)
        await world.pass_time(seconds=55)
        assert len(peer.pushed) == 1
        await world.pass_time(seconds=10)
        assert len(peer.pushed) == 2


@pytest.mark.parametrize("wish", ["soon", "-1", "9" * 400, "", "Fri, 99 Foo 2026 00:00:00"])
async def test_a_retry_after_that_says_nothing_changes_nothing(wish: str) -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        peer.ear.answer_next(Said(status=503, headers={"Retry-After": wish}))
        await ask_again(world)
        await world.pass_time(seconds=2)
        assert len(peer.pushed) == 2


WRONG = {
    "garbage": b"<<<",
    "another_message": m.UpdatedReport(response=m.EiResponse(code=200), ven_id="?"),
    "a_message_that_answers_nothing": m.Poll(ven_id="?"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_r33_an_answer_that_cannot_be_used_is_asked_for_a_few_times(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        peer.ear.answer_next(*[WRONG[name]] * MOST_GARBLED)
        await ask_again(world, 2)
        await world.pass_time(hours=1)
        assert len(peer.pushed) == MOST_GARBLED + 1
        assert len(await failures(world)) == 1
        assert await waiting(world) == []
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


@pytest.mark.parametrize("ven_id", ["another", None])
async def test_r508_r512_an_answer_for_another_ven_is_not_believed(
    ven_id: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)

        def stranger(message: Any) -> m.Message:
            response = m.EiResponse(code=200, request_id=message.request_id)
            return m.CreatedReport(response=response, ven_id=ven_id)

        peer.ear.answer_next(stranger)
        await ask_again(world)
        await world.rest()
        assert len(await waiting(world)) == 1
        await world.pass_time(seconds=2)
        assert await waiting(world) == []
    [line] = [one for one in caplog.records if "cannot be pushed" in one.message]
    assert line.rule in {"R508", "R517"}  # type: ignore[attr-defined]


async def test_r304_what_is_wrong_in_an_answer_holds_up_nothing_if_the_rest_of_it_counts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)

        def strange(message: Any) -> Any:
            said: Any = peer.ear.proper(message)
            return replace(said, pending=(*said.pending, "nobody-asked-for-it"))

        peer.ear.answer_next(strange)
        await ask_again(world, 2)
        await world.rest()
        assert kinds(peer) == ["CreateReport", "CreateReport", "CancelReport"]
        assert (await waiting(world), await failures(world)) == ([], [])
        assert all(one.failure is None for one in world.desk.pushes.values())
    [line] = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert "452" in line.message
    assert line.rule == "R304"  # type: ignore[attr-defined]


async def test_r48_a_ven_that_refuses_in_words_is_not_asked_again() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        no = m.Response(response=m.EiResponse(code=461, description="no"), ven_id=peer.ven_id)
        peer.ear.answer_next(no)
        await ask_again(world)
        await world.pass_time(hours=1)
        assert len(peer.pushed) == 1
        assert await failures(world) == ["answers oadrResponse 461 no (R48)"]


async def test_r38_a_wish_for_reregistration_that_arrives_at_last_comes_once() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        peer.ear.answer_always(503)
        await world.operator.request_reregistration("school", now=world.clock.now())
        await world.pass_time(minutes=2)
        peer.ear.answer_properly()
        peer.pushed.clear()
        while not peer.pushed:
            await world.pass_time(seconds=1)
        await world.pass_time(seconds=5)
        assert kinds(peer) == ["RequestReregistration"]


@pytest.mark.parametrize("what", ["event", "wish"])
async def test_r38_what_a_slow_ven_answers_is_not_repeated_at_once(what: str) -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)

        async def slow(message: Any) -> Any:
            await world.clock.advance(2 * INTERVAL)
            return peer.ear.proper(message)

        peer.ear.answer_next(slow)
        if what == "event":
            await world.send_event()
        else:
            await world.operator.request_reregistration("school", now=world.clock.now())
        await world.rest()
        assert len(peer.pushed) == 1
        await world.pass_time(INTERVAL)
        assert len(peer.pushed) == 2


async def test_r500_a_mere_receipt_leaves_the_answer_to_a_later_message() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        read = m.Response(response=m.EiResponse(code=200), ven_id=peer.ven_id)
        peer.ear.answer_next(read)
        await ask_again(world)
        await world.rest()
        assert len(await waiting(world)) == 1
        assert await failures(world) == []


async def test_r42_an_answer_without_the_request_id_answers_what_was_sent_with_it() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        bare = m.CreatedReport(response=m.EiResponse(code=200), ven_id=peer.ven_id)
        peer.ear.answer_next(None, bare)
        await ask_again(world, 2)
        await world.rest()
        first, second = peer.pushed
        [left] = await waiting(world)
        assert left.ref == first.request_id != second.request_id  # type: ignore[union-attr]


@pytest.mark.parametrize("given", [b"OK", b"<a/>", m.UpdatedReport(response=m.EiResponse())])
async def test_r38_events_have_arrived_whatever_the_response_of_success_holds(
    given: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        peer.ear.answer_next(given)
        await world.send_event()
        await world.pass_time(seconds=9)
        assert len(peer.pushed) == 1
    [line] = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert line.message.startswith("oadrDistributeEvent")


async def test_r16_an_answer_to_events_in_the_response_counts() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)

        def opt_in(shot: Any) -> m.Message:
            return answer(peer, shot)

        peer.ear.answer_next(opt_in)
        await world.send_event()
        await world.pass_time(minutes=30)
        assert len(peer.pushed) == 1


async def test_r407_a_registration_that_was_ended_ends_whatever_the_ven_says() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        peer.ear.answer_always(404)
        await world.operator.cancel_registration("school", now=world.clock.now())
        await world.rest()
        member = world.desk.roster.of_name("school")
        assert member is not None
        assert not member.registered


async def test_a_ven_that_hangs_holds_up_no_other() -> None:
    settings = QUIET | {"push": {"concurrency": 2}}
    async with joined(settings) as world:
        hangs = await a_listener(world, "hangs")
        others = [await a_listener(world, f"ven-{n}") for n in range(5)]
        let_go = asyncio.Event()

        async def hang(_: object) -> None:
            await let_go.wait()

        hangs.ear.answer_always(hang)
        await world.send_event()
        await until(lambda: all(one.pushed for one in others))
        assert len(hangs.pushed) == 1
        let_go.set()
        await world.rest()


async def test_one_exchange_at_a_time_goes_to_a_ven() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        under_way: list[int] = [0]

        async def slow(message: Any) -> m.Message | None:
            under_way[0] += 1
            assert under_way[0] == 1
            await asyncio.sleep(0.01)
            under_way[0] -= 1
            return peer.ear.proper(message)

        peer.ear.answer_always(slow)
        await ask_again(world, 5)
        await world.send_event()
        await until(lambda: len(peer.pushed) == 6)
        await world.rest()
        assert await waiting(world) == []


async def test_a_ven_that_cannot_be_reached_is_offline_after_a_while_and_comes_back() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)

        def online() -> bool:
            member = world.desk.roster.of_name("school")
            return member is not None and member.online

        await world.pass_time(hours=1)
        assert online()
        peer.ear.answer_always(gone)
        await ask_again(world)
        await world.pass_time(minutes=1)
        assert not online()
        peer.ear.answer_properly()
        await world.pass_time(minutes=1)
        assert online()


async def test_a_ven_that_stays_away_does_not_fill_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        peer.ear.answer_always(503)
        await ask_again(world)
        await world.pass_time(minutes=5)
        peer.ear.answer_always(gone)
        await world.pass_time(minutes=5)
    lines = [one.message for one in caplog.records if "cannot be pushed" in one.message]
    assert len(lines) == 2


async def test_how_push_goes_is_written_down_for_the_operator() -> None:
    from vtn import upkeep

    async with joined(QUIET) as world:
        peer = await a_listener(world)
        reached = world.clock.now()
        await world.pass_time(seconds=5)
        peer.ear.answer_next(503)
        await ask_again(world)
        await world.rest()
        await upkeep.flush(world.desk)
        async with world.store.read() as tx:
            [found] = (await push.all_pushes(tx)).values()
        assert (found.reached_at, found.failed_at) == (reached, reached + 5 * SECOND)
        assert found.failure == "oadrCreateReport: HTTP 503: it is busy"
        assert found.failing
        await world.pass_time(seconds=2)
        await upkeep.flush(world.desk)
        async with world.store.read() as tx:
            [found] = (await push.all_pushes(tx)).values()
        assert not found.failing


async def test_a_database_that_fails_for_a_moment_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from vtn.store.errors import DatabaseBusy

    async with joined(QUIET) as world:
        peer = await a_listener(world)

        async def busy(*_: object, **__: object) -> None:
            raise DatabaseBusy("for a test")

        with monkeypatch.context() as patch:
            patch.setattr(outbox, "waiting", busy)
            await ask_again(world)
            await world.rest()
        assert peer.pushed == []
        await world.pass_time(seconds=2)
        assert kinds(peer) == ["CreateReport"]
        assert await waiting(world) == []
