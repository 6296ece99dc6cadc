"""A VTN to test handlers and VENs against: everything as in production, nothing to set up.

    async with running(handlers=[MyHandler()]) as world:
        peer = world.peer()
        await peer.register("school-7")
        reply = await peer.post(m.Poll(ven_id=peer.ven_id))

The database is a file in a temporary folder, the server listens on a free port of this
machine, and what a peer posts goes over HTTP. With ``tls=True`` there is an authority
that issues a certificate to each VEN. Time stands still until ``world.clock`` is moved.
"""

import asyncio
import io
import ssl
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from certs import Authority, KeyPair, TLSFiles, client_context, openadr_fingerprint
from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from oadr.replies import SERVICE_OF
from oadr.signature import SigningKey, sign
from runtime.clock import FakeClock
from runtime.settings import check
from vtn.config import Settings
from vtn.desk import Desk
from vtn.operator import Operator
from vtn.server import Server
from vtn.store import Store

__all__ = ["Answer", "FakeClock", "Peer", "World", "running"]

Overrides = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back over HTTP.

    Attributes:
        status: of HTTP.
        body: as it came, decompressed.
        headers: of HTTP, without regard to case.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def message(self) -> m.Message | None:
        """The message in it; None if the body is empty."""
        return codec.decode(self.body) if self.body else None

    @property
    def signed(self) -> bool:
        """Whether it carries a signature."""
        return b"<ds:Signature " in self.body


