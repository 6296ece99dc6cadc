"""EiEvent: what a VTN makes of the answers of VENs, and by which way events get to them."""

from dataclasses import replace
from typing import Any

from oadr import messages as m
from oadr.enums import OptType
from tests.vtn.kit_event import HOUR, MINUTE, ask, made, publish, stage, with_period
from vtn.store import delivery
from vtn.testing import JoinedWorld, Peer


async def known(world: JoinedWorld, peer: Peer, event_id: str = "e1") -> delivery.Delivery:
    """What the VTN knows of an event at a VEN."""
    async with world.store.read() as tx:
        rows = await delivery.for_event(tx, event_id=event_id)
    (found,) = [row for who, row in rows if who.ven_id == peer.ven_id]
    return found


def said(peer: Peer, *answers: tuple[m.DistributeEvent, int, OptType, int]) -> m.CreatedEvent:
    """One message that answers an event of each of several snapshots."""
    responses = []
    for shot, at, opt_type, code in answers:
        descriptor = shot.events[at].descriptor
        responses.append(
            m.EventResponse(
                code=code,
                request_id=shot.request_id,
                event_id=descriptor.event_id,
                modification_number=descriptor.modification_number,
                opt_type=opt_type,
            )
        )
    return m.CreatedEvent(response=m.EiResponse(), responses=tuple(responses), ven_id=peer.ven_id)


async def test_r42_the_request_id_stands_in_each_event_response_and_may_differ() -> None:
    async with stage() as (world, peer):
        await publish(world, made(world))
        first = await peer.poll()
        await publish(world, made(world, event_id="e2"))
        second = await peer.poll()
        assert first.request_id != second.request_id
        in_, out = OptType.OPT_IN, OptType.OPT_OUT
        message = said(peer, (first, 0, in_, 200), (second, 1, out, 200))
        assert message.response.request_id == ""
        reply = await peer.post(message)
        assert (reply.response.code, reply.response.request_id) == (200, "")
        assert (await known(world, peer)).opt_type is OptType.OPT_IN
        assert (await known(world, peer, "e2")).opt_type is OptType.OPT_OUT
        later = await peer.post(said(peer, (first, 0, out, 200)))
        assert later.response.code == 200
        assert (await known(world, peer)).opt_type is OptType.OPT_OUT


async def test_r25_of_a_success_each_code_is_read() -> None:
    async with stage() as (world, peer):
        for name in ("e1", "e2"):
            await publish(world, made(world, event_id=name))
        shot = await peer.poll()
        good, bad = (shot, 0, OptType.OPT_IN, 200), (shot, 1, OptType.OPT_OUT, 460)
        assert (await peer.post(said(peer, good, bad))).response.code == 200
        assert (await known(world, peer)).opt_code == 200
        found = await known(world, peer, "e2")
    assert (found.opt_code, found.opt_type) == (460, OptType.OPT_OUT)


async def test_r48_an_answer_to_an_older_modification_is_450_and_acknowledges_nothing() -> None:
    async with stage() as (world, peer):
        event = await publish(world, made(world))
        old = await peer.poll()
        later = with_period(event, dtstart=event.active_period.dtstart + MINUTE)
        await world.operator.modify_event(later, now=world.clock.now())
        assert (await peer.answer(old)).response.code == 450
        shot = await peer.poll()
        assert [one.descriptor.modification_number for one in shot.events] == [1]
        await peer.answer(shot)
        assert (await known(world, peer)).acked_modification == 1


async def test_r48_r52_an_answer_to_what_was_before_does_not_end_a_cancellation() -> None:
    async with stage() as (world, peer):
        await publish(world, made(world))
        old = await peer.poll()
        await world.operator.cancel_event("e1", now=world.clock.now())
        assert (await peer.answer(old)).response.code == 450
        assert [one.event_id for one in (await ask(peer)).events] == ["e1"]


async def test_r16_r17_each_change_of_mind_counts_until_the_event_is_over() -> None:
    async with stage() as (world, peer):
        await publish(world, made(world))
        shot = await peer.poll()
        for opt_type in (OptType.OPT_IN, OptType.OPT_OUT, OptType.OPT_IN, OptType.OPT_OUT):
            assert (await peer.answer(shot, opt_type)).response.code == 200
            assert (await known(world, peer)).opt_type is opt_type
            await world.clock.advance(25 * MINUTE)


async def test_r51_a_ven_that_polls_is_never_called_also_if_it_names_an_address() -> None:
    async with stage() as (world, _):
        peer = world.peer("school", push=True)
        values: dict[str, Any] = {"http_pull_model": True, "transport_address": peer.push_address}
        assert (await peer.register(**values)).code == 200
        await publish(world, made(world))
        await world.pass_time(minutes=10)
        await world.operator.cancel_event("e1", now=world.clock.now())
        await world.operator.request_reregistration("school", now=world.clock.now())
        await world.pass_time(minutes=10)
        assert peer.pushed == []
        kinds = [type(await peer.poll()).__name__ for _ in range(3)]
    assert "DistributeEvent" in kinds
    assert "RequestReregistration" in kinds


async def test_r51_each_of_two_vens_gets_an_event_by_its_own_way() -> None:
    async with stage() as (world, polls):
        listens = world.peer("school", push=True)
        await listens.join()
        await world.rest()
        listens.pushed.clear()
        await publish(world, made(world))
        await world.rest()
        (pushed,) = listens.pushed
        assert isinstance(pushed, m.DistributeEvent)
        polled = await polls.poll()
        created = polled.events[0].descriptor.created_date_time
        one = pushed.events[0]
        same = replace(one, descriptor=replace(one.descriptor, created_date_time=created))
        assert (same,) == polled.events
        assert pushed.response is None
        assert polled.response is not None


async def test_r15_what_ties_keeps_its_order_also_when_one_of_them_changes() -> None:
    async with stage() as (world, peer):
        start = world.clock.now() + HOUR
        events = []
        for name in "cab":
            event = made(world, event_id=name, priority=2, start=start)
            events.append(await publish(world, event))
            await world.clock.advance(MINUTE)
        for event in reversed(events):
            changed = replace(event.descriptor, vtn_comment="hot")
            await world.operator.modify_event(
                replace(event, descriptor=changed), now=world.clock.now()
            )
            await world.clock.advance(MINUTE)
            assert ids(await ask(peer)) == ["c", "a", "b"]
        await world.clock.advance(HOUR)
        assert ids(await ask(peer)) == ["c", "a", "b"]


def ids(shot: m.DistributeEvent) -> list[str]:
    return [one.event_id for one in shot.events]
