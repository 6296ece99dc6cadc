"""Single steps of openleadr, timed: writing, reading, signing, verifying a poll."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from openleadr import messaging

from benchmarks.child import Channel
from benchmarks.timing import middle

#: openleadr has no types.
_messaging: Any = messaging


async def main(channel: Channel, *, certificate: str, key: str) -> None:
    """Does what it is told; answers with seconds for one."""
    pieces = _Pieces(Path(certificate), Path(key))
    channel.answer(None)
    while (command := await channel.next()) is not None:
        channel.answer(pieces.timed(command["what"], command["times"]))


class _Pieces:
    def __init__(self, certificate: Path, key: Path) -> None:
        self._secure = {"cert": certificate.read_bytes(), "key": key.read_bytes()}

    def timed(self, what: str, times: int) -> float:
        """Returns the middle of what a step takes, in seconds."""
        steps: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
            "write": (lambda: None, lambda _: self._write()),
            "sign": (lambda: None, lambda _: self._write(**self._secure)),
            "read": (self._write, _read),
            "verify": (lambda: self._write(**self._secure), _verify),
        }
        return middle(*steps[what], times)

    def _write(self, **secure: bytes) -> str:
        document: str = _messaging.create_message("oadrPoll", ven_id="ven-1", **secure)
        return document


def _read(document: str) -> None:
    _messaging.validate_xml_schema(document)
    _messaging.parse_message(document)


def _verify(document: str) -> None:
    _messaging.validate_xml_signature(_messaging.validate_xml_schema(document))
