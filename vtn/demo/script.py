"""What the operator of the demo does, and when in the simulated day."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from oadr import messages as m
from oadr.event import build_event, parse_levels
from vtn.demo.buildings import GROUP
from vtn.operator import Audience, Operator, target_of

#: Simulated hours before midnight at which everything starts, and after which it ends.
BEFORE, AFTER = timedelta(hours=3), timedelta(hours=2)
PROGRAMME = "http://north-grid.example/peak"
AUDIENCE = Audience(groups=frozenset({GROUP}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that the operator does.

    Attributes:
        at: time since midnight of the simulated day.
        words: for the screen.
        do: does it.
    """

    at: timedelta
    words: str
    do: Callable[[Operator, datetime], Awaitable[object]]


def peak_id(day: datetime) -> str:
    """Returns the ID of the day's peak event."""
    return f"peak-{day:%Y%m%d}"


def second_id(day: datetime) -> str:
    """Returns the ID of the day's second event, which is cancelled."""
    return f"evening-{day:%Y%m%d}"


def peak(day: datetime, levels: str, now: datetime) -> m.Event:
    """Returns the peak event: 17:00, with ramp-up, at two levels."""
    return build_event(
        event_id=peak_id(day),
        market_context=PROGRAMME,
        start=day + timedelta(hours=17),
        intervals=parse_levels(levels),
        ramp_up=timedelta(minutes=30),
        notification=timedelta(hours=4),
        comment="evening peak",
        target=target_of(AUDIENCE),
        now=now,
    )


def script(day: datetime) -> tuple[Act, ...]:
    """Returns the operator's day, in order."""

    async def create(operator: Operator, now: datetime) -> object:
        return await operator.create_event(peak(day, "1:1h,2:1h30m,1:30m", now), AUDIENCE, now=now)

    async def second(operator: Operator, now: datetime) -> object:
        event = build_event(
            event_id=second_id(day),
            market_context=PROGRAMME,
            start=day + timedelta(hours=21),
            intervals=parse_levels("1:1h"),
            target=target_of(AUDIENCE),
            now=now,
        )
        return await operator.create_event(event, AUDIENCE, now=now)

    async def lengthen(operator: Operator, now: datetime) -> object:
        return await operator.modify_event(peak(day, "1:1h,2:2h,1:30m", now), now=now)

    async def cancel(operator: Operator, now: datetime) -> object:
        return await operator.cancel_event(second_id(day), now=now)

    hour = timedelta(hours=1)
    return (
        Act(at=8 * hour, words="peak event: 17:00, levels 1 and 2, 3 h, ramp-up 30 min", do=create),
        Act(at=10 * hour, words="a second event: 21:00 for 1 h", do=second),
        Act(at=12 * hour, words="peak event modified: level 2 for 2 h, 3.5 h in all", do=lengthen),
        Act(at=14 * hour, words="second event cancelled", do=cancel),
    )
