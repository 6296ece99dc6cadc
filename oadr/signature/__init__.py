"""XML signatures: what OpenADR 2.0b calls "High" security.

``sign`` writes a complete signed document. ``verify`` checks one and returns the element
that the signature covers; decode that element and nothing else:

    root = codec.parse(data)
    signed_object = verify(root, trusted=..., now=now, replay=cache, who=ven_id)
    message = codec.message_of(signed_object)

``SigningKey`` is our own key and certificate, ``PeerKey`` and ``Fingerprints`` are the two
ways to know a peer, ``ReplayCache`` remembers what was received already.

Spec: rule 514.
"""

from oadr.signature.keys import Fingerprints, PeerKey, SigningKey, Trusted
from oadr.signature.replay import MAX_NONCE, ReplayCache
from oadr.signature.sign import sign
from oadr.signature.verify import is_signed, verify

__all__ = [
    "MAX_NONCE",
    "Fingerprints",
    "PeerKey",
    "ReplayCache",
    "SigningKey",
    "Trusted",
    "is_signed",
    "sign",
    "verify",
]
