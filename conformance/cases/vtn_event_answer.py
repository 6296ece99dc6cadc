"""What a VEN says to events, with a VTN under test (R16, R17, R25, R35, R42, R48, R512)."""

from dataclasses import replace

from conformance.actions import OptOf
from conformance.case import Skipped, Suite, VtnTest, vtn_case
from conformance.cases.vtn_event_shown import Shown
from conformance.cases.vtn_event_stage import Stage, staged
from conformance.checks import Severity
from conformance.checks.exchange import code_of
from conformance.demands import Demand, demand
from conformance.peers import Recorded
from oadr import messages as m
from oadr.enums import OptType

OPT = demand(16, "opt_shown", "A VTN knows what a VEN has said to an event, optIn or optOut.")
LATER = demand(17, "later_opt_shown", "A VTN knows of an optOut to an event that was answered.")
LATER_TAKEN = demand(17, "later_opt_taken", "A VTN takes a later optOut from an event: 200.")
BACK_TAKEN = demand(
    17,
    "opt_back_taken",
    "A VTN takes the optIn of a VEN that has opted out: 200.",
    Severity.WARNING,
)
BACK = demand(
    17,
    "opt_back_shown",
    "A VTN knows that a VEN takes part again that has opted out.",
    Severity.WARNING,
)
LATE = demand(
    17, "late_answer_answered", "An answer to an event that is over is answered with oadrResponse."
)
UNKNOWN = demand(48, "unknown_event_452", "An answer to an unknown eventID is refused with 452.")
NUMBER = demand(
    48, "wrong_number_450", "An answer with a wrong modificationNumber is refused with 450."
)
TAKEN = demand(48, "right_answer_taken", "A right answer to an event is taken: 200.")
ERROR = demand(
    25,
    "error_answered",
    "An oadrCreatedEvent with an error and without eventResponses is answered with oadrResponse.",
)
REFUSED = demand(
    25, "refusal_answered", "An answer to an event with a code other than 200 is taken: 200."
)
MISSING = demand(
    35,
    "missing_answers_answered",
    "An oadrCreatedEvent without error and eventResponses is answered with oadrResponse.",
)
EARLIER = demand(
    42,
    "earlier_request_id_taken",
    "An answer may have the requestID of any message that brought the event.",
)
CASE = demand(
    512, "ven_id_case_sensitive", "A request for events with a venID in another case is refused."
)
_UNKNOWN = "no-such-event"


async def _shows(t: VtnTest, event: Shown, opt: OptType, what: Demand) -> None:
    """Expects that the VTN shows an answer, now or soon."""
    seen = ""
    for _ in range(5):
        seen = await t.do(OptOf(event_id=event.id))
        if seen == opt.value:
            break
        await t.wait(0.2)
    t.expect(what, seen == opt.value, f"{seen or 'no answer'} for {opt.value}")


def _coded(t: VtnTest, what: Demand, code: str, recorded: Recorded) -> None:
    """Expects a code."""
    seen = code_of(recorded.answered)
    t.expect(what, seen == code, seen or recorded.title, recorded)


def _answered(t: VtnTest, what: Demand, recorded: Recorded) -> None:
    """Expects oadrResponse, with whatever code."""
    answered = recorded.answered
    ok = answered is not None and answered.name == "oadrResponse"
    t.expect(what, ok, recorded.title, recorded)


@vtn_case("A_E3_0452", "the VEN opts in", rules=(12, 16, 48))
async def opts_in(t: VtnTest) -> None:
    """A VTN hears that a VEN takes part.

    1. An operator creates a pending event.
    2. The VTN sends it, and the VEN answers optIn.
    3. The VTN shows that the VEN takes part.
    """
    async with staged(t) as stage:
        (event,) = await stage.create(stage.event(10))
        await _shows(t, event, OptType.OPT_IN, OPT)


