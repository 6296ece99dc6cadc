"""What many half requests, silent connections and readers that do not read can take: not much."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from certs import TLSFiles, client_context
from oadr import codec
from oadr import messages as m
from oadr.event import parse_levels
from tests.vtn.kit import Open, a_ven, dispatch
from vtn.intake import Intake
from vtn.testing import Answer, Peer, World, running

#: A longest message to EiReport of 64 KiB, so that tests need not send 64 MiB.
SMALL = {"http": {"max_body": 65536, "max_reports_body": 65536, "read_timeout": "1s"}}
PATIENT = {"http": {"max_body": 65536, "max_reports_body": 65536, "read_timeout": "60s"}}
HALF = b"x" * 40_000


@asynccontextmanager
async def half_a_report(
    world: World, address: str = "127.0.0.1"
) -> AsyncIterator[asyncio.StreamReader]:
    """A request of which the head and 40,000 of 60,000 bytes have been sent."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", world.server.port, local_addr=(address, 0)
    )
    writer.write(
        b"POST /OpenADR2/Simple/2.0b/EiReport HTTP/1.1\r\nHost: x\r\n"
        b"Content-Type: application/xml\r\nContent-Length: 60000\r\n\r\n" + HALF
    )
    await writer.drain()
    try:
        yield reader
    finally:
        writer.close()


async def status_of(reader: asyncio.StreamReader) -> bytes:
    return (await reader.readline()).split(b" ")[1]


def intake(world: World) -> Intake:
    endpoint = world.server._endpoint
    assert endpoint is not None
    return endpoint._intake


async def until_taken(world: World, halves: int) -> None:
    """Returns when so many halves have come and are held."""
    async with asyncio.timeout(30):
        while intake(world)._taken != halves * len(HALF):  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.001)


async def test_a_peer_may_have_one_long_body_on_its_way_at_a_time() -> None:
    async with running(PATIENT, handlers=[Open()]) as world, half_a_report(world):
        await until_taken(world, 1)
        async with half_a_report(world) as second:
            assert await status_of(second) == b"503"
            async with half_a_report(world, "127.0.0.2"):
                await until_taken(world, 2)


async def test_all_peers_together_may_have_eight_of_the_longest() -> None:
    async with running(PATIENT, handlers=[Open()]) as world:
        stack = []
        for n in range(1, 14):
            half = half_a_report(world, f"127.0.0.{n}")
            await half.__aenter__()
            stack.append(half)
            await until_taken(world, n)
        async with half_a_report(world, "127.0.0.99") as late:
            assert await status_of(late) == b"503"
        for half in stack:
            await half.__aexit__(None, None, None)


async def test_what_breaks_off_gives_its_room_back() -> None:
    async with running(PATIENT, handlers=[Open()]) as world:
        for _ in range(10):
            async with half_a_report(world):
                await until_taken(world, 1)
            await until_taken(world, 0)
        assert not intake(world)._by_peer


async def test_a_body_that_stops_coming_gives_its_room_back() -> None:
    async with running(SMALL, handlers=[Open()]) as world, half_a_report(world) as reader:
        assert await status_of(reader) == b"408"
        assert intake(world)._taken == 0


async def test_long_messages_one_after_the_other_are_taken() -> None:
    async with a_ven({"http": {"rate": 1e9, "burst": 1e9}}) as (world, peer):
        body = codec.encode(m.RegisterReport(request_id="r" * 300_000, ven_id=peer.ven_id))
        answers: list[Answer] = [await peer.raw("EiReport", body) for _ in range(5)]
        assert {answer.status for answer in answers} == {200}
        assert intake(world)._taken == 0


async def test_a_connection_without_a_handshake_is_closed() -> None:
    async with running(SMALL, handlers=[Open()], tls=True) as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
        writer.write(b"\x16\x03\x01")
        async with asyncio.timeout(30):
            assert await reader.read() == b""
        writer.close()


async def test_a_head_that_comes_byte_by_byte_is_hung_up_on() -> None:
    async with running({"http": {"read_timeout": "200ms"}}, handlers=[Open()], tls=True) as world:
        reader, writer = await _connected(world, world.client("slow"))

        async def drip() -> None:
            writer.write(b"POST / HTTP/1.1\r\nX-Long: ")
            with suppress(ConnectionError, ssl.SSLError):
                while not writer.is_closing():
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        async with asyncio.timeout(30):
            with suppress(ConnectionError, ssl.SSLError):
                assert await reader.read() == b""
        writer.close()
        await dripping


async def _connected(world: World, peer: Peer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    assert peer.pair is not None
    context = client_context(TLSFiles(ca=world.authority_file, pairs=[peer.pair]))
    return await asyncio.open_connection("127.0.0.1", world.server.port, ssl=context)


async def test_who_does_not_read_its_replies_is_cut_off_and_keeps_nobody_waiting() -> None:
    """Many requests in one go, and never a look at the answers."""
    async with a_ven({"http": {"read_timeout": "1s", "rate": 1e9, "burst": 1e9}}) as (world, peer):
        await dispatch(world, intervals=parse_levels(",".join(["1:1m"] * 300)))
        ask = codec.encode(m.RequestEvent(request_id="r", ven_id=peer.ven_id))
        head = (
            "POST /OpenADR2/Simple/2.0b/EiEvent HTTP/1.1\r\nHost: x\r\n"
            f"Content-Type: application/xml\r\nContent-Length: {len(ask)}\r\n\r\n"
        ).encode()
        before = len(_connections(world))
        greedy = socket.create_connection(("127.0.0.1", world.server.port))
        greedy.setblocking(False)
        with suppress(BlockingIOError):
            greedy.send((head + ask) * 300)
        async with asyncio.timeout(60):
            while len(_connections(world)) == before:
                assert await peer.poll() is not None
            while len(_connections(world)) > before:
                assert await peer.poll() is not None
        greedy.close()


def _connections(world: World) -> list[object]:
    runner = world.server._runner
    assert runner is not None
    assert runner.server is not None
    return list(runner.server.connections)
