"""Reports that are wanted again and again, with a VEN under test."""

from datetime import datetime, timedelta
from itertools import pairwise

from conformance.case import Skipped, Suite, VenTest, ven_case
from conformance.cases.ven_report_desk import TELEMETRY, Came, reporting, starts_of
from conformance.checks import Severity
from conformance.demands import demand
from conformance.peers.requests import ZERO, periodic, points_of, step
from oadr import messages as m

NOT_EARLY = demand(325, "not_early", "Reports do not come before their reportInterval begins.")
COMES = demand(325, "comes_each_time", "A report comes each reportBackDuration.")
ENDS = demand(325, "ends", "Reports end with the duration of their reportInterval.")
FOR_EVER = demand(
    325, "for_ever", "With a duration of 0 reports come for as long as nobody cancels them."
)
BEGUN = demand(325, "has_begun", "A request that begins in the past is served, or refused.")
FIRST = demand(
    341, "first_interval", "The first interval is within one granularity of the dtstart."
)
HONEST = demand(
    317, "samples_honestly", "The intervals are as far apart as the granularity asks for."
)
SAME_NUMBER = demand(
    346,
    "same_number",
    "The reports of a sequence have the same number of intervals.",
    Severity.WARNING,
)
CHANGES = demand(
    317, "changes_reported", "With granularity 0 a report comes each time, changes or not."
)
SECOND = timedelta(seconds=1)


def _gaps(came: list[Came]) -> list[timedelta]:
    """Returns how far apart the intervals of some reports are; a corrected one counts once."""
    starts = sorted({start for one in came for start in starts_of(one.report)})
    return [after - before for before, after in pairwise(starts)]


def _honest(t: VenTest, came: list[Came], granularity: timedelta) -> None:
    slack = max(SECOND, granularity / 5)
    gaps = _gaps(came)
    wrong = [str(one) for one in gaps if abs(one - granularity) > slack]
    t.expect(HONEST, not wrong, f"{', '.join(wrong[:3])}; asked for was {granularity}")


def _first(t: VenTest, came: list[Came], start: datetime, granularity: timedelta) -> None:
    first = min((at for one in came for at in starts_of(one.report)), default=None)
    if first is not None:
        off = abs(first - start)
        seen = f"{first}, asked for was {start}"
        t.expect(FIRST, off <= granularity + SECOND, seen, came[0].recorded)


@ven_case("R1_3020", "status, for a while", rules=(317, 325, 341))
async def for_a_while(t: VenTest) -> None:
    """Reports come from their dtstart on, one each reportBackDuration, and end in time.

    1. The VTN asks for TELEMETRY_STATUS, from a moment ahead on and for three times the
       reportBackDuration.
    2. The VEN sends three reports, four if it counts both ends, and none before the dtstart.
    3. The VEN sends no other.
    """
    async with reporting(t) as desk:
        offer = desk.sampled(*reversed(TELEMETRY))
        length = step(offer, t.device.unit)

        def asking(ahead: float) -> m.ReportRequest:
            start = desk.in_units(ahead)
            return periodic(
                offer, desk.new_id(), start=start, duration=3 * length, granularity=length
            )

        request = await desk.take_in_time(asking)
        if request is None or request.report_interval is None:
            return
        start = request.report_interval.dtstart
        name = request.report_request_id
        await t.wait((start + 3 * length + t.device.unit - t.clock.now()) / t.device.unit)
        came = desk.came(name)
        t.expect(COMES, len(came) >= 2, f"{len(came)} reports in 3 times {length}")
        # One that was on its way, and one at each end: whatever is beyond has no reason.
        await desk.wait_for(name, 5, 3 * length / t.device.unit)
        # R346: one that corrects another is not one more.
        late = {next(starts_of(one.report), None) for one in desk.came(name)}
        t.expect(ENDS, len(late) <= 4, f"{len(late)} reports in 3 times {length}")
        early = [one for one in came if one.recorded.at < start - t.device.unit / 4]
        seen = f"{len(early)} reports before {start}"
        t.expect(NOT_EARLY, not early, seen, early[0].recorded if early else None)
        if not early:
            _first(t, came, start, length)


@ven_case("R1_3027", "for ever", rules=(325,))
async def for_ever(t: VenTest) -> None:
    """With a duration of 0 reports do not end.

    1. The VTN asks for reports with a reportInterval of duration 0.
    2. The VEN sends one each reportBackDuration, and goes on.
    """
    async with reporting(t) as desk:
        offer = desk.sampled(*reversed(TELEMETRY))
        length = step(offer, t.device.unit)
        request = periodic(offer, desk.new_id(), start=desk.in_units(0), granularity=length)
        if await desk.take(request):
            units = 7 * length / t.device.unit + 2
            came = await desk.wait_for(request.report_request_id, 4, units)
            t.expect(FOR_EVER, len(came) >= 4, f"{len(came)} reports in 7 times {length}")


@ven_case("R1_3030", "several at a time", rules=(329,))
async def several(t: VenTest) -> None:
    """Several reports run beside each other, and all of them are pending.

    1. The VTN asks for two reports, again and again, by one message.
    2. The VEN lists both as pending.
    3. The VTN asks for a third one by another message.
    4. The VEN lists all three, and sends reports for all.
    """
    async with reporting(t) as desk:
        offer = desk.sampled(*TELEMETRY)
        points, length = points_of(offer), step(offer, t.device.unit)
        requests = [
            periodic(offer, desk.new_id(), one, start=desk.in_units(0), granularity=length)
            for one in (points[0], points[-1], points[0])
        ]
        if not (await desk.take(*requests[:2]) and await desk.take(requests[2])):
            return
        for one in requests:
            came = await desk.wait_for(one.report_request_id, 2)
            t.expect(COMES, len(came) > 1, f"{len(came)} reports for {one.report_request_id}")


