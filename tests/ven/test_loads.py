"""Loads: what is shed of a replayed meter, and commands that are passed on."""

import asyncio
import json
import logging
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.enums import EventStatus, SignalType
from oadr.messages import (
    Event,
    EventDescriptor,
    Interval,
    Period,
    Signal,
    SignalPayload,
)
from runtime.settings import ConfigError
from ven.load import Command, CommandKind
from ven.loads.command import LogLoad, PythonLoad, describe
from ven.loads.shedding import Shedding, Step, fraction_for
from ven.loads.simulated import SimulatedLoad
from ven.sources.notes import Notes

START = datetime(2026, 11, 20, 18, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HALF = 30 * MINUTE
TABLE = {Decimal(1): Fraction(3, 20), Decimal(2): Fraction(2, 5)}


def event(
    *, ramp_up: timedelta | None = None, recovery: timedelta | None = None, event_id: str = "e-1"
) -> Event:
    hour = timedelta(hours=1)
    interval = Interval(duration=hour, uid="0", payloads=(SignalPayload(value=Decimal(1)),))
    return Event(
        descriptor=EventDescriptor(
            event_id=event_id,
            market_context="http://peak.example",
            created_date_time=START,
            event_status=EventStatus.ACTIVE,
        ),
        active_period=Period(dtstart=START, duration=hour, ramp_up=ramp_up, recovery=recovery),
        signals=(
            Signal(
                intervals=(interval,),
                signal_name="SIMPLE",
                signal_type=SignalType.LEVEL,
                signal_id="s",
            ),
        ),
    )


def command(
    level: int | None,
    kind: CommandKind = CommandKind.INTERVAL,
    *,
    signal: str = "SIMPLE",
    about: Event | None = None,
) -> Command:
    number = 0 if kind is CommandKind.INTERVAL else None
    value = None if level is None else Decimal(level)
    return Command(event=about, signal_name=signal, level=value, interval=number, kind=kind)


# ------------------------------------------------------------------ what is shed when


def test_nothing_is_shed_without_a_step() -> None:
    shedding = Shedding()
    assert shedding.mean(START, START + HALF) == 0
    assert shedding.reduced(Decimal("123.4"), START, START + HALF) == Decimal("123.4")


def test_a_level_counts_for_as_long_as_it_was_in_force() -> None:
    shedding = Shedding([Step(at=START + 10 * MINUTE, target=Fraction(3, 10))])
    assert shedding.mean(START, START + HALF) == Fraction(3, 10) * Fraction(20, 30)
    assert shedding.reduced(Decimal(1000), START, START + HALF) == 800
    shedding.add(Step(at=START + 20 * MINUTE, target=Fraction(0)))
    assert shedding.reduced(Decimal(1000), START, START + HALF) == 900
    assert shedding.reduced(Decimal(1000), START - HALF, START) == 1000
    assert shedding.reduced(Decimal(1000), START + HALF, START + 2 * HALF) == 1000


def test_a_ramp_counts_as_the_straight_line_that_it_is() -> None:
    shedding = Shedding([Step(at=START, target=Fraction(2, 5), ramp=10 * MINUTE)])
    assert shedding.at(START) == 0
    assert shedding.at(START + 5 * MINUTE) == Fraction(1, 5)
    assert shedding.at(START + 10 * MINUTE) == Fraction(2, 5)
    assert shedding.mean(START, START + 10 * MINUTE) == Fraction(1, 5)
    assert shedding.mean(START, START + 20 * MINUTE) == Fraction(3, 10)
    assert shedding.mean(START + 2 * MINUTE, START + 4 * MINUTE) == Fraction(3, 25)


def test_a_ramp_that_is_interrupted_goes_on_from_where_it_was() -> None:
    shedding = Shedding([Step(at=START, target=Fraction(2, 5), ramp=10 * MINUTE)])
    shedding.add(Step(at=START + 5 * MINUTE, target=Fraction(0), ramp=10 * MINUTE))
    assert shedding.at(START + 5 * MINUTE) == Fraction(1, 5)
    assert shedding.at(START + 10 * MINUTE) == Fraction(1, 10)
    assert shedding.at(START + 15 * MINUTE) == 0


def test_a_step_in_the_past_replaces_what_was_planned_after_it() -> None:
    shedding = Shedding([Step(at=START + HALF, target=Fraction(1))])
    shedding.add(Step(at=START, target=Fraction(1, 2)))
    assert [step.at for step in shedding.steps] == [START]
    assert shedding.at(START + HALF) == Fraction(1, 2)


def test_generation_is_not_shed() -> None:
    shedding = Shedding([Step(at=START, target=Fraction(1))])
    assert shedding.reduced(Decimal(-5), START, START + HALF) == -5


FRACTIONS = st.fractions(min_value=0, max_value=1, max_denominator=1000)
STEPS = st.lists(
    st.builds(
        lambda at, target, ramp: Step(
            at=START + timedelta(microseconds=at),
            target=target,
            ramp=timedelta(microseconds=ramp),
        ),
        st.integers(-(10**9), 4 * 10**9),
        FRACTIONS,
        st.integers(0, 10**9),
    ),
    max_size=6,
).map(lambda steps: sorted(steps, key=lambda step: step.at))
VALUES = st.decimals(min_value=0, max_value=10**7, allow_nan=False, places=6)


@given(steps=STEPS, value=VALUES)
def test_left_and_shed_are_the_whole_and_neither_is_negative(
    steps: list[Step], value: Decimal
) -> None:
    shedding = Shedding(steps)
    left = shedding.reduced(value, START, START + HALF)
    assert 0 <= left <= value
    exact = Fraction(value) * (1 - shedding.mean(START, START + HALF))
    assert abs(Fraction(left) - exact) <= Fraction(1, 2 * 10**6)


@given(steps=STEPS, cut=st.integers(1, HALF // timedelta(microseconds=1) - 1))
def test_an_interval_cut_in_two_sheds_the_same_energy(steps: list[Step], cut: int) -> None:
    shedding = Shedding(steps)
    middle = START + timedelta(microseconds=cut)
    part = Fraction(cut, HALF // timedelta(microseconds=1))
    whole = shedding.mean(START, START + HALF)
    halves = shedding.mean(START, middle) * part
    halves += shedding.mean(middle, START + HALF) * (1 - part)
    assert halves == whole


@given(steps=STEPS, before=st.integers(-(10**9), 10**9))
def test_forgetting_the_past_changes_nothing_after_it(steps: list[Step], before: int) -> None:
    kept, moment = Shedding(steps), START + timedelta(microseconds=before)
    kept.forget(moment)
    again = Shedding(kept.steps)
    for n in range(4):
        start = moment + n * HALF
        expected = Shedding(steps).mean(start, start + HALF)
        assert kept.mean(start, start + HALF) == again.mean(start, start + HALF) == expected


def test_a_level_that_is_not_in_the_table_sheds_as_the_next_lower() -> None:
    assert fraction_for(Decimal(0), TABLE) == 0
    assert fraction_for(Decimal("1.0"), TABLE) == Fraction(3, 20)
    assert fraction_for(Decimal(3), TABLE) == Fraction(2, 5)


# ------------------------------------------------------------------ the simulated load


async def test_a_simulated_load_follows_levels_and_goes_back_to_normal() -> None:
    load = SimulatedLoad("hvac", TABLE)
    await load.apply(command(1), START)
    await load.apply(command(2), START + 15 * MINUTE)
    await load.apply(command(None, CommandKind.NORMAL, signal=""), START + HALF)
    assert load.reduced(Decimal(1000), START, START + HALF) == 725
    assert load.reduced(Decimal(1000), START + HALF, START + 2 * HALF) == 1000


async def test_ramp_up_and_recovery_take_the_time_that_the_event_gives() -> None:
    load = SimulatedLoad("hvac", TABLE, ramp=MINUTE)
    about = event(ramp_up=10 * MINUTE, recovery=20 * MINUTE)
    await load.apply(command(1, CommandKind.RAMP_UP, about=about), START - 10 * MINUTE)
    assert load.shedding.at(START - 5 * MINUTE) == Fraction(3, 40)
    await load.apply(command(1, about=about), START)
    assert load.shedding.at(START) == Fraction(3, 20)
    end = START + 2 * HALF
    await load.apply(command(None, CommandKind.RECOVERY, about=about), end)
    assert load.shedding.at(end + 10 * MINUTE) == Fraction(3, 40)
    await load.apply(command(None, CommandKind.NORMAL), end + 20 * MINUTE)
    assert load.shedding.at(end + 20 * MINUTE) == 0


async def test_without_a_ramp_in_the_event_the_load_takes_its_own() -> None:
    load = SimulatedLoad("hvac", TABLE, ramp=4 * MINUTE)
    await load.apply(command(2, about=event()), START)
    assert load.shedding.at(START + 2 * MINUTE) == Fraction(1, 5)
    await load.apply(command(None, CommandKind.RECOVERY, about=event()), START + HALF)
    assert load.shedding.at(START + HALF + 2 * MINUTE) == Fraction(1, 5)


async def test_the_same_command_again_changes_nothing() -> None:
    load = SimulatedLoad("hvac", TABLE, ramp=10 * MINUTE)
    await load.apply(command(2), START)
    await load.apply(command(2), START + 5 * MINUTE)
    assert len(load.shedding.steps) == 1


async def test_a_signal_that_the_load_does_not_follow_is_left_alone() -> None:
    load = SimulatedLoad("hvac", TABLE)
    about = event()
    await load.apply(command(1, about=about), START)
    await load.apply(command(3, signal="ELECTRICITY_PRICE", about=about), START + MINUTE)
    assert load.shedding.target == Fraction(3, 20)
    prices = SimulatedLoad("hvac", TABLE, signals=frozenset({"ELECTRICITY_PRICE"}))
    await prices.apply(command(2, signal="ELECTRICITY_PRICE"), START)
    assert prices.shedding.target == Fraction(2, 5)


async def test_when_an_event_without_its_signal_counts_the_load_is_back_to_normal(
    tmp_path: Path,
) -> None:
    notes = Notes(tmp_path / "hvac.json")
    both, price = event(event_id="e-1"), event(event_id="e-2")
    load = SimulatedLoad("hvac", TABLE, notes=notes)
    await load.apply(command(1, about=both), START)
    load = SimulatedLoad("hvac", TABLE, notes=notes)
    await load.apply(command(5, signal="ELECTRICITY_PRICE", about=both), START)
    assert load.shedding.target == Fraction(3, 20)
    await load.apply(command(5, signal="ELECTRICITY_PRICE", about=price), START + MINUTE)
    assert load.shedding.target == 0
    await load.apply(command(1, about=both), START + HALF)
    assert load.shedding.target == Fraction(3, 20)


async def test_a_load_that_is_started_again_knows_what_it_was_told(tmp_path: Path) -> None:
    path = tmp_path / "state" / "hvac.json"
    about = event(ramp_up=10 * MINUTE)
    first = SimulatedLoad("hvac", TABLE, notes=Notes(path))
    moment = START - 10 * MINUTE + timedelta(microseconds=1)
    await first.apply(command(1, CommandKind.RAMP_UP, about=about), moment)
    await first.apply(command(2, about=about), START + 7 * MINUTE)
    again = SimulatedLoad("hvac", TABLE, notes=Notes(path))
    assert again.shedding.steps == first.shedding.steps
    for start in (START - HALF, START, START + HALF):
        value = Decimal("512.123456")
        assert again.reduced(value, start, start + HALF) == first.reduced(
            value, start, start + HALF
        )
    why = json.loads(path.read_text())["steps"][-1]["why"]
    assert why == "SIMPLE 2 (e-1)"
    await again.apply(command(2, about=about), START + 9 * MINUTE)
    assert len(again.shedding.steps) == 2


async def test_old_history_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "hvac.json"
    load = SimulatedLoad("hvac", TABLE, notes=Notes(path), memory=timedelta(days=1))
    for day in range(30):
        await load.apply(command(1), START + timedelta(days=day))
        await load.apply(command(None, CommandKind.NORMAL), START + timedelta(days=day, hours=1))
    assert len(json.loads(path.read_text())["steps"]) <= 4


@pytest.mark.parametrize("text", ["", "[]", '{"steps": [{}]}', '{"steps": [{"at": 3}]}'])
def test_notes_that_are_none_are_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "hvac.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"hvac\.json: .*delete it to start afresh"):
        SimulatedLoad("hvac", TABLE, notes=Notes(path))


def test_a_load_cannot_shed_more_than_itself() -> None:
    with pytest.raises(ValueError, match="level 1 sheds 3/2; expected 0 to 1"):
        SimulatedLoad("hvac", {Decimal(1): Fraction(3, 2)})


# ------------------------------------------------------------------ passing commands on


async def test_a_python_load_calls_functions_and_coroutine_functions() -> None:
    seen: list[Any] = []

    def plain(command: Command, now: datetime) -> None:
        seen.append((command.level, now))

    async def asynchronous(command: Command, now: datetime) -> None:
        seen.append((command.level, now))

    for function in (plain, asynchronous):
        await PythonLoad("hvac", function).apply(command(2), START)
    assert seen == [(2, START), (2, START)]


async def test_a_python_load_that_fails_or_hangs_says_so() -> None:
    def fails(command: Command, now: datetime) -> None:
        raise RuntimeError("no answer from the chiller")

    def hangs(command: Command, now: datetime) -> None:
        time.sleep(0.05)

    async def waits(command: Command, now: datetime) -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="no answer from the chiller"):
        await PythonLoad("hvac", fails).apply(command(1), START)
    for function in (hangs, waits):
        with pytest.raises(TimeoutError):
            await PythonLoad("hvac", function, time_limit=0.005).apply(command(1), START)


def test_a_python_load_of_another_signature_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a function of \(command, now\)"):
        PythonLoad("hvac", lambda command: None)


async def test_a_log_load_writes_what_it_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "openadr")
    await LogLoad("hvac").apply(command(1, about=event()), START)
    assert "load hvac: SIMPLE level 1, interval 0 of event e-1" in caplog.text


def test_a_command_has_words_for_each_kind() -> None:
    about = event()
    texts = [
        describe(command(2, CommandKind.RAMP_UP, about=about)),
        describe(command(None, CommandKind.RECOVERY, about=about)),
        describe(command(None, CommandKind.NORMAL)),
    ]
    assert texts == [
        "SIMPLE level 2, ramp-up of event e-1",
        "back to normal, recovery of event e-1",
        "back to normal",
    ]
