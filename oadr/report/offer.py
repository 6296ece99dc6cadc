"""What a source of reports offers.

An ``Offer`` is one metadata report in terms that programs think in: a name without
``METADATA_``, an amount of data, and data points with their sampling range.
``oadr.report.metadata`` writes and reads it.

Spec: rules 300, 302, 305, 307, 308, 312, 327, 331 and 333.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from oadr.enums import ReadingType, ReportName, ReportType
from oadr.errors import ComplianceError
from oadr.event.target import DEVICE_CLASSES
from oadr.messages import Target, Unit
from oadr.times import ZERO

#: The ``reportSpecifierID`` that asks for metadata itself (R327).
METADATA = "METADATA"
#: What a report name begins with in metadata, and nowhere else (R313, R331).
PREFIX = "METADATA_"
#: Name of a report of telemetry that no well-known report may carry, such as a voltage (R331).
OTHER_TELEMETRY = "x-TELEMETRY_READING"

_TOTALS = frozenset(
    {"energyReal", "energyApparent", "energyReactive", "pulseCount", "Therm", "currency"}
)
_RATES = frozenset(
    {"powerReal", "powerApparent", "powerReactive", "voltage", "current", "frequency"}
    | {"temperature", "currencyPerKWh", "currencyPerKW", "currencyPerThm"}
)
_USAGE = frozenset({ReportType.USAGE.value, ReportType.DELTA_USAGE.value})
_FLOWS = _USAGE | {ReportType.BASELINE.value, ReportType.DEVIATION.value}

_USAGE_UNITS = frozenset({"powerReal", "energyReal", "pulseCount"})
_USAGE_REPORTS = frozenset({ReportName.TELEMETRY_USAGE.value, ReportName.HISTORY_USAGE.value})
_TELEMETRY = frozenset({ReportName.TELEMETRY_USAGE.value, ReportName.TELEMETRY_STATUS.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class DataPoint:
    """One thing that can be measured.

    Attributes:
        r_id: unique within its offer (R308).
        report_type: one of ``oadr.enums.ReportType`` or an ``x-`` value.
        unit: None for status, and where a peer names none.
        reading_type: one of ``oadr.enums.ReadingType`` or an ``x-`` value.
        data_source: the resources that it aggregates (R302); None means all (R343).
        subject: device classes (R307).
        market_context: programme that it belongs to.
        min_period: fastest sampling; 0 if the peer did not say.
        max_period: slowest sampling; 0 if the peer did not say.
        on_change: whether changes are reported when asked for with granularity 0.
    """

    r_id: str
    report_type: str
    unit: Unit | None
    reading_type: str
    data_source: Target | None = None
    subject: Target | None = None
    market_context: str | None = None
    min_period: timedelta
    max_period: timedelta
    on_change: bool = False

    @property
    def is_status(self) -> bool:
        """Whether its values are ``ResourceStatus`` (R331)."""
        return self.report_type == ReportType.RESOURCE_STATUS

    @property
    def accumulates(self) -> bool:
        """Whether values of adjacent intervals add up, as energy does and power does not."""
        if self.unit is None or self.unit.name == "customUnit":
            return self.report_type in _USAGE
        return self.unit.name in _TOTALS and self.report_type in _FLOWS

    @property
    def averages(self) -> bool:
        """Whether the mean over a time says more than its last value, as for power."""
        return self.unit is not None and self.unit.name in _RATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One report that can be asked for.

    Attributes:
        specifier_id: ``reportSpecifierID``, unique among the offers of a party (R308).
        report_name: one of ``oadr.enums.ReportName`` or an ``x-`` name, without
            ``METADATA_``; empty if the peer named none.
        duration: how much data can be had at the fastest sampling (R312); 0 if the
            peer did not say.
        points: the data points.
    """

    specifier_id: str
    report_name: str
    duration: timedelta
    points: tuple[DataPoint, ...]

    @property
    def is_history(self) -> bool:
        """Whether it offers what was, in place of what is."""
        return self.report_name in {ReportName.HISTORY_USAGE, ReportName.HISTORY_GREENBUTTON}

    @property
    def is_status(self) -> bool:
        """Whether it offers the status of resources."""
        return self.report_name == ReportName.TELEMETRY_STATUS

    def point(self, r_id: str) -> DataPoint | None:
        """Returns a data point; None if it is not offered."""
        return next((point for point in self.points if point.r_id == r_id), None)

    def by_id(self) -> dict[str, DataPoint]:
        """Returns the data points by ``rID``."""
        return {point.r_id: point for point in self.points}


