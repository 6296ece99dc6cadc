"""Polls and identifiers, with a VTN under test."""

from collections.abc import Iterable, Sequence

from conformance.case import Skipped, Suite, VtnTest, vtn_case
from conformance.cases.of_ven import (
    answer_of,
    maybe_with_ven_id,
    of_each_kind,
    refused,
    schedule,
    taken,
    turned_away,
    unanswered,
)
from conformance.checks import Severity
from conformance.checks.general import OPERATIONS
from conformance.demands import Demand, demand
from oadr import messages as m

EMPTY_QUEUE = demand(
    500, "empty_queue", "A poll for which nothing waits is answered with oadrResponse 200."
)
COMES_TO_AN_END = demand(
    500,
    "queue_ends",
    "A VEN that polls until nothing comes any more gets there, also if it has events.",
    Severity.WARNING,
)
WRONG_POLL = demand(
    500,
    "wrong_poll_refused",
    "A poll under a wrong venID is answered with oadrResponse 452; without TLS with 463 or"
    " nothing as well.",
)
INVERTED = demand(
    512, "inverted_refused", "A venID with other capitals is another one, and refused with 452."
)
UNKNOWN = demand(
    21, "unknown_refused", "A venID that the VTN has not given is refused with 452 or 463."
)
NOBODY = demand(
    508, "nobody_refused", "Without TLS a message without venID is from nobody, and refused."
)
NOT_NAMED = demand(
    508,
    "not_named_refused",
    "A message without venID is refused, even if certificate or registrationID say whose it is.",
    Severity.WARNING,
)
STILL_SERVED = demand(
    21, "still_served", "What others send in its name changes nothing for a registered VEN."
)
ODD_IDS = demand(
    207, "odd_ids_taken", "An identifier is any text: requests with odd ones are answered."
)

#: Of a different type for a program that guesses, or with characters that XML has to escape.
ODD = ("0042", "007", "1.10", "true", "Tom & Co", "a<b>", "1e5", "None", '"quoted"')
#: What a VTN may refuse a wrong venID with: it may know the sender by a certificate, or not (R517).
_CODES = ("452", "463")


#: What may come back from a poll beside oadrResponse (section 1.3).
_MANY_POLLS = 20


async def _all_refused(
    t: VtnTest, which: Demand, messages: Iterable[m.Message], codes: Sequence[str] = _CODES
) -> None:
    """Looks whether each message is refused, and whether that has changed nothing."""
    for message in messages:
        sent = await t.ven.send(message)
        t.expect(which, turned_away(t, sent, *codes), answer_of(sent), sent)
    asked = await t.ven.request_event()
    t.expect(STILL_SERVED, taken(asked), answer_of(asked), asked)


def _cancellation(t: VtnTest, ven_id: str | None) -> m.CancelPartyRegistration:
    """Returns a cancellation of the registration that there is."""
    return m.CancelPartyRegistration(
        request_id=t.ven.new_id(), registration_id=t.ven.registration_id, ven_id=ven_id
    )


@vtn_case("K1_0500A", "poll for nothing", rules=(500, 501), suite=Suite.GENERAL, push=False)
async def poll_for_nothing(t: VtnTest) -> None:
    """A VEN polls while nothing waits for it.

    1. The VEN is registered, and has polled until nothing came any more.
    2. The VEN polls twice; the VTN answers each time oadrResponse with 200.
    3. A VTN that has something to say all the same is polled until it has not.
    """
    await t.joined()
    for _ in range(2):
        polled = await t.ven.poll()
        answered = polled.answered
        if answered is not None and answered.name in OPERATIONS:
            # Something has come up meanwhile, or the VTN repeats its events, as it may (R502).
            await t.ven.drain(most=_MANY_POLLS)
            polled = await t.ven.poll()
            ended = polled.title == "oadrPoll: oadrResponse"
            t.expect(COMES_TO_AN_END, ended, f"{_MANY_POLLS} polls: {answer_of(polled)}", polled)
            return
        fine = taken(polled) and polled.title == "oadrPoll: oadrResponse"
        t.expect(EMPTY_QUEUE, fine, answer_of(polled), polled)


