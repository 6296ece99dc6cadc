"""All that a VTN has stored of one VEN, to see whether anybody else has touched it."""

import sqlite3
from pathlib import Path
from typing import Any

from vtn.store.schema import metadata

#: Which rows are new is of no concern to the VEN: the clock of changes.
_NOT_ITS_OWN = {"change"}


class Rows:
    """Looks into the database beside the VTN, and only when something was written.

    Args:
        path: of the database.
        ven_name: of the VEN.
    """

    def __init__(self, path: Path, ven_name: str) -> None:
        self._file = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
        self._name = ven_name
        self._version = -1
        self._kept: dict[str, list[Any]] = {}

    def keep(self) -> None:
        """Takes what is there now for what has to stay."""
        self._kept = self.read()
        self._version = self._written()

    def changes(self) -> dict[str, tuple[list[Any], list[Any]]]:
        """Returns which tables have changed since, with what went and what came."""
        version = self._written()
        if version == self._version:
            return {}
        self._version = version
        now = self.read()
        return {
            table: (
                [row for row in rows if row not in now[table]],
                [row for row in now[table] if row not in rows],
            )
            for table, rows in self._kept.items()
            if rows != now[table]
        }

    def read(self) -> dict[str, list[Any]]:
        """Returns all rows of the VEN by table; new tables count by themselves."""
        found = {}
        (pk,) = self._file.execute(
            "select pk from party where ven_name = ?", (self._name,)
        ).fetchone()
        for name, table in metadata.tables.items():
            if name in _NOT_ITS_OWN:
                continue
            if name == "party":
                where = "pk = ?"
            elif "party_pk" in table.columns:
                where = "party_pk = ?"
            elif "data_point_pk" in table.columns:
                where = "data_point_pk in (select pk from data_point where party_pk = ?)"
            else:
                continue
            found[name] = self._file.execute(
                f"select * from {name} where {where} order by 1, 2", (pk,)
            ).fetchall()
        return found

    def _written(self) -> int:
        return int(self._file.execute("pragma data_version").fetchone()[0])

    def close(self) -> None:
        """Closes the file."""
        self._file.close()
