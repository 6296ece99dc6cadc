"""Requests for reports that cannot be served, with a VEN under test."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from conformance.case import Skipped, Suite, VenTest, ven_case
from conformance.cases.ven_report_desk import NO_DATA, TELEMETRY, Desk, reporting
from conformance.checks import Side
from conformance.demands import demand
from conformance.peers import Recorded
from conformance.peers.requests import fastest, once, periodic, points_of
from oadr import messages as m

SPECIFIER = demand(304, "unknown_specifier", "An unknown reportSpecifierID is refused with 452.")
POINT = demand(304, "unknown_point", "An unknown rID is refused with 452.")
TOO_FAST = demand(340, "too_fast", "A request for samples faster than offered is refused with 454.")
NOT_PENDING = demand(329, "refused_is_not_pending", "What is refused is not pending.")
NO_REPORT = demand(304, "refused_is_not_sent", "No report comes for what was refused.")
ODD_DATA = demand(304, "any_request_id", "A report comes for any reportRequestID, unchanged.")
DATA_ANSWERED = demand(
    304, "strange_data_answered", "Data of the VTN that nobody asked for are answered: refused."
)
SECOND = timedelta(seconds=1)


def _refused(t: VenTest, created: m.CreatedReport, request: m.ReportRequest) -> None:
    pending = request.report_request_id in created.pending
    t.expect(NOT_PENDING, not pending, request.report_request_id)


@ven_case("R1_3190", "an unknown report", rules=(304, 329))
async def unknown_report(t: VenTest) -> None:
    """A report is wanted that the VEN does not offer.

    1. The VTN asks for a reportSpecifierID that there is not.
    2. The VEN sends oadrCreatedReport with 452, does not list it as pending, and sends nothing.
    """
    async with reporting(t) as desk:
        request = replace(
            once(desk.offer(*TELEMETRY), desk.new_id()),
            report_specifier_id=t.vtn.new_id("no-such-report"),
        )
        created = await desk.ask(request)
        if created is None:
            return
        t.expect(SPECIFIER, created.response.code == 452, f"{created.response.code}")
        _refused(t, created, request)
        await _nothing(t, desk, request)


async def _nothing(t: VenTest, desk: Desk, request: m.ReportRequest) -> None:
    came = await desk.wait_for(request.report_request_id, 1, 1)
    t.expect(NO_REPORT, not came, "a report", came[0].recorded if came else None)


@ven_case("K1_0304A", "an unknown data point", rules=(304, 329), suite=Suite.REPORT)
async def unknown_point(t: VenTest) -> None:
    """A data point is wanted that the VEN does not offer.

    1. The VTN asks for a report on offer with an rID that there is not.
    2. The VEN sends oadrCreatedReport with 452, does not list it as pending, and sends nothing.
    """
    async with reporting(t) as desk:
        request = once(desk.offer(*TELEMETRY), desk.new_id(), t.vtn.new_id("no-such-point"))
        created = await desk.ask(request)
        if created is None:
            return
        t.expect(POINT, created.response.code == 452, f"{created.response.code}")
        _refused(t, created, request)
        await _nothing(t, desk, request)


@ven_case("K1_0340", "more than is offered", rules=(329, 340), suite=Suite.REPORT)
async def too_fast(t: VenTest) -> None:
    """A request for more than the VEN offers is refused.

    1. The VTN asks for samples faster than the oadrMinPeriod of a data point.
    2. The VEN sends oadrCreatedReport with 454, and does not list it as pending.
    """
    async with reporting(t) as desk:
        offer = desk.offer(*TELEMETRY)
        point = max(points_of(offer), key=lambda one: fastest(offer, one))
        least = fastest(offer, point)
        if least <= SECOND:
            raise Skipped("the VEN offers samples as fast as they can be asked for")
        faster = max(SECOND, least / 2 // SECOND * SECOND)
        request = periodic(
            offer,
            desk.new_id(),
            point,
            start=desk.in_units(0),
            granularity=faster,
            back=2 * least,
        )
        created = await desk.ask(request)
        if created is not None:
            code = created.response.code
            t.expect(TOO_FAST, code == 454, f"{code} for {faster}, offered is {least}")
            _refused(t, created, request)


@ven_case("K1_0303", "identifiers of any form", rules=(303, 304), suite=Suite.REPORT)
async def any_form(t: VenTest) -> None:
    """Identifiers come back as they are: they are text, whatever they look like.

    1. The VTN asks for a report, with digits for identifiers.
    2. The VEN sends oadrCreatedReport with the same requestID, and a report for the same
       reportRequestID.
    3. The VTN asks for another one, with an ampersand in the identifiers.
    4. The VEN answers as before.
    """
    async with reporting(t) as desk:
        offer = desk.offer(*TELEMETRY)
        # Each as if it had never been used: R322.
        digits = f"00{t.vtn.now():%m%d%H%M%S}"
        for request_id, name in (("0042", digits), ("Tom & Co", f"R&D <{desk.new_id()}>")):
            request = once(offer, name, points_of(offer)[0])
            if await desk.take(request, request_id=request_id):
                came = await desk.wait_for(name)
                t.expect(ODD_DATA, bool(came), f"{NO_DATA}: {name!r}")


@ven_case("K1_0304B", "data that nobody asked for", rules=(304, 500), suite=Suite.REPORT)
async def strange_data(t: VenTest) -> None:
    """A VTN sends data to a VEN that has not asked for any.

    1. The VTN sends oadrUpdateReport.
    2. The VEN refuses it: by oadrUpdatedReport or oadrResponse with an error, or, in a push, by
       an HTTP status.
    """
    async with reporting(t):
        now = t.vtn.now()
        value = m.ReportPayload(r_id="temperature", value=Decimal(1))
        report = m.Report(
            dtstart=now,
            intervals=(m.Interval(dtstart=now, uid="0", payloads=(value,)),),
            report_request_id=t.vtn.new_id("never-asked"),
            report_specifier_id="weather",
            report_name="x-weather",
            created_date_time=now,
        )
        message = m.UpdateReport(
            request_id=t.vtn.new_id("update"), reports=(report,), ven_id=t.vtn.ven_id
        )
        since = len(t.tape)
        heard = await t.answer(message, "oadrUpdatedReport", "oadrResponse")
        if heard is None and t.push and _rejected(t.tape.recorded[since:]):
            t.expect(DATA_ANSWERED, True, "")
            return
        answer = None if heard is None else _code(t, heard)
        ok = answer is not None and not 200 <= answer < 300
        t.expect(DATA_ANSWERED, ok, "no answer" if answer is None else f"{answer}", heard)


def _code(t: VenTest, heard: Recorded) -> int | None:
    answer = t.said(heard, m.UpdatedReport) or t.said(heard, m.Response)
    return None if answer is None else answer.response.code


def _rejected(recorded: list[Recorded]) -> bool:
    return any(
        one.asked_by is Side.VTN and one.status is not None and 400 <= one.status < 500
        for one in recorded
    )
