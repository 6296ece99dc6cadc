"""Our messages as the dictionaries that openleadr writes them from and reads them to.

``payload`` gives the keyword arguments of ``openleadr.messaging.create_message``. What
``parse_message`` returns differs from them in nesting and in some keys (fault X13), so
both are compared as ``leaves``: for each key its values, in the order of the document.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from openleadr.enums import _MEASUREMENT_NAMESPACES

from oadr import messages as m

Payload = dict[str, Any]


def payload(message: m.Message) -> Payload:
    """Returns what openleadr's ``create_message`` takes to write this message."""
    return _BUILDERS[type(message)](message)


# ---------------------------------------------------------------- parts


def response(value: m.EiResponse) -> Payload:
    return {
        "response_code": value.code,
        "response_description": value.description,
        "request_id": value.request_id,
    }


def targets(value: m.Target | None) -> list[Payload]:
    """Returns one dictionary for each target of the kinds that openleadr can write."""
    kinds = {
        "group_id": "group_ids",
        "group_name": "group_names",
        "resource_id": "resource_ids",
        "ven_id": "ven_ids",
        "party_id": "party_ids",
    }
    if value is None:
        return []
    return [{key: one} for key, name in kinds.items() for one in getattr(value, name)]


def device_class(value: m.Target | None) -> str | None:
    return value.end_device_assets[0] if value and value.end_device_assets else None


def measurement(unit: Any) -> Payload | None:
    if not isinstance(unit, m.Unit):
        return None
    found: Payload = {
        "name": unit.name,
        "ns": _MEASUREMENT_NAMESPACES.get(unit.name),
        "description": unit.description,
        "unit": unit.units,
    }
    if unit.pulse_factor is None:
        found["scale"] = unit.scale.value
    else:
        found["pulse_factor"] = unit.pulse_factor
    if unit.power is not None:
        found["power_attributes"] = {
            "hertz": unit.power.hertz,
            "voltage": unit.power.voltage,
            "ac": unit.power.ac,
        }
    return found


def value_of(one: Any) -> Any:
    return getattr(one, "value", None)


# ---------------------------------------------------------------- EiEvent


def active_period(period: m.Period) -> Payload:
    tolerance = None if period.start_after is None else {"startafter": period.start_after}
    return {
        "dtstart": period.dtstart,
        "duration": period.duration,
        "tolerance": tolerance,
        "notification_period": period.notification,
        "ramp_up_period": period.ramp_up,
        "recovery_period": period.recovery,
    }


def signal(value: m.Signal) -> Payload:
    return {
        "intervals": [
            {
                "dtstart": one.dtstart,
                "duration": one.duration,
                "uid": int(one.uid or 0),
                "signal_payload": value_of(one.payloads[0]),
            }
            for one in value.intervals
        ],
        "signal_name": value.signal_name,
        "signal_type": value.signal_type.value,
        "signal_id": value.signal_id,
        "measurement": measurement(value.unit),
        "current_value": value.current_value,
    }


def event(value: m.Event) -> Payload:
    descriptor = value.descriptor
    return {
        "event_descriptor": {
            "event_id": descriptor.event_id,
            "modification_number": descriptor.modification_number,
            "modification_date_time": descriptor.modification_date_time,
            "modification_reason": descriptor.modification_reason,
            "priority": descriptor.priority,
            "market_context": descriptor.market_context,
            "created_date_time": descriptor.created_date_time,
            "event_status": descriptor.event_status.value,
            "test_event": descriptor.test_event,
            "vtn_comment": descriptor.vtn_comment,
        },
        "active_period": active_period(value.active_period),
        "event_signals": [signal(one) for one in value.signals],
        "targets": targets(value.target),
        "response_required": value.response_required.value,
    }


def distribute_event(value: m.DistributeEvent) -> Payload:
    return {
        "response": value.response and response(value.response),
        "request_id": value.request_id,
        "vtn_id": value.vtn_id,
        "events": [event(one) for one in value.events],
    }


