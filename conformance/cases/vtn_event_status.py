"""Events while time goes on, with a VTN under test (R13, R14, R29, R47, R66, R115)."""

from conformance.case import Suite, VtnTest, vtn_case
from conformance.cases.vtn_event_shown import Shown, Snapshot
from conformance.cases.vtn_event_stage import Stage, staged
from conformance.demands import Demand, demand

ACTIVE = demand(13, "becomes_active", "An event is active from its dtstart on, until it ends.")
NEAR = demand(13, "becomes_near", "An event is near from the beginning of its ramp-up on.")
FAR = demand(13, "far_before", "An event is far until it is active, or its ramp-up begins.")
UNCOUNTED = demand(
    5, "status_not_counted", "Another eventStatus does not make the modificationNumber higher."
)
WINDOW = demand(
    66,
    "sent_in_window",
    "An event is sent until dtstart + duration + startafter, whether it is completed or not.",
)
OPEN = demand(47, "stays_active", "An event of duration 0 is active until it is cancelled.")


def _far(t: VtnTest, stage: Stage, event: Shown) -> None:
    """Expects an event to be far, if it came well before it was to begin."""
    ramp_up = event.period("ei:x-eiRampUp/xcal:duration")
    if event.start is not None and event.recorded.at < event.start - ramp_up - stage.unit / 5:
        t.expect(FAR, event.status == "far", event.status, event.recorded)


async def _is(t: VtnTest, stage: Stage, event: Shown, what: Demand, *statuses: str) -> Snapshot:
    """Asks for the events, and expects one to be there with one of these statuses."""
    snapshot = await stage.ask()
    over = event.start if statuses == ("near",) else event.ends
    t.need(over is None or snapshot.recorded.at < over, "the VEN could not ask in time")
    found = snapshot.find(event.id)
    seen = "it is not there" if found is None else f"{found.status}"
    t.expect(what, found is not None and found.status in statuses, seen, snapshot.recorded)
    if found is not None and found.status != "cancelled":
        number = f"{found.number} after {event.number}, {found.status}"
        t.expect(UNCOUNTED, found.number == event.number, number, snapshot.recorded)
    return snapshot


@vtn_case("A_E3_0420", "far, then active", rules=(5, 13, 14, 115))
async def far_then_active(t: VtnTest) -> None:
    """An event without ramp-up is far, and active from its start on.

    1. An operator creates an event in 1 unit.
    2. The VTN sends it with the status far.
    3. After its start the VEN asks for its events, and this one is active.
    """
    async with staged(t) as stage:
        (event,) = await stage.create(stage.event(1))
        _far(t, stage, event)
        await stage.until(event, 0.3)
        await _is(t, stage, event, ACTIVE, "active")


@vtn_case("A_E3_0527", "near", rules=(5, 13, 115))
async def near(t: VtnTest) -> None:
    """An event with ramp-up is far, then near, then active.

    1. An operator creates an event in 2 units with a ramp-up of 1 unit; the VTN sends it as far.
    2. During the ramp-up the VEN asks for its events, and this one is near.
    3. After the start it is active.
    """
    async with staged(t) as stage:
        (event,) = await stage.create(stage.event(2, ramp_up=stage.unit))
        _far(t, stage, event)
        await stage.until(event, -0.6)
        await _is(t, stage, event, NEAR, "near")
        await stage.until(event, 0.3)
        await _is(t, stage, event, ACTIVE, "active")


@vtn_case("A_E3_0685", "the window of randomisation", rules=(13, 18, 66))
async def window(t: VtnTest) -> None:
    """A VEN that began late gets to see the event until the last of them has ended.

    1. An operator creates an event in 1 unit that lasts 1, with a startafter of 2.
    2. After its end, within the window, the VEN asks for its events.
    3. The VTN still sends it, as active or completed.
    """
    async with staged(t) as stage:
        spec = stage.event(1, stage.signal(1, units=1), start_after=stage.unit * 2)
        (event,) = await stage.create(spec)
        await stage.until(event, 1.6)
        await _is(t, stage, event, WINDOW, "active", "completed")


@vtn_case("K1_0029", "the running value", rules=(13, 14, 29), suite=Suite.EVENT)
async def running_value(t: VtnTest) -> None:
    """The currentValue follows the intervals.

    1. An operator creates an event in 1 unit, with SIMPLE 1, 2 and 3 for a unit each.
    2. The VEN asks for its events before the start, and within each interval.
    3. Each currentValue is the value that runs, and 0 before.
    """
    async with staged(t) as stage:
        (event,) = await stage.create(stage.event(1, stage.signal(1, 2, 3, units=1)))
        for units in (0.4, 1.4, 2.4):
            await stage.until(event, units)
            await _is(t, stage, event, ACTIVE, "active")


@vtn_case("K1_0047", "an event without an end", rules=(8, 10, 47, 50), suite=Suite.EVENT)
async def without_end(t: VtnTest) -> None:
    """An open-ended event is active until somebody cancels it.

    1. An operator creates an event in 1 unit, of one interval of duration 0.
    2. The VTN sends it with a duration of 0.
    3. Some time after the start the VEN asks for its events, and this one is active.
    4. The operator cancels it, and the VTN says so.
    """
    async with staged(t) as stage:
        (event,) = await stage.create(stage.event(1, stage.signal(2, units=0)))
        await stage.until(event, 1)
        await _is(t, stage, event, OPEN, "active")
        await stage.cancel(event)
