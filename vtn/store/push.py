"""HTTP push: how it has gone with each VEN, and for which of them something waits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, exists, func, literal, or_, select

from vtn.store.schema import delivery, outbox, party, push, report_offer
from vtn.store.sqlite import insert
from vtn.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """How push to one VEN has gone.

    Attributes:
        reached_at: when it last took a message; None if it never has.
        failed_at: when it last did not; None if it always has.
        failure: why; None if it always has.
    """

    party_pk: int
    reached_at: datetime | None
    failed_at: datetime | None
    failure: str | None

    @property
    def failing(self) -> bool:
        """Whether the last attempt failed."""
        if self.failed_at is None:
            return False
        return self.reached_at is None or self.reached_at < self.failed_at


async def note(tx: Transaction, *, rows: Collection[Push]) -> None:
    """Writes down how push has gone; what is None in a row stays as it was.

    A VEN that is gone by now is left out.
    """
    if not rows:
        return
    names = ("reached_at", "failed_at", "failure")
    given = [bindparam(name, type_=push.c[name].type).label(name) for name in names]
    found = select(party.c.pk, *given).where(party.c.pk == bindparam("pk"))
    new = insert(push).from_select(["party_pk", *names], found)
    kept = {name: func.coalesce(new.excluded[name], push.c[name]) for name in names}
    await tx.execute(
        new.on_conflict_do_update(index_elements=[push.c.party_pk], set_=kept),
        [{"pk": row.party_pk} | {name: getattr(row, name) for name in names} for row in rows],
    )


async def all_pushes(tx: Transaction) -> dict[int, Push]:
    """Returns how push has gone, by the VEN's row."""
    rows = await tx.rows(select(push))
    return {row.party_pk: Push(**row._mapping) for row in rows}


async def waited_for(tx: Transaction) -> frozenset[int]:
    """Returns the VENs that are pushed to and for which something waits, or may wait."""
    queued = exists().where(outbox.c.party_pk == party.c.pk, outbox.c.done_at.is_(None))
    shown = exists().where(delivery.c.party_pk == party.c.pk, delivery.c.closed_at.is_(None))
    statement = select(party.c.pk).where(
        party.c.pull.is_(False), party.c.state == literal("registered"), or_(queued, shown)
    )
    return frozenset(row.pk for row in await tx.rows(statement))


async def awaited_since(tx: Transaction, *, party_pk: int) -> datetime | None:
    """Returns since when the metadata of a registered VEN has been missing; None if it came."""
    offered = exists().where(report_offer.c.party_pk == party.c.pk)
    statement = select(party.c.registered_at).where(party.c.pk == party_pk, ~offered)
    moment: datetime | None = await tx.scalar(statement)
    return moment
