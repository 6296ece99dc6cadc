"""Everything that holds for SQLite alone.

The rest of ``vtn.store`` is SQL that PostgreSQL understands as well.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

import aiosqlite
from sqlalchemy import Select, column, event, exc, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import await_only

from vtn.store import errors

__all__ = [
    "Role",
    "create_file",
    "data_version",
    "engine",
    "insert",
    "integers",
    "path_of",
    "translated",
]

#: Primary result code -> error; https://sqlite.org/rescode.html
_ERRORS: dict[int, type[errors.StorageError]] = {
    sqlite3.SQLITE_BUSY: errors.DatabaseBusy,
    sqlite3.SQLITE_LOCKED: errors.DatabaseBusy,
    sqlite3.SQLITE_FULL: errors.DatabaseFull,
    sqlite3.SQLITE_IOERR: errors.DatabaseUnavailable,
    sqlite3.SQLITE_CANTOPEN: errors.DatabaseUnavailable,
    sqlite3.SQLITE_READONLY: errors.DatabaseUnavailable,
    sqlite3.SQLITE_PERM: errors.DatabaseUnavailable,
    sqlite3.SQLITE_CORRUPT: errors.DatabaseCorrupt,
    sqlite3.SQLITE_NOTADB: errors.ForeignDatabase,
    sqlite3.SQLITE_CONSTRAINT: errors.BrokenConstraint,
}
_UNIQUE = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)


class Role(StrEnum):
    """What an engine is for."""

    READ = "read"
    WRITE = "write"
    WRITE_FOR_NOW = "write for now"
    MIGRATE = "migrate"


#: What each role may do, set on every new connection. Tables are rebuilt by migrations,
#: which must not cascade.
_PRAGMAS = {
    Role.READ: ("query_only=ON",),
    Role.WRITE: ("synchronous=FULL", "foreign_keys=ON", "cache_size=-16384"),
    Role.WRITE_FOR_NOW: ("synchronous=OFF", "foreign_keys=ON", "cache_size=-16384"),
    Role.MIGRATE: ("synchronous=FULL", "foreign_keys=OFF"),
}
#: How a transaction starts. A migration is begun by hand, after the look at the revision.
_BEGIN = {
    Role.READ: "BEGIN",
    Role.WRITE: "BEGIN IMMEDIATE",
    Role.WRITE_FOR_NOW: "BEGIN IMMEDIATE",
}
_READERS = 4


def path_of(url: str | os.PathLike[str]) -> Path | None:
    """Returns the file that a path or URL names; None for a database in memory.

    Raises:
        UnsupportedDatabase: it names another kind of database.
    """
    text = os.fspath(url)
    if "://" not in text:
        return None if text == ":memory:" else Path(text)
    try:
        parsed = make_url(text)
    except exc.ArgumentError as error:
        raise errors.UnsupportedDatabase(repr(text)) from error
    if parsed.drivername not in ("sqlite", "sqlite+aiosqlite"):
        raise errors.UnsupportedDatabase(parsed.render_as_string())
    if parsed.database in (None, "", ":memory:"):
        return None
    return Path(str(parsed.database))


def create_file(path: Path) -> None:
    """Makes an empty file that only its owner can read; what SQLite adds follows its mode."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise errors.DatabaseUnavailable(f"{path}: {error.strerror}") from error


def engine(path: Path, role: Role, *, busy_timeout: timedelta) -> AsyncEngine:
    """Returns an engine for one role; nothing is opened yet.

    Args:
        path: of the file, which exists.
        role: what it is for; there is a single connection for writing.
        busy_timeout: how long to wait for a lock of another process.
    """
    made = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        connect_args={"timeout": busy_timeout.total_seconds(), "isolation_level": None},
        pool_size=_READERS if role is Role.READ else 1,
        max_overflow=0,
    )

    @event.listens_for(made.sync_engine, "connect")
    def configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in _PRAGMAS[role]:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(made.sync_engine, "invalidate")
    def undo(connection: DBAPIConnection, *_: object) -> None:
        # A connection with a cancelled statement is closed, but SQLite lets go of it when
        # the last cursor has been collected. Until then an open write would lock all out.
        with suppress(sqlite3.Error):
            connection.rollback()

    if role in _BEGIN:

        @event.listens_for(made.sync_engine, "begin")
        def begin(connection: Connection) -> None:
            # In one step of the driver's thread; SQLAlchemy would take three.
            driver = cast(aiosqlite.Connection, connection.connection.driver_connection)
            await_only(driver.execute_fetchall(_BEGIN[role]))

    return made


async def data_version(connection: AsyncConnection) -> tuple[object, int]:
    """Returns a number that changes with the commits of others, and whose number it is."""
    raw = await connection.get_raw_connection()
    driver = cast(aiosqlite.Connection, raw.driver_connection)
    # Past SQLAlchemy, which would begin a transaction first.
    async with driver.execute("PRAGMA data_version") as cursor:
        rows = list(await cursor.fetchall())
    return driver, int(rows[0][0])


def integers(values: Iterable[int]) -> Select[Any]:
    """Returns a query whose rows are the given numbers, however many they are.

    A list of ``IN`` is limited in length and compiled anew for each; this is one parameter.
    """
    rows = func.json_each(json.dumps(list(values))).table_valued(column("value"))
    return select(rows.c.value)


@contextmanager
def translated() -> Iterator[None]:
    """Turns errors of the driver into those of ``vtn.store.errors``."""
    try:
        yield
    except exc.DBAPIError as error:
        raise _translate(error.orig or error) from error
    except sqlite3.Error as error:
        raise _translate(error) from error
    except exc.TimeoutError as error:
        raise errors.DatabaseBusy("all connections are in use") from error


def _translate(error: BaseException) -> errors.StorageError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    if code in _UNIQUE:
        return errors.DuplicateId(str(error))
    return _ERRORS.get(code & 0xFF, errors.StorageError)(str(error))
