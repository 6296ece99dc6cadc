"""Whose certificate may push: that of the VTN, and no other of the same authority."""

from collections.abc import Callable

from certs.light import matches_der, normalise_text, split_fingerprints

#: Digits of the OpenADR fingerprint, the last ones of SHA-256.
_OPENADR, _SHA1 = 20, 40


class Peer:
    """Knows the VTN by its certificate.

    Interpretation: the profile does not say how a VEN knows the VTN that calls it (R67 and
    section 10 have mutual TLS, and one authority issues for all). So it is the certificate
    that was configured, or else the one that the VTN shows when this VEN calls it.

    Args:
        configured: fingerprint of the certificate, or several separated by commas while the VTN
            changes it; None for what the VTN shows.
        shown: says the OpenADR fingerprint of what it has shown; empty if nothing.

    Raises:
        FingerprintError: ``configured`` is no fingerprint.
    """

    def __init__(self, configured: str | None, shown: Callable[[], str]) -> None:
        given = split_fingerprints(configured or "")
        self._configured = tuple(normalise_text(one) for one in given)
        self._shown = shown

    @property
    def fixed(self) -> bool:
        """Whether the certificate was configured, so that it cannot change by itself."""
        return bool(self._configured)

    @property
    def expected(self) -> tuple[str, ...]:
        """Fingerprints of the certificates that may push; none if none is known yet."""
        shown = "" if self._configured else self._shown()
        return self._configured or ((normalise_text(shown),) if shown else ())

    def knows(self, der: bytes) -> bool:
        """Returns whether a certificate (DER) is the VTN's."""
        return any(matches_der(one, der) for one in self.expected)

    def may_be(self, fingerprint: str) -> bool:
        """Returns whether an OpenADR fingerprint is that of the VTN's certificate.

        True also where that cannot be said, because the configuration has a fingerprint of
        another kind, or none is known yet.
        """
        known = [one.replace(":", "") for one in self.expected]
        if not known or any(len(digits) == _SHA1 for digits in known):
            return True
        wanted = normalise_text(fingerprint).replace(":", "")[-_OPENADR:]
        return any(digits[-_OPENADR:] == wanted for digits in known)
