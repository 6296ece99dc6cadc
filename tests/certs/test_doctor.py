"""Every question of the doctor has a patient that it fails, and one that it does not."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA224, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.authority import Authority
from certs.build import KeyType, build_authority, build_leaf, generate_key
from certs.doctor import Patient, diagnose
from certs.files import PrivateKey, key_pem, load_key, write_private
from certs.finding import Check, Finding, Severity, healthy
from certs.subject import Kind, Subject
from tests.certs.conftest import NOW, STRANGE_CERTIFICATE, saved

DAY = timedelta(days=1)


@pytest.fixture
def patient(authority: Authority, tmp_path: Path) -> Patient:
    """A VTN in perfect health."""
    vtn = saved(authority.issue_vtn(["vtn.example", "10.0.0.5"], now=NOW), tmp_path, "vtn").pair
    return Patient(
        ca=authority.certificate_path,
        certificate=vtn.certificate,
        key=vtn.key,
        host="vtn.example",
        crl=authority.crl_path,
    )


def _bad(findings: Sequence[Finding]) -> dict[Check, Finding]:
    return {finding.check: finding for finding in findings if finding.severity is not Severity.OK}


def _only(findings: Sequence[Finding], check: Check, severity: Severity = Severity.FAIL) -> str:
    """Return the words of the one finding that is not ok."""
    bad = _bad(findings)
    assert list(bad) == [check]
    assert bad[check].severity is severity
    assert bad[check].todo
    return bad[check].what


def _leaf(
    authority: Authority,
    *,
    key: PrivateKey | None = None,
    usages: Sequence[x509.ObjectIdentifier] = (),
    may_sign: bool = True,
    weak_hash: bool = False,
) -> bytes:
    """Return a certificate as a careless authority would make it."""
    issuer_key = load_key(authority.folder.key)
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "odd")])
    issuer = authority.certificate.subject
    names = x509.SubjectAlternativeName([x509.DNSName("vtn.example")])
    bits = [may_sign, *[False] * 8]
    builder = x509.CertificateBuilder(
        issuer, subject, key.public_key(), x509.random_serial_number(), NOW - DAY, NOW + 99 * DAY
    ).add_extension(names, critical=False)
    builder = builder.add_extension(x509.KeyUsage(*bits), critical=True)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    signed = builder.sign(issuer_key, SHA224() if weak_hash else SHA256())
    return signed.public_bytes(Encoding.PEM)


def test_a_healthy_certificate_passes_every_check_in_order(patient: Patient) -> None:
    findings = diagnose(patient, now=NOW)
    assert [finding.check for finding in findings] == list(Check)
    assert healthy(findings, strict=True)


def test_what_is_not_given_is_not_judged(patient: Patient) -> None:
    findings = diagnose(replace(patient, key=None, host=None, crl=None), now=NOW)
    judged = {Check.CA, Check.CHAIN, Check.CLOCK, Check.STRENGTH, Check.USAGE}
    assert {finding.check for finding in findings} == judged


class TestCA:
    def test_missing(self, patient: Patient, tmp_path: Path) -> None:
        findings = diagnose(replace(patient, ca=tmp_path / "gone.crt"), now=NOW)
        assert "gone.crt: cannot be opened" in _only(findings, Check.CA)

    def test_unreadable(self, patient: Patient) -> None:
        assert patient.key is not None
        findings = diagnose(replace(patient, ca=patient.key), now=NOW)
        assert "is not a certificate" in _only(findings, Check.CA)

    def test_no_authority(self, patient: Patient) -> None:
        findings = diagnose(replace(patient, ca=patient.certificate), now=NOW)
        assert "is not the certificate of an authority" in _bad(findings)[Check.CA].what

    @pytest.mark.parametrize("now", [NOW - DAY, NOW + 21 * 365 * DAY])
    def test_outside_its_dates(self, patient: Patient, now: datetime) -> None:
        findings = diagnose(patient, now=now)
        assert "authority Own programme is valid from" in _bad(findings)[Check.CA].what

    def test_ending_soon(self, tmp_path: Path) -> None:
        authority = Authority.create(tmp_path / "ca", "Short", valid_for=20 * DAY, now=NOW)
        pair = saved(authority.issue_ven("x", now=NOW), tmp_path, "x").pair
        patient = Patient(ca=authority.certificate_path, certificate=pair.certificate)
        bad = _bad(diagnose(patient, now=NOW))
        assert bad[Check.CA].severity is Severity.WARN


class TestChain:
    def test_certificate_missing(self, patient: Patient, tmp_path: Path) -> None:
        findings = diagnose(replace(patient, certificate=tmp_path / "gone.crt"), now=NOW)
        assert "gone.crt: cannot be opened" in _only(findings, Check.CHAIN)

    def test_signed_by_another_authority(self, patient: Patient, tmp_path: Path) -> None:
        other = Authority.create(tmp_path / "other", "Other programme", now=NOW)
        findings = diagnose(replace(patient, ca=other.certificate_path), now=NOW)
        words = _only(findings, Check.CHAIN)
        assert "is signed by CN=Own programme" in words
        assert "trusts CN=Other programme" in words

    def test_signed_by_another_authority_of_the_same_name(
        self, patient: Patient, tmp_path: Path
    ) -> None:
        other = Authority.create(tmp_path / "other", "Own programme", now=NOW)
        findings = diagnose(
            replace(patient, ca=other.certificate_path, crl=other.crl_path), now=NOW
        )
        assert "did not sign it: the authority was created again" in _only(findings, Check.CHAIN)

    def test_an_intermediate_authority_in_the_file_or_missing(
        self, authority: Authority, patient: Patient, tmp_path: Path
    ) -> None:
        middle_key, leaf_key = generate_key(KeyType.EC), generate_key(KeyType.EC)
        days = {"not_before": NOW - DAY, "not_after": NOW + 99 * DAY}
        root = build_authority(key=middle_key, name="Middle", serial=5, **days)
        leaf = build_leaf(
            issuer=root,
            issuer_key=middle_key,
            public_key=leaf_key.public_key(),
            serial=6,
            subject=Subject(kind=Kind.VTN, name="x", hosts=("vtn.example",)),
            **days,
        )
        middle = (
            x509.CertificateBuilder(
                authority.certificate.subject,
                root.subject,
                root.public_key(),
                7,
                days["not_before"],
                days["not_after"],
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(load_key(authority.folder.key), SHA256())
        )
        path = tmp_path / "chain.crt"
        path.write_bytes(leaf.public_bytes(Encoding.PEM))
        odd = replace(patient, certificate=path, key=None, crl=None)
        assert "is signed by CN=Middle" in _only(diagnose(odd, now=NOW), Check.CHAIN)
        path.write_bytes(leaf.public_bytes(Encoding.PEM) + middle.public_bytes(Encoding.PEM))
        assert healthy(diagnose(odd, now=NOW))


class TestKey:
    def test_of_another_certificate(
        self, authority: Authority, patient: Patient, tmp_path: Path
    ) -> None:
        other = saved(authority.issue_ven("x", now=NOW), tmp_path, "x").pair
        findings = diagnose(replace(patient, key=other.key), now=NOW)
        assert "x.key is not the key of" in _only(findings, Check.KEY)

    def test_missing_or_no_key(self, patient: Patient, tmp_path: Path) -> None:
        findings = diagnose(replace(patient, key=tmp_path / "gone.key"), now=NOW)
        assert "gone.key: cannot be opened" in _only(findings, Check.KEY)
        bad = _bad(diagnose(replace(patient, key=patient.certificate), now=NOW))
        assert "is not a private key" in bad[Check.KEY].what

    def test_passphrase_missing_wrong_and_right(self, patient: Patient, tmp_path: Path) -> None:
        assert patient.key is not None
        path = tmp_path / "locked.key"
        write_private(path, key_pem(load_key(patient.key), "open sesame"))
        locked = replace(patient, key=path)
        words = _only(diagnose(locked, now=NOW), Check.KEY)
        assert "no passphrase was given" in words
        wrong = diagnose(replace(locked, passphrase="abracadabra"), now=NOW)
        assert "the passphrase does not open this key" in _only(wrong, Check.KEY)
        assert healthy(diagnose(replace(locked, passphrase="open sesame"), now=NOW), strict=True)


class TestName:
    @pytest.mark.parametrize("host", ["other.example", "10.0.0.6", "sub.vtn.example"])
    def test_not_among_the_names(self, patient: Patient, host: str) -> None:
        words = _only(diagnose(replace(patient, host=host), now=NOW), Check.NAME)
        assert words == f"{host} is not among its names: vtn.example, 10.0.0.5"

    @pytest.mark.parametrize("host", ["VTN.example", "10.0.0.5", "vtn.example."])
    def test_among_the_names(self, patient: Patient, host: str) -> None:
        assert healthy(diagnose(replace(patient, host=host), now=NOW), strict=True)

    def test_no_names_at_all(self, authority: Authority, patient: Patient, tmp_path: Path) -> None:
        ven = saved(authority.issue_ven("vtn.example", now=NOW), tmp_path, "x").pair
        odd = replace(patient, certificate=ven.certificate, key=ven.key)
        assert "holds no host name" in _only(diagnose(odd, now=NOW), Check.NAME)

    def test_a_wildcard_stands_for_one_label(
        self, authority: Authority, patient: Patient, tmp_path: Path
    ) -> None:
        pair = saved(authority.issue_vtn(["*.grid.example"], now=NOW), tmp_path, "wild").pair
        wild = replace(patient, certificate=pair.certificate, key=pair.key)
        assert healthy(diagnose(replace(wild, host="a.grid.example"), now=NOW))
        for host in ("grid.example", "a.b.grid.example"):
            _only(diagnose(replace(wild, host=host), now=NOW), Check.NAME)


class TestClock:
    def test_not_yet_valid(self, authority: Authority, patient: Patient, tmp_path: Path) -> None:
        late = saved(
            authority.issue_vtn(["b.example", "vtn.example"], now=NOW + 2 * DAY), tmp_path, "l"
        ).pair
        odd = replace(patient, certificate=late.certificate, key=late.key)
        assert "not valid before" in _only(diagnose(odd, now=NOW), Check.CLOCK)

    def test_expired(self, authority: Authority, patient: Patient, tmp_path: Path) -> None:
        issued = authority.issue_vtn(["b.example", "vtn.example"], valid_for=5 * DAY, now=NOW)
        pair = saved(issued, tmp_path, "short").pair
        odd = replace(patient, certificate=pair.certificate, key=pair.key)
        words = _only(diagnose(odd, now=NOW + 6 * DAY), Check.CLOCK)
        assert words.startswith("expired ")
        assert "this clock says" in words

    def test_expiring_soon(self, patient: Patient) -> None:
        findings = diagnose(replace(patient, crl=None), now=NOW + 350 * DAY)
        words = _only(findings, Check.CLOCK, Severity.WARN)
        assert words.endswith("in 15 days")
        assert healthy(findings)
        assert not healthy(findings, strict=True)


class TestStrength:
    @pytest.mark.parametrize("kind", ["RSA 1024", "EC secp224r1"])
    def test_weak_key(
        self, authority: Authority, patient: Patient, tmp_path: Path, kind: str
    ) -> None:
        key: PrivateKey = ec.generate_private_key(ec.SECP224R1())
        if kind == "RSA 1024":
            key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
        path = tmp_path / "weak.crt"
        path.write_bytes(_leaf(authority, key=key))
        findings = diagnose(replace(patient, certificate=path, key=None), now=NOW)
        assert _only(findings, Check.STRENGTH) == f"{kind} key refused"

    def test_weak_hash(self, authority: Authority, patient: Patient, tmp_path: Path) -> None:
        path = tmp_path / "weak.crt"
        path.write_bytes(_leaf(authority, weak_hash=True))
        findings = diagnose(replace(patient, certificate=path, key=None), now=NOW)
        assert _only(findings, Check.STRENGTH) == "signed with hash SHA224"


class TestRevocation:
    def test_revoked(self, authority: Authority, patient: Patient) -> None:
        authority.revoke("vtn.example", now=NOW)
        words = _only(diagnose(patient, now=NOW), Check.REVOCATION)
        assert f"was revoked {NOW:%Y-%m-%d %H:%M} UTC" in words

    def test_missing_or_no_list(self, patient: Patient, tmp_path: Path) -> None:
        findings = diagnose(replace(patient, crl=tmp_path / "gone.crl"), now=NOW)
        assert "gone.crl: cannot be opened" in _only(findings, Check.REVOCATION)
        findings = diagnose(replace(patient, crl=patient.certificate), now=NOW)
        assert "is not a revocation list" in _only(findings, Check.REVOCATION)

    def test_list_of_another_authority(self, patient: Patient, tmp_path: Path) -> None:
        other = Authority.create(tmp_path / "other", "Other programme", now=NOW)
        findings = diagnose(replace(patient, crl=other.crl_path), now=NOW)
        assert "holds no list of CN=Own programme" in _only(findings, Check.REVOCATION)

    def test_list_of_another_authority_of_the_same_name(
        self, patient: Patient, tmp_path: Path
    ) -> None:
        other = Authority.create(tmp_path / "other", "Own programme", now=NOW)
        findings = diagnose(replace(patient, crl=other.crl_path), now=NOW)
        assert "is not signed by Own programme" in _only(findings, Check.REVOCATION)

    def test_list_expired_ending_and_from_the_future(
        self, authority: Authority, patient: Patient, tmp_path: Path
    ) -> None:
        old = tmp_path / "old.crl"
        shutil.copy(authority.crl_path, old)
        ven = saved(authority.issue_ven("x", now=NOW), tmp_path, "x").pair
        long = replace(patient, certificate=ven.certificate, key=ven.key, host=None, crl=old)
        findings = diagnose(long, now=NOW + 366 * DAY)
        assert "every peer is refused" in _only(findings, Check.REVOCATION)
        findings = diagnose(long, now=NOW + 340 * DAY)
        assert "then every peer" in _only(findings, Check.REVOCATION, Severity.WARN)
        authority.write_crl(now=NOW + 2 * DAY)
        findings = diagnose(replace(long, crl=authority.crl_path), now=NOW)
        assert "counts from" in _only(findings, Check.REVOCATION)


def test_a_key_that_others_can_read_is_a_warning(patient: Patient) -> None:
    assert patient.key is not None
    patient.key.chmod(0o640)
    words = _only(diagnose(patient, now=NOW), Check.PERMISSION, Severity.WARN)
    assert "has mode 640" in words


class TestUsage:
    def _diagnose(self, patient: Patient, path: Path, content: bytes) -> list[Finding]:
        path.write_bytes(content)
        return diagnose(replace(patient, certificate=path, key=None, crl=None), now=NOW)

    def test_a_server_that_may_only_connect(
        self, authority: Authority, patient: Patient, tmp_path: Path
    ) -> None:
        content = _leaf(authority, usages=[ExtendedKeyUsageOID.CLIENT_AUTH])
        words = _only(self._diagnose(patient, tmp_path / "x", content), Check.USAGE)
        assert words == "it may not be used to serve (serverAuth)"
        as_client = self._diagnose(replace(patient, host=None), tmp_path / "x", content)
        assert "as push needs" in _only(as_client, Check.USAGE, Severity.WARN)

    def test_a_client_that_may_only_serve(
        self, authority: Authority, patient: Patient, tmp_path: Path
    ) -> None:
        content = _leaf(authority, usages=[ExtendedKeyUsageOID.SERVER_AUTH])
        as_client = self._diagnose(replace(patient, host=None), tmp_path / "x", content)
        words = _only(as_client, Check.USAGE)
        assert words == "it may not be used to connect (clientAuth)"

    def test_a_certificate_that_does_not_say_may_do_both(
        self, authority: Authority, patient: Patient, tmp_path: Path
    ) -> None:
        assert healthy(self._diagnose(patient, tmp_path / "x", _leaf(authority)), strict=True)

    def test_a_certificate_that_may_not_sign(
        self, authority: Authority, patient: Patient, tmp_path: Path
    ) -> None:
        content = _leaf(authority, may_sign=False)
        words = _only(self._diagnose(patient, tmp_path / "x", content), Check.USAGE)
        assert "digitalSignature" in words

    def test_the_certificate_of_the_authority_itself(
        self, authority: Authority, patient: Patient, tmp_path: Path
    ) -> None:
        content = authority.certificate_path.read_bytes()
        bad = _bad(self._diagnose(replace(patient, host=None), tmp_path / "x", content))
        assert bad[Check.USAGE].what == "it is the certificate of an authority"


def test_a_certificate_with_a_key_of_an_unknown_kind_is_told(
    patient: Patient, tmp_path: Path
) -> None:
    strange = tmp_path / "strange.crt"
    strange.write_bytes(STRANGE_CERTIFICATE)
    for sick in (
        replace(patient, certificate=strange),
        replace(patient, certificate=strange, ca=strange),
    ):
        found = _bad(diagnose(sick, now=NOW))
        assert found[Check.STRENGTH].what == "unknown key refused"
        assert found[Check.KEY].severity is Severity.FAIL
