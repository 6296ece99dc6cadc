"""What opts make of an event."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oadr.enums import OptType
from oadr.messages.common import EVERYTHING, Target
from oadr.messages.event import Event
from oadr.messages.opt import CreateOpt
from oadr.opt import (
    EventOpt,
    Extent,
    Participation,
    Policy,
    Precedence,
    Source,
    cancel,
    event_opt,
    participation,
    reasons,
)
from tests.oadr.event_samples import (
    HOUR,
    MINUTE,
    NOON,
    PROGRAMME,
    event,
    period,
    with_descriptor,
    with_period,
    with_signal,
)
from tests.oadr.opt_samples import (
    BOTH,
    EVSE,
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

KNOWN = frozenset({"pump", "hvac"})


def answered(opt_type: OptType, at: int = 10) -> EventOpt:
    """Returns an answer by oadrCreatedEvent, minutes after the first schedule."""
    return EventOpt(
        event_id="e1",
        modification_number=0,
        opt_type=opt_type,
        explicit=False,
        created=NOW + at * MINUTE,
    )


def qualified(opt_type: OptType, target: Target = EVERYTHING, **changes: Any) -> EventOpt:
    message = qualifying(opt_type=opt_type, target=target, **changes)
    return event_opt(message, event(), NOW + 5 * MINUTE)


def found(
    *opts: CreateOpt, said: tuple[EventOpt, ...] = (), of: Event | None = None, **changes: Any
) -> Participation:
    return participation(
        of or event(target=EVERYTHING), applied(*opts), said, **({"resources": KNOWN} | changes)
    )


def named(one: Participation) -> dict[tuple[str | None, str | None], OptType]:
    return {(part.resource, part.device): part.verdict.opt for part in one.parts}


def test_r201_who_has_said_nothing_takes_part() -> None:
    one = found()
    assert (one.extent, one.whole.source, one.marked) == (Extent.IN, Source.DEFAULT, False)
    assert reasons(one) == []
    none = found(policy=Policy(default=OUT))
    assert (none.extent, none.whole.source) == (Extent.OUT, Source.DEFAULT)


def test_r201_a_schedule_that_says_out_puts_the_ven_out_and_says_why() -> None:
    one = found(opt("o-7", opt_reason="mustRun", market_context=PROGRAMME))
    assert (one.extent, one.whole.source, one.marked) == (Extent.OUT, Source.SCHEDULE, True)
    assert one.parts == ()
    assert reasons(one) == [
        "opted out by schedule o-7 (mustRun; the whole VEN, programme http://example.com/peak) "
        "2026-07-01 12:00 to 13:00"
    ]


def test_r210_an_open_ended_schedule_and_event() -> None:
    one = found(
        opt(availability=(period(0, start=NOON + 30 * MINUTE),)),
        of=with_period(event(), duration=timedelta(0)),
    )
    assert one.extent is Extent.OUT
    assert reasons(one)[0].endswith("from 2026-07-01 12:30 on")


@pytest.mark.parametrize(
    ("start", "minutes", "extent"),
    [
        (60, 60, Extent.IN),
        (-60, 60, Extent.IN),
        (59, 60, Extent.OUT),
        (-60, 61, Extent.OUT),
        (20, 5, Extent.OUT),
    ],
)
def test_r201_any_overlap_with_the_event_counts(start: int, minutes: int, extent: Extent) -> None:
    away = period(minutes, start=NOON + start * MINUTE)
    assert found(opt(availability=(away,))).extent is extent


def test_r201_the_time_in_which_the_event_may_be_randomised_belongs_to_it() -> None:
    late = with_period(event(), start_after=10 * MINUTE)
    away = opt(availability=(period(60, start=NOON + 65 * MINUTE),))
    assert found(away, of=late).extent is Extent.OUT
    assert found(away).extent is Extent.IN


def test_the_effect_follows_later_schedules_cancellations_and_modifications() -> None:
    schedules = applied(opt("a"))
    assert participation(event(), schedules).extent is Extent.OUT
    assert participation(event(), cancel(schedules, "a", NOW + MINUTE)).extent is Extent.IN
    later = applied(opt("a"), opt("b", availability=(period(60, start=NOON + 5 * HOUR),)))
    assert participation(event(), later).extent is Extent.IN
    moved = with_period(event(), dtstart=NOON + 5 * HOUR)
    assert participation(moved, later).extent is Extent.OUT


def test_r205_a_schedule_of_another_programme_has_no_effect() -> None:
    assert found(opt(market_context=OTHER)).extent is Extent.IN
    assert found(opt(market_context="HTTP://EXAMPLE.com/peak")).extent is Extent.OUT


# Parts of a VEN


def test_a_resource_that_is_out_makes_the_ven_take_part_in_part() -> None:
    one = found(opt("o-7", target=PUMP))
    assert (one.extent, one.whole.opt, one.marked) == (Extent.PARTIAL, IN, True)
    assert named(one) == {(None, None): IN, ("pump", None): OUT}
    assert reasons(one) == [
        "the rest in",
        "pump out: opted out by schedule o-7 (x-schedule; resource pump) 2026-07-01 12:00 to 13:00",
    ]


def test_an_event_for_resources_asks_about_these_alone() -> None:
    for_pump = event(target=PUMP)
    assert found(opt(target=PUMP), of=for_pump).extent is Extent.OUT
    assert found(opt(target=Target(resource_ids=("hvac",))), of=for_pump).extent is Extent.IN
    both = found(opt(target=PUMP), of=event(target=BOTH))
    assert named(both) == {("hvac", None): IN, ("pump", None): OUT}
    assert both.extent is Extent.PARTIAL
    assert found(opt(), of=event(target=BOTH)).extent is Extent.OUT
    # The target names resources of others, too.
    mixed = event(target=Target(resource_ids=("pump", "oven")))
    assert found(opt(target=PUMP), of=mixed).extent is Extent.OUT
    # Nobody knows what this VEN has: it is asked as a whole.
    strange = event(target=Target(resource_ids=("oven",)))
    assert found(opt(), of=strange).extent is Extent.OUT
    assert found(opt(target=PUMP), of=strange).extent is Extent.IN


def test_a_resource_that_only_a_schedule_names_is_known_by_it() -> None:
    one = found(opt(target=Target(resource_ids=("oven",))), resources=frozenset())
    assert named(one) == {(None, None): IN, ("oven", None): OUT}


def test_a_schedule_for_a_group_holds_for_events_that_name_it() -> None:
    assert found(opt(target=SCHOOLS), of=event(target=SCHOOLS)).extent is Extent.OUT
    assert found(opt(target=SCHOOLS)).extent is Extent.IN
    other = event(target=Target(group_ids=("bakeries",)))
    assert found(opt(target=SCHOOLS), of=other).extent is Extent.IN


def test_r209_device_classes_are_told_apart() -> None:
    one = found(opt(device_class=EVSE))
    assert named(one) == {(None, None): IN, (None, "EVSE"): OUT}
    assert reasons(one)[1].startswith("devices EVSE out: opted out by schedule")
    of_pump = found(opt(device_class=EVSE, target=PUMP))
    assert named(of_pump) == {(None, None): IN, ("pump", "EVSE"): OUT}
    assert reasons(of_pump)[1].startswith("devices EVSE of pump out")


def test_r111_r209_an_event_for_devices_asks_about_these_alone() -> None:
    for_cars = with_signal(event(), target=EVSE)
    assert found(opt(device_class=EVSE), of=for_cars).extent is Extent.OUT
    sauna = Target(end_device_assets=("Sauna",))
    assert found(opt(device_class=sauna), of=for_cars).extent is Extent.IN
    assert found(opt(device_class=EVSE), of=event(target=EVSE)).extent is Extent.OUT
    assert found(opt(target=EVSE), of=event(target=EVSE)).extent is Extent.OUT
    assert found(opt(device_class=sauna), of=event(target=EVSE)).extent is Extent.IN


# What counts before what


def test_r201_what_was_said_last_counts_unless_the_programme_says_otherwise() -> None:
    early, late = (answered(IN, -10),), (answered(IN, 10),)
    assert found(opt(), said=early).extent is Extent.OUT
    after = found(opt(), said=late)
    assert (after.extent, after.whole.source, after.marked) == (
        Extent.IN,
        Source.CREATED_EVENT,
        True,
    )
    assert reasons(after)[0].endswith("12:00 to 13:00, but answered optIn later")
    assert reasons(found(opt(), said=early))[0].endswith("though it answered optIn")
    schedule, answer = Policy(precedence=Precedence.SCHEDULE), Policy(precedence=Precedence.ANSWER)
    assert found(opt(), said=late, policy=schedule).extent is Extent.OUT
    assert found(opt(), said=early, policy=answer).extent is Extent.IN


def test_r201_an_answer_that_says_out_needs_no_schedule_and_heeds_none_that_says_in() -> None:
    assert found(said=(answered(OUT),)).extent is Extent.OUT
    assert found(opt(opt_type=IN), said=(answered(OUT, -10),)).extent is Extent.OUT
    both = found(opt(), said=(answered(OUT),))
    assert (both.extent, both.whole.source) == (Extent.OUT, Source.SCHEDULE)


def test_r201_a_programme_can_ask_for_schedules_that_say_in() -> None:
    asks = Policy(default=OUT)
    assert found(opt(opt_type=IN), policy=asks).extent is Extent.IN
    assert "opted in by schedule o1" in reasons(found(opt(opt_type=IN), policy=asks))[0]
    half = opt(opt_type=IN, availability=(period(30),))
    assert found(half, policy=asks).extent is Extent.OUT


def test_r201_where_schedules_contradict_each_other_out_counts_or_what_the_programme_says() -> None:
    contradiction = (opt("in", opt_type=IN, availability=(period(30),)), opt("out"))
    assert found(*contradiction).extent is Extent.OUT
    lenient = Policy(overlap=IN)
    left = found(*contradiction, policy=lenient)
    assert [(span.start, span.end) for span in left.whole.out] == [
        (NOON + 30 * MINUTE, NOON + HOUR)
    ]
    covered = (opt("in", opt_type=IN), opt("out", availability=(period(30),)))
    assert found(*covered, policy=lenient).extent is Extent.IN


def test_r206_a_qualification_counts_before_schedules_and_answers() -> None:
    assert found(opt(), said=(qualified(IN), answered(OUT))).extent is Extent.IN
    one = found(said=(qualified(OUT, opt_reason="overrideStatus"), answered(IN)))
    assert (one.extent, one.whole.source) == (Extent.OUT, Source.CREATE_OPT)
    assert reasons(one) == ["optOut by oadrCreateOpt for this event (overrideStatus)"]
    assert found(opt(), said=(qualified(IN), answered(OUT))).marked


def test_r206_a_qualification_outlives_a_modification() -> None:
    modified = with_descriptor(event(), modification_number=3)
    later = replace(answered(IN), modification_number=3)
    assert found(said=(qualified(OUT), later), of=modified).extent is Extent.OUT


def test_r206_a_qualification_for_resources_speaks_for_these() -> None:
    one = found(said=(answered(IN), qualified(OUT, PUMP)))
    assert named(one) == {(None, None): IN, ("pump", None): OUT}
    assert reasons(one)[1] == "pump out: optOut by oadrCreateOpt for this event (x-schedule)"
    back = found(opt(), said=(qualified(IN, PUMP),))
    assert named(back) == {(None, None): OUT, ("pump", None): IN}


def test_r206_r209_a_qualification_for_devices_speaks_for_these() -> None:
    one = found(said=(answered(IN), qualified(OUT, device_class=EVSE)))
    assert named(one) == {(None, None): IN, (None, "EVSE"): OUT}