class Peer:
    """A VEN as the VTN sees it: it says what a test makes it say.

    Attributes:
        ven_id: as the VTN gave it; empty until it has registered.
        registration_id: the same.
        fingerprint: of its certificate; empty on plain HTTP.
        pair: the files of its certificate and key; None on plain HTTP.
        key: what it can sign with; None on plain HTTP.
    """

    def __init__(self, world: "World", *, pair: KeyPair | None = None) -> None:
        self.ven_id = ""
        self.registration_id = ""
        self.fingerprint = ""
        self.pair = pair
        self.key: SigningKey | None = None
        self._world = world
        self._tls: ssl.SSLContext | None = None
        if pair is not None:
            pem = pair.certificate.read_bytes()
            self.fingerprint = openadr_fingerprint(ssl.PEM_cert_to_DER_cert(pem.decode()))
            self.key = SigningKey.load(pem, pair.key.read_bytes())
            self._tls = client_context(TLSFiles(ca=world.authority_file, pairs=[pair]))
        self._http = aiohttp.ClientSession()

    async def close(self) -> None:
        """Closes its connections."""
        await self._http.close()

    async def post(
        self, message: m.Message, service: ServiceName | str = "", *, signed: bool = False
    ) -> Any:
        """Returns the reply to a message; None if it is empty.

        Args:
            message: what to say.
            service: where to; that of the message if empty.
            signed: whether to sign it.

        Raises:
            AssertionError: the VTN did not answer with HTTP 200.
        """
        body = self.sign(message) if signed else codec.encode(message)
        answer = await self.raw(service or SERVICE_OF[type(message)], body)
        if answer.status != 200:
            raise AssertionError(f"HTTP {answer.status}: {answer.body[:500]!r}")
        return answer.message

    async def raw(
        self,
        service: str,
        body: Any = b"",
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Returns the HTTP answer to whatever one likes to send.

        Args:
            service: last part of the address.
            body: bytes, or an asynchronous iterator of them, which is sent in chunks.
            method: of HTTP.
            headers: in place of the right Content-Type.
        """
        async with self._http.request(
            method,
            f"{self._world.server.url}/{service}",
            # aiohttp has its doubts about bytes as long as a report can be.
            data=io.BytesIO(body) if isinstance(body, bytes) and len(body) > 500_000 else body,
            headers={"Content-Type": "application/xml"} if headers is None else headers,
            ssl=self._tls or False,
        ) as response:
            return Answer(
                status=response.status, body=await response.read(), headers=response.headers
            )

    def sign(
        self, message: m.Message, *, at: datetime | None = None, nonce: str | None = None
    ) -> bytes:
        """Returns a message with this peer's signature.

        Args:
            message: what to sign.
            at: the moment of signing; that of the clock if None.
            nonce: made up if None.
        """
        if self.key is None:
            raise ValueError("this peer has no key; it needs running(tls=True)")
        now = at or self._world.clock.now()
        return sign(message, self.key, now=now, nonce=nonce or uuid.uuid4().hex)

    async def register(self, name: str, **values: Any) -> m.CreatedPartyRegistration:
        """Registers, and returns the VTN's reply.

        Args:
            name: the venName.
            values: further fields of the oadrCreatePartyRegistration.
        """
        fields: dict[str, Any] = {"request_id": uuid.uuid4().hex, "http_pull_model": True}
        reply = await self.post(m.CreatePartyRegistration(ven_name=name, **(fields | values)))
        if not isinstance(reply, m.CreatedPartyRegistration):
            raise AssertionError(f"expected oadrCreatedPartyRegistration, got {reply!r}")
        if reply.response.ok:
            self.ven_id, self.registration_id = reply.ven_id or "", reply.registration_id or ""
        return reply

    async def poll(self) -> Any:
        """Returns what a poll brings."""
        return await self.post(m.Poll(ven_id=self.ven_id))

    async def settle(self) -> m.Response:
        """Polls and answers the VTN's metadata until nothing waits; returns the last reply."""
        while True:
            reply = await self.poll()
            if not isinstance(reply, m.RegisterReport):
                if not isinstance(reply, m.Response):
                    raise AssertionError(f"expected oadrResponse, got {reply!r}")
                return reply
            response = m.EiResponse(request_id=reply.request_id)
            await self.post(m.RegisteredReport(response=response, ven_id=self.ven_id))


class World:
    """A VTN that runs, its clock, and the peers that come to it.

    Attributes:
        server: the VTN; another object after ``restart``.
        clock: moves only when told.
        folder: where its files are.
    """

    def __init__(
        self,
        settings: Settings,
        handlers: Iterable[object],
        clock: FakeClock,
        folder: Path,
        authority: Authority | None,
    ) -> None:
        self.clock = clock
        self.folder = folder
        self._settings = settings
        self._handlers = tuple(handlers)
        self._authority = authority
        self._peers: list[Peer] = []
        self.server = self._made()

    def _made(self) -> Server:
        return Server(self._settings, handlers=self._handlers, clock=self.clock)

    @property
    def authority_file(self) -> Path | None:
        """The certificate of the authority; None on plain HTTP."""
        return self._authority.certificate_path if self._authority else None

    @property
    def operator(self) -> Operator:
        """What an operator can do."""
        return self.server.operator

    @property
    def desk(self) -> Desk:
        """The parts of the VTN."""
        if self.server.desk is None:
            raise RuntimeError("the VTN does not run")
        return self.server.desk

    def peer(self) -> Peer:
        """Returns a VEN on plain HTTP."""
        return self._added(Peer(self))

    def client(self, ven_name: str) -> Peer:
        """Returns a VEN with a new certificate of its own, issued by the authority."""
        if self._authority is None:
            raise ValueError("there are no certificates; use running(tls=True)")
        stem = uuid.uuid4().hex
        pair = KeyPair(
            certificate=self.folder / f"{stem}.crt",
            key=self.folder / f"{stem}.key",
        )
        issued = self._authority.issue_ven(ven_name, now=datetime.now(UTC))
        issued.save(pair.certificate, pair.key)
        return self._added(Peer(self, pair=pair))

    def _added(self, peer: Peer) -> Peer:
        self._peers.append(peer)
        return peer

    async def restart(self) -> None:
        """Stops the VTN and starts it again on the same database."""
        await self.server.stop()
        self.server = self._made()
        await self.server.start()

    async def close(self) -> None:
        """Stops the VTN and closes the peers' connections."""
        for peer in self._peers:
            await peer.close()
        await self.server.stop()


@asynccontextmanager
async def running(
    overrides: Overrides | None = None,
    *,
    handlers: Iterable[object] = (),
    clock: FakeClock | None = None,
    tls: bool = False,
) -> AsyncIterator[World]:
    """Gives a VTN that runs, and stops it afterwards.

    Args:
        overrides: keys and sections of ``vtn.toml``, in place of defaults that never slow
            a test down.
        handlers: handler objects.
        clock: its clock; one that shows this moment and stands still if None.
        tls: mutual TLS, by an authority of its own; plain HTTP otherwise.
    """
    with TemporaryDirectory(prefix="vtn-") as name:
        folder = Path(name)
        authority = Authority.create(folder / "ca", "Test") if tls else None
        sections: dict[str, Any] = {
            "vtn_id": "vtn",
            "http": {"host": "127.0.0.1", "port": 0, "plain": not tls, "rate": 1e9, "burst": 1e9},
            "store": {"url": f"sqlite+aiosqlite:///{folder / 'vtn.db'}"},
        }
        if authority is not None:
            sections["tls"] = _server_files(authority, folder)
        for section, values in (overrides or {}).items():
            old = sections.get(section)
            sections[section] = old | dict(values) if isinstance(old, dict) else values
        await _prepare(folder / "vtn.db")
        now = datetime.now(UTC).replace(microsecond=0)
        settings = check(sections, Settings)
        world = World(settings, handlers, clock or FakeClock(moment=now), folder, authority)
        await world.server.start()
        try:
            yield world
        finally:
            await world.close()


#: An empty database, made once in a process: the migrations take longer than most tests.
_empty: list[bytes] = []


async def _prepare(file: Path) -> None:
    if not _empty:
        store = await Store.open(file)
        await store.close()
        _empty.append(await asyncio.to_thread(file.read_bytes))
    else:
        await asyncio.to_thread(file.write_bytes, _empty[0])


def _server_files(authority: Authority, folder: Path) -> dict[str, str]:
    certificate, key = folder / "vtn.crt", folder / "vtn.key"
    issued = authority.issue_vtn(["127.0.0.1", "localhost"], now=datetime.now(UTC))
    issued.save(certificate, key)
    return {
        "certificate": str(certificate),
        "key": str(key),
        "ca": str(authority.certificate_path),
        "crl": str(authority.crl_path),
    }
