"""A client writes trailers behind its body, and the proxy passes them on, or does not."""

import asyncio
import base64
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from oadr import codec
from oadr import messages as m
from tests.acceptance.fronts import Front, Fronted, free_port
from tests.acceptance.town import Town
from tests.acceptance.world import Building
from vtn.config import PATH


@pytest.fixture(params=["nginx", "haproxy"])
def front(request: pytest.FixtureRequest, tmp_path: Path, pattern: Path) -> Iterator[Front]:
    """A proxy that does not run yet, before a utility that is configured for it."""
    utility = Fronted.made(tmp_path / "north-grid", pattern)
    assert isinstance(utility, Fronted)
    utility.front = free_port()
    made = Front(request.param, utility, tmp_path / "proxy")
    utility.as_shown(request.param)
    try:
        yield made
    finally:
        made.down()


class Client:
    """One connection of a building to the proxy."""

    def __init__(self, front: Front, building: Building) -> None:
        assert building.ven is not None
        assert building.ven.registration is not None
        self._port = front._utility.front
        self._tls = building.tls()
        self._body = codec.encode(m.Poll(ven_id=building.ven.registration.ven_id))
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def poll(self, trailer: str = "") -> bytes:
        """Returns the status of the answer to a poll."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("localhost", self._port, ssl=self._tls)
        reader, writer = self._streams
        body = self._body
        head = f"POST {PATH}/OadrPoll HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n"
        if trailer:
            head += "Transfer-Encoding: chunked\r\n\r\n"
            body = f"{len(body):x}\r\n".encode() + body + f"\r\n0\r\n{trailer}\r\n\r\n".encode()
        else:
            head += f"Content-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        async with asyncio.timeout(10):
            line, _, rest = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
            length = rest.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
            await reader.readexactly(int(length))
        return line.split()[1]

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def test_r517_the_trailers_of_one_ven_spoil_no_request_of_another(
    town: Town, front: Front
) -> None:
    await front.up()
    utility = front._utility
    school, mill = [await utility.enrol(name) for name in ("school", "mill")]
    await town.up(utility)
    for building in (school, mill):
        await town.up(building)
    await town.registered(school, mill)
    pem = (school.folder / "ven.crt").read_text()
    der = base64.b64encode(ssl.PEM_cert_to_DER_cert(pem)).decode()
    quiet, evil = Client(front, school), Client(front, mill)
    for trailer in (f"X-SSL-Client-Cert: {der}", "Content-Encoding: gzip"):
        for _ in range(10):
            # From its second request on HAProxy may let a client share a connection.
            await evil.poll()
            await evil.poll(trailer)
            evil.close()
            assert [await quiet.poll() for _ in range(3)] == [b"200"] * 3
            quiet.close()
