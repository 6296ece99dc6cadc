"""Makes an event from what an operator says."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.enums import EventStatus, ResponseRequired, SignalType
from oadr.errors import ComplianceError
from oadr.event import build_event, check_event, default_type, parse_levels
from oadr.messages.common import Target
from oadr.messages.event import Event
from oadr.units import unit
from tests.oadr.event_samples import (
    HOUR,
    MINUTE,
    NOON,
    PROGRAMME,
    ZERO,
    event,
    events,
    steps,
)


def test_an_event_has_everything_that_was_asked_for() -> None:
    built = build_event(
        event_id="e7",
        market_context=PROGRAMME,
        start=NOON,
        intervals=steps((30, "20.5"), (30, "30")),
        signal_name="LOAD_DISPATCH",
        unit=unit("powerReal"),
        start_after=MINUTE,
        notification=HOUR,
        ramp_up=2 * MINUTE,
        recovery=3 * MINUTE,
        priority=2,
        test=True,
        comment="Tom & Co",
        target=Target(group_ids=("schools",)),
        response_required=ResponseRequired.NEVER,
        signal_id="s",
        now=NOON - MINUTE,
    )
    check_event(built)
    descriptor, period, signal = built.descriptor, built.active_period, built.signals[0]
    assert (descriptor.event_id, descriptor.market_context) == ("e7", PROGRAMME)
    assert (descriptor.priority, descriptor.vtn_comment) == (2, "Tom & Co")
    assert descriptor.is_test
    assert descriptor.event_status is EventStatus.NEAR
    assert descriptor.created_date_time == NOON - MINUTE
    assert (period.dtstart, period.duration) == (NOON, HOUR)
    assert (period.start_after, period.notification) == (MINUTE, HOUR)
    assert (period.ramp_up, period.recovery) == (2 * MINUTE, 3 * MINUTE)
    assert (signal.signal_id, signal.signal_type) == ("s", SignalType.SETPOINT)
    assert signal.unit == unit("powerReal")
    assert built.target == Target(group_ids=("schools",))
    assert built.response_required is ResponseRequired.NEVER


def test_r4_r5_a_new_event_has_modification_number_zero() -> None:
    assert event().descriptor.modification_number == 0
    assert event().descriptor.modification_date_time is None


def test_r105_notification_is_always_there() -> None:
    assert event().active_period.notification == ZERO


def test_r6_an_event_is_real_unless_it_is_a_test() -> None:
    assert not event().descriptor.is_test


@given(one=events)
def test_r2_r8_r102_intervals_are_numbered_and_add_up(one: Event) -> None:
    intervals = one.signals[0].intervals
    assert [interval.uid for interval in intervals] == [str(n) for n in range(len(intervals))]
    durations = [interval.duration for interval in intervals if interval.duration is not None]
    assert sum(durations, ZERO) == one.active_period.duration
    assert len(durations) == len(intervals)


def test_r1_fractions_of_a_second_are_cut_off() -> None:
    fraction = timedelta(microseconds=7)
    built = event(start=NOON + fraction, now=NOON - HOUR + fraction)
    assert built == event()


def test_r1_local_times_become_utc() -> None:
    summer = timezone(2 * HOUR)
    built = event(start=NOON.astimezone(summer), now=(NOON - HOUR).astimezone(summer))
    assert built == event()
    assert built.active_period.dtstart.tzinfo is UTC
    assert built.descriptor.created_date_time.tzinfo is UTC


def test_r47_a_single_duration_of_zero_is_open_ended() -> None:
    built = event(intervals=steps((0, 2)), now=NOON + 100 * HOUR)
    assert built.active_period.duration == ZERO
    assert built.descriptor.event_status is EventStatus.ACTIVE
    assert built.signals[0].current_value == 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SIMPLE", "level"),
        ("simple", "level"),
        ("ELECTRICITY_PRICE", "price"),
        ("DEMAND_CHARGE", "price"),
        ("BID_LOAD", "setpoint"),
        ("CHARGE_STATE", "setpoint"),
        ("LOAD_DISPATCH", "setpoint"),
        ("LOAD_CONTROL", "x-loadControlCapacity"),
    ],
)
def test_the_signal_type_follows_from_the_name(name: str, expected: str) -> None:
    assert default_type(name) == expected


def test_r9_simple_is_written_in_capitals() -> None:
    assert event(signal_name="simple").signals[0].signal_name == "SIMPLE"


def test_an_own_signal_needs_its_type() -> None:
    with pytest.raises(ValueError, match=r"'x-own' is none of SIMPLE, .* give its signal type"):
        event(signal_name="x-own")
    assert event(signal_name="x-own", signal_type=SignalType.DELTA).signals[0].unit is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"start": datetime(2026, 7, 1)}, "time zone"),  # noqa: DTZ001
        ({"now": datetime(2026, 7, 1)}, "time zone"),  # noqa: DTZ001
        ({"intervals": ()}, "at least one interval"),
        ({"intervals": ((timedelta.max, Decimal(1)),) * 2}, "longer than can be counted"),
    ],
)
def test_what_cannot_be_meant_is_a_value_error(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        event(**changes)


def test_what_breaks_a_rule_is_refused_with_the_rule() -> None:
    with pytest.raises(ComplianceError) as caught:
        event(intervals=steps((60, 5)))
    assert caught.value.rule == "R9"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1:15m,2:30m,1:15m", steps((15, 1), (30, 2), (15, 1))),
        (" 1 : 15m , 2:1h30m ", steps((15, 1), (90, 2))),
        ("0.31:1d", steps((1440, "0.31"))),
        ("-5:90s", ((timedelta(seconds=90), Decimal(-5)),)),
        ("1e3:1d2h3m4s", ((timedelta(days=1, hours=2, minutes=3, seconds=4), Decimal(1000)),)),
        ("2:0", steps((0, 2))),
        ("2:0s", steps((0, 2))),
    ],
)
def test_levels_are_read(text: str, expected: Any) -> None:
    assert parse_levels(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"step 1 \(''\) has no colon; expected VALUE:DURATION"),
        ("1:15m,", r"step 2 \(''\) has no colon"),
        ("1:15m,2", r"step 2 \('2'\) has no colon"),
        ("high:15m", "'high' is not a number"),
        ("nan:15m", "'nan' is not a finite number"),
        ("1:", "'' is not a duration"),
        ("1:15", "'15' is not a duration; expected .* with the units s, m, h and d"),
        ("1:1.5h", "'1.5h' is not a duration"),
        ("1:15m1h", "'15m1h' is not a duration"),
        ("1:-5m", "'-5m' is not a duration"),
        ("1:9999999999d", "longer than can be counted"),
        ("1:15m,2:0", r"step 2 \('2:0'\) lasts 0, which means open-ended"),
        ("1:0,2:15m", r"step 1 \('1:0'\) lasts 0"),
    ],
)
def test_levels_that_cannot_be_read_say_which_and_why(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_levels(text)


@given(st.lists(st.tuples(st.integers(1, 10**6), st.decimals(-99, 99, places=2)), min_size=1))
def test_levels_come_back_as_they_were_written(items: list[tuple[int, Decimal]]) -> None:
    text = ",".join(f"{value}:{seconds}s" for seconds, value in items)
    expected = [(timedelta(seconds=seconds), value) for seconds, value in items]
    assert list(parse_levels(text)) == expected
