"""The typed handler through which callbacks of an application hear of VENs."""

from collections.abc import Sequence

from oadr import messages as m
from vtn.compat.events import Events
from vtn.compat.reports import Reports
from vtn.hooks import Context, EventAnswer, Update


class Ears:
    """Passes answers, deliveries and readings on to callbacks.

    Args:
        events: have callbacks.
        reports: have callbacks.
    """

    def __init__(self, events: Events, reports: Reports) -> None:
        self._events = events
        self._reports = reports

    async def on_created_event(self, answer: EventAnswer, ctx: Context) -> None:
        """Tells the callback of the event."""
        await self._events.answered(answer, ctx)

    async def on_event_delivered(self, events: Sequence[m.Event], ctx: Context) -> None:
        """Tells the delivery callbacks of the events."""
        await self._events.delivered(events, ctx)

    async def on_update_report(self, update: Update, ctx: Context) -> None:
        """Gives the readings to the callbacks of their data points."""
        await self._reports.read(update, ctx)
