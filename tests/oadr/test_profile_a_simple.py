"""How an event becomes the one signal of 2.0a."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr import messages as m
from oadr.enums import EventStatus, SignalType
from oadr.event import with_status
from oadr.messages.common import RawXml
from oadr.profile_a import encode, in_profile_a, parse, simple_of
from oadr.times import ZERO, CalendarDuration, add
from oadr.units import unit
from tests.oadr.event_samples import (
    HOUR,
    MINUTE,
    NOON,
    cancelled,
    event,
    events,
    interval,
    signal,
    steps,
    with_descriptor,
)


def levels(shown: m.Event) -> list[tuple[timedelta, str]]:
    (only,) = shown.signals
    return [
        (one.duration or ZERO, str(one.payloads[0].value))  # type: ignore[union-attr]
        for one in only.intervals
    ]


def price(*items: tuple[int, float | str], **changes: Any) -> m.Event:
    given: dict[str, Any] = {
        "signal_name": "ELECTRICITY_PRICE",
        "signal_type": SignalType.PRICE,
        "unit": unit("currencyPerKWh", units="EUR"),
        "intervals": steps(*items),
    }
    return event(**(given | changes))


def also(shown: m.Event, *others: m.Signal) -> m.Event:
    return replace(shown, signals=(*shown.signals, *others))


def value_at(shown: m.Event, minutes: float) -> str:
    at = NOON + minutes * MINUTE
    (only,) = simple_of(with_status(shown, at, at), at).signals
    return str(only.current_value)


# ---------------------------------------------------------------- which signal


def test_r7_an_event_of_levels_keeps_its_levels() -> None:
    shown = simple_of(event(), NOON)
    (only,) = shown.signals
    assert (only.signal_name, only.signal_type, only.signal_id) == ("simple", "level", "0")
    assert levels(shown) == [(15 * MINUTE, "1"), (30 * MINUTE, "2"), (15 * MINUTE, "1")]


def test_r7_beside_others_the_signal_of_levels_is_the_one() -> None:
    simple = signal(interval(60, 3, uid="0"), signal_id="s")
    shown = simple_of(also(price((60, "0.4")), simple), NOON)
    assert shown.signals[0].signal_id == "s"
    assert levels(shown) == [(HOUR, "3")]


def test_r7_of_several_signals_of_levels_the_one_for_all_devices_counts() -> None:
    narrow = m.Target(end_device_assets=("Thermostat",))
    first = signal(interval(60, 3, uid="0"), signal_id="a", target=narrow)
    second = signal(interval(60, 2, uid="0"), signal_id="b")
    both = replace(event(), signals=(first, second))
    assert levels(simple_of(both, NOON)) == [(HOUR, "2")]
    assert levels(simple_of(replace(both, signals=(first,)), NOON)) == [(HOUR, "3")]


def test_a_price_is_level_1_for_as_long_as_it_holds() -> None:
    shown = simple_of(price((20, "0.4"), (40, "0")), NOON)
    assert levels(shown) == [(20 * MINUTE, "1"), (40 * MINUTE, "1")]


@pytest.mark.parametrize(
    ("signal_type", "neutral", "other"),
    [
        ("delta", "0", "-20"),
        ("level", "0", "4"),
        ("multiplier", "1", "0.5"),
        ("priceMultiplier", "1.0", "3"),
        ("priceRelative", "0", "0.1"),
        ("x-loadControlCapacity", "1", "0.2"),
        ("x-loadControlLevelOffset", "0", "1"),
        ("x-loadControlPercentOffset", "0.0", "-5"),
    ],
)
def test_a_signal_that_changes_nothing_is_level_0(
    signal_type: str, neutral: str, other: str
) -> None:
    parts = (interval(30, Decimal(neutral), uid="0"), interval(30, Decimal(other), uid="1"))
    one = signal(*parts, name="x-any", signal_type=SignalType(signal_type))
    shown = simple_of(replace(event(), signals=(one,)), NOON)
    assert levels(shown) == [(30 * MINUTE, "0"), (30 * MINUTE, "1")]


@pytest.mark.parametrize("signal_type", ["price", "setpoint", "x-loadControlSetpoint"])
def test_a_price_or_a_setpoint_of_0_asks_for_something(signal_type: str) -> None:
    one = signal(interval(60, 0, uid="0"), name="x-any", signal_type=SignalType(signal_type))
    assert levels(simple_of(replace(event(), signals=(one,)), NOON)) == [(HOUR, "1")]


def test_several_signals_are_level_1_while_one_of_them_asks() -> None:
    shifts = (interval(30, 0, uid="0"), interval(15, -5, uid="1"), interval(15, 0, uid="2"))
    delta = signal(*shifts, name="LOAD_DISPATCH", signal_type=SignalType.DELTA, signal_id="1")
    factors = (interval(40, 1, uid="0"), interval(20, 2, uid="1"))
    times = signal(
        *factors, name="ENERGY_PRICE", signal_type=SignalType.PRICE_MULTIPLIER, signal_id="2"
    )
    shown = simple_of(replace(event(), signals=(delta, times)), NOON)
    assert levels(shown) == [
        (30 * MINUTE, "0"),
        (10 * MINUTE, "1"),
        (5 * MINUTE, "1"),
        (15 * MINUTE, "1"),
    ]
    assert [one.uid for one in shown.signals[0].intervals] == ["0", "1", "2", "3"]


def test_an_open_end_stays_open() -> None:
    endless = price((0, "0.4"))
    second = replace(endless.signals[0], signal_name="ENERGY_PRICE", signal_id="1")
    assert levels(simple_of(endless, NOON)) == [(ZERO, "1")]
    assert levels(simple_of(also(endless, second), NOON)) == [(ZERO, "1")]


def test_a_month_stays_a_month() -> None:
    month = CalendarDuration(months=1)
    original = price((60, 1))
    one = replace(original.signals[0].intervals[0], duration=month)
    lasting = replace(
        original,
        active_period=replace(original.active_period, duration=month),
        signals=(replace(original.signals[0], intervals=(one,)),),
    )
    assert levels(simple_of(lasting, NOON)) == [(month, "1")]


# ---------------------------------------------------------------- the current value


def test_r14_r29_r113_the_current_value_is_there_and_right() -> None:
    expected = {-1: "0", 0: "1", 14: "1", 15: "2", 44.9: "2", 45: "1", 59: "1", 60: "0", 600: "0"}
    assert {at: value_at(event(), at) for at in expected} == expected


def test_r29_r113_the_current_value_is_that_of_the_signal_that_is_sent() -> None:
    shown = price((30, "0.4"), (30, "0.7"))
    assert [value_at(shown, at) for at in (-1, 10, 40, 61)] == ["0", "1", "1", "0"]


def test_r14_a_cancelled_event_has_the_current_value_0() -> None:
    assert value_at(cancelled(event()), 20) == "0"


# ---------------------------------------------------------------- what is left out


def test_what_20a_does_not_know_is_left_out() -> None:
    full = price((60, 1))
    one = replace(full.signals[0], target=m.Target(end_device_assets=("Thermostat",)))
    baseline = m.Baseline(
        dtstart=NOON, duration=HOUR, intervals=one.intervals, baseline_id="b", baseline_name="b"
    )
    full = replace(full, signals=(one,), baseline=baseline)
    full = with_descriptor(full, modification_date_time=NOON, modification_reason="why")
    shown = simple_of(full, NOON)
    assert shown.baseline is None
    assert shown.descriptor.modification_date_time is None
    assert shown.descriptor.modification_reason is None
    assert (shown.signals[0].target, shown.signals[0].unit) == (None, None)


def test_what_both_profiles_know_stays() -> None:
    full = event(
        ramp_up=5 * MINUTE,
        recovery=MINUTE,
        start_after=2 * MINUTE,
        notification=HOUR,
        priority=3,
        test=True,
        comment="a drill",
    )
    full = with_descriptor(full, modification_number=4, event_status=EventStatus.ACTIVE)
    shown = simple_of(full, NOON)
    assert shown.active_period == full.active_period
    assert shown.descriptor == full.descriptor
    assert shown.response_required is full.response_required


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"group_ids": ("g",), "resource_ids": ("r",)}, None),
        ({"ven_ids": ("v",), "party_ids": ("p",)}, None),
        (
            {"resource_ids": ("r",), "end_device_assets": ("Sauna",)},
            {"resource_ids": ("r",)},
        ),
        ({"end_device_assets": ("Sauna",)}, {}),
        ({"group_ids": ("g",), "group_names": ("G",)}, {}),
        ({"meter_assets": ("m",)}, {}),
        ({"service_areas": (RawXml(xml="<a/>"),), "resource_ids": ("r",)}, {}),
    ],
)
def test_a_target_names_only_what_20a_can_name(
    given: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    shown = simple_of(event(target=m.Target(**given)), NOON)
    assert shown.target == m.Target(**(given if expected is None else expected))


# ---------------------------------------------------------------- always


@given(events, st.integers(-100, 100_000))
def test_r7_r8_r9_r113_whatever_is_sent_keeps_the_rules_of_20a(shown: m.Event, late: int) -> None:
    now = shown.active_period.dtstart + timedelta(seconds=late)
    narrow = simple_of(with_status(shown, now, now), now)
    (only,) = narrow.signals
    period = narrow.active_period
    lengths = [one.duration or ZERO for one in only.intervals]
    assert reduce(add, lengths, period.dtstart) == add(period.dtstart, period.duration)
    assert {value for _, value in levels(narrow)} <= {"0", "1", "2", "3"}
    assert only.current_value is not None
    message = m.DistributeEvent(request_id="1", vtn_id="v", events=(shown,))
    parse(encode(in_profile_a(message, now)))
