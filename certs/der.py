"""Of certificates and revocation lists, the few facts that a long-running process asks for.

An idle VEN has no room for the library for certificates, and OpenSSL keeps to itself until when
its own certificate counts. So dates, serial numbers and issuers are read here, from where RFC 5280
puts them. What is read comes from files of the owner, or was verified by TLS before; nothing here
decides whom to trust.

Spec: RFC 5280, sections 4.1 and 5.1; ITU-T X.690
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_INTEGER, _SEQUENCE = 0x02, 0x30
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18
_MOMENTS = (_UTC_TIME, _GENERALIZED_TIME)
_VERSION = 0xA0
#: Kinds of text that a name may be written in; two that say the same are one name.
_ENCODINGS = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}

#: Who signed a certificate or a list: for each part its kind and its text.
Name = tuple[tuple[bytes, str | bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is asked of a certificate.

    Attributes:
        issuer: who signed it.
        serial: its number among those of the issuer.
        not_before: when it begins to count.
        not_after: when it expires.
    """

    issuer: Name
    serial: int
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFacts:
    """What is asked of a revocation list.

    Attributes:
        issuer: who signed it.
        serials: the numbers of what is revoked.
        next_update: when it ends; None if it does not say.
    """

    issuer: Name
    serials: frozenset[int]
    next_update: datetime | None


@dataclass(frozen=True, slots=True)
class _Part:
    """One element: its tag, and what it holds."""

    tag: int
    content: bytes


def read_certificate(der: bytes) -> Facts:
    """Return the facts of a certificate.

    Raises:
        ValueError: it is none.
    """
    parts = _signed(der)
    if parts and parts[0].tag == _VERSION:
        del parts[0]
    serial, _, issuer, validity = _first(4, parts)
    start, end = _first(2, list(_parts(validity.content)))
    return Facts(
        issuer=_name(issuer),
        serial=_number(serial),
        not_before=_moment(start),
        not_after=_moment(end),
    )


def read_list(der: bytes) -> ListFacts:
    """Return the facts of a revocation list.

    Raises:
        ValueError: it is none.
    """
    parts = _signed(der)
    if parts and parts[0].tag == _INTEGER:
        del parts[0]
    _, issuer, this_update = _first(3, parts)
    _moment(this_update)
    rest = parts[3:]
    ends = bool(rest) and rest[0].tag in _MOMENTS
    next_update = _moment(rest.pop(0)) if ends else None
    revoked = rest[0].content if rest and rest[0].tag == _SEQUENCE else b""
    return ListFacts(
        issuer=_name(issuer),
        serials=frozenset(
            _number(_first(1, list(_parts(entry.content)))[0]) for entry in _parts(revoked)
        ),
        next_update=next_update,
    )


def blocks(content: bytes, label: str) -> list[bytes]:
    """Return each object (DER) of a file in PEM form, or the one of a file in DER form.

    Args:
        content: of the file.
        label: of its objects, such as `CERTIFICATE`.

    Raises:
        ValueError: it holds none.
    """
    if b"-----BEGIN" not in content:
        return [content]
    name = re.escape(label.encode())
    pattern = rb"-----BEGIN " + name + rb"-----(.+?)-----END " + name + rb"-----"
    found = re.findall(pattern, content, re.DOTALL)
    if not found:
        raise ValueError(f"holds no {label}")
    try:
        return [base64.b64decode(text) for text in found]
    except binascii.Error as error:
        raise ValueError(f"a {label} in it is damaged") from error


def _signed(der: bytes) -> list[_Part]:
    """Return the parts of what is signed, in a certificate or a list."""
    (whole,) = _first(1, list(_parts(der)))
    (signed,) = _first(1, list(_parts(whole.content)))
    return list(_parts(signed.content))


def _first(count: int, parts: list[_Part]) -> list[_Part]:
    if len(parts) < count:
        raise ValueError("breaks off")
    return parts[:count]


def _parts(data: bytes) -> Iterator[_Part]:
    place = 0
    while place < len(data):
        tag, length = data[place], int.from_bytes(data[place + 1 : place + 2], "big")
        place += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[place : place + size], "big")
            place += size
        if place + length > len(data):
            raise ValueError("breaks off")
        yield _Part(tag, data[place : place + length])
        place += length


def _number(part: _Part) -> int:
    if part.tag != _INTEGER:
        raise ValueError("has no number where one belongs")
    return int.from_bytes(part.content, "big", signed=True)


def _moment(part: _Part) -> datetime:
    """Return a moment: the years 1950 to 2049 are written with two digits."""
    if part.tag not in _MOMENTS:
        raise ValueError("has no moment where one belongs")
    text = part.content.decode("ascii")
    if part.tag == _UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _name(part: _Part) -> Name:
    """Return a name; case and blanks do not count, nor in which kind of text it is written."""
    if part.tag != _SEQUENCE:
        raise ValueError("has no name where one belongs")
    found = []
    for group in _parts(part.content):
        for pair in _parts(group.content):
            kind, value = _first(2, list(_parts(pair.content)))
            found.append((kind.content, _text(value)))
    return tuple(found)


def _text(part: _Part) -> str | bytes:
    encoding = _ENCODINGS.get(part.tag)
    if encoding is None:
        return part.content
    return " ".join(part.content.decode(encoding, "replace").split()).casefold()
