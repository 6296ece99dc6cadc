"""``conform list`` of what is not a case: checks and demands, rules, actions."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from inspect import cleandoc
from typing import Any

import click

from conformance.actions import ACTIONS, Action, EventSpec, ReportSpec, SignalSpec
from conformance.checks import CHECKS, Side
from conformance.cli.choose import rule_number
from conformance.demands import DEMANDS
from conformance.ledger import Entry, ledger
from conformance.report.words import counted


def print_json(entries: Iterable[Any]) -> None:
    """Prints entries as a list."""
    click.echo(json.dumps(list(entries), indent=2))


# ------------------------------------------------------------------ checks


def list_checks(side: Side | None, rules: Sequence[str], *, as_json: bool) -> None:
    """Lists checks and demands.

    Args:
        side: checks of what it says, and demands; of both for None.
        rules: of these only; of all if there are none.
        as_json: for programs.
    """
    entries = [
        {
            "id": one.id,
            "kind": str(one.kind),
            "severity": str(one.severity),
            "sides": sorted(one.sides),
            "on": sorted(one.on),
            "expected": one.expected,
        }
        for one in CHECKS.values()
        if side is None or side in one.sides
    ]
    entries += [
        {
            "id": one.id,
            "kind": "demand",
            "severity": str(one.severity),
            "sides": [],
            "on": [],
            "expected": one.expected,
        }
        for one in DEMANDS.values()
    ]
    labels = {f"R{rule_number(rule)}" for rule in rules}
    if labels:
        entries = [one for one in entries if str(one["id"]).partition(".")[0] in labels]
    entries.sort(key=lambda one: _order(str(one["id"])))
    if as_json:
        print_json(entries)
        return
    _in_columns(entries)
    demands = sum(one["kind"] == "demand" for one in entries)
    click.echo(
        f"{counted(len(entries) - demands, 'check')} on what is said, "
        f"{counted(demands, 'demand')} of cases"
    )


def _in_columns(entries: Sequence[Mapping[str, object]]) -> None:
    width = max((len(str(one["id"])) for one in entries), default=0)
    for one in entries:
        click.echo(
            f"{one['id']:<{width}}  {one['severity']:<11}  {one['kind']:<8}  {one['expected']}"
        )


def _order(name: str) -> tuple[bool, int, str]:
    label = name.partition(".")[0]
    numbered = label[1:].isdigit()
    return not numbered, int(label[1:]) if numbered else 0, name


# ------------------------------------------------------------------ rules


def list_rules(rules: Sequence[str], *, as_json: bool) -> None:
    """Lists rules with what checks them.

    Args:
        rules: these only; all if there are none.
        as_json: for programs.
    """
    entries = [ledger()[rule_number(rule)] for rule in rules] or list(ledger().values())
    if as_json:
        print_json(map(_plain, entries))
        return
    for one in entries:
        by = [
            counted(len(found), name)
            for found, name in ((one.checks, "check"), (one.demands, "demand"), (one.cases, "case"))
            if found
        ]
        click.echo(f"{one.rule.name:<6}{one.state}: {', '.join(by) or one.why}")
        click.echo(f"      {one.rule.words}")
    states = {one.state: sum(other.state is one.state for other in entries) for one in entries}
    told = ", ".join(f"{count} {state}" for state, count in states.items())
    click.echo(f"{counted(len(entries), 'rule')}: {told}")


def show_rule(rule: str, *, as_json: bool) -> None:
    """Shows a rule with all that checks it."""
    entry = ledger()[rule_number(rule)]
    if as_json:
        print_json([_plain(entry)])
        return
    click.echo(f"{entry.rule.name}   {entry.rule.words}")
    click.echo(f"{entry.state}{': ' if entry.why else ''}{entry.why}")
    for title, names in (
        ("checks", [f"{one}  {CHECKS[one].expected}" for one in entry.checks]),
        ("demands", [f"{one}  {DEMANDS[one].expected}" for one in entry.demands]),
        ("cases", entry.cases),
    ):
        for number, name in enumerate(names):
            click.echo(f"{'' if number else title:<12}{name}")


def _plain(entry: Entry) -> dict[str, object]:
    return {
        "rule": entry.rule.name,
        "state": str(entry.state),
        "words": entry.rule.words,
        "checks": list(entry.checks),
        "demands": list(entry.demands),
        "cases": list(entry.cases),
        "why": entry.why,
    }


# ------------------------------------------------------------------ actions


def list_actions(*, as_json: bool) -> None:
    """Lists what a hook script may be asked to do."""
    if as_json:
        print_json(
            {"action": name, "words": cleandoc(cls.__doc__ or ""), "fields": _fields(cls)}
            for name, cls in ACTIONS.items()
        )
        return
    for cls in ACTIONS.values():
        _described(cls)
    click.echo("\nWhat they are given:")
    for part in (EventSpec, SignalSpec, ReportSpec):
        _described(part)


def _described(cls: type[Action | EventSpec | ReportSpec | SignalSpec]) -> None:
    names = ", ".join(_fields(cls))
    click.echo(f"{cls.__name__}{f'  ({names})' if names else ''}")
    for line in cleandoc(cls.__doc__ or "").replace("``", "").splitlines():
        if line and line != "Attributes:":
            click.echo(f"    {line}")


def _fields(cls: type[Action | EventSpec | ReportSpec | SignalSpec]) -> list[str]:
    return [one.name for one in fields(cls)]
