"""Requests for reports as openleadr's dicts, and back."""

from typing import Any

from oadr import messages as m
from oadr.dicts.measurement import unit_of, unit_to_dict
from oadr.dicts.node import DURATION, TEXT, Node
from oadr.dicts.period import period_of, period_to_dict
from oadr.enums import ReadingType


def request_to_dict(request: m.ReportRequest) -> dict[str, Any]:
    """Returns a request for a report, as openleadr hands it to ``on_create_report``."""
    specifier: dict[str, Any] = {
        "report_specifier_id": request.report_specifier_id or None,
        "granularity": request.granularity,
        "report_back_duration": request.report_back_duration,
    }
    if request.report_interval is not None:
        specifier["report_interval"] = period_to_dict(request.report_interval)
    specifier["specifier_payloads"] = [_point_to(point) for point in request.data_points]
    return {
        "report_request_id": request.report_request_id or None,
        "report_specifier": specifier,
    }


def _point_to(point: m.SpecifierPayload) -> dict[str, Any]:
    return {
        "r_id": point.r_id or None,
        **unit_to_dict(point.unit),
        "reading_type": str(point.reading_type),
    }


def request_of(node: Node) -> m.ReportRequest:
    """Returns the request for a report in a dict.

    A missing ``report_back_duration`` is the granularity: each reading at once.

    Raises:
        ValueError: something is missing or not understood.
    """
    specifier = node.child("report_specifier")
    if specifier is None:
        raise ValueError(f"{node.at('report_specifier')} is missing; expected a dict")
    points = tuple(_point_of(one) for one in specifier.children("specifier_payloads"))
    if not points:
        text = f"{specifier.at('specifier_payloads')} is missing; expected a list of data points"
        raise ValueError(text)
    granularity = specifier.need(DURATION, "granularity")
    back = specifier.maybe(DURATION, "report_back_duration")
    interval = specifier.child("report_interval")
    return m.ReportRequest(
        report_request_id=node.need(TEXT, "report_request_id"),
        report_specifier_id=specifier.need(TEXT, "report_specifier_id"),
        granularity=granularity,
        report_back_duration=granularity if back is None else back,
        report_interval=period_of(interval) if interval is not None else None,
        data_points=points,
    )


def _point_of(node: Node) -> m.SpecifierPayload:
    return m.SpecifierPayload(
        r_id=node.need(TEXT, "r_id"),
        unit=unit_of(node),
        # R338: the only one that a request may have.
        reading_type=node.maybe(TEXT, "reading_type") or ReadingType.NOT_APPLICABLE.value,
    )
