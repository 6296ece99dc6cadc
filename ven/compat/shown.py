"""What a VEN holds as OpenLEADR's objects; loaded when a program looks at them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import openleadr.objects

from oadr.messages import CreateOpt, Target
from oadr.units import MEASUREMENTS
from ven.compat.added import AddedReport
from ven.meter import MeterSpec

#: Its fields are None where a program left them out, and annotated otherwise.
objects: Any = openleadr.objects


def shown_reports(added: Iterable[AddedReport], now: datetime) -> list[Any]:
    """Returns reports as ``openleadr.objects.Report``.

    Args:
        added: the data points.
        now: becomes their date.
    """
    reports: dict[str, Any] = {}
    for one in added:
        report = reports.get(one.specifier_id)
        if report is None:
            report = reports[one.specifier_id] = objects.Report(
                report_specifier_id=one.specifier_id,
                report_name=one.report_name,
                created_date_time=now,
                dtstart=one.dtstart or now,
                duration=one.spec.duration,
                data_collection_mode=one.mode,
            )
        report.report_descriptions.append(_description(one.spec))
    return list(reports.values())


def shown_opt(message: CreateOpt) -> Any:
    """Returns an opt as ``openleadr.objects.Opt``."""
    components = [
        objects.VavailabilityComponent(dtstart=one.dtstart, duration=one.duration)
        for one in message.availability
    ]
    classes = message.device_class.end_device_assets if message.device_class else ()
    opt: Any = objects.Opt(
        opt_id=message.opt_id,
        opt_type=message.opt_type.value,
        opt_reason=message.opt_reason,
        created_date_time=message.created_date_time,
        event_id=message.event_id,
        modification_number=message.modification_number,
        vavailability=objects.Vavailability(components=components) if components else None,
        targets=_targets(message.target),
        market_context=message.market_context,
        signal_target_mrid=classes[0] if classes else None,
    )
    return opt


def _description(spec: MeterSpec) -> Any:
    target = objects.Target(resource_id=spec.resource_id)
    return objects.ReportDescription(
        r_id=spec.r_id,
        market_context=spec.market_context,
        reading_type=spec.reading_type,
        report_subject=target,
        report_data_source=target,
        report_type=spec.report_type,
        sampling_rate=objects.SamplingRate(
            min_period=spec.every, max_period=spec.max_period, on_change=spec.on_change
        ),
        measurement=_measurement(spec) if spec.measurement else None,
    )


def _measurement(spec: MeterSpec) -> Any:
    power = objects.PowerAttributes(
        hertz=int(spec.power.hertz), voltage=int(spec.power.voltage), ac=spec.power.ac
    )
    return objects.Measurement(
        name=spec.measurement,
        description=spec.description or MEASUREMENTS[spec.measurement][0],
        unit=spec.unit or MEASUREMENTS[spec.measurement][1],
        scale=spec.scale.value,
        power_attributes=power if spec.measurement.startswith("power") else None,
    )


def _targets(target: Target) -> list[Any]:
    named = {
        "ven_id": target.ven_ids,
        "group_id": target.group_ids,
        "group_name": target.group_names,
        "resource_id": target.resource_ids,
        "party_id": target.party_ids,
    }
    return [objects.Target(**{name: value}) for name, values in named.items() for value in values]
