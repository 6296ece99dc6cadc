"""The demo's folder: what the two command lines make, and the demo's own settings on top.

The first run calls ``vtn init``, ``vtn ven enrol --issue`` and ``ven init --bundle`` as a
newcomer would. Each run writes the accelerated clock into the configurations.
"""

import json
import socket
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from runtime.clock import AcceleratedClock
from vtn.demo.buildings import BUILDINGS, GROUP, Building
from vtn.demo.processes import Process
from vtn.demo.script import BEFORE
from vtn.errors import VTNError

#: The measured day that the first run replays.
FIRST_DAY = datetime(2013, 2, 14, tzinfo=UTC)
_MARK = "# ---- written by vtn demo at each run ----"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """Where the demo lives.

    Attributes:
        path: the folder itself.
        data: where the metered load is (``examples/data``).
    """

    path: Path
    data: Path

    @property
    def vtn(self) -> Path:
        """The VTN's folder."""
        return self.path / "vtn"

    @property
    def database(self) -> Path:
        """The VTN's database."""
        return self.vtn / "vtn.db"

    def ven(self, building: Building) -> Path:
        """The folder of a building's VEN."""
        return self.path / building.name

    def prepare(self) -> None:
        """Makes what is not there yet.

        Raises:
            VTNError: a command failed, or the data is not there.
        """
        for building in BUILDINGS:
            if not (self.data / building.data).exists():
                raise VTNError(f"{self.data / building.data} is missing; see --data")
        self.path.mkdir(parents=True, exist_ok=True)
        if not self.database.exists():
            _run(self.path, "vtn.cli", "init", "vtn")
            port = _free_port()
            _edit(self.vtn / "vtn.toml", port)
        for building in BUILDINGS:
            if not self.ven(building).exists():
                self._enrol(building)

    def _enrol(self, building: Building) -> None:
        bundle = self.path / f"{building.name}.zip"
        _run(
            self.vtn,
            "vtn.cli",
            *("ven", "enrol", building.name, "--issue", "--group", GROUP, "--out", str(bundle)),
        )
        url = f"https://localhost:{self.port()}"
        _run(self.path, "ven.cli", "init", building.name, "--bundle", str(bundle), "--vtn", url)
        bundle.unlink()

    def port(self) -> int:
        """Returns the port that the VTN listens on."""
        text = (self.vtn / "vtn.toml").read_text()
        return int(next(line for line in text.splitlines() if line.startswith("port")).split()[2])

    # ------------------------------------------------------------ the clock

    def next_start(self) -> tuple[datetime, datetime]:
        """Returns the day of the next run, and what the clock shows when it starts."""
        try:
            ended = datetime.fromisoformat(json.loads(self._state().read_text())["ended"])
        except FileNotFoundError:
            return FIRST_DAY, FIRST_DAY - BEFORE
        day = ended.replace(hour=0, minute=0, second=0, microsecond=0)
        # An interrupted run may have ended after the operator's day had begun.
        late = ended - day > timedelta(hours=7)
        return (day + timedelta(days=1) if late else day), ended

    def note_end(self, shown: datetime) -> None:
        """Remembers what the clock showed, so that the next run goes on from there."""
        new = self._state().with_suffix(".new")
        new.write_text(json.dumps({"ended": shown.isoformat()}) + "\n")
        new.replace(self._state())

    def _state(self) -> Path:
        return self.path / "clock.json"

    def set_clock(self, clock: AcceleratedClock) -> None:
        """Writes the clock and what depends on it into all configurations."""
        section = (
            f"[clock]\norigin = {clock.origin.isoformat()}\nshown = {clock.shown.isoformat()}\n"
            f"factor = {clock.factor}\n"
        )
        _write_tail(self.vtn / "vtn.toml", section)
        for building in BUILDINGS:
            data = (self.data / building.data).resolve()
            _write_tail(
                self.ven(building) / "ven.toml", section + building.configuration(str(data))
            )

    def processes(self) -> dict[str, Process]:
        """Returns the programs of the demo, not started."""
        found = {"vtn": self._process("vtn", "vtn.cli", "vtn.toml")}
        for building in BUILDINGS:
            found[building.name] = self._process(building.name, "ven.cli", "ven.toml")
        return found

    def _process(self, name: str, module: str, config: str) -> Process:
        return Process(
            name=name,
            command=(module, "run", "-c", config),
            folder=self.path / name,
            log=self.path / f"{name}.log",
        )


def _run(folder: Path, module: str, *arguments: str) -> None:
    code = f"import sys; from {module} import main; sys.exit(main())"
    done = subprocess.run(  # noqa: S603 - our own programs
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        program = module.partition(".")[0]
        words = (done.stderr or done.stdout).strip()
        raise VTNError(f"{program} {' '.join(arguments)} failed: {words}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


_REPORTS = """[reports]
handlers = []
request = [{ report = "TELEMETRY_USAGE", every = "30m", deliver = "1h" }]
"""


def _edit(path: Path, port: int) -> None:
    """Puts the demo's own values into the vtn.toml that ``vtn init`` wrote."""
    changed = {
        "port": f"port = {port}",
        "host": 'host = "127.0.0.1"',
        "poll_interval": 'poll_interval = "5m"',
    }
    text = path.read_text().partition("[reports]")[0]
    lines = [changed.pop(line.split("=")[0].strip(), line) for line in text.splitlines()]
    path.write_text("\n".join(lines) + f"\n{_REPORTS}")


def _write_tail(path: Path, text: str) -> None:
    head = path.read_text().partition(_MARK)[0].rstrip()
    path.write_text(f"{head}\n\n{_MARK}\n{text}")
