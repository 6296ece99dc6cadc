"""What a VEN makes of an event that it is sent."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.enums import EventStatus, SignalType
from oadr.event import (
    DEFAULT_SIGNALS,
    MINIMUM_SIGNALS,
    Change,
    Receiver,
    assess,
    implied_cancels,
    supports,
)
from oadr.event.signals import unit_name
from oadr.messages.common import (
    GreenButtonUnit,
    Interval,
    Period,
    RawXml,
    ReportPayload,
    ResourceStatus,
    SignalPayload,
    Target,
)
from oadr.messages.event import DistributeEvent, Event, Signal
from oadr.times import CalendarDuration
from oadr.units import unit
from tests.oadr.event_samples import (
    HOUR,
    MINUTE,
    NOON,
    PROGRAMME,
    VEN,
    ZERO,
    cancelled,
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

KWH = unit("currencyPerKWh", units="EUR")


def judge(one: Event, known: Event | None = None, *, now: datetime = NOON, **changes: Any) -> Any:
    given: dict[str, Any] = {"receiver": VEN, "supported": DEFAULT_SIGNALS} | changes
    return assess(one, known, now=now, **given)


def number(one: Event, value: int) -> Event:
    return with_descriptor(one, modification_number=value)


def refusal(one: Event, **changes: Any) -> tuple[int, str]:
    """Returns code and rule of a rejection, and checks that nothing stays in force."""
    found = judge(one, **changes)
    assert found.change is Change.REJECTED
    assert not found.ok
    assert found.reason
    assert found.event is None
    return found.code, found.rule


def test_r56_an_unknown_event_is_new() -> None:
    found = judge(event())
    assert (found.change, found.code, found.event, found.ok) == (Change.NEW, 200, event(), True)


def test_r57_a_higher_modification_number_replaces() -> None:
    newer = number(event(comment="later"), 2)
    found = judge(newer, event())
    assert (found.change, found.event) == (Change.MODIFIED, newer)


def test_r57_the_same_modification_number_changes_nothing() -> None:
    known = event()
    found = judge(with_descriptor(event(), event_status=EventStatus.ACTIVE), known)
    assert found.change is Change.UNCHANGED
    assert found.event is known


@pytest.mark.parametrize("status", list(EventStatus))
def test_r58_a_lower_number_is_refused_in_any_state_and_the_known_event_stays(
    status: EventStatus,
) -> None:
    known = number(event(), 3)
    found = judge(number(with_descriptor(event(), event_status=status), 2), known)
    assert (found.change, found.code, found.rule) == (Change.REJECTED, 450, "R58")
    assert found.event is known


@pytest.mark.parametrize("later", [0, 1])
def test_r59_a_cancelled_known_event_is_cancelled_and_forgotten(later: int) -> None:
    gone = with_descriptor(number(event(), later), event_status=EventStatus.CANCELLED)
    found = judge(gone, event())
    assert (found.change, found.code, found.event) == (Change.CANCELLED, 200, None)


def test_r60_a_cancelled_unknown_event_is_no_error() -> None:
    elsewhere = replace(cancelled(event()), target=Target(ven_ids=("ven-9",)))
    found = judge(elsewhere)
    assert (found.change, found.code, found.event) == (Change.UNKNOWN_CANCELLED, 200, None)
    assert found.ok


def test_r52_a_cancellation_that_is_repeated_changes_nothing() -> None:
    known = cancelled(event())
    found = judge(cancelled(event()), known)
    assert (found.change, found.event) == (Change.UNCHANGED, known)


def test_an_event_that_comes_back_after_a_cancellation_is_modified() -> None:
    assert judge(number(event(), 1), cancelled(event())).change is Change.MODIFIED


def test_r48_a_market_context_of_others_is_refused_with_462() -> None:
    other = with_descriptor(event(), market_context="http://example.com/other")
    assert refusal(other) == (462, "R48")
    tolerant = replace(VEN, market_contexts=None)
    assert judge(other, receiver=tolerant).ok


@pytest.mark.parametrize(
    "target",
    [Target(ven_ids=("VEN-1",)), Target(resource_ids=("boiler",)), Target(group_ids=("x",))],
)
def test_r48_a_target_of_others_is_refused_with_462(target: Target) -> None:
    assert refusal(event(target=target)) == (462, "R48")


def test_r22_an_empty_target_and_one_criterion_of_several_are_taken() -> None:
    assert judge(event()).ok
    assert judge(event(target=Target(ven_ids=("ven-9",), resource_ids=("pump",)))).ok


def test_r112_a_resource_that_cannot_be_found_is_refused_with_469() -> None:
    target = Target(ven_ids=("ven-1",), resource_ids=("boiler",))
    assert refusal(event(target=target)) == (469, "R112")


@pytest.mark.parametrize(
    "unsupported",
    [
        event(signal_name="x-own", signal_type=SignalType.LEVEL),
        with_signal(event(), signal_type=SignalType.SETPOINT),
        with_signal(event(), signal_name="LOAD_DISPATCH", signal_type=SignalType.SETPOINT),
        with_signal(event(), unit=KWH),
    ],
    ids=["name", "type", "missing unit", "unit"],
)
def test_r109_name_type_and_unit_must_be_supported(unsupported: Event) -> None:
    assert refusal(unsupported) == (460, "R109")


def test_r109_one_unsupported_signal_of_several_is_enough() -> None:
    second = signal(interval(60), name="x-own", signal_id="1")
    both = replace(event(), signals=(*event().signals, second))
    assert refusal(both) == (460, "R109")


@pytest.mark.parametrize(
    ("name", "signal_type", "units"),
    [
        ("SIMPLE", SignalType.LEVEL, None),
        ("ELECTRICITY_PRICE", SignalType.PRICE, KWH),
        ("LOAD_DISPATCH", SignalType.SETPOINT, unit("powerReal")),
    ],
)
def test_r510_the_minimum_is_supported_by_default(
    name: str, signal_type: SignalType, units: Any
) -> None:
    asked = event(signal_name=name, signal_type=signal_type, unit=units)
    for supported in (DEFAULT_SIGNALS, MINIMUM_SIGNALS):
        assert judge(asked, supported=supported).ok


def test_r510_the_minimum_is_part_of_the_default() -> None:
    for name, kinds in MINIMUM_SIGNALS.items():
        assert set(kinds) <= set(DEFAULT_SIGNALS[name])


def test_r109_a_function_may_say_what_is_supported() -> None:
    def only_x(asked: Signal) -> bool:
        return asked.signal_name.startswith("x-")

    assert judge(event(signal_name="x-a", signal_type=SignalType.DELTA), supported=only_x).ok
    assert judge(event(), supported=only_x).code == 460


def test_r9_lower_case_simple_is_read_as_simple() -> None:
    found = judge(with_signal(event(), signal_name="simple"))
    assert found.change is Change.NEW
    assert found.event.signals[0].signal_name == "SIMPLE"


def test_a_green_button_unit_is_no_unit_of_a_standard_signal() -> None:
    feed = GreenButtonUnit(feed=RawXml(xml="<feed/>"))
    assert unit_name(feed) == "oadrGBDataDescription"
    assert not supports(DEFAULT_SIGNALS, replace(event().signals[0], unit=feed))


def test_r111_a_signal_target_may_hold_device_classes_alone() -> None:
    for target in (Target(ven_ids=("ven-1",)), Target(end_device_assets=("Toaster",))):
        assert refusal(with_signal(event(), target=target)) == (459, "R111")
    assert judge(with_signal(event(), target=Target())).ok
    assert judge(with_signal(event(), target=Target(end_device_assets=("EVSE",)))).ok


def test_r112_a_device_class_that_is_not_there_is_refused_with_469() -> None:
    receiver = replace(VEN, end_device_assets=frozenset({"EVSE"}))
    car = with_signal(event(), target=Target(end_device_assets=("Sauna", "EVSE")))
    assert judge(car, receiver=receiver).ok
    sauna = with_signal(event(), target=Target(end_device_assets=("Sauna",)))
    assert refusal(sauna, receiver=receiver) == (469, "R112")


def test_r33_a_new_event_that_is_over_is_refused() -> None:
    window = event(start_after=5 * MINUTE)
    assert judge(window, now=NOON + HOUR + 4 * MINUTE).ok
    assert refusal(window, now=NOON + HOUR + 5 * MINUTE) == (459, "R33")


def test_r66_a_known_event_that_is_over_is_still_taken() -> None:
    assert judge(event(), event(), now=NOON + 3 * HOUR).change is Change.UNCHANGED


def payloads(*values: Any) -> tuple[Any, ...]:
    return tuple(SignalPayload(value=value) for value in values)


STATUS = ResourceStatus(online=True, manual_override=False)
ILLOGICAL = [
    (with_interval(event(), 0, duration=20 * MINUTE), 459, "R8"),
    (with_interval(event(), 0, duration=None), 459, "R102"),
    (with_interval(event(), 0, duration=-MINUTE), 459, "R102"),
    (with_interval(event(), 1, duration=ZERO), 459, "R47"),
    (with_interval(event(), 2, duration=ZERO), 459, "R47"),
    (with_interval(event(), 1, uid="7"), 450, "R2"),
    (with_interval(event(), 0, payloads=()), 459, "R100"),
    (with_interval(event(), 0, payloads=payloads(Decimal(1), Decimal(1))), 459, "R100"),
    (with_interval(event(), 0, payloads=payloads(STATUS)), 459, "R100"),
    (
        with_interval(event(), 0, payloads=(ReportPayload(r_id="r", value=Decimal(1)),)),
        459,
        "R100",
    ),
    (with_interval(event(), 0, payloads=payloads(Decimal("NaN"))), 454, "R104"),
    (with_interval(event(), 0, payloads=payloads(Decimal("Infinity"))), 454, "R104"),
    (with_interval(event(), 0, payloads=payloads(Decimal(4))), 454, "R104"),
    (with_period(event(), duration=-HOUR), 459, "R33"),
    (with_period(event(), start_after=-HOUR), 459, "R33"),
    (with_period(event(), duration=ZERO), 459, "R47"),
    (with_signal(event(), intervals=()), 459, "R47"),
    (replace(event(), signals=()), 459, "R33"),
    (replace(event(), signals=event().signals * 2), 459, "R107"),
]


@pytest.mark.parametrize(("illogical", "code", "rule"), ILLOGICAL)
def test_r33_illogical_content_is_refused(illogical: Event, code: int, rule: str) -> None:
    assert refusal(illogical) == (code, rule)


def test_r46_what_only_the_vtn_must_heed_is_no_reason_to_refuse() -> None:
    careless = with_interval(event(), 0, uid=None, dtstart=NOON)
    careless = with_period(careless, notification=None)
    assert judge(careless).ok


def test_r47_an_open_ended_event_is_taken_with_steps_before_its_last() -> None:
    assert judge(event(intervals=steps((0, 2)))).ok
    stepped = with_period(with_interval(event(), 2, duration=ZERO), duration=ZERO)
    assert judge(stepped).ok


def test_r8_months_add_up_by_the_calendar() -> None:
    month = CalendarDuration(months=1)
    one = with_period(event(intervals=steps((60, 1))), duration=month)
    assert judge(with_interval(one, 0, duration=month)).ok
    assert judge(with_interval(one, 0, duration=timedelta(days=31))).ok
    assert refusal(with_interval(one, 0, duration=timedelta(days=30))) == (459, "R8")


def test_r19_each_event_is_judged_on_its_own() -> None:
    some = [event("a"), event("b", target=Target(ven_ids=("ven-9",))), event("c")]
    assert [judge(one).code for one in some] == [200, 462, 200]


def test_r61_known_events_that_are_missing_are_cancelled() -> None:
    snapshot = (event("b"), cancelled(event("d")))
    assert implied_cancels(("a", "b", "c", "d"), snapshot) == ("a", "c")
    payload = DistributeEvent(request_id="r", vtn_id="v", events=snapshot)
    assert implied_cancels({"b": 1, "x": 2}, payload) == ("x",)


def test_r61_an_empty_snapshot_cancels_everything() -> None:
    assert implied_cancels(["a", "b"], ()) == ("a", "b")


# Whatever the schema lets through

anything = st.text(max_size=4)
numbers = st.decimals() | st.integers(-9, 9).map(Decimal)
wild_spans = (
    st.timedeltas() | st.just(ZERO) | st.builds(CalendarDuration, months=st.integers(-99999, 99999))
)
wild_moments = st.datetimes(timezones=st.just(NOON.tzinfo))
names = st.sampled_from(["ven-1", "pump", "schools", "EVSE", "x-a", ""])
targets = st.builds(
    Target,
    ven_ids=st.lists(names, max_size=2).map(tuple),
    resource_ids=st.lists(names, max_size=2).map(tuple),
    group_ids=st.lists(names, max_size=2).map(tuple),
    end_device_assets=st.lists(names, max_size=2).map(tuple),
)
wild_intervals = st.builds(
    Interval,
    duration=st.none() | wild_spans,
    uid=st.none() | st.sampled_from(["0", "1", "x"]),
    payloads=st.lists(st.builds(SignalPayload, value=numbers | st.just(STATUS)), max_size=2).map(
        tuple
    ),
)
wild_signals = st.builds(
    Signal,
    intervals=st.lists(wild_intervals, max_size=3).map(tuple),
    target=st.none() | targets,
    signal_name=st.sampled_from(["SIMPLE", "simple", "LOAD_DISPATCH", "x-a"]),
    signal_type=st.sampled_from(SignalType),
    signal_id=st.sampled_from(["", "0", "1"]),
    unit=st.none() | st.just(KWH) | st.just(unit("powerReal")),
)


@st.composite
def wild_events(draw: st.DrawFn) -> Event:
    one = event(intervals=steps((60, 1)))
    period = draw(
        st.builds(
            Period,
            dtstart=wild_moments,
            duration=wild_spans,
            start_after=st.none() | wild_spans,
            ramp_up=st.none() | wild_spans,
        )
    )
    one = replace(
        one,
        active_period=period,
        signals=tuple(draw(st.lists(wild_signals, max_size=2))),
        target=draw(targets),
    )
    return with_descriptor(
        one,
        modification_number=draw(st.integers(0, 2)),
        event_status=draw(st.sampled_from(EventStatus)),
        market_context=draw(anything | st.just(PROGRAMME)),
    )


@given(one=wild_events(), known=st.none() | wild_events(), now=wild_moments)
def test_r19_no_event_makes_the_assessment_fail(
    one: Event, known: Event | None, now: datetime
) -> None:
    everything = Receiver(ven_id="ven-1", resource_ids=frozenset({"pump"}))
    found = assess(one, known, everything, lambda asked: True, now)
    assert found.ok is (found.code == 200) is (not found.reason)
    assert found.change is Change.REJECTED or 200 <= found.code < 300


@given(one=events, now=moments)
def test_r56_what_a_vtn_builds_a_ven_takes_unless_it_is_over(one: Event, now: datetime) -> None:
    found = judge(one, now=now)
    assert found.ok or found.rule == "R33"


LONG = "x" * 100_000
CROWD = tuple(f"r{n}" for n in range(10_000))


@pytest.mark.parametrize(
    "one",
    [
        with_descriptor(event(), market_context="http://" + LONG),
        replace(event(), target=Target(ven_ids=(VEN.ven_id,), resource_ids=CROWD)),
        with_signal(event(), signal_name=LONG),
        with_signal(event(), target=Target(end_device_assets=CROWD)),
        with_signal(event(), signal_id=LONG, target=Target(end_device_assets=(LONG, "EVSE"))),
        with_interval(event(), uid=LONG),
        with_interval(event(), payloads=(SignalPayload(value=Decimal("9" * 100_000)),)),
    ],
)
def test_what_a_peer_chose_takes_little_room_in_a_reason(one: Event) -> None:
    receiver = replace(VEN, market_contexts=frozenset({PROGRAMME}))
    found = judge(one, receiver=receiver)
    assert found.change is Change.REJECTED
    assert len(found.reason) < 1000


def test_what_a_peer_chose_cannot_begin_a_line_in_a_reason() -> None:
    target = Target(ven_ids=(VEN.ven_id,), resource_ids=("a\n17:00 school registered",))
    assert "\n" not in judge(replace(event(), target=target)).reason
