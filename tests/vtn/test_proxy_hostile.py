"""Whatever stands in the headers of a proxy: a refusal in words, or nobody at all."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from certs import Authority
from certs.peers import Peers
from certs.trust import Trust
from runtime.http import HTTPError
from tests.vtn.kit_proxy import HEADER, behind, prints, reach, status
from vtn.proxy.gate import Gate
from vtn.proxy.settings import ProxySettings

NAMES = (
    HEADER,
    HEADER.lower(),
    "X-Verify",
    "X-Forwarded-For",
    "X-Proxy-Secret",
    "X_SSL_Client_Cert",
)
SECTION = ProxySettings(
    networks=("127.0.0.1", "10.0.0.0/8", "fe80::/16"),
    verified_header="X-Verify",
    verified_value="0",
    forwarded_header="X-Forwarded-For",
)
#: What TCP says of the other end: addresses, a Unix socket, nothing.
PEERNAMES: list[Any] = [
    *[("127.0.0.1", 1), ("192.0.2.1", 1), ("::ffff:127.0.0.1", 1, 0, 0)],
    *[("fe80::1%eth0", 1, 0, 3), "", "/run/x", None, ()],
]


class Connection(asyncio.Transport):
    def __init__(self, peername: Any) -> None:
        super().__init__({"peername": peername})


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    authority = Authority.create(tmp_path_factory.mktemp("gate") / "ca", "Test")
    trust = Trust(authority.certificate_path, authority.crl_path)
    return Gate(SECTION, peers=Peers(), trust=trust)


VALUES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["0", "SUCCESS", "10.0.0.1", "192.0.2.1", "::1", "a" * 9000, "%ff"]),
    st.lists(st.ip_addresses().map(str), max_size=30).map(", ".join),
)


@given(
    headers=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6),
    peername=st.sampled_from(PEERNAMES),
)
def test_any_headers_from_anywhere_prove_nobody(
    gate: Gate, headers: list[tuple[str, str]], peername: Any
) -> None:
    request = make_mocked_request(
        "POST", "/", headers=CIMultiDict(headers), transport=Connection(peername)
    )
    refusal = refused(gate, request)
    if refusal is not None:
        assert refusal.status in (400, 403)
        assert refusal.rule
        assert len(str(refusal)) < 400
    assert len(gate.origin(request)) < 60


def refused(gate: Gate, request: web.BaseRequest) -> HTTPError | None:
    try:
        assert gate.certificate_of(request) is None
    except HTTPError as error:
        return error
    return None


@pytest.mark.parametrize("name", [HEADER, "X-Verify", "X-Forwarded-For"])
async def test_bytes_that_are_no_text_are_refused(name: str) -> None:
    section = {"verified_header": "X-Verify", "forwarded_header": "X-Forwarded-For"}
    async with behind(None, **section) as world:
        reader, writer = await asyncio.open_connection("127.0.0.1", world.server.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n%b: \xff\xfe\r\n\r\n" % name.encode())
        answer = await reader.readline()
        writer.close()
    assert answer.split()[1] in (b"400", b"403")


@pytest.mark.parametrize("peername", ["", "/run/x", None, ()])
def test_a_connection_whose_address_is_unknown_is_no_proxys(gate: Gate, peername: Any) -> None:
    request = make_mocked_request("POST", "/", transport=Connection(peername))
    assert gate.certificate_of(request) is None
    assert gate.origin(request) == ""


def test_an_ipv4_address_in_the_dress_of_ipv6_is_the_same_proxy(gate: Gate) -> None:
    peer = Connection(("::ffff:127.0.0.1", 1, 0, 0))
    with pytest.raises(HTTPError, match="has verified no client certificate"):
        gate.certificate_of(make_mocked_request("POST", "/", transport=peer))


async def test_a_ven_of_which_only_a_fingerprint_is_known_is_written_down_like_all_others() -> None:
    async with behind(format="fingerprint") as world:
        ven = world.client("school")
        peer = reach(world, {HEADER: prints(ven).openadr})
        await peer.join("school")
        await world.pass_time(minutes=5)
        assert await status(peer) == 200
