"""A small JSON file that a meter or load keeps for itself between two runs."""

import json
import os
from pathlib import Path
from typing import Any

from runtime.errors import ConfigError


class Notes:
    """One JSON object in a file, replaced in one step: a reader sees the old or the new."""

    def __init__(self, path: Path | None) -> None:
        """Makes the notes.

        Args:
            path: the file; None keeps nothing.
        """
        self.path = path

    def read(self) -> dict[str, Any]:
        """Returns what was written last; empty if nothing was.

        Raises:
            ConfigError: the file cannot be read, or is not what was written.
        """
        if self.path is None:
            return {}
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            problem = f"cannot be read: {error}; delete it to start afresh"
            raise ConfigError(problem, file=str(self.path)) from None
        if not isinstance(content, dict):
            problem = "is not a JSON object; delete it to start afresh"
            raise ConfigError(problem, file=str(self.path))
        return content

    def write(self, content: dict[str, Any]) -> None:
        """Replaces the content.

        Raises:
            OSError: the disk is full, or the folder may not be written.
        """
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_name(self.path.name + ".new")
        with draft.open("w", encoding="utf-8") as file:
            file.write(json.dumps(content, ensure_ascii=False) + "\n")
            # Without this a power cut may leave the new name with nothing behind it.
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, self.path)
