"""A client's certificate as a proxy writes it into a header: pure parsing, of text by anybody.

What comes out is what the text says, and proves nothing: whoever uses it knows that the text is a
proxy's, and asks `certs.trust` whether the certificate may be believed. The library for
certificates is loaded when the first one is read.
"""

from __future__ import annotations

import base64
import re
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import unquote_to_bytes

from certs.errors import FingerprintError, ForwardedError
from certs.light import normalise_text, openadr_fingerprint
from certs.peers import PeerCertificate

#: Longest text that is looked at, characters: a certificate with a key of RSA 4096 takes 3,500.
MAX_TEXT = 16 * 1024

_ARMOUR = re.compile(rb"-----BEGIN CERTIFICATE-----(.*)-----END CERTIFICATE-----", re.DOTALL)
_ESCAPED = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*")


class Format(StrEnum):
    """How a proxy writes the certificate of its client."""

    #: PEM with each `%` and line end escaped: `$ssl_client_escaped_cert` of nginx.
    PEM = "pem"
    #: Base64 of the DER form and nothing else: `%[ssl_c_der,base64]` of HAProxy.
    DER = "der"
    #: The same between colons: the header `Client-Cert` of RFC 9440.
    RFC9440 = "rfc9440"
    #: A fingerprint of 20 (OpenADR) or 64 (SHA-256) digits.
    FINGERPRINT = "fingerprint"


def parse_forwarded(text: str, form: Format) -> PeerCertificate:
    """Return the certificate that a header holds.

    Args:
        text: the value of the header; or anything.
        form: how the proxy writes it.

    Raises:
        ForwardedError: it is none, or not written so.
    """
    if len(text) > MAX_TEXT:
        raise ForwardedError(f"at most {MAX_TEXT} characters")
    if not text.isascii():
        raise ForwardedError("characters of ASCII")
    if form is Format.FINGERPRINT:
        return PeerCertificate(fingerprint=_fingerprint(text), not_after=None)
    der = _READERS[form](text)
    return PeerCertificate(fingerprint=openadr_fingerprint(der), not_after=_end(der), der=der)


def _fingerprint(text: str) -> str:
    expected = "a fingerprint of 20 (OpenADR) or 64 (SHA-256) digits"
    try:
        found = normalise_text(text)
    except FingerprintError:
        raise ForwardedError(expected) from None
    if len(found) == len("00:" * 20) - 1:
        raise ForwardedError(f"{expected}; SHA-1 says nothing about those")
    return found[-len("00:" * 10) + 1 :]


def _pem(text: str) -> bytes:
    expected = "one certificate in PEM form, URL-encoded"
    if _ESCAPED.fullmatch(text) is None:
        raise ForwardedError(expected)
    found = _ARMOUR.fullmatch(unquote_to_bytes(text).strip())
    if found is None:
        raise ForwardedError(expected)
    return _decoded(b"".join(found[1].split()), expected)


def _der(text: str) -> bytes:
    return _decoded(text.encode(), "one certificate in DER form, base64-encoded")


def _rfc9440(text: str) -> bytes:
    expected = "one certificate as RFC 9440 has it, :base64:"
    if len(text) < 2 or text[0] != ":" or text[-1] != ":":
        raise ForwardedError(expected)
    return _decoded(text[1:-1].encode(), expected)


_READERS: dict[Format, Callable[[str], bytes]] = {
    Format.PEM: _pem,
    Format.DER: _der,
    Format.RFC9440: _rfc9440,
}


def _decoded(encoded: bytes, expected: str) -> bytes:
    try:
        der = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise ForwardedError(expected) from None
    if base64.b64encode(der) != encoded:
        # Bits that nobody reads would give one certificate many texts.
        raise ForwardedError(expected)
    return der


def _end(der: bytes) -> datetime:
    """Return when a certificate expires.

    Raises:
        ForwardedError: the bytes are no certificate.
    """
    from cryptography import x509

    try:
        with warnings.catch_warnings():
            # It warns of what is odd about certificates of others.
            warnings.simplefilter("ignore")
            return x509.load_der_x509_certificate(der).not_valid_after_utc.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, x509.InvalidVersion):
        raise ForwardedError("a certificate that can be read") from None
