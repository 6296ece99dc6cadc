"""How many VENs are talked to at a time, and who is next."""

from collections import deque
from collections.abc import Callable

from vtn.dispatch.lane import Lane


class Places:
    """A bounded number of places for lanes.

    VENs that could not be reached last time wait apart, and have at most half of the places:
    those that hang must not keep the others waiting.

    Args:
        count: of all places.
        begin: starts the next exchange of a lane; returns whether there was one to start.
    """

    def __init__(self, count: int, begin: Callable[[Lane], bool]) -> None:
        self._count = count
        self._begin = begin
        self._fresh: deque[Lane] = deque()
        self._retrying: deque[Lane] = deque()
        self._taken = 0
        self._taken_again = 0

    def __len__(self) -> int:
        return len(self._fresh) + len(self._retrying)

    def queue(self, lane: Lane) -> None:
        """Gives a lane a place as soon as there is one."""
        lane.queued = True
        (self._retrying if lane.failures else self._fresh).append(lane)
        self._fill()

    def leave(self, *, again: bool) -> None:
        """Takes a place back.

        Args:
            again: whether the lane had failed before.
        """
        self._taken -= 1
        self._taken_again -= again
        self._fill()

    def clear(self) -> None:
        """Sends away who waits."""
        self._fresh.clear()
        self._retrying.clear()

    def _fill(self) -> None:
        while self._taken < self._count and (lane := self._next()) is not None:
            lane.queued = False
            again = bool(lane.failures)
            self._taken += 1
            self._taken_again += again
            if not self._begin(lane):
                self._taken -= 1
                self._taken_again -= again

    def _next(self) -> Lane | None:
        few, most = self._count // 4, max(self._count // 2, 1)
        allowed = few if self._fresh else most
        if self._retrying and self._taken_again < allowed:
            return self._retrying.popleft()
        return self._fresh.popleft() if self._fresh else None
