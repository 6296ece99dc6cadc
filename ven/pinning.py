"""Connections to one certain server only, known by the fingerprint of its certificate."""

import asyncio
import hashlib
import hmac
from typing import Any

import aiohttp

from ven.errors import WrongPeer


class PinnedConnector(aiohttp.TCPConnector):
    """Hands out connections to the pinned server only."""

    def __init__(self, fingerprint: str | None, **options: Any) -> None:
        super().__init__(**options)
        self._pinned_fingerprint = fingerprint
        self._latest: asyncio.BaseTransport | None = None

    @property
    def shown(self) -> str:
        """OpenADR fingerprint of what the server showed last; empty without TLS."""
        der = _certificate(self._latest) if self._latest is not None else None
        return _in_pairs(hashlib.sha256(der).hexdigest()[-20:]) if der is not None else ""

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        """Returns a connection once its certificate has been compared."""
        connection = await super().connect(*args, **kwargs)
        self._latest = connection.transport
        if self._pinned_fingerprint is not None and connection.transport is not None:
            try:
                _check_peer(connection.transport, self._pinned_fingerprint)
            except WrongPeer:
                connection.close()
                raise
        return connection


def _check_peer(transport: asyncio.BaseTransport, fingerprint: str) -> None:
    """Returns if the server showed the pinned certificate.

    ``certs.fingerprint`` knows all forms of a certificate and takes a library for it; the
    bytes of the connection need none, and an idle VEN stays small.
    """
    der = _certificate(transport)
    if der is None:
        raise WrongPeer("the VTN showed no certificate")
    found = {
        20: hashlib.sha256(der).hexdigest()[-20:],
        40: hashlib.sha1(der, usedforsecurity=False).hexdigest(),
        64: hashlib.sha256(der).hexdigest(),
    }[len(fingerprint)]
    if not hmac.compare_digest(found, fingerprint):
        raise WrongPeer(
            f"the VTN's certificate has fingerprint {_in_pairs(found)}, which is not the pinned"
        )


def _certificate(transport: asyncio.BaseTransport) -> bytes | None:
    """Returns the certificate that the server showed; None without TLS."""
    tls = transport.get_extra_info("ssl_object")
    der: bytes | None = tls.getpeercert(binary_form=True) if tls is not None else None
    return der


def _in_pairs(digits: str) -> str:
    return bytes.fromhex(digits).hex(":").upper()


def fingerprint_digits(text: str) -> str:
    """Returns the digits of a fingerprint, lower case.

    Raises:
        ValueError: it is none: 20 (OpenADR), 40 (SHA-1) or 64 (SHA-256) digits.
    """
    digits = "".join(text.replace(":", " ").split()).lower()
    if len(digits) not in {20, 40, 64} or set(digits) - set("0123456789abcdef"):
        raise ValueError(
            f"{text[:80]!r} is no fingerprint; expected 20 (OpenADR), 40 (SHA-1) or 64 (SHA-256) "
            "hexadecimal digits"
        )
    return digits
