"""Messages to the VTN and its answers, by simple HTTP in pull mode.

Spec: sections 9.1 and 9.2; rules 51, 53 and 511.
"""

import asyncio
import errno
import hashlib
import hmac
import ssl
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Protocol

import aiohttp

from oadr.codec import CONTENT_TYPE, MAX_BYTES, message_name
from oadr.enums import ServiceName
from oadr.errors import InvalidData, SignatureError, XMLError
from oadr.messages import Message
from runtime.errors import ConfigError
from ven.errors import BadReply, Rejected, TransportError, Unreachable, WrongPeer
from ven.signing import Signatures

PATH = "/OpenADR2/Simple/2.0b"
#: The profile wants a time limit that can be set, of 5 seconds or more.
TIMEOUT = timedelta(seconds=30)
MIN_TIMEOUT = timedelta(seconds=5)
#: A kept connection is replaced after so many seconds: only a new one looks at whether
#: the certificates have expired (R516) and whether the VTN has moved.
MAX_AGE = 3600.0
_CHUNK = 64 * 1024
_HEADERS = {
    "Content-Type": CONTENT_TYPE,
    "Accept": CONTENT_TYPE,
    # Answers are short, and what is not compressed cannot grow when it is unpacked.
    "Accept-Encoding": "identity",
    "User-Agent": "openadr-kit",
}
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
        stamp: says when the files behind ``context`` have changed; it is made anew then.
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
        stamp: Callable[[], object] | None = None,
        trace: Trace | None = None,
    ) -> None:
        if timeout < MIN_TIMEOUT:
            raise ValueError(f"timeout is {timeout.total_seconds():g} s; expected 5 s or more")
        self.url = base_url(url)
        if fingerprint and not self.url.startswith("https:"):
            raise ValueError(f"{url}: a VTN fingerprint can only be checked over https")
        self._signatures = signatures
        self._context = context
        self._fingerprint = fingerprint_digits(fingerprint) if fingerprint else None
        self._timeout = aiohttp.ClientTimeout(total=timeout.total_seconds())
        self._max_bytes = max_bytes
        self._stamp = stamp
        self._stamped: object = None
        self._trace = trace
        self._tls: ssl.SSLContext | None = None
        self._session: aiohttp.ClientSession | None = None
        self._opened = 0.0

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

    def open(self) -> None:
        """Reads the certificates, so that what is wrong with them shows at the start.

        Raises:
            ConfigError: they cannot be used.
        """
        if self._context is not None and self._tls is None:
            self._stamped = self._stamp() if self._stamp is not None else None
            try:
                self._tls = self._context()
            except OSError as error:
                raise ConfigError(f"the CA cannot be used: {error}", key="tls") from None

    async def close(self) -> None:
        """Closes the connection; the next message opens another."""
        session, self._session, self._tls = self._session, None, None
        if session is not None:
            await session.close()

    async def _exchange(self, url: str, data: bytes) -> bytes:
        if self._is_stale():
            await self.close()
        self._renew(url)
        try:
            return await self._post(url, data)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            # The VTN may have ended a kept connection while it was idle. Operations are
            # idempotent, so the message may go again at once, on a new one.
            if not _is_broken_off(error):
                raise _unreachable(url, error) from error
        try:
            return await self._post(url, data)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise _unreachable(url, error) from error

    def _is_stale(self) -> bool:
        """Returns whether the next message needs a new connection."""
        if self._tls is not None and self._stamp is not None and self._stamp() != self._stamped:
            return True
        age = asyncio.get_running_loop().time() - self._opened
        return self._session is not None and age > MAX_AGE

    def _renew(self, url: str) -> None:
        try:
            self.open()
        except ConfigError as error:
            # Somebody may be in the middle of putting new files there.
            raise Unreachable(f"the certificates cannot be used: {error}", url=url) from error

    async def _post(self, url: str, data: bytes) -> bytes:
        session = self._ensure_session()
        async with session.post(url, data=data, allow_redirects=False) as response:
            if response.status != 200:
                raise _status_error(response, url)
            coding = response.headers.get("Content-Encoding", "identity")
            if coding.strip().lower() != "identity":
                raise BadReply(f"answer compressed by {coding[:40]!r}, unasked", url=url)
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
            self._opened = asyncio.get_running_loop().time()
            connector = _PinnedConnector(self._fingerprint, ssl=self._tls or True, limit=4)
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=self._timeout,
                headers=_HEADERS,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
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
    """Returns if the server showed the pinned certificate.

    ``certs.fingerprint`` knows all forms of a certificate and takes a library for it; the
    bytes of the connection need none, and an idle VEN stays small.
    """
    tls = transport.get_extra_info("ssl_object")
    der = tls.getpeercert(binary_form=True) if tls is not None else None
    if der is None:
        raise WrongPeer("the VTN showed no certificate")
    found = {
        20: hashlib.sha256(der).hexdigest()[-20:],
        40: hashlib.sha1(der, usedforsecurity=False).hexdigest(),
        64: hashlib.sha256(der).hexdigest(),
    }[len(fingerprint)]
    if not hmac.compare_digest(found, fingerprint):
        shown = bytes.fromhex(found).hex(":").upper()
        raise WrongPeer(f"the VTN's certificate has fingerprint {shown}, which is not the pinned")


def fingerprint_digits(text: str) -> str:
    """Returns the digits of a fingerprint, lower case.

    Raises:
        ValueError: it is none: 20 (OpenADR), 40 (SHA-1) or 64 (SHA-256) digits.
    """
    digits = "".join(text.replace(":", " ").split()).lower()
    if len(digits) not in {20, 40, 64} or set(digits) - set("0123456789abcdef"):
        raise ValueError(
            f"{text[:80]!r} is no fingerprint; expected 20 (OpenADR), 40 (SHA-1) or 64 (SHA-256) "
            "hexadecimal digits"
        )
    return digits


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


def _is_broken_off(error: BaseException) -> bool:
    """Returns whether a connection that was there has gone, closed or reset."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return False
    # Where the system tells it decides which class of aiohttp's it comes as.
    gone = {errno.ECONNRESET, errno.EPIPE}
    return isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError) or (
        isinstance(error, OSError) and error.errno in gone
    )


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
    words = _STATUS_WORDS.get(status, (response.reason or "")[:200])
    return Rejected(status, f"HTTP {status}: {words}", url=url)
