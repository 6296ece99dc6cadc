"""What an operator does, in the process of the server and in another one."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from oadr import messages as m
from oadr.errors import NotAllowed
from tests.vtn.kit import (
    EVERYONE,
    HOUR,
    MINUTE,
    STANDING,
    Open,
    a_ven,
    answer,
    dispatch,
    joined,
    metadata,
    usage,
)
from vtn import upkeep
from vtn.errors import Conflict, NotFound
from vtn.hooks import Wanted
from vtn.operator import Audience, Changes, Operator, describe, target_of
from vtn.store import Store, audit, delivery, party
from vtn.store.errors import DuplicateId
from vtn.testing import World, running


async def elsewhere(world: World) -> tuple[Store, Operator]:
    """The command line: another Store on the same file."""
    store = await Store.open(world.folder / "vtn.db")
    return store, Operator(store=store, actor="anna")


async def test_each_verb_leaves_a_line_in_the_audit() -> None:
    async with a_ven() as (world, _):
        now = world.clock.now()
        operator = world.operator
        await operator.enrol("school", now=now, fingerprint="AB:CD")
        await operator.renew("school", "CD:EF", now=now, overlap=HOUR)
        event = await dispatch(world)
        later = replace(event.active_period, dtstart=event.active_period.dtstart + MINUTE)
        await operator.modify_event(replace(event, active_period=later), now=now)
        await operator.cancel_event("e1", now=now)
        await operator.request_reregistration("ven", now=now)
        await operator.request_metadata("ven", now=now)
        await operator.cancel_registration("ven", now=now)
        await operator.revoke("school", now=now)
        async with world.desk.store.read() as tx:
            entries = await audit.entries(tx)
    assert [entry.action for entry in reversed(entries) if entry.actor == "operator"] == [
        "enrol",
        "renew certificate",
        "create event",
        "modify event",
        "cancel event",
        "request re-registration",
        "request report",
        "cancel registration",
        "revoke",
    ]


async def test_what_another_process_dispatches_goes_out_at_the_next_poll() -> None:
    async with a_ven() as (world, peer):
        store, operator = await elsewhere(world)
        async with store.begin() as tx:
            assert await party.get(tx, ven_name="ven") is not None
        now = world.clock.now()
        event = await dispatch(world, "here")
        await peer.post(answer(peer, await peer.poll()))
        copy = replace(event.descriptor, event_id="there")
        await operator.create_event(replace(event, descriptor=copy), EVERYONE, now=now)
        await operator.enrol("late", now=now, ven_id="v2")
        await upkeep.watch(world.desk)
        shot = await peer.poll()
        assert {one.event_id for one in shot.events} == {"here", "there"}
        assert world.desk.roster.of_ven_id("v2") is not None
        await store.close()


async def test_a_revocation_by_another_process_holds_at_once() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        peer = world.client("ven")
        await peer.register("ven")
        store, operator = await elsewhere(world)
        await operator.revoke("ven", now=world.clock.now())
        await store.close()
        await upkeep.watch(world.desk)
        assert (await peer.poll()).response.code == 463


async def test_two_processes_that_write_at_once_lose_nothing() -> None:
    async with a_ven({"reports": STANDING}) as (world, peer):
        store, operator = await elsewhere(world)
        now = world.clock.now()
        event = await dispatch(world, "e0")

        async def publish(count: int) -> None:
            for n in range(count):
                name = replace(event.descriptor, event_id=f"cli-{n}")
                await operator.create_event(replace(event, descriptor=name), EVERYONE, now=now)

        async def talk(count: int) -> None:
            for _ in range(count):
                await peer.post(metadata(peer, world))
                shot = await peer.post(m.RequestEvent(request_id="r", ven_id=peer.ven_id))
                await peer.post(answer(peer, shot))

        await asyncio.gather(publish(10), talk(10))
        await upkeep.watch(world.desk)
        shot = await peer.post(m.RequestEvent(request_id="r", ven_id=peer.ven_id))
        assert len(shot.events) == 11
        await store.close()


async def test_an_audience_that_means_nobody_is_an_error() -> None:
    async with a_ven() as (world, _):
        for audience in (
            Audience(),
            Audience(vens=frozenset({"nobody"})),
            Audience(groups=frozenset({"none"})),
            Audience(everyone=True, vens=frozenset({"nobody"})),
        ):
            with pytest.raises(NotFound):
                await dispatch(world, audience=audience)
        with pytest.raises(NotFound):
            await world.operator.cancel_event("e1", now=world.clock.now())


async def test_an_event_for_all_leaves_out_who_was_revoked() -> None:
    async with running() as world:
        now = world.clock.now()
        await world.operator.enrol("here", now=now, fingerprint="AB:CD")
        await world.operator.enrol("gone", now=now, fingerprint="CD:EF")
        await world.operator.revoke("gone", now=now)
        event = await dispatch(world)
        async with world.desk.store.read() as tx:
            meant = [
                row.ven_name for row, _ in await delivery.for_event(tx, event_id=event.event_id)
            ]
        assert meant == ["here"]


async def test_r70_an_event_id_is_given_once() -> None:
    async with a_ven() as (world, _):
        await dispatch(world)
        with pytest.raises(DuplicateId):
            await dispatch(world)


async def test_r20_the_past_of_an_event_stays_as_it_was() -> None:
    async with a_ven() as (world, _):
        event = await dispatch(world)
        await world.clock.advance(HOUR + MINUTE)
        moved = replace(event.active_period, dtstart=event.active_period.dtstart + MINUTE)
        with pytest.raises(NotAllowed):
            await world.operator.modify_event(
                replace(event, active_period=moved), now=world.clock.now()
            )


async def test_a_cancelled_event_cannot_be_modified_and_stays_cancelled() -> None:
    async with a_ven() as (world, _):
        now = world.clock.now()
        event = await dispatch(world)
        first = await world.operator.cancel_event("e1", now=now)
        assert await world.operator.cancel_event("e1", now=now) == first
        with pytest.raises(Conflict):
            await world.operator.modify_event(event, now=now)


async def test_an_unchanged_event_keeps_its_modification_number() -> None:
    async with a_ven() as (world, _):
        event = await dispatch(world)
        row = await world.operator.modify_event(event, now=world.clock.now())
        assert row.modification == 0


async def test_reports_of_vens_that_do_not_offer_them_cannot_be_requested() -> None:
    async with a_ven() as (world, peer):
        now = world.clock.now()
        wanted = Wanted(specifier_id="usage", every=MINUTE, deliver=MINUTE)
        with pytest.raises(NotFound, match="offers: nothing"):
            await world.operator.request_report("ven", wanted, now=now)
        await peer.post(metadata(peer, world, usage("other")))
        with pytest.raises(NotFound, match="offers: other"):
            await world.operator.request_report("ven", wanted, now=now)
        await world.operator.enrol("absent", now=now)
        with pytest.raises(Conflict):
            await world.operator.request_report("absent", wanted, now=now)
        with pytest.raises(NotFound):
            await world.operator.cancel_report("report-9", now=now)


async def test_a_ven_can_be_revoked_after_a_certificate_of_it_has_run_out() -> None:
    async with running() as world:
        now = world.clock.now()
        await world.operator.enrol("ven", now=now, fingerprint="AB:CD")
        await world.operator.renew("ven", "CD:EF", now=now, overlap=timedelta(days=1))
        later = now + timedelta(days=2)
        assert await world.operator.revoke("ven", now=later) == ("CD:EF",)
        assert await world.operator.revoke("ven", now=later) == ()


async def test_a_change_of_groups_counts_for_the_next_event() -> None:
    async with a_ven() as (world, peer):
        now = world.clock.now()
        await world.operator.change("ven", Changes(groups=frozenset({"north"})), now=now)
        await dispatch(world, audience=Audience(groups=frozenset({"north"})))
        assert isinstance(await peer.poll(), m.DistributeEvent)


async def test_events_for_one_and_for_many_have_their_own_answers() -> None:
    async with a_ven(name="a") as (world, a):
        b = await joined(world, "b")
        await dispatch(world)
        await a.post(answer(a, await a.poll()))
        async with world.desk.store.read() as tx:
            rows = await delivery.for_event(tx, event_id="e1")
        said = {recipient.ven_name: found.opt_type for recipient, found in rows}
        assert said == {"a": "optIn", "b": None}
        assert isinstance(await b.poll(), m.DistributeEvent)


def test_an_audience_in_words_and_as_a_target() -> None:
    audience = Audience(
        everyone=True,
        vens=frozenset({"school"}),
        groups=frozenset({"north"}),
        resources=frozenset({"boiler"}),
    )
    assert describe(audience) == "all, school, group:north, resource:boiler"
    assert describe(Audience()) == "nobody"
    assert target_of(audience) == m.Target(group_ids=("north",), resource_ids=("boiler",))
