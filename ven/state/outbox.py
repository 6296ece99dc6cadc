"""Reports that wait until the VTN has confirmed them."""

import logging
import sqlite3
from dataclasses import dataclass
from datetime import datetime

from oadr.errors import OpenADRError
from oadr.messages import RegisterReport, UpdateReport
from ven.errors import StateError
from ven.state.database import Database, from_us, unpack_xml

log = logging.getLogger("openadr.ven")


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
        """Returns the report to send next; None if nothing waits.

        One that cannot be read is parked, so that it does not stop those behind it.
        """

        def work(connection: sqlite3.Connection) -> OutboxRow | None:
            while True:
                row = connection.execute(
                    "SELECT id, report_request_id, xml, created_us, attempts FROM outbox"
                    " WHERE parked IS NULL ORDER BY id LIMIT 1"
                ).fetchone()
                try:
                    return None if row is None else _row(*row)
                except OpenADRError as error:
                    log.error("a report in the state cannot be read and is parked: %s", error)
                    connection.execute(
                        "UPDATE outbox SET parked = ? WHERE id = ?", (str(error), row[0])
                    )

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

    async def oldest(self) -> datetime | None:
        """Returns when the report was made that waits longest; None if none waits."""

        def work(connection: sqlite3.Connection) -> datetime | None:
            row = connection.execute(
                "SELECT created_us FROM outbox WHERE parked IS NULL ORDER BY id LIMIT 1"
            ).fetchone()
            return None if row is None else from_us(row[0])

        return await self._database.run(work)

    async def last_parked(self) -> str:
        """Returns why the newest report that is parked is; empty if none is."""

        def work(connection: sqlite3.Connection) -> str:
            row = connection.execute(
                "SELECT parked FROM outbox WHERE parked IS NOT NULL ORDER BY id DESC LIMIT 1"
            ).fetchone()
            return "" if row is None else str(row[0])

        return await self._database.run(work)

    @staticmethod
    def waiting(connection: sqlite3.Connection) -> int:
        """Returns how many reports wait, for ``Database.look``."""
        row = connection.execute("SELECT count(*) FROM outbox WHERE parked IS NULL").fetchone()
        return int(row[0])

    async def trim(self, most: int) -> int:
        """Deletes the oldest reports that wait until they take at most ``most`` bytes.

        Returns:
            How many were deleted.
        """

        def work(connection: sqlite3.Connection) -> int:
            rows = connection.execute(
                "SELECT id, length(xml) FROM outbox WHERE parked IS NULL ORDER BY id DESC"
            )
            total, oldest = 0, None
            for number, size in rows:
                total += size
                if total > most:
                    break
                oldest = number
            else:
                return 0
            return connection.execute(
                "DELETE FROM outbox WHERE parked IS NULL AND id < ?", (oldest or 2**62,)
            ).rowcount

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
    message: UpdateReport | RegisterReport
    try:
        message = unpack_xml(xml, UpdateReport)
    except StateError:
        message = unpack_xml(xml, RegisterReport)
    return OutboxRow(
        number=number,
        report_request_id=request_id,
        message=message,
        created_at=from_us(created),
        attempts=attempts,
    )
