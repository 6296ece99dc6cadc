"""Who is at the other end of a connection: identity before content.

The client certificate names the peer; nothing in a message can make it another. It is
looked at for each request, so that a certificate that expires, is revoked or is taken
off a list counts for connections that are already open (R516). So does our own.
"""

from __future__ import annotations

import ssl
import time
from asyncio import BaseTransport
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from certs.light import openadr_fingerprint
from certs.standing import OwnEnd, Standing

if TYPE_CHECKING:
    from certs.details import Details


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerCertificate:
    """The certificate of a client, as TLS has verified it.

    Attributes:
        fingerprint: 20 digits.
        not_after: when it expires; None if that is not known, because whoever has verified it
            tells the fingerprint only.
        der: the certificate itself; None if only its fingerprint is known.
        ours_until: when the certificate expires that we have shown on the same connection;
            None if that is not known.
    """

    fingerprint: str
    not_after: datetime | None
    der: bytes | None = field(default=None, repr=False)
    ours_until: datetime | None = None

    @property
    def expired(self) -> bool:
        """Whether it has expired, by the real time: TLS knows no other (R516)."""
        return self.not_after is not None and self.not_after.timestamp() < time.time()

    def details(self) -> Details:
        """Returns what it says about itself; takes the library for certificates."""
        from certs.details import Details, read_details

        if self.der is None:
            return Details(openadr=self.fingerprint, not_after=self.not_after)
        return read_details(self.der)


class Peers:
    """The certificates of the open connections, each read once.

    Args:
        crl: file of revocation lists; None where there is none.
        own: says until when our own certificate counts; None if that is not looked at.

    Raises:
        FileError: there is no revocation list in that file.
    """

    def __init__(self, *, crl: Path | None = None, own: OwnEnd | None = None) -> None:
        self._known: WeakKeyDictionary[BaseTransport, PeerCertificate | None] = WeakKeyDictionary()
        self._standing = Standing(crl)
        self._own = own

    def of(self, transport: BaseTransport | None) -> PeerCertificate | None:
        """Returns the client's certificate; None on a connection without one, or a lost one."""
        if transport is None:
            return None
        try:
            return self._known[transport]
        except KeyError:
            ours = self._own.at if self._own is not None else None
            found = self._known[transport] = _read(transport, ours)
            return found

    def fault(self, certificate: PeerCertificate) -> str:
        """Returns why nothing may go over a connection any more; empty if it may (R516).

        Args:
            certificate: of the client, as ``of`` has returned it.
        """
        if certificate.expired:
            return "the client certificate has expired"
        if self._standing.revoked(certificate.der):
            return "the client certificate is revoked"
        ours = certificate.ours_until
        if ours is not None and ours.timestamp() < time.time():
            return "the certificate of this server has expired"
        return ""


def certificate_of(transport: BaseTransport | None) -> bytes | None:
    """Returns the bytes (DER) of the client's certificate; None if there is none."""
    tls = transport.get_extra_info("ssl_object") if transport is not None else None
    der: bytes | None = tls.getpeercert(binary_form=True) if tls is not None else None
    return der


def _read(transport: BaseTransport, ours_until: datetime | None) -> PeerCertificate | None:
    connection = transport.get_extra_info("ssl_object")
    if connection is None:
        return None
    der, words = connection.getpeercert(binary_form=True), connection.getpeercert()
    if not der or not words:
        return None
    expires = ssl.cert_time_to_seconds(words["notAfter"])
    return PeerCertificate(
        fingerprint=openadr_fingerprint(der),
        not_after=datetime.fromtimestamp(expires, UTC),
        der=der,
        ours_until=ours_until,
    )
