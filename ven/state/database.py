"""The SQLite file of the VEN, and the one thread that touches it.

A transaction is a plain function over the connection. It runs as a whole in that
thread, so transactions never interleave, and a task that is cancelled while it waits
leaves no half of one behind.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from oadr.codec import decode, encode
from oadr.errors import OpenADRError
from oadr.messages import Message
from ven.errors import StateError
from ven.state.schema import migrate

T = TypeVar("T")
Row = TypeVar("Row")
log = logging.getLogger("openadr.ven")
MEMORY = ":memory:"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: How long to wait for another process that reads the file, in seconds.
_BUSY_SECONDS = 10.0


class Database:
    """One open state file.

    Args:
        path: of the file, or ``":memory:"`` for a state that ends with the process.

    Attributes:
        transactions: how many were run since it was made.
    """

    def __init__(self, path: str | Path = MEMORY) -> None:
        self.path = str(path)
        self._thread: ThreadPoolExecutor | None = None
        self._connection: sqlite3.Connection | None = None
        self._claim: sqlite3.Connection | None = None
        self._version = 0
        self._opened = 0
        self._opening = asyncio.Lock()
        self.transactions = 0

    @property
    def is_open(self) -> bool:
        """Whether the file is open."""
        return self._connection is not None

    async def open(self) -> None:
        """Opens the file, makes it if there is none, and brings it up to date.

        Raises:
            StateError: the file cannot be used; the text says why.
        """
        async with self._opening:
            if self._connection is not None:
                return
            thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ven-state")
            try:
                self._connection = await self._connected(thread, self._connect)
            except BaseException:
                thread.shutdown(wait=False)
                raise
            self._thread = thread
            self._opened += 1

    async def claim(self) -> None:
        """Keeps other VENs off the file until it is closed, or this process ends.

        Readers, such as ``ven status``, are not kept off.

        Raises:
            StateError: a VEN runs on this file already.
        """
        if self._thread is None:
            raise StateError(self.path, "the state is closed; open() it first")
        if self._claim is None and self.path != MEMORY:
            self._claim = await self._connected(self._thread, self._connect_claim)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Returns what ``work`` returns; all that it changes is on the disk then, or nothing.

        Raises:
            StateError: the file is full, damaged, closed or in the way of another process.
        """
        connection = self._connection
        if connection is None:
            raise StateError(self.path, "the state is closed; open() it first")
        self.transactions += 1
        return await self._call(lambda: self._transact(connection, work))

    def look(self, work: Callable[[sqlite3.Connection], T], default: T) -> T:
        """Returns what ``work`` reads, now; ``default`` while the file is closed.

        For attributes, which cannot wait as a coroutine does.

        Raises:
            StateError: the file cannot be read.
        """
        thread, connection = self._thread, self._connection
        if thread is None or connection is None:
            return default
        try:
            return thread.submit(work, connection).result(_BUSY_SECONDS)
        except sqlite3.Error as error:
            raise StateError(self.path, f"the state cannot be used: {error}") from error

    async def changed_elsewhere(self) -> bool:
        """Returns whether another process has written since this was asked last, or at all."""
        thread, connection = self._thread, self._connection
        if thread is None or connection is None:
            return False
        version = await self._call(lambda: _data_version(connection))
        before, self._version = self._version, version
        return before != version

    async def version(self) -> tuple[int, int]:
        """Returns what is another one once another process has written; takes no transaction.

        Raises:
            StateError: the file is damaged or closed.
        """
        connection = self._connection
        if connection is None:
            raise StateError(self.path, "the state is closed; open() it first")
        # A file that is opened again counts from the beginning.
        return self._opened, await self._call(lambda: _data_version(connection))

    async def progress(self) -> int:
        """Waits for what has been asked so far, and returns how many transactions that were."""
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, int)
        return self.transactions

    async def close(self) -> None:
        """Closes the file; ``open`` opens it again."""
        files = [file for file in (self._claim, self._connection) if file is not None]
        thread, self._thread = self._thread, None
        self._claim = self._connection = None
        if thread is not None:
            closing = asyncio.wrap_future(thread.submit(_close_all, files))
            thread.shutdown(wait=False)
            # Whoever is cancelled here still closes.
            await asyncio.shield(closing)

    async def _call(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            raise StateError(self.path, f"the state cannot be used: {error}") from error

    async def _connected(
        self, thread: ThreadPoolExecutor, connect: Callable[[], sqlite3.Connection]
    ) -> sqlite3.Connection:
        opening = thread.submit(connect)
        try:
            return await asyncio.wrap_future(opening)
        except sqlite3.Error as error:
            raise StateError(self.path, f"the state cannot be used: {error}") from error
        except asyncio.CancelledError:
            # The thread may have opened the file already, or be about to.
            thread.submit(_close_late, opening)
            raise

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        except sqlite3.Error as error:
            folder = Path(self.path).parent
            raise StateError(self.path, f"cannot be opened: {error}; is {folder} there?") from error
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            migrate(connection)
            self._version = _data_version(connection)
        except (ValueError, sqlite3.Error) as error:
            connection.close()
            raise StateError(self.path, str(error)) from error
        return connection

    def _connect_claim(self) -> sqlite3.Connection:
        # A lock of SQLite's on an empty file: the system lets go of it however we end.
        claim = sqlite3.connect(f"{self.path}.lock", timeout=0, isolation_level=None)
        try:
            claim.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            claim.close()
            problem = "another VEN runs on this state; stop it, or give this one a state of its own"
            raise StateError(self.path, problem) from None
        except sqlite3.Error:
            claim.close()
            raise
        return claim

    @staticmethod
    def _transact(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result


def _data_version(connection: sqlite3.Connection) -> int:
    """Returns a number that changes when another connection has written."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _close_all(files: Iterable[sqlite3.Connection]) -> None:
    for file in files:
        file.close()


def _close_late(opening: Future[sqlite3.Connection]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def to_us(moment: datetime) -> int:
    """Returns the microseconds since 1970 of an aware moment."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """Returns the moment in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def pack_xml(message: Message) -> bytes:
    """Returns a message as it is kept."""
    return encode(message)


def unpack_xml(data: bytes, kind: type[T]) -> T:
    """Returns a kept message.

    Raises:
        StateError: it is another one, so the file is damaged.
        OpenADRError: it is none.
    """
    # What came in under the limit may have become longer by the prefixes that we write.
    message = decode(data, max_bytes=len(data))
    if not isinstance(message, kind):
        raise StateError("state", f"holds {type(message).__name__} in place of {kind.__name__}")
    return message


def readable(rows: Iterable[Row], unpack: Callable[[Row], T], what: str) -> tuple[T, ...]:
    """Returns what can be read of some rows; one that cannot does not stop the VEN."""
    found = []
    for row in rows:
        try:
            found.append(unpack(row))
        except (OpenADRError, ValueError) as error:
            log.error("%s in the state cannot be read and is left out: %s", what, error)
    return tuple(found)
