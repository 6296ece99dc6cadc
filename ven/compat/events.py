"""The events that a VEN holds, as OpenLEADR's applications look at them."""

import logging
from datetime import timedelta
from typing import Any

from oadr.enums import EventStatus
from oadr.event import effective_end, status_at
from oadr.messages import Event
from oadr.times import add
from ven.compat.dicts import event_dict
from ven.engine.machine import Machine
from ven.state import EventState, HeldEvent

log = logging.getLogger("openadr.ven")
_CANCELLED = frozenset({EventState.ENDING, EventState.RUNNING_OUT})


class Events:
    """The part of the client that shows its events."""

    _machine: Machine
    event_status_log_period: float
    events_clean_up_period: float

    @property
    def received_events(self) -> list[dict[str, Any]]:
        """The events of this VEN as dicts, in the order in which they came.

        The status is that of this moment. One that is over stays on the list for
        ``events_clean_up_period`` seconds.
        """
        now = self._machine.core.clock.now()
        kept = timedelta(seconds=max(self.events_clean_up_period, 0))
        held = sorted(self._machine.events.held.values(), key=lambda one: one.received_at)
        return [
            self._event_dict(one)
            for one in held
            if add(effective_end(one.event.active_period), kept) > now
        ]

    @property
    def responded_events(self) -> dict[str, str]:
        """What was answered to each event that stands, by its ID."""
        return {
            one.event_id: one.opt.value
            for one in self._machine.events.held.values()
            if one.state not in _CANCELLED
        }

    def _event_dict(self, held: HeldEvent) -> dict[str, Any]:
        found = event_dict(held.event)
        found["event_descriptor"]["event_status"] = self._event_status(held).value
        return found

    def _event_status(self, held: HeldEvent) -> EventStatus:
        now = self._machine.core.clock.now()
        return status_at(held.event.active_period, now, cancelled=held.state in _CANCELLED)

    def _stands(self, event: Event) -> bool:
        """Returns whether an event with this ID has been answered and is in force."""
        held = self._machine.events.held.get(event.event_id)
        return held is not None and held.state is not EventState.ENDING

    async def _log_statuses(self) -> None:
        """Says of each event when its status has changed, for as long as the VEN lives."""
        core = self._machine.core
        known: dict[str, EventStatus] = {}
        while True:
            await core.clock.sleep(timedelta(seconds=self.event_status_log_period))
            held = self._machine.events.held
            now = {name: self._event_status(one) for name, one in held.items()}
            for name, status in now.items():
                if known.get(name, held[name].event.descriptor.event_status) is not status:
                    where = {**core.extra, "event": name}
                    log.info("event %s is %s now", name, status.value, extra=where)
            known = now
