"""The trace on disk: what is written comes back, within its bounds, whatever happens."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runtime.capture import Capture, Exchange, Idle, Lost, Record
from runtime.capture.reader import Entry, Reader
from runtime.capture.record import pack
from runtime.capture.segments import Segments, segment_paths
from runtime.capture.writer import BURST, MOST_WAITING

START = datetime(2026, 1, 1, tzinfo=UTC)
MB = 1024 * 1024


def exchange(number: int = 0, *, ven: str = "ven-1", size: int = 10) -> Exchange:
    """Returns an exchange whose documents hold its number and cannot be compressed."""
    return Exchange(
        at=START + timedelta(seconds=number),
        began=START.timestamp() + number,
        took=timedelta(milliseconds=3),
        asked_by="VEN",
        service="EiEvent",
        peer=ven,
        ven_id=f"id of {ven}",
        fingerprint="00:11:22:33:44:55:66:77:88:99",
        proof="TLS",
        message="oadrCreatedEvent",
        answer="oadrResponse",
        status=200,
        code=454,
        rule="R42",
        problem="requestID missing",
        repairs=("fill-request-id",),
        request=b"request %d " % number + os.urandom(size),
        response=b"response %d" % number,
    )


@contextmanager
def capturing(
    folder: Path,
    *,
    max_bytes: int = MB,
    max_document: int = 256 * 1024,
    every_poll: bool = False,
) -> Iterator[Capture]:
    """Gives a trace that is written, and closes it."""
    capture = Capture(folder, max_bytes=max_bytes, max_document=max_document, every_poll=every_poll)
    try:
        yield capture
    finally:
        capture.close()


def records(folder: Path) -> list[Record]:
    """Returns all that is in a trace."""
    return [entry.whole for entry in Reader(folder).new()]


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_what_is_written_comes_back_as_it_was(tmp_path: Path) -> None:
    given = [exchange(number) for number in range(20)]
    with capturing(tmp_path / "trace") as capture:
        for one in given:
            capture.add(one)
    assert records(tmp_path / "trace") == given


def test_any_bytes_come_back_and_an_exchange_without_an_answer_too(tmp_path: Path) -> None:
    given = replace(exchange(), request=bytes(range(256)), response=b"", status=None, answer="")
    with capturing(tmp_path) as capture:
        capture.add(given)
    assert records(tmp_path) == [given]


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "trace"
    with capturing(folder) as capture:
        capture.add(exchange())
        capture.idle("v", "ven-1", START)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    found = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert len(list(folder.iterdir())) == 2
    assert found == {0o600}


def test_nothing_is_made_before_something_is_written(tmp_path: Path) -> None:
    with capturing(tmp_path / "trace"):
        pass
    assert not (tmp_path / "trace").exists()


def test_the_oldest_makes_room_and_the_size_is_kept(tmp_path: Path) -> None:
    with capturing(tmp_path) as capture:
        for number in range(400):
            capture.add(exchange(number, size=10_000))
            if number % 50 == 0:
                # What waits in memory is bounded as well.
                capture.close()
    found = [one for one in records(tmp_path) if isinstance(one, Exchange)]
    assert size_of(tmp_path) <= MB
    assert found[-1].request.startswith(b"request 399 ")
    assert 50 < len(found) < 110


def test_a_torn_end_is_passed_over_and_taken_away_by_the_next_who_writes(tmp_path: Path) -> None:
    given = [exchange(number) for number in range(3)]
    with capturing(tmp_path) as capture:
        capture.add(given[0])
        capture.add(given[1])
    (path,) = segment_paths(tmp_path)
    whole = path.read_bytes()
    for cut in range(1, 200, 7):
        path.write_bytes(whole[:-cut])
        assert records(tmp_path) == given[:1], cut
    with capturing(tmp_path) as capture:
        capture.add(given[2])
    assert segment_paths(tmp_path) == [path]
    assert records(tmp_path) == [given[0], given[2]]


def test_garbage_in_a_segment_ends_it_and_no_other(tmp_path: Path) -> None:
    given = exchange(5)
    with capturing(tmp_path) as capture:
        capture.add(given)
    (path,) = segment_paths(tmp_path)
    path.rename(tmp_path / "00000002.trace")
    (tmp_path / "00000001.trace").write_bytes(b"\x00\x00\x00\x05\x00\x00\x00\x00junkjunkjunk" * 9)
    (tmp_path / "notes.trace").write_bytes(b"not ours")
    assert records(tmp_path) == [given]


def test_two_processes_write_to_segments_of_their_own(tmp_path: Path) -> None:
    writing = [Segments(tmp_path, max_bytes=MB), Segments(tmp_path, max_bytes=MB)]
    for number in range(10):
        writing[number % 2].append([pack(exchange(number))])
    assert len(segment_paths(tmp_path)) == 2
    for one in writing:
        one.close()
    found = [record.at for record in records(tmp_path) if isinstance(record, Exchange)]
    assert found == [START + timedelta(seconds=number) for number in range(10)]


def test_a_segment_that_somebody_writes_to_is_not_deleted(tmp_path: Path) -> None:
    other = Segments(tmp_path, max_bytes=MB)
    other.append([(b'{"kind":"lost"}', b"")])
    with capturing(tmp_path) as capture:
        for number in range(200):
            capture.add(exchange(number, size=10_000))
    assert segment_paths(tmp_path)[0].name == "00000001.trace"
    other.close()


def test_a_long_document_is_kept_by_its_beginning_and_says_so(tmp_path: Path) -> None:
    with capturing(tmp_path, max_document=1024) as capture:
        capture.add(exchange(size=5000))
    (found,) = records(tmp_path)
    assert isinstance(found, Exchange)
    assert (len(found.request), found.cut, found.lengths[0]) == (1024, True, 5010)


def test_polls_for_which_nothing_waits_are_counted_and_told_with_what_comes_next(
    tmp_path: Path,
) -> None:
    with capturing(tmp_path) as capture:
        for seconds in range(0, 1190, 10):
            capture.idle("id of ven-1", "ven-1", START + timedelta(seconds=seconds))
        capture.add(exchange(1200))
    run, one = records(tmp_path)
    assert run == Idle(
        peer="ven-1",
        ven_id="id of ven-1",
        first=START,
        last=START + timedelta(seconds=1180),
        count=119,
    )
    assert isinstance(one, Exchange)
    assert Reader(tmp_path).counting() == []


def test_polls_that_are_counted_now_are_told_and_outlive_the_process(tmp_path: Path) -> None:
    with capturing(tmp_path) as capture:
        capture.idle("v", "ven-1", START)
        capture.idle("v", "ven-1", START + timedelta(seconds=10))
    run = Idle(peer="ven-1", ven_id="v", first=START, last=START + timedelta(seconds=10), count=2)
    assert [entry.record for entry in Reader(tmp_path).counting()] == [run]
    assert records(tmp_path) == []
    with capturing(tmp_path) as capture:
        capture.add(exchange(60))
    assert records(tmp_path)[0] == run
    assert Reader(tmp_path).counting() == []


def test_polls_that_a_segment_has_told_are_not_told_again(tmp_path: Path) -> None:
    with capturing(tmp_path) as capture:
        capture.idle("id of ven-1", "ven-1", START)
    old = next(tmp_path.glob("idle-*")).read_bytes()
    with capturing(tmp_path) as capture:
        capture.add(exchange(10))
    (tmp_path / "idle-999999999.json").write_bytes(old)
    reader = Reader(tmp_path)
    assert len(list(reader.new())) == 2
    assert reader.counting() == []


@pytest.mark.parametrize("content", [b"", b"[", b"{}", b"[[1]]", b'[["a","b","c","d",1]]'])
def test_a_file_of_counts_that_makes_no_sense_is_passed_over(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "idle-1.json").write_bytes(content)
    assert Reader(tmp_path).counting() == []


def test_a_full_disk_costs_the_trace_and_one_line_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    written = os.write
    room = 150

    def write(file: int, data: bytes) -> int:
        nonlocal room
        if room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = written(file, data[:room])
        room -= count
        return count

    with capturing(tmp_path) as capture:
        monkeypatch.setattr(os, "write", write)
        capture.add(exchange(1))
        capture.close()
        capture.add(exchange(2))
        capture.close()
        assert capture.dropped == 2
        assert records(tmp_path) == []
        room = 10**9
        capture.add(exchange(3))
    lost, found = records(tmp_path)
    assert isinstance(lost, Lost)
    assert lost.count == 2
    assert isinstance(found, Exchange)
    assert found.request.startswith(b"request 3 ")
    (line,) = [one.message for one in caplog.records if one.levelname == "ERROR"]
    assert line.startswith("the trace cannot be written: [Errno 28] No space left on device")


def test_what_comes_too_fast_is_dropped_and_counted(tmp_path: Path) -> None:
    (tmp_path / "trace").write_text("in the way")
    capture = Capture(tmp_path / "trace", max_bytes=MB, max_document=MB)
    most = MOST_WAITING // MB
    try:
        for number in range(most + 50):
            capture.add(exchange(number, size=MB))
        assert 0 < capture.dropped <= most + 50
        assert len(capture._queue) <= most + 2  # memory is what this is about
    finally:
        capture.close()


def test_one_peer_that_floods_does_not_push_out_the_others(tmp_path: Path) -> None:
    with capturing(tmp_path, max_bytes=8 * MB) as capture:
        capture.add(exchange(0, ven="quiet"))
        for _ in range(int(BURST) + 500):
            capture.add(exchange(1, ven="loud"))
        capture.add(exchange(2, ven="quiet"))
        capture.add(exchange(61, ven="loud"))
        assert capture.dropped == 500
    found = records(tmp_path)
    by_peer = [one.peer for one in found if isinstance(one, Exchange)]
    assert by_peer.count("loud") == BURST + 1
    assert by_peer.count("quiet") == 2
    assert sum(one.count for one in found if isinstance(one, Lost)) == 500


def test_a_reader_goes_on_where_it_was_and_survives_what_is_deleted(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    seen: list[Entry] = []
    with capturing(tmp_path) as capture:
        for number in range(60):
            capture.add(exchange(number, size=20_000))
            if number % 10 == 9:
                capture.close()
                new = list(reader.new())
                assert len({entry.id for entry in new}) == len(new)
                seen += new
    found = [entry.at for entry in seen]
    assert found == sorted(found)
    assert len(set(found)) == len(found)
    assert found[-1] == START + timedelta(seconds=59)


def test_records_of_a_later_version_are_passed_over(tmp_path: Path) -> None:
    writing = Segments(tmp_path, max_bytes=MB)
    later = (b'{"kind":"dream","at":"2026-01-01T00:00:00+00:00"}', b"")
    broken = (b'{"kind":"exchange","at":"x"}', b"not compressed")
    lost = (b'{"kind":"lost","at":"2026-01-01T00:00:00+00:00","count":3,"mood":"blue"}', b"")
    writing.append([later, broken, lost])
    writing.close()
    assert records(tmp_path) == [Lost(at=START, count=3)]
