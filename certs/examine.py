"""What the doctor asks of one certificate, or of one revocation list.

Pure: parsed objects and the time come in, findings come out.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.hashes import SHA1, HashAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from certs.build import KeyType, alternative_names, common_name, key_type_of, strong_key_of
from certs.errors import WeakKeyError
from certs.finding import SOON, Check, Finding, fail, moment, ok, warn


def is_ca(certificate: x509.Certificate) -> bool:
    """Return whether a certificate may sign others."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def examine_name(leaf: x509.Certificate, host: str) -> Finding:
    """Say whether a host name or address is among the names."""
    names = alternative_names(leaf)
    if not names:
        return fail(
            Check.NAME,
            f"the certificate of {common_name(leaf)} holds no host name; its common name is not "
            "looked at",
            f"Have one issued for {host}",
        )
    if any(_fits(host, name) for name in names):
        return ok(Check.NAME, f"{host} is one of its names")
    return fail(
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


def examine_clock(leaf: x509.Certificate, now: datetime) -> Finding:
    """Say whether it is time for this certificate."""
    start, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if now < start:
        return fail(
            Check.CLOCK,
            f"not valid before {moment(start)}, this clock says {moment(now)}",
            "Set this clock; if it is right, the clock of the authority was ahead: issue again",
        )
    if now > end:
        return fail(
            Check.CLOCK,
            f"expired {moment(end)}, this clock says {moment(now)}",
            "Renew the certificate; if the date is wrong, set this clock",
        )
    days = (end - now).days
    if end - now < SOON:
        return warn(Check.CLOCK, f"expires {moment(end)}, in {days} days", "Renew it now")
    return ok(Check.CLOCK, f"valid until {moment(end)}, {days} days")


def examine_strength(leaf: x509.Certificate) -> Finding:
    """Say whether key and signature are strong enough."""
    algorithm = _hash_of(leaf)
    if algorithm is None or isinstance(algorithm, SHA1) or algorithm.digest_size < 32:
        name = "none" if algorithm is None else algorithm.name.upper()
        return fail(Check.STRENGTH, f"signed with hash {name}", "Have it issued with SHA-256")
    try:
        public = strong_key_of(leaf)
    except WeakKeyError as error:
        what, _, _ = str(error).partition(": ")
        return fail(Check.STRENGTH, what, "Have one issued for an EC P-256 or RSA 2048 key")
    kind = "RSA" if key_type_of(public) is KeyType.RSA else "EC"
    return ok(Check.STRENGTH, f"{kind} {public.key_size} bits, {algorithm.name.upper()}")


def _hash_of(leaf: x509.Certificate) -> HashAlgorithm | None:
    try:
        return leaf.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return None


def examine_usage(leaf: x509.Certificate, host: str | None) -> Finding:
    """Say whether the certificate may be used as it is meant to be: both ways, one of them now."""
    server, client = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
    words = {server: "to serve (serverAuth)", client: "to connect (clientAuth)"}
    needed, wanted = (client, server) if host is None else (server, client)
    allowed = _extended_usages(leaf)
    if is_ca(leaf):
        return fail(Check.USAGE, "it is the certificate of an authority", "Use one it issued")
    if not _may_sign(leaf):
        return fail(Check.USAGE, "it may not sign (digitalSignature)", "Have it issued with that")
    if allowed is not None and needed not in allowed:
        return fail(Check.USAGE, f"it may not be used {words[needed]}", "Have it issued with that")
    if allowed is not None and wanted not in allowed:
        todo = "Have it issued with both for HTTP push"
        return warn(Check.USAGE, f"it may not be used {words[wanted]}, as push needs", todo)
    return ok(Check.USAGE, "may serve and connect")


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


def is_list_of(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Return whether an authority signed a list."""
    try:
        return crl.is_signature_valid(strong_key_of(issuer))
    except (WeakKeyError, TypeError, UnsupportedAlgorithm):
        return False


def examine_list_dates(crl: x509.CertificateRevocationList, path: Path, now: datetime) -> Finding:
    """Say whether it is time for this list; outside its dates it lets nobody in."""
    start, end = crl.last_update_utc, crl.next_update_utc
    if now < start:
        return fail(
            Check.REVOCATION,
            f"{path} counts from {moment(start)}, this clock says {moment(now)}: "
            "every peer is refused",
            "Set this clock",
        )
    if end is not None and now > end:
        return fail(
            Check.REVOCATION,
            f"{path} expired {moment(end)}: every peer is refused",
            "Write a new list with `oadr-certs crl` and copy it here",
        )
    if end is not None and end - now < SOON:
        return warn(
            Check.REVOCATION,
            f"not revoked; {path} expires {moment(end)}, then every peer is refused",
            "Write a new list with `oadr-certs crl` and copy it here",
        )
    return ok(Check.REVOCATION, "not revoked")
