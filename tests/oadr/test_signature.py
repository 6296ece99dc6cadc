"""Signed messages, sent and received: what passes, and what each fault is answered with."""

from datetime import timedelta

import pytest
from lxml import etree

from oadr.codec import encode, message_of, parse
from oadr.errors import SignatureError
from oadr.messages import Message
from oadr.signature import Fingerprints, PeerKey, ReplayCache, is_signed, sign, verify
from tests.oadr.signature_cases import (
    DS,
    NOW,
    NS,
    POLL,
    TOLERANCE,
    cache_of_nonces,
    certificate_for,
    check,
    identity,
    messages,
    new_key,
    reseal,
    signed,
    update_report,
)

KINDS = ["P-256", "P-384", "P-521", "RSA-2048"]
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
SECOND = timedelta(seconds=1)


def refusal(document: bytes | etree._Element, **how: object) -> str:
    with pytest.raises(SignatureError) as caught:
        check(document, **how)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("message", list(messages()), ids=lambda m: type(m).__name__)
def test_r514_a_signed_message_arrives_as_it_was(kind: str, message: Message) -> None:
    who = identity(kind)
    for trusted in (Fingerprints(who.fingerprint), PeerKey.of(who.certificate)):
        received = message_of(check(signed(message, who), trusted=trusted))
        # What XML cannot carry, or collapses, is the codec's affair.
        assert received == message_of(parse(encode(message))[0])


def test_what_is_returned_is_the_element_of_the_document_and_not_a_copy() -> None:
    root = parse(signed())
    assert check(root) is root[1]


def test_an_unsigned_message_is_told_from_a_signed_one() -> None:
    assert is_signed(parse(signed()))
    assert not is_signed(parse(encode(POLL)))
    assert "not signed" in refusal(encode(POLL))


def test_a_reason_names_the_rule() -> None:
    assert refusal(encode(POLL)).endswith("(R514)")


TAMPERING = {
    "the message": (b"ven_1234", b"ven_1235", "a digest differs"),
    "its attribute": (b'schemaVersion="2.0b"', b'schemaVersion="2.0c"', "a digest differs"),
    "white space": (b"<oadr:oadrPoll", b" <oadr:oadrPoll", "a digest differs"),
    "the timestamp": (b"2025-06-01T12:00:00Z", b"2025-06-01T12:00:01Z", "a digest differs"),
    "the nonce": (b">n-1<", b">n-2<", "a digest differs"),
    "a namespace in scope": (b'xmlns:gml="http', b'xmlns:gml2="http', "known key"),
    "a digest": (b"DigestValue>", b"DigestValue>AAAA", "known key"),
    "what is referred to": (b"URI=", b'Type="urn:x" URI=', "known key"),
    "the signature": (b"SignatureValue>", b"SignatureValue>AAAA", "known key"),
    "no base64": (b"<ds:SignatureValue>", b"<ds:SignatureValue>*", "not base64"),
    "the certificate": (b"X509Certificate>MII", b"X509Certificate>MIJ", "peer's fingerprint"),
}


@pytest.mark.parametrize("part", TAMPERING)
def test_a_change_in_any_part_is_noticed(part: str) -> None:
    old, new, reason = TAMPERING[part]
    document = signed()
    assert old in document
    assert reason in refusal(document.replace(old, new, 1), validate=False)


def test_a_signature_by_another_key_is_refused_either_way_of_knowing() -> None:
    document = signed(who=identity(serial=2))
    assert "no certificate with the peer's fingerprint" in refusal(document)
    assert "not made by the peer's known key" in refusal(
        document, trusted=PeerKey.of(identity().certificate)
    )


def test_y7_a_certificate_that_is_trusted_does_not_help_another_key() -> None:
    stolen = identity().signing.certificate
    document = signed(who=identity(serial=2)).replace(
        identity(serial=2).signing.certificate.encode(), stolen.encode()
    )
    assert "not made by the peer's known key" in refusal(document)