def usage_offer(
    specifier_id: str,
    units: Mapping[str, Unit],
    *,
    min_period: timedelta,
    max_period: timedelta,
    duration: timedelta,
    on_change: bool = False,
    data_source: Target | None = None,
    market_context: str | None = None,
) -> Offer:
    """Returns an offer of TELEMETRY_USAGE: what meters show now (R331).

    Args:
        specifier_id: unique among the offers of the party.
        units: unit of each data point by ``rID``; powerReal, energyReal or pulseCount.
        min_period: fastest sampling, a second or more.
        max_period: slowest sampling, at most ``duration``.
        duration: how much data can be had at the fastest sampling.
        on_change: whether changes can be reported, too.
        data_source: the resources that are measured; None means all.
        market_context: programme that it belongs to.

    Raises:
        ComplianceError: it would not conform; the text says what and by which rule.
    """
    points = tuple(
        DataPoint(
            r_id=r_id,
            report_type=ReportType.USAGE.value,
            unit=unit,
            reading_type=ReadingType.DIRECT_READ.value,
            data_source=data_source,
            market_context=market_context,
            min_period=min_period,
            max_period=max_period,
            on_change=on_change,
        )
        for r_id, unit in units.items()
    )
    return _checked(specifier_id, ReportName.TELEMETRY_USAGE, duration, points)


def status_offer(
    specifier_id: str,
    sources: Mapping[str, Target | None],
    *,
    min_period: timedelta,
    max_period: timedelta,
    duration: timedelta,
    on_change: bool = False,
    market_context: str | None = None,
) -> Offer:
    """Returns an offer of TELEMETRY_STATUS: whether resources are online (R331).

    Args:
        specifier_id: unique among the offers of the party.
        sources: the resources behind each data point by ``rID``; None means all.
        min_period: fastest sampling, a second or more.
        max_period: slowest sampling, at most ``duration``.
        duration: how much data can be had at the fastest sampling.
        on_change: whether changes can be reported, too.
        market_context: programme that it belongs to.

    Raises:
        ComplianceError: it would not conform; the text says what and by which rule.
    """
    points = tuple(
        DataPoint(
            r_id=r_id,
            report_type=ReportType.RESOURCE_STATUS.value,
            unit=None,
            reading_type=ReadingType.NOT_APPLICABLE.value,
            data_source=source,
            market_context=market_context,
            min_period=min_period,
            max_period=max_period,
            on_change=on_change,
        )
        for r_id, source in sources.items()
    )
    return _checked(specifier_id, ReportName.TELEMETRY_STATUS, duration, points)


def history_offer(
    specifier_id: str,
    units: Mapping[str, Unit],
    *,
    period: timedelta,
    duration: timedelta,
    data_source: Target | None = None,
    market_context: str | None = None,
) -> Offer:
    """Returns an offer of HISTORY_USAGE: what meters showed (R331).

    Args:
        specifier_id: unique among the offers of the party.
        units: unit of each data point by ``rID``; powerReal, energyReal or pulseCount.
        period: distance of the stored readings, at most ``duration``.
        duration: how far back the readings go.
        data_source: the resources that are measured; None means all.
        market_context: programme that it belongs to.

    Raises:
        ComplianceError: it would not conform; the text says what and by which rule.
    """
    points = tuple(
        DataPoint(
            r_id=r_id,
            report_type=ReportType.USAGE.value,
            unit=unit,
            reading_type=ReadingType.DIRECT_READ.value,
            data_source=data_source,
            market_context=market_context,
            min_period=period,
            max_period=period,
        )
        for r_id, unit in units.items()
    )
    return _checked(specifier_id, ReportName.HISTORY_USAGE, duration, points)


