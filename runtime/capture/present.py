"""How a timeline looks: lines for people, objects for programs, and XML."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from lxml import etree

from oadr.codec import MAX_BYTES
from oadr.codec.parser import read
from oadr.errors import XMLError
from oadr.summary import Summary
from runtime.capture.record import Exchange, Idle, Lost
from runtime.capture.timeline import Shown
from runtime.logs import one_line

_INDENT = " " * 10
#: As wide as almost all names of messages, and a blank.
_NAME = 29
_PROOFS = {"TLS": "TLS", "proxy": "told by the proxy", "local": "within the process"}


def lines(shown: Shown, *, xml: bool = False, named: bool = True) -> Iterator[str]:
    """Yields the lines for a record.

    Args:
        shown: the record.
        xml: whether the documents are shown as well.
        named: whether it says who is at the other end.
    """
    record = shown.record
    if isinstance(record, Exchange):
        yield from _exchange(shown, record, xml, named)
    elif isinstance(record, Idle):
        yield one_line(
            f"{shown.id:<9} {moment(record.first)}  {_peer(record.peer, named)}polled "
            f"{_times(record.count)} until {record.last.astimezone(UTC):%H:%M:%S}, nothing waiting"
        )
    elif isinstance(record, Lost):
        yield (
            f"{shown.id:<9} {moment(record.at)}  {record.count} exchanges are missing: too many "
            "came at once, or the disk was full"
        )


def _peer(name: str, named: bool) -> str:
    return f"{name:<12} " if named else ""


def _exchange(shown: Shown, one: Exchange, xml: bool, named: bool) -> Iterator[str]:
    other = "VTN" if one.asked_by == "VEN" else "VEN"
    begin = f"{shown.id:<9} {moment(one.at)}  {_peer(one.peer, named)}"
    asked = _message(shown.request, one.message, one.request) or one.target or one.service or "-"
    yield one_line(f"{begin}{one.asked_by} -> {other}  {asked}").rstrip()
    if xml and one.request:
        yield from document(one.request)
    said = f"{_said(shown, one)}  {_took(one.took)}"
    yield one_line(f"{'':<{len(begin)}}{one.asked_by} <- {other}  {said}").rstrip()
    if xml and one.response:
        yield from document(one.response)
    yield from (f"{_INDENT}{one_line(line)}" for line in _notes(shown, one))


def _said(shown: Shown, one: Exchange) -> str:
    if one.status in (200, 202, 204):
        said = _message(shown.response, one.answer, one.response) or "(empty)"
        # A message without more words leaves their column to the time that it took.
        return said if " " in said else f"{said:<{_NAME - 2}}"
    status = f"HTTP {one.status}" if one.status is not None else "no answer"
    return f"{status}  {one.problem}" if one.problem else status


def _notes(shown: Shown, one: Exchange) -> Iterator[str]:
    if one.status in (200, 202, 204) and one.problem:
        yield f"refused: {one.problem}"
    if one.repairs:
        yield f"repaired: {', '.join(one.repairs)}"
    for finding in shown.findings:
        yield str(finding)
    if one.cut:
        yield f"only the beginning is kept of {max(one.lengths)} bytes"


def _message(summary: Summary | None, name: str, data: bytes) -> str:
    if summary is None:
        return name or (f"{len(data)} bytes that are no XML" if data.strip() else "")
    code = f"{summary.code}" if summary.code and not summary.ok else ""
    return (
        f"{name or summary.name:<{_NAME}}{' '.join(filter(None, [code, summary.words]))}".rstrip()
    )


def details(shown: Shown) -> Iterator[str]:
    """Yields all that is known of a record, and its documents."""
    yield from lines(shown)
    one = shown.record
    if not isinstance(one, Exchange):
        return
    facts = {
        "service": one.service or one.target or "-",
        "venID": one.ven_id or "-",
        "identity": _identity(one),
        "profile": one.profile,
        "HTTP": str(one.status) if one.status is not None else "no answer",
        "rules": "; ".join(str(finding) for finding in shown.findings) or "nothing found",
    }
    for name, value in facts.items():
        yield one_line(f"{_INDENT}{name:<10}{value}")
    for title, data in (("request", one.request), ("response", one.response)):
        if data:
            yield f"{title}:"
            yield from document(data)


def _identity(one: Exchange) -> str:
    if not one.fingerprint:
        return "none proven"
    return f"{one.fingerprint}, {_PROOFS.get(one.proof, 'not proven')}"


def document(data: bytes) -> Iterator[str]:
    """Yields the lines of a document, indented; as they are if it is no XML."""
    try:
        root = read(data, None, max_bytes=MAX_BYTES)
        etree.indent(root)
        text = etree.tostring(root, encoding="unicode")
    except XMLError:
        text = data.decode(errors="replace")
    for line in text.splitlines():
        yield f"    {one_line(line)}".rstrip()


def as_object(shown: Shown, *, xml: bool = False) -> str:
    """Returns a record as a JSON object, on one line."""
    one = shown.record
    if isinstance(one, Idle):
        found: dict[str, Any] = {"kind": "idle", "peer": one.peer, "ven_id": one.ven_id}
        found |= {"first": _iso(one.first), "last": _iso(one.last), "count": one.count}
    elif isinstance(one, Lost):
        found = {"kind": "lost", "at": _iso(one.at), "count": one.count}
    else:
        found = _object(shown, one, xml)
    return json.dumps({"id": shown.id} | found, ensure_ascii=True)


def _object(shown: Shown, one: Exchange, xml: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "kind": "exchange",
        "at": _iso(one.at),
        "took_ms": round(one.took / timedelta(milliseconds=1), 3),
        "asked_by": one.asked_by,
        "service": one.service,
        "target": one.target,
        "peer": one.peer,
        "ven_id": one.ven_id,
        "fingerprint": one.fingerprint,
        "proof": one.proof,
        "profile": one.profile,
        "status": one.status,
        "request": _summary(shown.request, one.message),
        "response": _summary(shown.response, one.answer),
        "code": one.code,
        "rule": one.rule,
        "problem": one.problem,
        "repairs": list(one.repairs),
        "failed": shown.failed,
        "findings": [
            {name: getattr(finding, name) for name in finding.__dataclass_fields__}
            for finding in shown.findings
        ],
    }
    if xml:
        found["request_xml"] = one.request.decode(errors="replace")
        found["response_xml"] = one.response.decode(errors="replace")
    return found


def _summary(summary: Summary | None, name: str) -> dict[str, str] | None:
    if summary is None:
        return None
    return {"message": name or summary.name, "words": summary.words, "code": summary.code}


def moment(at: datetime) -> str:
    """Returns a moment for people, in UTC, to the millisecond."""
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _took(took: timedelta) -> str:
    milliseconds = took / timedelta(milliseconds=1)
    return f"{milliseconds:.1f} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.2f} s"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
