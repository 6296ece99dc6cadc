"""All that a VTN keeps of one VEN, table by table."""

from typing import Any

from sqlalchemy import Table, select

from vtn.store import Store, schema

#: What changes by the mere fact that a VEN is heard of, or that somebody else's mail was looked at.
_FLEETING = {"party": {"last_seen", "version"}, "certificate": {"issuer", "shown_at"}}


async def possessions(store: Store, ven_id: str) -> dict[str, list[tuple[Any, ...]]]:
    """Returns every row that belongs to a VEN, by table; tables that are added later as well."""
    async with store.read() as tx:
        party = schema.party
        found = await tx.rows(select(party.c.pk).where(party.c.ven_id == ven_id))
        pk = found[0].pk
        owned: dict[str, list[tuple[Any, ...]]] = {}
        for table in schema.metadata.sorted_tables:
            statement = _of(table, pk)
            if statement is not None:
                owned[table.name] = sorted(
                    (tuple(row) for row in await tx.rows(statement)), key=repr
                )
    return owned


def _of(table: Table, pk: int) -> Any:
    columns = [
        column for column in table.c if column.name not in _FLEETING.get(table.name, frozenset())
    ]
    if table is schema.party:
        return select(*columns).where(table.c.pk == pk)
    if table is schema.reading:
        point = schema.data_point
        return (
            select(*columns)
            .join(point, point.c.pk == table.c.data_point_pk)
            .where(point.c.party_pk == pk)
        )
    if table is schema.change or "party_pk" not in table.c:
        return None
    return select(*columns).where(table.c.party_pk == pk)
