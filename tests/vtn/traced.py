"""A session of a VTN and a VEN, and the trace that the VTN has written of it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from oadr import messages as m
from oadr.enums import OptType
from oadr.event import build_event, parse_levels
from runtime.capture.bundle import Bundle
from runtime.capture.reader import Reader
from runtime.capture.record import Exchange
from runtime.capture.redact import Redactor, Unredacted
from ven.client import Client
from vtn.store import event as events
from vtn.testing import JoinedWorld, fingerprint_of, joined

PRINT = fingerprint_of("school-7")
#: Each minute, reported every two.
REQUEST = [{"report": "TELEMETRY_USAGE", "every": "1m", "deliver": "2m"}]


async def exchanges(world: JoinedWorld, folder: Path) -> tuple[Exchange, ...]:
    """Returns the exchanges in the trace of a VTN, all that has been said so far."""
    capture = world.desk.traces.capture
    assert capture is not None
    capture.close()
    found = [entry.whole for entry in Reader(folder).new()]
    return tuple(one for one in found if isinstance(one, Exchange))


def exported(found: tuple[Exchange, ...], *, secrets: bool = False) -> Bundle:
    """Returns exchanges as ``vtn trace --export`` writes them."""
    redactor = Unredacted() if secrets else Redactor()
    kept = tuple(redactor.exchange(one) for one in found)
    return Bundle(side="VTN", name="north-grid", secrets=secrets, exchanges=kept)


_DAYS: dict[bool, tuple[Exchange, ...]] = {}


async def day(folder: Path, *, push: bool = False) -> tuple[Exchange, ...]:
    """Returns the exchanges of a day, which is lived once in a process; see ``lived``."""
    if push not in _DAYS:
        _DAYS[push] = await lived(folder, push=push)
    return _DAYS[push]


async def lived(folder: Path, *, push: bool = False) -> tuple[Exchange, ...]:
    """Returns the exchanges of a day with everything in it.

    A VEN registers and offers its meter, an event comes, is modified and is cancelled, another
    one runs, the VEN changes its mind and has a schedule, and reports all the while.

    Args:
        folder: where the trace is written.
        push: whether the VTN pushes.
    """
    overrides = {
        "vtn_id": "north-grid",
        "trace": {"folder": str(folder)},
        "reports": {"request": REQUEST},
    }
    async with joined(overrides) as world:
        now = world.clock.now()
        await world.operator.enrol("school-7", now=now, fingerprint=PRINT)
        ven = world.join(Client, "school-7", fingerprint=PRINT, push=push)

        @ven.meter("main-meter", measurement="energyReal", unit="Wh", every="10s")
        def main_meter() -> float:
            return 7.5

        await world.start(ven)
        await world.send_event("1:15m", event_id="e-1", to=["school-7"])
        await world.pass_time(minutes=3)
        await _modify(world, "e-1")
        await world.pass_time(minutes=1)
        await world.operator.cancel_event("e-1", now=world.clock.now())
        await world.pass_time(minutes=1)
        await world.send_event("2:5m", event_id="e-2", starts_in=timedelta(minutes=2))
        await world.pass_time(minutes=1)
        await ven.opt("e-2", OptType.OPT_OUT)
        away = m.Period(dtstart=world.clock.now() + timedelta(hours=3), duration=timedelta(hours=1))
        opt_id = await ven.create_opt("optOut", "emergency", availability=[away])
        await world.pass_time(minutes=1)
        await ven.cancel_opt(opt_id)
        await world.pass_time(minutes=12)
        return await exchanges(world, folder)


async def _modify(world: JoinedWorld, event_id: str) -> None:
    """Gives an event other levels."""
    async with world.store.read() as tx:
        row = await events.get(tx, event_id=event_id)
    assert row is not None
    held, now = row.event, world.clock.now()
    other = build_event(
        event_id=event_id,
        market_context=held.descriptor.market_context,
        start=held.active_period.dtstart,
        intervals=parse_levels("2:15m,1:15m"),
        now=now,
        target=held.target,
    )
    await world.operator.modify_event(
        replace(held, signals=other.signals, active_period=other.active_period), now=now
    )
