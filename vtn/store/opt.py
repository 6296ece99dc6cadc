"""Opts: the availability schedules and event qualifications that VENs sent.

Which of several applies at a moment is decided in ``oadr.opt``.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from oadr.messages import CreateOpt
from vtn.store.document import read_opt, write_opt
from vtn.store.schema import opt as table
from vtn.store.sqlite import insert, integers
from vtn.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOpt:
    """An opt that was not cancelled.

    Attributes:
        opt: as it was sent.
        received_at: when; a later one precedes an earlier one.
        superseded: a later one of the same kind took its place (R203).
    """

    pk: int
    party_pk: int
    opt: CreateOpt
    received_at: datetime
    superseded: bool


async def add(tx: Transaction, *, party_pk: int, opt: CreateOpt, now: datetime) -> StoredOpt:
    """Stores an opt and returns it; the same message sent again is the same opt."""
    document = write_opt(opt)
    again = select(table).where(
        table.c.party_pk == party_pk,
        table.c.cancelled_at.is_(None),
        table.c.opt_id == opt.opt_id,
        table.c.xml == document,
    )
    row = await tx.first(again)
    if row is None:
        new = insert(table).values(
            party_pk=party_pk, opt_id=opt.opt_id, xml=document, received_at=now
        )
        row = (await tx.execute(new.returning(table))).one()
    return _stored(row)


async def for_party(tx: Transaction, *, party_pk: int) -> list[StoredOpt]:
    """Returns the opts of a VEN that are not cancelled, oldest first."""
    statement = (
        select(table)
        .where(table.c.party_pk == party_pk, table.c.cancelled_at.is_(None))
        .order_by(table.c.pk)
    )
    return [_stored(row) for row in await tx.rows(statement)]


async def in_force(tx: Transaction) -> list[StoredOpt]:
    """Returns the opts of all VENs that are neither cancelled nor superseded, oldest first."""
    statement = (
        select(table)
        .where(table.c.cancelled_at.is_(None), table.c.superseded_at.is_(None))
        .order_by(table.c.pk)
    )
    return [_stored(row) for row in await tx.rows(statement)]


async def cancel(tx: Transaction, *, party_pk: int, opt_id: str, now: datetime) -> int:
    """Ends all opts of a VEN that used an optID (R204), and returns how many."""
    return await tx.count(
        update(table)
        .where(
            table.c.party_pk == party_pk,
            table.c.cancelled_at.is_(None),
            table.c.opt_id == opt_id,
        )
        .values(cancelled_at=now)
    )


async def supersede(tx: Transaction, *, pks: Collection[int], now: datetime) -> None:
    """Marks opts whose place later ones took."""
    await tx.execute(
        update(table)
        .where(table.c.pk.in_(integers(pks)), table.c.superseded_at.is_(None))
        .values(superseded_at=now)
    )


async def cancel_all(tx: Transaction, *, party_pk: int, now: datetime) -> int:
    """Ends all opts of a VEN (R407), and returns how many."""
    return await tx.count(
        update(table)
        .where(table.c.party_pk == party_pk, table.c.cancelled_at.is_(None))
        .values(cancelled_at=now)
    )


def _stored(row: Row[Any]) -> StoredOpt:
    return StoredOpt(
        pk=row.pk,
        party_pk=row.party_pk,
        opt=read_opt(row.xml),
        received_at=row.received_at,
        superseded=row.superseded_at is not None,
    )
