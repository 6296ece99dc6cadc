"""One attempt to mend a document: what is allowed, what was done, how much may be done."""

from oadr.repair.catalogue import REPAIRS, Tolerance

#: Most changes to one document; a peer whose message needs more is not merely imprecise.
MAX_CHANGES = 20_000


class TooMuchError(Exception):
    """A document would need more changes than are made."""


class Mending:
    """What is done to one document.

    Attributes:
        changes: how many were made.
    """

    def __init__(self) -> None:
        self.changes = 0
        self._allowed: frozenset[str] = frozenset()
        self._done: set[str] = set()

    def allow(self, tolerance: Tolerance) -> None:
        """Allows the repairs of a tolerance from now on, and no others."""
        self._allowed = frozenset(
            name for name, repair in REPAIRS.items() if tolerance.allows(repair.tolerance)
        )

    def allows(self, name: str) -> bool:
        """Returns whether a repair may be done."""
        return name in self._allowed

    def note(self, name: str) -> None:
        """Notes one change by a repair.

        Raises:
            TooMuchError: there were too many.
        """
        self._done.add(name)
        self.changes += 1
        if self.changes > MAX_CHANGES:
            raise TooMuchError

    @property
    def done(self) -> tuple[str, ...]:
        """The repairs that were done, in the order of ``REPAIRS``."""
        return tuple(name for name in REPAIRS if name in self._done)
