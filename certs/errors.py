"""What can go wrong with keys and certificates, as types that hold the facts.

    CertsError
    ├── FileError                 a file is the problem; has `path`
    │   ├── MissingFileError      it is not there
    │   ├── FileExistsAlreadyError  it is there and will not be overwritten
    │   ├── UnreadableFileError   it is there and is not what was expected
    │   ├── PassphraseError       the key needs a passphrase, or another one
    │   └── KeyMismatchError      the key does not belong to the certificate
    ├── AuthorityError            the certificate authority refuses
    │   ├── AuthorityExistsError  there is one in that folder already
    │   ├── AuthorityMissingError there is none in that folder
    │   ├── AuthorityExpiredError its own certificate is outside its dates
    │   ├── AlreadyIssuedError    that name has a certificate that is still valid
    │   ├── UnknownCertificateError  it never issued that one
    │   ├── AmbiguousCertificateError  the name fits several of its certificates
    │   ├── RevokedError          a revoked certificate cannot be renewed
    │   └── LedgerError           its ledger is damaged
    ├── WeakKeyError              a key below RSA 2048 / EC 256, or another kind
    ├── SubjectError              a name that cannot stand in a certificate
    ├── CsrError                  a signing request that proves nothing
    ├── FingerprintError          text that is no fingerprint
    ├── ForwardedError            a proxy's header holds no certificate
    ├── FingerprintMismatchError  the peer is not the one that was expected
    └── TLSConfigurationError     a context that would not be mutual TLS

Every text says what was found, what was expected and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from oadr.errors import OpenADRError


class CertsError(OpenADRError):
    """Root of every error that this package raises on purpose."""


class FileError(CertsError):
    """A file is the problem."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        #: The file that could not be used.
        self.path = path


class MissingFileError(FileError):
    """A file that is needed is not there, or may not be read."""

    def __init__(self, path: Path, expected: str) -> None:
        super().__init__(path)
        #: What the file should hold, for example "a private key".
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.path}: cannot be opened; expected {self.expected}. Check path and rights."


class FileExistsAlreadyError(FileError):
    """A file is in the way and is never overwritten silently."""

    def __str__(self) -> str:
        return f"{self.path}: exists and is not overwritten. Move it away or choose another place."


class UnreadableFileError(FileError):
    """A file holds something else than what was expected."""

    def __init__(self, path: Path, expected: str) -> None:
        super().__init__(path)
        #: What the file should hold.
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.path}: is not {self.expected}. Check that it is the right file, in PEM form."


class PassphraseError(FileError):
    """A private key could not be decrypted."""

    def __init__(self, path: Path, *, given: bool) -> None:
        super().__init__(path)
        #: Whether a passphrase was given (then it is the wrong one).
        self.given = given

    def __str__(self) -> str:
        if self.given:
            return f"{self.path}: the passphrase does not open this key. Check the passphrase."
        return (
            f"{self.path}: the key is encrypted and no passphrase was given. Give its passphrase."
        )


class KeyMismatchError(FileError):
    """A private key belongs to another certificate."""

    def __init__(self, path: Path, certificate: Path) -> None:
        super().__init__(path)
        #: The certificate that the key was expected to belong to.
        self.certificate = certificate

    def __str__(self) -> str:
        return (
            f"{self.path}: is not the key of {self.certificate}. "
            "Use the key that was issued together with this certificate."
        )


class AuthorityError(CertsError):
    """The certificate authority refuses."""


class AuthorityExistsError(AuthorityError):
    """A folder already holds (part of) a certificate authority."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        #: The folder that was to be created.
        self.folder = folder

    def __str__(self) -> str:
        return (
            f"{self.folder}: holds a certificate authority already; a new one would orphan every "
            "certificate it issued. Choose another folder."
        )


class AuthorityMissingError(AuthorityError):
    """A folder holds no certificate authority."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        #: The folder that was opened.
        self.folder = folder

    def __str__(self) -> str:
        return (
            f"{self.folder}: no certificate authority here (ca.crt, ca.key). "
            "Create one with `oadr-certs init`, or name its folder."
        )


class AuthorityExpiredError(AuthorityError):
    """The certificate of the authority itself is outside its dates."""

    def __init__(self, *, not_before: datetime, not_after: datetime, now: datetime) -> None:
        super().__init__(not_before, not_after, now)
        #: First and last moment of the certificate, and the time it is.
        self.not_before, self.not_after, self.now = not_before, not_after, now

    def __str__(self) -> str:
        return (
            f"the CA certificate is valid from {self.not_before:%Y-%m-%d %H:%M} to "
            f"{self.not_after:%Y-%m-%d %H:%M} UTC and it is {self.now:%Y-%m-%d %H:%M} UTC. "
            "Check the clock of this machine; if it is right, create a new authority."
        )


