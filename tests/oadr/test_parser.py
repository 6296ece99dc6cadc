"""Hostile and broken documents: one short line of error, quickly, and nothing is opened."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oadr import codec
from oadr.codec import parser
from oadr.errors import OpenADRError, XMLError
from oadr.messages import CreatedReport, EiResponse, Poll

GOOD = codec.encode(Poll(ven_id="QQ"))
BODY = GOOD[GOOD.index(b"<oadr:oadrPayload") :]
POLL = GOOD[GOOD.index(b"<oadr:oadrPoll") : GOOD.index(b"</oadr:oadrSignedObject>")]
NAMES = b'xmlns:oadr="http://openadr.org/oadr-2.0b/2012/07" '
NAMES += b'xmlns:ei="http://docs.oasis-open.org/ns/energyinterop/201110"'
LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))


def content(text: bytes) -> bytes:
    """Returns a poll with this in place of its venID's text."""
    return GOOD.replace(b"QQ", text)


def inside(text: bytes) -> bytes:
    """Returns a poll with this at the end of its start tag."""
    return GOOD.replace(b"<oadr:oadrPoll", b"<oadr:oadrPoll " + text, 1)


HOSTILE = {
    "empty": b"",
    "white space": b" \r\n",
    "plain text": b"hello",
    "JSON": b'{"venID": "v"}',
    "HTML": b"<html><body><br></body></html>",
    "binary": bytes(range(256)),
    "gzip": b"\x1f\x8b\x08\x00" + b"\x00" * 40,
    "truncated": GOOD[:-20],
    "truncated in a tag": GOOD[: GOOD.index(b"QQ") - 3],
    "only the declaration": GOOD[: GOOD.index(b"\n")],
    "something after it": GOOD + b"<x/>",
    "text after it": GOOD + b"x",
    "two documents": GOOD + GOOD,
    "UTF-16": GOOD.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "UTF-16 that claims UTF-8": GOOD.decode().encode("utf-16"),
    "UTF-16 without a mark": GOOD.decode().encode("utf-16-le"),
    "UTF-32": GOOD.decode().encode("utf-32"),
    "EBCDIC": GOOD.decode().encode("cp500"),
    "latin-1 declared and used": content("é".encode("latin-1")).replace(b"UTF-8", b"ISO-8859-1"),
    "latin-1 not declared": content("é".encode("latin-1")),
    "overlong UTF-8": content(b"\xc0\xbcx/>"),
    "surrogate in UTF-8": content(b"\xed\xa0\x80"),
    "NUL": content(b"a\x00b"),
    "control character": content(b"a\x01b"),
    "reference to NUL": content(b"&#0;"),
    "reference to a control character": content(b"&#x1b;"),
    "document type": b"<!DOCTYPE x>" + BODY,
    "document type after a comment": b"<!-- <a> --><!DOCTYPE x>" + BODY,
    "document type in UTF-16": ("<!DOCTYPE x>" + BODY.decode()).encode("utf-16"),
    "internal entity": b'<!DOCTYPE x [<!ENTITY e "v">]>' + content(b"&e;"),
    "entity bomb": b"<!DOCTYPE x [" + LAUGHS + b"]>" + BODY.replace(b"QQ", b"&l9;"),
    "external entity": b'<!DOCTYPE x [<!ENTITY e SYSTEM "FILE">]>' + BODY.replace(b"QQ", b"&e;"),
    "external subset": b'<!DOCTYPE x SYSTEM "URL">' + BODY,
    "parameter entity": b'<!DOCTYPE x [<!ENTITY % p SYSTEM "URL"> %p;]>' + BODY,
    "undeclared entity": content(b"&e;"),
    "deep nesting": content(b"<a>" * 10_000 + b"</a>" * 10_000),
    "deep nesting without end": content(b"<a>" * 10_000),
    "huge attribute": inside(b'x="' + b"y" * 11_000_000 + b'"'),
    "huge text": content(b"y" * 11_000_000),
    "huge name": BODY.replace(b"oadrPoll", b"oadrPoll" + b"x" * 1_000_000),
    "many attributes": inside(b" ".join(b'x%d=""' % n for n in range(10_000))),
    "attribute twice": inside(b'ei:schemaVersion="2.0b"'),
    "unknown attribute": inside(b'role="admin"'),
    "unknown version": GOOD.replace(b'"2.0b"', b'"2.0c"'),
    "undeclared prefix": content(b"<nobody:x/>"),
    "namespace of 2.0a": GOOD.replace(b"oadr-2.0b/2012", b"oadr-2.0a/2012"),
    "no namespace": b"<oadrPayload><oadrSignedObject/></oadrPayload>",
    "bare root": b"<oadrPoll/>",
    "message as root": POLL.replace(b"<oadr:oadrPoll", b"<oadr:oadrPoll " + NAMES, 1),
    "signed object as root": BODY.replace(b"oadrPayload", b"oadrSignedObject"),
    "empty payload": b"<oadr:oadrPayload " + NAMES + b"/>",
    "empty signed object": GOOD.replace(POLL, b""),
    "two messages": GOOD.replace(POLL, POLL + POLL),
    "two signed objects": GOOD.replace(
        b"</oadr:oadrPayload>",
        b"<oadr:oadrSignedObject>" + POLL + b"</oadr:oadrSignedObject></oadr:oadrPayload>",
    ),
    "unknown message": GOOD.replace(b"oadrPoll", b"oadrPoke"),
    "missing venID": GOOD.replace(b"<ei:venID>QQ</ei:venID>", b""),
    "venID twice": GOOD.replace(b"</ei:venID>", b"</ei:venID><ei:venID>x</ei:venID>"),
    "inclusion": content(b'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="URL"/>'),
    "terminal codes": GOOD.replace(b'"2.0b"', '"\x9b31m\u202e\u2028"'.encode()),
    "long words": GOOD.replace(b'"2.0b"', b'"' + b"x" * 5000 + b'"'),
    "line ends in a value": GOOD.replace(b'"2.0b"', b'"a&#10;ERROR b&#13;"'),
}


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[tuple[bytes, bytes, socket.socket]]:
    """Gives a file and an address that nobody may open, and the listening socket."""
    (tmp_path / "secret").write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        port = listener.getsockname()[1]
        yield (tmp_path / "secret").as_uri().encode(), b"http://127.0.0.1:%d/x" % port, listener


