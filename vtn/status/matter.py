"""Something that deserves attention."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """Something that deserves attention.

    Attributes:
        about: such as ``"events"``.
        words: how it is.
        todo: what to do, a command where there is one.
    """

    about: str
    words: str
    todo: str
