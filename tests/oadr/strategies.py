"""Hypothesis strategies for every message, as wide as the schema.

One strategy per message class; ``messages()`` draws any of them. ``same`` compares two
messages, for ``==`` finds no NaN equal to itself.
"""

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from lxml import etree

from oadr import enums
from oadr.codec.namespaces import NAMESPACES
from oadr.codec.unit import canonical
from oadr.messages import (
    CanceledOpt,
    CanceledPartyRegistration,
    CanceledReport,
    CancelOpt,
    CancelPartyRegistration,
    CancelReport,
    CreatedEvent,
    CreatedOpt,
    CreatedPartyRegistration,
    CreatedReport,
    CreateOpt,
    CreatePartyRegistration,
    CreateReport,
    DistributeEvent,
    Message,
    Poll,
    QueryRegistration,
    RawXml,
    RegisteredReport,
    RegisterReport,
    RequestEvent,
    RequestReregistration,
    Response,
    UpdatedReport,
    UpdateReport,
    common,
    event,
    registration,
    report,
)
from oadr.times import CalendarDuration
from oadr.units import MEASUREMENTS, POWER

MARKUP = [
    "Tom & Co",
    "</ei:venID>",
    "<x/>",
    "]]>",
    "<![CDATA[x",
    "&amp;",
    "&#13;",
    "a\r\nb",
    " \t\n",
    "\r",
    "0042",
    "1.10",
    "true",
    "None",
    "\"'",
    "é漢字🔌",
    "\u2028\u0085\xa0",
    "{{ ven_id }}",
]
#: So long that a ``timedelta`` cannot hold its negative.
LONGEST = timedelta(days=999_999_999, seconds=1)
# ---------------------------------------------------------------- simple types


def text(*, min_size: int = 0) -> SearchStrategy[str]:
    """What an ``xs:string`` holds: whatever XML 1.0 can carry."""
    chars = st.characters(
        exclude_categories=["Cs"],
        exclude_characters=[chr(n) for n in range(32) if n not in (9, 10, 13)]
        + ["\ufffe", "\uffff"],
    )
    return st.sampled_from(MARKUP) | st.text(chars, min_size=min_size, max_size=12)


def maybe(strategy: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.none() | strategy


def ids() -> SearchStrategy[str]:
    """An identifier that is there: not empty."""
    return text(min_size=1)


def tokens(*known: str) -> SearchStrategy[str]:
    """Standard values and ``x-`` values."""
    inner = st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cn"]), min_size=1
    )
    words = st.lists(inner, min_size=1, max_size=3).map(" ".join)
    own = words.map("x-{}".format) | st.sampled_from(["x-Tom & Co", "x-</ei:venID>", "x-\xa0"])
    return st.sampled_from(known) | own


def many(strategy: SearchStrategy[Any], *, least: int = 0) -> SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, min_size=least, max_size=least + 2).map(tuple)


def moments() -> SearchStrategy[datetime]:
    return st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0))


def durations() -> SearchStrategy[timedelta]:
    """Of days and seconds, of months, negative, zero."""
    plain = st.timedeltas().map(lambda span: timedelta(days=span.days, seconds=span.seconds))
    usual = st.sampled_from([timedelta(0), timedelta(minutes=15), timedelta(days=1), LONGEST])

    def calendar(months: int, rest: timedelta, sign: int) -> timedelta:
        return CalendarDuration(months=sign * months, rest=sign * rest)

    rests = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=9999))
    whole = rests.map(lambda span: timedelta(days=span.days, seconds=span.seconds))
    months = st.builds(calendar, st.integers(1, 10**6), whole, st.sampled_from([1, -1]))
    return usual | plain | months


def floats() -> SearchStrategy[Decimal]:
    special = ["Infinity", "-Infinity", "NaN", "-0", "0.00", "1E+5", "1E-7", "1.10", "9" * 40]
    return st.sampled_from(special).map(Decimal) | st.decimals(
        allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30
    )


def decimals() -> SearchStrategy[Decimal]:
    return st.sampled_from(["50", "59.94", "-1", "0", "12000"]).map(Decimal)


def uints() -> SearchStrategy[int]:
    return st.integers(0, 2**32 - 1)


def uris() -> SearchStrategy[str]:
    return st.sampled_from(
        ["http://programme.example/peak", "urn:peak:1", "peak", "http://x.example/?a=1&b=%20#c"]
    )


