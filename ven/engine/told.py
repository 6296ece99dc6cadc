"""What was said already, so that the log does not say it at each poll."""

from collections import OrderedDict
from collections.abc import Hashable


class Told:
    """Remembers what was logged, the newest ``limit`` things.

    Args:
        limit: how many, 1 or more.
    """

    def __init__(self, limit: int = 1000) -> None:
        self._limit = limit
        self._told: OrderedDict[Hashable, None] = OrderedDict()

    def new(self, what: Hashable) -> bool:
        """Returns whether this was not said before, and notes that it is now."""
        known = what in self._told
        self._told[what] = None
        self._told.move_to_end(what)
        if len(self._told) > self._limit:
            self._told.popitem(last=False)
        return not known
