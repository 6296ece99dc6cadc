"""The one list of where our dicts differ from those that openleadr 0.5.36 reads, and why.

``DIFFERENCES`` name the fault of openleadr, by its number in the review or, from N16 on,
as found here. Each shows itself in a document, and either mends the dict that openleadr
made of it (the information is there, in another shape) or clears a message of what
openleadr spoils for good. ``LOSSES`` is what a dict cannot hold, so that it does not come
back from one.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from oadr import codec
from oadr import messages as m
from oadr.enums import ProfileName, ServiceName, TransportName
from oadr.event import normalize
from oadr.messages import common
from oadr.times import CalendarDuration
from oadr.units import MEASUREMENTS
from tests.oadr.openleadr_faults import (
    FAULTS,
    NOW,
    ONE,
    PERKW,
    QUARTER,
    Clear,
    boolean_test,
    event,
    first,
    on,
    opt,
    register,
    request,
    rewrite,
    update,
    values,
)

Payload = dict[str, Any]
#: Takes the type and the payload of a message as openleadr reads it, and returns the payload
#: as it should be.
Mend = Callable[[str, Payload], Payload]
_RING = ("location", "Polygon", "exterior", "LinearRing", "posList")
AREA = m.RawXml(
    xml='<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml/3.2">'
    + "".join(f"<gml:{tag}>" for tag in _RING)
    + "1 2"
    + "".join(f"</gml:{tag}>" for tag in reversed(_RING))
    + "</gml:FeatureCollection>"
)


class _Nothing:
    """What stands where there is no key, or where openleadr fails altogether."""

    def __repr__(self) -> str:
        return "nothing"


NOTHING = _Nothing()


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A difference between openleadr's dict and ours.

    Attributes:
        number: of the fault.
        what: openleadr does.
        shown: a document that shows it.
        path: keys and indices that lead to it; "a|b" takes what is there of both.
        theirs: what openleadr has there.
        ours: what we have there.
        clear: takes what openleadr spoils out of a message.
        mend: gives openleadr's dict our shape.
    """

    number: str
    what: str
    shown: bytes
    path: tuple[str | int, ...]
    theirs: Any
    ours: Any
    clear: Clear | None = None
    mend: Mend | None = None


def at(payload: Any, path: tuple[str | int, ...]) -> Any:
    """Returns what is there, or ``NOTHING``."""
    for step in path:
        try:
            payload = payload[step]
        except (KeyError, IndexError, TypeError):
            return NOTHING
    return payload


# ---------------------------------------------------------------- mending


