"""Cancelling reports, with a VEN under test."""

from datetime import timedelta

from conformance.actions import OfferReports
from conformance.case import Suite, VenTest, ven_case
from conformance.cases.ven_report_desk import NO_DATA, TELEMETRY, Desk, reporting
from conformance.checks import Severity
from conformance.demands import demand
from conformance.peers.requests import metadata, once, periodic, points_of, slowest, step
from oadr import messages as m

CANCELS = demand(336, "cancels", "What is running is cancelled: oadrCanceledReport with 200.")
SEVERAL = demand(336, "cancels_several", "Several reports are cancelled by one message.")
UNKNOWN = demand(336, "unknown_refused", "To cancel what is unknown is refused with a 4xx.")
BATCH = demand(
    336, "all_or_none", "If one of several cannot be cancelled, none is.", Severity.WARNING
)
REMAINING = demand(329, "remaining", "oadrCanceledReport lists the reports that go on.")
GONE = demand(329, "cancelled_is_gone", "oadrCanceledReport does not list what it cancels.")
LAST = demand(345, "last_report", "With reportToFollow one last report comes.")
ONE_LAST = demand(345, "one_last_report", "With reportToFollow only one more report comes.")
NO_LAST = demand(345, "no_last_report", "Without reportToFollow no last report comes.")
LAST_PENDING = demand(
    345,
    "last_is_pending",
    "The last report is pending until it has come.",
    Severity.WARNING,
)
GOES_ON = demand(328, "others_go_on", "What is not named in a cancellation goes on.")
OBEYED = demand(328, "obeys_piggyback", "A cancellation in oadrUpdatedReport is obeyed.")
AFTER_METADATA = demand(306, "asked_again", "After new metadata reports can be asked for again.")
OFFERS_AGAIN = demand(306, "offers_again", "New metadata come as oadrRegisterReport.")


def _running(desk: Desk, *, back: float, count: int = 1) -> list[m.ReportRequest]:
    """Returns requests for a report each so many steps, for ever."""
    offer = desk.sampled(*TELEMETRY)
    points, length = points_of(offer), step(offer, desk.t.device.unit)
    return [
        periodic(
            offer,
            desk.new_id(),
            points[number % len(points)],
            start=desk.in_units(0),
            granularity=length,
            back=timedelta(seconds=round(length.total_seconds() * back)),
        )
        for number in range(count)
    ]


def _names(requests: list[m.ReportRequest]) -> list[str]:
    return [one.report_request_id for one in requests]


def _told(answer: m.CanceledReport | None) -> str:
    return "no oadrCanceledReport" if answer is None else f"{answer.response.code}"


@ven_case("R1_3040", "cancellation", rules=(329, 336, 345))
async def cancellation(t: VenTest) -> None:
    """A report is cancelled; what else runs goes on, and what is unknown is refused.

    1. The VTN asks for two reports, again and again, and waits for them.
    2. The VTN cancels the first one.
    3. The VEN sends oadrCanceledReport, with the other one pending, and no more of the first.
    4. The VTN cancels the second one together with one that there is not.
    5. The VEN refuses that with a 4xx, and cancels neither.
    """
    async with reporting(t) as desk:
        requests = _running(desk, back=1, count=2)
        first, second = _names(requests)
        if not await desk.take(*requests):
            return
        t.need(await desk.wait_for(first), NO_DATA)
        answer = await desk.cancel(first)
        if t.expect(CANCELS, answer is not None and answer.response.ok, _told(answer)):
            pending = () if answer is None else answer.pending
            t.expect(REMAINING, second in pending, f"without {second}")
            t.expect(GONE, first not in pending, f"with {first}")
        # That nothing comes any more is what a check looks at.
        await t.wait(1)
        answer = await desk.cancel(second, t.vtn.new_id("no-such-report"))
        refused = answer is not None and 400 <= answer.response.code < 500
        if t.expect(UNKNOWN, refused, _told(answer)) and answer is not None:
            t.expect(BATCH, second in answer.pending, f"{second} is not pending any more")


@ven_case("K1_0336", "cancellation of several", rules=(329, 336), suite=Suite.REPORT)
async def several(t: VenTest) -> None:
    """Several reports are cancelled by one message.

    1. The VTN asks for three reports, again and again.
    2. The VTN cancels two of them.
    3. The VEN sends oadrCanceledReport, with the third one pending.
    """
    async with reporting(t) as desk:
        requests = _running(desk, back=2, count=3)
        names = _names(requests)
        if not await desk.take(*requests):
            return
        answer = await desk.cancel(*names[:2])
        if t.expect(SEVERAL, answer is not None and answer.response.ok, _told(answer)):
            pending = () if answer is None else answer.pending
            t.expect(REMAINING, names[2] in pending, f"without {names[2]}")
            t.expect(GONE, not set(names[:2]) & set(pending), f"with {', '.join(pending)}")


