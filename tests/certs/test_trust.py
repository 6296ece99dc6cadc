"""A certificate that a proxy passes on is believed for the same reasons as one that TLS shows."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from certs import trust as module
from certs.authority import Authority
from certs.errors import MissingFileError
from certs.files import PrivateKey
from certs.trust import Fault, Trust
from tests.certs.conftest import NOW, STRANGE_CERTIFICATE, World

DAY = timedelta(days=1)


@dataclass
class Clock:
    now: datetime = NOW + timedelta(minutes=1)

    def __call__(self) -> float:
        return self.now.timestamp()


@dataclass
class Guard:
    """An authority of its own, and what trusts it."""

    authority: Authority
    clock: Clock = field(default_factory=Clock)

    def trust(self, *, crl: bool = True) -> Trust:
        lists = self.authority.crl_path if crl else None
        return Trust(self.authority.certificate_path, lists, clock=self.clock, look_every=0.0)

    def issue(self, name: str = "school-7", valid_for: timedelta = 300 * DAY) -> bytes:
        issued = self.authority.issue_ven(name, now=NOW, valid_for=valid_for)
        return der(issued.certificate)


@pytest.fixture
def guard(authority: Authority) -> Guard:
    return Guard(authority)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def words(fault: Fault | None) -> str:
    return "" if fault is None else f"{fault.words} ({fault.rule})"


def forged(
    issuer: x509.Name,
    key: PrivateKey | None = None,
    change: Callable[[x509.CertificateBuilder], x509.CertificateBuilder] = lambda made: made,
) -> bytes:
    """Returns a certificate in somebody's name, signed with another key unless it is given."""
    own = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name.from_rfc4514_string("CN=school-7"))
        .issuer_name(issuer)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
    )
    return der(change(builder).sign(key or own, hashes.SHA256()))


def test_a_certificate_of_the_authority_is_good_with_and_without_a_list(guard: Guard) -> None:
    ven = guard.issue()
    assert guard.trust().fault(ven) is None
    assert guard.trust(crl=False).fault(ven) is None


def test_both_kinds_of_keys_are_good(world: World) -> None:
    trust = Trust(world.authority.certificate_path, world.authority.crl_path)
    for party in (world.ven_ec, world.ven_rsa):
        assert trust.fault(der(party.issued.certificate)) is None


def test_r68_a_certificate_of_another_authority_is_refused_whatever_it_calls_itself(
    guard: Guard, tmp_path: Path
) -> None:
    namesake = Authority.create(tmp_path / "other", "Own programme", now=NOW)
    foreign = der(namesake.issue_ven("school-7", now=NOW).certificate)
    own_name = guard.authority.certificate.subject
    for stranger in (foreign, forged(own_name), forged(x509.Name([]))):
        assert "no authority of this VTN" in words(guard.trust().fault(stranger))


def test_the_certificate_of_the_authority_itself_proves_nobody(guard: Guard) -> None:
    assert "authority" in words(guard.trust().fault(der(guard.authority.certificate)))


def test_r516_a_certificate_stops_to_count_with_its_last_second(guard: Guard) -> None:
    ven = guard.issue(valid_for=10 * DAY)
    end = x509.load_der_x509_certificate(ven).not_valid_after_utc
    trust = guard.trust()
    assert trust.fault(ven) is None
    guard.clock.now = end
    assert trust.fault(ven) is None
    guard.clock.now = end + timedelta(seconds=1)
    assert words(trust.fault(ven)) == "the client certificate has expired (R516)"


def test_a_certificate_counts_from_its_first_second(guard: Guard) -> None:
    ven = guard.issue()
    start = x509.load_der_x509_certificate(ven).not_valid_before_utc
    trust = guard.trust(crl=False)
    guard.clock.now = start - timedelta(seconds=1)
    assert "is not valid before" in words(trust.fault(ven))
    guard.clock.now = start
    assert trust.fault(ven) is None


def test_r516_a_revoked_certificate_is_refused_as_soon_as_the_list_says_so(guard: Guard) -> None:
    ven, other = guard.issue(), guard.issue("mill-3")
    trust = guard.trust()
    assert trust.fault(ven) is None
    guard.authority.revoke("school-7", now=NOW)
    assert words(trust.fault(ven)) == "the client certificate has been revoked (R516)"
    assert trust.fault(other) is None


