"""Messages that nobody expects and that the schema allows, with a VTN under test."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from conformance.case import Suite, VtnTest, vtn_case
from conformance.cases.of_ven import answer_of, schedule, taken
from conformance.demands import demand
from conformance.peers.offers import OFFERS, POWER, STATUS, TELEMETRY_STATUS, TELEMETRY_USAGE
from oadr import messages as m
from oadr.enums import OptType

NO_SERVER_ERROR = demand(
    "HTTP", "no_server_error", "A schema-valid message is answered, refused or not, by no HTTP 5xx."
)
ALIVE = demand("HTTP", "alive_afterwards", "Whatever came before, a VEN is served.")

_MINUTE = timedelta(minutes=1)
_OK = m.EiResponse(description="OK", request_id="nobody-asked")
_NUMBER = Decimal("17.25")


async def _survived(t: VtnTest, messages: Iterator[m.Message], *, service: str = "") -> None:
    """Looks whether a VTN stands each message."""
    for message in messages:
        sent = await t.ven.send(message, service=service)
        fine = sent.status is not None and sent.status < 500
        t.expect(NO_SERVER_ERROR, fine, answer_of(sent), sent)
    asked = await t.ven.request_event()
    t.expect(ALIVE, taken(asked), answer_of(asked), asked)


def _report(t: VtnTest, offer: m.Report, *intervals: m.Interval, **changes: object) -> m.Report:
    """Returns data for a request that the VTN has made, or for one that nobody has made."""
    now = t.clock.now().replace(microsecond=0)
    wanted = offer.report_specifier_id
    asked = (name for name, one in t.ven.pending.items() if one.report_specifier_id == wanted)
    made = m.Report(
        dtstart=now,
        intervals=intervals,
        report_request_id=next(asked, "no-such-request"),
        report_specifier_id=wanted,
        report_name=(offer.report_name or "").removeprefix("METADATA_"),
        created_date_time=now,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def _interval(*points: str, **times: object) -> m.Interval:
    """Returns an interval with a value of each data point."""
    online = m.ResourceStatus(online=True, manual_override=False)
    values = (
        m.ReportPayload(r_id=one, value=online if one == STATUS else _NUMBER) for one in points
    )
    return replace(m.Interval(payloads=tuple(values)), **times)  # type: ignore[arg-type]


def odd_reports(t: VtnTest) -> Iterator[m.Message]:
    """Yields reports in shapes that are rare."""
    now = t.clock.now().replace(microsecond=0)
    usual = _interval(POWER, dtstart=now, duration=_MINUTE)
    shapes: tuple[tuple[m.Report, ...], ...] = (
        (),
        (_report(t, TELEMETRY_STATUS, _interval(STATUS, dtstart=now, duration=_MINUTE)),),
        (_report(t, TELEMETRY_STATUS, _interval(STATUS)),),
        (_report(t, TELEMETRY_USAGE, _interval(POWER)),),
        (_report(t, TELEMETRY_USAGE, _interval(POWER, "energy", dtstart=now, duration=_MINUTE)),),
        (_report(t, TELEMETRY_USAGE, usual, dtstart=None),),
        (_report(t, TELEMETRY_USAGE, usual, usual),),
        (_report(t, TELEMETRY_USAGE),),
        (_report(t, TELEMETRY_USAGE, usual, report_request_id="no-such-request"),),
        (_report(t, TELEMETRY_USAGE, usual, report_name=None),),
    )
    for reports in shapes:
        yield m.UpdateReport(request_id=t.ven.new_id(), reports=reports, ven_id=t.ven.ven_id)


def odd_answers(t: VtnTest) -> Iterator[m.Message]:
    """Yields answers to what the VTN has never said."""
    ven_id = t.ven.ven_id
    refusal = m.EiResponse(code=450, description="refused by the test")
    unknown = m.EventResponse(
        request_id="no-such-request",
        event_id="no-such-event",
        modification_number=7,
        opt_type=OptType.OPT_IN,
    )
    yield m.CreatedEvent(response=refusal, ven_id=ven_id)
    yield m.CreatedEvent(response=m.EiResponse(description="OK"), ven_id=ven_id)
    yield m.CreatedEvent(response=_OK, responses=(unknown,), ven_id=ven_id)
    yield m.CreatedReport(response=_OK, pending=("no-such-request",), ven_id=ven_id)
    yield m.CreatedReport(response=refusal, ven_id=ven_id)
    yield m.CanceledReport(response=_OK, pending=("no-such-request",), ven_id=ven_id)
    yield m.RegisteredReport(response=_OK, ven_id=ven_id)
    yield m.UpdatedReport(response=_OK, ven_id=ven_id)
    yield m.CanceledPartyRegistration(response=_OK, registration_id="other", ven_id=ven_id)
    yield m.Response(response=_OK, ven_id=ven_id)


def odd_requests(t: VtnTest) -> Iterator[m.Message]:
    """Yields requests that make little sense, empty requestIDs among them."""
    ven_id, now = t.ven.ven_id, t.clock.now().replace(microsecond=0)
    bare = replace(
        TELEMETRY_USAGE,
        descriptions=(
            m.ReportDescription(r_id=POWER, report_type="usage", reading_type="Direct Read"),
        ),
        created_date_time=now,
    )
    yield m.QueryRegistration(request_id="")
    yield m.RequestEvent(request_id="", ven_id=ven_id)
    yield m.RequestEvent(request_id=t.ven.new_id(), ven_id=ven_id, reply_limit=0)
    yield replace(schedule(t, ven_id), availability=())
    yield m.CancelOpt(request_id="", opt_id="", ven_id=ven_id)
    yield m.CancelReport(request_id="", report_request_ids=("x", "x"), ven_id=ven_id)
    yield m.RegisterReport(request_id=t.ven.new_id(), reports=(bare,), ven_id=ven_id)
    yield m.RegisterReport(request_id="", ven_id=ven_id, report_request_id="no-such-request")


@vtn_case("K1_0331", "reports in odd shapes", rules=(313, 314, 316, 331), suite=Suite.GENERAL)
async def reports_in_odd_shapes(t: VtnTest) -> None:
    """No report that the schema allows brings a VTN down.

    1. The registered VEN sends reports without data, with a status, without dtstart, with
       several data points in an interval, twice the same interval, and to no request.
    2. The VTN answers each.
    3. The VEN asks for its events, and is served.
    """
    await t.joined()
    await _survived(t, odd_reports(t))


@vtn_case("K1_0033", "answers to nothing", rules=(25, 35, 48, 329), suite=Suite.GENERAL)
async def answers_to_nothing(t: VtnTest) -> None:
    """No answer to what was never asked brings a VTN down.

    1. The registered VEN sends each message that is an answer: with success, with an error,
       and about events and requests that there are not.
    2. The VTN answers each.
    3. The VEN asks for its events, and is served.
    """
    await t.joined()
    await _survived(t, odd_answers(t))


@vtn_case("K1_0048", "odd requests", rules=(27, 48, 207, 303), suite=Suite.GENERAL)
async def requests_that_are_odd(t: VtnTest) -> None:
    """No request that the schema allows brings a VTN down.

    1. The registered VEN sends requests with empty identifiers, a replyLimit of 0, an opt
       schedule without times, and metadata of data points without unit and sampling rate.
    2. The VTN answers each.
    3. The VEN asks for its events, and is served.
    """
    await t.joined()
    await _survived(t, odd_requests(t))
    await t.ven.introduce(OFFERS)
