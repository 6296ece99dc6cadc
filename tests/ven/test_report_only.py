"""A Report Only VEN: it reports, and has no part in events and opts."""

from datetime import timedelta
from typing import Any

import pytest

from oadr.errors import ComplianceError, NotAllowed
from oadr.messages import (
    CreatedEvent,
    CreatePartyRegistration,
    DistributeEvent,
    Period,
    RegisterReport,
    RequestEvent,
)
from tests.ven.push_kit import push, pushed_to
from tests.ven.scripted import NOW, World, event, request
from tests.ven.test_engine_report import Replay, reports
from ven.client import Client
from ven.errors import Unreachable
from ven.options import Options

MINUTE = timedelta(minutes=1)


async def reporting(world: World, **options: Any) -> Client:
    ven = world.ven(report_only=True, **options)
    ven.add_meter(Replay())
    world.vtn.requests = [request(back=60)]
    return await world.start(ven)


async def test_r510_it_says_so_and_offers_usage_status_and_history(world: World) -> None:
    await reporting(world)
    (create,) = world.vtn.got(CreatePartyRegistration)
    assert create.report_only
    (metadata,) = world.vtn.got(RegisterReport)
    assert {report.report_name for report in metadata.reports} == {
        "METADATA_TELEMETRY_USAGE",
        "METADATA_TELEMETRY_STATUS",
        "METADATA_HISTORY_USAGE",
    }


async def test_r510_it_reports_and_says_nothing_about_events_over_failures(world: World) -> None:
    await reporting(world)
    await world.pass_time(5 * MINUTE)
    world.vtn.down = Unreachable("gone")
    await world.pass_time(MINUTE)
    world.vtn.down = None
    await world.pass_time(5 * MINUTE)
    assert len(reports(world)) >= 10
    assert not world.vtn.got(RequestEvent)
    assert not world.vtn.got(CreatedEvent)


async def test_r510_events_that_come_all_the_same_are_declined_and_neither_held_nor_told(
    world: World,
) -> None:
    ven = world.ven(report_only=True)
    ven.add_meter(Replay())
    told: list[object] = []
    ven.add_handler("on_event", lambda event, ctx: told.append(event))
    await world.start(ven)
    world.vtn.distribute(event())
    await world.pass_time(MINUTE)
    (answer,) = world.vtn.got(CreatedEvent)
    assert [(one.code, one.opt_type) for one in answer.responses] == [(469, "optOut")]
    assert (ven.events, told) == ((), [])


async def test_r510_events_that_are_pushed_all_the_same_are_declined_afterwards() -> None:
    options = Options(ven_name="ven-1", report_only=True)
    async with pushed_to(options=options) as world:
        message = DistributeEvent(request_id="d", vtn_id=world.vtn.vtn_id, events=(event(),))
        reply = await push(world, message)
        assert reply.status == 200
        await world.rest()
        (answer,) = world.vtn.got(CreatedEvent)
        assert [one.code for one in answer.responses] == [469]


async def test_r510_it_makes_no_opts_and_asks_for_no_events(world: World) -> None:
    ven = await reporting(world)
    with pytest.raises(NotAllowed, match="only reports"):
        await ven.create_opt(
            "optOut", "economic", availability=[Period(dtstart=NOW, duration=MINUTE)]
        )
    with pytest.raises(NotAllowed, match="only reports"):
        await ven.request_event()


async def test_r510_one_without_a_meter_says_what_it_lacks(world: World) -> None:
    ven = world.ven(report_only=True)
    with pytest.raises(ComplianceError, match="HISTORY_USAGE, TELEMETRY_USAGE is missing"):
        await ven.start()
