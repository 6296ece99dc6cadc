"""The one list of what openleadr 0.5.36 writes or reads differently, and why that is right here.

Numbers M, X, C and V are those of the project's review of openleadr; N are findings of
these differential tests. Each fault comes with a message that shows it, and with a
function that takes out of any message just that which the fault spoils: what is left
must mean the same on both sides.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from oadr import messages as m
from oadr.enums import EventStatus, OptType, ProfileName, SignalType, TransportName
from oadr.messages import common
from oadr.times import CalendarDuration

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
#: Changes one part of a message.
Clear = Callable[[Any], Any]


@dataclass(frozen=True)
class Fault:
    """A difference.

    Attributes:
        number: in the review, or N and a number.
        way: "writes", "reads" or "both": when it shows.
        what: openleadr does.
        clear: takes a part of a message and returns it without what the fault spoils.
        example: a message that shows the fault.
    """

    number: str
    way: str
    what: str
    clear: Clear
    example: m.Message


def rewrite(value: Any, change: Clear) -> Any:
    """Returns a message with ``change`` applied to each part, the innermost first."""
    if isinstance(value, tuple):
        return tuple(rewrite(one, change) for one in value)
    if is_dataclass(value):
        part: Any = value
        inner = {f.name: rewrite(getattr(part, f.name), change) for f in fields(part)}
        return change(replace(part, **inner))
    return value


def on(cls: type, **changes: Clear) -> Clear:
    """Returns the change of fields of one class; each function gets the object."""

    def clear(part: Any) -> Any:
        if not isinstance(part, cls):
            return part
        found: Any = part
        return replace(found, **{name: change(found) for name, change in changes.items()})

    return clear


def values(kind: type, change: Clear) -> Clear:
    """Returns the change of all fields that hold a value of a type."""

    def clear(part: Any) -> Any:
        if isinstance(part, common.Unit | common.RawXml):
            return part
        found: dict[str, Any] = {}
        for one in fields(part):
            content = getattr(part, one.name)
            if one.name in ("schema_version", "uid"):
                continue  # no text of free choice
            if isinstance(content, tuple):
                found[one.name] = tuple(change(x) if type(x) is kind else x for x in content)
            elif isinstance(content, kind) and (kind is not str or type(content) is str):
                found[one.name] = change(content)
        return replace(part, **found)

    return clear


def first(*changes: Clear) -> Clear:
    """Returns the change that makes several, one after the other."""

    def clear(part: Any) -> Any:
        for change in changes:
            part = change(part)
        return part

    return clear


def filled(cls: type, *names: str) -> Clear:
    """Returns the change that fills fields that are None."""

    def fill(name: str) -> Clear:
        return lambda part: "x" if getattr(part, name) is None else getattr(part, name)

    return on(cls, **{name: fill(name) for name in names})


def without(cls: type, **empty: Any) -> Clear:
    """Returns the change that empties fields."""
    return on(cls, **{name: lambda _, value=value: value for name, value in empty.items()})


def event(**changes: Any) -> m.DistributeEvent:
    """Returns a message with one ordinary event, changed."""
    descriptor = m.EventDescriptor(
        event_id="e", market_context="http://x.example", created_date_time=NOW,
        event_status=EventStatus.FAR,
    )  # fmt: skip
    interval = m.Interval(duration=QUARTER, uid="0", payloads=(m.SignalPayload(value=Decimal(1)),))
    signal = m.Signal(
        intervals=(interval,), signal_name="x-load", signal_type=SignalType.DELTA, signal_id="s"
    )
    made = m.Event(
        descriptor=descriptor,
        active_period=m.Period(dtstart=NOW, duration=QUARTER),
        signals=(replace(signal, **changes.pop("signal", {})),),
        target=m.Target(ven_ids=("v",)),
    )
    for name in ("descriptor", "active_period"):
        if name in changes:
            made = replace(made, **{name: replace(getattr(made, name), **changes.pop(name))})
    return m.DistributeEvent(request_id="r", vtn_id="t", events=(replace(made, **changes),))


def update(**changes: Any) -> m.UpdateReport:
    """Returns an ordinary report of one reading, changed."""
    one = m.ReportPayload(r_id="m", value=Decimal(1))
    interval = m.Interval(dtstart=NOW, payloads=(replace(one, **changes.pop("payload", {})),))
    report = m.Report(
        dtstart=NOW,
        intervals=(replace(interval, **changes.pop("interval", {})),),
        ei_report_id="i",
        report_request_id="q",
        report_specifier_id="s",
        created_date_time=NOW,
    )
    return m.UpdateReport(request_id="r", reports=(replace(report, **changes),))


def register(**changes: Any) -> m.RegisterReport:
    """Returns ordinary metadata of one data point, changed."""
    point = m.ReportDescription(r_id="m", report_type="usage", reading_type="Net")
    report = m.Report(
        descriptions=(replace(point, **changes.pop("point", {})),),
        report_request_id="0",
        report_specifier_id="s",
        report_name="METADATA_TELEMETRY_USAGE",
        created_date_time=NOW,
    )
    name = changes.pop("report_request_id", None)
    reports = (replace(report, **changes),)
    return m.RegisterReport(request_id="r", reports=reports, report_request_id=name)


def opt(**changes: Any) -> m.CreateOpt:
    """Returns an ordinary opt-out for an event, changed."""
    made = m.CreateOpt(
        opt_id="o", opt_type=OptType.OPT_OUT, opt_reason="economic", ven_id="v",
        created_date_time=NOW, request_id="r", event_id="e", modification_number=0,
    )  # fmt: skip
    return replace(made, **changes)


def request(**changes: Any) -> m.CreateReport:
    """Returns an ordinary request for a report, changed."""
    made = m.ReportRequest(
        report_request_id="q",
        report_specifier_id="s",
        granularity=QUARTER,
        report_back_duration=QUARTER,
        data_points=(m.SpecifierPayload(r_id="m"),),
    )
    return m.CreateReport(request_id="r", requests=(replace(made, **changes),), ven_id="v")


def five_kinds(target: m.Target) -> m.Target:
    kinds = ("group_ids", "group_names", "resource_ids", "ven_ids", "party_ids")
    return m.Target(**{k: tuple(x for x in getattr(target, k) if x) for k in kinds})


def one_of_each(target: m.Target | None) -> m.Target | None:
    if target is None:
        return None
    kinds = five_kinds(target)
    made = m.Target(**{f.name: getattr(kinds, f.name)[:1] for f in fields(kinds)})
    return made or None


def one_device(target: m.Target | None) -> m.Target | None:
    devices = tuple(x for x in target.end_device_assets if x)[:1] if target else ()
    return m.Target(end_device_assets=devices) if devices else None


def only_one(target: m.Target) -> m.Target:
    kept: dict[str, tuple[str, ...]] = {}
    for one in fields(target):
        content = getattr(target, one.name)
        if content and not kept:
            kept[one.name] = content[:1]
    return m.Target(**kept)  # type: ignore[arg-type]


def unmarked(text: str) -> str:
    return re.sub("[&<>]", "", text)


def one_line(text: str) -> str:
    return " ".join(text.split())


def not_a_number(text: str) -> str:
    return f"id {text}" if re.match(r"-?[\d.]+$|(true|false)$", text) else text


def whole_days(span: timedelta) -> timedelta:
    return timedelta(days=span.days, seconds=span.seconds)


def plain_number(number: Decimal) -> Decimal:
    ordinary = number.is_finite() and abs(number) < 10**9
    return number.quantize(Decimal("0.001")) if ordinary else Decimal("1.5")


def known_unit(unit: Any) -> Any:
    """Returns a unit as openleadr's own tables have it, or none."""
    if isinstance(unit, m.Unit) and unit.name.startswith("currency"):
        names = {"currencyPerThm": "currency"}
        return replace(unit, description=names.get(unit.name, unit.name))
    return replace(unit, units="W") if isinstance(unit, m.Unit) and unit.units == "J/s" else unit


