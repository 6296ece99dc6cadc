"""Registering, staying registered, and ending it."""

from datetime import timedelta

import pytest

from oadr.messages import (
    CanceledPartyRegistration,
    CancelPartyRegistration,
    CreatePartyRegistration,
    DistributeEvent,
    EiResponse,
    Poll,
    QueryRegistration,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
    RequestReregistration,
    Response,
)
from tests.ven.scripted import World, event
from ven.errors import Refused, Unreachable, Unregistered

SECOND = timedelta(seconds=1)
NOT_REGISTERED = Response(response=EiResponse(code=463, description="who are you?"))


async def test_r405_a_new_ven_registers_then_sends_metadata_then_asks_for_events_then_polls(
    world: World,
) -> None:
    await world.start(world.ven())
    kinds = [type(message).__name__ for _, message in world.vtn.received]
    assert kinds == ["CreatePartyRegistration", "RegisterReport", "RequestEvent", "Poll"]


async def test_r402_a_new_registration_has_no_registration_id_and_says_it_pulls(
    world: World,
) -> None:
    await world.start(world.ven())
    (create,) = world.vtn.got(CreatePartyRegistration)
    assert create.registration_id is None
    assert create.ven_id is None
    assert create.http_pull_model is True
    assert create.ven_name == "school-7"


async def test_r402_a_ven_id_that_was_allocated_beforehand_is_sent(world: World) -> None:
    await world.start(world.ven(ven_id="pre-1"))
    (create,) = world.vtn.got(CreatePartyRegistration)
    assert create.ven_id == "pre-1"


async def test_r301_metadata_without_meters_has_no_report_and_is_sent_all_the_same(
    world: World,
) -> None:
    await world.start(world.ven(status=False))
    (metadata,) = world.vtn.got(RegisterReport)
    assert metadata.reports == ()
    assert metadata.ven_id == "ven-1"


async def test_a_query_comes_first_if_it_is_wanted(world: World) -> None:
    await world.start(world.ven(query_first=True))
    assert isinstance(world.vtn.received[0][1], QueryRegistration)


async def test_a_vtn_that_is_down_at_the_start_is_waited_for(world: World) -> None:
    world.vtn.down = Unreachable("connection refused")
    ven = await world.start(world.ven())
    await world.pass_time(timedelta(hours=1), timedelta(minutes=1))
    assert ven.registration is None
    world.vtn.down = None
    await world.pass_time(timedelta(minutes=6), timedelta(minutes=1))
    assert ven.registration is not None


async def test_attempts_are_doubled_in_distance_up_to_the_cap(world: World) -> None:
    world.vtn.script(CreatePartyRegistration, *[Unreachable("no")] * 200)
    await world.start(world.ven(backoff_cap=timedelta(seconds=60)))
    await world.pass_time(timedelta(minutes=2), SECOND)
    assert 6 <= len(world.vtn.got(CreatePartyRegistration)) <= 9
    before = len(world.vtn.got(CreatePartyRegistration))
    await world.pass_time(timedelta(minutes=10), SECOND)
    assert 8 <= len(world.vtn.got(CreatePartyRegistration)) - before <= 12


async def test_a_refused_registration_is_tried_again_and_not_hammered(world: World) -> None:
    refused = world.vtn.created(EiResponse(code=463), known=False)
    world.vtn.script(CreatePartyRegistration, refused, refused, refused)
    ven = await world.start(world.ven())
    assert len(world.vtn.got(CreatePartyRegistration)) == 1
    await world.pass_time(timedelta(seconds=20), SECOND)
    assert len(world.vtn.got(CreatePartyRegistration)) == 4
    assert ven.registration is not None


async def test_the_rest_of_the_registration_is_made_up_for_when_it_was_interrupted(
    world: World,
) -> None:
    world.vtn.script(RequestEvent, Unreachable("gone"))
    await world.start(world.ven())
    assert not world.vtn.got(Poll)
    await world.pass_time(timedelta(seconds=5), SECOND)
    assert len(world.vtn.got(CreatePartyRegistration)) == 1
    assert len(world.vtn.got(RegisterReport)) == 2
    assert world.vtn.got(Poll)


