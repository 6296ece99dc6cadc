"""What this VEN wants of the VTN: its offers, the requests for them, and what came.

What came and what a handler has heard of it are two things: a reading that was kept and
not told, because the VEN was killed in between, is told when its report comes again.
"""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from oadr.messages import CreateReport, RegisterReport, ReportRequest
from oadr.report.reading import Reading
from ven.state.database import Database, pack_xml, readable, to_us, unpack_xml
from ven.state.reading import COLUMNS, reading_from_row, reading_to_row

#: Requests that are kept; those that ended first are forgotten first.
MOST_REQUESTS = 100
#: Readings of one request that are kept; the oldest are forgotten first.
MOST_READINGS = 10_000


class WantedState(StrEnum):
    """Where a request of this VEN stands."""

    #: The VTN has not confirmed it.
    QUEUED = "queued"
    #: The VTN sends reports.
    ACTIVE = "active"
    #: It is not wanted any more; the VTN does not know that yet.
    CANCELLING = "cancelling"
    #: The VTN sends a final report (R345).
    FOLLOWING = "following"
    #: Nothing more should come.
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A report that this VEN wants.

    Attributes:
        request: as it is sent.
        state: where it stands.
        follow: whether a final report is wanted when it ends.
    """

    request: ReportRequest
    state: WantedState = WantedState.QUEUED
    follow: bool = False

    @property
    def request_id(self) -> str:
        """The reportRequestID."""
        return self.request.report_request_id


class WantedStore:
    """The offers of the VTN, the requests for them in their order, and readings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def metadata(self) -> RegisterReport | None:
        """Returns what the VTN offers; None if it has not said."""

        def work(connection: sqlite3.Connection) -> RegisterReport | None:
            rows = connection.execute("SELECT xml FROM vtn_metadata").fetchall()
            found = readable(rows, lambda row: unpack_xml(row[0], RegisterReport), "metadata")
            return found[0] if found else None

        return await self._database.run(work)

    async def learn(self, message: RegisterReport, states: Mapping[str, WantedState]) -> None:
        """Replaces what the VTN offers, and the states of requests with it (R306)."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO vtn_metadata VALUES (1, ?)", (pack_xml(message),)
            )
            _set(connection, states)

        await self._database.run(work)

    async def all(self) -> tuple[Wanted, ...]:
        """Returns the requests, in the order in which they were made."""

        def work(connection: sqlite3.Connection) -> tuple[Wanted, ...]:
            rows = connection.execute("SELECT xml, state, follow FROM wanted ORDER BY position")
            return readable(rows, _wanted, "a request for a report of the VTN")

        return await self._database.run(work)

    async def add(self, requests: Sequence[ReportRequest]) -> None:
        """Keeps requests, all or none; one with a known ID takes the other's place."""

        def work(connection: sqlite3.Connection) -> None:
            for request in requests:
                connection.execute(
                    "INSERT OR REPLACE INTO wanted VALUES (?,"
                    " (SELECT coalesce(max(position), 0) + 1 FROM wanted), ?, ?, 0)",
                    (
                        request.report_request_id,
                        pack_xml(CreateReport(request_id="", requests=(request,))),
                        WantedState.QUEUED.value,
                    ),
                )
            connection.execute(
                "DELETE FROM wanted WHERE state = 'ended' AND position <="
                " (SELECT max(position) - ? FROM wanted)",
                (MOST_REQUESTS,),
            )
            connection.execute(
                "DELETE FROM vtn_reading WHERE report_request_id NOT IN"
                " (SELECT report_request_id FROM wanted)"
            )

        await self._database.run(work)

    async def set(self, states: Mapping[str, WantedState]) -> None:
        """Notes where requests stand."""
        if states:
            await self._database.run(lambda connection: _set(connection, states))

    async def cancel(self, request_ids: Collection[str], *, follow: bool) -> None:
        """Notes that requests are not wanted any more."""
        rows = [(WantedState.CANCELLING.value, follow, one) for one in request_ids]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "UPDATE wanted SET state = ?, follow = ? WHERE report_request_id = ?", rows
            )

        await self._database.run(work)

    async def remove(self, request_id: str) -> None:
        """Forgets a request that the VTN does not take."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM wanted WHERE report_request_id = ?", (request_id,))

        await self._database.run(work)

    async def keep(
        self, found: Mapping[str, Sequence[Reading]]
    ) -> Mapping[str, tuple[Reading, ...]]:
        """Keeps readings by request, all or none, and returns those that no handler heard of.

        A value that is there already is no news; another one takes its place (R346).
        """

        def work(connection: sqlite3.Connection) -> dict[str, tuple[Reading, ...]]:
            for request_id, readings in found.items():
                connection.executemany(
                    "INSERT INTO vtn_reading VALUES (?,?,?,?,?,?,?,?,0)"
                    " ON CONFLICT (report_request_id, r_id, start_us) DO UPDATE SET"
                    " duration_us = excluded.duration_us, value = excluded.value,"
                    " quality = excluded.quality, accuracy = excluded.accuracy,"
                    " confidence = excluded.confidence, told = 0"
                    " WHERE value IS NOT excluded.value OR quality IS NOT excluded.quality"
                    " OR duration_us != excluded.duration_us",
                    [(request_id, *reading_to_row(one)) for one in readings],
                )
                _prune(connection, request_id)
            return {one: _untold(connection, one) for one in found}

        return await self._database.run(work)

    async def told(self, found: Mapping[str, Sequence[Reading]]) -> None:
        """Notes that a handler has heard of readings."""
        keys = [
            (request_id, one.r_id, to_us(one.start))
            for request_id, readings in found.items()
            for one in readings
        ]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "UPDATE vtn_reading SET told = 1"
                " WHERE report_request_id = ? AND r_id = ? AND start_us = ?",
                keys,
            )

        if keys:
            await self._database.run(work)

    async def readings(self, request_id: str) -> tuple[Reading, ...]:
        """Returns what came for a request, oldest first."""

        def work(connection: sqlite3.Connection) -> tuple[Reading, ...]:
            rows = connection.execute(
                f"SELECT {COLUMNS} FROM vtn_reading"  # noqa: S608 - fixed names
                " WHERE report_request_id = ? ORDER BY start_us, r_id",
                (request_id,),
            )
            return tuple(reading_from_row(row) for row in rows)

        return await self._database.run(work)


def _set(connection: sqlite3.Connection, states: Mapping[str, WantedState]) -> None:
    connection.executemany(
        "UPDATE wanted SET state = ? WHERE report_request_id = ?",
        [(state.value, name) for name, state in states.items()],
    )


def _untold(connection: sqlite3.Connection, request_id: str) -> tuple[Reading, ...]:
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM vtn_reading"  # noqa: S608 - fixed names
        " WHERE report_request_id = ? AND NOT told ORDER BY start_us, r_id",
        (request_id,),
    )
    return tuple(reading_from_row(row) for row in rows)


def _prune(connection: sqlite3.Connection, request_id: str) -> None:
    connection.execute(
        "DELETE FROM vtn_reading WHERE report_request_id = ?1 AND start_us <="
        " (SELECT start_us FROM vtn_reading WHERE report_request_id = ?1"
        " ORDER BY start_us DESC LIMIT 1 OFFSET ?2)",
        (request_id, MOST_READINGS),
    )


def _wanted(row: tuple[bytes, str, int]) -> Wanted:
    xml, state, follow = row
    return Wanted(
        request=unpack_xml(xml, CreateReport).requests[0],
        state=WantedState(state),
        follow=bool(follow),
    )
