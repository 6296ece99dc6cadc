"""Events that have begun, are over, or never end, with a VEN under test."""

from dataclasses import replace

from conformance.case import Skipped, Suite, VenTest, ven_case
from conformance.cases.answering import (
    answer,
    cancelled,
    expect_answered,
    expect_taken,
    gone,
    held,
    modified,
    say,
    send,
    settled,
    soon,
)
from conformance.demands import demand
from conformance.peers.vtn_events import ZERO, changed
from oadr import messages as m
from oadr.enums import EventStatus

PASSED = demand(62, "answers_passed", "An event that is over is answered if it wants an answer.")
BEGUN = demand(56, "takes_begun", "An event that has begun is taken.")
WINDOW = demand(
    66, "completed_in_window", "An event that is completed and may start late is no error."
)
OPEN = demand(47, "takes_open_end", "An event without an end is taken.")
STAYS_OPEN = demand(47, "stays_open", "An event without an end goes on until it is cancelled.")
ENDS = demand(47, "ends_when_cancelled", "An event without an end ends when it is cancelled.")
TESTS = demand(6, "takes_tests", "An event is taken whatever its testEvent says.")
FRACTIONS = demand(1, "takes_fractions", "Times with fractions of seconds are understood.")


@ven_case("K1_0062A", "an event that is over", rules=(12, 62), suite=Suite.EVENT)
async def passed(t: VenTest) -> None:
    """A VEN hears of an event when it is over.

    1. The VTN distributes a completed event that the VEN does not know and that wants an
       answer, beside a good one.
    2. The VEN answers both; whether it refuses the first is its own affair.
    """
    await settled(t)
    unit = t.device.unit
    late, good = t.vtn.event(1, starts_in=unit * -20, each=unit * 5), soon(t)
    since = await say(t, late, good)
    expect_answered(t, PASSED, await answer(t, late, since))
    expect_taken(t, BEGUN, await answer(t, good, since))


@ven_case("K1_0056A", "an event that has begun", rules=(56, 114), suite=Suite.EVENT)
async def begun(t: VenTest) -> None:
    """A VEN hears of an event when it has begun.

    1. The VTN distributes an active event.
    2. The VEN takes it.
    """
    await settled(t)
    event = t.vtn.event(1, starts_in=t.device.unit * -2, each=t.device.unit * 10)
    since = await say(t, event)
    expect_taken(t, BEGUN, await answer(t, event, since))


@ven_case("K1_0066A", "completed within the window", rules=(30, 66), suite=Suite.EVENT)
async def completed_in_window(t: VenTest) -> None:
    """The VTN calls an event completed that may still run at the VEN.

    1. The VTN distributes an active event that VENs may start late.
    2. The VTN distributes it as completed, while some VENs may still carry it out.
    3. The VEN answers without an error.
    """
    await settled(t)
    unit = t.device.unit
    event = t.vtn.event(1, starts_in=unit * -1, each=unit * 1.5, start_after=unit * 20)
    since = await say(t, event)
    t.need(await answer(t, event, since), "the VEN does not answer an event")
    await t.wait(0.6)
    snapshot = t.vtn.snapshot(response=not t.push)
    ended = changed(snapshot.events[-1], event_status=EventStatus.COMPLETED)
    since = await send(t, replace(snapshot, events=(*snapshot.events[:-1], ended)))
    expect_taken(t, WINDOW, await answer(t, event, since))


@ven_case("K1_0047A", "an event without an end", rules=(47,), suite=Suite.EVENT)
async def open_end(t: VenTest) -> None:
    """An event goes on until it is cancelled.

    1. The VTN distributes an active event of duration 0, and the VEN takes it.
    2. The VEN carries it out, if somebody can tell.
    3. The VTN cancels it, and the VEN ends it.
    """
    await settled(t)
    event = t.vtn.event(1, starts_in=t.device.unit * -1, each=ZERO)
    since = await say(t, event)
    if not expect_taken(t, OPEN, await answer(t, event, since)):
        return
    await t.wait(0.5)
    there = await held(t)
    t.expect(STAYS_OPEN, there is None or event.event_id in there, "it is not there any more")
    ended = cancelled(event)
    since = await say(t, ended)
    t.need(await answer(t, ended, since), "the VEN does not answer a cancellation")
    if there is not None:
        t.expect(ENDS, await gone(t, event), "it is still there")


@ven_case("K1_0006A", "test events", rules=(6, 46), suite=Suite.EVENT)
async def test_events(t: VenTest) -> None:
    """An event may be a test, and whatever text says so.

    1. The VTN distributes an event again and again, changed, with testEvent true, yes, False,
       false and none.
    2. The VEN takes it each time.
    """
    await settled(t)
    event = soon(t)
    for said in ("true", "yes", "False", "false", None):
        event = modified(event, test_event=said)
        since = await say(t, event)
        if not expect_taken(t, TESTS, await answer(t, event, since)):
            return


@ven_case("K1_0001A", "fractions of seconds", rules=(1,), suite=Suite.EVENT)
async def fractions(t: VenTest) -> None:
    """A time may be finer than seconds.

    1. The VTN distributes an event whose times have fractions of seconds.
    2. The VEN takes it.
    """
    if t.vtn.identity.signs:
        raise Skipped("what the kit signs has whole seconds")
    await settled(t)
    event = soon(t)
    t.vtn.events[event.event_id] = event
    since = await send(t, finer(t, t.vtn.snapshot(response=not t.push)))
    expect_taken(t, FRACTIONS, await answer(t, event, since))


def finer(t: VenTest, message: m.DistributeEvent) -> bytes:
    """Returns a message in which all times have fractions of seconds."""
    written = t.vtn.written(message, signed=False)
    return written.replace(b"Z</xcal:date-time>", b".250Z</xcal:date-time>").replace(
        b"Z</ei:createdDateTime>", b".5Z</ei:createdDateTime>"
    )
