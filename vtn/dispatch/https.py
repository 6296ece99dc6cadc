"""The way to a VEN that listens: HTTPS, a client certificate, and one certain server.

Each message takes a connection of its own: VENs are many and messages few, and so nothing
goes over a connection whose certificate has expired, or been taken from the VEN, since it
was opened (R516).

Spec: sections 9.1 and 9.2; rules 53 and 67.
"""

import asyncio
import io
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from certs.pinning import PinnedConnector, fingerprint_digits
from certs.standing import OwnEnd
from oadr.codec import CONTENT_TYPE
from oadr.enums import ServiceName
from runtime.clock import Clock
from vtn.config import PATH, Settings, passphrase_of
from vtn.dispatch.address import Allowed, address_of, is_disguised
from vtn.dispatch.posting import MAX_BYTES, Reply
from vtn.dispatch.undelivered import Undelivered
from vtn.paths import PATH_A
from vtn.roster import Member

_HEADERS = {
    "Content-Type": CONTENT_TYPE,
    "Accept": CONTENT_TYPE,
    # Answers are short, and what is not compressed cannot grow when it is unpacked.
    "Accept-Encoding": "identity",
    "User-Agent": "openadr-kit",
}
_CHUNK = 64 * 1024
#: aiohttp has its doubts about bytes as long as a report can be.
_LONG = 500_000
#: Whom a VTN without certificates talks to where nobody has said anything else.
_THIS_MACHINE = ("127.0.0.0/8", "::1/128", "localhost")


