"""What went wrong with a VEN, in words with rule numbers and with what would help."""

import re
from collections.abc import Sequence
from datetime import datetime

from oadr.repair import REPAIRS, Tolerance
from vtn.explain.facts import Facts
from vtn.explain.words import at, command, times
from vtn.store.refusal import Refusal, Side

#: As the validator of the schema names elements; the names without it say enough.
_NAMESPACE = re.compile(r"\{(?:https?|urn):[^{}\s]*\}")
_LONGEST = 200
#: So many are told; the others are in ``vtn ven show``.
MOST = 5


def lines(facts: Facts, found: Sequence[Refusal]) -> list[tuple[str, str]]:
    """Returns for each refusal what happened and what would help."""
    return [(in_words(one, facts.now), repair_of(facts, one)) for one in found[:MOST]]


def in_words(one: Refusal, now: datetime) -> str:
    """Returns what happened, when, how often, by which rule."""
    rules = _rules(one)
    rule = f" ({rules})" if rules and f"({rules})" not in one.words else ""
    often = ""
    if one.count > 1:
        often = f"; {times(one.count)} since {at(one.first_at, now)}"
    return f"{_what(one, now)}: {_short(one.words)}{rule}{often}"


def _short(words: str) -> str:
    """Returns words without the namespaces of elements, and no more than fits a few lines."""
    text = _NAMESPACE.sub("", words).removesuffix(".")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _rules(one: Refusal) -> str:
    """Returns the rule that was broken; for what breaks the schema, the one that says so too."""
    named = [REPAIRS[name].rule for name in one.repairs if name in REPAIRS]
    numbers = sorted({rule for rule in named if rule.startswith("R")})
    return ", ".join(numbers) if one.rule == "schema" and numbers else one.rule


def _what(one: Refusal, now: datetime) -> str:
    when, name = at(one.last_at, now), one.message
    if one.side is Side.PUSH:
        return f"{when}  {name or 'a message'} that was pushed"
    if one.side is Side.ANSWER:
        code = f", {one.code}" if one.code else ""
        return f"{when}  its {name}{code}"
    return f"{when}  its {name or 'request'} was refused, {one.code}"


def repair_of(facts: Facts, one: Refusal) -> str:
    """Returns the command with which this VTN would accept such a message.

    Empty if there is none, or if it has been given since.
    """
    current = facts.ven.peer or facts.settings.peers.profile
    if not one.repairs or current.allows(_profile(one)):
        return ""
    named = ", ".join(f"`{name}`" for name in one.repairs)
    noun = "Repair" if len(one.repairs) == 1 else "Repairs"
    verb = "would accept it" if len(one.repairs) == 1 else "together would accept it"
    todo = command("vtn", "ven", "set", facts.name, "--peer", _profile(one))
    return f"{noun} {named} {verb}: {todo}"


def _profile(one: Refusal) -> Tolerance:
    """Returns the profile of a peer that allows the repairs."""
    known = [REPAIRS[name].tolerance for name in one.repairs if name in REPAIRS]
    return Tolerance.LENIENT if Tolerance.LENIENT in known else Tolerance.REPAIR
