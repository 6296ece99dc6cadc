"""Events that applications make, as objects and as dicts, in all the shapes that openleadr has."""

from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from openleadr import objects

from oadr import messages as m
from oadr.dicts import event_from_dict, event_to_dict
from oadr.enums import EventStatus, ResponseRequired, Scale, SignalType
from oadr.event import check_event
from tests.oadr.openleadr_faults import NOW, QUARTER

LATER = NOW + timedelta(hours=1)
Payload = dict[str, Any]


def intervals(*payloads: Any, start: datetime | None = None) -> list[Payload]:
    found: list[Payload] = []
    for n, payload in enumerate(payloads):
        dated = {} if start is None else {"dtstart": start + n * QUARTER}
        found.append({**dated, "duration": QUARTER, "signal_payload": payload})
    return found


def raw(**changes: Any) -> Payload:
    """Returns an event as a dict with nothing in it that could be left out, changed."""
    made: Payload = {
        "event_descriptor": {"event_id": "e", "market_context": "http://x.example"},
        "active_period": {"dtstart": LATER},
        "event_signals": [
            {
                "signal_name": "SIMPLE",
                "signal_type": "level",
                "signal_id": "s",
                "intervals": intervals(1),
            }
        ],
    }
    for path, value in changes.items():
        *steps, last = path.split("__")
        part: Any = made
        for step in steps:
            part = part[int(step)] if step.isdigit() else part.setdefault(step, {})
        part[last] = value
    return made


def read(**changes: Any) -> m.Event:
    return event_from_dict(raw(**changes), now=NOW)


def test_an_event_needs_no_more_than_this() -> None:
    found = read()
    assert found == m.Event(
        descriptor=m.EventDescriptor(
            event_id="e",
            market_context="http://x.example",
            created_date_time=NOW,
            event_status=EventStatus.FAR,
        ),
        active_period=m.Period(dtstart=LATER, duration=QUARTER, notification=timedelta(0)),
        signals=(
            m.Signal(
                intervals=(
                    m.Interval(
                        duration=QUARTER, uid="0", payloads=(m.SignalPayload(value=Decimal(1)),)
                    ),
                ),
                signal_name="SIMPLE",
                signal_type=SignalType.LEVEL,
                signal_id="s",
            ),
        ),
    )
    check_event(found)


def test_what_is_handed_over_is_not_changed() -> None:
    given = raw(event_signals__0__signal_name="simple")
    kept = deepcopy(given)
    event_from_dict(given, now=NOW)
    assert given == kept


def test_an_event_of_ours_is_filled_in() -> None:
    made = read()
    bare = replace(made, active_period=replace(made.active_period, notification=None))
    assert event_from_dict(bare, now=NOW) == made


# ---------------------------------------------------------------- the descriptor


def test_the_descriptor_is_kept_as_it_is() -> None:
    descriptor = {
        "event_id": 42,
        "modification_number": 3,
        "modification_date_time": NOW,
        "modification_reason": "weather",
        "priority": 0,
        "market_context": "http://x.example",
        "created_date_time": LATER,
        "event_status": "cancelled",
        "test_event": True,
        "vtn_comment": "Tom & Co",
    }
    assert read(event_descriptor=descriptor).descriptor == m.EventDescriptor(
        event_id="42",
        modification_number=3,
        modification_date_time=NOW,
        modification_reason="weather",
        priority=0,
        market_context="http://x.example",
        created_date_time=LATER,
        event_status=EventStatus.CANCELLED,
        test_event="true",
        vtn_comment="Tom & Co",
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [(True, "true"), (False, "false"), ("yes", "yes"), (None, None), ("", None)],
)
def test_a_test_event_is_marked_by_anything_but_nothing_and_false(
    given: Any, expected: str | None
) -> None:
    """R6, N9."""
    found = read(event_descriptor__test_event=given).descriptor
    assert found.test_event == expected
    assert found.is_test == (expected not in (None, "false"))


def test_an_event_can_say_that_it_needs_no_answer() -> None:
    assert read(response_required="never").response_required is ResponseRequired.NEVER


