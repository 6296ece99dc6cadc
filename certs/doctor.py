"""Why does the handshake fail? Which of CA, chain, key, name or clock is wrong, and what to do.

`diagnose` looks at the files that a party was given, one question after the other, and answers
each with a finding. A question that cannot be asked because a file is unreadable is left out: the
finding about the file says why.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from certs.build import common_name, public_key_of, serial_text
from certs.errors import FileError
from certs.examine import (
    examine_clock,
    examine_list_dates,
    examine_name,
    examine_strength,
    examine_usage,
    is_ca,
    is_list_of,
)
from certs.files import load_certificates, load_crls, load_key
from certs.finding import SOON, Check, Finding, fail, moment, ok, warn


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
            findings.append(examine_name(leaf, patient.host))
        findings.extend(
            (examine_clock(leaf, now), examine_strength(leaf), examine_usage(leaf, patient.host))
        )
        if patient.crl is not None:
            findings.append(_revocation(leaf, issuer, patient.crl, now))
    if patient.key is not None and patient.key.exists():
        findings.append(_permission(patient.key))
    order = list(Check)
    return sorted(findings, key=lambda finding: order.index(finding.check))


def _unreadable(check: Check, error: FileError) -> Finding:
    what, _, todo = str(error).partition(". ")
    return fail(check, what, todo)


def _read_ca(path: Path, now: datetime, findings: list[Finding]) -> list[x509.Certificate]:
    try:
        trusted = load_certificates(path)
    except FileError as error:
        findings.append(_unreadable(Check.CA, error))
        return []
    faults = [fault for certificate in trusted if (fault := _ca_fault(certificate, path, now))]
    names = ", ".join(common_name(certificate) for certificate in trusted)
    findings.extend(faults or [ok(Check.CA, f"{path} trusts {names}")])
    return trusted


def _ca_fault(certificate: x509.Certificate, path: Path, now: datetime) -> Finding | None:
    name = common_name(certificate)
    if not is_ca(certificate):
        return fail(
            Check.CA,
            f"{path} holds {name}, which is not the certificate of an authority",
            "Use the ca.crt of the programme",
        )
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        return fail(
            Check.CA,
            f"authority {name} is valid from {moment(start)} to {moment(end)}, "
            f"this clock says {moment(now)}",
            "Check this clock; if it is right, get the new ca.crt of the programme",
        )
    if certificate.not_valid_after_utc - now < SOON:
        end = certificate.not_valid_after_utc
        return warn(Check.CA, f"authority {name} ends {moment(end)}", "Plan its successor")
    return None


def _read_certificate(path: Path, findings: list[Finding]) -> list[x509.Certificate]:
    try:
        return load_certificates(path)
    except FileError as error:
        findings.append(_unreadable(Check.CHAIN, error))
        return []


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
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
        return ok(Check.CHAIN, f"{common_name(leaf)} is signed by {common_name(issuer)}")
    if any(ca.subject == leaf.issuer for ca in trusted):
        return fail(
            Check.CHAIN,
            f"{patient.certificate} names {by} as its issuer, and the authority of that name in "
            f"{patient.ca} did not sign it: the authority was created again, or is another one",
            "Get the ca.crt of the authority that issued it, or have it issued again",
        )
    found = ", ".join(ca.subject.rfc4514_string() for ca in trusted)
    return fail(
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
    if key.public_key() == public_key_of(leaf):
        yield ok(Check.KEY, f"{patient.key} is the key of {patient.certificate}")
    else:
        yield fail(
            Check.KEY,
            f"{patient.key} is not the key of {patient.certificate}",
            "Use the key that was made for this certificate",
        )


def _revocation(
    leaf: x509.Certificate, issuer: x509.Certificate | None, path: Path, now: datetime
) -> Finding:
    try:
        lists = load_crls(path)
    except FileError as error:
        return _unreadable(Check.REVOCATION, error)
    crl = next((crl for crl in lists if crl.issuer == leaf.issuer), None)
    if crl is None:
        return fail(
            Check.REVOCATION,
            f"{path} holds no list of {leaf.issuer.rfc4514_string()}",
            "Append the list of that authority: without it all its certificates are refused",
        )
    if issuer is not None and not is_list_of(crl, issuer):
        return fail(
            Check.REVOCATION,
            f"{path} is not signed by {common_name(issuer)}",
            "Get the ca.crl of the authority again",
        )
    entry = crl.get_revoked_certificate_by_serial_number(leaf.serial_number)
    if entry is not None:
        return fail(
            Check.REVOCATION,
            f"serial number {serial_text(leaf.serial_number)} was revoked "
            f"{moment(entry.revocation_date_utc)}",
            "Have a new certificate issued",
        )
    return examine_list_dates(crl, path, now)


def _permission(key: Path) -> Finding:
    mode = stat.S_IMODE(key.stat().st_mode)
    if mode & 0o077:
        return warn(
            Check.PERMISSION,
            f"{key} has mode {mode:03o}: others than its owner can read or change it",
            f"chmod 600 {key}",
        )
    return ok(Check.PERMISSION, f"{key} has mode {mode:03o}")
