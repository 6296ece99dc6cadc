"""Events, each with every modification that it ever had."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select, update

from oadr.messages import Event
from vtn.store import change
from vtn.store.document import read_event, write_event
from vtn.store.errors import DuplicateId, UnknownId
from vtn.store.schema import delivery, event_version
from vtn.store.schema import event as table
from vtn.store.sqlite import insert
from vtn.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as it stands.

    Attributes:
        pk: key in this database, never used twice.
        event: its latest modification; times in it have whole seconds (R1).
        retire_at: when it leaves the snapshot of every VEN; ``oadr.times.FOREVER`` for never.
        modified_at: when the latest modification was stored.
    """

    pk: int
    event: Event
    cancelled: bool
    dtstart: datetime
    retire_at: datetime
    created_at: datetime
    modified_at: datetime

    @property
    def event_id(self) -> str:
        """The event's ID."""
        return self.event.descriptor.event_id

    @property
    def modification(self) -> int:
        """The event's modification number."""
        return self.event.descriptor.modification_number


@dataclass(frozen=True, slots=True, kw_only=True)
class EventVersion:
    """One modification of an event.

    Attributes:
        at: when it was stored.
    """

    event: Event
    modification: int
    cancelled: bool
    at: datetime


async def add(tx: Transaction, *, event: Event, now: datetime, retire_at: datetime) -> StoredEvent:
    """Stores a new event and returns it.

    Raises:
        DuplicateId: the event ID is taken (R70).
    """
    event_id = event.descriptor.event_id
    if await tx.scalar(select(table.c.pk).where(table.c.event_id == event_id)) is not None:
        raise DuplicateId("by an earlier event", kind="eventID", value=event_id)
    values = _values(event, now, retire_at, cancelled=False)
    statement = insert(table).values(**values, event_id=event_id, created_at=now)
    row = (await tx.execute(statement.returning(table))).one()
    await _keep_version(tx, row, now)
    return stored(row)


async def replace(
    tx: Transaction,
    *,
    event: Event,
    now: datetime,
    retire_at: datetime,
    cancelled: bool = False,
) -> StoredEvent:
    """Stores the next modification of an event and returns it.

    The VENs that it is assigned to have something new.

    Raises:
        UnknownId: there is no event with this ID.
    """
    event_id = event.descriptor.event_id
    statement = (
        update(table)
        .where(table.c.event_id == event_id)
        .values(**_values(event, now, retire_at, cancelled=cancelled), retired_at=None)
    )
    row = (await tx.execute(statement.returning(table))).one_or_none()
    if row is None:
        raise UnknownId(kind="event", value=event_id)
    await _keep_version(tx, row, now)
    waiting = select(delivery.c.party_pk).where(
        delivery.c.event_pk == row.pk, delivery.c.closed_at.is_(None)
    )
    await change.bump(tx, party_pks=[pk for (pk,) in await tx.rows(waiting)])
    return stored(row)


async def get(tx: Transaction, *, event_id: str) -> StoredEvent | None:
    """Returns the event with an ID; None if there is none."""
    row = await tx.first(select(table).where(table.c.event_id == event_id))
    return None if row is None else stored(row)


async def list_events(
    tx: Transaction,
    *,
    active_at: datetime | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[StoredEvent]:
    """Returns events by start.

    Args:
        tx: the transaction.
        active_at: only those that are not retired at this moment, future ones included.
        limit: at most so many.
        offset: after so many.
    """
    statement = select(table).order_by(table.c.dtstart, table.c.pk).offset(offset)
    if active_at is not None:
        statement = statement.where(table.c.retire_at > active_at)
    if limit is not None:
        statement = statement.limit(limit)
    return [stored(row) for row in await tx.rows(statement)]


async def versions(tx: Transaction, *, event_id: str) -> list[EventVersion]:
    """Returns every modification of an event, oldest first; none if there is no such event."""
    statement = (
        select(event_version)
        .join(table, table.c.pk == event_version.c.event_pk)
        .where(table.c.event_id == event_id)
        .order_by(event_version.c.modification)
    )
    return [_version(row) for row in await tx.rows(statement)]


async def prune(tx: Transaction, *, before: datetime) -> int:
    """Removes events that retired before a moment, with deliveries and history.

    Returns:
        How many events.
    """
    return await tx.count(
        delete(table).where(table.c.retired_at.is_not(None), table.c.retire_at < before)
    )


def stored(row: Row[Any]) -> StoredEvent:
    """Returns the event of a row that has the columns of the table."""
    return StoredEvent(
        pk=row.pk,
        event=read_event(row.xml),
        cancelled=row.cancelled,
        dtstart=row.dtstart,
        retire_at=row.retire_at,
        created_at=row.created_at,
        modified_at=row.modified_at,
    )


def _values(event: Event, now: datetime, retire_at: datetime, *, cancelled: bool) -> dict[str, Any]:
    return {
        "modification": event.descriptor.modification_number,
        "xml": write_event(event),
        "cancelled": cancelled,
        "dtstart": event.active_period.dtstart,
        "retire_at": retire_at,
        "modified_at": now,
    }


async def _keep_version(tx: Transaction, row: Row[Any], now: datetime) -> None:
    values = {"xml": row.xml, "cancelled": row.cancelled, "at": now}
    new = insert(event_version).values(event_pk=row.pk, modification=row.modification, **values)
    await tx.execute(
        new.on_conflict_do_update(
            index_elements=[event_version.c.event_pk, event_version.c.modification], set_=values
        )
    )


def _version(row: Row[Any]) -> EventVersion:
    return EventVersion(
        event=read_event(row.xml),
        modification=row.modification,
        cancelled=row.cancelled,
        at=row.at,
    )
