"""Reports that are wanted once, with a VEN under test."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

from conformance.case import Suite, VenTest, ven_case
from conformance.cases.ven_report_desk import NO_DATA, TELEMETRY, Desk, reporting, starts_of
from conformance.checks import Severity, Side
from conformance.demands import demand
from conformance.peers import Recorded
from conformance.peers.requests import ZERO, history, once, periodic, points_of, step
from oadr import messages as m

COMES = demand(324, "once_comes", "A report that is wanted once comes at once.")
ONLY_ONCE = demand(324, "only_once", "A report that is wanted once comes once.")
AGAIN = demand(
    324, "others_again", "What is wanted again and again comes so, whatever else is wanted once."
)
TOGETHER = demand(
    324,
    "in_one_interval",
    "What is wanted once is of one moment, and in one interval.",
    Severity.WARNING,
)
ACKNOWLEDGED = demand(
    324,
    "created_before_data",
    "A VEN sends oadrCreatedReport first, then the report.",
    # The laboratory looks at that; the rule says only that the report comes at once.
    Severity.WARNING,
)
HISTORY = demand(325, "history_comes", "A report of history that is on offer comes at once.")
OF_THE_TIME = demand(
    341, "history_of_the_time", "A report of history is about the time that was asked for."
)


async def _comes(t: VenTest, desk: Desk, *requests: m.ReportRequest) -> None:
    """Looks whether each of some requests that the VEN has taken is answered by one report."""
    since = {one.report_request_id: await desk.wait_for(one.report_request_id) for one in requests}
    for name, came in since.items():
        t.expect(COMES, bool(came), f"{NO_DATA}: {name}")
    if all(since.values()):
        await t.wait(1)
    for name in since:
        count = len(desk.came(name))
        t.expect(ONLY_ONCE, count <= 1, f"{count} reports")


@ven_case("R1_3010", "status, once", rules=(313, 324, 331, 510))
async def status_once(t: VenTest) -> None:
    """The state of the resources is wanted once: on line or not, overridden or not.

    1. The VTN asks for TELEMETRY_STATUS with reportBackDuration 0 and no reportInterval.
    2. The VEN sends oadrCreatedReport, then one report with one interval.
    """
    async with reporting(t) as desk:
        request = once(desk.offer("TELEMETRY_STATUS"), desk.new_id())
        if await desk.take(request):
            await _comes(t, desk, request)


@ven_case("R1_3150", "usage, once, all in one interval", rules=(300, 324))
async def usage_once(t: VenTest) -> None:
    """All data points of usage are wanted once, and come in one interval.

    1. The VTN asks for all rIDs of TELEMETRY_USAGE with reportBackDuration 0.
    2. The VEN sends one report with one interval that has all of them.
    """
    async with reporting(t) as desk:
        request = once(desk.offer("TELEMETRY_USAGE"), desk.new_id())
        if await desk.take(request):
            await _comes(t, desk, request)
        for one in desk.came(request.report_request_id):
            count = len(one.report.intervals)
            t.expect(TOGETHER, count == 1, f"{count} intervals", one.recorded)


@ven_case("R1_3180", "two reports, once", rules=(300, 304, 324))
async def two_once(t: VenTest) -> None:
    """Two reports are wanted once, by one message.

    1. The VTN asks for two reports with reportBackDuration 0, for different data points as
       far as there are.
    2. The VEN sends oadrCreatedReport.
    3. The VEN sends both reports, each with its own data points.
    """
    async with reporting(t) as desk:
        usage = desk.offer(*TELEMETRY)
        points = points_of(usage)
        requests = (
            once(usage, desk.new_id(), points[0]),
            once(usage, desk.new_id(), points[-1]),
        )
        since = len(t.tape)
        if not await desk.take(*requests):
            return
        await _comes(t, desk, *requests)
        created = next((one for one in t.tape.recorded[since:] if _is_created(one)), None)
        data = [came for one in requests for came in desk.came(one.report_request_id)]
        if created is not None:
            early = [one for one in data if one.recorded.number < created.number]
            seen = f"{len(early)} reports before it"
            t.expect(ACKNOWLEDGED, not early, seen, created)


def _is_created(one: Recorded) -> bool:
    # What a push is answered with is on the tape later than it was said.
    return one.asked_by is Side.VEN and one.asked.name == "oadrCreatedReport"


@ven_case("K1_0324A", "once, with a granularity", rules=(324,), suite=Suite.REPORT)
async def once_with_granularity(t: VenTest) -> None:
    """Of a report that is wanted once, granularity does not matter.

    1. The VTN asks for a report with reportBackDuration 0 and a granularity.
    2. The VEN sends one report with one interval.
    """
    async with reporting(t) as desk:
        offer = desk.offer(*TELEMETRY)
        length = step(offer, t.device.unit)
        request = once(offer, desk.new_id(), granularity=length)
        if await desk.take(request):
            await _comes(t, desk, request)


@ven_case("K1_0324B", "once, with a reportInterval", rules=(324,), suite=Suite.REPORT)
async def once_with_interval(t: VenTest) -> None:
    """Of a report that is wanted once, reportInterval does not matter.

    1. The VTN asks for a report with reportBackDuration 0 and a reportInterval that has begun.
    2. The VEN sends one report at once.
    """
    async with reporting(t) as desk:
        request = once(desk.offer(*TELEMETRY), desk.new_id(), since=desk.in_units(-1))
        if await desk.take(request):
            await _comes(t, desk, request)


@ven_case("K1_0324C", "once and again in one message", rules=(300, 304, 324), suite=Suite.REPORT)
async def once_and_again(t: VenTest) -> None:
    """Each request of a message counts for itself.

    1. The VTN asks for a report once and for another one again and again, in one message.
    2. The VEN sends the one once and the other more often, each with its own data points.
    """
    async with reporting(t) as desk:
        offer = desk.sampled(*TELEMETRY)
        points, length = points_of(offer), step(offer, t.device.unit)
        single = once(offer, desk.new_id(), points[0])
        running = periodic(
            offer, desk.new_id(), points[-1], start=desk.in_units(0), granularity=length
        )
        if not await desk.take(single, running):
            return
        await _comes(t, desk, single)
        again = await desk.wait_for(running.report_request_id, 2)
        t.expect(AGAIN, len(again) > 1, f"{len(again)} of the other one")
        count = len(desk.came(single.report_request_id))
        t.expect(ONLY_ONCE, count <= 1, f"{count} reports")


@ven_case("R1_3130", "history", rules=(300, 314, 325, 510), needs=("It offers HISTORY_USAGE.",))
async def all_history(t: VenTest) -> None:
    """All data points of history are wanted, for all the time up to now.

    1. The VTN asks for all rIDs of HISTORY_USAGE, from a while ago and with duration 0.
    2. The VEN sends a report with as many rIDs.
    """
    async with reporting(t) as desk:
        offer = desk.offer("HISTORY_USAGE")
        await t.wait(1)
        await _history(t, desk, history(offer, desk.new_id(), start=desk.in_units(-5)))


@ven_case("R1_3140", "history of a while", rules=(300, 325, 341))
async def some_history(t: VenTest) -> None:
    """A data point of history is wanted, for a while.

    1. The VTN asks for an rID of HISTORY_USAGE, energyReal if there is one, for a while.
    2. The VEN sends a report about that while.
    """
    async with reporting(t) as desk:
        offer = desk.offer("HISTORY_USAGE")
        await t.wait(1.5)
        energy = [
            one.r_id
            for one in offer.descriptions
            if isinstance(one.unit, m.Unit) and one.unit.name == "energyReal"
        ]
        point = (energy or list(points_of(offer)))[0]
        start = desk.in_units(-1.5)
        request = history(offer, desk.new_id(), point, start=start, duration=t.device.unit)
        await _history(t, desk, request)


async def _history(t: VenTest, desk: Desk, request: m.ReportRequest) -> None:
    if not await desk.take(request):
        return
    came = await desk.wait_for(request.report_request_id)
    if not t.expect(HISTORY, bool(came), NO_DATA):
        return
    period = request.report_interval
    t.need(period is not None, "no time was asked for")
    assert period is not None  # noqa: S101
    ends = period.dtstart + period.duration if period.duration else t.clock.now()
    rates = [one.sampling_rate for one in desk.offer("HISTORY_USAGE").descriptions]
    slowest = max((one.max_period for one in rates if one is not None), default=ZERO)
    for one in came:
        slack = max(slowest, *_lengths(one.report))
        strange = [
            str(at)
            for at in starts_of(one.report)
            if not period.dtstart - slack <= at <= ends + slack
        ]
        t.expect(
            OF_THE_TIME,
            not strange,
            f"{', '.join(strange[:3])}; asked for was {period.dtstart} to {ends}",
            one.recorded,
        )


def _lengths(report: m.Report) -> Iterator[timedelta]:
    """Yields how far apart intervals are, and how long: a rate on offer is optional (R333)."""
    yield ZERO
    yield from (one.duration for one in report.intervals if one.duration)
    yield from (after - before for before, after in pairwise(starts_of(report)))
