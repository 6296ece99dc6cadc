"""What bears on one event of a VEN: opt, delivery, acknowledgement, clocks."""

from collections.abc import Sequence

from oadr.enums import OptType, ResponseRequired
from oadr.opt import Extent, Participation, reasons
from vtn.dispatch.snapshot import is_settled
from vtn.explain.facts import Facts
from vtn.explain.finding import Finding, Grade
from vtn.explain.refusals import in_words, repair_of
from vtn.explain.target import programme_row, target_row
from vtn.explain.words import at, command, counted, times
from vtn.store.delivery import Delivery
from vtn.store.event import StoredEvent
from vtn.store.refusal import Refusal, Side

#: The message that acknowledges events.
ANSWER = "oadrCreatedEvent"


def of_event(facts: Facts) -> list[Finding]:
    """Returns what bears on an event, if one is asked about."""
    stored, given = facts.event, facts.given
    if stored is None:
        return []
    found = [target_row(facts, stored), programme_row(facts, stored)]
    if given is None:
        return found
    if facts.older and any(one.signal_name.upper() != "SIMPLE" for one in stored.event.signals):
        words = "it speaks 2.0a and gets one signal of levels in place of the signals of the event"
        found.append(Finding(name="signals", grade=Grade.WARN, words=words))
    found += _opt(stored, facts.takes_part)
    found.append(_delivery(facts, stored, given))
    found += _answer(facts, stored, given)
    return [*found, *_clock(facts, stored, given)]


def _opt(stored: StoredEvent, found: Participation | None) -> list[Finding]:
    """Says why a VEN takes part or not, where it has said something about that."""
    if found is None:
        return []
    why = "; ".join(reasons(found))
    if found.extent is Extent.IN and not why:
        return []
    part = {Extent.IN: "takes part", Extent.OUT: "takes no part", Extent.PARTIAL: "in part"}
    sent = "" if found.extent is Extent.IN else "; the event is sent to it all the same"
    source = "" if why or found.whole.said else " (policy of the programme: [opts] default)"
    if not why and found.whole.said is not None:
        why = f"answered {found.whole.said.opt_type}"
    words = ": ".join(one for one in (part[found.extent], why) if one) + source + sent
    return [Finding(name="opt", words=words)]


def _delivery(facts: Facts, stored: StoredEvent, given: Delivery) -> Finding:
    made = f"made for it at {at(given.assigned_at, facts.now)}"
    modified = ""
    if stored.modification:
        what = "cancelled" if stored.cancelled else f"modification {stored.modification}"
        modified = f", {what} since {at(stored.modified_at, facts.now)}"
    words = f"{made}{modified}; {_sendings(facts, stored, given)}{_next(facts, stored, given)}"
    return Finding(name="delivery", words=words)


def _sendings(facts: Facts, stored: StoredEvent, given: Delivery) -> str:
    if given.sent_at is None or given.sent_modification is None:
        return "not sent yet"
    which = ""
    if given.sent_modification != stored.modification:
        which = f" (modification {given.sent_modification})"
    return f"sent {times(given.sent_count)}{which}, last at {at(given.sent_at, facts.now)}"


def _next(facts: Facts, stored: StoredEvent, given: Delivery) -> str:
    """Says when the event goes out next, if it does."""
    row = facts.row
    if row is None or not facts.alive:
        return "; not any more"
    if not facts.takes_events:
        return ""
    if not facts.ven.pull:
        return "" if is_settled(row) else "; pushed until it is acknowledged"
    if facts.next_poll:
        return "; goes out at its next poll"
    coming = facts.coming
    if coming.events:
        wait = "waits" if coming.ahead == 1 else "wait"
        return f"; goes out after {counted(coming.ahead, 'message')} that {wait} before it"
    if coming.events_at is not None and not is_settled(row):
        return f"; sent again from {at(coming.events_at, facts.now)} on"
    return ""


def _answer(facts: Facts, stored: StoredEvent, given: Delivery) -> list[Finding]:
    """Says how the VEN has answered, and what became of answers that were refused."""
    found = []
    if stored.event.response_required is not ResponseRequired.ALWAYS:
        found.append(Finding(name="answer", words="none is wanted: the event says never"))
    elif given.acked_at is not None and given.acked_modification is not None:
        found.append(_acknowledged(facts, stored, given))
    refused = next(iter(refused_answers(facts, given)), None)
    if refused is not None:
        found.append(
            Finding(
                name="" if found else "answer",
                grade=Grade.FAIL,
                words=in_words(refused, facts.now),
                todo=repair_of(facts, refused),
            )
        )
    elif not found and given.sent_at is not None:
        words = f"no oadrCreatedEvent has come from it since {at(given.sent_at, facts.now)}"
        todo = "" if facts.older else "look into the log of the VEN; on its side: ven status"
        found.append(Finding(name="answer", grade=Grade.WARN, words=words, todo=todo))
    return found


def _acknowledged(facts: Facts, stored: StoredEvent, given: Delivery) -> Finding:
    which = f"{given.opt_type or OptType.OPT_IN}" if given.opt_source == "createdEvent" else "taken"
    when = at(given.acked_at or facts.now, facts.now)
    words = f"{which} at {when} to modification {given.acked_modification}"
    if given.opt_code not in (None, 200) and given.opt_source == "createdEvent":
        words += f", with {given.opt_code} {given.opt_description or ''}".rstrip()
        return Finding(name="answer", grade=Grade.FAIL, words=words)
    if given.acked_modification != stored.modification:
        words += f"; not yet to modification {stored.modification}"
        return Finding(name="answer", grade=Grade.WARN, words=words)
    return Finding(name="answer", words=words)


def refused_answers(facts: Facts, given: Delivery) -> Sequence[Refusal]:
    """Returns what is wrong with answers of the VEN since it was sent the event, latest first."""
    if given.sent_at is None or given.acked_modification == given.modification:
        return ()
    return [
        one for one in facts.refusals if one.message == ANSWER and one.last_at >= given.assigned_at
    ]


def settled(facts: Facts) -> Sequence[Refusal]:
    """Returns what need not be told beside the event: its answer was taken since, or is told."""
    given = facts.given
    if given is None:
        return ()
    if given.acked_at is None or given.acked_modification != given.modification:
        return refused_answers(facts, given)[:1]
    acked = given.acked_at
    answers = (one for one in facts.refusals if one.message == ANSWER and one.side is Side.IN)
    return [one for one in answers if one.last_at <= acked]


def _clock(facts: Facts, stored: StoredEvent, given: Delivery) -> list[Finding]:
    """Says that the event had begun before the VEN could know of it."""
    start = stored.event.active_period.dtstart
    seen = given.sent_at if given.sent_count == 1 and given.sent_at else facts.now
    if stored.cancelled or given.acked_at is not None or start > seen:
        return []
    words = f"the event began at {at(start, facts.now)}, before "
    words += "it was sent" if given.sent_at else "it could be sent"
    todo = command("vtn", "event", "show", stored.event_id)
    return [Finding(name="start", grade=Grade.WARN, words=words, todo=todo)]