def _checked(
    specifier_id: str, name: ReportName, duration: timedelta, points: tuple[DataPoint, ...]
) -> Offer:
    offer = Offer(
        specifier_id=specifier_id, report_name=name.value, duration=duration, points=points
    )
    check_offers((offer,))
    return offer


def check_offers(offers: Sequence[Offer]) -> None:
    """Returns if the offers conform, all that a party has to offer taken together.

    Raises:
        ComplianceError: one does not; the text names the offer and the data point.
    """
    _require_unique("specifier ID", (offer.specifier_id for offer in offers), "the offers")
    for offer in offers:
        _check_offer(offer)


def _check_offer(offer: Offer) -> None:
    where = f"report {offer.specifier_id!r}"
    _require_unique("rID", (point.r_id for point in offer.points), where)
    if offer.specifier_id in {"", METADATA}:
        raise ComplianceError(f"{where} needs another specifier ID than that", rule="R327")
    name = offer.report_name
    if name == ReportName.HISTORY_GREENBUTTON or not (
        name in _USAGE_REPORTS or name in _TELEMETRY or name.startswith("x-")
    ):
        known = ", ".join(sorted(_USAGE_REPORTS | _TELEMETRY))
        raise ComplianceError(
            f"{where} is named {name!r}; expected one of {known} or a name that begins with x-",
            rule="R331",
        )
    if not offer.points:
        raise ComplianceError(f"{where} offers no data point; give it at least one", rule="R305")
    if offer.duration <= ZERO:
        raise ComplianceError(f"{where} must say how much data it has (duration > 0)", rule="R312")
    for point in offer.points:
        _check_point(point, offer, f"{where}, data point {point.r_id!r}")


def _check_point(point: DataPoint, offer: Offer, where: str) -> None:
    if offer.report_name in _USAGE_REPORTS:
        _require_kind(point, where, ReportType.USAGE, ReadingType.DIRECT_READ)
        if point.unit is None or point.unit.name not in _USAGE_UNITS:
            units = ", ".join(sorted(_USAGE_UNITS))
            raise ComplianceError(f"{where}: the unit must be one of {units}", rule="R331")
    elif offer.report_name == ReportName.TELEMETRY_STATUS:
        _require_kind(point, where, ReportType.RESOURCE_STATUS, ReadingType.NOT_APPLICABLE)
        if point.unit is not None:
            raise ComplianceError(f"{where}: a status has no unit; leave it out", rule="R331")
    if offer.report_name in _TELEMETRY and point.max_period <= ZERO:
        raise ComplianceError(f"{where}: telemetry needs a sampling rate", rule="R333")
    if not ZERO <= point.min_period <= point.max_period <= offer.duration:
        raise ComplianceError(
            f"{where}: periods {point.min_period} to {point.max_period} must be in order and "
            f"within the {offer.duration} of data on offer",
            rule="R312",
        )
    _check_subject(point.subject, where)


def _require_kind(
    point: DataPoint, where: str, report_type: ReportType, reading_type: ReadingType
) -> None:
    if (point.report_type, point.reading_type) != (report_type, reading_type):
        raise ComplianceError(
            f"{where}: is a {point.report_type!r} with reading type {point.reading_type!r}; "
            f"this report wants {report_type.value!r} with {reading_type.value!r}",
            rule="R331",
        )


def _check_subject(subject: Target | None, where: str) -> None:
    if subject is None:
        return
    classes = subject.end_device_assets
    if subject != Target(end_device_assets=classes):
        raise ComplianceError(f"{where}: a subject names device classes only", rule="R307")
    for name in classes:
        if name not in DEVICE_CLASSES and not name.startswith("x-"):
            raise ComplianceError(f"{where}: {name!r} is no device class", rule="R307")


def _require_unique(what: str, names: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ComplianceError(f"{what} {name!r} occurs twice in {where}", rule="R308")
        seen.add(name)
