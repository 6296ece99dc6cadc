import asyncio
import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.vtn.store.worlds import LATER, NOW
from vtn.store import Store, party
from vtn.store.errors import (
    DatabaseBusy,
    DatabaseFull,
    DatabaseUnavailable,
    DuplicateId,
    MissingDatabase,
    StorageError,
    UnsupportedDatabase,
)
from vtn.store.party import Party
from vtn.store.transaction import Transaction

BRIEF = timedelta(milliseconds=5)


async def enrol(tx: Transaction, name: str) -> Party:
    return await party.create(tx, ven_id=name, ven_name=name, now=NOW)


def modes_in(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


async def names(store: Store) -> list[str]:
    async with store.read() as tx:
        return [found.ven_id for found in await party.all_parties(tx)]


async def test_a_database_can_be_named_by_path_or_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = await Store.open("vtn 100%.db")
    async with first.begin() as tx:
        await enrol(tx, "a")
    await first.close()
    for same in (
        "sqlite+aiosqlite:///vtn 100%25.db",
        f"sqlite:///{tmp_path}/vtn 100%25.db",
        tmp_path / "vtn 100%.db",
    ):
        again = await Store.open(same, create=False)
        assert await names(again) == ["a"]
        await again.close()


async def test_a_database_in_memory_ends_when_it_is_closed() -> None:
    for url in (":memory:", "sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"):
        store = await Store.open(url)
        async with store.begin() as tx:
            await enrol(tx, "a")
        assert await names(store) == ["a"]
        path = store.path
        await store.close()
        assert not path.parent.exists()


@pytest.mark.parametrize("url", ["postgresql+asyncpg://u:secret@host/db", "vtn://"])
async def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(UnsupportedDatabase, match="cannot be used; expected a file path") as caught:
        await Store.open(url)
    assert "secret" not in str(caught.value)


async def test_a_missing_database_is_not_made_unless_wanted(tmp_path: Path) -> None:
    with pytest.raises(MissingDatabase, match=r"There is no database .*vtn\.db"):
        await Store.open(tmp_path / "vtn.db", create=False)
    assert modes_in(tmp_path) == {}


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"nowhere.*No such file or directory"):
        await Store.open(tmp_path / "nowhere" / "vtn.db")


async def test_only_the_owner_can_read_the_files(tmp_path: Path, store: Store) -> None:
    async with store.begin() as tx:
        await enrol(tx, "a")
    assert modes_in(tmp_path) == {"vtn.db": 0o600, "vtn.db-wal": 0o600, "vtn.db-shm": 0o600}


async def test_a_commit_is_synced_and_foreign_keys_hold(store: Store) -> None:
    async with store.begin() as tx:

        async def pragma(name: str) -> object:
            return (await tx.connection.exec_driver_sql(f"PRAGMA {name}")).scalar()

        assert await pragma("journal_mode") == "wal"
        assert await pragma("synchronous") == 2
        assert await pragma("foreign_keys") == 1
        assert await pragma("busy_timeout") == 10_000


