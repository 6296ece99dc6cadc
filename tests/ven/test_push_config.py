"""``[push]`` in ven.toml, and what the command ``ven`` makes of it."""

import asyncio
import json
import re
import socket
import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner, Result

from certs.authority import Authority
from certs.tls import KeyPair, TLSFiles, server_context
from oadr import codec
from oadr import messages as m
from oadr.codec import CONTENT_TYPE
from runtime.errors import ConfigError
from tests.ven.process import ended, running, served, until
from tests.ven.scripted import ScriptedVTN
from tests.ven.test_cli import BUNDLED, make_bundle
from ven.assembly import assemble
from ven.cli import main
from ven.client import Client
from ven.config import PushSettings, load
from ven.push import Listening

PLAIN = 'ven_name = "school-7"\nvtn_url = "http://localhost:8080"\n'
SECURE = 'ven_name = "school-7"\nvtn_url = "https://vtn.example"\n'
TLS = '[tls]\ncertificate = "ven.crt"\nkey = "ven.key"\nca = "ca.crt"\n'


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def _write(text: str) -> Path:
        path = tmp_path / "ven.toml"
        path.write_text(text)
        return path

    return _write


def test_address_port_and_prefix_to_listen_on_are_those_of_the_address_unless_it_says_otherwise(
    write: Callable[[str], Path],
) -> None:
    text = f'{SECURE}{TLS}[push]\naddress = "https://school.example:8444/school-7/"\n'
    push = load(write(text)).push
    assert push is not None
    assert push.address == "https://school.example:8444/school-7"
    assert push.listening() == Listening(host="0.0.0.0", port=8444, path_prefix="/school-7")
    more = 'host = "10.0.0.7"\nport = 9000\npath_prefix = "/x/"\nresync = "10m"\n'
    push = load(write(text + more)).push
    assert push is not None
    assert push.listening() == Listening(host="10.0.0.7", port=9000, path_prefix="/x")
    assert push.resync == timedelta(minutes=10)


