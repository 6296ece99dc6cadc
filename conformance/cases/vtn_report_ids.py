"""Reports with identifiers that are wrong or missing, with a VTN under test."""

from dataclasses import replace

from conformance.case import Suite, VtnTest, vtn_case
from conformance.cases.of_ven import turned_away
from conformance.cases.vtn_report_asking import (
    MINUTE,
    WANTS,
    answered,
    asked,
    deliver,
    now,
    periodic,
    refused_id,
    told,
    wanted,
)
from conformance.demands import demand
from conformance.peers import readings
from conformance.peers.offers import (
    ENERGY_ALONE,
    TELEMETRY_STATUS,
    TELEMETRY_USAGE,
)
from oadr import messages as m

UNKNOWN_POINT = demand(
    304, "unknown_r_id_refused", "A VTN refuses data of an rID that it did not ask for: 452."
)
OTHER_REPORT = demand(
    304,
    "other_specifier_refused",
    "A VTN refuses data whose reportSpecifierID is not that of the request: 452.",
)
OTHER_VEN = demand(
    304, "wrong_ven_id_refused", "A VTN refuses data with a wrong venID: 452 or 463."
)
STRAY = demand(
    329,
    "stray_answers_answered",
    "A VTN answers oadrCreatedReport and oadrCanceledReport that it does not wait for"
    " by oadrResponse.",
)


def _data(t: VtnTest, request: m.ReportRequest, offer: m.Report) -> m.Report:
    moment = now(t)
    return readings.amounts(request, offer, start=moment - MINUTE, step=MINUTE, count=1, now=moment)


@vtn_case("K1_0304A", "unknown reportRequestID", suite=Suite.REPORT, rules=(304,), needs=WANTS)
async def unknown_request(t: VtnTest) -> None:
    """Data that nobody asked for are refused.

    1. The VTN asks for energy.
    2. The VEN delivers it with a reportRequestID that the VTN has never used.
    3. The VTN answers oadrUpdatedReport with 452.
    """
    request = await wanted(t, ENERGY_ALONE)
    data = replace(_data(t, request, ENERGY_ALONE), report_request_id=t.ven.new_id("strange"))
    refused_id(t, await deliver(t, data))


@vtn_case("K1_0304B", "unknown rID", suite=Suite.REPORT, rules=(304,), needs=WANTS)
async def unknown_point(t: VtnTest) -> None:
    """Data points that nobody offers are refused.

    1. The VTN asks for energy.
    2. The VEN delivers an rID that it has never offered.
    3. The VTN answers oadrUpdatedReport with 452.
    """
    request = await wanted(t, ENERGY_ALONE)
    data = _data(t, request, ENERGY_ALONE)
    (interval,) = data.intervals
    strange = m.ReportPayload(r_id="strange", value=readings.VALUE)
    data = replace(data, intervals=(replace(interval, payloads=(strange,)),))
    refused_id(t, await deliver(t, data), UNKNOWN_POINT)


@vtn_case("K1_0304C", "unknown reportSpecifierID", suite=Suite.REPORT, rules=(304,), needs=WANTS)
async def unknown_report(t: VtnTest) -> None:
    """A report that nobody offers is refused.

    1. The VTN asks for energy.
    2. The VEN delivers a reportSpecifierID that it has never offered.
    3. The VTN answers oadrUpdatedReport with 452.
    """
    request = await wanted(t, ENERGY_ALONE)
    data = replace(_data(t, request, ENERGY_ALONE), report_specifier_id="strange")
    refused_id(t, await deliver(t, data), OTHER_REPORT)


@vtn_case("K1_0304D", "report of another request", suite=Suite.REPORT, rules=(304,), needs=WANTS)
async def other_request(t: VtnTest) -> None:
    """Data answer the request that they name.

    1. The VTN asks for TELEMETRY_STATUS and TELEMETRY_USAGE.
    2. The VEN delivers usage with the reportRequestID of the status.
    3. The VTN answers oadrUpdatedReport with 452.
    """
    await t.joined()
    status, usage = await asked(t, periodic(TELEMETRY_STATUS), periodic(TELEMETRY_USAGE))
    data = _data(t, usage, TELEMETRY_USAGE)
    data = replace(data, report_request_id=status.report_request_id)
    refused_id(t, await deliver(t, data), OTHER_REPORT)


@vtn_case(
    "K1_0304E", "data with a wrong venID", suite=Suite.REPORT, rules=(21, 304, 508), needs=WANTS
)
async def wrong_ven_id(t: VtnTest) -> None:
    """Data come from the VEN that they name.

    1. The VTN asks for energy.
    2. The VEN delivers with a venID that is not its own; the VTN refuses that.
    """
    request = await wanted(t, ENERGY_ALONE)
    message = m.UpdateReport(
        request_id=t.ven.new_id(),
        reports=(_data(t, request, ENERGY_ALONE),),
        ven_id=t.ven.new_id("strange"),
    )
    sent = await t.ven.send(message)
    t.expect(OTHER_VEN, turned_away(t, sent, "452", "463"), told(sent), sent)


@vtn_case("K1_0329", "answers without a question", suite=Suite.REPORT, rules=(329, 336))
async def stray_answers(t: VtnTest) -> None:
    """An answer that comes late, or twice, does no harm.

    1. A VEN that offers nothing, and was asked for nothing, sends oadrCreatedReport.
    2. It sends oadrCanceledReport.
    3. The VTN answers each with oadrResponse, of whatever code.
    """
    await t.ven.join(())
    t.need(t.ven.registered, "the VTN does not register the VEN")
    response = m.EiResponse(description="OK", request_id=t.ven.new_id())
    for message in (
        m.CreatedReport(response=response, ven_id=t.ven.ven_id),
        m.CanceledReport(response=response, ven_id=t.ven.ven_id),
    ):
        answered(t, STRAY, await t.ven.send(message))
