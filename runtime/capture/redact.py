"""Takes out of a trace what is nobody's business, always in the same way.

Secret are registrationIDs, which on plain HTTP are all that proves a VEN, and passwords in
addresses. Headers of HTTP, with which cookies and tokens travel, are not in a trace at all.
venIDs, names and fingerprints tell who it was and stay; so do certificates in signatures,
which are public.
"""

import re
from dataclasses import replace

from oadr.summary import without_passwords
from runtime.capture.record import Exchange

_REGISTRATION = re.compile(
    rb"(<(?:[A-Za-z_][\w.-]*:)?registrationID(?:\s[^<>]*)?>\s*)([^<\s][^<]*?)(\s*</)"
)
_PASSWORD = re.compile(rb"(?<=://)[^/\s<>\"'@]*:[^/\s<>\"'@]*@")


class Redactor:
    """Puts the same name in place of the same secret, wherever it stands.

    A trace that has been redacted can be replayed: what was the same is the same still. A
    signature does not fit any more where something was taken out.
    """

    def __init__(self) -> None:
        self._names: dict[bytes, bytes] = {}

    @property
    def secrets(self) -> int:
        """How many registrationIDs have been taken out."""
        return len(self._names)

    def exchange(self, exchange: Exchange) -> Exchange:
        """Returns an exchange without secrets."""
        return replace(
            exchange,
            request=self.document(exchange.request),
            response=self.document(exchange.response),
            problem=self.words(exchange.problem),
        )

    def document(self, data: bytes) -> bytes:
        """Returns a document without secrets, whether or not it is well-formed."""
        found = _REGISTRATION.sub(lambda at: at[1] + self._name(at[2]) + at[3], data)
        return _PASSWORD.sub(b"***@", found)

    def _name(self, secret: bytes) -> bytes:
        name = b"registration-%d" % (len(self._names) + 1)
        return self._names.setdefault(secret, name)

    def words(self, text: str) -> str:
        """Returns words without the secrets that are known."""
        for secret, name in self._names.items():
            text = text.replace(secret.decode(errors="replace"), name.decode())
        return without_passwords(text)


class Unredacted(Redactor):
    """Leaves everything as it is, for those who want to see it."""

    def document(self, data: bytes) -> bytes:
        """Returns the document."""
        return data

    def words(self, text: str) -> str:
        """Returns the words."""
        return text