@vtn_case("A_E3_0454", "the VEN opts out", rules=(12, 16, 48))
async def opts_out(t: VtnTest) -> None:
    """A VTN hears that a VEN does not take part.

    1. An operator creates a pending event.
    2. The VTN sends it, and the VEN answers optOut.
    3. The VTN shows that the VEN does not take part.
    """
    async with staged(t, opt=OptType.OPT_OUT) as stage:
        (event,) = await stage.create(stage.event(10))
        await _shows(t, event, OptType.OPT_OUT, OPT)


@vtn_case("K1_0017A", "a change of mind", rules=(16, 17, 42), suite=Suite.EVENT)
async def change_of_mind(t: VtnTest) -> None:
    """A VEN that has opted in opts out later, and in again.

    1. An operator creates an event; the VEN answers optIn.
    2. The VEN answers optOut; the VTN takes that with 200, and shows it.
    3. The VEN answers optIn; the VTN takes that with 200, and shows it.
    """
    async with staged(t) as stage:
        (event,) = await stage.create(stage.event(10))
        for opt, is_taken, is_shown in (
            (OptType.OPT_OUT, LATER_TAKEN, LATER),
            (OptType.OPT_IN, BACK_TAKEN, BACK),
        ):
            _coded(t, is_taken, "200", await stage.answer(event, opt=opt))
            await _shows(t, event, opt, is_shown)


@vtn_case("K1_0017B", "an answer after the end", rules=(17, 48), suite=Suite.EVENT)
async def after_the_end(t: VtnTest) -> None:
    """A VEN answers late, and the VTN bears it.

    1. An operator creates an event in 1 unit that lasts 1; the VEN opts in.
    2. When it is over the VEN answers optOut; the VTN answers with oadrResponse.
    """
    async with staged(t) as stage:
        (event,) = await stage.create(stage.event(1, stage.signal(1, units=1)))
        await stage.until(event, 1.3)
        await stage.ask()
        _answered(t, LATE, await stage.answer(event, opt=OptType.OPT_OUT))


@vtn_case("K1_0025A", "an error in place of answers", rules=(25, 35, 48), suite=Suite.EVENT)
async def error_instead(t: VtnTest) -> None:
    """A VEN could make nothing of a message with events, and says so.

    1. The VEN sends oadrCreatedEvent with eiResponse 459 and without eventResponses; the VTN
       answers with oadrResponse.
    2. An operator creates an event.
    3. The VEN sends the same again; the VTN answers with oadrResponse.
    """
    error = m.EiResponse(code=459, description="something is missing")
    async with staged(t) as stage:
        _answered(t, ERROR, await stage.say((), error))
        await stage.create(stage.event(10))
        _answered(t, ERROR, await stage.say((), error))


@vtn_case("K1_0025B", "an event is refused", rules=(16, 25, 48), suite=Suite.EVENT)
async def event_refused(t: VtnTest) -> None:
    """A VEN cannot carry out an event, and says why.

    1. An operator creates an event; the VEN answers optOut with code 460.
    2. The VTN takes that with 200.
    3. The VTN shows that the VEN does not take part.
    """
    async with staged(t, opt=None) as stage:
        (event,) = await stage.create(stage.event(10))
        answer = await stage.answer(event, opt=OptType.OPT_OUT, code=460)
        _coded(t, REFUSED, "200", answer)
        await _shows(t, event, OptType.OPT_OUT, OPT)


@vtn_case("K1_0035", "neither error nor answers", rules=(33, 35), suite=Suite.EVENT)
async def nothing_said(t: VtnTest) -> None:
    """A VEN forgets its answers, and the VTN bears it.

    1. An operator creates an event.
    2. The VEN sends oadrCreatedEvent with eiResponse 200 and without eventResponses; the VTN
       answers with oadrResponse.
    """
    async with staged(t) as stage:
        await stage.create(stage.event(10))
        _answered(t, MISSING, await stage.say(()))


