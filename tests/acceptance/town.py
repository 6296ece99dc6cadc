"""Where utilities and buildings run: in this process, or as processes of their own."""

import asyncio
import signal
from collections.abc import Callable
from typing import Any

from oadr import messages as m
from oadr.event import build_event, parse_levels
from runtime.clock import FakeClock
from tests.acceptance.world import EVERYONE, HOUR, PROGRAMME, Building, Utility, until
from vtn.demo.processes import Process
from vtn.operator import Audience, target_of


class Town:
    """What runs in this process, and the clock that the test moves."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self._running: list[Utility | Building] = []

    async def up(self, what: Utility | Building, *handlers: object) -> None:
        """Starts a VTN or a VEN."""
        self._running.append(what)
        await what.start(self.clock, handlers)

    async def down(self) -> None:
        """Ends everything, the buildings first."""
        for one in reversed(self._running):
            await one.stop()

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Waits for a condition while the clock moves on."""
        return await until(condition, clock=self.clock)

    async def registered(self, *buildings: Building) -> None:
        """Waits until buildings are registered and have told what they measure."""
        for building in buildings:
            await self.until(lambda b=building: introduced(b))  # type: ignore[misc]

    async def dispatch(
        self, utility: Utility, event_id: str, audience: Audience = EVERYONE, **values: Any
    ) -> m.Event:
        """Publishes an event, by default in an hour, at level 1 and then 2."""
        now = self.clock.now()
        fields: dict[str, Any] = {
            "event_id": event_id,
            "market_context": PROGRAMME,
            "start": now + HOUR,
            "intervals": parse_levels("1:10m,2:10m"),
            "target": target_of(audience),
        }
        event = build_event(now=now, **(fields | values))
        stored, _ = await utility.operator.create_event(event, audience, now=now)
        return stored.event

    async def change(self, utility: Utility, event: m.Event, **values: Any) -> m.Event:
        """Changes an event to other intervals, another start or another comment."""
        now = self.clock.now()
        fields: dict[str, Any] = {
            "event_id": event.event_id,
            "market_context": PROGRAMME,
            "start": event.active_period.dtstart,
            "intervals": parse_levels("1:10m,2:10m"),
            "target": event.target,
            "start_after": event.active_period.start_after,
        }
        changed = build_event(now=now, **(fields | values))
        return (await utility.operator.modify_event(changed, now=now)).event


def introduced(building: Building) -> bool:
    """Returns whether a building is registered and its metadata are known."""
    registration = building.ven.registration if building.ven else None
    return registration is not None and registration.introduced is not None


class Street:
    """Processes of their own; all are ended with the test."""

    def __init__(self) -> None:
        self._processes: list[Process] = []

    def up(self, what: Utility | Building) -> Process:
        """Starts a VTN or a VEN."""
        process = what.process()
        self._processes.append(process)
        process.start()
        return process

    async def again(self, process: Process, how: signal.Signals) -> None:
        """Ends a process, orderly or not, and starts it again."""
        if how is signal.SIGTERM:
            # One that has only just been started does not listen to signals yet.
            status = await asyncio.to_thread(process.stop)
            assert status in (0, -how), process.last_words(40)
        else:
            await asyncio.to_thread(process.kill)
        process.start()

    def down(self) -> None:
        """Ends everything that still runs."""
        for process in self._processes:
            if process.running:
                process.kill()

    def logs(self) -> str:
        """Returns what they said, for a test that fails."""
        return "\n".join(f"{one.name}: {one.last_words(40)}" for one in self._processes)
