"""What has something new, for other processes and for caches.

One counter numbers all changes of a database. Each party carries the number of its last
one; who remembers a number can ask for what came after it.
"""

from collections.abc import Collection

from sqlalchemy import literal, select
from sqlalchemy.sql import text

from vtn.store.schema import change, counter
from vtn.store.sqlite import insert, integers
from vtn.store.transaction import Transaction

_CLOCK = "change"


async def next_number(tx: Transaction, *, name: str) -> int:
    """Returns the next number of a counter, 1 for the first; it is never given again."""
    new = insert(counter).values(name=name, value=1)
    statement = new.on_conflict_do_update(
        index_elements=[counter.c.name], set_={"value": counter.c.value + 1}
    )
    return int(await tx.scalar(statement.returning(counter.c.value)))


async def bump(tx: Transaction, *, party_pks: Collection[int]) -> int:
    """Notes that parties have something new.

    Returns:
        The number of this change, larger than all before; 0 if there are no parties.
    """
    if not party_pks:
        return 0
    version = await next_number(tx, name=_CLOCK)
    pks = integers(party_pks).subquery()
    new = insert(change).from_select(
        ["party_pk", "version"], select(pks.c.value, literal(version)).where(text("true"))
    )
    await tx.execute(
        new.on_conflict_do_update(
            index_elements=[change.c.party_pk], set_={"version": new.excluded.version}
        )
    )
    return version


async def current(tx: Transaction) -> int:
    """Returns the number of the last change; 0 before the first."""
    value = await tx.scalar(select(counter.c.value).where(counter.c.name == _CLOCK))
    return int(value or 0)


async def changes_since(tx: Transaction, *, version: int) -> tuple[frozenset[int], int]:
    """Returns the parties that changed after ``version``, and the number to ask with next.

    Removed parties are among them; ``party.get`` no longer finds those.
    """
    changed = await tx.rows(select(change.c.party_pk).where(change.c.version > version))
    return frozenset(row.party_pk for row in changed), await current(tx)
