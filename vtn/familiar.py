"""Polls that have come before, byte for byte.

A VEN says the same at each poll, and most write it the same: a poll without a signature
has nothing in it but the venID. What was read and found valid once need not be read again.
"""

from hashlib import sha256

from oadr import messages as m

#: Polls that are remembered, one for each VEN of a large VTN; a digest and a message take
#: 300 bytes. When there are more, all are forgotten.
MAX_POLLS = 200_000
#: Longest document that is remembered, in bytes; a poll has 400 to 900.
MAX_BYTES = 2048


class FamiliarPolls:
    """Documents that are known to be polls, by digest; those that had to be mended apart."""

    def __init__(self) -> None:
        self._known: dict[bytes, m.Poll] = {}
        self._mended: dict[bytes, tuple[m.Poll, tuple[str, ...]]] = {}

    def find(self, data: bytes) -> m.Poll | None:
        """Returns the poll in a document that was kept before; None if it was not."""
        return self._known.get(sha256(data).digest()) if len(data) <= MAX_BYTES else None

    def find_mended(self, data: bytes) -> tuple[m.Poll, tuple[str, ...]] | None:
        """Returns the poll in a document that was mended and kept, and the repairs.

        Whether they are allowed is another question for each VEN.
        """
        if not self._mended or len(data) > MAX_BYTES:
            return None
        return self._mended.get(sha256(data).digest())

    def keep(self, data: bytes, poll: m.Poll, repairs: tuple[str, ...] = ()) -> None:
        """Remembers the document of a poll that has no signature, and how it was mended."""
        if len(data) > MAX_BYTES:
            return
        if len(self._known) + len(self._mended) >= MAX_POLLS:
            self._known.clear()
            self._mended.clear()
        digest = sha256(data).digest()
        if repairs:
            self._mended[digest] = (poll, repairs)
        else:
            self._known[digest] = poll