def walked(change: Callable[[Payload], Payload]) -> Mend:
    """Returns the mend that changes each dict, the innermost first."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return change({key: walk(inner) for key, inner in value.items()})
        return [walk(one) for one in value] if isinstance(value, list) else value

    return lambda _, payload: walk(payload)


_LISTS = {
    "oadrDistributeEvent": "events",
    "oadrRegisterReport": "reports",
    "oadrUpdateReport": "reports",
    "oadrRegisteredReport": "report_requests",
    "oadrCreatedEvent": "event_responses",
}


def lists_are_there(name: str, payload: Payload) -> Payload:
    return {_LISTS[name]: [], **payload} if name in _LISTS else payload


def signals_are_a_list(part: Payload) -> Payload:
    inner = part.get("event_signals")
    if isinstance(inner, dict):
        part = {**part, **inner}
    return part


def grouped_although_empty(part: Payload) -> Payload:
    return {"targets_by_type": {}, **part} if "targets" in part else part


def measured(part: Payload) -> Payload:
    for name in (*MEASUREMENTS, "currency_per_kw"):
        raw = part.get(name)
        if isinstance(raw, dict) and "item_units" in raw:
            part = {key: value for key, value in part.items() if key != name}
            raw = dict(raw)
            unit = {"name": "currencyPerKW" if name == "currency_per_kw" else name}
            unit["description"] = raw.pop("item_description")
            unit["unit"] = raw.pop("item_units")
            if "si_scale_code" in raw:
                unit["scale"] = raw.pop("si_scale_code")
            part["measurement"] = {**unit, **raw}
    return part


def components_are_a_list(part: Payload) -> Payload:
    inner = at(part, ("components", "available"))
    if inner is NOTHING:
        return part
    several = inner if isinstance(inner, list) else [inner]
    return {"components": [one.get("properties", one) for one in several]}


def details_are_lists(part: Payload) -> Payload:
    found = dict(part)
    for key in ("info", "service"):
        if isinstance(found.get(key), dict):
            found[key] = [found[key]]
    return found


def one_payload_each(part: Payload) -> Payload:
    intervals = part.get("intervals")
    if not isinstance(intervals, list):
        return part
    found = []
    for interval in intervals:
        inner = interval.get("report_payload")
        for payload in inner if isinstance(inner, list) else [inner]:
            one = dict(payload) if payload is not None else None
            if one is not None and "payload_float" in one:
                one["value"] = float(one.pop("payload_float")["value"])
            found.append({**interval, "report_payload": one} if one is not None else interval)
    return {**part, "intervals": found}


_NUMBERS = frozenset({"accuracy", "min", "max", "current", "normal", "pulse_factor"})


def numbers_are_numbers(part: Payload) -> Payload:
    return {
        key: float(value) if key in _NUMBERS and isinstance(value, str) else value
        for key, value in part.items()
    }


# ---------------------------------------------------------------- clearing


def _fault(number: str) -> Clear:
    return next(fault.clear for fault in FAULTS if fault.number == number)


def numbered(part: Any) -> Any:
    """Returns a report or baseline whose intervals have numbers for uids, or none."""
    if isinstance(part, m.Report | m.Baseline):
        intervals = tuple(
            replace(one, uid=one.uid and str(n)) for n, one in enumerate(part.intervals)
        )
        return replace(part, intervals=intervals)
    return part


def without_areas(part: Any) -> Any:
    if isinstance(part, m.Target):
        return replace(part, service_areas=(), service_locations=())
    if isinstance(getattr(part, "unit", None), m.GreenButtonUnit):
        return replace(part, unit=None)
    return part


def baseline_of_numbers(part: Any) -> Any:
    """R100, R101: a baseline has one number in each interval."""
    if not isinstance(part, m.Baseline):
        return part
    intervals = tuple(
        m.Interval(duration=QUARTER, uid=str(n), payloads=(m.SignalPayload(value=ONE),))
        for n in range(len(part.intervals))
    )
    return replace(part, intervals=intervals)


# ---------------------------------------------------------------- the list


def _two(**changes: Any) -> m.UpdateReport:
    both = tuple(m.ReportPayload(r_id=name, value=ONE) for name in "ab")
    return update(interval={"payloads": both, **changes})


def _registered(**changes: Any) -> m.CreatedPartyRegistration:
    profile = m.Profile(name=ProfileName.B, transports=(TransportName.SIMPLE_HTTP,))
    return m.CreatedPartyRegistration(
        response=m.EiResponse(), vtn_id="t", profiles=(profile,), **changes
    )


_VOLTAGE = m.Unit(name="voltage", description="Voltage", units="V")
_INTERVAL = m.Interval(duration=QUARTER, uid="0", payloads=(m.SignalPayload(value=ONE),))
_BASELINE = m.Baseline(
    dtstart=NOW, duration=QUARTER, intervals=(_INTERVAL,), baseline_id="b", baseline_name="n"
)
_WHOLE = {"dtstart": NOW, "duration": QUARTER}
_VOLT = {"name": "voltage", "description": "Voltage", "unit": "V", "scale": "none"}
_TWICE = m.DistributeEvent(request_id="r", vtn_id="t", events=event(target=m.Target()).events * 2)
_LOCAL = codec.encode(event()).replace(
    b"2024-06-01T12:00:00Z</ei:cr", b"2024-06-01T12:00:00</ei:cr"
)
_UNTESTED = codec.encode(event(descriptor={"test_event": "x"})).replace(
    b">x</ei:testEvent", b"></ei:testEvent"
)
_PLAIN = register().reports[0].descriptions[0]
_METADATA = replace(
    register().reports[0],
    report_request_id="q",
    descriptions=(_PLAIN, replace(_PLAIN, unit=_VOLTAGE)),
)
_TWO_POINTS = m.RegisterReport(request_id="r", reports=(_METADATA,))

_EVENT: tuple[str | int, ...] = ("events", 0)
_REPORT: tuple[str | int, ...] = ("reports", 0)
_POINT = (*_REPORT, "report_descriptions")
_READING = (*_REPORT, "intervals", 0, "report_payload")
DIFFERENCES = [
    Difference(
        number="X2",
        what="takes an ID of digits for a number, and true for a truth value",
        shown=codec.encode(m.Poll(ven_id="0042")),
        path=("ven_id",),
        theirs=42,
        ours="0042",
        clear=_fault("X2"),
    ),
    Difference(
        number="X11",
        what="does not know currencyPerKW",
        shown=codec.encode(event(signal={"unit": PERKW})),
        path=(*_EVENT, "event_signals", 0, "measurement", "name"),
        theirs=NOTHING,
        ours="currencyPerKW",
        mend=walked(measured),
    ),
    Difference(
        number="X12",
        what="takes an empty testEvent for a test",
        shown=_UNTESTED,
        path=(*_EVENT, "event_descriptor", "test_event"),
        theirs=True,
        ours=NOTHING,
    ),
    Difference(
        number="X13a",
        what="has no key where a list is empty",
        shown=codec.encode(m.DistributeEvent(request_id="r", vtn_id="t")),
        path=("events",),
        theirs=NOTHING,
        ours=[],
        mend=lists_are_there,
    ),
    Difference(
        number="X13b",
        what="puts the signals one deeper if there is a baseline",
        shown=codec.encode(event(baseline=_BASELINE)),
        path=(*_EVENT, "event_signals", "event_baseline", "baseline_id"),
        theirs="b",
        ours=NOTHING,
        mend=walked(signals_are_a_list),
    ),
    Difference(
        number="X13c",
        what="forgets the grouped targets of one of several events if there is none",
        shown=codec.encode(_TWICE),
        path=(*_EVENT, "targets_by_type"),
        theirs=NOTHING,
        ours={},
        mend=walked(grouped_although_empty),
    ),
    Difference(
        number="X13d",
        what="leaves the units as they are behind the first data point without one",
        shown=codec.encode(_TWO_POINTS),
        path=(*_POINT, 1, "measurement"),
        theirs=NOTHING,
        ours=_VOLT,
        mend=walked(measured),
    ),
    Difference(
        number="X13e",
        what="has a schedule as a dict of one or a list of properties, and writes neither",
        shown=codec.encode(
            opt(
                event_id=None,
                modification_number=None,
                availability=(m.Period(dtstart=NOW, duration=QUARTER),),
            )
        ),
        path=("vavailability", "components"),
        theirs={"available": _WHOLE},
        ours=[_WHOLE],
        mend=walked(components_are_a_list),
    ),
    Difference(
        number="X13f",
        what="has a service or its information as a dict if there is one, else as a list",
        shown=codec.encode(
            _registered(
                service_specific_info=(
                    m.ServiceInfo(service=ServiceName.EI_OPT, info=(m.Info(key="a", value="b"),)),
                )
            )
        ),
        path=("service_specific_info", "service"),
        theirs={"service_name": "EiOpt", "info": {"key": "a", "value": "b"}},
        ours=[{"service_name": "EiOpt", "info": [{"key": "a", "value": "b"}]}],
        mend=walked(details_are_lists),
    ),
    Difference(
        number="X13g",
        what="has the data points of one interval as a list in another shape",
        shown=codec.encode(_two()),
        path=_READING,
        theirs=[
            {"r_id": "a", "payload_float": {"value": 1}},
            {"r_id": "b", "payload_float": {"value": 1}},
        ],
        ours={"r_id": "a", "value": 1.0},
        mend=walked(one_payload_each),
    ),
    Difference(
        number="X14",
        what="leaves a date-time without Z a text",
        shown=_LOCAL,
        path=(*_EVENT, "event_descriptor", "created_date_time"),
        theirs="2024-06-01T12:00:00",
        ours=NOW,
    ),
    Difference(
        number="N2",
        what="counts a year as 365 days, and has no months",
        shown=codec.encode(request()).replace(
            b"PT15M</xcal:duration></xcal:gr", b"P1Y</xcal:duration></xcal:gr"
        ),
        path=("report_requests", 0, "report_specifier", "granularity"),
        theirs=timedelta(days=365),
        ours=CalendarDuration(months=12),
        clear=_fault("N2"),
    ),
    Difference(
        number="N14",
        what="strips the white space around a text",
        shown=codec.encode(m.Poll(ven_id=" v ")),
        path=("ven_id",),
        theirs="v",
        ours=" v ",
        clear=_fault("N14"),
    ),
    Difference(
        number="N15",
        what="reads a pending report without a name as one that is called None",
        shown=codec.encode(m.CreatedReport(response=m.EiResponse(), pending=("",))),
        path=("pending_reports", 0, "report_request_id"),
        theirs="None",
        ours=None,
        clear=_fault("N15"),
    ),
    Difference(
        number="N16",
        what="has mark-up of other standards as dicts with the namespaces in their keys",
        shown=codec.encode(event(target=m.Target(service_areas=(AREA,)))),
        path=(*_EVENT, "targets", 0, "service_area", "feature_collection"),
        theirs=NOTHING,
        ours=AREA.xml,
        clear=without_areas,
    ),
    Difference(
        number="N17",
        what="fails on a uid that is no number",
        shown=codec.encode(update(interval={"uid": "first"})),
        path=(*_REPORT, "intervals", 0, "uid"),
        theirs=NOTHING,
        ours="first",
        clear=numbered,
    ),
    Difference(
        number="N18",
        what="leaves a number with an exponent, or an infinite one, a text",
        shown=codec.encode(update(payload={"accuracy": Decimal("1E+5")})),
        path=(*_READING, "accuracy"),
        theirs="1E+5",
        ours=100000.0,
        mend=walked(numbers_are_numbers),
    ),
]


def cleared(message: m.Message) -> m.Message:
    """Returns the message without what openleadr spoils for good, and with baselines as R101."""
    for _ in range(2):  # what one leaves may be another's
        for one in DIFFERENCES:
            if one.clear is not None:
                message = rewrite(message, one.clear)
    result: m.Message = rewrite(message, baseline_of_numbers)
    return result


def mended(name: str, payload: Payload) -> Payload:
    """Returns openleadr's payload in the shape that it should have."""
    for one in DIFFERENCES:
        if one.mend is not None:
            payload = one.mend(name, payload)
    return payload


