"""What a proxy writes into a header is read, and nothing else is."""

from __future__ import annotations

import base64
import contextlib
import random
import string
from collections.abc import Callable
from datetime import UTC
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from certs.authority import Authority
from certs.errors import ForwardedError
from certs.fingerprint import fingerprints
from certs.forwarded import MAX_TEXT, Format, parse_forwarded
from tests.certs.conftest import STRANGE_CERTIFICATE, World

Writer = Callable[[x509.Certificate], str]
BEGIN, END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"


def certificates(world: World) -> list[x509.Certificate]:
    return [world.ven_ec.issued.certificate, world.ven_rsa.issued.certificate]


def der_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def as_nginx(certificate: x509.Certificate) -> str:
    """`$ssl_client_escaped_cert` escapes all but letters, digits and -._~"""
    return quote(certificate.public_bytes(Encoding.PEM), safe="")


def as_haproxy(certificate: x509.Certificate) -> str:
    return base64.b64encode(der_of(certificate)).decode()


def as_rfc9440(certificate: x509.Certificate) -> str:
    return f":{as_haproxy(certificate)}:"


WRITERS: dict[Format, Writer] = {
    Format.PEM: as_nginx,
    Format.DER: as_haproxy,
    Format.RFC9440: as_rfc9440,
    Format.FINGERPRINT: lambda certificate: fingerprints(certificate).sha256,
}
#: Forms that tell more than a fingerprint.
WHOLE = [Format.PEM, Format.DER, Format.RFC9440]
DRESSED: dict[Format, Callable[[str], str]] = {
    Format.PEM: lambda text: quote(f"{BEGIN}\n{text}\n{END}\n"),
    Format.DER: lambda text: text,
    Format.RFC9440: lambda text: f":{text}:",
}


@pytest.mark.parametrize("form", WHOLE)
def test_a_certificate_is_read_in_each_form(form: Format, world: World) -> None:
    for certificate in certificates(world):
        found = parse_forwarded(WRITERS[form](certificate), form)
        assert found.der == der_of(certificate)
        assert found.fingerprint == fingerprints(certificate).openadr
        assert found.not_after == certificate.not_valid_after_utc.astimezone(UTC)
        assert not found.expired
        assert found.details().sha256 == fingerprints(certificate).sha256


@pytest.mark.parametrize("safe", ["", "+=/", "+=/ :-", "\n "])
def test_it_does_not_matter_how_much_of_pem_is_escaped(safe: str, world: World) -> None:
    certificate = certificates(world)[1]
    text = quote(certificate.public_bytes(Encoding.PEM), safe=safe)
    assert parse_forwarded(text, Format.PEM).der == der_of(certificate)


@pytest.mark.parametrize("length", ["openadr", "sha256"])
def test_a_fingerprint_is_read_with_and_without_colons(length: str, world: World) -> None:
    certificate = certificates(world)[0]
    text: str = getattr(fingerprints(certificate), length)
    for written in (text, text.lower(), text.replace(":", "")):
        found = parse_forwarded(written, Format.FINGERPRINT)
        assert found.fingerprint == fingerprints(certificate).openadr
        assert (found.der, found.not_after, found.expired) == (None, None, False)


def test_sha_1_says_nothing_about_the_fingerprint_by_which_vens_are_known(world: World) -> None:
    text = fingerprints(certificates(world)[0]).sha1
    with pytest.raises(ForwardedError, match="SHA-1 says nothing"):
        parse_forwarded(text, Format.FINGERPRINT)


@pytest.mark.parametrize("form", list(Format))
def test_a_certificate_in_another_form_is_refused(form: Format, world: World) -> None:
    certificate = certificates(world)[0]
    for other in Format:
        if other is not form:
            with pytest.raises(ForwardedError):
                parse_forwarded(WRITERS[other](certificate), form)


@pytest.mark.parametrize("form", list(Format))
def test_two_certificates_are_none(form: Format, world: World) -> None:
    one, two = (WRITERS[form](each) for each in certificates(world))
    for text in (f"{one},{two}", f"{one}, {two}", one + two, f"{one} {two}", f"{one},"):
        with pytest.raises(ForwardedError):
            parse_forwarded(text, form)


@pytest.mark.parametrize("form", WHOLE)
def test_one_certificate_has_one_base64(form: Format, authority: Authority) -> None:
    """Bits that base64 does not use, blanks and more of the end do not make another header."""
    text = padded(authority)
    assert parse_forwarded(DRESSED[form](text), form).der == base64.b64decode(text)
    spare = ALPHABET[ALPHABET.index(text[-2]) + 1]
    for changed in (f"{text[:-2]}{spare}=", f"{text}=", f"{text}AAAA", f"{text[:-1]}"):
        with pytest.raises(ForwardedError):
            parse_forwarded(DRESSED[form](changed), form)


def padded(authority: Authority) -> str:
    """Returns the base64 of a certificate that ends with one padding character."""
    for n in range(100):
        text = as_haproxy(authority.issue_ven("v" * (n + 1)).certificate)
        if text[-2:].count("=") == 1:
            return text
    raise AssertionError


def test_a_certificate_of_a_strange_key_is_read_and_left_to_others_to_judge() -> None:
    text = quote(STRANGE_CERTIFICATE, safe="")
    assert parse_forwarded(text, Format.PEM).details().subject == "CN=school-7"


@pytest.mark.parametrize("form", list(Format))
def test_what_is_too_long_is_not_looked_at(form: Format) -> None:
    with pytest.raises(ForwardedError, match=str(MAX_TEXT)):
        parse_forwarded("A" * (MAX_TEXT + 1), form)


@given(form=st.sampled_from(list(Format)), text=st.text(max_size=200))
def test_any_text_is_a_certificate_or_an_error(form: Format, text: str) -> None:
    with contextlib.suppress(ForwardedError):
        assert parse_forwarded(text, form).fingerprint


@given(data=st.binary(max_size=400), form=st.sampled_from(WHOLE))
def test_any_bytes_in_the_right_dress_are_a_certificate_or_an_error(
    data: bytes, form: Format
) -> None:
    with pytest.raises(ForwardedError):
        parse_forwarded(DRESSED[form](base64.b64encode(data).decode()), form)


@given(seed=st.integers(min_value=0, max_value=2**32))
def test_a_damaged_certificate_is_another_one_or_an_error(seed: int, world: World) -> None:
    dice = random.Random(seed)
    der = bytearray(der_of(dice.choice(certificates(world))))
    original = bytes(der)
    for _ in range(dice.randint(1, 4)):
        der[dice.randrange(len(der))] = dice.randrange(256)
    try:
        found = parse_forwarded(base64.b64encode(der).decode(), Format.DER)
    except ForwardedError:
        return
    assert found.der == bytes(der)
    assert found.details().openadr == found.fingerprint
    if bytes(der) != original:
        assert found.fingerprint != fingerprints(original).openadr
