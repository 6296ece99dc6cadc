"""Mutants of events, of answers to them, and of opts."""

from dataclasses import replace
from datetime import timedelta

from oadr import messages as m
from oadr.enums import EventStatus
from tests.conformance.life import (
    E1,
    E2,
    E3,
    E4,
    E5,
    EVENTS,
    HOUR,
    LATER,
    MINUTE,
    NOTHING,
    NOW,
    POLL,
    QUALIFIED,
    SCHEDULE,
    SECOND,
    answers,
    at,
    distribute,
)
from tests.conformance.mutants import Mutant, after, ask, instead, reply

_EMPTY = "<ei:eiTarget></ei:eiTarget>"
_DURATION = "<xcal:duration><xcal:duration>PT30M</xcal:duration></xcal:duration>"
_PAYLOAD = (
    "<ei:signalPayload><ei:payloadFloat><ei:value>1</ei:value></ei:payloadFloat></ei:signalPayload>"
)


def _shot(check: str, *events: m.Event, also: str = "") -> Mutant:
    """Returns a mutant whose first snapshot is another."""
    return instead(check, "request events", answer=distribute(*events, reply_to="x"), also=also)


def _text(check: str, *changes: tuple[str, str], also: str = "") -> Mutant:
    """Returns a mutant whose first snapshot is changed."""
    return reply(check, "request events", *changes, also=also)


def _next(check: str, *events: m.Event, also: str = "") -> Mutant:
    """Returns a mutant in which the second snapshot is another."""
    snapshot = distribute(*at(LATER, *events), request_id="d2")
    return instead(check, "poll events", answer=snapshot, also=also)


def _as(event: m.Event, status: EventStatus, number: int = 0) -> m.Event:
    return replace(
        event,
        descriptor=replace(event.descriptor, event_status=status, modification_number=number),
    )


MESSAGE = [
    _text("R41.request_id_of_snapshot", (">d1<", "><")),
    instead("R40.response_in_reply", "request events", answer=distribute(*EVENTS, reply_to=None)),
    ask("R27.reply_limit", "request events", (">9<", ">3<")),
    _shot("R70.own_event_ids", E4, replace(E4)),
    _text(
        "R63.one_ven",
        ("<ei:venID>ven</ei:venID>", "<ei:venID>ven</ei:venID><ei:venID>b</ei:venID>"),
    ),
    _text(
        "R105.notification",
        ("<ei:x-eiNotification><xcal:duration>PT1M</xcal:duration></ei:x-eiNotification>", ""),
    ),
    _text("R31.times_not_negative", (">PT2M<", ">-PT2M<")),
    _text("R115.same_created", ("Time>2026-01-01T12:00:00Z", "Time>2026-01-01T11:00:00Z")),
    _shot(
        "R13.near_with_ramp_up",
        replace(E3, active_period=E4.active_period),
    ),
    _shot("R13.status_in_time", _as(E1, EventStatus.FAR), also="R14.simple_rests"),
    _shot("R13.status_in_time", _as(E4, EventStatus.ACTIVE), also="R29.current_value"),
    _shot("R13.status_is_one", _as(E4, EventStatus.NONE)),
    _shot("R15.active_first", E3, E1),
    _shot("R15.active_by_priority", E2, E1),
    _shot("R15.pending_by_start", E4, E3),
]

SIGNAL = [
    _text("R2.signal_uids", (">0</xcal:text>", ">1</xcal:text>")),
    _shot(
        "R101.baseline_uids",
        replace(
            E4,
            baseline=replace(
                E4.baseline,
                intervals=tuple(replace(one, uid="7") for one in E4.baseline.intervals),
            ),
        )
        if E4.baseline
        else E4,
    ),
    _text("R8.durations_add_up", ("PT30M", "PT20M")),
    _text("R47.open_end_last", ("PT30M", "PT0S"), also="R8.durations_add_up"),
    _text("R102.intervals_have_durations", (_DURATION, "")),
    _shot(
        "R102.baseline_adds_up",
        replace(E4, baseline=replace(E4.baseline, duration=2 * HOUR)) if E4.baseline else E4,
    ),
    _text(
        "R103.intervals_have_no_start",
        (
            _DURATION,
            "<xcal:dtstart><xcal:date-time>2026-01-01T11:50:00Z</xcal:date-time></xcal:dtstart>"
            + _DURATION,
        ),
    ),
    _text("R100.one_payload", (_PAYLOAD, _PAYLOAD + _PAYLOAD)),
    _text("R9.simple_levels", ("<ei:value>2</ei:value>", "<ei:value>4</ei:value>")),
    _text("R116.simple_is_level", (">level<", ">setpoint<")),
    _text("R104.standard_units", (">setpoint<", ">price<")),
    _text("R104.standard_values", ("<ei:value>-10</ei:value>", "<ei:value>-11</ei:value>")),
    _text("R107.own_signal_ids", (">s1<", ">s0<")),
    _text("R111.signal_target", (">Thermostat<", ">Toaster<")),
    _text(
        "R111.signal_target",
        ("<power:endDeviceAsset><power:mrid>Thermostat</power:mrid></power:endDeviceAsset>", ""),
    ),
    _text("R108.baseline_resources", (">pump<", ">boiler<")),
    _shot(
        "R14.simple_rests",
        replace(
            E3,
            signals=tuple(
                replace(one, current_value=E1.signals[0].current_value) for one in E3.signals
            ),
        ),
    ),
    _text(
        "R29.current_value",
        (
            "<ei:currentValue><ei:payloadFloat><ei:value>1<",
            "<ei:currentValue><ei:payloadFloat><ei:value>2<",
        ),
    ),
]

