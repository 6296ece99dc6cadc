"""What has been mended of the messages of each VEN: each repair once, with a count.

Written in batches, like when VENs were last seen.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from vtn.store.schema import party, repair
from vtn.store.sqlite import insert
from vtn.store.transaction import Transaction

_NAMES = ("name", "count", "first_at", "last_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """One repair that messages of one VEN have needed.

    Attributes:
        party_pk: of the VEN.
        name: of the repair, see ``oadr.repair.REPAIRS``.
        count: how many messages have needed it.
        first_at: when the first came.
        last_at: when the last came.
    """

    party_pk: int
    name: str
    count: int = 1
    first_at: datetime
    last_at: datetime


async def note(tx: Transaction, *, rows: Collection[Mended]) -> None:
    """Adds to the counts, in one statement; a VEN that is gone by now is left out."""
    if not rows:
        return
    given = [bindparam(name, type_=repair.c[name].type).label(name) for name in _NAMES]
    found = select(party.c.pk, *given).where(party.c.pk == bindparam("pk"))
    new = insert(repair).from_select(["party_pk", *_NAMES], found)
    joined = {
        "count": repair.c.count + new.excluded.count,
        "last_at": new.excluded.last_at,
    }
    await tx.execute(
        new.on_conflict_do_update(index_elements=[repair.c.party_pk, repair.c.name], set_=joined),
        [{"pk": row.party_pk} | {name: getattr(row, name) for name in _NAMES} for row in rows],
    )


async def for_party(tx: Transaction, *, party_pk: int) -> list[Mended]:
    """Returns what has been mended of the messages of a VEN, by name."""
    statement = select(repair).where(repair.c.party_pk == party_pk).order_by(repair.c.name)
    return [Mended(**row._mapping) for row in await tx.rows(statement)]