def versions() -> SearchStrategy[str | None]:
    return maybe(tokens("2.0a", "2.0b"))


def codes() -> SearchStrategy[int]:
    return st.sampled_from([200, 452, 0, 7, 999])


# ---------------------------------------------------------------- shared parts


def areas() -> SearchStrategy[RawXml]:
    """A GML area."""

    def area(points: list[int]) -> RawXml:
        positions = " ".join(map(str, points))
        steps = ["FeatureCollection", "location", "Polygon", "exterior", "LinearRing", "posList"]
        return _nested(NAMESPACES["gml"], steps, positions)

    return st.builds(area, st.lists(st.integers(-180, 180), max_size=4))


def _nested(namespace: str, steps: list[str], content: str) -> RawXml:
    root = node = etree.Element(f"{{{namespace}}}{steps[0]}")
    for step in steps[1:]:
        node = etree.SubElement(node, f"{{{namespace}}}{step}")
    node.text = content
    return canonical(root)


def feeds() -> SearchStrategy[RawXml]:
    """A small Atom feed, as Green Button data comes in."""

    def feed(title: str, entries: list[str]) -> RawXml:
        atom = f"{{{NAMESPACES['atom']}}}"
        root = etree.Element(f"{atom}feed", nsmap={None: NAMESPACES["atom"]})
        etree.SubElement(root, f"{atom}id").text = "urn:feed:1"
        etree.SubElement(root, f"{atom}title", type="text").text = title
        etree.SubElement(root, f"{atom}updated").text = "2024-06-01T12:00:00Z"
        for content in entries:
            entry = etree.SubElement(root, f"{atom}entry")
            etree.SubElement(entry, f"{atom}content", type="x").text = content
        return canonical(root)

    return st.builds(feed, text(), st.lists(text(), max_size=2))


def units() -> SearchStrategy[common.Unit | common.GreenButtonUnit]:
    """A unit of every kind."""
    kinds = [_units_named(name) for name in MEASUREMENTS]
    return st.one_of(*kinds, st.builds(common.GreenButtonUnit, feed=feeds()))


def _units_named(name: str) -> SearchStrategy[common.Unit]:
    description, symbol = (st.just(value) for value in MEASUREMENTS[name])
    if name.startswith("currency"):
        symbol = st.sampled_from(["EUR", "USD", "JPY"])
        description = st.sampled_from(["currency", "currencyPerKW", "currencyPerKWh"])
    elif name == "temperature":
        symbol = st.sampled_from(["celsius", "fahrenheit"])
    elif name == "powerReal":
        symbol = st.sampled_from(["W", "J/s"])
    elif name == "customUnit":
        description, symbol = text(), text()
    pulses = name == "pulseCount"
    power = st.builds(
        common.PowerAttributes, hertz=decimals(), voltage=decimals(), ac=st.booleans()
    )
    return st.builds(
        common.Unit,
        name=st.just(name),
        description=description,
        units=symbol,
        scale=st.just(enums.Scale.NONE) if pulses else st.sampled_from(enums.Scale),
        power=power if name in POWER else st.none(),
        pulse_factor=floats() if pulses else st.none(),
    )


def responses() -> SearchStrategy[common.EiResponse]:
    return st.builds(common.EiResponse, code=codes(), description=maybe(ids()), request_id=text())


def targets() -> SearchStrategy[common.Target]:
    """Every kind of target."""
    interfaces = st.builds(
        common.TransportInterface, point_of_receipt=text(), point_of_delivery=text()
    )
    return st.builds(
        common.Target,
        aggregated_pnodes=many(text()),
        end_device_assets=many(text()),
        meter_assets=many(text()),
        pnodes=many(text()),
        service_areas=many(areas()),
        service_delivery_points=many(text()),
        service_locations=many(areas()),
        transport_interfaces=many(interfaces),
        group_ids=many(text()),
        group_names=many(text()),
        resource_ids=many(text()),
        ven_ids=many(text()),
        party_ids=many(text()),
    ) | st.just(common.EVERYTHING)


def periods() -> SearchStrategy[common.Period]:
    return st.builds(
        common.Period,
        dtstart=moments(),
        duration=durations(),
        start_after=maybe(durations()),
        notification=maybe(durations()),
        ramp_up=maybe(durations()),
        recovery=maybe(durations()),
    )


