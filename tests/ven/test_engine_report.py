"""What a VEN reports, when, and that none of it is lost."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr.enums import DataQuality
from oadr.messages import (
    CanceledReport,
    CancelReport,
    CreatedReport,
    CreateReport,
    EiResponse,
    Poll,
    RegisterReport,
    Report,
    ReportPayload,
    ReportRequest,
    ResourceStatus,
    UpdatedReport,
    UpdateReport,
)
from tests.ven.scripted import HANG, NOW, World, request
from ven.client import Client
from ven.errors import Rejected, Unreachable
from ven.meter import MeterSpec, Sample

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
TICK = timedelta(seconds=10)


class Replay:
    """A meter that has used 1 Wh every ten seconds since the beginning of time."""

    def __init__(self, name: str = "main", **spec: Any) -> None:
        self.spec = MeterSpec(name=name, every=TICK, **spec)
        self.asked = 0

    async def samples(self, since: datetime | None, until: datetime) -> Sequence[Sample]:
        self.asked += 1
        start = since or until - self.spec.every
        found = []
        while start + self.spec.every <= until:
            found.append(Sample(start=start, duration=self.spec.every, value=Decimal(1)))
            start += self.spec.every
        return found


def status_meter(changes: dict[datetime, bool], world: World) -> Any:
    def read() -> ResourceStatus:
        online = True
        for moment, value in changes.items():
            online = value if world.clock.now() >= moment else online
        return ResourceStatus(online=online, manual_override=False)

    return read


def reports(world: World, request_id: str = "rr-1") -> list[Report]:
    return [
        report
        for message in world.vtn.got(UpdateReport)
        for report in message.reports
        if report.report_request_id == request_id
    ]


def values(report: Report) -> list[Decimal]:
    return [
        payload.value
        for interval in report.intervals
        for payload in interval.payloads
        if isinstance(payload, ReportPayload) and isinstance(payload.value, Decimal)
    ]


async def started(world: World, *requests: ReportRequest, **options: Any) -> Client:
    ven = world.ven(**options)
    ven.add_meter(Replay())
    world.vtn.requests = list(requests)
    return await world.start(ven)


def create(*requests: ReportRequest, request_id: str = "q1") -> CreateReport:
    return CreateReport(request_id=request_id, requests=requests)


async def test_r331_meters_are_offered_as_usage_and_history_with_their_resources(
    world: World,
) -> None:
    await started(world)
    (metadata,) = world.vtn.got(RegisterReport)
    found = {report.report_specifier_id: report for report in metadata.reports}
    assert set(found) == {"TELEMETRY_USAGE", "HISTORY_USAGE", "TELEMETRY_STATUS"}
    (point,) = found["TELEMETRY_USAGE"].descriptions
    assert (point.r_id, point.report_type, point.reading_type) == ("main", "usage", "Direct Read")
    assert point.data_source is not None
    assert point.data_source.resource_ids == ("main",)
    assert point.sampling_rate is not None
    assert point.sampling_rate.min_period == TICK
    assert found["TELEMETRY_USAGE"].report_request_id == "0"


async def test_r344_requests_that_come_with_the_registration_are_confirmed_and_served(
    world: World,
) -> None:
    await started(world, request("rr-1"))
    (created,) = world.vtn.got(CreatedReport)
    (metadata,) = world.vtn.got(RegisterReport)
    assert created.response == EiResponse(request_id=metadata.request_id)
    assert created.pending == ("rr-1",)
    await world.pass_time(5 * MINUTE)
    (report,) = reports(world)
    assert report.report_name == "TELEMETRY_USAGE"


async def test_r325_periodic_reports_are_aligned_to_the_dtstart_that_was_asked_for(
    world: World,
) -> None:
    start = NOW + 90 * SECOND
    await started(world, request(start=start, granularity=30, back=60))
    await world.pass_time(5 * MINUTE)
    found = reports(world)
    assert [report.dtstart for report in found] == [start, start + MINUTE, start + 2 * MINUTE]
    for report in found:
        assert [interval.dtstart for interval in report.intervals] == [
            report.dtstart,
            (report.dtstart or NOW) + 30 * SECOND,
        ]
        assert values(report) == [3, 3]


async def test_a_window_that_ends_between_two_samples_waits_and_loses_nothing(
    world: World,
) -> None:
    start = NOW + 5 * SECOND
    await started(world, request(start=start, granularity=60, back=60))
    await world.pass_time(70 * SECOND, SECOND)
    (report,) = reports(world)
    assert values(report) == [6]
    assert report.created_date_time == NOW + 70 * SECOND
    await world.pass_time(3 * MINUTE, SECOND)
    assert [values(report) for report in reports(world)] == [[6]] * 4


async def test_r325_a_request_with_an_end_stops_there(world: World) -> None:
    await started(world, request(back=60, duration=3 * MINUTE))
    await world.pass_time(10 * MINUTE)
    assert len(reports(world)) == 3
    assert (await world._open[0].status()).reports == ()


async def test_r303_a_request_on_poll_is_confirmed_with_its_request_id_and_all_pending(
    world: World,
) -> None:
    await started(world, request("rr-1"))
    world.vtn.queue.append(create(request("rr-2"), request("rr-3"), request_id="q7"))
    await world.pass_time(TICK)
    created = world.vtn.got(CreatedReport)[-1]
    assert created.response == EiResponse(request_id="q7")
    assert created.pending == ("rr-1", "rr-2", "rr-3")
    assert created.ven_id == "ven-1"


async def test_r324_a_one_shot_is_confirmed_first_and_then_sent_once_with_one_interval(
    world: World,
) -> None:
    await started(world)
    world.vtn.queue.append(create(request("once", granularity=0, back=0, start=None)))
    world.vtn.received.clear()
    await world.pass_time(MINUTE)
    assert world.vtn.names() == ["CreatedReport", "UpdateReport"]
    assert world.vtn.got(CreatedReport)[0].pending == ("once",)
    (report,) = reports(world, "once")
    assert len(report.intervals) == 1
    assert values(report) == [1]


async def test_several_requests_run_side_by_side(world: World) -> None:
    ven = world.ven()
    ven.add_meter(Replay("main"))
    ven.add_meter(Replay("heat"))
    world.vtn.requests = [
        request("a", "main", back=60),
        request("b", "heat", "main", back=120, granularity=120),
    ]
    await world.start(ven)
    await world.pass_time(4 * MINUTE)
    assert len(reports(world, "a")) == 4
    assert len(reports(world, "b")) == 2
    (interval,) = reports(world, "b")[0].intervals
    assert [
        payload.r_id for payload in interval.payloads if isinstance(payload, ReportPayload)
    ] == [
        "heat",
        "main",
    ]


async def test_r317_history_is_given_as_it_was_stored_oldest_first(world: World) -> None:
    await started(world)
    await world.pass_time(5 * MINUTE)
    wanted = request(
        "old", specifier="HISTORY_USAGE", granularity=0, back=0, start=NOW + MINUTE, duration=MINUTE
    )
    world.vtn.queue.append(create(wanted))
    await world.pass_time(TICK)
    (report,) = reports(world, "old")
    assert report.report_name == "HISTORY_USAGE"
    assert report.dtstart == NOW + MINUTE
    assert [interval.dtstart for interval in report.intervals] == [
        NOW + MINUTE + index * TICK for index in range(6)
    ]


async def test_a_long_history_is_sent_in_several_reports(world: World) -> None:
    ven = world.ven()
    meter = Replay()
    ven.add_meter(meter)
    await world.start(ven)
    await world.pass_time(timedelta(hours=3), timedelta(hours=1))
    wanted = request("old", specifier="HISTORY_USAGE", granularity=0, back=0, start=NOW)
    world.vtn.queue.append(create(wanted))
    await world.pass_time(TICK)
    found = reports(world, "old")
    assert [len(report.intervals) for report in found] == [1000, 81]
    starts = [one.dtstart for report in found for one in report.intervals if one.dtstart]
    assert starts == sorted(set(starts))


async def test_r317_on_change_reports_only_what_changed(world: World) -> None:
    ven = world.ven()
    ven.meter("hall", measurement="", every="10s")(status_meter({NOW + 95 * SECOND: False}, world))
    world.vtn.requests = [
        request("st", "hall", specifier="TELEMETRY_STATUS", granularity=0, back=60)
    ]
    await world.start(ven)
    await world.pass_time(3 * MINUTE)
    first, second, third = reports(world, "st")
    assert len(first.intervals) == 1
    (changed,) = second.intervals
    assert changed.dtstart == NOW + 100 * SECOND
    (still,) = third.intervals
    (payload,) = still.payloads
    assert isinstance(payload, ReportPayload)
    assert payload.data_quality == DataQuality.PREVIOUS_VALUE
    assert payload.value == ResourceStatus(online=False, manual_override=False)


async def test_r327_metadata_on_demand_answers_with_its_request_id_and_comes_after_the_confirmation(
    world: World,
) -> None:
    await started(world)
    wanted = request("md", "0", specifier="METADATA", granularity=0, back=0, start=None)
    world.vtn.queue.append(create(wanted))
    world.vtn.received.clear()
    await world.pass_time(TICK)
    assert world.vtn.names() == ["CreatedReport", "RegisterReport"]
    (metadata,) = world.vtn.got(RegisterReport)
    assert metadata.report_request_id == "md"
    assert {report.report_request_id for report in metadata.reports} == {"0"}


async def test_r306_metadata_ends_what_was_asked_for_before(world: World) -> None:
    ven = await started(world, request("rr-1", back=60))
    world.vtn.requests = [request("rr-2", back=60)]
    await ven.register_reports()
    await world.pass_time(5 * MINUTE)
    assert not reports(world, "rr-1")
    assert reports(world, "rr-2")


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (request("bad", specifier="NO_SUCH"), 452),
        (request("bad", "no-such-rid"), 452),
        (request("bad", granularity=1), 454),
        (request("bad", granularity=600, back=300), 454),
    ],
)
async def test_r304_r340_what_is_not_offered_is_refused_and_not_pending(
    world: World, wanted: ReportRequest, code: int
) -> None:
    await started(world, request("rr-1"))
    world.vtn.queue.append(create(wanted, request("good")))
    await world.pass_time(TICK)
    created = world.vtn.got(CreatedReport)[-1]
    assert created.response.code == code
    assert created.response.request_id == "q1"
    assert created.pending == ("rr-1", "good")


async def test_r21_a_request_for_another_ven_is_refused(world: World) -> None:
    await started(world)
    world.vtn.queue.append(replace(create(request("rr-9")), ven_id="ven-2"))
    await world.pass_time(TICK)
    (created,) = world.vtn.got(CreatedReport)
    assert (created.response.code, created.pending) == (452, ())


async def test_r336_a_cancellation_names_what_remains_and_stops_the_reports(
    world: World,
) -> None:
    await started(world, request("a", back=60), request("b", back=60))
    world.vtn.queue.append(CancelReport(request_id="c1", report_request_ids=("a",)))
    await world.pass_time(3 * MINUTE)
    (answer,) = world.vtn.got(CanceledReport)
    assert answer.response == EiResponse(request_id="c1")
    assert answer.pending == ("b",)
    assert not reports(world, "a")
    assert len(reports(world, "b")) == 3


async def test_r336_a_cancellation_with_an_unknown_id_cancels_nothing(world: World) -> None:
    await started(world, request("a", back=60))
    world.vtn.queue.append(CancelReport(request_id="c1", report_request_ids=("a", "zz")))
    await world.pass_time(MINUTE)
    (answer,) = world.vtn.got(CanceledReport)
    assert (answer.response.code, answer.pending) == (452, ("a",))
    assert reports(world, "a")


async def test_a_cancellation_that_is_repeated_is_no_error(world: World) -> None:
    await started(world, request("a", back=60))
    cancel = CancelReport(request_id="c1", report_request_ids=("a",))
    world.vtn.queue.extend([cancel, cancel])
    await world.pass_time(TICK)
    assert [answer.response.code for answer in world.vtn.got(CanceledReport)] == [200, 200]


async def test_r345_one_final_report_follows_the_confirmation_if_it_is_wanted(
    world: World,
) -> None:
    await started(world, request("a", back=300))
    await world.pass_time(90 * SECOND)
    world.vtn.queue.append(
        CancelReport(request_id="c1", report_request_ids=("a",), report_to_follow=True)
    )
    world.vtn.received.clear()
    await world.pass_time(10 * MINUTE)
    assert world.vtn.names() == ["CanceledReport", "UpdateReport"]
    (report,) = reports(world, "a")
    assert report.dtstart == NOW
    assert sum(values(report)) == 10
    (answer,) = world.vtn.got(CanceledReport)
    assert answer.pending == ("a",)
    assert (await world._open[0].status()).reports == ()


async def test_r328_a_cancellation_that_comes_with_a_confirmation_is_obeyed(
    world: World,
) -> None:
    await started(world, request("a", back=60))
    cancel = CancelReport(request_id="c1", report_request_ids=("a",))
    world.vtn.script(UpdateReport, UpdatedReport(response=EiResponse(), cancel_report=cancel))
    await world.pass_time(5 * MINUTE)
    assert len(reports(world, "a")) == 1
    assert not world.vtn.got(CanceledReport)


async def test_r328_it_may_name_only_what_was_reported(world: World) -> None:
    await started(world, request("a", back=60), request("b", back=240))
    cancel = CancelReport(request_id="c1", report_request_ids=("b",))
    world.vtn.script(UpdateReport, UpdatedReport(response=EiResponse(), cancel_report=cancel))
    await world.pass_time(5 * MINUTE)
    assert reports(world, "b")


async def test_r318_what_was_not_measured_is_reported_as_not_connected(world: World) -> None:
    ven = world.ven()

    @ven.meter("main", unit="Wh", every="10s")
    async def broken() -> float:
        raise OSError("no answer on the bus")

    world.vtn.requests = [request(back=60)]
    await world.start(ven)
    await world.pass_time(MINUTE)
    (report,) = reports(world)
    (interval,) = report.intervals
    (payload,) = interval.payloads
    assert isinstance(payload, ReportPayload)
    assert (payload.data_quality or "").startswith("Quality Bad")


async def test_reports_wait_while_the_vtn_is_away_and_come_in_order(world: World) -> None:
    await started(world, request(back=60))
    await world.pass_time(2 * MINUTE)
    world.vtn.down = Unreachable("gone")
    await world.pass_time(10 * MINUTE)
    world.vtn.down = None
    await world.pass_time(6 * MINUTE)
    starts = [report.dtstart for report in reports(world)]
    assert starts == [NOW + index * MINUTE for index in range(18)]
    assert sum(sum(values(report)) for report in reports(world)) == 18 * 6


async def test_a_reading_and_a_report_survive_a_kill_before_they_are_sent(world: World) -> None:
    ven = await started(world, request(back=60))
    world.vtn.script(UpdateReport, *[Unreachable("gone")] * 1000)
    await world.pass_time(3 * MINUTE)
    await world.kill(ven)
    world.vtn.replies.clear()
    world.vtn.received.clear()
    await started(world)
    await world.pass_time(TICK)
    assert [report.dtstart for report in reports(world)] == [NOW, NOW + MINUTE, NOW + 2 * MINUTE]
    assert [sum(values(report)) for report in reports(world)] == [6, 6, 6]


async def test_a_report_whose_confirmation_was_lost_in_a_kill_is_sent_again_unchanged(
    world: World,
) -> None:
    ven = await started(world, request(back=60))
    world.vtn.script(UpdateReport, HANG)
    await world.pass_time(MINUTE)
    await world.kill(ven)
    await started(world)
    await world.pass_time(TICK)
    first, second = world.vtn.got(UpdateReport)
    assert first == second


async def test_a_restart_carries_on_with_the_requests_and_their_windows(world: World) -> None:
    ven = await started(world, request(back=60))
    await world.pass_time(2 * MINUTE)
    await world.kill(ven)
    await world.clock.advance(5 * MINUTE)
    await started(world)
    await world.pass_time(2 * MINUTE)
    starts = [report.dtstart for report in reports(world)]
    assert starts == [NOW + index * MINUTE for index in range(9)]
    assert sum(sum(values(report)) for report in reports(world)) == 54


async def test_nobody_is_sent_a_thousand_reports_of_nothing_after_a_long_silence(
    world: World,
) -> None:
    ven = world.ven()
    ven.meter("main", unit="Wh", every="10s")(lambda: 1)
    world.vtn.requests = [request(back=60)]
    await world.start(ven)
    await world.kill(ven)
    await world.clock.advance(timedelta(days=30))
    again = world.ven()
    again.meter("main", unit="Wh", every="10s")(lambda: 1)
    await world.start(again)
    await world.pass_time(2 * MINUTE)
    assert 60 <= len(reports(world)) <= 65


async def test_a_kill_between_acceptance_and_confirmation_is_made_up_for(world: World) -> None:
    ven = await started(world)
    world.vtn.script(CreatedReport, HANG)
    world.vtn.queue.append(create(request("once", granularity=0, back=0), request_id="q5"))
    await world.pass_time(TICK)
    await world.kill(ven)
    world.vtn.received.clear()
    await started(world)
    await world.pass_time(TICK)
    names = [name for name in world.vtn.names() if name != "RequestEvent"]
    assert names == ["CreatedReport", "UpdateReport"]
    assert world.vtn.got(CreatedReport)[0].response.request_id == "q5"


async def test_a_request_that_is_repeated_does_not_start_anew(world: World) -> None:
    await started(world)
    world.vtn.queue.append(create(request("rr-1", back=60)))
    await world.pass_time(2 * MINUTE)
    world.vtn.queue.append(create(request("rr-1", back=60), request_id="q2"))
    await world.pass_time(3 * MINUTE)
    assert [report.dtstart for report in reports(world)] == [
        NOW + index * MINUTE for index in range(5)
    ]
    assert world.vtn.got(CreatedReport)[-1].response.request_id == "q2"


@pytest.mark.parametrize(
    "answer",
    [
        UpdatedReport(response=EiResponse(code=452, description="unknown reportRequestID")),
        Rejected(406, "HTTP 406"),
    ],
)
async def test_a_report_that_can_never_succeed_is_parked_and_the_next_one_sent(
    world: World, answer: Any
) -> None:
    ven = await started(world, request(back=60))
    world.vtn.script(UpdateReport, answer)
    await world.pass_time(3 * MINUTE)
    assert [report.dtstart for report in reports(world)] == [
        NOW + index * MINUTE for index in range(3)
    ]
    status = await ven.status()
    assert (status.waiting, status.parked) == (0, 1)


async def test_a_vtn_whose_handler_fails_gets_the_report_again(world: World) -> None:
    ven = await started(world, request(back=60))
    failed = UpdatedReport(response=EiResponse(code=469, description="try later"))
    world.vtn.script(UpdateReport, failed, failed)
    await world.pass_time(90 * SECOND)
    assert [report.dtstart for report in reports(world)] == [NOW, NOW, NOW]
    status = await ven.status()
    assert (status.waiting, status.parked) == (0, 0)


@pytest.mark.sends_wrong("R304", reason="what was measured before is not lost with it")
async def test_reports_wait_until_a_lost_registration_is_made_anew(world: World) -> None:
    await started(world, request(back=60))
    world.vtn.script(UpdateReport, UpdatedReport(response=EiResponse(code=463)))
    world.vtn.ven_id = "ven-2"
    await world.pass_time(70 * SECOND)
    first, second = world.vtn.got(UpdateReport)
    assert (first.ven_id, second.ven_id) == ("ven-1", "ven-2")
    assert first.reports == second.reports


async def test_a_vtn_that_chokes_on_a_confirmation_gets_the_reports_all_the_same(
    world: World,
) -> None:
    world.vtn.script(CreatedReport, *[Unreachable("HTTP 500", status=500)] * 100)
    await started(world)
    world.vtn.queue.append(create(request("rr-1", back=60)))
    await world.pass_time(10 * MINUTE)
    assert len(world.vtn.got(CreatedReport)) == 5
    assert reports(world)


async def test_handlers_learn_of_requests_of_reports_and_of_cancellations(world: World) -> None:
    seen: list[str] = []
    ven = world.ven()
    ven.add_meter(Replay())
    ven.add_handler(
        "on_report_requested", lambda request, ctx: seen.append(request.report_request_id)
    )
    ven.add_handler("on_report_sent", lambda reports, ctx: seen.append(f"sent {len(reports)}"))
    ven.add_handler("on_report_cancelled", lambda name, ctx: seen.append(f"cancelled {name}"))
    world.vtn.requests = [request("rr-1", back=60)]
    await world.start(ven)
    await world.pass_time(MINUTE)
    world.vtn.queue.append(CancelReport(request_id="c", report_request_ids=("rr-1",)))
    await world.pass_time(TICK)
    assert seen == ["rr-1", "sent 1", "cancelled rr-1"]


async def test_r304_reports_that_nobody_asked_for_are_refused(world: World) -> None:
    await started(world)
    report = Report(report_request_id="x", report_specifier_id="y", created_date_time=NOW)
    world.vtn.queue.append(UpdateReport(request_id="u1", reports=(report,)))
    await world.pass_time(TICK)
    (answer,) = world.vtn.got(UpdatedReport)
    assert answer.response.code == 452


async def test_r510_the_reports_of_one_meter_keep_a_hundred_points_however_old(
    world: World,
) -> None:
    ven = world.ven()
    ven.add_meter(Replay(history=MINUTE, max_period=MINUTE))
    await world.start(ven)
    await world.pass_time(timedelta(days=3), timedelta(hours=6))
    assert (await ven.status()).readings >= 100


async def test_a_meter_of_another_kind_is_offered_under_a_name_of_its_own(world: World) -> None:
    ven = world.ven()
    ven.meter("out", measurement="temperature", unit="celsius")(lambda: 21.5)
    await world.start(ven)
    (metadata,) = world.vtn.got(RegisterReport)
    _, report = metadata.reports
    assert report.report_name == "x-TELEMETRY_READING"
    assert report.descriptions[0].report_type == "reading"


async def test_two_meters_cannot_have_the_same_name(world: World) -> None:
    ven = world.ven()
    ven.add_meter(Replay())
    with pytest.raises(ValueError, match="rID 'main' already"):
        ven.add_meter(Replay())


async def test_polls_go_on_while_reports_cannot_be_delivered(world: World) -> None:
    await started(world, request(back=60))
    world.vtn.script(UpdateReport, *[Unreachable("HTTP 503", status=503)] * 1000)
    await world.pass_time(5 * MINUTE)
    assert len(world.vtn.got(Poll)) >= 25
