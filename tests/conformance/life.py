"""The life of one VEN with one VTN, in which nobody breaks a rule.

Each step has a name. Mutants are this life up to a step, with that step changed or another
one in its place.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from conformance.checks import Finding, Side
from conformance.judge import Judge
from oadr import codec
from oadr import messages as m
from oadr.enums import (
    EventStatus,
    OptType,
    ProfileName,
    ResponseRequired,
    SignalType,
    TransportName,
)
from oadr.units import unit

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ZERO = timedelta(0)
OK = m.EiResponse(description="OK")
PLACE = "http://programme.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One exchange.

    Attributes:
        name: of the step.
        ask: the request.
        reply: what comes back; empty for an empty body.
        asked_by: who sends the request.
        service: that it goes to.
        path: of the URL.
        at: when.
        headers: of both, names in lower case; None if they are not known.
    """

    name: str
    ask: bytes
    reply: bytes = b""
    asked_by: Side = Side.VEN
    service: str = ""
    path: str = ""
    at: datetime = NOW
    headers: Mapping[str, str] | None = field(default=None, repr=False)


def see(judge: Judge, step: Step, *, identity: str = "") -> list[Finding]:
    """Returns what a judge finds in a step."""
    return judge.see(
        step.ask,
        step.reply,
        asked_by=step.asked_by,
        identity=identity,
        status=200,
        service=step.service,
        path=step.path,
        at=step.at,
        request_headers=step.headers,
        reply_headers=step.headers,
    )


def ok(request_id: str = "") -> m.EiResponse:
    return m.EiResponse(code=200, description="OK", request_id=request_id)


def step(name: str, ask: m.Message, reply: m.Message | None = None, **values: object) -> Step:
    """Returns a step from messages."""
    body = b"" if reply is None else codec.encode(reply)
    return Step(name=name, ask=codec.encode(ask), reply=body, **values)  # type: ignore[arg-type]


# ------------------------------------------------------------ events


def _unit(name: str) -> m.Unit | None:
    return unit(name, units="EUR" if name.startswith("currency") else "") if name else None


def intervals(*values: tuple[int, int]) -> tuple[m.Interval, ...]:
    """Returns intervals of so many minutes with such values."""
    return tuple(
        m.Interval(
            duration=minutes * MINUTE,
            uid=str(index),
            payloads=(m.SignalPayload(value=Decimal(value)),),
        )
        for index, (minutes, value) in enumerate(values)
    )


def signal(
    name: str = "SIMPLE",
    kind: SignalType = SignalType.LEVEL,
    measured: str = "",
    *values: tuple[int, int],
    signal_id: str = "s0",
    current: int | None = None,
    target: m.Target | None = None,
) -> m.Signal:
    """Returns a signal."""
    return m.Signal(
        intervals=intervals(*values or ((30, 1), (30, 2))),
        signal_name=name,
        signal_type=kind,
        signal_id=signal_id,
        unit=_unit(measured),
        current_value=None if current is None else Decimal(current),
        target=target,
    )


def event(
    name: str,
    start: datetime,
    status: EventStatus,
    *signals: m.Signal,
    number: int = 0,
    priority: int = 0,
    required: ResponseRequired = ResponseRequired.ALWAYS,
    ramp_up: timedelta | None = None,
    baseline: m.Baseline | None = None,
    created: datetime = NOW,
) -> m.Event:
    """Returns an event of an hour."""
    return m.Event(
        descriptor=m.EventDescriptor(
            event_id=name,
            modification_number=number,
            priority=priority,
            market_context=PLACE,
            created_date_time=created,
            event_status=status,
        ),
        active_period=m.Period(
            dtstart=start,
            duration=HOUR,
            start_after=2 * MINUTE,
            notification=MINUTE,
            ramp_up=ramp_up,
        ),
        signals=signals or (signal(),),
        baseline=baseline,
        target=m.Target(ven_ids=("ven",)),
        response_required=required,
    )


