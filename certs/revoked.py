"""What a revocation list says, for whoever keeps connections open.

A TLS handshake checks the list by itself (`certs.tls`). A connection that was open before its
certificate was revoked stays open: ask `RevocationList` at each request to end it (R516).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from certs.der import ListFacts, Name, blocks, read_certificate, read_list
from certs.errors import FileError, MissingFileError, UnreadableFileError
from certs.light import stamp

if TYPE_CHECKING:
    from cryptography import x509

#: Certificates whose verdict is kept; those of more open connections are looked up again.
MAX_VERDICTS = 50_000

_log = logging.getLogger(__name__)


class RevocationList:
    """What a revocation list file says; read again when the file has changed."""

    def __init__(
        self,
        path: Path | str,
        *,
        look_every: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the list.

        Args:
            path: PEM, of one authority or several, or DER.
            look_every: seconds between two looks at whether the file has changed; 0 looks at
                each question.
            clock: seconds that only grow.

        Raises:
            FileError: the file is missing or holds no revocation list.
        """
        self.path = Path(path)
        self._look_every = look_every
        self._clock = clock
        self._looked = clock()
        self._stamp = stamp(self.path)
        self._revoked = _read(self.path)
        self._verdicts: dict[bytes, bool] = {}

    def is_revoked(self, certificate: bytes | x509.Certificate) -> bool:
        """Return whether the list names a certificate.

        A list that became unreadable is logged, and the last good one counts.

        Args:
            certificate: DER bytes as `getpeercert(binary_form=True)` gives them, or the object.

        Raises:
            ValueError: the bytes are no certificate.
        """
        self._refresh()
        der = certificate if isinstance(certificate, bytes) else _der(certificate)
        try:
            return self._verdicts[der]
        except KeyError:
            facts = read_certificate(der)
        if len(self._verdicts) >= MAX_VERDICTS:
            self._verdicts.clear()
        verdict = self._verdicts[der] = (facts.issuer, facts.serial) in self._revoked
        return verdict

    def _refresh(self) -> None:
        now = self._clock()
        if now - self._looked < self._look_every:
            return
        self._looked = now
        current = stamp(self.path)
        if current == self._stamp:
            return
        self._stamp = current
        try:
            self._revoked = _read(self.path)
        except FileError as error:
            _log.warning("revocation list not read again, the last one counts: %s", error)
        else:
            self._verdicts.clear()


def read_lists(path: Path) -> list[ListFacts]:
    """Return what every revocation list of a file says.

    Raises:
        FileError: the file is missing or holds no revocation list.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MissingFileError(path, "a revocation list") from error
    try:
        return [read_list(der) for der in blocks(content, "X509 CRL")]
    except ValueError as error:
        raise UnreadableFileError(path, "a revocation list") from error


def _read(path: Path) -> frozenset[tuple[Name, int]]:
    return frozenset((one.issuer, serial) for one in read_lists(path) for serial in one.serials)


def _der(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)
