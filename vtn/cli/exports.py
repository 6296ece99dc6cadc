"""Readings on their way out: streamed, with a progress bar for the person who waits."""

import csv
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

from rich.console import Console
from rich.progress import Progress

from vtn import export
from vtn.cli.office import Office
from vtn.cli.params import When
from vtn.operator import find_ven
from vtn.store import party, reading
from vtn.store.reading import ReadingFilter, ReadingRow

#: Exports of fewer readings are over before a bar could be read.
LONG = 20_000

Writer = Callable[[dict[str, str]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which readings; what is None does not matter.

    Attributes:
        ven: name or venID.
        start: first moment.
        end: first moment after.
        r_id: data point.
        specifier: report.
    """

    ven: str | None
    start: When | None
    end: When | None
    r_id: str | None
    specifier: str | None


async def write(
    office: Office, choice: Choice, style: Literal["csv", "jsonl"], output: Path | None
) -> int:
    """Writes the readings and returns how many there were.

    A file appears, complete, when all is written; one of that name is replaced.

    Raises:
        NotFound: there is no such VEN.
        OSError: the file cannot be written.
    """
    async with office.store.read() as tx:
        wanted = ReadingFilter(
            ven_id=(await find_ven(tx, choice.ven)).ven_id if choice.ven else None,
            r_id=choice.r_id,
            specifier_id=choice.specifier,
            start=choice.start.at(office.now) if choice.start else None,
            end=choice.end.at(office.now) if choice.end else None,
        )
        names = {row.ven_id: row.ven_name for row in await party.all_parties(tx)}
        # Counting reads it all once: only somebody who watches has a use for that.
        total = await reading.count(tx, filter=wanted) if sys.stderr.isatty() else 0
        rows = reading.export(tx, filter=wanted)
        with _target(output) as file, _progress(total) as advance:
            return await _copy(rows, names, _writer(file, style), advance)


async def _copy(
    rows: AsyncIterator[ReadingRow],
    names: Mapping[str, str],
    put: Writer,
    advance: Callable[[], object],
) -> int:
    count = 0
    async for row in rows:
        put(cells(row, names.get(row.ven_id, "")))
        count += 1
        advance()
    return count


def cells(row: ReadingRow, ven: str) -> dict[str, str]:
    """Returns a stored reading as text, by the names of ``vtn.export.COLUMNS``."""
    return export.value_cells(row.value if row.status is None else row.status) | {
        "ven": ven,
        "ven_id": row.ven_id,
        "report": row.report_name or "",
        "specifier_id": row.specifier_id,
        "r_id": row.r_id,
        "start": export.moment(row.start),
        "duration_s": export.seconds(row.duration),
        "unit": export.unit(row.unit_name, row.unit_units, row.unit_scale),
        "quality": row.quality or "",
        "accuracy": "" if row.accuracy is None else export.number(row.accuracy),
        "confidence": "" if row.confidence is None else str(row.confidence),
        "request_id": row.report_request_id or "",
        "received_at": export.moment(row.received_at),
    }


def _writer(file: TextIO, style: Literal["csv", "jsonl"]) -> Writer:
    if style == "csv":
        table = csv.writer(file)
        table.writerow(export.COLUMNS)
        return lambda row: table.writerow(export.line(export.safe(row)))

    def put(row: dict[str, str]) -> None:
        ordered = {name: row[name] or None for name in export.COLUMNS}
        file.write(json.dumps(ordered, ensure_ascii=False) + "\n")

    return put


@contextmanager
def _target(output: Path | None) -> Iterator[TextIO]:
    """Gives where to write: standard output, or a file that takes its place in one step."""
    if output is None:
        yield sys.stdout
        return
    partial = output.with_name(f".{output.name}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            yield file
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


def _nothing() -> None:
    """Shows nothing."""


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], object]]:
    """Gives what to call for each reading; a bar on standard error follows."""
    if total < LONG:
        yield _nothing
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("readings", total=total)
        done = 0

        def advance() -> None:
            nonlocal done
            done += 1
            # Drawing costs far more than writing a line.
            if done % 1000 == 0:
                bar.update(task, completed=done)

        yield advance
