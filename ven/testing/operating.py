"""What a test lets the utility do: send events, change them, ask for reports."""

import uuid
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from oadr.event import build_event, is_cancelled, modify, parse_levels, retire_at, with_status
from oadr.event import cancel as cancelled
from oadr.messages import (
    CancelReport,
    CreatedEvent,
    CreateReport,
    DistributeEvent,
    Event,
    EventResponse,
    Message,
    Poll,
    RegisterReport,
    ReportRequest,
    UpdateReport,
)
from oadr.report import Offer, Reading, build_request, read_metadata, unpack
from oadr.times import ZERO
from runtime.clock import Clock

M = TypeVar("M")
PROGRAMME = "http://programme.example"
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Operating(ABC):
    """The part of the scripted VTN that acts on its own account.

    Each verb puts a message in the way of the VEN, which comes for it at once and acts on
    it: when the verb returns, all has happened that happens without time passing.
    """

    events: list[Event]
    queue: deque[Message | Exception]
    clock: Clock
    fetch: Callable[[], Awaitable[None]]

    @abstractmethod
    def got(self, kind: type[M]) -> list[M]:
        """Returns the messages of a kind, in the order in which they came."""

    @abstractmethod
    def snapshot(self, *, request_id: str) -> DistributeEvent:
        """Returns all events of this VTN in one message."""

    # Events

    async def send_event(
        self,
        levels: str = "1:1h",
        *,
        starts_in: timedelta = HOUR,
        event_id: str = "",
        market_context: str = PROGRAMME,
        **details: Any,
    ) -> Event:
        """Sends a new event, and returns it.

        Args:
            levels: value and duration of each interval, such as ``"1:15m,2:30m"``.
            starts_in: time from now until it starts.
            event_id: made up if left out.
            market_context: the programme.
            details: further arguments of ``oadr.event.build_event``, such as ``ramp_up``,
                ``start_after``, ``notification``, ``priority``, ``signal_name``, ``target``.

        Raises:
            ValueError: the levels cannot be read.
            ComplianceError: a VTN must not send such an event.
        """
        # A VEN that starts now asks for all events, and would hear of this one twice.
        await self.fetch()
        now = self.clock.now()
        event = build_event(
            event_id=event_id or f"event-{uuid.uuid4().hex[:8]}",
            market_context=market_context,
            start=now + starts_in,
            intervals=parse_levels(levels),
            now=now,
            **details,
        )
        self.events.append(event)
        await self._announce()
        return self.event(event.event_id)

    async def modify(self, wanted: Event) -> Event:
        """Sends a changed event in place of the one with its ID, and returns it.

        Args:
            wanted: made with ``dataclasses.replace``; number and status follow by themselves.

        Raises:
            KeyError: there is no event with that ID.
            NotAllowed: it would change the past, or what is cancelled.
        """
        return await self._put(modify(self.event(wanted.event_id), wanted, self.clock.now()))

    async def cancel(self, event: Event | str) -> Event:
        """Cancels an event, and returns it as it was sent.

        Args:
            event: the event or its ID.

        Raises:
            KeyError: there is no event with that ID.
            NotAllowed: it is over.
        """
        event_id = event if isinstance(event, str) else event.event_id
        return await self._put(cancelled(self.event(event_id), self.clock.now()))

    def event(self, event_id: str) -> Event:
        """Returns an event of this VTN.

        Raises:
            KeyError: there is none with that ID.
        """
        for event in self.events:
            if event.event_id == event_id:
                return event
        raise KeyError(event_id)

    async def _put(self, changed: Event) -> Event:
        self.events[:] = [
            changed if one.event_id == changed.event_id else one for one in self.events
        ]
        await self._announce()
        return changed

    async def _announce(self) -> None:
        now: datetime = self.clock.now().replace(microsecond=0)
        self.events[:] = [
            with_status(event, now, now)
            for event in self.events
            if is_cancelled(event) or retire_at(event) > now
        ]
        self.queue.append(self.snapshot(request_id=uuid.uuid4().hex))
        await self.fetch()

    @property
    def answers(self) -> dict[str, EventResponse]:
        """The VEN's latest answer to each event, by eventID: ``opt_type``, ``code``."""
        return {
            response.event_id: response
            for created in self.got(CreatedEvent)
            for response in created.responses
        }

    # Reports

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The reports that the VEN offers now."""
        metadata = [one for one in self.got(RegisterReport) if one.reports]
        return tuple(read_metadata(metadata[-1].reports)) if metadata else ()

    async def request_report(
        self,
        *r_ids: str,
        every: timedelta = MINUTE,
        deliver: timedelta = 5 * MINUTE,
        duration: timedelta = ZERO,
        request_id: str = "",
    ) -> ReportRequest:
        """Asks for a report of some data points, and returns the request.

        Args:
            r_ids: the data points; if left out, all of the first report on offer that is no
                status, or else of the status.
            every: time between two readings.
            deliver: time between two reports.
            duration: for how long; 0 is for ever.
            request_id: made up if left out.

        Raises:
            ValueError: the VEN offers no such data points together in one report.
            InvalidData: that is more than the VEN offers.
        """
        await self.fetch()
        request = build_request(
            self._offer(frozenset(r_ids)),
            request_id=request_id or f"report-{uuid.uuid4().hex[:8]}",
            now=self.clock.now(),
            start=None,
            duration=duration,
            granularity=every,
            back=deliver,
            r_ids=r_ids or None,
        )
        await self._send(CreateReport(request_id=uuid.uuid4().hex, requests=(request,)))
        return request

    async def cancel_report(self, request: ReportRequest | str, *, follow: bool = False) -> None:
        """Ends a report.

        Args:
            request: the request or its ID.
            follow: whether to ask for a last one.
        """
        name = request if isinstance(request, str) else request.report_request_id
        await self._send(
            CancelReport(
                request_id=uuid.uuid4().hex, report_request_ids=(name,), report_to_follow=follow
            )
        )

    async def _send(self, message: CreateReport | CancelReport) -> None:
        polls = self.got(Poll)
        self.queue.append(replace(message, ven_id=polls[-1].ven_id if polls else None))
        await self.fetch()

    def _offer(self, r_ids: frozenset[str]) -> Offer:
        for offer in sorted(self.offers, key=lambda one: one.is_status):
            if not offer.is_history and r_ids <= {point.r_id for point in offer.points}:
                return offer
        raise ValueError(
            f"the VEN offers no report with {_words(r_ids) or 'anything in it'}; it offers: "
            + (_words(point.r_id for offer in self.offers for point in offer.points) or "nothing")
        )

    @property
    def readings(self) -> dict[str, list[Reading]]:
        """All that was reported, by rID, the oldest reading first."""
        found: dict[str, list[Reading]] = {}
        for update in self.got(UpdateReport):
            for report in update.reports:
                for reading in unpack(report):
                    found.setdefault(reading.r_id, []).append(reading)
        for series in found.values():
            series.sort(key=lambda reading: reading.start)
        return found


def _words(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
