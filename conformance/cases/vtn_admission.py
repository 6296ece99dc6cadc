"""Who is let in and under what name, with a VTN under test."""

from datetime import timedelta
from decimal import Decimal

from conformance.actions import Admit, Enrol, Refuse, RequestReports
from conformance.case import Skipped, Suite, VtnTest, vtn_case
from conformance.cases.of_ven import answer_of, received, refused, taken
from conformance.cases.vtn_report_asking import periodic
from conformance.checks.xml import text
from conformance.demands import demand
from conformance.peers import Recorded
from conformance.peers.offers import OFFERS, POWER, TELEMETRY_USAGE
from oadr import messages as m

_ENROLLED = ("The VEN of the kit is taken in under a venID that the VTN knows beforehand.",)
_REPORTS = ("The VTN can be made to ask for a report of the VEN of the kit.",)
#: Letters of both kinds: identifiers are compared as they are (R512).
PRECONFIGURED = "Kit-VEN-17"
#: What a program that guesses types would change.
LIKE_A_NUMBER = "0042"

WRONG_VEN_ID = demand(
    402,
    "wrong_ven_id_refused",
    "A VEN that registers with another venID than it was given beforehand is refused.",
)
KEEPS_VEN_ID = demand(
    402, "keeps_ven_id", "A VEN that was given a venID beforehand is registered under that one."
)
SERVES_VEN_ID = demand(
    402, "serves_ven_id", "A VEN is served under the venID with which it was registered."
)
REFUSES = demand(
    517,
    "refuses_registration",
    "A VEN that is not admitted is refused with 463 in oadrCreatedPartyRegistration;"
    " if its certificate is worth nothing, by TLS or HTTP 403.",
)
REFUSES_WITHOUT_IDS = demand(
    517, "refuses_without_ids", "A VEN that is not admitted gets no venID and no registrationID."
)


def _ids(recorded: Recorded) -> dict[str, str]:
    """Returns the identifiers that an answer gives, as far as they are not empty."""
    element = None if recorded.answered is None else recorded.answered.element
    found = {name: text(element, f"ei:{name}") or "" for name in ("venID", "registrationID")}
    return {name: value for name, value in found.items() if value}


async def _preconfigured(t: VtnTest, ven_id: str) -> None:
    """Registers under a venID that the VTN knows, and looks whether that is kept."""
    registered = await t.ven.register(ven_id=ven_id)
    t.need(t.ven.registered, "the VTN does not register the VEN")
    given = t.ven.ven_id
    t.expect(KEEPS_VEN_ID, given == ven_id, f"{given!r} for {ven_id!r}", registered)
    asked = await t.ven.send(m.RequestEvent(request_id=t.ven.new_id(), ven_id=ven_id))
    t.expect(SERVES_VEN_ID, taken(asked), answer_of(asked), asked)


@vtn_case("N1_0025", "preconfigured venID", rules=(402, 517), needs=_ENROLLED)
async def preconfigured_ven_id(t: VtnTest) -> None:
    """A VEN comes with a venID that was given to it beforehand.

    1. The operator takes the VEN in under a venID, unless that has been done.
    2. The VEN registers with another venID, and is refused.
    3. The VEN registers with its venID; the VTN registers it under that one.
    4. The VEN asks for its events, and is served.
    """
    ven_id = t.ven.identity.ven_id
    if not ven_id:
        ven_id = PRECONFIGURED
        await t.do(Enrol(ven_id=ven_id))
        # What an operator does may take a moment to reach the server.
        await t.wait()
    await t.unregistered()
    wrong = await t.ven.send(t.ven.registration(ven_id=f"{ven_id}-no"))
    fine = refused(wrong, "452", "463") and "registrationID" not in _ids(wrong)
    t.expect(WRONG_VEN_ID, fine, answer_of(wrong), wrong)
    await _preconfigured(t, ven_id)


