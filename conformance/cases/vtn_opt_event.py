"""Events that a VEN qualifies by oadrCreateOpt, with a VTN under test."""

from collections.abc import Collection
from datetime import timedelta

from conformance.actions import CONTEXT, CancelEvent, CreateEvent, EventSpec, OptOf, SignalSpec
from conformance.case import FOREVER, Skipped, Suite, VtnTest, vtn_case
from conformance.cases.vtn_opt import NEEDS, OTHER_RESOURCE, RESOURCE, fits_there, refused
from conformance.cases.vtn_report_asking import answered, taken
from conformance.checks import Severity
from conformance.demands import demand
from conformance.peers import opts
from oadr import messages as m
from oadr.enums import OptType, ResponseRequired

QUALIFIED = demand(
    206, "qualification_taken", "A VTN takes the qualification of an event that wants an answer."
)
BEYOND = demand(
    206,
    "beyond_event_refused",
    "A VTN refuses an opt whose target is not a part of the event's: 4xx.",
)
NEITHER = demand(
    206, "neither_refused", "A VTN refuses an opt with neither vavailability nor an event: 4xx."
)
WITH_SCHEDULE = demand(
    206,
    "event_with_schedule_refused",
    "A VTN does not take an opt for an event that has a vavailability.",
    Severity.WARNING,
)
WITH_CONTEXT = demand(
    206,
    "event_with_context_refused",
    "A VTN does not take an opt for an event that has a marketContext.",
    Severity.WARNING,
)
NEVER = demand(
    206,
    "never_refused",
    "A VTN does not take an opt for an event that wants no answer.",
    Severity.WARNING,
)
UNKNOWN_EVENT = demand(
    206, "unknown_event_refused", "A VTN refuses an opt for an event that there is not: 4xx."
)
STAYS = demand(
    206,
    "qualification_stays",
    "What a VEN says by oadrCreateOpt holds against a later oadrCreatedEvent.",
)
NOT_CANCELLED = demand(
    211,
    "qualification_not_cancelled",
    "A VTN does not let oadrCancelOpt end the qualification of an event.",
    Severity.WARNING,
)
CANCEL_ANSWERED = demand(
    211,
    "qualification_cancel_answered",
    "A VTN answers oadrCancelOpt for an event by oadrCanceledOpt, of whatever code.",
)
CHANGED = demand(
    206, "change_taken", "A VTN takes another oadrCreateOpt for the same event: the last counts."
)


async def _event(
    t: VtnTest,
    *,
    target: m.Target | None = None,
    required: ResponseRequired = ResponseRequired.ALWAYS,
) -> tuple[m.Event, m.DistributeEvent]:
    """Has an event made, and returns it as it came; the VEN has said optIn to it."""
    signal = SignalSpec(each=60 * t.device.unit)
    spec = EventSpec(
        starts_in=60 * t.device.unit,
        signals=(signal,),
        target=target,
        response_required=required,
        market_context=CONTEXT,
    )
    known = {one.event_id for one in await _snapshot(t)}
    made = await t.do(CreateEvent(event=spec))
    found = await t.in_time(_new_event(t, made, known), units=3)
    t.need(found, "the VTN does not send the event")
    assert found is not None  # noqa: S101
    return found


async def _new_event(
    t: VtnTest, made: str, known: Collection[str]
) -> tuple[m.Event, m.DistributeEvent]:
    """Returns the first event that is new; the VTN may repeat others before."""
    while True:
        received = await t.ven.receive("oadrDistributeEvent", FOREVER)
        message = None if received is None else received.message
        events = message.events if isinstance(message, m.DistributeEvent) else ()
        for one in events:
            if one.event_id == made or (not made and one.event_id not in known):
                assert isinstance(message, m.DistributeEvent)  # noqa: S101
                return one, message
        await t.wait(0.1)


async def _snapshot(t: VtnTest) -> tuple[m.Event, ...]:
    recorded = await t.ven.request_event()
    message = None if recorded.answered is None else recorded.answered.message
    return message.events if isinstance(message, m.DistributeEvent) else ()


async def _gone(t: VtnTest, event: m.Event) -> None:
    """Has the event cancelled, if that is easy: it is not what the case is about."""
    if not t.device.fresh:
        try:
            await t.do(CancelEvent(event_id=event.event_id))
        except Skipped:
            return


@vtn_case("K1_0206A", "event qualified", suite=Suite.OPT, rules=(206, 510), needs=NEEDS)
async def event_qualified(t: VtnTest) -> None:
    """A VEN takes part in an event, but for one of its resources.

    1. The VTN sends an event for resource-1 and resource-2 that wants an answer; the VEN opts
       in.
    2. The VEN opts resource-1 out by oadrCreateOpt; the VTN takes that.
    3. The VEN opts it in again by another oadrCreateOpt; the VTN takes that.
    """
    await t.joined()
    # Somebody may take an event for the VEN alone for one that has no resources (R206).
    both = m.Target(resource_ids=RESOURCE.resource_ids + OTHER_RESOURCE.resource_ids)
    event, _ = await _event(t, target=both)
    if not set(RESOURCE.resource_ids) <= set(event.target.resource_ids):
        raise Skipped("the event is not for resource-1")
    message = opts.qualification(t.ven, event, OptType.OPT_OUT, target=RESOURCE)
    fits_there(t, QUALIFIED, await t.ven.send(message))
    message = opts.qualification(t.ven, event, OptType.OPT_IN, target=RESOURCE)
    fits_there(t, CHANGED, await t.ven.send(message))
    await _gone(t, event)


