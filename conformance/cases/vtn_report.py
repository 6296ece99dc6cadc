"""Reports that a VTN asks for once, time and again, or of the past, with a VTN under test."""

from datetime import timedelta

from conformance.actions import ReportSpec
from conformance.case import VtnTest, vtn_case
from conformance.cases.vtn_report_asking import (
    MINUTE,
    WANTS,
    asked,
    deliver,
    kept,
    now,
    once,
    periodic,
    taken,
)
from conformance.demands import demand
from conformance.peers import readings
from conformance.peers.offers import (
    ENERGY,
    HISTORY_USAGE,
    POWER,
    TELEMETRY_STATUS,
    TELEMETRY_USAGE,
)
from oadr import messages as m

HOUR = timedelta(hours=1)
#: So many intervals a VEN has to store (R510).
STORED = 100

ONCE = demand(
    324, "asks_once", "A report that is wanted once is asked for with reportBackDuration 0."
)
TIMES = demand(
    325,
    "asks_for_times",
    "A periodic report is asked for as often and for as long as it is wanted.",
)
PAST = demand(325, "history_in_past", "History is asked for from a moment on that has passed.")
STATUS_TAKEN = demand(331, "status_taken", "A VTN takes the states of TELEMETRY_STATUS.")
USAGE_TAKEN = demand(331, "usage_taken", "A VTN takes the numbers of TELEMETRY_USAGE.")
HISTORY_TAKEN = demand(331, "history_taken", "A VTN takes the numbers of HISTORY_USAGE.")
SEVERAL_TAKEN = demand(300, "several_taken", "A VTN takes several reports in one oadrUpdateReport.")


def _at_once(t: VtnTest, *requests: m.ReportRequest) -> None:
    seen = ", ".join(str(one.report_back_duration) for one in requests)
    t.expect(ONCE, not any(one.report_back_duration for one in requests), seen)


def _times(t: VtnTest, request: m.ReportRequest, spec: ReportSpec) -> None:
    """Notes whether a request has the times that were wanted."""
    period = request.report_interval
    length = None if period is None else period.duration
    seen = (request.granularity, request.report_back_duration, length)
    expected = (spec.granularity, spec.back, spec.duration)
    t.expect(TIMES, seen == expected, f"{', '.join(map(str, seen))} of {expected[0]}, {spec.back}")


@vtn_case("R1_3010", "status once", rules=(324, 331, 334), needs=WANTS)
async def status_once(t: VtnTest) -> None:
    """The VTN wants to know the state of a resource, once and now.

    1. The VTN asks for TELEMETRY_STATUS by oadrCreateReport, with reportBackDuration 0.
    2. The VEN accepts with oadrCreatedReport, and the VTN takes that.
    3. The VEN sends one interval that has no dtstart of its own; the VTN takes it.
    """
    await t.joined()
    (request,) = await asked(t, once(TELEMETRY_STATUS))
    _at_once(t, request)
    data = readings.at_once(request, TELEMETRY_STATUS, now=now(t))
    taken(t, STATUS_TAKEN, await deliver(t, data))


@vtn_case("R1_3020", "status each minute", rules=(317, 324, 325, 331), needs=WANTS)
async def status_each_minute(t: VtnTest) -> None:
    """The VTN wants to know the state of a resource each minute, for five minutes.

    1. The VTN asks for TELEMETRY_STATUS each minute, sampled each minute.
    2. The VEN accepts, and sends two reports; the VTN takes both.
    """
    await t.joined()
    spec = periodic(TELEMETRY_STATUS, duration=5 * MINUTE)
    (request,) = await asked(t, spec)
    _times(t, request, spec)
    for _ in range(2):
        moment = now(t)
        data = readings.points(request, TELEMETRY_STATUS, [moment], now=moment)
        taken(t, STATUS_TAKEN, await deliver(t, data))
        await t.wait(0.5)


@vtn_case("R1_3030", "several reports at once", rules=(300, 322, 329), needs=WANTS)
async def several_reports(t: VtnTest) -> None:
    """The VTN wants two periodic reports.

    1. The VTN asks for TELEMETRY_STATUS and TELEMETRY_USAGE, each minute.
    2. The VEN accepts, and names both as pending.
    3. The VEN delivers both in one oadrUpdateReport; the VTN takes that.
    """
    await t.joined()
    status, usage = await asked(t, periodic(TELEMETRY_STATUS), periodic(TELEMETRY_USAGE))
    moment = now(t)
    both = (
        readings.at_once(status, TELEMETRY_STATUS, now=moment),
        readings.amounts(usage, TELEMETRY_USAGE, start=moment, step=MINUTE, count=1, now=moment),
    )
    taken(t, SEVERAL_TAKEN, await deliver(t, *both))


@vtn_case("R1_3130", "complete history", rules=(300, 317, 324, 325), needs=WANTS)
async def complete_history(t: VtnTest) -> None:
    """The VTN wants all that the VEN has stored of power and energy since an hour and more.

    1. The VTN asks for HISTORY_USAGE: both data points, granularity and reportBackDuration 0,
       from a moment in the past on.
    2. The VEN accepts, and sends 100 intervals, oldest first; the VTN takes them.
    3. What it has acknowledged, it shows.
    """
    await t.joined()
    spec = ReportSpec(specifier_id=HISTORY_USAGE.report_specifier_id, starts_in=-HOUR)
    await _history(t, spec, STORED)


