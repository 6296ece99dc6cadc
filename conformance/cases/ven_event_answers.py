"""Which events a VEN answers, and when it answers once more."""

from conformance.actions import ChangeOpt
from conformance.case import Suite, VenTest, ven_case
from conformance.cases.answering import (
    CREATED,
    PATIENT,
    answer,
    answers_to,
    asks,
    at_first,
    cancelled,
    expect_taken,
    hears,
    modified,
    needed,
    say,
    seen,
    settled,
    silent,
    soon,
)
from conformance.checks import Severity, Side
from conformance.checks.xml import text
from conformance.demands import demand
from conformance.peers import Recorded
from conformance.peers.http import Reply
from oadr.enums import OptType

NEW = demand(12, "answers_new", "A VEN answers a new event that wants an answer.")
UNCHANGED = demand(
    12, "answers_unchanged", "A VEN answers an event that comes unchanged once more."
)
CHANGED = demand(12, "answers_changed", "A VEN answers an event that has changed.")
CANCELLED = demand(12, "answers_cancelled", "A VEN answers the cancellation of an event.")
SAME_REQUEST_ID = demand(
    43,
    "same_request_id",
    "A VEN takes events though the requestID of their message has come before.",
)
TELLS_CHANGE = demand(
    17,
    "tells_change",
    "A VEN that changes its mind says so, by oadrCreatedEvent or oadrCreateOpt.",
)
AFTER_BUSY = demand(
    "HTTP", "answers_after_503", "A VEN sends its answer again when HTTP 503 answers it."
)
AFTER_FAULT = demand(
    "HTTP",
    "answers_after_faults",
    "A VEN sends its answer again when HTTP 500 or nothing answers it.",
    Severity.WARNING,
)


@ven_case("K1_0012A", "always wants answers", rules=(12, 36, 57, 59, 62), suite=Suite.EVENT)
async def always(t: VenTest) -> None:
    """An event that wants an answer gets one each time that it comes.

    1. The VTN distributes a new event, and the VEN answers.
    2. The VTN distributes it unchanged, and the VEN answers again.
    3. The VTN distributes it changed, and the VEN answers the new modification.
    4. The VTN distributes it cancelled, and the VEN confirms that.
    5. The VTN distributes no events, and the VEN does not mention it again.
    """
    await settled(t)
    event = soon(t)
    changed = modified(event, vtn_comment="changed")
    versions = (
        (NEW, event),
        (UNCHANGED, event),
        (CHANGED, changed),
        (CANCELLED, cancelled(changed)),
    )
    for wanted, version in versions:
        since = await say(t, version)
        if not expect_taken(t, wanted, await answer(t, version, since)):
            return
    t.vtn.events.clear()
    await say(t)
    await t.wait(0.5)


@ven_case("K1_0012B", "never wants answers", rules=(12, 62), suite=Suite.EVENT)
async def never(t: VenTest) -> None:
    """An event that wants no answer gets none, whatever becomes of it.

    1. The VTN distributes an event that says never: new, unchanged, changed, cancelled.
    2. The VEN does not answer.
    3. The VTN says that it offers no reports, which the VEN answers: it is there.
    """
    await settled(t)
    event = silent(soon(t))
    changed = modified(event, vtn_comment="changed")
    for version in (event, event, changed, cancelled(changed)):
        await say(t, version)
        await t.wait(0.4)
    needed(await asks(t, t.vtn.metadata()), "the VEN does not answer anything else either")


@ven_case("K1_0012C", "never and always together", rules=(12, 62), suite=Suite.EVENT)
async def some_want_answers(t: VenTest) -> None:
    """Only those events are answered that want it.

    1. The VTN distributes an event that says always between two that say never.
    2. The VEN answers the one.
    """
    await settled(t)
    event = soon(t)
    since = await say(t, silent(soon(t)), event, silent(soon(t)))
    expect_taken(t, NEW, await answer(t, event, since))


@ven_case("K1_0043A", "the same requestID twice", rules=(42, 43), suite=Suite.EVENT)
async def same_request_id(t: VenTest) -> None:
    """A requestID need not be unique.

    1. The VTN distributes an event.
    2. The VTN distributes another, and the first is changed, in a message of the same
       requestID.
    3. The VEN answers both.
    """
    await settled(t)
    first, request_id = soon(t), t.vtn.new_id("snapshot")
    since = await say(t, first, request_id=request_id)
    t.need(await answer(t, first, since), "the VEN does not answer an event")
    second, changed = soon(t), modified(first, vtn_comment="changed")
    since = await say(t, changed, second, request_id=request_id)
    for event in (second, changed):
        expect_taken(t, SAME_REQUEST_ID, await answer(t, event, since))


@ven_case("K1_0042B", "a change of mind", rules=(17, 42, 206), suite=Suite.EVENT)
async def change_of_mind(t: VenTest) -> None:
    """A VEN that has answered an event changes its mind.

    1. The VTN distributes an event, and the VEN answers.
    2. Somebody has the VEN opt otherwise.
    3. The VEN says so: by oadrCreatedEvent with the requestID of before, or by oadrCreateOpt.
    """
    await settled(t)
    event = soon(t)
    since = await say(t, event)
    found = await answer(t, event, since)
    if found is None or not found.good:
        t.need(None, "the VEN does not take an event")
        return
    opt = OptType.OPT_OUT if found.opt == OptType.OPT_IN else OptType.OPT_IN
    since = len(t.tape)
    await t.do(ChangeOpt(event_id=event.event_id, opt=opt))
    number = event.descriptor.modification_number

    def says_so(one: Recorded) -> bool:
        element = one.asked.element
        in_answer = any(said.opt == opt for said in answers_to(one, event.event_id, number))
        in_opt = one.asked.name == "oadrCreateOpt" and text(element, "ei:optType") == opt
        return one.asked_by is Side.VEN and (in_answer or in_opt)

    t.expect(TELLS_CHANGE, await seen(t, says_so, since) is not None, f"no {opt}")


@ven_case("K1_0062B", "an answer that is lost", rules=(12, 62), suite=Suite.EVENT)
async def lost_answer(t: VenTest) -> None:
    """A VEN sees to it that its answer to an event arrives.

    1. The VTN distributes an event; the answer of the VEN is answered with HTTP 503.
    2. The VEN sends it again later, and HTTP 500 answers.
    3. The VEN sends it again, and the connection breaks off.
    4. The VEN sends it again.
    """
    await settled(t)
    event = soon(t)
    at_first(t, CREATED, Reply(status=503), Reply(status=500), Reply(status=None))
    since = await say(t, event)
    t.vtn.queue.clear()
    last = needed(await hears(t, CREATED, since), f"no {CREATED}")
    for wanted, what in ((AFTER_BUSY, "503"), (AFTER_FAULT, "500"), (AFTER_FAULT, "nothing")):
        again = await answer(t, event, last.number, units=PATIENT)
        t.expect(wanted, again is not None, f"not again after {what}", last)
        if again is None:
            return
        last = again.at
