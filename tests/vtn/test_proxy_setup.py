"""``[proxy]`` is checked before anything listens, and TLS to the proxy is possible."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from certs import Authority, KeyPair, TLSFiles, client_context
from certs.errors import FileError
from certs.peers import Peers
from oadr import messages as m
from runtime.settings import ConfigError
from tests.vtn.kit import Open
from tests.vtn.kit_proxy import (
    ELSEWHERE,
    HEADER,
    LISTED,
    Hop,
    as_pem,
    behind,
    gate_of,
    shown,
    status,
)
from tests.vtn.test_proxy import refused
from vtn.cli.run import _greet
from vtn.config import load
from vtn.errors import InsecureSetup
from vtn.proxy.settings import ProxySettings
from vtn.server import Server
from vtn.testing import Peer, World, running


def written(tmp_path: Path, proxy: str, *, http: str = "plain = true", tls: str = "") -> Path:
    file = tmp_path / "vtn.toml"
    file.write_text(
        f'vtn_id = "vtn"\n[http]\nport = 0\n{http}\n[tls]\n{tls}\n[proxy]\n{proxy}\n'
        '[store]\nurl = "sqlite+aiosqlite:///vtn.db"\n'
    )
    return file


NETWORKS = 'networks = ["10.0.7.4", "10.0.8.0/28", "2001:db8::/64"]'

#: What stands in ``[proxy]``, the key that an error names, and what it says.
MISTAKES = [
    ("", "proxy.networks", "required"),
    ("networks = []", "proxy.networks", "at least 1"),
    ('networks = "10.0.7.4"', "proxy.networks", "tuple"),
    ('networks = ["10.0.7.4/8"]', "proxy.networks", "host bits"),
    ('networks = ["proxy.example"]', "proxy.networks", "10.0.7.0/28"),
    ('networks = ["::ffff:10.0.7.0/120"]', "proxy.networks", "write the IPv4 network"),
    ('networks = ["0.0.0.0/0"]', "proxy", "secret_file or certificates"),
    (f'{NETWORKS}\nheader = ""', "proxy.header", "at least 1"),
    (f'{NETWORKS}\nheader = "X_SSL_Client_Cert"', "proxy.header", "hyphens"),
    (f'{NETWORKS}\nheader = "X SSL"', "proxy.header", "hyphens"),
    (f'{NETWORKS}\nheader = "Host"', "proxy.header", "says something else"),
    (f'{NETWORKS}\nformat = "xml"', "proxy.format", "'rfc9440'"),
    (f'{NETWORKS}\nverified_header = "x-ssl-client-cert"', "proxy", "differ"),
    (f'{NETWORKS}\nforwarded_header = "X:"', "proxy.forwarded_header", "hyphens"),
    (f'{NETWORKS}\ncertificates = ["12:34"]', "proxy.certificates", "not a fingerprint"),
    (f"{NETWORKS}\nnetwork = 1", "proxy.network", "not known"),
]


@pytest.mark.parametrize(("proxy", "key", "words"), MISTAKES)
def test_an_error_names_the_key_and_what_was_expected(
    tmp_path: Path, proxy: str, key: str, words: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, proxy))
    assert caught.value.key == key
    assert words in str(caught.value)


def test_a_program_that_builds_its_settings_itself_is_told_as_well(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"10\.0\.7\.0/28"):
        ProxySettings(networks=("proxy",))


def test_behind_a_proxy_plain_http_may_listen_on_any_address(tmp_path: Path) -> None:
    host = 'plain = true\nhost = "0.0.0.0"'
    settings = load(written(tmp_path, NETWORKS, http=host))
    server = Server(settings)
    assert server.ssl_context is None
    assert server.url.startswith("http://0.0.0.0")


def test_vtn_run_says_by_what_vens_are_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _greet(Server(load(written(tmp_path, f'{NETWORKS}\nformat = "der"'))), "text")
    (line,) = [one for one in capsys.readouterr().out.splitlines() if "proxy" in one]
    assert line == (
        "behind a proxy: VENs are known by X-SSL-Client-Cert (der) from "
        "10.0.7.4, 10.0.8.0/28, 2001:db8::/64"
    )


def test_a_secret_is_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    file = written(tmp_path, f'{NETWORKS}\nsecret_file = "proxy.secret"')
    for content in (None, "", "short\n", "\n"):
        if content is not None:
            (tmp_path / "proxy.secret").write_text(content)
        with pytest.raises(ConfigError) as caught:
            Server(load(file))
        assert caught.value.key == "proxy.secret_file"
    (tmp_path / "proxy.secret").write_text("0123456789abcdef\n")
    Server(load(file))


#: What contradicts what.
AT_ODDS = [
    ("force_plain = true", NETWORKS, "force_plain"),
    ("plain = true", f'{NETWORKS}\ncertificates = ["{"AB" * 10}"]', "with TLS only"),
    ("", NETWORKS, r"\[proxy\] certificates must name"),
]


@pytest.mark.parametrize(("http", "proxy", "words"), AT_ODDS)
def test_the_way_to_the_proxy_is_what_the_section_says(
    tmp_path: Path, http: str, proxy: str, words: str
) -> None:
    authority = Authority.create(tmp_path / "ca", "Test")
    authority.issue_vtn(["localhost"]).save(tmp_path / "vtn.crt", tmp_path / "vtn.key")
    tls = "" if http else 'certificate = "vtn.crt"\nkey = "vtn.key"\nca = "ca/ca.crt"'
    with pytest.raises(InsecureSetup, match=words):
        Server(load(written(tmp_path, proxy, http=http, tls=tls)))


def test_an_authority_that_cannot_be_read_is_named_before_anything_listens(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"nowhere\.crt"):
        Server(load(written(tmp_path, NETWORKS, tls='ca = "nowhere.crt"')))


# ---------------------------------------------------------------- TLS to the proxy


class Encrypted:
    """A VTN that its proxy talks TLS to, with a certificate of its own."""

    def __init__(self, world: World, context: ssl.SSLContext) -> None:
        self.world = world
        self.context = context

    def through(self, headers: Any, address: str = LISTED) -> Peer:
        """Returns a peer that the proxy passes on."""
        hop = Hop(self.world, headers, address=address, tls=self.context)
        return self.world._added(Peer(hop, self.world.clock.now))

    def direct(self, ven: Peer, headers: Any = ()) -> Peer:
        """Returns a VEN that comes by itself, with its own certificate."""
        assert ven.pair is not None
        files = TLSFiles(ca=self.world.authority_file, pairs=[ven.pair])
        hop = Hop(self.world, headers, tls=client_context(files))
        return self.world._added(Peer(hop, self.world.clock.now, name=ven.name))


@pytest.fixture
async def encrypted(tmp_path: Path) -> AsyncIterator[Encrypted]:
    """One whose proxy has its certificate from the authority of the VENs."""
    async with running(handlers=[Open()], tls=True) as world:
        assert world._authority is not None
        pair = KeyPair(certificate=tmp_path / "proxy.crt", key=tmp_path / "proxy.key")
        issued = world._authority.issue_ven("proxy")
        issued.save(pair.certificate, pair.key)
        proxy = ProxySettings(networks=(LISTED,), certificates=(issued.record.fingerprint,))
        world._settings = replace(world._settings, proxy=proxy)
        await world.restart()
        yield Encrypted(world, client_context(TLSFiles(ca=world.authority_file, pairs=[pair])))


async def test_r517_with_tls_the_header_of_the_proxys_certificate_counts(
    encrypted: Encrypted,
) -> None:
    school = encrypted.world.client("school")
    peer = encrypted.through({HEADER: as_pem(school)})
    await peer.join("school")
    assert isinstance(await peer.poll(), m.Response)


async def test_r517_a_ven_that_comes_by_itself_is_its_own_certificate_whatever_it_says(
    encrypted: Encrypted, caplog: pytest.LogCaptureFixture
) -> None:
    world = encrypted.world
    school, thief = world.client("school"), world.client("thief")
    victim = encrypted.through({HEADER: as_pem(school)})
    await victim.join("school")
    forged = encrypted.direct(thief, {HEADER: as_pem(school)})
    await forged.join("thief")
    assert forged.ven_id != victim.ven_id
    reply = await forged.post(m.Poll(ven_id=victim.ven_id))
    assert reply.response.code == 452


async def test_r517_the_proxy_itself_is_no_ven(
    encrypted: Encrypted, caplog: pytest.LogCaptureFixture
) -> None:
    world = encrypted.world
    assert await refused(world, encrypted.through({}), caplog) == (
        403,
        "127.0.0.1: HTTP 403: the proxy shows no client certificate (R517)",
    )
    school = as_pem(world.client("school"))
    found, line = await refused(
        world, encrypted.through({HEADER: school}, address=ELSEWHERE), caplog
    )
    assert found == 403
    assert line.startswith("127.0.0.2: HTTP 403: this is a proxy from an address")


async def test_r516_a_revocation_list_counts_without_an_authority_beside_it() -> None:
    async with behind() as world:
        school = shown(world, "school")
        await school.join("school")
        gate, authority = gate_of(world), world._authority
        assert authority is not None
        gate._trust = None
        gate._peers = Peers(crl=authority.crl_path)
        assert await status(school) == 200
        authority.revoke("school")
        gate._peers = Peers(crl=authority.crl_path)
        assert await status(school) == 403


async def test_r516_a_proxy_whose_certificate_is_revoked_passes_nobody_on(
    encrypted: Encrypted, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor does a VEN that comes by itself, on a connection that is open."""
    world = encrypted.world
    school, mill = world.client("school"), world.client("mill")
    through, direct = encrypted.through({HEADER: as_pem(school)}), encrypted.direct(mill)
    assert [await status(through), await status(direct)] == [200, 200]
    assert world._authority is not None
    world._authority.revoke("proxy")
    world._authority.revoke("mill")
    gate_of(world)._peers._standing._list._look_every = 0.0  # type: ignore[union-attr]
    for peer in (through, direct):
        assert (await refused(world, peer, caplog))[0] == 403
        assert "is revoked (R516)" in caplog.text
