from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.vtn.store.worlds import NOW
from vtn.store import Store, party
from vtn.store.party import Party


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "vtn.db")
    yield opened
    await opened.close()


@pytest.fixture
async def ven(store: Store) -> Party:
    async with store.begin() as tx:
        return await party.create(tx, ven_id="ven-1", ven_name="Office", now=NOW)


@pytest.fixture
def statements(store: Store) -> Callable[[], list[str]]:
    """Gives the SQL that ran since the last call."""
    from sqlalchemy import event

    seen: list[str] = []
    for engine in (store._reader, store._writer):
        event.listen(
            engine.sync_engine,
            "before_cursor_execute",
            lambda connection, cursor, sql, *rest: seen.append(sql),
        )

    def taken() -> list[str]:
        found = [sql for sql in seen if not sql.startswith("BEGIN")]
        seen.clear()
        return found

    return taken
