"""Data in each shape that the rules allow, with a VTN under test."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from conformance.case import Suite, VtnTest, vtn_case
from conformance.cases.vtn_report_asking import (
    MINUTE,
    WANTS,
    answered,
    deliver,
    kept,
    now,
    taken,
    wanted,
)
from conformance.demands import Demand, demand
from conformance.peers import readings
from conformance.peers.offers import (
    ENERGY,
    ENERGY_ALONE,
    POWER,
    POWER_ALONE,
    TELEMETRY_STATUS,
    TELEMETRY_USAGE,
)
from oadr import messages as m
from oadr.enums import DataQuality

NO_OWN_START = demand(
    314, "interval_without_start_taken", "A VTN takes an interval without a dtstart of its own."
)
POINTS = demand(315, "point_data_taken", "A VTN takes intervals with a dtstart and no duration.")
AMOUNTS = demand(315, "amounts_taken", "A VTN takes intervals with dtstart and duration.")
NUMBERED = demand(
    316, "numbered_taken", "A VTN takes intervals with uid and duration and no dtstart."
)
TOGETHER = demand(342, "points_together_taken", "A VTN takes several data points in one interval.")
STATES = demand(334, "load_control_taken", "A VTN takes states with an oadrLoadControlState.")
QUALITIES = demand(
    318, "qualities_taken", "A VTN takes values with an oadrDataQuality, also where there is none."
)
ACCURACY = demand(319, "accuracy_taken", "A VTN takes values with confidence and accuracy.")
UNUSED_ID = demand(339, "report_id_ignored", "A VTN ignores an eiReportID.")
TWICE = demand(346, "duplicate_taken", "A report that comes twice is no error.")
CORRECTED = demand(346, "correction_taken", "A VTN takes a report that replaces another one.")
NO_REPORTS = demand(
    "XSD", "empty_update_answered", "A VTN answers oadrUpdateReport without reports by a message."
)
NO_REQUEST_ID = demand(303, "empty_request_id_taken", "The requestID of a message may be empty.")

_ZERO = Decimal(0)
Make = Callable[[m.ReportRequest, datetime], m.Report]


async def _delivered(t: VtnTest, offer: m.Report, demand_: Demand, make: Make) -> m.ReportRequest:
    """Has the VTN ask for an offer, delivers once, and notes whether that is taken."""
    request = await wanted(t, offer)
    taken(t, demand_, await deliver(t, make(request, now(t))))
    return request


@vtn_case("K1_0314", "interval without dtstart", suite=Suite.REPORT, rules=(314, 316), needs=WANTS)
async def interval_without_start(t: VtnTest) -> None:
    """The dtstart of a report is that of its only interval.

    1. The VTN asks for momentary values.
    2. The VEN delivers one interval that has a uid and no dtstart; the VTN takes it.
    """
    await _delivered(
        t, POWER_ALONE, NO_OWN_START, lambda r, at: readings.at_once(r, POWER_ALONE, now=at)
    )


@vtn_case("K1_0315A", "point data", suite=Suite.REPORT, rules=(314, 315, 342), needs=WANTS)
async def point_data(t: VtnTest) -> None:
    """Momentary values have a dtstart each.

    1. The VTN asks for momentary values.
    2. The VEN delivers three intervals without duration; the VTN takes them, and shows them.
    """
    request = await wanted(t, POWER_ALONE)
    at = now(t)
    starts = [at - n * MINUTE for n in (2, 1, 0)]
    sent = await deliver(t, readings.points(request, POWER_ALONE, starts, now=at))
    taken(t, POINTS, sent)
    await kept(t, sent, *((POWER, readings.VALUE + n) for n in range(3)))


@vtn_case("K1_0315B", "amounts", suite=Suite.REPORT, rules=(314, 315, 342), needs=WANTS)
async def amounts(t: VtnTest) -> None:
    """Amounts have the time that they accumulated in.

    1. The VTN asks for energy.
    2. The VEN delivers three intervals with dtstart and duration; the VTN takes them, and
       shows them.
    """
    request = await wanted(t, ENERGY_ALONE)
    at = now(t)
    data = readings.amounts(
        request, ENERGY_ALONE, start=at - 3 * MINUTE, step=MINUTE, count=3, now=at
    )
    sent = await deliver(t, data)
    taken(t, AMOUNTS, sent)
    await kept(t, sent, *((ENERGY, readings.VALUE + n) for n in range(3)))


@vtn_case("K1_0316", "numbered intervals", suite=Suite.REPORT, rules=(315, 316), needs=WANTS)
async def numbered_intervals(t: VtnTest) -> None:
    """Intervals without dtstart follow each other.

    1. The VTN asks for energy.
    2. The VEN delivers three intervals with uid and duration, in a report that has dtstart
       and duration; the VTN takes them, and shows them.
    """
    request = await wanted(t, ENERGY_ALONE)
    at = now(t)
    data = readings.counted(
        request, ENERGY_ALONE, start=at - 3 * MINUTE, step=MINUTE, count=3, now=at
    )
    sent = await deliver(t, data)
    taken(t, NUMBERED, sent)
    await kept(t, sent, *((ENERGY, readings.VALUE + n) for n in range(3)))


@vtn_case("K1_0342", "data points together", suite=Suite.REPORT, rules=(300, 315, 342), needs=WANTS)
async def points_together(t: VtnTest) -> None:
    """All data points of a report are in each of its intervals.

    1. The VTN asks for power and energy.
    2. The VEN delivers three intervals with both; the VTN takes them, and shows them.
    """
    request = await wanted(t, TELEMETRY_USAGE)
    at = now(t)
    data = readings.amounts(
        request, TELEMETRY_USAGE, start=at - 3 * MINUTE, step=MINUTE, count=3, now=at
    )
    sent = await deliver(t, data)
    taken(t, TOGETHER, sent)
    values = [(one.r_id, readings.VALUE + 2) for one in request.data_points]
    await kept(t, sent, *values)


def _control(current: int) -> m.LoadControl:
    return m.LoadControl(
        minimum=_ZERO, maximum=Decimal(100), current=Decimal(current), normal=Decimal(50)
    )


_STATE = m.ResourceStatus(
    online=True,
    manual_override=True,
    capacity=_control(80),
    level_offset=m.LoadControl(current=Decimal(-2)),
    percent_offset=_control(10),
    set_point=_control(21),
)


@vtn_case("K1_0334", "load control states", suite=Suite.REPORT, rules=(331, 334), needs=WANTS)
async def load_control_states(t: VtnTest) -> None:
    """The state of a resource may say how its load is controlled.

    1. The VTN asks for TELEMETRY_STATUS.
    2. The VEN delivers a state with capacity, levelOffset, percentOffset and setPoint, and
       one whose limits are not said; the VTN takes it.
    """

    def make(request: m.ReportRequest, at: datetime) -> m.Report:
        whole = readings.points(request, TELEMETRY_STATUS, [at], now=at)
        (interval,) = whole.intervals
        state = replace(interval, payloads=readings.payloads(request, _STATE))
        return replace(whole, intervals=(state,))

    await _delivered(t, TELEMETRY_STATUS, STATES, make)


_BAD = (
    DataQuality.NO_VALUE,
    DataQuality.PREVIOUS_VALUE,
    DataQuality.BAD_COMMUNICATION,
    DataQuality.GOOD,
    "x-conformance",
)


@vtn_case("K1_0318", "data quality", suite=Suite.REPORT, rules=(317, 318), needs=WANTS)
async def data_quality(t: VtnTest) -> None:
    """A value says how good it is; a placeholder stands where there is none.

    1. The VTN asks for momentary values.
    2. The VEN delivers values of good and bad quality, without value, as before, and of a
       quality with an x- name; the VTN takes them.
    """

    def make(request: m.ReportRequest, at: datetime) -> m.Report:
        starts = [at - n * MINUTE for n in reversed(range(len(_BAD)))]
        whole = readings.points(request, POWER_ALONE, starts, now=at)
        intervals = tuple(
            replace(one, payloads=readings.payloads(request, _ZERO, data_quality=str(quality)))
            for one, quality in zip(whole.intervals, _BAD, strict=True)
        )
        return replace(whole, intervals=intervals)

    await _delivered(t, POWER_ALONE, QUALITIES, make)


@vtn_case("K1_0319", "confidence and accuracy", suite=Suite.REPORT, rules=(319,), needs=WANTS)
async def accuracy(t: VtnTest) -> None:
    """A value says how exact it is.

    1. The VTN asks for momentary values.
    2. The VEN delivers one with confidence 95 and accuracy 0.5; the VTN takes it.
    """

    def make(request: m.ReportRequest, at: datetime) -> m.Report:
        whole = readings.points(request, POWER_ALONE, [at], now=at)
        (interval,) = whole.intervals
        exact = readings.payloads(request, confidence=95, accuracy=Decimal("0.5"))
        return replace(whole, intervals=(replace(interval, payloads=exact),))

    await _delivered(t, POWER_ALONE, ACCURACY, make)


@vtn_case("K1_0339", "eiReportID", suite=Suite.REPORT, rules=(339,), needs=WANTS)
async def unused_report_id(t: VtnTest) -> None:
    """The eiReportID means nothing.

    1. The VTN asks for energy.
    2. The VEN delivers a report with an eiReportID; the VTN takes it.
    """

    def make(request: m.ReportRequest, at: datetime) -> m.Report:
        whole = readings.amounts(
            request, ENERGY_ALONE, start=at - MINUTE, step=MINUTE, count=1, now=at
        )
        return replace(whole, ei_report_id="unused")

    await _delivered(t, ENERGY_ALONE, UNUSED_ID, make)


@vtn_case("K1_0346", "the same report again", suite=Suite.REPORT, rules=(346,), needs=WANTS)
async def same_report_again(t: VtnTest) -> None:
    """A VEN that has not heard the answer sends a report again, and may correct one.

    1. The VTN asks for energy.
    2. The VEN delivers a report, and the same message once more; the VTN takes both.
    3. The VEN delivers the same times with other values; the VTN takes that.
    """
    request = await wanted(t, ENERGY_ALONE)
    at = now(t)
    data = readings.amounts(
        request, ENERGY_ALONE, start=at - 2 * MINUTE, step=MINUTE, count=2, now=at
    )
    request_id = t.ven.new_id()
    taken(t, TWICE, await deliver(t, data, request_id=request_id))
    taken(t, TWICE, await deliver(t, data, request_id=request_id))
    other = tuple(
        replace(one, payloads=readings.payloads(request, Decimal("3.5"))) for one in data.intervals
    )
    corrected = replace(data, intervals=other, created_date_time=at + timedelta(seconds=1))
    taken(t, CORRECTED, await deliver(t, corrected))


@vtn_case("K1_0303R", "data without requestID", suite=Suite.REPORT, rules=(303,), needs=WANTS)
async def empty_request_id(t: VtnTest) -> None:
    """A requestID may be empty.

    1. The VTN asks for energy.
    2. The VEN delivers a report with an empty requestID; the VTN takes it.
    """
    request = await wanted(t, ENERGY_ALONE)
    at = now(t)
    data = readings.amounts(request, ENERGY_ALONE, start=at - MINUTE, step=MINUTE, count=1, now=at)
    taken(t, NO_REQUEST_ID, await deliver(t, data, request_id=""))


@vtn_case("K1_0313R", "no reports", suite=Suite.REPORT, rules=(313,))
async def no_reports(t: VtnTest) -> None:
    """The schema allows oadrUpdateReport without oadrReport.

    1. The VEN sends it.
    2. The VTN answers with a message, whatever it thinks of it.
    """
    await t.joined()
    answered(t, NO_REPORTS, await deliver(t))
