"""Verifies the signature of a message, in the order in which one may trust its parts.

1. The payload is a signature and a signed object, and nothing else.
2. The peer's key comes from outside the message. ``KeyInfo`` can at most bring the
   certificate for a fingerprint that was known before.
3. That key signed ``SignedInfo``, by the one algorithm that fits it.
4. ``SignedInfo`` holds two references. One names the signed object, the other the
   properties of this signature, and both digests match.
5. The properties hold one ``ReplayProtect``; it is timely and new. Only then is its nonce
   remembered.

Wrapping attacks move what was signed to where nobody reads it. Here an element is never
searched by its Id: the elements that may be signed are taken by their place, and a
reference must name one of them. What ``verify`` returns is the element whose digest it
computed.

The steps are written out on lxml and cryptography. ``signxml`` prints and parses the whole
document again for each reference and trusts any element that has the Id, so it serves as
the cross-check in the tests.

A comment inside the signed object is dropped by ``codec.parse``. With a canonicalisation
that keeps comments such a message does not verify, which is on the safe side.

Spec: rule 514; profile specification, section 10.6.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime

from lxml import etree

from oadr.codec.namespaces import qname
from oadr.errors import SignatureError
from oadr.signature import xmldsig
from oadr.signature.keys import PeerKey, Trusted
from oadr.signature.replay import ReplayCache
from oadr.signature.xmldsig import binary, canonical, digest, local_name, text

_PAYLOAD = qname("oadr:oadrPayload")
_SIGNED_OBJECT = qname("oadr:oadrSignedObject")
_PROTECT_PATH = "/".join(
    (xmldsig.OBJECT, xmldsig.PROPERTIES, xmldsig.PROPERTY, xmldsig.REPLAY_PROTECT)
)
#: Elements below ``ds:Signature`` that a reference may name to cover ``ReplayProtect``.
_COVERING = (xmldsig.OBJECT, xmldsig.PROPERTIES, xmldsig.PROPERTY)
_IDS = etree.XPath(
    "count(//@*[local-name() = 'Id' or local-name() = 'ID' or local-name() = 'id'][. = $value])"
)

_Canonicalisations = Mapping[str, tuple[bool, bool]]


def is_signed(root: etree._Element) -> bool:
    """Returns whether a payload carries a signature, good or bad."""
    return len(root) > 0 and root[0].tag == xmldsig.SIGNATURE


def verify(
    root: etree._Element,
    *,
    trusted: Trusted,
    now: datetime,
    replay: ReplayCache,
    who: str,
    liberal: bool = False,
) -> etree._Element:
    """Returns the ``oadrSignedObject`` that the peer signed, once everything is checked.

    Args:
        root: the payload as ``codec.parse`` returns it.
        trusted: the peer's key, or fingerprints of its certificates.
        now: the receiver's clock.
        replay: what was received already; it also holds the tolerance for timestamps.
        who: the peer, as ``replay`` is to count it.
        liberal: also accept exclusive canonicalisation, version 1.1 of it, the enveloped
            transform, and the whole document (``URI=""``) in place of the signed object,
            which some toolkits write against the profile.

    Raises:
        SignatureError: there is no signature, or it must not be trusted.
    """
    signature, signed_object = _parts(root)
    known = trusted.key_for(_certificates(signature))
    _check_validity(known, now)
    methods = xmldsig.LIBERAL_C14N if liberal else xmldsig.STRICT_C14N
    signed_info = _check_signed_info(signature, known, methods)
    protected = _check_references(signed_info, signature, signed_object, methods, liberal)
    timestamp, nonce = _replay_protect(signature, protected)
    replay.admit(who, nonce, timestamp, now)
    return signed_object


def _parts(root: etree._Element) -> tuple[etree._Element, etree._Element]:
    """Returns the signature and the signed object: the only children of the payload."""
    if not is_signed(root):
        raise SignatureError("the message is not signed")
    if root.tag != _PAYLOAD or [child.tag for child in root[1:]] != [_SIGNED_OBJECT]:
        raise SignatureError("the payload is not one signature and one oadrSignedObject")
    signature, signed_object = root
    return signature, signed_object


def _certificates(signature: etree._Element) -> Iterator[bytes]:
    return (binary(element) for element in signature.iterfind(xmldsig.CERTIFICATE_PATH))


def _check_validity(known: PeerKey, now: datetime) -> None:
    if not known.not_before <= now <= known.not_after:
        raise SignatureError("the peer's certificate has expired or is not valid yet", rule="R516")


def _check_signed_info(
    signature: etree._Element, known: PeerKey, methods: _Canonicalisations
) -> etree._Element:
    """Returns ``SignedInfo`` after its signature has been checked with the known key."""
    signed_info = _only(signature, xmldsig.SIGNED_INFO)
    exclusive, comments = _canonicalisation(
        _only(signed_info, xmldsig.CANONICALIZATION_METHOD), methods
    )
    known.check(
        _algorithm(_only(signed_info, xmldsig.SIGNATURE_METHOD)),
        binary(_only(signature, xmldsig.SIGNATURE_VALUE)),
        canonical(signed_info, exclusive=exclusive, with_comments=comments),
    )
    return signed_info


def _check_references(
    signed_info: etree._Element,
    signature: etree._Element,
    signed_object: etree._Element,
    methods: _Canonicalisations,
    liberal: bool,
) -> etree._Element:
    """Returns what is signed beside the signed object, all digests checked."""
    references = signed_info.findall(xmldsig.REFERENCE)
    if len(references) != 2:
        raise SignatureError("the signature does not have exactly two references")
    places = _places(signature, signed_object)
    covered = []
    for reference in references:
        element = _referenced(reference.get("URI", ""), places, signed_object, liberal)
        _check_digest(reference, element, methods)
        covered.append(element)
    # In the liberal case the copy of the whole document stands for the signed object in it.
    others = [element for element in covered if element.tag not in (_SIGNED_OBJECT, _PAYLOAD)]
    if len(others) != 1:
        raise SignatureError("the references are not one signed object and one ds:Object")
    return others[0]


def _places(signature: etree._Element, signed_object: etree._Element) -> dict[str, etree._Element]:
    """Returns URI -> element, for the elements that a reference may name."""
    elements = (signed_object, *signature.iterdescendants(*_COVERING))
    return {f"#{_identifier(element)}": element for element in elements if _identifier(element)}


def _referenced(
    uri: str, places: Mapping[str, etree._Element], signed_object: etree._Element, liberal: bool
) -> etree._Element:
    """Returns the element that a reference names.

    An Id that occurs twice in the document is refused: the digest would bind our element,
    but another reader of the same message might find the other one.
    """
    if liberal and uri == "":
        return _whole(signed_object)
    if uri not in places:
        raise SignatureError("a reference names neither the signed object nor the properties")
    if _IDS(signed_object, value=uri[1:]) != 1:
        raise SignatureError("an Id occurs twice in the document")
    return places[uri]


def _identifier(element: etree._Element) -> str | None:
    """Returns the Id; the schema qualifies the one of ``oadrSignedObject``."""
    name = qname("oadr:Id") if element.tag == _SIGNED_OBJECT else "Id"
    value: str | None = element.get(name)
    return value


def _check_digest(
    reference: etree._Element, element: etree._Element, methods: _Canonicalisations
) -> None:
    exclusive, comments = _transforms(reference, methods)
    if _algorithm(_only(reference, xmldsig.DIGEST_METHOD)) != xmldsig.SHA256:
        raise SignatureError("the digest algorithm is not SHA-256")
    data = canonical(element, exclusive=exclusive, with_comments=comments)
    if binary(_only(reference, xmldsig.DIGEST_VALUE)) != digest(data):
        raise SignatureError("the message is not what was signed: a digest differs")


def _transforms(reference: etree._Element, methods: _Canonicalisations) -> tuple[bool, bool]:
    """Returns how to canonicalise a reference; inclusive if it does not say.

    The enveloped transform takes the signature out of what is signed. It makes no
    difference to an element beside the signature; ``_whole`` does it for the document.
    """
    transforms = reference.find(xmldsig.TRANSFORMS)
    found = [] if transforms is None else list(transforms)
    if methods is xmldsig.LIBERAL_C14N and found and _algorithm(found[0]) == xmldsig.ENVELOPED:
        del found[0]
    if len(found) > 1:
        raise SignatureError("a reference has more transforms than canonicalisation")
    return _canonicalisation(found[0], methods) if found else (False, False)


def _canonicalisation(element: etree._Element, methods: _Canonicalisations) -> tuple[bool, bool]:
    try:
        return methods[_algorithm(element)]
    except KeyError:
        raise SignatureError("a transform or canonicalisation is not accepted") from None


def _algorithm(element: etree._Element) -> str:
    """Returns the algorithm; parameters would change what it does, so there are none."""
    if len(element) or (element.text or "").strip():
        raise SignatureError(f"{local_name(element)} has parameters")
    return str(element.get("Algorithm", ""))


def _whole(signed_object: etree._Element) -> etree._Element:
    """Returns a copy of the document without its signature, the text around it kept."""
    root = deepcopy(signed_object.getparent())
    signature = root[0]
    root.text = (root.text or "") + (signature.tail or "")
    root.remove(signature)
    return root


def _replay_protect(signature: etree._Element, protected: etree._Element) -> tuple[datetime, str]:
    """Returns timestamp and nonce of the one ``ReplayProtect``, which must be signed."""
    found = signature.findall(_PROTECT_PATH)
    if len(found) != 1 or protected not in found[0].iterancestors():
        raise SignatureError("the signature does not cover exactly one ReplayProtect")
    moment = text(_only(found[0], xmldsig.TIMESTAMP)).strip()
    return _timestamp(moment), text(_only(found[0], xmldsig.NONCE))


def _timestamp(moment: str) -> datetime:
    """Reads an ``xs:dateTime``; without an offset it is taken as UTC, as elsewhere (R1)."""
    try:
        timestamp = datetime.fromisoformat(moment)
    except ValueError:
        raise SignatureError("the timestamp of ReplayProtect is not a date-time") from None
    return timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)


def _only(parent: etree._Element, tag: str) -> etree._Element:
    """Returns the one child with this tag."""
    found = parent.findall(tag)
    if len(found) != 1:
        name = etree.QName(tag).localname
        raise SignatureError(f"{local_name(parent)} does not have exactly one {name}")
    return found[0]