async def test_a_ven_that_is_killed_between_registration_and_metadata_sends_the_metadata(
    world: World,
) -> None:
    world.vtn.script(RegisterReport, Unreachable("gone"))
    await world.kill(await world.start(world.ven()))
    await world.start(world.ven())
    assert len(world.vtn.got(CreatePartyRegistration)) == 1
    assert len(world.vtn.got(RegisterReport)) == 2


async def test_a_restarted_ven_keeps_its_registration_and_syncs_its_events(world: World) -> None:
    await world.kill(await world.start(world.ven()))
    world.vtn.received.clear()
    ven = await world.start(world.ven())
    assert world.vtn.names() == ["RequestEvent"]
    assert ven.registration is not None
    assert ven.registration.ven_id == "ven-1"


async def test_r306_a_restarted_ven_with_another_meter_sends_its_metadata_again(
    world: World,
) -> None:
    await world.kill(await world.start(world.ven()))
    ven = world.ven()
    ven.meter("main", unit="Wh")(lambda: 1)
    await world.start(ven)
    first, second = world.vtn.got(RegisterReport)
    assert [report.report_name for report in first.reports] == ["METADATA_TELEMETRY_STATUS"]
    assert {report.report_name for report in second.reports} == {
        "METADATA_TELEMETRY_STATUS",
        "METADATA_TELEMETRY_USAGE",
        "METADATA_HISTORY_USAGE",
    }


async def test_r517_a_ven_that_the_vtn_does_not_know_registers_anew(world: World) -> None:
    ven = await world.start(world.ven())
    world.vtn.ven_id, world.vtn.registration_id = "ven-2", "reg-2"
    world.vtn.queue.append(NOT_REGISTERED)
    world.vtn.received.clear()
    await world.pass_time(timedelta(seconds=15), SECOND)
    assert world.vtn.names() == ["CreatePartyRegistration", "RegisterReport", "RequestEvent"]
    assert world.vtn.got(CreatePartyRegistration)[0].registration_id is None
    assert ven.registration is not None
    assert ven.registration.ven_id == "ven-2"


async def test_a_poll_that_is_answered_with_452_means_that_the_ven_is_not_known(
    world: World,
) -> None:
    await world.start(world.ven())
    world.vtn.queue.append(Response(response=EiResponse(code=452)))
    await world.pass_time(timedelta(seconds=15), SECOND)
    assert len(world.vtn.got(CreatePartyRegistration)) == 2


async def test_a_request_for_reregistration_is_confirmed_and_obeyed_with_both_ids(
    world: World,
) -> None:
    await world.start(world.ven())
    world.vtn.received.clear()
    world.vtn.poll_freq = timedelta(seconds=30)
    world.vtn.queue.append(RequestReregistration(ven_id="ven-1"))
    await world.pass_time(timedelta(seconds=10))
    assert world.vtn.names() == ["Response", "CreatePartyRegistration"]
    (create,) = world.vtn.got(CreatePartyRegistration)
    assert (create.registration_id, create.ven_id) == ("reg-1", "ven-1")
    polls = len(world.vtn.got(Poll))
    await world.pass_time(timedelta(seconds=29), SECOND)
    assert len(world.vtn.got(Poll)) == polls
    await world.pass_time(timedelta(seconds=2), SECOND)
    assert len(world.vtn.got(Poll)) == polls + 1


async def test_r21_a_request_for_the_reregistration_of_another_ven_is_refused(
    world: World,
) -> None:
    await world.start(world.ven())
    world.vtn.queue.append(RequestReregistration(ven_id="VEN-1"))
    await world.pass_time(timedelta(seconds=10))
    (answer,) = world.vtn.got(Response)
    assert answer.response.code == 452
    assert len(world.vtn.got(CreatePartyRegistration)) == 1


async def test_r407_a_cancellation_by_the_vtn_is_confirmed_and_everything_forgotten(
    world: World,
) -> None:
    world.vtn.events = [event()]
    ven = await world.start(world.ven())
    world.vtn.events = []
    world.vtn.queue.append(CancelPartyRegistration(request_id="q1", registration_id="reg-1"))
    await world.pass_time(timedelta(seconds=10))
    (answer,) = world.vtn.got(CanceledPartyRegistration)
    assert answer.response == EiResponse(code=200, request_id="q1")
    assert answer.ven_id == "ven-1"
    assert ven.registration is None
    status = await ven.status()
    assert (status.registration, status.events) == (None, ())


