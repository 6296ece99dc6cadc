"""Events that change, with a VTN under test (R5, R20, R115)."""

from dataclasses import replace
from datetime import timedelta

from conformance.case import Suite, VtnTest, vtn_case
from conformance.cases.vtn_event_shown import Shown
from conformance.cases.vtn_event_stage import Stage, staged
from conformance.demands import demand
from oadr.enums import ResponseRequired

RENEWED = demand(
    115, "renewed_on_change", "A change of an event, or its cancellation, renews createdDateTime."
)
#: After that time a moment in whole seconds is another one.
_SECOND = timedelta(seconds=1.5)


async def _later(t: VtnTest) -> None:
    """Waits a little, and until another second at least."""
    await t.clock.sleep(max(t.device.unit / 2, _SECOND))


def _renewed(stage: Stage, before: Shown, after: Shown) -> None:
    """Expects that an event says when it was changed."""
    ok = None not in (before.created, after.created) and before.created != after.created
    seen = f"createdDateTime {after.created} as before"
    stage.t.expect(RENEWED, ok, seen, after.recorded)


@vtn_case("A_E3_0470", "the start is moved", rules=(5, 20, 50))
async def moved(t: VtnTest) -> None:
    """A pending event is put off.

    1. An operator creates an event in 10 units; the VEN opts in.
    2. The operator moves its start by 1 unit.
    3. The VTN sends it with the new start and a modificationNumber that is 1 higher.
    """
    async with staged(t) as stage:
        spec = stage.event(10)
        (event,) = await stage.create(spec)
        changed = await stage.modify(event, replace(spec, starts_in=stage.unit * 11))
        await stage.complete(changed)


@vtn_case("A_E3_0480", "the start is moved, no answer wanted", rules=(5, 12, 20, 50))
async def moved_never(t: VtnTest) -> None:
    """A pending event that wants no answer is put off.

    1. An operator creates an event in 10 units that must not be answered.
    2. The operator moves its start by 1 unit.
    3. The VTN sends it with the new start and a modificationNumber that is 1 higher.
    """
    async with staged(t) as stage:
        spec = stage.event(10, response_required=ResponseRequired.NEVER)
        (event,) = await stage.create(spec)
        changed = await stage.modify(event, replace(spec, starts_in=stage.unit * 11))
        await stage.complete(changed)


@vtn_case("A_E3_0484", "an active event becomes longer", rules=(5, 8, 20, 50))
async def lengthened(t: VtnTest) -> None:
    """An event changes while it runs, and its past does not.

    1. An operator creates an event in 1 unit that lasts 5.
    2. When it is active the operator makes it last 6.
    3. The VTN sends it with the new duration and a modificationNumber that is 1 higher.
    """
    async with staged(t) as stage:
        (event,) = await stage.create(stage.event(1))
        await stage.until(event, 0.3)
        longer = stage.event(1, stage.signal(1, units=6))
        await stage.modify(event, longer, keeps_start=True)


@vtn_case("K1_0005A", "a pending event becomes shorter", rules=(5, 8, 20), suite=Suite.EVENT)
async def shortened(t: VtnTest) -> None:
    """The duration of a pending event changes.

    1. An operator creates an event in 10 units that lasts 5.
    2. The operator makes it last 3.
    3. The VTN sends it with the new duration and a modificationNumber that is 1 higher.
    """
    async with staged(t) as stage:
        (event,) = await stage.create(stage.event(10))
        shorter = stage.event(10, stage.signal(1, units=3))
        await stage.modify(event, shorter, keeps_start=True)


@vtn_case("K1_0005B", "changed twice", rules=(5, 32), suite=Suite.EVENT)
async def changed_twice(t: VtnTest) -> None:
    """Each change counts.

    1. An operator creates an event, changes its level, and changes it again.
    2. The VTN sends it with modificationNumber 0, 1 and 2, each with its level.
    """
    async with staged(t) as stage:
        (event,) = await stage.create(stage.event(10))
        for level in (2, 3):
            spec = stage.event(10, stage.signal(level))
            event = await stage.modify(event, spec, keeps_start=True)


@vtn_case("K1_0115", "when it was changed", rules=(5, 115), suite=Suite.EVENT)
async def dated(t: VtnTest) -> None:
    """A change has a date.

    1. An operator creates two events.
    2. Some time later the operator changes the level of the first.
    3. The VTN sends it with another createdDateTime, which the second one has as well.
    """
    async with staged(t) as stage:
        event, _ = await stage.create(stage.event(10), stage.event(20))
        await _later(t)
        spec = stage.event(10, stage.signal(2))
        _renewed(stage, event, await stage.modify(event, spec, keeps_start=True))


@vtn_case("K1_0010", "when it was cancelled", rules=(10, 115), suite=Suite.EVENT)
async def cancelled_dated(t: VtnTest) -> None:
    """A cancellation has a date.

    1. An operator creates two events.
    2. Some time later the operator cancels the first.
    3. The VTN sends it with another createdDateTime, which the second one has as well.
    """
    async with staged(t) as stage:
        event, _ = await stage.create(stage.event(10), stage.event(20))
        await _later(t)
        _renewed(stage, event, await stage.cancel(event))
