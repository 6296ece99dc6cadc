"""The audit trail: who did what, when. It only grows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from vtn.store.schema import audit
from vtn.store.sqlite import insert
from vtn.store.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act.

    Attributes:
        actor: who, such as ``"operator:anna"`` or ``"ven:ven-1"``.
        action: what, such as ``"event.cancel"``.
        subject: to what, such as an event ID.
        detail: more about it; what JSON cannot say is text.
    """

    pk: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


async def append(
    tx: Transaction,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Adds an entry."""
    text = json.dumps(dict(detail or {}), default=str, ensure_ascii=False)
    values = {"at": at, "actor": actor, "action": action, "subject": subject, "detail": text}
    await tx.execute(insert(audit).values(values))


async def entries(
    tx: Transaction,
    *,
    actor: str | None = None,
    action: str | None = None,
    subject: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before_pk: int | None = None,
    limit: int = 100,
) -> list[Entry]:
    """Returns entries, newest first.

    Args:
        tx: the transaction.
        actor: only those of this actor.
        action: only this action.
        subject: only those about this.
        since: from this moment on.
        until: before this moment.
        before_pk: continues behind the last entry of the page before.
        limit: at most so many.
    """
    statement = select(audit).order_by(audit.c.pk.desc()).limit(limit)
    for column, value in ((audit.c.actor, actor), (audit.c.action, action)):
        if value is not None:
            statement = statement.where(column == value)
    if subject is not None:
        statement = statement.where(audit.c.subject == subject)
    if since is not None:
        statement = statement.where(audit.c.at >= since)
    if until is not None:
        statement = statement.where(audit.c.at < until)
    if before_pk is not None:
        statement = statement.where(audit.c.pk < before_pk)
    return [
        Entry(**dict(row._mapping) | {"detail": json.loads(row.detail)})
        for row in await tx.rows(statement)
    ]
