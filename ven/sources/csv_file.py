"""A CSV file of metered values, looked at once and then read a day at a time.

The first row names the columns; the others ascend in time on one grid. A ``start``
without a zone is UTC. A row that is missing, or whose value is empty, is a gap. A start
that stands twice is one row if both agree, as some meters write midnight into both days.

The whole file is checked when it is opened, so that a fault in it is found before a day
depends on it; only the place of each day is kept.
"""

import csv
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import BinaryIO, cast

from runtime.durations import in_words
from runtime.errors import ConfigError

#: What meters write where they have no value.
EMPTY = frozenset({"", "nan", "na", "n/a", "null", "none"})
#: Longest line that is read; longer ones are no CSV.
LINE_LIMIT = 100_000

Row = tuple[datetime, Decimal | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The names of the two columns that count."""

    start: str = "start"
    value: str = "value"


class CsvFile:
    """The values of a file, by start.

    Attributes:
        path: the file; read through gzip if its name ends in ``.gz``.
        interval: time from one row to the next.
        first: start of the first row, UTC.
        end: end of the last row, UTC.
    """

    def __init__(
        self, path: Path, *, columns: Columns | None = None, interval: timedelta | None = None
    ) -> None:
        """Reads the file once.

        Args:
            path: the file.
            columns: names of its columns.
            interval: time between rows; found from the first two if left out.

        Raises:
            ConfigError: it cannot be read, or a row is wrong; names file and line.
        """
        self.path = path
        self.columns = columns or Columns()
        self._places: dict[date, tuple[int, int]] = {}
        self._day: tuple[date, dict[datetime, Decimal | None]] = (date.min, {})
        try:
            with self._open() as stream:
                self.first, self.interval, last = self._index(stream, interval)
        except (OSError, EOFError, zlib.error) as error:
            raise ConfigError(f"cannot be read: {error}", file=str(path)) from None
        self.end = last + self.interval

    def value(self, start: datetime) -> Decimal | None:
        """Returns the value of the interval that begins at ``start``; None is a gap.

        Raises:
            OSError: the file cannot be read any more.
            ConfigError: it was changed, and is wrong now.
        """
        day = start.date()
        if self._day[0] != day:
            self._day = (day, self._read(day))
        return self._day[1].get(start)

    def _read(self, day: date) -> dict[datetime, Decimal | None]:
        if day not in self._places:
            return {}
        offset, line = self._places[day]
        found: dict[datetime, Decimal | None] = {}
        with self._open() as stream:
            indices = self._header(stream)
            stream.seek(offset)
            for _, _, (start, value) in self._rows(stream, indices, line):
                if start.date() != day:
                    break
                found.setdefault(start, value)
        return found

    def _open(self) -> BinaryIO:
        if self.path.suffix == ".gz":
            return cast(BinaryIO, gzip.open(self.path, "rb"))
        return self.path.open("rb")

    def _index(
        self, stream: BinaryIO, interval: timedelta | None
    ) -> tuple[datetime, timedelta, datetime]:
        """Returns first start, interval and last start; notes where each day begins."""
        indices = self._header(stream)
        first = previous = None
        for offset, line, row in self._rows(stream, indices, 2):
            start = row[0]
            if first is None or previous is None:
                first = start
            elif start == previous[0]:
                self._check_twin(previous, row, line)
                continue
            else:
                interval = interval or start - previous[0]
                self._check_grid(first, previous[0], start, interval, line)
            previous = row
            self._places.setdefault(start.date(), (offset, line))
        if first is None or previous is None:
            raise self._error("there are no rows; expected a header and values", 2)
        if interval is None:
            raise self._error("one row does not tell the interval; give 'interval'", 2)
        return first, interval, previous[0]

    def _check_twin(self, previous: Row, row: Row, line: int) -> None:
        if row[1] != previous[1]:
            text = f"{row[0]:%Y-%m-%d %H:%M:%S} stands twice with different values"
            raise self._error(text, line)

    def _check_grid(
        self, first: datetime, previous: datetime, start: datetime, interval: timedelta, line: int
    ) -> None:
        if start < previous:
            text = f"{start:%Y-%m-%d %H:%M:%S} is earlier than the row before"
            raise self._error(f"{text}; rows must ascend", line)
        if (start - first) % interval:
            text = f"{start:%Y-%m-%d %H:%M:%S} is not a multiple of {in_words(interval)}"
            raise self._error(f"{text} after the first row", line)

    def _header(self, stream: BinaryIO) -> tuple[int, int]:
        """Returns where the two columns are."""
        text = self._decode(stream.readline(LINE_LIMIT), 1).removeprefix("\ufeff")
        names = [name.strip() for name in next(csv.reader([text]), [])]
        wanted = (self.columns.start, self.columns.value)
        for name in wanted:
            if name not in names:
                known = ", ".join(repr(name) for name in names) or "nothing"
                raise self._error(f"there is no column {name!r}; found {known}", 1)
        return names.index(wanted[0]), names.index(wanted[1])

    def _rows(
        self, stream: BinaryIO, indices: tuple[int, int], line: int
    ) -> Iterator[tuple[int, int, Row]]:
        """Yields place, number and content of each line from here on."""
        offset = stream.tell()
        while raw := stream.readline(LINE_LIMIT):
            if raw.strip():
                yield offset, line, self._row(raw, indices, line)
            offset += len(raw)
            line += 1

    def _row(self, raw: bytes, indices: tuple[int, int], line: int) -> Row:
        try:
            cells = next(csv.reader([self._decode(raw, line)], strict=True))
            start, value = (cells[index].strip() for index in indices)
        except (csv.Error, IndexError, StopIteration):
            raise self._error("this is not a row with both columns", line) from None
        return self._moment(start, line), self._number(value, line)

    def _moment(self, text: str, line: int) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            expected = "expected such as 2013-02-14 18:30:00"
            raise self._error(f"start {text[:40]!r} is not a time; {expected}", line) from None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

    def _number(self, text: str, line: int) -> Decimal | None:
        if text.lower() in EMPTY:
            return None
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("nan")
        if not number.is_finite():
            raise self._error(f"value {text[:40]!r} is not a number", line)
        return number

    def _decode(self, raw: bytes, line: int) -> str:
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise self._error("this is not UTF-8 text", line) from None

    def _error(self, problem: str, line: int) -> ConfigError:
        return ConfigError(problem, file=f"{self.path}, line {line}")
