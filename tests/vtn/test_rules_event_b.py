"""EiEvent, the rules R100 to R116: what a VTN sends, and what it refuses to send."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import SignalType
from oadr.event import DEVICE_CLASSES
from oadr.units import unit
from tests.vtn.kit_event import (
    EUROS,
    HOUR,
    MINUTE,
    NOTHING,
    Programme,
    ask,
    baseline,
    document,
    made,
    prices,
    publish,
    refused,
    signal,
    stage,
    step,
    texts,
    the,
    with_period,
    with_signal,
    with_signals,
)

Broken = Callable[[m.Event], m.Event]
#: A step of one hour with another thing wrong in it.
TWO_PAYLOADS = (m.SignalPayload(value=Decimal(1)), m.SignalPayload(value=Decimal(2)))
STATUS = m.SignalPayload(value=m.ResourceStatus(online=True, manual_override=False))


def of_steps(*steps: m.Interval) -> Broken:
    """Puts other intervals into the signal."""
    return lambda event: with_signal(event, intervals=steps)


def in_baseline(*steps: m.Interval) -> Broken:
    """Adds a baseline of an hour with these intervals."""
    return lambda event: replace(
        event, baseline=baseline(event, "1", duration=HOUR, intervals=steps)
    )


# ---------------------------------------------------------------- intervals


async def test_r100_r101_r102_r103_signals_and_baselines_have_numbered_steps_of_one_number() -> (
    None
):
    async with stage() as (world, peer):
        event = made(world)
        event = with_signals(event, *event.signals, prices(*"1234", signal_id="1"))
        await publish(world, replace(event, baseline=baseline(event, *"567")))
        root = await document(peer)
        for path, values in (
            ("//ei:eiEventSignal[1]", ["1", "2", "3"]),
            ("//ei:eiEventSignal[2]", ["1", "2", "3", "4"]),
            ("//ei:eiEventBaseline", ["5", "6", "7"]),
        ):
            step = f"{path}//ei:interval"
            count = len(values)
            assert texts(root, f"{step}/ei:signalPayload/ei:payloadFloat/ei:value") == values
            assert len(texts(root, f"{step}/ei:signalPayload")) == count
            uids = [str(number) for number in range(count)]
            assert texts(root, f"{step}/xcal:uid/xcal:text") == uids
            assert len(texts(root, f"{step}/xcal:duration/xcal:duration")) == count
        assert texts(root, "//ei:interval//xcal:dtstart") == []
        sent = await the(peer)
    assert sent.baseline is not None
    assert sum((one.duration or NOTHING for one in sent.baseline.intervals), NOTHING) == (
        sent.baseline.duration
    )


@pytest.mark.parametrize("where", [of_steps, in_baseline], ids=["signal", "baseline"])
@pytest.mark.parametrize("payloads", [(), TWO_PAYLOADS, (STATUS,)], ids=["none", "two", "status"])
async def test_r100_a_step_without_exactly_one_number_is_refused(
    where: Callable[..., Broken], payloads: tuple[Any, ...]
) -> None:
    await refused("R100", where(step("1", HOUR, payloads=payloads)))


@pytest.mark.parametrize("uids", ["12", "10", "00"])
async def test_r101_a_baseline_that_is_numbered_otherwise_is_refused(uids: str) -> None:
    steps = [step("1", 30 * MINUTE, uid=uid) for uid in uids]
    await refused("R101", in_baseline(*steps))


@pytest.mark.parametrize("where", [of_steps, in_baseline], ids=["signal", "baseline"])
@pytest.mark.parametrize("duration", [None, -MINUTE], ids=["none", "negative"])
async def test_r102_a_step_without_a_duration_is_refused(
    where: Callable[..., Broken], duration: timedelta | None
) -> None:
    await refused("R102", where(replace(step("1"), duration=duration)))


async def test_r102_a_baseline_that_does_not_add_up_or_has_no_steps_is_refused() -> None:
    await refused("R102", in_baseline(step("1", 59 * MINUTE)))
    await refused("R102", in_baseline())
    await refused("R102", of_steps())


@pytest.mark.parametrize("where", [of_steps, in_baseline], ids=["signal", "baseline"])
async def test_r103_a_step_with_a_dtstart_is_refused(where: Callable[..., Broken]) -> None:
    def broken(event: m.Event) -> m.Event:
        return where(step("1", HOUR, dtstart=event.active_period.dtstart))(event)

    await refused("R103", broken)


# ---------------------------------------------------------------- kinds of signals


def of_kind(name: str, kind: SignalType, value: str, item: Any = None) -> Broken:
    """Makes the signal another one of four quarters of an hour."""
    return lambda event: with_signals(event, signal(name, kind, *[value] * 4, unit=item))


POWER = unit("powerReal")


@pytest.mark.parametrize(
    "broken",
    [
        of_kind("ELECTRICITY_PRICE", SignalType.SETPOINT, "1", EUROS),
        of_kind("ELECTRICITY_PRICE", SignalType.PRICE, "1"),
        of_kind("ELECTRICITY_PRICE", SignalType.PRICE, "1", POWER),
        of_kind("ELECTRICITY_PRICE", SignalType.PRICE_MULTIPLIER, "1", EUROS),
        of_kind("LOAD_DISPATCH", SignalType.SETPOINT, "1", EUROS),
        of_kind("LOAD_DISPATCH", SignalType.LEVEL, "11", POWER),
        of_kind("LOAD_CONTROL", SignalType.LOAD_CONTROL_CAPACITY, "1.1"),
        of_kind("CHARGE_STATE", SignalType.MULTIPLIER, "-0.1"),
        of_kind("HOUSE_PRICE", SignalType.PRICE, "1", EUROS),
    ],
    ids=["type", "no unit", "unit", "unit where none is", "power", "level", "part", "low", "name"],
)
async def test_r104_a_well_known_signal_of_another_type_unit_or_value_is_refused(
    broken: Broken,
) -> None:
    await refused("R104", broken)


async def test_r104_well_known_signals_and_own_ones_are_sent_with_type_unit_and_value() -> None:
    kinds = (
        ("ELECTRICITY_PRICE", SignalType.PRICE_RELATIVE, "-0.5", EUROS),
        ("LOAD_DISPATCH", SignalType.LEVEL, "-10", POWER),
        ("LOAD_CONTROL", SignalType.LOAD_CONTROL_CAPACITY, "0.5", None),
        ("CHARGE_STATE", SignalType.DELTA, "2", unit("energyReal")),
        ("x-mine", SignalType.DELTA, "0.25", None),
    )
    async with stage() as (world, peer):
        for number, kind in enumerate(kinds):
            await publish(world, of_kind(*kind)(made(world, event_id=f"e{number}")))
        events = (await ask(peer)).events
        for event, (name, wanted, value, item) in zip(events, kinds, strict=True):
            (sent,) = event.signals
            assert (sent.signal_name, sent.signal_type, sent.unit) == (name, wanted, item)
            assert sent.intervals[0].payloads == (m.SignalPayload(value=Decimal(value)),)


async def test_r105_the_notification_is_there_also_if_nobody_gives_one() -> None:
    async with stage(programme := Programme()) as (world, peer):
        await publish(world, with_period(made(world), notification=None))
        programme.events = [with_period(made(world, event_id="e2"), notification=None)]
        root = await document(peer)
        path = "//ei:eiActivePeriod/xcal:properties/ei:x-eiNotification/xcal:duration"
        assert texts(root, path) == ["PT0S", "PT0S"]
        changed = with_period(made(world, "2:1h"), notification=None)
        await world.operator.modify_event(changed, now=world.clock.now())
        assert texts(await document(peer), path) == ["PT0S", "PT0S"]


async def test_r106_a_simple_signal_goes_with_others() -> None:
    async with stage() as (world, peer):
        event = made(world)
        event = with_signals(event, prices(*"1234", signal_id="1"), *event.signals)
        await publish(world, event)
        sent = await the(peer)
    assert [one.signal_name for one in sent.signals] == ["ELECTRICITY_PRICE", "SIMPLE"]


async def test_r107_two_signals_of_one_id_are_refused() -> None:
    def broken(event: m.Event) -> m.Event:
        return with_signals(event, *event.signals, prices(*"1234", signal_id="0"))

    await refused("R107", broken)


async def test_r107_signals_that_are_given_without_an_id_get_one_each() -> None:
    async with stage() as (world, peer):
        event = made(world)
        given = (prices(*"1234", signal_id="1"), prices(*"1234"), prices(*"1234"))
        await publish(world, with_signals(event, *given))
        found = texts(await document(peer), "//ei:eiEventSignal/ei:signalID")
    assert found[0] == "1"
    assert len(set(found)) == 3
    assert "" not in found


async def test_r108_a_baseline_names_the_resources_that_it_is_the_sum_of() -> None:
    async with stage() as (world, peer):
        event = made(world)
        aggregate = baseline(event, *"567", resource_ids=("hall", "attic"))
        await publish(world, replace(event, baseline=aggregate))
        root = await document(peer)
        path = "//ei:eiEventBaseline/ei:resourceID"
        assert texts(root, path) == ["hall", "attic"]
        sent = (await the(peer)).baseline
    assert sent is not None
    assert (sent.baseline_id, sent.baseline_name, sent.unit) == ("b1", "last week", POWER)


async def test_r110_the_value_of_another_signal_than_simple_is_left_out_while_nothing_runs() -> (
    None
):
    async with stage() as (world, peer):
        event = made(world, start_after=10 * MINUTE)
        both = with_signals(event, *event.signals, prices(*"1234", signal_id="1"))
        await publish(world, both)
        seen = []
        for minutes in (0, 65, 60):
            await world.clock.advance(minutes * MINUTE)
            root = await document(peer)
            path = "//ei:eiEventSignal[{}]/ei:currentValue/ei:payloadFloat/ei:value"
            seen.append((texts(root, path.format(1)), texts(root, path.format(2))))
    assert seen == [(["0"], []), (["1"], ["1"]), (["0"], [])]


# ---------------------------------------------------------------- targets of signals


async def test_r111_the_target_of_a_signal_has_device_classes_or_is_left_out() -> None:
    async with stage() as (world, peer):
        event = made(world)
        classes = m.Target(end_device_assets=(*sorted(DEVICE_CLASSES), "x-kiln"))
        first = replace(event.signals[0], target=classes)
        event = with_signals(event, first, prices(*"1234", signal_id="1", target=m.Target()))
        await publish(world, event)
        root = await document(peer)
    path = "//ei:eiEventSignal[1]/ei:eiTarget"
    assert texts(root, f"{path}/power:endDeviceAsset/power:mrid") == list(classes.end_device_assets)
    assert len(texts(root, f"{path}/*")) == len(DEVICE_CLASSES) + 1 == 23
    assert texts(root, "//ei:eiEventSignal[2]/ei:eiTarget") == []


@pytest.mark.parametrize(
    "target",
    [
        m.Target(ven_ids=("ven-1",)),
        m.Target(resource_ids=("hall",), end_device_assets=("Sauna",)),
        m.Target(end_device_assets=("Sauna", "Toaster")),
        m.Target(end_device_assets=("sauna",)),
    ],
    ids=["a VEN", "a resource as well", "an unknown class", "another case"],
)
async def test_r111_anything_else_in_the_target_of_a_signal_is_refused(target: m.Target) -> None:
    await refused("R111", lambda event: with_signal(event, target=target))


# ---------------------------------------------------------------- toward 2.0a, and SIMPLE


async def test_r113_a_current_value_that_means_nothing_may_be_left_out() -> None:
    async with stage() as (world, peer):
        await publish(world, with_signals(made(world), prices(*"1234")))
        assert texts(await document(peer), "//ei:currentValue") == []


@pytest.mark.parametrize("kind", [SignalType.SETPOINT, SignalType.DELTA, SignalType.PRICE])
async def test_r116_a_simple_signal_of_another_type_than_level_is_refused(kind: SignalType) -> None:
    await refused("R116", lambda event: with_signal(event, signal_type=kind))


async def test_r116_a_simple_signal_with_a_unit_is_refused() -> None:
    await refused("R116", lambda event: with_signal(event, unit=POWER))


async def test_r116_a_simple_signal_is_of_levels_also_if_it_was_written_small() -> None:
    async with stage() as (world, peer):
        await publish(world, with_signal(made(world), signal_name="simple"))
        root = await document(peer)
    assert texts(root, "//ei:signalName") == ["SIMPLE"]
    assert texts(root, "//ei:signalType") == ["level"]


async def test_r115_the_created_date_is_that_of_the_message_and_the_same_for_all() -> None:
    async with stage() as (world, peer):
        await publish(world, made(world))
        await world.clock.advance(MINUTE)
        await publish(world, made(world, event_id="e2"))
        await world.operator.cancel_event("e1", now=world.clock.now())
        await world.clock.advance(MINUTE)
        created = {event.descriptor.created_date_time for event in (await ask(peer)).events}
        assert created == {world.clock.now()}
        await world.clock.advance(MINUTE)
        created = {event.descriptor.created_date_time for event in (await peer.poll()).events}
        assert created == {world.clock.now()}
