"""What a line of the ledger of rules holds."""

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """A party that a rule binds."""

    VTN = "VTN"
    VEN = "VEN"


VTN = frozenset({Side.VTN})
VEN = frozenset({Side.VEN})
BOTH = VTN | VEN
#: The rule says what the profile leaves to a programme; nobody can break it.
NOBODY: frozenset[Side] = frozenset()


@dataclass(frozen=True, slots=True)
class Rule:
    """A numbered conformance rule of the OpenADR 2.0b profile, in our words.

    Attributes:
        number: that of the profile, without the ``R``.
        sides: whoever has to keep it.
        words: what it asks for, as full sentences.
        note: how it is read here, where its text is open.
        later: which part of it is not there yet, and why; empty if all of it is.
    """

    number: int
    sides: frozenset[Side]
    words: str
    note: str = ""
    later: str = ""

    def __post_init__(self) -> None:
        """Checks that the line says something.

        Raises:
            ValueError: the number is not one, or there are no words.
        """
        if self.number < 1 or not self.words:
            raise ValueError(f"rule {self.number}: expected a number above 0 and words")

    @property
    def name(self) -> str:
        """Returns the rule as it is named everywhere, such as ``R42``."""
        return f"R{self.number}"


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter of the ledger.

    Attributes:
        title: which part of the profile it is about.
        rules: in the order of their numbers.
    """

    title: str
    rules: tuple[Rule, ...]
