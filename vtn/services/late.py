"""Which reports of VENs are late, and when the next one is due."""

from datetime import datetime, timedelta

from oadr.report import RequestKind, next_window
from vtn.store.report import StoredRequest

#: How far a report may be behind; clocks differ, and VENs retry.
PATIENCE = timedelta(seconds=60)
_REPEATED = (RequestKind.PERIODIC, RequestKind.ON_CHANGE)


def next_due(row: StoredRequest, now: datetime) -> datetime | None:
    """Returns when the next report of a request is due; None if none is expected.

    Args:
        row: a request; only those that run and repeat have a next report.
        now: the moment.
    """
    if row.state != "active" or row.kind not in _REPEATED:
        return None
    window = next_window(row.request, RequestKind(row.kind), _begun(row), now)
    return None if window is None else window.due


def late_since(row: StoredRequest, now: datetime) -> datetime | None:
    """Returns when the report was due that should be here and is not; None if none is late.

    Args:
        row: a request; only those that run and repeat can be late.
        now: the moment.
    """
    if row.state != "active" or row.kind not in _REPEATED:
        return None
    kind, begun = RequestKind(row.kind), _begun(row)
    latest = row.last_update or begun
    window = next_window(row.request, kind, begun, latest)
    if window is None or window.due + PATIENCE > now:
        return None
    return window.due


def _begun(row: StoredRequest) -> datetime:
    return row.accepted_at or row.created_at
