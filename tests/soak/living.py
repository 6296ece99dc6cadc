"""Lets a day happen to a town."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from oadr.errors import OpenADRError
from oadr.event import build_event
from oadr.messages import Event, Period, SignalPayload
from tests.soak.plan import (
    DAY,
    Cancel,
    ChangeMind,
    Day,
    EndSchedule,
    Happening,
    Modify,
    Publish,
    Reregister,
    Restart,
    Schedule,
)
from tests.soak.town import House, Town
from vtn.audience import Audience
from vtn.operator import Operator
from vtn.operator.acting import find_event
from vtn.testing.stage import PROGRAMME

log = logging.getLogger("openadr.soak")

#: How long lines are sound and nobody goes down before both sides are compared.
QUIET = timedelta(hours=4)


async def live(day: Day, folder: Path, *, length: timedelta = DAY) -> Town:
    """Returns a town after a day, when all has come to rest."""
    town = Town(day, folder)
    await town.open()
    upkeep = asyncio.create_task(town.keep_up())
    loop = asyncio.get_running_loop()
    doing = []
    for at, happening in day.happenings:
        if at < length:
            await asyncio.sleep(at.total_seconds() - loop.time())
            doing.append(asyncio.create_task(_happen(town, happening)))
    await asyncio.sleep(max(0.0, length.total_seconds() - loop.time()))
    await asyncio.gather(*doing)
    for house in town.houses.values():
        house.line.sound = True
    await asyncio.sleep(QUIET.total_seconds())
    upkeep.cancel()
    return town


async def _happen(town: Town, happening: Happening) -> None:
    """Does what happens; what the rules forbid at this moment does not happen."""
    if isinstance(happening, Restart):
        await _restart(town, happening)
        return
    with suppress(OpenADRError):
        if isinstance(happening, ChangeMind | Schedule | EndSchedule):
            house = town.houses[happening.who]
            if house.client is not None:
                await _decide(house, happening)
        else:
            await _operate(town, await _operator(town), happening)


async def _restart(town: Town, happening: Restart) -> None:
    house = town.houses.get(happening.who)
    if house is None:
        await (town.kill_vtn() if happening.kill else town.stop_vtn())
    else:
        await (house.kill() if happening.kill else house.stop())
    await asyncio.sleep(happening.down.total_seconds())
    if house is None:
        if town.operator is None:
            await town.start_vtn()
    elif house.client is None:
        await house.start()


async def _operator(town: Town) -> Operator:
    """Returns what an operator can do, who waits while the VTN is down."""
    await town.up.wait()
    if town.operator is None:
        raise RuntimeError("the VTN is up and down at once")
    return town.operator


async def _operate(
    town: Town, operator: Operator, happening: Publish | Modify | Cancel | Reregister
) -> None:
    now = town.now()
    if isinstance(happening, Publish):
        await operator.create_event(
            _event(town, happening), Audience(vens=frozenset(happening.to)), now=now
        )
    elif isinstance(happening, Modify):
        async with town.store.read() as tx:
            stored = await find_event(tx, happening.event)
        await operator.modify_event(_changed(stored.event, happening), now=now)
    elif isinstance(happening, Cancel):
        await operator.cancel_event(happening.event, now=now)
    else:
        await operator.request_reregistration(happening.who, now=now)


def _event(town: Town, publish: Publish) -> Event:
    return build_event(
        event_id=publish.event,
        market_context=PROGRAMME,
        start=town.now() + publish.starts_in,
        intervals=publish.steps,
        start_after=publish.start_after,
        response_required=publish.response,
        now=town.now(),
    )


def _changed(event: Event, modify: Modify) -> Event:
    signal = event.signals[0]
    last = replace(signal.intervals[-1], payloads=(SignalPayload(value=modify.level),))
    intervals = (*signal.intervals[:-1], last)
    return replace(event, signals=(replace(signal, intervals=intervals),))


async def _decide(house: House, happening: ChangeMind | Schedule | EndSchedule) -> None:
    client = house.client
    if client is None:
        return
    if isinstance(happening, ChangeMind):
        held = sorted(event.event_id for event in client.events)
        if held:
            await client.opt(held[happening.which % len(held)], happening.opt)
    elif isinstance(happening, Schedule):
        start = (house.clock.now() + happening.starts_in).replace(microsecond=0)
        house.asked.append((happening.opt_id, happening.opt))
        await client.create_opt(
            happening.opt,
            "overrideStatus",
            availability=[Period(dtstart=start, duration=happening.lasts)],
            opt_id=happening.opt_id,
        )
    else:
        made = [opt_id for opt_id, opt in house.asked if opt is not None]
        if made:
            opt_id = made[happening.which % len(made)]
            house.asked.append((opt_id, None))
            await client.cancel_opt(opt_id)
