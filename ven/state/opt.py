"""Opts that the VEN has made, and whether the VTN knows."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from oadr.messages import CancelOpt, CreateOpt
from ven.errors import StateError
from ven.state.database import Database, from_us, pack_xml, readable, to_us, unpack_xml


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOpt:
    """An opt, or the cancellation of one.

    Attributes:
        number: order in which they were made.
        message: what was, or has to be, sent.
        waiting: whether the VTN still has to be told.
        cancelled: when a schedule was cancelled here; None if it was not.
        refused: why the VTN did not take it; empty if it did, or has not said.
    """

    number: int
    message: CreateOpt | CancelOpt
    waiting: bool
    cancelled: datetime | None = None
    refused: str = ""


#: So many opts that the VTN has are remembered, the newest.
REMEMBERED = 1000
_COLUMNS = "SELECT id, xml, waiting, cancelled_us, refused FROM opt"


class OptStore:
    """Opts in the order in which they were made."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, message: CreateOpt | CancelOpt, now: datetime | None = None) -> int:
        """Stores a message that has to be sent and returns its number.

        Args:
            message: a cancellation ends the schedules of its optID here and now (R204).
            now: when that is; only for a cancellation.
        """
        return await self._database.run(partial(_add, message=message, now=now))

    async def all(self, *, waiting: bool = False) -> tuple[HeldOpt, ...]:
        """Returns what stands and what waits, or only that of which the VTN has to be told."""
        return await self._database.run(partial(self.read, waiting=waiting))

    @staticmethod
    def read(connection: sqlite3.Connection, *, waiting: bool = False) -> tuple[HeldOpt, ...]:
        """Returns the same at once, for ``Database.look``."""
        which = "waiting = 1" if waiting else "cancelled_us IS NULL"
        rows = connection.execute(f"{_COLUMNS} WHERE refused IS NULL AND {which} ORDER BY id")
        return readable(rows, _held, "an opt")

    async def everything(self) -> tuple[HeldOpt, ...]:
        """Returns all that is remembered, cancelled and refused ones included."""

        def work(connection: sqlite3.Connection) -> tuple[HeldOpt, ...]:
            return readable(connection.execute(f"{_COLUMNS} ORDER BY id"), _held, "an opt")

        return await self._database.run(work)

    async def sent(self, opt: HeldOpt, keep: Sequence[int] = ()) -> None:
        """Notes that the VTN has taken it.

        Args:
            opt: a cancellation is done with; the schedules that it ended stay known for what
                they keep from coming back.
            keep: numbers of opts that must stay known, however old they are.
        """

        def work(connection: sqlite3.Connection) -> None:
            if isinstance(opt.message, CancelOpt):
                connection.execute("DELETE FROM opt WHERE id = ?", (opt.number,))
            else:
                connection.execute("UPDATE opt SET waiting = 0 WHERE id = ?", (opt.number,))
            _forget_oldest(connection, keep)

        await self._database.run(work)

    async def refuse(self, opt: HeldOpt, why: str, *, restore: bool = False) -> None:
        """Notes that the VTN does not take it, and why.

        Args:
            opt: which.
            why: in words.
            restore: for a cancellation, that the schedules which it ended stand all the same.
        """

        def work(connection: sqlite3.Connection) -> None:
            change = "UPDATE opt SET waiting = 0, refused = ? WHERE id = ?"
            connection.execute(change, (why, opt.number))
            if restore:
                connection.execute(
                    "UPDATE opt SET cancelled_us = NULL, cancelled_by = NULL"
                    " WHERE cancelled_by = ?",
                    (opt.number,),
                )

        await self._database.run(work)

    async def again(self) -> None:
        """Makes all schedules wait again, in their order, for a VTN that has forgotten them.

        Those that were cancelled are told and cancelled again: they keep earlier ones from
        coming back.
        """
        await self._database.run(_again)


def _add(
    connection: sqlite3.Connection, *, message: CreateOpt | CancelOpt, now: datetime | None
) -> int:
    cursor = connection.execute(
        "INSERT INTO opt (opt_id, xml, waiting) VALUES (?, ?, 1)",
        (message.opt_id, pack_xml(message)),
    )
    number = cursor.lastrowid or 0
    if isinstance(message, CancelOpt):
        connection.execute(
            "UPDATE opt SET cancelled_us = ?, cancelled_by = ?"
            " WHERE opt_id = ? AND id < ? AND cancelled_us IS NULL",
            (to_us(now) if now is not None else 0, number, message.opt_id, number),
        )
    return number


def _forget_oldest(connection: sqlite3.Connection, keep: Sequence[int]) -> None:
    old = connection.execute(
        "SELECT id FROM opt WHERE waiting = 0 ORDER BY id DESC LIMIT -1 OFFSET ?", (REMEMBERED,)
    ).fetchall()
    gone = [row for row in old if row[0] not in set(keep)]
    connection.executemany("DELETE FROM opt WHERE id = ?", gone)


def _again(connection: sqlite3.Connection) -> None:
    rows = readable(connection.execute(f"{_COLUMNS} ORDER BY id"), _held, "an opt")
    schedules = [
        one
        for one in rows
        if isinstance(one.message, CreateOpt) and one.message.event_id is None and not one.refused
    ]
    connection.execute("DELETE FROM opt WHERE refused IS NULL")
    ended: dict[str, HeldOpt] = {}
    for one in schedules:
        before = ended.get(one.message.opt_id)
        if before is not None and before.cancelled != one.cancelled:
            # Its optID was cancelled before this one was made.
            _end(connection, ended.pop(one.message.opt_id))
        _add(connection, message=one.message, now=None)
        if one.cancelled is not None:
            ended[one.message.opt_id] = one
    for one in ended.values():
        _end(connection, one)


def _end(connection: sqlite3.Connection, one: HeldOpt) -> None:
    message = one.message
    cancel = CancelOpt(request_id=message.request_id, opt_id=message.opt_id, ven_id=message.ven_id)
    _add(connection, message=cancel, now=one.cancelled)


def _held(row: tuple[int, bytes, int, int | None, str | None]) -> HeldOpt:
    number, xml, waiting, cancelled, refused = row
    message: CreateOpt | CancelOpt
    try:
        message = unpack_xml(xml, CreateOpt)
    except StateError:
        message = unpack_xml(xml, CancelOpt)
    return HeldOpt(
        number=number,
        message=message,
        waiting=bool(waiting),
        cancelled=None if cancelled is None else from_us(cancelled),
        refused=refused or "",
    )
