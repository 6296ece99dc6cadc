"""The few facts that are read without a library are those that the library finds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from certs.authority import Authority
from certs.der import blocks, read_certificate, read_list
from tests.certs.conftest import NOW, World

#: What both ways to write a year can say; hypothesis wants them without a zone.
FIRST = datetime(1950, 1, 1, tzinfo=UTC).replace(tzinfo=None)
LAST = datetime(2090, 1, 1, tzinfo=UTC).replace(tzinfo=None)
KEY = ec.generate_private_key(ec.SECP256R1())


def made(start: datetime, end: datetime, serial: int, *, issuer: x509.Name | None = None) -> bytes:
    name = issuer or x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    built = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(end)
        .sign(KEY, SHA256())
    )
    return built.public_bytes(Encoding.DER)


@settings(max_examples=50, deadline=None)
@given(
    st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
    st.integers(1, 2**159 - 1),
)
def test_dates_and_serial_are_those_of_the_certificate(start: datetime, serial: int) -> None:
    start = start.replace(microsecond=0)
    end = start + timedelta(days=400)
    facts = read_certificate(made(start, end, serial))
    assert (facts.not_before, facts.not_after, facts.serial) == (start, end, serial)


def test_every_kind_of_certificate_of_an_authority_can_be_read(world: World) -> None:
    for party in (world.vtn_ec, world.vtn_rsa, world.ven_ec, world.ven_rsa):
        certificate = party.issued.certificate
        facts = read_certificate(certificate.public_bytes(Encoding.DER))
        assert facts.not_after == certificate.not_valid_after_utc
        assert facts.serial == certificate.serial_number


def test_a_list_names_what_is_revoked_and_its_end(authority: Authority) -> None:
    empty = read_list(authority.write_crl(now=NOW).public_bytes(Encoding.DER))
    assert empty.serials == frozenset()
    numbers = set()
    for name in ("one", "two", "three"):
        numbers.add(authority.issue_ven(name, now=NOW).certificate.serial_number)
        authority.revoke(name, now=NOW)
    written = authority.write_crl(now=NOW)
    facts = read_list(written.public_bytes(Encoding.DER))
    assert facts.serials == numbers
    assert facts.next_update == written.next_update_utc
    leaf = authority.issue_ven("four", now=NOW).certificate
    assert facts.issuer == read_certificate(leaf.public_bytes(Encoding.DER)).issuer


def test_a_name_is_the_same_in_another_kind_of_text() -> None:
    def issuer(kind: _ASN1Type, text: str) -> object:
        attribute = x509.NameAttribute(NameOID.COMMON_NAME, text, kind)
        der = made(NOW, NOW + timedelta(days=1), 1, issuer=x509.Name([attribute]))
        return read_certificate(der).issuer

    plain = issuer(_ASN1Type.UTF8String, "North grid")
    assert issuer(_ASN1Type.PrintableString, "north  GRID") == plain
    assert issuer(_ASN1Type.BMPString, "North grid") == plain
    assert issuer(_ASN1Type.UTF8String, "South grid") != plain


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2000), st.binary(max_size=3))
def test_damaged_bytes_are_an_error_or_are_read(place: int, patch: bytes) -> None:
    der = bytearray(made(NOW, NOW + timedelta(days=1), 7))
    place %= len(der)
    der[place : place + len(patch)] = patch
    for read in (read_certificate, read_list):
        try:
            read(bytes(der))
        except ValueError:
            continue


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x84", b"text", b"\x30\x82\xff\xff" * 9])
def test_bytes_that_are_no_certificate_are_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"breaks off|belongs"):
        read_certificate(data)
    with pytest.raises(ValueError, match=r"breaks off|belongs"):
        read_list(data)


def test_a_file_holds_several_objects_in_pem_or_one_in_der(world: World) -> None:
    one = world.vtn_ec.issued
    der = one.certificate.public_bytes(Encoding.DER)
    both = b"some words\n" + one.certificate_pem + world.ven_ec.issued.certificate_pem
    assert blocks(both, "CERTIFICATE")[0] == der
    assert len(blocks(both, "CERTIFICATE")) == 2
    assert blocks(der, "CERTIFICATE") == [der]
    with pytest.raises(ValueError, match="X509 CRL"):
        blocks(both, "X509 CRL")
    with pytest.raises(ValueError, match="damaged"):
        blocks(b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----", "CERTIFICATE")