def states() -> SearchStrategy[common.ResourceStatus]:
    control = maybe(
        st.builds(
            common.LoadControl,
            minimum=maybe(floats()),
            maximum=maybe(floats()),
            current=floats(),
            normal=maybe(floats()),
        )
    )
    return st.builds(
        common.ResourceStatus,
        online=st.booleans(),
        manual_override=st.booleans(),
        capacity=control,
        level_offset=control,
        percent_offset=control,
        set_point=control,
    )


def payloads() -> SearchStrategy[Any]:
    values = floats() | states()
    return st.one_of(
        st.builds(common.SignalPayload, value=values),
        st.builds(
            common.ReportPayload,
            r_id=text(),
            confidence=maybe(st.integers(0, 100)),
            accuracy=maybe(floats()),
            value=values,
            data_quality=maybe(tokens(*enums.DataQuality)),
        ),
        st.builds(common.GreenButtonPayload, feed=feeds()),
    )


def intervals() -> SearchStrategy[common.Interval]:
    return st.builds(
        common.Interval,
        dtstart=maybe(moments()),
        duration=maybe(durations()),
        uid=maybe(ids()),
        payloads=many(payloads(), least=1),
    )


# ---------------------------------------------------------------- EiEvent


def signals() -> SearchStrategy[event.Signal]:
    return st.builds(
        event.Signal,
        intervals=many(intervals(), least=1),
        target=maybe(targets()),
        signal_name=tokens(*enums.SignalName),
        signal_type=st.sampled_from(enums.SignalType),
        signal_id=text(),
        unit=maybe(units()),
        current_value=maybe(floats()),
    )


def baselines() -> SearchStrategy[event.Baseline]:
    return st.builds(
        event.Baseline,
        dtstart=moments(),
        duration=durations(),
        intervals=many(intervals(), least=1),
        baseline_id=text(),
        resource_ids=many(text()),
        baseline_name=text(),
        unit=maybe(units()),
    )


def descriptors() -> SearchStrategy[event.EventDescriptor]:
    return st.builds(
        event.EventDescriptor,
        event_id=text(),
        modification_number=uints(),
        modification_date_time=maybe(moments()),
        modification_reason=maybe(ids()),
        priority=maybe(uints()),
        market_context=uris() | st.just(""),
        created_date_time=moments(),
        event_status=st.sampled_from(enums.EventStatus),
        test_event=maybe(ids()),
        vtn_comment=maybe(ids()),
    )


def events() -> SearchStrategy[event.Event]:
    return st.builds(
        event.Event,
        descriptor=descriptors(),
        active_period=periods(),
        signals=many(signals(), least=1),
        baseline=maybe(baselines()),
        target=targets(),
        response_required=st.sampled_from(enums.ResponseRequired),
    )


def distribute_event() -> SearchStrategy[DistributeEvent]:
    return st.builds(
        DistributeEvent,
        response=maybe(responses()),
        request_id=text(),
        vtn_id=text(),
        events=many(events()),
        schema_version=versions(),
    )


def created_event() -> SearchStrategy[CreatedEvent]:
    answers = st.builds(
        event.EventResponse,
        code=codes(),
        description=maybe(ids()),
        request_id=text(),
        event_id=text(),
        modification_number=uints(),
        opt_type=st.sampled_from(enums.OptType),
    )
    return st.builds(
        CreatedEvent,
        response=responses(),
        responses=many(answers),
        ven_id=text(),
        schema_version=versions(),
    )


def request_event() -> SearchStrategy[RequestEvent]:
    return st.builds(
        RequestEvent,
        request_id=text(),
        ven_id=text(),
        reply_limit=maybe(uints()),
        schema_version=versions(),
    )


# ---------------------------------------------------------------- EiOpt


def create_opt() -> SearchStrategy[CreateOpt]:
    qualified = st.tuples(ids(), uints()) | st.just((None, None))
    return qualified.flatmap(
        lambda pair: st.builds(
            CreateOpt,
            opt_id=text(),
            opt_type=st.sampled_from(enums.OptType),
            opt_reason=tokens(*enums.OptReason),
            market_context=maybe(uris()),
            ven_id=text(),
            availability=many(periods()),
            created_date_time=moments(),
            request_id=text(),
            event_id=st.just(pair[0]),
            modification_number=st.just(pair[1]),
            target=targets(),
            device_class=maybe(targets()),
            schema_version=versions(),
        )
    )


