"""Events: what the VTN's list means, what is answered, what is held.

Spec: rules 12, 19, 21, 30, 35, 36, 42, 48, 56 to 62, 65 and 66.
"""

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from oadr.enums import OptType, ResponseRequired, ServiceName
from oadr.errors import DeploymentError, InvalidId, NotAllowed
from oadr.event import (
    Assessment,
    Change,
    Receiver,
    assess,
    effective_end,
    end_after_cancel,
    implied_cancels,
    keep_offset,
    pick_offset,
)
from oadr.messages import (
    DistributeEvent,
    Event,
    EventResponse,
    RequestEvent,
    Response,
)
from oadr.opt import Participation, Source
from oadr.times import FOREVER, add, end_of
from ven.availability import Availability, stance_of
from ven.engine.answers import Answers
from ven.engine.bystander import decline, refuse_if_report_only
from ven.engine.core import Core, expect, log
from ven.engine.decision import Decision, decide
from ven.engine.gate import through
from ven.engine.schedule import Schedule
from ven.engine.told import Told
from ven.errors import TransportError
from ven.state import EventState, HeldEvent

_SERVICE = ServiceName.EI_EVENT
#: How long an event that is over is remembered, should the VTN go on listing it.
_MEMORY = timedelta(days=7)
#: More events than that at a time are no programme but a fault, or malice.
MAX_EVENTS = 10_000


@dataclass(slots=True)
class _Outcome:
    """What one message changes.

    Attributes:
        hold: events that are new or have changed, by ID.
        drop: events that are gone.
        answers: what the VTN is to be told.
        listed: IDs of all events that the VTN lists; None if that was not said.
    """

    hold: dict[str, HeldEvent] = field(default_factory=dict)
    drop: list[str] = field(default_factory=list)
    answers: list[EventResponse] = field(default_factory=list)
    listed: frozenset[str] | None = None


