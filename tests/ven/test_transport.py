"""Messages over real connections to a real HTTP server."""

import asyncio
import gzip
import os
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from certs.authority import Authority
from certs.tls import KeyPair, TLSFiles, server_context
from oadr.codec import decode, encode
from oadr.enums import ServiceName
from oadr.messages import CreateReport, EiResponse, Poll, Response
from oadr.signature import SigningKey, sign
from runtime.clock import SystemClock
from runtime.policy import SignaturePolicy
from runtime.settings import ConfigError
from tests.ven.scripted import request
from ven.connection import Connection
from ven.errors import BadReply, Rejected, TransportError, Unreachable, WrongPeer
from ven.signing import KeyFiles
from ven.transport import HttpTransport, base_url

POLL = Poll(ven_id="ven-1")
OK = Response(response=EiResponse(description="Tom & Co"))
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Server:
    """A server whose answer a test chooses."""

    port: int = 0
    answer: Handler | None = None
    seen: list[tuple[web.BaseRequest, bytes]] = field(default_factory=list)
    peers: list[Any] = field(default_factory=list)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.seen.append((request, await request.read()))
        if request.transport is not None:
            self.peers.append(request.transport.get_extra_info("peername"))
        if self.answer is not None:
            assert isinstance(request, web.Request)
            return await self.answer(request)
        return web.Response(body=encode(OK), content_type="application/xml")

    def replies(self, **response: Any) -> None:
        async def answer(request: web.Request) -> web.StreamResponse:
            return web.Response(**response)

        self.answer = answer


async def serve(server: Server, context: ssl.SSLContext | None = None) -> web.AppRunner:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    server.port = runner.addresses[0][1]
    return runner


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    runner = await serve(server)
    yield server
    await runner.cleanup()


@pytest.fixture
async def transport(server: Server) -> AsyncIterator[HttpTransport]:
    transport = Connection(url=f"http://127.0.0.1:{server.port}").transport(SystemClock())
    yield transport
    await transport.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("programme")
    authority = Authority.create(folder / "ca", "Test programme")
    authority.issue_vtn(("localhost", "127.0.0.1")).save(folder / "vtn.crt", folder / "vtn.key")
    authority.issue_ven("school-7").save(folder / "ven.crt", folder / "ven.key", "sesame")
    other = Authority.create(folder / "other", "Another programme")
    other.issue_ven("school-7").save(folder / "foe.crt", folder / "foe.key")
    return folder


@pytest.fixture
async def secure(folder: Path) -> AsyncIterator[Server]:
    pair = KeyPair(certificate=folder / "vtn.crt", key=folder / "vtn.key")
    server = Server()
    files = TLSFiles(ca=folder / "ca" / "ca.crt", pairs=(pair,))
    runner = await serve(server, server_context(files))
    yield server
    await runner.cleanup()


def connection(server: Server, folder: Path, **changes: Any) -> Connection:
    arguments: dict[str, Any] = {
        "url": f"https://127.0.0.1:{server.port}",
        "cert": folder / "ven.crt",
        "key": folder / "ven.key",
        "passphrase": "sesame",
        "ca_file": folder / "ca" / "ca.crt",
    }
    return Connection(**(arguments | changes))


async def exchange(connection: Connection) -> object:
    transport = connection.transport(SystemClock())
    try:
        return await transport(ServiceName.OADR_POLL, POLL)
    finally:
        await transport.close()


async def test_r53_r511_a_message_is_posted_to_its_service_with_the_right_headers(
    server: Server, transport: HttpTransport
) -> None:
    assert await transport(ServiceName.OADR_POLL, POLL) == OK
    ((request, body),) = server.seen
    assert (request.method, request.path) == ("POST", "/OpenADR2/Simple/2.0b/OadrPoll")
    assert request.headers["Content-Type"] == "application/xml"
    assert request.headers["Accept"] == "application/xml"
    assert request.headers["Content-Length"] == str(len(body))
    assert "Transfer-Encoding" not in request.headers
    assert decode(body) == POLL


