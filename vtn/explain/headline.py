"""How it stands with an event at a VEN, in a sentence."""

from oadr.enums import ResponseRequired
from vtn import presence
from vtn.dispatch.repeat import repeat_at
from vtn.explain.facts import Facts
from vtn.explain.finding import Grade
from vtn.explain.target import why_not_meant
from vtn.explain.words import ago, at, counted, times
from vtn.store.delivery import Delivery
from vtn.store.event import StoredEvent

_Sentence = tuple[Grade, str]


def headline(facts: Facts) -> _Sentence:
    """Returns how an event stands at a VEN, and whether that is as it should be."""
    stored, given = facts.event, facts.given
    if stored is None:
        raise ValueError("there is no event to explain")
    if given is None:
        return Grade.FAIL, f"{facts.name} does not get this event: {why_not_meant(facts, stored)}."
    if not facts.alive:
        return _ended(facts, stored, given)
    if given.acked_modification == stored.modification:
        return _acknowledged(facts, stored, given)
    if (why := barred(facts)) is not None:
        return Grade.FAIL, f"{facts.name} cannot get this event: {why}."
    if given.sent_modification == stored.modification and given.sent_at is not None:
        return _sent(facts, stored, given)
    return _unsent(facts, stored, given)


def _ended(facts: Facts, stored: StoredEvent, given: Delivery) -> _Sentence:
    """Says how it ended, for an event that goes out to the VEN no more."""
    answered = given.acked_modification == stored.modification
    grade = Grade.OK if answered or _wants_none(stored) else Grade.FAIL
    if stored.cancelled and answered and given.acked_at is not None:
        when = at(given.acked_at, facts.now)
        return Grade.OK, f"{facts.name} has acknowledged at {when} that this event is cancelled."
    if stored.cancelled:
        return grade, f"This event was cancelled and is over; {_last_word(facts, given)}."
    if stored.retire_at <= facts.now:
        over = at(stored.retire_at, facts.now)
        return grade, f"This event is over since {over}; {_last_word(facts, given)}."
    closed = given.closed_at or stored.modified_at
    words = f"This event was withdrawn from {facts.name} at {at(closed, facts.now)}"
    return grade, f"{words}; {_last_word(facts, given)}."


def _last_word(facts: Facts, given: Delivery) -> str:
    if given.acked_modification is not None and given.acked_at is not None:
        opt = f", {given.opt_type}" if given.opt_type else ""
        return f"{facts.name} had acknowledged it at {at(given.acked_at, facts.now)}{opt}"
    if given.sent_at is not None:
        return f"{facts.name} had been sent it {times(given.sent_count)} and never acknowledged it"
    return f"{facts.name} had never been sent it"


def _acknowledged(facts: Facts, stored: StoredEvent, given: Delivery) -> _Sentence:
    when = at(given.acked_at or facts.now, facts.now)
    if given.opt_code not in (None, 200) and given.opt_source == "createdEvent":
        why = f" {given.opt_description}" if given.opt_description else ""
        words = f"has been sent this event and answered at {when} with {given.opt_code}{why}"
        return Grade.FAIL, f"{facts.name} {words}."
    what = "that this event is cancelled" if stored.cancelled else "this event"
    opt = f": {given.opt_type}" if given.opt_type and not stored.cancelled else ""
    return Grade.OK, f"{facts.name} has acknowledged {what} at {when}{opt}."


def barred(facts: Facts) -> str | None:
    """Returns why no events go to a VEN at all; None if they do."""
    if facts.ven.state == "cancelled":
        locked = presence.locked_out(facts.settings, facts.ven)
        return "it is locked out" if locked else "its registration has ended"
    if not facts.registered:
        return "it has never registered"
    if facts.ven.report_only:
        return "it has registered as a Report Only VEN (oadrReportOnly), and those take no events"
    return None if facts.proven else "it has no certificate that counts"


def _sent(facts: Facts, stored: StoredEvent, given: Delivery) -> _Sentence:
    last = given.sent_at or facts.now
    if unreached(facts):
        return Grade.FAIL, f"{facts.name} has not been reached with this event: {_failure(facts)}."
    often = f"{times(given.sent_count)}, last at" if given.sent_count > 1 else "once, at"
    words = f"{facts.name} has been sent this event {often} {at(last, facts.now)}"
    if _wants_none(stored):
        return Grade.OK, f"{words}; it wants no answer."
    fresh = given.sent_count == 1 and facts.now < repeat_at(last, 1, facts.interval)
    if fresh:
        return Grade.WARN, f"{words}; its answer is awaited."
    return Grade.FAIL, f"{words}, and has not acknowledged it."


def _unsent(facts: Facts, stored: StoredEvent, given: Delivery) -> _Sentence:
    what = "this event"
    before = ""
    if given.sent_modification is not None:
        what = f"modification {stored.modification} of this event"
        before = f" It has modification {given.sent_modification}."
    if not facts.ven.pull:
        if unreached(facts):
            words = f"{facts.name} has not been reached with {what}: {_failure(facts)}."
            return Grade.FAIL, words + before
        return (
            Grade.WARN,
            f"{facts.name} has not been sent {what} yet; it is pushed at once.{before}",
        )
    if not facts.online:
        return Grade.FAIL, f"{facts.name} has not been sent {what}: {silence(facts)}.{before}"
    if facts.next_poll:
        return Grade.OK, f"{facts.name} will be sent {what} at its next poll.{before}"
    ahead = facts.coming.ahead
    others = counted(ahead, "other message")
    wait = "that waits before it has" if ahead == 1 else "that wait before it have"
    words = f"will be sent {what} when {others} {wait} gone out"
    return Grade.WARN, f"{facts.name} {words}.{before}"


def silence(facts: Facts) -> str:
    """Returns since when nothing has come from a VEN that should poll."""
    seen = facts.ven.last_seen
    if seen is None:
        return "it has never polled"
    return f"it has not polled since {at(seen, facts.now)} ({ago(seen, facts.now)})"


def unreached(facts: Facts) -> bool:
    """Returns whether what is pushed to a VEN does not arrive."""
    return not facts.ven.pull and facts.pushed is not None and facts.pushed.failing


def _failure(facts: Facts) -> str:
    pushed = facts.pushed
    if pushed is None or pushed.failed_at is None:
        return "no push to it has been tried"
    return f"the push of {at(pushed.failed_at, facts.now)} failed, {pushed.failure}"


def _wants_none(stored: StoredEvent) -> bool:
    return stored.event.response_required is not ResponseRequired.ALWAYS
