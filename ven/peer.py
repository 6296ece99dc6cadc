"""Whose certificate may push: that of the VTN, and no other of the same authority."""

from collections.abc import Callable

from certs.light import matches_der, normalise_text

#: Digits of the OpenADR fingerprint, the last ones of SHA-256.
_OPENADR, _SHA1 = 20, 40


class Peer:
    """Knows the VTN by its certificate.

    Interpretation: the profile does not say how a VEN knows the VTN that calls it (R67 and
    section 10 have mutual TLS, and one authority issues for all). So it is the certificate
    that was configured, or else the one that the VTN shows when this VEN calls it.

    Args:
        configured: fingerprint of the certificate; None for what the VTN shows.
        shown: says the OpenADR fingerprint of what it has shown; empty if nothing.

    Raises:
        FingerprintError: ``configured`` is no fingerprint.
    """

    def __init__(self, configured: str | None, shown: Callable[[], str]) -> None:
        self._configured = normalise_text(configured) if configured else ""
        self._shown = shown

    @property
    def fixed(self) -> bool:
        """Whether the certificate was configured, so that it cannot change by itself."""
        return bool(self._configured)

    @property
    def expected(self) -> str:
        """Fingerprint of the one certificate that may push; empty if none is known yet."""
        return self._configured or self._shown()

    def knows(self, der: bytes) -> bool:
        """Returns whether a certificate (DER) is the VTN's."""
        expected = self.expected
        return bool(expected) and matches_der(expected, der)

    def may_be(self, fingerprint: str) -> bool:
        """Returns whether an OpenADR fingerprint is that of the VTN's certificate.

        True also where that cannot be said, because the configuration has a fingerprint of
        another kind, or none is known yet.
        """
        digits = normalise_text(self.expected).replace(":", "") if self.expected else ""
        if len(digits) == _SHA1 or not digits:
            return True
        return digits[-_OPENADR:] == normalise_text(fingerprint).replace(":", "")[-_OPENADR:]