def created_opt() -> SearchStrategy[CreatedOpt]:
    return st.builds(CreatedOpt, response=responses(), opt_id=text(), schema_version=versions())


def cancel_opt() -> SearchStrategy[CancelOpt]:
    return st.builds(
        CancelOpt, request_id=text(), opt_id=text(), ven_id=text(), schema_version=versions()
    )


def canceled_opt() -> SearchStrategy[CanceledOpt]:
    return st.builds(
        CanceledOpt, response=responses(), opt_id=maybe(ids()), schema_version=versions()
    )


# ---------------------------------------------------------------- EiReport


def descriptions() -> SearchStrategy[report.ReportDescription]:
    sampling = st.builds(
        report.SamplingRate,
        min_period=durations(),
        max_period=durations(),
        on_change=st.booleans(),
    )
    return st.builds(
        report.ReportDescription,
        r_id=text(),
        subject=maybe(targets()),
        data_source=maybe(targets()),
        report_type=tokens(*enums.ReportType),
        unit=maybe(units()),
        reading_type=tokens(*enums.ReadingType),
        market_context=maybe(uris()),
        sampling_rate=maybe(sampling),
    )


def reports() -> SearchStrategy[report.Report]:
    names = [f"{prefix}{name}" for name in enums.ReportName for prefix in ("", "METADATA_")]
    return st.builds(
        report.Report,
        dtstart=maybe(moments()),
        duration=maybe(durations()),
        intervals=many(intervals()),
        ei_report_id=maybe(ids()),
        descriptions=many(descriptions()),
        report_request_id=text(),
        report_specifier_id=text(),
        report_name=maybe(tokens(*names)),
        created_date_time=moments(),
    )


def report_requests() -> SearchStrategy[report.ReportRequest]:
    points = st.builds(
        report.SpecifierPayload,
        r_id=text(),
        unit=maybe(units()),
        reading_type=tokens(*enums.ReadingType),
    )
    return st.builds(
        report.ReportRequest,
        report_request_id=text(),
        report_specifier_id=text(),
        granularity=durations(),
        report_back_duration=durations(),
        report_interval=maybe(periods()),
        data_points=many(points, least=1),
    )


def register_report() -> SearchStrategy[RegisterReport]:
    return st.builds(
        RegisterReport,
        request_id=text(),
        reports=many(reports()),
        ven_id=maybe(ids()),
        report_request_id=maybe(ids()),
        schema_version=versions(),
    )


def registered_report() -> SearchStrategy[RegisteredReport]:
    return st.builds(
        RegisteredReport,
        response=responses(),
        requests=many(report_requests()),
        ven_id=maybe(ids()),
        schema_version=versions(),
    )


def create_report() -> SearchStrategy[CreateReport]:
    return st.builds(
        CreateReport,
        request_id=text(),
        requests=many(report_requests(), least=1),
        ven_id=maybe(ids()),
        schema_version=versions(),
    )


def created_report() -> SearchStrategy[CreatedReport]:
    return st.builds(
        CreatedReport,
        response=responses(),
        pending=many(text()),
        ven_id=maybe(ids()),
        schema_version=versions(),
    )


def update_report() -> SearchStrategy[UpdateReport]:
    return st.builds(
        UpdateReport,
        request_id=text(),
        reports=many(reports()),
        ven_id=maybe(ids()),
        schema_version=versions(),
    )


def cancel_report() -> SearchStrategy[CancelReport]:
    return st.builds(
        CancelReport,
        request_id=text(),
        report_request_ids=many(text(), least=1),
        report_to_follow=st.booleans(),
        ven_id=maybe(ids()),
        schema_version=versions(),
    )


def updated_report() -> SearchStrategy[UpdatedReport]:
    return st.builds(
        UpdatedReport,
        response=responses(),
        cancel_report=maybe(cancel_report()),
        ven_id=maybe(ids()),
        schema_version=versions(),
    )


def canceled_report() -> SearchStrategy[CanceledReport]:
    return st.builds(
        CanceledReport,
        response=responses(),
        pending=many(text()),
        ven_id=maybe(ids()),
        schema_version=versions(),
    )


