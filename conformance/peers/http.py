"""HTTP as a party of the kit does it: exactly what a case says, and everything kept."""

import asyncio
import errno
import io
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from oadr import codec

log = logging.getLogger("openadr.conformance.http")
#: Real seconds for a request, the answer included.
PATIENCE = 15.0
#: Longest body that is read, bytes, unpacked; no document is read that is longer.
LONGEST = codec.MAX_BYTES
#: Real seconds for the body of a request that comes in.
COMES_WITHIN = 60.0
#: Connections that a listener has at a time, and bytes of the requests that it is reading.
MOST_CONNECTIONS = 250
MOST_HELD = 8 * LONGEST
#: What is longer is sent in pieces, bytes.
_ONE_PIECE = 512 * 1024
#: A connection fails so where nobody is.
_NOBODY = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH)
_XML = {"Content-Type": "application/xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back.

    Attributes:
        status: of HTTP; None if nothing came back; in answer to what came in, to break off.
        body: as it was on the wire, unpacked.
        headers: names in lower case.
        problem: why nothing came back.
        unreached: whether nothing listens there, or nothing is there at all.
    """

    status: int | None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    unreached: bool = False


class Unreached(Exception):
    """Nothing listens where the device under test should; the text says where."""


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
            # What one answer says is not told with the next request, least of all for others.
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
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
                data = await _read(response.content)
                return Reply(status=response.status, body=data, headers=lowered(response.headers))
        except TimeoutError:
            return Reply(status=None, problem=f"no whole answer within {patience:g} s")
        except _TooLong:
            return Reply(status=None, problem=f"an answer of more than {LONGEST:,} bytes")
        except aiohttp.ClientPayloadError as error:
            return Reply(status=None, problem=f"the answer cannot be read to its end: {error}")
        except aiohttp.ClientConnectorError as error:
            return _unconnected(error)
        except (aiohttp.ClientError, OSError, ValueError, AssertionError) as error:
            return Reply(status=None, problem=str(error) or type(error).__name__)

    async def close(self) -> None:
        """Closes its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _unconnected(error: aiohttp.ClientConnectorError) -> Reply:
    if error.os_error.errno in _NOBODY:
        host = f"[{error.host}]" if ":" in error.host else error.host
        problem = f"nothing listens at {host}:{error.port}"
        return Reply(status=None, problem=problem, unreached=True)
    return Reply(status=None, problem=str(error))


def _body(data: bytes) -> bytes | io.BytesIO | None:
    """Returns a body as aiohttp wants it: in pieces, if it is long."""
    if not data:
        return None
    return io.BytesIO(data) if len(data) > _ONE_PIECE else data


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A request that came in.

    Attributes:
        method: of HTTP.
        path: unquoted, without query.
        body: unpacked.
        headers: names in lower case.
        target: path and query as they were on the wire; empty if that is not known.
    """

    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]
    target: str = ""

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
        self._held = 0
        self.port = 0

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listens from now on; port 0 takes any free one.

        Raises:
            OSError: it cannot.
        """
        server = _Server(self._handle, access_log=None, logger=_Quiet(log))
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
        try:
            body = await self._body_of(request)
        except _TooLong:
            return web.Response(status=413)
        except TimeoutError:
            return web.Response(status=408)
        heard = Heard(
            method=request.method,
            path=request.path,
            target=request.rel_url.raw_path_qs,
            body=body,
            headers=lowered(request.headers),
        )
        try:
            reply = await self._answer(heard)
        except Exception:
            log.exception("a request to %r could not be answered", heard.path)
            reply = Reply(status=500)
        if reply.status is None and request.transport is not None:
            request.transport.abort()
        headers = dict(reply.headers) or (_XML if reply.body else {})
        return web.Response(status=reply.status or 500, body=reply.body, headers=headers)

    async def _body_of(self, request: web.BaseRequest) -> bytes:
        """Returns what came with a request; all that are being read share the room."""
        held = 0
        data = bytearray()
        try:
            async with asyncio.timeout(COMES_WITHIN):
                async for chunk in request.content.iter_any():
                    data += chunk
                    held += len(chunk)
                    self._held += len(chunk)
                    if len(data) > LONGEST or self._held > MOST_HELD:
                        raise _TooLong
            return bytes(data)
        finally:
            self._held -= held


class _TooLong(Exception):
    """More came than is read."""


class _Quiet(logging.LoggerAdapter[logging.Logger]):
    """Lets nobody fill a terminal with tracebacks by saying what is no HTTP."""

    def exception(self, msg: object, *args: object, **kwargs: Any) -> None:
        self.debug(msg, *args, **kwargs)


class _Server(web.Server):
    """A server that has so many connections and no more."""

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if len(self.connections) > MOST_CONNECTIONS:
            # Not at once: its handler is only about to start.
            asyncio.get_running_loop().call_soon(transport.abort)


async def _read(content: aiohttp.StreamReader) -> bytes:
    data = bytearray()
    async for chunk in content.iter_any():
        data += chunk
        if len(data) > LONGEST:
            raise _TooLong
    return bytes(data)


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Returns headers with their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}


async def pause(seconds: float = 0.05) -> None:
    """Waits a little, in real time."""
    await asyncio.sleep(seconds)
