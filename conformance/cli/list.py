"""``conform list``: what there is to test, and by what."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import click

from conformance.case import Case, pushed
from conformance.checks import CHECKS, Side
from conformance.cli.base import choosing
from conformance.cli.choose import chosen, named
from conformance.demands import DEMANDS
from conformance.report.words import counted


@click.command("list")
@click.argument("code", required=False)
@click.option(
    "--side", type=click.Choice(["vtn", "ven"]), help="What is under test; both if left out."
)
@choosing
@click.option("--checks", is_flag=True, help="All checks and demands, by rule.")
@click.option(
    "--rules", "rules_", is_flag=True, help="All rules: what checks each, or why nothing does."
)
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def list_(
    code: str | None,
    side: str | None,
    suites: tuple[str, ...],
    cases: tuple[str, ...],
    rules: tuple[str, ...],
    *,
    checks: bool,
    rules_: bool,
    json_: bool,
) -> None:
    r"""List cases, checks and rules; CODE shows one case, with its steps.

    \b
    conform list --side vtn --suite event
    conform list N1_0020
    conform list --checks
    conform list --rules
    """
    if checks and rules_:
        raise click.UsageError("--checks and --rules are two lists; take one.")
    tested = Side(side.upper()) if side else None
    if checks:
        _checks(tested, as_json=json_)
    elif rules_:
        _rules(as_json=json_)
    elif code:
        found = named(code, tested)
        _print(map(_entry, found)) if json_ else _shown(found)
    else:
        found = chosen(tested, suites=suites, codes=cases, rules=rules)
        _print(map(_entry, found)) if json_ else _listed(found)


def _print(entries: Iterable[Any]) -> None:
    click.echo(json.dumps(list(entries), indent=2))


# ------------------------------------------------------------------ cases


def _names(case: Case) -> tuple[str, str]:
    """Returns the names in the pull and in the push model; a dash where there is none."""
    pull = case.code if False in case.models else "-"
    return pull, pushed(case.code) if True in case.models else "-"


def _entry(case: Case) -> dict[str, Any]:
    pull, push = _names(case)
    return {
        "side": str(case.side),
        "pull": "" if pull == "-" else pull,
        "push": "" if push == "-" else push,
        "suite": str(case.suite),
        "title": case.title,
        "rules": [f"R{one}" for one in case.rules],
        "needs": list(case.needs),
        "purpose": case.purpose,
        "steps": list(case.steps),
    }


def _listed(cases: Sequence[Case]) -> None:
    for side in Side:
        found = [case for case in cases if case.side is side]
        if not found:
            continue
        click.echo(f"A {side} under test: {counted(len(found), 'case')}")
        click.echo(f"  {'pull':<11}{'push':<11}{'suite':<14}title")
        for case in found:
            pull, push = _names(case)
            click.echo(f"  {pull:<11}{push:<11}{case.suite:<14}{case.title}")
            for need in case.needs:
                click.echo(f"  {'':<36}needs: {need}")


def _shown(cases: Sequence[Case]) -> None:
    for number, case in enumerate(cases):
        if number:
            click.echo()
        models = [case.id(push=push) for push in sorted(case.models)]
        click.echo(f"{', '.join(models)}   {case.title}")
        click.echo(f"under test  {case.side}, suite {case.suite}")
        click.echo(f"rules       {' '.join(f'R{one}' for one in case.rules)}")
        click.echo(f"purpose     {case.purpose}")
        for need in case.needs:
            click.echo(f"needs       {need}")
        for step, text in enumerate(case.steps, start=1):
            click.echo(f"{step:>9}.  {text}")


# ------------------------------------------------------------------ checks and rules


def _checks(side: Side | None, *, as_json: bool) -> None:
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
    entries.sort(key=lambda one: _order(str(one["id"])))
    if as_json:
        _print(entries)
        return
    width = max(len(str(one["id"])) for one in entries)
    for one in entries:
        click.echo(
            f"{one['id']:<{width}}  {one['severity']:<11}  {one['kind']:<8}  {one['expected']}"
        )
    demands = sum(one["kind"] == "demand" for one in entries)
    click.echo(
        f"{counted(len(entries) - demands, 'check')} on what is said, "
        f"{counted(demands, 'demand')} of cases"
    )


def _order(name: str) -> tuple[bool, int, str]:
    label = name.partition(".")[0]
    numbered = label[1:].isdigit()
    return not numbered, int(label[1:]) if numbered else 0, name


def _rules(*, as_json: bool) -> None:
    # It takes all cases, which the other lists can do without.
    from conformance.ledger import ledger

    entries = list(ledger().values())
    if as_json:
        _print(
            {
                "rule": one.rule.name,
                "state": str(one.state),
                "words": one.rule.words,
                "checks": list(one.checks),
                "demands": list(one.demands),
                "cases": list(one.cases),
                "why": one.why,
            }
            for one in entries
        )
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
