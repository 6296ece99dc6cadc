"""What a VEN offers, and metadata on demand, with a VTN under test."""

from dataclasses import replace
from datetime import timedelta

from conformance.actions import CONTEXT, ReportSpec
from conformance.case import Suite, VtnTest, vtn_case
from conformance.cases.vtn_report_asking import (
    MINUTE,
    WANTS,
    asked,
    deliver,
    now,
    taken,
    wanted,
)
from conformance.cases.vtn_report_ending import cancelled
from conformance.checks import Severity
from conformance.demands import demand
from conformance.peers import Recorded, readings
from conformance.peers.offers import ENERGY_ALONE, OFFERS, POWER_ALONE
from oadr import messages as m

ON_DEMAND = demand(
    311,
    "metadata_on_demand_taken",
    "A VTN takes the metadata that it has asked for: oadrRegisteredReport with 200.",
)
EMPTY = demand(
    305,
    "empty_metadata_taken",
    "A VTN takes oadrRegisterReport without reports from a VEN that has nothing to offer.",
)
OWN = demand(
    300,
    "own_report_taken",
    "A VTN takes metadata with a report of an x- name, whether it makes use of it or not.",
    Severity.WARNING,
)
SHAPES = demand(
    300, "metadata_shapes_taken", "A VTN takes metadata in each shape that the rules allow."
)
NAMES = demand(
    330, "any_r_id_taken", "A VTN takes data whose identifiers are whatever text there may be."
)

_METADATA = ReportSpec(specifier_id="METADATA")
DAY = timedelta(days=1)


def _introductions(t: VtnTest, since: int) -> list[Recorded]:
    """Returns the exchanges since then in which the VEN has sent its metadata."""
    return [one for one in t.tape.recorded[since:] if one.asked.name == "oadrRegisterReport"]


def _answers(t: VtnTest, since: int, request: m.ReportRequest) -> Recorded | None:
    """Notes whether the metadata that answer a request are taken, and returns the exchange."""
    for one in _introductions(t, since):
        message = one.asked.message
        if isinstance(message, m.RegisterReport) and (
            message.report_request_id == request.report_request_id
        ):
            taken(t, ON_DEMAND, one)
            return one
    return None


@vtn_case("R1_3080", "metadata on demand", rules=(306, 308, 311, 327), needs=WANTS)
async def metadata_on_demand(t: VtnTest) -> None:
    """The VTN wants to know once more what the VEN offers.

    1. The VTN asks for reportSpecifierID METADATA, rID 0.
    2. The VEN accepts, and sends oadrRegisterReport with the reportRequestID of the request.
    3. The VTN takes it: oadrRegisteredReport with 200.
    """
    await t.joined()
    since = len(t.tape)
    (request,) = await asked(t, _METADATA)
    t.need(_answers(t, since, request), "no oadrRegisterReport was sent")


@vtn_case("R1_3090", "metadata time and again", rules=(306, 308, 311, 327), needs=WANTS)
async def periodic_metadata(t: VtnTest) -> None:
    """The VTN wants to know each minute what the VEN offers.

    1. The VTN asks for METADATA with a reportBackDuration of a minute.
    2. The VEN accepts, and sends its metadata twice; the VTN takes both.
    """
    await t.joined()
    since = len(t.tape)
    (request,) = await asked(t, replace(_METADATA, back=MINUTE))
    t.need(_answers(t, since, request), "no oadrRegisterReport was sent")
    since = len(t.tape)
    await t.ven.introduce(report_request_id=request.report_request_id)
    _answers(t, since, request)


@vtn_case("R1_3100", "periodic metadata cancelled", rules=(306, 336), needs=WANTS)
async def periodic_metadata_cancelled(t: VtnTest) -> None:
    """The VTN wants to know no more what the VEN offers each minute.

    1. The VTN asks for METADATA each minute; the VEN accepts and sends its metadata.
    2. The VTN cancels that by oadrCancelReport.
    3. The VEN confirms; the VTN takes that.
    """
    await t.joined()
    (request,) = await asked(t, replace(_METADATA, back=MINUTE))
    await cancelled(t, request)


