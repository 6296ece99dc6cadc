"""Availability schedules, with a VTN under test."""

from dataclasses import replace
from datetime import timedelta

from conformance.actions import CONTEXT
from conformance.case import Skipped, Suite, VtnTest, vtn_case
from conformance.cases.of_ven import turned_away
from conformance.cases.vtn_report_asking import answered, taken, told
from conformance.cases.vtn_report_asking import refused as refused_by_message
from conformance.checks import Severity
from conformance.checks.exchange import code_of
from conformance.demands import Demand, demand
from conformance.peers import Recorded, opts
from oadr import messages as m
from oadr.enums import OptType

HOUR = timedelta(hours=1)
ZERO = timedelta(0)

SCHEDULE = demand(
    203, "schedule_taken", "A VTN takes an availability schedule: oadrCreatedOpt with 200."
)
LIMITED = demand(
    205, "context_taken", "A VTN takes a schedule for a market context and a resource."
)
OPEN_ENDED = demand(210, "open_ended_taken", "A VTN takes a schedule without end: duration 0.")
CANCELLED = demand(
    204, "cancellation_taken", "A VTN cancels a schedule that it has: oadrCanceledOpt with 200."
)
REPLACED = demand(203, "replacement_taken", "A VTN takes a schedule that replaces the one before.")
SAME_ID = demand(204, "same_opt_id_taken", "Two schedules may have the same optID.")
SUPERSEDED = demand(
    211,
    "superseded_answered",
    "A VTN answers the cancellation of a superseded schedule by oadrCanceledOpt.",
)
CLASS = demand(
    209,
    "device_class_taken",
    "A VTN takes a schedule for an endDeviceAsset of the list.",
    Severity.WARNING,
)
NO_CLASS = demand(
    209,
    "no_device_class_refused",
    "A VTN does not take an oadrDeviceClass that is not of the list.",
    Severity.WARNING,
)
WHOLE = demand(202, "empty_target_taken", "A VTN takes a schedule with an empty eiTarget.")
UNKNOWN = demand(
    208, "unknown_opt_id_refused", "A VTN refuses to cancel an optID that it does not know."
)
OTHER_VEN = demand(208, "wrong_ven_id_refused", "A VTN refuses an opt with a wrong venID.")
CODE = demand(
    208, "code_452", "A VTN refuses a wrong identifier with the code 452.", Severity.WARNING
)
SERVICE = demand(510, "opt_service", "A VTN has the service EiOpt.")
REQUEST_ID = demand(207, "empty_request_id_taken", "The requestID of an opt may be empty.")

NEEDS = (
    f"The VEN takes part in the market context {CONTEXT}.",
    "The VEN has the resources resource-1 and resource-2.",
)
#: With these codes a VTN refuses a resource or a market context that it does not know.
_UNKNOWN_THERE = ("452", "462")
RESOURCE, OTHER_RESOURCE = (
    m.Target(resource_ids=("resource-1",)),
    m.Target(resource_ids=("resource-2",)),
)


async def _taken_schedule(t: VtnTest, message: m.CreateOpt) -> m.CreateOpt:
    """Sends a schedule that the case builds upon, and returns it."""
    sent = await t.ven.send(message)
    t.need(taken(t, SCHEDULE, sent), "the VTN does not take a schedule")
    return message


def fits_there(t: VtnTest, wanted: Demand, recorded: Recorded) -> bool:
    """Notes whether the VTN has taken an opt that names a resource or a market context.

    Raises:
        Skipped: it refuses these, as it may if nobody has told it of them.
    """
    code = code_of(recorded.answered)
    if code in _UNKNOWN_THERE:
        raise Skipped(
            f"the VTN answers {code}; it has to know {CONTEXT}, resource-1 and resource-2"
        )
    return taken(t, wanted, recorded)


def refused_of_another(t: VtnTest, recorded: Recorded) -> None:
    """Notes whether the VTN has refused an opt with a venID that it has not given.

    Raises:
        Inconclusive: it has no service for opts, and so says nothing to this one.
    """
    _has_service(t, recorded)
    t.expect(OTHER_VEN, turned_away(t, recorded, "452", "463"), told(recorded), recorded)


def _has_service(t: VtnTest, recorded: Recorded) -> None:
    there = recorded.status != 404
    t.expect(SERVICE, there, told(recorded), recorded)
    t.need(there, "the VTN has no EiOpt")


