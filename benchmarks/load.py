"""A load generator that costs little: prepared requests over connections that stay open.

Each connection belongs to one VEN and sends its next request when the answer to the last
one is complete, so the server always has as many requests before it as there are VENs.
Every answer is checked; one that is not as expected ends the run.

Plain sockets under one ``epoll``: a third of what asyncio would take for each message, so
that the server and not the generator is what is measured.
"""

import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

#: Seconds without any answer after which a server counts as hanging.
PATIENCE = 60.0


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

    def check(self, reply: bytes, body: int) -> None:
        """Checks an answer whose body begins at ``body``.

        Raises:
            WrongReplyError: it is not as expected.
        """
        if not reply.startswith(b"HTTP/1.1 200 "):
            raise WrongReplyError(repr(reply[:2000]))
        for part in self.expected:
            if reply.find(part, body) < 0:
                raise WrongReplyError(f"expected {part!r} in {reply[:2000]!r}")


class Load:
    """Connections to one server."""

    def __init__(self, target: Target) -> None:
        self.target = target
        #: Body of the last answer.
        self.last = b""
        self._sockets: list[socket.socket] = []

    def open(self, contexts: Sequence[ssl.SSLContext | None]) -> None:
        """Connects once for each VEN.

        Args:
            contexts: how; None for plain HTTP.
        """
        for context in contexts:
            found = socket.create_connection((self.target.host, self.target.port))
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context is not None:
                found = context.wrap_socket(found, server_hostname=self.target.host)
            self._sockets.append(found)

    def close(self) -> None:
        """Disconnects."""
        for one in self._sockets:
            one.close()

    def run(self, bodies: Sequence[Sequence[bytes]]) -> float:
        """Sends all messages and returns how long it took until the last answer, in seconds.

        Args:
            bodies: what each VEN sends.

        Raises:
            WrongReplyError: an answer is not as expected, or does not come.
        """
        waiting = {
            one.fileno(): (one, deque(map(self.target.request, own)))
            for one, own in zip(self._sockets, bodies, strict=True)
        }
        with select.epoll() as epoll:
            for number in waiting:
                epoll.register(number, select.EPOLLIN)
            begin = time.perf_counter()
            self._pump(epoll, waiting)
            return time.perf_counter() - begin

    def _pump(
        self, epoll: select.epoll, waiting: dict[int, tuple[socket.socket, deque[bytes]]]
    ) -> None:
        left = sum(len(requests) for _, requests in waiting.values())
        partial: dict[int, bytes] = {}
        for one, requests in waiting.values():
            if requests:
                one.sendall(requests.popleft())
        while left:
            ready = epoll.poll(PATIENCE)
            if not ready:
                raise WrongReplyError("the server does not answer any more")
            for number, _ in ready:
                one, requests = waiting[number]
                reply = partial.pop(number, b"") + _received(one)
                body = reply.find(b"\r\n\r\n") + 4
                if body < 4 or len(reply) < body + _content_length(reply, body):
                    partial[number] = reply
                    continue
                self.target.check(reply, body)
                left -= 1
                if requests:
                    one.sendall(requests.popleft())
                elif not left:
                    self.last = reply[body:]


def _received(one: socket.socket) -> bytes:
    data = one.recv(65536)
    if not data:
        raise WrongReplyError("the server closed a connection")
    if isinstance(one, ssl.SSLSocket):
        # What TLS has decrypted already wakes nobody up.
        while more := one.pending():
            data += one.recv(more)
    return data


def _content_length(reply: bytes, body: int) -> int:
    begin = reply.find(b"Content-Length: ", 0, body) + 16
    return int(reply[begin : reply.find(b"\r", begin)])
