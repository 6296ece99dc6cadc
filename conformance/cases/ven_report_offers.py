"""What a VEN under test offers to report: after registration, and on demand."""

from conformance.actions import OfferReports, Start
from conformance.case import Skipped, Suite, VenTest, ven_case
from conformance.cases.ven_report_desk import NO_DATA, TELEMETRY, Desk, reporting
from conformance.checks import Severity
from conformance.demands import demand
from conformance.peers.offers import OFFERS
from conformance.peers.requests import metadata, once, points_of
from oadr import messages as m

STATUS = demand(510, "offers_status", "A VEN offers TELEMETRY_STATUS.")
USAGE = demand(510, "offers_usage", "A VEN offers TELEMETRY_USAGE.")
RESOURCE = demand(
    510,
    "status_of_resource",
    "A VEN tells the status of a resource that it names.",
    Severity.WARNING,
)
REPORT_ONLY = demand(510, "report_only_history", "A Report-Only VEN offers HISTORY_USAGE.")
CREATED = demand(327, "metadata_created", "A request for METADATA is taken: oadrCreatedReport.")
ON_DEMAND = demand(301, "metadata_on_demand", "Metadata come when they are asked for.")
NAMES_REQUEST = demand(
    311, "ven_names_request", "Metadata on demand have the reportRequestID of the request."
)
COMPLETE = demand(306, "complete", "Metadata are always complete.")
REPEATED = demand(327, "metadata_repeated", "Metadata that are wanted again and again come so.")
STAY_AWAY = demand(336, "metadata_end", "Metadata whose request is cancelled come no more.")
VTN_OFFERS = demand(
    301,
    "takes_metadata",
    "Metadata of the VTN are answered: oadrRegisteredReport, with 200 if they are none.",
)
PIGGYBACK = demand(
    344, "answers_piggyback", "A request in oadrRegisteredReport is answered: oadrCreatedReport."
)
SERVED = demand(344, "serves_piggyback", "A request in oadrRegisteredReport is served.")


def _names(reports: tuple[m.Report, ...]) -> set[str]:
    return {(one.report_name or "").removeprefix("METADATA_") for one in reports}


def _points(reports: tuple[m.Report, ...]) -> set[tuple[str, str]]:
    return {(one.report_specifier_id, point) for one in reports for point in points_of(one)}


@ven_case("K1_0510", "what every VEN offers", rules=(301, 333, 510), suite=Suite.REPORT)
async def minimum(t: VenTest) -> None:
    """There is something that every VEN can report.

    1. The VEN registers, and sends its metadata.
    2. They have TELEMETRY_STATUS, for a resource that is named, and TELEMETRY_USAGE; those of
       a Report-Only VEN have HISTORY_USAGE too.
    """
    await t.joined()
    if not len(t.tape):
        # It has sent them in an earlier case: whether it is still there.
        await t.answer(t.vtn.metadata())
    offers = t.vtn.offers or ()
    names = _names(offers)
    seen = ", ".join(sorted(names)) or "nothing"
    usage_only = t.vtn.registration is not None and t.vtn.registration.report_only
    t.expect(USAGE, "TELEMETRY_USAGE" in names, seen)
    if usage_only:
        t.expect(REPORT_ONLY, "HISTORY_USAGE" in names, seen)
    if not t.expect(STATUS, "TELEMETRY_STATUS" in names, seen):
        return
    sources = [
        point.data_source
        for one in offers
        if one.report_name == "METADATA_TELEMETRY_STATUS"
        for point in one.descriptions
    ]
    named = any(one is not None and one.resource_ids for one in sources)
    t.expect(RESOURCE, named, "no resourceID in any reportDataSource")


async def _asked(t: VenTest, desk: Desk, request: m.ReportRequest) -> bool:
    """Asks for metadata; whether the VEN takes that."""
    created = await desk.ask(request)
    ok = created is not None and created.response.ok
    seen = "no oadrCreatedReport" if created is None else f"{created.response.code}"
    return t.expect(CREATED, ok, seen)


@ven_case("R1_3080", "metadata on demand", rules=(301, 306, 308, 311, 327))
async def on_demand(t: VenTest) -> None:
    """The VTN asks for the metadata of the VEN.

    1. The VTN asks for METADATA with the rID 0.
    2. The VEN sends oadrCreatedReport.
    3. The VEN sends oadrRegisterReport, complete, with the reportRequestID of the request.
    """
    async with reporting(t) as desk:
        request, before = metadata(desk.new_id()), t.vtn.offers or ()
        since = len(t.tape)
        if not await _asked(t, desk, request):
            return
        heard = await t.hear("oadrRegisterReport", since=since)
        message = None if heard is None else t.said(heard, m.RegisterReport)
        if not t.expect(ON_DEMAND, message is not None, "no oadrRegisterReport") or not message:
            return
        name = message.report_request_id
        t.expect(NAMES_REQUEST, name == request.report_request_id, f"{name!r}", heard)
        missing = _points(before) - _points(message.reports)
        t.expect(COMPLETE, not missing, f"without {sorted(missing)[:3]}", heard)


