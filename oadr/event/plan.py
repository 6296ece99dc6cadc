"""What a VEN does when: the steps of an event after its random offset.

Spec: rules 30, 31, 32, 47, 65 and 114.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from oadr.event.status import starts
from oadr.messages.common import Period
from oadr.messages.event import Event
from oadr.times import FOREVER, ZERO, add, before, end_of

_SECOND = timedelta(seconds=1)


class StepKind(StrEnum):
    """What begins at a step."""

    NOTIFY = "notify"
    RAMP_UP = "ramp-up"
    INTERVAL = "interval"
    END = "end"
    RECOVERED = "recovered"


_RANK = {kind: rank for rank, kind in enumerate(StepKind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A moment at which a VEN has something to do for an event.

    Attributes:
        at: when.
        kind: what.
        interval: position in the signal's intervals, for ``INTERVAL`` only.
        signal_id: the signal that the interval belongs to, for ``INTERVAL`` only.
    """

    at: datetime
    kind: StepKind
    interval: int | None = None
    signal_id: str | None = None


def pick_offset(start_after: timedelta | None, random: Random) -> timedelta:
    """Returns by how much the start is put off: 0 to ``start_after``, whole seconds (R30)."""
    if start_after is None or start_after < _SECOND:
        return ZERO
    return timedelta(seconds=random.randint(0, start_after // _SECOND))


def keep_offset(
    previous_period: Period, previous_offset: timedelta, new_period: Period, random: Random
) -> timedelta:
    """Returns the offset of a modified event: a new one only if startafter changed (R30)."""
    if (previous_period.start_after or ZERO) == (new_period.start_after or ZERO):
        return previous_offset
    return pick_offset(new_period.start_after, random)


def plan(event: Event, offset: timedelta) -> tuple[Step, ...]:
    """Returns the steps of an event in time order, and by kind where they coincide.

    An event that notifies no time ahead has no ``NOTIFY``; one without ramp-up or
    recovery lacks these; an open-ended one has neither ``END`` nor ``RECOVERED`` (R47).

    Interpretation: a negative ramp-up starts with the event and reaches into it, a
    negative recovery is over at its end (R31).

    Args:
        event: of several signals each has its own interval steps.
        offset: by how much the start is put off, from ``pick_offset``.
    """
    period = event.active_period
    start = add(period.dtstart, offset)
    end = end_of(start, period.duration)
    steps = _before_start(period, start)
    for signal in event.signals:
        for index, at in enumerate(starts(signal.intervals, start)[:-1]):
            if at < end:
                step = Step(
                    at=at, kind=StepKind.INTERVAL, interval=index, signal_id=signal.signal_id
                )
                steps.append(step)
    if end < FOREVER:
        steps.append(Step(at=end, kind=StepKind.END))
        if period.recovery:
            recovered = add(end, max(period.recovery, ZERO))
            steps.append(Step(at=recovered, kind=StepKind.RECOVERED))
    return tuple(sorted(steps, key=lambda step: (step.at, _RANK[step.kind])))


def _before_start(period: Period, start: datetime) -> list[Step]:
    steps = []
    if period.notification and period.notification > ZERO:
        # The VTN promises notice before dtstart; the random offset comes on top of it.
        at = before(period.dtstart, period.notification)
        steps.append(Step(at=at, kind=StepKind.NOTIFY))
    if period.ramp_up:
        at = before(start, max(period.ramp_up, ZERO))
        steps.append(Step(at=at, kind=StepKind.RAMP_UP))
    return steps


def steps_between(steps: Sequence[Step], after: datetime, until: datetime) -> tuple[Step, ...]:
    """Returns the steps later than ``after`` and not later than ``until``, in their order."""
    return tuple(step for step in steps if after < step.at <= until)


def end_after_cancel(now: datetime, start_after: timedelta | None, random: Random) -> datetime:
    """Returns when a cancelled event ends: a random part of startafter from now (R65)."""
    return add(now, pick_offset(start_after, random))
