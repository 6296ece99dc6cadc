"""What an operator does about events: create, modify, cancel."""

from dataclasses import dataclass
from datetime import datetime

from oadr import messages as m
from oadr.event import cancel as cancelled
from oadr.event import check_event, modify, normalize, retire_at
from vtn.audience import Audience, resolve
from vtn.errors import Conflict
from vtn.operator.acting import Acting, find_event
from vtn.store import delivery, event
from vtn.store.event import StoredEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Events(Acting):
    """Verbs about events."""

    async def create_event(
        self, wanted_event: m.Event, audience: Audience, *, now: datetime, callback: str = ""
    ) -> tuple[StoredEvent, int]:
        """Publishes an event.

        Args:
            wanted_event: checked by the rules of a sender; see ``oadr.event.build_event``.
            audience: whom it is for.
            now: the moment.
            callback: name of a handler for its answers.

        Returns:
            The stored event, and how many VENs it is for.

        Raises:
            ComplianceError: a VTN must not send such an event.
            NotFound: the audience names nobody.
            vtn.store.errors.DuplicateId: the eventID is taken (R70).
        """
        ready = normalize(wanted_event)
        check_event(ready)
        async with self.acting() as tx:
            pks = await resolve(tx, audience)
            row = await event.add(
                tx, event=ready, now=now, retire_at=retire_at(ready), callback=callback or None
            )
            await delivery.assign(tx, event_pk=row.pk, party_pks=pks, now=now)
            await self.note(tx, now, "create event", ready.event_id, {"vens": len(pks)})
        return row, len(pks)

    async def modify_event(self, wanted_event: m.Event, *, now: datetime) -> StoredEvent:
        """Replaces an event by a changed one; the rules of ``oadr.event.modify`` hold (R5, R20).

        Raises:
            NotFound: there is no such event.
            Conflict: it is cancelled.
            NotAllowed: it would change the past.
        """
        async with self.acting() as tx:
            current = await find_event(tx, wanted_event.event_id)
            if current.cancelled:
                raise Conflict(f"event {current.event_id} is cancelled and cannot be modified")
            changed = modify(current.event, normalize(wanted_event), now)
            check_event(changed)
            if changed == current.event:
                return current
            row = await event.replace(tx, event=changed, now=now, retire_at=retire_at(changed))
            await self.note(
                tx, now, "modify event", row.event_id, {"modification": row.modification}
            )
        return row

    async def cancel_event(self, event_id: str, *, now: datetime) -> StoredEvent:
        """Cancels an event; VENs are told until they acknowledge it (R10, R52).

        Raises:
            NotFound: there is no such event.
        """
        async with self.acting() as tx:
            current = await find_event(tx, event_id)
            if current.cancelled:
                return current
            ended = cancelled(current.event, now)
            row = await event.replace(
                tx, event=ended, now=now, retire_at=retire_at(ended), cancelled=True
            )
            await self.note(tx, now, "cancel event", event_id, {})
        return row
