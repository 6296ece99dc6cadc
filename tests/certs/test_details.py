"""What a certificate says about itself, whatever is in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from certs.details import MAX_NAME, read_details
from certs.fingerprint import fingerprints
from certs.peers import PeerCertificate

START = datetime(2026, 1, 1, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())


def made(subject: str, *, copies: int = 1) -> bytes:
    """Returns a certificate (DER) that somebody signed for himself."""
    attribute = x509.NameAttribute(NameOID.COMMON_NAME, subject)
    name = x509.Name([attribute] * copies)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(0xABC)
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=30))
        .sign(KEY, SHA256())
    )
    return built.public_bytes(Encoding.DER)


def test_details_are_those_of_the_certificate() -> None:
    der = made("school-7")
    found = PeerCertificate(fingerprint="", not_after=None, der=der).details()
    assert (found.subject, found.issuer, found.serial) == ("CN=school-7", "CN=school-7", "0ABC")
    assert (found.not_before, found.not_after) == (START, START + timedelta(days=30))
    known = fingerprints(der)
    assert (found.openadr, found.sha1, found.sha256) == (known.openadr, known.sha1, known.sha256)


def test_of_a_certificate_of_which_only_the_fingerprint_is_known_there_is_no_more() -> None:
    certificate = PeerCertificate(fingerprint="00:11", not_after=None)
    assert certificate.details().openadr == "00:11"
    assert certificate.details().subject == ""
    assert not certificate.expired


@settings(max_examples=50, deadline=None)
@given(st.text(min_size=1, max_size=64))
def test_a_subject_is_one_printable_line_whatever_it_holds(subject: str) -> None:
    try:
        der = made(subject)
    except ValueError:  # the library does not write it either
        return
    found = read_details(der).subject
    assert found.isprintable()
    assert len(found) <= MAX_NAME


def test_a_subject_is_cut_where_it_is_too_long() -> None:
    found = read_details(made("x" * 60, copies=20)).subject
    assert len(found) == MAX_NAME
    assert found.endswith("...")


@pytest.mark.parametrize("words", ["a\nroot: all is well", "\x1b[31mred", "\u202egnp.exe"])
def test_a_subject_cannot_write_lines_or_colours(words: str) -> None:
    found = read_details(made(words)).subject
    assert found.isprintable()
    assert "\\" in found


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_certificate_says_what_can_be_read(place: int, byte: int) -> None:
    der = bytearray(made("school-7"))
    der[place % len(der)] = byte
    found = read_details(bytes(der))
    assert found.subject.isprintable()
    assert len(found.sha256) == 95


def test_anything_has_fingerprints_and_nothing_else() -> None:
    found = read_details(b"no certificate")
    assert (found.subject, found.issuer, found.serial, found.not_after) == ("", "", "", None)
    assert found.sha1
