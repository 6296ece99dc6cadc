"""Running the command ``vtn`` in a folder of its own."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from vtn.cli import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A folder that ``vtn init`` made, and somebody who types commands in it.

    Attributes:
        folder: the current one.
    """

    folder: Path

    def __call__(self, line: str, code: int = 0, **environment: str) -> Result:
        """Runs a command that must end with ``code``."""
        result = CliRunner().invoke(main, shlex.split(line), env=environment)
        assert result.exit_code == code, (result.output, result.exception)
        return result

    def json(self, line: str) -> Any:
        """Runs a command with --json and returns what it printed."""
        return json.loads(self(f"{line} --json").stdout)

    def error(self, line: str, code: int = 1) -> str:
        """Runs a command that must fail and returns the one line that says why."""
        result = self(line, code)
        (last,) = [text for text in result.stderr.splitlines() if text.startswith("Error: ")]
        assert "Traceback" not in result.output
        return last
