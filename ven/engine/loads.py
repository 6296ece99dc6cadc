"""Tells the loads what the events want of them.

Spec: rules 3 and 18. Interpretation: of overlapping events, which the profile leaves
open, the more important one counts, and of equals the one that started later.
"""

import asyncio
from datetime import datetime
from decimal import Decimal

from oadr.messages import Event
from ven.engine.core import Core, log
from ven.load import Command, CommandKind, Load

#: Behind every priority that can be written: 0 and none are the lowest (R3).
_LOWEST = 2**32


class Loads:
    """The loads of a VEN and what each event wants of them now."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._loads: list[Load] = []
        self._failing: set[int] = set()
        # Event ID -> signal name -> command, in the order in which events began.
        self._wanted: dict[str, dict[str, Command]] = {}

    @property
    def reachable(self) -> bool:
        """Whether every load took what it was told last; a status is online only then (R510)."""
        return not self._failing

    def add(self, load: Load) -> None:
        """Adds a load."""
        self._loads.append(load)

    async def want(self, event: Event, signal_name: str, level: Decimal, interval: int) -> None:
        """An interval of an event has started."""
        command = Command(
            event=event,
            signal_name=signal_name,
            level=level,
            interval=interval,
            kind=CommandKind.INTERVAL,
        )
        await self._take(command, event)

    async def ramp_up(self, event: Event, signal_name: str, level: Decimal) -> None:
        """An event is about to start."""
        command = Command(
            event=event,
            signal_name=signal_name,
            level=level,
            interval=None,
            kind=CommandKind.RAMP_UP,
        )
        await self._take(command, event)

    async def release(self, event: Event, kind: CommandKind) -> None:
        """An event wants nothing any more: the next important one counts, or normal life."""
        self._wanted.pop(event.event_id, None)
        if self._wanted:
            await self._apply_leader()
            return
        await self._apply(
            Command(event=event, signal_name="", level=None, interval=None, kind=kind)
        )

    async def _take(self, command: Command, event: Event) -> None:
        self._wanted.setdefault(event.event_id, {})[command.signal_name] = command
        if self._leader() == event.event_id:
            await self._apply(command)

    async def _apply_leader(self) -> None:
        for command in tuple(self._wanted[self._leader()].values()):
            await self._apply(command)

    def _leader(self) -> str:
        def rank(event_id: str) -> int:
            event = next(iter(self._wanted[event_id].values())).event
            return (event.descriptor.priority if event else 0) or _LOWEST

        return min(reversed(self._wanted), key=rank)

    async def _apply(self, command: Command) -> None:
        now = self._core.clock.now()
        for number, load in enumerate(self._loads):
            if await self._apply_one(load, command, now):
                self._failing.discard(number)
            else:
                self._failing.add(number)

    async def _apply_one(self, load: Load, command: Command, now: datetime) -> bool:
        """Tells a load, and returns whether it took it."""
        try:
            async with asyncio.timeout(self._core.options.hook_seconds):
                await load.apply(command, now)
            return True
        except TimeoutError:
            log.error("load %s: took too long", type(load).__name__, extra=self._core.extra)
        except Exception as error:  # noqa: BLE001 - a load is somebody else's code
            log.error("load %s: %s", type(load).__name__, error, extra=self._core.extra)
        return False
