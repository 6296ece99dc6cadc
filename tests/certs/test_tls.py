"""Handshakes that must succeed with the right suite, and handshakes that must fail."""

from __future__ import annotations

import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from certs.authority import Authority
from certs.build import KeyType
from certs.errors import (
    KeyMismatchError,
    MissingFileError,
    PassphraseError,
    TLSConfigurationError,
    UnreadableFileError,
    WeakKeyError,
)
from certs.fingerprint import openadr_fingerprint
from certs.tls import SPECIFIED_SUITES, KeyPair, Profile, TLSFiles, client_context, server_context
from tests.certs.conftest import NOW, STRANGE_CERTIFICATE, World, saved
from tests.certs.handshake import handshake

EC_SUITE, RSA_SUITE = SPECIFIED_SUITES


def _bare_client(world: World, ciphers: str, *, tls13: bool = False) -> ssl.SSLContext:
    """A peer that is not ours: an RSA VEN that offers just these suites."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(world.authority.certificate_path)
    context.load_cert_chain(world.ven_rsa.pair.certificate, world.ven_rsa.pair.key)
    context.set_ciphers(ciphers)
    if not tls13:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def test_compatible_parties_speak_tls_1_3(world: World) -> None:
    server = server_context(world.files(world.vtn_ec, world.vtn_rsa, crl=True))
    for ven in (world.ven_ec, world.ven_rsa):
        met = handshake(server, client_context(world.files(ven, crl=True)))
        assert met.version == "TLSv1.3"
        assert met.client_certificate is not None
        assert openadr_fingerprint(met.client_certificate) == ven.fingerprint


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ("ALL", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        (f"{EC_SUITE}:ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        (f"{RSA_SUITE}:{EC_SUITE}", EC_SUITE),
        (RSA_SUITE, RSA_SUITE),
        (EC_SUITE, EC_SUITE),
        ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
    ],
)
def test_compatible_server_prefers_the_strongest_suite_that_a_tls_1_2_peer_offers(
    world: World, offered: str, expected: str
) -> None:
    server = server_context(world.files(world.vtn_ec, world.vtn_rsa))
    met = handshake(server, _bare_client(world, offered))
    assert (met.version, met.cipher) == ("TLSv1.2", expected)


@pytest.mark.parametrize("suite", ["AES128-SHA", "ECDHE-RSA-AES256-SHA", "AES256-GCM-SHA384"])
@pytest.mark.parametrize("profile", list(Profile))
def test_no_profile_takes_other_weak_suites(world: World, suite: str, profile: Profile) -> None:
    server = server_context(world.files(world.vtn_ec, world.vtn_rsa), profile=profile)
    with pytest.raises(ssl.SSLError, match=r"(?i)no.shared.cipher|handshake"):
        handshake(server, _bare_client(world, suite))


@pytest.mark.parametrize(
    ("offered", "expected"), [(RSA_SUITE, RSA_SUITE), (EC_SUITE, EC_SUITE), ("ALL", EC_SUITE)]
)
def test_certification_server_selects_a_specified_suite_whatever_else_is_offered(
    world: World, offered: str, expected: str
) -> None:
    server = server_context(world.files(world.vtn_ec, world.vtn_rsa), profile=Profile.CERTIFICATION)
    met = handshake(server, _bare_client(world, offered, tls13=True))
    assert (met.version, met.cipher) == ("TLSv1.2", expected)


def test_certification_server_refuses_a_client_without_a_specified_suite(world: World) -> None:
    server = server_context(world.files(world.vtn_ec, world.vtn_rsa), profile=Profile.CERTIFICATION)
    with pytest.raises(ssl.SSLError, match=r"(?i)no.shared.cipher"):
        handshake(server, _bare_client(world, "ECDHE-RSA-AES128-GCM-SHA256"))


@pytest.mark.parametrize("vtn", ["vtn_ec", "vtn_rsa"])
@pytest.mark.parametrize("ven", ["ven_ec", "ven_rsa"])
@pytest.mark.parametrize("profile", list(Profile))
def test_each_kind_of_client_meets_each_kind_of_server(
    world: World, vtn: str, ven: str, profile: Profile
) -> None:
    server_party, client_party = getattr(world, vtn), getattr(world, ven)
    server = server_context(world.files(server_party), profile=profile)
    met = handshake(server, client_context(world.files(client_party), profile=profile))
    if profile is Profile.CERTIFICATION:
        assert met.cipher == (EC_SUITE if vtn == "vtn_ec" else RSA_SUITE)
    assert met.server_certificate is not None
    assert openadr_fingerprint(met.server_certificate) == server_party.fingerprint


def test_no_ticket_is_handed_out(world: World) -> None:
    server = server_context(world.files(world.vtn_ec), profile=Profile.CERTIFICATION)
    met = handshake(server, client_context(world.files(world.ven_ec)))
    assert met.session is not None
    assert not met.session.has_ticket


def test_certification_client_offers_exactly_the_two_specified_suites(world: World) -> None:
    context = client_context(world.files(world.ven_ec), profile=Profile.CERTIFICATION)
    offered = {str(suite["name"]) for suite in context.get_ciphers()}
    assert {name for name in offered if not name.startswith("TLS_")} == {EC_SUITE, RSA_SUITE}
    assert context.maximum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("profile", list(Profile))
def test_tls_1_1_is_never_spoken(world: World, profile: Profile) -> None:
    context = server_context(world.files(world.vtn_ec), profile=profile)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_the_security_level_is_the_default_one(world: World) -> None:
    context = server_context(world.files(world.vtn_ec))
    untouched = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert context.security_level == untouched.security_level


def test_a_ven_can_be_the_server_and_a_vtn_the_client_for_push(
    world: World, authority: Authority, tmp_path: Path
) -> None:
    ven = saved(authority.issue_ven("push", hosts=["ven.example"], now=NOW), tmp_path, "push")
    vtn = saved(authority.issue_vtn(["vtn.example"], now=NOW), tmp_path, "vtn")
    ca = authority.certificate_path
    met = handshake(
        server_context(TLSFiles(ca=ca, pairs=[ven.pair])),
        client_context(TLSFiles(ca=ca, pairs=[vtn.pair])),
        host="ven.example",
    )
    assert met.client_certificate is not None
    assert openadr_fingerprint(met.client_certificate) == vtn.fingerprint


def test_strict_verifiers_accept_the_chain(world: World) -> None:
    server = server_context(world.files(world.vtn_ec, world.vtn_rsa, crl=True))
    client = client_context(world.files(world.ven_ec, crl=True))
    for context in (server, client):
        context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    assert handshake(server, client).version == "TLSv1.3"


def test_a_client_without_a_certificate_is_refused(world: World) -> None:
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.load_verify_locations(world.authority.certificate_path)
    with pytest.raises(ssl.SSLError, match=r"(?i)certificate.required|did.not.return"):
        handshake(server_context(world.files(world.vtn_ec)), client)


def test_a_client_of_another_authority_is_refused(world: World, tmp_path: Path) -> None:
    other = Authority.create(tmp_path / "other", "Test programme", now=NOW)
    ven = saved(other.issue_ven("school-7", now=NOW), tmp_path, "other")
    client = client_context(
        TLSFiles(ca=world.authority.certificate_path, pairs=[ven.pair]),
    )
    with pytest.raises(ssl.SSLError, match=r"(?i)verify.failed|unknown.ca|decrypt.error"):
        handshake(server_context(world.files(world.vtn_ec)), client)


def test_a_server_of_another_authority_is_refused(world: World, tmp_path: Path) -> None:
    other = Authority.create(tmp_path / "other", "Other programme", now=NOW)
    vtn = saved(other.issue_vtn(["localhost"], now=NOW), tmp_path, "other")
    server = server_context(TLSFiles(ca=world.authority.certificate_path, pairs=[vtn.pair]))
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        handshake(server, client_context(world.files(world.ven_ec)))


@pytest.mark.parametrize(
    ("start", "words"),
    [(timedelta(days=-40), "certificate has expired"), (timedelta(days=2), "not yet valid")],
)
def test_a_certificate_outside_its_dates_is_refused(
    tmp_path: Path, start: timedelta, words: str
) -> None:
    authority = Authority.create(tmp_path / "ca", "Old", now=NOW - timedelta(days=50))
    ven = authority.issue_ven("old", valid_for=timedelta(days=30), now=NOW + start)
    vtn = saved(authority.issue_vtn(["localhost"], now=NOW), tmp_path, "vtn")
    ca = authority.certificate_path
    server = server_context(TLSFiles(ca=ca, pairs=[vtn.pair]))
    client = client_context(TLSFiles(ca=ca, pairs=[saved(ven, tmp_path, "old").pair]))
    with pytest.raises(ssl.SSLError, match=words):
        handshake(server, client)


def test_a_revoked_client_is_refused_and_the_others_are_not(
    authority: Authority, tmp_path: Path
) -> None:
    vtn = saved(authority.issue_vtn(["localhost"], now=NOW), tmp_path, "vtn")
    good = saved(authority.issue_ven("good", now=NOW), tmp_path, "good")
    lost = saved(authority.issue_ven("lost", now=NOW), tmp_path, "lost")
    authority.revoke("lost", now=NOW)
    files = TLSFiles(ca=authority.certificate_path, pairs=[vtn.pair], crl=authority.crl_path)
    server = server_context(files)
    handshake(server, client_context(replace(files, pairs=[good.pair])))
    with pytest.raises(ssl.SSLError, match="certificate revoked"):
        handshake(server, client_context(replace(files, pairs=[lost.pair])))


def test_an_empty_list_lets_everybody_in_from_the_start(
    authority: Authority, tmp_path: Path
) -> None:
    vtn = saved(authority.issue_vtn(["localhost"], now=NOW), tmp_path, "vtn")
    files = TLSFiles(ca=authority.certificate_path, pairs=[vtn.pair], crl=authority.crl_path)
    assert handshake(server_context(files), client_context(files)).version == "TLSv1.3"


@pytest.mark.parametrize(
    ("days", "words"), [(-400, "CRL has expired"), (1, "CRL is not yet valid")]
)
def test_a_list_outside_its_dates_lets_nobody_in(
    authority: Authority, tmp_path: Path, days: int, words: str
) -> None:
    vtn = saved(authority.issue_vtn(["localhost"], now=NOW), tmp_path, "vtn")
    authority.write_crl(now=NOW + timedelta(days=days))
    files = TLSFiles(ca=authority.certificate_path, pairs=[vtn.pair], crl=authority.crl_path)
    with pytest.raises(ssl.SSLError, match=words):
        handshake(server_context(files), client_context(replace(files, crl=None)))


def test_a_list_of_another_authority_lets_nobody_in(world: World, authority: Authority) -> None:
    files = replace(world.files(world.vtn_ec), crl=authority.crl_path)
    with pytest.raises(ssl.SSLError, match="unable to get certificate CRL"):
        handshake(server_context(files), client_context(world.files(world.ven_ec)))


def test_the_name_of_the_server_is_checked_unless_that_is_switched_off(world: World) -> None:
    server = server_context(world.files(world.vtn_ec))
    files = world.files(world.ven_ec)
    handshake(server, client_context(files), host="127.0.0.1")
    with pytest.raises(ssl.SSLCertVerificationError, match=r"(?i)hostname mismatch"):
        handshake(server, client_context(files), host="elsewhere.example")
    handshake(server, client_context(files, check_hostname=False), host="elsewhere.example")
    assert client_context(files, check_hostname=False).verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("make", [server_context, client_context])
class TestRefusedConfigurations:
    """A context that would not be mutual TLS cannot be made."""

    def test_no_ca_file(self, world: World, make: type) -> None:
        with pytest.raises(TLSConfigurationError, match="without a CA file"):
            make(replace(world.files(world.vtn_ec), ca=None))

    def test_no_certificate(self, world: World, make: type) -> None:
        with pytest.raises(TLSConfigurationError, match="no certificate"):
            make(world.files())

    def test_two_certificates_of_one_kind(self, world: World, make: type) -> None:
        with pytest.raises(TLSConfigurationError, match="two certificates of one kind"):
            make(world.files(world.vtn_ec, world.ven_ec))

    def test_the_key_of_another_certificate(self, world: World, make: type) -> None:
        mixed = replace(world.vtn_ec.pair, key=world.ven_ec.pair.key)
        with pytest.raises(KeyMismatchError, match=r"school-7.key: is not the key of"):
            make(replace(world.files(), pairs=[mixed]))

    def test_missing_files(self, world: World, make: type, tmp_path: Path) -> None:
        gone = tmp_path / "gone"
        files = world.files(world.vtn_ec)
        for broken in (replace(files, ca=gone), replace(files, crl=gone)):
            with pytest.raises(MissingFileError, match="gone: cannot be opened"):
                make(broken)

    def test_a_ca_file_without_certificate(self, world: World, make: type) -> None:
        files = replace(world.files(world.vtn_ec), ca=world.vtn_ec.pair.key)
        with pytest.raises(UnreadableFileError, match="is not a certificate"):
            make(files)

    def test_a_certificate_in_der_form(self, world: World, make: type, tmp_path: Path) -> None:
        der = tmp_path / "vtn.der"
        pem = world.vtn_ec.pair.certificate.read_text()
        der.write_bytes(ssl.PEM_cert_to_DER_cert(pem))
        pair = KeyPair(certificate=der, key=world.vtn_ec.pair.key)
        with pytest.raises(UnreadableFileError, match="in PEM form"):
            make(replace(world.files(), pairs=[pair]))

    def test_an_encrypted_key_and_its_passphrase(
        self, world: World, make: type, tmp_path: Path
    ) -> None:
        locked = saved(world.vtn_ec.issued, tmp_path, "locked", "open sesame").pair
        make(replace(world.files(), pairs=[locked]))
        assert "sesame" not in repr(locked)
        with pytest.raises(PassphraseError, match="does not open this key"):
            make(replace(world.files(), pairs=[replace(locked, passphrase="abracadabra")]))
        with pytest.raises(PassphraseError, match="no passphrase was given"):
            make(replace(world.files(), pairs=[replace(locked, passphrase=None)]))


def test_the_name_of_a_ven_is_no_host_name(world: World, tmp_path: Path) -> None:
    # Else a VEN whose certificate is issued for the name of the VTN's host could pose as it.
    impostor = saved(world.authority.issue_ven("vtn.example", now=NOW), tmp_path, "impostor")
    server = server_context(world.files(impostor))
    with pytest.raises(ssl.SSLCertVerificationError, match=r"(?i)hostname mismatch"):
        handshake(server, client_context(world.files(world.ven_ec)), host="vtn.example")


def test_a_certificate_with_a_key_of_an_unknown_kind_is_refused(
    world: World, tmp_path: Path
) -> None:
    strange = tmp_path / "strange.crt"
    strange.write_bytes(STRANGE_CERTIFICATE)
    pair = replace(world.vtn_ec.pair, certificate=strange)
    with pytest.raises(WeakKeyError, match="unknown key refused"):
        server_context(replace(world.files(), pairs=[pair]))


def test_the_hybrid_chain_has_an_rsa_authority_and_an_ec_leaf(world: World) -> None:
    certificate = world.ven_ec.issued.certificate
    certificate.verify_directly_issued_by(world.authority.certificate)
    assert world.ven_ec.issued.record.key_type is KeyType.EC
    oid = certificate.signature_algorithm_oid
    assert oid._name == "sha256WithRSAEncryption"
