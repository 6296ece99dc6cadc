"""How much of a load is shed when: a line of steps and ramps, and what is under it.

Everything is exact: fractions of a load are rational numbers, times whole microseconds.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from ven.sources.exact import share

NOTHING = Fraction(0)
_ONE = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From ``at`` on the shed fraction goes to ``target`` in a straight line.

    Attributes:
        at: when it begins.
        target: fraction of the load that is shed in the end, 0 to 1.
        ramp: how long it takes to get there; 0 is at once.
        why: for people: the event and level.
    """

    at: datetime
    target: Fraction
    ramp: timedelta = timedelta(0)
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A step with the fraction that it began at."""

    step: Step
    origin: Fraction

    def at(self, moment: datetime) -> Fraction:
        """Returns the fraction at a moment of this piece."""
        passed = moment - self.step.at
        if passed >= self.step.ramp:
            return self.step.target
        return self.origin + (self.step.target - self.origin) * Fraction(
            passed // _ONE, self.step.ramp // _ONE
        )

    def area(self, start: datetime, end: datetime) -> Fraction:
        """Returns fraction times microseconds between two moments of this piece."""
        turn = min(max(start, self.step.at + self.step.ramp), end)
        sloped = (self.at(start) + self.at(turn)) / 2 * ((turn - start) // _ONE)
        return sloped + self.step.target * ((end - turn) // _ONE)


class Shedding:
    """The history of a load: what was shed, and what is.

    Steps must be added in the order of time; one that is not later than the last takes
    its place from there on.
    """

    def __init__(self, steps: Sequence[Step] = ()) -> None:
        self._pieces: list[_Piece] = []
        for step in steps:
            self.add(step)

    @property
    def steps(self) -> list[Step]:
        """All steps that are remembered, oldest first."""
        return [piece.step for piece in self._pieces]

    @property
    def target(self) -> Fraction:
        """Where the last step leads."""
        return self._pieces[-1].step.target if self._pieces else NOTHING

    def at(self, moment: datetime) -> Fraction:
        """Returns the fraction that is shed at a moment."""
        index = bisect_right(self._pieces, moment, key=_begins) - 1
        return self._pieces[index].at(moment) if index >= 0 else NOTHING

    def add(self, step: Step) -> None:
        """Adds a step; what was planned after it never happens."""
        while self._pieces and self._pieces[-1].step.at > step.at:
            self._pieces.pop()
        self._pieces.append(_Piece(step, self.at(step.at)))

    def forget(self, before: datetime) -> None:
        """Forgets steps that no longer matter for any moment from ``before`` on."""
        index = bisect_right(self._pieces, before, key=_begins) - 1
        # The first step that is kept would begin at 0, so only one that has arrived may be first.
        if index > 0 and before >= _begins(self._pieces[index]) + self._pieces[index].step.ramp:
            del self._pieces[:index]

    def mean(self, start: datetime, end: datetime) -> Fraction:
        """Returns the mean fraction that was shed between two moments, ``start < end``."""
        area = sum((piece.area(a, b) for piece, a, b in self._within(start, end)), NOTHING)
        return area / ((end - start) // _ONE)

    def reduced(self, value: Decimal, start: datetime, end: datetime) -> Decimal:
        """Returns what is left of a metered value.

        Nothing is shed of a value that is not positive: there is no load then. What is
        shed is rounded to a millionth of the unit; left and shed add up to the value.
        """
        if value <= 0:
            return value
        return value - share(value, self.mean(start, end))

    def _within(
        self, start: datetime, end: datetime
    ) -> Iterator[tuple[_Piece, datetime, datetime]]:
        first = max(bisect_right(self._pieces, start, key=_begins) - 1, 0)
        for index in range(first, len(self._pieces)):
            piece = self._pieces[index]
            if piece.step.at >= end:
                return
            last = index + 1 == len(self._pieces)
            until = end if last else min(end, self._pieces[index + 1].step.at)
            begin = max(start, piece.step.at)
            if begin < until:
                yield piece, begin, until


def _begins(piece: _Piece) -> datetime:
    return piece.step.at


def fraction_for(level: Decimal, table: Mapping[Decimal, Fraction]) -> Fraction:
    """Returns the fraction for a level; one that is not in the table sheds as the next lower."""
    known = [entry for entry in table if entry <= level]
    return table[max(known)] if known else NOTHING
