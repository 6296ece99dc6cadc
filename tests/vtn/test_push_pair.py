"""HTTP push between a VTN and a VEN, both as in production."""

from datetime import timedelta

from tests.vtn.test_push import QUIET, waiting
from ven.client import Client
from vtn.store import delivery
from vtn.testing import JoinedWorld, joined


async def answers(world: JoinedWorld) -> list[tuple[str, str | None, int | None]]:
    """What the VEN has said to each event."""
    member = world.desk.roster.of_name("school")
    assert member is not None
    async with world.store.read() as tx:
        rows = await delivery.for_party(tx, party_pk=member.pk)
    return [(one.event_id, sent.opt_type, sent.acked_modification) for one, sent in rows]


async def test_r38_r51_r301_r405_a_real_ven_registers_and_both_sides_know_all() -> None:
    async with joined() as world:
        ven = world.join(Client, "school", push=True)
        await world.start(ven)
        await world.rest()
        member = world.desk.roster.of_name("school")
        assert member is not None
        assert member.push_address == "https://school.test"
        assert await waiting(world) == []


async def test_r38_events_reach_a_real_ven_at_once_and_are_answered() -> None:
    async with joined(QUIET) as world:
        ven = world.join(Client, "school", push=True)
        await world.start(ven)
        await world.send_event(event_id="e1")
        await world.rest()
        assert await answers(world) == [("e1", "optIn", 0)]
        await world.operator.cancel_event("e1", now=world.clock.now())
        await world.rest()
        assert (await answers(world))[0][2] == 1
        await world.pass_time(hours=1)


async def test_r51_everything_else_reaches_a_real_ven_too() -> None:
    async with joined(QUIET) as world:
        ven = world.join(Client, "school", push=True)
        await world.start(ven)
        now = world.clock.now()
        await world.operator.request_metadata("school", now=now)
        await world.operator.request_reregistration("school", now=now)
        await world.pass_time(seconds=30)
        member = world.desk.roster.of_name("school")
        assert member is not None
        assert member.registered
        assert await waiting(world) == []
        await world.operator.cancel_registration("school", now=world.clock.now())
        await world.rest()
        assert not member.registered


async def test_a_real_ven_gets_what_was_meant_for_it_while_it_was_away() -> None:
    async with joined(QUIET) as world:
        ven = world.join(Client, "school", push=True)
        await world.start(ven)
        await ven.stop()
        await world.send_event(event_id="e1", starts_in=timedelta(hours=3))
        await world.pass_time(minutes=10)
        await world.start(ven)
        await world.pass_time(minutes=1)
        assert await answers(world) == [("e1", "optIn", 0)]
