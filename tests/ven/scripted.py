"""The scripted VTN of ``ven.testing`` for tests of the VEN itself.

What it says here is built by hand, so that it can be wrong; and VENs can be killed.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from oadr.enums import EventStatus, ResponseRequired, SignalType
from oadr.messages import (
    EVERYTHING,
    Event,
    EventDescriptor,
    Interval,
    Period,
    ReportRequest,
    Signal,
    SignalPayload,
    SpecifierPayload,
    Target,
)
from runtime.clock import FakeClock
from runtime.fake_time import TimedWorld
from ven.client import Client
from ven.options import Options
from ven.state import Database
from ven.testing import HANG, ScriptedVTN

__all__ = ["HANG", "NOW", "ScriptedVTN", "World", "database_of", "event", "request"]

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def event(
    event_id: str = "e1",
    *,
    start: datetime = NOW + timedelta(minutes=30),
    levels: tuple[tuple[int, int], ...] = ((1, 10), (2, 20)),
    modification: int = 0,
    status: EventStatus = EventStatus.FAR,
    required: ResponseRequired = ResponseRequired.ALWAYS,
    market_context: str = "http://peak.example",
    start_after: timedelta | None = None,
    ramp_up: timedelta | None = None,
    recovery: timedelta | None = None,
    notification: timedelta = timedelta(0),
    priority: int | None = None,
    name: str = "SIMPLE",
    target: Target = EVERYTHING,
) -> Event:
    """Returns an event with one signal.

    Args:
        levels: pairs of level and minutes; 0 minutes has no end.
    """
    return Event(
        descriptor=EventDescriptor(
            event_id=event_id,
            modification_number=modification,
            priority=priority,
            market_context=market_context,
            created_date_time=NOW,
            event_status=status,
        ),
        active_period=Period(
            dtstart=start,
            duration=timedelta(minutes=sum(minutes for _, minutes in levels)),
            start_after=start_after,
            notification=notification,
            ramp_up=ramp_up,
            recovery=recovery,
        ),
        signals=(
            Signal(
                intervals=tuple(
                    Interval(
                        duration=timedelta(minutes=minutes),
                        uid=str(index),
                        payloads=(SignalPayload(value=Decimal(level)),),
                    )
                    for index, (level, minutes) in enumerate(levels)
                ),
                signal_name=name,
                signal_type=SignalType.LEVEL,
                signal_id="s1",
            ),
        ),
        target=target,
        response_required=required,
    )


def request(
    request_id: str = "rr-1",
    *r_ids: str,
    specifier: str = "TELEMETRY_USAGE",
    granularity: int = 60,
    back: int = 300,
    start: datetime | None = NOW,
    duration: timedelta = timedelta(0),
) -> ReportRequest:
    """Returns a report request; granularity and back in seconds."""
    return ReportRequest(
        report_request_id=request_id,
        report_specifier_id=specifier,
        granularity=timedelta(seconds=granularity),
        report_back_duration=timedelta(seconds=back),
        report_interval=None if start is None else Period(dtstart=start, duration=duration),
        data_points=tuple(SpecifierPayload(r_id=r_id) for r_id in r_ids or ("main",)),
    )


class World:
    """A scripted VTN, a fake clock, and the VENs that a test makes."""

    def __init__(self, state: str) -> None:
        self.vtn = ScriptedVTN()
        self.clock = FakeClock(moment=NOW)
        self.state = state
        self._open: list[Client] = []
        self._time = TimedWorld(self.clock)
        self._time.watch(progress=self._steps)

    def ven(self, *, random: Random | None = None, **options: Any) -> Client:
        """Returns a VEN on the state file; another one on the same file is its restart."""
        client = Client(
            "school-7",
            "http://vtn.example",
            options=Options(ven_name="school-7", **{"poll_jitter": 0.0, **options}),
            state=self.state,
            clock=self.clock,
            random=random or Random(1),
            exchange=self.vtn,
        )
        self._open.append(client)
        return client

    async def start(self, client: Client) -> Client:
        """Starts a VEN and lets it come to rest."""
        await client.start()
        await self.rest()
        return client

    async def run(self, client: Client) -> asyncio.Task[None]:
        """Lets a VEN run in a task of its own and come to rest."""
        running = asyncio.create_task(client.run())
        while not database_of(client).is_open:  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0.001)
        await self.rest()
        return running

    async def rest(self) -> None:
        """Lets everything run that can run now, the thread of the state included."""
        await self._time.rest()

    async def pass_time(self, duration: timedelta, step: timedelta = timedelta(seconds=10)) -> None:
        """Lets time pass in steps, at each of which everything comes to rest."""
        end = self.clock.moment + duration
        while self.clock.moment < end:
            await self.clock.advance(min(step, end - self.clock.moment))
            await self.rest()

    async def _steps(self) -> int:
        return len(self.vtn.received) + sum([await client.progress() for client in self._open])

    async def kill(self, client: Client) -> None:
        """Ends a VEN as kill -9 would: nothing more is written or sent."""
        self._open.remove(client)
        await database_of(client).close()
        await client._machine.stop(grace=0.001)

    async def close(self) -> None:
        """Ends all VENs."""
        for client in self._open:
            await client.stop()


def database_of(client: Client) -> Database:
    """Returns the state file of a VEN."""
    return client._machine.core.state.database
