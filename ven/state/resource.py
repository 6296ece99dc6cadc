"""How the resources are, as a program or a person has said."""

import sqlite3
from collections.abc import Callable, Mapping

from oadr.messages import ResourceStatus
from ven.state.database import Database
from ven.state.reading import value_from_text, value_to_text

#: In place of a resource: all that this VEN has.
EVERYWHERE = ""
#: What holds while nobody has said anything.
NORMAL = ResourceStatus(online=True, manual_override=False)


class ResourceStore:
    """What was said last about each resource; it stands until something else is said.

    It is asked for every few seconds and changes once in months, so it is kept in memory
    for as long as nobody has written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Mapping[str, ResourceStatus] | None = None
        self._version = (0, 0)

    async def all(self) -> Mapping[str, ResourceStatus]:
        """Returns what was said, by resource."""
        # Asked for before: what is written in between is read at the next look.
        version = await self._database.version()
        if self._known is None or version != self._version:
            self._known, self._version = await self._read(), version
        return self._known

    async def _read(self) -> Mapping[str, ResourceStatus]:
        def work(connection: sqlite3.Connection) -> dict[str, ResourceStatus]:
            rows = connection.execute("SELECT resource_id, value FROM resource")
            return {resource_id: _status(value) for resource_id, value in rows}

        return await self._database.run(work)

    async def change(
        self, resource_id: str, change: Callable[[ResourceStatus], ResourceStatus]
    ) -> ResourceStatus:
        """Changes what was said about a resource, and returns it.

        Args:
            resource_id: the resource; ``EVERYWHERE`` for all.
            change: returns what is said now, from what was said before.
        """

        def work(connection: sqlite3.Connection) -> ResourceStatus:
            row = connection.execute(
                "SELECT value FROM resource WHERE resource_id = ?", (resource_id,)
            ).fetchone()
            status = change(NORMAL if row is None else _status(row[0]))
            connection.execute(
                "INSERT OR REPLACE INTO resource VALUES (?, ?)",
                (resource_id, value_to_text(status)),
            )
            return status

        try:
            return await self._database.run(work)
        finally:
            self._known = None


def _status(text: str) -> ResourceStatus:
    status = value_from_text(text)
    return status if isinstance(status, ResourceStatus) else NORMAL
