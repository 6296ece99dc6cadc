"""Rules of EiReport for a VEN as the source of reports, held against what a whole VEN sends.

Where a certification case is about the same, its name stands in the docstring.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr.enums import DataQuality
from oadr.messages import (
    EVERYTHING,
    CanceledReport,
    CancelReport,
    CreatedReport,
    EiResponse,
    Interval,
    LoadControl,
    Period,
    RegisterReport,
    Report,
    ReportDescription,
    ReportPayload,
    ReportRequest,
    ResourceStatus,
    SpecifierPayload,
    Target,
    UpdatedReport,
    UpdateReport,
)
from oadr.report import build_metadata_request
from oadr.units import unit
from tests.ven.scripted import NOW, World, event, request
from tests.ven.test_engine_report import Replay, create, reports, values
from ven.client import Client
from ven.errors import Unreachable
from ven.meter import MeterSpec, Sample

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
TICK = timedelta(seconds=10)
HOUR = timedelta(hours=1)


class Power:
    """A meter of 5 W."""

    def __init__(self, name: str = "power", **spec: Any) -> None:
        self.spec = MeterSpec(name=name, measurement="powerReal", every=TICK, **spec)

    async def samples(self, since: datetime | None, until: datetime) -> Sequence[Sample]:
        return [Sample(start=until, duration=timedelta(0), value=Decimal(5))]


def one_shot(name: str, *r_ids: str, specifier: str = "TELEMETRY_USAGE") -> ReportRequest:
    return request(name, *r_ids, specifier=specifier, granularity=0, back=0, start=None)


def status(name: str = "st", *, granularity: int = 60, back: int = 60, **more: Any) -> Any:
    return request(
        name, "status", specifier="TELEMETRY_STATUS", granularity=granularity, back=back, **more
    )


def history(name: str, *r_ids: str, start: datetime = NOW, **more: Any) -> ReportRequest:
    return request(
        name, *r_ids, specifier="HISTORY_USAGE", granularity=0, back=0, start=start, **more
    )


def payloads(interval: Interval) -> dict[str, ReportPayload]:
    found = [one for one in interval.payloads if isinstance(one, ReportPayload)]
    return {one.r_id: one for one in found}


def statuses(report: Report) -> list[ResourceStatus]:
    found = [one for interval in report.intervals for one in payloads(interval).values()]
    return [one.value for one in found if isinstance(one.value, ResourceStatus)]


def descriptions(world: World, specifier: str) -> dict[str, ReportDescription]:
    metadata = world.vtn.got(RegisterReport)[-1]
    (report,) = [one for one in metadata.reports if one.report_specifier_id == specifier]
    return {one.r_id: one for one in report.descriptions}


async def both(world: World, *requests: ReportRequest, **options: Any) -> Client:
    """Starts a VEN that measures energy and power."""
    ven = world.ven(**options)
    ven.add_meter(Replay("energy"))
    ven.add_meter(Power())
    world.vtn.requests = list(requests)
    return await world.start(ven)


async def ask(world: World, *requests: ReportRequest) -> CreatedReport:
    world.vtn.queue.append(create(*requests))
    await world.pass_time(TICK)
    return world.vtn.got(CreatedReport)[-1]


# ------------------------------------------------------------------ metadata


async def test_r302_r307_r343_a_data_point_says_what_it_aggregates_and_where_it_belongs(
    world: World,
) -> None:
    ven = world.ven()
    together = Target(resource_ids=("hall", "attic"))
    peak = "http://peak.example"
    ven.add_meter(Replay("a", data_source=together, market_context=peak))
    ven.add_meter(Replay("b", data_source=EVERYTHING, device_class="Water_Heater"))
    await world.start(ven)
    found = descriptions(world, "TELEMETRY_USAGE")
    assert (found["a"].data_source, found["a"].market_context) == (together, peak)
    assert found["a"].subject is None
    assert (found["b"].data_source, found["b"].market_context) == (None, None)
    assert found["b"].subject == Target(end_device_assets=("Water_Heater",))


async def test_r307_what_is_no_device_class_is_not_offered(world: World) -> None:
    ven = world.ven()
    ven.add_meter(Replay(device_class="Spaceship"))
    with pytest.raises(Exception, match="Spaceship"):
        await ven.start()


async def test_r308_r311_r327_periodic_metadata_comes_each_period(world: World) -> None:
    """R1_3090."""
    await both(world)
    periodic = replace(
        build_metadata_request("md"),
        report_back_duration=MINUTE,
        report_interval=Period(dtstart=NOW + MINUTE, duration=3 * MINUTE),
    )
    created = await ask(world, periodic)
    assert (created.response.code, created.pending) == (200, ("md",))
    world.vtn.received.clear()
    await world.pass_time(10 * MINUTE)
    found = world.vtn.got(RegisterReport)
    assert [message.report_request_id for message in found] == ["md"] * 3
    assert all(one.report_request_id == "0" for message in found for one in message.reports)


async def test_r306_periodic_metadata_outlives_metadata_and_ends_all_else(world: World) -> None:
    ven = await both(world, request("usage", "energy", back=60))
    periodic = replace(build_metadata_request("md"), report_back_duration=5 * MINUTE)
    await ask(world, periodic)
    await ven.register_reports()
    world.vtn.received.clear()
    await world.pass_time(11 * MINUTE)
    assert [one.report_request_id for one in world.vtn.got(RegisterReport)] == ["md"] * 2
    assert not reports(world, "usage")


async def test_r329_metadata_that_is_cancelled_comes_no_more_and_has_no_final_report(
    world: World,
) -> None:
    """R1_3100."""
    await both(world)
    await ask(world, replace(build_metadata_request("md"), report_back_duration=MINUTE))
    for follow in (True, False):
        world.vtn.received.clear()
        world.vtn.queue.append(
            CancelReport(
                request_id="c", report_request_ids=("md",), report_to_follow=follow, ven_id="ven-1"
            )
        )
        await world.pass_time(5 * MINUTE)
        (answer,) = world.vtn.got(CanceledReport)
        assert (answer.response.code, answer.pending) == (200, ())
        assert not world.vtn.got(RegisterReport)


async def test_r306_what_was_asked_for_beside_metadata_is_reported_before_it_ends(
    world: World,
) -> None:
    await both(world)
    world.vtn.received.clear()
    await ask(world, build_metadata_request("md"), one_shot("once", "energy"))
    assert world.vtn.names() == ["CreatedReport", "UpdateReport", "RegisterReport"]


# ------------------------------------------------------------------ requests


async def test_r321_r338_what_a_request_should_not_say_changes_nothing(world: World) -> None:
    await both(world)
    odd = SpecifierPayload(r_id="energy", unit=unit("energyReal"), reading_type="Direct Read")
    created = await ask(world, replace(one_shot("once"), data_points=(odd,)))
    assert created.response.code == 200
    (report,) = reports(world, "once")
    assert values(report) == [1]


async def test_r329_several_requests_of_one_message_are_all_pending(world: World) -> None:
    """R1_3030."""
    await both(world)
    created = await ask(
        world, status("a"), request("b", "energy", back=60), request("c", "power", back=120)
    )
    assert created.pending == ("a", "b", "c")
    await world.pass_time(4 * MINUTE)
    assert [len(reports(world, name)) for name in "abc"] == [4, 4, 2]


async def test_r324_r329_one_shots_are_pending_until_the_vtn_has_them(world: World) -> None:
    """R1_3180."""
    ven = await both(world)
    world.vtn.received.clear()
    created = await ask(world, one_shot("a", "energy"), one_shot("b", "power"))
    assert created.pending == ("a", "b")
    assert world.vtn.names() == ["CreatedReport", "UpdateReport", "UpdateReport"]
    assert (await ven.status()).reports == ()
    world.vtn.queue.append(CancelReport(request_id="c", report_request_ids=("nothing",)))
    await world.pass_time(TICK)
    assert world.vtn.got(CanceledReport)[-1].pending == ()
    assert (await ask(world, status("st"))).pending == ("st",)


async def test_r329_a_report_that_is_made_and_not_sent_is_still_pending(world: World) -> None:
    await both(world)
    world.vtn.script(UpdateReport, *[Unreachable("gone")] * 1000)
    await ask(world, one_shot("once", "energy"))
    await world.pass_time(MINUTE)
    assert (await ask(world, status("st"))).pending == ("once", "st")
    world.vtn.replies.clear()
    await world.pass_time(10 * MINUTE)
    assert (await ask(world, status("more"))).pending == ("st", "more")


async def test_r340_more_than_is_offered_is_refused(world: World) -> None:
    await both(world)
    for wanted in (
        history("h", "energy", start=NOW - 30 * 24 * HOUR, duration=30 * 24 * HOUR),
        request("p", "energy", granularity=7200, back=7200),
        request("q", "energy", granularity=1, back=60),
    ):
        created = await ask(world, wanted)
        assert (created.response.code, created.pending) == (454, ())


# ------------------------------------------------------------------ telemetry


async def test_r316_r324_r510_the_status_of_a_resource_can_be_asked_for_once(
    world: World,
) -> None:
    """R1_3010."""
    ven = world.ven(resource_ids=frozenset({"hvac"}))
    world.vtn.requests = [one_shot("once", "hvac-status", specifier="TELEMETRY_STATUS")]
    await world.start(ven)
    point = descriptions(world, "TELEMETRY_STATUS")["hvac-status"]
    assert point.data_source == Target(resource_ids=("hvac",))
    (report,) = reports(world, "once")
    (interval,) = report.intervals
    assert (report.dtstart is not None, report.duration) == (True, None)
    assert (interval.uid, interval.dtstart, interval.duration) == ("0", None, None)
    assert statuses(report) == [ResourceStatus(online=True, manual_override=False)]


async def test_r325_r510_the_status_comes_periodically_and_ends(world: World) -> None:
    """R1_3020."""
    ven = await both(world)
    await ask(world, status(start=NOW + MINUTE, duration=2 * MINUTE))
    await world.pass_time(80 * SECOND)
    await ven.override(resource_id="energy")
    await world.pass_time(5 * MINUTE)
    found = reports(world, "st")
    assert [one.dtstart for one in found] == [NOW + MINUTE, NOW + 2 * MINUTE]
    assert [statuses(one)[0].manual_override for one in found] == [True, True]
    assert (await ven.status()).reports == ()


async def test_r317_r510_a_status_tells_its_changes_and_lasts_over_a_restart(
    world: World,
) -> None:
    """R1_3025."""
    ven = await both(world, status(granularity=0))
    await world.pass_time(90 * SECOND)
    await ven.override()
    await world.pass_time(100 * SECOND)
    told = [[one.manual_override for one in statuses(report)] for report in reports(world, "st")]
    assert told == [[False], [True], [True]]
    last = payloads(reports(world, "st")[-1].intervals[0])["status"]
    assert last.data_quality == DataQuality.PREVIOUS_VALUE
    await world.kill(ven)
    again = await both(world)
    world.vtn.received.clear()
    await ask(world, one_shot("once", "status", specifier="TELEMETRY_STATUS"))
    assert statuses(reports(world, "once")[0])[0].manual_override
    await again.override(False)
    await ask(world, one_shot("twice", "status", specifier="TELEMETRY_STATUS"))
    assert not statuses(reports(world, "twice")[0])[0].manual_override


async def test_r510_a_resource_is_offline_while_a_load_does_not_take_what_it_is_told(
    world: World,
) -> None:
    class Broken:
        async def apply(self, command: object, now: datetime) -> None:
            if now < NOW + 3 * MINUTE:
                raise OSError("no answer on the bus")

    ven = world.ven()
    ven.add_load(Broken())
    world.vtn.requests = [status()]
    await world.start(ven)
    world.vtn.distribute(event(start=NOW + MINUTE, levels=((1, 3),)))
    await world.pass_time(6 * MINUTE)
    found = [statuses(one)[0].online for one in reports(world, "st")]
    assert (found[0], found[1], found[-1]) == (True, False, True)


async def test_r510_no_status_is_made_up_beside_one_that_is_measured(world: World) -> None:
    ven = world.ven()
    ven.meter("hall", measurement="", every="10s")(
        lambda: ResourceStatus(online=True, manual_override=False)
    )
    await world.start(ven)
    assert set(descriptions(world, "TELEMETRY_STATUS")) == {"hall"}


async def test_r334_every_interval_of_a_status_tells_of_the_same_states(world: World) -> None:
    ven = await both(world, status(granularity=10))
    await world.pass_time(25 * SECOND)
    level = LoadControl(current=Decimal(2), minimum=Decimal(0), maximum=Decimal(3))
    await ven.set_status(ResourceStatus(online=True, manual_override=False, level_offset=level))
    await world.pass_time(MINUTE)
    (first, *_) = reports(world, "st")
    assert len(first.intervals) == 6
    assert [one.level_offset for one in statuses(first)] == [level] * 6


async def test_r318_r334_what_is_not_known_is_marked_bad_and_tells_of_the_same_states(
    world: World,
) -> None:
    readings = 0

    def read() -> ResourceStatus:
        nonlocal readings
        readings += 1
        if readings > 2:
            raise OSError("no answer on the bus")
        return ResourceStatus(
            online=True, manual_override=False, set_point=LoadControl(current=Decimal(21))
        )

    ven = world.ven()
    ven.meter("status", measurement="", every="10s")(read)
    world.vtn.requests = [status(granularity=10)]
    await world.start(ven)
    await world.pass_time(MINUTE)
    (report,) = reports(world, "st")
    qualities = [payloads(one)["status"].data_quality or "" for one in report.intervals]
    assert [one.startswith("Quality Bad") for one in qualities] == [False] * 2 + [True] * 4
    assert {one.set_point for one in statuses(report)} == {LoadControl(current=Decimal(21))}


async def test_r300_r315_r324_energy_and_power_of_one_moment_stand_in_one_interval(
    world: World,
) -> None:
    """R1_3150."""
    await both(world)
    await ask(world, one_shot("once", "energy", "power"))
    (report,) = reports(world, "once")
    (interval,) = report.intervals
    assert list(payloads(interval)) == ["energy", "power"]
    assert interval.dtstart == report.dtstart
    assert interval.duration == TICK


async def test_r315_r342_power_alone_is_point_data_with_a_start_and_no_duration(
    world: World,
) -> None:
    """R1_3160."""
    await both(world, request("p", "power", granularity=60, back=120))
    await world.pass_time(2 * MINUTE)
    (report,) = reports(world, "p")
    assert [(one.dtstart, one.duration) for one in report.intervals] == [
        (NOW, None),
        (NOW + MINUTE, None),
    ]


async def test_r337_a_one_shot_is_answered_at_once_from_what_was_sampled(world: World) -> None:
    await both(world)
    await world.pass_time(HOUR, MINUTE)
    world.vtn.queue.append(create(one_shot("once", "energy")))
    world.vtn.received.clear()
    before = world.clock.now()
    await world.pass_time(TICK)
    (report,) = reports(world, "once")
    (interval,) = report.intervals
    assert interval.duration == TICK
    assert interval.dtstart is not None
    assert interval.dtstart >= before - TICK


async def test_r319_values_carry_the_accuracy_and_confidence_of_their_meter(world: World) -> None:
    class Exact(Power):
        async def samples(self, since: datetime | None, until: datetime) -> Sequence[Sample]:
            own = Decimal("0.5") if until >= NOW + MINUTE else None
            sample = Sample(start=until, duration=timedelta(0), value=Decimal(5), accuracy=own)
            return [sample]

    ven = world.ven()
    ven.add_meter(Exact(accuracy=Decimal(2), confidence=95))
    world.vtn.requests = [request("p", "power", granularity=10, back=60)]
    await world.start(ven)
    await world.pass_time(2 * MINUTE)
    told = [
        {(payloads(one)["power"].accuracy, payloads(one)["power"].confidence) for one in intervals}
        for intervals in (report.intervals for report in reports(world, "p"))
    ]
    assert told == [{(Decimal(2), 95)}, {(Decimal("0.5"), 95)}]


# ------------------------------------------------------------------ history


async def test_r300_r317_r324_history_is_complete_with_every_data_point(world: World) -> None:
    """R1_3130."""
    await both(world)
    await world.pass_time(10 * MINUTE, MINUTE)
    await ask(world, history("h", "energy", "power"))
    (report,) = reports(world, "h")
    assert report.report_name == "HISTORY_USAGE"
    found = [
        (name, one) for interval in report.intervals for name, one in payloads(interval).items()
    ]
    assert {name for name, _ in found} == {"energy", "power"}
    starts = [one.dtstart for one in report.intervals]
    assert starts == sorted(one for one in starts if one is not None)
    assert sum(one.value for name, one in found if name == "energy") == 61  # type: ignore[misc]


async def test_r325_r341_history_begins_with_the_oldest_that_is_wanted_and_ends_in_time(
    world: World,
) -> None:
    """R1_3140."""
    await both(world)
    await world.pass_time(HOUR, MINUTE)
    since = NOW + 30 * MINUTE + 5 * SECOND
    await ask(
        world,
        history("all", "energy", start=since),
        history("part", "energy", start=since, duration=MINUTE),
    )
    (whole,) = reports(world, "all")
    assert whole.dtstart == NOW + 30 * MINUTE + TICK
    assert len(whole.intervals) == 180
    (part,) = reports(world, "part")
    assert (part.dtstart, len(part.intervals)) == (whole.dtstart, 6)


async def test_r341_periodic_data_begin_where_they_were_asked_for_and_may_run_over(
    world: World,
) -> None:
    await both(world, request("p", "energy", granularity=60, back=120, duration=3 * MINUTE))
    await world.pass_time(10 * MINUTE)
    found = reports(world, "p")
    assert [one.dtstart for one in found] == [NOW, NOW + 2 * MINUTE]
    assert [len(one.intervals) for one in found] == [2, 2]


async def test_r510_a_hundred_values_of_each_data_point_are_kept_however_old(
    world: World,
) -> None:
    class Hourly(Power):
        spec = MeterSpec(
            name="slow", measurement="powerReal", every=HOUR, max_period=HOUR, history=HOUR
        )

        def __init__(self) -> None:
            pass

    ven = world.ven(status=False, poll_interval=timedelta(days=1))
    ven.add_meter(Hourly())
    await world.start(ven)
    await world.pass_time(timedelta(days=6), HOUR)
    assert (await ven.status()).readings == 100


async def test_r510_a_hundred_values_of_each_data_point_can_be_had(
    world: World,
) -> None:
    ven = world.ven()
    ven.add_meter(Replay(history=timedelta(minutes=20), max_period=MINUTE))
    await world.start(ven)
    await world.pass_time(timedelta(days=3), timedelta(hours=6))
    await ask(world, history("h", "main", start=world.clock.now() - timedelta(minutes=20)))
    (report,) = reports(world, "h")
    assert len(report.intervals) >= 100


# ------------------------------------------------------------------ ends and corrections


async def test_r335_a_cancellation_after_one_that_came_with_a_confirmation_is_no_error(
    world: World,
) -> None:
    await both(world, request("a", "energy", back=60))
    cancel = CancelReport(request_id="c", report_request_ids=("a",))
    world.vtn.script(UpdateReport, UpdatedReport(response=EiResponse(), cancel_report=cancel))
    await world.pass_time(MINUTE)
    world.vtn.queue.append(cancel)
    await world.pass_time(5 * MINUTE)
    assert [one.response.code for one in world.vtn.got(CanceledReport)] == [200]
    assert len(reports(world, "a")) == 1


async def test_r345_a_final_report_comes_once_and_is_pending_over_a_restart(
    world: World,
) -> None:
    """R1_3045."""
    ven = await both(world, request("a", "energy", back=300))
    await world.pass_time(90 * SECOND)
    world.vtn.script(UpdateReport, *[Unreachable("gone")] * 1000)
    world.vtn.queue.append(
        CancelReport(request_id="c", report_request_ids=("a",), report_to_follow=True)
    )
    await world.pass_time(TICK)
    (answer,) = world.vtn.got(CanceledReport)
    assert (answer.response.code, answer.pending) == (200, ("a",))
    await world.kill(ven)
    await both(world)
    assert (await ask(world, one_shot("b", "energy"))).pending == ("a", "b")
    world.vtn.replies.clear()
    world.vtn.received.clear()
    await world.pass_time(20 * MINUTE)
    assert len(reports(world, "a")) == 1
    assert (await ask(world, one_shot("c", "energy"))).pending == ("c",)


async def test_r346_a_corrected_reading_leads_to_a_complete_report_in_place_of_the_first(
    world: World,
) -> None:
    ven = await both(world, request("a", "energy", "power", granularity=60, back=120))
    await world.pass_time(5 * MINUTE)
    wrong = Sample(start=NOW + 130 * SECOND, duration=TICK, value=Decimal(9))
    assert await ven.correct_readings("energy", [wrong]) == 1
    await world.rest()
    first, second, third = reports(world, "a")
    assert third.dtstart == second.dtstart == NOW + 2 * MINUTE
    assert [values(one) for one in (first, second, third)] == [
        [6, 5, 6, 5],
        [6, 5, 6, 5],
        [14, 5, 6, 5],
    ]
    await world.pass_time(MINUTE)
    assert reports(world, "a")[-1].dtstart == NOW + 4 * MINUTE


async def test_r346_a_reading_that_comes_late_fills_its_gap(world: World) -> None:
    ven = world.ven()

    @ven.meter("main", unit="Wh", every="10s")
    async def main() -> float:
        raise OSError("no answer on the bus")

    world.vtn.requests = [request("a", back=60)]
    await world.start(ven)
    await world.pass_time(MINUTE)
    late = [Sample(start=NOW, duration=MINUTE, value=Decimal(7))]
    assert await ven.correct_readings("main", late) == 1
    await world.rest()
    missing, complete = reports(world, "a")
    assert (payloads(missing.intervals[0])["main"].data_quality or "").startswith("Quality Bad")
    assert values(complete) == [7]


async def test_r346_what_cannot_be_made_complete_is_not_made_again(world: World) -> None:
    ven = await both(world, request("a", "energy", back=60))
    old = Sample(start=NOW - timedelta(days=30), duration=TICK, value=Decimal(9))
    with pytest.raises(ValueError, match="are not kept"):
        await ven.correct_readings("energy", [old])
    with pytest.raises(ValueError, match="no data point 'nothing'"):
        await ven.correct_readings("nothing", [old])
    assert await ven.correct_readings("energy", []) == 0


async def test_r306_a_ven_that_was_switched_off_sends_its_metadata_once_and_not_for_each_minute(
    world: World,
) -> None:
    ven = await both(world)
    await ask(world, replace(build_metadata_request("md"), report_back_duration=MINUTE))
    await world.pass_time(2 * MINUTE)
    await world.kill(ven)
    before = len(world.vtn.got(RegisterReport))
    await world.pass_time(30 * MINUTE, MINUTE)
    await world.start(world.ven())
    assert len(world.vtn.got(RegisterReport)) - before <= 2