@vtn_case("R1_3140", "history of half an hour", rules=(300, 317, 324, 325), needs=WANTS)
async def recent_history(t: VtnTest) -> None:
    """The VTN wants the energy of the last half hour.

    1. The VTN asks for HISTORY_USAGE: energy alone, of half an hour that has passed.
    2. The VEN accepts, and sends the intervals; the VTN takes them, and shows them.
    """
    await t.joined()
    spec = ReportSpec(
        specifier_id=HISTORY_USAGE.report_specifier_id,
        points=(ENERGY,),
        starts_in=-HOUR / 2,
        duration=HOUR / 2,
    )
    await _history(t, spec, 6)


async def _history(t: VtnTest, spec: ReportSpec, count: int) -> None:
    (request,) = await asked(t, spec)
    period = request.report_interval
    start = now(t) if period is None else period.dtstart
    t.expect(PAST, period is not None and start < now(t), f"from {start} on at {now(t)}")
    step = -spec.starts_in // count
    data = readings.amounts(
        request,
        HISTORY_USAGE,
        start=now(t) + spec.starts_in if period is None else period.dtstart,
        step=timedelta(seconds=step // timedelta(seconds=1)),
        count=count,
        now=now(t),
    )
    sent = await deliver(t, data)
    if taken(t, HISTORY_TAKEN, sent):
        first, last = readings.VALUE, readings.VALUE + count - 1
        await kept(t, sent, (ENERGY, first), (ENERGY, last))


@vtn_case("R1_3150", "usage once", rules=(300, 324, 342), needs=WANTS)
async def usage_once(t: VtnTest) -> None:
    """The VTN wants to know power and energy, once and now.

    1. The VTN asks for both data points of TELEMETRY_USAGE, with reportBackDuration 0.
    2. The VEN accepts, and sends both in one interval with dtstart and duration.
    3. The VTN takes it, and shows both values.
    """
    await t.joined()
    (request,) = await asked(t, once(TELEMETRY_USAGE))
    _at_once(t, request)
    start = now(t) - MINUTE
    data = readings.amounts(request, TELEMETRY_USAGE, start=start, step=MINUTE, count=1, now=now(t))
    sent = await deliver(t, data)
    if taken(t, USAGE_TAKEN, sent):
        await kept(t, sent, (POWER, readings.VALUE), (ENERGY, readings.VALUE))


@vtn_case("R1_3160", "power every two minutes", rules=(317, 324, 325, 342), needs=WANTS)
async def power_every_two_minutes(t: VtnTest) -> None:
    """The VTN wants momentary values: sampled each minute, reported every two.

    1. The VTN asks for powerReal of TELEMETRY_USAGE with these times.
    2. The VEN accepts, and sends two intervals with a dtstart and no duration.
    3. The VTN takes them, and shows both values.
    """
    await t.joined()
    spec = ReportSpec(
        specifier_id=TELEMETRY_USAGE.report_specifier_id,
        points=(POWER,),
        granularity=MINUTE,
        back=2 * MINUTE,
    )
    (request,) = await asked(t, spec)
    _times(t, request, spec)
    moment = now(t)
    data = readings.points(request, TELEMETRY_USAGE, [moment - MINUTE, moment], now=moment)
    sent = await deliver(t, data)
    if taken(t, USAGE_TAKEN, sent):
        await kept(t, sent, (POWER, readings.VALUE), (POWER, readings.VALUE + 1))


@vtn_case("R1_3180", "two reports once", rules=(300, 324, 329), needs=WANTS)
async def two_reports_once(t: VtnTest) -> None:
    """The VTN wants two reports once, in one breath.

    1. The VTN asks for TELEMETRY_STATUS and TELEMETRY_USAGE, each with reportBackDuration 0.
    2. The VEN accepts both before it sends any.
    3. The VEN delivers one after the other; the VTN takes both.
    """
    await t.joined()
    status, usage = await asked(t, once(TELEMETRY_STATUS), once(TELEMETRY_USAGE))
    _at_once(t, status, usage)
    moment = now(t)
    first = readings.at_once(status, TELEMETRY_STATUS, now=moment)
    taken(t, STATUS_TAKEN, await deliver(t, first))
    second = readings.amounts(
        usage, TELEMETRY_USAGE, start=moment - MINUTE, step=MINUTE, count=1, now=moment
    )
    taken(t, USAGE_TAKEN, await deliver(t, second))


@vtn_case("R1_3190", "request refused by the VEN", rules=(304, 340), needs=WANTS)
async def refused_by_ven(t: VtnTest) -> None:
    """The VEN does not know what the VTN asks for, and the VTN can live with that.

    1. The VTN asks for TELEMETRY_USAGE.
    2. The VEN answers oadrCreatedReport with 452 and nothing pending; the VTN takes that.
    3. The VEN asks for its events, and the VTN answers as ever.
    """
    await t.joined()
    t.ven.reactions["oadrCreateReport"] = lambda message: m.CreatedReport(
        response=m.EiResponse(
            code=452,
            description="no such report",
            request_id=message.request_id if isinstance(message, m.CreateReport) else "",
        ),
        ven_id=t.ven.ven_id,
    )
    await asked(t, periodic(TELEMETRY_USAGE))
    await t.ven.request_event()
