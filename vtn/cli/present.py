"""How the command ``vtn`` shows things: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from oadr.times import FOREVER
from runtime.durations import as_typed
from runtime.logs import one_line
from vtn.export import moment, number

#: A pipe has no width, and cut-off identifiers are of no use.
_PIPE_WIDTH = 240

json_option = click.option("--json", "json_", is_flag=True, help="Print JSON.")


def console() -> Console:
    """Returns where tables go: as wide as the terminal, wide enough if there is none."""
    return Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Sequence[str] = ()
) -> None:
    """Prints rows below each other; a number that is compared stands to the right.

    Nothing that a peer chose is taken for mark-up or for control characters.
    """
    shown = Table(box=None, pad_edge=False)
    for name in columns:
        shown.add_column(name, justify="right" if name in right else "left")
    for row in rows:
        shown.add_row(*(Text(one_line(str(cell))) for cell in row))
    # No blanks at the ends of lines: what is printed may be compared or pasted.
    with console() as output, output.capture() as captured:
        output.print(shown)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def as_json(value: object) -> None:
    """Prints a value as JSON: times in ISO 8601 UTC, durations in seconds, exact numbers."""
    click.echo(json.dumps(value, indent=2, default=_jsonable, ensure_ascii=False))


def _jsonable(value: object) -> Any:
    if isinstance(value, datetime):
        return None if value == FOREVER else moment(value)
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def facts(named: Mapping[str, object], *more: tuple[str, object]) -> None:
    """Prints names and values, aligned; of ``more`` several may have one name."""
    pairs = [*named.items(), *more]
    width = max(len(name) for name, _ in pairs) + 2
    for name, value in pairs:
        click.echo(f"{name:<{width}}{one_line(str(value))}".rstrip())


def when(at: datetime | None) -> str:
    """Returns a time for people, UTC; ``-`` for none."""
    if at is None:
        return "-"
    return "for ever" if at == FOREVER else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def utc(at: datetime | None) -> str:
    """Returns a time for people where nothing else says that it is UTC; ``-`` for none."""
    return when(at) if at is None or at == FOREVER else f"{when(at)} UTC"


def day(at: datetime | None) -> str:
    """Returns a date for people; ``-`` for none."""
    return "-" if at is None else f"{at.astimezone(UTC):%Y-%m-%d}"


def clock(at: datetime | None, now: datetime) -> str:
    """Returns the time of day if that is today, else date and time; ``-`` for none."""
    if at is None:
        return "-"
    same = at.astimezone(UTC).date() == now.astimezone(UTC).date()
    return f"{at.astimezone(UTC):%H:%M:%S}" if same else when(at)


def span(duration: timedelta | None) -> str:
    """Returns a duration as it is typed, such as ``1h30m``; ``-`` for none."""
    return "-" if duration is None else as_typed(duration)


def plural(count: int, noun: str) -> str:
    """Returns ``1 VEN`` or ``2 VENs``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def listed(names: Iterable[str]) -> str:
    """Returns names in order, separated by commas; ``-`` for none."""
    return ", ".join(sorted(names)) or "-"
