"""When the VEN takes part: schedules, and the opt for one event, told to the VTN.

Spec: rules 200 to 211.
"""

from collections.abc import Sequence
from dataclasses import replace

from oadr.enums import OptType, ServiceName
from oadr.errors import ComplianceError, NotAllowed
from oadr.messages import (
    EVERYTHING,
    CanceledOpt,
    CancelOpt,
    CreatedOpt,
    CreateOpt,
    Event,
    Period,
    Target,
)
from ven.engine.bystander import refuse_if_report_only
from ven.engine.core import Core, log
from ven.errors import Refused, TransportError
from ven.state import HeldOpt

_SERVICE = ServiceName.EI_OPT


class OptEngine:
    """Tells the VTN when the VEN takes part, and repeats it until the VTN has it."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def create(
        self,
        opt_type: OptType,
        reason: str,
        *,
        availability: Sequence[Period] = (),
        event: Event | None = None,
        market_context: str | None = None,
        target: Target = EVERYTHING,
        device_class: Target | None = None,
        opt_id: str | None = None,
    ) -> str:
        """Makes a schedule, or qualifies an event, and returns the optID.

        If the VTN cannot be reached, it is told as soon as it can.

        Raises:
            ComplianceError: parts that do not go together (R200, R206).
            NotAllowed: this is a Report Only VEN.
            Unregistered: there is no registration.
            Refused: the VTN does not accept it; it is forgotten here.
        """
        core = self._core
        refuse_if_report_only(core)
        if (event is None) == (not availability):
            raise ComplianceError("give either availability or an event", rule="R206")
        if event is not None and market_context is not None:
            raise ComplianceError("an event has its own market context", rule="R206")
        message = CreateOpt(
            opt_id=opt_id or core.new_id(),
            opt_type=opt_type,
            opt_reason=reason,
            market_context=market_context,
            ven_id=core.party.ven_id,
            availability=tuple(_bare(period) for period in availability),
            created_date_time=core.clock.now(),
            request_id=core.new_id(),
            event_id=event.event_id if event is not None else None,
            modification_number=event.descriptor.modification_number if event else None,
            target=target or Target(ven_ids=(core.party.ven_id,)),
            device_class=device_class,
        )
        await self._add(message)
        return message.opt_id

    async def cancel(self, opt_id: str) -> None:
        """Ends all schedules with this optID (R204).

        If the VTN cannot be reached, it is told as soon as it can.

        Raises:
            NotAllowed: it qualifies an event; make another one instead (R211).
            Unregistered: there is no registration.
            Refused: the VTN does not accept it.
        """
        core = self._core
        for held in await core.state.opts.all():
            message = held.message
            if isinstance(message, CreateOpt) and message.opt_id == opt_id and message.event_id:
                raise NotAllowed(f"opt {opt_id!r} qualifies an event", rule="R211")
        await self._add(
            CancelOpt(request_id=core.new_id(), opt_id=opt_id, ven_id=core.party.ven_id)
        )

    async def flush(self) -> None:
        """Tells the VTN what it does not know yet.

        Raises:
            TransportError: it cannot be reached, or cannot be understood.
        """
        for held in await self._core.state.opts.all(waiting=True):
            try:
                await self._send(held)
            except Refused as error:
                if self._core.lost:
                    raise
                log.warning("opt %s: %s", held.message.opt_id, error, extra=self._core.extra)

    async def _add(self, message: CreateOpt | CancelOpt) -> None:
        core = self._core
        number = await core.state.opts.add(message)
        try:
            async with core.turn:
                await self._send(HeldOpt(number=number, message=message, waiting=True))
        except TransportError as error:
            log.warning("opt %s is told later: %s", message.opt_id, error, extra=core.extra)
            core.woken.set()

    async def _send(self, held: HeldOpt) -> None:
        core = self._core
        expected = CreatedOpt if isinstance(held.message, CreateOpt) else CanceledOpt
        message = _under(held.message, core.party.ven_id)
        try:
            await core.ask(_SERVICE, message, expected)
        except Refused:
            if not core.lost:
                await core.state.opts.remove(held.number)
            raise
        except TransportError as error:
            if not core.patience.exhausted(f"opt {held.number}", error):
                raise
            log.warning("opt %s is given up: %s", held.message.opt_id, error, extra=core.extra)
            await core.state.opts.remove(held.number)
            return
        await core.state.opts.sent(held)


def _bare(period: Period) -> Period:
    """Returns the period without what a schedule must not have (R200)."""
    return Period(dtstart=period.dtstart, duration=period.duration)


def _under(message: CreateOpt | CancelOpt, ven_id: str) -> CreateOpt | CancelOpt:
    """Returns an opt under another venID: the VTN may have given one since it was made (R202)."""
    if isinstance(message, CreateOpt) and message.target.ven_ids == (message.ven_id,):
        message = replace(message, target=replace(message.target, ven_ids=(ven_id,)))
    return replace(message, ven_id=ven_id)