def test_both_certificates_of_a_renewal_are_good() -> None:
    trusted = Fingerprints(identity().fingerprint, identity("RSA-2048").fingerprint)
    for kind in ("P-256", "RSA-2048"):
        check(signed(who=identity(kind)), trusted=trusted)


def test_the_certificate_may_stand_anywhere_in_a_chain_and_with_its_subject_name() -> None:
    other = identity(serial=2).signing.certificate.encode()
    document = signed().replace(
        b"<ds:X509Data>",
        b"<ds:X509Data><ds:X509SubjectName>CN=ven1.example</ds:X509SubjectName>"
        b"<ds:X509Certificate>" + other + b"</ds:X509Certificate>",
    )
    check(document)


def key_info(content: str) -> etree._Element:
    root = parse(signed())
    info = root.find("ds:Signature/ds:KeyInfo", NS)
    info.clear()
    info.append(etree.fromstring(f'<x xmlns:ds="{DS}">{content}</x>')[0])
    return root


@pytest.mark.parametrize(
    "content",
    [
        "<ds:KeyName>ven1</ds:KeyName>",
        "<ds:X509Data><ds:X509SubjectName>CN=ven1.example</ds:X509SubjectName></ds:X509Data>",
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AAAA</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>"
        "</ds:RSAKeyValue></ds:KeyValue>",
    ],
)
def test_y7_without_a_certificate_the_key_must_be_known_and_nothing_else_fails(
    content: str,
) -> None:
    document = key_info(content)
    assert "no certificate" in refusal(document)
    check(document, trusted=PeerKey.of(identity().certificate))
    assert "known key" in refusal(
        document, trusted=PeerKey(public_key=identity(serial=2).private.public_key())
    )


def test_without_any_key_info_the_known_key_is_enough() -> None:
    root = parse(signed())
    root[0].remove(root.find("ds:Signature/ds:KeyInfo", NS))
    check(root, trusted=PeerKey.of(identity().certificate))
    assert "no certificate" in refusal(root)


def test_an_algorithm_for_another_kind_of_key_is_refused() -> None:
    known = PeerKey.of(identity("RSA-2048").certificate)
    assert "not the one for the peer's key" in refusal(signed(), trusted=known)


def test_r516_a_certificate_out_of_its_time_is_refused() -> None:
    key = new_key("P-256")
    early = certificate_for(key, start=NOW + SECOND)
    late = certificate_for(key, end=NOW - SECOND)
    for certificate in (early, late):
        assert "R516" in refusal(signed(), trusted=PeerKey.of(certificate))


def test_y6_the_timestamp_is_bounded_in_both_directions() -> None:
    document = signed()
    for direction in (-1, 1):
        check(document, now=NOW + direction * TOLERANCE)
        reason = refusal(document, now=NOW + direction * (TOLERANCE + SECOND))
        assert "check both clocks" in reason


def test_a_message_counts_once() -> None:
    replay = cache_of_nonces()
    check(signed(), replay=replay)
    assert "received before" in refusal(signed(), replay=replay)
    check(signed(nonce="n-2"), replay=replay)


@pytest.mark.parametrize("part", TAMPERING)
def test_nobody_burns_nonces_with_bad_signatures(part: str) -> None:
    old, new, _ = TAMPERING[part]
    replay = cache_of_nonces()
    refusal(signed().replace(old, new, 1), validate=False, replay=replay)
    refusal(signed(who=identity(serial=2)), replay=replay)
    assert replay.size == 0
    check(signed(), replay=replay)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("2025-06-01T12:00:00.987654321Z", 0),
        ("2025-06-01T14:00:30+02:00", 30),
        ("2025-06-01T12:00:10", 10),
        (" 2025-06-01T12:00:00Z\n", 0),
    ],
)
def test_every_way_to_write_a_timestamp_is_understood(written: str, seconds: int) -> None:
    root = parse(signed().replace(b"2025-06-01T12:00:00Z", written.encode()))
    document = etree.tostring(reseal(root))
    check(document)
    refusal(document, now=NOW + (seconds + 1) * SECOND + TOLERANCE)


