"""Several events, with a VTN under test: their order, and how many (R3, R15, R27, R50)."""

from collections.abc import Sequence

from conformance.case import Suite, VtnTest, vtn_case
from conformance.cases.vtn_event_shown import Shown, Snapshot
from conformance.cases.vtn_event_stage import Stage, staged
from conformance.demands import demand

FIXED = demand(15, "order_stays", "Events that tie keep their order from message to message.")
PLACE = demand(15, "cancelled_keeps_place", "A cancelled event keeps the place that it had.")
FILLED = demand(27, "as_many_as_asked", "A VTN sends as many events as replyLimit allows.")


def _order(snapshot: Snapshot, events: Sequence[Shown]) -> list[str]:
    """Returns the eventIDs of these events in the order of a message."""
    own = {one.id for one in events}
    return [name for name in snapshot.ids if name in own]


async def _active(stage: Stage, *events: Shown) -> Snapshot:
    """Waits until the last of these has begun, and asks for all events."""
    last = max(events, key=lambda one: (one.start is not None, one.start))
    await stage.until(last, 0.3)
    return await stage.complete(*stage.own.values())


@vtn_case("A_E3_0440", "two events apart", rules=(15, 50))
async def two_apart(t: VtnTest) -> None:
    """Two events far from each other are both in a message.

    1. An operator creates an event in 10 units, and one 240 units later.
    2. The VTN sends both, the earlier one first.
    """
    async with staged(t) as stage:
        _, second = await stage.create(stage.event(10), stage.event(250))
        stage.all_in(stage.with_it(second), stage.own.values(), second.recorded)


@vtn_case("A_E3_0450", "two events apart, the later one first", rules=(15, 50))
async def two_reversed(t: VtnTest) -> None:
    """The order is that of the starts, not that of the creation.

    1. An operator creates an event in 250 units, then one in 10.
    2. The VTN answers oadrRequestEvent with both, the earlier one first.
    """
    async with staged(t) as stage:
        await stage.complete(*await stage.create(stage.event(250), stage.event(10)))


@vtn_case("A_E3_0510", "active before pending", rules=(3, 15))
async def active_before_pending(t: VtnTest) -> None:
    """What is active comes first, whatever its priority.

    1. An operator creates pending events of priority 1 in two market contexts, then one of
       priority 2 in 1 unit.
    2. When that one is active the VEN asks for its events.
    3. The VTN sends the active one first, and then the others by their start.
    """
    async with staged(t) as stage:
        other = "http://openadr.example/conformance/other"
        *_, soon = await stage.create(
            stage.event(30, priority=1),
            stage.event(20, priority=1, market_context=other),
            stage.event(1, priority=2),
        )
        await _active(stage, soon)


@vtn_case("A_E3_0520", "active with one priority", rules=(3, 15))
async def one_priority(t: VtnTest) -> None:
    """Active events of one priority are in the order of their start.

    1. An operator creates an event in 2 units, and one in 1, both of priority 1.
    2. When both are active the VEN asks for its events; the earlier one comes first.
    """
    async with staged(t) as stage:
        events = (stage.event(2, priority=1), stage.event(1, priority=1))
        await _active(stage, *await stage.create(*events))


@vtn_case("K1_0015A", "active by priority", rules=(3, 15), suite=Suite.EVENT)
async def by_priority(t: VtnTest) -> None:
    """Active events are in the order of their priority, none and 0 being the lowest.

    1. An operator creates events without priority and of priority 2 in 1 unit, one of
       priority 1 that starts later, and two pending ones.
    2. When the first three are active the VEN asks for its events.
    3. The VTN sends priority 1, 2 and none, and then what is pending, by start.
    """
    async with staged(t) as stage:
        first, second, third, *_ = await stage.create(
            stage.event(1),
            stage.event(1, priority=2),
            stage.event(2, priority=1),
            stage.event(40, priority=1),
            stage.event(20),
        )
        await _active(stage, first, second, third)


@vtn_case("K1_0015B", "the same start", rules=(15,), suite=Suite.EVENT)
async def same_start(t: VtnTest) -> None:
    """Events between which no rule decides do not change places.

    1. An operator creates three pending events at once, to start at the same time.
    2. The VEN asks for its events several times; their order is the same each time.
    """
    async with staged(t) as stage:
        events = await stage.create(*(stage.event(10) for _ in range(3)))
        snapshots = [await stage.ask() for _ in range(3)]
        orders = {tuple(_order(one, events)) for one in snapshots}
        seen = ", then ".join(" ".join(one) for one in sorted(orders))
        t.expect(FIXED, len(orders) == 1, seen, snapshots[-1].recorded)


