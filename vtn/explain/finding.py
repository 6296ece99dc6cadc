"""What an explanation is made of."""

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """Whether all is well with something."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that bears on whether a VEN sees an event.

    Attributes:
        name: such as ``"target"``.
        grade: whether it stands in the way.
        words: how it is.
        todo: what helps, a command where there is one; empty if nothing has to be done.
    """

    name: str
    grade: Grade = Grade.OK
    words: str
    todo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a VEN does or does not see an event.

    Attributes:
        headline: how it stands, in a sentence.
        grade: ``fail`` if the VEN does not see the event, or does not say that it does.
        next_poll: whether its next poll, were it now, brings the event; None for one that is
            pushed to, which does not poll.
        findings: all that bears on it.
    """

    headline: str
    grade: Grade
    next_poll: bool | None
    findings: tuple[Finding, ...]
