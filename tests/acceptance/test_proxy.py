"""VENs come through nginx and HAProxy, set up as docs/howto/proxy.md has it."""

import asyncio
import base64
import io
import logging
import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from certs import KeyType
from oadr import codec
from oadr import messages as m
from tests.acceptance.fronts import Front, Fronted, alternative, free_port, quicker
from tests.acceptance.openleadr_process import Process
from tests.acceptance.town import Town
from tests.acceptance.world import Building, Utility, until
from vtn.config import PATH

SECOND = timedelta(seconds=1)
PROXIES = ["nginx", "haproxy"]
XML = {"Content-Type": codec.CONTENT_TYPE}
#: What a client may bring along to be taken for somebody else.
NAMES = ("X-SSL-Client-Cert", "x-ssl-client-cert", "X_SSL_Client_Cert", "X-SSL-Client_Cert")


@pytest.fixture
def fronted(tmp_path: Path, pattern: Path) -> Fronted:
    """A utility whose VENs are told the address of a proxy."""
    made = Fronted.made(tmp_path / "north-grid", pattern)
    assert isinstance(made, Fronted)
    made.front = free_port()
    return made


@pytest.fixture(params=PROXIES)
def front(request: pytest.FixtureRequest, tmp_path: Path, fronted: Fronted) -> Iterator[Front]:
    """A proxy that does not run yet, before a utility that is configured for it."""
    yield from _front(request.param, tmp_path, fronted)


@pytest.fixture
def nginx(tmp_path: Path, fronted: Fronted) -> Iterator[Front]:
    yield from _front("nginx", tmp_path, fronted)


def _front(program: str, tmp_path: Path, fronted: Fronted) -> Iterator[Front]:
    made = Front(program, fronted, tmp_path / "proxy")
    fronted.as_shown(program)
    try:
        yield made
    finally:
        made.down()
        if (tmp_path / "proxy/log").exists():
            print(made.words())  # noqa: T201 - shown when the test fails


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def ask(
    http: aiohttp.ClientSession,
    utility: Utility,
    tls: ssl.SSLContext,
    ven_id: str = "",
    headers: list[tuple[str, str]] | None = None,
) -> tuple[int, int]:
    """Returns the HTTP status and the code in the reply to a poll, or to a query."""
    message: m.Message = m.Poll(ven_id=ven_id) if ven_id else m.QueryRegistration(request_id="q")
    service = "OadrPoll" if ven_id else "EiRegisterParty"
    sent = [*XML.items(), *(headers or [])]
    async with http.post(
        f"{utility.url}{PATH}/{service}", data=codec.encode(message), headers=sent, ssl=tls
    ) as response:
        body = await response.read()
    if response.status != 200:
        return response.status, 0
    reply = codec.decode(body)
    return 200, getattr(getattr(reply, "response", None), "code", 200)


async def joined(town: Town, utility: Fronted, *names: str) -> list[Building]:
    """Returns buildings that have registered through the proxy."""
    found = [await utility.enrol(name, "--rsa" if "rsa" in name else "") for name in names]
    await town.up(utility)
    for building in found:
        await town.up(building)
    await town.registered(*found)
    return found


def ven_id(building: Building) -> str:
    assert building.ven is not None
    assert building.ven.registration is not None
    return building.ven.registration.ven_id