SESSION = [
    after(
        "R5.number_grows",
        "poll events",
        POLL,
        distribute(*SECOND[:4], *at(LATER, E5), request_id="d3"),
        at=LATER,
        also="R13.status_goes_forward R10.stays_cancelled R5.change_is_numbered",
    ),
    _next(
        "R5.change_is_numbered",
        E1,
        E2,
        E3,
        replace(E4, active_period=replace(E4.active_period, notification=HOUR)),
        E5,
    ),
    _next("R10.cancellation_is_numbered", E1, E2, E3, E4, _as(E5, EventStatus.CANCELLED)),
    after(
        "R10.stays_cancelled",
        "poll events",
        POLL,
        distribute(*SECOND[:4], *at(LATER, _as(E5, EventStatus.FAR, 1)), request_id="d3"),
        at=LATER,
    ),
    _next(
        "R13.status_goes_forward",
        E1,
        E2,
        replace(E3, descriptor=replace(E3.descriptor, event_status=EventStatus.FAR)),
        E4,
        E5,
    ),
    instead(
        "R115.created_grows",
        "poll events",
        answer=distribute(*at(NOW - MINUTE, *EVENTS), request_id="d2"),
    ),
    after(
        "R50.gone_after_acknowledgement",
        "answer cancelled",
        POLL,
        distribute(*SECOND, request_id="d3"),
        at=LATER,
    ),
    _next("R50.all_events", E1, E2, E3, E5),
    _next(
        "R4.new_is_zero",
        *EVENTS,
        replace(
            E5,
            descriptor=replace(E5.descriptor, event_id="e6", modification_number=3),
            active_period=replace(E5.active_period, dtstart=NOW + timedelta(days=1)),
        ),
    ),
]

ANSWERS = [
    instead("R35.has_answers", "answer", answers()),
    ask("R42.request_id_empty", "answer", ("<pyld:requestID></", "<pyld:requestID>d1</")),
    ask(
        "R42.request_id_each",
        "answer",
        (">d1<", "><"),
        also="R42.request_id_of_event",
    ),
    ask("R42.request_id_of_event", "answer", (">d1<", ">d9<")),
    ask("R48.error_of_event", "answer", (">200<", ">460<")),
    ask(
        "R48.error_opts_out",
        "answer",
        (
            "<ei:eventResponse><ei:responseCode>200",
            "<ei:eventResponse><ei:responseCode>460",
        ),
    ),
    ask("R12.no_answer_to_never", "answer", (">e4<", ">e5<")),
    after("R62.answers_always", "request events", POLL, NOTHING, times=21),
    after(
        "R36.not_mentioned_again",
        "answer cancelled",
        answers("e5", request_id="d2", number=1),
        NOTHING,
    ),
    instead(
        "R19.known_events",
        "answer",
        answers("e1", number=7),
        m.Response(response=m.EiResponse(code=450), ven_id="ven"),
    ),
    instead("R48.unknown_event_refused", "answer", answers("e9")),
    ask(
        "R48.unknown_number_refused",
        "answer",
        ("Number>0<", "Number>7<"),
        also="R19.known_events",
    ),
]

OPT = [
    ask(
        "R200.plain_schedule",
        "schedule",
        (
            "</xcal:duration></xcal:properties>",
            "</xcal:duration><ei:x-eiRampUp><xcal:duration>PT1M</xcal:duration></ei:x-eiRampUp>"
            "</xcal:properties>",
        ),
    ),
    ask("R210.schedule_goes_on", "schedule", (">PT1H<", ">-PT1H<")),
    ask("R204.has_opt_id", "schedule", (">o1<", "><"), also="R208.echoed_opt_id"),
    instead(
        "R206.event_opt_alone", "qualify", replace(QUALIFIED, market_context="http://p.example")
    ),
    instead(
        "R206.event_opt_alone", "qualify", replace(QUALIFIED, availability=SCHEDULE.availability)
    ),
    instead("R206.schedule_or_event", "schedule", replace(SCHEDULE, availability=())),
    after(
        "R206.event_wanted_answer",
        "request events",
        replace(QUALIFIED, event_id="e5"),
        also="",
    ),
    ask("R209.device_class", "schedule", (">Thermostat<", ">Toaster<")),
    ask(
        "R202.target_is_sender",
        "schedule",
        ("<ei:eiTarget><ei:venID>ven<", "<ei:eiTarget><ei:venID>ven2<"),
    ),
    reply("R208.echoed_opt_id", "schedule", (">o1<", ">o7<")),
    after(
        "R211.schedule_is_cancelled",
        "qualify",
        m.CancelOpt(request_id="co", opt_id="o2", ven_id="ven"),
    ),
    reply("R211.cancellation_holds", "cancel opt", (">200<", ">452<")),
]

MUTANTS = [*MESSAGE, *SIGNAL, *SESSION, *ANSWERS, *OPT]
