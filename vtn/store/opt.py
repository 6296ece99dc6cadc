"""Opts: the availability schedules that VENs sent.

Which of several holds where and when is decided in ``oadr.opt``. Those that were cancelled
are part of that for as long as they keep earlier ones from coming back.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, select, update

from oadr.messages import CreateOpt
from vtn.store.document import read_opt, write_opt
from vtn.store.schema import opt as table
from vtn.store.schema import opt_history
from vtn.store.sqlite import insert, integers
from vtn.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOpt:
    """An opt.

    Attributes:
        opt: as it was sent.
        received_at: when; a later one precedes an earlier one.
        superseded: it means nothing any more for what is to come: later ones took its place
            altogether (R203), or it was cancelled.
        cancelled_at: when it was cancelled; None if it was not.
        size: bytes of its document.
    """

    pk: int
    party_pk: int
    opt: CreateOpt
    received_at: datetime
    superseded: bool
    cancelled_at: datetime | None = None
    size: int = 0


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


async def everything(tx: Transaction, *, party_pk: int | None = None) -> list[StoredOpt]:
    """Returns all opts of a VEN, or of all, that are still known, oldest first."""
    statement = select(table).order_by(table.c.pk)
    if party_pk is not None:
        statement = statement.where(table.c.party_pk == party_pk)
    return [_stored(row) for row in await tx.rows(statement)]


async def timeline(
    tx: Transaction, *, party_pk: int | None = None, since: datetime | None = None
) -> list[StoredOpt]:
    """Returns the opts that say when VENs take part, cancelled ones included, oldest first.

    Args:
        tx: the transaction.
        party_pk: of one VEN; None for all.
        since: from when on they have to say it; None is now and later.
    """
    # One query with an OR would read the whole table.
    wanted: list[ColumnElement[bool]] = [table.c.superseded_at.is_(None)]
    if since is not None:
        wanted.append(table.c.superseded_at > since)
    found: list[StoredOpt] = []
    for which in wanted:
        statement = select(table).where(which)
        if party_pk is not None:
            statement = statement.where(table.c.party_pk == party_pk)
        found += [_stored(row) for row in await tx.rows(statement)]
    return sorted(found, key=lambda one: one.pk)


async def cancel(tx: Transaction, *, party_pk: int, opt_id: str, now: datetime) -> int:
    """Ends all opts of a VEN that used an optID (R204), and returns how many did.

    Those that were superseded or cancelled before count, too (R211): nobody can know
    whether the answer to a first cancellation has arrived.
    """
    own = (table.c.party_pk == party_pk) & (table.c.opt_id == opt_id)
    await tx.execute(
        update(table).where(own, table.c.cancelled_at.is_(None)).values(cancelled_at=now)
    )
    return int(await tx.scalar(select(func.count()).select_from(table).where(own)) or 0)


async def supersede(tx: Transaction, *, pks: Collection[int], now: datetime) -> None:
    """Marks opts whose place later ones took."""
    await tx.execute(
        update(table)
        .where(table.c.pk.in_(integers(pks)), table.c.superseded_at.is_(None))
        .values(superseded_at=now)
    )


async def qualifies(tx: Transaction, *, party_pk: int, opt_id: str) -> bool:
    """Returns whether a VEN has used an optID to qualify an event (R206)."""
    statement = select(opt_history.c.pk).where(
        opt_history.c.party_pk == party_pk,
        opt_history.c.source == "createOpt",
        opt_history.c.request_id == opt_id,
        opt_history.c.void_at.is_(None),
    )
    return await tx.first(statement.limit(1)) is not None


async def spent_count(tx: Transaction, *, party_pk: int) -> int:
    """Returns how many opts of a VEN are known that mean nothing any more."""
    spent = table.c.party_pk == party_pk, table.c.superseded_at.is_not(None)
    return int(await tx.scalar(select(func.count()).select_from(table).where(*spent)) or 0)


async def prune(tx: Transaction, *, party_pk: int, keep: int) -> None:
    """Forgets opts of a VEN that mean nothing any more, but for the newest ``keep``."""
    spent = table.c.party_pk == party_pk, table.c.superseded_at.is_not(None)
    newest = select(table.c.pk).where(*spent).order_by(table.c.pk.desc()).limit(keep)
    await tx.execute(delete(table).where(*spent, table.c.pk.not_in(newest)))


async def cancel_all(tx: Transaction, *, party_pk: int, now: datetime) -> int:
    """Ends all schedules of a VEN (R407), and returns how many.

    What it said about events is void from now on; it stays in the history.
    """
    await tx.execute(
        update(opt_history)
        .where(opt_history.c.party_pk == party_pk, opt_history.c.void_at.is_(None))
        .values(void_at=now)
    )
    ended = await tx.count(
        update(table)
        .where(table.c.party_pk == party_pk, table.c.cancelled_at.is_(None))
        .values(cancelled_at=now)
    )
    await tx.execute(
        update(table)
        .where(table.c.party_pk == party_pk, table.c.superseded_at.is_(None))
        .values(superseded_at=now)
    )
    return ended


def _stored(row: Row[Any]) -> StoredOpt:
    return StoredOpt(
        pk=row.pk,
        party_pk=row.party_pk,
        opt=read_opt(row.xml),
        received_at=row.received_at,
        superseded=row.superseded_at is not None,
        cancelled_at=row.cancelled_at,
        size=len(row.xml),
    )