async def test_one_connection_serves_many_messages(
    server: Server, transport: HttpTransport
) -> None:
    for _ in range(5):
        await transport(ServiceName.OADR_POLL, POLL)
    assert len(set(server.peers)) == 1


async def test_a_connection_that_the_vtn_closed_while_idle_is_replaced_unnoticed(
    server: Server, transport: HttpTransport
) -> None:
    for _ in range(2):
        await transport(ServiceName.OADR_POLL, POLL)
        connection = server.seen[-1][0].transport
        assert connection is not None
        connection.abort()
    assert await transport(ServiceName.OADR_POLL, POLL) == OK


@pytest.mark.parametrize("reset", [False, True])
async def test_a_message_that_meets_the_end_of_its_connection_goes_again_once(
    server: Server, transport: HttpTransport, reset: bool
) -> None:
    ends = 1

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal ends
        if ends:
            ends -= 1
            assert request.transport is not None
            if reset:
                connected = request.transport.get_extra_info("socket")
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            request.transport.abort()
        return web.Response(body=encode(OK), content_type="application/xml")

    server.answer = answer
    assert await transport(ServiceName.OADR_POLL, POLL) == OK
    assert len(set(server.peers)) == 2
    ends = 2
    with pytest.raises(Unreachable):
        await transport(ServiceName.OADR_POLL, POLL)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://vtn:8080", "http://vtn:8080/OpenADR2/Simple/2.0b"),
        ("HTTPS://vtn/", "https://vtn/OpenADR2/Simple/2.0b"),
        ("https://vtn/grid", "https://vtn/grid/OpenADR2/Simple/2.0b"),
        ("https://vtn/grid/OpenADR2/Simple/2.0b/", "https://vtn/grid/OpenADR2/Simple/2.0b"),
    ],
)
def test_the_url_may_be_given_with_or_without_the_path_of_the_profile(
    url: str, expected: str
) -> None:
    assert base_url(url) == expected


@pytest.mark.parametrize("url", ["vtn.example", "ftp://vtn", "https://", "http:///x"[:7]])
def test_a_url_that_is_none_is_named(url: str) -> None:
    with pytest.raises(ValueError, match="is not the URL of a VTN"):
        base_url(url)


@pytest.mark.parametrize("status", [404, 406, 413, 501, 403, 400, 302])
async def test_a_status_that_the_same_message_would_meet_again_says_not_to_resend(
    server: Server, transport: HttpTransport, status: int
) -> None:
    server.replies(status=status, headers={"Location": "http://127.0.0.1:1/"})
    with pytest.raises(Rejected) as caught:
        await transport(ServiceName.OADR_POLL, POLL)
    assert caught.value.status == status
    assert caught.value.resend is False
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 429])
async def test_a_status_of_a_vtn_in_trouble_says_to_try_later(
    server: Server, transport: HttpTransport, status: int
) -> None:
    server.replies(status=status, headers={"Retry-After": "7"})
    with pytest.raises(Unreachable) as caught:
        await transport(ServiceName.OADR_POLL, POLL)
    assert (caught.value.status, caught.value.retry_after) == (status, 7.0)
    assert caught.value.resend is True


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>",
        b"not xml",
        encode(OK)[:-30],
        b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
        encode(OK).replace(b"200", b"twohundred"),
    ],
)
async def test_an_answer_that_is_no_message_is_an_error_of_its_own(
    server: Server, transport: HttpTransport, body: bytes
) -> None:
    server.replies(body=body, content_type="application/xml")
    with pytest.raises(BadReply, match="oadrPoll cannot be used"):
        await transport(ServiceName.OADR_POLL, POLL)


async def test_an_empty_answer_is_none(server: Server, transport: HttpTransport) -> None:
    server.replies(body=b"")
    assert await transport(ServiceName.OADR_POLL, POLL) is None


@pytest.mark.parametrize("chunked", [False, True])
async def test_an_answer_that_is_too_long_is_not_read(server: Server, chunked: bool) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if not chunked:
            response.content_length = 10_000_000
        await response.prepare(request)
        try:
            for _ in range(100):
                await response.write(b" " * 100_000)
        except (ConnectionError, asyncio.CancelledError):
            pass
        return response

    server.answer = answer
    with pytest.raises(BadReply, match="answer of"):
        await exchange(Connection(url=f"http://127.0.0.1:{server.port}", max_bytes=200_000))


