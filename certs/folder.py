"""What the folder of an authority holds, and what leaves it.

ca/
  ca.crt         certificate of the authority: give it to every VTN and VEN
  ca.key         its private key: whoever has it can pose as anybody; keep it safe
  ca.crl         its revocation list: give it to every VTN
  issued.jsonl   the ledger: what was issued, replaced and revoked
  issued/        a copy of every certificate, by serial number
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs.errors import FileExistsAlreadyError
from certs.files import PrivateKey, key_pem, write_new, write_private
from certs.ledger import Ledger, Record


@dataclass(frozen=True, slots=True)
class AuthorityFolder:
    """The paths inside the folder of an authority."""

    path: Path

    @property
    def certificate(self) -> Path:
        """The certificate of the authority."""
        return self.path / "ca.crt"

    @property
    def key(self) -> Path:
        """Its private key."""
        return self.path / "ca.key"

    @property
    def crl(self) -> Path:
        """Its revocation list."""
        return self.path / "ca.crl"

    @property
    def ledger(self) -> Path:
        """Its ledger."""
        return self.path / "issued.jsonl"

    @property
    def issued(self) -> Path:
        """The folder of copies."""
        return self.path / "issued"

    def copy_of(self, serial: str) -> Path:
        """Return where the copy of a certificate is."""
        return self.issued / f"{serial}.crt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A new certificate, and its key if the authority made it."""

    record: Record
    certificate: x509.Certificate
    #: None if the owner made it and sent a signing request.
    key: PrivateKey | None

    @property
    def certificate_pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self, passphrase: str | None = None) -> bytes | None:
        """Return the key as PKCS #8 PEM, encrypted if there is a passphrase."""
        return None if self.key is None else key_pem(self.key, passphrase)

    def save(self, certificate: Path, key: Path, passphrase: str | None = None) -> None:
        """Write the certificate and, readable by its owner alone, the key if there is one.

        Raises:
            FileExistsAlreadyError: a file of that name exists; then nothing is written.
        """
        content = self.key_pem(passphrase)
        if certificate.exists():
            raise FileExistsAlreadyError(certificate)
        if content is not None:
            write_private(key, content)
        write_new(certificate, self.certificate_pem)


def load_ledger(folder: Path | str) -> Ledger:
    """Return the ledger of an authority; needs no passphrase.

    Raises:
        AuthorityMissingError: there is no authority in that folder.
        LedgerError: it is damaged.
    """
    ledger = Ledger(AuthorityFolder(Path(folder)).ledger)
    ledger.refresh()
    return ledger
