"""Every numbered rule: what checks it, or why nothing does.

A rule is *checked* if a check or a demand of a case carries its number. For the others this
says whether it cannot be seen from outside of a device at all, or what is not there yet.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from conformance.case import Case
from conformance.checks import CHECKS
from conformance.demands import DEMANDS
from oadr.rules import RULES, Rule

__all__ = ["WHY", "Entry", "State", "ledger"]


class State(StrEnum):
    """How far a rule is."""

    CHECKED = "checked"
    OUTSIDE = "not checkable from outside"
    LATER = "not yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A rule in the ledger.

    Attributes:
        rule: the rule, in our words.
        state: how far it is.
        checks: identifiers of the checks on what is said.
        demands: identifiers of what cases demand.
        cases: names of the cases that are about it, in the pull model where there is one.
        why: why nothing checks it, in a sentence; empty if something does.
    """

    rule: Rule
    state: State
    checks: tuple[str, ...] = ()
    demands: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    why: str = ""


_XMPP = "The kit speaks simple HTTP only; XMPP is another transport."
_A = "The kit speaks profile 2.0b only; 2.0a has other messages."
_PROGRAMME = "It says what a programme may decide; no message is wrong by it."

#: Why nothing checks a rule, by its number.
WHY: Mapping[int, tuple[State, str]] = {
    7: (State.LATER, _A),
    18: (
        State.OUTSIDE,
        "It leaves open what follows from an overlap; that events which overlap are all sent is "
        "R50, and how long an event is sent R66.",
    ),
    20: (
        State.OUTSIDE,
        "It says what the operator of a VTN may do; that a change is well told is R5 and R115.",
    ),
    38: (State.LATER, "The suites run by pull and by push over HTTP; XMPP is another transport."),
    64: (
        State.LATER,
        "It is one of profile 2.0a, which the kit does not speak; a VEN of 2.0b may answer later.",
    ),
    65: (
        State.OUTSIDE,
        "The end of a cancelled event shows at a load, and any moment within startafter is right.",
    ),
    69: (State.LATER, _A),
    106: (State.OUTSIDE, _PROGRAMME),
    110: (State.OUTSIDE, "It says that a value means nothing; any value is right."),
    113: (State.LATER, _A),
    201: (State.OUTSIDE, _PROGRAMME),
    335: (
        State.LATER,
        "No case lets reports go on after a cancellation in oadrUpdatedReport, which a device may "
        "never use.",
    ),
    337: (
        State.OUTSIDE,
        "Whether a meter is always read does not show; that a report which is wanted once comes "
        "at once is R324.",
    ),
    343: (
        State.OUTSIDE,
        "It says what is meant where something is left out; that it may be left out is R300.",
    ),
    506: (State.LATER, _A),
    507: (State.LATER, _XMPP),
    515: (State.LATER, _XMPP),
}


@cache
def ledger() -> Mapping[int, Entry]:
    """Returns all rules by their numbers, in their order.

    Raises:
        ValueError: for a rule nothing is known, or there is a reason for one that is checked.
    """
    # Importing the cases registers them and their demands.
    from conformance.cases import CASES

    return {number: _entry(RULES[number], CASES.values()) for number in sorted(RULES)}


def _entry(rule: Rule, cases: Iterable[Case]) -> Entry:
    number = rule.number
    checks = tuple(one.id for one in CHECKS.values() if one.rule == number)
    demands = tuple(one.id for one in DEMANDS.values() if one.rule == number)
    about = tuple(case.id(push=False not in case.models) for case in cases if number in case.rules)
    reason = WHY.get(number)
    if bool(checks or demands) == (reason is not None):
        raise ValueError(f"{rule.name}: needs a check or demand, or a reason, and not both")
    if reason is None:
        return Entry(rule=rule, state=State.CHECKED, checks=checks, demands=demands, cases=about)
    return Entry(rule=rule, state=reason[0], cases=about, why=reason[1])
