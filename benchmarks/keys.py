"""Certificates for the rows that need some."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from certs import Authority, Issued, KeyType, openadr_fingerprint
from oadr.signature import SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate with its key.

    Attributes:
        certificate: PEM file.
        key: PEM file.
        fingerprint: 20 digits.
    """

    certificate: Path
    key: Path
    fingerprint: str

    def signing_key(self) -> SigningKey:
        """Returns what signs messages."""
        return SigningKey.load(self.certificate.read_bytes(), self.key.read_bytes())


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """One authority, one VTN and some VENs, all with keys of one kind.

    Attributes:
        ca: PEM file of the authority.
        vtn: of the VTN, for TLS and for signatures.
        vens: of the VENs.
    """

    ca: Path
    vtn: Pair
    vens: tuple[Pair, ...]

    @classmethod
    def make(cls, folder: Path, kind: KeyType, *, vens: int) -> "Keys":
        """Returns new ones in a folder of their own."""
        authority = Authority.create(folder / "ca", "Benchmark CA", key_type=kind)
        vtn = authority.issue_vtn(["localhost", "127.0.0.1"], key_type=kind)
        return cls(
            ca=authority.certificate_path,
            vtn=_saved(vtn, folder / "vtn"),
            vens=tuple(
                _saved(authority.issue_ven(f"ven-{n}", key_type=kind), folder / f"ven-{n}")
                for n in range(vens)
            ),
        )

    def client_context(self, ven: int) -> ssl.SSLContext:
        """Returns how a VEN connects, to either server alike."""
        context = ssl.create_default_context(cafile=self.ca)
        context.load_cert_chain(self.vens[ven].certificate, self.vens[ven].key)
        return context

    def as_options(self) -> dict[str, Any]:
        """Returns what a server has to know."""
        return {
            "ca": str(self.ca),
            "certificate": str(self.vtn.certificate),
            "key": str(self.vtn.key),
            "fingerprints": [pair.fingerprint for pair in self.vens],
        }


def _saved(issued: Issued, stem: Path) -> Pair:
    certificate, key = stem.with_suffix(".crt"), stem.with_suffix(".key")
    issued.save(certificate, key)
    der = issued.certificate.public_bytes(Encoding.DER)
    return Pair(certificate=certificate, key=key, fingerprint=openadr_fingerprint(der))
