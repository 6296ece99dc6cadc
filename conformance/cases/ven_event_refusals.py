"""Events that a VEN must refuse, and those that it must not, with a VEN under test."""

from dataclasses import replace

from conformance.actions import OnlyMarket
from conformance.case import Suite, VenTest, ven_case
from conformance.cases.answering import (
    answer,
    expect_answered,
    expect_refused,
    expect_taken,
    say,
    settled,
    soon,
)
from conformance.cases.ven_event import price, setpoint
from conformance.demands import demand
from conformance.peers.vtn import CONTEXT
from oadr import messages as m
from oadr.enums import SignalType
from oadr.units import unit

GOOD = demand(19, "good_beside_bad", "A good event is taken though there is a bad one beside it.")
BAD = demand(19, "bad_beside_good", "A bad event is refused though there is a good one beside it.")
SIGNAL = demand(48, "refuses_signal", "A signalName that a VEN does not support is refused: 460.")
KIND = demand(
    109, "refuses_kind", "A signal of a type or unit that a VEN does not support is refused: 4xx."
)
MARKET = demand(48, "refuses_market", "An event of a market context of others is refused: 462.")
OWN_MARKET = demand(48, "takes_market", "An event of its market context is taken by a VEN.")
SAME_MARKET = demand(
    512, "same_market", "A market context that is written in another way is the same one."
)
TARGET = demand(48, "refuses_target", "An event whose target is not the VEN is refused: 462.")
EVERYBODY = demand(22, "no_target", "An event without a target is for the VEN that it comes to.")
ANY = demand(22, "one_criterion", "One criterion of a target that fits is enough.")
DEVICES = demand(111, "device_class", "An event for a class of devices is answered.")
RESOURCE = demand(112, "unknown_resource", "An event for nobody but unknown resources is refused.")
ILLOGICAL = demand(33, "refuses_illogical", "An event that contradicts itself is refused: 4xx.")
DOUBLE = demand(19, "double_event_id", "An event is taken though another is in the message twice.")
#: The market context of the kit, not normalised (RFC 3986).
_SAME = "HTTP://OpenADR.example/%63onformance"
#: Nobody's name for a signal.
NO_SIGNAL = "x-conformance-nobodys"


def unsupported(t: VenTest) -> m.Event:
    """Returns an event with a signal that no VEN supports."""
    made = soon(t)
    return replace(made, signals=(replace(made.signals[0], signal_name=NO_SIGNAL),))


@ven_case("K1_0019A", "a bad event beside good ones", rules=(19, 48, 109), suite=Suite.EVENT)
async def mixed(t: VenTest) -> None:
    """One event that cannot be taken spoils nothing for others.

    1. The VTN distributes three events, the second of them with a signal that the VEN does
       not support.
    2. The VEN takes the first and the third, and refuses the second.
    """
    await settled(t)
    first, bad, last = soon(t), unsupported(t), price(t, "0.75")
    since = await say(t, first, bad, last)
    expect_refused(t, BAD, await answer(t, bad, since))
    for event in (first, last):
        expect_taken(t, GOOD, await answer(t, event, since))


@ven_case("K1_0048A", "unknown signal", rules=(48, 109), suite=Suite.EVENT)
async def unknown_signal(t: VenTest) -> None:
    """A VEN says that it does not support a signal.

    1. The VTN distributes an event with a signal of a name that is nobody's; the VEN refuses:
       460.
    2. The VTN distributes an event with that signal beside SIMPLE; the VEN refuses: 460.
    """
    await settled(t)
    bad, simple = unsupported(t), soon(t)
    second = replace(bad.signals[0], signal_id="signal-2")
    both = replace(simple, signals=(*simple.signals, second))
    for event in (bad, both):
        since = await say(t, event)
        expect_refused(t, SIGNAL, await answer(t, event, since), 460)


@ven_case("K1_0109A", "wrong type or unit of a signal", rules=(104, 109), suite=Suite.EVENT)
async def wrong_kind(t: VenTest) -> None:
    """A signal is more than its name.

    1. The VTN distributes an event with a price of electricity of type setpoint.
    2. The VTN distributes one with a setpoint of LOAD_DISPATCH in watt-hours.
    3. The VEN refuses both.
    """
    await settled(t)
    for made, changes in (
        (price(t, "1"), {"signal_type": SignalType.SETPOINT}),
        (setpoint(t, "1"), {"unit": unit("energyReal")}),
    ):
        signal = replace(made.signals[0], **changes)
        event = replace(made, signals=(signal,))
        since = await say(t, event)
        expect_refused(t, KIND, await answer(t, event, since))


