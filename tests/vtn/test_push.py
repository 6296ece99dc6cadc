"""HTTP push: what goes to a VEN that listens, when, in which order, and how long."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import ResponseRequired, ServiceName
from runtime.trace import Traffic
from tests.vtn.kit import INTERVAL
from vtn.store import outbox
from vtn.testing import JoinedWorld, Peer, joined, until

QUIET: dict[str, Any] = {"reports": {"request": []}}


async def a_listener(world: JoinedWorld, name: str = "school") -> Peer:
    """A VEN that is pushed to and for which nothing waits any more."""
    peer = world.peer(name, push=True)
    await peer.join()
    await world.rest()
    peer.pushed.clear()
    peer.ear.services.clear()
    return peer


def kinds(peer: Peer) -> list[str]:
    return [type(one).__name__ for one in peer.pushed]


async def waiting(world: JoinedWorld, name: str = "school") -> list[outbox.Item]:
    member = world.desk.roster.of_name(name)
    assert member is not None
    async with world.store.read() as tx:
        return await outbox.waiting(tx, party_pk=member.pk)


async def test_r38_r301_r309_r405_a_registration_is_followed_by_the_metadata_of_the_vtn() -> None:
    async with joined(QUIET) as world:
        peer = world.peer("school", push=True)
        reply = await peer.register()
        assert reply.code == 200
        await world.rest()
        [metadata] = peer.pushed
        assert isinstance(metadata, m.RegisterReport)
        assert metadata.reports == ()
        assert peer.ear.services == ["EiReport"]
        assert await waiting(world) == []


async def test_r405_nothing_is_pushed_before_the_reply_to_the_registration_has_gone() -> None:
    heard: list[int] = []
    async with joined(QUIET) as world:
        peer = world.peer("school", push=True)

        async def watch(traffic: Traffic) -> None:
            if traffic.message == "oadrCreatedPartyRegistration":
                with suppress(AssertionError):
                    await until(lambda: peer.pushed, seconds=0.5)
                heard.append(len(peer.pushed))

        world.server.add_trace(watch)
        await peer.register()
        await world.rest()
        assert (heard, len(peer.pushed)) == ([0], 1)


async def test_r309_r405_events_wait_until_the_metadata_of_the_ven_has_come() -> None:
    async with joined(QUIET) as world:
        await world.ven.join("other")
        await world.send_event()
        peer = world.peer("school", push=True)
        await peer.register()
        await world.send_event(event_id="e2", to=["school"])
        await world.rest()
        assert kinds(peer) == ["RegisterReport"]
        await peer.post(m.RegisterReport(request_id="r", ven_id=peer.ven_id))
        await world.rest()
        assert kinds(peer) == ["RegisterReport", "DistributeEvent"]


async def test_r309_a_ven_that_sends_no_metadata_is_not_waited_for_for_ever() -> None:
    async with joined(QUIET) as world:
        peer = world.peer("school", push=True)
        await peer.register()
        await world.send_event(to=["school"])
        await world.pass_time(INTERVAL - timedelta(seconds=1))
        assert kinds(peer) == ["RegisterReport"]
        await world.pass_time(seconds=1)
        assert kinds(peer) == ["RegisterReport", "DistributeEvent"]


async def test_r38_an_event_is_pushed_at_once_and_answered_by_a_message_of_its_own() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        await world.send_event(event_id="e1")
        await world.rest()
        [shot] = peer.pushed
        assert isinstance(shot, m.DistributeEvent)
        assert peer.ear.services == ["EiEvent"]
        assert shot.response is None
        assert shot.request_id
        assert [one.event_id for one in shot.events] == ["e1"]
        await peer.answer(shot)
        await world.pass_time(hours=2)
        assert len(peer.pushed) == 1


async def test_r52_an_event_that_is_not_answered_is_pushed_again() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        await world.send_event()
        await world.pass_time(INTERVAL)
        assert len(peer.pushed) == 2
        await world.pass_time(2 * INTERVAL)
        assert len(peer.pushed) == 3


async def test_r12_an_event_that_wants_no_answer_and_has_arrived_is_not_pushed_again() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        await world.send_event(response_required=ResponseRequired.NEVER)
        await world.pass_time(minutes=10)
        assert kinds(peer) == ["DistributeEvent"]


async def test_r50_a_cancelled_event_is_pushed_with_all_that_still_stand() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        for event_id in ("e1", "e2"):
            await world.send_event(event_id=event_id)
        await world.rest()
        await peer.answer(peer.pushed[-1])  # type: ignore[arg-type]
        await world.operator.cancel_event("e1", now=world.clock.now())
        await world.rest()
        shot = peer.pushed[-1]
        assert isinstance(shot, m.DistributeEvent)
        assert {one.event_id: str(one.descriptor.event_status) for one in shot.events} == {
            "e1": "cancelled",
            "e2": "far",
        }


async def test_r51_everything_that_a_poll_can_bring_is_pushed_in_order_and_answered() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        now = world.clock.now()
        await world.operator.request_metadata("school", now=now)
        await world.operator.request_reregistration("school", now=now)
        await world.operator.cancel_registration("school", now=now)
        await world.rest()
        assert kinds(peer) == ["CreateReport", "RequestReregistration", "CancelPartyRegistration"]
        assert peer.ear.services == ["EiReport", "EiRegisterParty", "EiRegisterParty"]
        member = world.desk.roster.of_name("school")
        assert member is not None
        assert not member.registered


async def test_r51_reports_are_requested_and_their_confirmation_counts() -> None:
    async with joined() as world:
        peer = await a_listener(world)
        requests = await peer.offer()
        assert requests
        await world.rest()
        assert await waiting(world) == []


async def test_r500_a_logical_answer_may_come_later_by_a_message_of_the_ven() -> None:
    async with joined(QUIET) as world:
        peer = world.peer("school", push=True)
        peer.ear.answer_next(None)
        await peer.join()
        await world.rest()
        [metadata] = peer.pushed
        assert isinstance(metadata, m.RegisterReport)
        assert len(await waiting(world)) == 1
        response = m.EiResponse(code=200, request_id=metadata.request_id)
        reply = await peer.post(m.RegisteredReport(response=response, ven_id=peer.ven_id))
        assert reply.response.code == 200
        await world.pass_time(minutes=10)
        assert len(peer.pushed) == 1


async def test_a_ven_that_is_pushed_to_may_poll_all_the_same() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        assert isinstance(await peer.poll(), m.Response)


async def test_r405_two_registrations_at_once_hold_messages_back_until_both_are_answered() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        member, pusher = world.desk.roster.of_name("school"), world.desk.pusher
        assert member is not None
        assert pusher is not None
        pusher.hold(member)
        pusher.hold(member)
        await pusher.release(member)
        await world.send_event()
        await world.rest()
        assert peer.pushed == []
        await pusher.release(member)
        await world.rest()
        assert kinds(peer) == ["DistributeEvent"]


async def test_r405_a_ven_that_ends_its_registration_is_left_alone_at_once() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        await peer.post(
            m.CancelPartyRegistration(
                request_id="c", registration_id=peer.registration_id, ven_id=peer.ven_id
            )
        )
        await world.send_event(to=["school"])
        await world.pass_time(hours=1)
        assert peer.pushed == []


async def test_r405_a_ven_that_is_revoked_is_cut_off_in_the_middle() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        cut_off = asyncio.Event()

        async def hang(message: m.Message) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                cut_off.set()

        peer.ear.answer_always(hang)
        sent = asyncio.create_task(world.send_event())
        await until(lambda: peer.pushed)
        await sent
        await world.operator.revoke("school", now=world.clock.now())
        await asyncio.wait_for(cut_off.wait(), 5)
        await world.pass_time(hours=1)
        assert len(peer.pushed) == 1


async def test_r405_a_ven_that_is_removed_is_left_alone() -> None:
    from vtn.store import party

    async with joined(QUIET) as world:
        peer = await a_listener(world)
        peer.ear.answer_always(503)
        await world.send_event()
        await world.rest()
        member = world.desk.roster.of_name("school")
        assert member is not None
        async with world.store.begin() as tx:
            await party.remove(tx, pk=member.pk)
        await world.desk.roster.refresh(world.store)
        heard = len(peer.pushed)
        await world.pass_time(hours=1)
        assert len(peer.pushed) == heard


async def test_r51_a_ven_that_registers_again_to_poll_is_not_pushed_to_any_more() -> None:
    async with joined(QUIET) as world:
        peer = await a_listener(world)
        peer.push_address = ""
        reply = await peer.register(ven_id=peer.ven_id, registration_id=peer.registration_id)
        assert reply.code == 200
        assert reply.poll_freq == INTERVAL
        await world.send_event()
        await world.rest()
        assert peer.pushed == []
        assert isinstance(await peer.poll(), m.DistributeEvent)


async def test_what_another_process_writes_is_pushed() -> None:
    from vtn import upkeep

    async with joined(QUIET) as world:
        peer = await a_listener(world)
        member = world.desk.roster.of_name("school")
        assert member is not None
        from vtn.dispatch import outbox as box

        async with world.store.begin() as tx:
            await box.put_reregistration(tx, member.pk, member.ven_id, now=world.clock.now())
        await world.rest()
        assert peer.pushed == []
        world.desk.behind = True
        await upkeep.watch(world.desk)
        await world.rest()
        assert kinds(peer) == ["RequestReregistration"]


async def test_the_hook_for_delivered_events_is_called_once_they_are_there() -> None:
    from vtn.hooks import Context, EventHandler

    class Watcher(EventHandler):
        seen: list[str]

        async def on_event_delivered(self, events: Sequence[m.Event], ctx: Context) -> None:
            self.seen += [f"{ctx.ven_name} {one.event_id}" for one in events]

    watcher = Watcher()
    watcher.seen = []
    async with joined(QUIET, handlers=[watcher]) as world:
        peer = await a_listener(world)
        peer.ear.answer_next(503)
        await world.send_event(event_id="e1")
        await world.rest()
        assert watcher.seen == []
        await world.pass_time(seconds=2)
        assert watcher.seen == ["school e1"]


@pytest.mark.parametrize("service", [ServiceName.EI_EVENT])
async def test_the_traces_see_what_is_pushed_and_what_is_answered(service: ServiceName) -> None:
    seen: list[tuple[str, str, str, int | None]] = []

    def look(traffic: Traffic) -> None:
        if traffic.service == service:
            seen.append((traffic.direction, traffic.peer, traffic.message, traffic.status))

    async with joined(QUIET) as world:
        world.server.add_trace(look)
        peer = await a_listener(world)
        await world.send_event()
        await world.rest()
        assert len(peer.pushed) == 1
    assert seen == [("out", "school", "oadrDistributeEvent", None), ("in", "school", "", 200)]
