"""HTTP push: how it has gone with each VEN, and for which of them something waits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, exists, func, literal, select, update

from vtn.store.schema import delivery, event, outbox, party, push, report_offer
from vtn.store.sqlite import insert, integers
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


async def waited_for(tx: Transaction) -> dict[int, list[int]]:
    """Returns the VENs that are pushed to and for which something waits, or may wait.

    Returns:
        For each of them the keys of what was sent from the outbox and not acknowledged.
    """
    listens = (party.c.pull.is_(False), party.c.state == literal("registered"))
    # What wants no answer is among them, too: that stands in the event itself.
    shown = exists().where(
        delivery.c.party_pk == party.c.pk,
        delivery.c.closed_at.is_(None),
        delivery.c.event_pk == event.c.pk,
        delivery.c.acked_modification.is_distinct_from(event.c.modification),
    )
    found: dict[int, list[int]] = {
        row.pk: [] for row in await tx.rows(select(party.c.pk).where(*listens, shown))
    }
    queued = (
        select(party.c.pk, outbox.c.pk.label("item"), outbox.c.sent_count)
        .join(outbox, outbox.c.party_pk == party.c.pk)
        .where(*listens, outbox.c.done_at.is_(None))
    )
    for row in await tx.rows(queued):
        items = found.setdefault(row.pk, [])
        if row.sent_count:
            items.append(row.item)
    return found


async def awaited_since(tx: Transaction, *, party_pk: int) -> datetime | None:
    """Returns since when the metadata of a registered VEN has been missing; None if it came."""
    offered = exists().where(report_offer.c.party_pk == party.c.pk)
    statement = select(party.c.registered_at).where(party.c.pk == party_pk, ~offered)
    moment: datetime | None = await tx.scalar(statement)
    return moment


async def arrived(
    tx: Transaction,
    *,
    party_pk: int,
    event_pks: Collection[int],
    settled: Collection[int],
    sent_count: int,
    now: datetime,
) -> None:
    """Notes that events which were sent have arrived at a VEN.

    Args:
        tx: the transaction.
        party_pk: the VEN.
        event_pks: the events.
        settled: those of them that need not be sent again.
        sent_count: how often those count as sent from now on, at least.
        now: when they arrived.
    """
    there = update(delivery).where(delivery.c.party_pk == party_pk)
    await tx.execute(there.where(delivery.c.event_pk.in_(integers(event_pks))).values(sent_at=now))
    if settled:
        few = delivery.c.sent_count < sent_count
        await tx.execute(
            there.where(delivery.c.event_pk.in_(integers(settled)), few).values(
                sent_count=sent_count
            )
        )
