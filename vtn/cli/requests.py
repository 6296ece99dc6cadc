"""Report requests as ``vtn report list`` and ``vtn report served`` show them."""

from datetime import datetime
from typing import Any

from oadr.times import ZERO
from vtn.cli.present import span, when
from vtn.services.late import late_since, next_due
from vtn.store.report import StoredRequest
from vtn.store.served import Served

#: Columns of the list of what VENs are asked for.
LISTED = (
    *("request", "VEN", "specifier", "kind", "every", "delivered", "state"),
    *("last data (UTC)", "next (UTC)", "note"),
)
#: Columns of the list of what VENs ask for.
SERVED = (
    *("VEN", "request", "specifier", "kind", "every", "delivered"),
    *("last report (UTC)", "next (UTC)", "note"),
)


def summary(row: StoredRequest, ven: str, now: datetime | None = None) -> dict[str, Any]:
    """Returns what there is to say about a request; without ``now`` nothing can be late."""
    period = row.request.report_interval
    return {
        "request_id": row.report_request_id,
        "ven": ven,
        **_wanted(row),
        "start": period.dtstart if period else None,
        "duration": period.duration if period else None,
        "r_ids": [point.r_id for point in row.request.data_points],
        "standing": row.standing,
        "state": row.state,
        "created": row.created_at,
        "accepted": row.accepted_at,
        "last_data": row.last_update,
        "next": next_due(row, now) if now else None,
        "late_since": late_since(row, now) if now else None,
        "missing_since": row.missing_at,
        "final_report": row.follow,
        "code": row.code,
        "description": row.description,
    }


def _wanted(row: StoredRequest | Served) -> dict[str, Any]:
    return {
        "specifier_id": row.request.report_specifier_id,
        "kind": str(row.kind),
        "every": row.request.granularity,
        "deliver": row.request.report_back_duration,
    }


def listed_row(row: dict[str, Any]) -> tuple[str, ...]:
    """Returns the cells of a request that a VEN was asked with."""
    return (
        row["request_id"],
        row["ven"],
        *_rates(row),
        row["state"] if row["code"] is None else f"{row['state']} {row['code']}",
        when(row["last_data"]),
        when(row["next"]),
        _note(row),
    )


def _note(row: dict[str, Any]) -> str:
    if row["late_since"] is not None:
        note = f"late since {when(row['late_since'])} UTC"
        return note + ("; the VEN does not list it" if row["missing_since"] else "")
    if row["missing_since"] is not None:
        return "the VEN does not list it"
    if row["final_report"]:
        return "a final report is expected"
    return row["description"] or ""


def _rates(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["specifier_id"],
        row["kind"],
        span(row["every"]) if row["every"] else "-",
        span(row["deliver"]) if row["deliver"] > ZERO else "once",
    )


def served_summary(row: Served, ven: str) -> dict[str, Any]:
    """Returns what there is to say about a request that a VEN made."""
    return {
        "ven": ven,
        "request_id": row.report_request_id,
        **_wanted(row),
        "accepted": row.accepted_at,
        "last_report": row.last_sent,
        "next": row.due_at,
        "final": row.closing,
    }


def served_row(row: dict[str, Any]) -> tuple[str, ...]:
    """Returns the cells of a request that a VEN made."""
    return (
        row["ven"],
        row["request_id"],
        *_rates(row),
        when(row["last_report"]),
        when(row["next"]),
        "the final report" if row["final"] else "",
    )
