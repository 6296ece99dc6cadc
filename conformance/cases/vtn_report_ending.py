"""The end of reports: by cancellation and by new metadata, with a VTN under test."""

from conformance.actions import CancelReports
from conformance.case import Skipped, VtnTest, vtn_case
from conformance.cases.vtn_report_asking import (
    MINUTE,
    WANTS,
    asked,
    deliver,
    now,
    offered,
    patience,
    periodic,
    taken,
)
from conformance.checks import Severity
from conformance.demands import demand
from conformance.peers import readings
from conformance.peers.offers import TELEMETRY_STATUS, TELEMETRY_USAGE
from conformance.peers.ven import ScriptedVen
from oadr import messages as m

CANCELS = demand(
    336,
    "cancels_as_wanted",
    "A VTN ends by oadrCancelReport, by itself or in oadrUpdatedReport, what nobody wants more.",
)
CANCELED_TAKEN = demand(
    336, "canceled_report_taken", "A VTN takes oadrCanceledReport: oadrResponse with 200."
)
FOLLOW = demand(
    345, "wants_last", "A last report is asked for with reportToFollow, and not otherwise."
)
OTHER_TAKEN = demand(
    336, "running_taken", "A VTN takes the data of a report that runs, whatever else has ended."
)
LAST_TAKEN = demand(345, "last_taken", "A VTN takes the last report that it wanted.")
PIGGYBACK = demand(
    344,
    "piggyback_answer_taken",
    "Who asks for reports in oadrRegisteredReport takes oadrCreatedReport: oadrResponse with 200.",
)
METADATA_TAKEN = demand(
    306, "metadata_taken", "A VTN takes new metadata at any time: oadrRegisteredReport with 200."
)
ASKS_AGAIN = demand(
    306,
    "asks_again",
    "A VTN asks again for what is still wanted when new metadata have ended it.",
    Severity.WARNING,
)


async def cancelled(t: VtnTest, request: m.ReportRequest, *, follow: bool = False) -> None:
    """Has the VTN cancel a report, and notes what it says."""
    action = CancelReports(request_ids=(request.report_request_id,), follow=follow)
    await t.do(action)
    received = await t.ven.receive("oadrCancelReport", patience(t))
    message = None if received is None else received.message
    if received is None or not isinstance(message, m.CancelReport):
        ended = await _with_data(t, request)
        t.expect(CANCELS, ended, "no oadrCancelReport, by itself or in oadrUpdatedReport")
        if ended:
            raise Skipped("the VTN cancels in oadrUpdatedReport, as it may (R328)")
        return
    ids = message.report_request_ids
    t.expect(CANCELS, set(ids) == set(action.request_ids), ", ".join(ids), received.recorded)
    seen = f"reportToFollow {message.report_to_follow}"
    t.expect(FOLLOW, message.report_to_follow is follow, seen, received.recorded)
    if received.answer is not None:
        taken(t, CANCELED_TAKEN, received.answer)


async def _with_data(t: VtnTest, request: m.ReportRequest) -> bool:
    """Whether the VTN cancels a report when it gets data of it (R328)."""
    offer = offered(request, t.ven.offers)
    if offer is None:
        return False
    sent = await deliver(t, readings.at_once(request, offer, now=now(t)))
    answered = None if sent.answered is None else sent.answered.message
    ending = answered.cancel_report if isinstance(answered, m.UpdatedReport) else None
    return ending is not None and request.report_request_id in ending.report_request_ids


@vtn_case("R1_3040", "report cancelled", rules=(329, 336, 345), needs=WANTS)
async def report_cancelled(t: VtnTest) -> None:
    """The VTN wants one of two periodic reports no more.

    1. The VTN asks for TELEMETRY_STATUS and TELEMETRY_USAGE, each minute; the VEN accepts.
    2. The VTN cancels TELEMETRY_STATUS by oadrCancelReport, with reportToFollow false.
    3. The VEN confirms with oadrCanceledReport, the other one still pending; the VTN takes that.
    4. The VEN delivers TELEMETRY_USAGE; the VTN takes it.
    """
    await t.joined()
    status, usage = await asked(t, periodic(TELEMETRY_STATUS), periodic(TELEMETRY_USAGE))
    await cancelled(t, status)
    moment = now(t)
    data = readings.amounts(
        usage, TELEMETRY_USAGE, start=moment - MINUTE, step=MINUTE, count=1, now=moment
    )
    taken(t, OTHER_TAKEN, await deliver(t, data))


