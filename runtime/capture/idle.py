"""Polls for which nothing waits: counted in memory, and written to a small file now and then.

They are most of all traffic and say little, so that they must neither cost anything nor
take the room of what says more. A run of them becomes a record when something else happens
to their VEN.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from runtime.capture.record import Idle

_PREFIX = "idle-"
#: Runs in the file, the newest; a VTN of 100,000 VENs would write all the time otherwise.
MOST = 2_000


@dataclass(slots=True)
class Run:
    """Polls of one VEN, one after the other."""

    peer: str
    ven_id: str
    first: datetime
    last: datetime
    count: int = 1

    def record(self) -> Idle:
        """Returns it as it is now."""
        return Idle(
            peer=self.peer, ven_id=self.ven_id, first=self.first, last=self.last, count=self.count
        )


class IdleFile:
    """The file of one process with the runs of now.

    Args:
        folder: of the trace.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / f"{_PREFIX}{os.getpid()}.json"

    def write(self, runs: dict[str, Run]) -> None:
        """Writes the newest runs.

        Raises:
            OSError: the disk is full, say.
        """
        newest = tuple(islice(reversed(runs.values()), MOST))
        rows = [_row(run) for run in reversed(newest)]
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as text:
            json.dump(rows, text)
        beside.replace(self._path)

    def inherit(self) -> list[Idle]:
        """Returns what processes have left that do not run any more, and deletes their files."""
        found: list[Idle] = []
        for path in idle_paths(self._folder):
            if path == self._path or not _alive(path):
                found += read_idle(path)
                with suppress(OSError):
                    path.unlink(missing_ok=True)
        return found


def idle_paths(folder: Path) -> list[Path]:
    """Returns the files with runs that there are."""
    return sorted(folder.glob(f"{_PREFIX}*.json"))


def read_idle(path: Path) -> Iterator[Idle]:
    """Yields the runs in a file; none if it cannot be read."""
    try:
        for peer, ven_id, first, last, count in json.loads(path.read_text(encoding="utf-8")):
            yield Idle(
                peer=peer,
                ven_id=ven_id,
                first=datetime.fromisoformat(first),
                last=datetime.fromisoformat(last),
                count=int(count),
            )
    except (OSError, ValueError, TypeError):
        return


def _row(run: Run) -> tuple[str, str, str, str, int]:
    return run.peer, run.ven_id, run.first.isoformat(), run.last.isoformat(), run.count


def _alive(path: Path) -> bool:
    number = path.stem.removeprefix(_PREFIX)
    if not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it is somebody else's, and alive
        return True
    return True
