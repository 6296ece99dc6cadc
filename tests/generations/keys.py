"""Certificates of the tests: an authority, VTNs and VENs."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from certs import Authority, KeyType, openadr_fingerprint

#: What opens the key of ``Authority.vtn`` where it is locked.
PASSPHRASE = "mypassphrase"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Somebody with a certificate.

    Attributes:
        certificate: the file.
        key: file of its private key.
        ca: file of the authority that issued it.
        fingerprint: as OpenADR writes it.
    """

    certificate: Path
    key: Path
    ca: Path
    fingerprint: str


class Keys:
    """An authority in a folder of its own.

    Args:
        folder: new or empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority.create(folder / "ca", "Test", key_type=KeyType.RSA)

    @property
    def ca(self) -> Path:
        """The file that everybody needs."""
        return self.authority.certificate_path

    def vtn(self, name: str = "vtn", *, passphrase: str | None = None) -> Owner:
        """Returns a VTN on this machine; with a passphrase its key is locked."""
        issued = self.authority.issue_vtn(
            [f"{name}.example", "127.0.0.1", "localhost"], key_type=KeyType.RSA, now=_now()
        )
        certificate, key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        issued.save(certificate, key, passphrase)
        return self._owner(certificate, key)

    def ven(self, name: str) -> Owner:
        """Returns a VEN."""
        issued = self.authority.issue_ven(name, key_type=KeyType.RSA, now=_now())
        certificate, key = self.folder / f"ven-{name}.crt", self.folder / f"ven-{name}.key"
        issued.save(certificate, key)
        return self._owner(certificate, key)

    def _owner(self, certificate: Path, key: Path) -> Owner:
        der = ssl.PEM_cert_to_DER_cert(certificate.read_text())
        fingerprint = openadr_fingerprint(der)
        return Owner(certificate=certificate, key=key, ca=self.ca, fingerprint=fingerprint)


def _now() -> datetime:
    return datetime.now(UTC)
