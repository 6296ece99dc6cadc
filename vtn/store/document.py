"""Parts of messages as stored documents.

What the protocol defines is kept in the protocol's own form: a document that the codec
wrote and checks again when it is read.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

from oadr import codec
from oadr.messages import (
    CreateOpt,
    CreateReport,
    DistributeEvent,
    Event,
    Message,
    RegisterReport,
    Report,
    ReportRequest,
)

T = TypeVar("T")
#: Bytes of documents of one kind that are kept in memory with what is in them, which takes
#: several times as much; a longer document than the second is read anew each time.
MOST, LONGEST = 8 * 1024 * 1024, 1024 * 1024


class Documents(Generic[T]):
    """Reads documents, and keeps what was in those that were read last.

    Documents of peers may be of any length, so their bytes are counted and not their number.

    Args:
        read: returns what is in a document.
    """

    def __init__(self, read: Callable[[bytes], T]) -> None:
        self._read = read
        self._kept: OrderedDict[bytes, T] = OrderedDict()
        self.size = 0

    def __call__(self, document: bytes) -> T:
        """Returns what is in a document; mostly the same object for the same document."""
        kept = self._kept
        if document in kept:
            kept.move_to_end(document)
            return kept[document]
        found = self._read(document)
        if len(document) <= LONGEST:
            kept[document] = found
            self.size += len(document)
            while self.size > MOST:
                self.size -= len(kept.popitem(last=False)[0])
        return found


def _decoded(document: bytes) -> Message:
    # What came in under the limit may have become longer by the prefixes that we write.
    return codec.decode(document, max_bytes=len(document))


def write_event(event: Event) -> bytes:
    """Returns the document of an event."""
    return codec.encode(DistributeEvent(request_id="", vtn_id="", events=(event,)))


def _event(document: bytes) -> Event:
    return cast(DistributeEvent, _decoded(document)).events[0]


#: Reads the document of an event.
read_event = Documents(_event)


def write_reports(reports: Sequence[Report]) -> bytes:
    """Returns the document of the reports that a VEN offers."""
    return codec.encode(RegisterReport(request_id="", reports=tuple(reports)))


def read_reports(document: bytes) -> tuple[Report, ...]:
    """Returns the reports of a document."""
    return cast(RegisterReport, _decoded(document)).reports


def write_request(request: ReportRequest) -> bytes:
    """Returns the document of a report request."""
    return codec.encode(CreateReport(request_id="", requests=(request,)))


def _request(document: bytes) -> ReportRequest:
    return cast(CreateReport, _decoded(document)).requests[0]


#: Reads the document of a report request.
read_request = Documents(_request)


def write_opt(opt: CreateOpt) -> bytes:
    """Returns the document of an opt."""
    return codec.encode(opt)


def _opt(document: bytes) -> CreateOpt:
    return cast(CreateOpt, _decoded(document))


#: Reads the document of an opt.
read_opt = Documents(_opt)
