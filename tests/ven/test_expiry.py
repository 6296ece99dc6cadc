"""What ends stops at once on this side too, also on open connections (R516), and is told before.

Certificates live for seconds here; TLS knows no time but the real one.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from certs import Authority, KeyPair, TLSFiles, client_context, fingerprints, live_server_context
from certs.folder import Issued
from certs.light import openadr_fingerprint as fingerprint
from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from runtime.clock import SystemClock
from runtime.errors import ConfigError
from tests.ven.test_transport import OK, POLL, Server, serve
from ven.client import Client
from ven.config import load
from ven.connection import Connection
from ven.errors import Unreachable
from ven.expiry import Watch, certificate_warnings
from ven.health import Health
from ven.options import Options
from ven.peer import Peer
from ven.push import Listening
from ven.testing import ScriptedVTN, until
from ven.transport import HttpTransport

SHORT = timedelta(seconds=4)
DAY = timedelta(days=1)
METADATA = codec.encode(m.RegisterReport(request_id="q", ven_id="ven-1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """An authority, and a folder for what it issues."""

    folder: Path
    authority: Authority

    def put(self, issued: Issued, name: str) -> Path:
        """Puts certificate and key in place of those that were there, and returns the first."""
        issued.save(self.folder / "new.crt", self.folder / "new.key")
        for kind in ("key", "crt"):
            os.replace(self.folder / f"new.{kind}", self.folder / f"{name}.{kind}")
        return self.folder / f"{name}.crt"

    def vtn(self, valid_for: timedelta = DAY, *, name: str = "vtn") -> Path:
        issued = self.authority.issue_vtn(("127.0.0.1",), valid_for=valid_for)
        return self.put(issued, name)

    def ven(self, valid_for: timedelta = DAY, *, name: str = "ven") -> Path:
        return self.put(self.authority.issue_ven(name, valid_for=valid_for), name)

    def pair(self, name: str) -> KeyPair:
        return KeyPair(certificate=self.folder / f"{name}.crt", key=self.folder / f"{name}.key")

    def files(self, name: str) -> TLSFiles:
        return TLSFiles(ca=self.authority.certificate_path, pairs=[self.pair(name)])

    def connection(self, port: int, **changes: Any) -> Connection:
        arguments: dict[str, Any] = {
            "url": f"https://127.0.0.1:{port}",
            "cert": self.folder / "ven.crt",
            "key": self.folder / "ven.key",
            "ca_file": self.authority.certificate_path,
        }
        return Connection(**(arguments | changes))


@pytest.fixture
def programme(tmp_path: Path) -> Programme:
    return Programme(folder=tmp_path, authority=Authority.create(tmp_path / "ca", "Test"))


@asynccontextmanager
async def served(
    programme: Programme, **changes: Any
) -> AsyncIterator[tuple[Server, HttpTransport]]:
    """Gives a VTN whose certificate follows its file, and a VEN's way to it."""
    server = Server()
    runner = await serve(server, live_server_context(programme.files("vtn")))
    transport = programme.connection(server.port, **changes).transport(SystemClock())
    try:
        yield server, transport
    finally:
        await transport.close()
        await runner.cleanup()


async def polled(transport: HttpTransport) -> object:
    return await transport(ServiceName.OADR_POLL, POLL)


async def until_stopped(transport: HttpTransport) -> str:
    """Polls until nothing is sent any more, and returns why."""
    async with asyncio.timeout(30):
        while True:
            try:
                await polled(transport)
            except Unreachable as error:
                return str(error)
            await asyncio.sleep(0.05)


async def test_r516_nothing_is_sent_to_a_vtn_whose_certificate_expires_on_an_open_connection(
    programme: Programme,
) -> None:
    end = programme.vtn(SHORT)
    programme.ven()
    async with served(programme) as (server, transport):
        assert await polled(transport) == OK
        assert "certificate has expired" in await until_stopped(transport)
        heard = len(server.seen)
        assert len(set(server.peers)) == 1
        with pytest.raises(Unreachable):
            await polled(transport)
        assert len(server.seen) == heard
        assert end.exists()