@ven_case("R1_3045", "cancellation with a last report", rules=(336, 345))
async def with_last(t: VenTest) -> None:
    """A report is cancelled, and a last one is wanted.

    1. The VTN asks for a report that comes seldom.
    2. The VTN cancels it with reportToFollow.
    3. The VEN sends oadrCanceledReport, with the report pending if it is still to come.
    4. The VEN sends exactly one more report.
    """
    async with reporting(t) as desk:
        # Seldom, but not so that one that comes when it would be due is missed.
        (request,) = requests = _running(desk, back=12)
        name = request.report_request_id
        if not await desk.take(*requests):
            return
        # Something that can be reported.
        await t.wait(2 * request.granularity / t.device.unit)
        before = desk.came(name)
        answer = await desk.cancel(name, follow=True)
        if not t.expect(CANCELS, answer is not None and answer.response.ok, _told(answer)):
            return
        at = len(t.tape)
        came = await desk.wait_for(name, len(before) + 1)
        t.expect(LAST, len(came) > len(before), NO_DATA)
        if answer is not None and all(one.recorded.number > at for one in came):
            t.expect(LAST_PENDING, name in answer.pending, f"without {name}")
        if len(came) > len(before):
            await t.wait(1)
            count = len(desk.came(name)) - len(before)
            t.expect(ONE_LAST, count == 1, f"{count} reports")


@ven_case("K1_0345", "cancellation without a last report", rules=(345,), suite=Suite.REPORT)
async def without_last(t: VenTest) -> None:
    """A report is cancelled, and no last one is wanted.

    1. The VTN asks for a report that comes seldom.
    2. The VTN cancels it without reportToFollow.
    3. The VEN sends oadrCanceledReport and no report, neither before nor after.
    """
    async with reporting(t) as desk:
        offer = desk.offer(*TELEMETRY)
        point = points_of(offer)[0]
        # So long that none is due meanwhile, wherever a VEN begins to count.
        seldom = 300 * step(offer, t.device.unit, point)
        seldom = min(seldom, slowest(offer, point) or seldom)
        name = desk.new_id()
        request = periodic(offer, name, point, start=desk.in_units(0), granularity=seldom)
        if not await desk.take(request):
            return
        await t.wait(0.5)
        before = len(desk.came(name))
        answer = await desk.cancel(name)
        t.expect(CANCELS, answer is not None and answer.response.ok, _told(answer))
        await t.wait(1)
        count = len(desk.came(name)) - before
        t.expect(NO_LAST, not count, f"{count} reports")


@ven_case("K1_0328", "cancellation with the acknowledgement", rules=(328, 335), suite=Suite.REPORT)
async def piggyback(t: VenTest) -> None:
    """A report is cancelled in the answer to it.

    1. The VTN asks for two reports, again and again.
    2. The VEN sends the first one, and the VTN cancels it in oadrUpdatedReport.
    3. The VEN sends no more of it, does not list it, and goes on with the other one.
    """
    async with reporting(t) as desk:
        requests = _running(desk, back=1, count=2)
        first, second = _names(requests)

        def cancel(message: m.Message) -> m.Message:
            reports = message.reports if isinstance(message, m.UpdateReport) else ()
            named = first in {one.report_request_id for one in reports}
            cancelling = m.CancelReport(
                request_id=t.vtn.new_id("cancel"),
                report_request_ids=(first,),
                ven_id=t.vtn.ven_id,
            )
            return m.UpdatedReport(
                response=t.vtn.acknowledgement(message),
                cancel_report=cancelling if named else None,
                ven_id=t.vtn.ven_id,
            )

        t.vtn.replies["oadrUpdateReport"] = cancel
        if not await desk.take(*requests):
            return
        t.need(await desk.wait_for(first), NO_DATA)
        desk.running.remove(first)
        await t.wait(1.5)
        more = await desk.wait_for(second, 2)
        t.expect(GOES_ON, len(more) > 1, f"{len(more)} reports for the other one")
        other = once(desk.offer(*TELEMETRY), desk.new_id())
        created = await desk.ask(other)
        if created is not None:
            t.expect(OBEYED, first not in created.pending, f"{first} is pending")


@ven_case("R1_3170", "new metadata", rules=(306,))
async def new_metadata(t: VenTest) -> None:
    """New metadata end all reports that were asked for.

    1. The VTN asks for a report, again and again, and waits for it.
    2. The VEN sends its metadata once more.
    3. The VEN sends no more reports, until the VTN asks again.
    """
    async with reporting(t) as desk:
        requests = _running(desk, back=1)
        if not await desk.take(*requests):
            return
        t.need(await desk.wait_for(requests[0].report_request_id), NO_DATA)
        since = len(t.tape)
        await t.do(OfferReports())
        heard = await t.hear("oadrRegisterReport", since=since)
        if t.expect(OFFERS_AGAIN, heard is not None, "no oadrRegisterReport"):
            await _asked_again(t, desk)


async def _asked_again(t: VenTest, desk: Desk) -> None:
    desk.running.clear()
    # That nothing comes any more is what a check looks at.
    await t.wait(1.5)
    requests = _running(desk, back=1)
    if await desk.take(*requests):
        came = await desk.wait_for(requests[0].report_request_id)
        t.expect(AFTER_METADATA, bool(came), NO_DATA)


@ven_case("K1_0306", "metadata that were asked for", rules=(306,), suite=Suite.REPORT)
async def wanted_metadata(t: VenTest) -> None:
    """Metadata end all reports also if the VTN has asked for them.

    1. The VTN asks for a report, again and again, and waits for it.
    2. The VTN asks for metadata, and the VEN sends them.
    3. The VEN sends no more reports, until the VTN asks again.
    """
    async with reporting(t) as desk:
        requests = _running(desk, back=1)
        if not await desk.take(*requests):
            return
        t.need(await desk.wait_for(requests[0].report_request_id), NO_DATA)
        since = len(t.tape)
        await desk.ask(metadata(desk.new_id()))
        heard = await t.hear("oadrRegisterReport", since=since)
        t.need(heard, "the VEN sends no metadata")
        await _asked_again(t, desk)
