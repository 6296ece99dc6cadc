"""Events as they should be, with a VEN under test."""

from dataclasses import replace
from decimal import Decimal

from conformance.actions import Decide, RequestEvents, Start
from conformance.case import Skipped, Suite, VenTest, ven_case
from conformance.cases.answering import (
    CREATED,
    answer,
    expect_answered,
    expect_taken,
    hears,
    say,
    settled,
    soon,
    takes_events,
    told,
)
from conformance.demands import demand
from oadr import messages as m
from oadr.enums import OptType, SignalType
from oadr.units import unit

NOTHING_TO_ANSWER = demand(
    12, "nothing_to_answer", "A VEN sends no oadrCreatedEvent if there is nothing to answer."
)
NEW_IS_TAKEN = demand(
    56, "new_is_taken", "A VEN takes an event that it does not know, and answers."
)
EACH = demand(12, "each_is_answered", "Each event of a message that wants an answer gets one.")
AS_DECIDED = demand(36, "answers_as_decided", "A VEN answers an event as was decided there.")
MINIMUM = demand(
    510,
    "minimum_signals",
    "A VEN takes SIMPLE, prices of electricity and setpoints of LOAD_DISPATCH.",
)
RESOURCES = ("It has a resource called resource-1, or names another in its metadata.",)
PRICE = unit("currencyPerKWh", units="USD")
POWER = unit("powerReal")
#: Where a VEN names none itself. The second is nobody's: one that fits is enough (R22).
_TWO = ("resource-1", "resource-2")
#: What refuses an event for resources that a VEN does not have (R48, R112).
_NO_RESOURCE = ("462", "469")


def price(t: VenTest, *values: str, **changes: object) -> m.Event:
    """Returns an event with a price of electricity."""
    return _with(t, values, "ELECTRICITY_PRICE", SignalType.PRICE, PRICE, **changes)


def setpoint(t: VenTest, *values: str, **changes: object) -> m.Event:
    """Returns an event with a setpoint of power."""
    return _with(t, values, "LOAD_DISPATCH", SignalType.SETPOINT, POWER, **changes)


def _with(
    t: VenTest,
    values: tuple[str, ...],
    name: str,
    kind: SignalType,
    base: m.Unit,
    **changes: object,
) -> m.Event:
    made = soon(t, **changes)
    length = made.active_period.duration / len(values)
    intervals = tuple(
        m.Interval(duration=length, uid=str(n), payloads=(m.SignalPayload(value=Decimal(one)),))
        for n, one in enumerate(values)
    )
    signal = replace(
        made.signals[0], signal_name=name, signal_type=kind, unit=base, intervals=intervals
    )
    return replace(made, signals=(signal,))


@ven_case("E1_1010", "no events", rules=(12, 62))
async def no_events(t: VenTest) -> None:
    """A message without events wants no answer.

    1. The VTN distributes no events.
    2. The VEN sends no oadrCreatedEvent.
    """
    await settled(t)
    since = await say(t)
    await t.wait(1)
    sent = told(t, CREATED, since)
    t.expect(NOTHING_TO_ANSWER, not sent, CREATED, sent[0] if sent else None)


@ven_case("A_E1_0020", "no events when asked", rules=(12, 62, 405))
async def no_events_asked(t: VenTest) -> None:
    """A VEN that asks for its events and has none says nothing to that.

    1. The VEN asks for its events: after its registration, or because it is told to.
    2. The VTN answers with none, and the VEN sends no oadrCreatedEvent.
    """
    if t.vtn.registration_id:
        takes_events(t)
        await t.do(RequestEvents())
    else:
        await t.do(Start())
        await hears(t, "oadrCreatePartyRegistration", 0)
        takes_events(t)
    t.need(await hears(t, "oadrRequestEvent", 0), "no oadrRequestEvent")
    await t.wait(1)
    sent = told(t, CREATED)
    t.expect(NOTHING_TO_ANSWER, not sent, CREATED, sent[0] if sent else None)


@ven_case("E1_1020", "one event, two resources", rules=(12, 22, 42, 56), needs=RESOURCES)
async def one_event(t: VenTest) -> None:
    """A VEN takes a pending event with a price of electricity.

    1. The VTN distributes an event for the VEN and two resources.
    2. The VEN answers: optIn or optOut, without an error.
    """
    await settled(t)
    await takes_if_known(t, price(t, "0.75", target=_target(t)))