# ---------------------------------------------------------------- the active period


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("suffix", ["", "_period"])
def test_an_active_period_is_kept_in_both_shapes(nested: bool, suffix: str) -> None:
    """V1, X13: openleadr rebuilds it, and reads other names than it writes."""
    after = {"startafter": timedelta(minutes=2)}
    period = {
        "dtstart": LATER,
        "duration": QUARTER,
        "tolerance": {"tolerate": after} if nested else after,
        f"notification{suffix}": timedelta(hours=1),
        f"ramp_up{suffix}": timedelta(minutes=5),
        f"recovery{suffix}": timedelta(minutes=6),
    }
    found = read(active_period=period, event_signals__0__intervals=intervals(1, start=NOW))
    assert found.active_period == m.Period(
        dtstart=LATER,
        duration=QUARTER,
        start_after=timedelta(minutes=2),
        notification=timedelta(hours=1),
        ramp_up=timedelta(minutes=5),
        recovery=timedelta(minutes=6),
    )


def test_zeros_in_an_active_period_are_kept() -> None:
    """X4."""
    zero = timedelta(0)
    period = {
        "dtstart": LATER,
        "tolerance": {"startafter": zero},
        "notification_period": zero,
        "ramp_up_period": zero,
        "recovery_period": zero,
    }
    found = read(active_period=period).active_period
    assert (found.start_after, found.notification, found.ramp_up, found.recovery) == (zero,) * 4


def test_without_an_active_period_the_intervals_make_it() -> None:
    signals = [
        {"signal_name": "SIMPLE", "signal_type": "level", "intervals": intervals(1, 2, start=start)}
        for start in (LATER + QUARTER, LATER)
    ]
    found = read(active_period=None, event_signals=signals)
    assert found.active_period.dtstart == LATER
    assert found.active_period.duration == 2 * QUARTER


def test_a_naive_start_is_local_time() -> None:
    local = LATER.astimezone().replace(tzinfo=None)
    signals = intervals(1, start=local)
    assert read(active_period=None, event_signals__0__intervals=signals).active_period == (
        read().active_period
    )


def test_intervals_follow_each_other_whatever_their_starts_say() -> None:
    """R103: the documentation of openleadr itself has two that start at once."""
    steps = [{**step, "dtstart": LATER} for step in intervals(0, 1)]
    found = read(active_period=None, event_signals__0__intervals=steps)
    assert found.active_period.duration == 2 * QUARTER
    assert [one.dtstart for one in found.signals[0].intervals] == [None, None]
    assert [one.uid for one in found.signals[0].intervals] == ["0", "1"]
    check_event(found)


def test_a_duration_that_all_signals_contradict_is_theirs() -> None:
    """R8: openleadr corrects it in the same way."""
    found = read(active_period__duration=timedelta(hours=9))
    assert found.active_period.duration == QUARTER


def test_a_duration_on_which_signals_disagree_is_kept() -> None:
    signal = raw()["event_signals"][0]
    longer = {**signal, "signal_id": "t", "intervals": intervals(1, 1)}
    found = read(active_period__duration=timedelta(hours=9), event_signals=[signal, longer])
    assert found.active_period.duration == timedelta(hours=9)


def test_an_event_can_be_open_ended() -> None:
    """R47."""
    step = {"duration": timedelta(0), "signal_payload": 2}
    found = read(active_period__duration=timedelta(0), event_signals__0__intervals=[step])
    assert found.active_period.duration == timedelta(0)
    check_event(found)


# ---------------------------------------------------------------- signals


@pytest.mark.parametrize(
    "payload",
    [2, 2.0, "2", Decimal(2), {"signal_payload": 2}, {"value": 2}, {"payload_float": {"value": 2}}],
)
def test_a_payload_is_a_number_in_any_wrapping(payload: Any) -> None:
    found = read(event_signals__0__intervals=intervals(payload))
    assert found.signals[0].intervals[0].payloads == (m.SignalPayload(value=Decimal(2)),)


def test_a_signal_called_simple_is_written_as_the_profile_has_it() -> None:
    assert read(event_signals__0__signal_name="simple").signals[0].signal_name == "SIMPLE"


