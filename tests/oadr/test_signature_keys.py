"""Loading keys, and the words for people when it fails."""

from base64 import b64encode
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from oadr.errors import SignatureError
from oadr.signature import Fingerprints, PeerKey, SigningKey
from tests.oadr.signature_cases import NOW, certificate_for, check, identity, new_key, signed

P256_OID = bytes.fromhex("2A8648CE3D030107")


def pem_of(kind: str) -> tuple[bytes, bytes]:
    key = new_key(kind)
    return (
        certificate_for(key).public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )


def encrypted(passphrase: bytes) -> bytes:
    return identity().private.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase)
    )


def test_an_encrypted_key_opens_with_its_passphrase() -> None:
    key = SigningKey.load(identity().certificate_pem, encrypted(b"secret"), b"secret")
    assert key.method == identity().signing.method


@pytest.mark.parametrize(
    ("passphrase", "expected"), [(None, "needs a passphrase"), (b"wrong", "wrong passphrase")]
)
def test_an_encrypted_key_without_its_passphrase_says_so(
    passphrase: bytes | None, expected: str
) -> None:
    with pytest.raises(ValueError, match=expected):
        SigningKey.load(identity().certificate_pem, encrypted(b"secret"), passphrase)


def test_a_passphrase_for_a_plain_key_says_so() -> None:
    with pytest.raises(ValueError, match="is not encrypted"):
        SigningKey.load(identity().certificate_pem, identity().key_pem, b"secret")


def test_a_certificate_of_another_key_says_so() -> None:
    with pytest.raises(ValueError, match="does not belong to the private key"):
        SigningKey.load(identity().certificate_pem, identity(serial=2).key_pem)
    with pytest.raises(ValueError, match="does not belong to the private key"):
        SigningKey.load(identity("RSA-2048").certificate_pem, identity().key_pem)


def test_files_in_the_wrong_order_say_which_one_is_wrong() -> None:
    with pytest.raises(ValueError, match="the certificate cannot be read"):
        SigningKey.load(identity().key_pem, identity().certificate_pem)
    with pytest.raises(ValueError, match="the private key cannot be read"):
        SigningKey.load(identity().certificate_pem, identity().certificate_pem)


@pytest.mark.parametrize("kind", ["RSA-1024", "P-224"])
def test_r68_a_key_that_is_too_short_is_refused_on_both_sides(kind: str) -> None:
    key = new_key(kind)
    with pytest.raises(ValueError, match="expected RSA with 2048 bits or more, or EC on P-256"):
        SigningKey.load(*pem_of(kind))
    with pytest.raises(SignatureError, match="expected RSA with 2048 bits or more"):
        PeerKey.of(certificate_for(key))


def test_a_key_of_another_kind_is_refused() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="expected RSA"):
        SigningKey.load(identity().certificate_pem, pem)


def test_the_text_form_of_a_key_shows_no_key() -> None:
    assert repr(identity().signing) == f"SigningKey(method='{identity().signing.method}')"


def test_of_a_chain_the_first_certificate_counts() -> None:
    chain = identity().certificate_pem + identity(serial=2).certificate_pem
    key = SigningKey.load(chain, identity().key_pem)
    assert key.certificate == identity().signing.certificate


def test_fingerprints_are_read_however_people_write_them() -> None:
    written = identity().fingerprint
    assert Fingerprints(written) == Fingerprints(written.lower().replace(":", " "))
    assert len(Fingerprints(written, identity(serial=2).fingerprint).values) == 2


@pytest.mark.parametrize("value", ["", "5E:71", "x" * 20, "A" * 40])
def test_what_is_not_a_fingerprint_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="20 hexadecimal digits"):
        Fingerprints(value)


def test_a_public_key_serves_without_a_certificate() -> None:
    assert isinstance(
        PeerKey(public_key=identity("RSA-2048").private.public_key()).public_key, rsa.RSAPublicKey
    )


def with_certificate(der: bytes) -> tuple[bytes, Fingerprints]:
    """Returns a message with other bytes for a certificate, and their fingerprint."""
    document = signed().replace(identity().signing.certificate.encode(), b64encode(der))
    return document, Fingerprints(sha256(der).digest()[-10:].hex())


def test_a_trusted_certificate_that_cannot_be_read_is_refused() -> None:
    der = identity().certificate.public_bytes(Encoding.DER)
    unknown_curve = der.replace(P256_OID, P256_OID[:-1] + b"\x06")
    assert unknown_curve != der
    for data, reason in ((b"junk", "cannot be read"), (unknown_curve, "key in the peer's")):
        document, trusted = with_certificate(data)
        with pytest.raises(SignatureError, match=reason):
            check(document, trusted=trusted)


def test_a_certificate_with_a_key_of_another_kind_is_refused() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    builder = x509.CertificateBuilder(
        issuer_name=x509.Name([]),
        subject_name=x509.Name([]),
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=NOW,
        not_valid_after=NOW,
    )
    with pytest.raises(SignatureError, match="expected RSA"):
        PeerKey.of(builder.sign(key, None))