@pytest.mark.parametrize("case", HOSTILE)
def test_a_bad_document_costs_one_short_line_and_opens_nothing(
    case: str, trap: tuple[bytes, bytes, socket.socket]
) -> None:
    file, url, listener = trap
    document = HOSTILE[case].replace(b"FILE", file).replace(b"URL", url)
    started = time.process_time()
    with pytest.raises(XMLError) as refusal:
        codec.decode(document)
    text = str(refusal.value)
    assert 0 < len(text) < 330
    assert text.isprintable()
    assert "secret" not in text
    assert time.process_time() - started < 1
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize(
    "attribute", [b'xsi:schemaLocation="urn:x URL"', b'xsi:noNamespaceSchemaLocation="URL"']
)
def test_a_hint_where_a_schema_lies_is_not_followed(
    attribute: bytes, trap: tuple[bytes, bytes, socket.socket]
) -> None:
    _, url, listener = trap
    hint = b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ' + attribute
    assert codec.decode(inside(hint.replace(b"URL", url))) == Poll(ven_id="QQ")
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_a_style_sheet_is_not_fetched(trap: tuple[bytes, bytes, socket.socket]) -> None:
    _, url, listener = trap
    sheet = b'<?xml-stylesheet href="' + url + b'"?>'
    assert codec.decode(sheet + BODY) == Poll(ven_id="QQ")
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_a_document_is_refused_unread_when_it_is_too_long() -> None:
    with pytest.raises(XMLError, match=f"document of {len(GOOD)} bytes; at most 100"):
        codec.decode(GOOD, max_bytes=100)
    assert codec.decode(GOOD, max_bytes=len(GOOD)) == Poll(ven_id="QQ")


def test_the_default_limit_is_sixteen_mebibytes() -> None:
    with pytest.raises(XMLError, match="at most 16777216 are accepted"):
        codec.decode(b" " * (codec.MAX_BYTES + 1))


@pytest.mark.parametrize(
    "document",
    [
        b"\xef\xbb\xbf" + GOOD,
        BODY,
        GOOD.replace(b'encoding="UTF-8"', b'encoding="utf-8" standalone="yes"'),
        GOOD.replace(b"UTF-8", b"us-ascii"),
        GOOD.replace(b"\n", b"\r\n"),
        b"<!-- x -->" + BODY + b"<!-- x -->\n",
    ],
    ids=["byte order mark", "no declaration", "standalone", "ASCII", "CRLF", "comments"],
)
def test_harmless_variants_are_read(document: bytes) -> None:
    assert codec.decode(document) == Poll(ven_id="QQ")


