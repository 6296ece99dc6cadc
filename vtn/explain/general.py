"""How a VEN stands, whatever the event."""

from collections.abc import Sequence

from vtn.explain.facts import Facts
from vtn.explain.finding import Explanation, Grade
from vtn.explain.headline import barred, silence, unreached
from vtn.explain.ven import errors, of_ven
from vtn.explain.words import counted


def general(facts: Facts, events: Sequence[tuple[str, Explanation]]) -> Explanation:
    """Returns how a VEN stands.

    Args:
        facts: of the VEN.
        events: its open ones, and how each stands.
    """
    grade, words = _headline(facts, events)
    findings = (*of_ven(facts), *errors(facts))
    return Explanation(headline=words, grade=grade, next_poll=None, findings=findings)


def _headline(facts: Facts, events: Sequence[tuple[str, Explanation]]) -> tuple[Grade, str]:
    name = facts.name
    if (why := barred(facts)) is not None:
        return Grade.FAIL, f"{name} gets no events: {why}."
    if unreached(facts):
        return Grade.FAIL, f"{name} gets no events: what is pushed to it does not arrive."
    if facts.ven.pull and not facts.online:
        return Grade.FAIL, f"{name} gets no events: {silence(facts)}."
    bad = [one for _, one in events if one.grade is Grade.FAIL]
    if bad:
        many = "its open event"
        if len(events) > 1:
            many = f"{len(bad)} of its {counted(len(events), 'open event')}"
        return Grade.FAIL, f"{name} is there, but {many} did not get through."
    if not events:
        return Grade.OK, f"{name} is there, and no event is open for it."
    many = "open event" if len(events) == 1 else counted(len(events), "open event")
    return Grade.OK, f"{name} is there, and nothing is in the way of its {many}."
