"""The ledger of an authority: every certificate that it issued, one JSON line per happening.

Lines are only ever appended, each one is on the disk before the next step is taken, and a lock on
the file keeps two processes apart. A line that a crash cut off was never acknowledged to anybody;
it is cut away before the next one is written. Appending keeps the cost of a certificate the same
for the first and for the hundred-thousandth.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Self

from cryptography import x509

from certs.build import KeyType, serial_text
from certs.errors import AuthorityMissingError, LedgerError, UnknownCertificateError
from certs.fingerprint import fingerprints
from certs.subject import Kind, Subject


class Status(StrEnum):
    """What a certificate is worth at some moment."""

    VALID = "valid"
    #: Replaced by a newer one and still accepted.
    OVERLAP = "overlap"
    #: Replaced, and the overlap is over.
    SUPERSEDED = "superseded"
    REVOKED = "revoked"
    EXPIRED = "expired"
    NOT_YET = "not yet valid"


#: In use: a peer may present such a certificate.
IN_USE = frozenset({Status.VALID, Status.OVERLAP, Status.NOT_YET})


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One issued certificate, as the ledger knows it."""

    #: Serial number, upper-case hexadecimal.
    serial: str
    kind: Kind
    #: Common name.
    name: str
    #: Host names and IP addresses.
    hosts: tuple[str, ...]
    key_type: KeyType
    #: OpenADR fingerprint.
    fingerprint: str
    #: SHA-256 fingerprint in full.
    sha256: str
    issued_at: datetime
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None = None
    #: Serial number of the certificate that replaces this one.
    replaced_by: str | None = None
    #: When the replaced certificate stops being accepted.
    overlap_until: datetime | None = None

    @classmethod
    def of(
        cls, certificate: x509.Certificate, subject: Subject, *, key_type: KeyType, now: datetime
    ) -> Self:
        """Return the record of a certificate that is issued now."""
        known_by = fingerprints(certificate)
        return cls(
            serial=serial_text(certificate.serial_number),
            kind=subject.kind,
            name=subject.name,
            hosts=subject.hosts,
            key_type=key_type,
            fingerprint=known_by.openadr,
            sha256=known_by.sha256,
            issued_at=now,
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
        )

    def status(self, now: datetime) -> Status:
        """Return what the certificate is worth at that moment."""
        if self.revoked_at is not None:
            return Status.REVOKED
        if now > self.not_after:
            return Status.EXPIRED
        if self.overlap_until is not None:
            return Status.OVERLAP if now < self.overlap_until else Status.SUPERSEDED
        return Status.VALID if now >= self.not_before else Status.NOT_YET


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaces:
    """Which certificate a new one replaces."""

    serial: str
    #: When the replaced one stops being accepted.
    until: datetime


#: Fewer digits of a serial number could be a name.
_MIN_SERIAL_DIGITS = 8


