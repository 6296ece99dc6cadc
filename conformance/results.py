"""What comes of a run: verdicts, faults, and all that was said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from conformance.checks import Finding, Severity, Side
from conformance.peers.tape import Recorded


class Verdict(StrEnum):
    """What comes of a case."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    SKIP = "skip"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that the device under test does wrong.

    Attributes:
        rule: its label, such as ``R405``.
        id: of the check or demand.
        severity: how bad.
        expected: what must be.
        seen: what was seen.
        sender: who did it.
        exchange: number of the exchange in the case; 0 if it is not one.
        message: name of the message; empty if it is not one.
        path: where in the XML.
        line: likewise, from 1; 0 for nowhere.
        excerpt: the XML of the place, shortened.
    """

    rule: str
    id: str
    severity: Severity
    expected: str
    seen: str
    sender: Side
    exchange: int = 0
    message: str = ""
    path: str = ""
    line: int = 0
    excerpt: str = ""


def fault_of(finding: Finding, exchange: int) -> Fault:
    """Returns what a check has found as a fault."""
    return Fault(
        rule=finding.check.label,
        id=finding.check.id,
        severity=finding.check.severity,
        expected=finding.check.expected,
        seen=finding.seen,
        sender=finding.sender,
        exchange=exchange,
        message=finding.message,
        path=finding.path,
        line=finding.line,
        excerpt=finding.excerpt,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An exchange, as a report shows it; times are those of the device's clock."""

    number: int
    at: datetime
    asked_by: Side
    service: str
    path: str
    title: str
    status: int | None
    problem: str
    request: str
    reply: str
    request_headers: Mapping[str, str] = field(default_factory=dict)
    reply_headers: Mapping[str, str] = field(default_factory=dict)


def said(recorded: Recorded) -> Said:
    """Returns an exchange as a report shows it."""
    return Said(
        number=recorded.number,
        at=recorded.at,
        asked_by=recorded.asked_by,
        service=recorded.service,
        path=recorded.path,
        title=recorded.title,
        status=recorded.status,
        problem=recorded.problem,
        request=recorded.request.decode(errors="replace"),
        reply=recorded.reply.decode(errors="replace"),
        request_headers=recorded.request_headers,
        reply_headers=recorded.reply_headers,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a case.

    Attributes:
        id: such as ``N1_0010_TH_VEN``.
        title: of the case.
        suite: its group.
        purpose: what it is for.
        steps: what happens.
        needs: configuration that the device needs.
        rules: that it is about, as labels.
        verdict: what came of it.
        reason: why it was skipped or is inconclusive; empty otherwise.
        faults: what is wrong, in the order in which it was found.
        checks: identifiers of the checks and demands that looked at something.
        said: the exchanges.
        took: real seconds.
    """

    id: str
    title: str
    suite: str
    purpose: str
    steps: tuple[str, ...]
    needs: tuple[str, ...]
    rules: tuple[str, ...]
    verdict: Verdict
    reason: str = ""
    faults: tuple[Fault, ...] = ()
    checks: tuple[str, ...] = ()
    said: tuple[Said, ...] = ()
    took: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of a run.

    Attributes:
        device: what was tested, for people.
        side: VTN or VEN.
        push: whether in the push model.
        began: when, real time, UTC.
        took: real seconds.
        results: in the order in which the cases ran.
    """

    device: str
    side: Side
    push: bool
    began: datetime
    took: float
    results: tuple[Result, ...]

    def count(self, verdict: Verdict) -> int:
        """Returns how many cases have this verdict."""
        return sum(one.verdict is verdict for one in self.results)

    @property
    def violated(self) -> tuple[str, ...]:
        """The labels of the rules that were violated, in order."""
        labels = {
            fault.rule
            for one in self.results
            for fault in one.faults
            if fault.severity is Severity.VIOLATION
        }
        return tuple(sorted(labels, key=lambda label: (not label[1:].isdigit(), label.zfill(9))))

    @property
    def passed(self) -> bool:
        """Whether a case passed, none failed and none is inconclusive."""
        wrong = self.count(Verdict.FAIL) or self.count(Verdict.INCONCLUSIVE)
        return bool(self.count(Verdict.PASS)) and not wrong
