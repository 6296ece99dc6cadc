"""What takes no library: fingerprints of certificates in DER form, as TLS gives them; stamps.

A VEN that only compares the fingerprint of its VTN stays small: nothing here, and nothing that
the package imports by itself, loads the library for certificates.

Spec: OpenADR 2.0b Profile Specification, section 10.5.1
"""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path

from certs.errors import FingerprintError, FingerprintMismatchError

#: Hexadecimal digits of the OpenADR fingerprint, of SHA-1 and of SHA-256.
LENGTHS = (20, 40, 64)
#: What is taken for one, for messages.
EXPECTED = "20 (OpenADR), 40 (SHA-1) or 64 (SHA-256) hexadecimal digits"


def openadr_fingerprint(der: bytes) -> str:
    """Return the OpenADR fingerprint of a certificate in DER form.

    Args:
        der: the certificate as `SSLObject.getpeercert(binary_form=True)` returns it.

    Returns:
        29 characters, for example `5E:71:FA:E4:61:75:9C:EF:A4:D6`.

    Spec: OpenADR 2.0b Profile Specification, section 10.5.1
    """
    return hashlib.sha256(der).digest()[-10:].hex(":").upper()


def sha1_fingerprint(der: bytes) -> str:
    """Return the SHA-1 fingerprint in full, 40 digits in pairs. For comparison only."""
    return hashlib.sha1(der, usedforsecurity=False).digest().hex(":").upper()


def sha256_fingerprint(der: bytes) -> str:
    """Return the SHA-256 fingerprint in full, 64 digits in pairs."""
    return hashlib.sha256(der).digest().hex(":").upper()


def normalise_text(text: str, *, expected: str = EXPECTED) -> str:
    """Return a fingerprint as upper-case pairs joined by colons.

    Args:
        text: 20, 40 or 64 hexadecimal digits in any case, with or without colons or blanks.
        expected: what else the caller takes, for the message.

    Raises:
        FingerprintError: it is no fingerprint.
    """
    digits = re.sub(r"[\s:]", "", text).upper()
    if len(digits) not in LENGTHS or re.fullmatch(r"[0-9A-F]+", digits) is None:
        shortened = text if len(text) <= 40 else text[:37] + "..."
        raise FingerprintError(shortened, expected)
    return bytes.fromhex(digits).hex(":").upper()


def split_fingerprints(text: str) -> tuple[str, ...]:
    """Return each of some fingerprints that are separated by commas; a text without any itself.

    So that whoever reads them one by one refuses what is none.
    """
    parts = tuple(part for one in text.split(",") if (part := one.strip()))
    return parts or ((text,) if text else ())


def matches_der(expected: str, der: bytes) -> bool:
    """Return whether a fingerprint of any of the three lengths is this certificate's.

    Raises:
        FingerprintError: `expected` is no fingerprint.
    """
    wanted = normalise_text(expected)
    found = (openadr_fingerprint(der), sha1_fingerprint(der), sha256_fingerprint(der))
    by_length = {len(text): text for text in found}
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
    wanted = normalise_text(expected)
    if der is None:
        raise FingerprintMismatchError(expected=wanted, found="missing")
    if not matches_der(wanted, der):
        raise FingerprintMismatchError(expected=wanted, found=openadr_fingerprint(der))


def stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file is replaced or written; None if it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
