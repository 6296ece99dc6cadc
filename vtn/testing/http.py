"""A VTN on a port of this machine, and VENs that come over HTTP."""

import ssl
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from certs import Authority, KeyPair, TLSFiles, client_context, openadr_fingerprint, server_context
from oadr.signature import SigningKey
from runtime.clock import FakeClock
from vtn.config import Settings, StoreSettings
from vtn.server import Server
from vtn.testing.configured import Overrides, configured
from vtn.testing.door import HttpDoor
from vtn.testing.empty import write_empty
from vtn.testing.listener import Listener
from vtn.testing.peer import Peer
from vtn.testing.stage import Stage


class World(Stage):
    """A VTN that listens, its clock, and the peers that come to it.

    Attributes:
        server: the VTN; another object after ``restart``.
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
        super().__init__(clock)
        self.folder = folder
        self._settings = settings
        self._handlers = tuple(handlers)
        self._authority = authority
        self._listeners: list[Listener] = []
        self.server = self._made()
        self.watch(under_way=lambda: self.server.pushing)

    def _made(self) -> Server:
        return Server(self._settings, handlers=self._handlers, clock=self.clock)

    @property
    def authority_file(self) -> Path | None:
        """The certificate of the authority; None on plain HTTP."""
        return self._authority.certificate_path if self._authority else None

    def peer(self, name: str = "") -> Peer:
        """Returns a VEN on plain HTTP."""
        return self._added(Peer(HttpDoor(lambda: self.server.url), self.clock.now, name=name))

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
        pem = pair.certificate.read_bytes()
        tls = client_context(TLSFiles(ca=self._authority.certificate_path, pairs=[pair]))
        return self._added(
            Peer(
                HttpDoor(lambda: self.server.url, tls),
                self.clock.now,
                name=ven_name,
                fingerprint=openadr_fingerprint(ssl.PEM_cert_to_DER_cert(pem.decode())),
                pair=pair,
                key=SigningKey.load(pem, pair.key.read_bytes()),
            )
        )

    async def listen(self, peer: Peer) -> Listener:
        """Has a peer listen for what is pushed to it, and register so; over TLS if it can.

        ``peer.pushed`` has what was pushed, and ``peer.ear`` says what it answers.
        """
        tls = None
        if peer.pair is not None and self._authority is not None:
            files = TLSFiles(ca=self._authority.certificate_path, pairs=[peer.pair])
            tls = server_context(files)
        listener = Listener(peer.ear.hear, tls)
        await listener.start()
        self._listeners.append(listener)
        peer.push_address = listener.url
        return listener

    async def close(self) -> None:
        """Stops the VTN and whatever listens."""
        await super().close()
        for listener in self._listeners:
            await listener.stop()

    async def restart(self) -> None:
        """Stops the VTN and starts it again on the same database."""
        await self.server.stop()
        self.server = self._made()
        await self.server.start()


@asynccontextmanager
async def running(
    overrides: Overrides | None = None,
    *,
    handlers: Iterable[object] = (),
    clock: FakeClock | None = None,
    tls: bool = False,
) -> AsyncIterator[World]:
    """Gives a VTN that listens, and stops it afterwards.

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
        }
        if authority is not None:
            sections["tls"] = _server_files(authority, folder)
        await write_empty(folder / "vtn.db")
        now = datetime.now(UTC).replace(microsecond=0)
        settings = configured(sections, overrides)
        if "store" not in (overrides or {}):
            settings = replace(settings, store=StoreSettings(url=str(folder / "vtn.db")))
        world = World(settings, handlers, clock or FakeClock(moment=now), folder, authority)
        await world.server.start()
        try:
            yield world
        finally:
            await world.close()


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