BASELINE = m.Baseline(
    dtstart=NOW + 6 * HOUR,
    duration=HOUR,
    intervals=intervals((30, 5), (30, 6)),
    baseline_id="b",
    resource_ids=("boiler", "pump"),
    baseline_name="usual",
)
E1 = event("e1", NOW - 10 * MINUTE, EventStatus.ACTIVE, signal(current=1), priority=1)
E2 = event(
    "e2",
    NOW - 20 * MINUTE,
    EventStatus.ACTIVE,
    signal("LOAD_DISPATCH", SignalType.SETPOINT, "powerReal", (60, 40), current=40),
)
E3 = event("e3", NOW + 5 * MINUTE, EventStatus.NEAR, ramp_up=10 * MINUTE)
E4 = event(
    "e4",
    NOW + 6 * HOUR,
    EventStatus.FAR,
    signal(target=m.Target(end_device_assets=("Thermostat",)), current=0),
    signal("ELECTRICITY_PRICE", SignalType.PRICE, "currencyPerKWh", (60, 3), signal_id="s1"),
    signal("CHARGE_STATE", SignalType.MULTIPLIER, "", (60, 1), signal_id="s2"),
    signal("LOAD_DISPATCH", SignalType.LEVEL, "powerReal", (60, -10), signal_id="s3"),
    baseline=BASELINE,
)
E5 = event("e5", NOW + 7 * HOUR, EventStatus.FAR, required=ResponseRequired.NEVER)
EVENTS = (E1, E2, E3, E4, E5)
LATER = NOW + MINUTE


def at(moment: datetime, *events: m.Event, **changes: Any) -> tuple[m.Event, ...]:
    """Returns events as they are sent at a moment."""
    return tuple(
        replace(one, descriptor=replace(one.descriptor, created_date_time=moment, **changes))
        for one in events
    )


(CANCELLED,) = at(LATER, E5, event_status=EventStatus.CANCELLED, modification_number=1)
CANCELLED = replace(CANCELLED, response_required=ResponseRequired.ALWAYS)
SECOND = (*at(LATER, E1, E2, E3, E4), CANCELLED)


def distribute(*events: m.Event, request_id: str = "d1", reply_to: str | None = "") -> m.Message:
    """Returns a snapshot."""
    return m.DistributeEvent(
        response=None if reply_to is None else ok(reply_to),
        request_id=request_id,
        vtn_id="vtn",
        events=events,
    )


def answers(*names: str, request_id: str = "d1", number: int = 0) -> m.CreatedEvent:
    """Returns answers to events."""
    return m.CreatedEvent(
        response=ok(),
        responses=tuple(
            m.EventResponse(
                request_id=request_id,
                event_id=name,
                modification_number=number,
                opt_type=OptType.OPT_IN,
            )
            for name in names
        ),
        ven_id="ven",
    )


# ------------------------------------------------------------ reports


def point(
    r_id: str, kind: str, measured: str, reading: str, *, rate: bool = True
) -> m.ReportDescription:
    return m.ReportDescription(
        r_id=r_id,
        subject=m.Target(end_device_assets=("Thermostat",)),
        data_source=m.Target(resource_ids=("boiler",)),
        report_type=kind,
        unit=unit(measured) if measured else None,
        reading_type=reading,
        sampling_rate=m.SamplingRate(min_period=MINUTE, max_period=10 * MINUTE) if rate else None,
    )


def offer(name: str, report_name: str, *points: m.ReportDescription) -> m.Report:
    return m.Report(
        duration=2 * HOUR,
        descriptions=points,
        report_request_id="0",
        report_specifier_id=name,
        report_name=report_name,
        created_date_time=NOW,
    )


OFFERS = (
    offer(
        "usage",
        "METADATA_TELEMETRY_USAGE",
        point("main", "usage", "energyReal", "Direct Read"),
        point("sub", "usage", "powerReal", "Direct Read"),
    ),
    offer(
        "status",
        "METADATA_TELEMETRY_STATUS",
        point("state", "x-resourceStatus", "", "x-notApplicable"),
    ),
    offer(
        "history",
        "METADATA_HISTORY_USAGE",
        point("past", "usage", "energyReal", "Direct Read", rate=False),
    ),
)


