"""Functions of an application, by name: whom to tell of an event, whom to give readings."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, and_, delete, exists, literal, select

from vtn.store.schema import callback as table
from vtn.store.schema import delivery, event, party, report_offer
from vtn.store.sqlite import insert
from vtn.store.transaction import Transaction

Kind = Literal["answer", "delivery", "reading"]
_KEY = [table.c.kind, table.c.ven_id, table.c.subject, table.c.item]
_OF_EVENTS = ("answer", "delivery")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A callback as it is kept.

    Attributes:
        kind: what it is told: answers to an event, its deliveries, or readings.
        ven_id: the VEN that it is about.
        subject: the event; for readings the report.
        item: the data point; empty for events.
        name: ``module:qualname``.
        arguments: what it is called with beside, as JSON; empty for nothing.
        problem: why it cannot be found by its name; empty if it can.
    """

    kind: Kind
    ven_id: str
    subject: str
    item: str = ""
    name: str
    arguments: str = ""
    problem: str = ""


async def put(tx: Transaction, *, rows: Sequence[Kept]) -> None:
    """Keeps callbacks, each in place of the one before."""
    if not rows:
        return
    new = insert(table)
    changes = {name: new.excluded[name] for name in ("name", "arguments", "problem")}
    await tx.execute(
        new.on_conflict_do_update(index_elements=_KEY, set_=changes), [asdict(row) for row in rows]
    )


async def take_away(
    tx: Transaction, *, kind: Kind, ven_id: str, subject: str | None = None
) -> None:
    """Forgets the callbacks of one kind for a VEN: of one event or report, or of all."""
    statement = delete(table).where(table.c.kind == kind, table.c.ven_id == ven_id)
    if subject is not None:
        statement = statement.where(table.c.subject == subject)
    await tx.execute(statement)


async def move(tx: Transaction, *, ven_id: str, to: str) -> None:
    """Makes the callbacks for a venID those for another; those that this has stay."""
    of_ven = table.c.ven_id == ven_id
    columns = [column.name for column in table.c]
    moved = [literal(to) if name == "ven_id" else table.c[name] for name in columns]
    new = insert(table).from_select(columns, select(*moved).where(of_ven))
    await tx.execute(new.on_conflict_do_nothing(index_elements=_KEY))
    await tx.execute(delete(table).where(of_ven))


async def all_kept(tx: Transaction) -> list[Kept]:
    """Returns all callbacks, by kind, VEN, subject and item."""
    return [_kept(row) for row in await tx.rows(select(table).order_by(*_KEY))]


async def prune(tx: Transaction, *, now: datetime) -> int:
    """Forgets the callbacks of events that are over or are not there, and of VENs that are gone.

    Returns:
        How many.
    """
    alive = exists().where(
        and_(
            event.c.event_id == table.c.subject,
            event.c.retire_at > now,
            delivery.c.event_pk == event.c.pk,
            delivery.c.party_pk == party.c.pk,
            party.c.ven_id == table.c.ven_id,
        )
    )
    offered = exists().where(
        and_(party.c.ven_id == table.c.ven_id, report_offer.c.party_pk == party.c.pk)
    )
    of_events = table.c.kind.in_(_OF_EVENTS)
    return await tx.count(delete(table).where((of_events & ~alive) | (~of_events & ~offered)))


def _kept(row: Row[Any]) -> Kept:
    return Kept(**row._mapping)
