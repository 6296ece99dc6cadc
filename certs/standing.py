"""Whether a certificate may still be used: asked at each message, not at the handshake alone.

TLS looks at dates and revocation when a connection is made. Connections are kept for weeks, and
R516 wants that no traffic goes on with a certificate that has expired or been revoked since.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from certs.der import read_certificate
from certs.expiry import own_end
from certs.revoked import RevocationList

#: Seconds between two looks at whether the revocation list has changed.
LOOK_EVERY = 1.0
#: Certificates whose end is kept; those of more open connections are read again.
MAX_KNOWN = 50_000

EXPIRED = "has expired"
REVOKED = "is revoked"


class Standing:
    """Says what is wrong with certificates that were good at the handshake.

    Args:
        crl: file of revocation lists; None where there is none.
        clock: the real time, in seconds since 1970: certificates know no other.
        look_every: seconds between two looks at whether the list has changed.

    Raises:
        FileError: there is no revocation list in that file.
    """

    def __init__(
        self,
        crl: Path | None = None,
        *,
        clock: Callable[[], float] = time.time,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._list = None if crl is None else RevocationList(crl, look_every=look_every)
        self._clock = clock
        self._ends: dict[bytes, float] = {}

    def problem(self, der: bytes) -> str:
        """Return `EXPIRED`, `REVOKED`, or nothing if a certificate may be used (R516)."""
        if self._clock() > self._end(der):
            return EXPIRED
        return REVOKED if self.revoked(der) else ""

    def revoked(self, der: bytes | None) -> bool:
        """Return whether the revocation list names a certificate; one that is unknown is not."""
        if self._list is None or der is None:
            return False
        try:
            return self._list.is_revoked(der)
        except ValueError:
            return False

    def _end(self, der: bytes) -> float:
        try:
            return self._ends[der]
        except KeyError:
            pass
        try:
            end = read_certificate(der).not_after.timestamp()
        except ValueError:  # TLS has taken it; what it says is not for us to judge
            end = float("inf")
        if len(self._ends) >= MAX_KNOWN:
            self._ends.clear()
        self._ends[der] = end
        return end


class OwnEnd:
    """Says until when our own certificate counts; follows its file.

    Args:
        paths: PEM files with one of our certificates each; of several kinds of key the one that
            counts longest decides.
        clock: the real time, in seconds since 1970.
    """

    def __init__(self, *paths: Path, clock: Callable[[], float] = time.time) -> None:
        self._paths = paths
        self._clock = clock
        self._looked = float("-inf")
        self._end: datetime | None = None

    @property
    def at(self) -> datetime | None:
        """When it expires; None while that cannot be read."""
        now = self._clock()
        if not 0 <= now - self._looked < LOOK_EVERY:
            self._looked = now
            ends = [end for path in self._paths if (end := own_end(path)) is not None]
            self._end = max(ends, default=None)
        return self._end

    @property
    def expired(self) -> bool:
        """Whether it has expired, so that nothing may be sent with it (R516)."""
        end = self.at
        return end is not None and end < datetime.fromtimestamp(self._clock(), UTC)
