"""How cases with a VTN under test come by its report requests, and deliver data to it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from conformance.actions import Readings, ReportSpec, RequestReports
from conformance.case import Skipped, VtnTest
from conformance.checks import Severity
from conformance.checks.exchange import code_of, succeeded
from conformance.demands import Demand, demand
from conformance.peers import Received, Recorded
from conformance.peers.offers import OFFERS
from oadr import messages as m

#: The shortest time that the offers of the kit let anybody sample.
MINUTE = timedelta(minutes=1)
#: What an operator has to see to before most cases about reports.
WANTS = ("The VEN of the kit can be asked for the reports that it offers.",)

ASKS = demand(
    300,
    "asks_as_wanted",
    "A VTN asks by oadrCreateReport for the report and the data points that its operator wants.",
)
ANSWER_TAKEN = demand(
    329, "created_report_taken", "A VTN takes oadrCreatedReport: oadrResponse with 200."
)
KEPT = demand(
    "DURABLE",
    "readings_kept",
    "A VTN keeps the readings that it has acknowledged.",
    Severity.WARNING,
)
BY_MESSAGE = demand(
    304,
    "refusal_is_message",
    "A VTN refuses a wrong identifier by a message with an error code.",
)
CODE = demand(
    304, "code_452", "A VTN refuses a wrong identifier with the code 452.", Severity.WARNING
)


def now(t: VtnTest) -> datetime:
    """Returns the present second of the VTN's clock."""
    return t.clock.now().replace(microsecond=0)


def patience(t: VtnTest, units: float = 3) -> float:
    """Returns how many real seconds to wait for what the VTN has to do at once."""
    factor: float = getattr(t.clock, "factor", 1.0)
    return t.device.unit.total_seconds() * units / factor


def told(recorded: Recorded) -> str:
    """Returns in words what came of an exchange."""
    code = code_of(recorded.answered)
    return f"{recorded.title}, {code}" if code else f"{recorded.title} {recorded.problem}".strip()


def taken(t: VtnTest, wanted: Demand, recorded: Recorded) -> bool:
    """Notes whether the VTN has taken what the VEN said, and returns that."""
    return t.expect(wanted, succeeded(recorded.answered), told(recorded), recorded)


def answered(t: VtnTest, wanted: Demand, recorded: Recorded) -> bool:
    """Notes whether the VTN has answered with any code, and returns that."""
    return t.expect(wanted, bool(code_of(recorded.answered)), told(recorded), recorded)


def refused(t: VtnTest, wanted: Demand, recorded: Recorded) -> bool:
    """Notes whether the VTN has refused what the VEN said, by whatever error."""
    code = code_of(recorded.answered)
    return t.expect(wanted, bool(code) and not code.startswith("2"), told(recorded), recorded)


def refused_id(t: VtnTest, recorded: Recorded, wanted: Demand | None = None) -> None:
    """Notes whether a wrong identifier is refused: by a message, and with 452 (R304).

    Args:
        t: the test.
        recorded: the exchange.
        wanted: that it is refused at all; None if a check sees that.
    """
    if answered(t, BY_MESSAGE, recorded) and (wanted is None or refused(t, wanted, recorded)):
        code = code_of(recorded.answered)
        t.expect(CODE, code == "452" or code.startswith("2"), told(recorded), recorded)


async def asked(t: VtnTest, *specs: ReportSpec) -> list[m.ReportRequest]:
    """Has the VTN ask for reports, takes them, and returns its requests in the same order.

    Raises:
        Skipped: nobody can have it ask.
        Inconclusive: it does not ask for these.
    """
    ids = frozenset(await t.do(RequestReports(reports=specs)) or ())
    found: list[m.ReportRequest] = []
    last: Received | None = None
    made: list[m.ReportRequest | None] = [None]
    # What the VTN asks for of its own accord may come before.
    while not _as_wanted(made, specs, ids):
        received = await t.ven.receive("oadrCreateReport", patience(t))
        if received is None or not isinstance(received.message, m.CreateReport):
            break
        last = received
        found += received.message.requests
        if received.answer is not None:
            taken(t, ANSWER_TAKEN, received.answer)
        made = [_made(found, spec, t.ven.offers, ids) for spec in specs]
    seen = "; ".join(map(_in_words, found)) or "no oadrCreateReport"
    t.expect(ASKS, None not in made, seen, None if last is None else last.recorded)
    t.need(None not in made, "the VTN does not ask for the report")
    return [one for one in made if one is not None]


