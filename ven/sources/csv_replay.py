"""Replays metered load from a CSV file, as if it were measured now.

``Timetable`` says which part of the file stands for which part of the clock's time;
``CsvMeter`` answers what has become known. The value of an interval becomes known at its
end. Where the file has a gap, there is a sample with the value 0 and the quality
``Quality Bad - Not Connected`` (R318).

Intervals may be cut into shorter samples: an amount (energy) is shared out evenly, a
mean (power) holds in each part.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Protocol

from oadr.enums import DataQuality
from runtime.durations import in_words
from runtime.errors import ConfigError
from ven.meter import MeterSpec, Sample
from ven.sources.csv_file import CsvFile
from ven.sources.exact import split

log = logging.getLogger("openadr.ven.meters")
DAY = timedelta(days=1)
#: How many samples a VEN that holds none is given: history to offer, and no more at once.
FIRST = 200


class Shed(Protocol):
    """What a load takes away from a metered value."""

    def reduced(self, value: Decimal, start: datetime, end: datetime) -> Decimal:
        """Returns what is left of the value of an interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """Which interval of the file is replayed when.

    Attributes:
        source: start of the first interval that is replayed, in the file's time.
        shown: when that is, in the clock's time.
        interval: length of an interval of the file.
        count: how many intervals there are, 1 or more.
        repeat: start over after the last, and before the first; otherwise nothing is
            known outside of them.
    """

    source: datetime
    shown: datetime
    interval: timedelta
    count: int
    repeat: bool = False

    @classmethod
    def shifted(cls, file: CsvFile, *, shift: timedelta, repeat: bool) -> "Timetable":
        """Returns one that replays the whole file ``shift`` later than it was measured."""
        return cls(
            source=file.first,
            shown=file.first + shift,
            interval=file.interval,
            count=(file.end - file.first) // file.interval,
            repeat=repeat,
        )

    @classmethod
    def by_time_of_day(
        cls, file: CsvFile, *, source_date: date | None, day: date | None, repeat: bool
    ) -> "Timetable":
        """Returns one that keeps the time of day and replays whole days.

        Args:
            file: what is replayed; its interval divides a day.
            source_date: first day of the file that counts; the first whole one if None.
            day: the clock's day on which it is replayed. If None, the days of the file
                take turns by the calendar, which needs ``repeat``.
            repeat: start over after the last whole day.

        Raises:
            ConfigError: the file has no whole day, or the interval divides none.
        """
        midnight = datetime.combine(source_date or file.first.date(), time(), UTC)
        if source_date is None and midnight < file.first:
            midnight += DAY
        days = (file.end - midnight) // DAY
        path = str(file.path)
        if DAY % file.interval:
            problem = (
                f"intervals of {in_words(file.interval)} do not divide a day; expected align 'none'"
            )
            raise ConfigError(problem, file=path)
        if midnight.date() < file.first.date() or days < 1:
            problem = f"there is no whole day from {midnight:%Y-%m-%d}; it holds"
            raise ConfigError(f"{problem} {file.first:%Y-%m-%d} to {file.end:%Y-%m-%d}", file=path)
        if day is None and not repeat:
            raise ConfigError("without 'repeat' a 'day' must say when the first day is", file=path)
        phase = (file.first - midnight) % file.interval
        turns = date.fromordinal(days)
        return cls(
            source=midnight + phase,
            shown=datetime.combine(day or turns, time(), UTC) + phase,
            interval=file.interval,
            count=days * (DAY // file.interval),
            repeat=repeat,
        )

    def between(self, after: datetime, upto: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yields shown and source start of each interval that has a part in the time given."""
        number = (after - self.shown) // self.interval
        if not self.repeat:
            number = max(number, 0)
        while (shown := self.shown + number * self.interval) < upto:
            if not self.repeat and number >= self.count:
                return
            yield shown, self.source + number % self.count * self.interval
            number += 1


class CsvMeter:
    """A meter whose values stand in a file.

    Attributes:
        spec: what it measures; samples are ``spec.every`` long, which divides the interval.
        shed: what a load takes away from each value; None takes away nothing.
    """

    def __init__(
        self,
        spec: MeterSpec,
        file: CsvFile,
        timetable: Timetable,
        *,
        exponent: int = 0,
        shed: Shed | None = None,
    ) -> None:
        """Makes the meter.

        Args:
            spec: what it measures.
            file: the values.
            timetable: when they are replayed.
            exponent: power of ten that turns a value of the file into one of the meter.
            shed: what a load takes away.

        Raises:
            ConfigError: the sample length does not divide the interval of the file.
        """
        if file.interval % spec.every:
            problem = (
                f"samples of {in_words(spec.every)} do not divide the intervals of {file.path}"
            )
            raise ConfigError(
                f"{problem}, {in_words(file.interval)}", key=f"meter {spec.name}: every"
            )
        self._spec = spec
        self._file = file
        self._timetable = timetable
        self._exponent = exponent
        self._failing = False
        self.shed = shed

    @property
    def spec(self) -> MeterSpec:
        """What it measures."""
        return self._spec

    async def samples(self, since: datetime | None, until: datetime) -> Sequence[Sample]:
        """Returns what became known after ``since`` and not after ``until``.

        It goes back by ``spec.history`` at most and by one sample at least; without
        ``since`` by ``FIRST`` samples at most.
        """
        history = max(self._spec.history, self._spec.every)
        if since is None:
            since = until - min(history, FIRST * self._spec.every)
        elif self._spec.history:
            since = max(since, until - history)
        try:
            found = [one for one in self._samples(since, until) if since < one.end <= until]
        except (OSError, ConfigError) as error:
            level = logging.DEBUG if self._failing else logging.ERROR
            words = "tried again with the next reading"
            log.log(level, "meter %s: %s; %s", self._spec.name, error, words)
            self._failing = True
            return []
        self._failing = False
        return found

    def _samples(self, since: datetime, until: datetime) -> Iterator[Sample]:
        # What ends just after since began up to one interval earlier.
        for shown, source in self._timetable.between(since - self._file.interval, until):
            yield from self._interval(shown, self._file.value(source))

    def _interval(self, start: datetime, value: Decimal | None) -> Iterator[Sample]:
        every = self._spec.every
        parts = self._file.interval // every
        if value is None:
            for n in range(parts):
                yield Sample(
                    start=start + n * every,
                    duration=every,
                    value=Decimal(0),
                    quality=DataQuality.BAD_NOT_CONNECTED,
                )
            return
        scaled = value.scaleb(self._exponent)
        values = split(scaled, parts) if self._spec.cumulates else [scaled] * parts
        for n, part in enumerate(values):
            yield self._sample(start + n * every, part)

    def _sample(self, start: datetime, value: Decimal) -> Sample:
        if self.shed is not None:
            value = self.shed.reduced(value, start, start + self._spec.every)
        return Sample(start=start, duration=self._spec.every, value=value)
