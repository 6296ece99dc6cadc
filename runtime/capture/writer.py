"""What a running VTN or VEN puts into its trace, beside its work.

Records wait in memory for a thread that writes them, a few times a second. If they come
faster than they can be written, or the disk is full, they are dropped and counted: a trace
is for finding faults and must not be one. A process that is killed loses what waited.
"""

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from runtime.capture.idle import IdleFile, Run
from runtime.capture.record import Exchange, Lost, Record, pack
from runtime.capture.segments import Segments

log = logging.getLogger("openadr.trace")

#: Real seconds in which records gather before they are written.
PAUSE = 0.2
#: Real seconds between two writes of the polls that are counted.
IDLE_PAUSE = 5.0
#: Real seconds for which nothing is tried on a disk that has refused.
_REST = 30.0
#: Bytes of documents that may wait.
MOST_WAITING = 16 * 1024 * 1024
#: Exchanges with one peer that are written at once, and in a second in the long run: who
#: floods must not push out what others have said.
BURST, RATE = 1_000.0, 2.0
#: Peers of whom that is known; the oldest make room.
_PEERS = 10_000
#: What a record takes beside its documents, about.
_RECORD = 1024


class Capture:
    """The trace of one VTN or VEN that runs.

    Args:
        folder: where it is; nothing is made there before there is something to write.
        max_bytes: that its files may have together.
        max_document: bytes that are kept of a document.
        every_poll: whether polls are written for which nothing waits; otherwise counted.

    Attributes:
        dropped: exchanges that were not written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int,
        max_document: int,
        every_poll: bool = False,
    ) -> None:
        self.folder = folder
        self.every_poll = every_poll
        self.dropped = 0
        self._max_document = max_document
        self._segments = Segments(folder, max_bytes=max_bytes)
        self._idle_file = IdleFile(folder)
        self._runs: dict[str, Run] = {}
        self._begun = 0
        self._allowed: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._queue: deque[tuple[Record, int]] = deque()
        # Each is counted by one side alone, so that no lock is needed.
        self._came = self._went = 0
        self._reported = 0
        #: What was reported in a record that was not written.
        self._again = 0
        self._failing = False
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def idle(self, key: str, peer: str, at: datetime) -> None:
        """Counts a poll for which nothing waited.

        Args:
            key: venID of who polls.
            peer: its name.
            at: when.
        """
        run = self._runs.get(key)
        if run is None:
            self._runs[key] = Run(peer, key, at, at)
            self._begun += 1
            self._start()
        else:
            run.count += 1
            run.last = at

    def add(self, exchange: Exchange) -> None:
        """Has an exchange written; never raises and never waits."""
        # Polls that came before are told before.
        run = self._runs.pop(exchange.ven_id, None) if self._runs else None
        if run is not None:
            self._put(run.record(), _RECORD)
        if self._came - self._went > MOST_WAITING or not self._fair(exchange):
            self.dropped += 1
            return
        exchange = self._shortened(exchange)
        size = len(exchange.request) + len(exchange.response) + _RECORD
        dropped = self.dropped + self._again
        if dropped > self._reported:
            self._put(Lost(at=exchange.at, count=dropped - self._reported), _RECORD)
            self._reported = dropped
        self._put(exchange, size)
        self._start()
        if not self._wake.is_set():
            self._wake.set()

    def close(self, seconds: float = 5.0) -> None:
        """Writes what waits, and ends; blocks for so many real seconds at most."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stop.set()
            self._wake.set()
            thread.join(seconds)

    def _fair(self, exchange: Exchange) -> bool:
        """Returns whether a peer may still have an exchange written; strangers share."""
        now, peers = exchange.began, self._allowed
        left, since = peers.pop(exchange.ven_id, (BURST, now))
        left = min(left + max(now - since, 0.0) * RATE, BURST)
        peers[exchange.ven_id] = (max(left - 1, 0.0), now)
        if len(peers) > _PEERS:
            peers.popitem(last=False)
        return left >= 1

    def _shortened(self, exchange: Exchange) -> Exchange:
        """Returns an exchange without what is too long in it, and that says so."""
        most = self._max_document
        lengths = (len(exchange.request), len(exchange.response))
        if max(lengths) <= most:
            return exchange
        kept = (exchange.request[:most], exchange.response[:most])
        return replace(exchange, lengths=lengths, request=kept[0], response=kept[1])

    def _put(self, record: Record, size: int) -> None:
        self._came += size
        self._queue.append((record, size))

    def _start(self) -> None:
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._work, name="trace", daemon=True)
            self._thread.start()

    # What follows runs on the thread.

    def _work(self) -> None:
        inherited = self._idle_file.inherit()
        if inherited:
            self._tried(lambda: self._segments.append(pack(one) for one in inherited))
        counted, looked = (0, 0), 0.0
        stopping = False
        while not stopping:
            self._wake.wait(IDLE_PAUSE)
            if self._wake.is_set():
                self._stop.wait(PAUSE)
            self._wake.clear()
            stopping = self._stop.is_set()
            written = self._write()
            if stopping or time.monotonic() - looked >= IDLE_PAUSE:
                looked = time.monotonic()
                total = self._begun, sum(run.count for run in tuple(self._runs.values()))
                if total != counted:
                    counted = total
                    written &= self._tried(lambda: self._idle_file.write(self._runs))
            if not written:
                # The disk may be tried again after a while; what comes meanwhile gathers.
                self._stop.wait(_REST)
        self._segments.close()

    def _write(self) -> bool:
        records: list[tuple[Record, int]] = []
        while self._queue:
            records.append(self._queue.popleft())
        if not records:
            return True
        written = self._tried(lambda: self._segments.append(pack(one) for one, _ in records))
        self._went += sum(size for _, size in records)
        if not written:
            self.dropped += sum(isinstance(one, Exchange) for one, _ in records)
            self._again += sum(one.count for one, _ in records if isinstance(one, Lost))
        return written

    def _tried(self, write: Callable[[], None]) -> bool:
        try:
            write()
        except OSError as error:
            if not self._failing:
                log.error("the trace cannot be written: %s; everything else goes on", error)
            self._failing = True
            return False
        except Exception:
            log.exception("the trace cannot be written; everything else goes on")
            return False
        self._failing = False
        return True