def test_signals_without_ids_get_different_ones() -> None:
    """R107."""
    signal = {**raw()["event_signals"][0], "signal_id": None}
    found = read(event_signals=[signal, {**signal, "signal_id": 0}, signal])
    assert len({one.signal_id for one in found.signals}) == 3
    assert found.signals[1].signal_id == "0"


def test_a_signal_has_a_unit_a_current_value_and_device_classes() -> None:
    """M11: openleadr drops the target of a signal."""
    signal = {
        "signal_name": "LOAD_DISPATCH",
        "signal_type": "setpoint",
        "signal_id": "s",
        "intervals": intervals(1.5),
        "measurement": objects.Measurement(
            name="powerReal",
            description="RealPower",
            unit="W",
            scale="k",
            power_attributes=objects.PowerAttributes(hertz=60, voltage=120, ac=False),
        ),
        "current_value": 0,
        "targets": [objects.Target(end_device_asset=objects.EndDeviceAsset(mrid="EVSE"))],
        "signal_target_mrid": "Thermostat",
    }
    found = read(event_signals=[signal])
    assert found.signals[0].unit == m.Unit(
        name="powerReal",
        description="RealPower",
        units="W",
        scale=Scale.KILO,
        power=m.PowerAttributes(hertz=Decimal(60), voltage=Decimal(120), ac=False),
    )
    assert found.signals[0].current_value == Decimal(0)
    assert found.signals[0].target == m.Target(end_device_assets=("EVSE", "Thermostat"))
    check_event(found)


def test_a_power_unit_has_the_mains_if_nobody_says_otherwise() -> None:
    watts = {"name": "powerReal", "unit": "W"}
    unit = read(event_signals__0__measurement=watts).signals[0].unit
    assert isinstance(unit, m.Unit)
    assert unit.power == m.PowerAttributes(hertz=Decimal(50), voltage=Decimal(230), ac=True)


BASELINE = {
    "dtstart": LATER,
    "duration": QUARTER,
    "intervals": intervals(7),
    "baseline_id": "b",
    "baseline_name": "yesterday",
    "resource_id": "r1",
}


def test_a_baseline_is_read_where_openleadr_has_it_and_where_we_have_it() -> None:
    """M11, X13."""
    beside = read(event_baseline=BASELINE)
    deeper = {"event_signals": raw()["event_signals"], "event_baseline": BASELINE}
    assert read(event_signals=deeper) == beside
    assert beside.baseline is not None
    assert beside.baseline.resource_ids == ("r1",)
    assert beside.baseline.intervals[0].payloads == (m.SignalPayload(value=Decimal(7)),)
    assert event_from_dict(event_to_dict(beside), now=NOW) == beside
    check_event(beside)


# ---------------------------------------------------------------- objects


def test_an_object_means_what_its_dict_means() -> None:
    step = objects.Interval(dtstart=LATER, duration=QUARTER, signal_payload=1)
    made = objects.Event(
        event_descriptor=objects.EventDescriptor(
            event_id="e",
            modification_number=0,
            modification_date_time=NOW,
            market_context="http://x.example",
            event_status="far",
            created_date_time=NOW,
        ),
        event_signals=[
            objects.EventSignal(
                intervals=[step], signal_name="simple", signal_type="level", signal_id="s"
            )
        ],
        targets=[objects.Target(ven_id="v"), objects.Target(group_id="7")],
        response_required="never",
    )
    made.event_descriptor.event_status = "far"
    found = event_from_dict(made, now=NOW)
    expected = read(
        targets=[{"ven_id": "v"}, {"group_id": "7"}],
        response_required="never",
        event_descriptor__priority=0,
        event_descriptor__test_event="false",
        event_descriptor__modification_date_time=NOW,
    )
    assert found == expected


def test_objects_can_stand_anywhere_in_a_dict() -> None:
    step = objects.Interval(dtstart=LATER, duration=QUARTER, signal_payload=1)
    period = objects.ActivePeriod(
        dtstart=LATER, duration=QUARTER, ramp_up_period={"duration": QUARTER}
    )
    found = read(event_signals__0__intervals=[step], active_period=period)
    assert found.active_period.ramp_up == QUARTER
    assert found.signals == read().signals


# ---------------------------------------------------------------- what is wrong

