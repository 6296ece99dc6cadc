"""Signs messages: a detached ``ds:Signature`` in front of ``oadrSignedObject``.

The document is written with empty digests, parsed as every receiver will parse it, and
the digests and the signature are computed on that tree. So the namespaces in scope, which
inclusive canonicalisation takes in, are those of the document that is sent. ``signxml``
can do this too, but only on a tree of its own and at several times the cost; the tests
have it verify what is written here.

Spec: rule 514; profile specification, section 10.6.
"""

from base64 import b64encode
from datetime import datetime

from lxml import etree

from oadr.codec import SIGNED_OBJECT_ID, LeftOut, parse, wrap
from oadr.codec.namespaces import NAMESPACES
from oadr.codec.plain import NOTHING
from oadr.codec.text import escape
from oadr.messages import Message
from oadr.signature.keys import SigningKey
from oadr.signature.replay import MAX_NONCE
from oadr.signature.xmldsig import C14N, SHA256, canonical, digest
from oadr.times import format_datetime

_SIGNATURE_ID = "oadrSignature"
_OBJECT_ID = "oadrReplayProtect"


def sign(
    message: Message,
    key: SigningKey,
    *,
    now: datetime,
    nonce: str,
    leave_out: LeftOut = NOTHING,
) -> bytes:
    """Returns the complete signed document for a message.

    Args:
        message: what to send.
        key: whose signature it gets.
        now: the moment of sending.
        nonce: 1 to 256 characters that this key never signed before; 16 random bytes in
            hexadecimal serve well.
        leave_out: optional things that the receiver chokes on.

    Raises:
        ValueError: the nonce is empty or too long.
    """
    if not 0 < len(nonce) <= MAX_NONCE:
        raise ValueError(f"nonce has {len(nonce)} characters; expected 1 to {MAX_NONCE}")
    document = wrap(
        message, _skeleton(key, format_datetime(now), escape(nonce)), leave_out=leave_out
    )
    root = parse(document, max_bytes=len(document), validate=False)
    signature, signed_object = root
    signed_info, signature_value, _, protected = signature
    for reference, element in zip(signed_info[2:], (signed_object, protected), strict=True):
        reference[-1].text = b64encode(digest(canonical(element))).decode()
    signature_value.text = b64encode(key.sign(canonical(signed_info))).decode()
    signed: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return signed


def _skeleton(key: SigningKey, timestamp: str, nonce: str) -> str:
    """Returns the signature with its digests and its value left empty."""
    return (
        f'<ds:Signature xmlns:ds="{NAMESPACES["ds"]}" Id="{_SIGNATURE_ID}">'
        f'<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{C14N}"/>'
        f'<ds:SignatureMethod Algorithm="{key.method}"/>'
        f"{_reference(SIGNED_OBJECT_ID)}{_reference(_OBJECT_ID)}</ds:SignedInfo>"
        "<ds:SignatureValue/><ds:KeyInfo><ds:X509Data>"
        f"<ds:X509Certificate>{key.certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        f'<ds:Object Id="{_OBJECT_ID}"><ds:SignatureProperties>'
        f'<ds:SignatureProperty Target="#{_SIGNATURE_ID}">'
        f'<dsp:ReplayProtect xmlns:dsp="{NAMESPACES["dsp"]}">'
        f"<dsp:timestamp>{timestamp}</dsp:timestamp><dsp:nonce>{nonce}</dsp:nonce>"
        "</dsp:ReplayProtect></ds:SignatureProperty></ds:SignatureProperties></ds:Object>"
        "</ds:Signature>"
    )


def _reference(identifier: str) -> str:
    return (
        f'<ds:Reference URI="#{identifier}">'
        f'<ds:Transforms><ds:Transform Algorithm="{C14N}"/></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue/></ds:Reference>'
    )
