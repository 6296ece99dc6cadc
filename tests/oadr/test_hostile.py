"""Whatever a peer may send: the pure functions answer, or raise what they say they raise."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from oadr import opt as opts
from oadr.errors import ProtocolError
from oadr.event import (
    DEFAULT_SIGNALS,
    Receiver,
    assess,
    cancel,
    check_event,
    effective_end,
    end_after_cancel,
    implied_cancels,
    is_cancelled,
    keep_offset,
    matches,
    modify,
    next_change,
    normalize,
    normalize_uri,
    order,
    overlaps,
    pick_offset,
    plan,
    resources_of,
    retire_at,
    status_at,
    with_status,
)
from oadr.messages import (
    CreateOpt,
    Event,
    Period,
    Report,
    ReportPayload,
    ReportRequest,
    Signal,
    SpecifierPayload,
)
from oadr.report import (
    RequestKind,
    Window,
    build_metadata,
    check_offers,
    check_request,
    check_update,
    closing_window,
    findings,
    green_button,
    next_window,
    pack,
    pending_ids,
    read_metadata,
    resample,
    split,
    unpack,
    windows,
)
from tests.oadr import strategies
from tests.oadr.event_samples import VEN

T = TypeVar("T")
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
moments = st.just(NOW) | strategies.moments()
MARKET = Receiver(ven_id="ven-1", market_contexts=frozenset({"http://market"}))


def everything(signal: Signal) -> bool:
    return True


def allowed(action: Callable[[], T], longest: int = 1000) -> T | None:
    """Returns what an action returns; None if it refuses, which takes a short text."""
    try:
        return action()
    except ProtocolError as error:
        text = str(error)
    assert len(text) < longest
    return None


@given(strategies.events(), st.none() | strategies.events(), moments)
def test_any_event_is_assessed_and_never_raises(
    event: Event, known: Event | None, now: datetime
) -> None:
    for receiver in (VEN, MARKET):
        for supported in (DEFAULT_SIGNALS, everything):
            outcome = assess(event, known, receiver, supported, now)
            assert outcome.ok == (outcome.code == 200)
            assert len(outcome.reason) < 1000


@given(strategies.events(), moments, st.randoms(use_true_random=False))
def test_any_event_has_a_plan_a_status_and_an_end(
    event: Event, now: datetime, random: Random
) -> None:
    period = event.active_period
    steps = plan(event, pick_offset(period.start_after, random))
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    status_at(period, now)
    next_change(period, now)
    effective_end(period)
    retire_at(event)
    with_status(event, now, now)
    end_after_cancel(now, period.start_after, random)
    resources_of(event.target, VEN)
    matches(event.target, VEN)
    normalize_uri(event.descriptor.market_context)


@given(strategies.periods(), strategies.periods(), st.randoms(use_true_random=False))
def test_any_two_periods_are_compared(one: Period, two: Period, random: Random) -> None:
    assert overlaps(one, two) == overlaps(two, one)
    keep_offset(one, timedelta(0), two, random)


@given(st.lists(strategies.events(), max_size=3), moments)
def test_any_events_are_ordered_and_compared(events: list[Event], now: datetime) -> None:
    ordered = order(events, now)
    assert sorted(map(id, ordered)) == sorted(map(id, events))
    assert implied_cancels([event.event_id for event in events], ordered) == ()


@given(strategies.events(), strategies.events(), moments)
def test_any_event_is_checked_changed_and_cancelled_or_refused(
    event: Event, wanted: Event, now: datetime
) -> None:
    allowed(lambda: check_event(event))
    allowed(lambda: check_event(normalize(event)))
    allowed(lambda: modify(event, wanted, now))
    allowed(lambda: modify(event, event, now))
    gone = allowed(lambda: cancel(event, now))
    assert gone is None or is_cancelled(gone)


@given(strategies.create_opt(), st.none() | strategies.events(), st.data())
def test_any_opt_is_checked_and_applied(
    opt: CreateOpt, event: Event | None, data: st.DataObject
) -> None:
    allowed(lambda: opts.check_create_opt(opt, event, VEN))
    schedules: tuple[opts.Schedule, ...] = ()
    for other in (opt, data.draw(strategies.create_opt()), opt):
        schedules = opts.apply(schedules, other, NOW)
    start, end = sorted((data.draw(moments), data.draw(moments)))
    where = opts.point(opts.resource("r"), market_context="http://market")
    opts.opted_out(schedules, where, start=start, end=end)
    opts.spent(schedules, NOW)
    for schedule in schedules:
        after = opts.cancel(schedules, schedule.opt_id, NOW)
        assert all(one.cancelled for one in after if one.opt_id == schedule.opt_id)
    if event is not None:
        said = [opts.event_opt(opt, event, NOW)]
        opts.qualify(said, resource="r")
        opts.reasons(opts.participation(event, schedules, said, resources=frozenset({"r"})))


@given(strategies.reports(), strategies.report_requests(), st.data())
def test_any_report_is_unpacked_or_refused(
    report: Report, request: ReportRequest, data: st.DataObject
) -> None:
    green_button(report)
    split(report, 1)
    (offer,) = allowed(lambda: read_metadata([report])) or (None,)
    if offer is not None:
        build_metadata([offer], NOW)
        findings(report, request, offer)
        allowed(lambda: check_update(report, request, offer))
        allowed(lambda: check_offers([offer]))
    readings = allowed(lambda: unpack(report, points=offer.by_id() if offer else None))
    for granularity in (timedelta(0), timedelta(minutes=15)):
        resample(readings or (), granularity, NOW, NOW + timedelta(days=1))


@given(strategies.report_requests(), strategies.reports(), moments, moments)
def test_any_request_is_checked_and_scheduled(
    request: ReportRequest, metadata: Report, accepted_at: datetime, now: datetime
) -> None:
    (offer,) = allowed(lambda: read_metadata([metadata])) or (None,)
    if offer is not None:
        allowed(lambda: check_request(request, [offer], now=now))
    assert pending_ids([request, request]) == (request.report_request_id,)
    for kind in RequestKind:
        for window in islice(windows(request, kind, accepted_at), 3):
            assert window.index >= 0
        next_window(request, kind, accepted_at, now)
        closing_window(request, kind, accepted_at, now)


@given(
    strategies.report_requests(),
    strategies.reports(),
    strategies.reports(),
    st.sampled_from(list(RequestKind)),
)
def test_any_request_is_answered_whatever_was_read(
    request: ReportRequest, metadata: Report, data: Report, kind: RequestKind
) -> None:
    (offer,) = allowed(lambda: read_metadata([metadata])) or (None,)
    readings = allowed(lambda: unpack(data)) or ()
    if offer is None or kind is RequestKind.METADATA:
        return
    wanted = [SpecifierPayload(r_id=reading.r_id) for reading in readings[:3]]
    request = replace(
        request,
        data_points=(*request.data_points, *wanted),
        granularity=timedelta(minutes=15),
    )
    window = Window(start=NOW, end=NOW + timedelta(hours=1), due=NOW, index=0, final=True)
    report = pack(request, kind, window, readings, offer, now=NOW)
    delivered = {
        payload.r_id
        for one in report.intervals
        for payload in one.payloads
        if isinstance(payload, ReportPayload)
    }
    assert delivered == {point.r_id for point in request.data_points}
    assert allowed(lambda: unpack(report)) is not None
