"""Whose certificate may push."""

import hashlib

import pytest

from certs.errors import FingerprintError
from ven.peer import Peer
from ven.push import Listening

DER = b"a certificate"
SHA256 = hashlib.sha256(DER).hexdigest()
SHA1 = hashlib.sha1(DER, usedforsecurity=False).hexdigest()
OPENADR = SHA256[-20:]


@pytest.mark.parametrize("pin", [SHA256, SHA1, OPENADR, OPENADR.upper()])
def test_the_configured_certificate_counts_in_every_form_of_fingerprint(pin: str) -> None:
    peer = Peer(pin, lambda: "00" * 10)
    assert peer.knows(DER)
    assert not peer.knows(b"another")
    assert peer.may_be(OPENADR)


@pytest.mark.parametrize("pin", [SHA256, OPENADR])
def test_a_fingerprint_of_another_certificate_is_not_the_vtns(pin: str) -> None:
    assert not Peer(pin, str).may_be("00" * 10)


def test_without_a_configured_one_the_certificate_counts_that_the_vtn_has_shown() -> None:
    shown = ""
    peer = Peer(None, lambda: shown)
    assert not peer.knows(DER)
    shown = OPENADR
    assert peer.knows(DER)
    assert peer.may_be(OPENADR)
    assert not peer.may_be("00" * 10)
    shown = "00" * 10
    assert not peer.knows(DER)


def test_what_is_no_fingerprint_is_said_early() -> None:
    with pytest.raises(FingerprintError):
        Peer("nonsense", str)
    with pytest.raises(ValueError, match=r"push\.vtn_fingerprint"):
        Listening(vtn_fingerprint="nonsense")


@pytest.mark.parametrize("wrong", [{"port": -1}, {"port": 70000}, {"path_prefix": "x"}])
def test_a_place_that_nobody_can_listen_at_is_named(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Listening(**wrong)  # type: ignore[arg-type]
