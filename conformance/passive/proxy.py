"""Stands between any VTN and its VENs, passes everything on as it is, and judges it.

Over TLS it is a VTN to the VENs and a VEN to the VTN, each with a certificate of its own: the
VTN sees the certificate of the proxy and not that of the VEN, so that a VTN which knows
VENs by their certificates has to know this one.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

from conformance.checks import Side
from conformance.passive.judging import Ears, names_in
from conformance.peers.http import Heard, Line, Listener, Reply
from conformance.peers.identity import Identity
from conformance.peers.peer import PREFIX, join
from conformance.peers.tape import Recorded
from runtime.capture import Exchange
from runtime.capture.bundle import SUFFIX, Bundle, save_bundle
from runtime.capture.reader import Reader
from runtime.capture.record import Party, pack
from runtime.capture.segments import Segments

__all__ = ["Proxy", "Way", "save_case"]

log = logging.getLogger("openadr.conformance.proxy")
#: What one recording may take on the disk, bytes.
MAX_BYTES = 1024 * 1024 * 1024
#: Bytes of documents that one file of a recording holds.
MOST_SAVED = 128 * 1024 * 1024
#: Exchanges that are kept in memory for the report, of either kind.
MOST_KEPT = 500
#: Headers that belong to one connection (RFC 9110, section 7.6.1), or that are made anew.
_OWN = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te"),
        *("trailer", "transfer-encoding", "upgrade", "host", "content-length"),
        *("content-encoding", "accept-encoding", "proxy-connection", "expect"),
    }
)
#: Bytes of the documents among them.
MOST_HELD = 64 * 1024 * 1024
_TEXT = {"Content-Type": "text/plain; charset=utf-8"}
Told = Callable[[Recorded], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One direction of requests.

    Attributes:
        asked_by: who sends them: the VEN, or the VTN in a push.
        to: base address of who gets them.
        host: where the proxy listens for them.
        port: likewise; 0 for any free one.
        identity: what it shows of itself: ``server_tls`` to who asks, ``client_tls`` to who
            answers.
    """

    asked_by: Side
    to: str
    host: str = "127.0.0.1"
    port: int = 0
    identity: Identity = field(default_factory=lambda: Identity(name="proxy"))


class Proxy:
    """Stands between a VTN and its VENs.

    Args:
        ways: the directions that are passed on.
        judged: whose messages are judged.
        folder: where to record, as a trace; None to record nowhere.
        told: told of each exchange.

    Attributes:
        heard: the latest exchanges, and the latest in which something is wrong.
    """

    def __init__(
        self,
        ways: Sequence[Way],
        *,
        judged: frozenset[Side] = frozenset(Side),
        folder: Path | None = None,
        told: Told = lambda recorded: None,
    ) -> None:
        self.ears = Ears(judged)
        self._latest: deque[Recorded] = deque(maxlen=MOST_KEPT)
        self._wrong: deque[Recorded] = deque(maxlen=MOST_KEPT)
        self._told = told
        self._segments = None if folder is None else Segments(folder, max_bytes=MAX_BYTES)
        self._doors = [_Door(way, self._heard) for way in ways]

    @property
    def urls(self) -> tuple[str, ...]:
        """Where it listens, a base address for each way."""
        return tuple(door.url for door in self._doors)

    @property
    def missed(self) -> int:
        """How many exchanges could not be judged."""
        return sum(door.missed for door in self._doors)

    @property
    def heard(self) -> list[Recorded]:
        """The latest exchanges, and the latest in which something is wrong."""
        found = {one.number: one for one in (*self._wrong, *self._latest)}
        return [found[number] for number in sorted(found)]

    async def start(self) -> None:
        """Listens from now on.

        Raises:
            OSError: an address cannot be listened on.
        """
        for door in self._doors:
            await door.start()

    async def stop(self) -> None:
        """Ends."""
        for door in self._doors:
            await door.stop()
        if self._segments is not None:
            self._segments.close()

    def _heard(self, exchange: Exchange, heard: Heard, reply: Reply) -> None:
        self._write(exchange)
        recorded = self.ears.hear(
            exchange,
            path=heard.path,
            request_headers=heard.headers,
            reply_headers=reply.headers if reply.status is not None else None,
        )
        for kept in (self._latest, self._wrong) if recorded.findings else (self._latest,):
            kept.append(recorded)
            while sum(len(one.request) + len(one.reply) for one in kept) > MOST_HELD:
                kept.popleft()
        self._told(recorded)

    def _write(self, exchange: Exchange) -> None:
        """Records; a full disk is not the fault of those who talk."""
        if self._segments is None:
            return
        try:
            self._segments.append([pack(exchange)])
        except OSError as error:
            log.error("not recorded from here on: %s", error)
            self._segments.close()
            self._segments = None


