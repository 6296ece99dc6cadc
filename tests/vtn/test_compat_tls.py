"""OpenLEADR's arguments for TLS, with VENs that have certificates."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from certs import Authority, KeyPair, TLSFiles, client_context, openadr_fingerprint
from oadr import messages as m
from oadr.signature import SigningKey
from tests.vtn.compat_kit import Application, a_server, running
from vtn.testing import Peer
from vtn.testing.door import HttpDoor


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create(tmp_path / "ca", "Test")


class Grid:
    """A server with TLS and its VENs."""

    def __init__(self, application: Application, authority: Authority, folder: Path) -> None:
        self.application = application
        self.server = application.server
        self._authority = authority
        self._folder = folder
        self._peers: list[Peer] = []

    def ven(self, name: str) -> Peer:
        """A VEN with a certificate of its own."""
        pair = KeyPair(certificate=self._folder / f"{name}.crt", key=self._folder / f"{name}.key")
        self._authority.issue_ven(name, now=datetime.now(UTC)).save(pair.certificate, pair.key)
        pem = pair.certificate.read_bytes()
        tls = client_context(TLSFiles(ca=self._authority.certificate_path, pairs=[pair]))
        peer = Peer(
            HttpDoor(lambda: self.server.url, tls),
            self.application.clock.now,
            name=name,
            fingerprint=openadr_fingerprint(ssl.PEM_cert_to_DER_cert(pem.decode())),
            pair=pair,
            key=SigningKey.load(pem, pair.key.read_bytes()),
        )
        self._peers.append(peer)
        return peer

    async def close(self) -> None:
        """Ends the VENs."""
        for peer in self._peers:
            await peer.close()


@asynccontextmanager
async def _grid(authority: Authority, folder: Path, **values: Any) -> AsyncIterator[Grid]:
    certificate, key = folder / "vtn.crt", folder / "vtn.key"
    issued = authority.issue_vtn(["127.0.0.1", "localhost"], now=datetime.now(UTC))
    issued.save(certificate, key)
    server = a_server(
        http_cert=str(certificate),
        http_key=str(key),
        http_ca_file=str(authority.certificate_path),
        **values,
    )
    async with running(server) as application:
        grid = Grid(application, authority, folder)
        try:
            yield grid
        finally:
            await grid.close()


async def test_the_registration_handler_is_told_the_fingerprint(
    authority: Authority, tmp_path: Path
) -> None:
    seen: list[str] = []

    def on_create_party_registration(info: dict[str, Any]) -> tuple[str, str]:
        seen.append(info["fingerprint"])
        return info["ven_name"], "reg"

    async with _grid(authority, tmp_path) as grid:
        grid.server.add_handler("on_create_party_registration", on_create_party_registration)
        peer = grid.ven("ven1")
        assert grid.server.url.startswith("https://")
        assert (await peer.register()).code == 200
    assert seen == [peer.fingerprint]


@pytest.mark.parametrize("coroutine", [False, True])
async def test_the_fingerprint_that_the_application_looks_up_must_be_that_of_the_connection(
    authority: Authority, tmp_path: Path, coroutine: bool
) -> None:
    known: dict[str, str] = {}

    def lookup(ven_id: str) -> str | None:
        return known.get(ven_id)

    async def looked_up(ven_id: str) -> str | None:
        return known.get(ven_id)

    chosen = looked_up if coroutine else lookup
    async with _grid(authority, tmp_path, fingerprint_lookup=chosen) as grid:
        peer = grid.ven("ven1")
        await peer.register()
        known["ven1"] = peer.fingerprint
        assert not isinstance(await peer.poll(), m.RequestReregistration)
        for wrong in ("00:11:22:33:44:55:66:77:88:99", ""):
            known["ven1"] = wrong
            reply = await peer.post(m.RequestEvent(request_id="r", ven_id="ven1"))
            assert reply.response.code == 463


async def test_ven_lookup_takes_over_a_ven_that_only_the_application_remembers(
    authority: Authority, tmp_path: Path
) -> None:
    known: dict[str, dict[str, str]] = {}
    async with _grid(authority, tmp_path, ven_lookup=lambda ven_id: known.get(ven_id)) as grid:
        peer = grid.ven("ven1")
        peer.ven_id = "ven1"
        known["ven1"] = {
            "ven_id": "ven1",
            "ven_name": "ven1",
            "fingerprint": peer.fingerprint,
            "registration_id": "reg-before",
        }
        assert isinstance(await peer.poll(), m.Response | m.RegisterReport)
        stranger = grid.ven("ven2")
        stranger.ven_id = "ven1"
        assert (
            await stranger.post(m.RequestEvent(request_id="r", ven_id="ven1"))
        ).response.code == 463


@pytest.mark.parametrize(("verify", "code"), [(True, 463), (False, 200)])
async def test_a_bad_signature_is_refused_unless_signatures_are_not_verified(
    authority: Authority, tmp_path: Path, verify: bool, code: int
) -> None:
    async with _grid(authority, tmp_path, verify_message_signatures=verify) as grid:
        peer, other = grid.ven("ven1"), grid.ven("ven2")
        await peer.register()
        peer.key = other.key
        reply = await peer.post(m.RequestEvent(request_id="r", ven_id="ven1"), signed=True)
        assert reply.response.code == code
