"""The files of a trace: segments that only grow, and of which the oldest goes.

A segment is a row of records, each with its lengths and a checksum in front. What a kill
leaves half written at the end does not fit its checksum and is passed over; the next one
who writes there takes it away. Whoever writes to a segment holds a lock on it, so several
processes may share a folder, each with a segment of its own.
"""

import fcntl
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_HEAD = struct.Struct(">III")
_SUFFIX = ".trace"
#: Parts into which the room is divided: so much of it may be lost when the oldest goes.
_PARTS = 8
#: No record is longer; a length beyond that is none.
_MOST = 256 * 1024 * 1024
#: Of a segment, at least.
SMALLEST = 64 * 1024


class Raw(NamedTuple):
    """A record as it is in a file."""

    head: bytes
    body: bytes
    #: Where the next one begins.
    end: int


def segment_paths(folder: Path) -> list[Path]:
    """Returns the segments of a trace, the oldest first; none if there is no such folder."""
    found = [path for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdecimal()]
    return sorted(found, key=lambda path: int(path.stem))


def read_segment(path: Path, start: int = 0) -> Iterator[Raw]:
    """Yields the records of a segment that are there, from a place on.

    Args:
        path: of the segment; one that has been deleted has no records.
        start: ``Raw.end`` of the last one that is known.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        file.seek(start)
        while True:
            raw = _next(file.read, start)
            if raw is None:
                return
            yield raw
            start = raw.end


def _next(read: Callable[[int], bytes], start: int) -> Raw | None:
    head = read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    first, second, checksum = _HEAD.unpack(head)
    if not first or first + second > _MOST:
        return None
    data = read(first + second)
    if len(data) < first + second or zlib.crc32(data) != checksum:
        return None
    return Raw(data[:first], data[first:], start + _HEAD.size + len(data))


class Segments:
    """Writes records to a folder, of which it keeps the size.

    Args:
        folder: made when the first record comes; nobody but its owner can read it.
        max_bytes: that all segments together may have.

    Not for several threads at a time.
    """

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._most = max(max_bytes // _PARTS, SMALLEST)
        self._file = -1
        self._path = folder
        self._size = 0

    def append(self, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Writes heads and bodies; all of them, or those before the one that failed.

        Raises:
            OSError: the disk is full, say.
        """
        chunks: list[bytes] = []
        size = 0
        for head, body in records:
            data = head + body
            chunk = _HEAD.pack(len(head), len(body), zlib.crc32(data)) + data
            if self._size + size + len(chunk) > self._most and (self._size or size):
                self._write(chunks)
                chunks, size = [], 0
                self.close()
            chunks.append(chunk)
            size += len(chunk)
        self._write(chunks)

    def close(self) -> None:
        """Lets go of the segment; the next record may go to another."""
        if self._file >= 0:
            os.close(self._file)
        self._file, self._size = -1, 0

    def _write(self, chunks: list[bytes]) -> None:
        if not chunks:
            return
        if self._file < 0 or not self._path.exists():
            self.close()
            self._open()
        data = b"".join(chunks)
        self._make_room(len(data))
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
        except OSError:
            # What comes after half a record could not be read.
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            self.close()
            raise
        self._size += len(data)

    def _open(self) -> None:
        """Opens the last segment again if nobody else writes to it, or a new one."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        paths = segment_paths(self._folder)
        if paths and self._open_again(paths[-1]):
            return
        number = int(paths[-1].stem) + 1 if paths else 1
        while True:
            path = self._folder / f"{number:08d}{_SUFFIX}"
            try:
                flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                file = os.open(path, flags, 0o600)
            except FileExistsError:
                number += 1
                continue
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._file, self._path, self._size = file, path, 0
            return

    def _open_again(self, path: Path) -> bool:
        try:
            file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            size = 0
            for raw in read_segment(path):
                size = raw.end
            if size < self._most:
                os.ftruncate(file, size)
                self._file, self._path, self._size = file, path, size
                return True
        except BlockingIOError:
            pass
        os.close(file)
        return False

    def _make_room(self, size: int) -> None:
        """Deletes the oldest segments until there is room for so many bytes."""
        paths = segment_paths(self._folder)
        sizes = {path: _size_of(path) for path in paths}
        total = sum(sizes.values()) + size
        for path in paths:
            if total <= self._max_bytes:
                return
            if path != self._path and not _is_written(path):
                path.unlink(missing_ok=True)
                total -= sizes[path]


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _is_written(path: Path) -> bool:
    """Returns whether another process writes to a segment."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False
