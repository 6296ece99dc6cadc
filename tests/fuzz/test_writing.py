"""The documents that are made up: all valid, of all shapes, quickly enough."""

from collections import Counter
from random import Random

from oadr import codec, profile_a
from oadr.messages import MESSAGES
from tests.fuzz.draft import Coverage
from tests.fuzz.nodes import Group, Place
from tests.fuzz.writing import Writer, messages_a, payload

#: Signatures and feeds as often as all else, so that little is enough to see everything.
EVEN = {"{http://www.w3.org/2000/09/xmldsig#}Signature": 0.2}


def test_every_document_is_valid_by_the_official_schema() -> None:
    writer = Writer(random=Random(1))
    names: Counter[str] = Counter()
    for _ in range(2000):
        document = writer.document()
        signed_object = codec.signed_object_of(codec.parse(document.data))
        assert signed_object[0].tag.endswith("}" + document.name)
        names[document.name] += 1
    assert set(names) == set(MESSAGES)


def test_every_document_of_profile_a_is_valid_by_its_schema() -> None:
    writer = Writer(random=Random(1))
    names = {writer.document_a().name for _ in range(50)}
    for _ in range(500):
        profile_a.parse(writer.document_a().data)
    assert names == set(profile_a.MESSAGES)


def test_nothing_that_the_schema_knows_is_left_out() -> None:
    grammar, root = payload()
    coverage = Coverage()
    writer = Writer(random=Random(1), coverage=coverage, rates=EVEN)
    for _ in range(12_000):
        writer.document()
    parts = grammar.reachable(root)
    marks = {mark for part in parts for mark in part.marks()}
    assert len(parts) > 1000
    missing = [
        part.name
        for part in parts
        if isinstance(part, Place) and not {(id(part), 1), (id(part), 2)} & coverage.marks
    ]
    assert missing == []
    # How often each comes, each alternative, each attribute, each enumerated word.
    assert len(marks & coverage.marks) / len(marks) > 0.95


def test_a_schema_of_profile_a_is_written_as_a_whole() -> None:
    coverage = Coverage()
    writer = Writer(random=Random(1), coverage=coverage)
    for _ in range(1500):
        writer.document_a()
    grammar, roots = messages_a()
    parts = {id(part): part for root in roots.values() for part in grammar.reachable(root)}
    marks = {mark for part in parts.values() for mark in part.marks()}
    assert any(isinstance(part, Group) for part in parts.values())
    assert len(marks & coverage.marks) / len(marks) > 0.95


def test_a_seed_gives_the_same_documents_again() -> None:
    one, other = (Writer(random=Random(7)) for _ in range(2))
    assert [one.document() for _ in range(50)] == [other.document() for _ in range(50)]


def test_what_the_reader_knows_is_written_where_it_belongs() -> None:
    writer = Writer(random=Random(1), known={"ei:venID": ["the-ven"]})
    found = [writer.document("oadrPoll").data.count(b"the-ven") for _ in range(100)]
    assert 40 < sum(found) < 100


def test_texts_names_and_lists_are_also_of_unusual_sizes() -> None:
    writer = Writer(random=Random(1))
    documents = [writer.document().data for _ in range(3000)]
    assert max(map(len, documents)) > 100_000
    for sign in (b"<![CDATA[", b"<?pi", b"<!-- ", b"&#x", b'xmlns="', b"xsi:type", b":own1"):
        assert any(sign in document for document in documents), sign
