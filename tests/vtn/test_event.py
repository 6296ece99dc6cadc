"""EiEvent, over HTTP, rule by rule."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from oadr import messages as m
from oadr.enums import EventStatus, OptType, ResponseRequired
from oadr.event import parse_levels
from tests.vtn.kit import HOUR, INTERVAL, MINUTE, Open, a_ven, answer, dispatch, joined
from vtn.hooks import Context, EventAnswer, EventHandler
from vtn.operator import Audience
from vtn.store import delivery
from vtn.store.delivery import Delivery
from vtn.testing import Peer, World, running


def request(peer: Peer, *, limit: int | None = None, request_id: str = "r1") -> m.RequestEvent:
    return m.RequestEvent(request_id=request_id, ven_id=peer.ven_id, reply_limit=limit)


def ids(shot: m.DistributeEvent) -> list[str]:
    return [event.event_id for event in shot.events]


async def state(world: World, peer: Peer, event_id: str = "e1") -> Delivery:
    member = world.desk.roster.of_ven_id(peer.ven_id)
    assert member is not None
    async with world.desk.store.read() as tx:
        found = await delivery.get(tx, party_pk=member.pk, event_id=event_id)
    assert found is not None
    return found


class Watcher(EventHandler):
    """Writes down what it sees."""

    def __init__(self) -> None:
        self.answers: list[EventAnswer] = []
        self.delivered: list[str] = []

    async def on_created_event(self, answer: EventAnswer, ctx: Context) -> None:
        self.answers.append(answer)

    async def on_event_delivered(self, events: Sequence[m.Event], ctx: Context) -> None:
        self.delivered += [event.event_id for event in events]


# ---------------------------------------------------------------- snapshot


async def test_r40_r41_a_request_without_events_gets_an_empty_snapshot() -> None:
    async with a_ven() as (_, peer):
        reply = await peer.post(request(peer, request_id="0042"))
    assert isinstance(reply, m.DistributeEvent)
    assert reply.events == ()
    assert reply.vtn_id == "vtn"
    assert reply.request_id == "0042"
    assert reply.response == m.EiResponse(description="OK", request_id="0042")


async def test_r41_the_request_id_of_a_snapshot_is_never_empty() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        asked = await peer.post(request(peer, request_id=""))
        await world.clock.advance(INTERVAL)
        polled = await peer.poll()
    assert asked.request_id
    assert polled.request_id
    assert polled.response.request_id == ""


async def test_r15_active_before_pending_then_priority_then_start() -> None:
    async with a_ven() as (world, peer):
        now = world.clock.now()
        await dispatch(world, "late", start=now + 3 * HOUR, priority=1)
        await dispatch(world, "soon", start=now + 2 * HOUR)
        await dispatch(world, "none", start=now + 2 * MINUTE, priority=0)
        await dispatch(world, "two-b", start=now + 2 * MINUTE, priority=2)
        await dispatch(world, "two-a", start=now + MINUTE, priority=2)
        await dispatch(world, "one", start=now + 3 * MINUTE, priority=1)
        await world.clock.advance(5 * MINUTE)
        shots = [await peer.post(request(peer)) for _ in range(2)]
    assert ids(shots[0]) == ids(shots[1]) == ["one", "two-a", "two-b", "none", "soon", "late"]


async def test_r15_ties_keep_one_order() -> None:
    async with a_ven() as (world, peer):
        for name in "cab":
            await dispatch(world, name, priority=3)
        orders = []
        for _ in range(3):
            orders.append(ids(await peer.post(request(peer))))
            await world.clock.advance(HOUR)
    assert orders == [["c", "a", "b"]] * 2 + [[]]


async def test_r27_the_reply_limit_is_honoured_and_the_rest_still_goes_out() -> None:
    async with a_ven() as (world, peer):
        for name in ("a", "b", "c"):
            await dispatch(world, name)
        assert ids(await peer.post(request(peer, limit=1))) == ["a"]
        assert (await state(world, peer, "b")).sent_modification is None
        assert ids(await peer.poll()) == ["a", "b", "c"]
        assert ids(await peer.post(request(peer, limit=0))) == ["a", "b", "c"]


async def test_r115_all_events_of_a_payload_have_one_created_date_time_that_is_fresh() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world, "a")
        await world.clock.advance(MINUTE)
        await dispatch(world, "b")
        await world.clock.advance(MINUTE)
        shot = await peer.post(request(peer))
        moments = {event.descriptor.created_date_time for event in shot.events}
        assert moments == {world.clock.now()}


async def test_r13_the_status_follows_time() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world, ramp_up=10 * MINUTE, start_after=5 * MINUTE)
        seen = []
        for step in (0, 51, 10, 45, 5):
            await world.clock.advance(step * MINUTE)
            shot = await peer.post(request(peer))
            seen.append([event.descriptor.event_status for event in shot.events])
    # R66: with startafter it is sent for as long as a VEN may still be at it.
    assert seen == [
        [EventStatus.FAR],
        [EventStatus.NEAR],
        [EventStatus.ACTIVE],
        [EventStatus.COMPLETED],
        [],
    ]


# ---------------------------------------------------------------- delivery


async def test_r502_a_poll_brings_a_new_event_once_it_is_there_and_not_before() -> None:
    async with a_ven(handlers=(watcher := Watcher(),)) as (world, peer):
        await dispatch(world)
        shot = await peer.poll()
        assert ids(shot) == ["e1"]
        assert isinstance(await peer.poll(), m.Response)
        assert watcher.delivered == ["e1"]


async def test_an_event_is_repeated_until_it_is_answered_also_when_a_reply_is_lost() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        await peer.poll()  # lost on its way
        await world.clock.advance(INTERVAL)
        shot = await peer.poll()
        assert ids(shot) == ["e1"]
        reply = await peer.post(answer(peer, shot))
        assert reply == m.Response(response=m.EiResponse(description="OK"), ven_id=peer.ven_id)
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


async def test_repetitions_become_rarer() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world, start=world.clock.now() + timedelta(days=1))
        sent = []
        for poll in range(120):
            if isinstance(await peer.poll(), m.DistributeEvent):
                sent.append(poll)
            await world.clock.advance(INTERVAL)
    assert sent == [0, 1, 3, 7, 15, 31, 61, 91]


async def test_r52_never_is_sent_a_few_times_and_no_answer_is_awaited() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world, response_required=ResponseRequired.NEVER)
        sent = 0
        for _ in range(40):
            sent += isinstance(await peer.poll(), m.DistributeEvent)
            await world.clock.advance(INTERVAL)
        assert sent == 3
        assert ids(await peer.post(request(peer))) == ["e1"]


async def test_a_modified_event_is_sent_again_and_counted_anew() -> None:
    async with a_ven() as (world, peer):
        event = await dispatch(world)
        await peer.post(answer(peer, await peer.poll()))
        for _ in range(3):
            await world.clock.advance(INTERVAL)
            await peer.post(request(peer))
        period = replace(event.active_period, dtstart=event.active_period.dtstart + MINUTE)
        await world.operator.modify_event(
            replace(event, active_period=period), now=world.clock.now()
        )
        shot = await peer.poll()
        assert shot.events[0].descriptor.modification_number == 1
        assert shot.events[0].active_period.dtstart == period.dtstart
        assert (await state(world, peer)).sent_count == 1
        await world.clock.advance(INTERVAL)
        assert isinstance(await peer.poll(), m.DistributeEvent)


async def test_r50_r52_a_cancelled_event_is_repeated_until_it_is_answered_and_then_gone() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        await peer.post(answer(peer, await peer.poll()))
        await world.operator.cancel_event("e1", now=world.clock.now())
        shot = await peer.poll()
        descriptor = shot.events[0].descriptor
        assert descriptor.event_status is EventStatus.CANCELLED
        assert descriptor.modification_number == 1
        await world.clock.advance(INTERVAL)
        shot = await peer.poll()
        await peer.post(answer(peer, shot))
        assert ids(await peer.post(request(peer))) == []
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


async def test_r50_a_cancelled_event_that_wants_no_answer_leaves_after_a_few_sendings() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world, response_required=ResponseRequired.NEVER)
        for _ in range(4):
            await peer.post(request(peer))
        await world.operator.cancel_event("e1", now=world.clock.now())
        seen = [ids(await peer.post(request(peer))) for _ in range(5)]
    assert seen == [["e1"]] * 3 + [[], []]


async def test_r52_an_unanswered_cancellation_ends_when_the_event_would_have() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        await peer.poll()
        await world.operator.cancel_event("e1", now=world.clock.now())
        await world.clock.advance(2 * HOUR)
        assert ids(await peer.post(request(peer))) == []


# ---------------------------------------------------------------- answers


async def test_r16_r17_an_opt_in_and_a_later_opt_out_are_both_taken() -> None:
    async with a_ven(handlers=(watcher := Watcher(),)) as (world, peer):
        await dispatch(world)
        shot = await peer.poll()
        await peer.post(answer(peer, shot))
        await world.clock.advance(70 * MINUTE)
        reply = await peer.post(answer(peer, shot, OptType.OPT_OUT))
        assert reply.response.code == 200
        assert [one.opt_type for one in watcher.answers] == [OptType.OPT_IN, OptType.OPT_OUT]
        assert (await state(world, peer)).opt_type is OptType.OPT_OUT


async def test_a_late_answer_to_an_event_that_is_over_is_still_taken() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        shot = await peer.poll()
        await world.clock.advance(3 * HOUR)
        reply = await peer.post(answer(peer, shot))
        assert reply.response.code == 200
        assert (await state(world, peer)).opt_type is OptType.OPT_IN


async def test_r48_an_unknown_event_is_452_and_what_is_right_beside_it_counts() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        said = answer(peer, await peer.poll())
        strange = replace(said.responses[0], event_id="no-such-event")
        reply = await peer.post(replace(said, responses=(strange, *said.responses)))
        assert reply.response.code == 452
        assert "R48" in reply.response.description
        assert (await state(world, peer)).opt_type is OptType.OPT_IN


@pytest.mark.parametrize("number", [1, 4_000_000_000])
async def test_r48_a_wrong_modification_number_is_450(number: int) -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        said = answer(peer, await peer.poll())
        wrong = replace(said.responses[0], modification_number=number)
        reply = await peer.post(replace(said, responses=(wrong,)))
        assert reply.response.code == 450
        assert (await state(world, peer)).acked_modification is None


async def test_r33_r35_an_answer_without_event_responses_is_459() -> None:
    async with a_ven() as (_, peer):
        reply = await peer.post(m.CreatedEvent(response=m.EiResponse(), ven_id=peer.ven_id))
    assert reply.response.code == 459


async def test_r25_an_error_without_event_responses_is_taken_note_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        await peer.poll()
        response = m.EiResponse(code=459, description="what is this?")
        reply = await peer.post(m.CreatedEvent(response=response, ven_id=peer.ven_id))
        assert reply.response.code == 200
        await world.clock.advance(INTERVAL)
        assert isinstance(await peer.poll(), m.DistributeEvent)
    assert "459 what is this?" in caplog.text


async def test_r21_the_event_of_another_ven_is_452() -> None:
    async with a_ven() as (world, peer):
        other = await joined(world, "other")
        await dispatch(world, audience=Audience(vens=frozenset({"ven"})))
        said = answer(peer, await peer.poll())
        reply = await other.post(replace(said, ven_id=other.ven_id))
        assert reply.response.code == 452
        assert (await state(world, peer)).opt_type is None


async def test_a_per_event_error_is_stored_with_its_code() -> None:
    async with a_ven(handlers=(watcher := Watcher(),)) as (world, peer):
        await dispatch(world)
        shot = await peer.poll()
        reply = await peer.post(answer(peer, shot, OptType.OPT_OUT, code=460))
        assert reply.response.code == 200
        assert (await state(world, peer)).opt_code == 460
        assert watcher.answers[0].code == 460


async def test_the_same_answer_twice_is_one_line_in_the_history() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        said = answer(peer, await peer.poll())
        for _ in range(3):
            await peer.post(said)
        async with world.desk.store.read() as tx:
            assert len(await delivery.history(tx, event_id="e1")) == 1


# ---------------------------------------------------------------- audience


async def test_an_event_goes_to_those_it_is_for() -> None:
    async with running(handlers=[Open()]) as world:
        now = world.clock.now()
        await world.operator.enrol("a", now=now, groups=["north"])
        await world.operator.enrol("b", now=now, groups=["north", "south"])
        await world.operator.enrol("c", now=now, resources=["c/boiler"])
        peers = {name: await joined(world, name) for name in "abc"}
        for event_id, audience in {
            "for-all": Audience(everyone=True),
            "for-a": Audience(vens=frozenset({"a"})),
            "for-north": Audience(groups=frozenset({"north"})),
            "for-boiler": Audience(resources=frozenset({"c/boiler"})),
            "for-a-and-south": Audience(vens=frozenset({"a"}), groups=frozenset({"south"})),
        }.items():
            await dispatch(world, event_id, audience=audience)
        seen = {name: set(ids(await peer.poll())) for name, peer in peers.items()}
    assert seen == {
        "a": {"for-all", "for-a", "for-north", "for-a-and-south"},
        "b": {"for-all", "for-north", "for-a-and-south"},
        "c": {"for-all", "for-boiler"},
    }


async def test_ids_and_words_with_mark_up_arrive_as_they_are() -> None:
    odd = "Tom & Co </ei:eventID> <!--\"'"
    async with a_ven() as (world, peer):
        await dispatch(world, odd, comment=odd, intervals=parse_levels("1:5m"))
        shot = await peer.poll()
        assert shot.events[0].event_id == odd
        assert shot.events[0].descriptor.vtn_comment == odd
        assert (await peer.post(answer(peer, shot))).response.code == 200
        assert (await state(world, peer, odd)).opt_type is OptType.OPT_IN


async def test_events_deliveries_and_answers_survive_a_restart() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world, "a")
        said = answer(peer, await peer.poll())
        await dispatch(world, "b")
        await world.restart()
        reply = await peer.post(said)
        assert reply.response.code == 200
        shot = await peer.poll()
        assert ids(shot) == ["a", "b"]
        await world.restart()
        assert (await state(world, peer, "a")).opt_type is OptType.OPT_IN
        assert isinstance(await peer.poll(), m.Response)


async def test_polls_at_once_and_answers_at_once_do_not_meet() -> None:
    async with a_ven() as (world, peer):
        for n in range(5):
            await dispatch(world, f"e{n}")
        replies = await asyncio.gather(*(peer.poll() for _ in range(10)))
        shots = [reply for reply in replies if isinstance(reply, m.DistributeEvent)]
        assert len(shots) == 1
        answers = await asyncio.gather(*(peer.post(answer(peer, shots[0])) for _ in range(10)))
        assert {reply.response.code for reply in answers} == {200}
        async with world.desk.store.read() as tx:
            assert len(await delivery.history(tx, event_id="e0")) == 1


# ---------------------------------------------------------------- handlers


@pytest.mark.parametrize("how", ["raises", "hangs"])
async def test_a_handler_that_fails_costs_its_own_exchange_469_and_what_was_said_is_kept(
    how: str,
) -> None:
    class Bad(EventHandler):
        async def on_created_event(self, answer: EventAnswer, ctx: Context) -> None:
            if answer.event_id == "bad":
                if how == "raises":
                    raise KeyError("oops")
                await asyncio.sleep(60)

    async with a_ven({"time_limit": "50ms"}, handlers=(Bad(), watcher := Watcher())) as (
        world,
        peer,
    ):
        await dispatch(world, "bad")
        await dispatch(world, "good")
        reply = await peer.post(answer(peer, await peer.poll()))
        assert reply.response.code == 469
        assert "oops" not in reply.response.description
        assert [one.event_id for one in watcher.answers] == ["bad", "good"]
        assert (await state(world, peer, "bad")).opt_type is OptType.OPT_IN
        assert (await peer.poll()).response.code == 200


async def test_a_handler_that_fails_at_a_delivery_costs_nothing() -> None:
    class Bad(EventHandler):
        async def on_event_delivered(self, events: Sequence[m.Event], ctx: Context) -> None:
            raise RuntimeError("oops")

    async with a_ven(handlers=(Bad(),)) as (world, peer):
        await dispatch(world)
        assert ids(await peer.poll()) == ["e1"]