def created_event(value: m.CreatedEvent) -> Payload:
    answers = [
        {
            "response_code": one.code,
            "response_description": one.description,
            "request_id": one.request_id,
            "event_id": one.event_id,
            "modification_number": one.modification_number,
            "opt_type": one.opt_type.value,
        }
        for one in value.responses
    ]
    return {
        "response": response(value.response),
        "event_responses": answers or None,
        "ven_id": value.ven_id,
    }


# ---------------------------------------------------------------- EiOpt


def create_opt(value: m.CreateOpt) -> Payload:
    components = [{"dtstart": one.dtstart, "duration": one.duration} for one in value.availability]
    return {
        "opt_id": value.opt_id,
        "opt_type": value.opt_type.value,
        "opt_reason": value.opt_reason,
        "market_context": value.market_context,
        "ven_id": value.ven_id,
        "vavailability": {"components": components} if components else None,
        "created_date_time": value.created_date_time,
        "request_id": value.request_id,
        "event_id": value.event_id,
        "modification_number": value.modification_number,
        "targets": targets(value.target),
        "signal_target_mrid": device_class(value.device_class),
    }


# ---------------------------------------------------------------- EiReport


def description(value: m.ReportDescription) -> Payload:
    source: Payload = {}
    for one in targets(value.data_source):
        source = {**one, **source}
    subject = device_class(value.subject)
    rate = value.sampling_rate
    return {
        "r_id": value.r_id,
        "report_subject": subject and {"end_device_asset": {"mrid": subject}},
        "report_data_source": source or None,
        "report_type": value.report_type,
        "measurement": measurement(value.unit),
        "reading_type": value.reading_type,
        "market_context": value.market_context,
        "sampling_rate": rate
        and {
            "min_period": rate.min_period,
            "max_period": rate.max_period,
            "on_change": rate.on_change,
        },
    }


def reading(value: m.Interval) -> Payload:
    one = value.payloads[0]
    assert isinstance(one, m.ReportPayload)
    return {
        "dtstart": value.dtstart,
        "duration": value.duration,
        "report_payload": {
            "r_id": one.r_id,
            "confidence": one.confidence,
            "accuracy": one.accuracy,
            "value": one.value,
            "data_quality": one.data_quality,
        },
    }


def report(value: m.Report) -> Payload:
    return {
        "dtstart": value.dtstart,
        "duration": value.duration,
        "intervals": [reading(one) for one in value.intervals],
        "report_id": value.ei_report_id,
        "report_descriptions": [description(one) for one in value.descriptions],
        "report_request_id": value.report_request_id,
        "report_specifier_id": value.report_specifier_id,
        "report_name": value.report_name,
        "created_date_time": value.created_date_time,
    }


def report_request(value: m.ReportRequest) -> Payload:
    period = value.report_interval
    return {
        "report_request_id": value.report_request_id,
        "report_specifier": {
            "report_specifier_id": value.report_specifier_id,
            "granularity": value.granularity,
            "report_back_duration": value.report_back_duration,
            "report_interval": period and {"dtstart": period.dtstart, "duration": period.duration},
            "specifier_payloads": [
                {"r_id": one.r_id, "reading_type": one.reading_type} for one in value.data_points
            ],
        },
    }


def cancel_report(value: m.CancelReport) -> Payload:
    return {
        "request_id": value.request_id,
        "report_request_id": value.report_request_ids[0],
        "report_to_follow": value.report_to_follow,
        "ven_id": value.ven_id,
    }


def updated_report(value: m.UpdatedReport) -> Payload:
    cancel = value.cancel_report
    return {
        "response": response(value.response),
        "cancel_report": cancel
        and {**cancel_report(cancel), "report_request_id": list(cancel.report_request_ids)},
        "ven_id": value.ven_id,
    }


def with_pending(value: m.CreatedReport | m.CanceledReport) -> Payload:
    return {
        "response": response(value.response),
        "pending_reports": [{"report_request_id": one} for one in value.pending],
        "ven_id": value.ven_id,
    }


# ---------------------------------------------------------------- EiRegisterParty


def create_party_registration(value: m.CreatePartyRegistration) -> Payload:
    names = ("request_id", "registration_id", "ven_id", "transport_address", "report_only")
    found = {name: getattr(value, name) for name in names}
    return {
        **found,
        "profile_name": value.profile_name.value,
        "transport_name": value.transport_name.value,
        "xml_signature": value.xml_signature,
        "ven_name": value.ven_name,
        "http_pull_model": value.http_pull_model,
    }


