"""Keys, messages and a second, independent signer for the tests of signatures."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from lxml import etree

from oadr.codec import parse
from oadr.messages import (
    CreatePartyRegistration,
    EiResponse,
    GreenButtonPayload,
    Interval,
    Message,
    Poll,
    RawXml,
    Report,
    ReportPayload,
    Response,
    UpdateReport,
)
from oadr.signature import Fingerprints, PeerKey, ReplayCache, SigningKey, sign, verify
from tests.oadr.c14n_model import canonical_model

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
TOLERANCE = timedelta(seconds=60)
DS = "http://www.w3.org/2000/09/xmldsig#"
NS = {"ds": DS, "oadr": "http://openadr.org/oadr-2.0b/2012/07"}
POLL = Poll(ven_id="ven_1234")
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A key with its certificate in all the forms that tests need."""

    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    certificate_pem: bytes
    key_pem: bytes
    signing: SigningKey
    fingerprint: str


def identity(kind: str = "P-256", serial: int = 1) -> Identity:
    """Returns an identity, always the same one for the same arguments."""
    return _identity(kind, serial)


@cache
def _identity(kind: str, serial: int) -> Identity:
    return make_identity(new_key(kind), serial=serial)


def new_key(kind: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    if kind.startswith("RSA-"):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind[4:]))
    curves = {
        "P-224": ec.SECP224R1(),
        "P-256": ec.SECP256R1(),
        "P-384": ec.SECP384R1(),
        "P-521": ec.SECP521R1(),
    }
    return ec.generate_private_key(curves[kind])


def certificate_for(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    *,
    serial: int = 1,
    start: datetime = NOW - timedelta(days=365),
    end: datetime = NOW + timedelta(days=36500),
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ven1.example")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(end)
        .sign(key, SHA256())
    )


def make_identity(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, serial: int = 1
) -> Identity:
    certificate = certificate_for(key, serial=serial)
    pem = certificate.public_bytes(Encoding.PEM)
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    der = certificate.public_bytes(Encoding.DER)
    return Identity(
        private=key,
        certificate=certificate,
        certificate_pem=pem,
        key_pem=key_pem,
        signing=SigningKey.load(pem, key_pem),
        fingerprint=hashlib.sha256(der).digest()[-10:].hex(":").upper(),
    )


def cache_of_nonces() -> ReplayCache:
    return ReplayCache(tolerance=TOLERANCE)


def signed(message: Message = POLL, who: Identity | None = None, nonce: str = "n-1") -> bytes:
    return sign(message, (who or identity()).signing, now=NOW, nonce=nonce)


def check(
    document: bytes | etree._Element,
    *,
    trusted: PeerKey | Fingerprints | None = None,
    validate: bool = True,
    replay: ReplayCache | None = None,
    now: datetime = NOW,
    liberal: bool = False,
) -> etree._Element:
    """Verifies as a receiver who knows ``identity()`` by its fingerprint."""
    root = parse(document, validate=validate) if isinstance(document, bytes) else document
    return verify(
        root,
        trusted=trusted or Fingerprints(identity().fingerprint),
        now=now,
        replay=replay or cache_of_nonces(),
        who="ven_1234",
        liberal=liberal,
    )


def messages() -> Iterator[Message]:
    """Messages with what canonicalisation has to get right in them."""
    yield POLL
    yield Poll(ven_id="Tom & Co <b>\"'> \r\n\t ünïcode \U0001f50c")
    yield Response(response=EiResponse(code=200, request_id=""), ven_id="ven_1234")
    yield CreatePartyRegistration(
        request_id="r", xml_signature=True, ven_name="", http_pull_model=True
    )
    yield update_report(3)
    yield green_button()


def update_report(count: int) -> UpdateReport:
    intervals = tuple(
        Interval(
            dtstart=NOW + timedelta(minutes=n),
            uid=str(n),
            payloads=(ReportPayload(r_id="power", value=Decimal(n) / 10),),
        )
        for n in range(count)
    )
    report = Report(
        intervals=intervals,
        report_request_id="rr",
        report_specifier_id="rs",
        created_date_time=NOW,
    )
    return UpdateReport(request_id="r", reports=(report,), ven_id="ven_1234")


def green_button() -> UpdateReport:
    """Returns a report with foreign XML in it, which declares a namespace again and again."""
    atom = 'xmlns:atom="http://www.w3.org/2005/Atom"'
    feed = RawXml(
        xml=f"<atom:feed {atom}><atom:id {atom}>urn:x</atom:id><atom:title>Tom &amp; Co"
        "</atom:title><atom:updated>2025-06-01T12:00:00Z</atom:updated></atom:feed>"
    )
    report = Report(
        intervals=(Interval(dtstart=NOW, payloads=(GreenButtonPayload(feed=feed),)),),
        report_request_id="rr",
        report_specifier_id="rs",
        created_date_time=NOW,
    )
    return UpdateReport(request_id="r", reports=(report,), ven_id="ven_1234")


def reseal(root: etree._Element, who: Identity | None = None) -> etree._Element:
    """Computes digests and signature again, as a holder of the key could for any content."""
    who = who or identity()
    signature = root.find("ds:Signature", NS)
    for reference in signature.iterfind("ds:SignedInfo/ds:Reference", NS):
        found = root.xpath("//*[@*[local-name()='Id']=$id]", id=reference.get("URI")[1:])
        data = _canonical(found[0] if found else _without_signature(root), reference)
        reference.find("ds:DigestValue", NS).text = b64encode(hashlib.sha256(data).digest())
    info = signature.find("ds:SignedInfo", NS)
    value = who.signing.sign(_canonical(info, info.find("ds:CanonicalizationMethod", NS)))
    signature.find("ds:SignatureValue", NS).text = b64encode(value)
    return root


def _canonical(element: etree._Element, how: etree._Element) -> bytes:
    if b"xml-exc-c14n" in etree.tostring(how):
        data: bytes = etree.tostring(element, method="c14n", exclusive=True)
        return data
    return canonical_model(element)


def _without_signature(root: etree._Element) -> etree._Element:
    copy = etree.fromstring(etree.tostring(root))
    signature = copy.find("ds:Signature", NS)
    copy.text = (copy.text or "") + (signature.tail or "")
    copy.remove(signature)
    return copy
