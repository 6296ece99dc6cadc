"""The VEN's own HTTPS server, over real connections."""

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from certs import Authority, fingerprints
from oadr import codec
from oadr import messages as m
from oadr.codec import CONTENT_TYPE
from runtime.errors import ConfigError
from tests.ven.push_kit import PUSHED
from ven.client import Client
from ven.connection import Connection
from ven.options import Options
from ven.push import Listening
from ven.testing import ScriptedVTN, until

XML = {"Content-Type": CONTENT_TYPE}
BASE = "/OpenADR2/Simple/2.0b"
METADATA = codec.encode(m.RegisterReport(request_id="q", ven_id="ven-1"))
HEAD = f"POST {BASE}/EiReport HTTP/1.1\r\nHost: x\r\nContent-Type: {CONTENT_TYPE}\r\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of one programme, and one of another."""
    folder = tmp_path_factory.mktemp("programme")
    authority = Authority.create(folder / "ca", "Test programme")
    authority.issue_vtn(("localhost", "127.0.0.1")).save(folder / "vtn.crt", folder / "vtn.key")
    for name in ("ven", "other"):
        authority.issue_ven(name).save(folder / f"{name}.crt", folder / f"{name}.key")
    stranger = Authority.create(folder / "elsewhere", "Another programme")
    stranger.issue_vtn(("localhost",)).save(folder / "foe.crt", folder / "foe.key")
    return folder


def context(folder: Path, name: str | None) -> ssl.SSLContext:
    """Returns how somebody with a certificate of that name calls."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.load_verify_locations(folder / "ca" / "ca.crt")
    if name is not None:
        made.load_cert_chain(folder / f"{name}.crt", folder / f"{name}.key")
    return made


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Any
    body: bytes


@dataclass
class Door:
    """A VEN that listens.

    Attributes:
        ven: the VEN.
        vtn: what it registers with.
        tls: how the VTN calls it; None for plain HTTP.
    """

    ven: Client
    vtn: ScriptedVTN
    tls: ssl.SSLContext | None

    @property
    def url(self) -> str:
        scheme = "http" if self.tls is None else "https"
        return f"{scheme}://127.0.0.1:{self.ven.push_port}"

    async def call(
        self,
        path: str = f"{BASE}/EiReport",
        body: Any = METADATA,
        *,
        method: str = "POST",
        headers: dict[str, str] = XML,
        tls: ssl.SSLContext | None = None,
    ) -> Answer:
        connector = aiohttp.TCPConnector(ssl=tls or self.tls or True)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, f"{self.url}{path}", data=body, headers=headers) as response,
        ):
            return Answer(response.status, response.headers, await response.read())

    async def talk(self, data: bytes, *, head: bool = False) -> bytes:
        """Returns all that is said to some bytes, until it hangs up; or just the first head."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.ven.push_port, ssl=self.tls
        )
        try:
            writer.write(data)
            await writer.drain()
            async with asyncio.timeout(5):
                return await (reader.readuntil(b"\r\n\r\n") if head else reader.read())
        finally:
            writer.close()


@asynccontextmanager
async def listening(
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    *,
    plain: bool = False,
    max_bytes: int = codec.MAX_BYTES,
    vtn_fingerprint: str | None = None,
    **where: Any,
) -> AsyncIterator[Door]:
    """A VEN that listens; at the end a good message still works and no fault was logged."""
    place: dict[str, Any] = {"host": "127.0.0.1", "port": 0} | where
    files: dict[str, Any] = {
        "cert": folder / "ven.crt",
        "key": folder / "ven.key",
        "ca_file": folder / "ca" / "ca.crt",
    }
    connection = Connection(
        url="http://vtn.example" if plain else "https://vtn.example",
        listen=Listening(**place),
        max_bytes=max_bytes,
        vtn_fingerprint=vtn_fingerprint or (None if plain else sha256(folder, "vtn")),
        **({} if plain else files),
    )
    vtn = ScriptedVTN()
    options = Options(ven_name="ven-1", push_address="https://ven.example")
    ven = Client("ven-1", "", options=options, connection=connection, exchange=vtn)
    await ven.start()
    try:
        await until(lambda: m.RequestEvent in {type(one) for _, one in vtn.received})
        door = Door(ven, vtn, None if plain else context(folder, "vtn"))
        caplog.clear()
        yield door
        assert (await door.call(f"{place.get('path_prefix', '')}{BASE}/EiReport")).status == 200
    finally:
        await ven.stop()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def sha256(folder: Path, name: str) -> str:
    return fingerprints((folder / f"{name}.crt").read_bytes()).sha256