@vtn_case("K1_0305", "nothing to offer", suite=Suite.REPORT, rules=(301, 305))
async def nothing_to_offer(t: VtnTest) -> None:
    """A VEN that has nothing to report says so.

    1. The VEN registers, and sends oadrRegisterReport without oadrReport.
    2. The VTN takes it: oadrRegisteredReport with 200.
    """
    await t.ven.join(())
    t.need(t.ven.registered, "the VTN does not register the VEN")
    for one in _introductions(t, 0):
        taken(t, EMPTY, one)


def _shapes() -> tuple[m.Report, ...]:
    """Returns metadata that say less than others, or more, and are right all the same."""
    (power,), (energy,) = POWER_ALONE.descriptions, ENERGY_ALONE.descriptions
    everything = replace(power, data_source=None, sampling_rate=_ON_CHANGE)
    for_heaters = replace(
        energy,
        subject=m.Target(end_device_assets=("Water_Heater",)),
        market_context=CONTEXT,
    )
    return (
        replace(POWER_ALONE, descriptions=(everything,), duration=DAY),
        replace(ENERGY_ALONE, descriptions=(for_heaters,)),
    )


def _own() -> m.Report:
    """Returns metadata of a report that the profile does not know."""
    (energy,) = ENERGY_ALONE.descriptions
    own = replace(energy, report_type="x-temperature", reading_type="x-notApplicable")
    return replace(
        ENERGY_ALONE,
        descriptions=(replace(own, sampling_rate=None),),
        report_specifier_id="own",
        report_name="x-conformance",
    )


_ON_CHANGE = m.SamplingRate(min_period=MINUTE, max_period=MINUTE, on_change=True)


@vtn_case(
    "K1_0300",
    "metadata of many shapes",
    suite=Suite.REPORT,
    rules=(302, 307, 312, 343),
    needs=(f"The VEN takes part in the market context {CONTEXT}.",),
)
async def shapes_of_metadata(t: VtnTest) -> None:
    """A VEN offers what not every VEN does.

    1. The VEN offers changes of a data point without reportDataSource, and a data point with
       reportSubject and marketContext.
    2. The VTN takes that: oadrRegisteredReport with 200.
    3. The VEN offers a report of its own beside, with an x- name; the VTN takes that.
    """
    await t.joined()
    taken(t, SHAPES, await t.ven.introduce(_shapes()))
    taken(t, OWN, await t.ven.introduce((*_shapes(), _own())))
    taken(t, SHAPES, await t.ven.introduce(OFFERS))


async def _named(t: VtnTest, specifier_id: str, r_id: str) -> None:
    """Offers a report by whatever name, and delivers it when the VTN asks for it."""
    (point,) = ENERGY_ALONE.descriptions
    offer = replace(
        ENERGY_ALONE,
        descriptions=(replace(point, r_id=r_id),),
        report_specifier_id=specifier_id,
    )
    request = await wanted(t, offer)
    moment = now(t)
    data = readings.amounts(request, offer, start=moment - MINUTE, step=MINUTE, count=1, now=moment)
    taken(t, NAMES, await deliver(t, data))


@vtn_case(
    "K1_0330A", "numbers as identifiers", suite=Suite.REPORT, rules=(300, 304, 330), needs=WANTS
)
async def numbers_as_identifiers(t: VtnTest) -> None:
    """What looks like a number is an identifier as any other.

    1. The VEN offers rID 0042 in a report that is called 1.10.
    2. The VTN asks for it by these names.
    3. The VEN delivers; the VTN takes it.
    """
    await _named(t, "1.10", "0042")


@vtn_case(
    "K1_0330B", "markup in identifiers", suite=Suite.REPORT, rules=(300, 304, 330), needs=WANTS
)
async def markup_in_identifiers(t: VtnTest) -> None:
    """What looks like markup is an identifier as any other.

    1. The VEN offers the rID a<b in a report that is called heat & power.
    2. The VTN asks for it by these names.
    3. The VEN delivers; the VTN takes it.
    """
    await _named(t, "heat & power", "a<b")
