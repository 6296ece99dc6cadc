"""Certificates for a device under test and the party that tests it, made for the occasion."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from certs import (
    Authority,
    Issued,
    KeyPair,
    KeyType,
    TLSFiles,
    client_context,
    fingerprints,
    server_context,
)
from oadr.signature import SigningKey

#: The authority is older than all that it issues, the expired certificate included.
_AGE = timedelta(days=30)
_HERE = ("localhost", "127.0.0.1")


@dataclass(frozen=True)
class Papers:
    """Certificates of one authority, and some that nobody should accept.

    Attributes:
        folder: where the files are.
        ca: the certificate of the authority.
        crl: what it has revoked: nothing.
        vtn: the VTN's certificate, EC.
        vtn_rsa: its second certificate, for peers that know RSA only.
        ven: the VEN's certificate, EC.
        ven_rsa: the VEN's other certificate, RSA.
        other: of another VEN, by the same authority.
        expired: of the VEN, by the same authority, until yesterday.
        foreign: of the VEN, by another authority.
        expired_vtn: of the VTN, by the same authority, until yesterday.
    """

    folder: Path
    ca: Path
    crl: Path
    vtn: KeyPair
    vtn_rsa: KeyPair
    ven: KeyPair
    ven_rsa: KeyPair
    other: KeyPair
    expired: KeyPair
    foreign: KeyPair
    expired_vtn: KeyPair

    @cached_property
    def ven_fingerprint(self) -> str:
        """Of the VEN's certificate, as OpenADR writes it."""
        return fingerprint(self.ven)

    @cached_property
    def vtn_fingerprint(self) -> str:
        """Of the VTN's certificate, as OpenADR writes it."""
        return fingerprint(self.vtn)

    def files(self, *pairs: KeyPair) -> TLSFiles:
        """Returns what a party with these certificates has."""
        return TLSFiles(ca=self.ca, pairs=pairs)

    def client(self, pair: KeyPair) -> ssl.SSLContext:
        """Returns the context of a client with that certificate."""
        return client_context(self.files(pair))

    def server(self, pair: KeyPair) -> ssl.SSLContext:
        """Returns the context of a server with that certificate."""
        return server_context(self.files(pair))


def fingerprint(pair: KeyPair) -> str:
    """Returns the OpenADR fingerprint of a certificate in a file."""
    return fingerprints(pair.certificate.read_bytes()).openadr


def signing_key(pair: KeyPair) -> SigningKey:
    """Returns what signs with a certificate."""
    return SigningKey.load(pair.certificate.read_bytes(), pair.key.read_bytes())


@contextmanager
def papers(ven_name: str) -> Iterator[Papers]:
    """Gives certificates in a temporary folder.

    Args:
        ven_name: the name of the VEN.
    """
    with TemporaryDirectory(prefix="conformance-") as name:
        yield _made(Path(name), ven_name)


def _made(folder: Path, ven_name: str) -> Papers:
    now = datetime.now(UTC)
    then = now - _AGE
    ours = Authority.create(folder / "ca", "Conformance", now=then)
    theirs = Authority.create(folder / "elsewhere", "Elsewhere", now=then)
    ours.write_crl(now=now)
    past = {"now": then, "valid_for": _AGE - timedelta(days=1)}

    def saved(name: str, issued: Issued) -> KeyPair:
        pair = KeyPair(certificate=folder / f"{name}.crt", key=folder / f"{name}.key")
        issued.save(pair.certificate, pair.key)
        return pair

    def vtn(name: str, by: Authority, **terms: object) -> KeyPair:
        return saved(name, by.issue_vtn(_HERE, **({"now": now} | terms)))  # type: ignore[arg-type]

    def ven(name: str, by: Authority, of: str, **terms: object) -> KeyPair:
        terms = {"now": now, "hosts": _HERE} | terms
        return saved(name, by.issue_ven(of, **terms))  # type: ignore[arg-type]

    return Papers(
        folder=folder,
        ca=ours.certificate_path,
        crl=ours.crl_path,
        # The expired ones first: the authority issues no second one while one is valid.
        expired=ven("expired", ours, ven_name, **past),
        expired_vtn=vtn("expired-vtn", ours, **past),
        vtn=vtn("vtn", ours),
        vtn_rsa=vtn("vtn-rsa", ours, key_type=KeyType.RSA),
        ven=ven("ven", ours, ven_name),
        ven_rsa=ven("ven-rsa", ours, ven_name, key_type=KeyType.RSA),
        other=ven("other", ours, f"other-{ven_name}"),
        foreign=ven("foreign", theirs, ven_name),
    )
