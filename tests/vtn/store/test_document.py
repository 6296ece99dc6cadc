"""Documents that are read again and again."""

from vtn.store.document import LONGEST, MOST, Documents


def test_a_document_is_read_once_and_long_ones_push_out_those_that_were_read_before() -> None:
    read: list[bytes] = []

    def length(document: bytes) -> int:
        read.append(document)
        return len(document)

    documents = Documents(length)
    for _ in range(3):
        assert documents(b"short") == 5
    assert len(read) == 1
    for number in range(2 * MOST // LONGEST):
        documents(bytes([number]) * LONGEST)
        documents(b"often")
        assert documents.size <= MOST
    documents(b"often")
    documents(b"short")
    assert (read.count(b"often"), read.count(b"short")) == (1, 2)


def test_a_very_long_document_is_not_kept() -> None:
    documents = Documents(len)
    assert documents(b"x" * (LONGEST + 1)) == LONGEST + 1
    assert documents.size == 0
