"""Where a peer listens over HTTP, for what is pushed to it."""

import ssl
from collections.abc import Awaitable, Callable

from aiohttp import web

from vtn.testing.ear import Said

#: Ends a connection without an answer.
DROPPED = ConnectionResetError("dropped by the test")


class Listener:
    """A server on a port of this machine.

    Args:
        hear: answers documents; ``ConnectionResetError`` ends the connection instead.
        tls: proves who listens; None for plain HTTP.

    Attributes:
        requests: what came, without its body.
    """

    def __init__(
        self,
        hear: Callable[[str, bytes], Awaitable[Said]],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._hear = hear
        self._tls = tls
        self._runner: web.ServerRunner | None = None
        self._port = 0
        self.requests: list[web.BaseRequest] = []

    @property
    def url(self) -> str:
        """The base address."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Listens, at the same port as the time before."""
        self._runner = web.ServerRunner(web.Server(self._serve), shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._tls)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Listens no more."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        body = await request.read()
        try:
            said = await self._hear(request.path.rpartition("/")[2], body)
        except ConnectionResetError:
            assert request.transport is not None  # noqa: S101 - it has just been read from
            request.transport.abort()
            return web.Response()
        return web.Response(status=said.status, body=said.body, headers=dict(said.headers))
