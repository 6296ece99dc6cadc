"""One authority of each kind, made once: RSA keys are slow to make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from certs.authority import Authority
from certs.build import KeyType
from certs.folder import Issued
from certs.tls import KeyPair, TLSFiles

#: A request and a certificate for a key on secp224k1, which OpenSSL has and `cryptography` not.
STRANGE_REQUEST = b"""\
-----BEGIN CERTIFICATE REQUEST-----
MIG5MGoCAQAwEzERMA8GA1UEAwwIc2Nob29sLTcwTjAQBgcqhkjOPQIBBgUrgQQA
IAM6AARqGPerXtI1KdiE1xcecL7y823gUU34LhgCuNvtZlVAe8EU6Cu5x0HG3zYa
LVCGZTF0wEc8C/MyW6AAMAoGCCqGSM49BAMCAz8AMDwCHAxVq+O3wkECtWYrN3Xl
3A873FXwnKMb0nG0OSECHAwr+L/do3B7wlYTL/g4YHmh3CEso2ycoTz/720=
-----END CERTIFICATE REQUEST-----
"""
STRANGE_CERTIFICATE = b"""\
-----BEGIN CERTIFICATE-----
MIIBaTCCARigAwIBAgIUPH1nFQfdTBAeRa+AaWsed8QNVFMwCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIc2Nob29sLTcwIBcNMjYxMTIwMjAxNjMzWhgPMjEyNjEwMjcy
MDE2MzNaMBMxETAPBgNVBAMMCHNjaG9vbC03ME4wEAYHKoZIzj0CAQYFK4EEACAD
OgAEahj3q17SNSnYhNcXHnC+8vNt4FFN+C4YArjb7WZVQHvBFOgrucdBxt82Gi1Q
hmUxdMBHPAvzMlujUzBRMB0GA1UdDgQWBBR7loSQo6H6SxMCtelxNFh7uLfQjTAf
BgNVHSMEGDAWgBR7loSQo6H6SxMCtelxNFh7uLfQjTAPBgNVHRMBAf8EBTADAQH/
MAoGCCqGSM49BAMCAz8AMDwCHHXEYXVDDRt3Rqr+cYGqdtgHD3yDweCS4DRzRp0C
HGcubZOVdN5S3Jct48gVoogM8p6Ks/wz+Zhb6S4=
-----END CERTIFICATE-----
"""

NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A certificate that was issued, and its files."""

    issued: Issued
    pair: KeyPair

    @property
    def fingerprint(self) -> str:
        return self.issued.record.fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """An RSA authority with an EC and an RSA VTN and VEN: every chain, hybrid included."""

    authority: Authority
    folder: Path
    vtn_ec: Party
    vtn_rsa: Party
    ven_ec: Party
    ven_rsa: Party

    def files(self, *parties: Party, crl: bool = False) -> TLSFiles:
        return TLSFiles(
            ca=self.authority.certificate_path,
            pairs=[party.pair for party in parties],
            crl=self.authority.crl_path if crl else None,
        )


def saved(issued: Issued, folder: Path, stem: str, passphrase: str | None = None) -> Party:
    """Write what was issued and return it with its paths."""
    pair = KeyPair(
        certificate=folder / f"{stem}.crt", key=folder / f"{stem}.key", passphrase=passphrase
    )
    issued.save(pair.certificate, pair.key, passphrase)
    return Party(issued=issued, pair=pair)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    authority = Authority.create(folder / "ca", "Test programme", key_type=KeyType.RSA, now=NOW)
    hosts = ("localhost", "127.0.0.1")
    return World(
        authority=authority,
        folder=folder,
        vtn_ec=saved(authority.issue_vtn(hosts, now=NOW), folder, "vtn"),
        vtn_rsa=saved(authority.issue_vtn(hosts, key_type=KeyType.RSA, now=NOW), folder, "vtn-rsa"),
        ven_ec=saved(authority.issue_ven("school-7", now=NOW), folder, "school-7"),
        ven_rsa=saved(
            authority.issue_ven("mill-3", key_type=KeyType.RSA, now=NOW), folder, "mill-3"
        ),
    )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An EC authority that a test may change."""
    return Authority.create(tmp_path / "ca", "Own programme", now=NOW)
