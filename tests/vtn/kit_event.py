"""Events for tests of the rules: composed by an operator, or given by a handler, and looked at
as they are on the wire."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from lxml.etree import _Element

from oadr import codec
from oadr import messages as m
from oadr.codec.namespaces import NAMESPACES
from oadr.enums import SignalType
from oadr.errors import ProtocolError
from oadr.event import build_event, parse_levels
from oadr.units import unit
from vtn.hooks import Context, EventHandler, PollHandler
from vtn.testing import JoinedWorld, Peer
from vtn.testing import joined as joined_world
from vtn.testing.stage import EVERYONE

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NOTHING = timedelta(0)
EUROS = unit("currencyPerKWh", units="EUR")


class Programme(EventHandler, PollHandler):
    """An application that has events of its own, for whoever asks for events or polls."""

    def __init__(self) -> None:
        self.events: Sequence[m.Event] | None = None

    async def on_request_event(self, ctx: Context) -> Sequence[m.Event] | None:
        return self.events

    async def on_poll(self, ctx: Context) -> Sequence[m.Event] | None:
        return self.events


@asynccontextmanager
async def stage(*handlers: object) -> AsyncIterator[tuple[JoinedWorld, Peer]]:
    """A whole VTN with one VEN for which nothing waits."""
    async with joined_world(handlers=handlers) as world:
        await world.ven.join()
        yield world, world.ven


def made(world: JoinedWorld, levels: str = "1:15m,2:30m,3:15m", **values: Any) -> m.Event:
    """Returns an event that begins in an hour, and is not published yet."""
    now = world.clock.now()
    fields: dict[str, Any] = {
        "event_id": "e1",
        "market_context": "http://programme.example",
        "start": now + HOUR,
        "intervals": parse_levels(levels),
    }
    return build_event(now=now, **(fields | values))


def signal(name: str, kind: SignalType, *values: str, signal_id: str = "", **more: Any) -> m.Signal:
    """Returns a signal of one interval of a quarter of an hour for each value."""
    return m.Signal(
        intervals=tuple(step(value) for value in values),
        signal_name=name,
        signal_type=kind,
        signal_id=signal_id,
        **more,
    )


def step(value: str, duration: timedelta = 15 * MINUTE, **more: Any) -> m.Interval:
    """Returns an interval without a uid."""
    payloads = (m.SignalPayload(value=Decimal(value)),)
    return m.Interval(duration=duration, **({"payloads": payloads} | more))


def prices(*values: str, **more: Any) -> m.Signal:
    """Returns a signal of prices."""
    return signal("ELECTRICITY_PRICE", SignalType.PRICE, *values, unit=EUROS, **more)


def baseline(event: m.Event, *values: str, **more: Any) -> m.Baseline:
    """Returns a baseline of one interval of a quarter of an hour for each value."""
    given: dict[str, Any] = {
        "dtstart": event.active_period.dtstart,
        "duration": len(values) * 15 * MINUTE,
        "intervals": tuple(step(value) for value in values),
        "baseline_id": "b1",
        "baseline_name": "last week",
        "unit": unit("powerReal"),
    }
    return m.Baseline(**(given | more))


def with_signals(event: m.Event, *signals: m.Signal) -> m.Event:
    """Returns the event with other signals, and as long as the first of them."""
    duration = sum((one.duration or NOTHING for one in signals[0].intervals), NOTHING)
    period = replace(event.active_period, duration=duration)
    return replace(event, signals=signals, active_period=period)


def with_signal(event: m.Event, **changes: Any) -> m.Event:
    """Returns the event with its only signal changed."""
    (only,) = event.signals
    return replace(event, signals=(replace(only, **changes),))


def with_period(event: m.Event, **changes: Any) -> m.Event:
    """Returns the event with its active period changed."""
    return replace(event, active_period=replace(event.active_period, **changes))


async def publish(world: JoinedWorld, event: m.Event) -> m.Event:
    """Lets the operator publish an event for everyone."""
    stored, _ = await world.operator.create_event(event, EVERYONE, now=world.clock.now())
    return stored.event


async def ask(peer: Peer, limit: int | None = None) -> m.DistributeEvent:
    """Returns all events of a VEN, as it gets them when it asks."""
    shot = await peer.post(m.RequestEvent(request_id="r", ven_id=peer.ven_id, reply_limit=limit))
    assert isinstance(shot, m.DistributeEvent)
    return shot


async def the(peer: Peer) -> m.Event:
    """Returns the only event of a VEN, as it gets it."""
    (event,) = (await ask(peer)).events
    return event


async def document(peer: Peer) -> _Element:
    """Returns what a VEN gets when it asks for its events, as XML."""
    body = codec.encode(m.RequestEvent(request_id="r", ven_id=peer.ven_id))
    return codec.parse((await peer.raw("EiEvent", body)).body)


def texts(root: _Element, path: str) -> list[str]:
    """Returns the texts at an XPath, with the prefixes of the schema."""
    found: Any = root.xpath(path, namespaces=NAMESPACES)
    return [one if isinstance(one, str) else one.text or "" for one in found]


async def refused(rule: str, broken: Any, **values: Any) -> None:
    """Checks that an event is refused when it is given, whoever gives it, and never sent.

    Args:
        rule: that it breaks.
        broken: takes an event that is right, and returns one that breaks the rule.
        values: of the event that is right; see ``made``.
    """
    async with stage(programme := Programme()) as (world, peer):
        event = broken(made(world, **values))
        with pytest.raises(ProtocolError) as caught:
            await publish(world, event)
        assert caught.value.rule == rule, str(caught.value)
        await publish(world, made(world, event_id="right", **values))
        wrong = broken(made(world, **values))
        with pytest.raises(ProtocolError) as caught:
            await world.operator.modify_event(
                replace(wrong, descriptor=replace(wrong.descriptor, event_id="right")),
                now=world.clock.now(),
            )
        assert caught.value.rule == rule, str(caught.value)
        programme.events = [event]
        asked = await peer.post(m.RequestEvent(request_id="r", ven_id=peer.ven_id))
        assert (asked.response.code, asked.events) == (469, ())
        polled = [await peer.poll(), await peer.poll()]
        assert [one.event_id for one in polled[0].events] == ["right"]
        assert polled[1].response.code == 469
        programme.events = None
        assert [one.event_id for one in (await ask(peer)).events] == ["right"]
