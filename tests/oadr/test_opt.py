"""When a VEN or a resource takes part."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.enums import OptType, ResponseRequired
from oadr.errors import InvalidId, ProtocolError
from oadr.event import Receiver
from oadr.messages.common import EVERYTHING, Period, Target
from oadr.messages.event import Event, EventResponse
from oadr.messages.opt import CreateOpt
from oadr.opt import (
    EventOpt,
    Schedule,
    apply,
    cancel,
    check_create_opt,
    event_answer,
    event_opt,
    opted_out,
    qualify,
    schedule_of,
)
from oadr.times import FOREVER
from tests.oadr.event_samples import (
    HOUR,
    MINUTE,
    NOON,
    PROGRAMME,
    VEN,
    ZERO,
    event,
    period,
    with_descriptor,
)

NOW = NOON - HOUR
PUMP = Target(resource_ids=("pump",))
HVAC = Target(resource_ids=("hvac",))
EVSE = Target(end_device_assets=("EVSE",))
OTHER = "http://example.com/other"


def opt(opt_id: str = "o1", **changes: Any) -> CreateOpt:
    """Returns an opt-out schedule for noon to one."""
    given: dict[str, Any] = {
        "opt_type": OptType.OPT_OUT,
        "opt_reason": "x-schedule",
        "ven_id": "ven-1",
        "availability": (period(),),
        "created_date_time": NOW,
        "request_id": "r",
    }
    return CreateOpt(opt_id=opt_id, **(given | changes))


def qualifying(**changes: Any) -> CreateOpt:
    """Returns an opt-out of event e1."""
    given: dict[str, Any] = {"availability": (), "event_id": "e1", "modification_number": 0}
    return opt(**(given | changes))


def error(message: CreateOpt, about: Event | None = None, ven: Receiver = VEN) -> tuple[int, str]:
    with pytest.raises(ProtocolError) as caught:
        check_create_opt(message, about, ven)
    assert caught.value.description
    return caught.value.code, caught.value.rule


def applied(*opts: CreateOpt) -> tuple[Schedule, ...]:
    schedules: tuple[Schedule, ...] = ()
    for index, one in enumerate(opts):
        schedules = apply(schedules, one, NOW + index * MINUTE)
    return schedules


def out(schedules: tuple[Schedule, ...], *resources: str, **changes: Any) -> str | None:
    """Returns the optID of the schedule that says out from noon to one."""
    given: dict[str, Any] = {"market_context": PROGRAMME, "start": NOON, "end": NOON + HOUR}
    found = opted_out(schedules, resources=frozenset(resources), **(given | changes))
    return None if found is None else found.opt_id


# What a VEN may ask for


def test_a_schedule_and_a_qualification_pass() -> None:
    check_create_opt(opt(market_context=PROGRAMME, target=PUMP, device_class=EVSE), None, VEN)
    check_create_opt(qualifying(), event(), VEN)
    check_create_opt(qualifying(modification_number=None), event(), VEN)


@pytest.mark.parametrize(
    "extra",
    [{"start_after": ZERO}, {"notification": ZERO}, {"ramp_up": MINUTE}, {"recovery": MINUTE}],
)
def test_r200_a_schedule_has_no_tolerance_ramp_up_recovery_or_notification(
    extra: dict[str, Any],
) -> None:
    assert error(opt(availability=(period(), period(**extra)))) == (459, "R200")


def test_r206_without_an_event_a_schedule_is_required() -> None:
    assert error(opt(availability=())) == (459, "R206")


@pytest.mark.parametrize("extra", [{"availability": (period(),)}, {"market_context": PROGRAMME}])
def test_r206_an_event_goes_with_neither_schedule_nor_market_context(
    extra: dict[str, Any],
) -> None:
    assert error(qualifying(**extra), event()) == (459, "R206")


def test_r206_an_event_sent_with_never_cannot_be_qualified() -> None:
    never = event(response_required=ResponseRequired.NEVER)
    assert error(qualifying(), never) == (451, "R206")


@pytest.mark.parametrize("about", [None, event("e2")])
def test_r21_the_event_must_be_known(about: Event | None) -> None:
    assert error(qualifying(), about) == (452, "R21")


def test_r206_an_opt_outlives_modifications_but_not_ahead_of_them() -> None:
    newer = with_descriptor(event(), modification_number=3)
    check_create_opt(qualifying(modification_number=1), newer, VEN)
    assert error(qualifying(modification_number=4), newer) == (450, "R48")


BOTH = Target(resource_ids=("pump", "hvac"))
THIRD = Target(resource_ids=("pump", "boiler"))


@pytest.mark.parametrize(
    ("asked", "of", "allowed"),
    [
        (EVERYTHING, BOTH, True),
        (Target(ven_ids=("ven-1",)), BOTH, True),
        (PUMP, BOTH, True),
        (BOTH, BOTH, True),
        (THIRD, BOTH, False),
        (BOTH, PUMP, False),
        (PUMP, EVERYTHING, True),
        (PUMP, Target(ven_ids=("ven-1",)), True),
        (PUMP, Target(group_ids=("schools",)), True),
        (Target(group_ids=("schools",)), Target(group_ids=("schools", "x")), True),
        (Target(group_ids=("schools",)), Target(group_ids=("x",)), False),
        (Target(group_ids=("schools",)), PUMP, False),
        (EVSE, EVSE, True),
        (EVSE, PUMP, False),
    ],
)
def test_r206_sub_targets_are_a_subset_of_those_of_the_event(
    asked: Target, of: Target, allowed: bool
) -> None:
    about = event(target=of)
    if allowed:
        check_create_opt(qualifying(target=asked), about, VEN)
    else:
        assert error(qualifying(target=asked), about) == (462, "R206")


def test_r208_the_ven_and_the_opt_are_identified() -> None:
    assert error(opt(ven_id="VEN-1")) == (452, "R208")
    assert error(opt(opt_id=" ")) == (452, "R208")
    assert error(opt(target=Target(ven_ids=("ven-1", "ven-2")))) == (462, "R206")


def test_r209_the_device_class_holds_device_classes_alone() -> None:
    assert error(opt(device_class=PUMP)) == (459, "R209")
    assert error(opt(device_class=Target(end_device_assets=("Toaster",)))) == (459, "R209")
    check_create_opt(opt(device_class=EVERYTHING), None, VEN)


def test_r205_the_market_context_is_one_of_the_ven() -> None:
    assert error(opt(market_context=OTHER)) == (462, "R205")
    check_create_opt(opt(market_context=OTHER), None, replace(VEN, market_contexts=None))


def test_r210_a_schedule_may_be_open_ended_but_not_negative() -> None:
    check_create_opt(opt(availability=(period(0),)), None, VEN)
    assert error(opt(availability=(period(-1),))) == (454, "R210")


# Schedules


def test_r203_a_schedule_is_kept_as_it_was_sent() -> None:
    message = opt(market_context=PROGRAMME, target=PUMP, device_class=EVSE)
    (kept,) = applied(message)
    assert kept == schedule_of(message, NOW)
    assert (kept.opt_id, kept.opt_type, kept.reason) == ("o1", "optOut", "x-schedule")
    assert (kept.market_context, kept.target, kept.device_class) == (PROGRAMME, PUMP, EVSE)
    assert (kept.periods, kept.created) == ((period(),), NOW)


def test_r46_empty_market_context_and_device_class_are_left_out() -> None:
    (kept,) = applied(opt(market_context="", device_class=EVERYTHING))
    assert (kept.market_context, kept.device_class) == (None, None)


@pytest.mark.parametrize("target", [EVERYTHING, Target(ven_ids=("ven-1",))])
@pytest.mark.parametrize("earlier", [EVERYTHING, PUMP, Target(group_ids=("schools",))])
def test_r203_one_for_the_whole_ven_replaces_all_earlier_ones(
    target: Target, earlier: Target
) -> None:
    later = opt("o2", target=target, availability=(period(start=NOON + 5 * HOUR),))
    schedules = applied(opt("o1", target=earlier), later)
    assert [one.superseded for one in schedules] == [True, False]
    assert out(schedules) is None
    assert out(schedules, "pump") is None
    assert out(schedules, start=NOON + 5 * HOUR, end=NOON + 6 * HOUR) == "o2"


def test_r203_one_for_resources_replaces_earlier_ones_for_these_alone() -> None:
    elsewhen = (period(start=NOON + 5 * HOUR),)
    schedules = applied(
        opt("all"), opt("both", target=BOTH), opt("new", target=PUMP, availability=elsewhen)
    )
    assert [one.superseded for one in schedules] == [False, False, False]
    assert out(schedules, "pump") is None
    assert out(schedules, "hvac") == "both"
    assert out(schedules, "boiler") == "all"
    assert out(schedules) == "all"


def test_r203_a_schedule_whose_resources_are_all_replaced_is_superseded() -> None:
    schedules = applied(
        opt("both", target=BOTH),
        opt("one", target=PUMP, availability=(period(120),)),
        opt("two", target=HVAC, availability=(period(120),)),
    )
    assert [one.superseded for one in schedules] == [True, False, False]
    assert schedules[0].excluded == {"pump", "hvac"}


def test_r203_what_was_superseded_does_not_come_back() -> None:
    schedules = applied(opt("a"), opt("b", availability=(period(5),)), opt("c", target=PUMP))
    assert [one.superseded for one in schedules] == [True, False, False]
    schedules = applied(opt("a", target=BOTH), opt("b"), opt("c", target=PUMP))
    assert [one.superseded for one in schedules] == [True, False, False]


def test_r203_groups_are_replaced_by_the_same_groups_only() -> None:
    schools, bakeries = Target(group_ids=("schools",)), Target(group_ids=("bakeries",))
    schedules = applied(opt("a", target=schools), opt("b", target=bakeries), opt("c", target=PUMP))
    assert not any(one.superseded for one in schedules)
    later = apply(schedules, opt("d", target=schools, availability=(period(5),)), NOW)
    assert [one.superseded for one in later] == [True, False, False, False]


def test_r203_opt_in_and_opt_out_are_independent() -> None:
    schedules = applied(opt("out"), opt("in", opt_type=OptType.OPT_IN))
    assert not any(one.superseded for one in schedules)
    assert out(schedules) == "out"
    assert out(applied(opt("in", opt_type=OptType.OPT_IN))) is None


def test_r205_market_contexts_are_kept_apart() -> None:
    schedules = applied(
        opt("any"),
        opt("peak", market_context=PROGRAMME, availability=(period(5),)),
        opt("other", market_context=OTHER),
    )
    assert not any(one.superseded for one in schedules)
    again = apply(schedules, opt("peak2", market_context="HTTP://EXAMPLE.COM/peak"), NOW)
    assert [one.opt_id for one in again if one.superseded] == ["peak"]


def test_r205_a_schedule_holds_in_its_market_context_alone() -> None:
    schedules = applied(opt("peak", market_context=PROGRAMME))
    assert out(schedules, market_context="HTTP://example.com/peak") == "peak"
    assert out(schedules, market_context=OTHER) is None
    assert out(schedules, market_context=None) is None
    assert out(applied(opt("any")), market_context=None) == "any"


def test_r209_a_schedule_for_device_classes_leaves_the_other_devices_alone() -> None:
    schedules = applied(opt("all"), opt("cars", device_class=EVSE))
    assert not any(one.superseded for one in schedules)
    cars = applied(opt("cars", device_class=EVSE))
    assert out(cars) is None
    assert out(cars, device_classes=frozenset({"EVSE"})) == "cars"
    assert out(cars, device_classes=frozenset({"EVSE", "Sauna"})) is None
    later = opt("cars2", device_class=EVSE, availability=(period(5),))
    assert [one.superseded for one in apply(cars, later, NOW)] == [True, False]
    assert [one.superseded for one in applied(opt("cars", device_class=EVSE), opt("all"))] == [
        True,
        False,
    ]


def test_r203_the_same_opt_sent_again_changes_nothing() -> None:
    once = applied(opt("a"), opt("b", market_context=OTHER))
    assert apply(once, opt("a"), NOW + HOUR) == once
    assert apply(once, opt("b", market_context=OTHER), NOW + HOUR) == once


def test_r203_an_opt_that_was_replaced_can_be_asked_for_again() -> None:
    later = opt("b", target=PUMP)
    schedules = applied(opt("a"), later, opt("a"))
    assert [(one.opt_id, one.superseded) for one in schedules] == [
        ("a", True),
        ("b", True),
        ("a", False),
    ]


def test_r206_a_qualification_leaves_schedules_alone() -> None:
    schedules = applied(opt())
    assert apply(schedules, qualifying(), NOW) == schedules


def test_r204_cancelling_ends_all_schedules_that_used_the_id() -> None:
    schedules = applied(opt("a", target=PUMP), opt("b", target=HVAC), opt("a", target=BOTH))
    assert [one.opt_id for one in cancel(schedules, "a")] == ["b"]


def test_r211_cancelling_a_superseded_schedule_is_no_error() -> None:
    schedules = applied(opt("a"), opt("b", availability=(period(5),)))
    assert [one.opt_id for one in cancel(schedules, "a")] == ["b"]


def test_r203_what_was_replaced_stays_so_after_a_cancellation() -> None:
    schedules = cancel(applied(opt("a"), opt("b", target=PUMP)), "b")
    assert out(schedules, "pump") is None
    assert out(schedules, "hvac") == "a"


def test_r208_cancelling_an_unknown_schedule_is_452() -> None:
    with pytest.raises(InvalidId) as caught:
        cancel(applied(opt("a")), "A")
    assert (caught.value.code, caught.value.rule) == (452, "R208")


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (-60, 0, False),
        (-60, 1, True),
        (0, 60, True),
        (59, 200, True),
        (60, 200, False),
        (0, 0, True),
        (60, 60, False),
        (-1, -1, False),
    ],
)
def test_r18_a_schedule_starts_inclusive_and_ends_exclusive(
    start: int, end: int, found: bool
) -> None:
    when = {"start": NOON + start * MINUTE, "end": NOON + end * MINUTE}
    assert out(applied(opt("a")), **when) == ("a" if found else None)


def test_r210_a_duration_of_zero_is_open_ended() -> None:
    schedules = applied(opt("a", availability=(period(0),)))
    assert out(schedules, start=NOON + 9999 * HOUR, end=FOREVER) == "a"
    assert out(schedules, start=NOON - HOUR, end=NOON) is None


def test_the_latest_of_several_schedules_is_named() -> None:
    schedules = applied(opt("a"), opt("b", market_context=PROGRAMME))
    assert out(schedules) == "b"


def test_r202_one_of_several_resources_suffices() -> None:
    schedules = applied(opt("a", target=PUMP))
    assert out(schedules, "hvac", "pump") == "a"
    assert out(schedules, "hvac") is None
    assert out(schedules) is None
    assert out(applied(opt("a")), "hvac") == "a"


opts = st.builds(
    opt,
    opt_id=st.sampled_from("abc"),
    opt_type=st.sampled_from(OptType),
    market_context=st.sampled_from([None, PROGRAMME, OTHER]),
    target=st.sampled_from([EVERYTHING, PUMP, HVAC, BOTH, Target(group_ids=("schools",))]),
    device_class=st.sampled_from([None, EVSE]),
)


@given(some=st.lists(opts, max_size=6), last=opts)
def test_r203_the_newest_schedule_is_never_superseded(
    some: list[CreateOpt], last: CreateOpt
) -> None:
    before = applied(*some)
    after = apply(before, last, NOW + HOUR)
    assert len(after) - len(before) in {0, 1}
    same = [one for one in after if replace(one, created=NOW) == schedule_of(last, NOW)]
    assert any(not one.superseded for one in same)
    assert apply(after, last, NOW + 2 * HOUR) == after


@given(some=st.lists(opts, max_size=6), at=st.integers(-90, 90))
def test_r203_at_most_one_whole_schedule_holds_per_type_and_programme(
    some: list[CreateOpt], at: int
) -> None:
    whole = [
        (one.opt_type, one.market_context)
        for one in applied(*some)
        if one.target == EVERYTHING and one.device_class is None and not one.superseded
    ]
    assert len(whole) == len(set(whole))


# One event


def answered(opt_type: OptType, minute: int = 0) -> EventOpt:
    response = EventResponse(
        request_id="r", event_id="e1", modification_number=0, opt_type=opt_type
    )
    return event_answer(response, NOW + minute * MINUTE)


def qualified(opt_type: OptType, target: Target = EVERYTHING, **changes: Any) -> EventOpt:
    return event_opt(qualifying(opt_type=opt_type, target=target, **changes), event(), NOW)


IN, OUT = OptType.OPT_IN, OptType.OPT_OUT


def test_r16_r17_the_latest_answer_holds() -> None:
    assert qualify([]) is None
    found = qualify([answered(IN), answered(OUT, 5)])
    assert found is not None
    assert (found.opt_type, found.explicit, found.created) == (OUT, False, NOW + 5 * MINUTE)


def test_r206_a_qualification_overrides_a_later_answer() -> None:
    explicit = qualified(OUT)
    assert qualify([answered(IN), explicit, answered(IN, 5)]) is explicit
    assert qualify([explicit, answered(IN, 5)], resource="pump") is explicit


def test_r206_a_later_qualification_replaces_an_earlier_one() -> None:
    last = qualified(IN)
    assert qualify([qualified(OUT), last]) is last


def test_r206_a_qualification_of_a_resource_speaks_for_it_alone() -> None:
    pump, whole = qualified(OUT, PUMP), answered(IN)
    assert qualify([whole, pump], resource="pump") is pump
    assert qualify([pump, whole], resource="hvac") is whole
    assert qualify([pump, whole]) is whole
    assert qualify([pump], resource="hvac") is None


def test_r209_a_qualification_of_devices_speaks_for_them_alone() -> None:
    cars = qualified(OUT, device_class=EVSE)
    assert cars.device_classes == {"EVSE"}
    assert qualified(OUT, EVSE).device_classes == {"EVSE"}
    assert qualify([cars]) is None
    assert qualify([cars], device_class="EVSE") is cars
    assert qualify([cars], device_class="Sauna") is None


def test_r206_an_opt_keeps_the_modification_that_it_was_given_for() -> None:
    newer = with_descriptor(event(), modification_number=3)
    found = event_opt(qualifying(modification_number=1), newer, NOW)
    assert (found.event_id, found.modification_number, found.explicit) == ("e1", 1, True)
    unsaid = event_opt(qualifying(modification_number=None), newer, NOW)
    assert unsaid.modification_number == 3


@given(kinds=st.lists(st.tuples(st.sampled_from(OptType), st.booleans()), min_size=1, max_size=6))
def test_r206_one_opt_of_the_strongest_kind_holds(kinds: list[tuple[OptType, bool]]) -> None:
    said = [qualified(kind) if explicit else answered(kind) for kind, explicit in kinds]
    found = qualify(said)
    assert found is [one for one in said if one.explicit == any(e for _, e in kinds)][-1]


def test_periods_of_a_schedule_are_plain_periods() -> None:
    moment: datetime = NOON
    assert applied(opt())[0].periods == (Period(dtstart=moment, duration=HOUR),)


@pytest.mark.parametrize(
    "message",
    [
        opt(ven_id="v" * 100_000),
        opt(market_context="http://" + "m" * 100_000),
        qualifying(event_id="e" * 100_000),
    ],
)
def test_what_a_peer_chose_takes_little_room_in_an_error(message: CreateOpt) -> None:
    with pytest.raises(ProtocolError) as caught:
        check_create_opt(message, None, replace(VEN, market_contexts=frozenset({PROGRAMME})))
    assert len(str(caught.value)) < 500
