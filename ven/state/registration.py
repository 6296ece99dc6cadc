"""Who this VEN is to its VTN."""

import sqlite3
from dataclasses import dataclass
from datetime import timedelta

from ven.state.database import Database

_MICROSECOND = timedelta(microseconds=1)
#: In place of the digest of our metadata: the VTN takes no reports.
WITHOUT_REPORTS = "-"

#: Everything about the VTN (R407); readings are this VEN's own.
_ABOUT_THE_VTN = (
    *("registration", "event", "answer", "opt", "report_request", "outbox"),
    *("wanted", "vtn_metadata", "vtn_reading"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A registration that stands.

    Attributes:
        ven_id: what the VTN calls this VEN; compared with its case (R512).
        registration_id: of this registration; empty for one that people have made, at a VTN
            without EiRegisterParty.
        vtn_id: what the VTN calls itself; empty while that is not known.
        poll_interval: how often the VTN wants to be polled; None if it did not say.
        introduced: digest of the metadata that the VTN has; None before it has any, so
            that the rest of the registration must be gone through (R309, R405); or
            ``WITHOUT_REPORTS``.
        push_address: where the VTN was told to push to (R402); None if this VEN polls.
        renewal_due: the VTN has asked for a re-registration that has not happened yet.
        vtn_fingerprint: of the certificate that the VTN showed last; None if it never did.
    """

    ven_id: str
    registration_id: str
    vtn_id: str
    poll_interval: timedelta | None = None
    introduced: str | None = None
    push_address: str | None = None
    renewal_due: bool = False
    vtn_fingerprint: str | None = None

    @property
    def pre_provisioned(self) -> bool:
        """Whether people have made it, so that there are no messages about it."""
        return not self.registration_id


class RegistrationStore:
    """The one registration of the VEN, or none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self) -> Registration | None:
        """Returns the registration; None if there is none."""

        def work(connection: sqlite3.Connection) -> Registration | None:
            row = connection.execute(
                "SELECT ven_id, registration_id, vtn_id, poll_us, introduced, push_address, "
                "renewal_due, vtn_fingerprint FROM registration"
            ).fetchone()
            if row is None:
                return None
            return Registration(
                ven_id=row[0],
                registration_id=row[1],
                vtn_id=row[2],
                poll_interval=None if row[3] is None else row[3] * _MICROSECOND,
                introduced=row[4],
                push_address=row[5],
                renewal_due=bool(row[6]),
                vtn_fingerprint=row[7],
            )

        return await self._database.run(work)

    async def save(self, registration: Registration) -> None:
        """Replaces the registration."""
        poll = registration.poll_interval
        values = (
            registration.ven_id,
            registration.registration_id,
            registration.vtn_id,
            None if poll is None else poll // _MICROSECOND,
            registration.introduced,
            registration.push_address,
            registration.renewal_due,
            registration.vtn_fingerprint,
        )

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO registration VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)", values
            )

        await self._database.run(work)

    async def forget(self) -> None:
        """Forgets the registration and nothing else."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM registration")

        await self._database.run(work)

    async def erase(self) -> None:
        """Erases everything about the VTN (R407); readings are this VEN's own and stay."""

        def work(connection: sqlite3.Connection) -> None:
            for table in _ABOUT_THE_VTN:
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - fixed names

        await self._database.run(work)
