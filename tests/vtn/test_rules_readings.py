"""Readings that come in reports, by the numbers of the rules: used, refused, replaced."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import DataQuality
from oadr.report import Offer, read_metadata, status_offer
from oadr.times import CalendarDuration
from tests.vtn.kit import HOUR, MINUTE, a_ven, metadata, readings, update, usage
from tests.vtn.test_report import asked, states, stored
from tests.vtn.test_rules_report import DAY, OFTEN, ONCE, WANTED, accepted
from vtn.store import reading
from vtn.store import report as reports


def point(value: str = "1", r_id: str = "main", **more: Any) -> m.ReportPayload:
    return m.ReportPayload(r_id=r_id, value=Decimal(value), **more)


async def delivered(report: Any, *offers: Offer, state: str = "") -> tuple[int, list[Any]]:
    """Returns the code of the answer to a report, and what is stored of it."""
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer, *(offers or (usage("usage", "main", "roof"),)))
        made = report(readings(request_id, world.clock.now(), {"main": ["1", "2"]}))
        reply = await peer.post(update(peer, made))
        return reply.response.code, await stored(world)


async def test_r318_a_placeholder_is_stored_with_its_quality_and_counts_for_nothing() -> None:
    bad = point("0", data_quality=DataQuality.BAD_NOT_CONNECTED)

    def spoil(report: m.Report) -> m.Report:
        first, second = report.intervals
        return replace(report, intervals=(first, replace(second, payloads=(bad,))))

    code, rows = await delivered(spoil)
    assert code == 200
    assert [row.quality for row in rows] == [None, DataQuality.BAD_NOT_CONNECTED]


async def test_r318_the_energy_of_a_placeholder_is_unknown_and_not_zero() -> None:
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer)
        start = world.clock.now()
        report = readings(request_id, start, {"main": ["5", "0"]})
        first, second = report.intervals
        bad = replace(second, payloads=(point("0", data_quality=DataQuality.BAD_NOT_CONNECTED),))
        await peer.post(update(peer, replace(report, intervals=(first, bad))))
        async with world.desk.store.read() as tx:
            (total,) = await reading.sums(tx, windows=[(start, start + 2 * MINUTE)])
        assert (total.watt_hours, total.covered) == (Decimal(5), MINUTE)


async def test_r319_accuracy_and_confidence_are_stored_as_they_come() -> None:
    exact = point("1", accuracy=Decimal("0.05"), confidence=80)

    def with_accuracy(report: m.Report) -> m.Report:
        first = replace(report.intervals[0], payloads=(exact,))
        return replace(report, intervals=(first,))

    _, (row,) = await delivered(with_accuracy)
    assert (row.accuracy, row.confidence) == (Decimal("0.05"), 80)


def _bare(report: m.Report, **more: Any) -> m.Report:
    return replace(
        report,
        intervals=tuple(replace(one, dtstart=None, **more) for one in report.intervals),
    )


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda one: replace(one, report_name="METADATA_TELEMETRY_USAGE"), "R313"),
        (lambda one: replace(one, dtstart=one.dtstart - MINUTE), "R314"),
        (lambda one: replace(one, intervals=one.intervals[::-1]), "R314"),
        (lambda one: replace(_bare(one, uid=None), duration=2 * MINUTE), "R316"),
        (lambda one: one, "R300"),
        (
            lambda one: replace(
                one, intervals=tuple(replace(each, duration=None) for each in one.intervals)
            ),
            "R342",
        ),
    ],
    ids=["name", "start", "order", "uid", "rID missing", "energy without a duration"],
)
async def test_r300_r313_r314_r316_r342_what_can_be_used_is_used_and_named_in_the_log_once(
    spoil: Any, rule: str, caplog: pytest.LogCaptureFixture
) -> None:
    code, rows = await delivered(spoil)
    assert code == 200
    assert [row.value for row in rows] == [1, 2]
    assert f"({rule})" in caplog.text


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda one: replace(_bare(one), dtstart=None), "R314"),
        (lambda one: _bare(one, duration=None, uid=None), "R315"),
        (
            lambda one: replace(
                one, intervals=tuple(replace(each, duration=-MINUTE) for each in one.intervals)
            ),
            "R315",
        ),
    ],
    ids=["no start at all", "no length at all", "negative"],
)
async def test_r314_r315_what_has_no_place_in_time_is_454(
    spoil: Any, rule: str, caplog: pytest.LogCaptureFixture
) -> None:
    def unplaced(report: m.Report) -> m.Report:
        spoilt: m.Report = replace(spoil(report), duration=None)
        return spoilt

    code, rows = await delivered(unplaced)
    assert (code, rows) == (454, [])
    assert rule in caplog.text


async def test_r316_intervals_without_a_start_are_taken_in_the_order_of_their_uid() -> None:
    def shuffled(report: m.Report) -> m.Report:
        bare = _bare(report)
        return replace(bare, intervals=bare.intervals[::-1])

    _, rows = await delivered(shuffled)
    assert [row.value for row in rows] == [1, 2]


async def test_r1_a_month_is_as_long_as_it_is_where_it_lies() -> None:
    month = CalendarDuration(months=1)

    def monthly(report: m.Report) -> m.Report:
        return replace(report, intervals=(replace(report.intervals[0], duration=month),))

    _, (row,) = await delivered(monthly)
    following = (row.start.replace(day=1) + 32 * DAY).replace(day=row.start.day)
    assert row.duration == following - row.start


async def test_r339_r330_ids_that_mean_nothing_to_us_do_no_harm() -> None:
    long = "r" * 40
    offer = usage("usage", long)
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer, offer)
        report = readings(request_id, world.clock.now(), {long: ["1"]})
        reply = await peer.post(update(peer, replace(report, ei_report_id="anything")))
        assert reply.response.code == 200
        assert [row.r_id for row in await stored(world)] == [long]


async def test_r341_the_last_report_may_run_over_and_the_first_begin_before() -> None:
    async with a_ven() as (world, peer):
        await peer.post(metadata(peer, world))
        start = world.clock.now() + HOUR
        entry = replace(OFTEN, start=start, duration=15 * MINUTE)
        (request_id,) = await accepted(world, peer, entry)
        await world.clock.advance(90 * MINUTE)
        early = readings(request_id, start - MINUTE, {"main": ["1"] * 11})
        late = readings(request_id, start + 10 * MINUTE, {"main": ["2"] * 10})
        reply = await peer.post(update(peer, early, late))
        assert reply.response.code == 200
        assert len(await stored(world)) == 21


async def test_r331_r334_the_whole_state_of_a_resource_is_stored_and_shown() -> None:
    """R1_3010: one interval with uid 0, online and override, for a resource."""
    offer = status_offer(
        "status",
        {"pump": m.Target(resource_ids=("pump",))},
        min_period=MINUTE,
        max_period=HOUR,
        duration=DAY,
    )
    limits = m.LoadControl(minimum=Decimal(0), maximum=Decimal(3), current=Decimal(2))
    state = m.ResourceStatus(online=True, manual_override=True, level_offset=limits)
    async with a_ven() as (world, peer):
        await peer.post(metadata(peer, world, offer))
        (request_id,) = await accepted(world, peer, replace(ONCE, specifier_id="status"))
        interval = m.Interval(uid="0", payloads=(m.ReportPayload(r_id="pump", value=state),))
        report = m.Report(
            dtstart=world.clock.now(),
            intervals=(interval,),
            report_request_id=request_id,
            report_specifier_id="status",
            report_name="TELEMETRY_STATUS",
            created_date_time=world.clock.now(),
        )
        assert (await peer.post(update(peer, report))).response.code == 200
        (row,) = await stored(world)
        assert (row.status, row.start) == (state, world.clock.now())
        assert await states(world) == {request_id: "done"}


async def test_r302_r343_data_points_keep_the_resources_that_they_stand_for_none_means_all() -> (
    None
):
    offer = status_offer(
        "status",
        {"pumps": m.Target(resource_ids=("pump-1", "pump-2")), "all": None},
        min_period=MINUTE,
        max_period=HOUR,
        duration=DAY,
        market_context="http://programme.example",
    )
    async with a_ven() as (world, peer):
        await peer.post(metadata(peer, world, offer))
        async with world.desk.store.read() as tx:
            points = await reports.data_points(tx, party_pk=1)
            (known,) = read_metadata(await reports.offers(tx, party_pk=1))
    assert {point.r_id: point.resource_ids for point in points} == {
        "pumps": ("pump-1", "pump-2"),
        "all": (),
    }
    assert {point.market_context for point in known.points} == {"http://programme.example"}
