"""VENs of 2.0a on the VTN of 2.0b, over HTTP, rule by rule."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from oadr import messages as m
from oadr.enums import EventStatus, OptType, ProfileName, ResponseRequired, ServiceName, SignalType
from oadr.event import parse_levels
from oadr.units import unit
from runtime.trace import Traffic
from tests.vtn.kit import HOUR, MINUTE, Open, a_ven, answer, dispatch
from tests.vtn.kit_a import VenA, document, enrolled
from vtn.errors import Conflict
from vtn.hooks import Context, EventAnswer, EventHandler, Wanted
from vtn.operator import Audience, Changes
from vtn.store import delivery
from vtn.testing import World, running


def ids(shot: m.DistributeEvent) -> list[str]:
    return [event.event_id for event in shot.events]


def signal_of(shot: m.DistributeEvent) -> m.Signal:
    (event,) = shot.events
    (signal,) = event.signals
    return signal


async def price(world: World, event_id: str = "e1") -> m.Event:
    return await dispatch(
        world,
        event_id,
        signal_name="ELECTRICITY_PRICE",
        signal_type=SignalType.PRICE,
        unit=unit("currencyPerKWh", units="EUR"),
        intervals=[(30 * MINUTE, Decimal("0.4")), (30 * MINUTE, Decimal("0.8"))],
    )


async def answers(world: World, event_id: str = "e1") -> dict[str, str]:
    async with world.store.read() as tx:
        rows = await delivery.for_event(tx, event_id=event_id)
    return {who.ven_name: str(row.opt_type) for who, row in rows}


# ---------------------------------------------------------------- the same events


async def test_r506_one_event_goes_to_vens_of_both_profiles_and_both_answer() -> None:
    async with a_ven(name="school") as (world, school):
        mill = await enrolled(world, groups=["south"])
        await price(world)
        older, newer = await mill.request(), await school.poll()
        assert (await school.post(answer(school, newer))).response.code == 200
        assert await mill.answer(older, OptType.OPT_OUT) == 200
        assert await answers(world) == {"mill": "optOut", "school": "optIn"}
        assert ids(older) == ids(newer) == ["e1"]
        assert newer.events[0].signals[0].signal_name == "ELECTRICITY_PRICE"
        assert newer.schema_version == "2.0b"
        assert older.schema_version is None


async def test_r506_a_group_of_both_profiles_is_one_audience() -> None:
    async with running(handlers=[Open()]) as world:
        mill = await enrolled(world, groups=["south"])
        bakery = await enrolled(world, "bakery", groups=["north"])
        await dispatch(
            world,
            audience=Audience(groups=frozenset({"south"})),
            target=m.Target(group_ids=("south",)),
        )
        shot = await mill.request()
        assert shot.events[0].target == m.Target(group_ids=("south",))
        assert ids(await bakery.request()) == []


async def test_r7_r69_r113_a_ven_of_20a_gets_one_signal_of_levels() -> None:
    async with running() as world:
        mill = await enrolled(world)
        event = await price(world)
        signal = signal_of(await mill.request())
        assert (signal.signal_name, signal.signal_type) == ("simple", "level")
        assert [one.duration for one in signal.intervals] == [30 * MINUTE] * 2
        assert [one.payloads[0] for one in signal.intervals] == [
            m.SignalPayload(value=Decimal(1))
        ] * 2
        assert (signal.unit, signal.target) == (None, None)
        assert signal.current_value == 0
        await world.clock.advance(timedelta(hours=1, minutes=10))
        shot = await mill.request()
        assert shot.events[0].descriptor.event_status is EventStatus.ACTIVE
        assert signal_of(shot).current_value == 1
        assert shot.events[0].active_period == event.active_period


async def test_r14_r29_the_current_value_follows_the_levels() -> None:
    async with running() as world:
        mill = await enrolled(world)
        await dispatch(world, intervals=parse_levels("1:15m,2:30m"))
        seen = []
        for minutes in (0, 60, 15, 30):
            await world.clock.advance(minutes * MINUTE)
            shot = await mill.request()
            seen += [str(signal_of(shot).current_value)] if shot.events else ["gone"]
        assert seen == ["0", "1", "2", "gone"]


async def test_r40_r41_an_empty_request_id_is_echoed_and_another_one_is_made() -> None:
    async with running() as world:
        mill = await enrolled(world)
        shot = await mill.request(request_id="")
        assert shot.request_id
        assert shot.response == m.EiResponse(code=200, description="OK", request_id="")
        assert (shot.vtn_id, shot.events) == ("vtn", ())
        shot = await mill.request(request_id="0042")
        assert shot.response is not None
        assert (shot.request_id, shot.response.request_id) == ("0042", "0042")


async def test_r15_r27_the_most_important_events_come_first_and_no_more_than_asked_for() -> None:
    async with running() as world:
        mill = await enrolled(world)
        now = world.clock.now()
        await dispatch(world, "later", start=now + 3 * HOUR)
        await dispatch(world, "low", start=now, priority=3)
        await dispatch(world, "high", start=now, priority=1)
        assert ids(await mill.request()) == ["high", "low", "later"]
        assert ids(await mill.request(limit=2)) == ["high", "low"]
        assert ids(await mill.request(limit=0)) == ["high", "low", "later"]


async def test_r66_an_event_is_sent_until_the_last_may_have_ended() -> None:
    async with running() as world:
        mill = await enrolled(world)
        await dispatch(world, start=world.clock.now(), start_after=5 * MINUTE)
        await world.clock.advance(46 * MINUTE)
        shot = await mill.request()
        assert shot.events[0].descriptor.event_status is EventStatus.COMPLETED
        assert signal_of(shot).current_value == 0
        await world.clock.advance(5 * MINUTE)
        assert ids(await mill.request()) == []


# ---------------------------------------------------------------- answers


async def test_r16_r17_a_ven_of_20a_changes_its_mind() -> None:
    async with running() as world:
        mill = await enrolled(world)
        await dispatch(world)
        shot = await mill.request()
        assert await mill.answer(shot) == 200
        assert await answers(world) == {"mill": "optIn"}
        assert await mill.answer(shot, OptType.OPT_OUT) == 200
        assert await answers(world) == {"mill": "optOut"}


async def test_r50_r52_a_cancelled_event_is_sent_until_it_is_acknowledged() -> None:
    async with running() as world:
        mill = await enrolled(world)
        await dispatch(world)
        await mill.answer(await mill.request())
        await world.operator.cancel_event("e1", now=world.clock.now())
        shots = [await mill.request() for _ in range(3)]
        for shot in shots:
            (event,) = shot.events
            assert event.descriptor.event_status is EventStatus.CANCELLED
            assert event.descriptor.modification_number == 1
            assert signal_of(shot).current_value == 0
        assert await mill.answer(shots[-1]) == 200
        assert ids(await mill.request()) == []


async def test_r50_r52_a_cancellation_that_wants_no_answer_goes_by_itself() -> None:
    async with running() as world:
        mill = await enrolled(world)
        await dispatch(world, response_required=ResponseRequired.NEVER)
        await world.operator.cancel_event("e1", now=world.clock.now())
        seen = [ids(await mill.request()) for _ in range(5)]
        assert seen == [["e1"]] * 3 + [[]] * 2


async def test_r48_what_does_not_fit_is_told_in_an_oadr_response_of_20a() -> None:
    async with running() as world:
        mill = await enrolled(world)
        await dispatch(world)
        shot = await mill.request()
        assert await mill.answer(shot, add=1) == 450
        other = replace(shot.events[0].descriptor, event_id="e9")
        unknown = replace(shot, events=(replace(shot.events[0], descriptor=other),))
        assert await mill.answer(unknown) == 452
        assert await answers(world) == {"mill": "None"}


async def test_r25_r35_an_error_needs_no_answers_and_success_does() -> None:
    async with running() as world:
        mill = await enrolled(world)
        broken = m.CreatedEvent(response=m.EiResponse(code=452), ven_id=mill.ven_id)
        assert (await mill.say(broken)).response.code == 200
        silent = m.CreatedEvent(response=m.EiResponse(request_id="7"), ven_id=mill.ven_id)
        reply = await mill.say(silent)
        assert (reply.response.code, reply.response.request_id) == (459, "7")


async def test_r64_the_vtn_stands_a_ven_that_asks_again_before_it_answers() -> None:
    async with running() as world:
        mill = await enrolled(world)
        await dispatch(world)
        first, second = await mill.request(request_id="1"), await mill.request(request_id="2")
        assert ids(first) == ids(second)
        assert await mill.answer(first) == 200
        assert await mill.answer(second) == 200
        assert await answers(world) == {"mill": "optIn"}


# ---------------------------------------------------------------- who may


async def test_r21_r512_another_ven_id_is_452() -> None:
    async with running(tls=True) as world:
        mill = await enrolled(world, tls=True)
        for wrong in ("MILL-ID", "other", ""):
            shot = await mill.request(ven_id=wrong)
            assert shot.response is not None
            assert (shot.response.code, shot.events) == (452, ())


async def test_r517_a_certificate_that_nobody_has_enrolled_is_463() -> None:
    async with running(tls=True) as world:
        await enrolled(world, tls=True)
        stranger = VenA(peer=world.client("stranger"), ven_id="mill-id")
        shot = await stranger.request()
        assert shot.response is not None
        assert shot.response.code == 463
        silent = m.CreatedEvent(response=m.EiResponse(), ven_id="mill-id")
        assert (await stranger.say(silent)).response.code == 463


async def test_r405_r506_a_ven_of_20b_falls_back_by_the_address_once_it_is_registered() -> None:
    async with running(handlers=[Open()]) as world:
        await world.operator.enrol("school", now=world.clock.now(), ven_id="school-id")
        school = VenA(peer=world.peer("school"), ven_id="school-id")
        await price(world)
        refused = await school.request()
        assert refused.response is not None
        assert refused.response.code == 463
        await school.peer.register("school", ven_id="school-id")
        assert signal_of(await school.request()).signal_name == "simple"
        member = world.desk.roster.of_name("school")
        assert member is not None
        assert member.profile is ProfileName.B


async def test_r405_a_ven_of_20a_registers_before_it_uses_20b() -> None:
    async with running(handlers=[Open()]) as world:
        mill = await enrolled(world)
        mill.peer.ven_id = mill.ven_id
        await dispatch(world)
        assert (await mill.peer.poll()).response.code == 463
        query = await mill.peer.post(m.QueryRegistration(request_id="q"))
        assert (query.ven_id, query.registration_id) == (None, None)
        assert (await mill.peer.register("mill", ven_id=mill.ven_id)).code == 200
        member = world.desk.roster.of_name("mill")
        assert member is not None
        assert member.profile is ProfileName.B
        assert ids(await mill.request()) == ["e1"]
        await world.operator.revoke("mill", now=world.clock.now())
        refused = await mill.request()
        assert refused.response is not None
        assert refused.response.code == 463


async def test_r403_r404_who_asks_is_told_of_both_profiles() -> None:
    async with running() as world:
        reply = await world.peer().post(m.QueryRegistration(request_id="q"))
        assert [str(one.name) for one in reply.profiles] == ["2.0b", "2.0a"]


async def test_r514_20a_is_no_way_around_signatures() -> None:
    async with running() as world:
        mill = await enrolled(world, signature_policy="required")
        await dispatch(world)
        shot = await mill.request()
        assert shot.response is not None
        assert (shot.response.code, shot.events) == (463, ())
    async with running({"signatures": {"policy": "required"}}) as world:
        mill = await enrolled(world, signature_policy="accepted")
        assert (await mill.request()).response == m.EiResponse(
            code=200, description="OK", request_id="r1"
        )


async def test_r516_a_ven_of_20a_is_locked_out_and_let_in_again() -> None:
    async with running(tls=True) as world:
        mill = await enrolled(world, tls=True)
        await world.operator.revoke("mill", now=world.clock.now())
        shot = await mill.request()
        assert shot.response is not None
        assert shot.response.code == 463
        fresh = VenA(peer=world.client("mill-2"), ven_id=mill.ven_id)
        await world.operator.renew(
            "mill", fresh.peer.fingerprint, now=world.clock.now(), overlap=MINUTE
        )
        shot = await fresh.request()
        assert shot.response is not None
        assert shot.response.code == 200


async def test_r506_an_operator_changes_the_profile_of_a_ven() -> None:
    async with a_ven(name="school") as (world, school):
        older = VenA(peer=school, ven_id=school.ven_id)
        now = world.clock.now()
        await world.operator.change("school", Changes(profile=ProfileName.A), now=now)
        assert (await school.poll()).response.code == 463
        assert ids(await older.request()) == []
        await world.operator.change("school", Changes(profile=ProfileName.B), now=now)
        refused = await older.request()
        assert refused.response is not None
        assert refused.response.code == 463


async def test_of_a_ven_of_20a_nothing_but_events_can_be_wanted() -> None:
    async with running() as world:
        mill, now = await enrolled(world), world.clock.now()
        wanted = Wanted(specifier_id="usage", every=MINUTE, deliver=HOUR)
        with pytest.raises(Conflict, match=r"mill is a VEN of 2\.0a"):
            await world.operator.request_report("mill", wanted, now=now)
        for verb in (
            world.operator.request_metadata,
            world.operator.request_reregistration,
            world.operator.cancel_registration,
        ):
            with pytest.raises(Conflict, match="events and nothing else"):
                await verb("mill", now=now)
        assert ids(await mill.request()) == []


async def test_r405_an_opt_schedule_of_a_ven_of_20a_is_463() -> None:
    async with running() as world:
        mill = await enrolled(world)
        opt = m.CancelOpt(request_id="1", opt_id="o", ven_id=mill.ven_id)
        assert (await mill.peer.post(opt)).response.code == 463


# ---------------------------------------------------------------- what the application sees


class Watcher(EventHandler):
    """Writes down what it sees."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.delivered: list[str] = []

    async def on_created_event(self, answer: EventAnswer, ctx: Context) -> None:
        self.answers.append(f"{ctx.ven_name} {answer.event_id} {answer.opt_type}")

    async def on_event_delivered(self, events: Sequence[m.Event], ctx: Context) -> None:
        self.delivered += [event.signals[0].signal_name for event in events]