async def test_r401_a_ven_whose_registration_was_cancelled_tries_again_after_a_while(
    world: World,
) -> None:
    await world.start(world.ven(reregister_after=timedelta(minutes=5)))
    world.vtn.queue.append(CancelPartyRegistration(request_id="q1", registration_id="reg-1"))
    await world.pass_time(timedelta(minutes=4))
    assert len(world.vtn.got(CreatePartyRegistration)) == 1
    await world.pass_time(timedelta(minutes=2))
    assert len(world.vtn.got(CreatePartyRegistration)) == 2


async def test_r400_a_cancellation_with_another_registration_id_is_refused_with_452(
    world: World,
) -> None:
    ven = await world.start(world.ven())
    world.vtn.queue.append(CancelPartyRegistration(request_id="q1", registration_id="reg-9"))
    await world.pass_time(timedelta(seconds=10))
    (answer,) = world.vtn.got(CanceledPartyRegistration)
    assert answer.response.code == 452
    assert ven.registration is not None


async def test_a_ven_that_cancels_its_registration_stays_away_until_it_is_told(
    world: World,
) -> None:
    ven = await world.start(world.ven())
    await ven.cancel_party_registration()
    (cancel,) = world.vtn.got(CancelPartyRegistration)
    assert (cancel.registration_id, cancel.ven_id) == ("reg-1", "ven-1")
    polls = len(world.vtn.got(Poll))
    await world.pass_time(timedelta(hours=1), timedelta(minutes=5))
    assert len(world.vtn.got(Poll)) == polls
    await ven.create_party_registration()
    await world.rest()
    assert len(world.vtn.got(Poll)) == polls + 1


async def test_one_step_at_a_time_without_a_registration_is_an_error(world: World) -> None:
    ven = world.ven()
    with pytest.raises(Unregistered, match="not registered"):
        await ven.poll()


async def test_a_refusal_is_told_to_the_caller(world: World) -> None:
    refused = world.vtn.created(EiResponse(code=463, description="not you"), known=False)
    world.vtn.script(CreatePartyRegistration, refused)
    with pytest.raises(Refused, match="463: not you"):
        await world.ven().create_party_registration()


async def test_handlers_learn_of_the_registration_and_of_its_end(world: World) -> None:
    seen: list[str] = []
    ven = world.ven()
    ven.add_handler("on_registered", lambda registration_id, ctx: seen.append(registration_id))
    ven.add_handler("on_unregistered", lambda reason, ctx: seen.append(f"{ctx.ven_id}: {reason}"))
    await world.start(ven)
    world.vtn.queue.append(CancelPartyRegistration(request_id="q1", registration_id="reg-1"))
    await world.pass_time(timedelta(seconds=10))
    assert seen == ["reg-1", "ven-1: the VTN cancelled the registration"]


async def test_a_registration_without_ids_is_an_error_and_not_a_registration(
    world: World,
) -> None:
    world.vtn.script(CreatePartyRegistration, world.vtn.created(EiResponse(), known=False))
    ven = await world.start(world.ven())
    assert ven.registration is None
    await world.pass_time(timedelta(seconds=5), SECOND)
    assert ven.registration is not None


async def test_r301_the_metadata_of_the_vtn_is_confirmed(world: World) -> None:
    await world.start(world.ven())
    world.vtn.queue.append(RegisterReport(request_id="m1"))
    await world.pass_time(timedelta(seconds=10))
    (answer,) = world.vtn.got(RegisteredReport)
    assert answer.response == EiResponse(request_id="m1")
    assert not answer.requests


async def test_an_answer_of_the_wrong_kind_to_a_poll_is_survived(world: World) -> None:
    await world.start(world.ven())
    world.vtn.queue.append(QueryRegistration(request_id="q"))
    await world.pass_time(timedelta(seconds=40))
    assert len(world.vtn.got(Poll)) >= 4
    assert not world.vtn.got(DistributeEvent)
