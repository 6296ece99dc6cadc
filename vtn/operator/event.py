"""What an operator does about events: create, share, modify, cancel."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from oadr import messages as m
from oadr.errors import ComplianceError, ProtocolError
from oadr.event import cancel as cancelled
from oadr.event import check_event, is_cancelled, modify, normalize, retire_at
from vtn.audience import Audience, resolve
from vtn.errors import Conflict
from vtn.operator.acting import Acting, find_event
from vtn.store import Transaction, delivery, event
from vtn.store.event import StoredEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Events(Acting):
    """Verbs about events."""

    async def create_event(
        self, wanted_event: m.Event, audience: Audience, *, now: datetime, new: bool = True
    ) -> tuple[StoredEvent, int]:
        """Publishes an event.

        Args:
            wanted_event: checked by the rules of a sender; see ``oadr.event.build_event``.
            audience: whom it is for.
            now: the moment.
            new: no VEN knows it, so that its modification number is 0 (R4). An application
                that counts modifications itself may bring one that a VEN has already.

        Returns:
            The stored event, and how many VENs it is for.

        Raises:
            ComplianceError: a VTN must not send such an event.
            NotFound: the audience names nobody.
            vtn.store.errors.DuplicateId: the eventID is taken (R70).
        """
        ready = normalize(wanted_event)
        check_event(ready)
        if new:
            _check_new(ready)
        async with self.acting() as tx:
            pks = await resolve(tx, audience)
            row = await event.add(tx, event=ready, now=now, retire_at=retire_at(ready))
            await delivery.assign(tx, event_pk=row.pk, party_pks=pks, now=now)
            await self.note(tx, now, "create event", ready.event_id, {"vens": len(pks)})
        return row, len(pks)

    async def share_event(
        self, wanted_event: m.Event, audience: Audience, *, now: datetime
    ) -> tuple[StoredEvent, int]:
        """Makes an event that there is one for further VENs, where it is the same (R70).

        Args:
            wanted_event: what the further VENs are to get; its modification number, status
                and dates do not matter.
            audience: the further VENs; those that have the event already may be among them.
            now: the moment.

        Returns:
            The event as it is stored, and how many VENs have been added.

        Raises:
            NotFound: there is no such event, or the audience names nobody.
            Conflict: the event of that ID is another one, or cancelled.
        """
        async with self.acting() as tx:
            current = await find_event(tx, wanted_event.event_id)
            check_shareable(current, wanted_event, now)
            pks = await share(tx, current, await resolve(tx, audience), now)
            if pks:
                await self.note(tx, now, "share event", current.event_id, {"vens": len(pks)})
        return current, len(pks)

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


def _check_new(wanted: m.Event) -> None:
    number = wanted.descriptor.modification_number
    if number:
        text = f"modificationNumber is {number}; expected 0, since the event is new"
        raise ComplianceError(text, rule="R4")
    if is_cancelled(wanted):
        raise ComplianceError("a new event cannot be cancelled; cancel it later", rule="R10")


def check_shareable(current: StoredEvent, wanted: m.Event, now: datetime) -> None:
    """Checks that an event can go to a VEN that is to get ``wanted``.

    Raises:
        Conflict: its content is another, or it is cancelled.
    """
    if current.cancelled:
        raise Conflict(f"event {current.event_id} is cancelled; give the new one another eventID")
    if not is_same(current.event, wanted, now):
        raise Conflict(
            f"event {current.event_id} is there with other content, for another VEN; give this "
            "one an eventID of its own"
        )


def is_same(current: m.Event, wanted: m.Event, now: datetime) -> bool:
    """Returns whether two events are the same but for what R5 does not count."""
    try:
        return modify(current, wanted, now) is current
    except ProtocolError:
        return False


async def share(
    tx: Transaction, current: StoredEvent, pks: Collection[int], now: datetime
) -> Collection[int]:
    """Makes an event one for further VENs, and returns those that did not have it."""
    there = {
        recipient.pk for recipient, _ in await delivery.for_event(tx, event_id=current.event_id)
    }
    new = [pk for pk in pks if pk not in there]
    if new:
        await delivery.assign(tx, event_pk=current.pk, party_pks=new, now=now)
    return new