class AlreadyIssuedError(AuthorityError):
    """A name already has a valid certificate of that kind."""

    def __init__(self, name: str, serial: str, not_after: datetime) -> None:
        super().__init__(name, serial, not_after)
        #: Who asked, the serial number in the way, and how long that one is valid.
        self.name, self.serial, self.not_after = name, serial, not_after

    def __str__(self) -> str:
        return (
            f"{self.name}: has certificate {self.serial}, valid until {self.not_after:%Y-%m-%d}. "
            "Renew it, or revoke it first."
        )


class UnknownCertificateError(AuthorityError):
    """Nothing in the ledger fits."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        #: The name, serial number or fingerprint that was looked for.
        self.wanted = wanted

    def __str__(self) -> str:
        return (
            f"{self.wanted}: this authority issued no such certificate. "
            "Give a name, serial number or fingerprint that `oadr-certs list` shows."
        )


class AmbiguousCertificateError(AuthorityError):
    """A name fits several certificates that are in use."""

    def __init__(self, wanted: str, serials: Sequence[str]) -> None:
        super().__init__(wanted, serials)
        #: What was looked for, and what fits.
        self.wanted, self.serials = wanted, tuple(serials)

    def __str__(self) -> str:
        return (
            f"{self.wanted}: fits {len(self.serials)} certificates. "
            f"Give the serial number of one: {', '.join(self.serials)}."
        )


class RevokedError(AuthorityError):
    """A revoked certificate cannot be renewed."""

    def __init__(self, name: str, serial: str) -> None:
        super().__init__(name, serial)
        #: Whose certificate it was, and its serial number.
        self.name, self.serial = name, serial

    def __str__(self) -> str:
        return f"{self.name}: certificate {self.serial} is revoked. Issue a new one instead."


class LedgerError(AuthorityError):
    """The ledger of issued certificates is damaged."""

    def __init__(self, path: Path, line: int) -> None:
        super().__init__(path, line)
        #: The ledger, and the number of the line that cannot be read, from 1.
        self.path, self.line = path, line

    def __str__(self) -> str:
        return f"{self.path}: line {self.line} is damaged. Restore the file from a backup."


class WeakKeyError(CertsError):
    """A key is too short, or of a kind that OpenADR does not use."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        #: What the key is, for example "RSA 1024".
        self.found = found

    def __str__(self) -> str:
        return f"{self.found} key refused: expected RSA >= 2048 bits or EC P-256, P-384 or P-521."


class SubjectError(CertsError):
    """A name cannot stand in a certificate."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        #: The name, and why not.
        self.name, self.reason = name, reason

    def __str__(self) -> str:
        return f"{self.name!r}: {self.reason}."


class CsrError(CertsError):
    """A certificate signing request is not acceptable."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        #: What is wrong with it.
        self.reason = reason

    def __str__(self) -> str:
        return f"signing request refused: {self.reason}. Ask its owner for a new one."


class FingerprintError(CertsError):
    """A text is not a fingerprint."""

    def __init__(self, text: str, expected: str) -> None:
        super().__init__(text, expected)
        #: What was given, and what was expected.
        self.text, self.expected = text, expected

    def __str__(self) -> str:
        return f"{self.text!r}: is not a fingerprint; expected {self.expected}."


class ForwardedError(CertsError):
    """A header holds something else than one certificate in the form that was agreed on."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        #: What it should hold.
        self.expected = expected

    def __str__(self) -> str:
        return f"expected {self.expected}"


class FingerprintMismatchError(CertsError):
    """The peer showed another certificate than the pinned one."""

    def __init__(self, *, expected: str, found: str) -> None:
        super().__init__(expected, found)
        #: The pinned fingerprint, and the one of the certificate that was shown.
        self.expected, self.found = expected, found

    def __str__(self) -> str:
        return (
            f"the peer's certificate is {self.found}, expected {self.expected}. "
            "If it was renewed, get the new fingerprint from its owner; else do not talk to it."
        )


class TLSConfigurationError(CertsError):
    """A TLS context cannot be made from what was given."""

    def __init__(self, reason: str, advice: str) -> None:
        super().__init__(reason, advice)
        #: What is wrong, and what to do.
        self.reason, self.advice = reason, advice

    def __str__(self) -> str:
        return f"{self.reason}. {self.advice}."
