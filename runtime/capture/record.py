"""What is kept of an exchange, and how it is written down.

A record is a head in JSON, which says everything but the documents, and the documents,
compressed. Who looks for something reads heads only.
"""

import json
import zlib
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Literal

#: Compressing more takes much longer and saves little of a short document.
_LEVEL = 1
#: A document does not grow beyond that when it is read, whatever the file says.
MOST_UNPACKED = 64 * 1024 * 1024

Party = Literal["VTN", "VEN"]
#: How it is known who was at the other end.
Proof = Literal["TLS", "proxy", "local", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and what came of it.

    Attributes:
        at: when the request came or went, by the clock of the VTN or VEN that wrote it down.
        began: the same in real seconds since 1970, which tells what was first.
        took: real time until the response, or until it was clear that there is none.
        asked_by: who sent the request: the VTN in a push.
        service: such as ``EiEvent``; empty for an address where there is none.
        target: method and path of a request that is no POST to a service.
        peer: who is at the other end: for a VTN the VEN's name or fingerprint, for a VEN the
            VTN's host.
        ven_id: of the VEN; empty if nobody knows it.
        fingerprint: of the certificate at the other end (20 digits); empty for none.
        proof: how it is known whose it is; ``local`` for what came within the process.
        profile: ``2.0b`` or ``2.0a``.
        message: name of the message in the request; empty if there is none that was read.
        answer: name of that in the response; empty likewise.
        status: of HTTP; None if nothing came back.
        code: of the protocol error with which it was refused; 0 if it was not.
        rule: that was broken, such as ``R42``; empty where none is.
        problem: why it was refused, or why nothing came back.
        repairs: what was mended before the request, or the response to ours, was read.
        request: the document, as it was on the wire; the beginning if it is too long.
        response: what came back, likewise.
        lengths: bytes of both documents on the wire, if one was too long to be kept.
    """

    at: datetime
    began: float
    took: timedelta
    asked_by: Party
    service: str
    target: str = ""
    peer: str
    ven_id: str = ""
    fingerprint: str = ""
    proof: Proof = "none"
    profile: str = "2.0b"
    message: str = ""
    answer: str = ""
    status: int | None
    code: int = 0
    rule: str = ""
    problem: str = ""
    repairs: tuple[str, ...] = ()
    request: bytes = field(default=b"", repr=False)
    response: bytes = field(default=b"", repr=False)
    lengths: tuple[int, int] = (0, 0)

    @property
    def cut(self) -> bool:
        """Whether a document was too long to be kept."""
        return self.lengths != (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """Polls of one VEN for which nothing waited, one after the other.

    Attributes:
        peer: who is at the other end.
        ven_id: of the VEN.
        first: when the first one came.
        last: when the last one came.
        count: how many.
    """

    peer: str
    ven_id: str
    first: datetime
    last: datetime
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Exchanges that were not written down, because too much happened or the disk was full.

    Attributes:
        at: when it was noticed.
        count: how many.
    """

    at: datetime
    count: int


Record = Exchange | Idle | Lost

_KINDS: dict[type, str] = {Exchange: "exchange", Idle: "idle", Lost: "lost"}
_CLASSES: dict[str, type] = {kind: cls for cls, kind in _KINDS.items()}
_FIELDS = {kind: {one.name for one in fields(cls)} for cls, kind in _KINDS.items()}
#: What is not in the head.
_DOCUMENTS = ("request", "response")


def pack(record: Record) -> tuple[bytes, bytes]:
    """Returns head and body of a record, as they are written."""
    head: dict[str, Any] = {"kind": _KINDS[type(record)]}
    for name in _FIELDS[head["kind"]]:
        value = getattr(record, name)
        if name in _DOCUMENTS or value in ("", (), None, 0) or value == (0, 0):
            continue
        head[name] = _plain(value)
    body = b""
    if isinstance(record, Exchange):
        head["kept"] = [len(record.request), len(record.response)]
        body = zlib.compress(record.request + record.response, _LEVEL)
    return json.dumps(head, separators=(",", ":")).encode(), body


def unpack_head(data: bytes) -> dict[str, Any]:
    """Returns the head of a record.

    Raises:
        ValueError: it is none.
    """
    head = json.loads(data)
    if not isinstance(head, dict) or head.get("kind") not in _CLASSES:
        raise ValueError("no record of a trace")
    return head


def unpack(head: dict[str, Any], body: bytes = b"") -> Record:
    """Returns a record.

    Args:
        head: see ``unpack_head``.
        body: the documents; without them the record has none.

    Raises:
        ValueError: it is none.
    """
    cls = _CLASSES[head["kind"]]
    given = {name: head[name] for name in head.keys() & _FIELDS[head["kind"]]}
    try:
        for name in given.keys() & {"at", "first", "last"}:
            given[name] = datetime.fromisoformat(given[name])
        if cls is Exchange:
            given |= _exchange(given, head["kept"], body)
        record: Record = cls(**given)
    except (KeyError, TypeError, zlib.error) as error:
        raise ValueError(f"no record of a trace: {error}") from error
    return record


def _exchange(given: dict[str, Any], kept: list[int], body: bytes) -> dict[str, Any]:
    data = zlib.decompressobj().decompress(body, MOST_UNPACKED) if body else b""
    first, second = kept
    return {
        "took": timedelta(microseconds=given.get("took", 0)),
        "began": float(given.get("began", 0)),
        "repairs": tuple(given.get("repairs", ())),
        "lengths": tuple(given.get("lengths", (0, 0))),
        "service": given.get("service", ""),
        "peer": given.get("peer", ""),
        "status": given.get("status"),
        "request": data[:first],
        "response": data[first : first + second],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return round(value / timedelta(microseconds=1))
    return value if isinstance(value, (str, int, float, tuple)) else str(value)
