"""The VEN's own TLS context: as strict as that of ``certs``, and as clear about errors."""

import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from certs.authority import Authority
from certs.tls import KeyPair, Profile, TLSFiles, server_context
from certs.tls import client_context as strict
from runtime.settings import ConfigError
from tests.certs.handshake import handshake
from ven.tls import TlsFiles, client_context

SETTINGS = (
    "verify_mode",
    "check_hostname",
    "hostname_checks_common_name",
    "options",
    "minimum_version",
    "maximum_version",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("programme")
    authority = Authority.create(folder / "ca", "Test programme")
    authority.issue_vtn(("localhost",)).save(folder / "vtn.crt", folder / "vtn.key")
    authority.issue_ven("school-7").save(folder / "ven.crt", folder / "ven.key")
    authority.issue_ven("mill-3").save(folder / "mill.crt", folder / "mill.key", "sesame")
    return folder


@pytest.fixture
def files(folder: Path) -> TlsFiles:
    return TlsFiles(
        certificate=folder / "ven.crt", key=folder / "ven.key", ca=folder / "ca" / "ca.crt"
    )


@pytest.fixture
def server(folder: Path) -> TLSFiles:
    pair = KeyPair(certificate=folder / "vtn.crt", key=folder / "vtn.key")
    return TLSFiles(ca=folder / "ca" / "ca.crt", pairs=(pair,))


@pytest.mark.parametrize("profile", ["compatible", "certification"])
def test_r67_both_profiles_are_those_of_certs(
    files: TlsFiles, server: TLSFiles, profile: Literal["compatible", "certification"]
) -> None:
    files = replace(files, profile=profile)
    ours = client_context(files)
    pair = KeyPair(certificate=files.certificate, key=files.key)
    theirs = strict(TLSFiles(ca=files.ca, pairs=(pair,)), profile=Profile(profile))
    for name in SETTINGS:
        assert getattr(ours, name) == getattr(theirs, name), name
    assert [c["name"] for c in ours.get_ciphers()] == [c["name"] for c in theirs.get_ciphers()]
    met = handshake(server_context(server, profile=Profile(profile)), ours)
    assert met.client_certificate is not None


def test_a_server_with_another_name_or_authority_is_refused(
    files: TlsFiles, server: TLSFiles, tmp_path: Path
) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server_context(server), client_context(files), host="elsewhere.example")
    handshake(server_context(server), client_context(replace(files, check_hostname=False)))
    Authority.create(tmp_path / "ca", "Somebody else")
    other = replace(files, ca=tmp_path / "ca" / "ca.crt")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server_context(server), client_context(other))


def test_an_encrypted_key_is_opened_by_its_passphrase(files: TlsFiles, folder: Path) -> None:
    mill = replace(files, certificate=folder / "mill.crt", key=folder / "mill.key")
    client_context(replace(mill, passphrase="sesame"))
    for wrong in ("", "open"):
        with pytest.raises(ConfigError, match=r"mill\.key: .*passphrase"):
            client_context(replace(mill, passphrase=wrong))
    assert "sesame" not in repr(replace(mill, passphrase="sesame"))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"ca": "none.crt"}, r"none\.crt: cannot be opened"),
        ({"certificate": "none.crt"}, r"none\.crt: cannot be opened"),
        ({"key": "ven.crt"}, r"ven\.crt: is not a private key|ven\.crt: "),
        ({"key": "vtn.key"}, r"vtn\.key"),
    ],
)
def test_a_file_that_does_not_fit_is_named(
    files: TlsFiles, folder: Path, changes: dict[str, str], problem: str
) -> None:
    paths: dict[str, Any] = {name: folder / path for name, path in changes.items()}
    with pytest.raises(ConfigError, match=problem) as caught:
        client_context(replace(files, **paths))
    assert str(caught.value).startswith("tls: ")
    assert "\n" not in str(caught.value)
