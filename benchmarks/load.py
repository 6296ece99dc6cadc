"""A load generator that costs little: prepared requests over connections that stay open.

Each connection belongs to one VEN and sends its next request when the answer to the last
one is complete, so the server always has as many requests before it as there are VENs.
Every answer is checked; one that is not as expected ends the run.
"""

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

#: VENs at once, each on one connection. More do not make a single-threaded server faster.
VENS = 8


class WrongReplyError(Exception):
    """A server did not answer what it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where requests go.

    Attributes:
        host: address.
        port: TCP port.
        service: such as ``OadrPoll``.
        expected: what every body must contain.
    """

    host: str = "127.0.0.1"
    port: int
    service: str
    expected: tuple[bytes, ...] = ()

    def request(self, body: bytes) -> bytes:
        """Returns the bytes of a request."""
        head = (
            f"POST /OpenADR2/Simple/2.0b/{self.service} HTTP/1.1\r\n"
            f"Host: {self.host}:{self.port}\r\nContent-Type: application/xml\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class _Connection(asyncio.Protocol):
    """The connection of one VEN."""

    def __init__(self, load: "Load") -> None:
        self.waiting: deque[bytes] = deque()
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.failed(WrongReplyError(f"the server closed a connection: {exc}"))

    def send(self) -> None:
        """Sends the next request, if there is one."""
        assert self._transport is not None
        if self.waiting:
            self._transport.write(self.waiting.popleft())

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or len(self._buffer) < end + 4 + _content_length(self._buffer[:end]):
            return
        reply, self._buffer = self._buffer, b""
        self._load.answered(reply, end + 4)
        self.send()

    def close(self) -> None:
        """Ends the connection."""
        assert self._transport is not None
        self._transport.abort()


def _content_length(head: bytes) -> int:
    _, _, rest = head.partition(b"\r\nContent-Length: ")
    return int(rest.partition(b"\r")[0])


class Load:
    """Connections to one server."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.last = b""
        self._connections: list[_Connection] = []
        self._left = 0
        self._done: asyncio.Future[None] | None = None

    async def open(self, contexts: Sequence[ssl.SSLContext | None]) -> None:
        """Connects once for each VEN.

        Args:
            contexts: how; None for plain HTTP.
        """
        loop = asyncio.get_running_loop()
        for context in contexts:
            _, connection = await loop.create_connection(
                lambda: _Connection(self), self.target.host, self.target.port, ssl=context
            )
            self._connections.append(connection)

    def close(self) -> None:
        """Disconnects."""
        self._done = None
        for connection in self._connections:
            connection.close()

    async def run(self, bodies: Sequence[Sequence[bytes]]) -> float:
        """Sends all messages and returns how long it took until the last answer, in seconds.

        Args:
            bodies: what each VEN sends.

        Raises:
            WrongReplyError: an answer is not as expected.
        """
        for connection, own in zip(self._connections, bodies, strict=True):
            connection.waiting = deque(map(self.target.request, own))
        self._left = sum(map(len, bodies))
        self._done = asyncio.get_running_loop().create_future()
        begin = time.perf_counter()
        for connection in self._connections:
            connection.send()
        await self._done
        return time.perf_counter() - begin

    def answered(self, reply: bytes, body: int) -> None:
        """Takes an answer, whose body begins at ``body``."""
        self.last = reply[body:]
        if not reply.startswith(b"HTTP/1.1 200 ") or not all(
            part in self.last for part in self.target.expected
        ):
            self.failed(WrongReplyError(repr(reply[:2000])))
            return
        self._left -= 1
        if not self._left and self._done is not None and not self._done.done():
            self._done.set_result(None)

    def failed(self, error: Exception) -> None:
        """Ends the run with an error."""
        if self._done is not None and not self._done.done():
            self._done.set_exception(error)