@pytest.mark.parametrize("written", ["", "now", "2025-13-01T00:00:00Z", "-0001-01-01T00:00:00Z"])
def test_a_timestamp_that_is_none_is_refused(written: str) -> None:
    root = parse(signed().replace(b"2025-06-01T12:00:00Z", written.encode()), validate=False)
    assert "not a date-time" in refusal(reseal(root))


@pytest.mark.parametrize("nonce", ["", "x" * 257])
def test_a_nonce_of_no_use_is_not_written(nonce: str) -> None:
    with pytest.raises(ValueError, match="expected 1 to 256"):
        sign(POLL, identity().signing, now=NOW, nonce=nonce)


def test_a_nonce_is_text_and_never_mark_up() -> None:
    check(signed(nonce="</dsp:nonce><&> \r\n\x00é"))


SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
ALGORITHMS = [
    ("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "peer's key"),
    ("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1", "peer's key"),
    ("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#hmac-sha1", "peer's key"),
    ("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", "peer's key"),
    ("SignatureMethod", "", "peer's key"),
    ("DigestMethod", SHA1, "not SHA-256"),
    ("DigestMethod", "http://www.w3.org/2001/04/xmlenc#sha512", "not SHA-256"),
    ("CanonicalizationMethod", "http://www.w3.org/2001/10/xml-exc-c14n#", "not accepted"),
    ("CanonicalizationMethod", "http://www.w3.org/2006/12/xml-c14n11", "not accepted"),
    ("CanonicalizationMethod", "urn:none", "not accepted"),
    ("Transform", "http://www.w3.org/2001/10/xml-exc-c14n#", "not accepted"),
    ("Transform", f"{DS}enveloped-signature", "not accepted"),
    ("Transform", f"{DS}base64", "not accepted"),
    ("Transform", "http://www.w3.org/TR/1999/REC-xpath-19991116", "not accepted"),
    ("Transform", "http://www.w3.org/TR/1999/REC-xslt-19991116", "not accepted"),
]


@pytest.mark.parametrize(("element", "uri", "reason"), ALGORITHMS)
def test_r514_algorithms_outside_the_profile_are_refused(
    element: str, uri: str, reason: str
) -> None:
    root = parse(signed())
    for found in root.iter(f"{{{DS}}}{element}"):
        found.set("Algorithm", uri)
    assert reason in refusal(reseal(root))


@pytest.mark.parametrize(
    "element", ["SignatureMethod", "DigestMethod", "CanonicalizationMethod", "Transform"]
)
def test_an_algorithm_with_parameters_is_refused(element: str) -> None:
    for content in ("<x/>", "2048"):
        root = parse(signed())
        found = next(root.iter(f"{{{DS}}}{element}"))
        found.append(etree.fromstring("<x/>")) if content == "<x/>" else None
        found.text = None if content == "<x/>" else content
        assert "has parameters" in refusal(reseal(root))


def test_comments_may_be_kept_by_canonicalisation_and_transforms_left_out() -> None:
    document = signed().replace(C14N.encode(), f"{C14N}#WithComments".encode())
    check(reseal(parse(document)))
    root = parse(signed())
    for reference in root.iter(f"{{{DS}}}Reference"):
        reference.remove(reference[0])
    check(reseal(root))


def test_two_transforms_are_one_too_many() -> None:
    root = parse(signed())
    transforms = root.find(".//ds:Transforms", NS)
    transforms.append(etree.fromstring(etree.tostring(transforms[0])))
    assert "more transforms" in refusal(reseal(root))


def test_a_large_report_is_signed_and_verified() -> None:
    message = update_report(2000)
    assert message_of(check(signed(message))) == message


def test_the_tolerance_is_the_one_of_the_cache() -> None:
    replay = ReplayCache(tolerance=timedelta(seconds=1))
    root = parse(signed())
    with pytest.raises(SignatureError, match="too long ago"):
        verify(
            root,
            trusted=Fingerprints(identity().fingerprint),
            now=NOW + 2 * SECOND,
            replay=replay,
            who="ven1",
        )
