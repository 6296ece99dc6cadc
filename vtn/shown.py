"""What VENs show: what their certificates say is learned once, and until when they count.

An operator who enrols a VEN by a fingerprint knows neither. The connection does.
"""

import time
from datetime import datetime
from typing import TYPE_CHECKING

from vtn.store import Store, certificate
from vtn.store.certificate import Shown

if TYPE_CHECKING:
    from certs.details import Details
    from certs.peers import PeerCertificate

#: Real seconds after which a certificate is looked up again: it may be another VEN's by now.
_AGAIN = 3600.0


class ShownCertificates:
    """What VENs have shown, not yet in the store."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._waiting: dict[str, tuple[PeerCertificate, datetime]] = {}
        self._since = time.monotonic()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def note(self, shown: "PeerCertificate", now: datetime) -> None:
        """Notes the certificate of an enrolled VEN; that costs nothing after the first time.

        Args:
            shown: proven to be its own.
            now: the moment, by the VTN's clock.
        """
        if shown.fingerprint in self._known:
            return
        self._known.add(shown.fingerprint)
        self._waiting[shown.fingerprint] = (shown, now)

    async def write(self, store: Store) -> None:
        """Writes down what is new.

        Raises:
            StorageError: it cannot be written; it waits for the next time.
        """
        if time.monotonic() - self._since > _AGAIN:
            self._since = time.monotonic()
            self._known.clear()
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, {}
        try:
            async with store.read() as tx:
                new = await certificate.unseen(tx, among=waiting.keys())
            if new:
                rows = [_row(*waiting[fingerprint]) for fingerprint in new]
                async with store.begin() as tx:
                    await certificate.learn(tx, shown=rows)
        except BaseException:
            self._waiting = waiting | self._waiting
            raise


def _row(shown: "PeerCertificate", at: datetime) -> Shown:
    found = shown.details()
    return Shown(
        fingerprint=shown.fingerprint,
        subject=_name(found) or None,
        issuer=found.issuer or None,
        not_after=found.not_after,
        at=at,
    )


def _name(found: "Details") -> str:
    """Returns the common name where a subject has nothing else, and the whole subject otherwise."""
    name = found.subject.removeprefix("CN=")
    return found.subject if "," in name or "+" in name else name
