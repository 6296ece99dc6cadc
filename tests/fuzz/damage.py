"""Spoils documents: as bytes, without an idea of XML, and as trees, which stay well-formed."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import TypeVar

from lxml import etree
from lxml.etree import _Element as Element

from oadr.codec.namespaces import NAMESPACES
from tests.fuzz import values

T = TypeVar("T")
_BOMB = (
    b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">'
    b'<!ENTITY c SYSTEM "file:///etc/passwd">]>'
)
_PIECES = [
    b"<", b">", b"&", b"&c;", b"&#0;", b"&#xFFFFFFFFF;", b"&lt;", b"]]>", b"<![CDATA[", b"<!--",
    b"-->", b"<?xml?>", b"\x00", b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
    b"'", b'"', b"/", b"=", b"xmlns:oadr='urn:x'", b"\r", b"\xef\xbb\xbf", b"</oadr:oadrPayload>",
    b"%s", b"\x1b[2J", b" " * 1000, b"xsi:nil='true'", b"xsi:type='x:y'", b"9" * 400, b"\x0b",
]  # fmt: skip
_ATTRIBUTES = [f"{{{NAMESPACES['oadr']}}}Id", f"{{{NAMESPACES['ei']}}}schemaVersion"]
_ENCODINGS = ["utf-16", "utf-16-le", "utf-32", "latin-1", "utf-7", "cp037", "utf-8-sig"]


def spoil_bytes(random: Random, data: bytes, other: bytes) -> tuple[str, bytes]:
    """Returns what was done to a document, and what is left of it.

    Args:
        random: decides.
        data: the document.
        other: another one, to take parts of.
    """
    ways = random.choices(_BYTE_WAYS, k=random.choice([1, 1, 1, 2, 5]))
    for way in ways:
        data = way(random, data, other)
    return "+".join(sorted({way.__name__.strip("_") for way in ways})), data


def _span(random: Random, data: bytes, longest: int = 200) -> tuple[int, int]:
    start = random.randrange(len(data) + 1)
    return start, min(len(data), start + random.randint(1, longest))


def _flip(random: Random, data: bytes, other: bytes) -> bytes:
    spoilt = bytearray(data)
    for _ in range(random.choice([1, 1, 3, 20])):
        if spoilt:
            spoilt[random.randrange(len(spoilt))] ^= 1 << random.randrange(8)
    return bytes(spoilt)


def _cut(random: Random, data: bytes, other: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _drop(random: Random, data: bytes, other: bytes) -> bytes:
    start, end = _span(random, data)
    return data[:start] + data[end:]


def _double(random: Random, data: bytes, other: bytes) -> bytes:
    start, end = _span(random, data)
    return data[:end] + data[start:end] * random.choice([1, 2, 50]) + data[end:]


def _splice(random: Random, data: bytes, other: bytes) -> bytes:
    start, _ = _span(random, data)
    begin, end = _span(random, other, 2000)
    return data[:start] + other[begin:end] + data[start:]


def _insert(random: Random, data: bytes, other: bytes) -> bytes:
    start, _ = _span(random, data)
    return data[:start] + random.choice(_PIECES) + data[start:]


def _entities(random: Random, data: bytes, other: bytes) -> bytes:
    at = data.find(b"?>") + 2 if data.startswith(b"<?xml") else 0
    start, _ = _span(random, data)
    return data[:at] + _BOMB + data[at:start] + b"&b;&c;" + data[start:]


def _encode(random: Random, data: bytes, other: bytes) -> bytes:
    coding = random.choice(_ENCODINGS)
    text = data.decode("utf-8", "replace")
    if random.random() < 0.5:
        text = text.replace("UTF-8", coding)
    return text.encode(coding, "replace")


def _deepen(random: Random, data: bytes, other: bytes) -> bytes:
    depth = random.choice([100, 255, 300, 20_000])
    start = data.find(b">", random.randrange(len(data) + 1)) + 1
    return data[:start] + b"<a>" * depth + b"</a>" * depth + data[start:]


def _widen(random: Random, data: bytes, other: bytes) -> bytes:
    start = data.find(b">", random.randrange(len(data) + 1))
    many = random.choice([40, 2000])
    kind = random.choice([b' a%d="x"', b' xmlns:q%d="urn:q"', b' xmlns:q%d="urn:q%d"'])
    parts = b"".join(kind.replace(b"%d", str(n).encode()) for n in range(many))
    huge = b' a="' + b"x" * random.choice([0, 1000, 1_000_000]) + b'"'
    return data[: max(start, 0)] + parts + huge + data[max(start, 0) :]


def _end(random: Random, data: bytes, other: bytes) -> bytes:
    return data + random.choice([b"x", data, other, b"\x00" * 100, b"<!-- -->", b"<a/>"])


_BYTE_WAYS: list[Callable[[Random, bytes, bytes], bytes]] = [
    *[_flip, _cut, _drop, _double, _splice, _insert] * 3,
    _entities, _encode, _deepen, _widen, _end,
]  # fmt: skip


def spoil_tree(random: Random, data: bytes, other: bytes) -> tuple[str, bytes]:
    """Returns what was done to a document, and the document that came of it.

    Args:
        random: decides.
        data: a well-formed document.
        other: another one, to take elements of.
    """
    root, donor = etree.fromstring(data), etree.fromstring(other)
    ways = random.choices(_TREE_WAYS, k=random.choice([1, 1, 1, 2, 4]))
    for way in ways:
        way(random, root, donor)
    return "+".join(sorted({way.__name__.strip("_") for way in ways})), etree.tostring(root)


def _elements(root: Element) -> list[Element]:
    return list(root.iter(etree.Element))


def _one(random: Random, root: Element) -> Element | None:
    """Returns an element below the root; None if there is none."""
    found = _elements(root)[1:]
    return random.choice(found) if found else None


def _remove(random: Random, root: Element, donor: Element) -> None:
    node = _one(random, root)
    parent = node.getparent() if node is not None else None
    if node is not None and parent is not None:
        parent.remove(node)


def _repeat(random: Random, root: Element, donor: Element) -> None:
    node = _one(random, root)
    if node is not None:
        for _ in range(random.choice([1, 1, 2, 100])):
            node.addnext(deepcopy(node))


def _swap(random: Random, root: Element, donor: Element) -> None:
    node = _one(random, root)
    parent = node.getparent() if node is not None else None
    if parent is not None:
        children = list(parent)
        random.shuffle(children)
        for child in children:
            parent.append(child)


def _rename(random: Random, root: Element, donor: Element) -> None:
    node, other = random.choice(_elements(root)), random.choice(_elements(donor))
    node.tag = random.choice([other.tag, etree.QName(node).localname, f"{node.tag}x"])


def _move_namespace(random: Random, root: Element, donor: Element) -> None:
    node = random.choice(_elements(root))
    uri = random.choice([*NAMESPACES.values(), "http://openadr.org/oadr-2.0a/2012/07", "urn:x"])
    node.tag = f"{{{uri}}}{etree.QName(node).localname}"


def _transplant(random: Random, root: Element, donor: Element) -> None:
    node, other = _one(random, root), _one(random, donor)
    if node is not None and other is not None:
        node.addnext(deepcopy(other))


def _replace_text(random: Random, root: Element, donor: Element) -> None:
    node = random.choice(leaves(root))
    node.text = _writable(_value(random))


def _change_attribute(random: Random, root: Element, donor: Element) -> None:
    node = random.choice(_elements(root))
    names = [
        *node.attrib,
        "a",
        f"{{{NAMESPACES['oadr']}}}Id",
        f"{{{NAMESPACES['ei']}}}schemaVersion",
    ]
    node.set(str(random.choice(names)), _writable(_value(random)))


def _fill(random: Random, root: Element, donor: Element) -> None:
    node = random.choice(_elements(root))
    node.text = _writable(values.string(random, wild=True))
    node.tail = random.choice([None, "x", " "])


_TREE_WAYS: list[Callable[[Random, Element, Element], None]] = [
    _remove, _repeat, _swap, _rename, _move_namespace, _transplant,
    *[_replace_text] * 6, _change_attribute, _fill,
]  # fmt: skip


def leaves(root: Element) -> Sequence[Element]:
    """Returns the elements that hold text only."""
    return [node for node in _elements(root) if len(node) == 0] or [root]


def _value(random: Random) -> str:
    kinds = ["string", "dateTime", "float", "unsignedInt", "boolean", "duration"]
    kind = random.choice(kinds)
    if kind == "duration":
        return values.duration(random, wild=True)
    return values.builtin(random, kind, wild=True)


def _writable(text: str) -> str:
    """Returns a text without what XML has no room for."""
    return "".join(char for char in text if char >= " " or char in "\t\r\n").replace("\ufffe", "")
