"""What a running VEN lets others know: that it runs, when it last heard its VTN, what it noticed.

A small file beside the state says it, because the state itself changes only when there is
something to remember.
"""

import asyncio
import logging
import os
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from runtime.errors import ConfigError
from runtime.trace import Traffic
from ven.config import Settings
from ven.health import Health
from ven.sources.notes import Notes

log = logging.getLogger("openadr.ven")
#: Real seconds between two writes; polls may come faster.
PAUSE = 1.0


def pulse_path(state: Path) -> Path:
    """Returns where the pulse of the VEN with this state file is."""
    return state.with_name(f"{state.stem}-run.json")


class Pulse:
    """Writes that the VEN runs, and when it heard the VTN.

    Args:
        path: the file.
        settings: of the VEN, for its clock.

    Attributes:
        listens: whether the VTN pushes to it.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self._notes = Notes(path)
        self.listens = settings.push is not None
        self._clock = settings.clock.clock()
        self._started = self._clock.now()
        self._heard: datetime | None = None
        self._pushed: datetime | None = None
        self._written = self._noted = -PAUSE
        self._health = Health()
        self._late: asyncio.TimerHandle | None = None
        self._failing = False

    def watch(self, health: Health) -> None:
        """Writes down what is noticed from now on, beside what the last run has noticed."""
        last = read_pulse(self._notes.path)
        if last is not None:
            health.load(last.health.as_json())
        self._health = health
        health.changed = self._changed

    def started(self) -> None:
        """Notes that the VEN runs; what the last run has heard stays."""
        self._started = self._clock.now()
        last = read_pulse(self._notes.path)
        self._heard = last.heard if last is not None else None
        self._pushed = last.pushed if last is not None else None
        self._write(running=True)

    def heard(self, _: object) -> None:
        """Notes that the VTN has answered."""
        self._heard = self._clock.now()
        if time.monotonic() - self._written >= PAUSE:
            self._write_now()

    def _write_now(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
        self._written = time.monotonic()
        self._write(running=True)

    def _changed(self) -> None:
        """Notes what was noticed, soon: a VTN that is out of reach gives no other occasion."""
        if self._late is None:
            self._late = asyncio.get_running_loop().call_later(PAUSE, self._write_now)

    def pushed(self, traffic: Traffic) -> None:
        """Notes that the VTN has pushed something, if this is the answer to it."""
        if traffic.direction == "out" and traffic.status == 200:
            self._pushed = self._clock.now()
            # What came with it was heard a moment ago, and written.
            if time.monotonic() - self._noted >= PAUSE:
                self._noted = time.monotonic()
                self._write(running=True)

    def stopped(self) -> None:
        """Notes that the VEN has ended."""
        if self._late is not None:
            self._late.cancel()
        self._write(running=False)

    def _write(self, *, running: bool) -> None:
        content = {
            "pid": os.getpid() if running else None,
            "started": self._started.isoformat(),
            "heard": self._heard.isoformat() if self._heard is not None else None,
            "pushed": self._pushed.isoformat() if self._pushed is not None else None,
            "noticed": self._health.as_json(),
        }
        try:
            self._notes.write(content)
            self._failing = False
        except OSError as error:
            # With every answer of the VTN for as long as a disk is full: it is said once.
            if not self._failing:
                log.warning("cannot note that this VEN runs: %s", error)
            self._failing = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPulse:
    """What the file says.

    Attributes:
        running: whether its process is alive.
        started: when the VEN was started, by its clock.
        heard: when it last heard the VTN, by its clock; None if never.
        pushed: when the VTN last pushed something, by its clock; None if never.
        health: what the VEN has noticed.
    """

    running: bool
    started: datetime
    heard: datetime | None
    pushed: datetime | None = None
    health: Health = field(default_factory=Health)


def read_pulse(path: Path | None) -> LastPulse | None:
    """Returns the pulse; None if there is none that can be read."""
    try:
        content = Notes(path).read()
        heard, pushed = content["heard"], content.get("pushed")
        health = Health()
        health.load(content.get("noticed"))
        return LastPulse(
            running=_alive(content["pid"]),
            started=datetime.fromisoformat(content["started"]),
            heard=datetime.fromisoformat(heard) if heard is not None else None,
            pushed=datetime.fromisoformat(pushed) if pushed is not None else None,
            health=health,
        )
    except (ConfigError, KeyError, TypeError, ValueError):
        return None


def _alive(pid: int | None) -> bool:
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's, and alive
        return True
    return True
