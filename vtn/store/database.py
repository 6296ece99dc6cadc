"""The database: opening, upgrading, transactions.

``async with store.begin() as tx`` writes, ``async with store.read() as tx`` reads; what
is inside happens through the modules of this package, one per noun. A write is on disk
when its block has been left: write-ahead log, synced at each commit.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from vtn.store import sqlite
from vtn.store.connections import Connections
from vtn.store.errors import DatabaseBusy, ForeignDatabase, MissingDatabase, NewerDatabase
from vtn.store.migrations import HEAD, REVISIONS
from vtn.store.schema import metadata
from vtn.store.sqlite import Role, translated
from vtn.store.transaction import Transaction

BUSY_TIMEOUT = timedelta(seconds=10)


class Store:
    """An open database.

    One task at a time writes; readers see the last commit and wait for nobody. Other
    processes may have the same file open.
    """

    def __init__(
        self, path: Path, *, busy_timeout: timedelta, folder: TemporaryDirectory[str] | None
    ) -> None:
        self.path = path
        self._folder = folder
        # What nobody will read after the process has ended needs no disk to wait for.
        write = Role.WRITE if folder is None else Role.WRITE_FOR_NOW
        self._reader = Connections(sqlite.engine(path, Role.READ, busy_timeout=busy_timeout))
        self._writer = Connections(sqlite.engine(path, write, busy_timeout=busy_timeout))
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[object] | None = None
        self._seen: tuple[object, int] | None = None

    @classmethod
    async def open(
        cls,
        url: str | os.PathLike[str],
        *,
        create: bool = True,
        busy_timeout: timedelta = BUSY_TIMEOUT,
    ) -> Self:
        """Opens a database and upgrades it to this version.

        Args:
            url: such as ``sqlite+aiosqlite:///vtn.db``, or the path of the file.
                ``:memory:`` is a database of its own that ends with ``close``; it lives
                in a temporary file, so that it behaves like every other.
            create: makes the file if it is not there.
            busy_timeout: how long a write waits for another process.

        Raises:
            UnsupportedDatabase: the URL names another kind of database.
            MissingDatabase: there is no such file, and ``create`` is false.
            ForeignDatabase: the file is something else.
            NewerDatabase: a later version of this project has upgraded it.
            StorageError: it cannot be opened.
        """
        path, folder = _place(url, create=create)
        store = cls(path, busy_timeout=busy_timeout, folder=folder)
        try:
            await _prepare(path, busy_timeout)
            await store.changed_elsewhere()
        except BaseException:
            await store.close()
            raise
        return store

    @property
    def lasting(self) -> bool:
        """Whether the database is there when it has been closed; one in memory is not."""
        return self._folder is None

    async def close(self) -> None:
        """Closes all connections."""
        await self._reader.close()
        await self._writer.close()
        if self._folder is not None:
            await asyncio.to_thread(self._folder.cleanup)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        """Gives a transaction that may write.

        It is committed, and on disk, when the block has been left; an exception inside
        undoes all of it.

        Raises:
            DatabaseBusy: another process wrote for longer than the busy timeout.
            StorageError: the commit failed; nothing of it is stored.
        """
        async with self._alone():
            with translated():
                async with self._writer.begin() as connection:
                    yield Transaction(connection)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """Gives a transaction that sees one state of the database throughout."""
        with translated():
            async with self._reader.begin() as connection:
                yield Transaction(connection)

    async def changed_elsewhere(self) -> bool:
        """Returns whether anybody but this ``Store`` has committed since the last call."""
        # data_version of a connection counts the commits of all others; as all our writes
        # go through one connection, the others are other processes and other Stores.
        async with self._alone():
            with translated():
                async with self._writer.connect() as connection:
                    seen = await sqlite.data_version(connection)
        before, self._seen = self._seen, seen
        return before != seen

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        task = asyncio.current_task()
        if task is not None and self._owner is task:
            raise RuntimeError(
                "this task is inside store.begin() already; pass its transaction on instead"
            )
        async with self._lock:
            self._owner = task
            try:
                yield
            finally:
                self._owner = None


def _place(
    url: str | os.PathLike[str], *, create: bool
) -> tuple[Path, TemporaryDirectory[str] | None]:
    """Returns the file, made if need be, and the temporary folder that it is in."""
    path = sqlite.path_of(url)
    if path is None:
        folder = TemporaryDirectory(prefix="openadr-kit-", ignore_cleanup_errors=True)
        path = Path(folder.name) / "store.db"
        sqlite.create_file(path)
        return path, folder
    if not create and not path.is_file():
        raise MissingDatabase(str(path))
    sqlite.create_file(path)
    return path, None


async def _prepare(path: Path, busy_timeout: timedelta) -> None:
    """Checks whose file it is, switches it to a write-ahead log and upgrades it."""
    migrating = Connections(sqlite.engine(path, Role.MIGRATE, busy_timeout=busy_timeout))
    try:
        with translated():
            async with migrating.connect() as connection:
                revision = await connection.run_sync(_revision, path)
                await _log_ahead(connection, busy_timeout)
                if revision != HEAD:
                    await _upgrade(connection, path)
    except ForeignDatabase as error:
        raise ForeignDatabase(str(path)) from error
    finally:
        await migrating.close()


def _revision(connection: Connection, path: Path) -> str | None:
    """Returns the revision of a database; None for an empty one."""
    names = connection.exec_driver_sql("SELECT name FROM sqlite_master").scalars().all()
    if "alembic_version" not in names:
        if names:
            raise ForeignDatabase(str(path))
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if found is not None and found not in REVISIONS:
        raise NewerDatabase(str(path), found=str(found), known=HEAD)
    return found


async def _log_ahead(connection: AsyncConnection, busy_timeout: timedelta) -> None:
    """Switches to a write-ahead log, which the file remembers."""
    # SQLite does not wait by itself when two connections switch at the same time.
    loop = asyncio.get_running_loop()
    deadline = loop.time() + busy_timeout.total_seconds()
    while True:
        try:
            with translated():
                await connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            return
        except DatabaseBusy:
            if loop.time() > deadline:
                raise
            await asyncio.sleep(0.02)


async def _upgrade(connection: AsyncConnection, path: Path) -> None:
    await connection.exec_driver_sql("BEGIN IMMEDIATE")
    # Another process may have upgraded it while this one waited.
    revision = await connection.run_sync(_revision, path)
    if revision is None:
        await connection.run_sync(_create)
    elif revision != HEAD:
        # Importing Alembic takes longer than all the rest, and a new database needs none.
        from vtn.store.migrations.upgrade import upgrade

        await connection.run_sync(upgrade)
    await connection.commit()


def _create(connection: Connection) -> None:
    """Makes what all migrations together make; a test compares the two."""
    metadata.create_all(connection, checkfirst=False)
    connection.exec_driver_sql(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (HEAD,))
