"""Documents that are read again and again."""

from datetime import timedelta

from oadr import codec
from oadr.messages import ReportRequest, SpecifierPayload
from vtn.store.document import LONGEST, MOST, Documents, read_request, write_request


def a_request(*r_ids: str) -> ReportRequest:
    return ReportRequest(
        report_request_id="r1",
        report_specifier_id="usage",
        granularity=timedelta(0),
        report_back_duration=timedelta(0),
        data_points=tuple(SpecifierPayload(r_id=r_id) for r_id in r_ids),
    )


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


def test_what_was_stored_is_read_however_long_it_became_when_it_was_written() -> None:
    request = a_request(*(f"{number:2000}" for number in range(8500)))
    document = write_request(request)
    assert len(document) > codec.MAX_BYTES
    assert read_request(document) == request
