"""Bytes to a validated XML tree, with nothing that a hostile document could use.

The parser reads no DTD, resolves no entity, opens no file and no connection, keeps
libxml2's limits on depth, names and text, and validates against the official schema
while it reads. Comments and processing instructions are dropped, so that text around
them is one text, as canonicalisation sees it.
"""

import re
import threading
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from lxml import etree

from oadr.codec.namespaces import qname
from oadr.errors import XMLError

#: Largest document that is parsed unless the caller allows more, in bytes. A report of
#: 10,000 intervals takes about 4 MB.
MAX_BYTES = 16 * 1024 * 1024

#: Most namespaces in scope of one element; the schema has twelve. Canonicalisation takes
#: time with their square: without a limit a document of 400 kB costs four seconds.
MAX_NAMESPACES = 32

#: Longest text, in characters, of a document in which texts may come in many pieces. A
#: piece ends at each reference, comment, CDATA section and end of line, and after 300
#: bytes that are not ASCII. The validator copies the whole text for each: without a limit
#: a document of 15 MB takes 40 seconds.
MAX_TEXT = 100_000
_MARKS = (b"&", b"!", b"?", b"\r")
_TOO_LONG = etree.XPath(f"boolean(//text()[string-length() > {MAX_TEXT}])")

#: How lxml words what a validating parser finds not to be well-formed.
_QUOTED = re.compile(r"line \d+: b(?P<mark>['\"])(?P<text>.*)(?P=mark)", re.DOTALL)
_PAYLOAD = qname("oadr:oadrPayload")


@cache
def schema() -> etree.XMLSchema:
    """Returns the official 2.0b schema, as the openleadr package ships it."""
    # The package is found and not imported: with what it imports it takes 20 MB.
    spec = find_spec("openleadr")
    if spec is None or spec.origin is None:
        raise ImportError("the package openleadr, which ships the schema, is not installed")
    path = Path(spec.origin).parent / "schema" / "oadr_20b.xsd"
    return etree.XMLSchema(etree.parse(str(path)))


class _Parsers(threading.local):
    """The parsers of a thread: each reads one document at a time, and lets others wait."""

    def __init__(self) -> None:
        self.by_grammar: dict[etree.XMLSchema | None, etree.XMLParser] = {}


_parsers = _Parsers()


def parser(grammar: etree.XMLSchema | None) -> etree.XMLParser:
    """Returns this thread's parser that validates by a schema while it reads; by none for None."""
    found = _parsers.by_grammar.get(grammar)
    if found is None:
        found = _parsers.by_grammar[grammar] = _new_parser(grammar)
    return found


def _new_parser(grammar: etree.XMLSchema | None) -> etree.XMLParser:
    # The encoding is forced: the profile knows no other than UTF-8, and a declared one
    # could smuggle mark-up past a check on bytes.
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        schema=grammar,
    )


def parse(data: bytes, *, max_bytes: int = MAX_BYTES, validate: bool = True) -> etree._Element:
    """Returns the root of a schema-valid ``oadrPayload``.

    Args:
        data: the document, UTF-8.
        max_bytes: a longer one is refused unread.
        validate: whether the schema is checked; only a diagnosis may leave it out.

    Raises:
        XMLError: it or a text in it is too long, it is not well-formed, has a DTD,
            declares too many namespaces, or is not valid.
    """
    root = read(data, schema() if validate else None, max_bytes=max_bytes)
    if root.tag != _PAYLOAD:
        raise XMLError("the document element is not oadrPayload in the namespace of 2.0b")
    return root


def read(data: bytes, grammar: etree.XMLSchema | None, *, max_bytes: int) -> etree._Element:
    """Returns the root of a document that is valid by a schema, whatever its root is.

    Args:
        data: the document, UTF-8.
        grammar: the schema; None checks none.
        max_bytes: a longer one is refused unread.

    Raises:
        XMLError: see ``parse``.
    """
    if len(data) > max_bytes:
        raise XMLError(f"document of {len(data)} bytes; at most {max_bytes} are accepted")
    # A single byte is found twenty times as fast as a word, and hardly any message has it.
    if b"!" in data and (b"<!DOCTYPE" in data or b"<!ENTITY" in data):
        raise XMLError("document type declarations are not accepted")
    try:
        slow = grammar is not None and _may_be_slow(data)
        if slow and _TOO_LONG(etree.fromstring(data, parser(None))):
            raise XMLError(f"a text of more than {MAX_TEXT} characters is not accepted")
        root = etree.fromstring(data, parser(grammar))
    except etree.XMLSyntaxError as error:
        raise XMLError(_reason(error), line=error.lineno or 0) from None
    if data.count(b"=") > MAX_NAMESPACES and data.count(b"xmlns") > MAX_NAMESPACES:
        _check_namespaces(root)
    return root


def _may_be_slow(data: bytes) -> bool:
    """Returns whether there can be a text of many pieces."""
    if len(data) <= 1000:
        return False
    # Of "<!" and "<?" only the second byte. To count takes ten times as long as to find, and
    # most messages have none of them behind the XML declaration.
    pieces = sum(data.count(mark) for mark in _MARKS if data.find(mark, 100) >= 0)
    return pieces > 1000 or (len(data) > 1_000_000 and not data.isascii())


def _check_namespaces(root: etree._Element) -> None:
    in_scope = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        in_scope += 1 if event == "start-ns" else -1
        if in_scope > MAX_NAMESPACES:
            raise XMLError(f"more than {MAX_NAMESPACES} namespaces are declared around an element")


def _reason(error: etree.XMLSyntaxError) -> str:
    """Returns libxml2's words in one printable line, short enough for a log and a reply."""
    # Not error.error_log: that also holds what earlier documents were told.
    text = str(error.msg)
    match = _QUOTED.fullmatch(text)
    text = " ".join((match["text"] if match else text)[:300].split())
    text = "".join(char if char.isprintable() else "?" for char in text)
    return text if len(text) < 300 else text[:297] + "..."
