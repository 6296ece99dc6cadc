"""What a VTN must never send."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from oadr.codec import decode, encode
from oadr.enums import SignalType
from oadr.errors import ComplianceError, InvalidData, ProtocolError
from oadr.event import SIGNALS, check_event, normalize
from oadr.event.signals import SignalRule
from oadr.messages.common import Interval, ResourceStatus, SignalPayload, Target
from oadr.messages.event import Baseline, DistributeEvent, Event
from oadr.times import CalendarDuration
from oadr.units import unit
from tests.oadr.event_samples import (
    HOUR,
    MINUTE,
    NOON,
    ZERO,
    event,
    events,
    interval,
    steps,
    with_descriptor,
    with_interval,
    with_period,
    with_signal,
)

UNITS = {
    "currency": unit("currency", units="EUR"),
    "currencyPerKWh": unit("currencyPerKWh", units="EUR"),
    "currencyPerKW": unit("currencyPerKW", units="EUR"),
}


def baseline(*intervals: Interval, minutes: int = 60, **changes: Any) -> Event:
    base = Baseline(
        dtstart=NOON,
        duration=minutes * MINUTE,
        intervals=tuple(replace(one, uid=str(index)) for index, one in enumerate(intervals)),
        baseline_id="b",
        baseline_name="normal",
    )
    return replace(event(), baseline=replace(base, **changes))


def payload(value: Any) -> tuple[Any, ...]:
    return (SignalPayload(value=value),)


def two_signals(first: str, second: str) -> Event:
    one = event()
    return replace(
        one, signals=tuple(replace(one.signals[0], signal_id=name) for name in (first, second))
    )


STATUS = ResourceStatus(online=True, manual_override=False)
HALF = timedelta(milliseconds=500)

FORBIDDEN = [
    ("R1", with_period(event(), dtstart=datetime(2026, 7, 1, 12))),  # noqa: DTZ001
    ("R1", with_period(event(), notification=HALF)),
    ("R1", with_period(event(), ramp_up=HALF)),
    ("R1", with_period(event(), recovery=HALF)),
    ("R1", with_interval(event(), 0, duration=HALF)),
    ("R1", with_descriptor(event(), created_date_time=datetime(2026, 7, 1))),  # noqa: DTZ001
    ("R2", with_interval(event(), 0, uid="1")),
    ("R2", with_interval(event(), 2, uid=None)),
    ("R3", with_descriptor(event(), priority=-1)),
    ("R4", with_descriptor(event(), modification_number=-1)),
    ("R4", with_descriptor(event(), modification_number=2**32)),
    ("R8", with_interval(event(), 0, duration=16 * MINUTE)),
    ("R8", with_period(event(), duration=2 * HOUR)),
    ("R9", with_interval(event(), 1, payloads=payload(Decimal(4)))),
    ("R9", with_interval(event(), 1, payloads=payload(Decimal("0.5")))),
    ("R9", with_interval(event(), 1, payloads=payload(Decimal(-1)))),
    ("R9", with_signal(event(), signal_name="simple")),
    ("R31", with_period(event(), duration=-HOUR)),
    ("R31", with_period(event(), start_after=-HOUR)),
    ("R31", with_period(event(), notification=-HOUR)),
    ("R47", with_period(event(), duration=ZERO)),
    ("R47", with_period(event(intervals=steps((60, 1))), duration=ZERO)),
    ("R47", with_interval(event(), 2, duration=ZERO)),
    ("R47", with_period(event(intervals=steps((0, 1))), duration=HOUR)),
    ("R48", with_descriptor(event(), market_context=" ")),
    ("R63", replace(event(), target=Target(ven_ids=("a", "b")))),
    ("R70", with_descriptor(event(), event_id="")),
    ("R100", with_interval(event(), 0, payloads=())),
    ("R100", with_interval(event(), 0, payloads=payload(Decimal(1)) * 2)),
    ("R100", with_interval(event(), 0, payloads=payload(STATUS))),
    ("R101", baseline(interval(60), intervals=(interval(60, uid="1"),))),
    ("R102", baseline(interval(60), minutes=0)),
    ("R102", baseline(interval(60), intervals=())),
    ("R102", baseline(interval(None))),
    ("R102", with_interval(event(), 0, duration=None)),
    ("R102", with_interval(event(), 0, duration=-MINUTE)),
    ("R102", with_signal(event(), intervals=())),
    ("R102", baseline(interval(30), interval(20))),
    ("R47", baseline(interval(60), interval(0))),
    ("R100", baseline(interval(60, STATUS))),
    ("R103", baseline(interval(60, dtstart=NOON))),
    ("R103", with_interval(event(), 0, dtstart=NOON)),
    ("R104", with_interval(event(), 0, payloads=payload(Decimal("NaN")))),
    ("R104", with_signal(event(), signal_name="LOUDNESS")),
    ("R105", with_period(event(), notification=None)),
    ("R107", two_signals("0", "0")),
    ("R107", two_signals("0", "")),
    ("R111", with_signal(event(), target=Target())),
    ("R111", with_signal(event(), target=Target(ven_ids=("v",)))),
    ("R111", with_signal(event(), target=Target(end_device_assets=("Toaster",)))),
    ("R116", with_signal(event(), signal_type=SignalType.SETPOINT)),
    ("R116", with_signal(event(), unit=unit("powerReal"))),
    ("R510", replace(event(), signals=())),
]


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [pytest.param(rule, one, id=f"{rule}-{index}") for index, (rule, one) in enumerate(FORBIDDEN)],
)
def test_each_rule_refuses_what_it_forbids(rule: str, wrong: Event) -> None:
    with pytest.raises(ProtocolError) as caught:
        check_event(wrong)
    assert caught.value.rule == rule
    assert isinstance(caught.value, ComplianceError | InvalidData)


def test_a_normal_event_passes() -> None:
    check_event(event())
    check_event(baseline(interval(30, 5), interval(30, 7)))
    check_event(two_signals("0", "1"))
    check_event(with_signal(event(), target=Target(end_device_assets=("EVSE",))))


def test_an_error_says_what_was_found_and_what_was_expected() -> None:
    with pytest.raises(ComplianceError) as caught:
        check_event(with_interval(event(), 0, duration=20 * MINUTE))
    assert str(caught.value) == (
        "signal '0': its intervals end at 2026-07-01 13:05:00 UTC; "
        "expected 2026-07-01 13:00:00 UTC (R8)"
    )
    with pytest.raises(ComplianceError, match=r"LOAD_DISPATCH setpoint has unit none; expected"):
        check_event(with_signal(event(), signal_name="LOAD_DISPATCH", signal_type="setpoint"))


def test_r8_months_are_added_by_the_calendar() -> None:
    month = CalendarDuration(months=1)
    one = with_period(event(intervals=steps((60, 1))), duration=month)
    check_event(with_interval(one, 0, duration=timedelta(days=31)))
    with pytest.raises(ComplianceError):
        check_event(with_interval(one, 0, duration=timedelta(days=30)))


def test_r47_an_open_ended_event_has_one_open_ended_interval() -> None:
    check_event(event(intervals=steps((0, 2))))


LINES = [
    pytest.param(name, line, id=f"{name}-{line.signal_type}")
    for name, lines in SIGNALS.items()
    for line in lines
]
EDGES = {
    "0, 1, 2 or 3": (["0", "3", "1.0"], ["4", "-1", "0.5"]),
    "0.0 to 1.0": (["0", "1", "0.25"], ["-0.1", "1.1"]),
    "a whole number from -10 to 10": (["-10", "10", "0"], ["-11", "11", "0.5"]),
    "a whole number": (["-10", "1E+2"], ["0.5"]),
    "any number": (["-1.5", "0", "1000000"], []),
}


def of_line(name: str, line: SignalRule, units: str | None, value: str) -> Event:
    given = unit(units) if units and units not in UNITS else UNITS.get(units or "")
    return with_signal(
        with_interval(event(intervals=steps((60, 1))), payloads=payload(Decimal(value))),
        signal_name=name,
        signal_type=line.signal_type,
        unit=given,
    )


@pytest.mark.parametrize(("name", "line"), LINES)
def test_r104_each_standard_signal_has_its_types_units_and_values(
    name: str, line: SignalRule
) -> None:
    good, bad = EDGES[line.values]
    for units in line.units or {None}:
        for value in good:
            check_event(of_line(name, line, units, value))
        for value in bad:
            with pytest.raises(ComplianceError):
                check_event(of_line(name, line, units, value))
    wrong = "frequency" if line.units else "powerReal"
    for units in {wrong, None} if line.units else {wrong}:
        with pytest.raises(ComplianceError):
            check_event(of_line(name, line, units, good[0]))


def test_r104_the_table_has_every_line_of_the_profile() -> None:
    assert {name: len(lines) for name, lines in SIGNALS.items()} == {
        "SIMPLE": 1,
        "ELECTRICITY_PRICE": 3,
        "ENERGY_PRICE": 3,
        "DEMAND_CHARGE": 3,
        "BID_PRICE": 1,
        "BID_LOAD": 1,
        "BID_ENERGY": 1,
        "CHARGE_STATE": 3,
        "LOAD_DISPATCH": 4,
        "LOAD_CONTROL": 4,
    }


def test_r104_own_signals_may_have_any_type_unit_and_value() -> None:
    own = with_signal(
        with_interval(event(), 0, payloads=payload(Decimal("-7.5"))),
        signal_name="x-own",
        signal_type=SignalType.DELTA,
        unit=unit("frequency"),
    )
    check_event(own)


@pytest.mark.parametrize("value", ["1E+999999999", "-1E+400", "1E-999999999", "9" * 500])
def test_r104_a_number_that_no_receiver_could_hold_is_not_sent(value: str) -> None:
    big = Decimal(value)
    wrong = with_interval(event(), 0, payloads=payload(big))
    own = with_signal(wrong, signal_name="x-own", signal_type=SignalType.DELTA)
    with pytest.raises(InvalidData, match="expected a finite number that a float can hold"):
        check_event(own)
    check_event(with_interval(own, 0, payloads=payload(Decimal("0E-500"))))


def test_normalize_fills_what_can_be_filled() -> None:
    bare = replace(
        with_period(event(), notification=None),
        baseline=Baseline(
            dtstart=NOON,
            duration=HOUR,
            intervals=(interval(30), interval(30)),
            baseline_id="b",
            baseline_name="n",
        ),
    )
    original = bare.signals[0]
    nameless = replace(
        original,
        signal_name="simple",
        signal_id="",
        target=Target(),
        intervals=tuple(replace(one, uid=None) for one in original.intervals),
    )
    bare = replace(bare, signals=(nameless, replace(original, signal_id="0"), nameless))
    filled = normalize(bare)
    check_event(filled)
    assert filled.active_period.notification == ZERO
    assert [one.signal_id for one in filled.signals] == ["1", "0", "2"]
    assert [one.uid for one in filled.signals[0].intervals] == ["0", "1", "2"]
    assert filled.signals[0].signal_name == "SIMPLE"
    assert filled.signals[0].target is None
    assert filled.baseline is not None
    assert [one.uid for one in filled.baseline.intervals] == ["0", "1"]


def test_normalize_does_not_hide_wrong_uids() -> None:
    with pytest.raises(ComplianceError, match="uid is 5; expected 0"):
        check_event(normalize(with_interval(event(), 0, uid="5")))


@given(one=events)
def test_what_passes_is_normal_and_travels_unchanged(one: Event) -> None:
    check_event(one)
    assert normalize(one) == one
    sent = DistributeEvent(request_id="r", vtn_id="v", events=(one,))
    assert decode(encode(sent)) == sent
