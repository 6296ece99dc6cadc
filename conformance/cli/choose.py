"""Which cases are meant."""

import difflib
from collections.abc import Sequence

import click

from conformance.case import Case, pushed
from conformance.cases import CASES
from conformance.checks import Side
from conformance.cli.base import Given, NothingTested
from oadr.rules import RULES


def of_side(side: Side | None) -> list[Case]:
    """Returns the cases of a device under test; of both for None."""
    return [case for case in CASES.values() if side in (None, case.side)]


def named(code: str, side: Side | None) -> list[Case]:
    """Returns the cases of a name: pull or push, with or without ``_TH_VEN``.

    Raises:
        click.UsageError: there is none.
    """
    wanted = code.upper().partition("_TH_")[0]
    known = of_side(side)
    found = [case for case in known if wanted in (case.code, pushed(case.code))]
    if not found:
        names = {name for case in known for name in (case.code, pushed(case.code))}
        near = difflib.get_close_matches(wanted, sorted(names), n=3)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        what = f"with a {side} under test " if side is not None else ""
        raise click.UsageError(f"There is no case {code} {what}(see 'conform list').{hint}")
    return found


def chosen(
    side: Side | None,
    *,
    suites: Sequence[str] = (),
    codes: Sequence[str] = (),
    rules: Sequence[str] = (),
) -> list[Case]:
    """Returns the cases that are meant, in their usual order.

    Raises:
        click.UsageError: a name or a rule is not known, or nothing is left.
    """
    cases = of_side(side)
    if codes:
        wanted = {(one.side, one.code) for code in codes for one in named(code, side)}
        cases = [one for one in cases if (one.side, one.code) in wanted]
    if suites and "all" not in suites:
        cases = [one for one in cases if one.suite in suites]
    if rules:
        numbers = set(map(rule_number, rules))
        cases = [one for one in cases if numbers & set(one.rules)]
    if not cases:
        raise click.UsageError("No case is left; 'conform list' shows what there is.")
    return cases


def is_rule(text: str) -> bool:
    """Whether somebody means a rule and no case, such as ``R405``."""
    digits = text.upper().removeprefix("R")
    return digits.isascii() and digits.isdigit()


def rule_number(text: str) -> int:
    """Returns the number of a rule that somebody names.

    Raises:
        click.UsageError: there is none.
    """
    if not is_rule(text):
        raise click.UsageError(f"{text!r} is no rule, such as R405.")
    number = int(text.upper().removeprefix("R"))
    if number not in RULES:
        raise click.UsageError(f"The profile has no rule {text} (see 'conform list --rules').")
    return number


def in_model(cases: Sequence[Case], *, push: bool) -> list[Case]:
    """Returns the cases that exist in a model.

    Raises:
        click.UsageError: none does.
    """
    found = [one for one in cases if push in one.models]
    if not found:
        here, other = ("push", "without --push") if push else ("pull", "with --push")
        raise click.UsageError(f"None of these cases exists in the {here} model; run them {other}.")
    return found


def wanted(side: Side, given: Given) -> list[Case]:
    """Returns what is to be run, in its order: cases, or what was recorded.

    Raises:
        click.UsageError: nothing is left, or both are wanted.
        NothingTested: a recording cannot be read.
    """
    if not given.recordings:
        cases = chosen(side, suites=given.suites, codes=given.cases, rules=given.rules)
        return sorted(in_model(cases, push=given.push), key=lambda one: one.last)
    if given.suites or given.cases or given.rules:
        raise click.UsageError("--recording goes without --suite, --case and --rule.")
    if given.push:
        raise click.UsageError("--recording goes without --push: it says again what a VEN asked.")
    from conformance.passive.replay import case_of
    from conformance.passive.sources import SourceError

    try:
        return [case_of(path, side) for path in given.recordings]
    except SourceError as error:
        raise NothingTested(f"{error}.") from None
