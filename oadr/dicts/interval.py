"""``ei:interval`` with its payloads as openleadr's dicts, and back.

A dict has one payload. An interval of several data points becomes several dicts that
have their start, duration and uid in common, the form in which openleadr's own VEN
reports (C23); those with the same uid become one interval again.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from oadr import messages as m
from oadr.dicts.node import DURATION, FLAG, MOMENT, NUMBER, TEXT, WHOLE, Node
from oadr.dicts.number import number_to

Payload = m.SignalPayload | m.ReportPayload | m.GreenButtonPayload
_NUMBER = re.compile(r"-?[0-9]{1,18}")
_CONTROLS = ("capacity", "level_offset", "percent_offset", "set_point")
_STATUS = "payload_resource_status"


def intervals_to_list(intervals: Iterable[m.Interval]) -> list[dict[str, Any]]:
    """Returns a dict for each payload of each interval."""
    found: list[dict[str, Any]] = []
    for interval in intervals:
        frame = _frame(interval)
        each = [{**frame, _key(one): _payload_to(one)} for one in interval.payloads]
        found.extend(each or [frame])
    return found


def _frame(interval: m.Interval) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if interval.dtstart is not None:
        found["dtstart"] = interval.dtstart
    if interval.duration is not None:
        found["duration"] = interval.duration
    if interval.uid is not None:
        found["uid"] = int(interval.uid) if _NUMBER.fullmatch(interval.uid) else interval.uid
    return found


def _key(payload: Payload) -> str:
    if isinstance(payload, m.SignalPayload):
        return "signal_payload"
    return "report_payload" if isinstance(payload, m.ReportPayload) else "gbpayload"


def _payload_to(payload: Payload) -> Any:
    if isinstance(payload, m.GreenButtonPayload):
        return {"feed": payload.feed.xml}
    if isinstance(payload, m.ReportPayload):
        return _report_payload_to(payload)
    value = payload.value
    return float(value) if isinstance(value, Decimal) else {_STATUS: _status_to(value)}


def _report_payload_to(payload: m.ReportPayload) -> dict[str, Any]:
    found: dict[str, Any] = {"r_id": payload.r_id or None}
    if payload.confidence is not None:
        found["confidence"] = payload.confidence
    if payload.accuracy is not None:
        found["accuracy"] = number_to(payload.accuracy)
    if isinstance(payload.value, Decimal):
        found["value"] = float(payload.value)
    else:
        found[_STATUS] = _status_to(payload.value)
    if payload.data_quality is not None:
        found["data_quality"] = str(payload.data_quality)
    return found


def _status_to(status: m.ResourceStatus) -> dict[str, Any]:
    found: dict[str, Any] = {"online": status.online, "manual_override": status.manual_override}
    controls = {name: getattr(status, name) for name in _CONTROLS}
    state = {name: _control_to(one) for name, one in controls.items() if one is not None}
    if state:
        found["load_control_state"] = state
    return found


def _control_to(control: m.LoadControl) -> dict[str, Any]:
    numbers = {
        "min": control.minimum,
        "max": control.maximum,
        "current": control.current,
        "normal": control.normal,
    }
    return {name: number_to(one) for name, one in numbers.items() if one is not None}


# ---------------------------------------------------------------- back


def signal_interval_of(node: Node, number: int) -> m.Interval:
    """Returns an interval of a signal or a baseline.

    Its uid is its position, whatever it says (R2), and it has no dtstart (R103).

    Raises:
        ValueError: duration or payload is missing or not understood.
    """
    return m.Interval(
        duration=node.need(DURATION, "duration"),
        uid=str(number),
        payloads=(m.SignalPayload(value=value_of(node, "signal_payload")),),
    )


def report_intervals_of(nodes: Iterable[Node]) -> tuple[m.Interval, ...]:
    """Returns the intervals of a report.

    Raises:
        ValueError: a payload is missing, or something is not understood.
    """
    found: list[m.Interval] = []
    for node in nodes:
        interval = _report_interval_of(node)
        if found and interval.uid is not None and _frame(found[-1]) == _frame(interval):
            last = found.pop()
            payloads = last.payloads + interval.payloads
            interval = m.Interval(
                dtstart=last.dtstart, duration=last.duration, uid=last.uid, payloads=payloads
            )
        found.append(interval)
    return tuple(found)


def _report_interval_of(node: Node) -> m.Interval:
    payloads: list[Payload] = [_report_payload_of(one) for one in node.children("report_payload")]
    feeds = [feed.need(TEXT, "feed") for feed in node.children("gbpayload")]
    payloads.extend(m.GreenButtonPayload(feed=m.RawXml(xml=xml)) for xml in feeds)
    if node.raw.get("signal_payload") is not None:
        payloads.append(m.SignalPayload(value=value_of(node, "signal_payload")))
    if not payloads:
        raise ValueError(f"{node.at('report_payload')} is missing; expected r_id and value")
    return m.Interval(
        dtstart=node.maybe(MOMENT, "dtstart"),
        duration=node.maybe(DURATION, "duration"),
        uid=node.maybe(TEXT, "uid"),
        payloads=tuple(payloads),
    )


def _report_payload_of(node: Node) -> m.ReportPayload:
    return m.ReportPayload(
        r_id=node.need(TEXT, "r_id"),
        confidence=node.maybe(WHOLE, "confidence"),
        accuracy=node.maybe(NUMBER, "accuracy"),
        value=_value_in(node),
        data_quality=node.maybe(TEXT, "data_quality"),
    )


def value_of(node: Node, key: str) -> Decimal | m.ResourceStatus:
    """Returns the number under a key, or what a dict there holds.

    Raises:
        ValueError: there is neither a number nor the state of a resource.
    """
    if isinstance(node.raw.get(key), Mapping):
        return _value_in(Node(node.raw[key], node.at(key)))
    return node.need(NUMBER, key)


def _value_in(node: Node) -> Decimal | m.ResourceStatus:
    status = node.child(_STATUS)
    if status is not None:
        return _status_of(status)
    if "online" in node.raw:
        return _status_of(node)
    for key in ("value", "payload_float", "payload_int", "signal_payload"):
        if node.raw.get(key) is not None:
            return value_of(node, key)
    return node.need(NUMBER, "value")


def _status_of(node: Node) -> m.ResourceStatus:
    state = node.child("load_control_state")
    controls = {name: state.child(name) for name in _CONTROLS} if state is not None else {}
    return m.ResourceStatus(
        online=node.need(FLAG, "online"),
        manual_override=node.need(FLAG, "manual_override"),
        **{name: _control_of(one) for name, one in controls.items() if one is not None},
    )


def _control_of(node: Node) -> m.LoadControl:
    return m.LoadControl(
        minimum=node.maybe(NUMBER, "min"),
        maximum=node.maybe(NUMBER, "max"),
        current=node.need(NUMBER, "current"),
        normal=node.maybe(NUMBER, "normal"),
    )
