"""EiOpt, over HTTP, rule by rule."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import OptType, ResponseRequired
from tests.vtn.kit import HOUR, a_ven, answer, dispatch, joined
from vtn.hooks import Context, OptHandler
from vtn.services.opt import KEPT
from vtn.services.opt_room import MOST
from vtn.store import delivery
from vtn.store import opt as schedules
from vtn.testing import Peer, World, fingerprint_of
from vtn.testing import joined as inside


def schedule(peer: Peer, world: World, opt_id: str = "o1", **values: Any) -> m.CreateOpt:
    start = world.clock.now() + HOUR
    fields: dict[str, Any] = {
        "opt_id": opt_id,
        "opt_type": OptType.OPT_OUT,
        "opt_reason": "notParticipating",
        "ven_id": peer.ven_id,
        "availability": (m.Period(dtstart=start, duration=HOUR),),
        "created_date_time": world.clock.now(),
        "request_id": f"r-{opt_id}",
    }
    return m.CreateOpt(**(fields | values))


def qualification(peer: Peer, world: World, event_id: str, **values: Any) -> m.CreateOpt:
    fields: dict[str, Any] = {"event_id": event_id, "modification_number": 0, "availability": ()}
    return schedule(peer, world, **(fields | values))


def cancel(peer: Peer, opt_id: str) -> m.CancelOpt:
    return m.CancelOpt(request_id="0042", opt_id=opt_id, ven_id=peer.ven_id)


def resources(*names: str) -> m.Target:
    return m.Target(resource_ids=names)


async def held(world: World) -> dict[str, bool]:
    """optID -> whether the schedule holds."""
    async with world.desk.store.read() as tx:
        rows = await schedules.for_party(tx, party_pk=1)
    return {row.opt.opt_id: not row.superseded for row in rows}


async def opt_of(world: World, event_id: str = "e1") -> OptType | None:
    async with world.desk.store.read() as tx:
        found = await delivery.get(tx, party_pk=1, event_id=event_id)
    assert found is not None
    return found.opt_type


async def test_r207_a_schedule_is_stored_and_its_request_id_echoed() -> None:
    async with a_ven() as (world, peer):
        message = schedule(peer, world, "0042")
        reply = await peer.post(message)
        assert isinstance(reply, m.CreatedOpt)
        assert reply.opt_id == "0042"
        assert reply.response.request_id == "r-0042"
        async with world.desk.store.read() as tx:
            (row,) = await schedules.for_party(tx, party_pk=1)
        assert row.opt == message


async def test_r207_the_request_id_may_be_empty() -> None:
    async with a_ven() as (world, peer):
        reply = await peer.post(schedule(peer, world, request_id=""))
        assert (reply.response.code, reply.response.request_id) == (200, "")
        reply = await peer.post(replace(cancel(peer, "o1"), request_id=""))
        assert (reply.response.code, reply.response.request_id) == (200, "")


async def test_r208_another_ven_id_is_452() -> None:
    async with inside() as world:
        peer = world.peer("school-7", fingerprint=fingerprint_of("school-7"))
        await peer.join()
        period = m.Period(dtstart=world.clock.now(), duration=HOUR)
        create = m.CreateOpt(
            opt_id="o1",
            opt_type=OptType.OPT_OUT,
            opt_reason="economic",
            ven_id="another",
            availability=(period,),
            created_date_time=world.clock.now(),
            request_id="r",
        )
        for message in (create, m.CancelOpt(request_id="r", opt_id="o1", ven_id="another")):
            reply = await peer.post(message)
            assert isinstance(reply, m.CreatedOpt | m.CanceledOpt)
            assert (reply.response.code, reply.opt_id) == (452, "o1")


async def test_r208_an_opt_id_without_a_name_is_452() -> None:
    async with a_ven() as (world, peer):
        assert (await peer.post(schedule(peer, world, " "))).response.code == 452


async def test_the_same_schedule_sent_twice_is_one() -> None:
    async with a_ven() as (world, peer):
        message = schedule(peer, world)
        for _ in range(3):
            assert (await peer.post(message)).response.code == 200
        assert await held(world) == {"o1": True}


async def test_r203_a_schedule_for_the_whole_ven_takes_the_place_of_those_before() -> None:
    async with a_ven() as (world, peer):
        await peer.post(schedule(peer, world, "o1"))
        await peer.post(schedule(peer, world, "in", opt_type=OptType.OPT_IN))
        await peer.post(schedule(peer, world, "part", target=resources("a")))
        await peer.post(schedule(peer, world, "o2"))
        # In and out are independent.
        assert await held(world) == {"o1": False, "in": True, "part": False, "o2": True}


async def test_r203_a_schedule_for_resources_can_lose_them_to_several_later_ones() -> None:
    async with a_ven() as (world, peer):
        await peer.post(schedule(peer, world, "both", target=resources("a", "b")))
        await peer.post(schedule(peer, world, "a", target=resources("a")))
        assert await held(world) == {"both": True, "a": True}
        await peer.post(schedule(peer, world, "b", target=resources("b")))
        assert await held(world) == {"both": False, "a": True, "b": True}


async def test_r203_the_same_again_in_another_message_goes_with_its_twin() -> None:
    async with a_ven() as (world, peer):
        first = schedule(peer, world, "o1")
        await peer.post(first)
        await peer.post(replace(first, request_id="another"))
        await peer.post(schedule(peer, world, "o2"))
        async with world.desk.store.read() as tx:
            rows = await schedules.for_party(tx, party_pk=1)
        assert [(row.opt.opt_id, row.superseded) for row in rows] == [
            ("o1", True),
            ("o1", True),
            ("o2", False),
        ]


async def test_a_copy_of_a_superseded_schedule_supersedes_nothing() -> None:
    async with a_ven() as (world, peer):
        first = schedule(peer, world, "o1")
        await peer.post(first)
        await peer.post(schedule(peer, world, "o2"))
        assert (await peer.post(first)).response.code == 200
        assert await held(world) == {"o1": False, "o2": True}


async def test_a_ven_cannot_store_schedules_without_end() -> None:
    async with a_ven() as (world, peer):
        async with world.desk.store.begin() as tx:
            for n in range(MOST):
                message = schedule(peer, world, f"o{n}", target=resources(f"r{n}"))
                await schedules.add(tx, party_pk=1, opt=message, now=world.clock.now())
        reply = await peer.post(schedule(peer, world, "more", target=resources("more")))
        assert reply.response.code == 469
        assert (await peer.post(cancel(peer, "o7"))).response.code == 200
        reply = await peer.post(schedule(peer, world, "more", target=resources("more")))
        assert reply.response.code == 200


async def test_r204_cancelling_ends_all_schedules_with_that_id() -> None:
    async with a_ven() as (world, peer):
        await peer.post(schedule(peer, world, "o1", target=resources("a")))
        await peer.post(schedule(peer, world, "o1", target=resources("b")))
        await peer.post(schedule(peer, world, "o2", target=resources("c")))
        reply = await peer.post(cancel(peer, "o1"))
        assert isinstance(reply, m.CanceledOpt)
        assert (reply.opt_id, reply.response.request_id) == ("o1", "0042")
        assert await held(world) == {"o2": True}


async def test_r211_a_superseded_schedule_can_be_cancelled() -> None:
    async with a_ven() as (world, peer):
        await peer.post(schedule(peer, world, "o1"))
        await peer.post(schedule(peer, world, "o2"))
        assert (await peer.post(cancel(peer, "o1"))).response.code == 200


async def test_r204_r211_a_cancellation_can_come_twice() -> None:
    async with a_ven() as (world, peer):
        await peer.post(schedule(peer, world, "o1"))
        for _ in range(2):
            assert (await peer.post(cancel(peer, "o1"))).response.code == 200
        assert await held(world) == {}


async def test_r211_the_opt_for_an_event_is_not_cancelled() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        await peer.poll()
        await peer.post(qualification(peer, world, "e1", opt_id="q"))
        reply = await peer.post(cancel(peer, "q"))
        assert isinstance(reply, m.CanceledOpt)
        assert reply.response.code == 451
        assert await opt_of(world) is OptType.OPT_OUT
        # A schedule of the same optID can be, and leaves the opt for the event alone.
        await peer.post(schedule(peer, world, "q"))
        assert (await peer.post(cancel(peer, "q"))).response.code == 200
        assert await opt_of(world) is OptType.OPT_OUT


async def test_r211_superseded_schedules_are_forgotten_and_can_be_cancelled_still() -> None:
    async with a_ven() as (world, peer):
        for number in range(KEPT + 5):
            await peer.post(schedule(peer, world, f"o{number}"))
        assert len(await held(world)) == KEPT + 1
        assert (await peer.post(cancel(peer, "o7"))).response.code == 200
        # It may be one of those that are forgotten.
        assert (await peer.post(cancel(peer, "o1"))).response.code == 200


async def test_r208_an_unknown_or_foreign_opt_id_is_452() -> None:
    async with a_ven() as (world, peer):
        await peer.post(schedule(peer, world, "o1"))
        other = await joined(world, "other")
        for who, opt_id in ((peer, "o2"), (other, "o1")):
            reply = await who.post(cancel(who, opt_id))
            assert isinstance(reply, m.CanceledOpt)
            assert reply.response.code == 452
        assert await held(world) == {"o1": True}


async def test_r206_neither_schedule_nor_event_is_459() -> None:
    async with a_ven() as (world, peer):
        reply = await peer.post(schedule(peer, world, availability=()))
    assert isinstance(reply, m.CreatedOpt)
    assert reply.response.code == 459


async def test_r200_a_schedule_has_no_tolerance() -> None:
    async with a_ven() as (world, peer):
        period = m.Period(
            dtstart=world.clock.now(), duration=HOUR, start_after=timedelta(minutes=1)
        )
        reply = await peer.post(schedule(peer, world, availability=(period,)))
    assert reply.response.code == 459


async def test_r206_a_create_opt_qualifies_an_event() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        await peer.post(answer(peer, await peer.poll()))
        reply = await peer.post(qualification(peer, world, "e1"))
        assert reply.response.code == 200
        assert await opt_of(world) is OptType.OPT_OUT


async def test_r206_a_create_opt_precedes_every_later_created_event() -> None:
    async with a_ven() as (world, peer):
        event = await dispatch(world)
        shot = await peer.poll()
        await peer.post(qualification(peer, world, "e1"))
        reply = await peer.post(answer(peer, shot, OptType.OPT_IN))
        assert reply.response.code == 200
        assert await opt_of(world) is OptType.OPT_OUT
        # Also over a modification, which is acknowledged all the same.
        period = replace(event.active_period, dtstart=event.active_period.dtstart + HOUR)
        await world.operator.modify_event(
            replace(event, active_period=period), now=world.clock.now()
        )
        await peer.post(answer(peer, await peer.poll(), OptType.OPT_IN))
        assert await opt_of(world) is OptType.OPT_OUT
        assert isinstance(await peer.poll(), m.Response)
        # Another oadrCreateOpt changes it.
        await peer.post(
            qualification(peer, world, "e1", opt_type=OptType.OPT_IN, modification_number=1)
        )
        assert await opt_of(world) is OptType.OPT_IN


async def test_r206_a_create_opt_for_resources_speaks_for_them_alone() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world, target=resources("a", "b"))
        await peer.post(answer(peer, await peer.poll()))
        reply = await peer.post(qualification(peer, world, "e1", target=resources("b")))
        assert reply.response.code == 200
        assert await opt_of(world) is OptType.OPT_IN
        async with world.desk.store.read() as tx:
            *_, last = await delivery.history(tx, event_id="e1")
        assert (last.resources, last.opt_type) == (("b",), OptType.OPT_OUT)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"event_id": "other"}, 452),
        ({"modification_number": 1}, 450),
        ({"target": resources("c")}, 462),
        ({"market_context": "http://programme.example"}, 459),
    ],
)
async def test_r206_a_qualification_that_reaches_too_far_is_refused(
    changed: dict[str, Any], code: int
) -> None:
    async with a_ven() as (world, peer):
        await dispatch(world, target=resources("a", "b"))
        await peer.poll()
        message = replace(qualification(peer, world, "e1"), **changed)
        assert (await peer.post(message)).response.code == code
        assert await opt_of(world) is None


async def test_r206_only_events_that_want_an_answer_and_were_sent_are_qualified() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        assert (await peer.post(qualification(peer, world, "e1"))).response.code == 452
        await dispatch(world, "quiet", response_required=ResponseRequired.NEVER)
        await peer.poll()
        assert (await peer.post(qualification(peer, world, "quiet"))).response.code == 451


async def test_r206_an_event_is_qualified_as_it_was_last_sent() -> None:
    async with a_ven() as (world, peer):
        event = await dispatch(world, target=resources("a", "b"))
        await peer.poll()
        quiet = replace(event, target=resources("c"), response_required=ResponseRequired.NEVER)
        await world.operator.modify_event(quiet, now=world.clock.now())
        message = qualification(peer, world, "e1", target=resources("b"))
        assert (await peer.post(message)).response.code == 200
        await peer.poll()
        late = replace(message, request_id="late", modification_number=1)
        assert (await peer.post(late)).response.code == 451


async def test_r21_the_event_of_another_ven_cannot_be_qualified() -> None:
    async with a_ven() as (world, peer):
        await dispatch(world)
        await peer.poll()
        other = await joined(world, "other")
        reply = await other.post(qualification(other, world, "e1"))
        assert reply.response.code == 452
        assert await opt_of(world) is None


async def test_opts_survive_a_restart() -> None:
    async with a_ven() as (world, peer):
        await peer.post(schedule(peer, world))
        await world.restart()
        assert await held(world) == {"o1": True}
        assert (await peer.post(cancel(peer, "o1"))).response.code == 200


async def test_a_handler_that_fails_costs_469_and_the_schedule_is_kept() -> None:
    class Bad(OptHandler):
        async def on_create_opt(self, opt: m.CreateOpt, ctx: Context) -> None:
            raise ValueError("oops")

    async with a_ven(handlers=(Bad(),)) as (world, peer):
        reply = await peer.post(schedule(peer, world))
        assert isinstance(reply, m.CreatedOpt)
        assert reply.response.code == 469
        assert await held(world) == {"o1": True}
