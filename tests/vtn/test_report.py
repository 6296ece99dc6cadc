"""EiReport, over HTTP, rule by rule."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

import pytest

from oadr import messages as m
from oadr.enums import DataQuality
from oadr.report import Offer, build_metadata, history_offer, status_offer
from oadr.units import unit
from tests.vtn.kit import (
    HOUR,
    INTERVAL,
    MINUTE,
    STANDING,
    a_ven,
    joined,
    metadata,
    readings,
    update,
    usage,
)
from vtn.hooks import Context, ReportHandler, Update, Wanted
from vtn.store import reading
from vtn.store import report as reports
from vtn.store.reading import ReadingFilter, ReadingRow
from vtn.store.report import StoredRequest
from vtn.testing import Peer, World

WANTED: dict[str, Any] = {"reports": STANDING}
BY_POLL: dict[str, Any] = {"reports": STANDING | {"via": "poll"}}


def created(peer: Peer, request_id: str, *pending: str, code: int = 200) -> m.CreatedReport:
    response = m.EiResponse(code=code, request_id=request_id)
    return m.CreatedReport(response=response, pending=pending, ven_id=peer.ven_id)


def canceled(peer: Peer, request_id: str, *pending: str, code: int = 200) -> m.CanceledReport:
    response = m.EiResponse(code=code, request_id=request_id)
    return m.CanceledReport(response=response, pending=pending, ven_id=peer.ven_id)


async def asked(world: World, peer: Peer, *offers: Offer) -> str:
    """Registers metadata and confirms what is requested; returns the reportRequestID."""
    reply = await peer.post(metadata(peer, world, *offers))
    request_id: str = reply.requests[0].report_request_id
    await peer.post(created(peer, "md", request_id))
    return request_id


async def stored(world: World, **chosen: Any) -> list[ReadingRow]:
    async with world.desk.store.read() as tx:
        return [row async for row in reading.export(tx, filter=ReadingFilter(**chosen))]


async def states(world: World) -> dict[str, str]:
    async with world.desk.store.read() as tx:
        found: list[StoredRequest] = await reports.requests(tx)
    return {row.report_request_id: row.state for row in found}


class Watcher(ReportHandler):
    """Writes down what it sees."""

    def __init__(self) -> None:
        self.updates: list[Update] = []
        self.pending: list[tuple[str, ...]] = []

    async def on_created_report(self, pending: Sequence[str], ctx: Context) -> None:
        self.pending.append(tuple(pending))

    async def on_update_report(self, update: Update, ctx: Context) -> None:
        self.updates.append(update)


# ---------------------------------------------------------------- requests


async def test_r344_standing_requests_ride_on_the_answer_to_the_metadata() -> None:
    async with a_ven(WANTED) as (world, peer):
        reply = await peer.post(metadata(peer, world, usage("usage", "main", "roof")))
        assert isinstance(reply, m.RegisteredReport)
        assert reply.response.request_id == "md"
        (request,) = reply.requests
    assert request.report_specifier_id == "usage"
    assert request.granularity == MINUTE
    assert request.report_back_duration == 5 * MINUTE
    # R324: some VENs cannot do without it; R338, R321: nothing else than this.
    assert request.report_interval is not None
    assert request.report_interval.duration == timedelta(0)
    assert [point.r_id for point in request.data_points] == ["main", "roof"]
    assert {point.reading_type for point in request.data_points} == {"x-notApplicable"}
    assert {point.unit for point in request.data_points} == {None}


async def test_a_ven_that_ignores_the_piggyback_is_asked_again_by_poll() -> None:
    async with a_ven(WANTED) as (world, peer):
        first = await peer.post(metadata(peer, world))
        assert isinstance(await peer.poll(), m.Response)
        await world.clock.advance(INTERVAL)
        again = await peer.poll()
        assert isinstance(again, m.CreateReport)
        assert again.requests == first.requests
        request_id = again.requests[0].report_request_id
        reply = await peer.post(created(peer, again.request_id, request_id))
        assert reply.response.code == 200
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)
        assert await states(world) == {request_id: "active"}


@pytest.mark.parametrize("echoed", ["md", "", "something else"])
async def test_a_confirmed_piggyback_is_not_asked_again(echoed: str) -> None:
    async with a_ven(WANTED, handlers=(watcher := Watcher(),)) as (world, peer):
        reply = await peer.post(metadata(peer, world))
        request_id = reply.requests[0].report_request_id
        await peer.post(created(peer, echoed, request_id))
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)
        assert await states(world) == {request_id: "active"}
        assert watcher.pending == [(request_id,)]


async def test_a_ven_that_answers_with_the_data_itself_is_not_asked_again() -> None:
    async with a_ven(WANTED) as (world, peer):
        reply = await peer.post(metadata(peer, world))
        request_id = reply.requests[0].report_request_id
        await peer.post(update(peer, readings(request_id, world.clock.now(), {"main": ["1"]})))
        assert await states(world) == {request_id: "active"}
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


async def test_requests_go_out_by_poll_alone_where_that_is_configured() -> None:
    async with a_ven(BY_POLL) as (world, peer):
        reply = await peer.post(metadata(peer, world))
        assert reply.requests == ()
        assert await states(world) == {"report-1": "queued"}
        asked = await peer.poll()
        assert isinstance(asked, m.CreateReport)
        assert await states(world) == {"report-1": "sent"}
        await peer.post(created(peer, asked.request_id, "report-1"))
        assert await states(world) == {"report-1": "active"}


async def test_a_refusal_concerns_the_message_that_it_answers_and_no_other() -> None:
    async with a_ven(WANTED) as (world, peer):
        first = await asked(world, peer)
        wanted = Wanted(specifier_id="usage", every=MINUTE, deliver=10 * MINUTE)
        now = world.clock.now()
        second = await world.operator.request_report("ven", wanted, now=now)
        third = await world.operator.request_report("ven", wanted, now=now)
        message = await peer.poll()
        reply = await peer.post(created(peer, message.request_id, first, code=454))
        assert reply.response.code == 200
        assert await states(world) == {
            first: "active",
            second.report_request_id: "refused",
            third.report_request_id: "queued",
        }
        assert isinstance(await peer.poll(), m.CreateReport)


async def test_a_confirmation_that_comes_twice_answers_nothing_that_was_not_sent() -> None:
    async with a_ven(WANTED) as (world, peer):
        first = await asked(world, peer)
        wanted = Wanted(specifier_id="usage", every=MINUTE, deliver=10 * MINUTE)
        await world.operator.request_report("ven", wanted, now=world.clock.now())
        await peer.post(created(peer, "md", first))
        assert isinstance(await peer.poll(), m.CreateReport)


async def test_r304_a_pending_report_that_nobody_asked_for_is_452_and_the_rest_counts() -> None:
    async with a_ven(WANTED) as (world, peer):
        reply = await peer.post(metadata(peer, world))
        request_id = reply.requests[0].report_request_id
        reply = await peer.post(created(peer, "md", request_id, "from-another-life"))
        assert reply.response.code == 452
        assert await states(world) == {request_id: "active"}
        # The VEN should not have it (R329).
        ended = await peer.poll()
        assert ended.report_request_ids == ("from-another-life",)
        await peer.post(canceled(peer, ended.request_id, request_id, code=452))
        assert await states(world) == {request_id: "active"}
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


async def test_r306_new_metadata_ends_the_requests_and_asks_again() -> None:
    async with a_ven(WANTED) as (world, peer):
        first = await asked(world, peer)
        second = await asked(world, peer, usage("usage", "main", "new"))
        assert first != second
        assert await states(world) == {first: "cancelled", second: "active"}
        # The data points that are there again are the same, so their readings go on.
        now = world.clock.now()
        await peer.post(update(peer, readings(second, now, {"main": ["1"], "new": ["2"]})))
        assert [(row.r_id, row.value) for row in await stored(world)] == [
            ("main", Decimal(1)),
            ("new", Decimal(2)),
        ]


async def test_r340_an_offer_that_cannot_serve_a_standing_request_is_no_error() -> None:
    offer = replace(usage(), duration=MINUTE, points=(replace(usage().points[0]),))
    async with a_ven(WANTED) as (world, peer):
        message = metadata(peer, world)
        short = build_metadata((replace(offer, duration=timedelta(seconds=90)),), world.clock.now())
        reply = await peer.post(replace(message, reports=short))
        assert reply.response.code == 200
        assert reply.requests == ()


async def test_r308_metadata_with_an_id_twice_is_452_and_the_old_one_stays() -> None:
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer)
        reply = await peer.post(metadata(peer, world, usage("twice"), usage("twice")))
        assert reply.response.code == 452
        assert await states(world) == {request_id: "active"}


async def test_a_handler_decides_what_is_wanted() -> None:
    class Chooser(ReportHandler):
        async def on_register_report(
            self, offers: Sequence[Offer], ctx: Context
        ) -> Sequence[Wanted] | None:
            return [Wanted(specifier_id="usage", r_ids=("roof",), every=HOUR, deliver=HOUR)]

    async with a_ven(WANTED, handlers=(Chooser(),)) as (world, peer):
        reply = await peer.post(metadata(peer, world, usage("usage", "main", "roof")))
    assert [point.r_id for point in reply.requests[0].data_points] == ["roof"]
    assert reply.requests[0].granularity == HOUR


@pytest.mark.parametrize(
    "nonsense",
    [
        7,
        ["usage"],
        [Wanted(specifier_id="none", every=MINUTE, deliver=MINUTE)],
        [Wanted(specifier_id="usage", every=timedelta(seconds=1), deliver=MINUTE)],
        [Wanted(specifier_id="usage", r_ids=("no",), every=MINUTE, deliver=MINUTE)],
        [Wanted(specifier_id="usage", every=cast(timedelta, "often"), deliver=MINUTE)],
    ],
)
async def test_a_handler_that_wants_nonsense_costs_its_own_exchange_469(nonsense: Any) -> None:
    class Silly(ReportHandler):
        async def on_register_report(
            self, offers: Sequence[Offer], ctx: Context
        ) -> Sequence[Wanted] | None:
            return cast(Sequence[Wanted], nonsense) if offers else None

    async with a_ven(WANTED, handlers=(Silly(),)) as (world, peer):
        reply = await peer.post(metadata(peer, world))
        assert isinstance(reply, m.RegisteredReport)
        assert reply.response.code == 469
        empty = m.RegisterReport(request_id="e", ven_id=peer.ven_id)
        assert (await peer.post(empty)).response.code == 200
        assert await states(world) == {}


async def test_r327_metadata_is_asked_for_and_comes_with_the_id_of_the_request() -> None:
    async with a_ven() as (world, peer):
        row = await world.operator.request_metadata("ven", now=world.clock.now())
        message = await peer.poll()
        assert message.requests[0].report_specifier_id == "METADATA"
        assert [point.r_id for point in message.requests[0].data_points] == ["0"]
        await peer.post(created(peer, message.request_id, row.report_request_id))
        assert await states(world) == {row.report_request_id: "active"}
        answer = replace(metadata(peer, world), report_request_id=row.report_request_id)
        assert (await peer.post(answer)).response.code == 200
        assert await states(world) == {row.report_request_id: "done"}
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


# ---------------------------------------------------------------- data


async def test_several_r_ids_in_an_interval_are_stored_with_unit_and_time() -> None:
    async with a_ven(WANTED, handlers=(watcher := Watcher(),)) as (world, peer):
        request_id = await asked(world, peer, usage("usage", "main", "roof"))
        start = world.clock.now()
        report = readings(request_id, start, {"main": ["1.50", "2"], "roof": ["-0.25", "0"]})
        reply = await peer.post(update(peer, report, request_id="0042"))
        assert isinstance(reply, m.UpdatedReport)
        assert reply.response == m.EiResponse(description="OK", request_id="0042")
        assert reply.cancel_report is None
        rows = await stored(world)
    assert [(row.r_id, row.start - start, str(row.value)) for row in rows] == [
        ("main", 0 * MINUTE, "1.50"),
        ("main", MINUTE, "2"),
        ("roof", 0 * MINUTE, "-0.25"),
        ("roof", MINUTE, "0"),
    ]
    assert {(row.unit_name, row.unit_units, row.duration) for row in rows} == {
        ("energyReal", "Wh", MINUTE)
    }
    (seen,) = watcher.updates
    assert seen.report_name == "TELEMETRY_USAGE"
    assert len(seen.readings) == 4
    assert set(seen.points) == {"main", "roof"}


async def test_r314_intervals_without_a_start_follow_on_that_of_the_report() -> None:
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer)
        start = world.clock.now()
        await peer.post(
            update(peer, readings(request_id, start, {"main": ["1", "2", "3"]}, inherited=True))
        )
        rows = await stored(world)
    assert [row.start - start for row in rows] == [0 * MINUTE, MINUTE, 2 * MINUTE]


async def test_r346_the_same_report_twice_is_there_once_and_a_corrected_one_counts() -> None:
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer)
        start = world.clock.now()
        message = update(peer, readings(request_id, start, {"main": ["1", "2"]}))
        await asyncio.gather(*(peer.post(message) for _ in range(4)))
        assert [row.value for row in await stored(world)] == [Decimal(1), Decimal(2)]
        await peer.post(update(peer, readings(request_id, start, {"main": ["1", "3"]})))
        assert [row.value for row in await stored(world)] == [Decimal(1), Decimal(3)]


async def test_quality_accuracy_and_confidence_are_kept() -> None:
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer)
        report = readings(request_id, world.clock.now(), {"main": ["7"]})
        payload = m.ReportPayload(
            r_id="main",
            value=Decimal(7),
            accuracy=Decimal("0.1"),
            confidence=95,
            data_quality=DataQuality.GOOD,
        )
        interval = replace(report.intervals[0], payloads=(payload,))
        await peer.post(update(peer, replace(report, intervals=(interval,))))
        (row,) = await stored(world)
    assert (row.accuracy, row.confidence, row.quality) == (
        Decimal("0.1"),
        95,
        DataQuality.GOOD,
    )


async def test_r317_no_new_value_is_no_reading() -> None:
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer)
        report = readings(request_id, world.clock.now(), {"main": ["7"]})
        payload = m.ReportPayload(
            r_id="main", value=Decimal(0), data_quality=DataQuality.PREVIOUS_VALUE
        )
        interval = replace(report.intervals[0], payloads=(payload,))
        reply = await peer.post(update(peer, replace(report, intervals=(interval,))))
        assert reply.response.code == 200
        assert await stored(world) == []


async def test_r331_the_state_of_a_resource_is_stored_as_such() -> None:
    offer = status_offer(
        "status",
        {"pump": m.Target(resource_ids=("pump",))},
        min_period=MINUTE,
        max_period=HOUR,
        duration=HOUR,
    )
    standing = {"request": [{"report": "TELEMETRY_STATUS", "every": "1m", "deliver": "1m"}]}
    async with a_ven({"reports": standing}) as (world, peer):
        request_id = await asked(world, peer, offer)
        state = m.ResourceStatus(
            online=True, manual_override=False, capacity=m.LoadControl(current=Decimal("0.5"))
        )
        report = readings(request_id, world.clock.now(), {"pump": ["0"]}, specifier="status")
        payloads = (m.ReportPayload(r_id="pump", value=state),)
        interval = replace(report.intervals[0], payloads=payloads)
        await peer.post(update(peer, replace(report, intervals=(interval,))))
        (row,) = await stored(world)
    assert row.status == state
    assert row.value is None


async def test_history_is_asked_for_and_may_come_in_parts() -> None:
    offer = history_offer(
        "history", {"main": unit("energyReal")}, period=MINUTE, duration=timedelta(days=1)
    )
    async with a_ven() as (world, peer):
        await peer.post(metadata(peer, world, offer))
        start = world.clock.now() - HOUR
        wanted = Wanted(
            specifier_id="history", every=MINUTE, deliver=timedelta(0), start=start, duration=HOUR
        )
        row = await world.operator.request_report(
            "ven", wanted, now=world.clock.now(), history=True
        )
        message = await peer.poll()
        (request,) = message.requests
        assert request.granularity == request.report_back_duration == timedelta(0)
        assert request.report_interval == m.Period(dtstart=start, duration=HOUR)
        await peer.post(created(peer, message.request_id, row.report_request_id))
        for part in range(2):
            report = readings(
                row.report_request_id, start + part * MINUTE, {"main": ["5"]}, specifier="history"
            )
            assert (await peer.post(update(peer, report))).response.code == 200
        assert await states(world) == {row.report_request_id: "done"}
        assert len(await stored(world)) == 2


async def test_a_standing_request_for_history_asks_for_all_there_is() -> None:
    offer = history_offer(
        "history", {"main": unit("energyReal")}, period=MINUTE, duration=timedelta(days=1)
    )
    standing = {"request": [{"report": "HISTORY_USAGE", "every": "0", "deliver": "0"}]}
    async with a_ven({"reports": standing}) as (world, peer):
        reply = await peer.post(metadata(peer, world, offer))
        (request,) = reply.requests
        period = request.report_interval
        assert period.dtstart == world.clock.now() - timedelta(days=1)


# ---------------------------------------------------------------- refused data


async def _refused(world: World, peer: Peer, report: m.Report, code: int) -> m.UpdatedReport:
    reply = await peer.post(update(peer, report))
    assert isinstance(reply, m.UpdatedReport)
    assert reply.response.code == code
    assert await stored(world) == []
    assert (await peer.poll()).response.code == 200
    return reply


async def test_r304_a_report_for_the_request_of_another_ven_is_452() -> None:
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer)
        thief = await joined(world, "thief")
        await asked(world, thief)
        await _refused(world, thief, readings(request_id, world.clock.now(), {"main": ["9"]}), 452)


async def test_r304_unknown_requests_data_points_and_specifiers_are_452() -> None:
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer)
        now = world.clock.now()
        await _refused(world, peer, readings("no-such-request", now, {"main": ["9"]}), 452)
        await _refused(world, peer, readings(request_id, now, {"other": ["9"]}), 452)
        await _refused(
            world, peer, readings(request_id, now, {"main": ["9"]}, specifier="other"), 452
        )


async def test_r508_a_report_without_ven_id_is_refused() -> None:
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer)
        message = update(peer, readings(request_id, world.clock.now(), {"main": ["9"]}))
        reply = await peer.post(replace(message, ven_id=None))
        assert reply.response.code == 463
        assert await stored(world) == []


async def test_one_bad_report_of_a_message_and_none_is_stored() -> None:
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer)
        now = world.clock.now()
        good, bad = (
            readings(request_id, now, {"main": ["1"]}),
            readings("other", now, {"main": ["1"]}),
        )
        reply = await peer.post(update(peer, good, bad))
        assert reply.response.code == 452
        assert await stored(world) == []


async def test_an_update_without_reports_is_taken() -> None:
    async with a_ven() as (_, peer):
        reply = await peer.post(update(peer))
    assert reply.response.code == 200


# ---------------------------------------------------------------- cancelling


async def test_r335_a_cancelled_report_that_keeps_coming_is_cancelled_again_by_piggyback() -> None:
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer)
        await world.operator.cancel_report(request_id, now=world.clock.now())
        message = await peer.poll()
        assert isinstance(message, m.CancelReport)
        assert message.report_request_ids == (request_id,)
        assert not message.report_to_follow
        now = world.clock.now()
        reply = await peer.post(update(peer, readings(request_id, now, {"main": ["1"]})))
        assert reply.response.code == 200
        assert reply.cancel_report.report_request_ids == (request_id,)
        await peer.post(canceled(peer, message.request_id))
        assert await states(world) == {request_id: "cancelled"}
        reply = await peer.post(update(peer, readings(request_id, now, {"main": ["2"]})))
        assert reply.cancel_report.report_request_ids == (request_id,)
        # What came is kept: it was measured.
        assert [row.value for row in await stored(world)] == [Decimal(2)]


async def test_a_cancellation_is_repeated_until_it_is_answered() -> None:
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer)
        await world.operator.cancel_report(request_id, now=world.clock.now(), follow=True)
        first = await peer.poll()
        assert first.report_to_follow
        await world.clock.advance(INTERVAL)
        assert await peer.poll() == first
        await peer.post(canceled(peer, "not what was asked"))
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


async def test_a_ven_that_cannot_cancel_is_heard_and_not_asked_again() -> None:
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer)
        await world.operator.cancel_report(request_id, now=world.clock.now())
        message = await peer.poll()
        reply = await peer.post(canceled(peer, message.request_id, code=452))
        assert reply.response.code == 200
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


async def test_r336_a_ven_cannot_cancel_what_it_did_not_ask_for() -> None:
    async with a_ven() as (_, peer):
        reply = await peer.post(
            m.CancelReport(request_id="c", report_request_ids=("x",), ven_id=peer.ven_id)
        )
    assert isinstance(reply, m.CanceledReport)
    assert reply.response.code == 452


# ---------------------------------------------------------------- the VTN as a source


def _for_metadata(peer: Peer, *ids: str, specifier: str = "METADATA") -> m.CreateReport:
    return m.CreateReport(
        request_id="want",
        requests=tuple(
            m.ReportRequest(
                report_request_id=one,
                report_specifier_id=specifier,
                granularity=timedelta(0),
                report_back_duration=timedelta(0),
                data_points=(m.SpecifierPayload(r_id="0"),),
            )
            for one in ids
        ),
        ven_id=peer.ven_id,
    )


async def test_r301_r311_the_vtns_metadata_can_be_asked_for() -> None:
    async with a_ven() as (world, peer):
        reply = await peer.post(_for_metadata(peer, "mine"))
        assert isinstance(reply, m.CreatedReport)
        assert reply.response.request_id == "want"
        assert reply.pending == ("mine",)
        shot = await peer.poll()
        assert isinstance(shot, m.RegisterReport)
        assert shot.report_request_id == "mine"
        assert shot.reports == ()
        response = m.EiResponse(request_id=shot.request_id)
        await peer.post(m.RegisteredReport(response=response, ven_id=peer.ven_id))
        await world.clock.advance(10 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


async def test_r304_other_reports_of_the_vtn_cannot_be_had() -> None:
    async with a_ven() as (_, peer):
        reply = await peer.post(_for_metadata(peer, "mine", specifier="usage"))
    assert isinstance(reply, m.CreatedReport)
    assert reply.response.code == 452


async def test_a_ven_cannot_fill_the_outbox() -> None:
    async with a_ven() as (_, peer):
        replies = [
            await peer.post(_for_metadata(peer, *(f"{n}-{k}" for k in range(8)))) for n in range(4)
        ]
    assert [reply.response.code for reply in replies] == [200, 200, 469, 469]


# ---------------------------------------------------------------- handlers, restarts


@pytest.mark.parametrize("how", ["raises", "hangs"])
async def test_a_handler_that_fails_costs_469_and_the_readings_are_kept_and_shown_to_others(
    how: str,
) -> None:
    class Bad(ReportHandler):
        async def on_update_report(self, update: Update, ctx: Context) -> None:
            if how == "raises":
                raise ZeroDivisionError
            await asyncio.sleep(60)

    settings = WANTED | {"time_limit": "50ms"}
    async with a_ven(settings, handlers=(Bad(), watcher := Watcher())) as (world, peer):
        request_id = await asked(world, peer)
        message = update(peer, readings(request_id, world.clock.now(), {"main": ["1"]}))
        reply = await peer.post(message)
        assert isinstance(reply, m.UpdatedReport)
        assert reply.response.code == 469
        assert len(await stored(world)) == 1
        assert len(watcher.updates) == 1
        assert (await peer.poll()).response.code == 200


async def test_requests_and_readings_survive_a_restart() -> None:
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer)
        start = world.clock.now()
        await peer.post(update(peer, readings(request_id, start, {"main": ["1"]})))
        await world.restart()
        reply = await peer.post(update(peer, readings(request_id, start + HOUR, {"main": ["2"]})))
        assert reply.response.code == 200
        assert [row.value for row in await stored(world)] == [Decimal(1), Decimal(2)]
        assert await states(world) == {request_id: "active"}


async def test_data_that_comes_while_metadata_is_renewed_is_never_a_fault() -> None:
    async with a_ven(WANTED) as (world, peer):
        request_id = await asked(world, peer)
        start = world.clock.now()
        for round_ in range(5):
            offer = usage("usage", "main", f"new-{round_}")
            replies = await asyncio.gather(
                *(
                    peer.post(update(peer, readings(request_id, start + n * HOUR, {"main": ["1"]})))
                    for n in range(4)
                ),
                peer.post(metadata(peer, world, offer)),
            )
            assert {reply.response.code for reply in replies} == {200}
            asked_now = replies[-1].requests[0].report_request_id
            reply = await peer.post(
                update(peer, readings(asked_now, start, {f"new-{round_}": ["1"]}))
            )
            assert reply.response.code == 200
