"""Reports that wait until the VTN has confirmed them."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from oadr.codec import decode
from oadr.messages import RegisterReport, UpdateReport
from ven.errors import StateError
from ven.state.database import Database, from_us


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """A report that has to be sent.

    Attributes:
        number: order in which they were made, and are sent.
        report_request_id: the request that it serves.
        message: what is sent, the same at each attempt.
        created_at: when it was made.
        attempts: how often it was tried.
    """

    number: int
    report_request_id: str
    message: UpdateReport | RegisterReport
    created_at: datetime
    attempts: int


class Outbox:
    """Reports in the order in which they were made."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def first(self) -> OutboxRow | None:
        """Returns the report to send next; None if nothing waits."""

        def work(connection: sqlite3.Connection) -> OutboxRow | None:
            row = connection.execute(
                "SELECT id, report_request_id, xml, created_us, attempts FROM outbox"
                " WHERE parked IS NULL ORDER BY id LIMIT 1"
            ).fetchone()
            return None if row is None else _row(*row)

        return await self._database.run(work)

    async def delivered(self, number: int) -> None:
        """Forgets a report that the VTN has confirmed."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM outbox WHERE id = ?", (number,))

        await self._database.run(work)

    async def failed(self, number: int) -> None:
        """Counts an attempt; the report stays where it is."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("UPDATE outbox SET attempts = attempts + 1 WHERE id = ?", (number,))

        await self._database.run(work)

    async def park(self, number: int, reason: str) -> None:
        """Takes out a report that can never be delivered; it is kept for people to see."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE outbox SET attempts = attempts + 1, parked = ? WHERE id = ?",
                (reason, number),
            )

        await self._database.run(work)

    async def counts(self) -> tuple[int, int]:
        """Returns how many reports wait and how many are parked."""

        def work(connection: sqlite3.Connection) -> tuple[int, int]:
            waiting, parked = connection.execute(
                "SELECT count(*) - count(parked), count(parked) FROM outbox"
            ).fetchone()
            return waiting, parked

        return await self._database.run(work)

    async def prune_parked(self, keep: int) -> None:
        """Deletes parked reports except the newest ``keep``."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "DELETE FROM outbox WHERE parked IS NOT NULL AND id NOT IN"
                " (SELECT id FROM outbox WHERE parked IS NOT NULL ORDER BY id DESC LIMIT ?)",
                (keep,),
            )

        await self._database.run(work)


def _row(number: int, request_id: str, xml: bytes, created: int, attempts: int) -> OutboxRow:
    message = decode(xml)
    if not isinstance(message, UpdateReport | RegisterReport):
        raise StateError("state", f"holds {type(message).__name__} in place of a report")
    return OutboxRow(
        number=number,
        report_request_id=request_id,
        message=message,
        created_at=from_us(created),
        attempts=attempts,
    )