def save_case(folder: Path) -> Path:
    """Writes what was recorded in a folder as one file, which can be replayed.

    Returns:
        The file, in that folder; the folder itself if there is too much for one file.

    Raises:
        OSError: it cannot be written.
    """
    exchanges: list[Exchange] = []
    size = 0
    for entry in Reader(folder).new():
        one = entry.whole
        if not isinstance(one, Exchange):
            continue
        exchanges.append(one)
        size += len(one.request) + len(one.response)
        if size > MOST_SAVED:
            # The folder is as good: it can be judged and said again likewise.
            return folder
    file = folder / f"recording{SUFFIX}"
    # There are registrationIDs in it.
    file.touch(mode=0o600)
    file.chmod(0o600)
    save_bundle(file, Bundle(side="VTN", name="", secrets=True, exchanges=tuple(exchanges)))
    return file


class _Door:
    """Listens for the requests of one way."""

    def __init__(self, way: Way, told: Callable[[Exchange, Heard, Reply], None]) -> None:
        self._way = way
        self._told = told
        self._tls = way.identity.server_tls
        self.missed = 0
        self._listener = Listener(self._pass_on, way.identity.server_tls)
        self._line = Line(way.identity.client_tls)

    @property
    def url(self) -> str:
        scheme = "https" if self._tls is not None else "http"
        return f"{scheme}://{self._way.host}:{self._listener.port}{PREFIX}"

    async def start(self) -> None:
        await self._listener.start(self._way.host, self._way.port)

    async def stop(self) -> None:
        await self._listener.stop()
        await self._line.close()

    async def _pass_on(self, heard: Heard) -> Reply:
        at, start = datetime.now(UTC), time.monotonic()
        url = forwarded(self._way.to, heard.target or heard.path)
        if url is None:
            return Reply(status=400, body=b"no path that is passed on", headers=_TEXT)
        reply = await self._line.send(
            url, heard.body, headers=_passed_on(heard.headers), method=heard.method
        )
        took = timedelta(seconds=time.monotonic() - start)
        try:
            self._told(_exchange(self._way, heard, reply, at, took), heard, reply)
        except Exception:
            # Those who talk are not to suffer from those who listen.
            log.exception("an exchange could not be judged")
            self.missed += 1
        if reply.status is None or reply.status < 200:
            problem = reply.problem or f"HTTP {reply.status}"
            return Reply(status=502, body=problem.encode(errors="replace"), headers=_TEXT)
        return Reply(status=reply.status, body=reply.body, headers=_passed_on(reply.headers))


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """Returns headers without those of the connection, and those that it names as such."""
    own = {one.strip().lower() for one in headers.get("connection", "").split(",")} | _OWN
    return {
        name: "".join(char if char.isprintable() or char == "\t" else " " for char in value)
        for name, value in headers.items()
        if name not in own
    }


def forwarded(base: str, path: str) -> str | None:
    """Returns where a request goes that came to a path; None if it leads elsewhere.

    Args:
        base: of who answers, with or without ``OpenADR2/Simple/2.0b``.
        path: that was asked for, quoted, maybe with a query; what is before that part of it
            is the proxy's own.
    """
    steps = unquote(path.partition("?")[0]).split("/")
    if not path.startswith("/") or not {"..", "."}.isdisjoint(steps):
        return None
    _, there, service = path.partition(PREFIX)
    if there:
        return join(base, service.lstrip("/"))
    scheme, _, rest = base.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}{path}"


def _exchange(way: Way, heard: Heard, reply: Reply, at: datetime, took: timedelta) -> Exchange:
    asked_by: Party = "VTN" if way.asked_by is Side.VTN else "VEN"
    exchange = Exchange(
        at=at,
        began=at.timestamp(),
        took=took,
        asked_by=asked_by,
        service=heard.service,
        target="" if heard.method == "POST" else f"{heard.method} {heard.path}",
        peer=way.to,
        status=reply.status,
        problem=reply.problem,
        request=heard.body,
        response=reply.body,
    )
    message, answer = names_in(exchange)
    return replace(exchange, message=message, answer=answer)