async def test_an_answer_that_would_grow_when_it_is_unpacked_is_not(
    server: Server, transport: HttpTransport
) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    server.replies(body=bomb, content_type="application/xml", headers={"Content-Encoding": "gzip"})
    with pytest.raises(BadReply, match="compressed by 'gzip', unasked"):
        await transport(ServiceName.OADR_POLL, POLL)
    assert server.seen[0][0].headers["Accept-Encoding"] == "identity"


async def test_cookies_are_not_kept(server: Server, transport: HttpTransport) -> None:
    server.replies(
        body=encode(OK), content_type="application/xml", headers={"Set-Cookie": "a=b; Path=/"}
    )
    for _ in range(2):
        await transport(ServiceName.OADR_POLL, POLL)
    assert "Cookie" not in server.seen[1][0].headers


async def test_r516_a_connection_is_made_anew_before_its_certificates_grow_old(
    server: Server, transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    await transport(ServiceName.OADR_POLL, POLL)
    await transport(ServiceName.OADR_POLL, POLL)
    monkeypatch.setattr("ven.transport.MAX_AGE", -1.0)
    await transport(ServiceName.OADR_POLL, POLL)
    first, second, third = server.peers
    assert first == second != third


async def test_a_vtn_that_does_not_answer_is_left_after_the_timeout(server: Server) -> None:
    waiting = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        await waiting.wait()
        return web.Response()

    server.answer = answer
    transport = Connection(url=f"http://127.0.0.1:{server.port}").transport(SystemClock())
    transport._timeout = type(transport._timeout)(total=0.02)
    with pytest.raises(Unreachable, match="no answer in time"):
        await transport(ServiceName.OADR_POLL, POLL)
    waiting.set()
    await transport.close()


def test_a_timeout_below_five_seconds_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 5 s or more"):
        Connection(url="http://vtn", timeout=timedelta(seconds=4)).transport(SystemClock())


async def test_a_vtn_that_is_not_there_is_unreachable(server: Server) -> None:
    gone = Server()
    runner = await serve(gone)
    await runner.cleanup()
    with pytest.raises(Unreachable, match="Cannot connect"):
        await exchange(Connection(url=f"http://127.0.0.1:{gone.port}"))


async def test_a_large_report_request_gets_through(
    server: Server, transport: HttpTransport
) -> None:
    message = CreateReport(request_id="q", requests=tuple(request(str(n)) for n in range(2000)))
    server.replies(body=encode(message), content_type="application/xml")
    assert await transport(ServiceName.OADR_POLL, POLL) == message


async def test_what_goes_out_and_comes_in_can_be_watched(server: Server) -> None:
    seen: list[tuple[str, type]] = []

    async def trace(moment: str, what: object) -> None:
        seen.append((moment, type(what)))

    transport = Connection(url=f"http://127.0.0.1:{server.port}").transport(SystemClock(), trace)
    await transport(ServiceName.OADR_POLL, POLL)
    await transport.close()
    assert seen == [
        ("before_send_xml", bytes),
        ("after_receive_xml", bytes),
        ("before_schema_validation", bytes),
        ("before_parse_xml", bytes),
        ("after_parse_xml", Response),
    ]


async def test_mutual_tls_shows_our_certificate_and_checks_the_vtns(
    secure: Server, folder: Path
) -> None:
    assert await exchange(connection(secure, folder)) == OK
    (peer, _) = secure.seen[0]
    assert peer.secure


async def test_a_certificate_that_the_vtn_does_not_trust_gets_nowhere(
    secure: Server, folder: Path
) -> None:
    foe = connection(
        secure, folder, cert=folder / "foe.crt", key=folder / "foe.key", passphrase=None
    )
    with pytest.raises(Unreachable):
        await exchange(foe)
    assert not secure.seen


async def test_a_vtn_of_another_authority_is_not_talked_to(secure: Server, folder: Path) -> None:
    foe = connection(
        secure,
        folder,
        cert=folder / "foe.crt",
        key=folder / "foe.key",
        passphrase=None,
        ca_file=folder / "other" / "ca.crt",
    )
    with pytest.raises(Unreachable, match="not trusted"):
        await exchange(foe)
    assert not secure.seen


@pytest.mark.parametrize("form", ["openadr", "sha1", "sha256"])
async def test_the_pinned_vtn_is_talked_to(secure: Server, folder: Path, form: str) -> None:
    from certs.fingerprint import fingerprints

    pin = getattr(fingerprints((folder / "vtn.crt").read_bytes()), form)
    assert await exchange(connection(secure, folder, vtn_fingerprint=pin)) == OK


async def test_a_vtn_with_another_certificate_than_the_pinned_is_told_nothing(
    secure: Server, folder: Path
) -> None:
    pin = "00:11:22:33:44:55:66:77:88:99"
    with pytest.raises(WrongPeer, match="is not the pinned"):
        await exchange(connection(secure, folder, vtn_fingerprint=pin))
    assert not secure.seen


async def test_a_renewed_certificate_counts_without_a_restart(
    secure: Server, folder: Path, tmp_path: Path
) -> None:
    for name in ("crt", "key"):
        (tmp_path / f"ven.{name}").write_bytes((folder / f"foe.{name}").read_bytes())
    changed = connection(
        secure, folder, cert=tmp_path / "ven.crt", key=tmp_path / "ven.key", passphrase=None
    )
    transport = changed.transport(SystemClock())
    with pytest.raises(TransportError):
        await transport(ServiceName.OADR_POLL, POLL)
    authority = Authority.load(folder / "ca")
    authority.issue_ven("renewed").save(tmp_path / "new.crt", tmp_path / "new.key")
    for name in ("crt", "key"):
        os.replace(tmp_path / f"new.{name}", tmp_path / f"ven.{name}")
    assert await transport(ServiceName.OADR_POLL, POLL) == OK
    await transport.close()


async def test_a_certificate_that_is_half_renewed_is_waited_for(
    secure: Server, folder: Path, tmp_path: Path
) -> None:
    for name in ("ven.crt", "ven.key"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    where = connection(secure, folder, cert=tmp_path / "ven.crt", key=tmp_path / "ven.key")
    transport = where.transport(SystemClock())
    await transport(ServiceName.OADR_POLL, POLL)
    (tmp_path / "ven.key").write_text("half a k")
    os.utime(tmp_path / "ven.key", (1, 1))
    for _ in range(2):
        with pytest.raises(Unreachable, match="the certificates cannot be used"):
            await transport(ServiceName.OADR_POLL, POLL)
    (tmp_path / "ven.key").write_bytes((folder / "ven.key").read_bytes())
    assert await transport(ServiceName.OADR_POLL, POLL) == OK
    await transport.close()


async def test_r516_a_vtn_with_an_expired_certificate_is_told_nothing(
    folder: Path, tmp_path: Path
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=3 * 365)
    authority = Authority.create(tmp_path / "ca", "Old programme", now=long_ago)
    authority.issue_vtn(("localhost", "127.0.0.1"), now=long_ago).save(
        tmp_path / "vtn.crt", tmp_path / "vtn.key"
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "vtn.crt", tmp_path / "vtn.key")
    server = Server()
    runner = await serve(server, context)
    with pytest.raises(Unreachable, match="certificate has expired"):
        await exchange(connection(server, folder, ca_file=tmp_path / "ca" / "ca.crt"))
    assert not server.seen
    await runner.cleanup()


async def test_a_ca_file_that_is_missing_is_an_error_at_the_start(tmp_path: Path) -> None:
    where = Connection(url="https://vtn.example", ca_file=tmp_path / "ca.crt")
    with pytest.raises(ConfigError, match="the CA cannot be used"):
        where.transport(SystemClock()).open()


def test_a_key_that_does_not_open_is_an_error_at_the_start(folder: Path) -> None:
    wrong = connection(Server(port=1), folder, passphrase="wrong")
    with pytest.raises(ConfigError):
        wrong.transport(SystemClock()).open()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"cert": "a"}, "belong together"),
        ({"cert": "a", "key": "b"}, "without ca_file"),
        ({"sign": True}, "to sign takes"),
    ],
)
def test_half_a_configuration_is_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Connection(url="https://vtn", **arguments)


