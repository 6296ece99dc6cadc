"""Events as an operator of a VTN configures them, with a VTN under test: they arrive whole."""

from dataclasses import replace

from conformance.actions import CONTEXT
from conformance.case import Skipped, Suite, VtnTest, vtn_case
from conformance.cases.vtn_event_stage import staged
from conformance.demands import demand
from oadr import messages as m
from oadr.enums import ResponseRequired

EMPTY = demand(
    61, "empty_snapshot", "A VTN without events for a VEN says so by an oadrDistributeEvent."
)

_PROGRAMME = f"A programme with the market context {CONTEXT}."
_TWO = "The resources resource-1 and resource-2 of the VEN."
_RESOURCES = m.Target(resource_ids=("resource-1", "resource-2"))
#: Characters that XML does not show as they are.
_TRICKY = """Tom & Co: <7 °C> isn't "cold" &amp; 5 > 4"""
_URI = "http://openadr.example/programme?name=peak&year=2026"


@vtn_case("E1_1010", "no events", rules=(40, 41, 61), needs=("No event for the VEN.",))
async def no_events(t: VtnTest) -> None:
    """Nothing is planned for the VEN, and the VEN can tell.

    1. The VEN sends oadrRequestEvent.
    2. The VTN answers with an oadrDistributeEvent without events.
    3. The VEN sends no oadrCreatedEvent.
    """
    async with staged(t) as stage:
        snapshot = await stage.ask()
        if snapshot.events:
            raise Skipped("there are events for the VEN, be it cancelled ones")
        t.expect(EMPTY, snapshot.answered, snapshot.recorded.title, snapshot.recorded)


@vtn_case("E1_1020", "one pending event", rules=(4, 12, 32, 510), needs=(_PROGRAMME, _TWO))
async def one_pending(t: VtnTest) -> None:
    """A pending event with a price is for two resources.

    1. An operator creates an event in 10 units that lasts 5: ELECTRICITY_PRICE 0.25.
    2. The VTN sends it, and the VEN opts in.
    3. The VTN sends it again when the VEN asks.
    """
    async with staged(t) as stage:
        made = await stage.create(stage.event(10, stage.price(0.25), target=_RESOURCES))
        await stage.complete(*made)


@vtn_case("E1_1025", "a setpoint", rules=(104, 510), needs=(_PROGRAMME,))
async def setpoint(t: VtnTest) -> None:
    """An event sets the power of the VEN.

    1. An operator creates an event: LOAD_DISPATCH, setpoint, powerReal, 40.
    2. The VTN sends it so.
    """
    async with staged(t) as stage:
        await stage.create(stage.event(10, stage.dispatch(40)))


@vtn_case("E1_1027", "two intervals and a baseline", rules=(100, 101, 102, 108), needs=(_TWO,))
async def baseline(t: VtnTest) -> None:
    """A price changes, and a baseline says what the load would have been.

    1. An operator creates an event of two intervals of 60 units for two resources:
       ELECTRICITY_PRICE 0.25 and 0.5, with a baseline.
    2. The VTN sends it so.
    """
    async with staged(t) as stage:
        price = stage.price(0.25, 0.5, units=60)
        await stage.create(stage.event(10, price, target=_RESOURCES, baseline=True))


@vtn_case("E1_1040", "several events in one message", rules=(50, 70, 115), needs=(_PROGRAMME,))
async def several(t: VtnTest) -> None:
    """A message has all events.

    1. An operator creates three events, of different signals.
    2. The VTN sends them, and the VEN answers all that came together at once.
    3. The VTN answers oadrRequestEvent with all of them.
    """
    async with staged(t) as stage:
        made = await stage.create(
            stage.event(10, stage.signal(1)),
            stage.event(20, stage.price(0.25)),
            stage.event(30, stage.dispatch(40)),
        )
        await stage.complete(*made)


@vtn_case("E1_1055", "two signals", rules=(104, 106, 107), needs=(_PROGRAMME,))
async def two_signals(t: VtnTest) -> None:
    """An event has two signals.

    1. An operator creates an event with SIMPLE, level 2, and ELECTRICITY_PRICE 3.14.
    2. The VTN sends both.
    """
    async with staged(t) as stage:
        await stage.create(stage.event(10, stage.signal(2), stage.price("3.14")))