class Ledger:
    """The ledger file of one authority, and what it says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        #: Every certificate by serial number, oldest first.
        self.records: dict[str, Record] = {}
        #: Replaced and not revoked yet, by serial number.
        self.overlapping: dict[str, Record] = {}
        #: Number of the newest revocation list.
        self.crl_number = 0
        #: When that list stops being valid; None before the first.
        self.crl_next_update: datetime | None = None
        #: Whether something was revoked since that list was written.
        self.crl_stale = False
        self._by_name: dict[str, list[str]] = {}
        # Two threads that read at once would both take in the same lines.
        self._guard = threading.RLock()
        self._read_to = 0
        self._lines = 0

    def named(self, name: str) -> list[Record]:
        """Return the certificates of that common name, oldest first."""
        return [self.records[serial] for serial in self._by_name.get(name, ())]

    def find(self, wanted: str) -> list[Record]:
        """Return what fits a name, serial number (8 digits or more) or fingerprint, oldest first.

        Raises:
            UnknownCertificateError: nothing fits.
        """
        digits = wanted.replace(":", "").strip().upper()
        found = self.named(wanted) or [
            record
            for record in self.records.values()
            if digits in (record.fingerprint.replace(":", ""), record.sha256.replace(":", ""))
            or (len(digits) >= _MIN_SERIAL_DIGITS and record.serial.startswith(digits))
        ]
        if not found:
            raise UnknownCertificateError(wanted)
        return found

    def fingerprints(self, name: str, *, now: datetime) -> tuple[str, ...]:
        """Return the OpenADR fingerprints under which that name may appear, oldest first.

        During the overlap of a renewal these are two.
        """
        return tuple(r.fingerprint for r in self.named(name) if r.status(now) in IN_USE)

    def create(self) -> None:
        """Make an empty ledger; an existing one is an error of the operating system."""
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        os.close(descriptor)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the ledger alone, across processes and threads, with its newest content read.

        Raises:
            LedgerError: a line is damaged.
        """
        with self._guard, self._open() as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # released when the descriptor is closed
            self._read(descriptor)
            yield

    def refresh(self) -> None:
        """Read what other processes have written since.

        Raises:
            LedgerError: a line is damaged.
        """
        with self._guard, self._open(os.O_RDONLY) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            self._read(descriptor)

    def add(self, record: Record, replaces: Replaces | None = None) -> None:
        """Append an issued certificate, and what it replaces; call it inside `locked`."""
        old = {"replaces": None if replaces is None else asdict(replaces)}
        self._append({"event": "issued", **asdict(record), **old})

    def revoke(self, serial: str, *, at: datetime) -> None:
        """Append that a certificate is revoked; call it inside `locked`."""
        self._append({"event": "revoked", "serial": serial, "at": at})

    def wrote_crl(self, number: int, *, next_update: datetime) -> None:
        """Append that a revocation list was written; call it inside `locked`."""
        self._append({"event": "crl", "number": number, "next_update": next_update})

    @contextmanager
    def _open(self, flags: int = os.O_RDWR) -> Iterator[int]:
        try:
            descriptor = os.open(self.path, flags)
        except FileNotFoundError as error:
            raise AuthorityMissingError(self.path.parent) from error
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _read(self, descriptor: int) -> None:
        os.lseek(descriptor, self._read_to, os.SEEK_SET)
        with os.fdopen(os.dup(descriptor), "rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._lines += 1
                self._apply_line(line)
                self._read_to += len(line)

    def _append(self, event: dict[str, object]) -> None:
        line = json.dumps(event, default=_jsonable, ensure_ascii=False).encode() + b"\n"
        with self._open() as descriptor:
            os.ftruncate(descriptor, self._read_to)
            os.lseek(descriptor, self._read_to, os.SEEK_SET)
            view = memoryview(line)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        self._lines += 1
        self._apply_line(line)
        self._read_to += len(line)

    def _apply_line(self, line: bytes) -> None:
        try:
            event = json.loads(line)
            self._EVENTS[event.pop("event")](self, event)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LedgerError(self.path, self._lines) from error

    def _issued(self, event: dict[str, Any]) -> None:
        record = _record(event)
        self.records[record.serial] = record
        self._by_name.setdefault(record.name, []).append(record.serial)
        if event["replaces"] is not None:
            self._replaced(event["replaces"], by=record.serial)

    def _replaced(self, event: dict[str, Any], *, by: str) -> None:
        until = datetime.fromisoformat(event["until"])
        record = replace(self.records[event["serial"]], replaced_by=by, overlap_until=until)
        self.records[record.serial] = self.overlapping[record.serial] = record

    def _revoked(self, event: dict[str, Any]) -> None:
        record = self.records[event["serial"]]
        revoked_at = datetime.fromisoformat(event["at"])
        self.records[record.serial] = replace(record, revoked_at=revoked_at)
        self.overlapping.pop(record.serial, None)
        self.crl_stale = True

    def _crl(self, event: dict[str, Any]) -> None:
        self.crl_number = int(event["number"])
        self.crl_next_update = datetime.fromisoformat(event["next_update"])
        self.crl_stale = False

    _EVENTS: ClassVar = {"issued": _issued, "revoked": _revoked, "crl": _crl}


def _jsonable(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value))


def _record(event: dict[str, Any]) -> Record:
    """Return the record of a line as it was issued; what came later has lines of its own."""
    return Record(
        serial=event["serial"],
        kind=Kind(event["kind"]),
        name=event["name"],
        hosts=tuple(event["hosts"]),
        key_type=KeyType(event["key_type"]),
        fingerprint=event["fingerprint"],
        sha256=event["sha256"],
        issued_at=datetime.fromisoformat(event["issued_at"]),
        not_before=datetime.fromisoformat(event["not_before"]),
        not_after=datetime.fromisoformat(event["not_after"]),
    )
