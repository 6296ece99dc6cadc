"""EiReport the other way round: a VEN asks the VTN for reports."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oadr import messages as m
from tests.vtn.kit import INTERVAL, a_ven, dispatch, joined, readings
from vtn.hooks import Context, ReportHandler
from vtn.testing import Peer, World

#: What this handler has is not in the VTN's metadata, and it gives a series to who wants one value.
pytestmark = pytest.mark.sends_wrong(
    "R304.unknown_is_refused", "R324.one_shot_interval", reason="the handler's word counts"
)


class Weather(ReportHandler):
    """Has reports for VENs."""

    def __init__(self) -> None:
        self.answer: Any = None
        self.asked: list[tuple[str, m.CreateReport]] = []

    async def on_request_report(
        self, request: m.CreateReport, ctx: Context
    ) -> Sequence[m.Report] | None:
        self.asked.append((ctx.ven_id, request))
        return self.answer  # type: ignore[no-any-return]


def wanted(request_id: str = "w1", specifier: str = "weather") -> m.ReportRequest:
    return m.ReportRequest(
        report_request_id=request_id,
        report_specifier_id=specifier,
        granularity=timedelta(0),
        report_back_duration=timedelta(0),
        data_points=(m.SpecifierPayload(r_id="0" if specifier == "METADATA" else "temperature"),),
    )


def creation(peer: Peer, *requests: m.ReportRequest) -> m.CreateReport:
    return m.CreateReport(request_id="c1", requests=requests or (wanted(),), ven_id=peer.ven_id)


def report(world: World, request_id: str = "w1", **values: Any) -> m.Report:
    found = readings(
        request_id, world.clock.now(), {"temperature": ["21.5", "22"]}, specifier="weather"
    )
    return replace(found, **values)


def confirmation(peer: Peer, update: m.UpdateReport, code: int = 200) -> m.UpdatedReport:
    response = m.EiResponse(code=code, request_id=update.request_id)
    return m.UpdatedReport(response=response, ven_id=peer.ven_id)


def cancellation(peer: Peer, *ids: str, follow: bool = False) -> m.CancelReport:
    return m.CancelReport(
        request_id="x1", report_request_ids=ids, report_to_follow=follow, ven_id=peer.ven_id
    )


async def test_r304_without_a_handler_or_a_report_of_it_there_is_none() -> None:
    for handlers in ((), (Weather(),)):
        async with a_ven(handlers=handlers) as (_, peer):
            reply = await peer.post(creation(peer))
            assert isinstance(reply, m.CreatedReport)
            assert (reply.response.code, reply.response.request_id) == (452, "c1")
            assert isinstance(await peer.poll(), m.Response)


async def test_a_report_of_a_handler_is_promised_and_polled_until_it_is_confirmed() -> None:
    weather = Weather()
    async with a_ven(handlers=(weather,)) as (world, peer):
        weather.answer = [report(world)]
        reply = await peer.post(creation(peer))
        assert weather.asked == [(peer.ven_id, creation(peer))]
        assert (reply.response.code, reply.pending) == (200, ("w1",))
        update = await peer.poll()
        assert isinstance(update, m.UpdateReport)
        assert update.ven_id == peer.ven_id
        assert update.request_id
        assert update.reports == (report(world),)
        assert isinstance(await peer.poll(), m.Response)
        await world.clock.advance(INTERVAL)
        assert await peer.poll() == update
        assert (await peer.post(confirmation(peer, update))).response.code == 200
        await world.clock.advance(100 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


async def test_reports_to_several_requests_go_out_in_one_message() -> None:
    weather = Weather()
    async with a_ven(handlers=(weather,)) as (world, peer):
        weather.answer = (report(world, "w1"), report(world, "w2"))
        reply = await peer.post(creation(peer, wanted("w1"), wanted("w2"), wanted("w3")))
        assert reply.pending == ("w1", "w2")
        update = await peer.poll()
        assert [one.report_request_id for one in update.reports] == ["w1", "w2"]
        assert isinstance(await peer.poll(), m.Response)


async def test_metadata_is_the_vtns_own_and_comes_beside() -> None:
    weather = Weather()
    async with a_ven(handlers=(weather,)) as (world, peer):
        reply = await peer.post(creation(peer, wanted("md", "METADATA")))
        assert weather.asked == []
        assert reply.pending == ("md",)
        weather.answer = [report(world)]
        reply = await peer.post(creation(peer, wanted("md2", "METADATA"), wanted()))
        assert reply.pending == ("md", "md2", "w1")
        kinds = [type(await peer.poll()) for _ in range(3)]
        assert kinds == [m.RegisterReport, m.RegisterReport, m.UpdateReport]


async def test_a_handler_that_has_nothing_just_now_says_so_by_an_empty_list() -> None:
    weather = Weather()
    weather.answer = []
    async with a_ven(handlers=(weather,)) as (_, peer):
        reply = await peer.post(creation(peer))
        assert (reply.response.code, reply.pending) == (200, ())
        assert isinstance(await peer.poll(), m.Response)


async def test_a_ven_that_cannot_use_a_report_does_not_get_it_again() -> None:
    weather = Weather()
    async with a_ven(handlers=(weather,)) as (world, peer):
        weather.answer = [report(world)]
        await peer.post(creation(peer))
        update = await peer.poll()
        assert (await peer.post(confirmation(peer, update, 454))).response.code == 200
        await world.clock.advance(100 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


async def test_r336_what_waits_can_be_cancelled_and_the_rest_comes() -> None:
    weather = Weather()
    async with a_ven(handlers=(weather,)) as (world, peer):
        weather.answer = [report(world, "w1"), report(world, "w2")]
        await peer.post(creation(peer, wanted("w1"), wanted("w2")))
        strange = await peer.post(cancellation(peer, "w1", "w9"))
        assert strange.response.code == 452
        reply = await peer.post(cancellation(peer, "w1"))
        assert (reply.response.code, reply.pending) == (200, ("w2",))
        update = await peer.poll()
        assert [one.report_request_id for one in update.reports] == ["w2"]
        assert (await peer.post(cancellation(peer, "w2"))).pending == ()
        await world.clock.advance(100 * INTERVAL)
        assert isinstance(await peer.poll(), m.Response)


async def test_r345_with_a_report_to_follow_the_last_one_comes() -> None:
    weather = Weather()
    async with a_ven(handlers=(weather,)) as (world, peer):
        weather.answer = [report(world)]
        await peer.post(creation(peer))
        reply = await peer.post(cancellation(peer, "w1", follow=True))
        assert (reply.response.code, reply.pending) == (200, ("w1",))
        assert isinstance(await peer.poll(), m.UpdateReport)


async def test_r304_what_another_ven_has_asked_for_is_not_this_ones_to_cancel() -> None:
    weather = Weather()
    async with a_ven(handlers=(weather,)) as (world, peer):
        other = await joined(world, "other")
        weather.answer = [report(world)]
        await peer.post(creation(peer))
        assert (await other.post(cancellation(other, "w1"))).response.code == 452
        assert isinstance(await other.poll(), m.Response)
        assert isinstance(await peer.poll(), m.UpdateReport)


async def test_a_ven_cannot_fill_the_database_with_requests() -> None:
    weather = Weather()
    async with a_ven(handlers=(weather,)) as (world, peer):
        weather.answer = [report(world)]
        codes = [(await peer.post(creation(peer))).response.code for _ in range(25)]
        assert set(codes[:20]) == {200}
        assert set(codes[20:]) == {469}


async def test_reports_that_wait_hold_up_no_event() -> None:
    weather = Weather()
    async with a_ven(handlers=(weather,)) as (world, peer):
        weather.answer = [report(world)]
        await peer.post(creation(peer))
        await dispatch(world)
        assert isinstance(await peer.poll(), m.UpdateReport)
        shot = await peer.poll()
        assert [one.event_id for one in shot.events] == ["e1"]


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        ({"report_request_id": "another"}, "R304"),
        ({"report_specifier_id": "another"}, "R304"),
        ({"intervals": ()}, "R313"),
        ({"dtstart": None}, "R313"),
        ({"report_name": None}, "R313"),
        ({"report_name": "METADATA_TELEMETRY_USAGE"}, "R313"),
        ({"intervals": 7}, ""),
        ({"report_name": 7}, ""),
        ({"created_date_time": None}, ""),
    ],
)
async def test_a_report_that_must_not_be_sent_is_469_and_named_in_the_log(
    spoil: dict[str, Any], rule: str, caplog: pytest.LogCaptureFixture
) -> None:
    weather = Weather()
    async with a_ven(handlers=(weather,)) as (world, peer):
        weather.answer = [report(world, **spoil)]
        reply = await peer.post(creation(peer))
        assert isinstance(reply, m.CreatedReport)
        assert (reply.response.code, reply.pending) == (469, ())
        assert "Weather" not in (reply.response.description or "")
        assert "Weather.on_request_report" in caplog.text
        assert rule in caplog.text
        assert isinstance(await peer.poll(), m.Response)


async def test_r304_data_points_that_were_not_asked_for_are_not_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    weather = Weather()
    async with a_ven(handlers=(weather,)) as (world, peer):
        values = {"temperature": ["21"], "secret": ["42"]}
        weather.answer = [readings("w1", world.clock.now(), values, specifier="weather")]
        assert (await peer.post(creation(peer))).response.code == 469
        assert "secret" in caplog.text


@pytest.mark.parametrize("nonsense", [7, "report", [7], {"reports": []}, [None]])
async def test_what_is_no_report_is_469(nonsense: Any) -> None:
    weather = Weather()
    weather.answer = nonsense
    async with a_ven(handlers=(weather,)) as (_, peer):
        assert (await peer.post(creation(peer))).response.code == 469