class EventEngine:
    """Holds the VEN's events and answers for them.

    Args:
        core: what the engines share.
        schedule: carries them out.
        resource_ids: resources of the VEN.
        availability: what it has said about when it takes part.
    """

    def __init__(self, core: Core, schedule: Schedule) -> None:
        self._core = core
        self._schedule = schedule
        self._answers = Answers(core)
        self._held: dict[str, HeldEvent] = {}
        # What the message changes that is taken in just now.
        self._under_way: _Outcome | None = None
        self._told = Told()
        self.resource_ids: frozenset[str] = core.options.resource_ids
        self.availability = Availability()

    @property
    def held(self) -> dict[str, HeldEvent]:
        """The events that the VEN holds, by ID."""
        return dict(self._held)

    async def load(self) -> None:
        """Takes up the events of the last run."""
        if self._core.options.report_only:
            return
        self._held = {held.event_id: held for held in await self._core.state.events.all()}

    async def resume(self) -> None:
        """Carries the events of the last run on."""
        await self._schedule.resume(tuple(self._held.values()), self._finished)

    async def request(self, reply_limit: int | None = None) -> DistributeEvent:
        """Asks for all events, takes them in, and answers them (R405).

        Args:
            reply_limit: at most so many events (R27); nothing is cancelled by what is not
                on a list that was cut short.

        Raises:
            TransportError: no usable answer.
            Refused: the VTN does not give them.
            NotAllowed: this is a Report Only VEN.
        """
        core = self._core
        refuse_if_report_only(core)
        message = RequestEvent(
            request_id=core.new_id(), ven_id=core.party.ven_id, reply_limit=reply_limit
        )
        reply = await core.send(_SERVICE, message)
        if isinstance(reply, Response):
            # So do some VTNs, openleadr's among them, say that there are no events. It is no
            # list, so nothing is missing from it and nothing is cancelled by it (R61).
            return DistributeEvent(request_id=message.request_id, vtn_id=core.party.vtn_id)
        snapshot = expect(reply, DistributeEvent, message)
        await through(core, snapshot, partial(self.handle, complete=reply_limit is None))
        return snapshot

    async def handle(self, message: DistributeEvent, *, complete: bool = True) -> None:
        """Takes in a list of events, and answers those that want an answer.

        Everything is on the disk before the answer is sent.

        Args:
            message: as it came.
            complete: whether what is not on it is cancelled (R61). Never by a list that says
                that the VTN failed to make it.

        Raises:
            TransportError: it could not be answered; that is made up for later.
        """
        core = self._core
        if not await core.comes_from_vtn(message.vtn_id):
            await self._answers.refuse(message)
            return
        if core.options.report_only:
            await decline(core, message)
            return
        outcome = self._under_way = _Outcome()
        try:
            await self._take_all(message, outcome, complete=complete)
        finally:
            self._under_way = None
        await self._settle(outcome)
        await self._answers.flush()

    async def _take_all(
        self, message: DistributeEvent, outcome: _Outcome, *, complete: bool
    ) -> None:
        now = self._core.clock.now()
        for event in message.events:
            await self._take(event, message.request_id, now, outcome)
        if complete and (message.response is None or message.response.ok):
            outcome.listed = frozenset(event.event_id for event in message.events)
            await self._cancel_absent(message, now, outcome)
            self._forget_old(now, outcome)

    async def opt(self, event_id: str, opt_type: OptType) -> None:
        """Changes this VEN's mind about an event and tells the VTN (R17).

        If the VTN cannot be reached, it is told as soon as it can.

        Raises:
            InvalidId: the VEN does not hold that event.
            NotAllowed: an oadrCreateOpt has said otherwise; make another one (R206).
            Refused: the VTN does not know this VEN.
        """
        held = self._standing(event_id, self._under_way)
        if held is None:
            raise InvalidId(f"this VEN holds no event {event_id!r}", rule="R21")
        stance = stance_of(self.participation(held.event))
        if stance and stance.source is Source.CREATE_OPT and stance.opt is not opt_type:
            text = f"event {event_id!r} has an opt of its own, which counts; make another one"
            raise NotAllowed(text, rule="R206")
        await self.decided(event_id, Decision(opt=opt_type), tell=True)

    def participation(self, event: Event) -> Participation:
        """Returns what schedules and opts of this VEN make of an event (R201)."""
        return self.availability.participation(event, self.resource_ids)

    async def decided(self, event_id: str, decision: Decision, *, tell: bool) -> None:
        """Takes over what was decided anew about an event, if the VEN still holds it.

        Args:
            event_id: the event.
            decision: about it.
            tell: the VTN by oadrCreatedEvent; else it knows otherwise.

        Raises:
            Refused: the VTN does not know this VEN.
        """
        # A handler may decide while a message is taken in; then it counts with what that changes.
        outcome = self._under_way or _Outcome()
        held = self._standing(event_id, outcome)
        if held is None:
            return
        outcome.hold[event_id] = replace(held, opt=decision.opt)
        if tell or any(one.event_id == event_id for one in outcome.answers):
            self._answer(held.event, held.request_id, decision, outcome)
        if outcome is self._under_way:
            return
        await self._settle(outcome)
        try:
            await self._answers.flush()
        except TransportError as error:
            log.warning("event %s: told later: %s", event_id, error, extra=self._core.extra)
            self._core.woken.set()

    async def flush(self) -> None:
        """Sends answers that the VTN has not confirmed.

        Raises:
            TransportError: they could not be sent, or the answer cannot be used.
            Refused: the VTN does not know this VEN.
        """
        await self._answers.flush()

    async def stop_all(self) -> None:
        """Ends everything, because the registration has ended."""
        self._held.clear()
        await self._schedule.stop_all()

    def receiver(self) -> Receiver:
        """Returns what a target may name of this VEN."""
        options = self._core.options
        return Receiver(
            ven_id=self._core.party.ven_id,
            resource_ids=self.resource_ids,
            group_ids=options.group_ids,
            group_names=options.group_ids,
            party_ids=options.party_ids,
            market_contexts=options.market_contexts,
            end_device_assets=options.device_classes,
        )

    async def _take(self, event: Event, request_id: str, now: datetime, outcome: _Outcome) -> None:
        # An event that is ending is gone as far as the VTN is concerned (R59, R61).
        held = self._standing(event.event_id, outcome)
        known = held.event if held is not None else None
        found = assess(event, known, self.receiver(), self._core.options.signals, now)
        if found.change is Change.REJECTED:
            decision = self._reject(found, event, held, now, outcome)
        elif found.change is Change.CANCELLED and held is not None:
            decision = await self._cancel(event, held, now, outcome)
        elif found.event is not None and found.change in {Change.NEW, Change.MODIFIED}:
            decision = await self._accept(found, held, request_id, now, outcome)
        else:
            decision = self._repeat(held, request_id, now, outcome)
        self._answer(event, request_id, decision, outcome)

    async def _accept(
        self,
        found: Assessment,
        held: HeldEvent | None,
        request_id: str,
        now: datetime,
        outcome: _Outcome,
    ) -> Decision:
        core, event = self._core, found.event
        assert event is not None  # noqa: S101 - the caller looked
        if held is None and len(self._held.keys() | outcome.hold.keys()) >= MAX_EVENTS:
            return self._full()
        default = core.options.default_opt
        if held is not None and stance_of(self.participation(held.event)) is None:
            default = held.opt
        decision = await decide(core, found.change, event, now, default, self.participation(event))
        period = event.active_period
        if held is None:
            offset = pick_offset(period.start_after, core.random)
        else:
            offset = keep_offset(held.event.active_period, held.offset, period, core.random)
        outcome.hold[event.event_id] = HeldEvent(
            event=event,
            request_id=request_id,
            opt=decision.opt,
            # A window of longer than there are years: the end of time will do as the start.
            offset=min(offset, FOREVER - period.dtstart),
            received_at=now,
        )
        self._log(event, f"{found.change.value}, {decision.opt.value}")
        return decision

    def _full(self) -> Decision:
        if self._told.new("full"):
            log.error("more than %d events; no other is taken", MAX_EVENTS, extra=self._core.extra)
        words = f"this VEN holds {MAX_EVENTS} events and takes no more"
        return Decision(opt=OptType.OPT_OUT, code=DeploymentError.code, description=words)

    def _repeat(
        self, held: HeldEvent | None, request_id: str, now: datetime, outcome: _Outcome
    ) -> Decision:
        """Answers what changes nothing: unchanged, or an unknown event's cancellation."""
        if held is None:
            return Decision(opt=OptType.OPT_IN)
        if held.state is EventState.OVER and now < _end(held):
            # It was over by a clock that has been set back since.
            outcome.hold[held.event_id] = replace(
                held, request_id=request_id, state=EventState.HELD
            )
        elif held.request_id != request_id:
            outcome.hold[held.event_id] = replace(held, request_id=request_id)
        return Decision(opt=held.opt)

    def _reject(
        self,
        found: Assessment,
        event: Event,
        held: HeldEvent | None,
        now: datetime,
        outcome: _Outcome,
    ) -> Decision:
        where = {**self._core.extra, "event": event.event_id, "rule": found.rule}
        # The VTN may go on listing it until it is over.
        fault = (event.event_id, event.descriptor.modification_number, found.code)
        level = logging.WARNING if self._told.new(fault) else logging.DEBUG
        log.log(level, "event %s: %s %s", event.event_id, found.code, found.reason, extra=where)
        if held is not None and found.event is None:
            outcome.hold[held.event_id] = self._ending(held, now)
        return Decision(opt=OptType.OPT_OUT, code=found.code, description=found.reason)

    async def _cancel(
        self, event: Event, held: HeldEvent, now: datetime, outcome: _Outcome
    ) -> Decision:
        if held.state is EventState.RUNNING_OUT:
            return Decision(opt=OptType.OPT_OUT)
        if _is_over(held, now):
            outcome.drop.append(held.event_id)
            return Decision(opt=OptType.OPT_IN)
        gone = _numbered(held.event, event.descriptor.modification_number)
        decision = await decide(self._core, Change.CANCELLED, gone, now, OptType.OPT_IN)
        if decision.code != 200:
            # A handler that fails cannot keep an event going that the VTN does not want.
            decision = replace(decision, opt=OptType.OPT_IN, code=200, description="")
        if decision.opt is OptType.OPT_OUT:
            outcome.hold[held.event_id] = replace(held, state=EventState.RUNNING_OUT)
        else:
            outcome.hold[held.event_id] = self._ending(held, now)
        self._log(event, f"cancelled, {decision.opt.value}")
        return decision

    def _ending(self, held: HeldEvent, now: datetime) -> HeldEvent:
        """Returns the event as it ends: at once, or at random if that is how it started."""
        until = now
        if held.opt is OptType.OPT_IN and self._schedule.is_running(held.event_id):
            start_after = held.event.active_period.start_after
            until = end_after_cancel(now, start_after, self._core.random)
        return replace(held, state=EventState.ENDING, until=until)

    async def _cancel_absent(
        self, message: DistributeEvent, now: datetime, outcome: _Outcome
    ) -> None:
        gone = {EventState.ENDING, EventState.RUNNING_OUT}
        standing = [one.event_id for one in self._held.values() if one.state not in gone]
        for event_id in implied_cancels(standing, message):
            one = self._held[event_id]
            await self._cancel(one.event, one, now, outcome)

    def _forget_old(self, now: datetime, outcome: _Outcome) -> None:
        outcome.drop += [
            held.event_id
            for held in self._held.values()
            if add(effective_end(held.event.active_period), _MEMORY) < now
        ]

    def _answer(self, event: Event, request_id: str, decision: Decision, outcome: _Outcome) -> None:
        if event.response_required is not ResponseRequired.ALWAYS:
            return
        outcome.answers.append(
            EventResponse(
                code=decision.code,
                description=decision.description or None,
                request_id=request_id,
                event_id=event.event_id,
                modification_number=event.descriptor.modification_number,
                opt_type=decision.opt,
            )
        )

    async def _settle(self, outcome: _Outcome) -> None:
        """Writes down what has changed, then acts on it."""
        drop = [event_id for event_id in outcome.drop if event_id not in outcome.hold]
        hold = tuple(outcome.hold.values())
        await self._core.state.events.change(
            hold=hold, drop=drop, answers=outcome.answers, listed=outcome.listed
        )
        for event_id in drop:
            self._held.pop(event_id, None)
            await self._schedule.stop(event_id)
        for one in hold:
            before = self._held.get(one.event_id)
            self._held[one.event_id] = one
            if before is None or replace(before, request_id=one.request_id) != one:
                await self._schedule.start(one, self._finished)
            else:
                self._schedule.note(one)

    async def _finished(self, held: HeldEvent) -> None:
        """Notes that an event has come to its end here."""
        async with self._core.turn:
            if self._held.get(held.event_id) is not held:
                return
            if held.state is EventState.HELD:
                over = replace(held, state=EventState.OVER)
                await self._core.state.events.change(hold=[over])
                self._held[held.event_id] = over
            else:
                await self._core.state.events.change(drop=[held.event_id])
                del self._held[held.event_id]

    def _standing(self, event_id: str, outcome: _Outcome | None = None) -> HeldEvent | None:
        held = outcome.hold.get(event_id) if outcome is not None else None
        if held is None and outcome is not None and event_id in outcome.drop:
            return None
        held = held or self._held.get(event_id)
        return None if held is None or held.state is EventState.ENDING else held

    def _log(self, event: Event, what: str) -> None:
        where = {**self._core.extra, "event": event.event_id}
        log.info("event %s: %s", event.event_id, what, extra=where)


def _end(held: HeldEvent) -> datetime:
    """Returns when the event ends here, its random offset included."""
    period = held.event.active_period
    return end_of(add(period.dtstart, held.offset), period.duration)


def _is_over(held: HeldEvent, now: datetime) -> bool:
    return held.state is EventState.OVER or effective_end(held.event.active_period) <= now


def _numbered(event: Event, number: int) -> Event:
    """Returns an event as it is known, with the modification number of a later message."""
    return replace(event, descriptor=replace(event.descriptor, modification_number=number))
