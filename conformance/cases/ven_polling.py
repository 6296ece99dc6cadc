"""How a VEN polls, and how it goes on when the VTN does not answer as it should."""

from datetime import timedelta
from itertools import pairwise

from conformance.actions import Restart
from conformance.case import Suite, VenTest, ven_case
from conformance.cases.answering import (
    PATIENT,
    Said,
    answer,
    at_first,
    expect_taken,
    fetched,
    hears,
    needed,
    polling_every,
    say,
    seen,
    settled,
    soon,
    told,
)
from conformance.cases.ven_registration import NEW, begin, refused
from conformance.checks import Severity, Side
from conformance.demands import demand
from conformance.peers import Recorded
from conformance.peers.http import Reply
from oadr import messages as m

POLLS = demand(37, "polls", "A VEN that is not pushed to polls.")
IN_TIME = demand(
    500,
    "polls_in_time",
    "A VEN that has nothing to do polls about as often as the VTN asks.",
    # It may poll less often, as long as events come in time.
    Severity.INFORMATION,
)
NOT_FASTER = demand(
    500, "polls_not_faster", "A VEN that has nothing to fetch polls no more often than asked."
)
NEW_INTERVAL = demand(
    500,
    "takes_new_interval",
    "A VEN that registers again polls no more often than the VTN asks then.",
)
FETCHES_ALL = demand(
    500, "fetches_all", "A VEN polls again at once until nothing waits for it any more."
)
GOES_ON = demand(
    500, "goes_on_polling", "A VEN goes on polling after a reply that it cannot use, or none."
)
WORKS_AFTER = demand(
    500, "works_after_faults", "A VEN takes events after replies that it could not use."
)
AFTER_REFUSAL = demand(
    401,
    "tries_after_refusal",
    "A VEN whose registration was refused tries again later.",
    Severity.WARNING,
)
AFTER_BUSY = demand(
    "HTTP", "registers_after_503", "A VEN waits and tries again when HTTP 503 answers it."
)
AFTER_FAULT = demand(
    "HTTP",
    "registers_after_faults",
    "A VEN waits and tries again when HTTP 500 or nothing answers it.",
    Severity.WARNING,
)
AFTER_RESTART = demand(
    401, "lives_after_restart", "A VEN that was restarted polls or registers again."
)
#: Short whiles between two polls, and some more, that the events of the kit allow: they last
#: ten, and a fifth of that is the most (R500).
_SELDOM = 5
KEEPS_EVENTS = demand(
    56, "answers_after_restart", "A VEN that was restarted answers the events there are."
)


@ven_case("N1_0015", "poll interval", rules=(37, 403, 500, 501), push=False)
async def poll_interval(t: VenTest) -> None:
    """A VEN polls as often as the VTN asks; one that is pushed to does not poll.

    1. The VTN asks for an interval in oadrCreatedPartyRegistration.
    2. The VEN polls at that interval.
    3. The VTN has the VEN register again, and asks for a longer interval.
    4. The VEN polls at that interval.
    """
    first, second = t.vtn.poll_freq, t.vtn.poll_freq * 2
    async with polling_every(t, first):
        pace = await pace_of(t, first)
        if not t.expect(POLLS, pace is not None, "no two polls"):
            return
        slow = pace is not None and pace > first * 2 + t.device.unit / 2
        if not t.expect(IN_TIME, not slow, f"every {pace}, asked for {first}"):
            return
        fast = pace is not None and pace < first * 0.75
        t.expect(NOT_FASTER, not fast, f"every {pace}, asked for {first}")
        async with polling_every(t, second):
            pace = await pace_of(t, second)
            fast = pace is not None and pace < second * 0.75
            t.expect(NEW_INTERVAL, not fast, f"every {pace}, asked for {second} then")


@ven_case("K1_0500A", "several messages wait", rules=(500,), suite=Suite.GENERAL, push=False)
async def several_wait(t: VenTest) -> None:
    """A VEN fetches all that waits before it rests.

    1. Three messages wait at the VTN.
    2. The VEN polls, and polls again at once for the second and for the third.
    """
    interval = t.device.unit
    async with polling_every(t, interval):
        longest = interval
        # Twice, should this machine have stopped for a moment.
        for _ in range(2):
            longest = min(longest, await fetching(t))
            if longest < interval / 2:
                break
        t.expect(FETCHES_ALL, longest < interval / 2, f"the next poll came after {longest}")


