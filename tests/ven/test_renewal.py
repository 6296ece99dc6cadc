"""``ven renew``: the next certificate in the place of the one before."""

import io
import os
import stat
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from certs import Authority
from certs.folder import Issued
from ven.cli import main

TOML = """\
ven_name = "school-7"
vtn_url = "https://vtn.example"

[tls]
certificate = "{crt}"
key = "{key}"
ca = "{ca}"
"""


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority, in a current folder in which a VEN of it lives."""
    monkeypatch.chdir(tmp_path)
    made = Authority.create(tmp_path / "ca", "Test")
    made.issue_ven("school-7").save(Path("mine.crt"), Path("mine.key"))
    Path("trust.crt").write_bytes(made.certificate_path.read_bytes())
    Path("ven.toml").write_text(TOML.format(crt="mine.crt", key="mine.key", ca="trust.crt"))
    return made


def bundle(issued: Issued, ca: bytes, **changes: bytes | None) -> Path:
    """Writes a bundle as ``vtn ven renew --issue`` does, with other contents in some places."""
    files: dict[str, bytes | None] = {
        "ven.key": issued.key_pem(),
        "ven.crt": issued.certificate_pem,
        "ca.crt": ca,
        "ven.toml": TOML.format(crt="ven.crt", key="ven.key", ca="ca.crt").encode(),
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in (files | {k.replace("_", "."): v for k, v in changes.items()}).items():
            if data is not None:
                archive.writestr(name, data)
    path = Path("next.zip")
    path.write_bytes(content.getvalue())
    return path


def renew(path: Path) -> Result:
    return CliRunner().invoke(main, ["renew", str(path)])


def contents() -> dict[str, bytes]:
    names = ("mine.crt", "mine.key", "trust.crt", "ven.toml")
    return {name: Path(name).read_bytes() for name in names}


def test_key_and_certificate_of_a_bundle_take_the_place_of_those_before(
    authority: Authority,
) -> None:
    before = contents()
    issued = authority.renew("school-7")
    result = renew(bundle(issued, authority.certificate_path.read_bytes()))
    assert result.exit_code == 0, result.output
    assert issued.record.fingerprint in result.output
    now = contents()
    assert now["mine.crt"] == issued.certificate_pem
    assert now["mine.key"] == issued.key_pem()
    assert (now["ven.toml"], now["trust.crt"]) == (before["ven.toml"], before["trust.crt"])
    assert stat.S_IMODE(os.stat("mine.key").st_mode) == 0o600
    assert stat.S_IMODE(os.stat("mine.key.old").st_mode) == 0o600
    assert Path("mine.crt.old").read_bytes() == before["mine.crt"]
    assert Path("mine.key.old").read_bytes() == before["mine.key"]


def test_an_authority_that_is_new_is_trusted_beside_the_one_before(authority: Authority) -> None:
    second = Authority.create("ca-2", "Next")
    issued = second.issue_ven("school-7")
    both = authority.certificate_path.read_bytes() + second.certificate_path.read_bytes()
    before = contents()["trust.crt"]
    result = renew(bundle(issued, both))
    assert "1 more authority is trusted" in result.output
    now = contents()["trust.crt"]
    assert now.startswith(before.strip())
    assert now.count(b"BEGIN CERTIFICATE") == 2
    assert contents()["mine.crt"] == issued.certificate_pem


def test_a_key_that_stays_with_its_owner_is_used_further(authority: Authority) -> None:
    request = _request(Path("mine.key"))
    issued = authority.renew("school-7", request=request)
    before = contents()
    path = bundle(issued, authority.certificate_path.read_bytes(), ven_key=None)
    assert renew(path).exit_code == 0
    assert contents()["mine.key"] == before["mine.key"]
    assert contents()["mine.crt"] == issued.certificate_pem


def _request(key: Path) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    from certs.files import load_key

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "school-7")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    return builder.sign(load_key(key), SHA256()).public_bytes(Encoding.PEM)


def test_a_bundle_that_does_not_fit_changes_nothing(authority: Authority) -> None:
    issued = authority.renew("school-7")
    ca = authority.certificate_path.read_bytes()
    other = TOML.format(crt="ven.crt", key="ven.key", ca="ca.crt").replace("school-7", "mill")
    cases: dict[str, dict[str, bytes | None]] = {
        "is for 'mill'; this VEN is 'school-7'": {"ven_toml": other.encode()},
        "its certificate and its key cannot be used": {"ven_key": contents()["mine.key"]},
        "the key that this VEN has cannot be used": {"ven_key": None},
        "its authority cannot be read": {"ca_crt": b"-----BEGIN nothing"},
    }
    before = contents()
    for words, changes in cases.items():
        result = renew(bundle(issued, ca, **changes))
        assert result.exit_code == 1
        assert words in result.output.replace("\n", " ")
    assert contents() == before
    assert not list(Path().glob("*.old"))
    assert not list(Path().glob("tmp*"))


def test_help_shows_how(authority: Authority) -> None:
    result = CliRunner().invoke(main, ["renew", "--help"])
    assert "ven renew school-7-next.zip" in result.output