class HttpsPost:
    """POSTs documents to VENs.

    Args:
        settings: certificates, time limit and allowed networks.
        clock: by which certificates of VENs count.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        tls = settings.tls
        self._secure = tls.certificate is not None
        own = (tls.certificate, tls.rsa_certificate)
        self._own = OwnEnd(*(one for one in own if one is not None))
        self._timeout = aiohttp.ClientTimeout(total=settings.push.timeout.total_seconds())
        entries = settings.push.networks
        if not entries and not self._secure and not settings.http.force_plain:
            entries = _THIS_MACHINE
        self._allowed = Allowed(entries)
        # A name that leads nowhere takes a thread for long: as many threads as VENs that are
        # talked to, so that no other waits for one, and none that others of this process use.
        self._threads = ThreadPoolExecutor(settings.push.concurrency, "look for a VEN")

    async def __call__(self, member: Member, service: ServiceName, body: bytes) -> Reply:
        """Returns what comes back from a VEN, whatever its status.

        Raises:
            Undelivered: nothing came back, or the wrong server is there.
        """
        path = PATH_A if member.admitted else PATH
        url = address_of(member.push_address or "", service, path)
        self._check_own()
        pins = self._pins(member)
        self._check_host(url)
        connector = PinnedConnector(
            pins,
            refuse=lambda words: Undelivered(f"{words}; nothing was sent", rule="R517"),
            who="the VEN",
            ssl=self._context if url.scheme == "https" else True,
            resolver=_Resolver(self._allowed, self._threads),
            use_dns_cache=False,
            force_close=True,
            limit=1,
        )
        try:
            return await self._exchange(connector, url, body)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise Undelivered(_words(error), rule=_rule(error)) from error

    async def _exchange(self, connector: PinnedConnector, url: URL, body: bytes) -> Reply:
        async with aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            headers=_HEADERS,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        ) as session:
            data = io.BytesIO(body) if len(body) > _LONG else body
            async with session.post(url, data=data, allow_redirects=False) as response:
                return Reply(
                    status=response.status,
                    body=await (_body if response.status == 200 else _beginning)(response),
                    headers=response.headers,
                    fingerprint=connector.shown,
                    certificate=connector.certificate,
                )

    def _check_own(self) -> None:
        """Checks that our own certificate may still be used.

        Raises:
            Undelivered: it has expired (R516).
        """
        end = self._own.at
        if end is not None and self._own.expired:
            words = f"the certificate of this VTN has expired: {end:%Y-%m-%d %H:%M} UTC"
            raise Undelivered(f"{words}; nothing was sent", rule="R516")

    def _pins(self, member: Member) -> tuple[str, ...] | None:
        """Returns the certificates that prove that a server is this VEN; None on a test bench.

        Raises:
            Undelivered: none does.
        """
        now = self._clock.now()
        valid = [one for one in member.certificates if member.accepts(one, now)]
        if not self._secure and not valid:
            return None
        if not valid:
            raise Undelivered("no certificate of this VEN is valid; nothing was sent", rule="R516")
        return tuple(fingerprint_digits(one) for one in valid)

    def _check_host(self, url: URL) -> None:
        """Checks an address that is written as an IP address; names are checked as found."""
        host = url.host or ""
        try:
            ok = self._allowed.names(host) or self._allowed.holds(host)
        except ValueError:
            ok = not is_disguised(host)
        if not ok:
            raise _forbidden(host)

    @cached_property
    def _context(self) -> ssl.SSLContext | bool:
        """Proves who this VTN is, and lets in who comes from the authority of the VENs.

        The name of the host does not count: a VEN's certificate often has none, and it is
        known by its fingerprint.
        """
        tls = self._settings.tls
        if tls.certificate is None or tls.key is None:
            return True
        from certs import KeyPair, Profile, TLSFiles, live_client_context

        word = passphrase_of(self._settings)
        pairs = [KeyPair(certificate=tls.certificate, key=tls.key, passphrase=word)]
        if tls.rsa_certificate is not None and tls.rsa_key is not None:
            pairs.append(KeyPair(certificate=tls.rsa_certificate, key=tls.rsa_key, passphrase=word))
        files = TLSFiles(ca=tls.ca, pairs=pairs, crl=tls.crl)
        return live_client_context(files, profile=Profile(tls.profile), check_hostname=False)


class _Resolver(AbstractResolver):
    """Finds the addresses of a host, those of them that may be talked to."""

    def __init__(self, allowed: Allowed, threads: ThreadPoolExecutor) -> None:
        self._allowed = allowed
        self._threads = threads

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Returns those of the addresses that may be talked to."""
        look = partial(
            socket.getaddrinfo,
            host,
            port,
            type=socket.SOCK_STREAM,
            family=family,
            flags=socket.AI_ADDRCONFIG,
        )
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look)
        named = self._allowed.names(host)
        usable = [
            _result(host, one) for one in found if named or self._allowed.holds(str(one[4][0]))
        ]
        if not usable:
            raise _forbidden(host)
        return usable

    async def close(self) -> None:
        """Does nothing: the threads are those of all connections."""


def _result(host: str, info: tuple[Any, ...]) -> ResolveResult:
    family, _, protocol, _, address = info
    return ResolveResult(
        hostname=host,
        host=address[0],
        port=address[1],
        family=family,
        proto=protocol,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


def _forbidden(host: str) -> Undelivered:
    return Undelivered(f"{host} is not among [push] networks; nothing was sent")


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """Returns the body of a response.

    Raises:
        Undelivered: it is compressed, though nobody asked for that, or too long.
    """
    coding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if coding != "identity":
        raise Undelivered(f"its answer is compressed by {coding[:40]!r}", garbled=True, rule="R53")
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > MAX_BYTES:
            raise Undelivered(f"its answer has more than {MAX_BYTES} bytes", garbled=True)
    return bytes(body)


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Returns the first part of a response whose status says it all, for those who look."""
    try:
        return await response.content.read(_CHUNK)
    except (aiohttp.ClientError, OSError, TimeoutError):
        return b""


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error}"
    return str(error) or type(error).__name__


def _rule(error: BaseException) -> str:
    wrong: tuple[Any, ...] = (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError)
    return "R516" if isinstance(error, wrong) else ""
