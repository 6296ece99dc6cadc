"""Fingerprints: the short names by which OpenADR parties know certificates.

OpenADR's own fingerprint is the last ten bytes of the SHA-256 digest over the DER form, as
upper-case hexadecimal pairs joined by colons (29 characters). It is 80 bits: an identifier, never
the only defence.

Spec: OpenADR 2.0b Profile Specification, section 10.5.1
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs.errors import FingerprintError, FingerprintMismatchError

#: Hexadecimal digits of the OpenADR fingerprint, of SHA-1 and of SHA-256.
LENGTHS = (20, 40, 64)

_EXPECTED = "20 (OpenADR), 40 (SHA-1) or 64 (SHA-256) hexadecimal digits, or a certificate"
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


def openadr_fingerprint(der: bytes) -> str:
    """Return the OpenADR fingerprint of a certificate in DER form.

    Args:
        der: the certificate as `SSLObject.getpeercert(binary_form=True)` returns it.

    Returns:
        29 characters, for example `5E:71:FA:E4:61:75:9C:EF:A4:D6`.

    Spec: OpenADR 2.0b Profile Specification, section 10.5.1
    """
    return hashlib.sha256(der).digest()[-10:].hex(":").upper()


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
        sha1=hashlib.sha1(der, usedforsecurity=False).digest().hex(":").upper(),
        sha256=hashlib.sha256(der).digest().hex(":").upper(),
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
        return _pairs(value)
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
    found = fingerprints(certificate)
    by_length = {len(text): text for text in (found.openadr, found.sha1, found.sha256)}
    return hmac.compare_digest(wanted, by_length[len(wanted)])


def verify_peer_fingerprint(der: bytes | None, expected: str) -> None:
    """Check that a peer showed the pinned certificate; returns nothing if it did.

    Args:
        der: `getpeercert(binary_form=True)` of the connection; None if it showed none.
        expected: a fingerprint of any of the three lengths.

    Raises:
        FingerprintMismatchError: the peer showed another certificate, or none.
        FingerprintError: `expected` is no fingerprint.
    """
    wanted = normalise(expected)
    if der is None:
        raise FingerprintMismatchError(expected=wanted, found="missing")
    if not matches(wanted, der):
        raise FingerprintMismatchError(expected=wanted, found=openadr_fingerprint(der))


def _shown(digits: int) -> int:
    """Return how many characters that many digits take with colons between pairs."""
    return digits // 2 * 3 - 1


def _pairs(text: str) -> str:
    digits = re.sub(r"[\s:]", "", text).upper()
    if len(digits) not in LENGTHS or re.fullmatch(r"[0-9A-F]+", digits) is None:
        shortened = text if len(text) <= 40 else text[:37] + "..."
        raise FingerprintError(shortened, _EXPECTED)
    return bytes.fromhex(digits).hex(":").upper()


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
