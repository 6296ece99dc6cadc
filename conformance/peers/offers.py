"""What a party of the kit offers to report: each of the well-known reports (R331)."""

from datetime import UTC, datetime, timedelta

from oadr import messages as m
from oadr.units import unit

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_RATE = m.SamplingRate(min_period=_MINUTE, max_period=_HOUR)
_THEN = datetime(2026, 1, 1, tzinfo=UTC)
POWER, ENERGY, STATUS = "power", "energy", "status"


def _usage(r_id: str, what: str) -> m.ReportDescription:
    return m.ReportDescription(
        r_id=r_id,
        data_source=m.Target(resource_ids=("resource-1",)),
        report_type="usage",
        unit=unit(what),
        reading_type="Direct Read",
        sampling_rate=_RATE,
    )


def _report(specifier_id: str, name: str, *points: m.ReportDescription) -> m.Report:
    return m.Report(
        duration=_HOUR,
        descriptions=points,
        report_request_id="0",
        report_specifier_id=specifier_id,
        report_name=f"METADATA_{name}",
        created_date_time=_THEN,
    )


_POINTS = (_usage(POWER, "powerReal"), _usage(ENERGY, "energyReal"))
TELEMETRY_USAGE = _report("usage-now", "TELEMETRY_USAGE", *_POINTS)
HISTORY_USAGE = _report("usage-then", "HISTORY_USAGE", *_POINTS)
TELEMETRY_STATUS = _report(
    "status-now",
    "TELEMETRY_STATUS",
    m.ReportDescription(
        r_id=STATUS,
        data_source=m.Target(resource_ids=("resource-1",)),
        report_type="x-resourceStatus",
        reading_type="x-notApplicable",
        sampling_rate=_RATE,
    ),
)
#: One data point each: momentary values, and amounts (R342 tells them apart).
POWER_ALONE = _report("power-now", "TELEMETRY_USAGE", _POINTS[0])
ENERGY_ALONE = _report("energy-now", "TELEMETRY_USAGE", _POINTS[1])
#: In the order of the profile; ``created_date_time`` is set when they are sent.
OFFERS = (TELEMETRY_STATUS, TELEMETRY_USAGE, HISTORY_USAGE)
