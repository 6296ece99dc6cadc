"""Reports that a VEN wants of the VTN, which is under test."""

from datetime import datetime, timedelta

from conformance.case import Skipped, Suite, VtnTest, vtn_case
from conformance.cases.vtn_report_asking import (
    MINUTE,
    now,
    patience,
    refused_id,
    taken,
    told,
)
from conformance.checks.exchange import succeeded
from conformance.demands import demand
from conformance.peers import Recorded
from oadr import messages as m

METADATA_PROMISED = demand(
    301, "metadata_promised", "A VTN accepts the request for its metadata: oadrCreatedReport, 200."
)
METADATA_COMES = demand(
    301, "metadata_comes", "A VTN sends oadrRegisterReport when its metadata are asked for."
)
NAMES_REQUEST = demand(
    311,
    "names_request",
    "The metadata that were asked for name the request: reportRequestID of the message.",
)
DATA_PROMISED = demand(
    329, "data_promised", "A VTN accepts a request for what it offers: oadrCreatedReport, 200."
)
DATA_COME = demand(300, "data_come", "A VTN sends the data that it has promised.")
ENDED = demand(
    336, "cancellation_taken", "A VTN ends a report by oadrCancelReport: oadrCanceledReport, 200."
)
UNKNOWN = demand(
    336,
    "unknown_cancellation_answered",
    "A VTN answers the cancellation of an unknown report by oadrCanceledReport.",
)
UPDATED_TAKEN = demand(
    329, "updated_report_taken", "A VTN takes oadrUpdatedReport: oadrResponse with 200."
)


def _request(
    t: VtnTest, specifier_id: str, *points: str, back: timedelta = timedelta(0)
) -> m.ReportRequest:
    start: datetime = now(t)
    return m.ReportRequest(
        report_request_id=t.ven.new_id("wish"),
        report_specifier_id=specifier_id,
        granularity=back,
        report_back_duration=back,
        report_interval=m.Period(dtstart=start, duration=timedelta(0)) if back else None,
        data_points=tuple(m.SpecifierPayload(r_id=one) for one in points),
    )


async def _ask(t: VtnTest, *requests: m.ReportRequest) -> Recorded:
    message = m.CreateReport(request_id=t.ven.new_id(), requests=requests, ven_id=t.ven.ven_id)
    return await t.ven.send(message)


async def _metadata(t: VtnTest) -> m.RegisterReport | None:
    """Asks the VTN for its metadata, notes what comes, and returns it."""
    request = _request(t, "METADATA", "0")
    if not taken(t, METADATA_PROMISED, await _ask(t, request)):
        return None
    received = await t.ven.receive("oadrRegisterReport", patience(t, 2))
    # What the VTN sends of its own accord may come before.
    while received is not None and isinstance(received.message, m.RegisterReport):
        if received.message.report_request_id:
            break
        further = await t.ven.receive("oadrRegisterReport", patience(t, 1))
        if further is None:
            break
        received = further
    if received is None or not isinstance(received.message, m.RegisterReport):
        t.expect(METADATA_COMES, False, "no oadrRegisterReport")
        return None
    t.expect(METADATA_COMES, True, "")
    name = received.message.report_request_id
    t.expect(NAMES_REQUEST, name == request.report_request_id, f"{name!r}", received.recorded)
    return received.message


@vtn_case("K1_0301", "metadata of the VTN on demand", suite=Suite.REPORT, rules=(301, 308, 311))
async def metadata_of_vtn(t: VtnTest) -> None:
    """A VEN wants to know what the VTN offers.

    1. The VEN asks for METADATA, rID 0, by oadrCreateReport; the VTN accepts.
    2. The VTN sends oadrRegisterReport with the reportRequestID of the request, also if it
       offers nothing.
    """
    await t.joined()
    await _metadata(t)


@vtn_case("K1_0304F", "report that the VTN does not offer", suite=Suite.REPORT, rules=(304,))
async def not_offered(t: VtnTest) -> None:
    """A VEN wants what the VTN does not offer.

    1. The VEN asks for an unknown reportSpecifierID by oadrCreateReport.
    2. The VTN answers oadrCreatedReport with 452.
    """
    await t.joined()
    refused_id(t, await _ask(t, _request(t, "strange", "0")))


@vtn_case("K1_0336A", "unknown report cancelled", suite=Suite.REPORT, rules=(336,))
async def unknown_cancelled(t: VtnTest) -> None:
    """A VEN cancels what it has not asked for.

    1. The VEN sends oadrCancelReport with an unknown reportRequestID.
    2. The VTN answers oadrCanceledReport with an error, and with what is pending.
    """
    await t.joined()
    message = m.CancelReport(
        request_id=t.ven.new_id(),
        report_request_ids=(t.ven.new_id("wish"),),
        ven_id=t.ven.ven_id,
    )
    sent = await t.ven.send(message)
    name = "" if sent.answered is None else sent.answered.name
    t.expect(UNKNOWN, name == "oadrCanceledReport", told(sent), sent)


@vtn_case("K1_0336B", "report of the VTN, cancelled", suite=Suite.REPORT, rules=(300, 329, 336))
async def report_of_vtn(t: VtnTest) -> None:
    """A VEN wants a report of the VTN each minute, and then no more.

    1. The VEN asks for METADATA; a VTN that offers nothing is not asked for more.
    2. The VEN asks for the first report on offer, each minute; the VTN accepts.
    3. The VTN sends data; the VEN takes them, and the VTN takes that.
    4. The VEN cancels by oadrCancelReport; the VTN confirms.
    """
    await t.joined()
    metadata = await _metadata(t)
    offers = () if metadata is None else metadata.reports
    offer = next((one for one in offers if "TELEMETRY" in (one.report_name or "")), None)
    if offer is None:
        raise Skipped("the VTN offers no telemetry, as it may")
    request = _request(
        t,
        offer.report_specifier_id,
        *(one.r_id for one in offer.descriptions),
        back=max([MINUTE, *_fastest(offer)]),
    )
    if not taken(t, DATA_PROMISED, await _ask(t, request)):
        return
    wait = request.report_back_duration / t.device.unit
    received = await t.ven.receive("oadrUpdateReport", patience(t, wait + 3))
    t.expect(DATA_COME, received is not None, "no oadrUpdateReport")
    if received is not None and received.answer is not None:
        taken(t, UPDATED_TAKEN, received.answer)
    ending = m.CancelReport(
        request_id=t.ven.new_id(),
        report_request_ids=(request.report_request_id,),
        ven_id=t.ven.ven_id,
    )
    sent = await t.ven.send(ending)
    t.expect(ENDED, succeeded(sent.answered), told(sent), sent)


def _fastest(offer: m.Report) -> list[timedelta]:
    rates = (one.sampling_rate for one in offer.descriptions)
    return [one.min_period for one in rates if one is not None]
