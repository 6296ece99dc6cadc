"""Revocation lists as the authority writes them; `certs.revoked` reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs.build import BACKDATE, RevokedEntry, build_crl
from certs.files import PrivateKey, load_crls, write_atomic
from certs.ledger import Ledger, Record, Status

#: A peer with an expired list refuses everybody, so a list lives long; every operation of the
#: authority that finds it half used up writes a new one.
CRL_VALID = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlWriter:
    """Writes the revocation list of an authority; call it while the ledger is locked."""

    path: Path
    issuer: x509.Certificate
    issuer_key: PrivateKey
    ledger: Ledger

    def is_due(self, now: datetime) -> bool:
        """Return whether the list on the disk is old, or not what the ledger says."""
        expires = self.ledger.crl_next_update
        if expires is None or expires - now < CRL_VALID / 2:
            return True
        return self.ledger.crl_stale or bool(self._superseded(now)) or not self.path.exists()

    def write(self, now: datetime) -> x509.CertificateRevocationList:
        """Revoke what is superseded, write the list in one step and return it."""
        for record in self._superseded(now):
            self.ledger.revoke(record.serial, at=record.overlap_until or now)
        number = max(self.ledger.crl_number, _number_of(self.path)) + 1
        crl = build_crl(
            issuer=self.issuer,
            issuer_key=self.issuer_key,
            entries=[entry for r in self.ledger.records.values() if (entry := _entry(r, now))],
            number=number,
            this_update=now - BACKDATE,
            next_update=now + CRL_VALID,
        )
        write_atomic(self.path, crl.public_bytes(Encoding.PEM))
        self.ledger.wrote_crl(number, next_update=now + CRL_VALID)
        return crl

    def _superseded(self, now: datetime) -> list[Record]:
        overlapping = self.ledger.overlapping.values()
        return [record for record in overlapping if record.status(now) is Status.SUPERSEDED]


def _entry(record: Record, now: datetime) -> RevokedEntry | None:
    """Return the line for a record; none if it is not revoked or is refused as expired anyway."""
    if record.revoked_at is None or record.not_after < now - BACKDATE:
        return None
    superseded = record.overlap_until is not None and record.revoked_at >= record.overlap_until
    return RevokedEntry(
        serial=int(record.serial, 16), revoked_at=record.revoked_at, superseded=superseded
    )


def _number_of(path: Path) -> int:
    """Return the number of the list on the disk, 0 if there is none."""
    if not path.exists():
        return 0
    return load_crls(path)[0].extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
