"""In which order a VTN lists events.

Spec: rules 3 and 15.
"""

from collections.abc import Sequence
from datetime import datetime

from oadr.enums import EventStatus
from oadr.event.status import status_at
from oadr.messages.event import Event

#: Behind every priority that an unsigned 32-bit number can say: 0 and none are lowest (R3).
_LOWEST = 2**32


def order(events: Sequence[Event], now: datetime) -> tuple[Event, ...]:
    """Returns the events as a payload lists them (R15).

    Active events come first, by priority and then start; pending ones follow by start.
    What ties keeps the order given. Cancelled events, and completed ones that are still
    sent, keep the place that they had.

    Args:
        events: in an order that is the same each time, such as that of creation.
        now: decides what is active.
    """

    def place(event: Event) -> tuple[int, int, datetime]:
        period = event.active_period
        if status_at(period, now) in {EventStatus.FAR, EventStatus.NEAR}:
            return 1, 0, period.dtstart
        return 0, event.descriptor.priority or _LOWEST, period.dtstart

    return tuple(sorted(events, key=place))