async def test_handlers_see_the_event_as_it_is_and_the_answer() -> None:
    watcher = Watcher()
    async with running(handlers=[watcher]) as world:
        mill = await enrolled(world)
        await price(world)
        await mill.answer(await mill.request())
        await world.rest()
    assert watcher.delivered == ["ELECTRICITY_PRICE"]
    assert watcher.answers == ["mill e1 optIn"]


async def test_traces_see_the_documents_as_they_are() -> None:
    seen: list[Traffic] = []
    async with running() as world:
        world.server.add_trace(seen.append)
        mill = await enrolled(world)
        await mill.request()
    said, heard = seen
    assert (said.message, said.peer, said.service) == ("oadrRequestEvent", "mill", "EiEvent")
    assert (heard.message, heard.status) == ("oadrDistributeEvent", 200)
    assert b"oadr-2.0a" in said.body
    assert b"oadr-2.0a" in heard.body


async def test_a_document_of_20a_can_come_by_another_way_than_http() -> None:
    async with running() as world:
        mill = await enrolled(world)
        endpoint = world.server._endpoint
        assert endpoint is not None
        asked = document(m.RequestEvent(request_id="1", ven_id=mill.ven_id))
        response = await endpoint.answer(ServiceName.EI_EVENT, asked, profile=ProfileName.A)
        assert response.status == 200


async def test_a_ven_of_20a_is_online_while_it_asks_as_often_as_was_agreed() -> None:
    async with running() as world:
        mill = await enrolled(world, poll_interval=5 * MINUTE)
        await mill.request()
        member = world.desk.roster.of_name("mill")
        assert member is not None
        await world.pass_time(minutes=9)
        assert member.online
        await world.pass_time(minutes=60)
        assert not member.online