def test_a_fingerprint_needs_https_and_twenty_digits() -> None:
    with pytest.raises(ValueError, match="only be checked over https"):
        Connection(url="http://vtn", vtn_fingerprint="00" * 10).transport(SystemClock())
    with pytest.raises(ValueError, match="is no fingerprint"):
        Connection(url="https://vtn", vtn_fingerprint="0011").transport(SystemClock())


def signing_key(folder: Path, name: str, passphrase: bytes | None = None) -> SigningKey:
    return SigningKey.load(
        (folder / f"{name}.crt").read_bytes(), (folder / f"{name}.key").read_bytes(), passphrase
    )


async def test_r514_messages_are_signed_and_signed_answers_verified(
    secure: Server, folder: Path
) -> None:
    from certs.fingerprint import openadr_fingerprint
    from oadr.codec import parse
    from oadr.signature import is_signed

    clock = SystemClock()
    vtn = signing_key(folder, "vtn")
    secure.replies(body=sign(OK, vtn, now=clock.now(), nonce="n1"), content_type="application/xml")
    der = ssl.PEM_cert_to_DER_cert((folder / "vtn.crt").read_text())
    signing = connection(
        secure,
        folder,
        sign=True,
        signatures=SignaturePolicy.REQUIRED,
        vtn_fingerprint=openadr_fingerprint(der),
    )
    transport = signing.transport(clock)
    assert await transport(ServiceName.OADR_POLL, POLL) == OK
    assert is_signed(parse(secure.seen[0][1]))
    with pytest.raises(BadReply, match="received before"):
        await transport(ServiceName.OADR_POLL, POLL)
    secure.replies(body=encode(OK), content_type="application/xml")
    with pytest.raises(BadReply, match="did not sign"):
        await transport(ServiceName.OADR_POLL, POLL)
    await transport.close()


