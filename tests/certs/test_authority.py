"""What the authority issues, renews and revokes, and what it keeps of it."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import stat
import subprocess
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs import build
from certs.authority import VTN_VALID, Authority
from certs.build import KeyType
from certs.errors import (
    AlreadyIssuedError,
    AmbiguousCertificateError,
    AuthorityExistsError,
    AuthorityExpiredError,
    AuthorityMissingError,
    CsrError,
    FileExistsAlreadyError,
    KeyMismatchError,
    LedgerError,
    PassphraseError,
    RevokedError,
    SubjectError,
    UnknownCertificateError,
    WeakKeyError,
)
from certs.files import PrivateKey, load_crls, load_key
from certs.folder import load_ledger
from certs.ledger import Ledger, Status
from certs.revocation import CRL_VALID
from certs.revoked import RevocationList
from certs.subject import Kind
from tests.certs.conftest import NOW, STRANGE_REQUEST, World, saved

DAY = timedelta(days=1)


def _request(name: str | None, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    names = [] if name is None else [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    extra = x509.BasicConstraints(ca=True, path_length=None)
    builder = x509.CertificateSigningRequestBuilder(x509.Name(names))
    return (
        builder.add_extension(extra, critical=True).sign(key, SHA256()).public_bytes(Encoding.PEM)
    )


def _revoked(authority: Authority) -> set[str]:
    return {f"{entry.serial_number:X}" for entry in load_crls(authority.crl_path)[0]}


def _crl_number(authority: Authority) -> int:
    crl = load_crls(authority.crl_path)[0]
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


class TestCreate:
    """A new authority."""

    def test_its_certificate_signs_leaves_only(self, authority: Authority) -> None:
        certificate = authority.certificate
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        assert constraints.critical
        assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
        assert usage.critical
        assert usage.value.key_cert_sign
        assert usage.value.crl_sign
        assert not usage.value.digital_signature

    def test_an_empty_revocation_list_is_there_from_the_start(self, authority: Authority) -> None:
        crl = load_crls(authority.crl_path)[0]
        public = authority.certificate.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        assert crl.is_signature_valid(public)
        assert len(crl) == 0
        assert crl.next_update_utc == NOW + CRL_VALID

    def test_its_key_is_readable_by_its_owner_alone(self, authority: Authority) -> None:
        assert stat.S_IMODE((authority.folder.key).stat().st_mode) == 0o600

    def test_a_folder_is_never_taken_twice(self, authority: Authority) -> None:
        before = authority.folder.key.read_bytes()
        with pytest.raises(AuthorityExistsError, match="would orphan every certificate"):
            Authority.create(authority.folder.path, "Again", now=NOW)
        assert authority.folder.key.read_bytes() == before

    def test_a_lonely_key_is_not_overwritten(self, tmp_path: Path) -> None:
        (tmp_path / "ca.key").write_text("precious")
        with pytest.raises(AuthorityExistsError):
            Authority.create(tmp_path, "New", now=NOW)
        assert (tmp_path / "ca.key").read_text() == "precious"

    @pytest.mark.parametrize("name", ["", " ", " x", "x" * 65, "a\nb"])
    def test_a_name_that_cannot_stand_in_a_certificate_is_refused(
        self, tmp_path: Path, name: str
    ) -> None:
        with pytest.raises(SubjectError):
            Authority.create(tmp_path / "ca", name, now=NOW)
        assert not (tmp_path / "ca").exists()


class TestLoad:
    """An authority that is opened again."""

    def test_it_goes_on_where_it_stopped(self, authority: Authority) -> None:
        issued = authority.issue_ven("school-7", now=NOW)
        again = Authority.load(authority.folder.path)
        assert again.records() == [issued.record]
        again.revoke("school-7", now=NOW)
        assert _revoked(again) == {issued.record.serial.lstrip("0")}

    def test_a_passphrase_is_needed_if_one_was_set(self, tmp_path: Path) -> None:
        Authority.create(tmp_path, "Locked", passphrase="open sesame", now=NOW)
        assert b"ENCRYPTED PRIVATE KEY" in (tmp_path / "ca.key").read_bytes()
        assert Authority.load(tmp_path, "open sesame").records() == []
        with pytest.raises(PassphraseError, match="no passphrase was given"):
            Authority.load(tmp_path)
        with pytest.raises(PassphraseError, match="does not open"):
            Authority.load(tmp_path, "abracadabra")
        assert list(load_ledger(tmp_path).records) == []

    def test_an_empty_folder_is_no_authority(self, tmp_path: Path) -> None:
        with pytest.raises(AuthorityMissingError, match="oadr-certs init"):
            Authority.load(tmp_path)
        with pytest.raises(AuthorityMissingError):
            load_ledger(tmp_path)

    def test_a_key_of_another_authority_is_refused(
        self, authority: Authority, world: World
    ) -> None:
        shutil.copy(world.authority.folder.key, authority.folder.key)
        with pytest.raises(KeyMismatchError):
            Authority.load(authority.folder.path)


class TestIssue:
    """New certificates."""

    def test_a_certificate_says_what_it_must(self, world: World) -> None:
        for party in (world.vtn_ec, world.vtn_rsa, world.ven_ec, world.ven_rsa):
            certificate = party.issued.certificate
            certificate.verify_directly_issued_by(world.authority.certificate)
            extensions = certificate.extensions
            usages = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
            assert set(usages) == {
                ExtendedKeyUsageOID.SERVER_AUTH,
                ExtendedKeyUsageOID.CLIENT_AUTH,
            }
            assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
            key_usage = extensions.get_extension_for_class(x509.KeyUsage).value
            assert key_usage.digital_signature
            is_rsa = party.issued.record.key_type is KeyType.RSA
            assert key_usage.key_encipherment is is_rsa
            extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
            extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
            assert isinstance(certificate.signature_hash_algorithm, SHA256)

    def test_the_names_of_a_vtn_are_host_names_and_addresses(self, authority: Authority) -> None:
        names = ["VTN.example", "10.0.0.5", "2001:db8::1", "*.grid.example"]
        certificate = authority.issue_vtn(names, now=NOW).certificate
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert found.get_values_for_type(x509.DNSName) == ["vtn.example", "*.grid.example"]
        addresses = [str(address) for address in found.get_values_for_type(x509.IPAddress)]
        assert addresses == ["10.0.0.5", "2001:db8::1"]

    @pytest.mark.parametrize("name", ["", "a b", "https://vtn", "grün.example", "-x", "a..b"])
    def test_a_vtn_name_that_is_no_host_is_refused(self, authority: Authority, name: str) -> None:
        with pytest.raises(SubjectError):
            authority.issue_vtn([name], now=NOW)
        assert authority.records() == []

    def test_a_vtn_needs_a_name(self, authority: Authority) -> None:
        with pytest.raises(SubjectError, match="at least one"):
            authority.issue_vtn([], now=NOW)

    def test_it_starts_five_minutes_early_for_clocks_that_are_late(
        self, authority: Authority
    ) -> None:
        record = authority.issue_vtn(["vtn.example"], now=NOW + DAY).record
        assert record.not_before == NOW + DAY - timedelta(minutes=5)
        assert record.not_after == NOW + DAY + VTN_VALID

    def test_it_never_starts_before_or_outlives_the_authority(self, tmp_path: Path) -> None:
        authority = Authority.create(tmp_path, "Short", valid_for=10 * DAY, now=NOW)
        record = authority.issue_ven("school-7", valid_for=99 * DAY, now=NOW).record
        assert record.not_after == NOW + 10 * DAY
        assert record.not_before == authority.certificate.not_valid_before_utc
        for outside in (NOW - DAY, NOW + 11 * DAY):
            with pytest.raises(AuthorityExpiredError, match="Check the clock"):
                authority.issue_ven("late", now=outside)

    def test_a_name_in_use_is_not_given_to_a_second_owner(self, authority: Authority) -> None:
        first = authority.issue_ven("school-7", now=NOW).record
        with pytest.raises(AlreadyIssuedError, match=first.serial):
            authority.issue_ven("school-7", now=NOW)
        authority.revoke("school-7", now=NOW)
        second = authority.issue_ven("school-7", now=NOW).record
        third = authority.issue_ven("school-7", now=second.not_after + DAY).record
        assert len({first.fingerprint, second.fingerprint, third.fingerprint}) == 3

    def test_a_naive_time_is_refused(self, authority: Authority) -> None:
        with pytest.raises(ValueError, match="aware"):
            authority.issue_ven("x", now=datetime(2026, 1, 1))  # noqa: DTZ001

    def test_the_clock_of_the_machine_is_the_default(self, tmp_path: Path) -> None:
        record = Authority.create(tmp_path, "Real time").issue_ven("x").record
        assert abs(record.issued_at - datetime.now(UTC)) < timedelta(minutes=1)


class TestSave:
    """Files that leave the authority."""

    def test_a_key_is_private_from_its_first_byte(
        self, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        modes: list[int] = []
        real = os.fdopen

        def fdopen(descriptor: int, mode: str) -> object:
            modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
            return real(descriptor, mode)

        before = os.umask(0)
        try:
            issued = authority.issue_ven("school-7", now=NOW)
            monkeypatch.setattr(os, "fdopen", fdopen)
            party = saved(issued, tmp_path, "x")
        finally:
            os.umask(before)
        assert modes == [0o600, 0o644], "key first, then certificate"
        assert stat.S_IMODE(party.pair.key.stat().st_mode) == 0o600

    def test_a_passphrase_encrypts_the_key(self, authority: Authority, tmp_path: Path) -> None:
        party = saved(authority.issue_ven("school-7", now=NOW), tmp_path, "x", "open sesame")
        assert b"BEGIN ENCRYPTED PRIVATE KEY" in party.pair.key.read_bytes()
        key = load_key(party.pair.key, "open sesame")
        assert key.public_key() == party.issued.certificate.public_key()

    @pytest.mark.parametrize("existing", ["x.key", "x.crt"])
    def test_nothing_is_overwritten(
        self, authority: Authority, tmp_path: Path, existing: str
    ) -> None:
        (tmp_path / existing).write_text("precious")
        with pytest.raises(FileExistsAlreadyError, match=existing):
            saved(authority.issue_ven("school-7", now=NOW), tmp_path, "x")
        assert [path.name for path in tmp_path.glob("x.*")] == [existing]
        assert (tmp_path / existing).read_text() == "precious"


class TestSigningRequest:
    """Certificates for keys that their owners keep."""

    def test_only_the_key_and_the_name_are_taken(self, authority: Authority) -> None:
        key = ec.generate_private_key(ec.SECP384R1())
        issued = authority.sign_csr(_request("mill-3", key), now=NOW)
        assert issued.key is None
        assert issued.certificate.public_key() == key.public_key()
        assert issued.record.name == "mill-3"
        constraints = issued.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        assert not constraints.value.ca, "the request asked to be an authority"

    def test_a_vtn_gets_its_name_and_the_hosts_that_the_operator_gives(
        self, authority: Authority
    ) -> None:
        request = _request("vtn.example", ec.generate_private_key(ec.SECP256R1()))
        assert authority.sign_csr(request, kind=Kind.VTN, now=NOW).record.hosts == ("vtn.example",)
        authority.revoke("vtn.example", now=NOW)
        record = authority.sign_csr(request, kind=Kind.VTN, hosts=["a.example"], now=NOW).record
        assert (record.name, record.hosts) == ("vtn.example", ("a.example",))

    def test_a_signature_that_does_not_fit_the_key_is_refused(self, authority: Authority) -> None:
        request = x509.load_pem_x509_csr(_request("x", ec.generate_private_key(ec.SECP256R1())))
        der = bytearray(request.public_bytes(Encoding.DER))
        der[der.index(b"\x0c\x01x") + 2] = ord("y")
        with pytest.raises(CsrError, match="signature does not fit"):
            authority.sign_csr(bytes(der), now=NOW)

    def test_a_short_rsa_key_is_refused(self, authority: Authority) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
        with pytest.raises(WeakKeyError, match="RSA 1024 key refused"):
            authority.sign_csr(_request("x", key), now=NOW)

    def test_other_kinds_of_key_are_refused(self, authority: Authority) -> None:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
        builder = x509.CertificateSigningRequestBuilder(name)
        request = builder.sign(ed25519.Ed25519PrivateKey.generate(), None)
        with pytest.raises(WeakKeyError, match="Ed25519 key refused"):
            authority.sign_csr(request.public_bytes(Encoding.PEM), now=NOW)
        short = ec.generate_private_key(ec.SECP224R1())
        with pytest.raises(WeakKeyError, match="EC secp224r1"):
            authority.sign_csr(_request("x", short), now=NOW)

    def test_a_request_without_a_name_or_sense_is_refused(self, authority: Authority) -> None:
        with pytest.raises(CsrError, match="0 common names"):
            authority.sign_csr(_request(None, ec.generate_private_key(ec.SECP256R1())), now=NOW)
        for nonsense in (b"", b"nonsense", b"-----BEGIN CERTIFICATE REQUEST-----"):
            with pytest.raises(CsrError, match="not a certificate signing request"):
                authority.sign_csr(nonsense, now=NOW)
        assert authority.records() == []


class TestRenew:
    """A successor, and the time in which both count."""

    def test_both_fingerprints_count_until_the_overlap_is_over(self, authority: Authority) -> None:
        old = authority.issue_ven("school-7", hosts=["ven.example"], now=NOW).record
        new = authority.renew("school-7", overlap=10 * DAY, now=NOW + DAY).record
        ledger = load_ledger(authority.folder.path)
        assert (new.name, new.hosts, new.kind) == (old.name, old.hosts, old.kind)
        both = (old.fingerprint, new.fingerprint)
        assert ledger.fingerprints("school-7", now=NOW + 10 * DAY) == both
        assert ledger.fingerprints("school-7", now=NOW + 11 * DAY) == both[1:]
        kept = ledger.records[old.serial]
        assert kept.replaced_by == new.serial
        assert kept.status(NOW + DAY) is Status.OVERLAP
        assert kept.status(NOW + 11 * DAY) is Status.SUPERSEDED

    def test_the_old_one_is_on_the_list_after_the_overlap_and_not_before(
        self, authority: Authority
    ) -> None:
        old = authority.issue_ven("school-7", now=NOW).record
        authority.renew("school-7", overlap=10 * DAY, now=NOW)
        authority.write_crl(now=NOW + 9 * DAY)
        assert _revoked(authority) == set()
        authority.issue_ven("other", now=NOW + 11 * DAY)  # any operation will do
        crl = load_crls(authority.crl_path)[0]
        entry = crl.get_revoked_certificate_by_serial_number(int(old.serial, 16))
        assert entry is not None
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        assert reason is x509.ReasonFlags.superseded
        assert entry.revocation_date_utc == NOW + 10 * DAY

    def test_its_owner_may_send_a_request_with_the_new_key(self, authority: Authority) -> None:
        authority.issue_ven("school-7", now=NOW)
        key = ec.generate_private_key(ec.SECP256R1())
        issued = authority.renew("school-7", request=_request("school-7", key), now=NOW)
        assert issued.key is None
        assert issued.certificate.public_key() == key.public_key()
        with pytest.raises(CsrError, match="'bakery'"):
            authority.renew("school-7", request=_request("bakery", key), now=NOW)

    def test_an_expired_certificate_can_be_renewed(self, authority: Authority) -> None:
        old = authority.issue_ven("school-7", valid_for=DAY, now=NOW).record
        assert authority.renew("school-7", now=NOW + 9 * DAY).record.not_before > old.not_after

    def test_a_certificate_is_renewed_once(self, authority: Authority) -> None:
        old = authority.issue_ven("school-7", now=NOW).record
        new = authority.renew("school-7", now=NOW).record
        with pytest.raises(AlreadyIssuedError, match=new.serial):
            authority.renew(old.serial, now=NOW)
        assert authority.renew("school-7", now=NOW).record.serial != new.serial

    def test_a_revoked_certificate_is_not_renewed(self, authority: Authority) -> None:
        authority.issue_ven("school-7", now=NOW)
        authority.revoke("school-7", now=NOW)
        with pytest.raises(RevokedError, match="Issue a new one"):
            authority.renew("school-7", now=NOW)

    def test_a_name_with_two_kinds_of_key_must_be_said_exactly(self, world: World) -> None:
        serials = {world.vtn_ec.issued.record.serial, world.vtn_rsa.issued.record.serial}
        with pytest.raises(AmbiguousCertificateError) as caught:
            world.authority.renew("localhost", now=NOW)
        assert set(caught.value.serials) == serials


class TestRevoke:
    """Certificates that no longer count."""

    def test_the_list_is_signed_numbered_and_complete(self, authority: Authority) -> None:
        one = authority.issue_ven("one", now=NOW).record
        two = authority.issue_ven("two", now=NOW).record
        authority.issue_ven("three", now=NOW)
        first = _crl_number(authority)
        assert [r.serial for r in authority.revoke("one", now=NOW)] == [one.serial]
        authority.revoke(two.fingerprint.lower(), now=NOW)
        assert _revoked(authority) == {r.serial.lstrip("0") for r in (one, two)}
        assert _crl_number(authority) == first + 2
        assert authority.ledger.records[one.serial].status(NOW) is Status.REVOKED

    def test_a_name_stands_for_all_that_it_has(self, authority: Authority) -> None:
        authority.issue_ven("school-7", now=NOW)
        authority.renew("school-7", now=NOW)
        assert len(authority.revoke("school-7", now=NOW)) == 2
        assert len(_revoked(authority)) == 2

    def test_the_beginning_of_a_serial_number_is_enough(self, authority: Authority) -> None:
        record = authority.issue_ven("school-7", now=NOW).record
        assert authority.revoke(record.serial[:8], now=NOW)[0].serial == record.serial

    def test_a_beginning_that_fits_two_revokes_neither(self, authority: Authority) -> None:
        record = authority.issue_ven("one", now=NOW).record
        twin = replace(record, name="two", serial=record.serial[:-1] + "x")
        with authority.ledger.locked():
            authority.ledger.add(twin)
        with pytest.raises(AmbiguousCertificateError, match="fits 2 certificates"):
            authority.revoke(record.serial[:-1], now=NOW)
        assert _revoked(authority) == set()

    @pytest.mark.parametrize("wanted", ["nobody", "", "AB", "0" * 20, "F" * 64])
    def test_what_was_never_issued_is_not_revoked(self, authority: Authority, wanted: str) -> None:
        authority.issue_ven("school-7", now=NOW)
        with pytest.raises(UnknownCertificateError, match="issued no such certificate"):
            authority.revoke(wanted, now=NOW)

    def test_revoking_again_writes_the_list_that_a_crash_prevented(
        self, authority: Authority
    ) -> None:
        record = authority.issue_ven("school-7", now=NOW).record
        with authority.ledger.locked():
            authority.ledger.revoke(record.serial, at=NOW)  # and here the power went
        again = Authority.load(authority.folder.path)
        assert _revoked(again) == set()
        again.revoke("school-7", now=NOW + DAY)
        assert _revoked(again) == {record.serial.lstrip("0")}
        assert again.ledger.records[record.serial].revoked_at == NOW

    def test_any_operation_writes_the_list_that_a_crash_prevented(
        self, authority: Authority
    ) -> None:
        record = authority.issue_ven("school-7", now=NOW).record
        with authority.ledger.locked():
            authority.ledger.revoke(record.serial, at=NOW)
        Authority.load(authority.folder.path).issue_ven("other", now=NOW)
        assert _revoked(authority) == {record.serial.lstrip("0")}

    def test_a_list_that_is_half_used_up_is_renewed_by_any_operation(
        self, authority: Authority
    ) -> None:
        number = _crl_number(authority)
        authority.issue_ven("early", now=NOW + CRL_VALID / 2 - DAY)
        assert _crl_number(authority) == number
        authority.issue_ven("late", now=NOW + CRL_VALID / 2 + DAY)
        assert _crl_number(authority) == number + 1

    def test_expired_certificates_leave_the_list(self, authority: Authority) -> None:
        authority.issue_ven("short", valid_for=DAY, now=NOW)
        authority.revoke("short", now=NOW)
        assert len(_revoked(authority)) == 1
        authority.write_crl(now=NOW + 2 * DAY)
        assert len(_revoked(authority)) == 0

    def test_the_number_grows_even_if_the_ledger_was_restored_from_a_backup(
        self, authority: Authority
    ) -> None:
        backup = authority.folder.ledger.read_bytes()
        for _ in range(3):
            authority.write_crl(now=NOW)
        number = _crl_number(authority)
        authority.folder.ledger.write_bytes(backup)
        Authority.load(authority.folder.path).write_crl(now=NOW)
        assert _crl_number(authority) == number + 1

    def test_open_connections_can_ask(self, authority: Authority) -> None:
        issued = authority.issue_ven("school-7", now=NOW)
        der = issued.certificate.public_bytes(Encoding.DER)
        revocations = RevocationList(authority.crl_path)
        assert not revocations.is_revoked(der)
        authority.revoke("school-7", now=NOW)
        assert revocations.is_revoked(der)
        assert revocations.is_revoked(issued.certificate)
        authority.crl_path.write_text("nonsense")
        assert revocations.is_revoked(der)


class TestLedger:
    """What is written down survives."""

    def test_a_line_that_a_crash_cut_off_is_dropped(self, authority: Authority) -> None:
        kept = authority.issue_ven("kept", now=NOW).record
        with authority.folder.ledger.open("ab") as file:
            file.write(b'{"event": "issued", "serial": "' + b"AB" * 2000)
        again = Authority.load(authority.folder.path)
        assert again.records() == [kept]
        new = again.issue_ven("new", now=NOW).record
        assert Authority.load(authority.folder.path).records() == [kept, new]
        assert b"ABAB" not in authority.folder.ledger.read_bytes()

    @pytest.mark.parametrize(
        "line", ["nonsense", "[]", '{"event": "party"}', '{"event": "revoked", "serial": "1"}']
    )
    def test_a_damaged_line_is_named(self, authority: Authority, line: str) -> None:
        authority.issue_ven("x", now=NOW)
        with authority.folder.ledger.open("a") as file:
            file.write(line + "\n")
        with pytest.raises(LedgerError, match="line 3 is damaged"):
            load_ledger(authority.folder.path)

    def test_every_line_is_json_for_other_tools(self, authority: Authority) -> None:
        authority.issue_ven("Schöne Mühle", now=NOW)
        lines = [json.loads(line) for line in authority.folder.ledger.read_text().splitlines()]
        assert [line["event"] for line in lines] == ["crl", "issued"]
        assert lines[1]["name"] == "Schöne Mühle"

    def test_a_copy_of_every_certificate_is_kept(self, authority: Authority) -> None:
        issued = authority.issue_ven("school-7", now=NOW)
        copy = authority.folder.copy_of(issued.record.serial)
        assert copy.read_bytes() == issued.certificate_pem

    def test_processes_that_issue_at_once_do_not_lose_anything(self, authority: Authority) -> None:
        context = multiprocessing.get_context("spawn")
        start = context.Barrier(3)
        workers = [
            context.Process(target=_issue_many, args=(authority.folder.path, number, start))
            for number in range(3)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert [worker.exitcode for worker in workers] == [0, 0, 0]
        names = [record.name for record in authority.records()]
        assert sorted(names) == sorted(f"ven-{w}-{n}" for w in range(3) for n in range(10))
        numbers = [
            json.loads(line)["number"]
            for line in authority.folder.ledger.read_text().splitlines()
            if '"crl"' in line
        ]
        assert numbers == list(range(1, 32))

    def test_two_that_want_one_name_do_not_both_get_it(self, authority: Authority) -> None:
        other = Authority.load(authority.folder.path)
        authority.issue_ven("school-7", now=NOW)
        with pytest.raises(AlreadyIssuedError):
            other.issue_ven("school-7", now=NOW)

    def test_two_that_renew_at_once_do_not_both_succeed(
        self, authority: Authority, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        authority.issue_ven("school-7", now=NOW)
        other = Authority.load(authority.folder.path)
        make_key = build.generate_key

        def while_the_other_is_faster(key_type: KeyType) -> PrivateKey:
            monkeypatch.setattr(build, "generate_key", make_key)
            other.renew("school-7", now=NOW)
            return make_key(key_type)

        monkeypatch.setattr(build, "generate_key", while_the_other_is_faster)
        with pytest.raises(AlreadyIssuedError):
            authority.renew("school-7", now=NOW)
        assert len(authority.records()) == 2


def _issue_many(folder: Path, worker: int, start: Barrier) -> None:
    authority = Authority.load(folder)
    start.wait(60)
    for number in range(10):
        name = f"ven-{worker}-{number}"
        authority.issue_ven(name, now=NOW)
        authority.revoke(name, now=NOW)


openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the openssl command")


@openssl
class TestOpenSSL:
    """The command of OpenSSL reads what the authority wrote."""

    @staticmethod
    def _run(*arguments: object) -> str:
        command = ["openssl", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def test_it_verifies_the_chain_and_the_list_strictly(self, world: World) -> None:
        for party in (world.vtn_ec, world.vtn_rsa, world.ven_ec, world.ven_rsa):
            for purpose in ("sslserver", "sslclient"):
                trust = ("-CAfile", world.authority.certificate_path)
                revoked = ("-CRLfile", world.authority.crl_path, "-crl_check")
                strict = ("-x509_strict", "-purpose", purpose)
                out = self._run("verify", *trust, *revoked, *strict, party.pair.certificate)
                assert out.strip().endswith(": OK")

    def test_it_shows_the_same_fingerprint_and_serial_number(self, world: World) -> None:
        shown = self._run(
            "x509",
            "-in",
            world.vtn_ec.pair.certificate,
            "-noout",
            "-fingerprint",
            "-sha256",
            "-serial",
        )
        record = world.vtn_ec.issued.record
        assert record.sha256 in shown
        assert f"serial={record.serial}" in shown

    def test_it_lists_the_revoked_serial_number(self, authority: Authority) -> None:
        record = authority.issue_ven("school-7", now=NOW).record
        authority.revoke("school-7", now=NOW)
        trust = ("-CAfile", authority.certificate_path)
        shown = self._run("crl", "-in", authority.crl_path, "-noout", "-text", *trust)
        assert f"Serial Number: {record.serial}" in shown


def test_a_request_for_a_key_of_an_unknown_kind_is_refused(authority: Authority) -> None:
    with pytest.raises(WeakKeyError, match="unknown key refused"):
        authority.sign_csr(STRANGE_REQUEST, now=NOW)


@pytest.mark.parametrize("valid_for", [timedelta(0), -DAY])
def test_a_certificate_that_would_never_be_valid_is_not_issued(
    authority: Authority, valid_for: timedelta, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="expected more than 0"):
        authority.issue_ven("school-7", valid_for=valid_for, now=NOW)
    with pytest.raises(ValueError, match="expected more than 0"):
        Authority.create(tmp_path / "other", "Other", valid_for=valid_for, now=NOW)
    assert authority.records() == []


def test_an_overlap_is_not_negative(authority: Authority) -> None:
    authority.issue_ven("school-7", now=NOW)
    with pytest.raises(ValueError, match="expected 0 or more"):
        authority.renew("school-7", overlap=-DAY, now=NOW)


def test_whoever_wants_for_ever_gets_what_the_calendar_has(tmp_path: Path) -> None:
    ages = timedelta(days=36_500_000)
    authority = Authority.create(tmp_path / "ca", "Own programme", valid_for=ages, now=NOW)
    assert authority.certificate.not_valid_after_utc.year == 9999
    assert authority.issue_ven("school-7", valid_for=ages, now=NOW).record.not_after.year == 9999
    authority.renew("school-7", overlap=ages, now=NOW)
    (old, _) = authority.records()
    assert old.status(NOW + 1000 * DAY) is Status.OVERLAP


def test_threads_that_read_the_ledger_at_once_read_each_line_once(authority: Authority) -> None:
    for number in range(20):
        authority.issue_ven(f"ven-{number}", now=NOW)
    for _ in range(20):
        fresh = Ledger(authority.folder.ledger)
        gate = threading.Barrier(4)

        def read(fresh: Ledger = fresh, gate: threading.Barrier = gate) -> None:
            gate.wait()
            fresh.refresh()

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(fresh.named("ven-7")) == 1
