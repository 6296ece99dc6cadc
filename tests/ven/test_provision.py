"""A VEN at a VTN that has no EiRegisterParty, and knows it because people have told it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from oadr.codec import CONTENT_TYPE, decode, encode
from oadr.enums import ServiceName
from oadr.messages import (
    CanceledPartyRegistration,
    CancelPartyRegistration,
    CreatedEvent,
    CreatePartyRegistration,
    EiResponse,
    Message,
    Poll,
    QueryRegistration,
    RegisterReport,
    RequestEvent,
    RequestReregistration,
    Response,
    UpdateReport,
)
from runtime.clock import SystemClock
from tests.ven.scripted import ScriptedVTN, World, event, request
from tests.ven.test_engine_report import Replay
from tests.ven.test_engine_schedule import Diary
from ven import Client
from ven.errors import PreProvisioned, Rejected, Unreachable
from ven.options import Introduction, Options
from ven.state.registration import WITHOUT_REPORTS

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
UNKNOWN = Response(response=EiResponse(code=463, description="who are you?"))
NO_SUCH = Rejected(404, "HTTP 404")
REGISTERING = (QueryRegistration, CreatePartyRegistration, CancelPartyRegistration)


def told(world: World, **more: Any) -> Client:
    """Returns a VEN that was told who it is."""
    return world.ven(**{"pre_provisioned": True, "ven_id": "ven-1", **more})


def kinds(world: World) -> list[str]:
    return [type(message).__name__ for _, message in world.vtn.received]


async def test_a_pre_provisioned_ven_never_registers_and_does_all_the_rest(world: World) -> None:
    world.vtn.events = [event()]
    world.vtn.requests = [request(back=60)]
    ven = told(world)
    ven.add_meter(Replay())
    await world.start(ven)
    await world.pass_time(5 * MINUTE)
    assert kinds(world)[:2] == ["RegisterReport", "CreatedReport"]
    assert "RequestEvent" in kinds(world)[:4]
    assert not [message for kind in REGISTERING for message in world.vtn.got(kind)]
    assert {poll.ven_id for poll in world.vtn.got(Poll)} == {"ven-1"}
    assert len(world.vtn.got(Poll)) == 31
    assert world.vtn.got(CreatedEvent)[0].responses[0].event_id == "e1"
    assert world.vtn.got(UpdateReport)


async def test_it_polls_as_often_as_it_was_told(world: World) -> None:
    await world.start(told(world, poll_interval=30 * SECOND))
    await world.pass_time(5 * MINUTE)
    assert len(world.vtn.got(Poll)) == 11


async def test_one_step_at_a_time_needs_no_registration_either(world: World) -> None:
    ven = told(world)
    assert isinstance(await ven.poll(), Response)
    registration = await ven.create_party_registration()
    assert (registration.ven_id, registration.pre_provisioned) == ("ven-1", True)
    assert await ven.create_party_reregistration() == registration
    with pytest.raises(PreProvisioned, match="the operator of the VTN enters and removes it"):
        await ven.query_registration()
    with pytest.raises(PreProvisioned):
        await ven.cancel_party_registration()
    assert kinds(world) == ["Poll"]


def test_it_needs_the_id_that_the_vtn_has() -> None:
    with pytest.raises(ValueError, match="pre_provisioned without ven_id"):
        Client("a", "http://vtn.example", pre_provisioned=True)


# ------------------------------------------------------------------ whose events they are


async def test_r21_the_first_vtn_id_that_comes_is_the_one_that_counts_from_then_on(
    world: World,
) -> None:
    world.vtn.events = [event()]
    ven = await world.start(told(world))
    assert ven.registration is not None
    assert ven.registration.vtn_id == "TH_VTN"
    await world.kill(ven)
    world.vtn.vtn_id = "somebody-else"
    ven = await world.start(told(world))
    world.vtn.distribute(event("e2"))
    await world.pass_time(MINUTE)
    assert [one.event_id for one in ven.events] == ["e1"]


async def test_r21_a_vtn_id_that_was_configured_is_the_only_one_that_counts(world: World) -> None:
    world.vtn.events = [event()]
    ven = await world.start(told(world, vtn_id="north-grid"))
    assert ven.events == ()
    await world.kill(ven)
    ven = await world.start(told(world, vtn_id="TH_VTN"))
    assert [one.event_id for one in ven.events] == ["e1"]


# ------------------------------------------------------------------ a VTN that has no EiReport


async def test_a_vtn_without_reports_is_asked_once_a_start_and_once_a_day(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.vtn.script(RegisterReport, *[NO_SUCH] * 100)
    ven = await world.start(told(world, poll_interval=HOUR))
    await world.pass_time(timedelta(hours=23), HOUR)
    assert len(world.vtn.got(RegisterReport)) == 1
    assert len(world.vtn.got(Poll)) == 24
    assert ven.registration is not None
    assert ven.registration.introduced == WITHOUT_REPORTS
    await world.pass_time(timedelta(hours=24), HOUR)
    assert len(world.vtn.got(RegisterReport)) == 2
    await world.kill(ven)
    world.vtn.replies.clear()
    ven = await world.start(told(world))
    assert len(world.vtn.got(RegisterReport)) == 3
    assert ven.registration is not None
    assert ven.registration.introduced != WITHOUT_REPORTS
    assert caplog.text.count("the VTN takes no reports, so none are sent") == 1


async def test_a_vtn_that_fails_at_reports_in_a_less_orderly_way_is_given_up_on_too(
    world: World,
) -> None:
    world.vtn.script(RegisterReport, *[Unreachable("HTTP 500", status=500)] * 100)
    ven = await world.start(told(world, backoff_cap=10 * SECOND))
    await world.pass_time(10 * MINUTE)
    assert len(world.vtn.got(RegisterReport)) == 5
    assert len(world.vtn.got(Poll)) > 50
    assert ven.registration is not None


async def test_a_vtn_that_is_out_of_reach_is_not_one_without_reports(world: World) -> None:
    ven = told(world, backoff_cap=10 * SECOND)
    world.vtn.script(RegisterReport, *[Unreachable("no connection")] * 20)
    await world.start(ven)
    await world.pass_time(10 * MINUTE)
    assert len(world.vtn.got(RegisterReport)) == 21
    assert ven.registration is not None
    assert ven.registration.introduced != WITHOUT_REPORTS


async def test_a_vtn_that_has_reports_for_sure_is_asked_until_it_takes_them(world: World) -> None:
    world.vtn.script(RegisterReport, *[NO_SUCH] * 3)
    await world.start(told(world, introduction=Introduction.ALWAYS, backoff_cap=10 * SECOND))
    await world.pass_time(5 * MINUTE)
    assert len(world.vtn.got(RegisterReport)) == 4
    assert world.vtn.got(Poll)


async def test_a_vtn_that_has_no_reports_for_sure_is_never_asked(world: World) -> None:
    await world.start(told(world, introduction=Introduction.NEVER))
    await world.pass_time(MINUTE)
    assert kinds(world)[:2] == ["RequestEvent", "Poll"]
    assert not world.vtn.got(RegisterReport)


async def test_r405_a_vtn_that_registers_and_has_no_reports_is_polled_all_the_same(
    world: World,
) -> None:
    world.vtn.script(RegisterReport, *[NO_SUCH] * 100)
    await world.start(world.ven())
    await world.pass_time(MINUTE)
    assert len(world.vtn.got(RegisterReport)) == 1
    assert len(world.vtn.got(RequestEvent)) == 1
    assert len(world.vtn.got(Poll)) == 7


# ------------------------------------------------------------------ what the VTN must not say


async def test_a_vtn_that_does_not_know_the_ven_is_asked_again_and_the_log_says_what_to_do(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.vtn.events = [event()]
    ven = await world.start(told(world, backoff_cap=10 * SECOND))
    world.vtn.script(Poll, UNKNOWN)
    world.vtn.script(RegisterReport, *[UNKNOWN] * 10)
    before = len(world.vtn.got(RegisterReport))
    await world.pass_time(10 * MINUTE)
    assert len(world.vtn.got(RegisterReport)) == before + 11
    assert not world.vtn.got(CreatePartyRegistration)
    assert caplog.text.count("ask its operator to enter venID ven-1") == 1
    assert caplog.text.count("not registered any more") == 1
    assert [one.event_id for one in ven.events] == ["e1"]
    polls = len(world.vtn.got(Poll))
    await world.pass_time(MINUTE)
    assert len(world.vtn.got(Poll)) == polls + 6


async def test_a_vtn_that_wants_a_registration_is_told_that_there_is_none(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    ven = await world.start(told(world))
    world.vtn.queue.append(RequestReregistration(ven_id="ven-1"))
    world.vtn.queue.append(CancelPartyRegistration(request_id="c", registration_id="r"))
    await world.pass_time(MINUTE)
    (answer,) = world.vtn.got(Response)
    (canceled,) = world.vtn.got(CanceledPartyRegistration)
    assert {answer.response.code, canceled.response.code} == {469}
    assert canceled.registration_id is None
    assert not world.vtn.got(CreatePartyRegistration)
    assert ven.registration is not None
    assert caplog.text.count("set vtn.pre_provisioned = false") == 2


# ------------------------------------------------------------------ changing one's mind


async def test_another_ven_id_is_another_ven(world: World) -> None:
    diary = Diary()
    world.vtn.events = [event(start=world.clock.moment - MINUTE)]
    first = told(world)
    diary.attach(first)
    await world.start(first)
    await world.kill(first)
    world.vtn.events = []
    second = told(world, ven_id="ven-2")
    diary.attach(second)
    await world.start(second)
    await world.pass_time(MINUTE)
    assert second.registration is not None
    assert second.registration.ven_id == "ven-2"
    assert second.events == ()
    # What the first had in force is ended.
    assert diary.calls[-1][2] == "end"
    assert {poll.ven_id for poll in world.vtn.got(Poll)[-3:]} == {"ven-2"}
    assert world.vtn.got(RegisterReport)[-1].ven_id == "ven-2"


async def test_a_registered_ven_becomes_one_that_needs_none_and_back(world: World) -> None:
    world.vtn.events = [event()]
    registered = await world.start(world.ven())
    await world.kill(registered)
    ven = await world.start(told(world))
    assert ven.registration is not None
    assert ven.registration.pre_provisioned
    assert [one.event_id for one in ven.events] == ["e1"]
    assert len(world.vtn.got(CreatePartyRegistration)) == 1
    assert len(world.vtn.got(RegisterReport)) == 2
    await world.kill(ven)
    world.vtn.script(CreatePartyRegistration, Unreachable("no"))
    ven = await world.start(world.ven())
    assert [one.registration_id for one in world.vtn.got(CreatePartyRegistration)] == [None, None]
    polls = len(world.vtn.got(Poll))
    await world.pass_time(MINUTE)
    assert len(world.vtn.got(CreatePartyRegistration)) == 3
    assert ven.registration is not None
    assert ven.registration.registration_id == "reg-1"
    assert len(world.vtn.got(Poll)) > polls
    assert [one.event_id for one in ven.events] == ["e1"]


async def test_nothing_is_asked_anew_when_it_is_started_again(world: World) -> None:
    ven = await world.start(told(world))
    await world.kill(ven)
    world.vtn.received.clear()
    await world.start(told(world))
    assert kinds(world) == ["RequestEvent", "Poll"]


# ------------------------------------------------------------------ a real one


@asynccontextmanager
async def a_vtn_of_events_and_polls(vtn: ScriptedVTN, seen: list[str]) -> AsyncIterator[str]:
    """Serves EiEvent and OadrPoll, as many VTNs did; every other address is unknown."""

    async def post(http: web.Request) -> web.Response:
        service = ServiceName(http.path.rpartition("/")[2])
        message: Message = decode(await http.read())
        seen.append(type(message).__name__)
        reply = await vtn(service, message)
        return web.Response(body=b"" if reply is None else encode(reply), content_type=CONTENT_TYPE)

    async def missing(http: web.Request) -> web.Response:
        seen.append(http.path.rpartition("/")[2])
        raise web.HTTPNotFound

    app = web.Application()
    for service in ("EiEvent", "OadrPoll"):
        app.router.add_post(f"/OpenADR2/Simple/2.0b/{service}", post)
    app.router.add_post("/{path:.*}", missing)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_vtn_of_events_and_polls_is_enough(tmp_path: Path) -> None:
    vtn = ScriptedVTN(clock=SystemClock())
    seen: list[str] = []
    vtn.events = [event(start=vtn.clock.now() + HOUR)]
    options = Options(ven_name="school-7", vtn_id="TH_VTN", poll_interval=SECOND / 20)
    async with a_vtn_of_events_and_polls(vtn, seen) as url:
        ven = Client(
            "school-7",
            url,
            options=options,
            ven_id="ven-1",
            pre_provisioned=True,
            state=tmp_path / "ven.db",
        )
        ven.add_meter(Replay())
        async with asyncio.timeout(20):
            await ven.start()
            while seen.count("Poll") < 5:  # noqa: ASYNC110 - the VTN counts
                await asyncio.sleep(0.01)
            await ven.stop()
    assert seen[:3] == ["EiReport", "RequestEvent", "CreatedEvent"]
    assert set(seen[3:]) == {"Poll"}