def test_the_encoding_is_utf8_whatever_is_declared() -> None:
    document = content("é+ADw-x+AD4-".encode())
    for name in (b"ISO-8859-1", b"UTF-7", b"windows-1252"):
        assert codec.decode(document.replace(b"UTF-8", name)) == Poll(ven_id="é+ADw-x+AD4-")


def test_what_is_told_is_not_kept_for_the_next_document() -> None:
    with pytest.raises(XMLError, match="VersionOfOneVEN"):
        codec.decode(GOOD.replace(b'"2.0b"', b'"VersionOfOneVEN"'))
    with pytest.raises(XMLError) as refusal:
        codec.decode(GOOD.replace(b"venID", b"vtnID"))
    assert "VersionOfOneVEN" not in str(refusal.value)


def test_only_a_payload_is_a_payload_even_without_the_schema() -> None:
    with pytest.raises(XMLError, match="not oadrPayload"):
        codec.parse(POLL.replace(b"<oadr:oadrPoll", b"<oadr:oadrPoll " + NAMES, 1), validate=False)


def test_a_missing_schema_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="openleadr, which ships the schema, is not installed"):
        parser.schema.__wrapped__()


def test_namespaces_that_would_make_canonicalisation_slow_are_refused() -> None:
    few = b" ".join(b'xmlns:n%d="urn:%d"' % (n, n) for n in range(15))
    assert codec.parse(inside(few)) is not None
    with pytest.raises(XMLError, match="more than 32 namespaces"):
        codec.parse(inside(few + b" " + few.replace(b"n", b"m").replace(b"xmlms", b"xmlns")))


@pytest.mark.parametrize(
    "text",
    [
        b"&amp;" * 2_000_000,
        b"&#65;" * 2_000_000,
        b"a<!---->" * 1_000_000,
        b"a<?b?>" * 1_500_000,
        b"<![CDATA[a]]>" * 900_000,
        b"a" * 8_000_000 + b"&amp;" * 100_000,
        b"a\r\n" * 3_000_000,
        "é".encode() * 4_900_000,
    ],
    ids=["entity", "character", "comment", "PI", "CDATA", "long", "line", "letter"],
)
def test_a_text_in_a_million_pieces_is_refused_quickly(text: bytes) -> None:
    # The validator would take up to 40 seconds for one of these.
    began = time.perf_counter()
    with pytest.raises(XMLError, match="a text of more than 100000 characters"):
        codec.parse(content(text))
    assert time.perf_counter() - began < 1.5


def test_many_short_texts_may_be_in_pieces() -> None:
    message = CreatedReport(response=EiResponse(), pending=("Tom & Co <é>\r",) * 20_000)
    assert codec.decode(codec.encode(message)) == message
    assert codec.decode(content(b"&amp;" * 90_000)) == Poll(ven_id="&" * 90_000)


def test_a_toolkit_may_declare_its_namespaces_on_every_element() -> None:
    opened = b"<ei:venID " + NAMES + b">"
    assert codec.decode(GOOD.replace(b"<ei:venID>", opened)) == Poll(ven_id="QQ")
    report = codec.encode(CreatedReport(response=EiResponse(), pending=("r",) * 100))
    report = report.replace(b"<ei:reportRequestID>", b"<ei:reportRequestID " + NAMES + b">")
    assert codec.decode(report) == CreatedReport(response=EiResponse(), pending=("r",) * 100)


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_documented_error(data: bytes) -> None:
    with pytest.raises(OpenADRError):
        codec.decode(data)


@settings(max_examples=200)
@given(
    place=st.integers(0, len(GOOD) - 1),
    removed=st.integers(0, 5),
    added=st.binary(max_size=5) | st.sampled_from([b"<", b"&", b"<!--", b"]]>", b"\x00", b'"']),
)
def test_a_damaged_message_is_a_message_or_a_documented_error(
    place: int, removed: int, added: bytes
) -> None:
    try:
        message = codec.decode(GOOD[:place] + added + GOOD[place + removed :])
    except OpenADRError:
        return
    assert isinstance(message, Poll)
