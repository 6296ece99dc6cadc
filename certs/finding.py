"""What the doctor says: one finding for each question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: Warn this long before something ends.
SOON = timedelta(days=30)


class Severity(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    #: Works now, and will not for long or not for everything.
    WARN = "warn"
    #: The handshake fails, or must.
    FAIL = "fail"


class Check(StrEnum):
    """What was looked at."""

    CA = "ca"
    CHAIN = "chain"
    KEY = "key"
    NAME = "name"
    CLOCK = "clock"
    STRENGTH = "strength"
    REVOCATION = "revocation"
    PERMISSION = "permission"
    USAGE = "usage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The answer to one question."""

    check: Check
    severity: Severity
    #: What is so, or what is wrong.
    what: str
    #: What to do; empty if nothing.
    todo: str = ""


def healthy(findings: Iterable[Finding], *, strict: bool = False) -> bool:
    """Return whether nothing failed, and with `strict` that nothing is warned of either."""
    bad = {Severity.FAIL, Severity.WARN} if strict else {Severity.FAIL}
    return not any(finding.severity in bad for finding in findings)


def ok(check: Check, what: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(check=check, severity=Severity.OK, what=what)


def warn(check: Check, what: str, todo: str) -> Finding:
    """Return a finding that will be a problem, or is one for something else."""
    return Finding(check=check, severity=Severity.WARN, what=what, todo=todo)


def fail(check: Check, what: str, todo: str) -> Finding:
    """Return a finding that stops the handshake, or must."""
    return Finding(check=check, severity=Severity.FAIL, what=what, todo=todo)


def moment(when: datetime) -> str:
    """Return a moment for people: minutes, UTC."""
    return f"{when:%Y-%m-%d %H:%M} UTC"
