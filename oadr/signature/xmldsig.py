"""The words of XML Signature that this profile uses, and how bytes come from elements."""

import hashlib
from base64 import b64decode

from lxml import etree

from oadr.codec.namespaces import qname
from oadr.errors import SignatureError

SIGNATURE = qname("ds:Signature")
SIGNED_INFO = qname("ds:SignedInfo")
SIGNATURE_VALUE = qname("ds:SignatureValue")
CANONICALIZATION_METHOD = qname("ds:CanonicalizationMethod")
SIGNATURE_METHOD = qname("ds:SignatureMethod")
REFERENCE = qname("ds:Reference")
TRANSFORMS = qname("ds:Transforms")
TRANSFORM = qname("ds:Transform")
DIGEST_METHOD = qname("ds:DigestMethod")
DIGEST_VALUE = qname("ds:DigestValue")
OBJECT = qname("ds:Object")
PROPERTIES = qname("ds:SignatureProperties")
PROPERTY = qname("ds:SignatureProperty")
REPLAY_PROTECT = qname("dsp:ReplayProtect")
TIMESTAMP = qname("dsp:timestamp")
NONCE = qname("dsp:nonce")

#: Where certificates stand below ``ds:Signature``.
CERTIFICATE_PATH = "/".join(qname(f"ds:{n}") for n in ("KeyInfo", "X509Data", "X509Certificate"))

C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

#: Canonicalisation -> whether it is exclusive, whether it keeps comments.
STRICT_C14N = {C14N: (False, False), f"{C14N}#WithComments": (False, True)}
#: What other toolkits do by default. Without ``xml:`` attributes around the element,
#: which ``canonical`` refuses, version 1.1 gives the same bytes as 1.0.
LIBERAL_C14N = STRICT_C14N | {
    "http://www.w3.org/2006/12/xml-c14n11": (False, False),
    "http://www.w3.org/2006/12/xml-c14n11#WithComments": (False, True),
    "http://www.w3.org/2001/10/xml-exc-c14n#": (True, False),
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments": (True, True),
}

_XML_ATTRIBUTE = "{http://www.w3.org/XML/1998/namespace}"


def canonical(
    element: etree._Element, *, exclusive: bool = False, with_comments: bool = False
) -> bytes:
    """Returns an element in canonical form, as it stands in its document.

    Inclusive canonicalisation draws two things from the elements around it: namespaces in
    scope and ``xml:`` attributes. The schema allows no ``xml:`` attribute on anything
    around a signed element, and lxml would leave it out, so one is refused.

    Raises:
        SignatureError: an outer element has such an attribute, or a namespace is not an
            absolute URI.
    """
    for outer in element.iterancestors():
        if any(name.startswith(_XML_ATTRIBUTE) for name in outer.attrib):
            raise SignatureError("an element around a signed one has an xml: attribute")
    try:
        data: bytes = etree.tostring(
            _self_contained(element),
            method="c14n",
            exclusive=exclusive,
            with_comments=with_comments,
        )
    except (etree.C14NError, etree.XMLSyntaxError):
        raise SignatureError("a signed element has no canonical form") from None
    return data


def _self_contained(element: etree._Element) -> etree._Element:
    """Returns an element as the root of a document, with every namespace in scope declared.

    lxml canonicalises a part of a document on a copy of its first element. The rest still
    points to the namespaces of the original, which libxml2 takes for others: elements in a
    default namespace may get an ``xmlns=""``, and a prefix that is declared again may be
    written again. Only a whole document comes out right.
    """
    if element.getparent() is None:
        return element
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.fromstring(etree.tostring(element, with_tail=False), parser)


def digest(data: bytes) -> bytes:
    """Returns the SHA-256 digest."""
    return hashlib.sha256(data).digest()


def binary(element: etree._Element) -> bytes:
    """Returns what an element holds in base64; white space in it does not count.

    Raises:
        SignatureError: it holds something else.
    """
    try:
        return b64decode("".join(text(element).split()), validate=True)
    except ValueError:
        raise SignatureError(f"{local_name(element)} is not base64") from None


def text(element: etree._Element) -> str:
    """Returns the text of an element that has nothing else in it.

    Raises:
        SignatureError: there are elements or comments in it.
    """
    if len(element):
        raise SignatureError(f"{local_name(element)} holds more than text")
    return element.text or ""


def local_name(element: etree._Element) -> str:
    """Returns the name of an element for an error text."""
    return str(etree.QName(element).localname)