# ---------------------------------------------------------------- EiRegisterParty, OadrPoll


def query_registration() -> SearchStrategy[QueryRegistration]:
    return st.builds(QueryRegistration, request_id=text(), schema_version=versions())


def create_party_registration() -> SearchStrategy[CreatePartyRegistration]:
    return st.builds(
        CreatePartyRegistration,
        request_id=text(),
        registration_id=maybe(ids()),
        ven_id=maybe(ids()),
        profile_name=st.sampled_from(enums.ProfileName),
        transport_name=st.sampled_from(enums.TransportName),
        transport_address=maybe(ids()),
        report_only=st.booleans(),
        xml_signature=st.booleans(),
        ven_name=maybe(ids()),
        http_pull_model=maybe(st.booleans()),
        schema_version=versions(),
    )


def created_party_registration() -> SearchStrategy[CreatedPartyRegistration]:
    profiles = st.builds(
        registration.Profile,
        name=st.sampled_from(enums.ProfileName),
        transports=many(st.sampled_from(enums.TransportName), least=1),
    )
    info = st.builds(registration.Info, key=text(), value=text())
    services = st.builds(
        registration.ServiceInfo,
        service=st.sampled_from(enums.ServiceName),
        info=many(info, least=1),
    )
    extensions = st.builds(registration.Extension, name=text(), info=many(info))
    return st.builds(
        CreatedPartyRegistration,
        response=responses(),
        registration_id=maybe(ids()),
        ven_id=maybe(ids()),
        vtn_id=text(),
        profiles=many(profiles, least=1),
        poll_freq=maybe(durations()),
        service_specific_info=many(services),
        extensions=many(extensions),
        schema_version=versions(),
    )


def request_reregistration() -> SearchStrategy[RequestReregistration]:
    return st.builds(RequestReregistration, ven_id=text(), schema_version=versions())


def cancel_party_registration() -> SearchStrategy[CancelPartyRegistration]:
    return st.builds(
        CancelPartyRegistration,
        request_id=text(),
        registration_id=text(),
        ven_id=maybe(ids()),
        schema_version=versions(),
    )


def canceled_party_registration() -> SearchStrategy[CanceledPartyRegistration]:
    return st.builds(
        CanceledPartyRegistration,
        response=responses(),
        registration_id=maybe(ids()),
        ven_id=maybe(ids()),
        schema_version=versions(),
    )


def poll() -> SearchStrategy[Poll]:
    return st.builds(Poll, ven_id=text(), schema_version=versions())


def response() -> SearchStrategy[Response]:
    return st.builds(Response, response=responses(), ven_id=maybe(ids()), schema_version=versions())


#: Message class -> its strategy.
BY_CLASS: dict[type, SearchStrategy[Any]] = {
    CancelOpt: cancel_opt(),
    CancelPartyRegistration: cancel_party_registration(),
    CancelReport: cancel_report(),
    CanceledOpt: canceled_opt(),
    CanceledPartyRegistration: canceled_party_registration(),
    CanceledReport: canceled_report(),
    CreateOpt: create_opt(),
    CreatePartyRegistration: create_party_registration(),
    CreateReport: create_report(),
    CreatedEvent: created_event(),
    CreatedOpt: created_opt(),
    CreatedPartyRegistration: created_party_registration(),
    CreatedReport: created_report(),
    DistributeEvent: distribute_event(),
    Poll: poll(),
    QueryRegistration: query_registration(),
    RegisterReport: register_report(),
    RegisteredReport: registered_report(),
    RequestEvent: request_event(),
    RequestReregistration: request_reregistration(),
    Response: response(),
    UpdateReport: update_report(),
    UpdatedReport: updated_report(),
}


def messages() -> SearchStrategy[Message]:
    """Any message."""
    return st.one_of(*BY_CLASS.values())


def plain(value: Any) -> Any:
    """Returns a value as nested tuples that are equal when nothing differs, NaN included."""
    if is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__, *(plain(getattr(value, f.name)) for f in fields(value))
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    if isinstance(value, Decimal):
        return str(value)
    return value


def same(one: Any, other: Any) -> bool:
    """Whether two messages are equal, a NaN being equal to itself."""
    return bool(plain(one) == plain(other))
