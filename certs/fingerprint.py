"""Fingerprints: the short names by which OpenADR parties know certificates.

OpenADR's own fingerprint is the last ten bytes of the SHA-256 digest over the DER form, as
upper-case hexadecimal pairs joined by colons (29 characters). It is 80 bits: an identifier, never
the only defence.

Spec: OpenADR 2.0b Profile Specification, section 10.5.1
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs.errors import FingerprintError
from certs.light import (
    EXPECTED,
    LENGTHS,
    matches_der,
    normalise_text,
    openadr_fingerprint,
    sha1_fingerprint,
    sha256_fingerprint,
    verify_peer_fingerprint,
)

__all__ = [
    "LENGTHS",
    "Fingerprints",
    "fingerprints",
    "matches",
    "normalise",
    "openadr_fingerprint",
    "to_openadr",
    "verify_peer_fingerprint",
]

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprints:
    """The fingerprints of one certificate, in upper-case pairs joined by colons."""

    #: Last ten bytes of SHA-256: what OpenADR parties exchange.
    openadr: str
    #: SHA-1 in full (40 digits): what older tools show. For comparison only.
    sha1: str
    #: SHA-256 in full (64 digits).
    sha256: str


def fingerprints(certificate: x509.Certificate | bytes) -> Fingerprints:
    """Return all fingerprints of a certificate.

    Args:
        certificate: x509 object, PEM or DER. Of several in one PEM, the first counts.

    Raises:
        FingerprintError: the bytes are not a certificate.
    """
    der = _der(certificate)
    return Fingerprints(
        openadr=openadr_fingerprint(der),
        sha1=sha1_fingerprint(der),
        sha256=sha256_fingerprint(der),
    )


def normalise(value: str | bytes | x509.Certificate) -> str:
    """Return a fingerprint as upper-case pairs joined by colons.

    Args:
        value: a fingerprint of 20, 40 or 64 hexadecimal digits in any case, with or without
            colons or blanks: its length stays as it is. Or a certificate (PEM text, PEM or DER
            bytes, x509 object): gives its OpenADR fingerprint.

    Raises:
        FingerprintError: it is neither.
    """
    if isinstance(value, str) and not value.lstrip().startswith("-----BEGIN"):
        return normalise_text(value, expected=f"{EXPECTED}, or a certificate")
    return openadr_fingerprint(_der(value.encode() if isinstance(value, str) else value))


def to_openadr(value: str | bytes | x509.Certificate) -> str:
    """Return the OpenADR fingerprint for whatever a person pasted.

    Args:
        value: as for `normalise`; a SHA-256 fingerprint is cut to its last ten bytes.

    Raises:
        FingerprintError: it is no fingerprint, or it is SHA-1, from which the OpenADR
            fingerprint cannot be computed.
    """
    text = normalise(value)
    if len(text) == _shown(40):
        raise FingerprintError(text, "OpenADR (20 digits) or SHA-256 (64 digits), not SHA-1")
    return text[-_shown(20) :]


def matches(expected: str, certificate: x509.Certificate | bytes) -> bool:
    """Return whether a fingerprint of any of the three lengths is this certificate's.

    Raises:
        FingerprintError: `expected` is no fingerprint, or `certificate` no certificate.
    """
    wanted = normalise(expected)
    return matches_der(wanted, _der(certificate))


def _shown(digits: int) -> int:
    """Return how many characters that many digits take with colons between pairs."""
    return digits // 2 * 3 - 1


def _der(certificate: x509.Certificate | bytes) -> bytes:
    if isinstance(certificate, x509.Certificate):
        return certificate.public_bytes(Encoding.DER)
    try:
        found = _PEM.search(certificate)
        der = base64.b64decode(found[1]) if found else certificate
        x509.load_der_x509_certificate(der)
    except (ValueError, binascii.Error) as error:
        raise FingerprintError("these bytes", "a certificate in PEM or DER form") from error
    return der
