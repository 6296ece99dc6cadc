"""The event cases of certification with the VEN under test, as far as they are known.

E1 are those of 2.0b, A_E1 those of 2.0a that are run again for 2.0b; the scripted VTN plays
the harness. Their twins for push (E0, A_E0) differ in the way of the message alone.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr.enums import SignalType
from oadr.messages import (
    Baseline,
    CreatedEvent,
    Event,
    Interval,
    Poll,
    RequestReregistration,
    Response,
    Signal,
    SignalPayload,
    Target,
)
from oadr.units import unit
from ven.load import Command
from ven.options import Options
from ven.testing import World, joined

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
EUROS = unit("currencyPerKWh", units="EUR")
RESOURCES = ("resource1", "resource2")
OPTIONS = Options(ven_name="ven-1", poll_jitter=0.0, resource_ids=frozenset(RESOURCES))


class Switch:
    """A load that remembers what it was told, in minutes after it was made."""

    def __init__(self, world: World) -> None:
        self._began = world.clock.now()
        self.told: list[tuple[float, str, Decimal | None]] = []

    async def apply(self, command: Command, now: datetime) -> None:
        minute = round((now - self._began) / MINUTE, 2)
        self.told.append((minute, command.signal_name, command.level))


def switch_of(world: World) -> Switch:
    switch = Switch(world)
    world.ven.add_load(switch)
    return switch


def answered(world: World) -> list[list[tuple[str, int, int, str]]]:
    """The answers, message by message: eventID, modification, code and opt."""
    return [
        [
            (one.event_id, one.modification_number, one.code, one.opt_type.value)
            for one in message.responses
        ]
        for message in world.vtn.got(CreatedEvent)
    ]


def steps(*values: str, each: timedelta = HOUR) -> tuple[Interval, ...]:
    return tuple(
        Interval(duration=each, uid=str(at), payloads=(SignalPayload(value=Decimal(value)),))
        for at, value in enumerate(values)
    )


async def distribute(world: World, *events: Event) -> None:
    """Lets the VEN poll these events and no others."""
    await world.rest()
    world.vtn.distribute(*events)
    await world.pass_time(seconds=10)


async def test_e1_1010_a_e1_0020_a_message_without_events_is_not_answered() -> None:
    """E1_1010, A_E1_0020: oadrDistributeEvent without events; no oadrCreatedEvent follows."""
    async with joined() as world:
        await distribute(world)
        await world.pass_time(minutes=5)
        assert world.vtn.got(CreatedEvent) == []
        assert world.vtn.got(Poll)


async def test_e1_1020_a_price_for_two_resources_is_opted_into() -> None:
    """E1_1020: in 10 minutes, 5 minutes, ELECTRICITY_PRICE, two resources."""
    async with joined(options=OPTIONS) as world:
        switch = switch_of(world)
        await world.vtn.send_event(
            "0.75:5m",
            event_id="e1",
            starts_in=10 * MINUTE,
            signal_name="ELECTRICITY_PRICE",
            unit=EUROS,
            target=Target(resource_ids=RESOURCES),
        )
        assert answered(world) == [[("e1", 0, 200, "optIn")]]
        await world.pass_time(minutes=20)
    assert switch.told == [(10, "ELECTRICITY_PRICE", Decimal("0.75")), (15, "", None)]


async def test_e1_1025_a_setpoint_of_40_watts_reaches_the_load() -> None:
    """E1_1025: LOAD_DISPATCH, setpoint, powerReal, 40."""
    async with joined() as world:
        switch = switch_of(world)
        await world.vtn.send_event(
            "40:15m",
            event_id="e1",
            starts_in=10 * MINUTE,
            signal_name="LOAD_DISPATCH",
            signal_type=SignalType.SETPOINT,
            unit=unit("powerReal"),
        )
        assert answered(world) == [[("e1", 0, 200, "optIn")]]
        await world.pass_time(minutes=12)
    assert switch.told == [(10, "LOAD_DISPATCH", Decimal(40))]


async def test_e1_1027_two_hours_of_prices_with_a_baseline_are_taken() -> None:
    """E1_1027: two intervals of an hour, a baseline, two resources."""
    async with joined(options=OPTIONS) as world:
        switch = switch_of(world)
        event = await world.vtn.send_event("1:1h,2:1h", event_id="made")
        start = event.active_period.dtstart
        (level,) = event.signals
        prices = replace(
            level,
            intervals=steps("0.3", "0.6"),
            signal_name="ELECTRICITY_PRICE",
            signal_type=SignalType.PRICE,
            unit=EUROS,
            current_value=None,
        )
        baseline = Baseline(
            dtstart=start,
            duration=2 * HOUR,
            intervals=steps("10", "20"),
            baseline_id="b1",
            baseline_name="last week",
            resource_ids=RESOURCES,
            unit=unit("powerReal"),
        )
        target = Target(resource_ids=RESOURCES)
        wanted = replace(
            event,
            descriptor=replace(event.descriptor, event_id="e1"),
            signals=(prices,),
            baseline=baseline,
            target=target,
        )
        await distribute(world, wanted)
        assert answered(world)[-1] == [("e1", 0, 200, "optIn")]
        assert [one.baseline for one in world.ven.events] == [baseline]
        await world.pass_time(hours=4)
    assert [level for _, _, level in switch.told] == [Decimal("0.3"), Decimal("0.6"), None]


async def test_e1_1040_several_events_of_one_message_are_answered_in_one() -> None:
    """E1_1040: several events in one payload."""
    async with joined() as world:
        for number in range(4):
            await world.vtn.send_event(event_id=f"e{number}", starts_in=(number + 1) * 2 * HOUR)
        expected = [(f"e{number}", 0, 200, "optIn") for number in range(4)]
        assert answered(world)[-1] == expected


async def test_e1_1055_a_level_and_a_price_of_one_event_are_both_carried_out() -> None:
    """E1_1055: SIMPLE level 2 and ELECTRICITY_PRICE 3.14 in one event."""
    async with joined() as world:
        switch = switch_of(world)
        event = await world.vtn.send_event("2:15m", event_id="made", starts_in=10 * MINUTE)
        price = Signal(
            intervals=steps("3.14", each=15 * MINUTE),
            signal_name="ELECTRICITY_PRICE",
            signal_type=SignalType.PRICE,
            signal_id="1",
            unit=EUROS,
        )
        both = replace(
            event,
            descriptor=replace(event.descriptor, event_id="e1"),
            signals=(*event.signals, price),
        )
        await distribute(world, both)
        assert answered(world)[-1] == [("e1", 0, 200, "optIn")]
        await world.pass_time(minutes=30)
    wanted = {(name, level) for _, name, level in switch.told if level is not None}
    assert wanted == {("SIMPLE", Decimal(2)), ("ELECTRICITY_PRICE", Decimal("3.14"))}
    assert switch.told[-1][2] is None


async def test_prompt_011_the_length_of_an_event_is_modified() -> None:
    """EPRI's prompt 011: the duration of an event is modified."""
    async with joined() as world:
        switch = switch_of(world)
        event = await world.vtn.send_event("1:5m", event_id="e1", starts_in=2 * MINUTE)
        period = replace(event.active_period, duration=10 * MINUTE)
        (signal,) = event.signals
        longer = replace(signal, intervals=steps("1", each=10 * MINUTE))
        await world.vtn.modify(replace(event, active_period=period, signals=(longer,)))
        assert answered(world) == [[("e1", 0, 200, "optIn")], [("e1", 1, 200, "optIn")]]
        await world.pass_time(minutes=15)
    assert [(minute, level) for minute, _, level in switch.told] == [(2, 1), (12, None)]


