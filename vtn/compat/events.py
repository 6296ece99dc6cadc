"""Events of an application: given by its calls, read and changed in ``server.events``."""

import heapq
import itertools
import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from oadr import messages as m
from oadr.enums import EventStatus
from oadr.event import retire_at, status_at
from vtn.compat import wanted
from vtn.compat.backlog import Backlog
from vtn.compat.calling import Callback
from vtn.compat.entries import Entry, Publisher, Updated
from vtn.compat.hearing import Hearing
from vtn.compat.members import peek, poke
from vtn.compat.parts import put_back

log = logging.getLogger("openadr.vtn.compat")

_STATUS = "event_descriptor.event_status"
_NUMBER = "event_descriptor.modification_number"
_ID = "event_descriptor.event_id"


class Events(Hearing):
    """The events of one server.

    Args:
        clock: the time.
        backlog: does what is asked for.
        publisher: brings events to VENs.

    Attributes:
        updated: ``events_updated``.
        callbacks: ``event_callbacks``: eventID -> (event, callback).
        delivery_callbacks: ``event_delivery_callbacks``: eventID -> callback.
    """

    def __init__(
        self, clock: Callable[[], datetime], backlog: Backlog, publisher: Publisher
    ) -> None:
        self._now = clock
        self._backlog = backlog
        self._publisher = publisher
        self._entries: dict[str, dict[str, Entry]] = {}
        self._view: dict[str, list[Any]] = {}
        self._seen = False
        self._ends: list[tuple[datetime, int, Entry]] = []
        self._left = 0
        self._count = itertools.count()
        self._former: dict[str, str] = {}
        self.updated = Updated(self.publish_changes)
        self.callbacks: dict[str, tuple[Any, Callback]] = {}
        self.delivery_callbacks: dict[str, Callback] = {}

    # ------------------------------------------------------------ giving

    def add(
        self,
        ven_id: str,
        event: m.Event,
        *,
        given: Any = None,
        raw: Mapping[str, Any] | None = None,
        callback: Callback | None = None,
        delivery_callback: Callback | None = None,
    ) -> None:
        """Takes an event for a VEN and publishes it.

        Args:
            ven_id: for whom.
            event: checked.
            given: what the application holds of it; None if it holds nothing.
            raw: what it gave in place of that; its parts are its own.
            callback: for answers.
            delivery_callback: for deliveries.

        Raises:
            ValueError: the VEN has an event with this ID.
        """
        self._leave_behind()
        entries = self._entries.setdefault(ven_id, {})
        old = entries.get(event.event_id)
        if old is not None and not old.restored:
            raise ValueError(
                f"VEN {ven_id} has an event {event.event_id!r} already; an event_id is unique "
                "within a VEN (R70). Change that event, or take another event_id."
            )
        if old is not None:
            self._drop(old)
        entry = Entry(ven_id, event, given)
        entry.raw = raw
        entry.tell(callback, delivery_callback)
        if callback is not None:
            self.callbacks[event.event_id] = (given, callback)
        if delivery_callback is not None:
            self.delivery_callbacks[event.event_id] = delivery_callback
        self._take(entry)
        self._publish(entry)

    def _publish(self, entry: Entry) -> None:
        self.updated.note(entry.ven_id, True)

        async def work() -> None:
            self._published(entry, await self._publisher.publish(entry))

        self._backlog.add(f"add event {entry.event_id} for VEN {entry.ven_id}", work)

    def publish_again(self) -> None:
        """Publishes what was given before a stop that the store has not outlived."""
        self._leave_behind()
        for entries in self._entries.values():
            for entry in list(entries.values()):
                if entry.cancelled:
                    self._drop(entry)
                else:
                    self._publish(entry)

    def restore(self, entry: Entry) -> None:
        """Takes an event that was given before the last start, unless it is given anew."""
        if entry.event_id in self._entries.get(entry.ven_id, {}):
            return
        entry.restored = True
        if entry.callback is not None:
            self.callbacks[entry.event_id] = (None, entry.callback)
        if entry.delivery_callback is not None:
            self.delivery_callbacks[entry.event_id] = entry.delivery_callback
        self._take(entry)

    def _take(self, entry: Entry) -> None:
        self._entries.setdefault(entry.ven_id, {})[entry.event_id] = entry
        heapq.heappush(self._ends, (retire_at(entry.event), next(self._count), entry))
        if self._seen or "openleadr.objects" in sys.modules:
            self._show(entry)

    def cancel(self, ven_id: str, event_id: str) -> None:
        """Cancels an event; who does not have it is told in the log."""
        entry = self._find(ven_id, event_id)
        entries = self._entries.get(ven_id)
        if entry is None and entries is None:
            log.warning(
                "Attempted to cancel event %s for ven_id %s, but this ven_id does not exist.",
                event_id,
                ven_id,
            )
            return
        if entry is None:
            log.error(
                "The event you tried to cancel was not found. Was looking for event_id %s for "
                "ven %s. Only found these: %s",
                event_id,
                ven_id,
                list(entries or ()),
            )
            return
        self._cancel(entry)

    def _cancel(self, entry: Entry) -> None:
        if entry.cancelled:
            return
        entry.cancelled = True
        if entry.given is not None:
            poke(entry.given, _STATUS, "cancelled")
        self.updated.note(entry.ven_id, True)

        async def work() -> None:
            self._published(entry, await self._publisher.cancel(entry))

        self._backlog.add(f"cancel event {entry.event_id}", work)

    # ------------------------------------------------------------ changing by hand

    def publish_changes(self, ven_id: str) -> None:
        """Publishes what the application has changed in the events of a VEN.

        Raises:
            ValueError: an event cannot be understood, or must not be sent.
        """
        if ven_id not in self._entries:
            ven_id = self._former.get(ven_id, ven_id)
        entries = self._entries.setdefault(ven_id, {})
        listed = self._view.get(ven_id, [])
        for given in list(listed):
            entry = entries.get(str(peek(given, _ID)))
            if entry is None:
                self.add(ven_id, wanted.event_of(given, now=self._now()), given=given)
            else:
                entry.given = given
        for entry in list(entries.values()):
            if entry.given is not None:
                self._publish_change(entry)
            if self._seen and not any(entry.given is given for given in listed):
                log.info("event %s was taken out of events: cancelled", entry.event_id)
                self._cancel(entry)

    def _publish_change(self, entry: Entry) -> None:
        if entry.cancelled:
            return
        if peek(entry.given, _STATUS) == EventStatus.CANCELLED:
            self._cancel(entry)
            return
        event = wanted.event_of(entry.given, now=self._now())
        if entry.event.baseline is not None and event.baseline is None:
            event = replace(event, baseline=entry.event.baseline)
        if wanted.essence(event) == entry.essence:
            return
        entry.essence = wanted.essence(event)

        async def work() -> None:
            self._published(entry, await self._publisher.change(entry, event))

        self._backlog.add(f"change event {entry.event_id}", work)

    def _published(self, entry: Entry, event: m.Event) -> None:
        if retire_at(event) != retire_at(entry.event):
            heapq.heappush(self._ends, (retire_at(event), next(self._count), entry))
        entry.event = event
        if entry.given is not None:
            poke(entry.given, _NUMBER, event.descriptor.modification_number)

    # ------------------------------------------------------------ reading

    def view(self) -> dict[str, list[Any]]:
        """Returns ``events``: venID -> the application's events, with their status now."""
        self._leave_behind()
        now = self._now()
        for ven_id, entries in self._entries.items():
            self._view.setdefault(ven_id, [])
            for entry in entries.values():
                self._show(entry)
                if not entry.cancelled:
                    poke(entry.given, _STATUS, str(status_at(entry.event.active_period, now)))
        self._seen = True
        return self._view

    def view_callbacks(self) -> dict[str, tuple[Any, Callback]]:
        """Returns ``event_callbacks``, each with its event."""
        self.view()
        for entries in self._entries.values():
            for event_id, entry in entries.items():
                found = self.callbacks.get(event_id)
                if found is not None and found[0] is None:
                    self.callbacks[event_id] = (entry.given, found[1])
        return self.callbacks

    def _show(self, entry: Entry) -> None:
        """Puts an event into the view."""
        if entry.given is None:
            from vtn.compat.objects import event_object

            entry.given = event_object(entry.event)
            if entry.raw is not None:
                put_back(entry.given, entry.raw)
            # Whatever gets lost on the way to OpenLEADR's object is no change.
            made = wanted.event_of(entry.given, now=self._now())
            entry.essence = wanted.essence(made)
        listed = self._view.setdefault(entry.ven_id, [])
        if not any(entry.given is one for one in listed):
            listed.append(entry.given)

    def _leave_behind(self) -> None:
        """Forgets the events that are over (R66)."""
        now = self._now()
        while self._ends and self._ends[0][0] <= now:
            entry = heapq.heappop(self._ends)[2]
            if retire_at(entry.event) <= now:
                self._drop(entry)
        if self._left > len(self._ends) // 2:
            # Those that have left before their end; some have none (R47).
            self._ends = [one for one in self._ends if self._holds(one[2])]
            heapq.heapify(self._ends)
            self._left = 0

    def _holds(self, entry: Entry) -> bool:
        return self._entries.get(entry.ven_id, {}).get(entry.event_id) is entry

    def _drop(self, entry: Entry) -> None:
        if not self._holds(entry):
            return
        del self._entries[entry.ven_id][entry.event_id]
        self._left += 1
        listed = self._view.get(entry.ven_id, [])
        listed[:] = [one for one in listed if one is not entry.given]
        if not any(entry.event_id in others for others in self._entries.values()):
            self.callbacks.pop(entry.event_id, None)
            self.delivery_callbacks.pop(entry.event_id, None)

    def _find(self, ven_id: str, event_id: str) -> Entry | None:
        """Returns an event of a VEN, also by the venID that it had when the event was given."""
        entry = self._entries.get(ven_id, {}).get(event_id)
        if entry is None and ven_id in self._former:
            entry = self._entries.get(self._former[ven_id], {}).get(event_id)
        return entry

    # ------------------------------------------------------------ other venIDs

    def move(self, moves: Mapping[str, str]) -> None:
        """Lets events follow VENs that have another venID.

        Args:
            moves: former -> new. What has been given for the new one already stays.
        """
        # All leave before any arrives: the former venID of one can be the new one of another.
        left = {
            former: (entries, self._view.pop(former, []), self.updated.pop(former, None))
            for former in moves
            if (entries := self._entries.pop(former, None))
        }
        for former, (entries, listed, updated) in left.items():
            ven_id = moves[former]
            there = self._entries.setdefault(ven_id, {})
            for event_id, entry in entries.items():
                entry.move(ven_id)
                if there.setdefault(event_id, entry) is not entry:
                    listed[:] = [one for one in listed if one is not entry.given]
            if listed:
                listed += self._view.get(ven_id, [])
                self._view[ven_id] = listed
            if updated is not None:
                self.updated.note(ven_id, updated)
            self._remember(former, ven_id)
            self._follow(former, ven_id)

    def _remember(self, former: str, ven_id: str) -> None:
        """Keeps a former venID for as long as the VEN has an event under any."""
        known = {**self._former, former: ven_id}
        known = {old: ven_id if now == former else now for old, now in known.items()}
        self._former = {
            old: now for old, now in known.items() if old != ven_id and self._entries.get(now)
        }

    def _follow(self, former: str, ven_id: str) -> None:
        async def work() -> None:
            events = await self._publisher.follow(former, ven_id)
            for event_id, entry in self._entries.get(ven_id, {}).items():
                if event_id in events:
                    self._published(entry, events[event_id])

        self._backlog.add(f"let the events of VEN {former} follow it to {ven_id}", work)
