"""What others sign we verify, what we sign others verify: openleadr, signxml, xmlsec1."""

import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree
from openleadr import messaging
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidDigest
from signxml.verifier import SignatureConfiguration, XMLVerifier

from oadr.codec import message_of, parse
from oadr.errors import SignatureError
from oadr.messages import Message
from oadr.signature import Fingerprints, PeerKey, sign
from tests.oadr.signature_cases import (
    DS,
    ENVELOPED,
    NOW,
    NS,
    POLL,
    check,
    identity,
    messages,
    reseal,
    signed,
)

KINDS = ["P-256", "RSA-2048"]
XMLSEC = shutil.which("xmlsec1")
needs_xmlsec = pytest.mark.skipif(XMLSEC is None, reason="the program xmlsec1 is not installed")


def trusted(kind: str) -> Fingerprints:
    return Fingerprints(identity(kind).fingerprint)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", range(6))
def test_openleadr_verifies_what_we_sign(kind: str, number: int) -> None:
    message = list(messages())[number]
    document = sign(
        message, identity(kind).signing, now=datetime.now(UTC), nonce=f"{kind}-{number}"
    )
    tree = messaging.validate_xml_schema(document)  # type: ignore[no-untyped-call]
    messaging.validate_xml_signature(tree, identity(kind).fingerprint)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("kind", KINDS)
def test_we_verify_what_openleadr_signs(kind: str) -> None:
    who = identity(kind)
    document = messaging.create_message(  # type: ignore[no-untyped-call]
        "oadrPoll", cert=who.certificate_pem, key=who.key_pem, ven_id="ven_1234"
    )
    accepted = check(document.encode(), trusted=trusted(kind), now=datetime.now(UTC))
    assert message_of(accepted) == POLL


def test_openleadr_refuses_what_was_changed_after_we_signed_it() -> None:
    document = sign(POLL, identity().signing, now=datetime.now(UTC), nonce="changed")
    tree = messaging.validate_xml_schema(document.replace(b"ven_1234", b"ven_1235"))  # type: ignore[no-untyped-call]
    with pytest.raises(InvalidDigest):
        messaging.validate_xml_signature(tree)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", range(6))
def test_signxml_verifies_what_we_sign_and_sees_the_same_message(kind: str, number: int) -> None:
    message: Message = list(messages())[number]
    method = SignatureMethod.RSA_SHA256 if kind == "RSA-2048" else SignatureMethod.ECDSA_SHA256
    results = XMLVerifier().verify(
        signed(message, identity(kind)),
        x509_cert=identity(kind).certificate,
        expect_config=SignatureConfiguration(
            location="./",
            expect_references=2,
            signature_methods=frozenset({method}),
            digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        ),
    )
    assert isinstance(results, list)
    assert message_of(results[0].signed_xml) == message_of(
        check(signed(message, identity(kind)), trusted=trusted(kind))
    )


# Documents as other toolkits lay them out: default namespaces, unused prefixes, line breaks.
LAYOUTS = {
    "default namespaces": """<?xml version="1.0"?>
<oadrPayload xmlns="http://openadr.org/oadr-2.0b/2012/07" xmlns:unused="urn:unused"
    xmlns:o="http://openadr.org/oadr-2.0b/2012/07">
  <Signature xmlns="http://www.w3.org/2000/09/xmldsig#" xmlns:more="urn:more">{signature}
  </Signature>
  <oadrSignedObject o:Id="oadrSignedObject">
    <oadrPoll xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110"
      ei:schemaVersion="2.0b"><venID xmlns="http://docs.oasis-open.org/ns/energyinterop/201110"
      >ven_1234</venID></oadrPoll>
  </oadrSignedObject>
</oadrPayload>""",
    "prefixes declared twice": """<a:oadrPayload xmlns:a="http://openadr.org/oadr-2.0b/2012/07"
    xmlns="urn:default" xmlns:p="urn:p"><p:Signature xmlns="http://www.w3.org/2000/09/xmldsig#"
    xmlns:p="http://www.w3.org/2000/09/xmldsig#">{signature}</p:Signature>
    <a:oadrSignedObject xmlns="" xmlns:p="urn:q" a:Id="oadrSignedObject"><a:oadrPoll
      xmlns:p="http://docs.oasis-open.org/ns/energyinterop/201110" p:schemaVersion='2.0b'
      ><p:venID ><![CDATA[ven_]]>&#49;234</p:venID></a:oadrPoll></a:oadrSignedObject>
      </a:oadrPayload>""",
}
METHOD = {
    "P-256": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "RSA-2048": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
}
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"


def reference(uri: str, transforms: Sequence[str]) -> str:
    listed = "".join(f'<Transform Algorithm="{each}"/>' for each in transforms)
    return f"""
      <Reference URI="{uri}">{f"<Transforms>{listed}</Transforms>" if transforms else ""}
        <DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
        <DigestValue></DigestValue></Reference>"""