async def test_r514_a_signature_of_somebody_else_is_not_accepted_where_none_is_needed(
    server: Server, folder: Path
) -> None:
    clock = SystemClock()
    accepting = Connection(
        url=f"http://127.0.0.1:{server.port}",
        signatures=SignaturePolicy.ACCEPTED,
        signature_fingerprint="00:11:22:33:44:55:66:77:88:99",
    )
    assert await exchange(accepting) == OK
    foe = signing_key(folder, "foe")
    server.replies(body=sign(OK, foe, now=clock.now(), nonce="n2"), content_type="application/xml")
    with pytest.raises(BadReply, match="fingerprint"):
        await exchange(accepting)


def test_signatures_that_are_looked_at_need_to_know_whose_they_must_be() -> None:
    with pytest.raises(ValueError, match="need the fingerprint"):
        Connection(url="http://vtn", signatures=SignaturePolicy.REQUIRED).transport(SystemClock())


def test_a_signing_key_follows_its_files_and_the_last_good_one_counts_in_between(
    folder: Path,
) -> None:
    def put(name: str, suffix: str, seconds: int) -> None:
        target = folder / f"own.{suffix}"
        target.write_bytes((folder / f"{name}.{suffix}").read_bytes())
        os.utime(target, (seconds, seconds))

    for suffix in ("crt", "key"):
        put("foe", suffix, 1)
    files = KeyFiles(certificate=folder / "own.crt", key=folder / "own.key")
    first = files.current()
    assert files.current() is first
    put("vtn", "crt", 2)
    assert files.current() is first
    put("vtn", "key", 2)
    assert files.current().certificate == signing_key(folder, "vtn").certificate
    missing = KeyFiles(certificate=folder / "nowhere.crt", key=folder / "own.key")
    with pytest.raises(OSError, match="nowhere"):
        missing.current()