WRONG: list[tuple[Payload, str]] = [
    ({"event_descriptor": None}, "event.event_descriptor is missing; expected a dict"),
    (
        {"event_descriptor": {"market_context": "x"}},
        "event.event_descriptor.event_id is missing; expected a text",
    ),
    (
        {"event_descriptor": {"event_id": "e"}},
        "event.event_descriptor.market_context is missing; expected a text",
    ),
    (
        {"event_descriptor__modification_number": "one"},
        "event.event_descriptor.modification_number is 'one'; expected a whole number",
    ),
    (
        {"event_descriptor__priority": True},
        "event.event_descriptor.priority is True; expected a whole number",
    ),
    (
        {"event_descriptor__event_id": ["e"]},
        "event.event_descriptor.event_id is ['e']; expected a text",
    ),
    (
        {"event_descriptor__event_status": "soon"},
        "event.event_descriptor.event_status is 'soon'; "
        "expected one of none, far, near, active, completed, cancelled",
    ),
    (
        {"response_required": "maybe"},
        "event.response_required is 'maybe'; expected one of always, never",
    ),
    ({"active_period": "now"}, "event.active_period is 'now'; expected a dict or an object"),
    (
        {"active_period": None},
        "event.active_period.dtstart is missing; expected a datetime, "
        "or a dtstart in the intervals of the signals",
    ),
    (
        {"active_period__dtstart": "tomorrow"},
        "event.active_period.dtstart is 'tomorrow'; expected a datetime",
    ),
    (
        {"active_period__duration": 900},
        "event.active_period.duration is 900; expected a timedelta",
    ),
    (
        {"active_period__tolerance": {"startafter": "soon"}},
        "event.active_period.tolerance.startafter is 'soon'; expected a timedelta",
    ),
    ({"event_signals": []}, "event.event_signals is missing; expected a list of signals"),
    ({"event_signals": [7]}, "event.event_signals[0] is 7; expected a dict or an object"),
    (
        {"event_signals__0__intervals": []},
        "event.event_signals[0].intervals is missing; expected a list of intervals",
    ),
    (
        {"event_signals__0__signal_name": None},
        "event.event_signals[0].signal_name is missing; expected a text",
    ),
    (
        {"event_signals__0__intervals": [{"signal_payload": 1}]},
        "event.event_signals[0].intervals[0].duration is missing; expected a timedelta",
    ),
    (
        {"event_signals__0__intervals": intervals(True)},
        "event.event_signals[0].intervals[0].signal_payload is True; expected a number",
    ),
    (
        {"event_signals__0__intervals": intervals(1, "high")},
        "event.event_signals[0].intervals[1].signal_payload is 'high'; expected a number",
    ),
    (
        {"event_signals__0__intervals": intervals({"value": None})},
        "event.event_signals[0].intervals[0].signal_payload.value is missing; expected a number",
    ),
    (
        {"event_signals__0__current_value": {"online": True, "manual_override": False}},
        "event.event_signals[0].current_value is a state; expected a number",
    ),
    (
        {"event_signals__0__measurement": {"name": "powerReal", "description": "Watts"}},
        "event.event_signals[0].measurement.description is 'Watts'; "
        "expected 'RealPower' for powerReal, or the name customUnit",
    ),
    (
        {"event_signals__0__measurement": {"name": "currencyPerKWh"}},
        "event.event_signals[0].measurement.unit is missing; expected a text",
    ),
    (
        {"event_signals__0__targets": [{"ven": "v"}]},
        "event.event_signals[0].targets[0]: target 'ven' is not known; expected one of",
    ),
]


@pytest.mark.parametrize(("changes", "text"), WRONG, ids=[text for _, text in WRONG])
def test_what_is_wrong_is_named_with_its_key(changes: Payload, text: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the text is compared
        read(**changes)
    assert str(raised.value).startswith(text)


@pytest.mark.parametrize("given", [None, "event", 7, [raw()]])
def test_what_is_no_event_at_all_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match=r"event is .*; expected a dict or an object"):
        event_from_dict(given, now=NOW)


def test_a_long_value_is_cut_in_the_text() -> None:
    with pytest.raises(ValueError, match="expected a number") as raised:
        read(event_signals__0__intervals=intervals("x" * 10_000))
    assert len(str(raised.value)) < 300