def test_an_address_without_a_port_is_listened_to_at_that_of_https() -> None:
    assert PushSettings(address="https://school.example").listening().port == 443


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'{PLAIN}[push]\naddress = "http://localhost:1"\n', "push.host: plain HTTP on 0.0.0.0"),
        (f'{PLAIN}[push]\naddress = "https://x"\nhost = "::1"\n', "push.address: https needs"),
        (f'{SECURE}{TLS}[push]\naddress = "http://x"\n', "push.address: with [tls]"),
        (f"{SECURE}{TLS}[push]\n", "push.address: "),
        (f'{SECURE}{TLS}[push]\naddress = "school"\n', "push.address: 'school' is no address"),
        (f"{SECURE}{TLS}[push]\naddress = 7\n", "push.address: "),
        (f'{SECURE}{TLS}[push]\naddress = "https://x"\nport = 0\n', "push.port: "),
        (f'{SECURE}{TLS}[push]\naddress = "https://x"\npath_prefix = "x"\n', "push.path_prefix: "),
        (f'{SECURE}{TLS}[push]\naddress = "https://x"\nresync = "0s"\n', "push.resync: "),
        (f'{SECURE}{TLS}[push]\naddress = "https://x"\nadress = "y"\n', "push.adress: "),
    ],
)
def test_what_is_wrong_with_the_section_is_said_with_file_and_key(
    write: Callable[[str], Path], text: str, expected: str
) -> None:
    path = write(text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: {expected}")


def test_a_fingerprint_that_is_none_is_named(write: Callable[[str], Path]) -> None:
    text = f'{SECURE}{TLS}[push]\naddress = "https://x"\nvtn_fingerprint = "nonsense"\n'
    with pytest.raises(ConfigError, match=r"push\.vtn_fingerprint: .*nonsense"):
        assemble(Client, write(text), {})


def test_a_ven_is_put_together_from_it_an_openleadr_one_too(write: Callable[[str], Path]) -> None:
    from ven import VEN

    path = write(f'{PLAIN}[push]\naddress = "http://localhost:9"\nhost = "127.0.0.1"\n')
    for cls in (Client, VEN):
        ven: Any = cls.from_config(path)
        assert ven._machine.core.options.push_address == "http://localhost:9"
        assert ven._connection.listen == Listening(host="127.0.0.1", port=9)


def test_the_examples_of_the_how_to_can_be_used(write: Callable[[str], Path]) -> None:
    text = (Path(__file__).parents[2] / "docs" / "howto" / "push.md").read_text(encoding="utf-8")
    building = text.partition("## The building")[2].partition("\n## ")[0]
    secure, plain = re.findall(r"```toml\n(.*?)```", building, re.DOTALL)
    assert load(write(SECURE + TLS + secure)).push is not None
    assert load(write(PLAIN + plain)).push is not None
    (program,) = re.findall(r"```python\n(.*?)```", building, re.DOTALL)
    names: dict[str, Any] = {}
    exec(program, names)
    assert names["ven"].push_port is None


# ------------------------------------------------------------------ the command


def typed(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


@pytest.mark.parametrize("bundled", [True, False])
def test_init_writes_the_section(tmp_path: Path, bundled: bool) -> None:
    source = ("--vtn", "https://vtn.example")
    if bundled:
        source = ("--bundle", str(make_bundle(tmp_path / "school-7.zip", BUNDLED)))
    result = typed("init", tmp_path / "x", *source, "--push", "https://school-7.example:8444")
    assert result.exit_code == 0, result.output
    assert "Push     https://school-7.example:8444 has to lead to port 8444 here" in result.output
    push = load(tmp_path / "x" / "ven.toml").push
    assert push is not None
    assert (push.address, push.host) == ("https://school-7.example:8444", "0.0.0.0")


def test_init_for_a_test_on_this_machine_listens_to_it_alone(tmp_path: Path) -> None:
    result = typed(
        "init", tmp_path / "x", "--vtn", "http://localhost:1", "--push", "http://localhost:2"
    )
    assert result.exit_code == 0, result.output
    push = load(tmp_path / "x" / "ven.toml").push
    assert push is not None
    assert push.host == "127.0.0.1"


def test_init_does_not_write_a_second_section(tmp_path: Path) -> None:
    text = BUNDLED + '[push]\naddress = "https://x"\n'
    bundle = make_bundle(tmp_path / "school-7.zip", text)
    result = typed("init", tmp_path / "x", "--bundle", bundle, "--push", "https://y")
    assert result.exit_code == 2
    assert "has a section [push]" in result.output
    assert not (tmp_path / "x").exists()


async def test_a_ven_that_runs_is_pushed_to_by_the_vtn_that_it_called_and_says_so(
    tmp_path: Path,
) -> None:
    authority = Authority.create(tmp_path / "ca", "Test programme")
    authority.issue_vtn(("localhost",)).save(tmp_path / "vtn.crt", tmp_path / "vtn.key")
    authority.issue_ven("school-7").save(tmp_path / "ven.crt", tmp_path / "ven.key")
    pair = KeyPair(certificate=tmp_path / "vtn.crt", key=tmp_path / "vtn.key")
    context = server_context(TLSFiles(ca=tmp_path / "ca" / "ca.crt", pairs=(pair,)))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"https://localhost:{probe.getsockname()[1]}"
    vtn = ScriptedVTN()
    async with served(vtn, context) as url:
        config = tmp_path / "ven.toml"
        config.write_text(f"""
ven_name = "school-7"
vtn_url = "{url}"
tls = {{ certificate = "ven.crt", key = "ven.key", ca = "ca/ca.crt" }}
push = {{ address = "{address}", host = "127.0.0.1" }}
""")
        async with running(config) as process:
            await until(lambda: vtn.got(m.RequestEvent), config)
            caller = ssl.create_default_context(cafile=tmp_path / "ca" / "ca.crt")
            caller.check_hostname = False
            caller.load_cert_chain(tmp_path / "vtn.crt", tmp_path / "vtn.key")
            answer = await _pushed(address, caller)
            assert isinstance(answer, m.RegisteredReport)
            shown = await asyncio.to_thread(typed, "status", "-c", config)
            assert shown.exit_code == 0, shown.output
            assert f"the VTN pushes to {address}" in shown.output
            assert "VTN pushed " in shown.output
            told = await asyncio.to_thread(typed, "status", "-c", config, "--json")
            found = json.loads(told.output)
            assert found["pushed"] is not None
            assert found["registration"]["push_address"] == address
            assert await ended(process) == 0
    log = (tmp_path / "log").read_text()
    assert f"The VTN pushes to {address}; listening on 127.0.0.1 port" in log
    assert log.rstrip().endswith("stopped")
    assert vtn.got(m.Poll) == []


async def _pushed(address: str, caller: ssl.SSLContext) -> m.Message:
    body = codec.encode(m.RegisterReport(request_id="q"))
    url = f"{address}/OpenADR2/Simple/2.0b/EiReport"
    async with (
        aiohttp.ClientSession(headers={"Content-Type": CONTENT_TYPE}) as session,
        session.post(url, data=body, ssl=caller) as response,
    ):
        assert response.status == 200, await response.text()
        return codec.decode(await response.read())
