"""Which VENs have not acknowledged which open events."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from vtn.store.schema import delivery, event
from vtn.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """An event as it stands that a VEN has not acknowledged.

    Attributes:
        since: when it became so: the VEN got it, or it was modified.
    """

    event_pk: int
    party_pk: int
    since: datetime


async def unanswered(tx: Transaction, *, now: datetime) -> list[Unanswered]:
    """Returns what is not acknowledged of the events that are not over."""
    columns = (delivery.c.event_pk, delivery.c.party_pk, delivery.c.assigned_at)
    statement = (
        select(*columns, event.c.modified_at)
        .join(event, event.c.pk == delivery.c.event_pk)
        .where(
            event.c.retire_at > now,
            delivery.c.closed_at.is_(None),
            delivery.c.acked_modification.is_distinct_from(event.c.modification),
        )
    )
    return [
        Unanswered(
            event_pk=row.event_pk,
            party_pk=row.party_pk,
            since=max(row.assigned_at, row.modified_at),
        )
        for row in await tx.rows(statement)
    ]


async def recipients(tx: Transaction, *, now: datetime) -> dict[int, int]:
    """Returns for how many VENs each open event is, by its row."""
    statement = (
        select(delivery.c.event_pk, func.count().label("vens"))
        .join(event, event.c.pk == delivery.c.event_pk)
        .where(event.c.retire_at > now)
        .group_by(delivery.c.event_pk)
    )
    return {row.event_pk: row.vens for row in await tx.rows(statement)}