@vtn_case("K1_0500B", "poll under a wrong venID", rules=(500, 517), suite=Suite.GENERAL)
async def poll_with_wrong_ven_id(t: VtnTest) -> None:
    """A VEN polls under a venID that is not its own.

    1. The registered VEN polls under a venID that the VTN has not given.
    2. The VTN answers oadrResponse with 452; if it cannot know who polls, with 463 or not at
       all.
    """
    await t.joined()
    polled = await t.ven.send(m.Poll(ven_id=f"no-{t.ven.ven_id}"))
    named = polled.title == "oadrPoll: oadrResponse"
    silent = t.ven.identity.client_tls is None and unanswered(polled)
    fine = silent or (named and refused(polled, *_CODES))
    t.expect(WRONG_POLL, fine, answer_of(polled), polled)


@vtn_case("K1_0512", "venID with other capitals", rules=(21, 512, 517), suite=Suite.GENERAL)
async def inverted_ven_id(t: VtnTest) -> None:
    """Identifiers are compared as they are, capitals included.

    1. The registered VEN sends one message of each kind under its venID with all capitals
       inverted, a cancellation with the right registrationID among them.
    2. The VTN refuses each with 452, or with 463, if it cannot know who sends it.
    3. The VEN asks for its events under its own venID, and is served.
    """
    await t.joined()
    inverted = t.ven.ven_id.swapcase()
    if inverted == t.ven.ven_id:
        raise Skipped(f"the venID {inverted!r} has no letters")
    messages = [*of_each_kind(t, inverted), _cancellation(t, inverted)]
    await _all_refused(t, INVERTED, messages)


@vtn_case("K1_0021", "unknown venID", rules=(21, 304, 400, 517), suite=Suite.GENERAL)
async def unknown_ven_id(t: VtnTest) -> None:
    """A venID that the VTN has not given counts for nothing.

    1. The VEN is registered; messages of each kind come under a venID that is nobody's.
    2. The VTN refuses each with 452 or 463 in the fitting message.
    3. The VEN asks for its events under its own venID, and is served.
    """
    await t.joined()
    nobody = f"no-{t.ven.ven_id}"
    await _all_refused(t, UNKNOWN, [*of_each_kind(t, nobody), _cancellation(t, nobody)])


@vtn_case("K1_0508", "no venID", rules=(304, 508), suite=Suite.GENERAL)
async def no_ven_id(t: VtnTest) -> None:
    """Where the schema does not ask for a venID, the profile does.

    1. The VEN is registered; messages come without venID, one of each kind that can be so.
    2. The VTN refuses each: without TLS nobody has sent it.
    3. The VEN asks for its events under its own venID, and is served.
    4. The VEN cancels its registration without venID; the VTN refuses.
    """
    await t.joined()
    which = NOBODY if t.ven.identity.client_tls is None else NOT_NAMED
    # 459 is as good: what is missing is no wrong identifier (R33).
    await _all_refused(t, which, maybe_with_ven_id(t, None), codes=())
    sent = await t.ven.send(_cancellation(t, None))
    t.expect(NOT_NAMED, turned_away(t, sent), answer_of(sent), sent)


@vtn_case("K1_0207", "odd identifiers", rules=(48, 207, 303), suite=Suite.GENERAL)
async def odd_identifiers(t: VtnTest) -> None:
    """Identifiers are text, whatever they look like, and come back as they were.

    1. The registered VEN sends messages whose requestIDs and optIDs look like numbers or
       truth values, or have characters that XML escapes.
    2. The VTN answers each, and repeats the identifiers to the letter.
    """
    await t.joined()
    ven_id = t.ven.ven_id
    for odd in ODD:
        for message in (
            m.QueryRegistration(request_id=odd),
            m.RequestEvent(request_id=odd, ven_id=ven_id),
            m.UpdateReport(request_id=odd, ven_id=ven_id),
            schedule(t, ven_id, opt_id=odd, request_id=odd),
            m.CancelOpt(request_id=odd, opt_id=odd, ven_id=ven_id),
        ):
            sent = await t.ven.send(message)
            # Where a service is missing, that is not because of the identifier.
            fine = sent.answered is not None or sent.status == 404
            t.expect(ODD_IDS, fine, f"{odd!r}: {answer_of(sent)}", sent)
