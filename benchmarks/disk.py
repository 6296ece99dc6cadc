"""How long this disk takes for a commit, whatever is in it."""

import os
import sqlite3
import time
from pathlib import Path


def fsync(folder: Path, times: int = 20) -> list[float]:
    """Returns how long it takes to append 4 KiB to a file and have them on disk, in seconds."""
    path = folder / "fsync"
    found = []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            begin = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            found.append(time.perf_counter() - begin)
    return found


def commits(folder: Path, *, rows: int, times: int = 20) -> list[float]:
    """Returns how long COMMIT alone takes for rows of numbers, in seconds.

    The settings are those of the VTN: a write-ahead log, synchronous=FULL.
    """
    connection = sqlite3.connect(folder / "commit.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE t (a INTEGER, b INTEGER, c TEXT, PRIMARY KEY (a, b))")
    found = []
    for number in range(times):
        connection.execute("BEGIN IMMEDIATE")
        values = [(1, number * rows + n, "1.25") for n in range(rows)]
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", values)
        begin = time.perf_counter()
        connection.execute("COMMIT")
        found.append(time.perf_counter() - begin)
    connection.close()
    return found
