"""Events that an application brings in: by on_request_event, and by on_poll."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import EventStatus, OptType, ResponseRequired
from oadr.event import build_event, parse_levels
from tests.vtn.kit import HOUR, INTERVAL, MINUTE, a_ven, answer, dispatch, joined
from vtn.errors import Conflict, NotFound
from vtn.hooks import Context, EventAnswer, EventHandler, PollHandler
from vtn.operator import Audience
from vtn.store import delivery, event
from vtn.store.event import StoredEvent
from vtn.testing import Peer, World


class Programme(EventHandler):
    """An application that has events of its own."""

    def __init__(self) -> None:
        self.events: Any = None
        self.answers: list[EventAnswer] = []
        self.delivered: list[str] = []

    async def on_request_event(self, ctx: Context) -> Sequence[m.Event] | None:
        return self.events  # type: ignore[no-any-return]

    async def on_created_event(self, answer: EventAnswer, ctx: Context) -> None:
        self.answers.append(answer)

    async def on_event_delivered(self, events: Sequence[m.Event], ctx: Context) -> None:
        self.delivered += [one.event_id for one in events]


class Queue(PollHandler):
    """Answers a poll with what a test puts in."""

    def __init__(self) -> None:
        self.answer: Any = None

    async def on_poll(self, ctx: Context) -> m.Message | m.Event | Sequence[m.Event] | None:
        return self.answer  # type: ignore[no-any-return]


def made(world: World, event_id: str = "x1", **values: Any) -> m.Event:
    now = world.clock.now()
    fields: dict[str, Any] = {
        "market_context": "http://programme.example",
        "start": now + HOUR,
        "intervals": parse_levels("1:15m,2:30m"),
    }
    return build_event(event_id=event_id, now=now, **(fields | values))


def numbered(one: m.Event, number: int, **values: Any) -> m.Event:
    changed = replace(one.descriptor, modification_number=number, **values)
    return replace(one, descriptor=changed)


def cancelled(one: m.Event, number: int = 0) -> m.Event:
    return numbered(one, number, event_status=EventStatus.CANCELLED)


def moved(one: m.Event, by: timedelta) -> m.Event:
    period = one.active_period
    return replace(one, active_period=replace(period, dtstart=period.dtstart + by))


async def ask(peer: Peer) -> m.DistributeEvent:
    shot: m.DistributeEvent = await peer.post(m.RequestEvent(request_id="r", ven_id=peer.ven_id))
    return shot


def seen(shot: m.DistributeEvent) -> list[tuple[str, int, EventStatus]]:
    return [
        (
            one.event_id,
            one.descriptor.modification_number,
            one.descriptor.event_status,
        )
        for one in shot.events
    ]


async def stored(world: World, event_id: str = "x1") -> StoredEvent | None:
    async with world.desk.store.read() as tx:
        return await event.get(tx, event_id=event_id)


FAR, CANCELLED = EventStatus.FAR, EventStatus.CANCELLED

# ---------------------------------------------------------------- oadrRequestEvent


@pytest.mark.parametrize("nothing", [None, [], ()])
async def test_an_application_without_events_leaves_those_of_the_vtn(nothing: Any) -> None:
    programme = Programme()
    programme.events = nothing
    async with a_ven(handlers=(programme,)) as (world, peer):
        await dispatch(world)
        assert seen(await ask(peer)) == [("e1", 0, FAR)]


async def test_events_of_an_application_stand_among_those_of_the_vtn_in_the_order_of_r15() -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        await dispatch(world, "later", start=world.clock.now() + 3 * HOUR)
        programme.events = [
            made(world, "last", start=world.clock.now() + 4 * HOUR),
            made(world, "first"),
        ]
        assert [one.event_id for one in (await ask(peer)).events] == ["first", "later", "last"]
        assert programme.delivered == ["first", "later", "last"]


async def test_an_event_of_an_application_is_repeated_until_it_is_answered() -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        programme.events = [made(world)]
        shot = await ask(peer)
        assert shot.response is not None
        assert (shot.response.code, shot.request_id) == (200, "r")
        assert isinstance(await peer.poll(), m.Response)
        await world.clock.advance(INTERVAL)
        again = await peer.poll()
        assert seen(again) == [("x1", 0, FAR)]
        reply = await peer.post(answer(peer, again))
        assert reply.response.code == 200
        assert [(one.event_id, one.opt_type) for one in programme.answers] == [
            ("x1", OptType.OPT_IN)
        ]
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


async def test_what_is_the_same_as_before_is_not_written_again() -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        programme.events = [made(world)]
        first = await ask(peer)
        before = await stored(world)
        await world.clock.advance(MINUTE)
        # Made anew each time, as an application does: createdDateTime is another.
        programme.events = [made(world, start=first.events[0].active_period.dtstart)]
        assert seen(await ask(peer)) == [("x1", 0, FAR)]
        assert await stored(world) == before


async def test_an_event_that_is_no_longer_returned_goes_on() -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        programme.events = [made(world)]
        await ask(peer)
        programme.events = []
        assert seen(await ask(peer)) == [("x1", 0, FAR)]


async def test_fractions_of_a_second_are_no_change() -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        one = made(world)
        programme.events = [moved(one, timedelta(microseconds=400_000))]
        await ask(peer)
        assert seen(await ask(peer)) == [("x1", 0, FAR)]


async def test_r5_other_content_counts_the_modification_number_up() -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        one = made(world)
        programme.events = [one]
        await peer.post(answer(peer, await ask(peer)))
        programme.events = [moved(one, HOUR)]
        assert seen(await ask(peer)) == [("x1", 1, FAR)]
        assert seen(await ask(peer)) == [("x1", 1, FAR)]
        await world.clock.advance(2 * INTERVAL)
        assert seen(await peer.poll()) == [("x1", 1, FAR)]


@pytest.mark.parametrize(("given", "expected"), [(0, 1), (1, 1), (7, 7)])
async def test_a_modification_number_of_the_application_that_is_higher_is_kept(
    given: int, expected: int
) -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        one = made(world)
        programme.events = [one]
        await ask(peer)
        programme.events = [numbered(moved(one, HOUR), given)]
        assert seen(await ask(peer)) == [("x1", expected, FAR)]


async def test_a_higher_number_alone_is_a_modification_and_a_lower_one_is_none() -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        one = made(world)
        programme.events = [numbered(one, 3)]
        assert seen(await ask(peer)) == [("x1", 3, FAR)]
        programme.events = [numbered(one, 5)]
        assert seen(await ask(peer)) == [("x1", 5, FAR)]
        programme.events = [numbered(one, 4)]
        assert seen(await ask(peer)) == [("x1", 5, FAR)]


async def test_r52_a_cancelled_event_goes_out_until_it_is_acknowledged() -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        one = made(world)
        programme.events = [one]
        await peer.post(answer(peer, await ask(peer)))
        programme.events = [cancelled(one)]
        shot = await ask(peer)
        assert seen(shot) == [("x1", 1, CANCELLED)]
        assert seen(await ask(peer)) == [("x1", 1, CANCELLED)]
        await peer.post(answer(peer, shot))
        assert seen(await ask(peer)) == []


async def test_an_event_that_a_vtn_has_forgotten_and_is_cancelled_goes_out_as_cancelled() -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        programme.events = [cancelled(made(world), 4)]
        shot = await ask(peer)
        assert seen(shot) == [("x1", 4, CANCELLED)]
        await peer.post(answer(peer, shot))
        assert seen(await ask(peer)) == []


async def test_r66_an_event_that_is_over_is_not_taken_in_and_is_no_fault() -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        over = made(world, start=world.clock.now() - 2 * HOUR)
        for one in (over, cancelled(over)):
            programme.events = [one]
            shot = await ask(peer)
            assert shot.response is not None
            assert (shot.response.code, shot.events) == (200, ())
        assert await stored(world) is None


async def test_an_event_runs_its_course_while_the_application_returns_it() -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        programme.events = [made(world)]
        statuses = []
        for _ in range(5):
            statuses += [status for _, _, status in seen(await ask(peer))]
            await world.clock.advance(timedelta(minutes=31))
        assert statuses == [FAR, FAR, EventStatus.ACTIVE, EventStatus.ACTIVE]


async def test_two_requests_at_once_make_one_event() -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        programme.events = [made(world)]
        shots = await asyncio.gather(*(ask(peer) for _ in range(5)))
        assert [seen(shot) for shot in shots] == [[("x1", 0, FAR)]] * 5
        async with world.desk.store.read() as tx:
            assert len(await event.versions(tx, event_id="x1")) == 1


# ---------------------------------------------------------------- several VENs


async def test_r70_an_event_that_is_the_same_for_several_vens_is_one() -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        other = await joined(world, "other")
        programme.events = [made(world)]
        assert seen(await ask(peer)) == seen(await ask(other)) == [("x1", 0, FAR)]
        programme.events = [moved(programme.events[0], HOUR)]
        assert seen(await ask(peer)) == [("x1", 1, FAR)]
        assert seen(await other.poll()) == [("x1", 1, FAR)]


async def test_r70_an_event_id_of_another_ven_with_other_content_is_469(
    caplog: pytest.LogCaptureFixture,
) -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        other = await joined(world, "other")
        programme.events = [made(world)]
        await ask(peer)
        programme.events = [moved(programme.events[0], HOUR), made(world, "x2")]
        shot = await ask(other)
        assert shot.response is not None
        assert (shot.response.code, shot.events) == (469, ())
        assert "another VEN" in caplog.text
        assert seen(await other.poll()) == [("x2", 0, FAR)]
        assert ("x1", 1, FAR) in seen(await ask(peer))


async def test_share_event_adds_vens_to_an_event_that_is_the_same() -> None:
    async with a_ven() as (world, peer):
        other = await joined(world, "other")
        one, now = made(world), world.clock.now()
        await world.operator.create_event(one, Audience(vens=frozenset({"ven"})), now=now)
        everyone = Audience(everyone=True)
        again = moved(numbered(one, 9), timedelta(0))
        row, added = await world.operator.share_event(again, everyone, now=now)
        assert (row.event_id, added) == ("x1", 1)
        assert seen(await peer.poll()) == seen(await other.poll()) == [("x1", 0, FAR)]
        await peer.post(answer(peer, await ask(peer)))
        _, added = await world.operator.share_event(one, everyone, now=now)
        assert added == 0
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


async def test_share_event_refuses_what_is_another_event_or_none() -> None:
    async with a_ven() as (world, _):
        one, now, everyone = made(world), world.clock.now(), Audience(everyone=True)
        with pytest.raises(NotFound):
            await world.operator.share_event(one, everyone, now=now)
        await world.operator.create_event(one, everyone, now=now)
        with pytest.raises(Conflict, match="other content"):
            await world.operator.share_event(moved(one, HOUR), everyone, now=now)
        await world.operator.cancel_event("x1", now=now)
        with pytest.raises(Conflict, match="cancelled"):
            await world.operator.share_event(one, everyone, now=now)


# ---------------------------------------------------------------- oadrPoll


@pytest.mark.parametrize("form", ["one", "list", "tuple", "message"])
async def test_events_in_answer_to_a_poll_go_out_once_and_end_the_queue(form: str) -> None:
    queue = Queue()
    async with a_ven(handlers=(queue,)) as (world, peer):
        one = made(world)
        queue.answer = {
            "one": one,
            "list": [one],
            "tuple": (one,),
            "message": m.DistributeEvent(request_id="", vtn_id="", events=(one,)),
        }[form]
        shot = await peer.poll()
        assert seen(shot) == [("x1", 0, FAR)]
        assert shot.request_id
        assert shot.vtn_id == "vtn"
        assert shot.response.code == 200
        assert isinstance(await peer.poll(), m.Response)
        assert (await peer.post(answer(peer, shot))).response.code == 200
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


@pytest.mark.parametrize("nothing", [[], (), m.DistributeEvent(request_id="", vtn_id="")])
async def test_r61_no_events_cancel_none_at_the_ven(nothing: Any) -> None:
    queue = Queue()
    async with a_ven(handlers=(queue,)) as (world, peer):
        await dispatch(world)
        await peer.post(answer(peer, await peer.poll()))
        queue.answer = nothing
        assert isinstance(await peer.poll(), m.Response)


async def test_r502_an_event_of_a_handler_goes_out_in_the_whole_snapshot() -> None:
    queue = Queue()
    async with a_ven(handlers=(queue,)) as (world, peer):
        await dispatch(world)
        await peer.post(answer(peer, await peer.poll()))
        queue.answer = made(world)
        assert seen(await peer.poll()) == [("e1", 0, FAR), ("x1", 0, FAR)]


async def test_a_message_of_a_handler_that_is_no_event_goes_out_as_it_is() -> None:
    queue = Queue()
    async with a_ven(handlers=(queue,)) as (_, peer):
        queue.answer = m.RequestReregistration(ven_id=peer.ven_id)
        assert await peer.poll() == queue.answer


# ---------------------------------------------------------------- what must not be sent


def without_signal(one: m.Event) -> m.Event:
    return replace(one, signals=())


def of_level_seven(one: m.Event) -> m.Event:
    (signal,) = one.signals
    first, *others = signal.intervals
    seven = replace(first, payloads=(m.SignalPayload(value=Decimal(7)),))
    return replace(one, signals=(replace(signal, intervals=(seven, *others)),))


def too_short(one: m.Event) -> m.Event:
    return replace(one, active_period=replace(one.active_period, duration=MINUTE))


def for_two(one: m.Event) -> m.Event:
    return replace(one, target=m.Target(ven_ids=("a", "b")))


def without_id(one: m.Event) -> m.Event:
    return replace(one, descriptor=replace(one.descriptor, event_id=""))


def broken(one: m.Event) -> m.Event:
    return replace(one, descriptor=None)  # type: ignore[arg-type]


def without_zone(one: m.Event) -> m.Event:
    period = replace(one.active_period, dtstart=datetime(2030, 1, 1))  # noqa: DTZ001
    return replace(one, active_period=period)


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (without_signal, "R510"),
        (of_level_seven, "R9"),
        (too_short, "R8"),
        (for_two, "R63"),
        (without_id, "R70"),
        (broken, ""),
        (without_zone, ""),
    ],
)
@pytest.mark.parametrize("by_poll", [False, True])
async def test_an_event_that_must_not_be_sent_is_469_and_named_in_the_log(
    spoil: Any, rule: str, by_poll: bool, caplog: pytest.LogCaptureFixture
) -> None:
    programme, queue = Programme(), Queue()
    async with a_ven(handlers=(programme, queue)) as (world, peer):
        bad, good = spoil(made(world)), made(world, "x2")
        if by_poll:
            queue.answer = [bad, good]
            reply = await peer.poll()
            assert isinstance(reply, m.Response)
        else:
            programme.events = [bad, good]
            reply = await ask(peer)
        assert reply.response is not None
        assert reply.response.code == 469
        handler = "Queue.on_poll" if by_poll else "Programme.on_request_event"
        assert handler in caplog.text
        assert rule in caplog.text
        assert handler not in (reply.response.description or "")
        assert await stored(world) is None
        programme.events, queue.answer = None, None
        assert seen(await ask(peer)) == [("x2", 0, FAR)]


async def test_r20_the_past_of_an_event_does_not_change(
    caplog: pytest.LogCaptureFixture,
) -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        one = made(world, start=world.clock.now() + MINUTE)
        programme.events = [one]
        await ask(peer)
        await world.clock.advance(2 * MINUTE)
        programme.events = [moved(one, MINUTE)]
        shot = await ask(peer)
        assert shot.response is not None
        assert shot.response.code == 469
        assert "R20" in caplog.text
        programme.events = [one]
        assert seen(await ask(peer)) == [("x1", 0, EventStatus.ACTIVE)]


async def test_r70_two_events_of_one_id_are_neither_taken() -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        one = made(world)
        programme.events = [one, moved(one, HOUR), one]
        shot = await ask(peer)
        assert shot.response is not None
        assert shot.response.code == 469
        assert await stored(world) is None
        programme.events = [one, one]
        assert seen(await ask(peer)) == [("x1", 0, FAR)]


@pytest.mark.parametrize("nonsense", ["events", 7, [7], [None], {"events": []}])
@pytest.mark.parametrize("by_poll", [False, True])
async def test_what_is_no_event_is_469(
    nonsense: Any, by_poll: bool, caplog: pytest.LogCaptureFixture
) -> None:
    programme, queue = Programme(), Queue()
    async with a_ven(handlers=(programme, queue)) as (_, peer):
        programme.events = queue.answer = nonsense
        with caplog.at_level(logging.ERROR):
            reply = await (peer.poll() if by_poll else ask(peer))
        assert reply.response is not None
        assert reply.response.code == 469
        assert "test_external" in caplog.text


async def test_an_event_that_wants_no_answer_is_sent_three_times() -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        programme.events = [made(world, response_required=ResponseRequired.NEVER)]
        assert len((await ask(peer)).events) == 1
        sent = 0
        for _ in range(8):
            await world.clock.advance(4 * INTERVAL)
            sent += isinstance(await peer.poll(), m.DistributeEvent)
        assert sent == 2


async def test_a_ven_that_registers_anew_gets_the_events_of_the_application_again() -> None:
    programme = Programme()
    async with a_ven(handlers=(programme,)) as (world, peer):
        programme.events = [made(world)]
        await peer.post(answer(peer, await ask(peer)))
        await peer.register("ven")
        assert seen(await ask(peer)) == [("x1", 0, FAR)]
        member = world.desk.roster.of_ven_id(peer.ven_id)
        assert member is not None
        async with world.desk.store.read() as tx:
            found = await delivery.get(tx, event_id="x1", party_pk=member.pk)
        assert found is not None
        assert (found.sent_count, found.acked_modification) == (1, None)
