"""The connections that the system allows are for all VENs, not for one."""

import asyncio
import os
import resource
import socket
import ssl
from contextlib import suppress

import pytest

from certs import TLSFiles, client_context
from runtime.handshakes import listening_socket
from runtime.shares import MOST, SharedServer, share
from tests.vtn.kit import Open
from vtn.testing import Peer, World, running

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connected(world: World, peer: Peer) -> Streams:
    assert peer.pair is not None
    context = client_context(TLSFiles(ca=world.authority_file, pairs=[peer.pair]))
    return await asyncio.open_connection("127.0.0.1", world.server.port, ssl=context)


async def gone(streams: Streams) -> None:
    async with asyncio.timeout(30):
        with suppress(ConnectionError, ssl.SSLError):
            assert await streams[0].read() == b""


def serving(world: World) -> SharedServer:
    assert world.server._runner is not None
    found = world.server._runner.server
    assert isinstance(found, SharedServer)
    return found


async def test_a_ven_with_too_many_connections_loses_its_oldest_and_nobody_elses() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        quiet, greedy = world.client("quiet"), world.client("greedy")
        await quiet.join("quiet")
        serving(world)._most = lambda: 3
        first = await connected(world, quiet)
        many = [await connected(world, greedy) for _ in range(6)]
        for streams in many[:3]:
            await gone(streams)
        assert not any(reader.at_eof() for reader, _ in (first, *many[3:]))
        assert await quiet.poll() is not None
        for _, writer in (first, *many):
            writer.close()


async def test_what_is_counted_is_forgotten_with_the_connection() -> None:
    async with running(handlers=[Open()], tls=True) as world:
        peer = world.client("school")
        await peer.join("school")
        server = serving(world)
        assert len(server._owners) == 1
        await peer._door.close()
        async with asyncio.timeout(30):
            while server._owners:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.001)
        assert not server._of


def test_one_client_gets_a_quarter_of_what_the_system_allows_and_never_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for limit, most in ((1024, 256), (1_000_000, MOST), (resource.RLIM_INFINITY, MOST), (2, 1)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, limit=limit: (limit, limit))
        assert share() == most


def test_a_system_without_room_is_asked_once_a_round() -> None:
    """asyncio tries as often as connections may wait, and writes each failure down."""
    listening = listening_socket(socket.AF_INET, ("127.0.0.1", 0))
    listening.listen()
    client = socket.create_connection(listening.getsockname())
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(client.fileno())
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, before[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            listening.accept()
        with pytest.raises(BlockingIOError):
            listening.accept()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    listening._full_until = 0.0
    accepted, _ = listening.accept()
    for one in (accepted, client, listening):
        one.close()
