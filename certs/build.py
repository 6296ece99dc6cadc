"""The shape of keys, certificates, requests and revocation lists.

Pure: time and serial numbers come in, objects come out, no file is touched. The rules are those
of RFC 5280 as strict verifiers apply them (`ssl.VERIFY_X509_STRICT`), and of OpenADR: RSA of at
least 2048 bits or EC of at least 256, signed with SHA-256, any mix of the two in one chain.

Spec: OpenADR 2.0b Profile Specification, sections 10.1 to 10.3, rule 68
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certs.errors import CsrError, WeakKeyError
from certs.files import PrivateKey, PublicKey
from certs.subject import Subject, check_common_name, general_name

#: Certificates start this long before they are made: clocks of field devices are not exact.
BACKDATE = timedelta(minutes=5)

_MIN_RSA_BITS = 2048
_MIN_EC_BITS = 256
_CURVES = ("secp256r1", "secp384r1", "secp521r1")

#: What shows a public key.
KeyHolder = x509.Certificate | x509.CertificateSigningRequest


class KeyType(StrEnum):
    """The kinds of key that can be asked for."""

    #: Elliptic curve P-256: small and fast, the default.
    EC = "ec"
    #: RSA with 2048 bits, for peers that know nothing else.
    RSA = "rsa"


def generate_key(key_type: KeyType) -> PrivateKey:
    """Return a new private key: P-256, or RSA with 2048 bits."""
    if key_type is KeyType.RSA:
        return rsa.generate_private_key(public_exponent=65537, key_size=_MIN_RSA_BITS)
    return ec.generate_private_key(ec.SECP256R1())


def describe_key(key: object) -> str:
    """Return what a public key is, for example "EC secp256r1", "RSA 2048" or "unknown"."""
    match key:
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
        case ec.EllipticCurvePublicKey():
            return f"EC {key.curve.name}"
        case None:
            return "unknown"
        case _:
            return type(key).__name__.lstrip("_").removesuffix("PublicKey")


def public_key_of(holder: KeyHolder) -> object | None:
    """Return the public key of a certificate or request; None if it is of an unknown kind."""
    try:
        return holder.public_key()
    except (UnsupportedAlgorithm, ValueError):  # a curve that OpenSSL has and this library not
        return None


def strong_key_of(holder: KeyHolder) -> PublicKey:
    """Return the public key of a certificate or request if it is strong enough.

    Raises:
        WeakKeyError: see `check_strength`, or a key of an unknown kind.
    """
    return check_strength(public_key_of(holder))


def check_strength(key: object) -> PublicKey:
    """Return the public key if it is strong enough.

    Raises:
        WeakKeyError: RSA below 2048 bits, EC below 256, or neither RSA nor EC.

    Spec: OpenADR 2.0b Profile Specification, section 10.1, rule 68
    Interpretation: rule 68 allows EC from 224 bits, section 10.1 from 256; 256 is asked for.
    """
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _MIN_RSA_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        assert key.curve.key_size >= _MIN_EC_BITS  # noqa: S101 - the table of curves says so
        return key
    raise WeakKeyError(describe_key(key))


def key_type_of(key: PublicKey) -> KeyType:
    """Return whether a key is EC or RSA."""
    return KeyType.RSA if isinstance(key, rsa.RSAPublicKey) else KeyType.EC


def build_authority(
    *, key: PrivateKey, name: str, serial: int, not_before: datetime, not_after: datetime
) -> x509.Certificate:
    """Return the self-signed certificate of an authority that signs leaves only."""
    subject = _subject(check_common_name(name))
    public = check_strength(key.public_key())
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    builder = (
        x509.CertificateBuilder(subject, subject, public, serial, not_before, not_after)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(sign_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(_authority_identifier(identifier), critical=False)
    )
    return builder.sign(key, SHA256())


def build_leaf(
    *,
    issuer: x509.Certificate,
    issuer_key: PrivateKey,
    public_key: PublicKey,
    serial: int,
    subject: Subject,
    not_before: datetime,
    not_after: datetime,
) -> x509.Certificate:
    """Return a certificate for a VTN or a VEN.

    Both serve and call: a VTN pushes to VENs, a VEN that takes pushes is a server. So both get
    both usages.

    Raises:
        WeakKeyError: the public key is too weak.
    """
    public = check_strength(public_key)
    issuer_identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = (
        x509.CertificateBuilder(
            issuer.subject,
            _subject(subject.name),
            public,
            serial,
            not_before,
            not_after,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(encipher_keys=key_type_of(public) is KeyType.RSA), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(_authority_identifier(issuer_identifier), critical=False)
    )
    if subject.hosts:
        names = x509.SubjectAlternativeName([general_name(host) for host in subject.hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, SHA256())


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedEntry:
    """One line of a revocation list."""

    serial: int
    revoked_at: datetime
    #: Replaced by a newer certificate, rather than lost or withdrawn.
    superseded: bool = False


def build_crl(
    *,
    issuer: x509.Certificate,
    issuer_key: PrivateKey,
    entries: Iterable[RevokedEntry],
    number: int,
    this_update: datetime,
    next_update: datetime,
) -> x509.CertificateRevocationList:
    """Return a signed revocation list."""
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateRevocationListBuilder(issuer.subject, this_update, next_update)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(_authority_identifier(identifier), critical=False)
    )
    for entry in entries:
        builder = builder.add_revoked_certificate(_revoked(entry))
    return builder.sign(issuer_key, SHA256())


def read_request(content: bytes) -> tuple[PublicKey, str]:
    """Return the public key and the common name of a signing request.

    Nothing else in a request counts: what a certificate may be used for is for its issuer to say.

    Args:
        content: the request in PEM or DER form.

    Raises:
        CsrError: it cannot be read, its signature does not prove that its sender has the key, or
            it has not exactly one common name.
        WeakKeyError: its key is too weak.
        SubjectError: its common name is not acceptable.
    """
    load = x509.load_pem_x509_csr if b"-----BEGIN" in content else x509.load_der_x509_csr
    try:
        request = load(content)
        public = strong_key_of(request)
        proven = request.is_signature_valid
    except (ValueError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise CsrError("it is not a certificate signing request in PEM or DER form") from error
    if not proven:
        raise CsrError("its signature does not fit its key")
    names = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(names) != 1:
        raise CsrError(f"it has {len(names)} common names, expected 1")
    return public, check_common_name(str(names[0].value))


def alternative_names(certificate: x509.Certificate) -> Sequence[str]:
    """Return the host names and IP addresses of a certificate."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    return (*names.get_values_for_type(x509.DNSName), *addresses)


def common_name(certificate: x509.Certificate) -> str:
    """Return the common name of a certificate, or its whole subject if it has none."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()


def serial_text(serial: int) -> str:
    """Return a serial number as openssl prints it: upper case, an even number of digits."""
    return serial.to_bytes((serial.bit_length() + 7) // 8 or 1, "big").hex().upper()


def _revoked(entry: RevokedEntry) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder(entry.serial, entry.revoked_at)
    if entry.superseded:
        reason = x509.CRLReason(x509.ReasonFlags.superseded)
        builder = builder.add_extension(reason, critical=False)
    return builder.build()


def _subject(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _authority_identifier(of_issuer: x509.SubjectKeyIdentifier) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(of_issuer)


def _key_usage(*, sign_certificates: bool = False, encipher_keys: bool = False) -> x509.KeyUsage:
    """Return key usage: an authority signs certificates and lists, a leaf proves itself.

    `encipher_keys` is what TLS_RSA_WITH_AES_128_CBC_SHA256 needs (RSA key exchange).
    """
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=encipher_keys,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )
