"""``conform list``: what there is to test, and by what."""

import textwrap
from collections.abc import Sequence
from typing import Any

import click

from conformance.case import Case, pushed
from conformance.checks import Side
from conformance.cli.base import choosing
from conformance.cli.choose import chosen, is_rule, named
from conformance.cli.list_rules import (
    list_actions,
    list_checks,
    list_rules,
    print_json,
    show_rule,
)
from conformance.report.words import counted

#: What narrows a list that is not of cases.
_NARROWING = {"--checks": ("--rule", "--side"), "--rules": ("--rule",), "--actions": ()}


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
@click.option(
    "--actions",
    is_flag=True,
    help="All that a --setup-command may be asked to do, with the fields of each.",
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
    actions: bool,
    json_: bool,
) -> None:
    r"""List cases, checks and rules; CODE shows one case with its steps, or one rule.

    \b
    conform list --side vtn --suite event
    conform list N1_0020
    conform list R405
    conform list --checks
    conform list --rules
    """
    tested = Side(side.upper()) if side else None
    narrowing = {"CODE": code, "--suite": suites, "--case": cases, "--rule": rules, "--side": side}
    given = [name for name, value in narrowing.items() if value]
    if code is not None and given != ["CODE"] and (is_rule(code) or given != ["CODE", "--side"]):
        raise click.UsageError(f"{code} is shown alone, without {given[-1]}.")
    kinds = {"--checks": checks, "--rules": rules_, "--actions": actions}
    kind, *more = [name for name, wanted in kinds.items() if wanted] or [""]
    if more:
        raise click.UsageError(f"{kind} and {more[0]} are two lists; take one.")
    for name in given if kind else []:
        if name not in _NARROWING[kind]:
            raise click.UsageError(f"{kind} goes without {name}.")
    if kind == "--checks":
        list_checks(tested, rules, as_json=json_)
    elif kind == "--rules":
        list_rules(rules, as_json=json_)
    elif kind == "--actions":
        list_actions(as_json=json_)
    elif code is not None and is_rule(code):
        show_rule(code, as_json=json_)
    elif code is not None:
        found = named(code, tested)
        print_json(map(_entry, found)) if json_ else _shown(found)
    else:
        found = chosen(tested, suites=suites, codes=cases, rules=rules)
        print_json(map(_entry, found)) if json_ else _listed(found)


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
        _needed(found)


def _needed(cases: Sequence[Case]) -> None:
    """Prints what a device needs beforehand, once, with the cases that need it."""
    needs = dict.fromkeys(need for case in cases for need in case.needs)
    if needs:
        click.echo("  Needed beforehand:")
    for need in needs:
        click.echo(f"    {need}")
        names = " ".join(case.code for case in cases if need in case.needs)
        click.echo(textwrap.fill(names, 100, initial_indent=" " * 6, subsequent_indent=" " * 6))


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