@ven_case("K1_0048B", "market context of others", rules=(48, 512), suite=Suite.EVENT)
async def other_market(t: VenTest) -> None:
    """A VEN takes part in some programmes only.

    1. Somebody has the VEN take part in one market context alone.
    2. The VTN distributes an event of another; the VEN refuses it with 462.
    3. The VTN distributes one of its own; the VEN takes it.
    4. The VTN distributes another, with the URI written in another way; the VEN takes it.
    """
    await t.do(OnlyMarket(market_context=CONTEXT))
    try:
        await settled(t)
        other, own = soon(t, market_context=f"{CONTEXT}/of-others"), soon(t)
        same = soon(t, market_context=_SAME)
        since = await say(t, other, own, same)
        expect_refused(t, MARKET, await answer(t, other, since), 462)
        expect_taken(t, OWN_MARKET, await answer(t, own, since))
        expect_taken(t, SAME_MARKET, await answer(t, same, since))
    finally:
        if not t.device.fresh:
            await t.do(OnlyMarket(market_context=""))


@ven_case("K1_0048C", "target that is not the VEN", rules=(21, 22, 48, 512), suite=Suite.EVENT)
async def other_target(t: VenTest) -> None:
    """An event comes that is for somebody else.

    1. The VTN distributes an event for another venID, and one for the venID of the VEN in
       other letters.
    2. The VEN refuses both: 462 or 452.
    """
    await settled(t)
    for ven_id in {"somebody-else", t.vtn.ven_id.swapcase()} - {t.vtn.ven_id}:
        event = soon(t, target=m.Target(ven_ids=(ven_id,)))
        since = await say(t, event)
        expect_refused(t, TARGET, await answer(t, event, since), 462, 452)


@ven_case("K1_0022A", "targets that fit", rules=(22,), suite=Suite.EVENT)
async def fitting_targets(t: VenTest) -> None:
    """A target is read in favour of the VEN.

    1. The VTN distributes an event without a target, and the VEN takes it.
    2. The VTN distributes an event for the VEN and for a group that it is not in; the VEN
       takes it.
    """
    await settled(t)
    whole = soon(t, target=m.Target())
    mine = m.Target(ven_ids=(t.vtn.ven_id,), group_ids=("conformance-nobodys",))
    for wanted, event in ((EVERYBODY, whole), (ANY, soon(t, target=mine))):
        since = await say(t, event)
        expect_taken(t, wanted, await answer(t, event, since))


@ven_case("K1_0111A", "signal for a class of devices", rules=(111, 112), suite=Suite.EVENT)
async def device_class(t: VenTest) -> None:
    """A signal may be for a class of devices, which the VEN may have or not.

    1. The VTN distributes an event whose signal is for thermostats.
    2. The VEN answers.
    """
    await settled(t)
    made = soon(t)
    target = m.Target(end_device_assets=("Thermostat",))
    event = replace(made, signals=(replace(made.signals[0], target=target),))
    since = await say(t, event)
    expect_answered(t, DEVICES, await answer(t, event, since))


@ven_case("K1_0112A", "unknown resources", rules=(48, 112), suite=Suite.EVENT)
async def unknown_resource(t: VenTest) -> None:
    """An event is for resources that the VEN does not have.

    1. The VTN distributes an event whose target names two resources of nobody.
    2. The VEN refuses.
    """
    await settled(t)
    nobody = m.Target(resource_ids=("conformance-nobodys-1", "conformance-nobodys-2"))
    event = soon(t, target=nobody)
    since = await say(t, event)
    expect_refused(t, RESOURCE, await answer(t, event, since))


@ven_case("K1_0033A", "durations that do not add up", rules=(8, 33), suite=Suite.EVENT)
async def illogical(t: VenTest) -> None:
    """An event contradicts itself.

    1. The VTN distributes an event whose intervals are shorter than the event, together.
    2. The VEN refuses.
    """
    await settled(t)
    made = soon(t, 1, 2)
    event = replace(
        made,
        active_period=replace(made.active_period, duration=made.active_period.duration * 2),
    )
    since = await say(t, event)
    expect_refused(t, ILLOGICAL, await answer(t, event, since))


@ven_case("K1_0070A", "an event twice in a message", rules=(19, 70), suite=Suite.EVENT)
async def twice(t: VenTest) -> None:
    """A VTN makes a mistake with an eventID; other events are good all the same.

    1. The VTN distributes a message with an event twice, and another event.
    2. The VEN takes the other.
    """
    await settled(t)
    event, other = soon(t), soon(t)
    t.vtn.events |= {"first": event, "second": event}
    since = await say(t, other)
    expect_taken(t, DOUBLE, await answer(t, other, since))
