"""Opts that the VEN has made, and whether the VTN knows."""

import sqlite3
from dataclasses import dataclass
from functools import partial

from oadr.messages import CancelOpt, CreateOpt
from ven.errors import StateError
from ven.state.database import Database, pack_xml, readable, unpack_xml


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOpt:
    """An opt, or the cancellation of one.

    Attributes:
        number: order in which they were made.
        message: what was, or has to be, sent.
        waiting: whether the VTN still has to be told.
    """

    number: int
    message: CreateOpt | CancelOpt
    waiting: bool


#: So many opts that the VTN has are remembered, the newest.
REMEMBERED = 1000


class OptStore:
    """Opts in the order in which they were made."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, message: CreateOpt | CancelOpt) -> int:
        """Stores a message that has to be sent and returns its number."""

        def work(connection: sqlite3.Connection) -> int:
            cursor = connection.execute(
                "INSERT INTO opt (opt_id, xml, waiting) VALUES (?, ?, 1)",
                (message.opt_id, pack_xml(message)),
            )
            return cursor.lastrowid or 0

        return await self._database.run(work)

    async def all(self, *, waiting: bool = False) -> tuple[HeldOpt, ...]:
        """Returns all of them, or those of which the VTN has to be told."""
        return await self._database.run(partial(self.read, waiting=waiting))

    @staticmethod
    def read(connection: sqlite3.Connection, *, waiting: bool = False) -> tuple[HeldOpt, ...]:
        """Returns the same at once, for ``Database.look``."""
        rows = connection.execute(
            "SELECT id, xml, waiting FROM opt WHERE waiting >= ? ORDER BY id", (int(waiting),)
        )
        return readable(rows, _held, "an opt")

    async def sent(self, opt: HeldOpt) -> None:
        """Notes that the VTN has taken it; a cancellation takes its opt with it (R204)."""

        def work(connection: sqlite3.Connection) -> None:
            if isinstance(opt.message, CancelOpt):
                connection.execute(
                    "DELETE FROM opt WHERE opt_id = ? AND id <= ?",
                    (opt.message.opt_id, opt.number),
                )
            else:
                connection.execute("UPDATE opt SET waiting = 0 WHERE id = ?", (opt.number,))
                connection.execute(
                    "DELETE FROM opt WHERE waiting = 0 AND id NOT IN"
                    " (SELECT id FROM opt WHERE waiting = 0 ORDER BY id DESC LIMIT ?)",
                    (REMEMBERED,),
                )

        await self._database.run(work)

    async def remove(self, number: int) -> None:
        """Forgets one that the VTN refused."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM opt WHERE id = ?", (number,))

        await self._database.run(work)


def _held(row: tuple[int, bytes, int]) -> HeldOpt:
    number, xml, waiting = row
    message: CreateOpt | CancelOpt
    try:
        message = unpack_xml(xml, CreateOpt)
    except StateError:
        message = unpack_xml(xml, CancelOpt)
    return HeldOpt(number=number, message=message, waiting=bool(waiting))
