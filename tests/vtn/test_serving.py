"""The VTN as a source of reports, rule by rule: what it offers, is asked for, and sends."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import DataQuality
from oadr.report import (
    Offer,
    Reading,
    RequestKind,
    build_history_request,
    build_one_shot,
    build_request,
    history_offer,
    usage_offer,
)
from oadr.units import unit
from tests.vtn.kit import HOUR, INTERVAL, MINUTE, a_ven, joined
from vtn.hooks import Collect, Context, ReportHandler
from vtn.services import serving
from vtn.store import served
from vtn.testing import Peer, World

UNITS = {"load": unit("energyReal"), "peak": unit("powerReal")}
LOAD = usage_offer(
    "load", UNITS, min_period=MINUTE, max_period=HOUR, duration=timedelta(days=1), on_change=True
)
PAST = history_offer("past", UNITS, period=MINUTE, duration=timedelta(days=1))


class Utility(ReportHandler):
    """Has a reading of 7 each minute."""

    def __init__(self) -> None:
        self.offers: Sequence[Offer] = (LOAD, PAST)
        self.wanted: list[Collect] = []
        self.fails = False

    async def on_offer_reports(self, ctx: Context) -> Sequence[Offer] | None:
        return self.offers

    async def on_collect_readings(self, wanted: Collect, ctx: Context) -> Sequence[Reading]:
        self.wanted.append(wanted)
        if self.fails:
            raise ZeroDivisionError
        start = wanted.start - MINUTE if wanted.kind is RequestKind.ONE_SHOT else wanted.start
        count = max(1, (wanted.end - start) // MINUTE)
        return [
            Reading(r_id=r_id, start=start + n * MINUTE, duration=length, value=Decimal(7))
            for n in range(count)
            for r_id, length in (("load", MINUTE), ("peak", timedelta(0)))
        ]


@asynccontextmanager
async def served_ven(
    utility: Utility | None = None,
) -> AsyncIterator[tuple[World, Peer, Utility]]:
    """A VTN that offers reports, and a VEN that knows them."""
    utility = utility or Utility()
    async with a_ven(handlers=(utility,)) as (world, peer):
        yield world, peer, utility


def asking(peer: Peer, *requests: m.ReportRequest, request_id: str = "c1") -> m.CreateReport:
    return m.CreateReport(request_id=request_id, requests=requests, ven_id=peer.ven_id)


def periodic(world: World, request_id: str = "w1", **values: Any) -> m.ReportRequest:
    fields: dict[str, Any] = {"granularity": MINUTE, "back": 2 * MINUTE, "start": None}
    now = world.clock.now()
    return build_request(LOAD, request_id=request_id, now=now, **(fields | values))


def once(world: World, request_id: str = "w1") -> m.ReportRequest:
    return build_one_shot(LOAD, request_id=request_id, now=world.clock.now())


def got(peer: Peer, message: Any, *over: str, code: int = 200) -> m.UpdatedReport:
    response = m.EiResponse(code=code, request_id=message.request_id)
    ends = m.CancelReport(request_id="x", report_request_ids=over, report_to_follow=False)
    return m.UpdatedReport(
        response=response, cancel_report=ends if over else None, ven_id=peer.ven_id
    )


def read(peer: Peer, message: m.RegisterReport, *requests: m.ReportRequest) -> m.RegisteredReport:
    response = m.EiResponse(request_id=message.request_id)
    return m.RegisteredReport(response=response, requests=requests, ven_id=peer.ven_id)


def ending(peer: Peer, *ids: str, follow: bool = False) -> m.CancelReport:
    return m.CancelReport(
        request_id="x1", report_request_ids=ids, report_to_follow=follow, ven_id=peer.ven_id
    )


async def fetched(world: World, peer: Peer) -> list[m.Report]:
    """Lets the VTN send what is due; returns the reports that the VEN gets and confirms."""
    await serving.serve(world.desk)
    found: list[m.Report] = []
    while isinstance(message := await peer.poll(), m.UpdateReport):
        found += message.reports
        assert (await peer.post(got(peer, message))).response.code == 200
    return found


def values_of(interval: m.Interval) -> list[m.ReportPayload]:
    return [one for one in interval.payloads if isinstance(one, m.ReportPayload)]


async def open_ids(world: World) -> list[str]:
    async with world.desk.store.read() as tx:
        return [row.report_request_id for row in await served.requests(tx)]


# ---------------------------------------------------------------- requests


async def test_r344_requests_in_the_answer_to_the_metadata_are_answered_at_once() -> None:
    async with served_ven() as (world, _, _):
        peer = world.peer()
        await peer.register("new")
        message = await peer.poll()
        reply = await peer.post(read(peer, message, periodic(world, "a"), once(world, "b")))
        assert isinstance(reply, m.CreatedReport)
        assert reply.response == m.EiResponse(description="OK", request_id=message.request_id)
        assert set(reply.pending) == {"a", "b"}


@pytest.mark.parametrize(
    ("values", "code", "rule"),
    [
        ({"report_specifier_id": "other"}, 452, "R304"),
        ({"data_points": (m.SpecifierPayload(r_id="gas"),)}, 452, "R304"),
        ({"granularity": timedelta(seconds=5)}, 454, "R340"),
        ({"granularity": 2 * HOUR, "report_back_duration": 2 * HOUR}, 454, "R340"),
        ({"report_back_duration": 7 * timedelta(days=1)}, 454, "R340"),
        ({"granularity": 3 * MINUTE}, 454, "R317"),
    ],
    ids=["specifier", "rID", "too fast", "too slow", "too much", "longer than its report"],
)
async def test_r304_r317_r329_r340_what_cannot_be_had_is_refused_and_the_rest_goes_on(
    values: dict[str, Any], code: int, rule: str
) -> None:
    async with served_ven() as (world, peer, _):
        await peer.post(asking(peer, periodic(world, "kept")))
        bad = replace(periodic(world, "bad"), **values)
        reply = await peer.post(asking(peer, periodic(world, "good"), bad, request_id="c2"))
        assert isinstance(reply, m.CreatedReport)
        assert (reply.response.code, reply.response.request_id) == (code, "c2")
        assert rule in (reply.response.description or "")
        assert reply.pending == ("kept",)
        assert await open_ids(world) == ["kept"]


async def test_r317_r324_history_is_asked_for_without_granularity_and_not_ahead() -> None:
    async with served_ven() as (world, peer, _):
        now = world.clock.now()
        good = build_history_request(PAST, request_id="h", start=now - HOUR)
        ahead = replace(good, report_interval=m.Period(dtstart=now + HOUR, duration=HOUR))
        for bad in (replace(good, granularity=MINUTE), ahead):
            reply = await peer.post(asking(peer, bad))
            assert (reply.response.code, reply.pending) == (454, ())


async def test_r322_the_same_requests_once_more_change_nothing() -> None:
    async with served_ven() as (world, peer, _):
        message = asking(peer, periodic(world))
        assert (await peer.post(message)).pending == ("w1",)
        await world.clock.advance(5 * MINUTE)
        assert len(await fetched(world, peer)) == 2
        assert (await peer.post(message)).pending == ("w1",)
        assert await fetched(world, peer) == []


async def test_r329_each_answer_lists_all_that_is_scheduled() -> None:
    async with served_ven() as (world, peer, _):
        await peer.post(asking(peer, periodic(world, "a")))
        reply = await peer.post(asking(peer, periodic(world, "b"), periodic(world, "c")))
        assert reply.pending == ("a", "b", "c")
        assert (await peer.post(ending(peer, "b"))).pending == ("a", "c")


async def test_a_ven_cannot_fill_the_database_with_requests() -> None:
    async with served_ven() as (world, peer, _):
        many = [periodic(world, f"w{n}") for n in range(51)]
        assert (await peer.post(asking(peer, *many))).response.code == 469
        assert await open_ids(world) == []


# ---------------------------------------------------------------- reports


async def test_r313_r314_r324_r337_one_shots_come_at_once_each_with_one_interval() -> None:
    """R1_3150 and R1_3180: after the oadrCreatedReport, both data points in one interval."""
    async with served_ven() as (world, peer, _):
        reply = await peer.post(asking(peer, once(world, "a"), once(world, "b")))
        assert isinstance(reply, m.CreatedReport)
        assert reply.pending == ("a", "b")
        found = await fetched(world, peer)
        assert [one.report_request_id for one in found] == ["a", "b"]
        for one in found:
            (interval,) = one.intervals
            assert {payload.r_id for payload in values_of(interval)} == {"load", "peak"}
            assert (interval.dtstart, interval.duration) == (one.dtstart, MINUTE)
            assert (one.report_name, one.descriptions) == ("TELEMETRY_USAGE", ())
        assert await open_ids(world) == []
        assert (await peer.post(asking(peer, periodic(world, "c")))).pending == ("c",)


async def test_r300_r317_r325_r341_r346_periodic_reports_follow_their_dtstart_until_the_end() -> (
    None
):
    """R1_3160: every two minutes, a value of each data point for each minute."""
    async with served_ven() as (world, peer, _):
        start = world.clock.now() + 10 * MINUTE
        await peer.post(asking(peer, periodic(world, start=start, duration=5 * MINUTE)))
        await world.clock.advance(11 * MINUTE)
        assert await fetched(world, peer) == []
        seen: list[m.Report] = []
        for _ in range(12):
            await world.clock.advance(MINUTE)
            seen += await fetched(world, peer)
        # The last one runs over the end of the interval.
        assert [one.dtstart for one in seen] == [start + n * 2 * MINUTE for n in range(3)]
        for one in seen:
            assert [len(interval.payloads) for interval in one.intervals] == [2, 2]
        assert await open_ids(world) == []


async def test_r317_on_change_says_what_has_changed_and_marks_what_has_not() -> None:
    async with served_ven() as (world, peer, utility):
        wanted = replace(
            periodic(world, granularity=timedelta(0)),
            data_points=(m.SpecifierPayload(r_id="peak"),),
        )
        assert (await peer.post(asking(peer, wanted))).response.code == 200
        await world.clock.advance(2 * MINUTE)
        (one,) = await fetched(world, peer)
        assert utility.wanted[-1].kind is RequestKind.ON_CHANGE
        values = [payload for interval in one.intervals for payload in interval.payloads]
        assert len(values) == 1


async def test_r314_r324_r325_history_is_what_was_oldest_first() -> None:
    """R1_3140: the last half hour."""
    async with served_ven() as (world, peer, _):
        start = world.clock.now() - 30 * MINUTE
        await peer.post(asking(peer, build_history_request(PAST, request_id="h", start=start)))
        (one,) = await fetched(world, peer)
        assert one.report_name == "HISTORY_USAGE"
        assert [interval.dtstart for interval in one.intervals] == [
            start + n * MINUTE for n in range(30)
        ]
        assert await open_ids(world) == []


async def test_r318_where_nothing_is_known_stands_a_placeholder_of_bad_quality() -> None:
    async with served_ven() as (world, peer, utility):
        utility.fails = True
        await peer.post(asking(peer, once(world)))
        assert await fetched(world, peer) == []
        assert await open_ids(world) == ["w1"]
        await world.clock.advance(6 * MINUTE)
        (one,) = await fetched(world, peer)
        qualities = {p.data_quality for interval in one.intervals for p in values_of(interval)}
        assert qualities == {DataQuality.BAD_NOT_CONNECTED}


async def test_a_report_is_repeated_until_the_ven_has_it() -> None:
    async with served_ven() as (world, peer, _):
        await peer.post(asking(peer, once(world)))
        await serving.serve(world.desk)
        message = await peer.poll()
        assert isinstance(message, m.UpdateReport)
        await world.clock.advance(INTERVAL)
        assert await peer.poll() == message


async def test_nothing_is_lost_or_doubled_over_a_restart() -> None:
    async with served_ven() as (world, peer, _):
        start = world.clock.now()
        await peer.post(asking(peer, periodic(world)))
        await world.clock.advance(3 * MINUTE)
        first = await fetched(world, peer)
        await world.restart()
        await world.clock.advance(6 * MINUTE)
        found = first + await fetched(world, peer)
        assert [one.dtstart for one in found] == [start + n * 2 * MINUTE for n in range(4)]


async def test_what_a_ven_does_not_fetch_waits_in_the_store_and_not_in_its_outbox() -> None:
    async with served_ven() as (world, peer, _):
        await peer.post(asking(peer, periodic(world)))
        await world.clock.advance(2 * HOUR)
        found: list[m.Report] = []
        for _ in range(5):
            await serving.serve(world.desk)
            new = await fetched(world, peer)
            assert len(new) <= 2 * serving.MOST
            found += new
            await world.clock.advance(MINUTE)
        assert len({one.dtstart for one in found}) == len(found) >= 60


async def test_r304_two_vens_may_use_the_same_id_and_each_gets_its_own() -> None:
    async with served_ven() as (world, peer, _):
        other = await joined(world, "other")
        await peer.post(asking(peer, periodic(world)))
        await other.post(asking(other, periodic(world)))
        assert (await other.post(ending(other, "w1"))).response.code == 200
        await world.clock.advance(2 * MINUTE)
        assert len(await fetched(world, peer)) == 1
        assert await fetched(world, other) == []


# ---------------------------------------------------------------- the end


async def test_r336_a_batch_with_one_unknown_id_ends_nothing() -> None:
    """R1_3040: an unknown ID refuses the batch; what is pending is listed all the same."""
    async with served_ven() as (world, peer, _):
        await peer.post(asking(peer, periodic(world, "a"), periodic(world, "b")))
        reply = await peer.post(ending(peer, "a", "nobody"))
        assert (reply.response.code, reply.pending) == (452, ("a", "b"))
        reply = await peer.post(ending(peer, "a", "b"))
        assert (reply.response.code, reply.pending) == (200, ())
        await world.clock.advance(HOUR)
        assert await fetched(world, peer) == []


async def test_r345_a_final_report_follows_what_is_cancelled_with_that_wish() -> None:
    """R1_3045: still pending when the cancellation is confirmed, then one more, then none."""
    async with served_ven() as (world, peer, _):
        start = world.clock.now()
        await peer.post(asking(peer, periodic(world, back=10 * MINUTE)))
        await world.clock.advance(3 * MINUTE)
        reply = await peer.post(ending(peer, "w1", follow=True))
        assert (reply.response.code, reply.pending) == (200, ("w1",))
        (one,) = await fetched(world, peer)
        assert (one.dtstart, len(one.intervals)) == (start, 3)
        assert await open_ids(world) == []
        await world.clock.advance(HOUR)
        assert await fetched(world, peer) == []


async def test_r328_what_a_ven_cancels_with_its_confirmation_ends() -> None:
    async with served_ven() as (world, peer, _):
        await peer.post(asking(peer, periodic(world, "a"), periodic(world, "b")))
        await world.clock.advance(2 * MINUTE)
        await serving.serve(world.desk)
        message = await peer.poll()
        (name,) = {one.report_request_id for one in message.reports}
        assert (await peer.post(got(peer, message, name))).response.code == 200
        assert await open_ids(world) == [one for one in ("a", "b") if one != name]


async def test_r328_only_what_was_just_reported_can_be_cancelled_so() -> None:
    async with served_ven() as (world, peer, _):
        await peer.post(asking(peer, periodic(world, "a"), once(world, "b")))
        await serving.serve(world.desk)
        message = await peer.poll()
        assert [one.report_request_id for one in message.reports] == ["b"]
        assert (await peer.post(got(peer, message, "a"))).response.code == 452
        assert await open_ids(world) == ["a"]


async def test_r406_r407_a_registration_that_ends_takes_its_requests_along() -> None:
    async with served_ven() as (world, peer, _):
        await peer.post(asking(peer, periodic(world)))
        await peer.register("ven")
        assert await open_ids(world) == []