@vtn_case("A_E3_0430", "base event", rules=(4, 12, 16, 32, 105))
async def base_event(t: VtnTest) -> None:
    """The simplest event arrives as it was configured.

    1. An operator creates an event in 2 units that lasts 5: SIMPLE 1.
    2. The VTN sends it, and the VEN opts in.
    """
    async with staged(t) as stage:
        await stage.create(stage.event(2))


@vtn_case("A_E3_0432", "intervals and what is around them", rules=(8, 13, 30, 31, 105))
async def around(t: VtnTest) -> None:
    """All that an event has beside its signal arrives.

    1. An operator creates an event of three intervals, with notification, ramp-up, recovery,
       startafter and priority.
    2. The VTN sends it so.
    """
    async with staged(t) as stage:
        spec = stage.event(
            40,
            stage.signal(1, 3, 2, units=2),
            notification=stage.unit * 20,
            ramp_up=stage.unit * 3,
            recovery=stage.unit * 4,
            start_after=stage.unit * 2,
            priority=3,
        )
        await stage.create(spec)


@vtn_case("A_E3_0435", "targets", rules=(22, 63, 510), needs=(_PROGRAMME,))
async def targets(t: VtnTest) -> None:
    """An event names whom it is for.

    1. An operator creates an event whose target has the venID of the VEN, two resourceIDs, a
       groupID and a partyID.
    2. The VTN sends all of these.
    """
    async with staged(t) as stage:
        target = replace(
            _RESOURCES, ven_ids=(t.ven.ven_id,), group_ids=("group-1",), party_ids=("party-1",)
        )
        await stage.create(stage.event(10, target=target))


@vtn_case("A_E3_0468", "an event that wants no answer", rules=(12, 50, 62))
async def never(t: VtnTest) -> None:
    """An event wants no answer, and comes all the same.

    1. An operator creates an event that must not be answered.
    2. The VTN sends it with oadrResponseRequired never, and the VEN does not answer.
    3. The VTN answers oadrRequestEvent with it.
    """
    async with staged(t) as stage:
        made = await stage.create(stage.event(10, response_required=ResponseRequired.NEVER))
        await stage.complete(*made)


@vtn_case("K1_0022", "targets in the grid", rules=(22,), suite=Suite.EVENT)
async def grid_targets(t: VtnTest) -> None:
    """An event names meters, nodes and groups by their names.

    1. An operator creates an event whose target has a groupName, a meter, a node and a
       service delivery point.
    2. The VTN sends all of these.
    """
    target = m.Target(
        group_names=("north",),
        meter_assets=("meter-1",),
        pnodes=("node-1",),
        service_delivery_points=("point-1",),
    )
    async with staged(t) as stage:
        await stage.create(stage.event(10, target=target))


@vtn_case("K1_0006", "test event", rules=(6, 46), suite=Suite.EVENT)
async def trial(t: VtnTest) -> None:
    """A test and a real event can be told apart.

    1. An operator creates a test event and one that is none.
    2. The VTN sends the first with a testEvent other than false, and the second without.
    """
    async with staged(t) as stage:
        await stage.create(stage.event(10, test=True), stage.event(30))


@vtn_case(
    "K1_0046",
    "text with any characters",
    rules=(46, 512),
    suite=Suite.EVENT,
    needs=(f"A programme with the market context {_URI}.",),
)
async def any_text(t: VtnTest) -> None:
    """Text that an operator types does not spoil the message.

    1. An operator creates an event whose comment has markup, quotation marks and letters
       beyond ASCII, and whose market context has parameters.
    2. The VTN sends both so that the VEN reads what was typed.
    """
    async with staged(t) as stage:
        await stage.create(stage.event(10, comment=_TRICKY, market_context=_URI))


@vtn_case("K1_0105", "no time around an event", rules=(1, 31, 105), suite=Suite.EVENT)
async def nothing_around(t: VtnTest) -> None:
    """An event comes without notice, and its durations of zero are written as such.

    1. An operator creates an event without notification, ramp-up, recovery and startafter.
    2. The VTN sends it with an x-eiNotification.
    """
    async with staged(t) as stage:
        await stage.create(stage.event(10))