def _as_wanted(
    made: Sequence[m.ReportRequest | None], specs: Sequence[ReportSpec], ids: frozenset[str]
) -> bool:
    """Whether nothing has to be waited for any more."""
    return None not in made and all(
        one is not None and (one.report_request_id in ids or _period(one) == _period_of(spec))
        for one, spec in zip(made, specs, strict=False)
    )


def _made(
    found: Sequence[m.ReportRequest],
    spec: ReportSpec,
    offers: Sequence[m.Report],
    ids: frozenset[str],
) -> m.ReportRequest | None:
    """Returns the request that comes nearest to what is wanted; None if none does."""
    fitting = [one for one in found if _fits(one, spec, offers)]
    return max(
        fitting,
        key=lambda one: (one.report_request_id in ids, _period(one) == _period_of(spec)),
        default=None,
    )


def _period(request: m.ReportRequest) -> tuple[timedelta, timedelta]:
    return request.granularity, request.report_back_duration


def _period_of(spec: ReportSpec) -> tuple[timedelta, timedelta]:
    return spec.granularity, spec.back


def _fits(request: m.ReportRequest, spec: ReportSpec, offers: Sequence[m.Report]) -> bool:
    if request.report_specifier_id != spec.specifier_id:
        return False
    if spec.specifier_id == "METADATA":
        return True
    offer = offered(request, offers)
    every = () if offer is None else tuple(one.r_id for one in offer.descriptions)
    return {one.r_id for one in request.data_points} == set(spec.points or every)


def _in_words(request: m.ReportRequest) -> str:
    r_ids = ", ".join(one.r_id for one in request.data_points)
    return f"{request.report_specifier_id} with {r_ids}"


def offered(request: m.ReportRequest, offers: Sequence[m.Report] = OFFERS) -> m.Report | None:
    """Returns the offer that a request is about; None if there is none."""
    same = (one for one in offers if one.report_specifier_id == request.report_specifier_id)
    return next(same, None)


async def wanted(t: VtnTest, offer: m.Report) -> m.ReportRequest:
    """Returns a request for the one report that the VEN offers, and that it has taken.

    A VTN that asks of its own accord is not asked to; it need not be able to.

    Raises:
        Skipped: it does not ask, and nobody can have it ask.
        Inconclusive: it does not register the VEN, or does not ask.
    """
    await t.ven.join((offer,))
    t.need(t.ven.registered, "the VTN does not register the VEN")
    for request in t.ven.pending.values():
        if request.report_specifier_id == offer.report_specifier_id:
            return request
    (request,) = await asked(t, periodic(offer))
    return request


def periodic(offer: m.Report, *points: str, duration: timedelta = timedelta(0)) -> ReportSpec:
    """Returns the wish for a report each minute, without end unless there is a duration."""
    return ReportSpec(
        specifier_id=offer.report_specifier_id,
        points=points,
        granularity=MINUTE,
        back=MINUTE,
        duration=duration,
    )


def once(offer: m.Report, *points: str) -> ReportSpec:
    """Returns the wish for a report, once and now."""
    return ReportSpec(specifier_id=offer.report_specifier_id, points=points)


async def deliver(t: VtnTest, *reports: m.Report, request_id: str | None = None) -> Recorded:
    """Delivers reports in one oadrUpdateReport.

    Args:
        t: the test.
        reports: data.
        request_id: in place of a new one.
    """
    message = m.UpdateReport(
        request_id=t.ven.new_id() if request_id is None else request_id,
        reports=reports,
        ven_id=t.ven.ven_id,
    )
    return await t.ven.send(message)


async def kept(t: VtnTest, recorded: Recorded, *values: tuple[str, Decimal]) -> None:
    """Notes whether the VTN shows readings that it has acknowledged, if it can show any.

    Args:
        t: the test.
        recorded: the exchange in which it did; nothing is looked at if it did not.
        values: rID and value of each.
    """
    if not succeeded(recorded.answered):
        return
    try:
        shown = await t.do(Readings())
    except Skipped:
        return
    there = {(r_id, value) for r_id, text in shown if (value := _number(text)) is not None}
    missing = [f"{r_id} {value}" for r_id, value in values if (r_id, value) not in there]
    t.expect(KEPT, not missing, f"no {', '.join(missing)}", recorded)


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except ArithmeticError:
        return None
