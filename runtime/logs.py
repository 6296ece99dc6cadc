"""Logs: one line per thing that happened, for people by default, JSON for machines.

What belongs to a record beyond its text goes into ``extra``: ``ven`` (its name or ID)
and ``rule``.
"""

import json
import logging
import sys
from datetime import UTC, datetime

#: Attributes that a record may carry and that a log shows.
FIELDS = ("ven", "rule", "event", "report", "code", "fingerprint")


class PeopleFormatter(logging.Formatter):
    """``17:02:11 school-7   registered``: time, whom it concerns, what happened."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line, and the traceback if there is one and debugging is on."""
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        ven = one_line(str(getattr(record, "ven", "") or "-"))
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        line = f"{moment} {ven:<12} {level}{one_line(record.getMessage())}"
        if record.exc_info and logging.getLogger("openadr").isEnabledFor(logging.DEBUG):
            line += "\n" + self.formatException(record.exc_info)
        return line


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the object."""
        moment = datetime.fromtimestamp(record.created, UTC)
        entry: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {name: str(value) for name in FIELDS if (value := getattr(record, name, None))}
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        # Of printable ASCII alone: no peer can write to a terminal or begin a line.
        return json.dumps(entry).replace("\x7f", "\\u007f")


def one_line(text: str) -> str:
    """Returns the text with nothing in it by which a peer could write our log."""
    return "".join(char if char.isprintable() else " " for char in text)


def configure(*, style: str = "text", debug: bool = False) -> None:
    """Sends this project's log to standard error.

    Args:
        style: ``"text"`` or ``"json"``.
        debug: also details and tracebacks.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if style == "json" else PeopleFormatter())
    logger = logging.getLogger("openadr")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
    logger.propagate = False