def warned(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(
        f"{vars(one).get('ven')}: {one.getMessage()}"
        for one in caplog.records
        if one.levelno >= logging.WARNING and one.name.startswith("openadr.vtn")
    )


async def test_vens_of_both_kinds_of_keys_register_poll_answer_and_report_through_a_proxy(
    town: Town, fronted: Fronted, front: Front
) -> None:
    await front.up()
    await joined(town, fronted, "school", "mill-rsa")
    await town.dispatch(fronted, "e1")

    async def answered() -> bool:
        rows = (await fronted.deliveries("e1")).values()
        return len(rows) == 2 and all(row.acked_modification == 0 for row in rows)

    async def reported() -> bool:
        return bool(await fronted.readings("school")) and bool(await fronted.readings("mill-rsa"))

    await town.until(answered)
    await town.until(reported)


async def test_r517_a_header_of_a_client_is_taken_away_and_another_certificate_is_not_it(
    town: Town, fronted: Fronted, front: Front, http: aiohttp.ClientSession
) -> None:
    await front.up()
    school, mill = await joined(town, fronted, "school", "mill")
    victim = ven_id(school)
    own = {name: _header_of(front, school) for name in NAMES}
    assert await ask(http, fronted, school.tls(), victim) == (200, 200)
    assert await ask(http, fronted, mill.tls(), victim) == (200, 452)
    for name, value in own.items():
        forged = [(name, value), ("X-SSL-Client-Verify", "SUCCESS"), (name.swapcase(), value)]
        assert await ask(http, fronted, mill.tls(), victim, forged) == (200, 452), name
        assert await ask(http, fronted, mill.tls(), ven_id(mill), forged) == (200, 200), name


def _header_of(front: Front, building: Building) -> str:
    """Returns what the proxy would pass on of a building."""
    pem = (building.folder / "ven.crt").read_text()
    if front.program == "nginx":
        return quote(pem, safe="")
    return base64.b64encode(ssl.PEM_cert_to_DER_cert(pem)).decode()


async def test_r516_an_expired_a_foreign_and_no_certificate_get_nothing(
    town: Town,
    fronted: Fronted,
    front: Front,
    http: aiohttp.ClientSession,
    tmp_path: Path,
    foreign_pattern: Path,
) -> None:
    seen: list[object] = []
    await front.up()
    await town.up(fronted)
    assert fronted.server is not None
    fronted.server.add_trace(seen.append)
    (tmp_path / "elsewhere").mkdir()
    foreign = Utility.made(tmp_path / "elsewhere" / "south-grid", foreign_pattern)
    stranger = foreign.stranger("school")
    (stranger.folder / "ca.crt").write_bytes((fronted.folder / "ca/ca.crt").read_bytes())
    expired = fronted.stranger("bakery")
    start = fronted.authority.certificate.not_valid_before_utc + SECOND
    expired.take(fronted.authority.issue_ven("old", now=start, valid_for=SECOND))
    nobody = ssl.create_default_context(cafile=str(fronted.folder / "ca/ca.crt"))
    for context in (stranger.tls(), expired.tls(), nobody):
        try:
            status, _ = await ask(http, fronted, context)
        except (aiohttp.ClientError, ssl.SSLError):
            continue
        assert status == 403
    assert not seen


async def test_r516_a_certificate_that_is_revoked_is_out_before_the_proxy_knows_of_it(
    town: Town,
    fronted: Fronted,
    front: Front,
    http: aiohttp.ClientSession,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await front.up()
    school, mill = await joined(town, fronted, "school", "mill")
    tls, other = school.tls(), mill.tls()
    assert await ask(http, fronted, tls, ven_id(school)) == (200, 200)
    assert await ask(http, fronted, other, ven_id(mill)) == (200, 200)
    fronted.authority.revoke("school")

    async def out() -> bool:
        return await ask(http, fronted, tls, ven_id(school)) == (403, 0)

    await until(out)
    assert "the client certificate has been revoked (R516)" in warned(caplog)
    assert await ask(http, fronted, other, ven_id(mill)) == (200, 200)


async def test_r517_who_comes_to_the_vtn_past_the_proxy_is_nobody(
    town: Town, fronted: Fronted, front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    await front.up()
    (school,) = await joined(town, fronted, "school")
    header = ("X-SSL-Client-Cert", _header_of(front, school))
    proof = [header, ("X-SSL-Client-Verify", "SUCCESS" if front.program == "nginx" else "0")]
    past = f"http://127.0.0.1:{fronted.port}{PATH}/OadrPoll"
    body = codec.encode(m.Poll(ven_id=ven_id(school)))
    here = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
    async with aiohttp.ClientSession(connector=here) as http:
        for headers in ([], proof):
            sent = [*XML.items(), *headers]
            async with http.post(past, data=body, headers=sent) as response:
                assert response.status == 403
    assert "127.0.0.2: HTTP 403: X-SSL-Client-Cert counts only from listed" in warned(caplog)


async def test_r517_an_nginx_that_lets_every_certificate_through_opens_no_door(
    town: Town,
    fronted: Fronted,
    nginx: Front,
    http: aiohttp.ClientSession,
    tmp_path: Path,
    foreign_pattern: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither with what nginx says of its verification nor, asked for by nobody, without it."""
    await nginx.up(words={"ssl_verify_client      on;": "ssl_verify_client optional_no_ca;"})
    await town.up(fronted)
    (tmp_path / "elsewhere").mkdir()
    foreign = Utility.made(tmp_path / "elsewhere" / "south-grid", foreign_pattern)
    stranger = foreign.stranger("school")
    (stranger.folder / "ca.crt").write_bytes((fronted.folder / "ca/ca.crt").read_bytes())
    assert (await ask(http, fronted, stranger.tls()))[0] == 403
    assert "X-SSL-Client-Verify says 'FAILED:" in warned(caplog)
    await fronted.stop()
    caplog.clear()
    fronted.configure(proxy={"verified_header": ""})
    await fronted.start(town.clock)
    assert (await ask(http, fronted, stranger.tls()))[0] == 403
    assert "no authority of this VTN" in warned(caplog)


#: Lines that stand in the files as comments.
ENCRYPTED = {
    "nginx": (
        "proxy_pass",
        *(f"proxy_ssl_{one}" for one in ("certificate", "certificate_key")),
        *(f"proxy_ssl_{one}" for one in ("trusted_certificate", "verify", "name")),
    ),
    "haproxy": ("server vtn",),
}


async def test_a_vtn_on_another_machine_talks_tls_and_knows_the_proxy_by_its_certificate(
    town: Town, fronted: Fronted, front: Front, http: aiohttp.ClientSession
) -> None:
    proxy = fronted.authority.issue_ven("proxy")
    certificate, key, both = (front.folder / f"proxy.{one}" for one in ("crt", "key", "pem"))
    proxy.save(certificate, key)
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    await front.up(alternative(*ENCRYPTED[front.program]))
    fronted.configure(
        http={"plain": False},
        tls={"certificate": "vtn.crt", "key": "vtn.key"},
        proxy={"certificates": [proxy.record.fingerprint]},
    )
    school, mill = await joined(town, fronted, "school", "mill")
    assert await ask(http, fronted, school.tls(), ven_id(school)) == (200, 200)
    assert await ask(http, fronted, mill.tls(), ven_id(school)) == (200, 452)


async def test_r67_the_suites_for_certification_are_those_that_nginx_takes(
    town: Town, fronted: Fronted, nginx: Front
) -> None:
    await nginx.up(alternative("ssl_protocols", "ssl_ciphers"))
    await town.up(fronted)
    stranger = fronted.stranger("school")
    context = stranger.tls()
    context.set_ciphers("ECDHE+AESGCM:ECDHE-ECDSA-AES128-SHA256:AES128-SHA256")
    assert await _suite(fronted, context) == ("TLSv1.2", "ECDHE-ECDSA-AES128-SHA256")
    context.set_ciphers("ECDHE+AESGCM:AES128-SHA256")
    assert await _suite(fronted, context) == ("TLSv1.2", "AES128-SHA256")


@pytest.mark.parametrize("kind", [KeyType.EC, KeyType.RSA])
async def test_r67_a_ven_that_knows_no_other_suite_gets_the_one_of_the_profile(
    fronted: Fronted, front: Front, kind: KeyType
) -> None:
    await front.up()
    stranger = fronted.stranger("school", rsa=kind is KeyType.RSA)
    context = stranger.tls()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    suite = "ECDHE-ECDSA-AES128-SHA256" if kind is KeyType.EC else "AES128-SHA256"
    context.set_ciphers(suite)
    assert await _suite(fronted, context) == ("TLSv1.2", suite)


async def _suite(utility: Utility, context: ssl.SSLContext) -> tuple[str, str]:
    port = int(utility.url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("localhost", port, ssl=context)
    tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
    found = tls.version() or "", (tls.cipher() or ("",))[0]
    writer.close()
    return found


HEAD = f"POST {PATH}/OadrPoll HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n"


HALVES = {"head": HEAD, "body": f"{HEAD}Content-Length: 500\r\n\r\n<"}


@pytest.mark.parametrize("half", HALVES)
async def test_who_sends_half_a_request_is_cut_off(
    town: Town, fronted: Fronted, front: Front, half: str
) -> None:
    await front.up(quicker)
    await town.up(fronted)
    context = fronted.stranger("school").tls()
    reader, writer = await asyncio.open_connection("localhost", fronted.front, ssl=context)
    writer.write(HALVES[half].encode())
    answer = await _last_words(reader)
    writer.close()
    assert answer == b"" or b" 408 " in answer.splitlines()[0]


async def test_who_says_nothing_at_all_is_cut_off(
    town: Town, fronted: Fronted, front: Front
) -> None:
    await front.up(quicker)
    reader, writer = await asyncio.open_connection("localhost", fronted.front)
    assert await _last_words(reader) == b""
    writer.close()


async def _last_words(reader: asyncio.StreamReader) -> bytes:
    """Returns what comes before a connection ends."""
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionResetError:
        return b""


async def test_a_message_that_is_longer_than_the_vtn_takes_ends_at_the_proxy(
    town: Town, fronted: Fronted, front: Front, http: aiohttp.ClientSession
) -> None:
    await front.up()
    (school,) = await joined(town, fronted, "school")
    for service, most in (("OadrPoll", 1024 * 1024), ("EiReport", 16 * 1024 * 1024)):
        url = f"{fronted.url}{PATH}/{service}"
        for size, expected in ((most, 406), (most + 1, 413)):
            body = io.BytesIO(b" " * size)
            try:
                async with http.post(url, data=body, headers=XML, ssl=school.tls()) as response:
                    assert response.status == expected, (service, size)
            except aiohttp.ClientError:
                assert expected == 413


async def test_openleadrs_ven_registers_and_polls_through_nginx(
    town: Town, fronted: Fronted, nginx: Front, process: Process
) -> None:
    await nginx.up()
    fronted.configure(registration={"poll_interval": "1h"})
    school = await fronted.enrol("school")
    await town.up(fronted)
    ven = await process.make(
        "ven",
        "school",
        ven_name="school",
        vtn_url=f"{fronted.url}{PATH}",
        cert=str(school.folder / "ven.crt"),
        key=str(school.folder / "ven.key"),
        ca_file=str(school.folder / "ca.crt"),
        disable_signature=True,
    )
    try:
        await ven.call("run")
        assert await fronted.state("school") == "registered"
        assert ven.sent()[-2:] == ["oadrPoll", "oadrRegisteredReport"]
    finally:
        await ven.call("stop")
