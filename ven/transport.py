"""Messages to the VTN and its answers, by simple HTTP in pull mode.

Spec: sections 9.1 and 9.2; rules 51, 53 and 511.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Protocol

import aiohttp

from oadr.codec import CONTENT_TYPE, MAX_BYTES, message_name
from oadr.enums import ServiceName
from oadr.errors import InvalidData, SignatureError, XMLError
from oadr.messages import Message
from ven.errors import BadReply, Rejected, TransportError, Unreachable, WrongPeer
from ven.signing import Signatures

PATH = "/OpenADR2/Simple/2.0b"
#: The profile wants a time limit that can be set, of 5 seconds or more.
TIMEOUT = timedelta(seconds=30)
MIN_TIMEOUT = timedelta(seconds=5)
_CHUNK = 64 * 1024
_HEADERS = {"Content-Type": CONTENT_TYPE, "Accept": CONTENT_TYPE, "User-Agent": "openadr-kit"}
_STATUS_WORDS = {
    403: "the VTN does not let this VEN in; is its certificate enrolled?",
    404: "the VTN does not know this operation; check the URL",
    406: "the VTN finds the message invalid",
    413: "the VTN finds the message too large",
    501: "the VTN does not take this HTTP method",
}

Trace = Callable[[str, object], Awaitable[None]]


class Exchange(Protocol):
    """A way to reach the VTN: sends a message, returns the answer.

    None stands for an empty answer. Raises ``ven.errors.TransportError``.
    """

    async def __call__(self, service: ServiceName, message: Message) -> Message | None:
        """Sends ``message`` to ``service`` and returns what comes back."""


class HttpTransport:
    """POSTs over one kept connection, mutual TLS where a context is given.

    Args:
        url: of the VTN, with or without ``/OpenADR2/Simple/2.0b``.
        signatures: signs and checks.
        context: makes the TLS context at the first use; None for plain HTTP.
        fingerprint: OpenADR, SHA-1 or SHA-256 fingerprint of the VTN's TLS certificate;
            nothing is sent to a server with another one.
        timeout: of a whole exchange, real time, 5 seconds or more.
        max_bytes: a longer answer is not read.
        trace: sees what goes out and comes in, by the name of the moment.

    Raises:
        ValueError: the URL or the timeout cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        signatures: Signatures,
        context: Callable[[], ssl.SSLContext] | None = None,
        fingerprint: str | None = None,
        timeout: timedelta = TIMEOUT,
        max_bytes: int = MAX_BYTES,
        trace: Trace | None = None,
    ) -> None:
        if timeout < MIN_TIMEOUT:
            raise ValueError(f"timeout is {timeout.total_seconds():g} s; expected 5 s or more")
        self.url = base_url(url)
        if fingerprint and not self.url.startswith("https:"):
            raise ValueError(f"{url}: a VTN fingerprint can only be checked over https")
        self._signatures = signatures
        self._context = context
        self._fingerprint = fingerprint
        self._timeout = aiohttp.ClientTimeout(total=timeout.total_seconds())
        self._max_bytes = max_bytes
        self._trace = trace
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, service: ServiceName, message: Message) -> Message | None:
        """Sends a message and returns the answer; None if it is empty.

        Raises:
            Unreachable: no connection, no answer in time, HTTP 429 or 5xx.
            Rejected: another HTTP status than 200.
            BadReply: the answer is no message, or is not signed as it must be.
            WrongPeer: the server is not the pinned one.
        """
        url = f"{self.url}/{service}"
        data = self._signatures.encode(message)
        await self._traced("before_send_xml", data)
        body = await self._exchange(url, data)
        await self._traced("after_receive_xml", body)
        if not body.strip():
            return None
        await self._traced("before_schema_validation", body)
        try:
            reply = self._signatures.decode(body, max_bytes=self._max_bytes)
        except (XMLError, InvalidData, SignatureError) as error:
            name = message_name(message)
            raise BadReply(f"the answer to {name} cannot be used: {error}", url=url) from error
        await self._traced("after_parse_xml", reply)
        return reply

    async def close(self) -> None:
        """Closes the connection; the next message opens another."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _exchange(self, url: str, data: bytes) -> bytes:
        try:
            return await self._post(url, data)
        except (aiohttp.ServerDisconnectedError, ConnectionResetError):
            # The VTN closed a kept connection while it was idle. Operations are
            # idempotent, so the message may go again at once, on a new one.
            pass
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _unreachable(url, error) from error
        try:
            return await self._post(url, data)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _unreachable(url, error) from error

    async def _post(self, url: str, data: bytes) -> bytes:
        session = self._ensure_session()
        async with session.post(url, data=data, allow_redirects=False) as response:
            if response.status != 200:
                raise _status_error(response, url)
            if (response.content_length or 0) > self._max_bytes:
                raise BadReply(f"answer of {response.content_length} bytes", url=url)
            chunks, size = [], 0
            async for chunk in response.content.iter_chunked(_CHUNK):
                size += len(chunk)
                if size > self._max_bytes:
                    response.close()
                    raise BadReply(f"answer of more than {self._max_bytes} bytes", url=url)
                chunks.append(chunk)
            return b"".join(chunks)

    def _ensure_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            context = self._context() if self._context is not None else True
            connector = _PinnedConnector(self._fingerprint, ssl=context, limit=4)
            self._session = aiohttp.ClientSession(
                connector=connector, timeout=self._timeout, headers=_HEADERS
            )
        return self._session

    async def _traced(self, moment: str, what: object) -> None:
        if self._trace is not None:
            await self._trace(moment, what)


class _PinnedConnector(aiohttp.TCPConnector):
    """Hands out connections to the pinned server only."""

    def __init__(self, fingerprint: str | None, **options: Any) -> None:
        super().__init__(**options)
        self._pinned_fingerprint = fingerprint

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        """Returns a connection once its certificate has been compared."""
        connection = await super().connect(*args, **kwargs)
        if self._pinned_fingerprint is not None and connection.transport is not None:
            try:
                _check_peer(connection.transport, self._pinned_fingerprint)
            except WrongPeer:
                connection.close()
                raise
        return connection


def _check_peer(transport: asyncio.BaseTransport, fingerprint: str) -> None:
    from certs.errors import FingerprintMismatchError
    from certs.fingerprint import verify_peer_fingerprint

    tls = transport.get_extra_info("ssl_object")
    try:
        verify_peer_fingerprint(tls.getpeercert(binary_form=True) if tls else None, fingerprint)
    except FingerprintMismatchError as error:
        raise WrongPeer(str(error)) from error


def base_url(url: str) -> str:
    """Returns the address below which the services are (R511).

    Raises:
        ValueError: it is not an http or https URL.
    """
    scheme, separator, rest = url.partition("://")
    if scheme.lower() not in {"http", "https"} or not separator or not rest.strip("/"):
        raise ValueError(f"{url!r} is not the URL of a VTN; expected https://host[:port][/prefix]")
    base = f"{scheme.lower()}://{rest.rstrip('/')}"
    return base if base.endswith(PATH) else base + PATH


def _unreachable(url: str, error: BaseException) -> Unreachable:
    if isinstance(error, TimeoutError):
        return Unreachable("no answer in time", url=url)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Unreachable(f"the VTN's certificate is not trusted: {error}", url=url)
    return Unreachable(str(error) or type(error).__name__, url=url)


def _status_error(response: aiohttp.ClientResponse, url: str) -> TransportError:
    status = response.status
    if status in {408, 425, 429} or (status >= 500 and status != 501):
        after = response.headers.get("Retry-After", "")
        seconds = float(after) if after.isdecimal() else None
        return Unreachable(f"HTTP {status}", url=url, status=status, retry_after=seconds)
    words = _STATUS_WORDS.get(status, response.reason or "")
    return Rejected(status, f"HTTP {status}: {words}", url=url)
