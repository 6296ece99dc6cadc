"""Opting in and out by oadrCreateOpt, with a VEN under test."""

from datetime import timedelta

from conformance.actions import CONTEXT, Action, CancelOpt, CreateOpt, QualifyEvent
from conformance.case import Suite, VenTest, ven_case
from conformance.cases.answering import send, takes_events
from conformance.demands import demand
from conformance.peers import Recorded
from oadr import messages as m
from oadr.enums import OptType, ResponseRequired

SENT = demand(206, "schedule_sent", "A schedule is sent as oadrCreateOpt.")
TIMES = demand(206, "times_of_schedule", "A schedule has each time of availability.")
OPT = demand(206, "opt_of_schedule", "A schedule says whether the VEN takes part.")
MARKET = demand(205, "market_of_schedule", "A schedule for a market context names it.")
RESOURCES = demand(202, "resources_of_schedule", "A schedule for resources names all of them.")
OPEN = demand(210, "open_ended", "A schedule without an end has the duration 0.")
CANCELLED = demand(204, "cancels_opt", "A schedule is cancelled by oadrCancelOpt with its optID.")
REPLACED = demand(203, "replaces", "A schedule is replaced by another oadrCreateOpt.")
QUALIFIED = demand(
    206, "qualifies_event", "An opt for an event names it, and its latest modificationNumber."
)
GOES_ON = demand(208, "goes_on", "A VEN goes on after an opt that the VTN refuses.")
RESOURCE = "resource-1"
OTHER = "resource-2"
_SECOND = timedelta(seconds=1)


def _schedule(t: VenTest, opt: OptType = OptType.OPT_OUT, **changes: object) -> CreateOpt:
    """Returns what to ask the VEN for: a schedule of one time of availability."""
    unit = t.device.unit
    fields: dict[str, object] = {"opt": opt, "starts_in": (20 * unit,), "each": 10 * unit}
    return CreateOpt(**(fields | changes))  # type: ignore[arg-type]


async def _sent(t: VenTest, action: Action) -> tuple[m.CreateOpt | None, Recorded | None]:
    """Has the VEN send an opt; returns it, and its exchange."""
    takes_events(t)
    since = len(t.tape)
    await t.do(action)
    heard = await t.hear("oadrCreateOpt", since=since)
    return (None if heard is None else t.said(heard, m.CreateOpt)), heard


async def _scheduled(t: VenTest, action: CreateOpt) -> m.CreateOpt | None:
    """Has the VEN send a schedule, and looks whether it is as it was asked for."""
    asked = t.clock.now()
    opt, heard = await _sent(t, action)
    if not t.expect(SENT, heard is not None, "no oadrCreateOpt") or opt is None:
        return None
    t.expect(OPT, opt.opt_type is action.opt, f"{opt.opt_type}", heard)
    slack = t.device.unit * 5
    found = sorted(opt.availability, key=lambda one: one.dtstart)
    wanted = sorted(asked + one for one in action.starts_in)
    same = len(found) == len(wanted) and all(
        abs(one.dtstart - start) <= slack for one, start in zip(found, wanted, strict=True)
    )
    seen = ", ".join(f"{one.dtstart} for {one.duration}" for one in found) or "none"
    if action.each:
        same = same and all(abs(one.duration - action.each) <= _SECOND for one in found)
    else:
        t.expect(OPEN, all(not one.duration for one in found), seen, heard)
    t.expect(TIMES, same, seen, heard)
    if action.market_context:
        seen = f"{opt.market_context}"
        t.expect(MARKET, opt.market_context == action.market_context, seen, heard)
    if action.resources:
        named = opt.target.resource_ids
        seen = ", ".join(named) or "none"
        t.expect(RESOURCES, set(named) == set(action.resources), seen, heard)
    return opt


@ven_case(
    "P1_2010",
    "a schedule",
    rules=(200, 202, 204, 205, 206),
    needs=(f"It has a resource called {RESOURCE}.",),
)
async def schedule(t: VenTest) -> None:
    """The VEN opts out at two times, with one resource and of one programme.

    1. The VEN sends oadrCreateOpt with both times, the market context and the resourceID.
    """
    await t.joined()
    unit = t.device.unit
    await _scheduled(
        t,
        _schedule(
            t, starts_in=(20 * unit, 60 * unit), market_context=CONTEXT, resources=(RESOURCE,)
        ),
    )


@ven_case("P1_2015", "a schedule without an end", rules=(206, 210))
async def open_ended(t: VenTest) -> None:
    """The VEN opts out from some time on, for good.

    1. The VEN sends oadrCreateOpt with the duration 0.
    """
    await t.joined()
    await _scheduled(t, _schedule(t, each=timedelta(0)))


@ven_case("P1_2020", "a schedule that is cancelled", rules=(204, 211))
async def cancelled(t: VenTest) -> None:
    """The VEN cancels a schedule.

    1. The VEN sends oadrCreateOpt.
    2. The VEN sends oadrCancelOpt with the same optID.
    """
    await t.joined()
    opt = await _scheduled(t, _schedule(t))
    t.need(opt, "there is no schedule to cancel")
    name = "" if opt is None else opt.opt_id
    since = len(t.tape)
    await t.do(CancelOpt(opt_id=name))
    heard = await t.hear("oadrCancelOpt", since=since)
    message = None if heard is None else t.said(heard, m.CancelOpt)
    seen = "no oadrCancelOpt" if message is None else f"optID {message.opt_id!r}"
    t.expect(CANCELLED, message is not None and message.opt_id == name, seen, heard)