def template(
    layout: str,
    kind: str = "P-256",
    *,
    c14n: str = C14N,
    transforms: Sequence[str] = (C14N,),
    uri: str = "#oadrSignedObject",
) -> bytes:
    """Returns a document with everything but the values of digests and signature."""
    signature = f"""
    <SignedInfo>
      <CanonicalizationMethod Algorithm="{c14n}"/>
      <SignatureMethod Algorithm="{METHOD[kind]}"/>{reference(uri, transforms)}{
        reference("#prop", [each for each in transforms if each != ENVELOPED])
    }
    </SignedInfo>
    <SignatureValue></SignatureValue>
    <KeyInfo><X509Data><X509Certificate>{identity(kind).signing.certificate}</X509Certificate>
    </X509Data></KeyInfo>
    <Object Id="prop"><SignatureProperties><SignatureProperty Target="">
      <q:ReplayProtect xmlns:q="http://openadr.org/oadr-2.0b/2012/07/xmldsig-properties">
        <q:timestamp>2025-06-01T12:00:00.5Z</q:timestamp><q:nonce>abc</q:nonce>
      </q:ReplayProtect></SignatureProperty></SignatureProperties></Object>"""
    return LAYOUTS[layout].format(signature=signature).encode()


def xmlsec(tmp_path: Path, document: bytes, kind: str, *command: str) -> bytes:
    """Runs xmlsec1 on a document and returns what it writes."""
    (tmp_path / "document.xml").write_bytes(document)
    (tmp_path / "key.pem").write_bytes(identity(kind).key_pem)
    (tmp_path / "certificate.pem").write_bytes(identity(kind).certificate_pem)
    run = subprocess.run(
        [
            str(XMLSEC),
            *command,
            "--id-attr:Id",
            "http://openadr.org/oadr-2.0b/2012/07:oadrSignedObject",
            "--id-attr:Id",
            f"{DS}:Object",
            "document.xml",
        ],
        cwd=tmp_path,
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


@needs_xmlsec
@pytest.mark.parametrize("kind", KINDS)
def test_xmlsec1_verifies_what_we_sign(kind: str, tmp_path: Path) -> None:
    for message in messages():
        document = signed(message, identity(kind))
        xmlsec(tmp_path, document, kind, "--verify", "--pubkey-cert-pem", "certificate.pem")


@needs_xmlsec
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("comments", ["", "#WithComments"])
def test_we_verify_what_xmlsec1_signs_in_any_layout(
    layout: str, kind: str, comments: str, tmp_path: Path
) -> None:
    how = f"{C14N}{comments}"
    document = template(layout, kind, c14n=how, transforms=[how])
    sealed = xmlsec(tmp_path, document, kind, "--sign", "--privkey-pem", "key.pem,certificate.pem")
    assert message_of(check(sealed, trusted=trusted(kind))) == POLL


LIBERAL: list[dict[str, object]] = [
    {"transforms": [ENVELOPED, C14N]},
    {"transforms": [ENVELOPED], "uri": ""},
    {"transforms": [ENVELOPED, C14N], "uri": ""},
    {"c14n": "http://www.w3.org/2001/10/xml-exc-c14n#"},
    {"transforms": ["http://www.w3.org/2001/10/xml-exc-c14n#"]},
    {"transforms": [ENVELOPED, "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"], "uri": ""},
    {"c14n": "http://www.w3.org/2006/12/xml-c14n11"},
    {"transforms": ["http://www.w3.org/2006/12/xml-c14n11"]},
]


@needs_xmlsec
@pytest.mark.parametrize("how", LIBERAL, ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_stands_against_the_profile_passes_only_if_configured(
    layout: str, how: dict[str, object], tmp_path: Path
) -> None:
    document = template(layout, **how)  # type: ignore[arg-type]
    sealed = xmlsec(
        tmp_path, document, "P-256", "--sign", "--privkey-pem", "key.pem,certificate.pem"
    )
    with pytest.raises(SignatureError):
        check(sealed)
    assert message_of(check(sealed, liberal=True)) == POLL
    with pytest.raises(SignatureError):
        check(sealed.replace(b"234<", b"235<").replace(b"234]", b"235]"), liberal=True)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_key_value_instead_of_a_certificate_needs_a_key_that_is_known(layout: str) -> None:
    root = reseal(parse(template(layout), validate=False))
    info = root.find("ds:Signature/ds:KeyInfo", NS)
    info.clear()
    value = etree.SubElement(info, f"{{{DS}}}KeyValue")
    etree.SubElement(value, "{http://www.w3.org/2009/xmldsig11#}ECKeyValue")
    check(root, trusted=PeerKey.of(identity().certificate), now=NOW)
    with pytest.raises(SignatureError, match="no certificate"):
        check(root)
