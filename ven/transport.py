"""Messages to the VTN and its answers, by simple HTTP in pull mode.

Spec: sections 9.1 and 9.2; rules 51, 53 and 511.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import aiohttp

from certs.light import split_fingerprints
from certs.pinning import PinnedConnector, fingerprint_digits
from oadr.codec import CONTENT_TYPE, MAX_BYTES, message_name
from oadr.enums import ServiceName
from oadr.errors import InvalidData, SignatureError, XMLError
from oadr.messages import Message
from runtime.clock import SystemClock
from runtime.errors import ConfigError
from runtime.trace import Traces, Traffic
from ven.errors import BadReply, TransportError, Unreachable, WrongPeer
from ven.guard import Guard
from ven.http_answer import ahead_of, is_broken_off, status_error, unreachable
from ven.options import PATH
from ven.reading import Reader
from ven.sent import Sent
from ven.signing import Signatures

#: The profile wants a time limit that can be set, of 5 seconds or more.
TIMEOUT = timedelta(seconds=30)
MIN_TIMEOUT = timedelta(seconds=5)
#: A kept connection is replaced after so many seconds: only a new one looks at whether
#: the certificates have expired (R516) and whether the VTN has moved.
MAX_AGE = 3600.0
#: Seconds between two looks at the clock of the VTN.
CLOCK_EVERY = 60.0
_CHUNK = 64 * 1024
_HEADERS = {
    "Content-Type": CONTENT_TYPE,
    "Accept": CONTENT_TYPE,
    # Answers are short, and what is not compressed cannot grow when it is unpacked.
    "Accept-Encoding": "identity",
    "User-Agent": "openadr-kit",
}
#: Sees the steps of an exchange, by the name of the moment.
Trace = Callable[[str, object], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What came back over HTTP.

    Attributes:
        status: of HTTP.
        body: as far as it was read.
        error: why it cannot be used; None if it may be.
    """

    status: int
    body: bytes = b""
    error: TransportError | None = None


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
        reader: reads the answers; strictly if left out.
        context: makes the TLS context at the first use; None for plain HTTP.
        fingerprint: OpenADR, SHA-1 or SHA-256 fingerprint of the VTN's TLS certificate, or
            several separated by commas; nothing is sent to a server with another one.
        timeout: of a whole exchange, real time, 5 seconds or more.
        max_bytes: a longer answer is not read.
        stamp: says when the files behind ``context`` have changed; it is made anew then.
        guard: has nothing sent with certificates that have expired (R516).
        trace: sees what goes out and comes in, by the name of the moment.
        traces: look at the traffic, also at what is turned away.

    Raises:
        ValueError: the URL or the timeout cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        signatures: Signatures,
        reader: Reader | None = None,
        context: Callable[[], ssl.SSLContext] | None = None,
        fingerprint: str | None = None,
        timeout: timedelta = TIMEOUT,
        max_bytes: int = MAX_BYTES,
        stamp: Callable[[], object] | None = None,
        guard: Guard | None = None,
        trace: Trace | None = None,
        traces: Traces | None = None,
    ) -> None:
        if timeout < MIN_TIMEOUT:
            raise ValueError(f"timeout is {timeout.total_seconds():g} s; expected 5 s or more")
        self.url = base_url(url)
        if fingerprint and not self.url.startswith("https:"):
            raise ValueError(f"{url}: a VTN fingerprint can only be checked over https")
        self._signatures = signatures
        self._reader = reader or Reader(clock=signatures.clock)
        self._clock_looked = -CLOCK_EVERY
        self._context = context
        pins = split_fingerprints(fingerprint or "")
        self._pins = tuple(fingerprint_digits(one) for one in pins) or None
        self._guard = guard
        self._timeout = aiohttp.ClientTimeout(total=timeout.total_seconds())
        self._max_bytes = max_bytes
        self._stamp = stamp
        self._stamped: object = None
        self._trace = trace
        self._traces = traces
        self._connector: PinnedConnector | None = None
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
        data = self._signatures.encode(message)
        await self._traced("before_send_xml", data)
        if self._traces is None or self._traces.capture is None:
            return await self._answered(None, service, message, data)
        sent = Sent(service=service, message=message, body=data, at=self._signatures.clock.now())
        reply: Message | None = None
        try:
            reply = await self._answered(sent, service, message, data)
        except TransportError as error:
            sent.problem = error
            raise
        finally:
            sent.fingerprint, sent.reply = self.shown, reply
            sent.keep(self._traces.capture, self._host)
        return reply

    async def _answered(
        self, sent: Sent | None, service: ServiceName, message: Message, data: bytes
    ) -> Message | None:
        """Sends a document and returns the message that comes back; None if it is empty."""
        url = f"{self.url}/{service}"
        if self._traces:
            await self._show(direction="out", service=service, body=data, message=message)
        answer = await self._exchange(url, data)
        if sent is not None:
            sent.status, sent.response = answer.status, answer.body
        reply: Message | None = None
        try:
            reply, repairs = await self._read(answer, url, message)
            if sent is not None:
                sent.repairs = repairs
        finally:
            if self._traces:
                seen, status = answer.body, answer.status
                await self._show(
                    direction="in", service=service, body=seen, message=reply, status=status
                )
        return reply

    async def _read(
        self, answer: _Answer, url: str, message: Message
    ) -> tuple[Message | None, tuple[str, ...]]:
        """Returns the message in an answer, None if it is empty, and what was mended."""
        if answer.error is not None:
            raise answer.error
        body = answer.body
        await self._traced("after_receive_xml", body)
        if not body.strip():
            return None, ()
        await self._traced("before_schema_validation", body)
        try:
            document = self._reader.read(body, max_bytes=self._max_bytes)
            signed_object = self._signatures.check(document)
            await self._traced("before_parse_xml", body)
            reply, repairs = self._reader.message(signed_object, document)
        except (XMLError, InvalidData, SignatureError) as error:
            raise self._unusable(error, body, url, message) from error
        await self._traced("after_parse_xml", reply)
        return reply, repairs

    def _unusable(
        self,
        error: XMLError | InvalidData | SignatureError,
        body: bytes,
        url: str,
        message: Message,
    ) -> BadReply:
        """Returns what is wrong with an answer, and what can be done about it."""
        words = str(error)
        if isinstance(error, XMLError):
            words = self._reader.explained(error, body, max_bytes=self._max_bytes)
        return BadReply(f"the answer to {message_name(message)} cannot be used: {words}", url=url)

    @property
    def shown(self) -> str:
        """OpenADR fingerprint of what the VTN showed last; empty without TLS."""
        return self._connector.shown if self._connector is not None else ""

    def reconnect(self) -> None:
        """Has the next message take a new connection, to see whom it reaches then."""
        self._opened = -MAX_AGE

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

    async def _exchange(self, url: str, data: bytes) -> _Answer:
        if self._is_stale():
            await self.close()
        self._renew(url)
        if self._guard is not None:
            self._guard.check(url)
        try:
            return await self._post(url, data)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            # The VTN may have ended a kept connection while it was idle. Operations are
            # idempotent, so the message may go again at once, on a new one.
            if not is_broken_off(error):
                raise unreachable(url, error) from error
        try:
            return await self._post(url, data)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise unreachable(url, error) from error

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

    async def _post(self, url: str, data: bytes) -> _Answer:
        session = self._ensure_session()
        sent = datetime.now(UTC)
        async with session.post(url, data=data, allow_redirects=False) as response:
            self._look_at_clock(sent, response)
            if response.status == 200:
                return await self._body(response, url)
            watched = self._traces is not None and self._traces.watched
            body = await _beginning(response) if watched else b""
            error = status_error(response, url)
            return _Answer(status=response.status, body=body, error=error)

    def _look_at_clock(self, sent: datetime, response: aiohttp.ClientResponse) -> None:
        """Compares the clocks now and then, unless ours is not that of this machine."""
        clock, seconds = self._signatures.clock, asyncio.get_running_loop().time()
        if seconds - self._clock_looked < CLOCK_EVERY or not isinstance(clock, SystemClock):
            return
        self._clock_looked = seconds
        ahead = ahead_of(response.headers.get("Date", ""), sent, datetime.now(UTC))
        if ahead is not None:
            self._reader.health.saw_clock(ahead, clock.now(), self._reader.where)

    async def _body(self, response: aiohttp.ClientResponse, url: str) -> _Answer:
        coding = response.headers.get("Content-Encoding", "identity")
        if coding.strip().lower() != "identity":
            return _bad(f"answer compressed by {coding[:40]!r}, unasked", url)
        if (response.content_length or 0) > self._max_bytes:
            return _bad(f"answer of {response.content_length} bytes", url)
        chunks, size = [], 0
        async for chunk in response.content.iter_chunked(_CHUNK):
            size += len(chunk)
            if size > self._max_bytes:
                response.close()
                return _bad(f"answer of more than {self._max_bytes} bytes", url)
            chunks.append(chunk)
        return _Answer(status=200, body=b"".join(chunks))

    def _ensure_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._opened = asyncio.get_running_loop().time()
            self._connector = PinnedConnector(
                self._pins,
                refuse=WrongPeer,
                who="the VTN",
                fault=self._guard.fault if self._guard is not None else lambda _: "",
                ssl=self._tls or True,
                limit=4,
            )
            self._session = aiohttp.ClientSession(
                connector=self._connector,
                timeout=self._timeout,
                headers=_HEADERS,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    @property
    def _host(self) -> str:
        return self.url.partition("://")[2].partition("/")[0].rpartition("@")[2]

    async def _traced(self, moment: str, what: object) -> None:
        if self._trace is not None:
            await self._trace(moment, what)

    async def _show(self, *, message: Message | None, **what: Any) -> None:
        """Lets the traces see a document."""
        if self._traces is None:
            return
        traffic = Traffic(
            peer=self._host,
            fingerprint=self.shown,
            at=self._signatures.clock.now(),
            message=message_name(message) if message is not None else "",
            **what,
        )
        await self._traces.show(traffic)


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


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Returns the first part of an answer that nobody uses, for those who look."""
    try:
        return await response.content.read(_CHUNK)
    except (aiohttp.ClientError, OSError, TimeoutError):
        return b""


def _bad(problem: str, url: str) -> _Answer:
    return _Answer(status=200, error=BadReply(problem, url=url))
