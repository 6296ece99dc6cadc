"""XML signatures on the VTN's side: a key that follows its files, nonces remembered (R514).

The library for them is loaded with the first key or signature: a VTN without them starts
sooner and stays smaller.
"""

import logging
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lxml import etree

from certs.light import stamp
from oadr import messages as m
from oadr.errors import SignatureError
from runtime.errors import ConfigError
from vtn.config import Settings, signing_passphrase_of
from vtn.desk import Caller
from vtn.services.poll import document

if TYPE_CHECKING:
    from oadr.signature import ReplayCache, SigningKey


log = logging.getLogger("openadr.vtn")


class Signatures:
    """Signs replies and verifies messages.

    Args:
        key: signs what the VTN sends; None if nothing can be signed.
        tolerance: how far a signing time may be off.
        current: gives the key as its files have it now; always ``key`` if None.
    """

    def __init__(
        self,
        key: "SigningKey | None",
        tolerance: timedelta,
        current: "Callable[[], SigningKey] | None" = None,
    ) -> None:
        self._key = key
        self._current = current
        self._tolerance = tolerance

    @property
    def key(self) -> "SigningKey | None":
        """What signs now, so that a renewed certificate counts at once."""
        return self._key if self._current is None else self._current()

    @cached_property
    def replay(self) -> "ReplayCache":
        """The nonces that were used."""
        from oadr.signature import ReplayCache

        return ReplayCache(tolerance=self._tolerance)

    @classmethod
    def from_settings(cls, settings: Settings) -> "Signatures":
        """Returns what ``[signatures]`` and ``[tls]`` describe.

        Raises:
            ConfigError: a key cannot be used.
        """
        section = settings.signatures
        certificate = section.certificate or settings.tls.certificate
        key = section.key or settings.tls.key
        if certificate is None or key is None:
            if section.always:
                problem = "there is no key to sign with; expected certificate and key"
                raise ConfigError(problem, key="signatures.always")
            return cls(None, section.tolerance)
        files = _KeyFiles(certificate, key, signing_passphrase_of(settings))
        return cls(files.key, section.tolerance, files.current)

    def encode(self, message: m.Message, signed: bool, now: datetime) -> bytes:
        """Returns the document, signed if that is wanted and possible."""
        key = self.key if signed else None
        if key is None:
            return document(message)
        from oadr.signature import sign

        return sign(message, key, now=now, nonce=uuid.uuid4().hex)

    def verify(self, root: etree._Element, caller: Caller) -> etree._Element:
        """Returns the element that a signature of this caller covers.

        Raises:
            SignatureError: it is not the caller's, or not good.
        """
        fingerprints = _valid(caller)
        if not fingerprints:
            raise SignatureError("no certificate of this VEN is known")
        from oadr.signature import Fingerprints, verify

        return verify(
            root,
            trusted=Fingerprints(*sorted(fingerprints)),
            now=caller.received_at,
            replay=self.replay,
            who=caller.member.ven_id if caller.member else caller.fingerprint,
        )


def _valid(caller: Caller) -> set[str]:
    """Returns the certificates that may have signed a message of this caller."""
    found = {caller.fingerprint} if caller.fingerprint else set()
    member = caller.member
    if member is not None:
        found |= {one for one in member.certificates if member.accepts(one, caller.received_at)}
    return found


class _KeyFiles:
    """A key in two files.

    Raises:
        ConfigError: they cannot be used.
    """

    def __init__(self, certificate: Path, key: Path, passphrase: str | None) -> None:
        self._files = (certificate, key)
        self._passphrase = passphrase
        self._stamps = self._look()
        self.key = _load(certificate, key, passphrase)

    def current(self) -> "SigningKey":
        """Returns the key; while new files cannot be used, the last good one."""
        stamps = self._look()
        if stamps != self._stamps:
            self._stamps = stamps
            try:
                self.key = _load(*self._files, self._passphrase)
            except ConfigError as error:
                # One of two files has been replaced, the other not yet.
                log.warning("the last good signing key counts: %s", error)
        return self.key

    def _look(self) -> tuple[object, ...]:
        return tuple(stamp(path) for path in self._files)


def _load(certificate: Path, key: Path, passphrase: str | None) -> "SigningKey":
    from oadr.signature import SigningKey

    try:
        return SigningKey.load(
            certificate.read_bytes(),
            key.read_bytes(),
            passphrase.encode() if passphrase else None,
        )
    except (OSError, ValueError, SignatureError) as error:
        raise ConfigError(f"cannot sign with {certificate}: {error}", key="signatures") from None
