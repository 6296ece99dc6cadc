"""EiReport: what is on offer, what is asked for, when it is due, and the data itself.

Pure functions between the messages of ``oadr.messages`` and readings. A source builds
its metadata from ``Offer``s, checks requests against them, and packs readings into the
report of each ``Window``; a requester reads metadata, builds requests, and unpacks.
"""

from oadr.report.accept import (
    RequestKind,
    cancel_requests,
    check_request,
    kind_of,
    pending_ids,
)
from oadr.report.metadata import build_metadata, read_metadata
from oadr.report.offer import (
    METADATA,
    DataPoint,
    Offer,
    check_offers,
    history_offer,
    status_offer,
    usage_offer,
)
from oadr.report.reading import Reading
from oadr.report.request import (
    build_history_request,
    build_metadata_request,
    build_one_shot,
    build_request,
)
from oadr.report.schedule import Window, closing_window, next_window, windows

__all__ = [
    "METADATA",
    "DataPoint",
    "Offer",
    "Reading",
    "RequestKind",
    "Window",
    "build_history_request",
    "build_metadata",
    "build_metadata_request",
    "build_one_shot",
    "build_request",
    "cancel_requests",
    "check_offers",
    "check_request",
    "closing_window",
    "history_offer",
    "kind_of",
    "next_window",
    "pending_ids",
    "read_metadata",
    "status_offer",
    "usage_offer",
    "windows",
]
