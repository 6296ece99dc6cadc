"""Single steps of this project, timed: writing, reading, signing, verifying a poll."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.child import Channel
from benchmarks.timing import middle
from oadr import codec
from oadr import messages as m
from oadr.signature import Fingerprints, ReplayCache, SigningKey, sign, verify


async def main(channel: Channel, *, certificate: str, key: str, fingerprint: str) -> None:
    """Does what it is told; answers with seconds for one."""
    pieces = _Pieces(Path(certificate), Path(key), fingerprint)
    channel.answer(None)
    while (command := await channel.next()) is not None:
        channel.answer(pieces.timed(command["what"], command["times"]))


class _Pieces:
    def __init__(self, certificate: Path, key: Path, fingerprint: str) -> None:
        self._key = SigningKey.load(certificate.read_bytes(), key.read_bytes())
        self._trusted = Fingerprints(fingerprint)
        self._replay = ReplayCache(tolerance=timedelta(seconds=5))
        self._poll = m.Poll(ven_id="ven-1")

    def timed(self, what: str, times: int) -> float:
        """Returns the middle of what a step takes, in seconds."""
        steps: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
            "write": (lambda: None, lambda _: codec.encode(self._poll)),
            "sign": (lambda: None, lambda _: self._sign()),
            "read": (lambda: codec.encode(self._poll), codec.decode),
            "verify": (self._sign, self._verify),
        }
        return middle(*steps[what], times)

    def _sign(self) -> bytes:
        return sign(self._poll, self._key, now=datetime.now(UTC), nonce=uuid.uuid4().hex)

    def _verify(self, document: bytes) -> None:
        now = datetime.now(UTC)
        root = codec.parse(document)
        verify(root, trusted=self._trusted, now=now, replay=self._replay, who="ven-1")
