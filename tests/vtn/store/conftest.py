from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event

from tests.vtn.store.worlds import NOW
from vtn.store import Store, party
from vtn.store.migrations.upgrade import upgrade
from vtn.store.party import Party


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without rows, to copy: faster than to migrate one for each test."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(connection)
    engine.dispose()
    return path


@pytest.fixture
def database(tmp_path: Path, empty_database: Path) -> Path:
    path = tmp_path / "vtn.db"
    path.touch(0o600)
    path.write_bytes(empty_database.read_bytes())
    return path


@pytest.fixture
async def store(database: Path) -> AsyncIterator[Store]:
    opened = await Store.open(database)
    yield opened
    await opened.close()


@pytest.fixture
async def ven(store: Store) -> Party:
    async with store.begin() as tx:
        return await party.create(tx, ven_id="ven-1", ven_name="Office", now=NOW)


@pytest.fixture
def statements(store: Store) -> Callable[[], list[str]]:
    """Gives the SQL that ran since the last call."""
    seen: list[str] = []
    for connections in (store._reader, store._writer):
        event.listen(
            connections.engine.sync_engine,
            "before_cursor_execute",
            lambda connection, cursor, sql, *rest: seen.append(sql),
        )

    def taken() -> list[str]:
        found = [sql for sql in seen if not sql.startswith("BEGIN")]
        seen.clear()
        return found

    return taken
