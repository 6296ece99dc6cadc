"""Where a VEN may ask to be pushed to."""

import pytest

from oadr.enums import ServiceName
from oadr.errors import DeploymentError, InvalidData
from runtime.errors import ConfigError
from runtime.settings import check
from vtn.config import PushSettings, Settings
from vtn.dispatch.address import Allowed, address_of, checked_address
from vtn.store import party
from vtn.testing import fingerprint_of, joined

ANYWHERE = PushSettings()


async def test_r402_a_ven_that_listens_has_to_say_where() -> None:
    async with joined() as world:
        reply = await world.ven.register("school", http_pull_model=False)
        assert reply.code == 459
        assert "oadrTransportAddress" in reply.reason
        assert "R402" in reply.reason
        assert len(world.desk.roster) == 0


async def test_r402_r403_the_address_is_kept_and_who_listens_is_not_told_to_poll() -> None:
    async with joined() as world:
        reply = await world.peer("school", push=True).register()
        assert (reply.code, reply.poll_freq) == (200, None)
        async with world.store.read() as tx:
            row = await party.get(tx, ven_name="school")
        assert row is not None
        assert (row.pull, row.transport_address) == (False, "https://school.test")


async def test_r402_a_ven_with_a_certificate_is_pushed_to_over_https_only() -> None:
    async with joined() as world:
        peer = world.peer("school", fingerprint=fingerprint_of("school"))
        peer.push_address = "http://school.test"
        reply = await peer.register()
        assert reply.code == 454
        peer.push_address = "https://school.test"
        assert (await peer.register()).code == 200


@pytest.mark.parametrize(
    "address",
    [
        "https://ven.example",
        "https://ven.example/",
        "https://ven.example:8443/site/7",
        "https://192.0.2.7:8443",
        "https://[2001:db8::7]:8443/",
    ],
)
def test_r402_a_base_address_is_taken(address: str) -> None:
    assert checked_address(address, ANYWHERE, secure=True) == address


@pytest.mark.parametrize(
    "address",
    [
        "ven.example",
        "//ven.example",
        "http://ven.example",
        "ftp://ven.example",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://:8443",
        "https://ven.example:0",
        "https://ven.example:99999",
        "https://ven.example:port",
        "https://user:word@ven.example",
        "https://ven.example@other.example",
        "https://ven.example/?a=b",
        "https://ven.example/#top",
        "https://ven.example/%0d%0aX: y",
        "https://ven.example\r\nX: y",
        "https://ven .example",
        "https://v\u00e9n.example",
        "https://ven.example\\@other.example",
        "https://ven.example//prefix",
        "https://[::1",
        "https://[fe80::1%25eth0]",
        "https://2130706433:8443",
        "https://127.1:8443",
        "https://0177.0.0.1:8443",
        "https://ven.example/" + "a" * 600,
    ],
)
def test_r402_whatever_else_a_url_can_be_is_refused(address: str) -> None:
    with pytest.raises(InvalidData):
        checked_address(address, ANYWHERE, secure=True)


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("https://v", "https://v/OpenADR2/Simple/2.0b/EiEvent"),
        ("https://v/", "https://v/OpenADR2/Simple/2.0b/EiEvent"),
        ("https://v:1/p/", "https://v:1/p/OpenADR2/Simple/2.0b/EiEvent"),
        ("https://v/OpenADR2/Simple/2.0b", "https://v/OpenADR2/Simple/2.0b/EiEvent"),
        ("https://v/OpenADR2/Simple/2.0b/", "https://v/OpenADR2/Simple/2.0b/EiEvent"),
    ],
)
def test_r511_the_service_is_appended_to_the_base_address(base: str, expected: str) -> None:
    assert str(address_of(base, ServiceName.EI_EVENT)) == expected


def test_hosts_are_allowed_by_network_by_name_and_by_domain() -> None:
    allowed = Allowed(["10.0.0.0/8", "2001:db8::/32", "ven.example", "*.sites.example"])
    for host in ("10.1.2.3", "2001:db8::1", "VEN.example", "a.sites.example", "unknown.example"):
        assert allowed.may_be(host), host
    for host in ("192.0.2.1", "::1"):
        assert not allowed.may_be(host), host
    assert allowed.holds("::ffff:10.0.0.1")
    assert not allowed.holds("127.0.0.1")
    assert not allowed.names("sites.example")
    assert not Allowed(["*.sites.example"]).may_be("evilsites.example")


def test_a_host_that_is_not_allowed_is_refused_when_it_registers() -> None:
    settings = PushSettings(networks=("10.0.0.0/8",))
    with pytest.raises(DeploymentError, match=r"does not push to 192\.0\.2\.1"):
        checked_address("https://192.0.2.1", settings, secure=True)


@pytest.mark.parametrize("entry", ["10.0.0.1/8", "*", "a/b", "::1::", ""])
def test_a_network_that_is_none_is_told_at_the_start(entry: str) -> None:
    with pytest.raises(ConfigError, match="push"):
        check({"vtn_id": "v", "push": {"networks": [entry]}}, Settings)


@pytest.mark.parametrize("section", [{"timeout": "4s"}, {"concurrency": 0}])
def test_r38_a_time_limit_below_five_seconds_is_refused(section: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="push"):
        check({"vtn_id": "v", "push": section}, Settings)