def on_units(change: Clear) -> Clear:
    """Returns the change of the unit of a part that has one."""

    def clear(part: Any) -> Any:
        unit = getattr(part, "unit", None)
        return replace(part, unit=change(unit)) if unit is not None else part

    return clear


def no_pulses_for_nothing(unit: Any) -> Any:
    nothing = isinstance(unit, m.Unit) and unit.pulse_factor == 0
    return replace(unit, pulse_factor=Decimal(1)) if nothing else unit


def plain_pulses(unit: Any) -> Any:
    counts = isinstance(unit, m.Unit) and unit.pulse_factor is not None
    return replace(unit, pulse_factor=plain_number(unit.pulse_factor)) if counts else unit


def unit_texts(change: Callable[[str], str]) -> Clear:
    def clear(unit: Any) -> Any:
        if isinstance(unit, m.Unit) and unit.name == "customUnit":
            return replace(unit, description=change(unit.description), units=change(unit.units))
        return unit

    return on_units(clear)


def texts(change: Callable[[str], str]) -> Clear:
    """Returns the change of every text, those of custom units included; none gets empty."""

    def kept(text: str) -> str:
        changed = change(text)
        return f"{changed}x" if text and changed in ("", "x-") else changed

    return first(values(str, kept), unit_texts(kept))


