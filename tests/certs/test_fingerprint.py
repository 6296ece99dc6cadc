"""The fingerprint is the one that OpenLEADR and the specification compute."""

from __future__ import annotations

import hashlib
import ssl
import subprocess
import sys

import pytest
from openleadr.utils import certificate_fingerprint

from certs.errors import FingerprintError, FingerprintMismatchError
from certs.fingerprint import (
    fingerprints,
    matches,
    normalise,
    openadr_fingerprint,
    to_openadr,
    verify_peer_fingerprint,
)
from tests.certs.conftest import World


@pytest.fixture
def pem(world: World) -> str:
    return world.ven_ec.issued.certificate_pem.decode()


@pytest.fixture
def der(pem: str) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pem)


def test_it_is_the_fingerprint_of_openleadr(pem: str, der: bytes) -> None:
    theirs = certificate_fingerprint(pem)  # type: ignore[no-untyped-call]
    assert openadr_fingerprint(der) == theirs


def test_it_is_what_the_command_of_openleadr_prints(world: World, der: bytes) -> None:
    call = "from openleadr.fingerprint import show_fingerprint; show_fingerprint()"
    path = str(world.ven_ec.pair.certificate)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", call, path], capture_output=True, text=True
    )
    assert done.stdout.strip() == openadr_fingerprint(der)


def test_it_is_ten_upper_case_pairs_from_the_end_of_sha_256() -> None:
    assert openadr_fingerprint(b"") == "93:4C:A4:95:99:1B:78:52:B8:55"


def test_all_three_kinds_of_fingerprint_agree_with_hashlib(pem: str, der: bytes) -> None:
    found = fingerprints(pem.encode())
    assert found == fingerprints(der)
    assert found.sha1.replace(":", "").lower() == hashlib.sha1(der).hexdigest()
    assert found.sha256.replace(":", "").lower() == hashlib.sha256(der).hexdigest()
    assert found.sha256.endswith(found.openadr)
    assert len(found.openadr) == 29


def test_a_certificate_in_any_form_has_one_fingerprint(world: World, pem: str, der: bytes) -> None:
    forms = (pem, "\n " + pem, pem.encode(), der, world.ven_ec.issued.certificate)
    assert {normalise(form) for form in forms} == {world.ven_ec.fingerprint}


@pytest.mark.parametrize("digits", [20, 40, 64])
def test_text_of_each_length_is_written_in_one_way(digits: int) -> None:
    plain = ("0123456789abcdef" * 4)[:digits]
    pairs = ":".join(plain[i : i + 2] for i in range(0, digits, 2))
    for text in (
        plain,
        plain.upper(),
        pairs,
        pairs.upper(),
        f"  {pairs}\n",
        pairs.replace(":", " "),
    ):
        assert normalise(text) == pairs.upper()


@pytest.mark.parametrize(
    "text", ["", "5E:71", "g" * 20, "0" * 19, "0" * 21, "é" * 20, "0" * 100, "school-7"]
)
def test_other_text_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(FingerprintError, match=r"20 \(OpenADR\), 40 \(SHA-1\) or 64"):
        normalise(text)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAA\n"])
def test_bytes_that_are_no_certificate_are_refused(content: bytes) -> None:
    with pytest.raises(FingerprintError, match="a certificate in PEM or DER form"):
        fingerprints(content)


def test_what_a_person_pastes_becomes_the_openadr_fingerprint(der: bytes) -> None:
    found = fingerprints(der)
    for text in (found.openadr.lower(), found.sha256, found.sha256.replace(":", "")):
        assert to_openadr(text) == found.openadr
    with pytest.raises(FingerprintError, match="not SHA-1"):
        to_openadr(found.sha1)


def test_a_pin_of_any_length_fits_its_certificate_and_no_other(world: World, der: bytes) -> None:
    found = fingerprints(der)
    for pin in (found.openadr, found.sha1, found.sha256):
        assert matches(pin, der)
        assert not matches(pin, world.ven_rsa.issued.certificate)


def test_the_peer_must_show_the_pinned_certificate(world: World, der: bytes) -> None:
    verify_peer_fingerprint(der, world.ven_ec.fingerprint)
    with pytest.raises(FingerprintMismatchError, match=world.ven_ec.fingerprint):
        verify_peer_fingerprint(der, world.ven_rsa.fingerprint)
    with pytest.raises(FingerprintMismatchError, match="certificate is missing"):
        verify_peer_fingerprint(None, world.ven_ec.fingerprint)
