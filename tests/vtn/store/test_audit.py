from decimal import Decimal

import pytest
from sqlalchemy import delete, update

from tests.vtn.store.worlds import HOUR, NOW
from vtn.store import Store, audit
from vtn.store.errors import StorageError
from vtn.store.schema import audit as table


async def filled(store: Store) -> None:
    async with store.begin() as tx:
        for number in range(4):
            await audit.append(
                tx,
                at=NOW + number * HOUR,
                actor="operator:anna" if number % 2 else "ven:ven-1",
                action="event.create" if number < 2 else "event.cancel",
                subject=f"e{number % 2}",
                detail={"number": number, "value": Decimal("1.5"), "name": "Müller"},
            )


async def test_entries_come_newest_first_with_their_detail(store: Store) -> None:
    await filled(store)
    async with store.read() as tx:
        found = await audit.entries(tx)
    assert [entry.detail["number"] for entry in found] == [3, 2, 1, 0]
    assert found[0].detail == {"number": 3, "value": "1.5", "name": "Müller"}
    assert (found[0].at, found[0].actor, found[0].action, found[0].subject) == (
        NOW + 3 * HOUR,
        "operator:anna",
        "event.cancel",
        "e1",
    )


async def test_entries_can_be_chosen_and_paged(store: Store) -> None:
    await filled(store)
    async with store.read() as tx:

        async def numbers(**chosen: object) -> list[int]:
            return [
                entry.detail["number"]
                for entry in await audit.entries(tx, **chosen)  # type: ignore[arg-type]
            ]

        assert await numbers(actor="operator:anna") == [3, 1]
        assert await numbers(action="event.create") == [1, 0]
        assert await numbers(subject="e0") == [2, 0]
        assert await numbers(since=NOW + HOUR, until=NOW + 3 * HOUR) == [2, 1]
        page = await audit.entries(tx, limit=2)
        assert await numbers(limit=2, before_pk=page[-1].pk) == [1, 0]


async def test_an_entry_without_detail_has_none(store: Store) -> None:
    async with store.begin() as tx:
        await audit.append(tx, at=NOW, actor="a", action="b", subject="c")
        [entry] = await audit.entries(tx)
    assert entry.detail == {}


async def test_nobody_can_change_or_remove_an_entry(store: Store) -> None:
    await filled(store)
    async with store.begin() as tx:
        with pytest.raises(StorageError, match="only grows"):
            await tx.execute(update(table).values(actor="nobody"))
        with pytest.raises(StorageError, match="only grows"):
            await tx.execute(delete(table))
        assert len(await audit.entries(tx)) == 4
