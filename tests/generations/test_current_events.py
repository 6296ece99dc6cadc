"""The events of the server page of OpenLEADR 0.5.34 run on our VTN."""

import asyncio
from dataclasses import asdict
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest

from oadr import messages as m
from tests.generations.pages import runs
from tests.generations.stage import (
    Printed,
    a_peer,
    an_event,
    events_of,
    let_in,
    load,
    serving,
    soon,
    stock_ven,
    until,
)
from vtn import VTN

MINUTE = timedelta(minutes=1)


@runs("current/events_dicts")
async def test_an_event_of_dicts_reaches_its_target_and_its_callback(printed: Printed) -> None:
    program = load("current/events_dicts")
    let_in(program.server)
    async with serving(program.server), a_peer(program.server) as peer:
        await peer.register()
        shot = await events_of(peer)
        (event,) = shot.events
        assert event.event_id == program.event_id
        assert event.target == m.Target(resource_ids=("Device001",))
        # What goes out is to the second.
        assert event.active_period.dtstart == program.soon.replace(microsecond=0)
        assert event.active_period.duration == 30 * MINUTE
        assert _levels(event.signals[0]) == [(15 * MINUTE, 1), (15 * MINUTE, 0)]
        await peer.answer(shot, "optOut")
        line = f"VEN ven123 responded optOut to event {program.event_id}"
        assert await until(lambda: printed.lines(line))


@runs("current/events_objects")
async def test_an_event_of_objects_reaches_its_target_and_its_callback(printed: Printed) -> None:
    program = load("current/events_objects")
    let_in(program.server)
    async with serving(program.server), a_peer(program.server) as peer:
        await peer.register()
        shot = await events_of(peer)
        (event,) = shot.events
        assert event.target == m.Target(resource_ids=("Device001",))
        assert _levels(event.signals[0]) == [(15 * MINUTE, 0), (15 * MINUTE, 1)]
        await peer.answer(shot)
        line = f"VEN ven123 responded optIn to event {program.event_id}"
        assert await until(lambda: printed.lines(line))


@runs("current/events_raw")
async def test_a_raw_event_goes_out_as_it_was_given(printed: Printed) -> None:
    program = load("current/events_raw")
    let_in(program.server)
    async with serving(program.server), a_peer(program.server) as peer:
        await peer.register()
        shot = await events_of(peer)
        (event,) = shot.events
        assert event.event_id == "event001"
        assert event.descriptor.market_context == "http://marketcontext01"
        assert event.target == m.Target(ven_ids=("ven123",))
        # The page gives a local time without its zone, to the microsecond.
        given = program.now.astimezone(UTC)
        assert abs(event.active_period.dtstart - given) < timedelta(seconds=1)
        simple, price = event.signals
        assert (simple.signal_id, simple.signal_name) == ("signal001", "SIMPLE")
        assert (price.signal_id, price.signal_name) == ("signal002", "ELECTRICITY_PRICE")
        assert price.signal_type == "price"
        await peer.answer(shot)
        assert await until(lambda: printed.lines("VEN ven123 responded optIn to event event001"))


@runs("current/events_raw")
async def test_openleadrs_own_ven_takes_the_raw_event(tmp_path: Path, printed: Printed) -> None:
    program = load("current/events_raw")
    let_in(program.server)
    async with serving(program.server):
        with stock_ven(tmp_path, program.server, opt="optOut") as ven:
            (event,) = await until(lambda: ven.said("event"))
            assert event["event"]["event_descriptor"]["event_id"] == "event001"
            assert len(event["event"]["event_signals"]) == 2
            line = "VEN ven123 responded optOut to event event001"
            assert await until(lambda: printed.lines(line))


@runs("current/events_future")
async def test_a_coroutine_adds_an_event_and_awaits_the_answer(printed: Printed) -> None:
    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    program = load("current/events_future", server=server, arguments=soon())
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        adding = asyncio.create_task(program.generate_event())
        shot = await until(lambda: _some(peer))
        assert not adding.done()
        await peer.answer(shot)
        await asyncio.wait_for(adding, 10)
        assert printed.lines("The opt status for this event is optIn")


@runs("current/events_targets")
async def test_targets_can_be_grouped_by_their_type() -> None:
    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    load("current/events_targets", server=server, arguments=soon())
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        (event,) = (await events_of(peer)).events
        assert event.target == m.Target(
            resource_ids=("resource01", "resource02"), group_ids=("group01", "group02")
        )


@pytest.mark.parametrize("given", ["target", "targets", "targets_by_type", "nothing"])
@pytest.mark.parametrize("as_object", [True, False], ids=["object", "dict"])
async def test_targets_are_given_in_any_of_four_ways(given: str, as_object: bool) -> None:
    from openleadr.objects import Target

    one: Any = Target(resource_id="r1") if as_object else {"resource_id": "r1"}
    target: dict[str, Any] = {
        "target": {"target": one},
        "targets": {"targets": [one]},
        "targets_by_type": {"targets_by_type": {"resource_id": ["r1"]}},
        "nothing": {},
    }[given]
    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    server.add_event(**soon(), **target)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        (event,) = (await events_of(peer)).events
        ven_itself = m.Target(ven_ids=("ven123",))
        assert event.target == (
            ven_itself if given == "nothing" else m.Target(resource_ids=("r1",))
        )


@pytest.mark.parametrize("as_object", [True, False], ids=["object", "dict"])
async def test_a_raw_event_is_an_object_or_a_dict(as_object: bool) -> None:
    event = an_event("e1")
    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    given = event if as_object else asdict(event)
    assert server.add_raw_event(ven_id="ven123", event=given, callback=answered) == "e1"
    assert server.events["ven123"] == [given]
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        shot = await events_of(peer)
        (sent,) = shot.events
        assert sent.event_id == "e1"
        assert sent.target == m.Target(ven_ids=("ven123",))
        await peer.answer(shot)
        assert await asyncio.wait_for(answered, 10) == "optIn"


async def test_a_delivery_callback_may_be_a_coroutine_function() -> None:
    delivered = asyncio.Event()

    async def on_delivery() -> None:
        delivered.set()

    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    server.add_event(**soon(), delivery_callback=on_delivery)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        await events_of(peer)
        await asyncio.wait_for(delivered.wait(), 10)


async def test_the_delivery_callback_is_called_when_the_event_goes_out() -> None:
    delivered = asyncio.Event()
    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    server.add_event(**soon(), delivery_callback=delivered.set)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        assert not delivered.is_set()
        await events_of(peer)
        await asyncio.wait_for(delivered.wait(), 10)


async def _some(peer: Any) -> m.DistributeEvent | None:
    shot = await events_of(peer)
    return shot if shot.events else None


def _levels(signal: m.Signal) -> list[Any]:
    return [
        (one.duration, one.payloads[0].value)  # type: ignore[union-attr]
        for one in signal.intervals
    ]
