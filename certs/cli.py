"""The command `oadr-certs`: keys and certificates of a programme, from the first day on."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import click

from certs import present
from certs.authority import OVERLAP, VEN_VALID, VTN_VALID, Authority
from certs.build import KeyType
from certs.doctor import Patient, diagnose
from certs.errors import FileExistsAlreadyError
from certs.files import load_certificates, read
from certs.finding import SOON, healthy
from certs.folder import Issued, load_ledger
from certs.ledger import IN_USE
from certs.options import DURATION, passphrase
from certs.subject import Kind
from oadr.times import add
from runtime.cli import HELP, Outermost, note_debug

Command = TypeVar("Command", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)

_authority = click.option(
    "--authority",
    "folder",
    type=_FOLDER,
    default="ca",
    show_default=True,
    envvar="OADR_CERTS_AUTHORITY",
    help="Folder of the certificate authority.",
)
_ca_passphrase = click.option(
    "--passphrase-file",
    type=_FILE,
    help="File with the passphrase of the authority's key. Or set OADR_CERTS_PASSPHRASE.",
)
_key_passphrase = click.option(
    "--key-passphrase-file", type=_FILE, help="Encrypt the new key with the passphrase in a file."
)
_rsa = click.option(
    "--rsa", is_flag=True, help="An RSA key of 2048 bits, for old peers; else EC P-256."
)
_host = click.option(
    "--host", "hosts", multiple=True, help="Host name or address, for HTTP push. Repeatable."
)
_out = click.option(
    "--out", type=_FOLDER, default=".", show_default=True, help="Folder for the new files."
)
_json = click.option("--json", "json_", is_flag=True, help="Print JSON.")


def _valid(default: timedelta | None) -> Callable[[Command], Command]:
    shown = f"{default.days} days" if default else "as its kind has it"
    return click.option(
        "--valid", type=DURATION, default=default, show_default=shown, help="For example 90d or 2y."
    )


@click.group(cls=Outermost, context_settings=HELP)
@click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    callback=note_debug,
    help="Show the traceback of an error.",
)
def main() -> None:
    r"""Keys and certificates for OpenADR: one authority per programme.

    \b
    First day:
      oadr-certs init --name "North grid"
      oadr-certs issue vtn vtn.example.org 10.0.0.5
      oadr-certs issue ven school-7

    \b
    Later:
      oadr-certs list --expiring 30d      whose certificate ends soon
      oadr-certs renew school-7           a successor; the old one counts 30 days more
      oadr-certs revoke school-7          lost or withdrawn
      oadr-certs doctor --cert vtn.crt --key vtn.key --host vtn.example.org

    Exit codes: 0 all is well, 1 refused or something found, 2 wrong usage.
    """


@main.command()
@click.argument("folder", type=_FOLDER, default="ca")
@click.option("--name", required=True, help="Name of the authority: the programme or the utility.")
@_rsa
@_ca_passphrase
def init(folder: Path, name: str, rsa: bool, passphrase_file: Path | None) -> None:
    """Create a certificate authority in FOLDER (ca).

    With a passphrase its key is encrypted; every command that signs then asks for it by
    --passphrase-file or OADR_CERTS_PASSPHRASE.
    """
    secret = passphrase(passphrase_file)
    authority = Authority.create(folder, name, key_type=_key_type(rsa), passphrase=secret)
    end = present.day(authority.certificate.not_valid_after_utc)
    lock = "encrypted" if secret else "not encrypted (mode 600)"
    click.echo(f"Created {folder}/")
    present.print_facts(
        {
            "  ca.crt": f"certificate until {end}: give it to every VTN and VEN",
            "  ca.key": f"private key, {lock}: keep it safe, back it up",
            "  ca.crl": "revocation list: give it to every VTN",
            "  issued.jsonl": "what was issued; back it up",
        }
    )
    click.echo("Next: oadr-certs issue vtn HOST...")


@main.group()
def issue() -> None:
    """Issue a certificate and its key."""


@issue.command()
@click.argument("names", nargs=-1, required=True)
@_authority
@_ca_passphrase
@_rsa
@_valid(VTN_VALID)
@_out
@_key_passphrase
def vtn(names: tuple[str, ...], folder: Path, rsa: bool, valid: timedelta, **options: Any) -> None:
    """Issue a certificate for a VTN that is reached by NAMES (host names, IP addresses).

    A VTN that serves old RSA peers too gets a second one with --rsa.
    """
    target = _Target(options["out"], "vtn-rsa" if rsa else "vtn")
    authority = Authority.load(folder, passphrase(options["passphrase_file"]))
    issued = authority.issue_vtn(names, key_type=_key_type(rsa), valid_for=valid)
    target.save(issued, options["key_passphrase_file"])
    click.echo("Give the fingerprint to the VENs that check it.")


@issue.command()
@click.argument("name")
@_authority
@_ca_passphrase
@_host
@_rsa
@_valid(VEN_VALID)
@_out
@_key_passphrase
def ven(name: str, folder: Path, hosts: tuple[str, ...], rsa: bool, **options: Any) -> None:
    """Issue a certificate for the VEN called NAME."""
    target = _Target(options["out"], name)
    authority = Authority.load(folder, passphrase(options["passphrase_file"]))
    key_type = _key_type(rsa)
    issued = authority.issue_ven(name, hosts=hosts, key_type=key_type, valid_for=options["valid"])
    target.save(issued, options["key_passphrase_file"])
    click.echo(f"Hand over certificate, key and {authority.certificate_path}, and enrol it.")


@main.command()
@click.argument("request", type=_FILE)
@_authority
@_ca_passphrase
@click.option("--vtn", "is_vtn", is_flag=True, help="For a VTN; else for a VEN.")
@_host
@_valid(None)
@_out
def sign_csr(request: Path, folder: Path, is_vtn: bool, **options: Any) -> None:
    """Sign the signing request in the file REQUEST: the key stays with its owner.

    Only the public key and the common name are taken from the request.
    """
    authority = Authority.load(folder, passphrase(options["passphrase_file"]))
    target = _Target(options["out"], request.stem, with_key=False)
    issued = authority.sign_csr(
        read(request, "a signing request"),
        kind=Kind.VTN if is_vtn else Kind.VEN,
        hosts=options["hosts"],
        valid_for=options["valid"],
    )
    target.save(issued)


@main.command()
@click.argument("wanted", metavar="NAME")
@_authority
@_ca_passphrase
@click.option(
    "--overlap",
    type=DURATION,
    default=OVERLAP,
    show_default=f"{OVERLAP.days} days",
    help="How long the old certificate is still accepted.",
)
@click.option("--csr", type=_FILE, help="Signing request with the new key; else one is made.")
@_valid(None)
@_out
@_key_passphrase
def renew(wanted: str, folder: Path, overlap: timedelta, csr: Path | None, **options: Any) -> None:
    """Issue the successor of a certificate, by NAME, serial number or fingerprint.

    Its fingerprint is another one: enrol it before the old one stops being accepted.
    """
    authority = Authority.load(folder, passphrase(options["passphrase_file"]))
    name = f"{authority.renewable(wanted).name}-renewed"
    target = _Target(options["out"], name, with_key=csr is None)
    request = read(csr, "a signing request") if csr else None
    issued = authority.renew(wanted, overlap=overlap, request=request, valid_for=options["valid"])
    target.save(issued, options["key_passphrase_file"])
    until = f"{add(issued.record.issued_at, overlap):%Y-%m-%d %H:%M} UTC"
    click.echo(f"The old certificate is accepted until {until}; after it run: oadr-certs crl")


@main.command()
@click.argument("wanted", metavar="NAME")
@_authority
@_ca_passphrase
def revoke(wanted: str, folder: Path, passphrase_file: Path | None) -> None:
    """Revoke a certificate by serial number or fingerprint, or all that NAME has."""
    authority = Authority.load(folder, passphrase(passphrase_file))
    for record in authority.revoke(wanted):
        click.echo(f"Revoked {record.name}  {record.fingerprint}  serial {record.serial}")
    click.echo(f"{authority.crl_path} is written: copy it to every VTN that does not read it here.")


@main.command()
@_authority
@_ca_passphrase
def crl(folder: Path, passphrase_file: Path | None) -> None:
    """Write the revocation list again: run it daily.

    Certificates whose overlap is over go on the list, and the list gets a new year to live.
    """
    authority = Authority.load(folder, passphrase(passphrase_file))
    written = authority.write_crl()
    end = written.next_update_utc
    until = present.day(end) if end else "ever"
    click.echo(f"{authority.crl_path}  number {authority.ledger.crl_number}, ", nl=False)
    click.echo(f"{len(written)} revoked, valid until {until}")


@main.command("list")
@_authority
@_json
@click.option("--all", "all_", is_flag=True, help="Show revoked and expired ones too.")
@click.option("--expiring", type=DURATION, help="Only what ends within; exit code 1 if any does.")
def list_(folder: Path, json_: bool, all_: bool, expiring: timedelta | None) -> None:
    """List the certificates that are in use; needs no passphrase."""
    now = datetime.now(UTC)
    ledger = load_ledger(folder)
    records = [r for r in ledger.records.values() if all_ or r.status(now) in IN_USE]
    if expiring is not None:
        last = add(now, expiring)
        records = [r for r in records if r.replaced_by is None and r.not_after <= last]
    if json_:
        present.as_json([present.record_as_dict(record, now) for record in records])
    elif records:
        present.print_records(records, now)
    else:
        click.echo("none" if expiring is None else "none ends within that time")
    if ledger.crl_next_update is not None and ledger.crl_next_update - now < SOON:
        end = present.day(ledger.crl_next_update)
        click.echo(f"The revocation list ends {end}. Run: oadr-certs crl", err=True)
    if expiring is not None and records:
        raise click.exceptions.Exit(1)


@main.command()
@click.argument("file", type=_FILE)
@_json
def show(file: Path, json_: bool) -> None:
    """Show the certificates in FILE, with every fingerprint."""
    certificates = load_certificates(file)
    if json_:
        present.as_json([present.certificate_as_dict(one) for one in certificates])
        return
    for number, certificate in enumerate(certificates):
        if number:
            click.echo()
        present.print_certificate(certificate)


@main.command()
@click.option("--ca", type=_FILE, default="ca/ca.crt", show_default=True, help="Trusted CA.")
@click.option("--cert", type=_FILE, required=True, help="The certificate to look at.")
@click.option("--key", type=_FILE, help="Its private key.")
@click.option("--host", help="Name by which peers reach it: look at it as a server.")
@click.option("--crl", "list_file", type=_FILE, help="The revocation list.")
@click.option("--passphrase-file", type=_FILE, help="File with the passphrase of the key.")
@click.option("--strict", is_flag=True, help="Exit code 1 for warnings too.")
@_json
def doctor(cert: Path, passphrase_file: Path | None, strict: bool, json_: bool, **f: Any) -> None:
    """Say what is wrong with a certificate: CA, chain, key, name, clock or revocation."""
    patient = Patient(
        ca=f["ca"],
        certificate=cert,
        key=f["key"],
        passphrase=passphrase(passphrase_file),
        host=f["host"],
        crl=f["list_file"],
    )
    findings = diagnose(patient, now=datetime.now(UTC))
    if json_:
        present.as_json([present.finding_as_dict(finding) for finding in findings])
    else:
        present.print_findings(findings)
    if not healthy(findings, strict=strict):
        raise click.exceptions.Exit(1)


class _Target:
    """Where a new certificate goes; files in the way are found before it is issued."""

    def __init__(self, folder: Path, name: str, *, with_key: bool = True) -> None:
        stem = re.sub(r"[^\w.-]+", "-", name).strip(".-") or "certificate"
        self.certificate = folder / f"{stem}.crt"
        self.key = folder / f"{stem}.key"
        for path in (self.certificate, *([self.key] if with_key else [])):
            if path.exists():
                raise FileExistsAlreadyError(path)
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, issued: Issued, passphrase_file: Path | None = None) -> None:
        secret = passphrase(passphrase_file, environment=None)
        issued.save(self.certificate, self.key, secret)
        record = issued.record
        click.echo(f"{self.certificate}  {record.name} until {present.day(record.not_after)}")
        if issued.key is not None:
            click.echo(f"{self.key}  private key{', encrypted' if secret else ''}")
        click.echo(f"fingerprint {record.fingerprint}")


def _key_type(rsa: bool) -> KeyType:
    return KeyType.RSA if rsa else KeyType.EC