def refused(t: VtnTest, wanted: Demand, recorded: Recorded) -> bool:
    """Notes whether the VTN has refused an opt, by whatever error.

    Raises:
        Inconclusive: it has no service for opts, and so says nothing to this one.
    """
    _has_service(t, recorded)
    return refused_by_message(t, wanted, recorded)


def with_452(t: VtnTest, recorded: Recorded) -> None:
    """Notes whether a refusal has the code 452."""
    code = code_of(recorded.answered)
    t.expect(CODE, code == "452", told(recorded), recorded)


@vtn_case("P1_2010", "new schedule", rules=(200, 203, 205, 207), needs=NEEDS)
async def new_schedule(t: VtnTest) -> None:
    """A resource of the VEN does not take part in a programme at two times.

    1. The VEN sends oadrCreateOpt with two times, a marketContext and a resourceID.
    2. The VTN takes it: oadrCreatedOpt with 200, its optID and its requestID.
    """
    await t.joined()
    message = opts.schedule(t.ven, (HOUR, 3 * HOUR), HOUR, market_context=CONTEXT, target=RESOURCE)
    fits_there(t, LIMITED, await t.ven.send(message))


@vtn_case("P1_2015", "schedule without end", rules=(210,), needs=NEEDS)
async def schedule_without_end(t: VtnTest) -> None:
    """The VEN does not take part from an hour from now on.

    1. The VEN sends oadrCreateOpt with one time whose duration is 0.
    2. The VTN takes it.
    """
    await t.joined()
    taken(t, OPEN_ENDED, await t.ven.send(opts.schedule(t.ven, (HOUR,), ZERO)))


@vtn_case("P1_2020", "schedule cancelled", rules=(203, 204, 208), needs=NEEDS)
async def schedule_cancelled(t: VtnTest) -> None:
    """The VEN takes back what it has said.

    1. The VEN sends a schedule; the VTN takes it.
    2. The VEN sends oadrCancelOpt; the VTN answers oadrCanceledOpt with 200.
    """
    await t.joined()
    message = await _taken_schedule(t, opts.schedule(t.ven, (HOUR,), HOUR))
    taken(t, CANCELLED, await t.ven.send(opts.cancellation(t.ven, message.opt_id)))


@vtn_case("P1_2030", "schedule replaced", rules=(203,), needs=NEEDS)
async def schedule_replaced(t: VtnTest) -> None:
    """The VEN says something else than it did.

    1. The VEN sends an optIn schedule; the VTN takes it.
    2. The VEN sends an optOut schedule for the same time; the VTN takes it.
    3. The VEN sends an optOut schedule for another time; the VTN takes it.
    """
    await t.joined()
    await _taken_schedule(t, opts.schedule(t.ven, (HOUR,), HOUR, opt=OptType.OPT_IN))
    for start in (HOUR, 2 * HOUR):
        taken(t, REPLACED, await t.ven.send(opts.schedule(t.ven, (start,), HOUR)))


@vtn_case("K1_0202", "schedule for all resources", suite=Suite.OPT, rules=(202,), needs=NEEDS)
async def empty_target(t: VtnTest) -> None:
    """An empty target means all resources of the VEN, several are alternatives.

    1. The VEN sends a schedule with an empty eiTarget; the VTN takes it.
    2. The VEN sends one for two resources; the VTN takes it.
    """
    await t.joined()
    whole = opts.schedule(t.ven, (HOUR,), HOUR, target=m.EVERYTHING)
    taken(t, WHOLE, await t.ven.send(whole))
    both = m.Target(resource_ids=RESOURCE.resource_ids + OTHER_RESOURCE.resource_ids)
    fits_there(t, SCHEDULE, await t.ven.send(opts.schedule(t.ven, (HOUR,), HOUR, target=both)))


