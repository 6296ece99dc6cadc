"""What a certificate says about itself, for people: whoever showed it may have written anything.

The library for certificates is loaded when the first one is read, not with this module.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from certs.light import openadr_fingerprint, sha1_fingerprint, sha256_fingerprint

if TYPE_CHECKING:
    from cryptography import x509

Read = TypeVar("Read")

#: Longest subject or issuer, in characters; what is longer is cut.
MAX_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a certificate says; each text is one printable line.

    Attributes:
        subject: whose it is, for example `CN=school-7`; empty if that cannot be read.
        issuer: who signed it; empty if that cannot be read.
        serial: hexadecimal digits; empty if it cannot be read.
        not_before: when it begins to count; None if that cannot be read.
        not_after: when it expires; None if that cannot be read.
        openadr: its OpenADR fingerprint, 20 digits in pairs.
        sha1: its SHA-1 fingerprint, 40 digits in pairs; empty if only the OpenADR one is known.
        sha256: its SHA-256 fingerprint, 64 digits in pairs; empty likewise.
    """

    subject: str = ""
    issuer: str = ""
    serial: str = ""
    not_before: datetime | None = None
    not_after: datetime | None = None
    openadr: str
    sha1: str = ""
    sha256: str = ""


def read_details(der: bytes) -> Details:
    """Return what a certificate says, as far as it can be read.

    Args:
        der: as TLS gives it; or anything.
    """
    certificate = _parsed(der)
    return Details(
        subject=_text(certificate, lambda found: found.subject.rfc4514_string()),
        issuer=_text(certificate, lambda found: found.issuer.rfc4514_string()),
        serial=_text(certificate, lambda found: _serial(found.serial_number)),
        not_before=_moment(certificate, lambda found: found.not_valid_before_utc),
        not_after=_moment(certificate, lambda found: found.not_valid_after_utc),
        openadr=openadr_fingerprint(der),
        sha1=sha1_fingerprint(der),
        sha256=sha256_fingerprint(der),
    )


def common_name_in(subject: str) -> str:
    """Return the common name in a subject as `Details` has it; empty if there is not just one."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    name = _tried(lambda: x509.Name.from_rfc4514_string(subject)) if subject else None
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME) if name is not None else ()
    return str(found[0].value) if len(found) == 1 else ""


def one_line(text: str) -> str:
    """Return a text of a peer as one printable line of bounded length."""
    shown = text[: MAX_NAME + 1]
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)
    return line if len(line) <= MAX_NAME else line[: MAX_NAME - 3] + "..."


def _serial(number: int) -> str:
    """Return a serial number in pairs of digits, as openssl prints it; strangers' may be < 0."""
    digits = f"{abs(number):X}"
    return f"{'-' if number < 0 else ''}{digits.zfill(len(digits) + len(digits) % 2)}"


def _parsed(der: bytes) -> x509.Certificate | None:
    from cryptography import x509

    return _tried(lambda: x509.load_der_x509_certificate(der))


def _text(certificate: x509.Certificate | None, read: Callable[[x509.Certificate], str]) -> str:
    return "" if certificate is None else one_line(_tried(lambda: read(certificate)) or "")


def _moment(
    certificate: x509.Certificate | None, read: Callable[[x509.Certificate], datetime]
) -> datetime | None:
    found = None if certificate is None else _tried(lambda: read(certificate))
    return None if found is None else found.astimezone(UTC)


def _tried(read: Callable[[], Read]) -> Read | None:
    """Return what is read; None if the library does not make sense of it.

    It reads names and dates only when they are asked for, and warns of oddities.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return read()
    except (ValueError, TypeError, OverflowError):
        return None