@vtn_case("R1_3045", "report cancelled with a last one", rules=(329, 345), needs=WANTS)
async def last_report(t: VtnTest) -> None:
    """The VTN wants a periodic report once more and then no more.

    1. The VTN asks for TELEMETRY_USAGE each minute; the VEN accepts.
    2. The VTN cancels it by oadrCancelReport, with reportToFollow true.
    3. The VEN confirms with oadrCanceledReport, the report still pending.
    4. The VEN delivers it for the last time; the VTN takes it.
    """
    await t.joined()
    (usage,) = await asked(t, periodic(TELEMETRY_USAGE))
    t.ven.reactions["oadrCancelReport"] = lambda message: _still_pending(t.ven, message)
    await cancelled(t, usage, follow=True)
    moment = now(t)
    data = readings.amounts(
        usage, TELEMETRY_USAGE, start=moment - MINUTE, step=MINUTE, count=1, now=moment
    )
    taken(t, LAST_TAKEN, await deliver(t, data))


def _still_pending(ven: ScriptedVen, message: m.Message) -> m.Message:
    request_id = message.request_id if isinstance(message, m.CancelReport) else ""
    response = m.EiResponse(description="OK", request_id=request_id)
    return m.CanceledReport(response=response, pending=tuple(ven.pending), ven_id=ven.ven_id)


@vtn_case("R1_3060", "request in oadrRegisteredReport", rules=(329, 344), needs=WANTS)
async def piggyback(t: VtnTest) -> None:
    """The VTN may ask for reports in the answer to the metadata; then it takes the answer.

    1. The VEN sends its metadata by oadrRegisterReport.
    2. If the VTN asks for nothing with oadrRegisteredReport, it is told to ask for a report,
       and the VEN sends its metadata once more, which ends that report.
    3. The VEN accepts by oadrCreatedReport what the VTN asks for in oadrRegisteredReport.
    4. The VTN takes that: oadrResponse with 200.
    """
    await t.joined()
    if not _piggyback(t):
        await asked(t, periodic(TELEMETRY_USAGE))
        await t.ven.introduce()
        if not _piggyback(t):
            raise Skipped("the VTN asks for nothing in oadrRegisteredReport, as it may")


def _piggyback(t: VtnTest) -> bool:
    """Notes how the VTN has taken oadrCreatedReport after requests in oadrRegisteredReport."""
    answers = [one for one in t.tape.recorded if one.asked.name == "oadrCreatedReport"]
    brought = [
        one
        for one in t.tape.recorded
        if one.answered is not None
        and isinstance(one.answered.message, m.RegisteredReport)
        and one.answered.message.requests
    ]
    for one in brought:
        following = [answer for answer in answers if answer.number > one.number]
        if following:
            taken(t, PIGGYBACK, following[0])
    return bool(brought)


def _pending_usage(t: VtnTest) -> m.ReportRequest | None:
    """Returns the request for TELEMETRY_USAGE that the VEN has accepted; None if there is none."""
    wanted = TELEMETRY_USAGE.report_specifier_id
    pending = t.ven.pending.values()
    return next((one for one in pending if one.report_specifier_id == wanted), None)


@vtn_case("R1_3170", "new metadata end reports", rules=(300, 306, 329, 344), needs=WANTS)
async def new_metadata(t: VtnTest) -> None:
    """New metadata end what the VTN had asked for; what it still wants it asks for again.

    1. The VTN asks for TELEMETRY_USAGE each minute; the VEN accepts.
    2. The VEN sends its metadata once more, all of it; the VTN takes them.
    3. The VTN asks for the report again, in oadrRegisteredReport or by oadrCreateReport.
    4. The VEN delivers; the VTN takes it.
    """
    await t.joined()
    await asked(t, periodic(TELEMETRY_USAGE))
    taken(t, METADATA_TAKEN, await t.ven.introduce())
    if _pending_usage(t) is None:
        await t.ven.receive("oadrCreateReport", patience(t, 2))
    again = _pending_usage(t)
    if t.expect(ASKS_AGAIN, again is not None, "no request") and again is not None:
        moment = now(t)
        data = readings.amounts(
            again, TELEMETRY_USAGE, start=moment - MINUTE, step=MINUTE, count=1, now=moment
        )
        taken(t, OTHER_TAKEN, await deliver(t, data))
