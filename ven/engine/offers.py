"""What the VEN offers to report, from what its meters are.

Spec: rules 305, 308, 312, 331 and 333.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from oadr.codec import encode
from oadr.enums import ReadingType, ReportName, ReportType
from oadr.messages import RegisterReport, Report, Target
from oadr.report import DataPoint, Offer, build_metadata, check_offers
from oadr.units import unit
from ven.meter import MeterSpec

#: What a TELEMETRY_USAGE may measure (R331); anything else needs a report of its own name.
_USAGE = frozenset({"powerReal", "energyReal", "pulseCount"})
_OTHER = "x-TELEMETRY_READING"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def build_offers(specs: Iterable[MeterSpec]) -> tuple[Offer, ...]:
    """Returns one offer for each kind of report that the meters can serve.

    The report name is also the ``reportSpecifierID``, so that requests of an earlier run
    of the program still fit.

    Args:
        specs: of all meters.

    Raises:
        ComplianceError: a meter cannot be offered; the text says what and by which rule.
        ValueError: its measurement is not known.
    """
    groups: dict[str, list[MeterSpec]] = {}
    for spec in specs:
        groups.setdefault(_report_name(spec), []).append(spec)
        if _has_history(spec):
            groups.setdefault(ReportName.HISTORY_USAGE, []).append(spec)
    offers = tuple(_offer(name, groups[name]) for name in sorted(groups))
    check_offers(offers)
    return offers


def metadata(offers: Iterable[Offer], now: datetime) -> tuple[Report, ...]:
    """Returns the offers as the reports of an oadrRegisterReport."""
    return build_metadata(offers, now)


def digest_of(offers: Iterable[Offer]) -> str:
    """Returns a digest by which a change of the metadata is seen."""
    document = encode(RegisterReport(request_id="", reports=metadata(offers, _EPOCH)))
    return hashlib.sha256(document).hexdigest()


def _offer(name: str, specs: list[MeterSpec]) -> Offer:
    if name == ReportName.HISTORY_USAGE:
        duration = max(spec.history for spec in specs)
    else:
        duration = min(max(spec.history, spec.max_period) for spec in specs)
    points = tuple(_point(name, spec, duration) for spec in specs)
    return Offer(specifier_id=name, report_name=name, duration=duration, points=points)


def _point(name: str, spec: MeterSpec, duration: timedelta) -> DataPoint:
    status = name == ReportName.TELEMETRY_STATUS
    history = name == ReportName.HISTORY_USAGE
    other = name == _OTHER
    kind = ReportType.READING if other else ReportType.USAGE
    return DataPoint(
        r_id=spec.r_id,
        report_type=ReportType.RESOURCE_STATUS if status else kind,
        unit=None if status else unit(spec.measurement, units=spec.unit, scale=spec.scale),
        reading_type=ReadingType.NOT_APPLICABLE if status else ReadingType.DIRECT_READ,
        data_source=Target(resource_ids=(spec.resource_id,)),
        min_period=spec.every,
        max_period=spec.every if history else min(spec.max_period, duration),
        on_change=not history,
    )


def _report_name(spec: MeterSpec) -> str:
    if spec.report_name == ReportName.TELEMETRY_USAGE and spec.measurement not in _USAGE:
        return _OTHER
    return spec.report_name


def _has_history(spec: MeterSpec) -> bool:
    return spec.measurement in _USAGE and spec.history >= spec.every
