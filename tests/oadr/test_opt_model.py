"""Any history of schedules says the same as a table that is filled in minute by minute."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from oadr.enums import OptType
from oadr.messages.common import EVERYTHING, Period, Target
from oadr.messages.opt import CreateOpt
from oadr.opt import Schedule, apply, cancel, point, resource, spans, spent
from tests.oadr.event_samples import MINUTE, NOON, PROGRAMME
from tests.oadr.opt_samples import BOTH, EVSE, HVAC, OTHER, PUMP, opt

#: Minutes that the table has.
DAY = 40
RESOURCES = (None, "pump", "hvac")
DEVICES = (None, "EVSE")
MARKETS = (None, PROGRAMME, OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a VEN does at a minute."""

    minute: int
    what: Literal["create", "cancel"]
    message: CreateOpt


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    minutes = draw(st.lists(st.integers(0, DAY - 1), max_size=8).map(sorted))
    return [
        Step(minute=minute, what=draw(st.sampled_from(("create", "create", "cancel"))), message=one)
        for minute in minutes
        for one in [draw(_opts)]
    ]


_periods = st.lists(
    st.builds(
        lambda start, length: Period(
            dtstart=NOON + start * MINUTE, duration=timedelta(minutes=length)
        ),
        st.integers(-5, DAY),
        st.integers(0, 20),
    ),
    min_size=1,
    max_size=3,
).map(tuple)
_opts = st.builds(
    opt,
    opt_id=st.sampled_from("abc"),
    opt_type=st.sampled_from(OptType),
    market_context=st.sampled_from(MARKETS),
    target=st.sampled_from([EVERYTHING, Target(ven_ids=("ven-1",)), PUMP, HVAC, BOTH]),
    device_class=st.sampled_from([None, EVSE]),
    availability=_periods,
)

#: (resource, device, programme, kind, minute) -> the schedule that holds then, by its place.
Cell = tuple[str | None, str | None, str | None, OptType, int]
Table = dict[Cell, int]


def naive(history: list[Step]) -> tuple[Table, list[str]]:
    """Fills in the table as the rules are read: each step changes what is still to come."""
    table: Table = {}
    ids: list[str] = []
    for step in history:
        ahead = range(step.minute, DAY)
        if step.what == "cancel":
            for cell, index in list(table.items()):
                if cell[-1] in ahead and ids[index] == step.message.opt_id:
                    del table[cell]
            continue
        ids.append(step.message.opt_id)
        for name in RESOURCES:
            for device in DEVICES:
                for market in MARKETS:
                    if concerns(step.message, name, device, market):
                        for minute in ahead:
                            cell = (name, device, market, step.message.opt_type, minute)
                            table.pop(cell, None)
                            if available(step.message, minute):
                                table[cell] = len(ids) - 1
    return table, ids


def concerns(message: CreateOpt, name: str | None, device: str | None, market: str | None) -> bool:
    whole = not message.target.resource_ids
    return (
        (whole or name in message.target.resource_ids)
        and (message.device_class is None or device in message.device_class.end_device_assets)
        and (message.market_context is None or message.market_context == market)
    )


def available(message: CreateOpt, minute: int) -> bool:
    moment = NOON + minute * MINUTE
    return any(
        one.dtstart <= moment and (not one.duration or moment < one.dtstart + one.duration)
        for one in message.availability
    )


def resolved(schedules: tuple[Schedule, ...], ids: dict[int, int], since: int = 0) -> Table:
    """Returns the same table as ``oadr.opt`` sees it, from a minute on."""
    table: Table = {}
    for name in RESOURCES:
        for device in DEVICES:
            for market in MARKETS:
                where = point(
                    resource(name) if name else None, device=device, market_context=market
                )
                for kind in OptType:
                    found = spans(schedules, where, kind)
                    for minute in range(since, DAY):
                        at = NOON + minute * MINUTE
                        for span in found:
                            if span.start <= at < span.end:
                                table[name, device, market, kind, minute] = ids[id(span.schedule)]
    return table


def run(history: list[Step]) -> tuple[Schedule, ...]:
    schedules: tuple[Schedule, ...] = ()
    for step in history:
        now: datetime = NOON + step.minute * MINUTE
        if step.what == "create":
            schedules = apply(schedules, step.message, now)
        elif any(one.opt_id == step.message.opt_id for one in schedules):
            schedules = cancel(schedules, step.message.opt_id, now)
    return schedules


def numbers(schedules: tuple[Schedule, ...]) -> dict[int, int]:
    return {id(one): index for index, one in enumerate(schedules)}


@given(histories())
def test_r203_r204_r205_r209_r210_any_history_says_what_a_table_of_minutes_says(
    history: list[Step],
) -> None:
    table, ids = naive(history)
    schedules = run(history)
    assert [one.opt_id for one in schedules] == ids
    assert resolved(schedules, numbers(schedules)) == table


@given(histories())
def test_r203_what_is_spent_can_be_forgotten_for_all_that_is_to_come(history: list[Step]) -> None:
    last = max((step.minute for step in history), default=0)
    schedules = run(history)
    ids = numbers(schedules)
    expected = resolved(schedules, ids, since=last)
    for now in (None, NOON + last * MINUTE):
        gone = spent(schedules, now)
        left = tuple(one for index, one in enumerate(schedules) if index not in gone)
        assert resolved(left, ids, since=last) == expected