@vtn_case("K1_0204", "two schedules with one optID", suite=Suite.OPT, rules=(204,), needs=NEEDS)
async def same_opt_id(t: VtnTest) -> None:
    """An optID need not be unique, and cancels all that have it.

    1. The VEN sends two schedules of different resources with the same optID.
    2. The VTN takes both.
    3. The VEN cancels that optID; the VTN answers oadrCanceledOpt with 200.
    """
    await t.joined()
    first = opts.schedule(t.ven, (HOUR,), HOUR, target=RESOURCE)
    sent = await t.ven.send(first)
    t.need(fits_there(t, SCHEDULE, sent), "the VTN does not take a schedule")
    second = opts.schedule(t.ven, (2 * HOUR,), HOUR, target=OTHER_RESOURCE, opt_id=first.opt_id)
    fits_there(t, SAME_ID, await t.ven.send(second))
    taken(t, CANCELLED, await t.ven.send(opts.cancellation(t.ven, first.opt_id)))


@vtn_case("K1_0207P", "opts without requestID", suite=Suite.OPT, rules=(207,), needs=NEEDS)
async def empty_request_id(t: VtnTest) -> None:
    """A requestID may be empty.

    1. The VEN sends a schedule with an empty requestID; the VTN takes it.
    2. The VEN cancels it with an empty requestID; the VTN takes that.
    """
    await t.joined()
    plain = opts.schedule(t.ven, (HOUR,), HOUR, request_id="")
    if taken(t, REQUEST_ID, await t.ven.send(plain)):
        ending = opts.cancellation(t.ven, plain.opt_id, request_id="")
        taken(t, REQUEST_ID, await t.ven.send(ending))


@vtn_case("K1_0208A", "unknown schedule cancelled", suite=Suite.OPT, rules=(208,))
async def unknown_cancelled(t: VtnTest) -> None:
    """The VEN cancels what it has never said.

    1. The VEN sends oadrCancelOpt with an unknown optID.
    2. The VTN answers oadrCanceledOpt with 452.
    """
    await t.joined()
    sent = await t.ven.send(opts.cancellation(t.ven, t.ven.new_id("opt")))
    if refused(t, UNKNOWN, sent):
        with_452(t, sent)


@vtn_case("K1_0208B", "opts with a wrong venID", suite=Suite.OPT, rules=(21, 208), needs=NEEDS)
async def wrong_ven_id(t: VtnTest) -> None:
    """Opts come from the VEN that they name.

    1. The VEN sends a schedule with a venID that is not its own; the VTN refuses it.
    2. The VEN sends a schedule; the VTN takes it.
    3. The VEN cancels it with a venID that is not its own; the VTN refuses that.
    """
    await t.joined()
    strange = t.ven.new_id("strange")
    message = opts.schedule(t.ven, (HOUR,), HOUR, ven_id=strange, target=m.EVERYTHING)
    refused_of_another(t, await t.ven.send(message))
    mine = await _taken_schedule(t, opts.schedule(t.ven, (HOUR,), HOUR))
    ending = opts.cancellation(t.ven, mine.opt_id, ven_id=strange)
    refused_of_another(t, await t.ven.send(ending))


@vtn_case("K1_0209", "schedule for a device class", suite=Suite.OPT, rules=(209,), needs=NEEDS)
async def device_class(t: VtnTest) -> None:
    """A schedule may be for devices of a class.

    1. The VEN sends a schedule with the oadrDeviceClass Water_Heater; the VTN takes it.
    2. The VEN sends one with a resource in place of a class; the VTN refuses it.
    """
    await t.joined()
    plain = opts.schedule(t.ven, (HOUR,), HOUR)
    heaters = m.Target(end_device_assets=("Water_Heater",))
    taken(t, CLASS, await t.ven.send(replace(plain, device_class=heaters)))
    other = opts.schedule(t.ven, (HOUR,), HOUR, device_class=RESOURCE)
    refused(t, NO_CLASS, await t.ven.send(other))


@vtn_case(
    "K1_0211", "superseded schedule cancelled", suite=Suite.OPT, rules=(203, 211), needs=NEEDS
)
async def superseded_cancelled(t: VtnTest) -> None:
    """A VEN need not know which of its schedules still mean something.

    1. The VEN sends a schedule for itself as a whole, and another one that replaces it.
    2. The VEN cancels the first one; that does not fail.
    """
    await t.joined()
    first = await _taken_schedule(t, opts.schedule(t.ven, (HOUR,), HOUR))
    taken(t, REPLACED, await t.ven.send(opts.schedule(t.ven, (2 * HOUR,), HOUR)))
    sent = await t.ven.send(opts.cancellation(t.ven, first.opt_id))
    answered(t, SUPERSEDED, sent)
