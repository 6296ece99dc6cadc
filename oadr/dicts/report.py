"""Reports, metadata and readings, as openleadr's dicts, and back."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from oadr import messages as m
from oadr.dicts.interval import intervals_to_list, report_intervals_of
from oadr.dicts.measurement import unit_of, unit_to_dict
from oadr.dicts.node import DURATION, FLAG, MOMENT, TEXT, Node, plain
from oadr.dicts.number import given
from oadr.dicts.target import target_to_dict, target_under
from oadr.enums import ReportName

_METADATA = "METADATA_"


def report_to_dict(report: m.Report) -> dict[str, Any]:
    """Returns a report as openleadr hands it to handlers.

    Metadata have ``report_descriptions``, readings have ``intervals``; neither key is
    there for nothing.
    """
    return given(
        dtstart=report.dtstart,
        duration=report.duration,
        intervals=intervals_to_list(report.intervals) or None,
        report_id=report.ei_report_id,
        report_descriptions=[_description_to(one) for one in report.descriptions] or None,
        report_name=None if report.report_name is None else str(report.report_name),
        created_date_time=report.created_date_time,
    ) | {
        "report_request_id": report.report_request_id or None,
        "report_specifier_id": report.report_specifier_id or None,
    }


def _description_to(point: m.ReportDescription) -> dict[str, Any]:
    found: dict[str, Any] = {"r_id": point.r_id or None, "report_type": str(point.report_type)}
    if point.subject is not None:
        found["report_subject"] = target_to_dict(point.subject)
    if point.data_source is not None:
        found["report_data_source"] = target_to_dict(point.data_source)
    found.update(unit_to_dict(point.unit))
    found["reading_type"] = str(point.reading_type)
    if point.market_context is not None:
        found["market_context"] = str(point.market_context)
    rate = point.sampling_rate
    if rate is not None:
        found["sampling_rate"] = {
            "min_period": rate.min_period,
            "max_period": rate.max_period,
            "on_change": rate.on_change,
        }
    return found


# ---------------------------------------------------------------- back


def report_from_dict(raw: Any, *, now: datetime) -> m.Report:
    """Returns the report for openleadr's ``Report`` object or dict.

    Args:
        raw: a dict or object with openleadr's names, or a report of ours.
        now: taken for a missing ``created_date_time``.

    Raises:
        ValueError: something that a report needs is missing or not understood; the text
            names its key.
    """
    return raw if isinstance(raw, m.Report) else report_of(Node(plain(raw), "report"), now)


def report_of(node: Node, now: datetime) -> m.Report:
    """Returns the report in a dict, see ``report_from_dict``.

    Raises:
        ValueError: something is missing or not understood.
    """
    descriptions = tuple(_description_of(one) for one in node.children("report_descriptions"))
    request_id = node.maybe(TEXT, "report_request_id")
    if request_id is None:
        # R311: metadata answer no request.
        request_id = "0" if descriptions else node.need(TEXT, "report_request_id")
    return m.Report(
        dtstart=node.maybe(MOMENT, "dtstart"),
        duration=node.maybe(DURATION, "duration"),
        intervals=report_intervals_of(node.children("intervals")),
        ei_report_id=node.maybe(TEXT, "report_id") or None,
        descriptions=descriptions,
        report_request_id=request_id,
        report_specifier_id=node.need(TEXT, "report_specifier_id"),
        report_name=node.maybe(TEXT, "report_name") or None,
        created_date_time=node.maybe(MOMENT, "created_date_time") or now,
    )


def metadata_of(node: Node, now: datetime) -> m.Report:
    """Returns the metadata report in a dict, under the name that metadata have (R305).

    Raises:
        ValueError: something is missing or not understood.
    """
    if node.raw.get("report_request_id") is None:
        node = Node({**node.raw, "report_request_id": "0"}, node.path)
    report = report_of(node, now)
    if report.report_name in list(ReportName):
        return replace(report, report_name=f"{_METADATA}{report.report_name}")
    return report


def _description_of(node: Node) -> m.ReportDescription:
    return m.ReportDescription(
        r_id=node.need(TEXT, "r_id"),
        subject=target_under(node, "report_subject"),
        data_source=target_under(node, "report_data_source"),
        report_type=node.need(TEXT, "report_type"),
        unit=unit_of(node),
        reading_type=node.need(TEXT, "reading_type"),
        market_context=node.maybe(TEXT, "market_context") or None,
        sampling_rate=_sampling_rate_of(node),
    )


def _sampling_rate_of(node: Node) -> m.SamplingRate | None:
    rate = node.child("sampling_rate")
    if rate is None:
        return None
    slowest, fastest = rate.maybe(DURATION, "max_period"), rate.maybe(DURATION, "min_period")
    if slowest is None and fastest is None:
        return None
    return m.SamplingRate(
        min_period=fastest if fastest is not None else rate.need(DURATION, "max_period"),
        max_period=slowest if slowest is not None else rate.need(DURATION, "min_period"),
        on_change=rate.maybe(FLAG, "on_change") or False,
    )
