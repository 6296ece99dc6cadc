"""What every verb of an operator has: one transaction, a line in the audit, word to the server."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from oadr.enums import ProfileName
from vtn.errors import Conflict, NotFound
from vtn.store import Store, Transaction, audit, event, party
from vtn.store.event import StoredEvent
from vtn.store.party import Party


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Somebody who acts on a VTN's store.

    Attributes:
        store: the database.
        actor: who it is, for the audit.
        changed: called after each verb, so that a server in this process takes it over.
    """

    store: Store
    actor: str = "operator"
    changed: Callable[[], Awaitable[object]] | None = None

    @asynccontextmanager
    async def acting(self) -> AsyncIterator[Transaction]:
        """Gives the transaction of one verb; the server hears of it once it is committed."""
        async with self.store.begin() as tx:
            yield tx
        if self.changed is not None:
            await self.changed()

    async def note(
        self,
        tx: Transaction,
        now: datetime,
        action: str,
        subject: str,
        detail: Mapping[str, object],
    ) -> None:
        """Writes what was done into the audit, in the transaction that does it."""
        await audit.append(
            tx, at=now, actor=self.actor, action=action, subject=subject, detail=detail
        )


async def find_ven(tx: Transaction, name: str) -> Party:
    """Returns a VEN by its name or venID.

    Raises:
        NotFound: nobody is called so.
    """
    row = await party.get(tx, ven_name=name) or await party.get(tx, ven_id=name)
    if row is None:
        raise NotFound("VEN", name, "see: vtn ven list")
    return row


async def find_event(tx: Transaction, event_id: str) -> StoredEvent:
    """Returns an event.

    Raises:
        NotFound: there is none with that ID.
    """
    row = await event.get(tx, event_id=event_id)
    if row is None:
        raise NotFound("event", event_id, "see: vtn event list")
    return row


def registration_of(row: Party) -> str:
    """Returns a VEN's registrationID.

    Raises:
        Conflict: it is not registered, or of 2.0a, where nobody is.
    """
    if row.profile is ProfileName.A:
        raise Conflict(
            f"{row.ven_name} is a VEN of 2.0a, which knows events and nothing else: no "
            "registration, no reports"
        )
    if row.registration_id is None:
        raise Conflict(f"{row.ven_name} is not registered")
    return row.registration_id
