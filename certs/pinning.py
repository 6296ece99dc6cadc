"""Connections to one certain server only, known by the fingerprint of its certificate.

Both parties call: a VEN pins its VTN, a VTN pins each VEN that it pushes to. The bytes of the
connection are compared, which takes no library for certificates: an idle VEN stays small.

Spec: OpenADR 2.0b Profile Specification, section 10.5.1
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Collection
from typing import Any

import aiohttp


class PinnedConnector(aiohttp.TCPConnector):
    """Hands out connections to a pinned server only.

    Args:
        pins: digits of the fingerprints that count, as `fingerprint_digits` returns them; one of
            them is enough. None lets every server pass; an empty collection none.
        refuse: makes the exception for a wrong server from its words.
        who: what the server is called in those words.
        options: those of `aiohttp.TCPConnector`.
    """

    def __init__(
        self,
        pins: Collection[str] | None,
        *,
        refuse: Callable[[str], Exception],
        who: str,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._pins = pins
        self._refuse = refuse
        self._who = who
        self._latest: bytes | None = None

    @property
    def shown(self) -> str:
        """OpenADR fingerprint of what the server showed last; empty without TLS."""
        return _in_pairs(_digits(self._latest, 20)) if self._latest is not None else ""

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        """Returns a connection once its certificate has been compared."""
        connection = await super().connect(*args, **kwargs)
        # Read now: a connection that has been closed has no certificate any more.
        self._latest = _certificate(connection.transport)
        if self._pins is not None and connection.transport is not None:
            problem = self._problem(self._latest, self._pins)
            if problem:
                connection.close()
                raise self._refuse(problem)
        return connection

    def _problem(self, der: bytes | None, pins: Collection[str]) -> str:
        """Returns what is wrong with the server at the other end; empty if nothing is."""
        if der is None:
            return f"{self._who} showed no certificate"
        if any(hmac.compare_digest(_digits(der, len(pin)), pin) for pin in pins):
            return ""
        # In the form in which the pin was written, so that people can compare the two.
        found = _in_pairs(_digits(der, min(map(len, pins), default=20)))
        return f"{self._who}'s certificate has fingerprint {found}, which is not the pinned"


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


def _certificate(transport: asyncio.BaseTransport | None) -> bytes | None:
    """Returns the certificate that the server showed; None without TLS."""
    if transport is None:
        return None
    tls = transport.get_extra_info("ssl_object")
    der: bytes | None = tls.getpeercert(binary_form=True) if tls is not None else None
    return der


def _digits(der: bytes, length: int) -> str:
    """Returns the fingerprint of a certificate that has so many digits."""
    if length == 40:
        return hashlib.sha1(der, usedforsecurity=False).hexdigest()
    return hashlib.sha256(der).hexdigest()[-length:]


def _in_pairs(digits: str) -> str:
    return bytes.fromhex(digits).hex(":").upper()
