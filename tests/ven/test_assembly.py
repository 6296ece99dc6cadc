"""From a configuration to a VEN: keys that a passphrase opens, and limits of time."""

from pathlib import Path

import pytest

from certs.authority import Authority
from runtime.errors import ConfigError
from ven.client import Client

HEAD = """
ven_name = "school-7"
vtn_url = "https://vtn.example"
"""
TLS = """
[tls]
certificate = "tls.crt"
key = "tls.key"
ca = "ca/ca.crt"
passphrase_file = "tls.secret"
"""
SIGNATURES = """
[signatures]
sign = true
"""
OWN_KEY = (
    SIGNATURES
    + """
certificate = "sign.crt"
key = "sign.key"
passphrase_file = "sign.secret"
"""
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    authority = Authority.create(tmp_path / "ca", "Test programme")
    for name, secret in (("tls", "open"), ("sign", "sesame")):
        issued = authority.issue_ven(name)
        issued.save(tmp_path / f"{name}.crt", tmp_path / f"{name}.key", passphrase=secret)
        (tmp_path / f"{name}.secret").write_text(f"{secret}\nonly the first line counts\n")
    return tmp_path


def made(folder: Path, text: str) -> Client:
    (folder / "ven.toml").write_text(HEAD + text)
    return Client.from_config(folder / "ven.toml")


def test_the_key_that_signs_has_a_passphrase_of_its_own(folder: Path) -> None:
    for text in (TLS + SIGNATURES, TLS + OWN_KEY):
        assert made(folder, text)._connection.signs


def test_a_wrong_passphrase_names_the_section(folder: Path) -> None:
    (folder / "sign.secret").write_text("simsalabim")
    with pytest.raises(ConfigError, match=r"^signatures: "):
        made(folder, TLS + OWN_KEY)


@pytest.mark.parametrize("name", ["tls", "sign"])
def test_a_passphrase_file_that_is_missing_is_named_with_its_key(folder: Path, name: str) -> None:
    (folder / f"{name}.secret").unlink()
    with pytest.raises(ConfigError, match=rf"\.passphrase_file: cannot be read: .*{name}\.secret"):
        made(folder, TLS + OWN_KEY)


def test_a_passphrase_without_a_key_of_its_own_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"signatures: passphrase_file is for a key of its own"):
        made(folder, TLS + SIGNATURES + 'passphrase_file = "sign.secret"')


def test_a_time_limit_for_one_hook_counts_for_that_one_alone(folder: Path) -> None:
    hooks = made(folder, TLS + '[time_limits]\non_event = "2s"')._machine.core.hooks
    assert (hooks.time_limit, hooks.time_limits) == (10.0, {"on_event": 2.0})


def test_a_time_limit_for_a_hook_that_there_is_not_names_the_key_and_those_that_there_are(
    folder: Path,
) -> None:
    with pytest.raises(
        ConfigError, match=r"^time_limits: .*'on_evnt'; hooks are: .*did you mean on_event"
    ):
        made(folder, TLS + '[time_limits]\non_evnt = "2s"')
