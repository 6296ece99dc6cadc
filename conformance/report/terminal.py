"""A run on a terminal: a line for each case as it ends, and one line in the end."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from rich.console import Console
from rich.status import Status
from rich.text import Text

from conformance.case import Case
from conformance.checks import Severity
from conformance.report.words import counted, in_order, kinds, verdicts, violated
from conformance.results import Fault, Result, Run, Verdict
from runtime.logs import one_line

#: Findings that are told of a case; the reports have all.
MOST = 3
#: Longest text of one finding, characters.
LONGEST = 300
_TITLE = 44
_STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "bold red",
    Verdict.SKIP: "dim",
    Verdict.INCONCLUSIVE: "yellow",
}


def shown(verdict: Verdict) -> str:
    """Returns a verdict as a line has it: what needs attention in capitals."""
    return verdict.upper() if verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE) else str(verdict)


def told(result: Result, known: AbstractSet[str] = frozenset()) -> list[str]:
    """Returns what is said of a case beside its verdict: on its line, and below it.

    Args:
        result: the case.
        known: identifiers of findings that other cases were told with; these are only named.
    """
    found = kinds(result.faults)
    if result.verdict is Verdict.FAIL:
        return _wrong(result, known)
    if result.reason:
        return [_short(result.reason)]
    line = counted(len(result.checks), "check")
    for severity in (Severity.WARNING, Severity.INFORMATION):
        rules = dict.fromkeys(fault.rule for fault, _ in found if fault.severity is severity)
        if rules:
            line += f", {severity}: {' '.join(map(_short, rules))}"
    return [line]


def _wrong(result: Result, known: AbstractSet[str]) -> list[str]:
    """Returns the violations of a case, those that it is about first."""
    found = [pair for pair in kinds(result.faults) if pair[0].severity is Severity.VIOLATION]
    new = [pair for pair in found if pair[0].id not in known]
    new.sort(key=lambda pair: pair[0].rule not in result.rules)
    lines = []
    for fault, count in new[:MOST]:
        lines += [_seen(fault, count), _short(fault.expected)]
    shown = {fault.rule for fault, _ in new[:MOST]}
    rest = [fault.rule for fault, _ in new[MOST:] if fault.rule not in shown]
    again = [fault.rule for fault, _ in found if fault.id in known]
    if rest:
        lines.append(f"and {' '.join(map(_short, in_order(rest)))}")
    if again:
        lines.append(f"again {' '.join(map(_short, in_order(again)))}")
    if result.reason:
        lines.append(_short(result.reason))
    return lines


def _seen(fault: Fault, count: int) -> str:
    where = f"   ex. {fault.exchange}" if fault.exchange else ""
    more = f", {count} times" if count > 1 else ""
    return f"{_short(fault.rule)}: {_short(fault.seen)}{where}{more}"


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."


def closing(runs: Sequence[Run], files: Sequence[Path] = ()) -> str:
    """Returns the last line: counts, violated rules, reports."""
    rules = violated(runs)
    parts = [f"{verdicts(runs)}."]
    if rules:
        parts.append(f"{_short(' '.join(rules))} violated.")
    return "   ".join([*parts, *map(str, files)])


class Screen:
    """Tells how a run goes on.

    Args:
        console: where to.
        total: how many cases there are.
        quiet: says nothing before the end.
    """

    def __init__(self, console: Console, total: int, *, quiet: bool = False) -> None:
        self._console = console
        self._total = total
        self._quiet = quiet
        self._done = 0
        self._known: set[str] = set()
        self._status: Status | None = None

    def progress(self, case: Case, result: Result | None) -> None:
        """Takes note of a case before it begins (None) and when it has ended."""
        if result is None:
            self._busy(f"{self._done + 1} of {self._total}   {case.code}  {case.title}")
            return
        self._done += 1
        self.rest()
        if not self._quiet:
            self._line(result)

    def _busy(self, text: str) -> None:
        """Shows what is being done, where a line can be taken back."""
        self.rest()
        if self._console.is_terminal and not self._quiet:
            self._status = self._console.status(Text(one_line(text)))
            self._status.start()

    def rest(self) -> None:
        """Leaves the terminal to whoever asks something there."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def say(self, text: str = "") -> None:
        """Prints lines as they are."""
        self._console.print(Text(text), soft_wrap=True)

    def _line(self, result: Result) -> None:
        code = result.id.partition("_TH_")[0]
        title = _short(result.title)
        # A recording may have a longer name than cases have.
        line = Text(f"{code + '  ':<11}{title:<{_TITLE}}")
        line.append(f"{shown(result.verdict):<14}", style=_STYLES[result.verdict])
        first, *others = told(result, self._known) or [""]
        self._known |= {one.id for one in result.faults}
        line.append(first)
        self._console.print(line, soft_wrap=True)
        for one in others:
            self._console.print(Text(f"{'':<11}{one}", style="dim"), soft_wrap=True)
