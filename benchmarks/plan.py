"""How much is measured."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The size of a run.

    Attributes:
        folder: for databases and keys; on the disk whose commits are to be measured.
        rounds: of each row; the two subjects take turns in each.
        seconds: that a round of requests takes, about.
        reports: messages in a round of reports.
        intervals: of each report.
        steps: times that a single step is done in a round; within the five seconds that
            openleadr gives to a signature.
        settle: seconds until a process counts as idle.
    """

    folder: Path
    rounds: int = 9
    seconds: float = 1.0
    reports: int = 20
    intervals: int = 1000
    steps: int = 30
    settle: float = 6.0