def test_files_are_looked_at_once_a_second_and_not_at_each_message(guard: Guard) -> None:
    ven = guard.issue()
    trust = Trust(guard.authority.certificate_path, guard.authority.crl_path, clock=guard.clock)
    assert trust.fault(ven) is None
    guard.authority.revoke("school-7", now=NOW)
    assert trust.fault(ven) is None
    guard.clock.now += timedelta(seconds=1)
    assert "revoked" in words(trust.fault(ven))


def test_a_list_that_is_out_of_date_lets_nobody_in(guard: Guard) -> None:
    ven = guard.issue(valid_for=1000 * DAY)
    trust = guard.trust()
    assert trust.fault(ven) is None
    guard.clock.now += 366 * DAY
    assert words(trust.fault(ven)) == "the revocation list of its issuer has expired (R516)"
    assert guard.trust(crl=False).fault(ven) is None


def test_an_authority_without_a_list_of_its_own_lets_nobody_in(
    guard: Guard, tmp_path: Path
) -> None:
    second = Authority.create(tmp_path / "second", "Second", now=NOW)
    both = tmp_path / "both.crt"
    both.write_bytes(
        guard.authority.certificate_path.read_bytes() + second.certificate_path.read_bytes()
    )
    trust = Trust(both, guard.authority.crl_path, clock=guard.clock)
    ven = der(second.issue_ven("mill-3", now=NOW).certificate)
    assert trust.fault(guard.issue()) is None
    assert "no revocation list of Second" in words(trust.fault(ven))
    lists = tmp_path / "both.crl"
    lists.write_bytes(guard.authority.crl_path.read_bytes() + second.crl_path.read_bytes())
    assert Trust(both, lists, clock=guard.clock).fault(ven) is None


def test_an_authority_that_is_put_into_the_file_counts_without_a_restart(
    guard: Guard, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    second = Authority.create(tmp_path / "second", "Second", now=NOW)
    path = guard.authority.certificate_path
    ven = der(second.issue_ven("mill-3", now=NOW).certificate)
    trust = guard.trust(crl=False)
    assert trust.fault(ven) is not None
    path.write_bytes(path.read_bytes() + second.certificate_path.read_bytes())
    assert trust.fault(ven) is None
    path.write_text("half of a file")
    with caplog.at_level(logging.WARNING):
        assert trust.fault(ven) is None
    assert "the last good ones count" in caplog.text


@pytest.mark.parametrize(
    ("extension", "said"),
    [
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), "clientAuth"),
        (x509.BasicConstraints(ca=True, path_length=None), "authority"),
    ],
    ids=["server-only", "authority"],
)
def test_r68_a_certificate_for_something_else_proves_no_client(
    guard: Guard, extension: x509.ExtensionType, said: str
) -> None:
    made = forged(
        guard.authority.certificate.subject,
        guard.authority._key,
        lambda builder: builder.add_extension(extension, critical=True),
    )
    assert said in words(guard.trust().fault(made))
    plain = forged(guard.authority.certificate.subject, guard.authority._key)
    assert guard.trust().fault(plain) is None


def test_a_certificate_of_a_strange_key_is_refused(guard: Guard) -> None:
    strange = der(x509.load_pem_x509_certificate(STRANGE_CERTIFICATE))
    assert guard.trust().fault(strange) is not None


def test_what_strangers_show_is_not_remembered_and_what_is_remembered_is_bounded(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_KNOWN", 3)
    trust = guard.trust()
    for n in range(5):
        assert trust.fault(guard.issue(f"ven-{n}")) is None
        assert trust.fault(forged(guard.authority.certificate.subject)) is not None
    assert len(trust._known) == 3


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"nowhere\.crt"):
        Trust(tmp_path / "nowhere.crt")


@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused_with_words(world: World, data: bytes) -> None:
    trust = Trust(world.authority.certificate_path, world.authority.crl_path)
    assert words(trust.fault(data))


@given(place=st.integers(min_value=0), value=st.integers(min_value=0, max_value=255))
def test_a_certificate_with_another_byte_anywhere_is_refused(
    world: World, place: int, value: int
) -> None:
    original = der(world.ven_rsa.issued.certificate)
    changed = bytearray(original)
    changed[place % len(changed)] = value
    trust = Trust(world.authority.certificate_path, world.authority.crl_path)
    assert (trust.fault(bytes(changed)) is None) == (bytes(changed) == original)
