"""How a VTN changes and cancels an event."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from oadr.enums import EventStatus, ResponseRequired
from oadr.errors import ComplianceError, InvalidId, NotAllowed
from oadr.event import cancel, check_event, modify, status_at, with_status
from oadr.messages.common import Target
from oadr.messages.event import Event
from oadr.times import CalendarDuration
from tests.oadr.event_samples import (
    HOUR,
    MINUTE,
    NOON,
    ZERO,
    event,
    events,
    interval,
    moments,
    signal,
    steps,
    with_descriptor,
    with_interval,
    with_period,
    with_signal,
)

EARLY = NOON - 30 * MINUTE
#: Half way through the second of three intervals.
MIDST = NOON + 30 * MINUTE


def stepped(*items: tuple[int, float], **changes: Any) -> Event:
    return event(intervals=steps(*items), **changes)


@pytest.mark.parametrize(
    "wanted",
    [
        event(comment="other"),
        event(priority=2),
        event(start=NOON + MINUTE),
        event(market_context="http://example.com/other"),
        event(test=True),
        event(start_after=MINUTE),
        event(ramp_up=MINUTE),
        event(recovery=MINUTE),
        event(notification=MINUTE),
        event(target=Target(group_ids=("schools",))),
        event(response_required=ResponseRequired.NEVER),
        event(signal_id="other"),
        stepped((15, 1), (30, 3), (15, 1)),
        with_descriptor(event(), modification_reason="weather"),
    ],
)
def test_r5_each_change_counts_the_modification_number_up_by_one(wanted: Event) -> None:
    current = with_descriptor(event(), modification_number=4)
    changed = modify(current, wanted, EARLY)
    assert changed.descriptor.modification_number == 5
    check_event(changed)


@pytest.mark.parametrize(
    "wanted",
    [
        event(),
        with_descriptor(event(), created_date_time=NOON),
        with_descriptor(event(), event_status=EventStatus.CANCELLED),
        with_descriptor(event(), modification_number=9, modification_date_time=NOON),
        with_signal(event(), current_value=Decimal(3)),
        with_period(event(), notification=None),
    ],
)
def test_r5_status_dates_and_current_value_are_no_change(wanted: Event) -> None:
    current = event()
    assert modify(current, wanted, EARLY) is current


def test_r5_an_event_that_lacks_what_normalize_fills_is_no_change_either() -> None:
    current = with_interval(event(), 0, uid=None)
    assert modify(current, event(), EARLY) is current


def test_r115_a_change_renews_the_dates_in_whole_seconds() -> None:
    now = EARLY + timedelta(microseconds=5)
    changed = modify(event(), event(comment="x"), now)
    assert changed.descriptor.created_date_time == EARLY
    assert changed.descriptor.modification_date_time == EARLY


def test_r13_status_and_current_value_follow_the_new_period() -> None:
    changed = modify(event(), event(start=EARLY + MINUTE, ramp_up=5 * MINUTE), EARLY)
    assert changed.descriptor.event_status is EventStatus.NEAR
    started = modify(event(), event(start=EARLY), EARLY)
    assert started.descriptor.event_status is EventStatus.ACTIVE
    assert started.signals[0].current_value == 1


@given(current=events, wanted=events, now=moments)
def test_r5_r20_a_modification_counts_one_or_is_refused(
    current: Event, wanted: Event, now: datetime
) -> None:
    wanted = with_descriptor(wanted, event_id=current.event_id)
    period = current.active_period
    try:
        changed = modify(current, wanted, now)
    except NotAllowed:
        assert status_at(period, now) in {"active", "completed"} or (
            wanted.active_period.dtstart < now
        )
        return
    if changed is not current:
        number = current.descriptor.modification_number
        assert changed.descriptor.modification_number == number + 1
        assert changed == with_status(changed, now, now)


@given(current=events, seconds=st.integers(0, 7 * 86400), longer=st.integers(1, 9999))
def test_r20_what_was_sent_before_now_is_never_changed(
    current: Event, seconds: int, longer: int
) -> None:
    assume(current.active_period.duration)
    now = current.active_period.dtstart + timedelta(seconds=seconds)
    assume(status_at(current.active_period, now) is EventStatus.ACTIVE)
    extra = timedelta(seconds=longer)
    last = current.signals[0].intervals[-1].duration
    assert last is not None
    wanted = with_interval(current, -1, duration=last + extra)
    wanted = with_period(wanted, duration=current.active_period.duration + extra)
    changed = modify(current, wanted, now)
    for moment in (current.active_period.dtstart, now - timedelta(seconds=1), now):
        if moment >= current.active_period.dtstart:
            before = with_status(current, moment, moment).signals[0].current_value
            assert with_status(changed, moment, moment).signals[0].current_value == before


ALLOWED_WHILE_ACTIVE = [
    stepped((15, 1), (30, 2), (30, 1)),
    stepped((15, 1), (30, 2), (15, 3)),
    stepped((15, 1), (15, 2), (30, 3)),
    stepped((15, 1), (15, 2)),
    stepped((15, 1), (10, 2), (35, 2)),
    event(priority=1, comment="now urgent"),
    event(recovery=HOUR),
    event(target=Target(group_ids=("schools",))),
]


@pytest.mark.parametrize("wanted", ALLOWED_WHILE_ACTIVE)
def test_r20_an_active_event_may_change_from_now_on(wanted: Event) -> None:
    changed = modify(event(), wanted, MIDST)
    assert changed.descriptor.modification_number == 1


FORBIDDEN_WHILE_ACTIVE = [
    event(start=NOON + MINUTE),
    event(start=NOON + HOUR),
    event(start_after=MINUTE),
    event(ramp_up=MINUTE),
    stepped((15, 2), (30, 2), (15, 1)),
    stepped((15, 1), (30, 3), (15, 1)),
    stepped((16, 1), (29, 2), (15, 1)),
    stepped((15, 1), (14, 2), (31, 3)),
    stepped((15, 1), (10, 2)),
    event(signal_id="other"),
    with_signal(event(), target=Target(end_device_assets=("EVSE",))),
    replace(event(), signals=(*event().signals, replace(event().signals[0], signal_id="1"))),
]


@pytest.mark.parametrize("wanted", FORBIDDEN_WHILE_ACTIVE)
def test_r20_the_past_of_an_active_event_may_not_change(wanted: Event) -> None:
    with pytest.raises(NotAllowed) as caught:
        modify(event(), wanted, MIDST)
    assert caught.value.rule == "R20"
    assert caught.value.code == 451


def test_r20_a_month_is_not_thirty_days() -> None:
    month, days = CalendarDuration(months=1), timedelta(days=30)
    assert month != days
    with pytest.raises(NotAllowed, match="x-eiRampUp cannot change"):
        modify(event(ramp_up=month), event(ramp_up=days), MIDST)


def test_r20_a_change_of_the_past_is_refused_with_advice() -> None:
    with pytest.raises(NotAllowed) as caught:
        modify(event(), stepped((15, 2), (30, 2), (15, 1)), MIDST)
    assert str(caught.value) == (
        "signal '0' would change before now, 2026-07-01 12:30:00 UTC; "
        "keep its steps up to now and let the change begin there (R20)"
    )


def test_r20_a_pending_event_may_not_move_into_the_past() -> None:
    with pytest.raises(NotAllowed, match="started in the past"):
        modify(event(), event(start=EARLY - MINUTE), EARLY)
    with pytest.raises(NotAllowed, match="ended in the past"):
        modify(event(), event(start=EARLY - 2 * HOUR), EARLY)


@pytest.mark.parametrize("now", [NOON + HOUR, NOON + HOUR + MINUTE])
def test_r20_an_event_that_is_over_cannot_change(now: datetime) -> None:
    with pytest.raises(NotAllowed, match="over"):
        modify(event(start_after=5 * MINUTE), event(comment="late"), now)


def test_r20_an_open_ended_event_gets_its_end_while_it_runs() -> None:
    changed = modify(stepped((0, 2)), stepped((45, 2)), MIDST)
    assert changed.active_period.duration == 45 * MINUTE


def test_a_cancelled_event_cannot_change() -> None:
    gone = cancel(event(), EARLY)
    with pytest.raises(NotAllowed, match="cancelled"):
        modify(gone, event(comment="again"), EARLY)


def test_a_modification_is_of_the_same_event() -> None:
    with pytest.raises(InvalidId, match="'e2' is not a modification of 'e1'"):
        modify(event("e1"), event("e2"), EARLY)


def test_a_modification_must_be_fit_to_be_sent() -> None:
    with pytest.raises(ComplianceError):
        modify(event(), replace(event(), signals=(signal(interval(60, 7)),)), EARLY)


@pytest.mark.parametrize("now", [EARLY, MIDST, NOON + HOUR + 4 * MINUTE])
def test_r10_cancelling_is_a_status_and_counts_one(now: datetime) -> None:
    gone = cancel(event(start_after=5 * MINUTE), now)
    assert gone.descriptor.event_status is EventStatus.CANCELLED
    assert gone.descriptor.modification_number == 1
    assert gone.descriptor.created_date_time == now
    assert gone.descriptor.modification_date_time == now
    assert gone.signals[0].current_value == 0
    assert gone.active_period == event(start_after=5 * MINUTE).active_period


def test_r10_cancelling_twice_changes_nothing() -> None:
    gone = cancel(event(), EARLY)
    assert cancel(gone, MIDST) is gone


def test_r20_an_event_that_is_over_for_everybody_cannot_be_cancelled() -> None:
    with pytest.raises(NotAllowed, match="ended at 2026-07-01 13:05:00 UTC"):
        cancel(event(start_after=5 * MINUTE), NOON + HOUR + 5 * MINUTE)


def test_r47_an_open_ended_event_can_always_be_cancelled() -> None:
    gone = cancel(stepped((0, 2)), NOON + 10000 * HOUR)
    assert gone.descriptor.event_status is EventStatus.CANCELLED
    assert gone.active_period.duration == ZERO