@ven_case("P1_2030", "a schedule that is replaced", rules=(203, 206))
async def replaced(t: VenTest) -> None:
    """The VEN changes its mind: it opts in for a time, then out.

    1. The VEN sends oadrCreateOpt with optIn.
    2. The VEN sends oadrCreateOpt with optOut, for the same time.
    """
    await t.joined()
    t.need(await _scheduled(t, _schedule(t, OptType.OPT_IN)), "there is no schedule to replace")
    opt, heard = await _sent(t, _schedule(t, OptType.OPT_OUT))
    seen = "no oadrCreateOpt" if opt is None else f"{opt.opt_type}"
    t.expect(REPLACED, opt is not None and opt.opt_type is OptType.OPT_OUT, seen, heard)


@ven_case(
    "K1_0202",
    "a schedule for several resources",
    rules=(202,),
    suite=Suite.OPT,
    needs=(f"It has resources called {RESOURCE} and {OTHER}.",),
)
async def several_resources(t: VenTest) -> None:
    """The VEN opts out with two of its resources.

    1. The VEN sends oadrCreateOpt with one eiTarget that names both.
    """
    await t.joined()
    await _scheduled(t, _schedule(t, resources=(RESOURCE, OTHER)))


async def _has_event(t: VenTest, required: ResponseRequired) -> m.Event:
    """Returns an event that the VEN has: of all of it, and some while ahead."""
    takes_events(t)
    unit = t.device.unit
    event = t.vtn.event(1, starts_in=30 * unit, each=10 * unit, response_required=required)
    t.vtn.events[event.descriptor.event_id] = event
    message = t.vtn.snapshot(response=not t.push)
    if required is ResponseRequired.ALWAYS:
        t.need(await t.answer(message), "the VEN does not answer the event")
        return event
    await send(t, message)
    # Afterwards the VEN has seen to it.
    await t.wait(1)
    return event


@ven_case("K1_0206A", "an opt for an event", rules=(206,), suite=Suite.OPT)
async def qualified(t: VenTest) -> None:
    """The VEN opts out of an event by oadrCreateOpt.

    1. The VTN sends an event that wants an answer, and the VEN answers it.
    2. The VEN sends oadrCreateOpt with the eventID, and with neither a schedule nor a market
       context.
    """
    await t.joined()
    event = await _has_event(t, ResponseRequired.ALWAYS)
    name = event.descriptor.event_id
    opt, heard = await _sent(t, QualifyEvent(event_id=name, opt=OptType.OPT_OUT))
    if not t.expect(SENT, heard is not None, "no oadrCreateOpt") or opt is None:
        return
    seen = f"{opt.event_id} {opt.modification_number}"
    number = event.descriptor.modification_number
    t.expect(QUALIFIED, opt.event_id == name and opt.modification_number == number, seen, heard)


@ven_case("K1_0206B", "an opt for an event without answers", rules=(206,), suite=Suite.OPT)
async def not_qualified(t: VenTest) -> None:
    """An event that wants no answer gets no opt either.

    1. The VTN sends an event that wants no answer.
    2. The VEN is asked to opt out of it, and sends no oadrCreateOpt.
    3. The VTN says that it offers no reports, which the VEN answers: it is there.
    """
    await t.joined()
    event = await _has_event(t, ResponseRequired.NEVER)
    # What comes in spite of that is what a check looks at.
    await t.do(QualifyEvent(event_id=event.descriptor.event_id, opt=OptType.OPT_OUT))
    await t.wait(1)
    t.need(await t.answer(t.vtn.metadata()), "the VEN does not say anything at all")


@ven_case("K1_0208", "an opt that is refused", rules=(208,), suite=Suite.OPT)
async def refused(t: VenTest) -> None:
    """The VTN refuses a schedule, and the VEN goes on.

    1. The VEN sends oadrCreateOpt, and the VTN answers with 452.
    2. The VEN sends another one.
    """
    await t.joined()

    def refuse(message: m.Message) -> m.Message:
        t.vtn.replies.pop("oadrCreateOpt", None)
        ok = t.vtn.acknowledgement(message)
        response = m.EiResponse(code=452, description="no", request_id=ok.request_id)
        opt_id = message.opt_id if isinstance(message, m.CreateOpt) else ""
        return m.CreatedOpt(response=response, opt_id=opt_id)

    t.vtn.replies["oadrCreateOpt"] = refuse
    _, heard = await _sent(t, _schedule(t))
    t.expect(SENT, heard is not None, "no oadrCreateOpt")
    since = len(t.tape)
    opt, heard = await _sent(t, _schedule(t, OptType.OPT_IN))
    alive = t.push or await t.hear("oadrPoll", since=since)
    ok = opt is not None and opt.opt_type is OptType.OPT_IN and bool(alive)
    t.expect(GOES_ON, ok, "no other oadrCreateOpt" if opt is None else "no oadrPoll", heard)