ONE = Decimal(1)
FEED = m.RawXml(
    xml='<feed xmlns="http://www.w3.org/2005/Atom"><id>x</id><title>x</title>'
    "<updated>2024-06-01T12:00:00Z</updated></feed>"
)
PERKW = m.Unit(name="currencyPerKW", description="currencyPerKW", units="EUR")
STATUS = m.ResourceStatus(online=True, manual_override=False)


def numeric(part: Any) -> Any:
    status = isinstance(getattr(part, "value", None), m.ResourceStatus)
    return replace(part, value=Decimal(1)) if status else part


def simple(part: Any) -> Any:
    """Returns a SIMPLE signal with the current value that openleadr gives it."""
    if isinstance(part, m.Signal) and part.signal_name == "SIMPLE":
        return replace(part, current_value=Decimal(0))
    return part


def single_readings(part: Any) -> Any:
    if isinstance(part, m.Report):
        intervals = tuple(replace(one, payloads=one.payloads[:1]) for one in part.intervals)
        return replace(part, intervals=intervals)
    return part


def dated(part: Any) -> Any:
    if isinstance(part, m.Report):
        intervals = tuple(replace(one, dtstart=one.dtstart or NOW) for one in part.intervals)
        return replace(part, intervals=intervals)
    return part


def without_uid(part: Any) -> Any:
    if isinstance(part, m.Report):
        intervals = tuple(replace(one, uid=None) for one in part.intervals)
        return replace(part, intervals=intervals)
    return part


def shorter(part: Any) -> Any:
    """Returns metadata as it is, and a report of data without its duration."""
    is_data = isinstance(part, m.Report) and not part.descriptions
    return replace(part, duration=None) if is_data else part


def quick(period: m.Period | None) -> m.Period | None:
    return period and m.Period(dtstart=period.dtstart, duration=period.duration)


def version_b(part: Any) -> Any:
    if isinstance(part, m.UpdatedReport) and part.cancel_report:
        part = replace(part, cancel_report=replace(part.cancel_report, schema_version=None))
    if hasattr(part, "schema_version"):
        return replace(part, schema_version=common.VERSION)
    return part


def boolean_test(part: m.EventDescriptor) -> str | None:
    return part.test_event if part.test_event in (None, "true", "false") else "true"