def wanted(
    name: str = "r1",
    specifier: str = "usage",
    *r_ids: str,
    granularity: timedelta = MINUTE,
    back: timedelta = 5 * MINUTE,
    interval: bool = True,
) -> m.ReportRequest:
    """Returns a report request."""
    return m.ReportRequest(
        report_request_id=name,
        report_specifier_id=specifier,
        granularity=granularity,
        report_back_duration=back,
        report_interval=m.Period(dtstart=NOW, duration=HOUR) if interval else None,
        data_points=tuple(m.SpecifierPayload(r_id=one) for one in r_ids or ("main", "sub")),
    )


HISTORY = wanted("r3", "history", "past", granularity=ZERO, back=ZERO)
METADATA = wanted("md", "METADATA", "0", granularity=ZERO, back=ZERO, interval=False)


def data(
    name: str = "r1",
    specifier: str = "usage",
    report_name: str = "TELEMETRY_USAGE",
    *r_ids: str,
    count: int = 2,
    starts: bool = True,
) -> m.Report:
    """Returns data of a minute each."""
    return m.Report(
        dtstart=NOW,
        duration=count * MINUTE,
        intervals=tuple(
            m.Interval(
                dtstart=NOW + index * MINUTE if starts else None,
                duration=MINUTE,
                uid=str(index),
                payloads=tuple(
                    m.ReportPayload(
                        r_id=one,
                        confidence=100,
                        accuracy=Decimal("0.5"),
                        value=_STATE if report_name == "TELEMETRY_STATUS" else Decimal(index),
                    )
                    for one in r_ids or ("main", "sub")
                ),
            )
            for index in range(count)
        ),
        report_request_id=name,
        report_specifier_id=specifier,
        report_name=report_name,
        created_date_time=NOW,
    )


_STATE = m.ResourceStatus(
    online=True, manual_override=False, capacity=m.LoadControl(current=Decimal(1))
)
DATA = (
    data(),
    data("r2", "status", "TELEMETRY_STATUS", "state", starts=False),
)


def update(*reports: m.Report) -> m.UpdateReport:
    return m.UpdateReport(request_id="u", reports=reports or DATA, ven_id="ven")


def cancel_report(*names: str, follow: bool = False) -> m.CancelReport:
    return m.CancelReport(request_id="c", report_request_ids=names, report_to_follow=follow)


# ------------------------------------------------------------ registration and opt


def created(request_id: str, *, known: bool = True) -> m.CreatedPartyRegistration:
    return m.CreatedPartyRegistration(
        response=ok(request_id),
        registration_id="reg" if known else None,
        ven_id="ven" if known else None,
        vtn_id="vtn",
        profiles=(m.Profile(name=ProfileName.B, transports=(TransportName.SIMPLE_HTTP,)),),
        poll_freq=10 * timedelta(seconds=1),
    )


REGISTER = m.CreatePartyRegistration(request_id="p", ven_name="Ven", http_pull_model=True)
POLL = m.Poll(ven_id="ven")
NOTHING = m.Response(response=ok(), ven_id="ven")
SCHEDULE = m.CreateOpt(
    opt_id="o1",
    opt_type=OptType.OPT_OUT,
    opt_reason="economic",
    market_context=PLACE,
    ven_id="ven",
    availability=(m.Period(dtstart=NOW, duration=HOUR),),
    created_date_time=NOW,
    request_id="o",
    target=m.Target(ven_ids=("ven",)),
    device_class=m.Target(end_device_assets=("Thermostat",)),
)
QUALIFIED = replace(
    SCHEDULE,
    opt_id="o2",
    market_context=None,
    availability=(),
    event_id="e1",
    modification_number=0,
    device_class=None,
)
HEADERS = {
    "host": "vtn.example",
    "content-type": "application/xml; charset=utf-8",
    "content-length": "1",
}


