"""What opts make of events at the VTN: for handlers, and for whoever asks."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import OptType
from oadr.opt import Extent, Participation, Source, reasons
from tests.vtn.kit import HOUR, a_ven, answer, dispatch
from tests.vtn.test_opt import cancel, qualification, resources, schedule
from vtn.hooks import Context, EventAnswer, EventHandler
from vtn.participation import participation_of, participations
from vtn.testing import Peer, World

PROGRAMME = "http://programme.example"
EVSE = m.Target(end_device_assets=("EVSE",))


async def found(world: World, peer: Peer, event_id: str = "e1") -> Participation:
    policy = world.desk.settings.opts.policy
    one = await participation_of(world.store, event_id, ven_id=peer.ven_id, policy=policy)
    assert one is not None
    assert (await participations(world.store, event_id, policy=policy))[peer.ven_id] == one
    return one


def now_on(world: World) -> dict[str, Any]:
    """Returns an availability from now on, for ever."""
    return {"availability": (m.Period(dtstart=world.clock.now(), duration=timedelta(0)),)}


async def test_r201_an_event_is_sent_to_who_is_out_and_marked() -> None:
    async with a_ven() as (world, peer):
        await peer.post(schedule(peer, world, "o-7"))
        await dispatch(world)
        one = await found(world, peer)
        assert (one.extent, one.whole.source, one.marked) == (Extent.OUT, Source.SCHEDULE, True)
        assert reasons(one)[0].startswith("opted out by schedule o-7 (notParticipating; the whole")
        shot = await peer.poll()
        assert [event.event_id for event in shot.events] == ["e1"]
        # It answers optIn, later than it sent the schedule.
        await world.clock.advance(timedelta(seconds=1))
        await peer.post(answer(peer, shot))
        one = await found(world, peer)
        assert (one.extent, one.whole.source, one.marked) == (Extent.IN, Source.CREATED_EVENT, True)


@pytest.mark.parametrize(
    ("section", "extent"),
    [({"precedence": "schedule"}, Extent.OUT), ({"precedence": "answer"}, Extent.IN)],
)
async def test_r201_the_configuration_says_what_counts(
    section: dict[str, str], extent: Extent
) -> None:
    async with a_ven({"opts": section}) as (world, peer):
        await dispatch(world)
        shot = await peer.poll()
        first, second = answer(peer, shot), schedule(peer, world)
        later = (first, second) if section["precedence"] == "answer" else (second, first)
        for message in later:
            await peer.post(message)
            await world.clock.advance(timedelta(seconds=1))
        assert (await found(world, peer)).extent is extent


async def test_r201_who_says_nothing_is_out_where_the_programme_says_so() -> None:
    async with a_ven({"opts": {"default": "optOut", "overlap": "optIn"}}) as (world, peer):
        await dispatch(world)
        assert (await found(world, peer)).extent is Extent.OUT
        await peer.post(schedule(peer, world, "in", opt_type=OptType.OPT_IN, **now_on(world)))
        assert (await found(world, peer)).extent is Extent.IN
        await peer.post(schedule(peer, world, "out", **now_on(world)))
        assert (await found(world, peer)).extent is Extent.IN


async def test_the_effect_follows_schedules_cancellations_and_modifications() -> None:
    async with a_ven() as (world, peer):
        event = await dispatch(world)
        assert (await found(world, peer)).extent is Extent.IN
        await peer.post(schedule(peer, world, "o1"))
        assert (await found(world, peer)).extent is Extent.OUT
        period = replace(event.active_period, dtstart=event.active_period.dtstart + 3 * HOUR)
        moved = replace(event, active_period=period)
        await world.operator.modify_event(moved, now=world.clock.now())
        assert (await found(world, peer)).extent is Extent.IN
        await peer.post(schedule(peer, world, "o2", **now_on(world)))
        assert (await found(world, peer)).extent is Extent.OUT
        await peer.post(cancel(peer, "o2"))
        assert (await found(world, peer)).extent is Extent.IN
        await world.restart()
        assert (await found(world, peer)).extent is Extent.IN


async def test_r204_what_an_event_met_before_the_cancellation_stays() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        await peer.post(schedule(peer, world, "o1", **now_on(world)))
        await world.clock.advance(HOUR + timedelta(minutes=10))
        await peer.post(cancel(peer, "o1"))
        (span,) = (await found(world, peer)).whole.out
        assert span.end - span.start == timedelta(minutes=10)


@pytest.mark.parametrize("target", [m.EVERYTHING, "ven"])
async def test_r202_an_empty_target_and_the_ven_id_are_the_whole_ven(target: Any) -> None:
    async with a_ven() as (world, peer):
        whole = m.Target(ven_ids=(peer.ven_id,)) if target == "ven" else target
        reply = await peer.post(schedule(peer, world, target=whole))
        assert reply.response.code == 200
        await dispatch(world, target=resources("a"))
        assert (await found(world, peer)).extent is Extent.OUT


async def test_r202_one_of_several_resources_suffices_for_a_part() -> None:
    async with a_ven() as (world, peer):
        await peer.post(schedule(peer, world, target=resources("a", "b")))
        await dispatch(world)
        one = await found(world, peer)
        assert one.extent is Extent.PARTIAL
        assert {part.resource: part.verdict.opt for part in one.parts} == {
            None: OptType.OPT_IN,
            "a": OptType.OPT_OUT,
            "b": OptType.OPT_OUT,
        }


async def test_r205_a_schedule_counts_in_its_market_context_alone() -> None:
    async with a_ven() as (world, peer):
        await peer.post(schedule(peer, world, market_context="HTTP://Programme.example/"))
        await dispatch(world)
        await dispatch(world, "other", market_context="http://other.example")
        assert (await found(world, peer)).extent is Extent.OUT
        assert (await found(world, peer, "other")).extent is Extent.IN


async def test_r205_a_programme_that_the_ven_is_not_in_is_462() -> None:
    async with a_ven() as (world, peer):
        from vtn.operator import Changes

        programmes = Changes(market_contexts=frozenset({PROGRAMME}))
        await world.operator.change("ven", programmes, now=world.clock.now())
        reply = await peer.post(schedule(peer, world, market_context="http://other.example"))
        assert reply.response.code == 462
        reply = await peer.post(schedule(peer, world, market_context=PROGRAMME))
        assert reply.response.code == 200


async def test_r209_device_classes_are_told_apart() -> None:
    async with a_ven() as (world, peer):
        await peer.post(schedule(peer, world, device_class=EVSE))
        event = await dispatch(world)
        one = await found(world, peer)
        assert [(part.device, part.verdict.opt) for part in one.parts] == [
            (None, OptType.OPT_IN),
            ("EVSE", OptType.OPT_OUT),
        ]
        signals = tuple(replace(signal, target=EVSE) for signal in event.signals)
        await world.operator.modify_event(replace(event, signals=signals), now=world.clock.now())
        assert (await found(world, peer)).extent is Extent.OUT


@pytest.mark.parametrize("wrong", [resources("a"), m.Target(end_device_assets=("Toaster",))])
async def test_r209_anything_else_than_device_classes_is_459(wrong: m.Target) -> None:
    async with a_ven() as (world, peer):
        assert (await peer.post(schedule(peer, world, device_class=wrong))).response.code == 459


async def test_r210_a_duration_of_zero_has_no_end() -> None:
    async with a_ven() as (world, peer):
        await peer.post(schedule(peer, world, **now_on(world)))
        await dispatch(world, start=world.clock.now() + timedelta(days=900))
        assert (await found(world, peer)).extent is Extent.OUT


async def test_r206_r209_a_qualification_for_devices_leaves_the_ven_as_a_whole_alone() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        await peer.post(answer(peer, await peer.poll()))
        reply = await peer.post(qualification(peer, world, "e1", device_class=EVSE))
        assert reply.response.code == 200
        one = await found(world, peer)
        assert (one.extent, one.whole.opt) == (Extent.PARTIAL, OptType.OPT_IN)
        assert [(part.device, part.verdict.source) for part in one.parts][1] == (
            "EVSE",
            Source.CREATE_OPT,
        )


async def test_r206_a_qualification_for_a_resource_outlives_answers_and_modifications() -> None:
    async with a_ven() as (world, peer):
        event = await dispatch(world, target=resources("a", "b"))
        shot = await peer.poll()
        await peer.post(qualification(peer, world, "e1", target=resources("b")))
        await peer.post(answer(peer, shot))
        period = replace(event.active_period, dtstart=event.active_period.dtstart + HOUR)
        moved = replace(event, active_period=period)
        await world.operator.modify_event(moved, now=world.clock.now())
        await peer.post(answer(peer, await peer.poll()))
        one = await found(world, peer)
        # Nobody knows that there is an a: the VEN never said so.
        assert (one.extent, one.whole.source) == (Extent.OUT, Source.CREATE_OPT)


async def test_r407_what_was_said_under_a_registration_that_ended_is_void() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        await peer.poll()
        await peer.post(qualification(peer, world, "e1", target=resources("b")))
        await peer.post(schedule(peer, world))
        assert (await found(world, peer)).extent is not Extent.IN
        await peer.register("ven")
        one = await found(world, peer)
        assert (one.extent, one.marked) == (Extent.IN, False)


async def test_a_handler_is_told_what_counts() -> None:
    seen: list[tuple[str, Extent]] = []

    class Watcher(EventHandler):
        async def on_created_event(self, answer: EventAnswer, ctx: Context) -> None:
            one = await ctx.participation(answer.event_id)
            assert one is not None
            assert await ctx.participation("nothing") is None
            seen.append((answer.event_id, one.extent))

    section = {"opts": {"precedence": "schedule"}}
    async with a_ven(section, handlers=(Watcher(),)) as (world, peer):
        await peer.post(schedule(peer, world))
        await dispatch(world)
        await peer.post(answer(peer, await peer.poll()))
    assert seen == [("e1", Extent.OUT)]


async def test_nobody_takes_part_in_what_is_not_there() -> None:
    async with a_ven() as (world, peer):
        assert await participations(world.store, "e9") == {}
        assert await participation_of(world.store, "e9", ven_id=peer.ven_id) is None
        await dispatch(world)
        assert await participation_of(world.store, "e1", ven_id="nobody") is None
