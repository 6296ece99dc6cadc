"""Mutants of metadata, requests and data."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from oadr import messages as m
from tests.conformance.life import (
    DATA,
    HISTORY,
    HOUR,
    METADATA,
    MINUTE,
    NOW,
    OFFERS,
    cancel_report,
    data,
    ok,
    update,
    wanted,
)
from tests.conformance.mutants import Mutant, after, ask, instead, reply

_REPORT = "<oadr:oadrReport><xcal:duration>"
_RATE = (
    "<oadr:oadrSamplingRate><oadr:oadrMinPeriod>PT1M</oadr:oadrMinPeriod>"
    "<oadr:oadrMaxPeriod>PT10M</oadr:oadrMaxPeriod><oadr:oadrOnChange>false</oadr:oadrOnChange>"
    "</oadr:oadrSamplingRate>"
)
_ASSET = "<power:endDeviceAsset><power:mrid>Thermostat</power:mrid></power:endDeviceAsset>"
_LENGTH = "<xcal:duration><xcal:duration>PT1M</xcal:duration></xcal:duration>"
_FIRST = "<xcal:dtstart><xcal:date-time>2026-01-01T12:00:00Z</xcal:date-time></xcal:dtstart>"
_SECOND = "<xcal:dtstart><xcal:date-time>2026-01-01T12:01:00Z</xcal:date-time></xcal:dtstart>"
_INTERVAL = "<ei:interval>"
_START = f"<ei:interval>{_FIRST}"
_NO_SPAN = "R315.spans_intervals"


def _offer(check: str, *changes: tuple[str, str], also: str = "") -> Mutant:
    return ask(check, "metadata", *changes, also=also)


def _data(check: str, *changes: tuple[str, str], also: str = "") -> Mutant:
    return ask(check, "update", *changes, also=also)


def _asks(check: str, request: m.ReportRequest, also: str = "") -> Mutant:
    """Returns a mutant in which a poll brings a report request."""
    message = m.CreateReport(request_id="cr", requests=(request,), ven_id="ven")
    return instead(check, "create report", answer=message, also=also)


def _wrong(check: str, *changes: tuple[str, str], also: str = "") -> Mutant:
    return reply(check, "metadata", *changes, also=also)


def _sends(check: str, name: str, *reports: m.Report, also: str = "") -> Mutant:
    """Returns a mutant in which data come behind a step."""
    answer = m.UpdatedReport(response=ok("u"), ven_id="ven")
    return after(check, name, update(*reports), answer, also=also)


def _push(
    check: str, request: m.ReportRequest, *, code: int = 200, pending: str = "", also: str = ""
) -> Mutant:
    """Returns a mutant in which a pushed request is answered."""
    return instead(
        check,
        "push request",
        m.CreateReport(request_id="cp", requests=(request,), ven_id="ven"),
        m.CreatedReport(
            response=m.EiResponse(code=code, request_id="cp"),
            pending=tuple((pending or request.report_request_id).split()),
            ven_id="ven",
        ),
        also=also,
    )


def _late(report: m.Report) -> m.Report:
    """Returns data that were made when all that was asked for had ended."""
    return replace(report, created_date_time=NOW + HOUR)


METADATA_MUTANTS = [
    _offer("R305.only_descriptions", (_REPORT, f"<oadr:oadrReport>{_FIRST}<xcal:duration>")),
    instead(
        "R305.has_descriptions",
        "metadata",
        m.RegisterReport(
            request_id="m", reports=(replace(OFFERS[0], descriptions=()),), ven_id="ven"
        ),
        also="R300.asked_is_offered",
    ),
    _offer(
        "R305.no_report_id",
        (
            "<oadr:oadrReportDescription>",
            "<ei:eiReportID>x</ei:eiReportID><oadr:oadrReportDescription>",
        ),
    ),
    _offer("R307.subject", (">Thermostat<", ">Toaster<")),
    _offer(
        "R308.own_specifier_ids",
        ("SpecifierID>status<", "SpecifierID>usage<"),
        also="R300.asked_is_offered",
    ),
    _offer("R308.own_r_ids", (">sub<", ">main<"), also="R300.asked_is_offered"),
    _offer("R327.metadata_is_taken", (">history<", ">METADATA<")),
    _offer("R311.request_id_zero", ("RequestID>0<", "RequestID>m<")),
    instead(
        "R311.answers_request",
        "metadata",
        m.RegisterReport(request_id="m", reports=OFFERS, ven_id="ven", report_request_id="0"),
    ),
    _offer(
        "R312.has_duration",
        ("<xcal:duration><xcal:duration>PT2H</xcal:duration></xcal:duration>", ""),
    ),
    _offer("R312.period_in_duration", (">PT2H<", ">PT5M<")),
    _offer(
        "R312.periods_in_order",
        ("MinPeriod>PT1M<", "MinPeriod>PT11M<"),
        also="R317.granularity_on_offer",
    ),
    _offer("R331.metadata_name", ("METADATA_TELEMETRY_USAGE", "TELEMETRY_USAGE")),
    _offer("R331.well_known", (">Direct Read<", ">Net<")),
    _offer("R333.telemetry_rate", (_RATE, "")),
    _offer("R302.data_source", ("<ei:resourceID>boiler</ei:resourceID>", "")),
]

REQUESTS = [
    _wrong(
        "R321.plain_interval",
        (
            "PT1H</xcal:duration></xcal:duration></xcal:properties>",
            "PT1H</xcal:duration></xcal:duration><ei:x-eiRampUp><xcal:duration>PT1M</xcal:duration>"
            "</ei:x-eiRampUp></xcal:properties>",
        ),
    ),
    _asks(
        "R321.no_unit",
        replace(
            HISTORY,
            data_points=(m.SpecifierPayload(r_id="past", unit=OFFERS[2].descriptions[0].unit),),
        ),
    ),
    _wrong("R338.reading_type", (">x-notApplicable<", ">Direct Read<")),
    _asks("R308.metadata_r_id", replace(METADATA, data_points=(m.SpecifierPayload(r_id="main"),))),
    _wrong("R317.granularity_in_back", (">PT5M<", ">PT30S<")),
    _asks("R324.periodic_interval", wanted("r9", interval=False)),
    _wrong("R325.times_not_negative", (">PT5M<", ">-PT5M<"), also="R317.granularity_in_back"),
    _wrong("R322.own_request_ids", (">r2<", ">r1<")),
    _asks("R322.request_id_in_use", wanted("r1", "usage", "main")),
    _asks("R300.asked_is_offered", wanted("r9", "weather", "main")),
    _asks("R300.asked_is_offered", wanted("r9", "usage", "main", "other")),
    _asks("R317.granularity_on_offer", wanted("r9", granularity=timedelta(seconds=1))),
    _asks("R324.history_request", replace(HISTORY, granularity=MINUTE)),
    _asks("R324.history_request", replace(HISTORY, report_interval=None)),
    instead("R336.cancelled_once", "poll cancel", answer=cancel_report("s1", "s1")),
    instead("R336.cancelled_was_asked", "poll cancel", answer=cancel_report("s9")),
]

_STATES = DATA[1]
_DAMAGED = m.ReportPayload(r_id="main", value=Decimal("NaN"))

UPDATES = [
    _data(
        "R313.no_description",
        (
            "</strm:intervals>",
            "</strm:intervals><oadr:oadrReportDescription><ei:rID>main</ei:rID>"
            "<ei:reportType>usage</ei:reportType><ei:readingType>Direct Read</ei:readingType>"
            "</oadr:oadrReportDescription>",
        ),
    ),
    _data("R313.has_data", (f"<oadr:oadrReport>{_FIRST}", "<oadr:oadrReport>")),
    _data("R313.data_name", (">TELEMETRY_USAGE<", ">METADATA_TELEMETRY_USAGE<")),
    _data(
        "R314.begins_with_first",
        (f"<oadr:oadrReport>{_FIRST}", f"<oadr:oadrReport>{_SECOND}"),
        also=_NO_SPAN,
    ),
    _data("R314.all_or_no_starts", (f"{_INTERVAL}{_SECOND}", _INTERVAL)),
    _data(
        "R314.oldest_first",
        (_START, f"{_INTERVAL}{_FIRST.replace('12:00', '12:05')}"),
        also=f"R314.begins_with_first {_NO_SPAN}",
    ),
    _data("R315.all_or_no_durations", (f"{_START}{_LENGTH}", _START)),
    _sends(
        "R315.placed_in_time",
        "push request",
        replace(
            data("r2", "status", "TELEMETRY_STATUS", "state", starts=False),
            duration=None,
            intervals=tuple(replace(one, duration=None) for one in _STATES.intervals),
        ),
    ),
    _data(_NO_SPAN, (">PT2M<", ">PT9M<")),
    _sends(
        "R316.uids_without_starts",
        "push request",
        replace(_STATES, intervals=tuple(replace(one, uid=None) for one in _STATES.intervals)),
    ),
    _data("R318.no_number_is_bad", ("<ei:value>0<", "<ei:value>NaN<")),
    _data("R319.accuracy", (">0.5<", ">-0.5<")),
    _data("R331.payload_of_report", (">TELEMETRY_USAGE<", ">TELEMETRY_STATUS<")),
    _data(
        "R334.same_states",
        (
            "<oadr:oadrLoadControlState><oadr:oadrCapacity><oadr:oadrCurrent>1</oadr:oadrCurrent>"
            "</oadr:oadrCapacity></oadr:oadrLoadControlState>",
            "",
        ),
    ),
    _data("R342.once_in_interval", (">sub<", ">main<")),
    _data(
        "R342.lengths_not_negative",
        (f"{_START}{_LENGTH}", f"{_START}{_LENGTH.replace('PT', '-PT')}"),
    ),
]

SESSION = [
    _sends("R304.data_were_asked", "push request", data("r8"), also="R304.unasked_is_refused"),
    _sends("R304.unasked_is_refused", "push request", data("r8"), also="R304.data_were_asked"),
    _data("R304.data_of_specifier", ("SpecifierID>usage<", "SpecifierID>other<")),
    _sends(
        "R304.data_points_were_asked",
        "push request",
        data("r1", "usage", "TELEMETRY_USAGE", "main", "sub", "more"),
    ),
    _sends("R300.data_are_complete", "push request", data("r1", "usage", "TELEMETRY_USAGE", "sub")),
    _sends("R324.one_shot_interval", "push request", data("r5")),
    _sends("R306.ended_by_metadata", "metadata again", _late(data("r4"))),
    _sends("R345.ended_by_cancellation", "canceled", _late(data("s1"))),
    _sends("R345.ended_by_cancellation", "update once", _late(data("r5", count=1))),
    reply("R328.cancels_delivered", "update once", (">r5<", ">r1<")),
    ask("R329.pending_was_asked", "created report", (">r3<", ">r7<")),
    ask("R329.pending_once", "created report", (">r3<", ">r1<")),
    reply("R329.taken_is_pending", "push request", (">r5<", ">r1<"), also="R329.pending_once"),
    ask(
        "R329.cancelled_is_not_pending",
        "canceled",
        (
            "<oadr:oadrPendingReports>",
            "<oadr:oadrPendingReports><ei:reportRequestID>r4</ei:reportRequestID>",
        ),
    ),
    _push("R304.unknown_is_refused", wanted("r9", "weather"), also="R300.asked_is_offered"),
    _push(
        "R340.too_much_is_refused",
        wanted("r9", granularity=timedelta(seconds=1)),
        also="R317.granularity_on_offer",
    ),
    instead(
        "R336.unknown_cancellation",
        "push cancel",
        cancel_report("s9"),
        m.CanceledReport(response=ok("c"), ven_id="ven"),
        also="R336.cancelled_was_asked",
    ),
]

MUTANTS = [*METADATA_MUTANTS, *REQUESTS, *UPDATES, *SESSION]
