"""Parts of messages as stored documents.

What the protocol defines is kept in the protocol's own form: a document that the codec
wrote and checks again when it is read.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

from oadr import codec
from oadr.messages import (
    CreateOpt,
    CreateReport,
    DistributeEvent,
    Event,
    RegisterReport,
    Report,
    ReportRequest,
)


def write_event(event: Event) -> bytes:
    """Returns the document of an event."""
    return codec.encode(DistributeEvent(request_id="", vtn_id="", events=(event,)))


@lru_cache(maxsize=4096)
def read_event(document: bytes) -> Event:
    """Returns the event of a document; the same object for the same document."""
    return cast(DistributeEvent, codec.decode(document)).events[0]


def write_reports(reports: Sequence[Report]) -> bytes:
    """Returns the document of the reports that a VEN offers."""
    return codec.encode(RegisterReport(request_id="", reports=tuple(reports)))


def read_reports(document: bytes) -> tuple[Report, ...]:
    """Returns the reports of a document."""
    return cast(RegisterReport, codec.decode(document)).reports


def write_request(request: ReportRequest) -> bytes:
    """Returns the document of a report request."""
    return codec.encode(CreateReport(request_id="", requests=(request,)))


@lru_cache(maxsize=4096)
def read_request(document: bytes) -> ReportRequest:
    """Returns the report request of a document; the same object for the same document."""
    return cast(CreateReport, codec.decode(document)).requests[0]


def write_opt(opt: CreateOpt) -> bytes:
    """Returns the document of an opt."""
    return codec.encode(opt)


@lru_cache(maxsize=4096)
def read_opt(document: bytes) -> CreateOpt:
    """Returns the opt of a document; the same object for the same document."""
    return cast(CreateOpt, codec.decode(document))