@ven_case("K1_0500B", "replies that are of no use", rules=(500,), suite=Suite.GENERAL, push=False)
async def useless_replies(t: VenTest) -> None:
    """A VEN survives what a VTN should not say.

    1. Polls are answered with HTTP 503 and 500, with nothing at all, with an empty body, with
       something that is no XML, with what the schema does not allow, and with a message that
       is no answer to a poll.
    2. The VEN polls again each time.
    3. The VTN distributes an event, and the VEN answers.
    """
    await settled(t)
    wrong = t.vtn.written(m.Poll(ven_id=t.vtn.ven_id))
    replies: dict[str, Said] = {
        "HTTP 503": Reply(status=503),
        "HTTP 500": Reply(status=500),
        "a broken connection": Reply(status=None),
        "an empty body": Reply(status=200),
        "no XML": b"It works!",
        "an invalid message": wrong.replace(b"ei:venID", b"ei:vtnID"),
        "oadrPoll": wrong,
    }
    for words, reply in replies.items():
        since = len(t.tape)
        at_first(t, "oadrPoll", reply)
        bad = needed(await hears(t, "oadrPoll", since), f"no poll to answer with {words}")
        again = await hears(t, "oadrPoll", bad.number)
        if not t.expect(GOES_ON, again is not None, f"none after {words}", bad):
            return
    if t.report_only:
        return
    event = soon(t)
    since = await say(t, event)
    expect_taken(t, WORKS_AFTER, await answer(t, event, since))


@ven_case("K1_0401A", "registration refused", rules=(401,), suite=Suite.REGISTRATION, last=True)
async def refused_at_first(t: VenTest) -> None:
    """A VEN that is not admitted yet comes again.

    1. The VEN registers, and the VTN refuses: 463.
    2. The VEN tries again later, and is registered.
    """
    at_first(t, NEW, lambda message: refused(t, message))
    await begin(t)
    first = needed(await hears(t, NEW, 0), f"no {NEW}")
    again = await hears(t, NEW, first.number, PATIENT)
    t.expect(AFTER_REFUSAL, again is not None, f"no other {NEW}", first)


@ven_case(
    "K1_0401B", "registration not answered", rules=(401,), suite=Suite.REGISTRATION, last=True
)
async def not_answered_at_first(t: VenTest) -> None:
    """A VEN that starts while its VTN is not there comes again.

    1. The VEN registers, and HTTP 503 answers.
    2. The VEN tries again, and HTTP 500 answers.
    3. The VEN tries again, and the connection breaks off.
    4. The VEN tries again, and is registered.
    """
    at_first(t, NEW, Reply(status=503), Reply(status=500), Reply(status=None))
    await begin(t)
    last = needed(await hears(t, NEW, 0), f"no {NEW}")
    for wanted, what in ((AFTER_BUSY, "503"), (AFTER_FAULT, "500"), (AFTER_FAULT, "nothing")):
        again = await hears(t, NEW, last.number, PATIENT)
        if not t.expect(wanted, again is not None, f"no other {NEW} after {what}", last):
            return
        last = needed(again, "")


@ven_case("K1_0401C", "restart", rules=(401, 56), suite=Suite.REGISTRATION)
async def restart(t: VenTest) -> None:
    """A VEN that is restarted goes on, or registers again, and answers its events.

    1. The VEN has answered an event.
    2. The VEN is restarted, and polls or registers.
    3. The VTN sends the event again, and the VEN answers.
    """
    await settled(t)
    event = soon(t)
    since = await say(t, event)
    t.need(await answer(t, event, since), "the VEN does not answer an event")
    since = len(t.tape)
    await t.do(Restart())
    back = await seen(t, lambda one: one.asked_by is Side.VEN, since)
    if t.expect(AFTER_RESTART, back is not None, "it says nothing"):
        since = await say(t)
        expect_taken(t, KEEPS_EVENTS, await answer(t, event, since))


async def fetching(t: VenTest) -> timedelta:
    """Has three messages wait, and returns the longest time between the polls that fetch them."""
    since = len(t.tape)
    metadata = [m.RegisterReport(request_id=t.vtn.new_id()) for _ in range(2)]
    t.vtn.queue.extend((metadata[0], t.vtn.snapshot(response=True), metadata[1]))
    t.need(await fetched(t), "the VEN does not poll")
    # The one to which there is nothing.
    last = needed(await seen(t, _idle, since, 6), "the VEN does not poll")
    times = [one.at for one in told(t, "oadrPoll", since) if one.number <= last.number]
    return max((after - before for before, after in pairwise(times)), default=timedelta.max)


async def pace_of(t: VenTest, interval: timedelta) -> timedelta | None:
    """Returns how long it is from one poll to the next while nothing waits; None if none come.

    Of three times that in the middle: what a VEN has just done may be a reason to poll.
    """
    since, deadline = len(t.tape), t.clock.now() + interval * 8 + t.device.unit * _SELDOM
    while len(polls := [one for one in told(t, "oadrPoll", since) if _idle(one)]) < 4:
        if t.clock.now() >= deadline:
            break
        await t.clock.sleep(interval / 5)
    gaps = sorted(after.at - before.at for before, after in pairwise(polls))
    return gaps[len(gaps) // 2] if gaps else None


def _idle(one: Recorded) -> bool:
    """Whether this is a poll for which there was nothing."""
    replied = one.answered is not None and one.answered.name == "oadrResponse"
    return one.asked.name == "oadrPoll" and replied
