"""One authority follows another as docs/howto/certificates.md has it: for a time both count."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from certs.authority import Authority
from certs.folder import Issued
from certs.tls import KeyPair, TLSFiles, client_context, server_context
from tests.certs.conftest import NOW
from tests.certs.handshake import handshake


def pair(issued: Issued, folder: Path, name: str) -> KeyPair:
    made = KeyPair(certificate=folder / f"{name}.crt", key=folder / f"{name}.key")
    issued.save(made.certificate, made.key)
    return made


def joined(target: Path, *parts: Path) -> Path:
    """Does what `cat` does."""
    target.write_bytes(b"".join(part.read_bytes() for part in parts))
    return target


def test_for_a_time_the_certificates_of_both_authorities_count(
    authority: Authority, tmp_path: Path
) -> None:
    old_vtn = pair(authority.issue_vtn(("localhost",), now=NOW), tmp_path, "vtn")
    old_ven = pair(authority.issue_ven("school-7", now=NOW), tmp_path, "school-7")
    former = authority.certificate_path.read_bytes()
    Authority.create(tmp_path / "ca-2", "Next", now=NOW)
    with (tmp_path / "ca-2" / "ca.crt").open("ab") as file:
        file.write(former)
    following = Authority.load(tmp_path / "ca-2")
    both = following.certificate_path
    lists = (authority.crl_path, following.crl_path)
    crl = joined(tmp_path / "ca-2" / "all.crl", *lists)
    new_ven = pair(following.issue_ven("school-7", now=NOW), tmp_path, "school-7-next")

    # The VTN trusts both; its own certificate is that of the old authority at first.
    vtn = server_context(TLSFiles(ca=both, pairs=[old_vtn], crl=crl))
    only_old = TLSFiles(ca=authority.certificate_path, pairs=[old_ven])
    handshake(vtn, client_context(only_old))
    handshake(vtn, client_context(TLSFiles(ca=both, pairs=[new_ven])))

    new_vtn = pair(following.issue_vtn(("localhost",), now=NOW), tmp_path, "vtn-next")
    vtn = server_context(TLSFiles(ca=both, pairs=[new_vtn], crl=crl))
    handshake(vtn, client_context(TLSFiles(ca=both, pairs=[new_ven])))
    with pytest.raises(ssl.SSLError, match="verify failed"):
        handshake(vtn, client_context(only_old))

    # What either of them revokes is out, once the lists are joined again.
    for one, name in ((authority, "school-7"), (following, "school-7")):
        one.revoke(name, now=NOW)
    joined(crl, *lists)
    vtn = server_context(TLSFiles(ca=both, pairs=[new_vtn], crl=crl))
    for revoked in (old_ven, new_ven):
        with pytest.raises(ssl.SSLError, match="revoked"):
            handshake(vtn, client_context(TLSFiles(ca=both, pairs=[revoked])))


def test_a_list_of_one_authority_alone_lets_in_nobody_of_the_other(
    authority: Authority, tmp_path: Path
) -> None:
    following = Authority.create(tmp_path / "ca-2", "Next", now=NOW)
    files = (authority.certificate_path, following.certificate_path)
    both = joined(tmp_path / "both.crt", *files)
    vtn = pair(following.issue_vtn(("localhost",), now=NOW), tmp_path, "vtn")
    ven = pair(authority.issue_ven("school-7", now=NOW), tmp_path, "school-7")
    server = server_context(TLSFiles(ca=both, pairs=[vtn], crl=following.crl_path))
    with pytest.raises(ssl.SSLError, match="unable to get certificate CRL"):
        handshake(server, client_context(TLSFiles(ca=both, pairs=[ven])))
