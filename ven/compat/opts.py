"""Opts with OpenLEADR's arguments."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from oadr.enums import EventStatus, OptReason, OptType
from oadr.errors import OpenADRError
from oadr.messages import (
    EVERYTHING,
    CreateOpt,
    Event,
    EventDescriptor,
    Message,
    Period,
    Target,
)
from oadr.times import ZERO
from ven.compat.dicts import parts_of, target_of
from ven.compat.traffic import Wire
from ven.engine.machine import Machine

log = logging.getLogger("openadr.ven")


class Opts:
    """The part of the client that says when the VEN takes part."""

    _machine: Machine
    _wire: Wire

    async def create_opt(
        self,
        opt_type: OptType | str,
        opt_reason: str,
        targets: Any = None,
        vavailability: Any = None,
        event_id: str | None = None,
        modification_number: int | None = None,
        opt_id: str | None = None,
        request_id: str | None = None,
        market_context: str | None = None,
        signal_target_mrid: str | None = None,
        *,
        availability: Sequence[Period] = (),
        target: Target = EVERYTHING,
        device_class: Target | None = None,
    ) -> Any:
        """Tells the VTN a schedule, or qualifies an event.

        If the VTN cannot be reached, it is told as soon as it can.

        Args:
            opt_type: in or out.
            opt_reason: one of ``oadr.enums.OptReason`` or an ``x-`` value.
            targets: what it is about, dicts or objects; nothing is the whole VEN.
            vavailability: when, for a schedule: ``{"components": [{"dtstart": ...,
                "duration": ...}]}`` or OpenLEADR's object.
            event_id: the event to qualify, in place of a schedule.
            modification_number: of that event, for one that the VEN does not hold.
            opt_id: chosen by the caller; None makes one.
            request_id: of the message; None makes one.
            market_context: limits a schedule to a programme.
            signal_target_mrid: limits it to a device class.
            availability: when, as periods.
            target: what it is about.
            device_class: limits it to device classes.

        Returns:
            The optID; False if the VTN refused it.

        Raises:
            ValueError: an argument cannot be used.
        """
        if opt_reason not in set(OptReason) and not opt_reason.startswith("x-"):
            known = ", ".join(OptReason)
            raise ValueError(f"{opt_reason} is not a valid opt reason. Valid options are {known}")
        periods = (*availability, *_periods(vavailability))
        if (event_id is None) == (not periods):
            raise ValueError("You must supply either 'event_id' or 'vavailability', not both.")
        if signal_target_mrid is not None:
            device_class = Target(end_device_assets=(signal_target_mrid,))

        async def work() -> str:
            return await self._machine.opts.create(
                OptType(opt_type),
                opt_reason,
                availability=periods,
                event=self._qualified(event_id, modification_number),
                market_context=market_context if event_id is None else None,
                target=target or (target_of(targets) if targets else EVERYTHING),
                device_class=device_class,
                opt_id=opt_id,
            )

        return await self._opt(work, request_id)

    async def cancel_opt(self, opt_id: str) -> bool:
        """Ends all schedules with this optID; returns whether that could be."""
        known = [one for one in await self._known_opts() if one.opt_id == opt_id]
        if not known:
            words = "A non-existent opt with opt_id %s was requested for cancellation."
            log.error(words, opt_id, extra=self._machine.core.extra)
            return False

        async def work() -> bool:
            await self._machine.opts.cancel(opt_id)
            return True

        return bool(await self._opt(work, None))

    async def _known_opts(self) -> list[CreateOpt]:
        await self._machine.load()
        held = await self._machine.core.state.opts.all()
        return [one.message for one in held if isinstance(one.message, CreateOpt)]

    async def _opt(self, work: Any, request_id: str | None) -> Any:
        """Does the work; False and a line in the log if it cannot be."""

        def change(message: Message) -> Message:
            if isinstance(message, CreateOpt) and request_id is not None:
                return replace(message, request_id=request_id)
            return message

        core = self._machine.core
        try:
            await self._machine.load()
            async with core.turn:
                with self._wire.listening(change):
                    return await work()
        except OpenADRError as error:
            log.error("%s", error, extra=core.extra)
            return False

    def _qualified(self, event_id: str | None, modification_number: int | None) -> Event | None:
        """Returns the event that is qualified; one that the VEN does not hold as it is named."""
        if event_id is None:
            return None
        held = self._machine.events.held.get(event_id)
        if held is not None:
            return held.event
        now = self._machine.core.clock.now()
        descriptor = EventDescriptor(
            event_id=event_id,
            modification_number=modification_number or 0,
            market_context="",
            created_date_time=now,
            event_status=EventStatus.NONE,
        )
        period = Period(dtstart=now, duration=ZERO)
        return Event(descriptor=descriptor, active_period=period, signals=())


def _periods(vavailability: Any) -> tuple[Period, ...]:
    if vavailability is None:
        return ()
    found = parts_of(vavailability)
    parts = found.get("components", ()) if isinstance(found, dict) else found
    return tuple(_period(part) for part in parts)


def _period(part: Any) -> Period:
    try:
        start, duration = part["dtstart"], part["duration"]
    except (KeyError, TypeError):
        raise ValueError(
            f"vavailability: {part!r} has no dtstart and duration; expected both"
        ) from None
    if not isinstance(start, datetime):
        raise ValueError(f"vavailability: dtstart is {start!r}; expected a datetime")
    return Period(dtstart=start.astimezone(UTC), duration=duration)
