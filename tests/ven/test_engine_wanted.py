"""The VEN as a requester: what it asks of its VTN, and what it does with what comes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr.codec import encode
from oadr.errors import ComplianceError, InvalidData, InvalidId
from oadr.messages import (
    CanceledReport,
    CancelReport,
    CreatedReport,
    CreateReport,
    EiResponse,
    Interval,
    RegisteredReport,
    RegisterReport,
    Report,
    ReportPayload,
    ReportRequest,
    SpecifierPayload,
    UpdatedReport,
    UpdateReport,
)
from oadr.report import Offer, Reading, build_metadata, history_offer, usage_offer
from oadr.units import unit
from tests.ven.scripted import NOW, World, request
from ven.client import Client
from ven.errors import Refused, Unreachable
from ven.hooks import Context, RequesterHandler

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
TICK = timedelta(seconds=10)
HOUR = timedelta(hours=1)
OFFERS = (
    usage_offer(
        "grid",
        {"price": unit("powerReal"), "mix": unit("energyReal")},
        min_period=TICK,
        max_period=HOUR,
        duration=HOUR,
        on_change=True,
    ),
    history_offer("past", {"price": unit("powerReal")}, period=MINUTE, duration=24 * HOUR),
)


class Takes(RequesterHandler):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.offers: list[tuple[Offer, ...]] = []
        self.readings: list[Reading] = []
        self.fail = False

    async def on_vtn_offers(self, offers: Sequence[Offer], ctx: Context) -> None:
        self.offers.append(tuple(offers))

    async def on_vtn_reports(
        self, request: ReportRequest, readings: Sequence[Reading], ctx: Context
    ) -> None:
        if self.fail:
            raise OSError("disk full")
        self.readings += readings


def metadata(*offers: Offer, request_id: str = "m1", answers: str | None = None) -> RegisterReport:
    return RegisterReport(
        request_id=request_id, reports=build_metadata(offers, NOW), report_request_id=answers
    )


def report(name: str, *values: int, start: datetime = NOW, **changes: Any) -> Report:
    intervals = tuple(
        Interval(
            dtstart=start + index * MINUTE,
            payloads=(ReportPayload(r_id="price", value=Decimal(value)),),
        )
        for index, value in enumerate(values)
    )
    made = Report(
        dtstart=start,
        intervals=intervals,
        report_request_id=name,
        report_specifier_id="grid",
        report_name="TELEMETRY_USAGE",
        created_date_time=NOW,
    )
    return replace(made, **changes)


async def joined(world: World, *, handler: object | None = None) -> Client:
    """Returns a VEN that knows what its VTN offers."""
    ven = world.ven()
    if handler is not None:
        ven.add_handler(handler)
    await world.start(ven)
    world.vtn.queue.append(metadata(*OFFERS))
    world.vtn.script(CreateReport, *[CreatedReport(response=EiResponse())] * 100)
    world.vtn.script(CancelReport, *[CanceledReport(response=EiResponse())] * 100)
    await world.pass_time(TICK)
    world.vtn.received.clear()
    return ven


async def send(world: World, *reports: Report, request_id: str = "u1") -> UpdatedReport:
    world.vtn.queue.append(UpdateReport(request_id=request_id, reports=reports))
    await world.pass_time(TICK)
    return world.vtn.got(UpdatedReport)[-1]


async def minutely(ven: Client) -> str:
    return await ven.request_report("grid", "price", every="1m", deliver="1m")


async def test_r301_r306_the_offers_of_the_vtn_are_kept_and_replaced_as_a_whole(
    world: World,
) -> None:
    takes = Takes()
    ven = await joined(world, handler=takes)
    assert ven.vtn_offers == OFFERS
    await world.kill(ven)
    again = await world.start(world.ven())
    assert len(again.vtn_offers) == 2
    world.vtn.queue.append(metadata(OFFERS[1], request_id="m2"))
    await world.pass_time(TICK)
    assert [one.specifier_id for one in again.vtn_offers] == ["past"]
    assert world.vtn.got(RegisteredReport)[-1].response == EiResponse(request_id="m2")
    assert takes.offers == [OFFERS]


async def test_r308_metadata_with_an_id_that_occurs_twice_is_refused_and_changes_nothing(
    world: World,
) -> None:
    ven = await joined(world)
    world.vtn.queue.append(metadata(OFFERS[0], OFFERS[0]))
    await world.pass_time(TICK)
    (answer,) = world.vtn.got(RegisteredReport)
    assert answer.response.code == 452
    assert ven.vtn_offers == OFFERS


async def test_r321_r322_r324_r325_r338_a_request_says_what_it_must_and_nothing_else(
    world: World,
) -> None:
    ven = await joined(world)
    names = [
        await minutely(ven),
        await ven.request_report("grid"),
        await ven.request_report("past", start=NOW - HOUR, duration="30m"),
    ]
    assert len(set(names)) == 3
    periodic, once, past = (one.requests[0] for one in world.vtn.got(CreateReport))
    assert (periodic.granularity, periodic.report_back_duration) == (MINUTE, MINUTE)
    assert periodic.report_interval is not None
    assert periodic.report_interval.duration == timedelta(0)
    assert (once.granularity, once.report_back_duration) == (timedelta(0), timedelta(0))
    assert [point.r_id for point in once.data_points] == ["price", "mix"]
    assert past.report_interval is not None
    assert (past.granularity, past.report_back_duration) == (timedelta(0), timedelta(0))
    assert past.report_interval.dtstart == NOW - HOUR
    for message in world.vtn.got(CreateReport):
        document = encode(message)
        for absent in (b"itemBase", b"tolerance", b"notification", b"x-eiRampUp"):
            assert absent not in document
        assert document.count(b"x-notApplicable") == len(message.requests[0].data_points)


async def test_r300_r340_no_more_is_asked_for_than_is_offered(world: World) -> None:
    ven = await joined(world)
    with pytest.raises(InvalidId, match="it offers: 'grid', 'past'"):
        await ven.request_report("other")
    with pytest.raises(InvalidId, match="'other' is not offered"):
        await ven.request_report("grid", "other")
    with pytest.raises(InvalidData, match="PT10S to PT1H"):
        await ven.request_report("grid", every="1s", deliver="1m")
    assert not world.vtn.got(CreateReport)


async def test_r304_r313_what_was_asked_for_is_kept_told_once_and_confirmed(world: World) -> None:
    takes = Takes()
    ven = await joined(world, handler=takes)
    name = await minutely(ven)
    for _ in range(2):
        answer = await send(world, report(name, 1, 2), request_id="u7")
        assert answer == UpdatedReport(response=EiResponse(request_id="u7"), ven_id="ven-1")
    assert [one.value for one in takes.readings] == [1, 2]
    await send(world, report(name, 1, 3))
    assert [one.value for one in takes.readings] == [1, 2, 3]
    kept = await ven.vtn_readings(name)
    assert [one.start for one in kept] == [NOW, NOW + MINUTE]
    assert [one.value for one in kept] == [1, 3]


@pytest.mark.parametrize(
    "changes",
    [
        {"report_request_id": "nobody's"},
        {"report_specifier_id": "past"},
        {
            "intervals": (
                Interval(dtstart=NOW, payloads=(ReportPayload(r_id="mix", value=Decimal(1)),)),
            )
        },
    ],
    ids=["reportRequestID", "reportSpecifierID", "rID"],
)
async def test_r304_a_report_of_something_else_is_refused_with_all_that_came_with_it(
    world: World, changes: dict[str, Any]
) -> None:
    ven = await joined(world)
    name = await minutely(ven)
    answer = await send(world, report(name, 1), report(name, 2, **changes))
    assert answer.response.code == 452
    assert await ven.vtn_readings(name) == ()


async def test_r314_r315_a_report_that_cannot_be_placed_in_time_is_refused(world: World) -> None:
    ven = await joined(world)
    name = await minutely(ven)
    nowhere = (Interval(uid="0", payloads=(ReportPayload(r_id="price", value=Decimal(1)),)),)
    answer = await send(world, report(name, dtstart=None, intervals=nowhere))
    assert answer.response.code == 454


async def test_r306_new_metadata_voids_requests_and_they_are_made_again(world: World) -> None:
    ven = await joined(world)
    name, ended = await minutely(ven), await minutely(ven)
    await ven.cancel_reports(ended)
    world.vtn.received.clear()
    world.vtn.queue.append(metadata(*OFFERS, request_id="m2"))
    await world.pass_time(TICK)
    (asked,) = world.vtn.got(CreateReport)
    assert [one.report_request_id for one in asked.requests] == [name]
    assert (await send(world, report(name, 1))).response.ok


async def test_r306_r308_r311_metadata_on_demand_comes_as_all_metadata_does(world: World) -> None:
    takes = Takes()
    ven = await joined(world, handler=takes)
    once, periodic = await ven.request_metadata(), await ven.request_metadata(every="1h")
    asked = [one.requests[0] for one in world.vtn.got(CreateReport)]
    assert [one.report_specifier_id for one in asked] == ["METADATA"] * 2
    assert [[point.r_id for point in one.data_points] for one in asked] == [["0"]] * 2
    world.vtn.received.clear()
    for name in (once, periodic):
        world.vtn.queue.append(metadata(*OFFERS, request_id=name, answers=name))
    await world.pass_time(TICK)
    assert [one.response.code for one in world.vtn.got(RegisteredReport)] == [200, 200]
    assert len(takes.offers) == 3
    assert not world.vtn.got(CreateReport)


async def test_requests_wait_while_the_vtn_is_away_and_survive_a_restart(world: World) -> None:
    ven = await joined(world)
    world.vtn.down = Unreachable("gone")
    first, second = await minutely(ven), await ven.request_report("grid")
    await world.kill(ven)
    world.vtn.down = None
    again = await world.start(world.ven())
    (asked,) = world.vtn.got(CreateReport)
    assert [one.report_request_id for one in asked.requests] == [first, second]
    assert (await send(world, report(first, 1))).response.ok
    assert len(await again.vtn_readings(first)) == 1
    await world.pass_time(MINUTE)
    assert len(world.vtn.got(CreateReport)) == 1


async def test_r304_what_the_vtn_refuses_is_told_and_forgotten_and_the_rest_stands(
    world: World,
) -> None:
    ven = await joined(world)
    world.vtn.replies.clear()
    refusal = CreatedReport(response=EiResponse(code=452, description="no such report"))
    yes = CreatedReport(response=EiResponse())
    world.vtn.script(CreateReport, refusal, yes, refusal)
    good, bad = (request(name, "price", specifier="grid") for name in ("good", "bad"))
    with pytest.raises(Refused, match="no such report"):
        await ven.request_reports(good, bad)
    assert (await send(world, report("good", 1))).response.code == 200
    assert (await send(world, report("bad", 1))).response.code == 452


@pytest.mark.parametrize(
    "changes",
    [
        {"report_interval": None},
        {"data_points": (SpecifierPayload(r_id="price", unit=unit("powerReal")),)},
        {"data_points": (SpecifierPayload(r_id="price", reading_type="Direct Read"),)},
    ],
    ids=["R324", "R321", "R338"],
)
async def test_r321_r324_r338_a_request_that_no_source_may_be_sent_is_not_sent(
    world: World, changes: dict[str, Any]
) -> None:
    ven = await joined(world)
    with pytest.raises(ComplianceError, match=r"R32[14]|R338"):
        await ven.request_reports(replace(request("r", "price", specifier="grid"), **changes))
    assert not world.vtn.got(CreateReport)


async def test_r328_a_handler_that_has_enough_ends_the_report_with_the_confirmation(
    world: World,
) -> None:
    ven = await joined(world)

    async def enough(request: ReportRequest, readings: Sequence[Reading], ctx: Context) -> None:
        await ven.cancel_reports(request.report_request_id)

    ven.add_handler("on_vtn_reports", enough)
    name = await minutely(ven)
    answer = await send(world, report(name, 1))
    assert answer.cancel_report is not None
    assert answer.cancel_report.report_request_ids == (name,)
    assert not answer.cancel_report.report_to_follow
    assert not world.vtn.got(CancelReport)


async def test_r335_reports_that_keep_coming_after_that_are_cancelled_by_a_message(
    world: World,
) -> None:
    ven = await joined(world)
    name = await minutely(ven)
    await ven.cancel_reports(name)
    assert [one.report_request_ids for one in world.vtn.got(CancelReport)] == [(name,)]
    answer = await send(world, report(name, 1))
    assert answer.response.ok
    await world.pass_time(TICK)
    assert [one.report_request_ids for one in world.vtn.got(CancelReport)] == [(name,)] * 2


async def test_r336_several_are_cancelled_at_once_and_singly_if_one_is_not_known(
    world: World,
) -> None:
    ven = await joined(world)
    names = [await minutely(ven), await minutely(ven)]
    world.vtn.replies.clear()
    no = CanceledReport(response=EiResponse(code=452))
    world.vtn.script(CancelReport, no, CanceledReport(response=EiResponse()), no)
    await ven.cancel_reports(*names)
    sent = [one.report_request_ids for one in world.vtn.got(CancelReport)]
    assert sent == [tuple(names), (names[0],), (names[1],)]
    with pytest.raises(InvalidId, match="made no request 'other'"):
        await ven.cancel_reports("other")


async def test_r345_a_final_report_is_awaited_and_no_other(world: World) -> None:
    ven = await joined(world)
    name = await minutely(ven)
    await ven.cancel_reports(name, follow=True)
    (cancel,) = world.vtn.got(CancelReport)
    assert cancel.report_to_follow
    assert (await send(world, report(name, 1))).response.ok
    await world.pass_time(TICK)
    assert len(world.vtn.got(CancelReport)) == 1
    assert len(await ven.vtn_readings(name)) == 1


async def test_a_handler_that_fails_costs_no_confirmation(world: World) -> None:
    takes = Takes()
    takes.fail = True
    ven = await joined(world, handler=takes)
    name = await minutely(ven)
    assert (await send(world, report(name, 1))).response.ok
    assert len(await ven.vtn_readings(name)) == 1


async def test_r407_a_cancelled_registration_takes_offers_and_requests_with_it(
    world: World,
) -> None:
    ven = await joined(world)
    name = await minutely(ven)
    await ven.cancel_party_registration()
    assert ven.vtn_offers == ()
    assert await ven.vtn_readings(name) == ()


async def test_a_program_can_ask_as_soon_as_it_hears_of_the_offers(world: World) -> None:
    ven = world.ven()

    async def ask(offers: Sequence[Offer], ctx: Context) -> None:
        await ven.request_report(offers[0].specifier_id)

    ven.add_handler("on_vtn_offers", ask)
    await world.start(ven)
    world.vtn.script(CreateReport, CreatedReport(response=EiResponse()))
    world.vtn.queue.append(metadata(*OFFERS))
    world.vtn.received.clear()
    await world.pass_time(TICK)
    assert world.vtn.names() == ["RegisteredReport", "CreateReport"]
