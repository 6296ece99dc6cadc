"""Messages of EiReport as openleadr's dicts, and back."""

from collections.abc import Mapping
from typing import Any

from oadr import messages as m
from oadr.dicts.defaults import Defaults
from oadr.dicts.node import FLAG, TEXT, Node
from oadr.dicts.number import given
from oadr.dicts.report import metadata_of, report_of, report_to_dict
from oadr.dicts.request import request_of, request_to_dict
from oadr.dicts.response import response_of, response_to_dict


def register_report_to(message: m.RegisterReport) -> dict[str, Any]:
    """Returns the payload; ``reports`` are there even if there is none (X13)."""
    return update_report_to(message) | given(report_request_id=message.report_request_id)


def update_report_to(message: m.UpdateReport | m.RegisterReport) -> dict[str, Any]:
    """Returns the payload; ``reports`` are there even if there is none (X13)."""
    return {
        "request_id": message.request_id or None,
        "reports": [report_to_dict(report) for report in message.reports],
    } | given(ven_id=message.ven_id)


def register_report_of(node: Node, defaults: Defaults) -> m.RegisterReport:
    """Returns the message in a payload.

    Raises:
        ValueError: something is missing or not understood.
    """
    return m.RegisterReport(
        request_id=defaults.request_id(node),
        reports=tuple(metadata_of(one, defaults.now) for one in node.children("reports")),
        ven_id=defaults.ven_of(node),
        report_request_id=node.maybe(TEXT, "report_request_id") or None,
    )


def update_report_of(node: Node, defaults: Defaults) -> m.UpdateReport:
    """Returns the message in a payload.

    Raises:
        ValueError: something is missing or not understood.
    """
    return m.UpdateReport(
        request_id=defaults.request_id(node),
        reports=tuple(report_of(one, defaults.now) for one in node.children("reports")),
        ven_id=defaults.ven_of(node),
    )


def registered_report_to(message: m.RegisteredReport) -> dict[str, Any]:
    """Returns the payload; ``report_requests`` are there even if there is none (X13)."""
    return {
        "response": response_to_dict(message.response),
        "report_requests": [request_to_dict(request) for request in message.requests],
    } | given(ven_id=message.ven_id)


def registered_report_of(node: Node, defaults: Defaults) -> m.RegisteredReport:
    """Returns the message in a payload.

    Raises:
        ValueError: something is missing or not understood.
    """
    return m.RegisteredReport(
        response=response_of(node),
        requests=tuple(request_of(one) for one in node.children("report_requests")),
        ven_id=defaults.ven_of(node),
    )


def create_report_to(message: m.CreateReport) -> dict[str, Any]:
    """Returns the payload."""
    return {
        "request_id": message.request_id or None,
        "report_requests": [request_to_dict(request) for request in message.requests],
    } | given(ven_id=message.ven_id)


def create_report_of(node: Node, defaults: Defaults) -> m.CreateReport:
    """Returns the message in a payload.

    Raises:
        ValueError: something is missing or not understood.
    """
    requests = tuple(request_of(one) for one in node.children("report_requests"))
    if not requests:
        raise ValueError(f"{node.at('report_requests')} is missing; expected a list of requests")
    return m.CreateReport(
        request_id=defaults.request_id(node), requests=requests, ven_id=defaults.ven_of(node)
    )


def pending_to(message: m.CreatedReport | m.CanceledReport) -> dict[str, Any]:
    """Returns the payload; ``pending_reports`` as a list of dicts."""
    return {
        "response": response_to_dict(message.response),
        "pending_reports": [{"report_request_id": one or None} for one in message.pending],
    } | given(ven_id=message.ven_id)


def created_report_of(node: Node, defaults: Defaults) -> m.CreatedReport:
    """Returns the message in a payload.

    Raises:
        ValueError: something is not understood.
    """
    return m.CreatedReport(
        response=response_of(node), pending=_pending_of(node), ven_id=defaults.ven_of(node)
    )


def canceled_report_of(node: Node, defaults: Defaults) -> m.CanceledReport:
    """Returns the message in a payload.

    Raises:
        ValueError: something is not understood.
    """
    return m.CanceledReport(
        response=response_of(node), pending=_pending_of(node), ven_id=defaults.ven_of(node)
    )


def _pending_of(node: Node) -> tuple[str, ...]:
    """Returns the pending reportRequestIDs; names alone are as good as dicts of one."""
    found = node.raw.get("pending_reports")
    if isinstance(found, Mapping):
        return Node(found, node.at("pending_reports")).several(TEXT, "report_request_id")
    if isinstance(found, list) and found and isinstance(found[0], Mapping):
        several = node.children("pending_reports")
        return tuple(one.need(TEXT, "report_request_id") for one in several)
    return node.several(TEXT, "pending_reports")


def cancel_report_to(message: m.CancelReport) -> dict[str, Any]:
    """Returns the payload; one reportRequestID is a text, several are a list."""
    names = [name or None for name in message.report_request_ids]
    return {
        "request_id": message.request_id or None,
        "report_request_id": names if len(names) > 1 else names[0],
        "report_to_follow": message.report_to_follow,
    } | given(ven_id=message.ven_id)


def cancel_report_of(node: Node, defaults: Defaults) -> m.CancelReport:
    """Returns the message in a payload; one reportRequestID or a list of them.

    Raises:
        ValueError: there is none, or something is not understood.
    """
    names = node.several(TEXT, "report_request_id", "report_request_ids")
    if not names:
        raise ValueError(f"{node.at('report_request_id')} is missing; expected one or a list")
    return m.CancelReport(
        request_id=defaults.request_id(node),
        report_request_ids=names,
        report_to_follow=node.maybe(FLAG, "report_to_follow") or False,
        ven_id=defaults.ven_of(node),
    )


def updated_report_to(message: m.UpdatedReport) -> dict[str, Any]:
    """Returns the payload."""
    cancel = message.cancel_report
    return {"response": response_to_dict(message.response)} | given(
        cancel_report=cancel_report_to(cancel) if cancel is not None else None,
        ven_id=message.ven_id,
    )


def updated_report_of(node: Node, defaults: Defaults) -> m.UpdatedReport:
    """Returns the message in a payload.

    Raises:
        ValueError: something is missing or not understood.
    """
    cancel = node.child("cancel_report")
    return m.UpdatedReport(
        response=response_of(node),
        cancel_report=cancel_report_of(cancel, defaults) if cancel is not None else None,
        ven_id=defaults.ven_of(node),
    )
