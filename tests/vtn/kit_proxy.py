"""A VTN behind a proxy that is not there: the test writes the proxy's headers itself."""

import base64
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp
from multidict import CIMultiDict

from certs import Fingerprints, fingerprints
from oadr import codec
from oadr import messages as m
from oadr.replies import SERVICE_OF
from tests.vtn.kit import Open
from vtn.proxy.gate import Gate
from vtn.testing import Answer, Peer, World, running
from vtn.testing.door import XML

HEADER = "X-SSL-Client-Cert"
#: Where the listed proxy is, and where somebody else is.
LISTED, ELSEWHERE = "127.0.0.1", "127.0.0.2"
Headers = Mapping[str, str] | Sequence[tuple[str, str]]


class Hop:
    """A connection that comes from a certain address, with headers of its own.

    Args:
        world: the VTN.
        headers: that each request has beside its Content-Type.
        address: of this machine, where it comes from.
        tls: what proves who comes; None on plain HTTP.
    """

    def __init__(
        self,
        world: World,
        headers: Headers = (),
        *,
        address: str = LISTED,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.headers = headers
        self._world = world
        self._tls = tls
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(local_addr=(address, 0)),
            skip_auto_headers=("User-Agent",),
        )

    async def send(
        self, service: str, body: Any, *, method: str, headers: Mapping[str, str] | None
    ) -> Answer:
        sent = CIMultiDict(XML if headers is None else headers)
        sent.extend(self.headers)
        url = f"{self._world.server.url}/{service}"
        async with self._http.request(
            method, url, data=body, headers=sent, ssl=self._tls or False
        ) as response:
            return Answer(
                status=response.status, body=await response.read(), headers=response.headers
            )

    async def close(self) -> None:
        await self._http.close()


@asynccontextmanager
async def behind(
    http: Mapping[str, Any] | None = None, *, handlers: Sequence[object] = (), **section: Any
) -> AsyncIterator[World]:
    """Gives a VTN on plain HTTP with certificates for its VENs, and ``[proxy]``."""
    overrides = {
        "http": {"plain": True} | dict(http or {}),
        "proxy": {"networks": [LISTED]} | section,
    }
    async with running(overrides, handlers=[Open(), *handlers], tls=True) as world:
        yield world


def reach(world: World, headers: Headers = (), **how: Any) -> Peer:
    """Returns a peer that comes with certain headers."""
    return world._added(Peer(Hop(world, headers, **how), world.clock.now))


def certificate_of(peer: Peer) -> bytes:
    """Returns the certificate of a peer, PEM."""
    assert peer.pair is not None
    return peer.pair.certificate.read_bytes()


def prints(peer: Peer) -> Fingerprints:
    return fingerprints(certificate_of(peer))


def as_pem(peer: Peer) -> str:
    return quote(certificate_of(peer), safe="")


def as_der(peer: Peer) -> str:
    return base64.b64encode(ssl.PEM_cert_to_DER_cert(certificate_of(peer).decode())).decode()


def shown(world: World, name: str, **how: Any) -> Peer:
    """Returns a VEN with a certificate of its own, which the proxy passes on in ``HEADER``."""
    ven = world.client(name)
    peer = reach(world, {HEADER: as_pem(ven)}, **how)
    peer.name, peer.fingerprint, peer.pair = name, ven.fingerprint, ven.pair
    return peer


def gate_of(world: World) -> Gate:
    endpoint = world.server._endpoint
    assert endpoint is not None
    gate = endpoint._identity._gate
    assert gate is not None
    return gate


async def status(peer: Peer, message: Any = None) -> int:
    """Returns the HTTP status that comes back for a message, or for a query."""
    asked = message or m.QueryRegistration(request_id="q")
    return (await peer.raw(SERVICE_OF[type(asked)], codec.encode(asked))).status
