"""What a database takes of its disk."""

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """What a database takes of its disk, in bytes.

    Attributes:
        size: of the database.
        log: of its write-ahead log.
        free: what is left on the disk.
    """

    size: int
    log: int
    free: int


def disk_of(database: Path) -> Disk:
    """Returns what a database takes of its disk."""
    ahead = database.with_name(f"{database.name}-wal")
    return Disk(
        size=database.stat().st_size,
        log=ahead.stat().st_size if ahead.exists() else 0,
        free=shutil.disk_usage(database.parent).free,
    )


def in_bytes(count: int) -> str:
    """Returns a number of bytes for people."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
