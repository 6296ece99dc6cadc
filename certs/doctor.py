"""Why does the handshake fail? Which of CA, chain, key, name or clock is wrong, and what to do.

`diagnose` looks at the files that a party was given, one question after the other, and answers
each with a finding. A question that cannot be asked because a file is unreadable is left out: the
finding about the file says why.
"""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.build import (
    KeyType,
    alternative_names,
    check_strength,
    common_name,
    key_type_of,
    serial_text,
)
from certs.errors import FileError, WeakKeyError
from certs.files import load_certificates, load_crls, load_key

#: Warn this long before something ends.
SOON = timedelta(days=30)


class Severity(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    #: Works now, and will not for long or not for everything.
    WARN = "warn"
    #: The handshake fails, or must.
    FAIL = "fail"


class Check(StrEnum):
    """What was looked at."""

    CA = "ca"
    CHAIN = "chain"
    KEY = "key"
    NAME = "name"
    CLOCK = "clock"
    STRENGTH = "strength"
    REVOCATION = "revocation"
    PERMISSION = "permission"
    USAGE = "usage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The answer to one question."""

    check: Check
    severity: Severity
    #: What is so, or what is wrong.
    what: str
    #: What to do; empty if nothing.
    todo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """The files to look at."""

    #: Certificates of the trusted authorities.
    ca: Path
    certificate: Path
    key: Path | None = None
    passphrase: str | None = field(default=None, repr=False)
    #: The name or address by which peers reach the owner: then it is looked at as a server.
    host: str | None = None
    crl: Path | None = None


def diagnose(patient: Patient, *, now: datetime) -> list[Finding]:
    """Return what was found, in the order of the checks.

    Args:
        patient: the files.
        now: the time it is, aware.
    """
    findings: list[Finding] = []
    trusted = _read_ca(patient.ca, now, findings)
    chain = _read_certificate(patient.certificate, findings)
    if chain:
        leaf, issuer = chain[0], None
        if trusted:
            issuer = _issuer_of(chain, trusted)
            findings.append(_chain(leaf, issuer, trusted, patient))
        findings.extend(_key(leaf, patient))
        if patient.host is not None:
            findings.append(_name(leaf, patient.host))
        findings.extend((_clock(leaf, now), _strength(leaf), _usage(leaf, patient.host)))
        if patient.crl is not None:
            findings.append(_revocation(leaf, issuer, patient.crl, now))
    if patient.key is not None and patient.key.exists():
        findings.append(_permission(patient.key))
    order = list(Check)
    return sorted(findings, key=lambda finding: order.index(finding.check))


def healthy(findings: list[Finding]) -> bool:
    """Return whether nothing failed; warnings are no failure."""
    return all(finding.severity is not Severity.FAIL for finding in findings)


def _ok(check: Check, what: str) -> Finding:
    return Finding(check=check, severity=Severity.OK, what=what)


def _warn(check: Check, what: str, todo: str) -> Finding:
    return Finding(check=check, severity=Severity.WARN, what=what, todo=todo)


def _fail(check: Check, what: str, todo: str) -> Finding:
    return Finding(check=check, severity=Severity.FAIL, what=what, todo=todo)


def _unreadable(check: Check, error: FileError) -> Finding:
    what, _, todo = str(error).partition(". ")
    return _fail(check, what, todo)


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _read_ca(path: Path, now: datetime, findings: list[Finding]) -> list[x509.Certificate]:
    try:
        trusted = load_certificates(path)
    except FileError as error:
        findings.append(_unreadable(Check.CA, error))
        return []
    faults = [fault for certificate in trusted if (fault := _ca_fault(certificate, path, now))]
    names = ", ".join(common_name(certificate) for certificate in trusted)
    findings.extend(faults or [_ok(Check.CA, f"{path} trusts {names}")])
    return trusted


def _ca_fault(certificate: x509.Certificate, path: Path, now: datetime) -> Finding | None:
    name = common_name(certificate)
    if not _is_ca(certificate):
        return _fail(
            Check.CA,
            f"{path} holds {name}, which is not the certificate of an authority",
            "Use the ca.crt of the programme",
        )
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        return _fail(
            Check.CA,
            f"authority {name} is valid from {_moment(start)} to {_moment(end)}, "
            f"this clock says {_moment(now)}",
            "Check this clock; if it is right, get the new ca.crt of the programme",
        )
    if certificate.not_valid_after_utc - now < SOON:
        end = certificate.not_valid_after_utc
        return _warn(Check.CA, f"authority {name} ends {_moment(end)}", "Plan its successor")
    return None


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _read_certificate(path: Path, findings: list[Finding]) -> list[x509.Certificate]:
    try:
        return load_certificates(path)
    except FileError as error:
        findings.append(_unreadable(Check.CHAIN, error))
        return []


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _issuer_of(
    chain: list[x509.Certificate], trusted: list[x509.Certificate]
) -> x509.Certificate | None:
    """Return the issuer of the leaf if its chain ends at a trusted authority, else None."""
    leaf, intermediates = chain[0], chain[1:]
    current, first = leaf, None
    for _ in range(len(chain)):
        anchor = next((ca for ca in trusted if _signed(current, ca)), None)
        if anchor is not None:
            return first or anchor
        step = next((ca for ca in intermediates if ca != current and _signed(current, ca)), None)
        if step is None:
            return None
        current, first = step, first or step
    return None


def _chain(
    leaf: x509.Certificate,
    issuer: x509.Certificate | None,
    trusted: list[x509.Certificate],
    patient: Patient,
) -> Finding:
    by = leaf.issuer.rfc4514_string()
    if issuer is not None:
        return _ok(Check.CHAIN, f"{common_name(leaf)} is signed by {common_name(issuer)}")
    if any(ca.subject == leaf.issuer for ca in trusted):
        return _fail(
            Check.CHAIN,
            f"{patient.certificate} names {by} as its issuer, and the authority of that name in "
            f"{patient.ca} did not sign it: the authority was created again, or is another one",
            "Get the ca.crt of the authority that issued it, or have it issued again",
        )
    found = ", ".join(ca.subject.rfc4514_string() for ca in trusted)
    return _fail(
        Check.CHAIN,
        f"{patient.certificate} is signed by {by}, {patient.ca} trusts {found}",
        "Use the ca.crt of the issuer, or a certificate of this programme; if there is an "
        "intermediate authority between them, append its certificate to the file",
    )


def _key(leaf: x509.Certificate, patient: Patient) -> Iterator[Finding]:
    if patient.key is None:
        return
    try:
        key = load_key(patient.key, patient.passphrase)
    except FileError as error:
        yield _unreadable(Check.KEY, error)
        return
    if key.public_key() == leaf.public_key():
        yield _ok(Check.KEY, f"{patient.key} is the key of {patient.certificate}")
    else:
        yield _fail(
            Check.KEY,
            f"{patient.key} is not the key of {patient.certificate}",
            "Use the key that was made for this certificate",
        )


def _name(leaf: x509.Certificate, host: str) -> Finding:
    names = alternative_names(leaf)
    if not names:
        return _fail(
            Check.NAME,
            f"the certificate of {common_name(leaf)} holds no host name; its common name is not "
            "looked at",
            f"Have one issued for {host}",
        )
    if any(_fits(host, name) for name in names):
        return _ok(Check.NAME, f"{host} is one of its names")
    return _fail(
        Check.NAME,
        f"{host} is not among its names: {', '.join(names)}",
        "Connect by one of these names, or have a certificate issued for this one",
    )


def _fits(host: str, name: str) -> bool:
    try:
        return ipaddress.ip_address(host) == ipaddress.ip_address(name)
    except ValueError:
        pass
    host, name = host.lower().rstrip("."), name.lower()
    if name.startswith("*."):
        return host.partition(".")[2] == name[2:]
    return host == name


def _clock(leaf: x509.Certificate, now: datetime) -> Finding:
    start, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if now < start:
        return _fail(
            Check.CLOCK,
            f"not valid before {_moment(start)}, this clock says {_moment(now)}",
            "Set this clock; if it is right, the clock of the authority was ahead: issue again",
        )
    if now > end:
        return _fail(
            Check.CLOCK,
            f"expired {_moment(end)}, this clock says {_moment(now)}",
            "Renew the certificate; if the date is wrong, set this clock",
        )
    days = (end - now).days
    if end - now < SOON:
        return _warn(Check.CLOCK, f"expires {_moment(end)}, in {days} days", "Renew it now")
    return _ok(Check.CLOCK, f"valid until {_moment(end)}, {days} days")


def _strength(leaf: x509.Certificate) -> Finding:
    algorithm = leaf.signature_hash_algorithm
    if algorithm is None or isinstance(algorithm, SHA1) or algorithm.digest_size < 32:
        name = "none" if algorithm is None else algorithm.name.upper()
        return _fail(Check.STRENGTH, f"signed with hash {name}", "Have it issued with SHA-256")
    try:
        public = check_strength(leaf.public_key())
    except WeakKeyError as error:
        what, _, _ = str(error).partition(": ")
        return _fail(Check.STRENGTH, what, "Have one issued for an EC P-256 or RSA 2048 key")
    kind = "RSA" if key_type_of(public) is KeyType.RSA else "EC"
    return _ok(Check.STRENGTH, f"{kind} {public.key_size} bits, {algorithm.name.upper()}")


def _usage(leaf: x509.Certificate, host: str | None) -> Finding:
    """Say whether the certificate may be used as it is meant to be: both ways, one of them now."""
    server, client = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
    words = {server: "to serve (serverAuth)", client: "to connect (clientAuth)"}
    needed, wanted = (client, server) if host is None else (server, client)
    allowed = _extended_usages(leaf)
    if _is_ca(leaf):
        return _fail(Check.USAGE, "it is the certificate of an authority", "Use one it issued")
    if not _may_sign(leaf):
        return _fail(Check.USAGE, "it may not sign (digitalSignature)", "Have it issued with that")
    if allowed is not None and needed not in allowed:
        return _fail(Check.USAGE, f"it may not be used {words[needed]}", "Have it issued with that")
    if allowed is not None and wanted not in allowed:
        todo = "Have it issued with both for HTTP push"
        return _warn(Check.USAGE, f"it may not be used {words[wanted]}, as push needs", todo)
    return _ok(Check.USAGE, "may serve and connect")


def _extended_usages(leaf: x509.Certificate) -> set[x509.ObjectIdentifier] | None:
    """Return what it may be used for; None if it does not say, which allows everything."""
    try:
        return set(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return None


def _may_sign(leaf: x509.Certificate) -> bool:
    try:
        return leaf.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    except x509.ExtensionNotFound:
        return True


def _revocation(
    leaf: x509.Certificate, issuer: x509.Certificate | None, path: Path, now: datetime
) -> Finding:
    try:
        lists = load_crls(path)
    except FileError as error:
        return _unreadable(Check.REVOCATION, error)
    crl = next((crl for crl in lists if crl.issuer == leaf.issuer), None)
    if crl is None:
        return _fail(
            Check.REVOCATION,
            f"{path} holds no list of {leaf.issuer.rfc4514_string()}",
            "Append the list of that authority: without it all its certificates are refused",
        )
    if issuer is not None and not _list_signed(crl, issuer):
        return _fail(
            Check.REVOCATION,
            f"{path} is not signed by {common_name(issuer)}",
            "Get the ca.crl of the authority again",
        )
    entry = crl.get_revoked_certificate_by_serial_number(leaf.serial_number)
    if entry is not None:
        return _fail(
            Check.REVOCATION,
            f"serial number {serial_text(leaf.serial_number)} was revoked "
            f"{_moment(entry.revocation_date_utc)}",
            "Have a new certificate issued",
        )
    return _list_age(crl, path, now)


def _list_signed(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    try:
        return crl.is_signature_valid(check_strength(issuer.public_key()))
    except (WeakKeyError, TypeError):
        return False


def _list_age(crl: x509.CertificateRevocationList, path: Path, now: datetime) -> Finding:
    start, end = crl.last_update_utc, crl.next_update_utc
    if now < start:
        return _fail(
            Check.REVOCATION,
            f"{path} counts from {_moment(start)}, this clock says {_moment(now)}: "
            "every peer is refused",
            "Set this clock",
        )
    if end is not None and now > end:
        return _fail(
            Check.REVOCATION,
            f"{path} expired {_moment(end)}: every peer is refused",
            "Write a new list with `oadr-certs crl` and copy it here",
        )
    if end is not None and end - now < SOON:
        return _warn(
            Check.REVOCATION,
            f"not revoked; {path} expires {_moment(end)}, then every peer is refused",
            "Write a new list with `oadr-certs crl` and copy it here",
        )
    return _ok(Check.REVOCATION, "not revoked")


def _permission(key: Path) -> Finding:
    mode = stat.S_IMODE(key.stat().st_mode)
    if mode & 0o077:
        return _warn(
            Check.PERMISSION,
            f"{key} has mode {mode:03o}: others than its owner can read or change it",
            f"chmod 600 {key}",
        )
    return _ok(Check.PERMISSION, f"{key} has mode {mode:03o}")
