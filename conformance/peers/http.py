"""HTTP as a party of the kit does it: exactly what a case says, and everything kept."""

import asyncio
import io
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

#: Real seconds for a request, the answer included.
PATIENCE = 15.0
#: Longest body that is read, bytes.
LONGEST = 32 * 1024 * 1024
#: What is longer is sent in pieces, bytes.
_ONE_PIECE = 512 * 1024
_XML = {"Content-Type": "application/xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back.

    Attributes:
        status: of HTTP; None if nothing came back; in answer to what came in, to break off.
        body: as it was on the wire, unpacked.
        headers: names in lower case.
        problem: why nothing came back.
    """

    status: int | None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


class Line:
    """Sends requests, on a connection that stays open.

    Args:
        tls: None for plain HTTP.
    """

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
        patience: float = PATIENCE,
    ) -> Reply:
        """Returns what came of a request; never raises for what the other party does."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            async with self._session.request(
                method,
                url,
                data=_body(body),
                headers=_XML if headers is None else dict(headers),
                ssl=self._tls if self._tls is not None else True,
                timeout=aiohttp.ClientTimeout(total=patience),
                allow_redirects=False,
            ) as response:
                data = await response.content.read(LONGEST)
                return Reply(status=response.status, body=data, headers=lowered(response.headers))
        except TimeoutError:
            return Reply(status=None, problem=f"no answer within {patience:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Reply(status=None, problem=str(error) or type(error).__name__)

    async def close(self) -> None:
        """Closes its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _body(data: bytes) -> bytes | io.BytesIO | None:
    """Returns a body as aiohttp wants it: in pieces, if it is long."""
    if not data:
        return None
    return io.BytesIO(data) if len(data) > _ONE_PIECE else data


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A request that came in."""

    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]

    @property
    def service(self) -> str:
        """The last part of the path, such as ``EiEvent``."""
        return self.path.rstrip("/").rpartition("/")[2]


Answer = Callable[[Heard], Awaitable[Reply]]


class Listener:
    """Listens for requests, and has each answered.

    Args:
        answer: what to say to one.
        tls: None for plain HTTP.
    """

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None) -> None:
        self._answer = answer
        self._tls = tls
        self._runner: web.ServerRunner | None = None
        self.port = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listens from now on; port 0 takes any free one.

        Raises:
            OSError: it cannot.
        """
        server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Ends."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await _read(request)
        heard = Heard(
            method=request.method, path=request.path, body=body, headers=lowered(request.headers)
        )
        reply = await self._answer(heard)
        if reply.status is None and request.transport is not None:
            request.transport.abort()
        headers = dict(reply.headers) or (_XML if reply.body else {})
        return web.Response(status=reply.status or 500, body=reply.body, headers=headers)


async def _read(request: web.BaseRequest) -> bytes:
    data = bytearray()
    async for chunk in request.content.iter_any():
        data += chunk
        if len(data) > LONGEST:
            raise web.HTTPRequestEntityTooLarge(LONGEST, len(data))
    return bytes(data)


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Returns headers with their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}


async def pause(seconds: float = 0.05) -> None:
    """Waits a little, in real time."""
    await asyncio.sleep(seconds)