BOTH, READS, WRITES = "both", "reads", "writes"
FAULTS = [
    Fault(
        "M8",
        WRITES,
        "writes the state of a resource as a number",
        numeric,
        update(payload={"value": STATUS}),
    ),
    Fault(
        "M11",
        WRITES,
        "drops baselines, targets of a signal and all but five kinds of target",
        first(
            without(m.Event, baseline=None),
            without(m.Signal, target=None),
            on(m.Event, target=lambda part: five_kinds(part.target)),
            on(
                m.CreateOpt,
                target=lambda part: five_kinds(part.target),
                device_class=lambda part: one_device(part.device_class),
            ),
            on(
                m.ReportDescription,
                subject=lambda part: one_device(part.subject),
                data_source=lambda part: one_of_each(part.data_source),
            ),
        ),
        event(target=m.Target(meter_assets=("meter",))),
    ),
    Fault(
        "M16",
        WRITES,
        "drops service specific information and extensions",
        without(m.CreatedPartyRegistration, service_specific_info=(), extensions=()),
        m.CreatedPartyRegistration(
            response=m.EiResponse(description="OK"),
            vtn_id="t",
            profiles=(m.Profile(name=ProfileName.B, transports=(TransportName.SIMPLE_HTTP,)),),
            extensions=(m.Extension(name="x"),),
        ),
    ),
    Fault(
        "X1",
        WRITES,
        "escapes nothing: mark-up in a text is mark-up of the message",
        texts(unmarked),
        m.Poll(ven_id="Tom & Co"),
    ),
    Fault(
        "X2",
        READS,
        "takes an ID of digits for a number, and true for a truth value",
        texts(not_a_number),
        m.Poll(ven_id="0042"),
    ),
    Fault(
        "X3",
        WRITES,
        "writes a negative duration as -1 day and the rest of it",
        values(timedelta, abs),
        request(granularity=-QUARTER),
    ),
    Fault(
        "X4",
        WRITES,
        "leaves out a notification, ramp-up or recovery of zero",
        on(
            m.Period,
            notification=lambda part: part.notification or None,
            ramp_up=lambda part: part.ramp_up or None,
            recovery=lambda part: part.recovery or None,
        ),
        event(active_period={"ramp_up": timedelta(0)}),
    ),
    Fault(
        "X6",
        WRITES,
        "writes None for a transport address or a name that is not there",
        filled(m.CreatePartyRegistration, "transport_address", "ven_name"),
        m.CreatePartyRegistration(request_id="r", ven_name="n", http_pull_model=True),
    ),
    Fault(
        "X7",
        WRITES,
        "writes None for any other text that is not there",
        first(
            filled(m.EiResponse, "description"),
            filled(m.Response, "ven_id"),
            filled(m.CanceledOpt, "opt_id"),
            filled(m.CancelReport, "ven_id"),
            filled(m.CreateReport, "ven_id"),
            filled(m.CancelPartyRegistration, "ven_id"),
            filled(m.CanceledPartyRegistration, "registration_id", "ven_id"),
            on(
                m.UpdateReport,
                reports=lambda part: tuple(
                    replace(one, ei_report_id=one.ei_report_id or "x") for one in part.reports
                ),
            ),
        ),
        m.CanceledOpt(response=m.EiResponse(description="OK")),
    ),
    Fault(
        "X8",
        WRITES,
        "writes each target of an opt as an eiTarget of its own",
        on(m.CreateOpt, target=lambda part: only_one(part.target)),
        opt(target=m.Target(resource_ids=("a", "b"))),
    ),
    Fault(
        "X9",
        WRITES,
        "drops the reportRequestID of metadata that were asked for",
        without(m.RegisterReport, report_request_id=None),
        register(report_request_id="q"),
    ),
    Fault(
        "X10",
        WRITES,
        "cancels one report only",
        on(m.CancelReport, report_request_ids=lambda part: part.report_request_ids[:1]),
        m.CancelReport(request_id="r", report_request_ids=("a", "b"), ven_id="v"),
    ),
    Fault(
        "X11",
        WRITES,
        "does not know currencyPerKW",
        on_units(lambda unit: None if getattr(unit, "name", "") == "currencyPerKW" else unit),
        event(signal={"unit": PERKW}),
    ),
    Fault(
        "X15",
        WRITES,
        "sets the current value of SIMPLE to zero even while the event is active",
        simple,
        event(
            signal={"signal_name": "SIMPLE", "current_value": Decimal(1)},
            descriptor={"event_status": EventStatus.ACTIVE},
        ),
    ),
    Fault(
        "C23",
        WRITES,
        "writes one data point for each interval",
        single_readings,
        update(interval={"payloads": tuple(m.ReportPayload(r_id=x, value=ONE) for x in "ab")}),
    ),
    Fault(
        "V19",
        WRITES,
        "needs a dtstart in every interval of a report",
        dated,
        update(interval={"dtstart": None}),
    ),
    Fault(
        "N1",
        WRITES,
        "joins the lines of a text",
        texts(one_line),
        m.Poll(ven_id="a\nb"),
    ),
    Fault(
        "N2",
        BOTH,
        "has no months: writes 30 days for one, and reads a year as 365",
        values(CalendarDuration, whole_days),
        request(granularity=CalendarDuration(months=12)),
    ),
    Fault(
        "N3",
        WRITES,
        "writes an infinite number as Python spells it",
        first(values(Decimal, plain_number), on_units(plain_pulses)),
        update(payload={"value": Decimal("Infinity")}),
    ),
    Fault(
        "N4",
        WRITES,
        "writes a response code below 100 with less than three digits",
        first(
            on(m.EiResponse, code=lambda part: max(part.code, 100)),
            on(m.EventResponse, code=lambda part: max(part.code, 100)),
        ),
        m.Response(response=m.EiResponse(code=7, description="x"), ven_id="v"),
    ),
    Fault(
        "N5",
        WRITES,
        "writes a year before 1000 with less than four digits",
        values(datetime, lambda moment: moment.replace(year=max(moment.year, 1004))),
        opt(created_date_time=NOW.replace(year=7)),
    ),
    Fault(
        "N6",
        WRITES,
        "says 2.0b whatever version is meant",
        version_b,
        m.Poll(ven_id="v", schema_version="x-1"),
    ),
    Fault(
        "N7",
        WRITES,
        "drops the uid of an interval and the duration of a report",
        first(without_uid, shorter),
        update(interval={"uid": "0"}),
    ),
    Fault(
        "N8",
        WRITES,
        "cannot leave out oadrHttpPullModel",
        on(m.CreatePartyRegistration, http_pull_model=lambda part: bool(part.http_pull_model)),
        m.CreatePartyRegistration(request_id="r", ven_name="n", transport_address="a"),
    ),
    Fault(
        "N9",
        WRITES,
        "takes nothing but true and false for testEvent",
        on(m.EventDescriptor, test_event=boolean_test),
        event(descriptor={"test_event": "yes"}),
    ),
    Fault(
        "N10",
        WRITES,
        "refuses other descriptions and symbols of units than its own",
        on_units(known_unit),
        register(point={"unit": m.Unit(name="currency", description="currencyPerKW", units="EUR")}),
    ),
    Fault(
        "N11",
        WRITES,
        "writes a scale of None for a pulse that is worth zero",
        on_units(no_pulses_for_nothing),
        register(
            point={
                "unit": m.Unit(
                    name="pulseCount",
                    description="pulse count",
                    units="count",
                    pulse_factor=Decimal(0),
                )
            }
        ),
    ),
    Fault(
        "N12",
        WRITES,
        "drops units of Green Button data",
        on_units(lambda unit: unit if isinstance(unit, m.Unit) else None),
        register(point={"unit": m.GreenButtonUnit(feed=FEED)}),
    ),
    Fault(
        "N13",
        WRITES,
        "knows no more than start and duration of an availability or a report interval",
        first(
            on(m.CreateOpt, availability=lambda part: tuple(map(quick, part.availability))),
            on(m.ReportRequest, report_interval=lambda part: quick(part.report_interval)),
        ),
        request(report_interval=m.Period(dtstart=NOW, duration=QUARTER, ramp_up=QUARTER)),
    ),
    Fault(
        "N14",
        READS,
        "strips the white space around a text",
        texts(str.strip),
        m.Poll(ven_id=" v "),
    ),
    Fault(
        "N15",
        READS,
        "reads a pending report without a name as one that is called None",
        first(
            on(m.CreatedReport, pending=lambda part: tuple(filter(None, part.pending))),
            on(m.CanceledReport, pending=lambda part: tuple(filter(None, part.pending))),
        ),
        m.CreatedReport(response=m.EiResponse(), pending=("", "q")),
    ),
]


def cleared(message: m.Message) -> m.Message:
    """Returns the message without anything that a fault spoils."""
    for _ in range(2):  # what one leaves may be another's
        for fault in FAULTS:
            message = rewrite(message, fault.clear)
    return message
