"""Events as objects of ``openleadr.objects``, for applications that look at theirs.

The one module that imports openleadr: when an application first reads ``events``.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from oadr import messages as m
from oadr.event.signals import value_of
from oadr.event.status import starts


def _openleadrs() -> Any:
    return import_module("openleadr.objects")


def event_object(event: m.Event) -> Any:
    """Returns an ``openleadr.objects.Event``."""
    objects = _openleadrs()
    made = objects.Event(
        event_descriptor=_descriptor(event.descriptor),
        active_period=_period(event.active_period),
        event_signals=[_signal(signal, event.active_period) for signal in event.signals],
        targets=_targets(event.target) or [objects.Target()],
        response_required=str(event.response_required),
    )
    made.event_descriptor.event_status = str(event.descriptor.event_status)
    return made


def _descriptor(descriptor: m.EventDescriptor) -> Any:
    objects = _openleadrs()
    return objects.EventDescriptor(
        event_id=descriptor.event_id,
        modification_number=descriptor.modification_number,
        market_context=descriptor.market_context,
        event_status=str(descriptor.event_status),
        created_date_time=descriptor.created_date_time,
        modification_date_time=descriptor.modification_date_time,
        priority=descriptor.priority or 0,
        test_event=descriptor.is_test,
        vtn_comment=descriptor.vtn_comment,
    )


def _period(period: m.Period) -> Any:
    objects = _openleadrs()
    tolerance = {"tolerate": {"startafter": period.start_after}} if period.start_after else None
    return objects.ActivePeriod(
        dtstart=period.dtstart,
        duration=period.duration,
        tolerance=tolerance,
        notification_period=period.notification,
        ramp_up_period=period.ramp_up,
        recovery_period=period.recovery,
    )


def _signal(signal: m.Signal, period: m.Period) -> Any:
    objects = _openleadrs()
    begins = starts(signal.intervals, period.dtstart)
    return objects.EventSignal(
        intervals=[
            objects.Interval(
                dtstart=begin,
                duration=interval.duration,
                signal_payload=_number(interval),
                uid=number,
            )
            for number, (interval, begin) in enumerate(zip(signal.intervals, begins, strict=False))
        ],
        signal_name="simple" if signal.signal_name == "SIMPLE" else signal.signal_name,
        signal_type=str(signal.signal_type),
        signal_id=signal.signal_id,
        current_value=None if signal.current_value is None else float(signal.current_value),
        targets=_targets(signal.target) if signal.target else None,
        measurement=_measurement(signal.unit),
    )


def _number(interval: m.Interval) -> float | None:
    value = value_of(interval)
    return None if value is None else float(value)


def _measurement(unit: Any) -> Any:
    if not isinstance(unit, m.Unit):
        return None
    objects = _openleadrs()
    power = unit.power
    return objects.Measurement(
        name=unit.name,
        description=unit.description,
        unit=unit.units,
        scale=str(unit.scale),
        power_attributes=objects.PowerAttributes(
            hertz=int(power.hertz), voltage=int(power.voltage), ac=power.ac
        )
        if power
        else None,
        pulse_factor=None if unit.pulse_factor is None else int(unit.pulse_factor),
    )


def _targets(target: m.Target) -> list[Any]:
    """Returns one object for each thing that a target names."""
    objects = _openleadrs()
    plain: Mapping[str, tuple[str, ...]] = {
        "group_id": target.group_ids,
        "group_name": target.group_names,
        "resource_id": target.resource_ids,
        "ven_id": target.ven_ids,
        "party_id": target.party_ids,
    }
    nested = {
        "aggregated_p_node": (objects.AggregatedPNode, target.aggregated_pnodes),
        "end_device_asset": (objects.EndDeviceAsset, target.end_device_assets),
        "meter_asset": (objects.MeterAsset, target.meter_assets),
        "p_node": (objects.PNode, target.pnodes),
        "service_delivery_point": (objects.ServiceDeliveryPoint, target.service_delivery_points),
    }
    found = [objects.Target(**{kind: one}) for kind, several in plain.items() for one in several]
    return found + [
        objects.Target(**{kind: wrap(one)})
        for kind, (wrap, several) in nested.items()
        for one in several
    ]


def report_request(request: m.ReportRequest) -> Any:
    """Returns an ``openleadr.objects.ReportRequest``."""
    objects = _openleadrs()
    return objects.ReportRequest(
        report_request_id=request.report_request_id,
        report_specifier=objects.ReportSpecifier(
            report_specifier_id=request.report_specifier_id,
            granularity=request.granularity,
            specifier_payloads=[
                objects.SpecifierPayload(r_id=point.r_id, reading_type=point.reading_type)
                for point in request.data_points
            ],
            report_back_duration=request.report_back_duration,
        ),
    )
