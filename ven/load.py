"""What a load is to the VEN: something that can be told which level to take.

``ven.loads`` holds the loads that come with the VEN; anything with ``apply`` is one.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from oadr.messages import Event


class CommandKind(StrEnum):
    """Why a load is told something."""

    #: An event will start: get there slowly if there is ramp-up.
    RAMP_UP = "rampUp"
    #: An interval has started; also sent again after a restart of the VEN.
    INTERVAL = "interval"
    #: The event is over: get back slowly if there is recovery.
    RECOVERY = "recovery"
    #: Nothing is wanted any more.
    NORMAL = "normal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a load is told.

    Attributes:
        event: the event that wants it.
        signal_name: the signal that it comes from, such as ``"SIMPLE"``; empty for none.
        level: value of the signal; None means back to normal.
        interval: number of the interval, from 0; None outside of intervals.
        kind: why.
    """

    event: Event | None
    signal_name: str
    level: Decimal | None
    interval: int | None
    kind: CommandKind


class Load(Protocol):
    """Something that an event can change.

    ``apply`` may be called more than once with the same command.
    """

    async def apply(self, command: Command, now: datetime) -> None:
        """Takes the level; an error is logged and concerns nothing else."""
