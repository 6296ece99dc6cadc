"""The certificate authority of one programme, kept in one folder.

What the folder holds is in `certs.folder`. Any number of processes may work on it at once.
Whatever an operation promises is on the disk when it returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs import build
from certs.build import BACKDATE, KeyType
from certs.errors import (
    AlreadyIssuedError,
    AmbiguousCertificateError,
    AuthorityExistsError,
    AuthorityExpiredError,
    AuthorityMissingError,
    CsrError,
    FileExistsAlreadyError,
    KeyMismatchError,
    RevokedError,
    SubjectError,
)
from certs.files import (
    PrivateKey,
    PublicKey,
    key_pem,
    load_certificates,
    load_key,
    write_atomic,
    write_new,
    write_private,
)
from certs.folder import AuthorityFolder, Issued, load_ledger
from certs.ledger import IN_USE, Ledger, Record, Replaces
from certs.revocation import CrlWriter
from certs.subject import Kind, Subject, check_common_name
from oadr.times import add

#: How long the certificate of an authority is valid.
AUTHORITY_VALID = timedelta(days=20 * 365)
#: How long a certificate is valid if nothing else is asked for.
VTN_VALID = timedelta(days=365)
VEN_VALID = timedelta(days=3 * 365)
#: How long a replaced certificate is still accepted if nothing else is asked for.
OVERLAP = timedelta(days=30)


class Authority:
    """A certificate authority; make it with `create` or `load`."""

    def __init__(
        self,
        folder: AuthorityFolder,
        certificate: x509.Certificate,
        key: PrivateKey,
        ledger: Ledger,
    ) -> None:
        self.folder = folder
        self.certificate = certificate
        self.ledger = ledger
        self._key = key
        self._crl = CrlWriter(path=folder.crl, issuer=certificate, issuer_key=key, ledger=ledger)

    @classmethod
    def create(
        cls,
        folder: Path | str,
        name: str,
        *,
        key_type: KeyType = KeyType.EC,
        passphrase: str | None = None,
        valid_for: timedelta = AUTHORITY_VALID,
        now: datetime | None = None,
    ) -> Self:
        """Create an authority in a new or empty folder, with an empty revocation list.

        Args:
            folder: where it is kept; made if it is not there.
            name: its common name, 1 to 64 characters.
            key_type: of the authority itself; what it issues may be of the other kind.
            passphrase: encrypts `ca.key`.
            valid_for: how long its certificate is valid, > 0.
            now: aware; None is the clock of this machine.

        Raises:
            AuthorityExistsError: the folder holds (part of) an authority.
            SubjectError: the name cannot stand in a certificate.
        """
        at, paths = _moment(now), AuthorityFolder(Path(folder))
        check_common_name(name)
        if any(path.exists() for path in (paths.certificate, paths.key, paths.ledger)):
            raise AuthorityExistsError(paths.path)
        key = build.generate_key(key_type)
        certificate = build.build_authority(
            key=key,
            name=name,
            serial=x509.random_serial_number(),
            not_before=at - BACKDATE,
            not_after=_end(at, valid_for),
        )
        paths.issued.mkdir(parents=True, exist_ok=True)
        try:  # the key decides between two that create at once
            write_private(paths.key, key_pem(key, passphrase))
        except FileExistsAlreadyError as error:
            raise AuthorityExistsError(paths.path) from error
        ledger = Ledger(paths.ledger)
        ledger.create()
        write_atomic(paths.certificate, certificate.public_bytes(Encoding.PEM))
        authority = cls(paths, certificate, key, ledger)
        authority.write_crl(now=at)
        return authority

    @classmethod
    def load(cls, folder: Path | str, passphrase: str | None = None) -> Self:
        """Open an authority.

        Raises:
            AuthorityMissingError: there is none in that folder.
            FileError: a file of it cannot be read, or needs another passphrase.
            LedgerError: its ledger is damaged.
        """
        paths = AuthorityFolder(Path(folder))
        if not paths.certificate.exists():
            raise AuthorityMissingError(paths.path)
        certificate = load_certificates(paths.certificate)[0]
        key = load_key(paths.key, passphrase)
        if key.public_key() != certificate.public_key():
            raise KeyMismatchError(paths.key, paths.certificate)
        return cls(paths, certificate, key, load_ledger(paths.path))

    @property
    def certificate_path(self) -> Path:
        """The file that every VTN and VEN needs."""
        return self.folder.certificate

    @property
    def crl_path(self) -> Path:
        """The file that every VTN needs."""
        return self.folder.crl

    def issue_vtn(
        self,
        names: Sequence[str],
        *,
        key_type: KeyType = KeyType.EC,
        valid_for: timedelta = VTN_VALID,
        now: datetime | None = None,
    ) -> Issued:
        """Issue a certificate for a VTN.

        Args:
            names: one or more host names and IP addresses; the first is its common name.
            key_type: a VTN that serves old RSA peers too has one certificate of each kind.
            valid_for: > 0; never longer than the authority itself.
            now: aware; None is the clock of this machine.

        Raises:
            SubjectError: a name is no host name and no IP address.
            AlreadyIssuedError: the VTN has a valid certificate with a key of that type.
        """
        if not names:
            raise SubjectError("", "a VTN needs at least one host name or IP address")
        subject = Subject(kind=Kind.VTN, name=names[0], hosts=tuple(names))
        return self._issue_with_key(subject, key_type, valid_for, _moment(now))

    def issue_ven(
        self,
        name: str,
        *,
        hosts: Sequence[str] = (),
        key_type: KeyType = KeyType.EC,
        valid_for: timedelta = VEN_VALID,
        now: datetime | None = None,
    ) -> Issued:
        """Issue a certificate for a VEN.

        Args:
            name: the name of the VEN: its common name, 1 to 64 characters.
            hosts: host names and IP addresses under which the VTN pushes to it; none if it polls.
            key_type: of the new key.
            valid_for: > 0; never longer than the authority itself.
            now: aware; None is the clock of this machine.

        Raises:
            SubjectError: a name cannot stand in a certificate.
            AlreadyIssuedError: the VEN has a valid certificate with a key of that type.
        """
        subject = Subject(kind=Kind.VEN, name=name, hosts=tuple(hosts))
        return self._issue_with_key(subject, key_type, valid_for, _moment(now))

    def sign_csr(
        self,
        request: bytes,
        *,
        kind: Kind = Kind.VEN,
        hosts: Sequence[str] = (),
        valid_for: timedelta | None = None,
        now: datetime | None = None,
    ) -> Issued:
        """Issue a certificate for a key that its owner keeps.

        Only the public key and the common name are taken from the request.

        Args:
            request: the signing request, PEM or DER.
            kind: whose certificate it will be.
            hosts: host names and IP addresses that the certificate will hold.
            valid_for: > 0; None is the usual time of that kind.
            now: aware; None is the clock of this machine.

        Raises:
            CsrError: the request cannot be read or does not prove that its sender has the key.
            WeakKeyError: its key is too weak.
            SubjectError: a name cannot stand in a certificate.
            AlreadyIssuedError: that name has a valid certificate with a key of that type.
        """
        public, name = build.read_request(request)
        names = tuple(hosts) or ((name,) if kind is Kind.VTN else ())
        subject = Subject(kind=kind, name=name, hosts=names)
        valid = valid_for or (VTN_VALID if kind is Kind.VTN else VEN_VALID)
        certificate, record = self._issue(subject, public, valid, _moment(now))
        return Issued(record=record, certificate=certificate, key=None)

    def renew(
        self,
        wanted: str,
        *,
        overlap: timedelta = OVERLAP,
        request: bytes | None = None,
        valid_for: timedelta | None = None,
        now: datetime | None = None,
    ) -> Issued:
        """Issue the successor of a certificate; both are accepted until the overlap is over.

        The old one goes on the revocation list with the first operation after the overlap.

        Args:
            wanted: a name, serial number or fingerprint.
            overlap: how long the old certificate is still accepted, >= 0.
            request: a signing request with the new key, of the same common name; None makes a
                new key of the same type.
            valid_for: > 0; None is the usual time of that kind.
            now: aware; None is the clock of this machine.

        Raises:
            UnknownCertificateError: this authority issued no such certificate.
            AmbiguousCertificateError: several fit.
            AlreadyIssuedError: it has a successor already.
            RevokedError: it is revoked.
            CsrError: the request is not acceptable, or is for another name.
        """
        if overlap < timedelta(0):
            raise ValueError(f"overlap is {overlap}; expected 0 or more")
        at = _moment(now)
        old = self.renewable(wanted)
        subject = Subject(kind=old.kind, name=old.name, hosts=old.hosts)
        key: PrivateKey | None = None
        if request is None:
            key = build.generate_key(old.key_type)
            public: PublicKey = key.public_key()
        else:
            public, name = build.read_request(request)
            if name != old.name:
                raise CsrError(f"it is for {name!r}, the certificate to renew for {old.name!r}")
        valid = valid_for or (VTN_VALID if old.kind is Kind.VTN else VEN_VALID)
        replaces = Replaces(serial=old.serial, until=add(at, overlap))
        certificate, record = self._issue(subject, public, valid, at, replaces)
        return Issued(record=record, certificate=certificate, key=key)

    def renewable(self, wanted: str) -> Record:
        """Return the certificate that `renew` would replace.

        Raises:
            UnknownCertificateError: this authority issued no such certificate.
            AmbiguousCertificateError: several fit.
            AlreadyIssuedError: it has a successor already.
            RevokedError: it is revoked.
        """
        self.ledger.refresh()
        return self._renewable(wanted)

    def revoke(self, wanted: str, *, now: datetime | None = None) -> list[Record]:
        """Revoke certificates and write the revocation list; returns what is revoked.

        Args:
            wanted: a serial number or fingerprint for one; a name for all that it has in use.
            now: aware; None is the clock of this machine.

        Raises:
            UnknownCertificateError: this authority issued no such certificate.
            AmbiguousCertificateError: the beginning of a serial number fits several.
        """
        at = _moment(now)
        with self.ledger.locked():
            found = self.ledger.find(wanted)
            if len(found) > 1 and not self.ledger.named(wanted):
                raise AmbiguousCertificateError(wanted, [record.serial for record in found])
            for record in found:
                if record.revoked_at is None:
                    self.ledger.revoke(record.serial, at=at)
            self._crl.write(at)
            return [self.ledger.records[record.serial] for record in found]

    def records(self) -> list[Record]:
        """Return every certificate of the ledger, oldest first."""
        self.ledger.refresh()
        return list(self.ledger.records.values())

    def write_crl(self, *, now: datetime | None = None) -> x509.CertificateRevocationList:
        """Write a new revocation list, with what was superseded in the meantime; return it."""
        at = _moment(now)
        with self.ledger.locked():
            return self._crl.write(at)

    def _issue_with_key(
        self, subject: Subject, key_type: KeyType, valid_for: timedelta, now: datetime
    ) -> Issued:
        key = build.generate_key(key_type)
        certificate, record = self._issue(subject, key.public_key(), valid_for, now)
        return Issued(record=record, certificate=certificate, key=key)

    def _issue(
        self,
        subject: Subject,
        public: PublicKey,
        valid_for: timedelta,
        now: datetime,
        replaces: Replaces | None = None,
    ) -> tuple[x509.Certificate, Record]:
        self._check_dates(now)
        certificate = build.build_leaf(
            issuer=self.certificate,
            issuer_key=self._key,
            public_key=public,
            serial=x509.random_serial_number(),
            subject=subject,
            not_before=max(now - BACKDATE, self.certificate.not_valid_before_utc),
            not_after=min(_end(now, valid_for), self.certificate.not_valid_after_utc),
        )
        record = Record.of(certificate, subject, key_type=build.key_type_of(public), now=now)
        with self.ledger.locked():
            self._check_vacant(record, now, replaces)
            write_new(self.folder.copy_of(record.serial), certificate.public_bytes(Encoding.PEM))
            self.ledger.add(record, replaces)
            if self._crl.is_due(now):
                self._crl.write(now)
        return certificate, record

    def _check_dates(self, now: datetime) -> None:
        start = self.certificate.not_valid_before_utc
        end = self.certificate.not_valid_after_utc
        if not start <= now < end:
            raise AuthorityExpiredError(not_before=start, not_after=end, now=now)

    def _check_vacant(self, new: Record, now: datetime, replaces: Replaces | None) -> None:
        """Refuse a second certificate for a name: two owners of one name are never meant."""
        if replaces is not None:
            self._renewable(replaces.serial)  # another process may have been faster
            return
        for old in reversed(self.ledger.named(new.name)):
            same = (old.kind, old.key_type) == (new.kind, new.key_type)
            if same and old.status(now) in IN_USE:
                raise AlreadyIssuedError(old.name, old.serial, old.not_after)

    def _renewable(self, wanted: str) -> Record:
        found = self.ledger.find(wanted)
        current = [r for r in found if r.revoked_at is None and r.replaced_by is None]
        successor = self.ledger.records.get(found[-1].replaced_by or "")
        if not current and successor is not None:
            raise AlreadyIssuedError(successor.name, successor.serial, successor.not_after)
        if not current:
            raise RevokedError(found[-1].name, found[-1].serial)
        newest = {(record.kind, record.key_type): record for record in current}
        if len(newest) > 1:
            raise AmbiguousCertificateError(wanted, [r.serial for r in newest.values()])
        return current[-1]


def _moment(now: datetime | None) -> datetime:
    """Return a moment as certificates write it: UTC, whole seconds."""
    moment = datetime.now(UTC) if now is None else now
    if moment.tzinfo is None:
        raise ValueError("now must be aware")
    return moment.astimezone(UTC).replace(microsecond=0)


def _end(start: datetime, valid_for: timedelta) -> datetime:
    """Return when a certificate ends, at the latest with the calendar."""
    if valid_for <= timedelta(0):
        raise ValueError(f"valid_for is {valid_for}; expected more than 0")
    return add(start, valid_for).replace(microsecond=0)