# ---------------------------------------------------------------- HTTP


async def test_r38_r53_r511_the_vtn_pushes_over_mutual_tls_and_gets_its_answer(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(folder, caplog) as door:
        answer = await door.call()
        assert answer.status == 200
        assert isinstance(codec.decode(answer.body), m.RegisteredReport)
        assert answer.headers["Content-Type"] == CONTENT_TYPE
        assert answer.headers["Content-Length"] == str(len(answer.body))
        assert "Transfer-Encoding" not in answer.headers


async def test_r51_r53_the_response_to_events_is_200_and_empty(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(folder, caplog) as door:
        shot = m.DistributeEvent(request_id="q", vtn_id=door.vtn.vtn_id)
        answer = await door.call(f"{BASE}/EiEvent", codec.encode(shot))
        assert (answer.status, answer.body) == (200, b"")
        assert answer.headers["Content-Length"] == "0"


@pytest.mark.parametrize(
    ("path", "method", "headers", "status"),
    [
        ("EiReport", "GET", XML, 501),
        ("EiReport", "PUT", XML, 501),
        ("EiReport", "OPTIONS", XML, 501),
        ("EiNothing", "GET", XML, 501),
        ("OadrPoll", "POST", XML, 404),
        ("EiNothing", "POST", XML, 404),
        ("EiReport/", "POST", XML, 404),
        ("eireport", "POST", XML, 404),
        ("EiEvent", "POST", XML, 404),
        ("EiOpt", "POST", XML, 404),
        ("EiRegisterParty", "POST", XML, 404),
        ("EiReport", "POST", {"Content-Type": "text/xml"}, 406),
        ("EiReport", "POST", {"Content-Type": ""}, 406),
        ("EiReport", "POST", {"Content-Type": CONTENT_TYPE, "Content-Encoding": "gzip"}, 406),
        ("EiReport", "POST", {"Content-Type": f"{CONTENT_TYPE}; charset=utf-8"}, 200),
        ("%45iReport", "POST", XML, 200),
        ("./EiReport", "POST", XML, 200),
    ],
)
async def test_section_2_12_the_status_says_what_is_wrong_with_a_request(
    folder: Path,
    path: str,
    method: str,
    headers: dict[str, str],
    status: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with listening(folder, caplog, plain=True) as door:
        answer = await door.call(f"{BASE}/{path}", method=method, headers=headers)
        assert answer.status == status
        warnings = [one for one in caplog.records if one.levelno >= logging.WARNING]
        assert len(warnings) == (status != 200)


async def test_r511_the_services_are_below_the_prefix_and_nowhere_else(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(folder, caplog, plain=True, path_prefix="/school-7") as door:
        assert (await door.call(f"{BASE}/EiReport")).status == 404
        assert (await door.call(f"/school-7{BASE}/EiReport")).status == 200
        assert (await door.call("/EiReport")).status == 404


async def test_a_body_that_is_too_long_is_413_and_is_not_read(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(folder, caplog, plain=True, max_bytes=5000) as door:
        head = f"{HEAD}Content-Length: 1000000000\r\n\r\n<a>"
        assert b" 413 " in (await door.talk(head.encode(), head=True)).splitlines()[0]
        assert (await door.call(body=b" " * 5001)).status == 413


async def test_a_body_that_does_not_come_is_408(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    quick = timedelta(milliseconds=100)
    async with listening(folder, caplog, plain=True, read_timeout=quick) as door:
        answer = await door.talk(f"{HEAD}Content-Length: 500\r\n\r\n<a>".encode(), head=True)
        assert b" 408 " in answer.splitlines()[0]


@pytest.mark.parametrize(
    "tail",
    [
        b"Content-Length: 5\r\n\r\n<a></a>\x00\x01 rubbish",
        b"Content-Length: -1\r\n\r\n<a/>",
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n<a/>",
        b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n<a/>\r\n0\r\n\r\n",
        b"Broken header\r\n\r\n",
        b"\x00\xff\xfe: 1\r\n\r\n",
    ],
)
async def test_broken_http_is_answered_with_a_4xx_and_hung_up_on(
    folder: Path, tail: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    quick = timedelta(milliseconds=100)
    async with listening(folder, caplog, plain=True, read_timeout=quick) as door:
        answer = await door.talk(HEAD.encode() + tail)
        lines = [line for line in answer.splitlines() if line.startswith(b"HTTP/1.")]
        assert lines
        assert all(line.split()[1].startswith(b"4") for line in lines)


async def test_a_connection_that_drops_in_the_middle_costs_nothing(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(folder, caplog) as door:
        message = f"{HEAD}Content-Length: {len(METADATA)}\r\n\r\n".encode() + METADATA
        for cut in (1, 10, len(HEAD), len(HEAD) + 30, len(message)):
            _, writer = await asyncio.open_connection("127.0.0.1", door.ven.push_port, ssl=door.tls)
            writer.write(message[:cut])
            await writer.drain()
            writer.transport.abort()
        await asyncio.sleep(0.01)


# ---------------------------------------------------------------- who calls


async def test_r67_r68_nobody_without_a_certificate_of_the_authority_gets_in(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(folder, caplog) as door:
        for name in (None, "foe"):
            with pytest.raises((aiohttp.ClientError, OSError)):
                await door.call(tls=context(folder, name))
        for late in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            old = context(folder, "vtn")
            with pytest.warns(DeprecationWarning, match="TLSv1"):
                old.minimum_version = old.maximum_version = late
            with pytest.raises((aiohttp.ClientError, OSError)):
                await door.call(tls=old)


async def test_r517_a_stranger_who_comes_again_and_again_is_logged_once(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(folder, caplog) as door:
        for _ in range(3):
            assert (await door.call(tls=context(folder, "other"))).status == 403
        [line] = [one for one in caplog.records if one.levelno >= logging.WARNING]
        assert line.rule == "R517"  # type: ignore[attr-defined]


async def test_r517_another_ven_of_the_programme_is_403_before_its_body_is_read(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(folder, caplog) as door:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", door.ven.push_port, ssl=context(folder, "other")
        )
        writer.write(f"{HEAD}Content-Length: 500\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
        assert b" 403 " in head.splitlines()[0]
        cancel = codec.encode(PUSHED[-1])
        path = f"{BASE}/EiRegisterParty"
        assert (await door.call(path, cancel, tls=context(folder, "other"))).status == 403
        assert door.ven.registration is not None


async def test_r516_a_vtn_whose_certificate_expires_on_an_open_connection_is_refused(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    brief = Authority.load(folder / "ca").issue_ven("brief", valid_for=timedelta(seconds=2))
    for suffix in ("crt", "key"):
        (folder / f"brief.{suffix}").unlink(missing_ok=True)
    brief.save(folder / "brief.crt", folder / "brief.key")
    pin = sha256(folder, "brief")
    async with listening(folder, caplog) as door:
        inbox = door.ven._take()
        inbox.peer = type(inbox.peer)(pin, str)
        connector = aiohttp.TCPConnector(ssl=context(folder, "brief"), limit=1)
        async with aiohttp.ClientSession(connector=connector, headers=XML) as session:
            url = f"{door.url}{BASE}/EiReport"
            statuses, text = [], ""
            deadline = time.monotonic() + 10
            while 403 not in statuses and time.monotonic() < deadline:
                async with session.post(url, data=METADATA) as response:
                    statuses.append(response.status)
                    text = await response.text()
                await asyncio.sleep(0.05)
        assert statuses[0] == 200
        assert "R516" in text
        inbox.peer = type(inbox.peer)(sha256(folder, "vtn"), str)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "ven.example"])
def test_plain_http_is_for_loopback_addresses_only(host: str) -> None:
    with pytest.raises(ValueError, match="would let anybody push"):
        Connection(url="http://vtn.example", listen=Listening(host=host))


async def test_a_port_that_is_taken_is_named_at_the_start(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(folder, caplog, plain=True) as door:
        taken = Connection(
            url="http://vtn.example",
            listen=Listening(host="127.0.0.1", port=door.ven.push_port or 0),
        )
        options = Options(ven_name="v", push_address="http://127.0.0.1")
        second = Client("v", "", options=options, connection=taken, exchange=ScriptedVTN())
        with pytest.raises(ConfigError, match=r"push\.port: cannot listen on 127\.0\.0\.1 port"):
            await second.start()


async def test_a_ven_that_has_stopped_does_not_listen_and_one_that_starts_again_does(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(folder, caplog, plain=True) as door:
        url = door.url
        await door.ven.stop()
        assert door.ven.push_port is None
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientError):
                await session.post(url)
        await door.ven.start()


async def test_two_vens_listen_in_one_process_and_do_not_meet(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        listening(folder, caplog, plain=True) as first,
        listening(folder, caplog, plain=True) as second,
    ):
        cancel = codec.encode(PUSHED[-1])
        assert (await first.call(f"{BASE}/EiRegisterParty", cancel)).status == 200
        assert first.ven.registration is None
        assert second.ven.registration is not None
        await first.ven.create_party_registration()
