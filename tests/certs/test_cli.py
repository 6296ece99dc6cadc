"""The command line: what it prints, what it writes, how it ends."""

from __future__ import annotations

import json
import re
import shlex
import stat
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from certs.cli import main
from certs.files import load_certificates, load_crls, load_key
from tests.certs.conftest import STRANGE_CERTIFICATE

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in an empty folder; by default it must succeed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OADR_CERTS_PASSPHRASE", raising=False)
    monkeypatch.delenv("OADR_CERTS_AUTHORITY", raising=False)

    def invoke(line: str, code: int = 0, **environment: str) -> Result:
        result = CliRunner().invoke(main, line.split(), env=environment)
        assert result.exit_code == code, result.output
        return result

    return invoke


@pytest.fixture
def north(run: Run) -> Run:
    run("init --name North")
    return run


def test_the_first_day(run: Run, tmp_path: Path) -> None:
    assert "Next: oadr-certs issue vtn" in run("init --name North").output
    vtn = run("issue vtn vtn.example 10.0.0.5").output
    ven = run("issue ven school-7 --host ven.example").output
    assert re.search(r"fingerprint ([0-9A-F]{2}:){9}[0-9A-F]{2}\n", vtn)
    assert "Hand over certificate, key and ca/ca.crt" in ven
    assert stat.S_IMODE((tmp_path / "vtn.key").stat().st_mode) == 0o600
    run("doctor --cert vtn.crt --key vtn.key --host 10.0.0.5 --crl ca/ca.crl --strict")
    run("doctor --cert school-7.crt --key school-7.key --crl ca/ca.crl --strict")


def test_help_teaches_and_every_command_has_some(run: Run) -> None:
    text = run("--help").output
    assert "First day:\n    oadr-certs init" in text
    assert "Exit codes:" in text
    for command in ("init", "issue vtn", "issue ven", "renew", "revoke", "list", "show"):
        assert "Usage:" in run(f"{command} --help").output
    for command in ("sign-csr", "crl", "doctor"):
        assert command in text


def test_rsa_and_time_span_are_options(north: Run) -> None:
    north("issue vtn vtn.example")
    north("issue vtn vtn.example --rsa --valid 2w --out keys")
    certificate = load_certificates(Path("keys/vtn-rsa.crt"))[0]
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days == 14
    assert "RSA 2048" in north("show keys/vtn-rsa.crt").output


@pytest.mark.parametrize(
    "line", ["issue ven x --valid 3q", "issue ven", "nothing", "issue ven x --valid 0d"]
)
def test_wrong_usage_ends_with_2(north: Run, line: str) -> None:
    assert "Usage:" in north(line, 2).output


def test_errors_are_one_line_and_end_with_1(run: Run) -> None:
    result = run("issue ven school-7", 1)
    assert result.output.startswith("Error: ca: no certificate authority here")
    assert result.output.count("\n") == 1


def test_debug_shows_the_error_itself(run: Run) -> None:
    result = run("--debug issue ven school-7", 1)
    assert type(result.exception).__name__ == "AuthorityMissingError"


def test_nothing_is_issued_if_a_file_is_in_the_way(north: Run) -> None:
    Path("school-7.key").write_text("precious")
    assert "exists and is not overwritten" in north("issue ven school-7", 1).output
    assert north("list").output == "none\n"


@pytest.mark.parametrize("name", ["../../escape", "/etc/passwd", ".hidden", "..."])
def test_a_name_never_leads_out_of_the_folder(run: Run, tmp_path: Path, name: str) -> None:
    run("init --name North")
    run(f"issue ven {name} --out keys")
    (certificate,) = (tmp_path / "keys").glob("*.crt")
    assert not certificate.name.startswith(".")


def test_a_passphrase_comes_from_a_file_or_the_environment(run: Run) -> None:
    Path("secret").write_text("open sesame\nsecond line")
    assert "private key, encrypted" in run("init --name North --passphrase-file secret").output
    assert "no passphrase was given" in run("issue ven a", 1).output
    run("issue ven a --passphrase-file secret")
    run("issue ven b", OADR_CERTS_PASSPHRASE="open sesame")
    assert "does not open" in run("issue ven c", 1, OADR_CERTS_PASSPHRASE="abracadabra").output
    assert "a  " in run("list").output, "a list needs no passphrase"


@pytest.mark.parametrize("content", [None, b"", b"\nlater", b"\xff\xfe"])
def test_a_passphrase_file_without_passphrase_is_refused(run: Run, content: bytes | None) -> None:
    if content is not None:
        Path("secret").write_bytes(content)
    output = run("init --name North --passphrase-file secret", 1).output
    assert "secret: cannot be opened; expected a passphrase in the first line" in output
    assert not Path("ca").exists()


def test_a_new_key_can_be_encrypted_with_its_own_passphrase(north: Run) -> None:
    Path("secret").write_text("open sesame")
    assert "private key, encrypted" in north("issue ven a --key-passphrase-file secret").output
    load_key(Path("a.key"), "open sesame")
    output = north("doctor --cert a.crt --key a.key", 1).output
    assert "no passphrase was given" in output
    north("doctor --cert a.crt --key a.key --passphrase-file secret")


