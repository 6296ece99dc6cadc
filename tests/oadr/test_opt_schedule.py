"""Which schedule holds where, and when."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from oadr.enums import OptType
from oadr.errors import InvalidId
from oadr.messages.common import EVERYTHING, Period, Target
from oadr.messages.opt import CreateOpt
from oadr.opt import (
    Schedule,
    apply,
    cancel,
    opted_out,
    point,
    resource,
    schedule_of,
    spans,
    spent,
)
from oadr.times import FOREVER
from tests.oadr.event_samples import HOUR, MINUTE, NOON, PROGRAMME, period
from tests.oadr.opt_samples import (
    BOTH,
    EVSE,
    HVAC,
    IN,
    NOW,
    OTHER,
    OUT,
    PUMP,
    SCHOOLS,
    applied,
    opt,
    qualifying,
)

EVENING = (period(start=NOON + 6 * HOUR),)


def out(schedules: tuple[Schedule, ...], name: str | None = None, **changes: Any) -> str | None:
    """Returns the optID of the schedule that says out from noon to one."""
    given: dict[str, Any] = {
        "market_context": PROGRAMME,
        "device": None,
        "start": NOON,
        "end": NOON + HOUR,
    } | changes
    start, end = given.pop("start"), given.pop("end")
    where = point(None if name is None else resource(name), **given)
    found = opted_out(schedules, where, start=start, end=end)
    return found[-1].schedule.opt_id if found else None


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
    assert out((kept,), device="EVSE") == "o1"


# Supersession


@pytest.mark.parametrize("target", [EVERYTHING, Target(ven_ids=("ven-1",))])
@pytest.mark.parametrize("earlier", [EVERYTHING, PUMP, SCHOOLS])
def test_r202_r203_one_for_the_whole_ven_replaces_all_earlier_ones(
    target: Target, earlier: Target
) -> None:
    schedules = applied(opt("o1", target=earlier), opt("o2", target=target, availability=EVENING))
    assert spent(schedules) == {0}
    assert out(schedules) is None
    assert out(schedules, "pump") is None
    assert out(schedules, start=NOON + 6 * HOUR, end=NOON + 7 * HOUR) == "o2"


def test_r203_one_for_the_whole_ven_replaces_those_of_single_programmes_and_devices() -> None:
    schedules = applied(
        opt("peak", market_context=PROGRAMME),
        opt("cars", device_class=EVSE),
        opt("all", availability=EVENING),
    )
    assert spent(schedules) == {0, 1}
    assert out(schedules) is None
    assert out(schedules, device="EVSE") is None


def test_r203_one_for_resources_replaces_earlier_ones_for_these_alone() -> None:
    schedules = applied(
        opt("all"), opt("both", target=BOTH), opt("new", target=PUMP, availability=EVENING)
    )
    assert spent(schedules) == set()
    assert out(schedules, "pump") is None
    assert out(schedules, "hvac") == "both"
    assert out(schedules, "boiler") == "all"
    assert out(schedules) == "all"


def test_r203_only_future_availability_is_replaced() -> None:
    schedules = applied(
        opt("o1", availability=(period(180, start=NOW),)),
        opt("o2", availability=EVENING),
        every=HOUR + 30 * MINUTE,
    )
    (first, second) = spans(schedules, point(), OUT)
    assert (first.start, first.end) == (NOW, NOON + 30 * MINUTE)
    assert (second.start, second.schedule.opt_id) == (NOON + 6 * HOUR, "o2")


def test_r203_a_schedule_says_nothing_about_the_time_before_it_was_taken() -> None:
    (found,) = spans(applied(opt(availability=(period(180, start=NOW - HOUR),))), point(), OUT)
    assert (found.start, found.end) == (NOW, NOW + 2 * HOUR)


def test_r203_a_schedule_whose_resources_are_all_replaced_is_superseded() -> None:
    schedules = applied(
        opt("both", target=BOTH),
        opt("one", target=PUMP, availability=(period(120),)),
        opt("two", target=HVAC, availability=(period(120),)),
    )
    assert spent(schedules) == {0}
    assert (out(schedules, "pump"), out(schedules, "hvac")) == ("one", "two")


def test_r203_what_was_superseded_does_not_come_back() -> None:
    schedules = applied(
        opt("a"), opt("b", availability=EVENING), opt("c", target=PUMP, availability=EVENING)
    )
    for opt_id in "cb":
        schedules = cancel(schedules, opt_id, NOW + 10 * MINUTE)
        assert out(schedules, "pump") is out(schedules) is None
    assert spent(schedules) == {0, 1, 2}


def test_r203_the_parts_of_a_target_are_alternatives() -> None:
    schedules = applied(opt("a", target=Target(resource_ids=("pump",), group_ids=("schools",))))
    for part in (resource("pump"), ("group_ids", "schools")):
        assert opted_out(schedules, point(part), start=NOON, end=NOON)
    assert not opted_out(schedules, point(resource("hvac")), start=NOON, end=NOON)


def test_r203_groups_are_replaced_by_the_same_groups_only() -> None:
    bakeries = Target(group_ids=("bakeries",))
    schedules = applied(opt("a", target=SCHOOLS), opt("b", target=bakeries), opt("c", target=PUMP))
    assert spent(schedules) == set()
    assert spent(apply(schedules, opt("d", target=SCHOOLS), NOW)) == {0}


def test_r203_opt_in_and_opt_out_are_independent() -> None:
    schedules = applied(opt("out"), opt("in", opt_type=IN), opt("in2", opt_type=IN))
    assert spent(schedules) == {1}
    assert out(schedules) == "out"
    assert out(applied(opt("in", opt_type=IN))) is None
    (found,) = spans(schedules, point(), IN)
    assert found.schedule.opt_id == "in2"
    assert out(cancel(schedules, "in2", NOW)) == "out"


def test_r203_the_same_again_takes_the_place_of_itself() -> None:
    schedules = applied(opt("a"), opt("a"))
    assert spent(schedules) == {0}
    assert out(schedules) == "a"


def test_r206_a_qualification_leaves_schedules_alone() -> None:
    schedules = applied(opt())
    assert apply(schedules, qualifying(), NOW) == schedules


# Programmes and devices


def test_r205_a_schedule_holds_in_its_market_context_alone() -> None:
    schedules = applied(opt("peak", market_context=PROGRAMME))
    assert out(schedules, market_context="HTTP://example.com/peak") == "peak"
    assert out(schedules, market_context=OTHER) is None
    assert out(schedules, market_context=None) is None
    assert out(applied(opt("any")), market_context=None) == "any"


def test_r205_a_schedule_of_a_market_context_replaces_in_that_alone() -> None:
    schedules = applied(
        opt("any"),
        opt("other", market_context=OTHER),
        opt("peak", market_context=PROGRAMME, availability=EVENING),
    )
    assert spent(schedules) == set()
    assert out(schedules) is None
    assert out(schedules, market_context=OTHER) == "other"
    assert out(schedules, market_context=None) == "any"
    again = apply(schedules, opt("peak2", market_context="HTTP://EXAMPLE.COM/peak"), NOW)
    assert spent(again) == {2}


def test_r209_a_schedule_for_device_classes_leaves_the_other_devices_alone() -> None:
    cars = applied(opt("all"), opt("cars", device_class=EVSE, availability=EVENING))
    assert spent(cars) == set()
    assert out(cars) == "all"
    assert out(cars, device="Sauna") == "all"
    assert out(cars, device="EVSE") is None
    assert spent(apply(cars, opt("cars2", device_class=EVSE), NOW)) == {1}
    assert spent(apply(cars, opt("all2"), NOW)) == {0, 1}


def test_r209_the_device_class_narrows_target_and_market_context() -> None:
    schedules = applied(opt("a", target=PUMP, device_class=EVSE, market_context=PROGRAMME))
    assert out(schedules, "pump", device="EVSE") == "a"
    assert out(schedules, "pump") is None
    assert out(schedules, "hvac", device="EVSE") is None
    assert out(schedules, "pump", device="EVSE", market_context=OTHER) is None
    assert out(applied(opt("b", target=EVSE)), device="EVSE") == "b"
    assert out(applied(opt("b", target=EVSE))) is None


# Cancelling


def test_r204_cancelling_ends_all_schedules_that_used_the_id() -> None:
    schedules = cancel(
        applied(opt("a", target=PUMP), opt("b", target=HVAC), opt("a", target=SCHOOLS)), "a", NOW
    )
    assert [one.cancelled for one in schedules] == [NOW, None, NOW]
    assert (out(schedules, "pump"), out(schedules, "hvac")) == (None, "b")


def test_r204_what_was_before_the_cancellation_stays() -> None:
    schedules = cancel(applied(opt("a")), "a", NOON + 20 * MINUTE)
    (found,) = spans(schedules, point(), OUT)
    assert (found.start, found.end) == (NOON, NOON + 20 * MINUTE)
    assert cancel(schedules, "a", NOON + HOUR) == schedules


def test_r211_cancelling_a_superseded_schedule_is_no_error() -> None:
    schedules = cancel(applied(opt("a"), opt("b")), "a", NOW + HOUR)
    assert out(schedules) == "b"


def test_r203_what_was_replaced_stays_so_after_a_cancellation() -> None:
    schedules = cancel(applied(opt("a"), opt("b", target=PUMP)), "b", NOW + HOUR)
    assert out(schedules, "pump") is None
    assert out(schedules, "hvac") == "a"
    assert spent(schedules) == set()
    assert spent(apply(schedules, opt("c", target=PUMP), NOON)) == {1}


def test_r208_cancelling_an_unknown_schedule_is_452() -> None:
    with pytest.raises(InvalidId) as caught:
        cancel(applied(opt("a")), "A", NOW)
    assert (caught.value.code, caught.value.rule) == (452, "R208")


def test_schedules_that_are_over_need_not_be_kept_unless_they_hide_others() -> None:
    late = NOON + 2 * HOUR
    assert spent(applied(opt("a"), opt("b", target=PUMP)), late) == {0, 1}
    assert spent(applied(opt("a", availability=(period(0),)), opt("b", target=PUMP)), late) == set()


def test_a_cancelled_schedule_is_kept_for_as_long_as_it_hides_another() -> None:
    def left(*opts: CreateOpt) -> frozenset[int]:
        return spent(cancel(applied(*opts), "b", NOW))

    assert left(opt("a", target=HVAC), opt("b", target=PUMP)) == {1}
    assert left(opt("a", target=BOTH), opt("b", target=PUMP)) == set()
    assert left(opt("a", target=SCHOOLS), opt("b", target=PUMP)) == set()
    assert left(opt("a", target=EVSE), opt("b", target=PUMP)) == set()
    assert left(opt("a"), opt("b", target=PUMP)) == set()
    assert left(opt("a", target=PUMP), opt("b", device_class=EVSE)) == set()
    assert left(opt("a", opt_type=IN), opt("b")) == {1}


# Time


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
    when: dict[str, Any] = {"start": NOON + start * MINUTE, "end": NOON + end * MINUTE}
    assert out(applied(opt("a")), **when) == ("a" if found else None)


def test_r210_a_duration_of_zero_is_open_ended() -> None:
    schedules = applied(opt("a", availability=(period(0),)))
    assert out(schedules, start=NOON + 9999 * HOUR, end=FOREVER) == "a"
    assert out(schedules, start=NOON - HOUR, end=NOON) is None


def test_periods_that_touch_are_one_time() -> None:
    several = (period(30, start=NOON + HOUR), period(), period(90), period(5, start=NOON - HOUR))
    found = spans(applied(opt("a", availability=several)), point(), OptType.OPT_OUT)
    assert [(span.start, span.end) for span in found] == [
        (NOON - HOUR, NOON - HOUR + 5 * MINUTE),
        (NOON, NOON + timedelta(minutes=90)),
    ]


def test_periods_of_a_schedule_are_plain_periods() -> None:
    moment: datetime = NOON
    assert applied(opt())[0].periods == (Period(dtstart=moment, duration=HOUR),)
