"""What stands behind a body in chunks must become nobody's header: connections are shared."""

import asyncio

import pytest

from oadr import codec
from oadr import messages as m
from tests.vtn.kit_proxy import HEADER, as_pem, behind, reach, shown
from vtn.config import PATH
from vtn.testing import Peer, World


def request(peer: Peer, *headers: str, chunked: bool = False, trailer: str = "") -> bytes:
    """Returns a poll, as a proxy passes it on."""
    body = codec.encode(m.Poll(ven_id=peer.ven_id))
    head = [f"POST {PATH}/OadrPoll HTTP/1.1", "Host: x", "Content-Type: application/xml", *headers]
    if not chunked:
        head.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*head, "", ""]).encode() + body
    head.append("Transfer-Encoding: chunked")
    pieces = f"{len(body):x}\r\n".encode() + body + f"\r\n0\r\n{trailer}\r\n\r\n".encode()
    return "\r\n".join([*head, "", ""]).encode() + pieces


async def said(world: World, *requests: bytes) -> list[bytes]:
    """Returns the status of each answer on one connection; what comes after the last is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
    found = []
    try:
        for one in requests:
            writer.write(one)
            async with asyncio.timeout(10):
                line = await reader.readline()
                if not line:
                    break
                found.append(line.split()[1])
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
                await reader.readexactly(int(length))
    except ConnectionError:
        pass
    finally:
        writer.close()
    return found


@pytest.mark.parametrize("proof", [True, False], ids=["of-a-ven", "of-nobody"])
async def test_r517_a_trailer_proves_nobody_and_spoils_no_other_request(proof: bool) -> None:
    """A client writes it, and some proxies pass it on over a connection that others use, too."""
    async with behind() as world:
        school, mill = shown(world, "school"), shown(world, "mill")
        await school.join("school")
        await mill.join("mill")
        evil = f"{HEADER}: {as_pem(school)}"
        own = f"{HEADER}: {as_pem(mill)}"
        after = [own] if proof else []
        first = request(mill, own, chunked=True, trailer=evil)
        second = request(mill if proof else school, *after)
        assert await said(world, first, second) == [b"200"]
        assert await said(world, first + second, second) == [b"200"]


async def test_a_body_in_chunks_that_is_refused_unread_ends_its_connection_as_well() -> None:
    async with behind() as world:
        school = shown(world, "school")
        await school.join("school")
        evil = f"{HEADER}: {as_pem(school)}"
        nobody = request(school, chunked=True, trailer=evil).replace(b"application/xml", b"a/b")
        own = request(school, evil, "Content-Type: a/b", chunked=True, trailer=evil)
        for first in (nobody, own):
            answers = await said(world, first, request(school))
            assert len(answers) == 1
            assert answers[0] != b"200"


async def test_a_connection_without_chunks_stays_open() -> None:
    async with behind() as world:
        school = shown(world, "school")
        await school.join("school")
        own = f"{HEADER}: {as_pem(school)}"
        assert await said(world, *[request(school, own)] * 3) == [b"200"] * 3
        assert (await reach(world).raw("OadrPoll", b"x")).status == 403