async def test_a_vtn_that_changes_its_certificate_in_time_loses_no_message(
    programme: Programme,
) -> None:
    programme.vtn(SHORT)
    programme.ven()
    async with served(programme) as (server, transport):
        assert await polled(transport) == OK
        programme.put(programme.authority.renew("127.0.0.1"), "vtn")
        async with asyncio.timeout(30):
            while len(set(server.peers)) == 1:
                assert await polled(transport) == OK
                await asyncio.sleep(0.05)
        assert await polled(transport) == OK


async def test_r516_nothing_is_sent_with_an_expired_certificate_of_our_own(
    programme: Programme,
) -> None:
    programme.vtn()
    programme.ven(SHORT)
    async with served(programme) as (server, transport):
        assert await polled(transport) == OK
        words = await until_stopped(transport)
        assert "the certificate of this VEN has expired" in words
        assert "vtn ven renew" in words
        heard = len(server.seen)
        programme.put(programme.authority.renew("ven"), "ven")
        async with asyncio.timeout(30):
            while len(server.seen) == heard:
                try:
                    assert await polled(transport) == OK
                except Unreachable:
                    await asyncio.sleep(0.05)


async def test_r516_a_vtn_that_the_list_names_is_told_nothing_on_an_open_connection(
    programme: Programme,
) -> None:
    programme.vtn()
    programme.ven()
    crl = programme.authority.crl_path
    async with served(programme, crl_file=crl) as (server, transport):
        assert await polled(transport) == OK
        assert await polled(transport) == OK
        programme.authority.revoke("127.0.0.1")
        with pytest.raises(Unreachable, match="certificate revoked"):
            await polled(transport)
        assert len(server.seen) == 2


async def test_several_fingerprints_let_a_vtn_change_its_certificate(programme: Programme) -> None:
    first = fingerprints(programme.vtn().read_bytes()).openadr
    programme.ven()
    issued = programme.authority.renew("127.0.0.1")
    second = fingerprints(issued.certificate_pem).sha256
    async with served(programme, vtn_fingerprint=f"{first}, {second}") as (_, transport):
        assert await polled(transport) == OK
        programme.put(issued, "vtn")
        transport.reconnect()
        assert await polled(transport) == OK


@pytest.mark.parametrize("pins", [",", " , ", "00:11,"])
async def test_what_holds_no_fingerprint_is_no_permission(pins: str) -> None:
    with pytest.raises(ValueError, match="no fingerprint"):
        Connection(url="https://vtn", vtn_fingerprint=pins).transport(SystemClock())


def test_several_fingerprints_may_stand_in_the_configuration(tmp_path: Path) -> None:
    one, two = ":".join(["AA"] * 10), "BB" * 32
    path = tmp_path / "ven.toml"
    head = 'ven_name = "x"\nvtn_url = "https://vtn.example"\n'
    tls = '[tls]\ncertificate = "a"\nkey = "b"\nca = "c"\ncrl = "d"\n'
    path.write_text(f'{head}{tls}vtn_fingerprint = ["{one}", "{two}"]\n')
    found = load(path).tls
    assert found is not None
    assert found.vtn_fingerprint == f"{one}, {two}"
    assert found.crl == tmp_path / "d"
    for wrong in ("[]", "[1]", '[" "]'):
        path.write_text(f"{head}{tls}vtn_fingerprint = {wrong}\n")
        with pytest.raises(ConfigError, match="list of fingerprints"):
            load(path)


def test_several_certificates_of_the_vtn_may_push() -> None:
    first, second = b"one", b"two"
    pins = f"{fingerprint(first)}, {fingerprint(second)}"
    peer = Peer(pins, str)
    assert peer.knows(first)
    assert peer.knows(second)
    assert not peer.knows(b"three")
    assert peer.may_be(fingerprint(second))
    assert not peer.may_be(fingerprint(b"three"))


# ---------------------------------------------------------------- what the VTN pushes


@asynccontextmanager
async def listening(programme: Programme) -> AsyncIterator[Client]:
    """Gives a VEN that listens."""
    pin = fingerprints((programme.folder / "caller.crt").read_bytes()).openadr
    where = Listening(host="127.0.0.1", port=0, vtn_fingerprint=pin)
    crl = programme.authority.crl_path
    connection = programme.connection(1, listen=where, crl_file=crl)
    options = Options(ven_name="ven-1", push_address="https://ven.example")
    vtn = ScriptedVTN()
    client = Client("ven-1", "", options=options, connection=connection, exchange=vtn)
    await client.start()
    try:
        await until(lambda: m.RequestEvent in {type(one) for _, one in vtn.received})
        yield client
    finally:
        await client.stop()