def created_party_registration(value: m.CreatedPartyRegistration) -> Payload:
    return {
        "response": response(value.response),
        "registration_id": value.registration_id,
        "ven_id": value.ven_id,
        "vtn_id": value.vtn_id,
        "profiles": [
            {
                "profile_name": one.name.value,
                "transports": [{"transport_name": name.value} for name in one.transports],
            }
            for one in value.profiles
        ],
        "requested_oadr_poll_freq": value.poll_freq,
    }


def _plain(*names: str) -> Callable[[Any], Payload]:
    """Returns the builder for a message of identifiers and perhaps a response."""

    def build(value: Any) -> Payload:
        found = {name: getattr(value, name) for name in names}
        if isinstance(found.get("response"), m.EiResponse):
            found["response"] = response(found["response"])
        return found

    return build


def _with(name: str, key: str, build: Callable[[Any], Payload], *names: str) -> Any:
    """Returns the builder for a message with a list of parts before its venID."""
    plain = _plain(*names)

    def listed(value: Any) -> Payload:
        parts = [build(one) for one in getattr(value, name)]
        return {**plain(value), key: parts, "ven_id": value.ven_id}

    return listed


_BUILDERS: dict[type, Callable[[Any], Payload]] = {
    m.CancelOpt: _plain("request_id", "opt_id", "ven_id"),
    m.CancelPartyRegistration: _plain("request_id", "registration_id", "ven_id"),
    m.CancelReport: cancel_report,
    m.CanceledOpt: _plain("response", "opt_id"),
    m.CanceledPartyRegistration: _plain("response", "registration_id", "ven_id"),
    m.CanceledReport: with_pending,
    m.CreateOpt: create_opt,
    m.CreatePartyRegistration: create_party_registration,
    m.CreateReport: _with("requests", "report_requests", report_request, "request_id"),
    m.CreatedEvent: created_event,
    m.CreatedOpt: _plain("response", "opt_id"),
    m.CreatedPartyRegistration: created_party_registration,
    m.CreatedReport: with_pending,
    m.DistributeEvent: distribute_event,
    m.Poll: _plain("ven_id"),
    m.QueryRegistration: _plain("request_id"),
    m.RegisterReport: _with("reports", "reports", report, "request_id"),
    m.RegisteredReport: _with("requests", "report_requests", report_request, "response"),
    m.RequestEvent: _plain("request_id", "ven_id", "reply_limit"),
    m.RequestReregistration: _plain("ven_id"),
    m.Response: _plain("response", "ven_id"),
    m.UpdateReport: _with("reports", "reports", report, "request_id"),
    m.UpdatedReport: updated_report,
}

# ---------------------------------------------------------------- comparing

#: Keys of what openleadr reads -> those of what it writes (X13).
_ALIASES = {
    "notification": "notification_period",
    "ramp_up": "ramp_up_period",
    "recovery": "recovery_period",
    "requested_poll_freq": "requested_oadr_poll_freq",
    "item_description": "description",
    "item_units": "unit",
    "si_scale_code": "scale",
    "mrid": "signal_target_mrid",
    "text": "uid",
}
#: What only one of the two sides holds, and says nothing that the rest does not.
_IDLE = {"targets_by_type", "ns", "name"}


def leaves(value: Any, key: str = "") -> dict[str, list[Any]]:
    """Returns the values of a nested dictionary by key, in their order."""
    found: dict[str, list[Any]] = {}
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in _IDLE:
                _add(found, leaves(inner, _ALIASES.get(str(name), str(name))))
    elif isinstance(value, list | tuple):
        for inner in value:
            _add(found, leaves(inner, key))
    elif value is not None and value != "":
        found[key] = [_comparable(key, value)]
    return found


def _add(found: dict[str, list[Any]], more: dict[str, list[Any]]) -> None:
    for key, values in more.items():
        found.setdefault(key, []).extend(values)


def _comparable(key: str, value: Any) -> Any:
    if key == "test_event":
        return bool(value) and value != "false"
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.replace(microsecond=0)
    return value
