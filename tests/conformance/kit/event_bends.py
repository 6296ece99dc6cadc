"""What VENs with faults make of their answers to events."""

import itertools
from collections.abc import Container
from typing import Any

from conformance.actions import Action
from conformance.checks import Side
from tests.conformance.kit.bent import Bend, Lie, Mutant, changed

CREATED = "oadrCreatedEvent"
#: All answers become refusals.
REFUSES = changed(
    CREATED,
    (r"(<ei:eventResponse><ei:responseCode>)200(.*?<ei:optType>)opt\w+", r"\g<1>459\2optOut"),
)
#: The first answer of each message is missing.
FORGETS_FIRST = changed(
    CREATED, (r"(<ei:eventResponses>)<ei:eventResponse>.*?</ei:eventResponse>", r"\1")
)


def refuses(number: int) -> Bend:
    """Returns a bend by which answers to one modificationNumber become refusals."""
    within = r"(?:(?!</ei:eventResponse>).)*?"
    its = rf"<ei:modificationNumber>{number}</ei:modificationNumber>"
    old = rf"(<ei:eventResponse><ei:responseCode>)200({within}{its}{within}<ei:optType>)opt\w+"
    return changed(CREATED, (old, r"\g<1>459\2optOut"))


def turned(number: int) -> Bend:
    """Returns a bend by which answers to one modificationNumber opt out."""
    its = rf"<ei:modificationNumber>{number}</ei:modificationNumber></ei:qualifiedEventID>"
    return changed(CREATED, (f"({its}<ei:optType>)optIn", r"\1optOut"))


def recoded(old: int, new: int) -> Bend:
    """Returns a bend that changes a code of answers."""
    return changed(CREATED, (rf"(<ei:responseCode>){old}<", rf"\g<1>{new}<"))


class _Everything(frozenset[str]):
    """Holds whatever is looked for."""

    def __contains__(self, item: object) -> bool:
        return True


def keeps_all(action: Action, result: Any) -> Container[str]:
    """Says that all events there ever were are carried out."""
    return _Everything()


def has_none(action: Action, result: Any) -> Container[str]:
    """Says that no events are carried out."""
    return frozenset[str]()


def loses_all() -> Lie:
    """Returns what says the truth once, and then that no events are carried out."""
    number = itertools.count()
    return lambda action, result: frozenset() if next(number) else result


def event_mutant(code: str, demand: str, bend: Bend, *also: str) -> Mutant:
    """Returns a VEN that answers events otherwise than it should."""
    return Mutant(side=Side.VEN, code=code, demand=demand, bend=bend, also=frozenset(also))


def teller(code: str, demand: str, lie: Lie, *also: str) -> Mutant:
    """Returns a VEN that carries out other events than it should."""
    return Mutant(
        side=Side.VEN, code=code, demand=demand, lies={"Events": lie}, also=frozenset(also)
    )
