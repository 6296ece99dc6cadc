"""Report requests that the VEN has accepted, and how far each has been served."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from oadr.messages import CreateReport, Message, ReportRequest
from oadr.report.accept import RequestKind
from ven.state.database import Database, from_us, pack_xml, readable, to_us, unpack_xml

#: ``last_index`` of a request of which nothing was made yet.
NOTHING = -1


class RequestState(StrEnum):
    """Where a request stands."""

    #: Accepted here; the VTN has not confirmed our oadrCreatedReport, so nothing is made yet.
    ACCEPTED = "accepted"
    #: The VTN knows; reports are made when they are due.
    ACTIVE = "active"
    #: The last report is made; it may still wait in the outbox.
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRequest:
    """A report request that was accepted.

    Attributes:
        request: as it came.
        kind: how it is answered.
        accepted_at: when; stands in for a missing start.
        last_index: of the newest window that was made into a report, -1 for none.
        state: where it stands.
        created_for: requestID of the message that brought it, for oadrCreatedReport (R303).
    """

    request: ReportRequest
    kind: RequestKind
    accepted_at: datetime
    last_index: int = NOTHING
    state: RequestState = RequestState.ACCEPTED
    created_for: str = ""

    @property
    def request_id(self) -> str:
        """The reportRequestID."""
        return self.request.report_request_id


class RequestStore:
    """Accepted report requests, in the order in which they came."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> tuple[HeldRequest, ...]:
        """Returns the requests of which reports are still to be made or sent."""

        def work(connection: sqlite3.Connection) -> tuple[HeldRequest, ...]:
            rows = connection.execute(
                "SELECT xml, kind, accepted_us, last_index, state, created_for"
                " FROM report_request WHERE state != 'done' OR report_request_id IN"
                " (SELECT report_request_id FROM outbox WHERE parked IS NULL) ORDER BY position"
            )
            return readable(rows, _held, "a report request")

        return await self._database.run(work)

    async def accept(self, requests: Sequence[HeldRequest]) -> None:
        """Stores requests, all or none; one with a known ID takes the other's place."""

        def work(connection: sqlite3.Connection) -> None:
            for held in requests:
                connection.execute(
                    "INSERT OR REPLACE INTO report_request VALUES (?, ?, ?,"
                    " (SELECT coalesce(max(position), 0) + 1 FROM report_request), ?, ?, ?, ?)",
                    _row(held),
                )

        await self._database.run(work)

    async def confirmed(self, created_for: str) -> None:
        """Notes that the VTN has our oadrCreatedReport for a message."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE report_request SET state = 'active'"
                " WHERE state = 'accepted' AND created_for = ?",
                (created_for,),
            )

        await self._database.run(work)

    async def made(
        self,
        request_id: str,
        *,
        index: int,
        reports: Sequence[Message],
        final: bool,
        now: datetime,
    ) -> None:
        """Notes a window as served and puts its reports into the outbox, all or nothing.

        Nothing happens if the request is not there any more.

        Args:
            request_id: the request.
            index: of the window.
            reports: what has to be sent.
            final: no other window follows.
            now: when it was made.
        """

        def work(connection: sqlite3.Connection) -> None:
            known = connection.execute(
                "UPDATE report_request SET last_index = max(last_index, ?), state = ?"
                " WHERE report_request_id = ?",
                (index, "done" if final else "active", request_id),
            ).rowcount
            if not known:
                return
            connection.executemany(
                "INSERT INTO outbox (report_request_id, xml, created_us) VALUES (?, ?, ?)",
                [(request_id, pack_xml(report), to_us(now)) for report in reports],
            )

        await self._database.run(work)

    async def rewind(self, request_id: str, *, accepted_at: datetime, index: int) -> None:
        """Takes back which windows were made, because the clock was wrong.

        Args:
            request_id: the request.
            accepted_at: when it was accepted, as far as anybody knows.
            index: of the newest window that counts as made, -1 for none.
        """

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE report_request SET accepted_us = ?, last_index = ?"
                " WHERE report_request_id = ?",
                (to_us(accepted_at), index, request_id),
            )

        await self._database.run(work)

    async def cancel(self, request_ids: Sequence[str]) -> None:
        """Forgets requests that nobody wants served, with what of theirs was not sent."""

        def work(connection: sqlite3.Connection) -> None:
            keys = [(name,) for name in request_ids]
            connection.executemany("DELETE FROM report_request WHERE report_request_id = ?", keys)
            connection.executemany(
                "DELETE FROM outbox WHERE report_request_id = ? AND parked IS NULL", keys
            )

        await self._database.run(work)

    async def clear(self, *, keep_metadata: bool = False) -> None:
        """Forgets all requests; what was made for them still goes out.

        Args:
            keep_metadata: spare the requests for metadata (R306).
        """

        def work(connection: sqlite3.Connection) -> None:
            spared = RequestKind.METADATA.value if keep_metadata else ""
            connection.execute("DELETE FROM report_request WHERE kind != ?", (spared,))

        await self._database.run(work)

    async def clean(self, request_id: str | None = None) -> bool:
        """Forgets requests that are done and of which nothing waits to be sent.

        Args:
            request_id: only this one; None for all.

        Returns:
            Whether any was forgotten.
        """

        def work(connection: sqlite3.Connection) -> bool:
            return bool(
                connection.execute(
                    "DELETE FROM report_request WHERE state = 'done'"
                    " AND (?1 IS NULL OR report_request_id = ?1) AND report_request_id NOT IN"
                    " (SELECT report_request_id FROM outbox WHERE parked IS NULL)",
                    (request_id,),
                ).rowcount
            )

        return await self._database.run(work)


def _row(held: HeldRequest) -> tuple[object, ...]:
    return (
        held.request_id,
        pack_xml(CreateReport(request_id="", requests=(held.request,))),
        held.kind.value,
        to_us(held.accepted_at),
        held.last_index,
        held.state.value,
        held.created_for,
    )


def _held(row: tuple[bytes, str, int, int, str, str]) -> HeldRequest:
    xml, kind, accepted, last_index, state, created_for = row
    return HeldRequest(
        request=unpack_xml(xml, CreateReport).requests[0],
        kind=RequestKind(kind),
        accepted_at=from_us(accepted),
        last_index=last_index,
        state=RequestState(state),
        created_for=created_for,
    )
