"""What a running VTN lets others know: that it runs.

A small file beside the database says it every few seconds, by real time; a VTN that was
killed falls silent. The database itself shall not be written to for that alone.
"""

import json
import logging
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vtn.store import Store

log = logging.getLogger("openadr.vtn")

#: Without a sign of life for so long, a VTN does not run.
SILENCE = timedelta(seconds=30)

#: Where no sign of life could be given, and the log says so.
_silent: set[Path] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """The last sign of life of a VTN.

    Attributes:
        pid: of its process; None after an orderly end.
        host: the machine that it runs on.
        at: when it was given, by real time.
    """

    pid: int | None
    host: str
    at: datetime

    def runs(self, real: datetime) -> bool:
        """Returns whether the VTN runs at a moment of real time."""
        if self.pid is None or real - self.at > SILENCE:
            return False
        return self.host != socket.gethostname() or _alive(self.pid)

    @property
    def lingers(self) -> bool:
        """Whether its process, or one that has the same number, is still on this machine."""
        return self.pid is not None and self.host == socket.gethostname() and _alive(self.pid)


def pulse_path(database: Path) -> Path:
    """Returns where the pulse of the VTN with this database is."""
    return database.with_name(f"{database.stem}-run.json")


def warn_of_another(store: Store) -> None:
    """Says in the log if another VTN runs on the database, before it is hidden by our signs."""
    found = read_pulse(store.path) if store.lasting else None
    if found is None or not found.runs(datetime.now(UTC)):
        return
    if (found.pid, found.host) != (os.getpid(), socket.gethostname()):
        log.warning(
            "another VTN runs on %s: process %s on %s; a database is for one, stop either",
            store.path,
            found.pid,
            found.host,
        )


def beat(store: Store) -> None:
    """Gives a sign of life; a database in memory is nobody else's business."""
    _write(store, os.getpid())


def end(store: Store) -> None:
    """Says that the VTN has ended in an orderly way."""
    _write(store, None)


def _write(store: Store, pid: int | None) -> None:
    if not store.lasting:
        return
    path = pulse_path(store.path)
    now = datetime.now(UTC).isoformat()
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps({"pid": pid, "host": socket.gethostname(), "at": now}) + "\n")
        os.replace(draft, path)
    except OSError as error:
        # Every few seconds for as long as a disk is full: it is said once.
        if path not in _silent:
            log.warning("cannot note that this VTN runs: %s", error)
        _silent.add(path)
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    else:
        _silent.discard(path)


def read_pulse(database: Path) -> Pulse | None:
    """Returns the last sign of life; None if there is none that can be read."""
    try:
        content = json.loads(pulse_path(database).read_text(encoding="utf-8"))
        pid, host = content["pid"], content["host"]
        at = datetime.fromisoformat(content["at"])
    except (OSError, KeyError, TypeError, ValueError):
        return None
    valid = (pid is None or type(pid) is int) and isinstance(host, str) and at.tzinfo is not None
    return Pulse(pid=pid, host=host, at=at) if valid else None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it is somebody else's, and alive
        return True
    return True
