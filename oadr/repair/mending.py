"""One attempt to mend a document: what is allowed, what was done, how much may be done."""

from oadr.repair.catalogue import REPAIRS, Tolerance

#: Most changes to one document; a peer whose message needs more is not merely imprecise.
MAX_CHANGES = 50_000


class TooMuchError(Exception):
    """A document would need more changes than are made."""


class Mending:
    """What is done to one document.

    Args:
        tolerance: which repairs are allowed.
    """

    def __init__(self, tolerance: Tolerance) -> None:
        self._allowed = frozenset(
            name for name, repair in REPAIRS.items() if tolerance.allows(repair.tolerance)
        )
        self._done: set[str] = set()
        self._changes = 0

    def allows(self, name: str) -> bool:
        """Returns whether a repair may be done."""
        return name in self._allowed

    def note(self, name: str) -> None:
        """Notes one change by a repair.

        Raises:
            TooMuchError: there were too many.
        """
        self._done.add(name)
        self._changes += 1
        if self._changes > MAX_CHANGES:
            raise TooMuchError

    @property
    def done(self) -> tuple[str, ...]:
        """The repairs that were done, in the order of ``REPAIRS``."""
        return tuple(name for name in REPAIRS if name in self._done)
