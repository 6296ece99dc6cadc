"""What a VEN has said about an event: what of it is kept."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, select

from vtn.store.schema import opt_history
from vtn.store.transaction import Transaction

#: If a VEN has said more often something about an event, all that counts for nothing any more
#: is forgotten, but for so much of the newest.
MOST, KEPT = 400, 100


async def before(
    tx: Transaction, values: Mapping[str, Any]
) -> tuple[Mapping[str, Any] | None, int]:
    """Returns what a VEN said before about the same, and how much it said about the event.

    The number is 0 if it said nothing about the same.
    """
    own = (
        opt_history.c.event_pk == values["event_pk"],
        opt_history.c.party_pk == values["party_pk"],
    )
    count = select(func.count()).select_from(opt_history).where(*own).scalar_subquery()
    row = await tx.first(
        select(count, *(opt_history.c[name] for name in values))
        .where(
            *own,
            opt_history.c.resources == values["resources"],
            opt_history.c.device_classes == values["device_classes"],
            opt_history.c.void_at.is_(None),
        )
        .order_by(opt_history.c.pk.desc())
        .limit(1)
    )
    return (None, 0) if row is None else (dict(zip(values, row[1:], strict=True)), row[0])


async def prune(tx: Transaction, *, event_pk: int, party_pk: int) -> None:
    """Forgets the oldest of what a VEN said about an event and what counts for nothing now."""
    own = opt_history.c.event_pk == event_pk, opt_history.c.party_pk == party_pk
    latest = (
        select(func.max(opt_history.c.pk))
        .where(*own, opt_history.c.void_at.is_(None))
        .group_by(opt_history.c.source, opt_history.c.resources, opt_history.c.device_classes)
    )
    newest = select(opt_history.c.pk).where(*own).order_by(opt_history.c.pk.desc())
    await tx.execute(
        delete(opt_history).where(
            *own,
            opt_history.c.pk.not_in(latest),
            opt_history.c.pk.not_in(newest.limit(KEPT)),
        )
    )
