"""How a program says whether its VEN takes part: for one event, or by schedule.

Spec: rules 17, 200 to 211.
"""

from collections.abc import Sequence

from oadr.enums import OptType
from oadr.errors import InvalidId
from oadr.messages import EVERYTHING, Event, Period, Target
from ven.engine.machine import Machine


class TakingPart:
    """The part of the client that opts in and out."""

    _machine: Machine

    async def opt(self, event_id: str, opt_type: OptType | str) -> None:
        """Changes this VEN's mind about an event and tells the VTN.

        If the VTN cannot be reached, it is told as soon as it can.

        Raises:
            InvalidId: this VEN holds no such event.
            ValueError: the opt is neither optIn nor optOut.
        """
        await self._machine.load()
        async with self._machine.core.turn:
            await self._machine.events.opt(event_id, OptType(opt_type))

    async def created_event(
        self, request_id: str, event_id: str, opt_type: OptType | str, modification_number: int = 0
    ) -> None:
        """Changes this VEN's mind about an event, by OpenLEADR's name and arguments.

        Request ID and modification number are those that the VEN holds.

        Raises:
            InvalidId: this VEN holds no such event.
        """
        await self.opt(event_id, opt_type)

    async def create_opt(
        self,
        opt_type: OptType | str,
        opt_reason: str,
        *,
        availability: Sequence[Period] = (),
        event_id: str | None = None,
        market_context: str | None = None,
        target: Target = EVERYTHING,
        device_class: Target | None = None,
        opt_id: str | None = None,
    ) -> str:
        """Tells the VTN a schedule, or qualifies an event; returns the optID (R206).

        If the VTN cannot be reached, it is told as soon as it can.

        Args:
            opt_type: in or out.
            opt_reason: one of ``oadr.enums.OptReason`` or an ``x-`` value.
            availability: when, for a schedule; duration 0 is open-ended.
            event_id: the event to qualify, in place of a schedule.
            market_context: limits a schedule to a programme.
            target: limits it to resources; empty is the whole VEN.
            device_class: limits it to device classes.
            opt_id: chosen by the caller; None makes one.

        Raises:
            ProtocolError: parts do not go together, or the event is not known.
            VenError: it did not work; the subclass says how.
        """
        await self._machine.load()
        event: Event | None = None
        if event_id is not None:
            held = self._machine.events.held.get(event_id)
            if held is None:
                raise InvalidId(f"this VEN holds no event {event_id!r}", rule="R206")
            event = held.event
        return await self._machine.opts.create(
            OptType(opt_type),
            opt_reason,
            availability=availability,
            event=event,
            market_context=market_context,
            target=target,
            device_class=device_class,
            opt_id=opt_id,
        )

    async def cancel_opt(self, opt_id: str) -> None:
        """Ends all schedules with this optID.

        If the VTN cannot be reached, it is told as soon as it can.

        Raises:
            NotAllowed: it qualifies an event (R211).
            VenError: it did not work; the subclass says how.
        """
        await self._machine.load()
        await self._machine.opts.cancel(opt_id)
