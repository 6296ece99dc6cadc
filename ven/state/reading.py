"""Readings of the meters, kept before they are sent and for as long as history is offered."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from oadr.messages import LoadControl, ResourceStatus
from oadr.report.reading import Reading, Value
from ven.state.database import Database, from_us, to_us

_MICROSECOND = timedelta(microseconds=1)
#: Of a reading, in the order in which they are kept and read.
COLUMNS = "r_id, start_us, duration_us, value, quality, accuracy, confidence"
#: A VEN keeps at least this many points of each meter, however old (R510).
MINIMUM_POINTS = 100
#: Longest interval of a reading that is looked for when it began before the wanted time.
_REACH = timedelta(days=1)


class ReadingStore:
    """Readings by data point and start; the first value for a start is the one that counts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, readings: Sequence[Reading]) -> None:
        """Stores readings; one whose start is known already is not changed."""
        await self._put("INSERT OR IGNORE", readings)

    async def correct(self, readings: Sequence[Reading]) -> None:
        """Stores readings in place of those with the same start (R346)."""
        await self._put("INSERT OR REPLACE", readings)

    async def _put(self, verb: str, readings: Sequence[Reading]) -> None:
        rows = [reading_to_row(reading) for reading in readings]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(f"{verb} INTO reading VALUES (?,?,?,?,?,?,?)", rows)

        if rows:
            await self._database.run(work)

    async def between(
        self, r_ids: Iterable[str], start: datetime, end: datetime
    ) -> tuple[Reading, ...]:
        """Returns readings that touch the time from ``start`` until before ``end``, oldest first.

        One that began before ``start`` and reaches into it is there, too.
        """
        names = tuple(r_ids)

        low, high = to_us(start), to_us(end)
        query = (
            f"SELECT {COLUMNS} FROM reading WHERE r_id = ?"  # noqa: S608 - fixed names
            " AND start_us < ? AND start_us >= ? AND (start_us >= ? OR start_us + duration_us > ?)"
        )

        def work(connection: sqlite3.Connection) -> tuple[Reading, ...]:
            rows = [
                row
                for name in names
                for row in connection.execute(
                    query, (name, high, low - _REACH // _MICROSECOND, low, low)
                )
            ]
            rows.sort(key=lambda row: (row[1], row[0]))
            return tuple(reading_from_row(row) for row in rows)

        return await self._database.run(work)

    async def newest(self, r_id: str, at: datetime | None = None) -> Reading | None:
        """Returns the newest reading of a data point, that is the one with the latest start.

        Args:
            r_id: the data point.
            at: none that starts later; None for no limit.
        """

        def work(connection: sqlite3.Connection) -> Reading | None:
            row = connection.execute(
                f"SELECT {COLUMNS} FROM reading"  # noqa: S608 - fixed names
                " WHERE r_id = ? AND start_us <= ? ORDER BY start_us DESC LIMIT 1",
                (r_id, to_us(at) if at is not None else 2**62),
            ).fetchone()
            return None if row is None else reading_from_row(row)

        return await self._database.run(work)

    async def first_since(self, r_ids: Iterable[str], moment: datetime) -> datetime | None:
        """Returns when the oldest reading from ``moment`` on started; None if there is none."""
        names = tuple(r_ids)

        def work(connection: sqlite3.Connection) -> datetime | None:
            found = [
                row[0]
                for name in names
                for row in connection.execute(
                    "SELECT min(start_us) FROM reading WHERE r_id = ? AND start_us >= ?",
                    (name, to_us(moment)),
                )
                if row[0] is not None
            ]
            return from_us(min(found)) if found else None

        return await self._database.run(work)

    async def prune(self, r_id: str, before: datetime) -> int:
        """Deletes readings that started before a moment, and returns how many.

        The newest 100 stay in any case (R510).
        """

        def work(connection: sqlite3.Connection) -> int:
            row = connection.execute(
                "SELECT start_us FROM reading WHERE r_id = ? ORDER BY start_us DESC"
                " LIMIT 1 OFFSET ?",
                (r_id, MINIMUM_POINTS - 1),
            ).fetchone()
            if row is None:
                return 0
            limit = min(to_us(before), row[0])
            return connection.execute(
                "DELETE FROM reading WHERE r_id = ? AND start_us < ?", (r_id, limit)
            ).rowcount

        return await self._database.run(work)

    async def count(self) -> int:
        """Returns how many readings there are."""

        def work(connection: sqlite3.Connection) -> int:
            return int(connection.execute("SELECT count(*) FROM reading").fetchone()[0])

        return await self._database.run(work)


def value_to_text(value: Value) -> str:
    """Returns a value as it is kept: digits of a number, JSON of a status."""
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(asdict(value), default=str, separators=(",", ":"))


def value_from_text(text: str) -> Value:
    """Returns the value that ``value_to_text`` wrote."""
    if not text.startswith("{"):
        return Decimal(text)
    fields = json.loads(text)
    return ResourceStatus(
        online=fields.pop("online"),
        manual_override=fields.pop("manual_override"),
        **{name: _load_control(part) for name, part in fields.items() if part is not None},
    )


def _load_control(part: dict[str, str | None]) -> LoadControl:
    return LoadControl(
        **{name: Decimal(number) for name, number in part.items() if number is not None}
    )


def reading_to_row(reading: Reading) -> tuple[object, ...]:
    """Returns a reading as it is kept, in the order of ``COLUMNS``."""
    return (
        reading.r_id,
        to_us(reading.start),
        reading.duration // _MICROSECOND,
        value_to_text(reading.value),
        reading.quality,
        None if reading.accuracy is None else str(reading.accuracy),
        reading.confidence,
    )


def reading_from_row(row: Sequence[Any]) -> Reading:
    """Returns the reading that ``reading_to_row`` wrote."""
    r_id, start, duration, value, quality, accuracy, confidence = row
    return Reading(
        r_id=r_id,
        start=from_us(start),
        duration=duration * _MICROSECOND,
        value=value_from_text(value),
        quality=quality,
        accuracy=None if accuracy is None else Decimal(accuracy),
        confidence=confidence,
    )
