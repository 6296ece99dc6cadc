"""Events that change, are cancelled or vanish, with a VEN under test."""

from conformance.actions import Events
from conformance.case import Suite, VenTest, ven_case
from conformance.cases.answering import (
    answer,
    away,
    cancelled,
    expect_refused,
    expect_taken,
    gone,
    held,
    modified,
    say,
    settled,
    soon,
)
from conformance.checks import Severity
from conformance.demands import demand
from oadr import messages as m
from oadr.enums import OptType

HIGHER = demand(57, "takes_higher", "A higher modificationNumber replaces what a VEN knows.")
LOWER = demand(58, "refuses_lower", "A lower modificationNumber than the known is refused: 450.")
KEEPS = demand(
    58, "keeps_known", "After an older modification was refused, events are answered as before."
)
CANCELLED_IS_GONE = demand(59, "cancelled_is_gone", "A VEN does not carry out a cancelled event.")
AGAIN = demand(60, "answers_again", "A cancellation that comes again is answered without an error.")
CONFIRMED = demand(
    36,
    "confirms_again",
    "A cancellation that was confirmed, optIn, is confirmed when repeated.",
    # R60 leaves open what is said to the cancellation of what was forgotten.
    Severity.WARNING,
)
SAME_OPT = demand(
    19,
    "opt_unchanged",
    "An unchanged event is answered as before, whatever comes beside it.",
    Severity.WARNING,
)
UNKNOWN = demand(
    60, "answers_unknown", "The cancellation of an unknown event is answered without an error."
)
NOT_EXECUTED = demand(60, "unknown_is_ignored", "A cancelled event that is new is not carried out.")
OTHERS = demand(
    19, "others_despite_cancelled", "Beside a cancelled event others are taken as always."
)
MISSING = demand(61, "missing_is_gone", "A VEN drops an event that is missing from the message.")
STAYS = demand(61, "listed_stays", "A VEN keeps the events that a message lists.")
EMPTY = demand(61, "empty_drops_all", "A VEN drops its events when a message lists none.")


@ven_case("K1_0057A", "a modification", rules=(5, 57), suite=Suite.EVENT)
async def higher_number(t: VenTest) -> None:
    """An event changes, more than once before the VEN hears of it.

    1. The VTN distributes an event that is pending, and one that is active.
    2. The VTN distributes the third modification of each.
    3. The VEN answers with that number and without an error.
    """
    await settled(t)
    unit = t.device.unit
    pending, active = soon(t), t.vtn.event(1, starts_in=unit * -1, each=unit * 10)
    await known(t, active, pending)
    for event in (active, pending):
        version = modified(event, by=3, vtn_comment="changed")
        since = await say(t, version)
        expect_taken(t, HIGHER, await answer(t, version, since))


@ven_case("K1_0058A", "an older modification", rules=(19, 58), suite=Suite.EVENT)
async def lower_number(t: VenTest) -> None:
    """What a VEN knows better is refused.

    1. The VTN distributes the second modification of an event.
    2. The VTN distributes the first, beside a new event; the VEN refuses it with 450.
    3. The VEN takes the new event.
    4. The VTN distributes the second again, and the VEN knows it.
    """
    await settled(t)
    first = soon(t)
    second, other = modified(first, by=2, vtn_comment="changed"), soon(t)
    since = await say(t, second)
    t.need(await answer(t, second, since), "the VEN does not answer an event")
    since = await say(t, first, other)
    expect_refused(t, LOWER, await answer(t, first, since), 450)
    expect_taken(t, KEEPS, await answer(t, other, since))
    since = await say(t, second)
    expect_taken(t, KEEPS, await answer(t, second, since))


@ven_case("K1_0059A", "a cancellation", rules=(36, 59, 60), suite=Suite.EVENT)
async def cancellation(t: VenTest) -> None:
    """A cancelled event ends, and the cancellation may come again.

    1. The VTN distributes two events, and then one of them cancelled; the VEN answers.
    2. The VTN, as if it had not heard, sends the same again; the VEN answers both events
       without an error, and as before.
    3. The VEN does not carry the cancelled one out, if somebody can tell.
    """
    await settled(t)
    event, other = soon(t), soon(t)
    since = await say(t, event, other)
    t.need(await answer(t, event, since), "the VEN does not answer an event")
    gone_now, opts = cancelled(event), []
    for _ in range(2):
        since = await say(t, gone_now)
        found = [await answer(t, one, since) for one in (gone_now, other)]
        expect_taken(t, AGAIN, found[0])
        expect_taken(t, OTHERS, found[1])
        opts.append([one.opt if one is not None else "" for one in found])
    (first, before), (second, after) = opts
    confirmed = first != OptType.OPT_IN or second == OptType.OPT_IN
    t.expect(CONFIRMED, confirmed, f"{second or 'no answer'} after {first}")
    t.expect(SAME_OPT, before == after, f"{after or 'no answer'} after {before}")
    if await held(t) is not None:
        t.expect(CANCELLED_IS_GONE, await gone(t, event), "it is still there")


@ven_case("K1_0060A", "cancellation of an unknown event", rules=(19, 21, 60), suite=Suite.EVENT)
async def unknown_cancellation(t: VenTest) -> None:
    """A cancelled event that a VEN does not know is nothing to it.

    1. The VTN distributes a cancelled event that the VEN never had, beside a new one.
    2. The VEN answers both without an error.
    3. The VEN carries out the new one alone, if somebody can tell.
    """
    await settled(t)
    never_had, other = cancelled(soon(t)), soon(t)
    since = await say(t, never_had, other)
    expect_taken(t, UNKNOWN, await answer(t, never_had, since))
    expect_taken(t, OTHERS, await answer(t, other, since))
    there = await held(t)
    if there is not None:
        t.expect(NOT_EXECUTED, never_had.event_id not in there, "it is carried out")


@ven_case("K1_0061A", "an event that is missing", rules=(61,), suite=Suite.EVENT)
async def missing_event(t: VenTest) -> None:
    """An event that is not listed any more is cancelled without a word.

    1. The VTN distributes two events.
    2. The VTN distributes one of them.
    3. The VEN carries out that one alone.
    """
    await settled(t)
    event, other = soon(t), soon(t)
    await known(t, event, other)
    await away(t, event)
    await say(t)
    t.expect(MISSING, await gone(t, event), "it is still there")
    there = await t.do(Events())
    t.expect(STAYS, other.event_id in there, "the other is not there any more")


@ven_case("K1_0061B", "no events any more", rules=(61,), suite=Suite.EVENT)
async def empty_list(t: VenTest) -> None:
    """A message without events cancels all of them.

    1. The VTN distributes an event.
    2. The VTN distributes no events.
    3. The VEN carries out none.
    """
    await settled(t)
    event = soon(t)
    await known(t, event)
    await away(t, event)
    await say(t)
    t.expect(EMPTY, await gone(t, event), "it is still there")


async def known(t: VenTest, *events: m.Event) -> None:
    """Has the VEN hold events."""
    since = await say(t, *events)
    for event in events:
        found = await answer(t, event, since)
        t.need(found is not None and found.good, "the VEN does not take an event")
    there = await held(t)
    t.need(
        there is None or all(event.event_id in there for event in events),
        "the VEN does not show the events that it has taken",
    )
