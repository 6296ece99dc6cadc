"""A peak event from the operator to the loads, and back."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from oadr import messages as m
from oadr.event import parse_levels
from tests.acceptance.town import Town
from tests.acceptance.world import EVERYONE, HOUR, MINUTE, Building, Utility
from ven.hooks import Context, EventHandler, IntervalCall
from vtn.operator import Audience

SCHOOLS = Audience(groups=frozenset({"schools"}))


@dataclass
class Diary(EventHandler):
    """Writes down what an event made a building do."""

    calls: list[tuple[str, str, int, Decimal]] = field(default_factory=list)
    starts: list[datetime] = field(default_factory=list)

    async def on_interval(self, event: m.Event, interval: IntervalCall, ctx: Context) -> None:
        self.calls.append((event.event_id, str(interval.moment), interval.index, interval.value))
        self.starts.append(interval.start)

    def of(self, event_id: str) -> list[tuple[str, int, int]]:
        return [
            (moment, index, int(value))
            for name, moment, index, value in self.calls
            if name == event_id
        ]


@dataclass
class Neighbours:
    """Two schools, one of which stays out, and a bakery that is no school."""

    school: Building
    mill: Building
    bakery: Building
    diary: Diary
    stays_out: Diary


async def _street(town: Town, utility: Utility) -> Neighbours:
    school = await utility.enrol("school", "--group schools")
    mill = await utility.enrol("mill", "--group schools", policy={"default": "optOut"})
    bakery = await utility.enrol("bakery")
    street = Neighbours(school, mill, bakery, Diary(), Diary())
    await town.up(utility)
    await town.up(school, street.diary)
    await town.up(mill, street.stays_out)
    await town.up(bakery)
    await town.registered(school, mill, bakery)
    return street


async def _answered(utility: Utility, event_id: str, modification: int = 0) -> bool:
    rows = await utility.deliveries(event_id)
    return all(row.acked_modification == modification for row in rows.values())


async def _opts(utility: Utility, event_id: str) -> dict[str, str]:
    return {name: str(row.opt_type) for name, row in (await utility.deliveries(event_id)).items()}


async def test_an_event_to_a_group_is_answered_by_its_members_and_carried_out(
    town: Town, utility: Utility
) -> None:
    street = await _street(town, utility)
    event = await town.dispatch(utility, "peak", SCHOOLS)
    await town.until(lambda: _answered(utility, "peak"))
    assert await _opts(utility, "peak") == {"school": "optIn", "mill": "optOut"}
    shown = await utility.json("event show peak")
    assert (shown["opted_in"], shown["opted_out"], shown["delivered"]) == (1, 1, 2)
    assert street.bakery.ven is not None
    assert street.bakery.ven.events == ()
    await town.clock.advance(event.active_period.dtstart - town.clock.now())
    await town.until(lambda: len(street.diary.calls) == 4)
    assert street.diary.of("peak") == [
        ("start", 0, 1),
        ("end", 0, 1),
        ("start", 1, 2),
        ("end", 1, 2),
    ]
    assert street.stays_out.calls == []
    # Each VEN has answered once, however often it polled.
    answers = await utility.answers("peak")
    assert sorted((mod, opt) for _, mod, opt, _ in answers) == [(0, "optIn"), (0, "optOut")]


async def test_an_active_event_is_lengthened_and_goes_on_where_it_was(
    town: Town, utility: Utility
) -> None:
    street = await _street(town, utility)
    event = await town.dispatch(utility, "peak", SCHOOLS)
    await town.until(lambda: _answered(utility, "peak"))
    await town.clock.advance(event.active_period.dtstart - town.clock.now())
    await town.until(lambda: len(street.diary.calls) == 1)
    changed = await town.change(utility, event, intervals=parse_levels("1:10m,2:20m,3:5m"))
    assert changed.descriptor.modification_number == 1
    await town.until(lambda: _answered(utility, "peak", 1))
    await town.until(lambda: len(street.diary.calls) == 6)
    assert street.diary.of("peak") == [
        ("start", 0, 1),
        ("end", 0, 1),
        ("start", 1, 2),
        ("end", 1, 2),
        ("start", 2, 3),
        ("end", 2, 3),
    ]
    assert street.diary.starts[-1] - event.active_period.dtstart == 30 * MINUTE


async def test_r10_a_cancelled_event_stops_and_is_forgotten_once_it_is_acknowledged(
    town: Town, utility: Utility
) -> None:
    street = await _street(town, utility)
    event = await town.dispatch(utility, "peak", SCHOOLS)
    await town.until(lambda: _answered(utility, "peak"))
    await town.clock.advance(event.active_period.dtstart - town.clock.now())
    await town.until(lambda: len(street.diary.calls) == 1)
    await utility.operator.cancel_event("peak", now=town.clock.now())
    await town.until(lambda: _answered(utility, "peak", 1))
    await town.until(lambda: street.school.ven is not None and not street.school.ven.events)
    assert street.diary.of("peak") == [("start", 0, 1), ("end", 0, 1)]
    # R50: it is in no later list.
    other = await town.dispatch(utility, "other", SCHOOLS)
    await town.until(lambda: _answered(utility, "other"))
    last = [one for one in street.school.heard if isinstance(one, m.DistributeEvent)][-1]
    assert [one.event_id for one in last.events] == [other.event_id]


async def test_r30_a_randomised_start_is_kept_when_the_event_changes(
    town: Town, utility: Utility
) -> None:
    street = await _street(town, utility)
    late = timedelta(minutes=8)
    event = await town.dispatch(utility, "peak", SCHOOLS, start_after=late)
    await town.until(lambda: _answered(utility, "peak"))
    start = event.active_period.dtstart
    await town.clock.advance(start - town.clock.now())
    await town.until(lambda: len(street.diary.calls) == 1)
    offset = street.diary.starts[0] - start
    assert timedelta(0) <= offset <= late
    await town.change(utility, event, intervals=parse_levels("1:10m,2:15m"))
    await town.until(lambda: _answered(utility, "peak", 1))
    await town.until(lambda: len(street.diary.calls) == 4)
    assert [one - start for one in street.diary.starts[-2:]] == [offset + 10 * MINUTE] * 2


async def test_r17_a_building_changes_its_mind_while_the_event_is_on(
    town: Town, utility: Utility
) -> None:
    street = await _street(town, utility)
    event = await town.dispatch(utility, "peak", SCHOOLS)
    await town.until(lambda: _answered(utility, "peak"))
    await town.clock.advance(event.active_period.dtstart - town.clock.now())
    await town.until(lambda: len(street.diary.calls) == 1)
    assert street.school.ven is not None
    await street.school.ven.opt("peak", "optOut")
    assert await _opts(utility, "peak") == {"school": "optOut", "mill": "optOut"}
    await town.until(lambda: len(street.diary.calls) == 2)
    start = town.clock.now()
    await town.until(lambda: town.clock.now() > start + 15 * MINUTE)
    assert street.diary.of("peak") == [("start", 0, 1), ("end", 0, 1)]


async def test_several_events_arrive_as_one_list_with_their_own_answers(
    town: Town, utility: Utility
) -> None:
    street = await _street(town, utility)
    await town.dispatch(utility, "peak", SCHOOLS)
    only = Audience(vens=frozenset({"bakery"}))
    await town.dispatch(utility, "bread", only, start=town.clock.now() + 2 * HOUR)
    price: dict[str, Any] = {
        "signal_name": "ELECTRICITY_PRICE",
        "unit": m.Unit(name="currencyPerKWh", description="currencyPerKWh", units="EUR"),
        "intervals": parse_levels("0.18:1h,0.42:1h"),
    }
    await town.dispatch(utility, "price", EVERYONE, **price)
    for event_id in ("peak", "bread", "price"):
        await town.until(lambda name=event_id: _answered(utility, name))  # type: ignore[misc]
    assert await _opts(utility, "bread") == {"bakery": "optIn"}
    assert await _opts(utility, "price") == {
        "school": "optIn",
        "mill": "optOut",
        "bakery": "optIn",
    }
    assert street.school.ven is not None
    assert {one.event_id for one in street.school.ven.events} == {"peak", "price"}


async def test_an_opt_schedule_of_a_ven_is_seen_by_the_operator(
    town: Town, utility: Utility
) -> None:
    street = await _street(town, utility)
    event = await town.dispatch(utility, "peak", SCHOOLS)
    await town.until(lambda: _answered(utility, "peak"))
    assert street.school.ven is not None
    start = event.active_period.dtstart
    away = m.Period(dtstart=start - HOUR, duration=3 * HOUR)
    opt_id = await street.school.ven.create_opt("optOut", "economic", availability=[away])
    rows = {row["ven"]: row for row in (await utility.json("event show peak"))["vens"]}
    assert rows["school"]["out_by_schedule"] == opt_id
    assert rows["mill"]["out_by_schedule"] is None
    assert (await utility.json("ven show school"))["opt_schedules"] == 1
    await street.school.ven.cancel_opt(opt_id)
    rows = {row["ven"]: row for row in (await utility.json("event show peak"))["vens"]}
    assert rows["school"]["out_by_schedule"] is None
    # R206: about one event, in place of a time.
    await street.school.ven.create_opt("optOut", "participating", event_id="peak")
    assert (await _opts(utility, "peak"))["school"] == "optOut"