@ven_case("R1_3160", "usage, two intervals in a report", rules=(314, 317, 346))
async def two_intervals(t: VenTest) -> None:
    """A report comes with each second sample, and has both.

    1. The VTN asks for a data point of TELEMETRY_USAGE, with a reportBackDuration of twice
       the granularity.
    2. The VEN sends reports with two intervals each, as far apart as the granularity.
    """
    async with reporting(t) as desk:
        offer = desk.offer("TELEMETRY_USAGE")
        point = points_of(offer)[0]
        length = step(offer, t.device.unit, point)
        start = desk.in_units(0)
        request = periodic(
            offer, desk.new_id(), point, start=start, granularity=length, back=2 * length
        )
        if not await desk.take(request):
            return
        # The last sample of a report may take one more granularity until it is there.
        came = await desk.wait_for(request.report_request_id, 3, 8 * length / t.device.unit + 3)
        if t.expect(COMES, len(came) >= 3, f"{len(came)} reports in 8 times {length}"):
            _honest(t, came, length)
            numbers = [len(one.report.intervals) for one in came[1:3]]
            t.expect(SAME_NUMBER, len(set(numbers)) == 1, " and ".join(map(str, numbers)))


def _odd(least: timedelta) -> timedelta:
    """Returns a length that divides neither a minute nor an hour, in seconds or minutes."""
    if least < timedelta(minutes=1):
        seconds = -(-least // SECOND)
        found = next((one for one in range(seconds, 60) if 60 % one), 61)
        return timedelta(seconds=found)
    return least * 3 / 2 if (least * 3 / 2) % timedelta(minutes=1) else least * 5 / 4


@ven_case("K1_0317A", "an odd granularity", rules=(317, 325), suite=Suite.REPORT)
async def odd_granularity(t: VenTest) -> None:
    """A granularity is kept that does not fit into a minute a whole number of times.

    1. The VTN asks for samples in such a rhythm, around a full minute.
    2. The VEN sends reports whose intervals are as far apart as that, over the minute too.
    """
    async with reporting(t) as desk:
        offer = desk.sampled(*TELEMETRY)
        point = points_of(offer)[0]
        length = _odd(step(offer, t.device.unit, point))
        minute = timedelta(minutes=1)

        def asking(ahead: float) -> m.ReportRequest:
            start = t.clock.now() + t.device.unit * ahead / 2
            if length < minute:
                full = (start + 1.5 * length).replace(second=0, microsecond=0) + minute
                start = full - 1.5 * length
            return periodic(
                offer, desk.new_id(), point, start=start, duration=4 * length, granularity=length
            )

        request = await desk.take_in_time(asking)
        if request is None or request.report_interval is None:
            return
        start = request.report_interval.dtstart
        until = start + 4 * length + t.device.unit - t.clock.now()
        came = await desk.wait_for(request.report_request_id, 100, until / t.device.unit)
        if t.expect(COMES, len(_gaps(came)) >= 2, f"{len(came)} reports in 4 times {length}"):
            _honest(t, came, length)


@ven_case("K1_0317B", "on change", rules=(317,), suite=Suite.REPORT)
async def on_change(t: VenTest) -> None:
    """With granularity 0 changes are reported, each reportBackDuration.

    1. The VTN asks for a data point that can be had on change, with granularity 0.
    2. The VEN sends a report each time, whether something has changed or not.
    """
    async with reporting(t) as desk:
        offer = desk.sampled(*TELEMETRY)
        points = [
            one.r_id
            for one in offer.descriptions
            if one.sampling_rate is not None and one.sampling_rate.on_change
        ]
        if not points:
            raise Skipped("the VEN offers nothing on change")
        length = step(offer, t.device.unit, points[0])
        request = periodic(
            offer,
            desk.new_id(),
            points[0],
            start=desk.in_units(0),
            granularity=ZERO,
            back=length,
        )
        if await desk.take(request):
            came = await desk.wait_for(request.report_request_id, 2, 3 * length / t.device.unit + 2)
            t.expect(CHANGES, len(came) > 1, f"{len(came)} reports in 3 times {length}")


@ven_case("K1_0325", "a dtstart in the past", rules=(325,), suite=Suite.REPORT)
async def begun(t: VenTest) -> None:
    """A request that has begun when the VEN hears of it is served from then on.

    1. The VTN asks for reports, from a moment ago on.
    2. The VEN sends reports, or refuses the request.
    """
    async with reporting(t) as desk:
        offer = desk.sampled(*TELEMETRY)
        length = step(offer, t.device.unit)
        request = periodic(offer, desk.new_id(), start=desk.in_units(-1), granularity=length)
        created = await desk.ask(request)
        if created is not None and created.response.ok:
            units = 3 * length / t.device.unit + 2
            came = await desk.wait_for(request.report_request_id, 2, units)
            t.expect(BEGUN, len(came) > 1, f"{len(came)} reports in 3 times {length}")