def _steps() -> Iterator[Step]:
    yield step(
        "query",
        m.QueryRegistration(request_id="q"),
        created("q", known=False),
        service="EiRegisterParty",
        path="/OpenADR2/Simple/2.0b/EiRegisterParty",
        headers=HEADERS,
    )
    yield step("register", REGISTER, created("p"), service="EiRegisterParty")
    yield step(
        "vtn metadata",
        POLL,
        m.RegisterReport(request_id="v", ven_id="ven"),
        service="OadrPoll",
    )
    yield step("registered report", m.RegisteredReport(response=ok("v"), ven_id="ven"), NOTHING)
    yield step(
        "metadata",
        m.RegisterReport(request_id="m", reports=OFFERS, ven_id="ven"),
        m.RegisteredReport(
            response=ok("m"), requests=(wanted(), wanted("r2", "status", "state")), ven_id="ven"
        ),
        service="EiReport",
    )
    yield step(
        "piggyback taken",
        m.CreatedReport(response=ok("m"), pending=("r1", "r2"), ven_id="ven"),
        NOTHING,
    )
    yield step(
        "request events",
        m.RequestEvent(request_id="x", ven_id="ven", reply_limit=9),
        distribute(*EVENTS, reply_to="x"),
        service="EiEvent",
    )
    yield step("answer", answers("e1", "e2", "e3", "e4"), NOTHING)
    yield step("poll events", POLL, distribute(*SECOND, request_id="d2"), at=LATER)
    yield step("answer again", answers("e1", "e2", request_id="d2"), NOTHING)
    yield step("answer cancelled", answers("e5", request_id="d2", number=1), NOTHING)
    yield step("push", distribute(*SECOND[:-1], reply_to=None), asked_by=Side.VTN, at=LATER)
    yield step("poll", POLL, NOTHING)
    yield step(
        "create report",
        POLL,
        m.CreateReport(request_id="cr", requests=(HISTORY, METADATA), ven_id="ven"),
    )
    yield step(
        "created report",
        m.CreatedReport(response=ok("cr"), pending=("r1", "r2", "r3", "md"), ven_id="ven"),
        NOTHING,
    )
    yield step(
        "push request",
        m.CreateReport(
            request_id="cp", requests=(wanted("r4"), wanted("r5", back=ZERO)), ven_id="ven"
        ),
        m.CreatedReport(response=ok("cp"), pending=("r1", "r4", "r5"), ven_id="ven"),
        asked_by=Side.VTN,
    )
    yield step("update", update(), m.UpdatedReport(response=ok("u"), ven_id="ven"))
    yield step(
        "update once",
        update(data("r5", count=1)),
        m.UpdatedReport(response=ok("u"), cancel_report=cancel_report("r5"), ven_id="ven"),
    )
    yield step(
        "metadata again",
        m.RegisterReport(request_id="m", reports=OFFERS, ven_id="ven", report_request_id="md"),
        m.RegisteredReport(response=ok("m"), requests=(wanted("s1"), wanted("s2")), ven_id="ven"),
    )
    yield step(
        "push cancel",
        replace(cancel_report("s1", "s2", follow=True), ven_id="ven"),
        m.CanceledReport(response=ok("c"), pending=("s1", "s2"), ven_id="ven"),
        asked_by=Side.VTN,
    )
    yield step("poll cancel", POLL, replace(cancel_report("s1", "s2"), ven_id="ven"))
    yield step("canceled", m.CanceledReport(response=ok("c"), pending=(), ven_id="ven"), NOTHING)
    yield step("schedule", SCHEDULE, m.CreatedOpt(response=ok("o"), opt_id="o1"), service="EiOpt")
    yield step("qualify", QUALIFIED, m.CreatedOpt(response=ok("o"), opt_id="o2"))
    yield step(
        "cancel opt",
        m.CancelOpt(request_id="co", opt_id="o1", ven_id="ven"),
        m.CanceledOpt(response=ok("co"), opt_id="o1"),
    )
    yield step(
        "again",
        replace(REGISTER, registration_id="reg", ven_id="ven"),
        created("p"),
    )
    yield step("query again", m.QueryRegistration(request_id="q"), created("q"))
    yield step(
        "cancel",
        m.CancelPartyRegistration(request_id="k", registration_id="reg", ven_id="ven"),
        m.CanceledPartyRegistration(response=ok("k"), registration_id="reg", ven_id="ven"),
    )
    yield step("query after", m.QueryRegistration(request_id="q"), created("q", known=False))


LIFE = tuple(_steps())
