"""Reads a trace, also while somebody writes it."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from runtime.capture.idle import idle_paths, read_idle
from runtime.capture.record import Exchange, Idle, Record, unpack, unpack_head
from runtime.capture.segments import Raw, read_segment, segment_paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record in a trace.

    Attributes:
        id: tells it from all others, as long as the trace holds it; empty for polls that are
            still being counted.
        record: without its documents, if only heads were asked for.
    """

    id: str
    record: Record
    _body: bytes = field(default=b"", repr=False)
    _head: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def at(self) -> datetime:
        """When it was; polls that are counted, when they began."""
        return self.record.first if isinstance(self.record, Idle) else self.record.at

    @property
    def began(self) -> float:
        """The same in real time, where that is known: no two clocks disagree about it."""
        if isinstance(self.record, Exchange):
            return self.record.began
        return self.at.timestamp()

    @property
    def whole(self) -> Record:
        """The record with its documents."""
        return unpack(self._head, self._body) if self._body else self.record


class Reader:
    """Reads a trace; asked again, it goes on where it was.

    Args:
        folder: of the trace.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._places: dict[Path, tuple[int, int]] = {}
        self._told: set[tuple[str, datetime]] = set()

    def new(self) -> Iterator[Entry]:
        """Yields what has come since the last time, in its order.

        Polls that are still being counted are not among them.
        """
        segments = [self._segment(path) for path in segment_paths(self.folder)]
        return heapq.merge(*segments, key=_order)

    def counting(self) -> list[Entry]:
        """Returns the polls that are being counted now."""
        runs = [run for path in idle_paths(self.folder) for run in read_idle(path)]
        # The file may be some seconds older than the segments.
        runs = [run for run in runs if (run.ven_id, run.first) not in self._told]
        return [Entry(id="", record=run) for run in sorted(runs, key=lambda run: run.first)]

    def _segment(self, path: Path) -> Iterator[Entry]:
        number, start = self._places.get(path, (0, 0))
        found = []
        for raw in read_segment(path, start):
            number += 1
            self._places[path] = number, raw.end
            entry = _entry(f"{int(path.stem)}.{number}", raw)
            if entry is None:
                continue
            found.append(entry)
            if isinstance(entry.record, Idle):
                self._told.add((entry.record.ven_id, entry.record.first))
        # They are written when they are over, and told by when they began.
        return iter(sorted(found, key=_order))


def _order(entry: Entry) -> tuple[datetime, bool, float]:
    return entry.at, isinstance(entry.record, Idle), entry.began


def _entry(id_: str, raw: Raw) -> Entry | None:
    """Returns a record; None for one that a later version has written."""
    try:
        head = unpack_head(raw.head)
        return Entry(id=id_, record=unpack(head), _body=raw.body, _head=head)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Of whom a trace is asked.

    Attributes:
        names: what the VEN is called, its venID and the fingerprints of its certificates.
        enrolled: whether that is all that it has, so that somebody else who takes its name
            brings nothing along.
    """

    names: frozenset[str]
    enrolled: bool = False

    def known(self, record: Record) -> bool:
        """Returns whether a record is of this VEN."""
        if isinstance(record, Exchange):
            said = {record.peer, record.ven_id, record.fingerprint}
            return not self.names.isdisjoint(said - {""})
        return isinstance(record, Idle) and bool({record.peer, record.ven_id} & self.names)

    def grown(self, entries: "list[Entry]") -> "Who":
        """Returns it with what the trace knows beside: before it registers, a VEN has no venID."""
        if self.enrolled:
            return self
        names = set(self.names)
        for entry in entries:
            record = entry.record
            if isinstance(record, Exchange) and self.known(record) and record.proof != "none":
                names |= {record.ven_id, record.fingerprint} - {""}
        return Who(names=frozenset(names))
