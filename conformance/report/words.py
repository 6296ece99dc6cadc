"""Words and counts that the reports have in common."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from conformance.checks import Severity
from conformance.results import Fault, Result, Run, Verdict
from oadr.rules import RULES, SECTIONS

_NUMBERED = re.compile(r"R[0-9]{1,4}")


def counted(count: int, one: str, many: str = "") -> str:
    """Returns such as ``"1 case"`` and ``"2 cases"``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def counts(runs: Iterable[Run]) -> dict[Verdict, int]:
    """Returns how many cases have each verdict."""
    runs = tuple(runs)
    return {verdict: sum(run.count(verdict) for run in runs) for verdict in Verdict}


def verdicts(runs: Iterable[Run]) -> str:
    """Returns such as ``"62 cases: 47 pass, 6 fail, 9 skip"``."""
    found = counts(runs)
    told = [f"{count} {verdict}" for verdict, count in found.items() if count]
    return f"{counted(sum(found.values()), 'case')}: {', '.join(told) or 'none'}"


def in_order(labels: Iterable[str]) -> list[str]:
    """Returns labels of rules by number, those without a number last."""
    return sorted(set(labels), key=lambda one: (not one[1:].isdigit(), one.zfill(9)))


def violated(runs: Iterable[Run]) -> list[str]:
    """Returns the labels of the violated rules of all runs, in order."""
    return in_order(label for run in runs for label in run.violated)


def model(run: Run) -> str:
    """Returns ``"push"`` or ``"pull"``."""
    return "push" if run.push else "pull"


def moment(at: datetime) -> str:
    """Returns a moment for people, to the second, UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def words_of(label: str) -> str:
    """Returns what a rule asks for, in our words; empty for a topic without a number."""
    rule = RULES.get(int(label[1:])) if _NUMBERED.fullmatch(label) else None
    return "" if rule is None else rule.words


def section_of(label: str) -> str:
    """Returns which part of the profile a rule is in."""
    if label == "XSD":
        return "the schema"
    for section in SECTIONS:
        if any(rule.name == label for rule in section.rules):
            return section.title
    return "the profile, outside of the numbered rules"


def worst(faults: Sequence[Fault]) -> Severity | None:
    """Returns the worst severity; None if there is no fault."""
    return next((one for one in Severity if any(f.severity is one for f in faults)), None)


def severities(faults: Sequence[Fault]) -> str:
    """Returns such as ``"2 violations, 1 warning"``; empty if there is none."""
    many = {Severity.INFORMATION: "notes"}
    names = {Severity.INFORMATION: "note"}
    found = [(one, sum(f.severity is one for f in faults)) for one in Severity]
    return ", ".join(
        counted(count, names.get(one, str(one)), many.get(one, "")) for one, count in found if count
    )


def kinds(faults: Iterable[Fault]) -> list[tuple[Fault, int]]:
    """Returns the first fault of each check or demand, worst first, and how often it is."""
    found: dict[str, tuple[Fault, int]] = {}
    for one in faults:
        first, count = found.get(one.id, (one, 0))
        found[one.id] = (first, count + 1)
    order = list(Severity)
    return sorted(found.values(), key=lambda pair: order.index(pair[0].severity))


def labels_of(result: Result) -> set[str]:
    """Returns the labels of the rules that something was looked at for."""
    return {check.partition(".")[0] for check in result.checks}
