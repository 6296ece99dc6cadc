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
from weakref import WeakSet

import aiohttp


class PinnedConnector(aiohttp.TCPConnector):
    """Hands out connections to a pinned server only.

    Args:
        pins: digits of the fingerprints that count, as `fingerprint_digits` returns them; one of
            them is enough. None lets every server pass; an empty collection none.
        refuse: makes the exception for a wrong server from its words.
        who: what the server is called in those words.
        fault: says of a certificate (DER) why it may not be used any more, empty if it may: asked
            for each exchange, because a connection that is kept outlives the verdict of its
            handshake (R516). What is faulty is closed, and another connection made.
        options: those of `aiohttp.TCPConnector`.
    """

    def __init__(
        self,
        pins: Collection[str] | None,
        *,
        refuse: Callable[[str], Exception],
        who: str,
        fault: Callable[[bytes], str] = lambda _: "",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._pins = pins
        self._refuse = refuse
        self._who = who
        self._fault = fault
        self._latest: bytes | None = None
        self._kept: WeakSet[asyncio.BaseTransport] = WeakSet()

    @property
    def shown(self) -> str:
        """OpenADR fingerprint of what the server showed last; empty without TLS."""
        return _in_pairs(_digits(self._latest, 20)) if self._latest is not None else ""

    @property
    def certificate(self) -> bytes | None:
        """What the server showed last (DER); None without TLS."""
        return self._latest

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        """Returns a connection once its certificate has been compared."""
        while True:
            connection = await super().connect(*args, **kwargs)
            transport = connection.transport
            # Read now: a connection that has been closed has no certificate any more.
            self._latest = der = _certificate(transport)
            fault = self._fault(der) if der is not None else ""
            problem = f"{self._who}'s certificate {fault}" if fault else ""
            if self._pins is not None and transport is not None:
                problem = problem or self._problem(der, self._pins)
            if not problem:
                if transport is not None:
                    self._kept.add(transport)
                return connection
            connection.close()
            if not fault or transport not in self._kept:
                raise self._refuse(problem)

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
