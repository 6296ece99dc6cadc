"""When the VEN takes part: schedules, and the opt for one event, told to the VTN.

What is said is on the disk before it is sent, counts here at once, and is sent until the
VTN has taken or refused it. Another process, such as ``ven opt``, may put opts into the
state; they are found there.

Spec: rules 200 to 211.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from oadr.enums import OptType, ServiceName
from oadr.errors import InvalidId, OpenADRError
from oadr.event import Change, effective_end
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
from oadr.opt import Source
from oadr.words import quoted
from ven.availability import (
    Stance,
    Wish,
    as_told,
    availability_of,
    check_cancel,
    message_of,
    needed,
    stance_of,
)
from ven.engine.bystander import refuse_if_report_only
from ven.engine.core import Core, log
from ven.engine.decision import decide
from ven.engine.event import EventEngine
from ven.errors import BadReply, Refused, TransportError
from ven.state import EventState, HeldEvent, HeldOpt

_SERVICE = ServiceName.EI_OPT
#: Real seconds between two looks whether another process has put an opt into the state.
WATCH = 2.0


class OptEngine:
    """Tells the VTN when the VEN takes part, and repeats it until the VTN has it."""

    def __init__(self, core: Core, events: EventEngine) -> None:
        self._core = core
        self._events = events

    async def load(self) -> None:
        """Takes up what the VTN knows.

        What it does not know counts when it is told: it may have been said while this VEN
        did not run, and then has not counted for the events that the VEN holds.
        """
        held = await self._core.state.opts.everything()
        self._events.availability = availability_of(as_told(held))

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
            ComplianceError: parts that do not go together (R200, R206, R209).
            NotAllowed: this is a Report Only VEN, or the event wants no answer (R206).
            TargetMismatch: the event is not for all of the target (R206).
            Unregistered: there is no registration.
            Refused: the VTN does not accept it; it counts for nothing.
        """
        core = self._core
        refuse_if_report_only(core)
        wish = Wish(
            opt_type=opt_type,
            reason=reason,
            availability=availability,
            event=event,
            market_context=market_context,
            target=target,
            device_class=device_class,
            opt_id=opt_id,
        )
        message = message_of(
            wish, self._events.receiver(), new_id=core.new_id(), now=core.clock.now()
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
        check_cancel(await core.state.opts.everything(), opt_id)
        await self._add(
            CancelOpt(request_id=core.new_id(), opt_id=opt_id, ven_id=core.party.ven_id)
        )

    async def flush(self) -> None:
        """Tells the VTN what it does not know yet, once it knows what this VEN can report (R309).

        Raises:
            TransportError: it cannot be reached, or cannot be understood.
            Refused: the VTN does not know this VEN.
        """
        party = self._core.registration
        if not await self._core.state.opts.all(waiting=True):
            return
        # Another process may have put them there.
        await self._reconsider()
        if party is not None and party.introduced is not None:
            await self._tell()

    async def _tell(self, own: int = 0) -> None:
        """Tells the VTN all that waits in the order in which it was said (R203).

        Args:
            own: number of the opt whose refusal the caller wants to hear of.
        """
        core = self._core
        for held in await core.state.opts.all(waiting=True):
            try:
                await self._send(held)
            except Refused as error:
                if core.lost or held.number == own:
                    raise
                log.warning("opt %s: %s", held.message.opt_id, error, extra=core.extra)
                context = core.context(core.clock.now())
                await core.hooks.notify("on_opt_refused", held.message, str(error), context)
                await self._reconsider()

    async def watch(self) -> None:
        """Looks for ever whether another process has put opts into the state."""
        core = self._core
        while True:
            # Real time: other processes have no part in the VEN's clock.
            await asyncio.sleep(WATCH)
            if not await core.state.database.changed_elsewhere():
                continue
            try:
                async with core.turn:
                    await self._reconsider()
                    if core.ready.is_set():
                        await self.flush()
            except OpenADRError as error:
                log.debug("opts are told later: %s", error, extra=core.extra)

    async def _add(self, message: CreateOpt | CancelOpt) -> None:
        core = self._core
        number = await core.state.opts.add(message, core.clock.now())
        try:
            async with core.turn:
                await self._tell(number)
        except TransportError as error:
            log.warning("opt %s is told later: %s", message.opt_id, error, extra=core.extra)
            core.woken.set()
        finally:
            async with core.turn:
                await self._reconsider()

    async def _reconsider(self) -> None:
        """Lets what is said now count for the events that the VEN holds."""
        core, events = self._core, self._events
        before = events.availability
        now, after = core.clock.now(), availability_of(await core.state.opts.everything())
        if after == before:
            return
        events.availability = after
        for one in events.held.values():
            if one.state is EventState.HELD and now < effective_end(one.event.active_period):
                old = stance_of(before.participation(one.event, events.resource_ids))
                await self._decide_anew(one, old, now)

    async def _decide_anew(self, one: HeldEvent, old: Stance | None, now: datetime) -> None:
        """Lets a new stance count; where there is none any more, the handlers are asked."""
        core, found = self._core, self._events.participation(one.event)
        new = stance_of(found)
        if (new and new.opt) == (old and old.opt):
            return
        default = core.options.default_opt
        decision = await decide(core, Change.MODIFIED, one.event, now, default, found)
        if decision.opt is not one.opt:
            where = {**core.extra, "event": one.event_id}
            words = decision.description or "no schedule says otherwise any more"
            log.info("event %s: %s now: %s", one.event_id, decision.opt, words, extra=where)
            # An oadrCreateOpt for the event is an answer already.
            tell = new is None or new.source is Source.SCHEDULE
            await self._events.decided(one.event_id, decision, tell=tell)

    async def _send(self, held: HeldOpt) -> None:
        core = self._core
        message = _under(held.message, core.party.ven_id)
        try:
            await self._ask(message)
        except Refused as error:
            if core.lost:
                raise
            gone = isinstance(message, CreateOpt) or error.code == InvalidId.code
            await core.state.opts.refuse(held, str(error), restore=not gone)
            raise
        except TransportError as error:
            if not core.patience.exhausted(f"opt {held.number}", error):
                raise
            log.warning("opt %s is given up: %s", held.message.opt_id, error, extra=core.extra)
            await core.state.opts.refuse(held, f"given up: {error}", restore=True)
            return
        await core.state.opts.sent(held, needed(await core.state.opts.everything()))

    async def _ask(self, message: CreateOpt | CancelOpt) -> None:
        """Sends an opt; the answer has to be about the same optID (R208)."""
        if isinstance(message, CreateOpt):
            answered = (await self._core.ask(_SERVICE, message, CreatedOpt)).opt_id
        else:
            answered = (await self._core.ask(_SERVICE, message, CanceledOpt)).opt_id or ""
        if answered and answered != message.opt_id:
            raise BadReply(f"opt {message.opt_id} was answered for {quoted(answered)} (R208)")


def _under(message: CreateOpt | CancelOpt, ven_id: str) -> CreateOpt | CancelOpt:
    """Returns an opt under another venID: the VTN may have given one since it was made (R202)."""
    if isinstance(message, CreateOpt) and message.target.ven_ids == (message.ven_id,):
        message = replace(message, target=replace(message.target, ven_ids=(ven_id,)))
    return replace(message, ven_id=ven_id)