def test_renewing_leaves_both_in_use(north: Run) -> None:
    north("issue ven school-7")
    output = north("renew school-7 --overlap 10d").output
    assert "The old certificate is accepted until" in output
    assert Path("school-7-renewed.key").exists()
    assert "replaced, accepted until" in north("list").output
    statuses = [entry["status"] for entry in json.loads(north("list --json").output)]
    assert statuses == ["overlap", "valid"]


def test_revoking_names_what_is_gone_and_writes_the_list(north: Run) -> None:
    north("issue ven school-7")
    fingerprint = json.loads(north("list --json").output)[0]["fingerprint"]
    assert f"Revoked school-7  {fingerprint}" in north("revoke school-7").output
    assert len(load_crls(Path("ca/ca.crl"))[0]) == 1
    assert north("list").output == "none\n"
    assert "revoked" in north("list --all").output
    output = north("doctor --cert school-7.crt --crl ca/ca.crl", 1).output
    assert re.search(r"revocation +FAIL +serial number \w+ was revoked", output)


def test_the_list_of_what_ends_soon_ends_with_1_if_there_is_any(north: Run) -> None:
    north("issue ven long")
    assert north("list --expiring 30d").output == "none ends within that time\n"
    north("issue ven short --valid 10d")
    output = north("list --expiring 30d", 1).output
    assert "short" in output
    assert "long" not in output


def test_showing_puts_all_fingerprints_side_by_side(north: Run) -> None:
    north("issue vtn vtn.example 10.0.0.5")
    text = north("show vtn.crt").output
    shown = json.loads(north("show vtn.crt --json").output)[0]
    assert shown["hosts"] == ["vtn.example", "10.0.0.5"]
    for value in shown["fingerprint"].values():
        assert value in text
    assert "is not a certificate" in north("show ca/ca.key", 1).output
    Path("both.crt").write_bytes(Path("vtn.crt").read_bytes() + Path("ca/ca.crt").read_bytes())
    assert north("show both.crt").output.count("OpenADR ") == 2


def test_a_signing_request_is_signed_and_renewed_without_a_key(north: Run) -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mill-3")])
    builder = x509.CertificateSigningRequestBuilder(name)
    request = builder.sign(ec.generate_private_key(ec.SECP256R1()), SHA256())
    Path("mill-3.csr").write_bytes(request.public_bytes(Encoding.PEM))
    Path("mill-3.key").write_text("of the owner")
    assert "private key" not in north("sign-csr mill-3.csr").output
    assert Path("mill-3.key").read_text() == "of the owner"
    north("renew mill-3 --csr mill-3.csr")
    assert not Path("mill-3-renewed.key").exists()
    assert "mill-3.crt: exists" in north("sign-csr mill-3.csr", 1).output


def test_the_revocation_list_is_refreshed_on_request(north: Run) -> None:
    assert "number 2, 0 revoked, valid until" in north("crl").output


def test_the_doctor_speaks_json_too(north: Run) -> None:
    north("issue ven school-7")
    findings = json.loads(north("doctor --cert school-7.crt --json").output)
    assert {finding["severity"] for finding in findings} == {"ok"}
    assert findings[0]["check"] == "ca"


def test_the_doctor_fails_for_warnings_only_if_asked(north: Run) -> None:
    north("issue ven short --valid 10d")
    assert "WARN" in north("doctor --cert short.crt").output
    north("doctor --cert short.crt --strict", 1)


def test_a_span_beyond_the_calendar_ends_with_it(north: Run) -> None:
    north("issue ven school-7 --valid 99999y")
    assert "school-7" in north("list --expiring 99999y", 1).output
    assert "accepted until 9999-12-31" in north("renew school-7 --overlap 99999y").output


def test_a_certificate_with_a_key_of_an_unknown_kind_is_shown(run: Run, tmp_path: Path) -> None:
    (tmp_path / "strange.crt").write_bytes(STRANGE_CERTIFICATE)
    assert "unknown" in run("show strange.crt").output


def test_brackets_in_a_name_are_not_markup(run: Run, tmp_path: Path) -> None:
    run("init --name [bold]North[/bold]")
    run("issue ven [red]school[/red]")
    assert "[red]school[/red]" in run("list").output
    path = next(tmp_path.glob("*school*.crt"))
    assert "[bold]North[/bold]" in run(f"doctor --cert {path.name}").output


def test_the_how_to_names_commands_and_options_that_exist(run: Run) -> None:
    page = Path(__file__).parents[2] / "docs" / "howto" / "certificates.md"
    lines = re.findall(r"^\$ oadr-certs (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    shown = set()
    for line in lines:
        words = shlex.split(line)
        command: click.Command = main
        while isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options
        shown.add(command.name)
    assert shown == {
        "init",
        "vtn",
        "ven",
        "sign-csr",
        "show",
        "renew",
        "list",
        "crl",
        "revoke",
        "doctor",
    }