@vtn_case("K1_0042", "an earlier requestID", rules=(41, 42, 43), suite=Suite.EVENT)
async def earlier_request_id(t: VtnTest) -> None:
    """An event comes with several messages, and the answer names one of them.

    1. An operator creates an event; the VTN sends it, and the VEN does not answer.
    2. The VEN asks for its events twice, and answers with the requestID of the first message.
    3. The VTN takes that with 200.
    """
    async with staged(t, opt=None) as stage:
        (event,) = await stage.create(stage.event(10))
        await stage.ask()
        await stage.ask()
        _coded(t, EARLIER, "200", await stage.answer(event))


@vtn_case("K1_0048A", "an unknown event", rules=(21, 48), suite=Suite.EVENT)
async def unknown_event(t: VtnTest) -> None:
    """A VEN answers an event that there is not.

    1. The VEN answers an eventID that the VTN has never sent; the VTN refuses that with 452.
    2. An operator creates an event; the VTN sends it.
    3. The VEN answers an unknown eventID again; the VTN refuses that with 452.
    """
    async with staged(t) as stage:
        _coded(t, UNKNOWN, "452", await _about_unknown(stage))
        await stage.create(stage.event(10))
        _coded(t, UNKNOWN, "452", await _about_unknown(stage))


async def _about_unknown(stage: Stage) -> Recorded:
    return await stage.say(
        [
            m.EventResponse(
                request_id="1", event_id=_UNKNOWN, modification_number=0, opt_type=OptType.OPT_IN
            )
        ]
    )


@vtn_case("K1_0048B", "a wrong modificationNumber", rules=(48,), suite=Suite.EVENT)
async def wrong_number(t: VtnTest) -> None:
    """A VEN answers a version of an event that there is not.

    1. An operator creates an event; the VTN sends it.
    2. The VEN answers with a modificationNumber that is 5 higher; the VTN refuses with 450.
    3. The VEN answers with the right one; the VTN takes that with 200.
    """
    async with staged(t, opt=None) as stage:
        (event,) = await stage.create(stage.event(10))
        wrong = await stage.answer(event, modification_number=event.number + 5)
        _coded(t, NUMBER, "450", wrong)
        _coded(t, TAKEN, "200", await stage.answer(event))


@vtn_case("K1_0048C", "one right, one wrong", rules=(12, 19, 48), suite=Suite.EVENT)
async def one_wrong(t: VtnTest) -> None:
    """After a refusal a VEN answers its events one by one.

    1. An operator creates two events; the VTN sends them.
    2. The VEN answers the first and an unknown one in one message; the VTN refuses with 452.
    3. The VEN answers both events, each in a message of its own; the VTN takes both with 200.
    """
    async with staged(t, opt=None) as stage:
        first, second = await stage.create(stage.event(10), stage.event(20))
        right = m.EventResponse(
            request_id=first.request_id,
            event_id=first.id,
            modification_number=first.number,
            opt_type=OptType.OPT_IN,
        )
        wrong = replace(right, event_id=_UNKNOWN)
        _coded(t, UNKNOWN, "452", await stage.say((right, wrong)))
        for one in (first, second):
            _coded(t, TAKEN, "200", await stage.answer(one))


@vtn_case("K1_0512E", "a venID in another case", rules=(21, 512, 517), suite=Suite.EVENT)
async def other_case(t: VtnTest) -> None:
    """Names are compared letter by letter.

    1. The VEN sends oadrRequestEvent with its venID, upper and lower case exchanged.
    2. The VTN refuses that.
    """
    async with staged(t):
        ven_id = t.ven.ven_id.swapcase()
        if ven_id == t.ven.ven_id:
            raise Skipped(f"the venID {ven_id!r} has no letters")
        asked = await t.ven.send(m.RequestEvent(request_id=t.ven.new_id(), ven_id=ven_id))
        code = code_of(asked.answered)
        # Whoever is refused at the door hears a status of HTTP, which is as good; a server
        # that has failed has refused nobody.
        t.need((asked.status or 0) < 500, f"the VTN fails with HTTP {asked.status}")
        t.expect(CASE, not code.startswith("2"), code, asked)
