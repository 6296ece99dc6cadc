"""Stand-ins for what the pages call ``database`` and do not define."""

import sqlite3
import weakref
from typing import Any


class SqlDatabase:
    """A ``database`` with ``await database.query(sql, values)``, on SQLite in memory.

    Args:
        vens: rows of the table ``vens``; columns that are left out are NULL.
    """

    def __init__(self, *vens: dict[str, str]) -> None:
        # No page closes its database; from Python 3.13 on that is a warning. Who collects it
        # may be any thread.
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        weakref.finalize(self, self._connection.close)
        self._connection.execute("CREATE TABLE vens (ven_name, ven_id, registration_id)")
        for ven in vens:
            values = (ven.get("ven_name"), ven.get("ven_id"), ven.get("registration_id"))
            self._connection.execute("INSERT INTO vens VALUES (?, ?, ?)", values)

    async def query(self, sql: str, values: tuple[Any, ...] = ()) -> Any:
        """Returns the first value of the first row; None if there is none."""
        row = self._connection.execute(sql, values).fetchone()
        return None if row is None else row[0]

    def rows(self) -> list[tuple[str | None, ...]]:
        """Returns name, venID and registrationID of all VENs."""
        return self._connection.execute("SELECT * FROM vens").fetchall()

    def close(self) -> None:
        """Forgets everything."""
        self._connection.close()


class LookupDatabase:
    """A ``database`` with ``database.lookup(table).where(ven_id=...)``.

    Args:
        tables: table -> venID -> what is found there.
    """

    def __init__(self, **tables: dict[str, Any]) -> None:
        self._tables = tables
        self.asked: list[str] = []

    def lookup(self, table: str) -> "_Lookup":
        """Returns a question to a table."""
        return _Lookup(self, self._tables[table])


class _Lookup:
    def __init__(self, database: LookupDatabase, rows: dict[str, Any]) -> None:
        self._database = database
        self._rows = rows

    def where(self, ven_id: str) -> Any:
        self._database.asked.append(ven_id)
        return self._rows.get(ven_id)
