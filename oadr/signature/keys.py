"""Keys: ours to sign with, and those by which peers are known.

Keys are parsed when they are loaded, never per message: parsing an RSA key costs a
hundred times what a signature with it does.

Spec: profile specification, sections 10.1 and 10.5 (key lengths, fingerprint).
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from oadr.errors import SignatureError
from oadr.signature.xmldsig import ECDSA_SHA256, RSA_SHA256
from oadr.times import EVER, FOREVER

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

#: Smallest RSA key, in bits.
MIN_RSA_BITS = 2048
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_EXPECTED = "RSA with 2048 bits or more, or EC on P-256, P-384 or P-521"
_FINGERPRINT = re.compile(r"[0-9A-F]{20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A private key with its certificate, ready to sign with.

    Attributes:
        certificate: what goes into each message, DER in base64.
        method: URI of the signature algorithm that fits the key.
    """

    certificate: str = field(repr=False)
    method: str
    _private: PrivateKey = field(repr=False)

    @classmethod
    def load(cls, certificate_pem: bytes, key_pem: bytes, passphrase: bytes | None = None) -> Self:
        """Returns the key, parsed once for all messages.

        Args:
            certificate_pem: the certificate; of a chain, the first one counts.
            key_pem: its private key.
            passphrase: for an encrypted key, else None.

        Raises:
            ValueError: what is wrong with which of the three, in words for people.
        """
        try:
            certificate = x509.load_pem_x509_certificate(certificate_pem)
            public = certificate.public_key()
        except (ValueError, UnsupportedAlgorithm) as error:
            raise ValueError(f"the certificate cannot be read as PEM: {error}") from None
        private = _load_private(key_pem, passphrase)
        if private.public_key() != public:
            raise ValueError("the certificate does not belong to the private key")
        return cls(
            certificate=b64encode(certificate.public_bytes(Encoding.DER)).decode(),
            method=RSA_SHA256 if isinstance(private, rsa.RSAPrivateKey) else ECDSA_SHA256,
            _private=private,
        )

    def sign(self, data: bytes) -> bytes:
        """Returns the signature over ``data`` in the form that XML Signature wants."""
        if isinstance(self._private, rsa.RSAPrivateKey):
            return self._private.sign(data, PKCS1v15(), SHA256())
        size = _coordinate_bytes(self._private)
        r, s = decode_dss_signature(self._private.sign(data, ec.ECDSA(SHA256())))
        return r.to_bytes(size) + s.to_bytes(size)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerKey:
    """The public key of a peer that is known by other means than its message.

    ``KeyInfo`` of the message is not consulted: whatever it says, or if there is none, the
    signature must be by this key.

    Attributes:
        public_key: RSA or EC.
        not_before: start of the validity of its certificate, UTC.
        not_after: end of the validity, UTC.
    """

    public_key: PublicKey
    not_before: datetime = EVER
    not_after: datetime = FOREVER

    def __post_init__(self) -> None:
        if not _strong(self.public_key):
            raise SignatureError(f"the peer's key is not accepted; expected {_EXPECTED}")

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Self:
        """Returns the key of a certificate, such as the one of the TLS connection.

        Raises:
            SignatureError: it is of a kind or length that is not accepted.
        """
        try:
            key = certificate.public_key()
        except (ValueError, UnsupportedAlgorithm):
            raise SignatureError("the key in the peer's certificate cannot be read") from None
        if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            raise SignatureError(f"the peer's key is not accepted; expected {_EXPECTED}")
        return cls(
            public_key=key,
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
        )

    def check(self, method: str, signature: bytes, data: bytes) -> None:
        """Checks a signature by this key.

        Args:
            method: URI of the signature algorithm that the message names.
            signature: value in the form of XML Signature.
            data: what was signed.

        Raises:
            SignatureError: the algorithm is not the one for this key, or the signature was
                not made by it.
        """
        try:
            if isinstance(self.public_key, rsa.RSAPublicKey) and method == RSA_SHA256:
                self.public_key.verify(signature, data, PKCS1v15(), SHA256())
            elif isinstance(self.public_key, ec.EllipticCurvePublicKey) and method == ECDSA_SHA256:
                _check_ecdsa(self.public_key, signature, data)
            else:
                raise SignatureError("the signature algorithm is not the one for the peer's key")
        except InvalidSignature:
            raise SignatureError("the signature was not made by the peer's known key") from None

    def key_for(self, certificates: Iterable[bytes]) -> "PeerKey":
        """Returns itself, whatever certificates the message carries."""
        return self


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """The OpenADR fingerprints by which a peer is known; two while it renews.

    The message must carry the certificate, because a fingerprint has no key in it.

    Attributes:
        values: 20 hexadecimal digits each; colons, blanks and case do not matter.
    """

    values: frozenset[str]

    def __init__(self, *values: str) -> None:
        found = frozenset(re.sub(r"[:\s]", "", value).upper() for value in values)
        for value in found:
            if _FINGERPRINT.fullmatch(value) is None:
                raise ValueError(f"{value[:64]!r} is not a fingerprint of 20 hexadecimal digits")
        object.__setattr__(self, "values", found)

    def key_for(self, certificates: Iterable[bytes]) -> PeerKey:
        """Returns the key of the certificate that has one of these fingerprints.

        Args:
            certificates: those in the message, DER.

        Raises:
            SignatureError: there is none, or its key is not accepted.
        """
        for der in certificates:
            if hashlib.sha256(der).digest()[-10:].hex().upper() in self.values:
                return _key_in(der)
        raise SignatureError("the message carries no certificate with the peer's fingerprint")


#: The two ways to know whose signature it must be.
Trusted = PeerKey | Fingerprints


@lru_cache(maxsize=4096)
def _key_in(der: bytes) -> PeerKey:
    """Returns the key of a certificate whose fingerprint is trusted.

    Only trusted certificates get here, so nobody can push them out of the cache.
    """
    try:
        return PeerKey.of(x509.load_der_x509_certificate(der))
    except ValueError:
        raise SignatureError("the peer's certificate cannot be read") from None


def _load_private(pem: bytes, passphrase: bytes | None) -> PrivateKey:
    try:
        key = load_pem_private_key(pem, passphrase)
    except TypeError:
        wanted = "needs a passphrase" if passphrase is None else "is not encrypted"
        raise ValueError(f"the private key {wanted}") from None
    except (ValueError, UnsupportedAlgorithm) as error:
        hint = "not a private key in PEM form" if passphrase is None else "wrong passphrase or PEM"
        raise ValueError(f"the private key cannot be read, {hint}: {error}") from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) or not _strong(
        key.public_key()
    ):
        raise ValueError(f"the private key is not accepted; expected {_EXPECTED}")
    return key


def _strong(key: PublicKey) -> bool:
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= MIN_RSA_BITS
    return key.curve.name in _CURVES


def _coordinate_bytes(key: ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey) -> int:
    return (key.key_size + 7) // 8


def _check_ecdsa(key: ec.EllipticCurvePublicKey, signature: bytes, data: bytes) -> None:
    """XML Signature writes r and s at full length, one after the other."""
    size = _coordinate_bytes(key)
    if len(signature) != 2 * size:
        raise InvalidSignature
    r, s = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
    key.verify(encode_dss_signature(r, s), data, ec.ECDSA(SHA256()))
