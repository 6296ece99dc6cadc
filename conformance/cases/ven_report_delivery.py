"""Reports on a line that fails, with a VEN under test."""

from conformance.case import Suite, VenTest, ven_case
from conformance.cases.ven_report_desk import NO_DATA, TELEMETRY, reporting, reports_in
from conformance.demands import demand
from conformance.peers.http import Reply
from conformance.peers.requests import once, periodic, points_of, step
from oadr import messages as m

AGAIN = demand("HTTP", "report_again", "A report that is answered with HTTP 503 is sent again.")
GOES_ON = demand(325, "reports_go_on", "A report that is answered with an error ends no others.")


@ven_case("K1_0346A", "a report that is lost", rules=(346,), suite=Suite.REPORT)
async def lost(t: VenTest) -> None:
    """A VTN that is busy does not cost a report: it is sent again.

    1. The VTN asks for a report once.
    2. The VEN sends it, and the VTN answers with HTTP 503.
    3. The VEN sends it again after a while.
    """
    async with reporting(t) as desk:

        def busy(message: m.Message) -> Reply:
            t.vtn.replies.pop("oadrUpdateReport", None)
            return Reply(status=503)

        t.vtn.replies["oadrUpdateReport"] = busy
        request = once(desk.offer(*TELEMETRY), desk.new_id())
        if not await desk.take(request):
            return
        came = await desk.wait_for(request.report_request_id)
        t.need(came, NO_DATA)
        first = came[0].recorded
        again = await t.hear(
            "oadrUpdateReport",
            since=first.number,
            units=6,
            fits=lambda one: (
                request.report_request_id
                in {report.report_request_id for report in reports_in(one)}
            ),
        )
        t.expect(AGAIN, again is not None, "no second oadrUpdateReport", first)


@ven_case("K1_0346B", "a report that is refused", rules=(346,), suite=Suite.REPORT)
async def refused(t: VenTest) -> None:
    """A report that the VTN refuses does not end the sequence.

    1. The VTN asks for a report, again and again.
    2. The VEN sends one, and the VTN answers with 454.
    3. The VEN sends the next one when it is due.
    """
    async with reporting(t) as desk:

        def refuse(message: m.Message) -> m.Message:
            t.vtn.replies.pop("oadrUpdateReport", None)
            ok = t.vtn.acknowledgement(message)
            response = m.EiResponse(code=454, description="no", request_id=ok.request_id)
            return m.UpdatedReport(response=response, ven_id=t.vtn.ven_id)

        t.vtn.replies["oadrUpdateReport"] = refuse
        offer = desk.offer(*TELEMETRY)
        point = points_of(offer)[0]
        length = step(offer, t.device.unit, point)
        request = periodic(offer, desk.new_id(), point, start=desk.in_units(0), granularity=length)
        if not await desk.take(request):
            return
        t.need(await desk.wait_for(request.report_request_id), NO_DATA)
        units = 3 * length / t.device.unit + 3
        came = await desk.wait_for(request.report_request_id, 3, units)
        t.expect(GOES_ON, len(came) > 2, f"{len(came)} reports")
