"""What the VEN offers to report, from what its meters are.

Spec: rules R302, R305, R307, R308, R312, R331, R333 and R343.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from oadr.codec import encode
from oadr.enums import ReadingType, ReportName, ReportType
from oadr.errors import ComplianceError
from oadr.messages import RegisterReport, Report, Target, Unit
from oadr.report import OTHER_TELEMETRY, DataPoint, Offer, build_metadata, check_offers
from oadr.units import unit
from ven.meter import MeterSpec

#: What a TELEMETRY_USAGE may measure (R331); anything else needs a report of its own name.
_USAGE = frozenset({"powerReal", "energyReal", "pulseCount"})
#: What R331 has a report of usage say about its values, and what says nothing else.
_USAGE_TYPES = frozenset({"", ReportType.USAGE, ReportType.READING})
_USAGE_READINGS = frozenset({"", ReadingType.DIRECT_READ})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def build_offers(specs: Iterable[MeterSpec]) -> tuple[Offer, ...]:
    """Returns one offer for each kind of report that the meters can serve.

    Unless the meters name another, the report name is also the ``reportSpecifierID``, so
    that requests of an earlier run of the program still fit.

    Args:
        specs: of all meters.

    Raises:
        ComplianceError: a meter cannot be offered; the text says what and by which rule.
        ValueError: its measurement is not known.
    """
    groups: dict[tuple[str, str], list[MeterSpec]] = {}
    for spec in specs:
        name = report_name_of(spec)
        groups.setdefault((spec.specifier_id or name, name), []).append(spec)
        if _has_history(spec):
            history = ReportName.HISTORY_USAGE
            groups.setdefault((history, history), []).append(spec)
    offers = tuple(_offer(*key, groups[key]) for key in sorted(groups))
    check_offers(offers)
    return offers


def check_report_only(offers: Iterable[Offer]) -> None:
    """Returns if the offers are what a Report Only VEN must have at least (R510).

    Raises:
        ComplianceError: a report is missing.
    """
    wanted = (ReportName.TELEMETRY_USAGE, ReportName.TELEMETRY_STATUS, ReportName.HISTORY_USAGE)
    missing = set(wanted) - {offer.report_name for offer in offers}
    if missing:
        raise ComplianceError(
            f"a Report Only VEN offers {', '.join(wanted)}; {', '.join(sorted(missing))} is "
            "missing: add a meter of energyReal, powerReal or pulseCount that keeps a history",
            rule="R510",
        )


def report_name_of(spec: MeterSpec) -> str:
    """Returns the name of the report that a meter is in.

    A report of usage may hold usage only (R331); anything else goes into one of its own.
    """
    other = spec.report_name == ReportName.TELEMETRY_USAGE and not is_usage(spec)
    return OTHER_TELEMETRY if other else spec.report_name


def is_usage(spec: MeterSpec) -> bool:
    """Returns whether a report of usage may hold these values (R331)."""
    types = spec.report_type in _USAGE_TYPES and spec.reading_type in _USAGE_READINGS
    return types and spec.measurement in _USAGE


def metadata(offers: Iterable[Offer], now: datetime) -> tuple[Report, ...]:
    """Returns the offers as the reports of an oadrRegisterReport."""
    return build_metadata(offers, now)


def digest_of(offers: Iterable[Offer]) -> str:
    """Returns a digest by which a change of the metadata is seen."""
    document = encode(RegisterReport(request_id="", reports=metadata(offers, _EPOCH)))
    return hashlib.sha256(document).hexdigest()


def _offer(specifier_id: str, name: str, specs: list[MeterSpec]) -> Offer:
    if name == ReportName.HISTORY_USAGE:
        duration = max(spec.history for spec in specs)
    else:
        known = min(spec.duration or max(spec.history, spec.max_period) for spec in specs)
        duration = max(known, *(spec.every for spec in specs))
    points = tuple(_point(name, spec, duration) for spec in specs)
    return Offer(specifier_id=specifier_id, report_name=name, duration=duration, points=points)


def _point(name: str, spec: MeterSpec, duration: timedelta) -> DataPoint:
    history = name == ReportName.HISTORY_USAGE
    report_type, reading_type = _types(name, spec)
    return DataPoint(
        r_id=spec.r_id,
        report_type=report_type,
        unit=None if name == ReportName.TELEMETRY_STATUS else _unit(spec),
        reading_type=reading_type,
        data_source=_source(spec),
        subject=Target(end_device_assets=(spec.device_class,)) if spec.device_class else None,
        market_context=spec.market_context,
        min_period=spec.every,
        max_period=spec.every if history else min(spec.max_period, duration),
        on_change=spec.on_change and not history,
    )


def _source(spec: MeterSpec) -> Target | None:
    """Returns what a data point aggregates (R302); None is all that the VEN has (R343)."""
    if spec.data_source is None:
        return Target(resource_ids=(spec.resource_id,))
    return spec.data_source or None


def _types(name: str, spec: MeterSpec) -> tuple[str, str]:
    """Returns report type and reading type; R331 fixes both for the well-known reports."""
    if name == ReportName.TELEMETRY_STATUS:
        return ReportType.RESOURCE_STATUS, ReadingType.NOT_APPLICABLE
    if not name.startswith("x-"):
        return ReportType.USAGE, ReadingType.DIRECT_READ
    return spec.report_type or ReportType.READING, spec.reading_type or ReadingType.DIRECT_READ


def _unit(spec: MeterSpec) -> Unit:
    return unit(
        spec.measurement,
        units=spec.unit,
        scale=spec.scale,
        description=spec.description,
        power=spec.power,
    )


def _has_history(spec: MeterSpec) -> bool:
    listed = spec.report_name == ReportName.HISTORY_USAGE
    return not listed and spec.measurement in _USAGE and spec.history >= spec.every
