"""The VTN and the VENs of the demo, as processes of their own."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

#: Seconds that a process gets to finish after SIGTERM.
GRACE = 15.0


@dataclass(slots=True, kw_only=True)
class Process:
    """One program, its folder and its log.

    Attributes:
        name: for people.
        command: module with a ``main`` and its arguments.
        folder: where it runs.
        log: file that takes what it prints; appended to.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    log: Path
    _child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Starts it."""
        code = f"import sys; from {self.command[0]} import main; sys.exit(main())"
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 - our own programs
                [sys.executable, "-c", code, *self.command[1:]],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._child is not None and self._child.poll() is None

    @property
    def refused(self) -> bool:
        """Whether it ended by itself with an error, as with a wrong configuration."""
        return self._child is not None and (self._child.poll() or 0) > 0

    @property
    def pid(self) -> int:
        """Its process ID; 0 before it was started."""
        return self._child.pid if self._child else 0

    def kill(self) -> None:
        """Ends it without a chance to write anything more."""
        if self._child is not None:
            self._child.send_signal(signal.SIGKILL)
            self._child.wait()

    def stop(self) -> int:
        """Asks it to end and waits; returns its exit status."""
        if self._child is None:
            return 0
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
        try:
            return self._child.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            return self._child.wait()

    def last_words(self, lines: int = 5) -> str:
        """Returns the end of its log."""
        try:
            text = self.log.read_text(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])