@vtn_case("A_E3_0525", "the earliest is cancelled", rules=(10, 15, 50))
async def earliest_cancelled(t: VtnTest) -> None:
    """A cancelled event stands where it stood.

    1. An operator creates two pending events, and cancels the earlier one.
    2. The VTN sends the cancelled one before the other.
    3. The VEN acknowledges that, and asks for its events: only the other is there.
    """
    async with staged(t) as stage:
        first, second = await stage.create(stage.event(10), stage.event(20))
        cancelled = await stage.cancel(first)
        there = [one.id for one in stage.with_it(cancelled)]
        places = [there.index(one.id) for one in (first, second) if one.id in there]
        ok = places == sorted(places)
        t.expect(PLACE, ok, f"{second.id} before the cancelled one", cancelled.recorded)
        await stage.complete(second)


@vtn_case("A_E3_0530", "overlapping events", rules=(18, 50))
async def overlapping(t: VtnTest) -> None:
    """Events may overlap, and a VEN gets to see all.

    1. An operator creates two events of which the second begins before the first ends.
    2. The VTN answers oadrRequestEvent with both.
    """
    async with staged(t) as stage:
        long = stage.signal(1, units=10)
        made = await stage.create(stage.event(10, long), stage.event(15, long))
        await stage.complete(*made)


@vtn_case("A_E3_0655", "fewer than there are", rules=(15, 27))
async def reply_limit(t: VtnTest) -> None:
    """A VEN that cannot take many events asks for some.

    1. An operator creates three pending events.
    2. The VEN sends oadrRequestEvent with a replyLimit of 1, then 2; the VTN sends as many.
    3. The VEN sends it without replyLimit; the VTN sends all.
    """
    async with staged(t) as stage:
        made = await stage.create(*(stage.event(n) for n in (10, 20, 30)))
        for limit in (1, 2):
            snapshot = await stage.ask(limit)
            seen = f"{len(snapshot.events)} events for a replyLimit of {limit}"
            t.expect(FILLED, len(snapshot.events) >= limit, seen, snapshot.recorded)
        await stage.complete(*made)


@vtn_case("A_E3_0660", "a nearer one is added", rules=(15, 50))
async def nearer_added(t: VtnTest) -> None:
    """An event that is added later comes together with those that were there.

    1. An operator creates an event in 60 units; the VTN sends it, and the VEN answers.
    2. The operator creates another one in 25 units.
    3. The VTN sends both in one message, the nearer one first.
    """
    async with staged(t) as stage:
        await stage.create(stage.event(60))
        (added,) = await stage.create(stage.event(25))
        stage.all_in(stage.with_it(added), stage.own.values(), added.recorded)


@vtn_case("A_E3_0680", "two events on request", rules=(15, 50, 51, 115))
async def two_on_request(t: VtnTest) -> None:
    """A VEN that asks gets all events.

    1. An operator creates events in 41 and in 10 units.
    2. The VEN sends oadrRequestEvent twice; each time both come, the nearer one first.
    """
    async with staged(t) as stage:
        made = await stage.create(stage.event(41), stage.event(10))
        await stage.complete(*made)
        await stage.complete(*made)


@vtn_case("A_E3_0750", "two events in a row", rules=(15, 18, 50))
async def two_in_a_row(t: VtnTest) -> None:
    """One event ends when the next begins.

    1. An operator creates an event in 60 units that lasts 60, and one in 120 units.
    2. The VTN answers oadrRequestEvent with both, in this order.
    """
    async with staged(t) as stage:
        hour = stage.signal(1, units=60)
        await stage.complete(*await stage.create(stage.event(60, hour), stage.event(120, hour)))


@vtn_case("K1_0050", "what was answered stays", rules=(50,), suite=Suite.EVENT)
async def answered_stays(t: VtnTest) -> None:
    """A message has also what the VEN has answered before.

    1. An operator creates events in 10, 20 and 30 units, one after the other; the VEN opts in
       to each as it comes.
    2. Each new one comes together with all before it.
    """
    async with staged(t) as stage:
        for starts in (30, 10, 20):
            (made,) = await stage.create(stage.event(starts))
            stage.all_in(stage.with_it(made), stage.own.values(), made.recorded)