@vtn_case(
    "K1_0402",
    "venID like a number",
    rules=(402, 512),
    suite=Suite.REGISTRATION,
    needs=_ENROLLED,
)
async def ven_id_like_a_number(t: VtnTest) -> None:
    """A venID is text, whatever it looks like.

    1. The operator takes the VEN in under the venID 0042.
    2. The VEN registers with it; the VTN registers it under 0042, not 42.
    3. The VEN asks for its events as 0042, and is served.
    """
    await t.do(Enrol(ven_id=LIKE_A_NUMBER))
    await t.wait()
    await t.unregistered()
    await _preconfigured(t, LIKE_A_NUMBER)


@vtn_case("K1_0517A", "registration refused", rules=(403, 517), suite=Suite.REGISTRATION)
async def registration_refused(t: VtnTest) -> None:
    """A VEN that the VTN does not admit learns so in the fitting message.

    1. The operator has the VTN refuse the VEN.
    2. The VEN registers.
    3. The VTN answers oadrCreatedPartyRegistration with 463, without venID and registrationID;
       or it does not let the VEN in any more, by TLS or HTTP 403.
    4. The operator has the VTN admit the VEN again.
    """
    await t.unregistered()
    await t.do(Refuse())
    await t.wait()
    answer = await t.ven.send(t.ven.registration())
    named = answer.answered is not None and answer.answered.name == "oadrCreatedPartyRegistration"
    kept_out = t.ven.identity.client_tls is not None and answer.status in (None, 403)
    fine = kept_out or (named and refused(answer, "463"))
    t.expect(REFUSES, fine, answer_of(answer), answer)
    t.expect(REFUSES_WITHOUT_IDS, not _ids(answer), str(_ids(answer)), answer)
    if not t.device.fresh:
        await t.do(Admit())


@vtn_case(
    "K1_0406",
    "new registration ends report requests",
    rules=(304, 406),
    suite=Suite.REGISTRATION,
    needs=_REPORTS,
)
async def requests_end_with_registration(t: VtnTest) -> None:
    """A VEN registers as if it were new, and the VTN forgets what it has asked of it.

    1. The operator has the VTN ask for a periodic report, unless it has asked by itself.
    2. The VEN registers without registrationID and venID, and sends its metadata.
    3. The VEN reports to the request of before; the VTN refuses it, as it knows it no more.
    """
    await t.joined()
    if not t.ven.pending:
        await t.do(RequestReports(reports=(periodic(TELEMETRY_USAGE, POWER),)))
        await received(t, "oadrCreateReport")
    before = dict(t.ven.pending)
    t.need(before, "the VTN asks for no report")
    await t.ven.register()
    await t.ven.introduce(OFFERS)
    gone = [one for name, one in before.items() if name not in t.ven.pending]
    if not gone:
        raise Skipped("the VTN has asked for the same again, under the same reportRequestID")
    usage = [one for one in gone if one.report_specifier_id == TELEMETRY_USAGE.report_specifier_id]
    sent = await t.ven.send(_data(t, (usage or gone)[0]))
    fine = sent.status is not None and sent.status < 500
    t.need(fine, f"no answer to the report: {answer_of(sent)}")


def _data(t: VtnTest, request: m.ReportRequest) -> m.UpdateReport:
    """Returns one value for a request."""
    now = t.clock.now().replace(microsecond=0)
    point = request.data_points[0].r_id
    payload = m.ReportPayload(r_id=point, value=Decimal(1))
    interval = m.Interval(dtstart=now, duration=timedelta(minutes=1), payloads=(payload,))
    report = m.Report(
        dtstart=now,
        intervals=(interval,),
        report_request_id=request.report_request_id,
        report_specifier_id=request.report_specifier_id,
        report_name="TELEMETRY_USAGE",
        created_date_time=now,
    )
    return m.UpdateReport(request_id=t.ven.new_id(), reports=(report,), ven_id=t.ven.ven_id)