# ---------------------------------------------------------------- what a dict cannot hold


def _double(number: Decimal) -> Decimal:
    return ONE if number.is_nan() else Decimal(str(float(number)))


def _doubled_unit(part: Any) -> Any:
    unit = getattr(part, "unit", None)
    if isinstance(unit, m.Unit) and unit.pulse_factor is not None:
        return replace(part, unit=replace(unit, pulse_factor=_double(unit.pulse_factor)))
    return part


def _named(part: Any) -> Any:
    """No target, pending report or cancelled report is without a name."""
    found: dict[str, Any] = {}
    for one in fields(part):
        content = getattr(part, one.name)
        if isinstance(content, tuple) and "" in content:
            found[one.name] = tuple(name or "x" for name in content)
    return replace(part, **found) if found else part


def _uids(part: Any) -> Any:
    if not isinstance(part, m.Report):
        return part
    intervals = []
    for n, one in enumerate(part.intervals):
        lone = one.uid is None and len(one.payloads) == 1
        intervals.append(replace(one, uid=None if lone else str(n)))
    return replace(part, intervals=tuple(intervals))


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What does not come back from a dict.

    Attributes:
        what: is lost or changed.
        clear: takes it out of a message.
        example: a message that shows it.
    """

    what: str
    clear: Clear
    example: m.Message


LOSSES = [
    Loss(
        what="the version of the schema",
        clear=lambda part: (
            replace(part, schema_version=common.VERSION)
            if hasattr(part, "schema_version")
            else part
        ),
        example=m.Poll(ven_id="v", schema_version="x-1"),
    ),
    Loss(
        what="an ID or a text that is empty",
        clear=first(
            values(str, lambda text: text or "x"),
            _named,
            on(m.EventDescriptor, market_context=lambda part: part.market_context or "x"),
        ),
        example=m.QueryRegistration(request_id=""),
    ),
    Loss(
        what="what a double cannot hold",
        clear=first(values(Decimal, _double), _doubled_unit),
        example=update(payload={"value": Decimal("1.00000000000000000001")}),
    ),
    Loss(
        what="which text a test event has",
        clear=on(m.EventDescriptor, test_event=boolean_test),
        example=event(descriptor={"test_event": "yes"}),
    ),
    Loss(
        what="an empty subject or source of a data point, or device class",
        clear=first(
            on(
                m.ReportDescription,
                subject=lambda part: part.subject or None,
                data_source=lambda part: part.data_source or None,
            ),
            on(m.CreateOpt, device_class=lambda part: part.device_class or None),
        ),
        example=register(point={"subject": m.Target()}),
    ),
    Loss(
        what="what an event leaves to be filled in",
        clear=lambda part: normalize(part) if isinstance(part, m.Event) else part,
        example=event(),
    ),
    Loss(
        what="that data points without a uid share an interval",
        clear=_uids,
        example=_two(),
    ),
    Loss(
        what="leading zeros of a uid",
        clear=_uids,
        example=update(interval={"uid": "007"}),
    ),
]


def held(message: m.Message) -> m.Message:
    """Returns the message without what a dict cannot hold."""
    for _ in range(2):
        for loss in LOSSES:
            message = rewrite(message, loss.clear)
    return message
