"""The load of a programme, as VENs can request it."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from handlers.load import ProgrammeLoad
from oadr import messages as m
from oadr.report import (
    Reading,
    build_history_request,
    build_metadata,
    build_one_shot,
    build_request,
    unpack,
    usage_offer,
)
from oadr.units import unit
from runtime.settings import ConfigError
from vtn.operator import Changes
from vtn.services import serving
from vtn.testing import JoinedWorld, Peer, joined

MINUTE = timedelta(minutes=1)
QUARTER = 15 * MINUTE
HOUR = timedelta(hours=1)
USAGE = usage_offer(
    "usage",
    {"main": unit("energyReal"), "part": unit("energyReal")},
    min_period=MINUTE,
    max_period=HOUR,
    duration=timedelta(days=1),
)
REPORTS = {"request": [{"report": "TELEMETRY_USAGE", "every": "15m", "deliver": "15m"}]}


async def metered(world: JoinedWorld, name: str, start: datetime, *, main: int) -> Peer:
    """A VEN that has used so many Wh in each of four quarters of an hour."""
    peer = world.peer()
    await peer.join(name)
    reports = build_metadata([USAGE], start)
    message = m.RegisterReport(request_id="md", reports=reports, ven_id=peer.ven_id)
    (request,) = (await peer.post(message)).requests
    payloads = [("main", main), ("part", main // 2)]
    report = m.Report(
        dtstart=start,
        intervals=tuple(
            m.Interval(
                dtstart=start + n * QUARTER,
                duration=QUARTER,
                payloads=tuple(
                    m.ReportPayload(r_id=r_id, value=Decimal(value)) for r_id, value in payloads
                ),
            )
            for n in range(4)
        ),
        report_request_id=request.report_request_id,
        report_specifier_id="usage",
        report_name="TELEMETRY_USAGE",
        created_date_time=start,
    )
    reply = await peer.post(m.UpdateReport(request_id="u", reports=(report,), ven_id=peer.ven_id))
    assert reply.response.code == 200
    return peer


def hour_before(world: JoinedWorld) -> datetime:
    """The start of the last whole hour."""
    return world.clock.now().replace(minute=0, second=0, microsecond=0) - HOUR


async def given(world: JoinedWorld, peer: Peer, request: m.ReportRequest) -> list[Reading]:
    """What a VEN gets for a request, as readings with exact values."""
    reply = await peer.post(m.CreateReport(request_id="c", requests=(request,), ven_id=peer.ven_id))
    assert reply.response.code == 200, reply.response
    await serving.serve(world.desk)
    message = await peer.poll()
    assert isinstance(message, m.UpdateReport)
    response = m.EiResponse(request_id=message.request_id)
    await peer.post(m.UpdatedReport(response=response, ven_id=peer.ven_id))
    return [one for report in message.reports for one in unpack(report)]


async def test_a_ven_gets_the_sum_of_all_vens_for_each_quarter_of_the_past() -> None:
    handler = ProgrammeLoad()
    async with joined({"reports": REPORTS}, handlers=[handler]) as world:
        start = hour_before(world)
        vens = [
            await metered(world, f"ven-{n}", start, main=value)
            for n, value in enumerate((100, 200, 700))
        ]
        offers = {one.specifier_id: one for one in await handler.on_offer_reports(None) or ()}  # type: ignore[arg-type]
        past = build_history_request(
            offers["programme-load-history"], request_id="h", start=start, duration=HOUR
        )
        found = await given(world, vens[0], past)
        assert [(one.start, one.duration, one.value) for one in found] == [
            (start + n * QUARTER, QUARTER, Decimal(1000)) for n in range(4)
        ]
        assert {one.confidence for one in found} == {100}


async def test_fewer_vens_than_a_sum_needs_are_told_to_nobody() -> None:
    handler = ProgrammeLoad.from_config({"at_least": 2})
    async with joined({"reports": REPORTS}, handlers=[handler]) as world:
        start = hour_before(world)
        peer = await metered(world, "alone", start, main=100)
        offers = await handler.on_offer_reports(None) or ()  # type: ignore[arg-type]
        past = build_history_request(offers[1], request_id="h", start=start, duration=HOUR)
        (one,) = await given(world, peer, past)
        assert not one.usable


async def test_periodic_and_one_shot_reports_cover_their_own_time() -> None:
    handler = ProgrammeLoad.from_config({"at_least": 1, "period": "5m", "r_id": "part"})
    async with joined({"reports": REPORTS}, handlers=[handler]) as world:
        start = hour_before(world) + 2 * HOUR
        await world.pass_time(start + 10 * MINUTE - world.clock.now())
        peer = await metered(world, "ven-1", start, main=120)
        offers = await handler.on_offer_reports(None) or ()  # type: ignore[arg-type]
        once = build_one_shot(offers[0], request_id="o", now=world.clock.now())
        (one,) = await given(world, peer, once)
        assert (one.start, one.duration, one.value) == (start + 5 * MINUTE, 5 * MINUTE, Decimal(20))
        wanted = build_request(
            offers[0],
            request_id="p",
            now=world.clock.now(),
            start=start,
            granularity=30 * MINUTE,
            back=HOUR,
        )
        await peer.post(m.CreateReport(request_id="c", requests=(wanted,), ven_id=peer.ven_id))
        assert isinstance(await peer.poll(), m.Response)
        await world.pass_time(minutes=51)
        message = await peer.poll()
        found = [one for report in message.reports for one in unpack(report)]
        assert [(one.start, one.value) for one in found] == [
            (start, Decimal(120)),
            (start + 30 * MINUTE, Decimal(120)),
        ]


async def test_only_the_vens_of_the_group_count() -> None:
    handler = ProgrammeLoad.from_config({"at_least": 1, "group": "schools"})
    async with joined({"reports": REPORTS}, handlers=[handler]) as world:
        start = hour_before(world)
        peer = await metered(world, "school", start, main=100)
        await metered(world, "mill", start, main=900)
        await world.operator.change(
            "school", Changes(groups=frozenset({"schools"})), now=world.clock.now()
        )
        offers = await handler.on_offer_reports(None) or ()  # type: ignore[arg-type]
        past = build_history_request(offers[1], request_id="h", start=start, duration=HOUR)
        assert {one.value for one in await given(world, peer, past)} == {Decimal(100)}


@pytest.mark.parametrize(
    "wrong", [{"period": "0s"}, {"at_least": 0}, {"period": "2d", "kept": "1d"}]
)
def test_a_wrong_setting_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        ProgrammeLoad.from_config(wrong)