async def until_refused(programme: Programme, client: Client, act: Any) -> tuple[str, str]:
    """Pushes on one connection, acts, and returns the answer and header of the refusal."""
    tls = client_context(programme.files("caller"), check_hostname=False)
    headers = {"Content-Type": codec.CONTENT_TYPE}
    url = f"https://127.0.0.1:{client.push_port}/OpenADR2/Simple/2.0b/EiReport"
    connector = aiohttp.TCPConnector(ssl=tls, limit=1)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        acted = False
        async with asyncio.timeout(30):
            while True:
                async with session.post(url, data=METADATA) as response:
                    if response.status == 403:
                        assert acted
                        return await response.text(), response.headers["Connection"]
                    assert response.status == 200
                if not acted:
                    act()
                    acted = True
                await asyncio.sleep(0.05)


async def test_r516_a_vtn_that_is_revoked_pushes_no_more_on_its_open_connection(
    programme: Programme,
) -> None:
    programme.ven()
    programme.ven(name="caller")
    async with listening(programme) as client:

        def act() -> None:
            programme.authority.revoke("caller")

        words, connection = await until_refused(programme, client, act)
    assert "the client certificate is revoked" in words
    assert connection == "close"


async def test_r516_nothing_is_answered_with_an_expired_certificate_of_our_own(
    programme: Programme,
) -> None:
    programme.ven(SHORT)
    programme.ven(name="caller")
    async with listening(programme) as client:
        words, connection = await until_refused(programme, client, lambda: None)
    assert "the certificate of this server has expired" in words
    assert connection == "close"


# ---------------------------------------------------------------- told before


def test_everything_that_a_ven_needs_is_looked_at(programme: Programme) -> None:
    own = programme.ven(10 * DAY)
    ca, crl = programme.authority.certificate_path, programme.authority.crl_path
    real = datetime.now(UTC)
    found = certificate_warnings(certificate=own, ca=ca, crl=crl, vtn_until=real + 20 * DAY)
    assert [(one.who, one.what) for one in found] == [
        ("this VEN", "certificate"),
        ("the VTN", "certificate"),
    ]
    assert "ven renew" in found[0].todo
    late = certificate_warnings(
        certificate=own, ca=ca, crl=crl, signing=own, real=real + 20 * 365 * DAY
    )
    assert {(one.who, one.what) for one in late} == {
        ("this VEN", "certificate"),
        ("this VEN", "signing certificate"),
        ("the authority", "certificate"),
        ("the authority", "revocation list"),
    }
    assert certificate_warnings(certificate=None, ca=None) == []
    assert certificate_warnings(certificate=ca.parent / "none", ca=crl, crl=ca) == []


async def test_a_ven_that_runs_tells_the_log_once(
    programme: Programme, caplog: pytest.LogCaptureFixture
) -> None:
    programme.vtn(2 * DAY)
    programme.ven(10 * DAY)
    server = Server()
    runner = await serve(server, live_server_context(programme.files("vtn")))
    client = Client("ven", "", connection=programme.connection(server.port))
    with caplog.at_level(logging.WARNING, "openadr.ven"):
        await client.start()
        await until(lambda: "certificate of this VEN ends in 9 days" in caplog.text)
        await until(lambda: client.health.vtn_until is not None)
        await client.stop()
    await runner.cleanup()
    assert client.health.vtn_until is not None
    again = Health()
    again.load(client.health.as_json())
    assert again.vtn_until == client.health.vtn_until


def test_each_threshold_is_told_once(
    programme: Programme, caplog: pytest.LogCaptureFixture
) -> None:
    own = programme.ven(10 * DAY)
    watch = Watch(certificate=own, vtn_until=lambda: datetime.now(UTC) - DAY, where={"ven": "x"})
    with caplog.at_level(logging.WARNING, "openadr.ven"):
        watch.look()
        watch.look()
    levels = [(one.levelname, vars(one)["ven"]) for one in caplog.records]
    assert levels.count(("WARNING", "x")) == 1
    assert "certificate of the VTN has ended" in caplog.text