@ven_case("E1_1025", "setpoint", rules=(12, 104, 510))
async def load_dispatch(t: VenTest) -> None:
    """A VEN takes a setpoint of power.

    1. The VTN distributes an event with LOAD_DISPATCH, setpoint, 40 W.
    2. The VEN answers without an error.
    """
    await takes(t, setpoint(t, "40"))


@ven_case("E1_1027", "baseline", rules=(12, 101, 108), needs=RESOURCES)
async def with_baseline(t: VenTest) -> None:
    """A VEN takes an event with a baseline.

    1. The VTN distributes an event with two intervals, two resources and a baseline.
    2. The VEN answers without an error.
    """
    await settled(t)
    event = price(t, "0.75", "0.80", target=_target(t))
    period = event.active_period
    baseline = m.Baseline(
        dtstart=period.dtstart,
        duration=period.duration,
        intervals=event.signals[0].intervals,
        baseline_id="baseline-1",
        baseline_name="what it would have been",
        resource_ids=event.target.resource_ids[:1],
        unit=POWER,
    )
    await takes_if_known(t, replace(event, baseline=baseline))


@ven_case("E1_1040", "several events in one message", rules=(12, 62))
async def several_events(t: VenTest) -> None:
    """Each event of a message is answered.

    1. The VTN distributes three events in one message.
    2. The VEN answers all of them, in one message or several.
    """
    await settled(t)
    events = (soon(t), price(t, "0.75"), setpoint(t, "40"))
    since = await say(t, *events)
    for event in events:
        expect_answered(t, EACH, await answer(t, event, since))


@ven_case("E1_1055", "two signals", rules=(12, 106, 107))
async def two_signals(t: VenTest) -> None:
    """A VEN takes an event with two signals.

    1. The VTN distributes an event with SIMPLE, level 2, and a price of electricity, 3.14.
    2. The VEN answers without an error.
    """
    await settled(t)
    event = soon(t, 2)
    second = replace(price(t, "3.14").signals[0], signal_id="signal-2")
    await takes(t, replace(event, signals=(*event.signals, second)))


@ven_case("K1_0036B", "decision of the VEN", rules=(12, 36), suite=Suite.EVENT)
async def as_decided(t: VenTest) -> None:
    """A VEN answers as was decided there.

    1. Somebody has the VEN answer optOut, and the VTN distributes an event.
    2. The VEN answers optOut, without an error; after that the same with optIn.
    """
    await settled(t)
    for opt in (OptType.OPT_OUT, OptType.OPT_IN):
        await t.do(Decide(opt=opt))
        event = soon(t)
        since = await say(t, event)
        found = await answer(t, event, since)
        ok = found is not None and found.good and found.opt == opt
        at = None if found is None else found.at
        t.expect(AS_DECIDED, ok, f"{found or 'no answer'}, {opt} was decided", at)


@ven_case("K1_0510A", "minimum of signals", rules=(109, 510), suite=Suite.EVENT)
async def minimum_signals(t: VenTest) -> None:
    """Three signals every VEN takes.

    1. The VTN distributes an event with SIMPLE, one with ELECTRICITY_PRICE and one with
       LOAD_DISPATCH.
    2. The VEN answers each without an error.
    """
    await settled(t)
    for event in (soon(t), price(t, "0.75"), setpoint(t, "40")):
        since = await say(t, event)
        expect_taken(t, MINIMUM, await answer(t, event, since))


async def takes(t: VenTest, event: m.Event) -> None:
    """Demands that a VEN takes a new event."""
    await settled(t)
    since = await say(t, event)
    expect_taken(t, NEW_IS_TAKEN, await answer(t, event, since))


async def takes_if_known(t: VenTest, event: m.Event) -> None:
    """Demands that a VEN takes a new event for resources, if it has one of them.

    Raises:
        Skipped: the VEN says that it has none of them, and has named none in its metadata.
    """
    since = await say(t, event)
    found = await answer(t, event, since)
    if found is not None and found.code in _NO_RESOURCE and not _named(t):
        raise Skipped(f"the VEN has no resource called {_TWO[0]}, and its metadata name none")
    expect_taken(t, NEW_IS_TAKEN, found)


def _named(t: VenTest) -> tuple[str, ...]:
    """Returns the resources that the VEN names in its metadata."""
    sources = [point.data_source for one in t.vtn.offers or () for point in one.descriptions]
    names = [name for one in sources if one is not None for name in one.resource_ids]
    return tuple(dict.fromkeys(names))


def _target(t: VenTest) -> m.Target:
    two = dict.fromkeys((*_named(t)[:2], *_TWO))
    return m.Target(ven_ids=(t.vtn.ven_id,), resource_ids=tuple(two)[:2])
