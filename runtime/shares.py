"""Connections are bounded by what the system allows; no single client gets them all.

Only what listens loads this: it takes aiohttp's server.
"""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

#: Most connections with one certificate, where the system allows many: 60 kB each.
MOST = 4096
#: What part of the open files one client may have.
_PART = 4


def share() -> int:
    """Returns how many connections one client may have, by the limit that counts now."""
    try:
        import resource
    except ImportError:  # not a POSIX system: it has no such limit
        return MOST
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if limit == resource.RLIM_INFINITY else max(1, min(MOST, limit // _PART))


class SharedServer(web.Server):
    """An HTTP server that ends the oldest connections of a client that has too many.

    Clients are told by their certificates; those without one are not counted. The oldest go,
    so that a client whose network has lost its connections gets in again.

    Args:
        handler: answers requests.
        most: says how many connections one certificate may have.
        options: those of ``aiohttp.web.Server``.
    """

    def __init__(self, handler: Any, *, most: Callable[[], int] = share, **options: Any) -> None:
        super().__init__(handler, **options)
        self._most = most
        self._owners: dict[RequestHandler, bytes] = {}
        self._of: dict[bytes, dict[RequestHandler, asyncio.Transport]] = {}

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Counts a connection, after its handshake."""
        super().connection_made(handler, transport)
        tls = transport.get_extra_info("ssl_object")
        der = tls.getpeercert(binary_form=True) if tls is not None else None
        if not der:
            return
        owner = self._owners[handler] = sha256(der).digest()
        mine = self._of.setdefault(owner, {})
        mine[handler] = transport
        if len(mine) > self._most():
            oldest = next(iter(mine))
            mine.pop(oldest).abort()

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Takes note that a connection is gone."""
        super().connection_lost(handler, exc)
        owner = self._owners.pop(handler, b"")
        mine = self._of.get(owner)
        if mine is not None:
            mine.pop(handler, None)
            if not mine:
                del self._of[owner]
