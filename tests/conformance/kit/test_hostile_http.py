"""Whatever a device does with HTTP, the kit hears the whole of it or says why not."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from conformance.peers import http
from conformance.peers.http import Heard, Line, Listener, Reply

OK = b"HTTP/1.1 200 OK\r\n"
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def device(script: Script) -> AsyncIterator[str]:
    """Gives the URL of a server that says whatever a script writes."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await script(reader, writer)
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


def saying(*parts: bytes) -> Script:
    """Returns a script that says something bit by bit, and hangs up."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.05)

    return script


async def answered(script: Script, patience: float = 5) -> Reply:
    """Returns what the kit makes of a device."""
    line = Line(None)
    try:
        async with device(script) as url:
            return await line.send(url, b"<a/>", patience=patience)
    finally:
        await line.close()


async def test_an_answer_that_comes_in_pieces_is_heard_whole() -> None:
    reply = await answered(saying(OK + b"Content-Length: 10\r\n\r\nhello", b"world"))
    assert (reply.status, reply.body) == (200, b"helloworld")


@pytest.mark.parametrize(
    "head", [b"Content-Length: 100\r\n\r\nhello", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel"]
)
async def test_an_answer_that_breaks_off_is_none(head: bytes) -> None:
    reply = await answered(saying(OK + head))
    assert reply.status is None
    assert "to its end" in reply.problem


async def test_an_answer_without_end_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LONGEST", 100_000)

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"\r\n")
        while True:
            writer.write(b"a" * 10_000)
            await writer.drain()

    reply = await answered(flood)
    assert (reply.status, reply.problem) == (None, "an answer of more than 100,000 bytes")


async def test_an_answer_that_drips_is_ended() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.01)

    reply = await answered(drip, patience=0.3)
    assert (reply.status, reply.problem) == (None, "no whole answer within 0.3 s")


async def test_what_is_packed_does_not_grow_beyond_the_limit() -> None:
    bomb = gzip.compress(bytes(http.LONGEST * 4))
    head = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    reply = await answered(saying(OK + head + bomb))
    assert reply.status is None
    assert reply.problem.startswith("an answer of more than")


async def test_cookies_of_a_device_are_not_told_again() -> None:
    asked: list[bytes] = []

    async def cookies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(
            OK + b"Set-Cookie: whose=mine\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
        await writer.drain()

    line = Line(None)
    async with device(cookies) as url:
        url = url.replace("127.0.0.1", "localhost")
        for _ in range(2):
            await line.send(url, b"", patience=5)
    await line.close()
    assert len(asked) == 2
    assert b"cookie" not in asked[1].lower()


@pytest.mark.parametrize(
    "url", ["//x", "", "http://[::1", "file:///etc/passwd", "http://....", "x"]
)
async def test_an_address_that_is_none_is_no_answer(url: str) -> None:
    line = Line(None)
    assert (await line.send(url, b"<a/>", patience=2)).status is None
    await line.close()


# ---------------------------------------------------------------- what comes in


@asynccontextmanager
async def listening(answer: Callable[[Heard], Reply]) -> AsyncIterator[int]:
    """Gives the port of a listener."""

    async def say(heard: Heard) -> Reply:
        return answer(heard)

    listener = Listener(say, None)
    await listener.start()
    try:
        yield listener.port
    finally:
        await listener.stop()


async def said(port: int, *parts: bytes) -> bytes:
    """Returns what comes back for bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    try:
        return await asyncio.wait_for(reader.read(500), 5)
    finally:
        writer.close()


def failing(heard: Heard) -> Reply:
    raise RuntimeError("\x1b[31m")


async def test_an_error_of_the_kit_is_an_answer_and_no_end() -> None:
    async with listening(failing) as port:
        for _ in range(2):
            back = await said(port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            assert back.startswith(b"HTTP/1.1 500 ")


async def test_so_many_connections_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_CONNECTIONS", 5)
    async with listening(lambda heard: Reply(status=200)) as port:
        many = [await asyncio.open_connection("127.0.0.1", port) for _ in range(9)]
        refused = []
        for reader, _ in many[5:]:
            with pytest.raises((OSError, asyncio.IncompleteReadError)):
                refused.append(await asyncio.wait_for(reader.readexactly(1), 5))
        many[0][1].write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert (await many[0][0].readuntil(b"\r\n")).startswith(b"HTTP/1.1 200 ")
        for _, writer in many:
            writer.close()


async def test_bodies_share_the_room_and_do_not_last_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "MOST_HELD", 1000)
    monkeypatch.setattr(http, "COMES_WITHIN", 0.3)
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n"
    async with listening(lambda heard: Reply(status=200)) as port:
        slow, more = (said(port, head + b"a" * 600) for _ in range(2))
        first, second = sorted(await asyncio.gather(slow, more))
        assert first.startswith(b"HTTP/1.1 408 ")
        assert second.startswith(b"HTTP/1.1 413 ")
        assert (await said(port, head + b"a" * 900)).startswith(b"HTTP/1.1 200 ")


async def test_what_is_no_http_fills_no_terminal(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(lambda heard: Reply(status=200)) as port:
        assert (await said(port, b"\x1b[31m junk\r\n\r\n")).startswith(b"HTTP/1.0 400 ")
    assert capfd.readouterr().err == ""
    assert not caplog.records
