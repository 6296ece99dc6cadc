"""Several processes on one file, and processes that die."""

import asyncio
import signal
import sys
from pathlib import Path

from vtn.store import Store, party

PRELUDE = """
import asyncio, sys
from datetime import UTC, datetime
from vtn.store import Store, party

NOW = datetime(2026, 1, 5, tzinfo=UTC)

async def enrol(tx, name):
    await party.create(tx, ven_id=name, ven_name=name, now=NOW)

async def main(path, name):
    store = await Store.open(path)
"""
WRITES_MANY = """
    for number in range(25):
        async with store.begin() as tx:
            await enrol(tx, f"{name}-{number:02}")
    await store.close()
"""
DIES_AFTER_COMMIT = """
    async with store.begin() as tx:
        await enrol(tx, name)
    print("ready", flush=True)
    await asyncio.Event().wait()
"""
DIES_INSIDE = """
    async with store.begin() as tx:
        await enrol(tx, name)
        print("ready", flush=True)
        await asyncio.Event().wait()
"""
END = "\nasyncio.run(main(*sys.argv[1:]))\n"


async def start(body: str, path: Path, name: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", PRELUDE + body + END, str(path), name, stdout=asyncio.subprocess.PIPE
    )


async def killed_when_ready(body: str, path: Path, name: str) -> None:
    process = await start(body, path, name)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    process.kill()
    assert await process.wait() == -signal.SIGKILL


async def names(path: Path) -> list[str]:
    store = await Store.open(path)
    async with store.read() as tx:
        found = [one.ven_id for one in await party.all_parties(tx)]
    await store.close()
    return found


async def test_what_was_committed_survives_a_kill(tmp_path: Path) -> None:
    for name in ("a", "b"):
        await killed_when_ready(DIES_AFTER_COMMIT, tmp_path / "vtn.db", name)
    assert await names(tmp_path / "vtn.db") == ["a", "b"]


async def test_a_kill_inside_a_transaction_leaves_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "vtn.db"
    await killed_when_ready(DIES_AFTER_COMMIT, path, "a")
    await killed_when_ready(DIES_INSIDE, path, "b")
    assert await names(path) == ["a"]
    await killed_when_ready(DIES_AFTER_COMMIT, path, "c")
    assert await names(path) == ["a", "c"]


async def test_processes_create_and_write_one_database_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "vtn.db"
    processes = [await start(WRITES_MANY, path, name) for name in ("a", "b", "c")]
    assert [await process.wait() for process in processes] == [0, 0, 0]
    assert await names(path) == [f"{name}-{number:02}" for name in "abc" for number in range(25)]
