"""What the VEN has said about when it takes part, and what that makes of an event.

The VEN weighs its own words as a VTN does by default (R201): an oadrCreateOpt for an event
before a schedule, and a schedule before what a handler or the policy decides. Who wants to
take part in spite of a schedule says so of the event, by oadrCreateOpt or ``Client.opt``,
or cancels the schedule.

Spec: rules 200 to 211.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from oadr.enums import OptType
from oadr.errors import ComplianceError, NotAllowed
from oadr.event import Receiver
from oadr.messages import EVERYTHING, CancelOpt, CreateOpt, Event, Period, Target
from oadr.opt import (
    EventOpt,
    Extent,
    Participation,
    Schedule,
    Source,
    check_create_opt,
    device_classes_of,
    participation,
    reasons,
    schedule_of,
    spent,
)
from ven.state import HeldOpt


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a program or a person wants to tell the VTN.

    Attributes:
        opt_type: in or out.
        reason: one of ``oadr.enums.OptReason`` or an ``x-`` value.
        availability: when, for a schedule; duration 0 is open-ended (R210).
        event: the event to qualify, in place of a schedule.
        market_context: limits a schedule to a programme (R205).
        target: limits it to resources; empty is the whole VEN (R202).
        device_class: limits it to device classes (R209).
        opt_id: chosen by the caller; None makes one.
    """

    opt_type: OptType
    reason: str
    availability: Sequence[Period] = ()
    event: Event | None = None
    market_context: str | None = None
    target: Target = EVERYTHING
    device_class: Target | None = None
    opt_id: str | None = None


def message_of(wish: Wish, receiver: Receiver, *, new_id: str, now: datetime) -> CreateOpt:
    """Returns the message that tells the VTN of a wish.

    Args:
        wish: what is wanted.
        receiver: this VEN.
        new_id: an identifier that nobody has used.
        now: when it is made.

    Raises:
        ProtocolError: it must not be sent; the subclass and the text say why.
    """
    event = wish.event
    if (event is None) == (not wish.availability):
        raise ComplianceError("give either availability or an event", rule="R206")
    if event is not None and wish.market_context is not None:
        raise ComplianceError("an event has its own market context", rule="R206")
    message = CreateOpt(
        opt_id=wish.opt_id or new_id,
        opt_type=wish.opt_type,
        opt_reason=wish.reason,
        market_context=wish.market_context,
        ven_id=receiver.ven_id,
        # R200: nothing but start and duration.
        availability=tuple(
            Period(dtstart=period.dtstart, duration=period.duration) for period in wish.availability
        ),
        created_date_time=now,
        request_id=new_id,
        event_id=event.event_id if event is not None else None,
        modification_number=event.descriptor.modification_number if event else None,
        target=wish.target or Target(ven_ids=(receiver.ven_id,)),
        # R209: left out if there is none.
        device_class=wish.device_class or None,
    )
    check_create_opt(message, event, receiver)
    return message


def check_cancel(held: Sequence[HeldOpt], opt_id: str) -> None:
    """Checks that an optID may be cancelled, as far as it is known here.

    Raises:
        NotAllowed: it qualifies an event (R211).
    """
    known = [one.message for one in held if one.message.opt_id == opt_id and not one.refused]
    if known and all(isinstance(one, CreateOpt) and one.event_id for one in known):
        text = f"opt {opt_id!r} is for an event; make another one in its place"
        raise NotAllowed(text, rule="R211")


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """What the VEN has said, oldest first.

    Attributes:
        schedules: cancelled ones included, for what they keep from coming back.
        qualified: what was said about events by oadrCreateOpt.
    """

    schedules: tuple[Schedule, ...] = ()
    qualified: tuple[EventOpt, ...] = ()

    def participation(self, event: Event, resources: frozenset[str]) -> Participation:
        """Returns what all that makes of an event, before anybody decides about it."""
        said = [one for one in self.qualified if one.event_id == event.event_id]
        return participation(event, self.schedules, said, resources=resources)


def availability_of(held: Iterable[HeldOpt]) -> Availability:
    """Returns what the opts in a state say."""
    schedules, qualified = [], []
    for one in held:
        message = one.message
        if isinstance(message, CancelOpt) or one.refused:
            continue
        if message.event_id is None:
            schedules.append(schedule_of(message, message.created_date_time, one.cancelled))
        else:
            qualified.append(
                EventOpt(
                    event_id=message.event_id,
                    modification_number=message.modification_number or 0,
                    opt_type=message.opt_type,
                    explicit=True,
                    resources=frozenset(message.target.resource_ids),
                    device_classes=device_classes_of(message),
                    reason=message.opt_reason,
                    created=message.created_date_time,
                )
            )
    return Availability(schedules=tuple(schedules), qualified=tuple(qualified))


def as_told(held: Sequence[HeldOpt]) -> Iterable[HeldOpt]:
    """Yields the opts as the VTN knows them: without what waits, before what waits cancels."""
    cancels = {
        one.message.opt_id: one.number
        for one in held
        if one.waiting and isinstance(one.message, CancelOpt)
    }
    for one in held:
        if one.number < cancels.get(one.message.opt_id, 0):
            yield replace(one, cancelled=None)
        elif not one.waiting:
            yield one


def needed(held: Sequence[HeldOpt]) -> tuple[int, ...]:
    """Returns the numbers of schedules that must stay known."""
    known = [
        one
        for one in held
        if isinstance(one.message, CreateOpt) and one.message.event_id is None and not one.refused
    ]
    gone = spent(availability_of(known).schedules)
    return tuple(one.number for index, one in enumerate(known) if index not in gone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """How the VEN stands to an event by what it has said, whoever decides otherwise.

    Attributes:
        opt: in or out.
        source: by a schedule, or by an oadrCreateOpt for the event.
        words: why.
    """

    opt: OptType
    source: Source
    words: str


def stance_of(found: Participation) -> Stance | None:
    """Returns how the VEN as a whole stands to an event; None if handlers decide.

    Interpretation: a VEN of which parts take part does so; which parts is for its handlers.
    """
    decided = {Source.CREATE_OPT, Source.SCHEDULE}
    words = "; ".join(reasons(found))
    if found.extent is Extent.OUT and found.whole.source in decided:
        return Stance(opt=OptType.OPT_OUT, source=found.whole.source, words=words)
    if found.whole.source is Source.CREATE_OPT and found.whole.opt is OptType.OPT_IN:
        return Stance(opt=OptType.OPT_IN, source=Source.CREATE_OPT, words=words)
    return None
