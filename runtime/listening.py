"""Sockets of an HTTP server that nobody can hold up: not by silence, not by reading slowly.

Only what listens loads this: it takes aiohttp's server.
"""

import asyncio
import gc
import socket
import ssl
from asyncio import Transport
from contextlib import suppress
from typing import Any

from aiohttp import web

from runtime.handshakes import listening_socket

__all__ = ["HANDSHAKE", "Site", "may_block", "own_process", "send"]

#: Longest real time for a TLS handshake, in seconds.
HANDSHAKE = 10.0
#: Connections that wait to be accepted: all VENs come back at once after a restart.
_BACKLOG = 1024
#: What a transport takes without making its writer wait, in bytes.
_BUFFERED = 32 * 1024


class Site(web.BaseSite):
    """An address that is listened on.

    Args:
        runner: that has been set up.
        host: to listen on.
        port: 0 takes any free one.
        tls: None for plain HTTP.
        handshake: longest time for a TLS handshake, in seconds.
    """

    def __init__(
        self,
        runner: web.BaseRunner,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None,
        handshake: float = HANDSHAKE,
    ) -> None:
        super().__init__(runner, ssl_context=tls, backlog=_BACKLOG)
        self._host = host
        self._port = port
        self._handshake = handshake

    @property
    def name(self) -> str:
        """The address, for people."""
        scheme = "https" if self._ssl_context else "http"
        return f"{scheme}://{self._host}:{self._port}"

    async def start(self) -> None:
        """Listens from now on.

        Raises:
            OSError: the address cannot be listened on.
        """
        await super().start()
        server = self._runner.server
        assert server is not None  # noqa: S101 - it has been set up
        timeout = self._handshake if self._ssl_context is not None else None
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            server,
            **await self._where(loop),
            ssl=self._ssl_context,
            backlog=self._backlog,
            ssl_handshake_timeout=timeout,
            ssl_shutdown_timeout=timeout,
        )

    async def _where(self, loop: asyncio.AbstractEventLoop) -> dict[str, Any]:
        """Returns where to listen: a socket that knows from where connections come, if one does."""
        kind, passive = socket.SOCK_STREAM, socket.AI_PASSIVE
        found = await loop.getaddrinfo(self._host, self._port, type=kind, flags=passive)
        if len(found) != 1:
            return {"host": self._host, "port": self._port}
        return {"sock": listening_socket(found[0][0], found[0][4])}


def may_block(request: web.BaseRequest, response: web.StreamResponse) -> bool:
    """Returns whether a peer that does not read could hold the sender of a response up."""
    transport = request.transport
    if not isinstance(response, web.Response) or transport is None:
        return True
    body = response.body
    return (
        transport.get_write_buffer_size() > 0
        or not (body is None or isinstance(body, bytes))
        or len(body or b"") > _BUFFERED
    )


async def send(request: web.BaseRequest, response: web.StreamResponse, *, seconds: float) -> bool:
    """Sends a response and returns whether it went out; cuts a peer off that does not read it.

    Args:
        request: that is answered.
        response: to it.
        seconds: real time in which the peer must have read it.
    """
    transport = request.transport
    try:
        async with asyncio.timeout(seconds):
            await response.prepare(request)
            await response.write_eof()
    except TimeoutError:
        if isinstance(transport, Transport):
            transport.abort()
        return False
    except ConnectionError:
        return False
    return True


def own_process() -> None:
    """Fits a process that does nothing but listen: many connections, short pauses.

    It may have as many open files as the system allows it. What has been loaded by now stays
    for ever, and is not looked through again for garbage, which would stop everybody for a
    tenth of a second each time that a long message leaves some.
    """
    _raise_file_limit()
    gc.freeze()


def _raise_file_limit() -> None:
    try:
        import resource
    except ImportError:  # not a POSIX system: it has no such limit
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
