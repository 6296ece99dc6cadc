"""What only a case can know: demands by rule number, beside the checks on what is said."""

from dataclasses import dataclass

from conformance.checks import CHECKS, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Something that must be so when a case asks.

    Attributes:
        rule: its number; 0 for what the profile says outside of the numbered rules.
        topic: in place of a number, such as ``HTTP``.
        name: tells it from others of the same rule.
        expected: what must be, in one sentence.
        severity: of its absence.
    """

    rule: int
    topic: str = ""
    name: str
    expected: str
    severity: Severity = Severity.VIOLATION

    @property
    def label(self) -> str:
        """The rule as people write it, such as ``R42``."""
        return f"R{self.rule}" if self.rule else self.topic

    @property
    def id(self) -> str:
        """The identifier, such as ``R405.metadata_first``."""
        return f"{self.label}.{self.name}"


#: By identifier; beside those of ``CHECKS``.
DEMANDS: dict[str, Demand] = {}


def demand(
    rule: int | str, name: str, expected: str, severity: Severity = Severity.VIOLATION
) -> Demand:
    """Returns a new demand, and keeps it in ``DEMANDS``.

    Args:
        rule: its number; or a topic, such as ``"HTTP"`` (sections 5.1 and 5.5 have no numbers).
        name: tells it from others of the same rule, and from checks.
        expected: what must be, in one sentence.
        severity: of its absence.

    Raises:
        ValueError: the identifier is taken.
    """
    number, topic = (rule, "") if isinstance(rule, int) else (0, rule)
    made = Demand(rule=number, topic=topic, name=name, expected=expected, severity=severity)
    if made.id in DEMANDS or made.id in CHECKS:
        raise ValueError(f"{made.id}: is taken")
    DEMANDS[made.id] = made
    return made