@ven_case("R1_3090", "metadata again and again", rules=(308, 311, 327))
async def repeated(t: VenTest) -> None:
    """The VTN asks for the metadata of the VEN again and again.

    1. The VTN asks for METADATA with a reportBackDuration.
    2. The VEN sends oadrCreatedReport, and oadrRegisterReport each time.
    """
    async with reporting(t) as desk:
        if not await _repeatedly(t, desk):
            raise Skipped("the VEN refuses to send metadata again and again")


async def _repeatedly(t: VenTest, desk: Desk) -> str:
    """Has metadata sent twice; returns the reportRequestID, empty if the VEN refuses."""
    since = len(t.tape)
    request = metadata(desk.new_id(), back=t.device.unit, start=desk.in_units(0))
    created = await desk.ask(request)
    t.need(created, "the VEN does not answer")
    if created is None or not created.response.ok:
        return ""
    for _ in range(2):
        heard = await t.hear("oadrRegisterReport", since=since)
        if not t.expect(REPEATED, heard is not None, "no oadrRegisterReport") or heard is None:
            break
        since = heard.number
    return request.report_request_id


@ven_case("R1_3100", "metadata cancelled", rules=(327, 336))
async def metadata_cancelled(t: VenTest) -> None:
    """The VTN wants the metadata no longer.

    1. The VTN asks for METADATA with a reportBackDuration, and the VEN sends them twice.
    2. The VTN cancels the request.
    3. The VEN sends oadrCanceledReport, and no more metadata.
    """
    async with reporting(t) as desk:
        name = await _repeatedly(t, desk)
        if not name:
            raise Skipped("the VEN refuses to send metadata again and again")
        answer = await desk.cancel(name)
        t.need(answer is not None and answer.response.ok, "the VEN does not cancel it")
        # One that was on its way when it was cancelled.
        await t.wait(0.5)
        late = await t.hear("oadrRegisterReport", since=len(t.tape), units=2)
        t.expect(STAY_AWAY, late is None, "oadrRegisterReport", late)


@ven_case("K1_0301", "metadata of the VTN", rules=(301, 309), suite=Suite.REPORT)
async def of_the_vtn(t: VenTest) -> None:
    """The VTN says what it can report itself, if anything.

    1. The VTN sends oadrRegisterReport without a report.
    2. The VEN sends oadrRegisteredReport.
    3. The VTN sends oadrRegisterReport with some reports.
    4. The VEN sends oadrRegisteredReport.
    """
    await t.joined()
    for reports in ((), OFFERS):
        message = m.RegisterReport(
            request_id=t.vtn.new_id("metadata"), reports=reports, ven_id=t.vtn.ven_id
        )
        heard = await t.answer(message)
        answer = None if heard is None else t.said(heard, m.RegisteredReport)
        # What it wants of a VTN is its own affair.
        ok = answer is not None and (answer.response.ok or bool(reports))
        seen = "no oadrRegisteredReport" if answer is None else f"{answer.response.code}"
        t.expect(VTN_OFFERS, ok, f"{seen} for {len(reports)} reports", heard)


@ven_case("R1_3060", "request with the acknowledgement", rules=(303, 329, 344))
async def piggyback(t: VenTest) -> None:
    """The VTN asks for a report in its answer to the metadata.

    1. The VEN sends oadrRegisterReport: it registers, or sends its metadata once more.
    2. The VTN answers with oadrRegisteredReport, which asks for a report.
    3. The VEN sends oadrCreatedReport with the requestID of the oadrRegisterReport.
    4. The VEN sends the report.
    """
    name, asked = t.vtn.new_id("report"), []

    def answer(message: m.Message) -> m.Message:
        t.vtn.replies.pop("oadrRegisterReport", None)
        reports = message.reports if isinstance(message, m.RegisterReport) else ()
        t.vtn.offers = reports
        wanted = [one for one in reports if _names((one,)) & set(TELEMETRY)]
        acknowledgement = t.vtn.acknowledgement(message)
        asked.append(acknowledgement.request_id)
        return m.RegisteredReport(
            response=acknowledgement,
            requests=tuple(once(one, name) for one in wanted[:1]),
            ven_id=t.vtn.ven_id,
        )

    registered = bool(t.vtn.registration_id)
    t.vtn.replies["oadrRegisterReport"] = answer
    since = len(t.tape)
    await t.do(OfferReports() if registered else Start())
    t.need(await t.hear("oadrRegisterReport", since=since), "the VEN sends no metadata")
    desk = Desk(t=t)
    desk.offer(*TELEMETRY)
    heard = await t.hear("oadrCreatedReport", since=since)
    if not t.expect(PIGGYBACK, heard is not None, "no oadrCreatedReport") or heard is None:
        return
    created = t.said(heard, m.CreatedReport)
    if created is not None:
        desk.look_at(created, asked[0], heard)
    came = await desk.wait_for(name)
    t.expect(SERVED, bool(came), NO_DATA)