async def test_an_exception_undoes_the_whole_block(store: Store) -> None:
    async def fails() -> None:
        async with store.begin() as tx:
            await enrol(tx, "a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    assert await names(store) == []


async def test_a_reader_sees_one_state_and_waits_for_nobody(store: Store) -> None:
    async with store.read() as before:
        assert await party.all_parties(before) == []
        async with store.begin() as tx:
            await enrol(tx, "a")
            assert await names(store) == []
        assert await names(store) == ["a"]
        assert await party.all_parties(before) == []


async def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(StorageError, match="readonly"):
        async with store.read() as tx:
            await enrol(tx, "a")


async def test_writers_take_turns(store: Store) -> None:
    inside = 0

    async def write(number: int) -> None:
        nonlocal inside
        async with store.begin() as tx:
            inside += 1
            assert inside == 1
            await enrol(tx, f"ven-{number:02}")
            inside -= 1

    await asyncio.gather(*(write(number) for number in range(30)))
    assert await names(store) == [f"ven-{number:02}" for number in range(30)]


async def test_more_readers_than_connections_take_turns(store: Store) -> None:
    assert await asyncio.gather(*(names(store) for _ in range(30))) == [[]] * 30


async def test_a_write_inside_a_write_is_an_error_and_no_deadlock(store: Store) -> None:
    async with store.begin() as tx:
        await enrol(tx, "a")
        with pytest.raises(RuntimeError, match="pass its transaction on"):
            async with store.begin():
                pass
    assert await names(store) == ["a"]


async def test_a_cancelled_write_leaves_nothing_and_blocks_nobody(store: Store) -> None:
    entered = asyncio.Event()

    async def write() -> None:
        async with store.begin() as tx:
            await enrol(tx, "cancelled")
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with store.begin() as tx:
        await enrol(tx, "next")
    assert await names(store) == ["next"]


async def test_writes_cancelled_at_any_step_block_nobody(store: Store) -> None:
    async def write(name: str) -> None:
        async with store.begin() as tx:
            await enrol(tx, name)

    # Kept, as by a log: what an error refers to is not collected, cursors among it.
    ended: list[BaseException | None] = []
    for steps in (*range(40), *range(40, 400, 3)):
        task = asyncio.create_task(write(f"ven-{steps:03}"))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        ended += await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(5):
        await write("last")
    assert {type(error) for error in ended} <= {asyncio.CancelledError, type(None)}
    assert "last" in await names(store)


async def test_reads_cancelled_at_any_step_block_nobody(store: Store) -> None:
    for steps in range(0, 200, 3):
        tasks = [asyncio.create_task(names(store)) for _ in range(6)]
        for _ in range(steps):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(5):
        assert await asyncio.gather(*(names(store) for _ in range(6))) == [[]] * 6


async def test_waiting_for_another_process_has_an_end(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "vtn.db", busy_timeout=BRIEF)
    with closing(sqlite3.connect(tmp_path / "vtn.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy, match="locked by another process"):
            async with store.begin():
                pass
        assert await names(store) == []
        other.execute("ROLLBACK")
    async with store.begin() as tx:
        await enrol(tx, "a")
    await store.close()


async def test_a_database_opens_while_another_process_writes(tmp_path: Path, store: Store) -> None:
    async with store.begin() as tx:
        await enrol(tx, "a")
        other = await Store.open(tmp_path / "vtn.db", busy_timeout=BRIEF)
        assert await names(other) == []
        await other.close()


async def test_the_driver_error_stays_with_ours(store: Store, ven: Party) -> None:
    async with store.begin() as tx:
        other = await enrol(tx, "a")
        with pytest.raises(DuplicateId, match=r"party\.ven_name") as caught:
            await party.rename(tx, pk=other.pk, ven_name="Office")
    assert caught.value.__cause__ is not None


async def test_a_full_disk_is_told_apart_and_undoes_the_write(store: Store, ven: Party) -> None:
    async def fill() -> None:
        async with store.begin() as tx:
            await tx.connection.exec_driver_sql("PRAGMA max_page_count=1")
            await party.set_groups(tx, pk=ven.pk, groups=["a" * 1_000_000])

    with pytest.raises(DatabaseFull, match="Free space"):
        await fill()
    async with store.read() as tx:
        assert await party.get(tx, pk=ven.pk) == ven


async def test_only_commits_of_others_count_as_changes_elsewhere(tmp_path: Path) -> None:
    ours = await Store.open(tmp_path / "vtn.db")
    assert not await ours.changed_elsewhere()
    async with ours.begin() as tx:
        mine = await enrol(tx, "ours")
    assert not await ours.changed_elsewhere()
    theirs = await Store.open(tmp_path / "vtn.db")
    async with theirs.begin() as tx:
        await enrol(tx, "theirs")
    async with ours.begin() as tx:
        await party.touch(tx, last_seen={mine.pk: LATER})
    assert await ours.changed_elsewhere()
    assert not await ours.changed_elsewhere()
    assert await theirs.changed_elsewhere()
    await ours.close()
    await theirs.close()
