"""What waits to be said to VENs, in order.

An item waits until it is done or has failed; sending it alone does not end it, since the
message or its answer may be lost.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update

from vtn.store import change
from vtn.store.schema import outbox
from vtn.store.sqlite import insert
from vtn.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A message for a VEN.

    Attributes:
        pk: key; items of a VEN go out in its order.
        kind: what it is, such as ``"oadrCreateReport"``.
        ref: what it is about, such as a reportRequestID.
        message: the document, unsigned.
        done_at: when it was answered, or given up if ``failed`` says why.
    """

    pk: int
    party_pk: int
    kind: str
    ref: str | None
    message: bytes
    created_at: datetime
    sent_at: datetime | None
    sent_count: int
    done_at: datetime | None
    failed: str | None


async def put(
    tx: Transaction, *, party_pk: int, kind: str, ref: str | None, message: bytes, now: datetime
) -> Item:
    """Adds a message behind those that wait, and returns its item."""
    statement = insert(outbox).values(
        party_pk=party_pk, kind=kind, ref=ref, message=message, created_at=now
    )
    row = (await tx.execute(statement.returning(outbox))).one()
    await change.bump(tx, party_pks=[party_pk])
    return Item(**row._mapping)


async def waiting(tx: Transaction, *, party_pk: int) -> list[Item]:
    """Returns what waits for a VEN, oldest first; sent items too until they are done."""
    statement = select(outbox).where(_waits(party_pk)).order_by(outbox.c.pk)
    return [Item(**row._mapping) for row in await tx.rows(statement)]


async def failed(tx: Transaction, *, party_pk: int, limit: int = 20) -> list[Item]:
    """Returns what was given up for a VEN, latest first, as long as it is kept."""
    statement = (
        select(outbox)
        .where(outbox.c.party_pk == party_pk, outbox.c.failed.is_not(None))
        .order_by(outbox.c.done_at.desc(), outbox.c.pk.desc())
        .limit(limit)
    )
    return [Item(**row._mapping) for row in await tx.rows(statement)]


async def sent(tx: Transaction, *, pk: int, now: datetime) -> bool:
    """Notes that an item goes out; returns whether it may, because it still waits."""
    count = await tx.count(
        update(outbox)
        .where(outbox.c.pk == pk, outbox.c.done_at.is_(None))
        .values(sent_at=now, sent_count=outbox.c.sent_count + 1)
    )
    return count > 0


async def arrived(tx: Transaction, *, pk: int, now: datetime) -> None:
    """Notes when an item that was sent before has arrived."""
    await tx.execute(update(outbox).where(outbox.c.pk == pk).values(sent_at=now))


async def rewrite(tx: Transaction, *, pk: int, message: bytes) -> None:
    """Puts another message in place of that of an item."""
    await tx.execute(update(outbox).where(outbox.c.pk == pk).values(message=message))


async def done(
    tx: Transaction,
    *,
    pk: int | None = None,
    party_pk: int | None = None,
    kind: str | None = None,
    ref: str | None = None,
    now: datetime,
) -> int:
    """Ends items that were answered.

    Args:
        tx: the transaction.
        pk: one item; or else
        party_pk: what waits for this VEN,
        kind: of this kind; None for every kind,
        ref: and about this; None for whatever it is about.
        now: when.

    Returns:
        How many ended.
    """
    return await _end(tx, _chosen(pk, party_pk, kind, ref), {"done_at": now})


async def fail(
    tx: Transaction,
    *,
    pk: int | None = None,
    party_pk: int | None = None,
    kind: str | None = None,
    ref: str | None = None,
    reason: str,
    now: datetime,
) -> int:
    """Gives items up, with the reason; chosen as in ``done``.

    Returns:
        How many were given up.
    """
    return await _end(tx, _chosen(pk, party_pk, kind, ref), {"done_at": now, "failed": reason})


async def parties_with_waiting(tx: Transaction) -> set[int]:
    """Returns the VENs that something waits for."""
    statement = select(outbox.c.party_pk).where(outbox.c.done_at.is_(None)).distinct()
    return {row.party_pk for row in await tx.rows(statement)}


async def prune(tx: Transaction, *, before: datetime) -> int:
    """Removes items that ended before a moment, and returns how many."""
    return await tx.count(delete(outbox).where(outbox.c.done_at < before))


def _waits(party_pk: int) -> ColumnElement[bool]:
    return (outbox.c.party_pk == party_pk) & outbox.c.done_at.is_(None)


def _chosen(
    pk: int | None, party_pk: int | None, kind: str | None, ref: str | None
) -> ColumnElement[bool]:
    if pk is not None:
        return (outbox.c.pk == pk) & outbox.c.done_at.is_(None)
    if party_pk is None:
        raise ValueError("expected pk, or party_pk with kind and ref")
    chosen = _waits(party_pk)
    for column, value in ((outbox.c.kind, kind), (outbox.c.ref, ref)):
        if value is not None:
            chosen &= column == value
    return chosen


async def _end(tx: Transaction, chosen: ColumnElement[bool], values: dict[str, object]) -> int:
    return await tx.count(update(outbox).where(chosen).values(values))
