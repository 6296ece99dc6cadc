"""A new database in no time."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from vtn.store import Store
from vtn.store.database import BUSY_TIMEOUT

#: An empty database, made once in a process: that takes longer than most tests.
_EMPTY: list[bytes] = []


async def write_empty(file: Path) -> None:
    """Writes an empty database into a new file."""
    if not _EMPTY:
        store = await Store.open(file)
        await store.close()
        _EMPTY.append(await asyncio.to_thread(file.read_bytes))
    else:
        await asyncio.to_thread(file.write_bytes, _EMPTY[0])


async def open_empty() -> Store:
    """Returns a database in memory: nothing of it is there any more when it is closed."""
    folder = TemporaryDirectory(prefix="openadr-kit-", ignore_cleanup_errors=True)
    path = Path(folder.name) / "store.db"
    await write_empty(path)
    # What is in the file is known, so that nothing has to be looked up or upgraded.
    store = Store(path, busy_timeout=BUSY_TIMEOUT, folder=folder)
    await store.changed_elsewhere()
    return store