@vtn_case("K1_0206B", "opt beyond the event", suite=Suite.OPT, rules=(206,), needs=NEEDS)
async def beyond_event(t: VtnTest) -> None:
    """An opt cannot be about more than the event is.

    1. The VTN sends an event for resource-1 that wants an answer; the VEN opts in.
    2. The VEN opts resource-2 out; the VTN refuses that with a 4xx.
    """
    await t.joined()
    event, _ = await _event(t, target=RESOURCE)
    if event.target.resource_ids != RESOURCE.resource_ids:
        raise Skipped("the event is not for resource-1 alone")
    message = opts.qualification(t.ven, event, OptType.OPT_OUT, target=OTHER_RESOURCE)
    refused(t, BEYOND, await t.ven.send(message))
    await _gone(t, event)


@vtn_case("K1_0206C", "event and schedule in one opt", suite=Suite.OPT, rules=(206,), needs=NEEDS)
async def event_and_schedule(t: VtnTest) -> None:
    """An opt is for an event or for times, not for both, and an event has its programme.

    1. The VTN sends an event that wants an answer; the VEN opts in.
    2. The VEN sends an opt for it that has a vavailability; the VTN refuses that.
    3. The VEN sends an opt for it that has a marketContext; the VTN refuses that.
    """
    await t.joined()
    event, _ = await _event(t)
    times = opts.schedule(t.ven, (timedelta(hours=1),), timedelta(hours=1)).availability
    message = opts.qualification(t.ven, event, OptType.OPT_OUT, availability=times)
    refused(t, WITH_SCHEDULE, await t.ven.send(message))
    message = opts.qualification(t.ven, event, OptType.OPT_OUT, market_context=CONTEXT)
    refused(t, WITH_CONTEXT, await t.ven.send(message))
    await _gone(t, event)


@vtn_case("K1_0206D", "opt for nothing", suite=Suite.OPT, rules=(206,))
async def opt_for_nothing(t: VtnTest) -> None:
    """An opt is for an event or for times.

    1. The VEN sends oadrCreateOpt with neither; the VTN refuses that with a 4xx.
    2. The VEN sends one for an event that there is not; the VTN refuses that with a 4xx.
    """
    await t.joined()
    message = opts.schedule(t.ven, (), timedelta(0))
    refused(t, NEITHER, await t.ven.send(message))
    name = t.ven.new_id("event")
    message = opts.schedule(t.ven, (), timedelta(0), event_id=name, modification_number=0)
    refused(t, UNKNOWN_EVENT, await t.ven.send(message))


@vtn_case("K1_0206E", "opt for an event that wants no answer", suite=Suite.OPT, rules=(206,))
async def event_without_answer(t: VtnTest) -> None:
    """Only events that want an answer can be qualified.

    1. The VTN sends an event with oadrResponseRequired never.
    2. The VEN opts out of it by oadrCreateOpt; the VTN refuses that.
    """
    await t.joined()
    event, _ = await _event(t, required=ResponseRequired.NEVER)
    message = opts.qualification(t.ven, event, OptType.OPT_OUT)
    refused(t, NEVER, await t.ven.send(message))
    await _gone(t, event)


@vtn_case("K1_0206F", "later answer to the event", suite=Suite.OPT, rules=(206,), needs=NEEDS)
async def later_answer(t: VtnTest) -> None:
    """What was said by oadrCreateOpt holds against a later oadrCreatedEvent.

    1. The VTN sends an event that wants an answer; the VEN opts in.
    2. The VEN opts out by oadrCreateOpt; the VTN takes that.
    3. The VEN sends oadrCreatedEvent with optIn.
    4. The VTN still shows optOut.
    """
    await t.joined()
    event, message = await _event(t)
    opt = opts.qualification(t.ven, event, OptType.OPT_OUT)
    t.need(taken(t, QUALIFIED, await t.ven.send(opt)), "the VTN does not take the opt")
    again = t.ven.answers(message, OptType.OPT_IN, events=[event.event_id])
    t.need(again, "there is nothing to answer")
    if again is not None:
        await t.ven.send(again)
    shown = await t.do(OptOf(event_id=event.event_id))
    t.expect(STAYS, shown == "optOut", f"{shown or 'no answer'} after optOut by oadrCreateOpt")
    await _gone(t, event)


@vtn_case("K1_0211B", "opt for an event cancelled", suite=Suite.OPT, rules=(211,), needs=NEEDS)
async def qualification_cancelled(t: VtnTest) -> None:
    """What was said about an event is changed by another oadrCreateOpt alone.

    1. The VTN sends an event that wants an answer; the VEN opts out by oadrCreateOpt.
    2. The VEN sends oadrCancelOpt with the optID of that; the VTN refuses it.
    """
    await t.joined()
    event, _ = await _event(t)
    opt = opts.qualification(t.ven, event, OptType.OPT_OUT)
    t.need(taken(t, QUALIFIED, await t.ven.send(opt)), "the VTN does not take the opt")
    sent = await t.ven.send(opts.cancellation(t.ven, opt.opt_id))
    if answered(t, CANCEL_ANSWERED, sent):
        refused(t, NOT_CANCELLED, sent)
    await _gone(t, event)
