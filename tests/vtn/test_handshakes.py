"""Whoever TLS keeps out is seen in the log, and cannot fill it."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from certs import Authority
from runtime.handshakes import MOST_ADDRESSES, MOST_LINES, QUIET, Handshakes
from tests.vtn.kit import Open
from vtn.testing import World, running

Contexts = Callable[[World, Path], ssl.SSLContext]


def nobody(world: World, folder: Path) -> ssl.SSLContext:
    """A client without a certificate."""
    context = ssl.create_default_context(cafile=str(world.folder / "ca/ca.crt"))
    context.check_hostname = False
    return context


def foreigner(world: World, folder: Path) -> ssl.SSLContext:
    """A client with a certificate of an authority that the VTN does not know."""
    issued = Authority.create(folder / "elsewhere", "Elsewhere").issue_ven("foreign")
    issued.save(folder / "f.crt", folder / "f.key")
    context = nobody(world, folder)
    context.load_cert_chain(folder / "f.crt", folder / "f.key")
    return context


def doubter(world: World, folder: Path) -> ssl.SSLContext:
    """A client that does not know the authority of the VTN."""
    return ssl.create_default_context()


def dinosaur(world: World, folder: Path) -> ssl.SSLContext:
    """A client that knows no cipher suite that is allowed."""
    context = nobody(world, folder)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES256-SHA256")
    return context


def knock(context: ssl.SSLContext, port: int) -> None:
    """Connects, and waits until the other side has closed."""
    with (
        suppress(OSError),
        socket.create_connection(("127.0.0.1", port)) as bare,
        context.wrap_socket(bare, server_hostname="127.0.0.1") as wrapped,
    ):
        wrapped.recv(1)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (nobody, "it shows no certificate"),
        (foreigner, "its certificate is from no authority that is trusted"),
        (doubter, "it does not trust the certificate of this server"),
        (dinosaur, "it knows none of the cipher suites that are allowed"),
    ],
)
async def test_a_handshake_that_fails_is_logged_with_its_address_and_why(
    make: Contexts, why: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(handlers=[Open()], tls=True) as world:
        await asyncio.to_thread(knock, make(world, tmp_path), world.server.port)
        while not said(caplog):  # noqa: ASYNC110 - the loop of the server makes it so
            await asyncio.sleep(0.01)
    (line,) = said(caplog)
    assert line.startswith(f"no TLS with 127.0.0.1: {why} (")


async def test_what_is_no_tls_at_all_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async with running(handlers=[Open()], tls=True) as world:
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
            writer.write(b"POST / HTTP/1.1\r\n\r\n")
            await reader.read()
            writer.close()
    assert said(caplog) == ["no TLS with 127.0.0.1: it speaks plain HTTP (http request)"]


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if "no TLS" in one.getMessage()]


def test_an_address_gets_one_line_in_a_while_and_then_how_many_there_were(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handshakes, error = Handshakes(logging.getLogger("openadr.test")), ssl.SSLError(1, "x")
    for _ in range(1000):
        handshakes.failed("192.0.2.1", error, 0.0)
    handshakes.failed("192.0.2.1", error, QUIET)
    assert len(said(caplog)) == 2
    assert said(caplog)[1].endswith("; 999 more of it before")


def test_many_addresses_get_few_lines_and_bounded_memory(
    caplog: pytest.LogCaptureFixture,
) -> None:
    handshakes, error = Handshakes(logging.getLogger("openadr.test")), ssl.SSLError(1, "x")
    for number in range(10 * MOST_ADDRESSES):
        handshakes.failed(f"2001:db8::{number:x}", error, 0.0)
    assert len(said(caplog)) == MOST_LINES
    assert len(handshakes._seen) == MOST_ADDRESSES
    handshakes.failed("192.0.2.1", error, QUIET)
    assert len(said(caplog)) == MOST_LINES + 1
