"""Events that are cancelled or not answered, with a VTN under test (R10, R50, R52)."""

from conformance.case import Suite, VtnTest, vtn_case
from conformance.cases.vtn_event_stage import staged
from conformance.checks import Severity
from conformance.checks.exchange import code_of
from conformance.demands import demand
from oadr.enums import ResponseRequired

KEPT = demand(
    50, "cancelled_until_answered", "A cancelled event is in each message until it is acknowledged."
)
AGAIN = demand(
    52,
    "cancellation_comes_again",
    "A cancelled event that must be answered, and is not, comes again with a later poll.",
)
UNPUSHED = demand(
    52,
    "cancellation_pushed_again",
    "A cancelled event that must be answered, and is not, is soon pushed again.",
    Severity.WARNING,
)
OVER = demand(
    50, "cancelled_not_for_ever", "A cancelled event is not sent any more when it would be over."
)
UNANSWERED = demand(
    502,
    "unanswered_comes_again",
    "A new event that must be answered, and is not, is sent again of the VTN's own accord.",
    Severity.WARNING,
)
ACKNOWLEDGED = demand(36, "cancellation_acknowledged", "A VTN takes the answer to a cancellation.")


@vtn_case("A_E3_0492", "a pending event is cancelled", rules=(5, 10, 36, 50))
async def pending(t: VtnTest) -> None:
    """An event is cancelled before it begins.

    1. An operator creates an event in 10 units; the VEN opts in.
    2. The operator cancels it; the VTN sends it as cancelled, its modificationNumber 1 higher.
    3. The VEN acknowledges that, and asks for its events: it is gone.
    """
    async with staged(t) as stage:
        (event,) = await stage.create(stage.event(10))
        await stage.cancel(event)
        await stage.ask()


@vtn_case("A_E3_0494", "an active event is cancelled", rules=(5, 10, 36, 50))
async def active(t: VtnTest) -> None:
    """An event is cancelled while it runs.

    1. An operator creates an event in 1 unit; the VEN opts in.
    2. When it is active the operator cancels it; the VTN sends it as cancelled, its
       modificationNumber 1 higher.
    3. The VEN acknowledges that, and asks for its events: it is gone.
    """
    async with staged(t) as stage:
        (event,) = await stage.create(stage.event(1))
        await stage.until(event, 0.3)
        await stage.cancel(event)
        await stage.ask()


@vtn_case("A_E3_0498", "cancelled, no answer wanted", rules=(10, 12, 50, 52))
async def never(t: VtnTest) -> None:
    """The cancellation of an event that wants no answer is sent, and not for ever.

    1. An operator creates an event in 1 unit that lasts 1, and must not be answered.
    2. The operator cancels it; the VTN sends it as cancelled.
    3. When it would be over the VEN asks for its events: it is gone.
    """
    async with staged(t) as stage:
        spec = stage.event(1, stage.signal(1, units=1), response_required=ResponseRequired.NEVER)
        (event,) = await stage.create(spec)
        await stage.cancel(event)
        await stage.until(event, 1.3)
        snapshot = await stage.ask()
        seen = snapshot.find(event.id)
        t.expect(OVER, seen is None, "it is still sent", snapshot.recorded)


@vtn_case("A_E3_0657", "cancelled at once", rules=(5, 10, 50, 61))
async def at_once(t: VtnTest) -> None:
    """One event is cancelled, and another stays.

    1. An operator creates two events; the VEN opts in to both.
    2. The operator cancels the second one; the VTN sends both, the second one as cancelled.
    3. The VEN acknowledges that, and asks for its events: only the first is there.
    """
    async with staged(t) as stage:
        first, second = await stage.create(stage.event(10), stage.event(20))
        cancelled = await stage.cancel(second)
        stage.all_in(stage.with_it(cancelled), [first], cancelled.recorded)
        await stage.complete(first)


@vtn_case("K1_0052", "a cancellation is not acknowledged", rules=(36, 50, 52), suite=Suite.EVENT)
async def not_acknowledged(t: VtnTest) -> None:
    """A VTN does not give up before it knows that an event is cancelled.

    1. An operator creates an event that must be answered, and cancels it.
    2. The VTN sends it as cancelled; the VEN does not answer.
    3. The VTN sends it again of its own accord: in answer to a later poll, or by push.
    4. The VEN asks for its events, and it is among them.
    5. The VEN acknowledges the cancellation, and asks again: it is gone.
    """
    async with staged(t) as stage:
        (event,) = await stage.create(stage.event(60))
        t.ven.opt = None
        cancelled = await stage.cancel(event)
        again = await stage.hear_again(event, UNPUSHED if t.push else AGAIN)
        snapshot = await stage.ask()
        found = snapshot.find(event.id)
        t.expect(KEPT, found is not None, "it is not there", snapshot.recorded)
        answer = await stage.answer(found or again or cancelled)
        code = code_of(answer.answered)
        t.expect(ACKNOWLEDGED, code == "200", code or answer.title, answer)
        await stage.ask()


@vtn_case("K1_0502", "an event is not answered", rules=(12, 50, 502), suite=Suite.EVENT)
async def not_answered(t: VtnTest) -> None:
    """A VTN does not rely on a message that may have been lost.

    1. An operator creates an event that must be answered.
    2. The VTN sends it; the VEN does not answer.
    3. The VTN sends it again of its own accord: in answer to a later poll, or by push.
    4. The VEN asks for its events, and it is among them.
    """
    async with staged(t, opt=None) as stage:
        (event,) = await stage.create(stage.event(60))
        await stage.hear_again(event, UNANSWERED)
        await stage.complete(event)
