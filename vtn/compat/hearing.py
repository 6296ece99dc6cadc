"""What VENs say to an application's events: the part of ``Events`` that tells callbacks."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from oadr import messages as m
from oadr.enums import ResponseRequired
from oadr.event import is_cancelled
from vtn.compat.calling import ANSWER, DELIVERY, Callback, Told
from vtn.compat.entries import Entry, Updated
from vtn.hooks import Context, EventAnswer


class Hearing(ABC):
    """Tells the callbacks of events what VENs answer, and that events have gone out."""

    updated: Updated
    callbacks: dict[str, tuple[Any, Callback]]
    delivery_callbacks: dict[str, Callback]

    @abstractmethod
    def _find(self, ven_id: str, event_id: str) -> Entry | None:
        """Returns an event of a VEN."""

    @abstractmethod
    def _drop(self, entry: Entry) -> None:
        """Forgets an event."""

    async def answered(self, answer: EventAnswer, ctx: Context) -> None:
        """Tells the callback of an event what a VEN says to it: each change of it (R16, R17)."""
        if answer.resource_ids:
            # That is not what the VEN as a whole says; typed handlers get it.
            return
        entry = self._find(ctx.ven_id, answer.event_id)
        if entry is None or entry.is_new(answer):
            told = self._told_of_answers(entry, answer.event_id)
            if told is not None:
                opt_type = str(answer.opt_type)
                await told.tell(
                    result=opt_type,
                    ven_id=ctx.ven_id,
                    event_id=answer.event_id,
                    opt_type=opt_type,
                )
                self._forget_told(entry, answer.event_id)
        if entry is None:
            return
        entry.keep(answer)
        number = entry.event.descriptor.modification_number
        if is_cancelled(entry.event) and answer.modification_number >= number:
            self._drop(entry)

    def _forget_told(self, entry: Entry | None, event_id: str) -> None:
        """Takes a callback out of the table that has heard all that it will hear."""
        callback = self.callbacks.get(event_id, (None, None))[1]
        if entry is None or (callback is entry.callback and asyncio.isfuture(callback)):
            self.callbacks.pop(event_id, None)

    def _told_of_answers(self, entry: Entry | None, event_id: str) -> Told | None:
        """Returns who is told; an application may have put it into ``event_callbacks`` itself."""
        if entry is not None and entry.answered is not None:
            return entry.answered
        found = self.callbacks.get(event_id)
        return Told(found[1], *ANSWER) if found is not None else None

    async def delivered(self, events: Sequence[m.Event], ctx: Context) -> None:
        """Tells the delivery callbacks that events have gone out to a VEN."""
        self.updated.note(ctx.ven_id, False)
        for event in events:
            entry = self._find(ctx.ven_id, event.event_id)
            told = self._told_of_deliveries(entry, event.event_id)
            if told is not None:
                await told.tell(result=event.event_id, event_id=event.event_id)
            if (
                entry is not None
                and is_cancelled(event)
                and event.response_required is ResponseRequired.NEVER
            ):
                self._drop(entry)

    def _told_of_deliveries(self, entry: Entry | None, event_id: str) -> Told | None:
        if entry is not None and entry.delivered is not None:
            return entry.delivered
        found = self.delivery_callbacks.get(event_id)
        return Told(found, *DELIVERY) if found is not None else None
