"""Message signatures of the VEN: whether it signs, and what it makes of the VTN's.

The library for it is loaded with the first signature, so a VEN without them stays small.

Spec: rule 514.
"""

import logging
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from certs.light import split_fingerprints
from oadr import codec
from oadr.codec import LeftOut
from oadr.errors import SignatureError
from oadr.messages import Message
from runtime.clock import Clock
from runtime.policy import SignaturePolicy
from ven.reading import Document

if TYPE_CHECKING:
    from lxml import etree

    from oadr.signature import ReplayCache, SigningKey

log = logging.getLogger("openadr.ven")

#: Largest difference between the VTN's clock and ours.
TOLERANCE = timedelta(minutes=1)


@dataclass(slots=True, kw_only=True)
class KeyFiles:
    """A signing key that follows its files, so that a renewed certificate counts at once.

    Attributes:
        certificate: PEM file.
        key: PEM file with its private key.
        passphrase: opens the key.
    """

    certificate: Path
    key: Path
    passphrase: str | None = field(default=None, repr=False)
    _loaded: "SigningKey | None" = field(default=None, init=False, repr=False)
    _stamp: tuple[int, ...] = field(default=(), init=False, repr=False)

    def load(self) -> "SigningKey":
        """Returns the key as the files have it.

        Raises:
            OSError: a file cannot be read.
            ValueError: they are not what they should be, or do not fit.
        """
        from oadr.signature import SigningKey

        secret = self.passphrase.encode() if self.passphrase else None
        return SigningKey.load(self.certificate.read_bytes(), self.key.read_bytes(), secret)

    def current(self) -> "SigningKey":
        """Returns the key; while new files cannot be used, the last good one.

        Raises:
            OSError: a file cannot be read, and there is no earlier key.
            ValueError: the same, the files are not what they should be.
        """
        stamp = tuple(
            path.stat().st_mtime_ns if path.exists() else 0 for path in (self.certificate, self.key)
        )
        if self._loaded is not None and stamp == self._stamp:
            return self._loaded
        try:
            self._loaded = self.load()
        except (OSError, ValueError) as error:
            if self._loaded is None:
                raise
            # One of two files has been replaced, the other not yet.
            log.warning("cannot sign with %s yet: %s", self.certificate, error)
        self._stamp = stamp
        return self._loaded


@dataclass(slots=True, kw_only=True)
class Signatures:
    """Signs what is sent and checks what comes.

    Attributes:
        clock: dates the signatures.
        key: our key and certificate, or where they are; None sends unsigned.
        policy: for what comes.
        vtn_fingerprint: OpenADR fingerprint of the VTN's certificate, or several separated by
            commas; without it only
            ``IGNORED`` is possible, because nothing else says whose signature it must be.
        tolerance: largest difference of the clocks.
        leave_out: optional things that the VTN chokes on.
    """

    clock: Clock
    key: "SigningKey | KeyFiles | None" = None
    policy: SignaturePolicy = SignaturePolicy.IGNORED
    vtn_fingerprint: str | None = None
    tolerance: timedelta = TOLERANCE
    leave_out: LeftOut = frozenset()
    _replay: "ReplayCache | None" = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.policy is not SignaturePolicy.IGNORED and not self.vtn_fingerprint:
            raise ValueError(
                f"signatures {self.policy.value!r} need the fingerprint of the VTN's "
                "certificate: give vtn_fingerprint, or set the policy to 'ignored'"
            )

    def encode(self, message: Message) -> bytes:
        """Returns the document to send, signed if there is a key."""
        if self.key is None:
            return codec.encode(message, leave_out=self.leave_out)
        from oadr.signature import sign

        key = self.key.current() if isinstance(self.key, KeyFiles) else self.key
        nonce = secrets.token_hex(16)
        now = self.clock.now()
        return sign(message, key, now=now, nonce=nonce, leave_out=self.leave_out)

    def check(self, document: Document) -> "etree._Element":
        """Returns what holds the message of a document that satisfies the policy.

        The signature is verified on the document as it came. A repair leaves the signature
        alone, and moves nothing into the signed object or out of it, so what is returned is
        what was signed, but for its mistakes.

        Raises:
            XMLError: there is no message.
            SignatureError: the signature is missing or not good.
        """
        if self.policy is SignaturePolicy.IGNORED:
            return codec.signed_object_of(document.root)
        from oadr.signature import Fingerprints, ReplayCache, is_signed, verify

        if not is_signed(document.received):
            if self.policy is SignaturePolicy.REQUIRED:
                raise SignatureError("the VTN did not sign its answer")
            return codec.signed_object_of(document.root)
        if self._replay is None:
            self._replay = ReplayCache(tolerance=self.tolerance)
        covered = verify(
            document.received,
            trusted=Fingerprints(*split_fingerprints(self.vtn_fingerprint or "")),
            now=self.clock.now(),
            replay=self._replay,
            who="vtn",
        )
        return codec.signed_object_of(document.root) if document.repairs else covered
