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
    outlive_metadata,
    pending_ids,
)
from oadr.report.metadata import build_metadata, read_metadata
from oadr.report.offer import (
    METADATA,
    OTHER_TELEMETRY,
    DataPoint,
    Offer,
    check_offers,
    history_offer,
    status_offer,
    usage_offer,
)
from oadr.report.pack import apart, pack, split
from oadr.report.reading import Reading, Value
from oadr.report.request import (
    build_history_request,
    build_metadata_request,
    build_one_shot,
    build_request,
)
from oadr.report.resample import resample
from oadr.report.schedule import (
    Window,
    closing_window,
    is_repeated,
    latest_window,
    next_window,
    windows,
)
from oadr.report.unpack import green_button, unpack
from oadr.report.update import Finding, check_update, findings

__all__ = [
    "METADATA",
    "OTHER_TELEMETRY",
    "DataPoint",
    "Finding",
    "Offer",
    "Reading",
    "RequestKind",
    "Value",
    "Window",
    "apart",
    "build_history_request",
    "build_metadata",
    "build_metadata_request",
    "build_one_shot",
    "build_request",
    "cancel_requests",
    "check_offers",
    "check_request",
    "check_update",
    "closing_window",
    "findings",
    "green_button",
    "history_offer",
    "is_repeated",
    "kind_of",
    "latest_window",
    "next_window",
    "outlive_metadata",
    "pack",
    "pending_ids",
    "read_metadata",
    "resample",
    "split",
    "status_offer",
    "unpack",
    "usage_offer",
    "windows",
]
