"""Whether an event is meant for a VEN, and what would make it so."""

from collections.abc import Iterable

from oadr import messages as m
from oadr.event import Receiver, in_market
from vtn.explain.facts import Facts
from vtn.explain.finding import Finding, Grade
from vtn.explain.words import at, command, some
from vtn.store.event import StoredEvent


def why_not_meant(facts: Facts, stored: StoredEvent) -> str:
    """Returns why an event is not for a VEN.

    Whom an event is for is settled when it is made; who comes into a group later gets the
    events that are made from then on.
    """
    target, ven = stored.event.target, facts.ven
    if ven.enrolled_at > stored.created_at:
        enrolled, made = at(ven.enrolled_at, facts.now), at(stored.created_at, facts.now)
        return f"it was enrolled at {enrolled}, after the event was made at {made}"
    if ven.report_only and facts.registered:
        return "it has registered as a Report Only VEN (oadrReportOnly), and those take no events"
    matching = [*_both(target.group_ids, ven.groups), *_both(target.resource_ids, ven.resources)]
    if matching:
        return f"it has come into {some(matching)} only after the event was made"
    if target.group_ids or target.resource_ids:
        return f"it is for {_meant(target)}, and {facts.name} is in none of these"
    return "it is for other VENs"


def _both(wanted: Iterable[str], own: frozenset[str]) -> list[str]:
    return sorted(own.intersection(wanted))


def _meant(target: m.Target) -> str:
    parts = []
    if target.group_ids:
        parts.append(f"{_noun('group', len(target.group_ids))} {some(target.group_ids)}")
    if target.resource_ids:
        parts.append(f"{_noun('resource', len(target.resource_ids))} {some(target.resource_ids)}")
    if target.party_ids:
        parts.append(f"{_noun('party', len(target.party_ids))} {some(target.party_ids)}")
    return " and ".join(parts)


def _noun(noun: str, count: int) -> str:
    return noun if count == 1 else {"party": "parties"}.get(noun, f"{noun}s")


def target_row(facts: Facts, stored: StoredEvent) -> Finding:
    """Returns which part of the event's target means the VEN, or what it would have to be in."""
    target, ven = stored.event.target, facts.ven
    hits = [
        *(f"group {name}" for name in _both(target.group_ids, ven.groups)),
        *(f"resource {name}" for name in _both(target.resource_ids, ven.resources)),
        *(["its venID"] if ven.ven_id in target.ven_ids else []),
    ]
    if facts.given is not None:
        if hits:
            return Finding(name="target", words=f"{some(hits)} -> matches")
        named = "all VENs, or this one by name" if not _meant(target) else _meant(target)
        if not _meant(target):
            return Finding(name="target", words=f"{named} -> matches")
        words = f"{named}; it was in one of these when the event was made, and is not now"
        return Finding(name="target", grade=Grade.WARN, words=words)
    return _no_match(facts, target, hits)


def _no_match(facts: Facts, target: m.Target, hits: list[str]) -> Finding:
    name, meant = facts.name, _meant(target)
    again = "events go to whom they are for when they are made; make another one for it: "
    again += f"{command('vtn', 'event', 'create', '--to', f'ven:{name}')} ..."
    if hits:
        words = f"{some(hits)} -> matches by now"
        return Finding(name="target", grade=Grade.FAIL, words=words, todo=again)
    if target.group_ids:
        own = f"in {some(facts.ven.groups)}" if facts.ven.groups else "in no group"
        group = min(target.group_ids)
        words = f"{meant} -> does not match; {name} is {own}"
        todo = "for later events: " + command("vtn", "ven", "set", name, "--add-group", group)
        return Finding(name="target", grade=Grade.FAIL, words=words, todo=todo)
    if target.resource_ids:
        own = some(facts.ven.resources) or "none"
        all_ = _each("--resource", {*facts.ven.resources, min(target.resource_ids)})
        words = f"{meant} -> does not match; the resources of {name}: {own}"
        todo = "for later events: " + command("vtn", "ven", "set", name, *all_)
        return Finding(name="target", grade=Grade.FAIL, words=words, todo=todo)
    words = "names nobody: it went to VENs that were named, or to all that there were"
    return Finding(name="target", grade=Grade.FAIL, words=words, todo=again)


def programme_row(facts: Facts, stored: StoredEvent) -> Finding:
    """Returns whether the VEN takes part in the programme of the event (R48)."""
    context, own = stored.event.descriptor.market_context, facts.ven.market_contexts
    if not own:
        return Finding(name="programme", words=f"{context}; {facts.name} takes part in any")
    receiver = Receiver(ven_id=facts.ven.ven_id, market_contexts=own)
    if in_market(context, receiver):
        return Finding(name="programme", words=f"{context} -> it takes part")
    words = f"{context} -> not one of its programmes: {some(own)}. It may refuse the event (462)"
    todo = command("vtn", "ven", "set", facts.name, *_each("--market-context", {*own, context}))
    return Finding(name="programme", grade=Grade.WARN, words=words, todo=todo)


def _each(option: str, names: Iterable[str]) -> list[str]:
    return [word for name in sorted(names) for word in (option, name)]