async def test_prompt_012_073_events_of_two_signals_and_one_more_in_25_minutes() -> None:
    """EPRI's prompts 012 (two events, one for each signal) and 073 (one more at +25 minutes)."""
    async with joined() as world:
        await world.vtn.send_event(event_id="level", starts_in=3 * HOUR)
        price: dict[str, Any] = {"signal_name": "ELECTRICITY_PRICE", "unit": EUROS}
        await world.vtn.send_event("0.5:1h", event_id="price", starts_in=5 * HOUR, **price)
        await world.vtn.send_event(event_id="more", starts_in=25 * MINUTE)
        assert {one[0]: one[2:] for one in answered(world)[-1]} == dict.fromkeys(
            ("level", "price", "more"), (200, "optIn")
        )


async def test_prompt_065_a_ven_id_in_another_case_is_refused() -> None:
    """EPRI's prompt 065: the case of a venID is inverted, which has to be an error."""
    async with joined() as world:
        await world.vtn.send_event(event_id="e1", target=Target(ven_ids=("VEN-1",)))
        assert answered(world) == [[("e1", 0, 462, "optOut")]]
        world.vtn.queue.append(RequestReregistration(ven_id="VEN-1"))
        await world.pass_time(seconds=10)
        (refusal,) = world.vtn.got(Response)
        assert refusal.response.code == 452


async def test_a_e1_0267_an_event_starts_at_random_within_its_window() -> None:
    """A_E1_0267: startafter; the start is put off at random, the length stays."""
    async with joined() as world:
        switch = switch_of(world)
        await world.vtn.send_event("1:5m", starts_in=5 * MINUTE, start_after=10 * MINUTE)
        await world.pass_time(minutes=30)
    (start, *_), (end, *_) = switch.told
    assert 5 <= start <= 15
    assert end - start == pytest.approx(5, abs=0.1)


@pytest.mark.parametrize("how", ["in words", "by its absence"])
async def test_a_e1_0268_a_cancelled_event_that_started_at_random_ends_at_random(how: str) -> None:
    """A_E1_0268: a randomised event is cancelled while it runs."""
    async with joined() as world:
        switch = switch_of(world)
        await world.vtn.send_event(
            "1:2h", event_id="e1", starts_in=5 * MINUTE, start_after=10 * MINUTE
        )
        await world.pass_time(minutes=20)
        assert [level for *_, level in switch.told] == [1]
        if how == "in words":
            await world.vtn.cancel("e1")
            assert answered(world)[-1] == [("e1", 1, 200, "optIn")]
        else:
            await distribute(world)
        await world.pass_time(minutes=11)
        (_, (end, _, level)) = switch.told
    assert level is None
    assert 20 < end <= 30.5
