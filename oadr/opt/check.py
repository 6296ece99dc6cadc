"""When a VEN or a resource takes part: schedules, and the opt for one event.

The VTN keeps what it is told as ``Schedule`` and ``EventOpt``, each list in the order in
which the messages came. All functions return new values and change nothing.

Spec: rules 46, 200 to 211.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from oadr.enums import OptType, ResponseRequired
from oadr.errors import (
    ComplianceError,
    InvalidData,
    InvalidId,
    NotAllowed,
    OutOfSequence,
    TargetMismatch,
)
from oadr.event.target import (
    SUB_ELEMENTS,
    Receiver,
    in_market,
    is_whole,
    names_whole,
    only_device_classes,
    same_market_context,
)
from oadr.messages.common import EVERYTHING, Period, Target
from oadr.messages.event import Event, EventResponse
from oadr.messages.opt import CreateOpt
from oadr.times import ZERO, end_of
from oadr.words import quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """An availability schedule of one VEN, as the VTN keeps it.

    Attributes:
        opt_id: chosen by the VEN; several schedules may share it (R204).
        opt_type: whether it says in or out; the two are independent (R203).
        reason: one of ``oadr.enums.OptReason`` or an ``x-`` value.
        market_context: the programme that it is limited to; ``None`` for all (R205).
        target: what of the VEN it is about; empty or the venID alone for all (R202).
        device_class: device classes that it is limited to (R209).
        periods: when; duration 0 is open-ended (R210).
        created: when the VTN took it.
        superseded: whether a later schedule took its place altogether (R203).
        excluded: resources for which a later schedule took its place (R203).
    """

    opt_id: str
    opt_type: OptType
    reason: str
    market_context: str | None = None
    target: Target = EVERYTHING
    device_class: Target | None = None
    periods: tuple[Period, ...]
    created: datetime
    superseded: bool = False
    excluded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOpt:
    """What a VEN said about one event, or about a part of it.

    Attributes:
        event_id: the event.
        modification_number: the modification that it answered; the opt outlives it (R206).
        opt_type: in or out.
        explicit: whether it came by oadrCreateOpt rather than by oadrCreatedEvent.
        resources: which resources it is about; empty for all of the event's.
        device_classes: which devices of them; empty for all.
        created: when the VTN took it.
    """

    event_id: str
    modification_number: int
    opt_type: OptType
    explicit: bool
    resources: frozenset[str] = frozenset()
    device_classes: frozenset[str] = frozenset()
    created: datetime


def check_create_opt(opt: CreateOpt, event: Event | None, receiver: Receiver) -> None:
    """Checks what a VEN asks for by oadrCreateOpt.

    Args:
        opt: the message.
        event: the event that it qualifies as last sent to this VEN; ``None`` if it
            qualifies none, or one that this VEN was never sent.
        receiver: the VEN that sent it, by its certificate.

    Raises:
        InvalidId: venID, optID or eventID is not one that is known (R208, R21).
        ComplianceError: parts that do not go together (R200, R206, R209).
        NotAllowed: the event was sent with ``never`` (R206).
        OutOfSequence: the modification of the event does not exist.
        TargetMismatch: target or market context reaches beyond the event or the VEN.
        InvalidData: a period that ends before it starts.
    """
    if opt.ven_id != receiver.ven_id:
        raise InvalidId(f"venID {quoted(opt.ven_id)} is not the sender's", rule="R208")
    if not opt.opt_id.strip():
        raise InvalidId("optID is empty", rule="R208")
    if set(opt.target.ven_ids) - {receiver.ven_id}:
        raise TargetMismatch("the target names another VEN", rule="R206")
    if opt.device_class and not only_device_classes(opt.device_class):
        text = "oadrDeviceClass holds something else than standard or x- device classes"
        raise ComplianceError(text, rule="R209")
    if opt.event_id is None:
        _check_schedule(opt, receiver)
    else:
        _check_qualification(opt, event)


def _check_schedule(opt: CreateOpt, receiver: Receiver) -> None:
    if not opt.availability:
        text = "there is neither a vavailability nor an eventID; expected one of them"
        raise ComplianceError(text, rule="R206")
    for period in opt.availability:
        extras = (period.start_after, period.notification, period.ramp_up, period.recovery)
        if any(extra is not None for extra in extras):
            text = "vavailability has a tolerance, notification, ramp-up or recovery"
            raise ComplianceError(text, rule="R200")
        if period.duration < ZERO:
            text = f"vavailability lasts {period.duration}; expected 0 or more"
            raise InvalidData(text, rule="R210")
    if opt.market_context and not in_market(opt.market_context, receiver):
        text = f"market context {quoted(opt.market_context)} is none of this VEN's"
        raise TargetMismatch(text, rule="R205")


def _check_qualification(opt: CreateOpt, event: Event | None) -> None:
    if opt.availability or opt.market_context:
        text = "an eventID goes with neither vavailability nor marketContext"
        raise ComplianceError(text, rule="R206")
    if event is None or event.event_id != opt.event_id:
        raise InvalidId(
            f"eventID {quoted(opt.event_id or '')} was not sent to this VEN", rule="R21"
        )
    if event.response_required is ResponseRequired.NEVER:
        text = f"event {quoted(event.event_id)} was sent with oadrResponseRequired=never"
        raise NotAllowed(text, rule="R206")
    number = event.descriptor.modification_number
    # An older number is no error: the VEN need not have been told of the newer one yet.
    if (opt.modification_number or 0) > number:
        text = f"event {quoted(event.event_id)} is at modification {number}"
        raise OutOfSequence(f"{text}, not {opt.modification_number}", rule="R48")
    for field in SUB_ELEMENTS:
        beyond = set(getattr(opt.target, field)) - set(getattr(event.target, field))
        if beyond and not _reaches_whole(event.target, field):
            what = field.replace("_ids", " IDs").replace("_", " ")
            raise TargetMismatch(f"the target has {what} that the event has not", rule="R206")


def _reaches_whole(target: Target, field: str) -> bool:
    """Whether an event target includes whatever ``field`` can name of a VEN.

    An event for a VEN as a whole includes all its parts, one for a group all resources.
    """
    return is_whole(target) or (field == "resource_ids" and names_whole(target))


def schedule_of(opt: CreateOpt, now: datetime) -> Schedule:
    """Returns the schedule that an oadrCreateOpt without an eventID asks for."""
    return Schedule(
        opt_id=opt.opt_id,
        opt_type=opt.opt_type,
        reason=opt.opt_reason,
        market_context=opt.market_context or None,
        target=opt.target,
        device_class=opt.device_class or None,
        periods=opt.availability,
        created=now,
    )


def apply(schedules: Sequence[Schedule], opt: CreateOpt, now: datetime) -> tuple[Schedule, ...]:
    """Returns the schedules of one VEN after another oadrCreateOpt (R203).

    One for the whole VEN supersedes all earlier ones of its optType and market context;
    one for resources does so for these. One that is limited to device classes touches
    only those that are limited to the same. The same opt sent again changes nothing, nor
    does one that qualifies an event.

    Args:
        schedules: as they are, oldest first.
        opt: has passed ``check_create_opt``.
        now: when it is taken.
    """
    if opt.event_id is not None:
        return tuple(schedules)
    new = schedule_of(opt, now)
    rivals = [old for old in schedules if _rivals(old, new)]
    if rivals and replace(rivals[-1], created=now) == new:
        return tuple(schedules)
    return (*(_after(old, new) for old in schedules), new)


def _rivals(old: Schedule, new: Schedule) -> bool:
    if old.opt_type is not new.opt_type:
        return False
    if old.market_context is None or new.market_context is None:
        return old.market_context is new.market_context
    return same_market_context(old.market_context, new.market_context)


def _after(old: Schedule, new: Schedule) -> Schedule:
    if old.superseded or not _touches(new.target, old.target):
        return old
    if not _rivals(old, new) or not _covers_devices(old, new):
        return old
    if is_whole(new.target):
        return replace(old, superseded=True)
    taken = frozenset(new.target.resource_ids)
    if not is_whole(old.target):
        taken &= frozenset(old.target.resource_ids)
    excluded = old.excluded | taken
    left = {field: set(getattr(old.target, field)) for field in SUB_ELEMENTS}
    left["resource_ids"] -= excluded
    for field in SUB_ELEMENTS:
        left[field] -= set(getattr(new.target, field))
    superseded = not is_whole(old.target) and not any(left.values())
    return replace(old, excluded=excluded, superseded=superseded)


def _touches(new: Target, old: Target) -> bool:
    """Whether the two name something in common; all of a VEN has something of anything."""
    if is_whole(new) or is_whole(old):
        return True
    return any(
        not set(getattr(old, field)).isdisjoint(getattr(new, field))
        for field in SUB_ELEMENTS
        if getattr(old, field)
    )


def _covers_devices(old: Schedule, new: Schedule) -> bool:
    if new.device_class is None:
        return True
    wanted = old.device_class.end_device_assets if old.device_class else ()
    return bool(wanted) and set(wanted) <= set(new.device_class.end_device_assets)


def cancel(schedules: Sequence[Schedule], opt_id: str) -> tuple[Schedule, ...]:
    """Returns the schedules without those of an optID, superseded ones included (R204, R211).

    What they had superseded stays superseded.

    Raises:
        InvalidId: there never was one (R208), or it was cancelled before.
    """
    left = tuple(schedule for schedule in schedules if schedule.opt_id != opt_id)
    if len(left) == len(schedules):
        raise InvalidId(f"optID {quoted(opt_id)} is none of this VEN's schedules", rule="R208")
    return left


def opted_out(
    schedules: Iterable[Schedule],
    *,
    resources: frozenset[str],
    market_context: str | None,
    start: datetime,
    end: datetime,
    device_classes: frozenset[str] = frozenset(),
) -> Schedule | None:
    """Returns the latest schedule that says out at any time from ``start`` to ``end``.

    Args:
        schedules: of one VEN, oldest first.
        resources: any one of them out suffices; empty asks about the VEN as a whole, for
            which schedules of single resources do not speak.
        market_context: the programme; ``None`` leaves only schedules for all of them.
        start: inclusive.
        end: exclusive, ``FOREVER`` for open-ended; the same as ``start`` asks about that
            moment.
        device_classes: the devices that matter; empty for all, for which schedules of
            single device classes do not speak.
    """
    found = None
    for schedule in schedules:
        if (
            schedule.opt_type is OptType.OPT_OUT
            and not schedule.superseded
            and _in_context(schedule, market_context)
            and _names_devices(schedule, device_classes)
            and _names_resources(schedule, resources)
            and any(_meets(period, start, end) for period in schedule.periods)
        ):
            found = schedule
    return found


def _in_context(schedule: Schedule, market_context: str | None) -> bool:
    if schedule.market_context is None:
        return True
    return market_context is not None and same_market_context(
        schedule.market_context, market_context
    )


def _names_devices(schedule: Schedule, device_classes: frozenset[str]) -> bool:
    if schedule.device_class is None:
        return True
    return bool(device_classes) and device_classes <= set(schedule.device_class.end_device_assets)


def _names_resources(schedule: Schedule, resources: frozenset[str]) -> bool:
    if is_whole(schedule.target):
        return not resources or bool(resources - schedule.excluded)
    return bool(resources & set(schedule.target.resource_ids) - schedule.excluded)


def _meets(period: Period, start: datetime, end: datetime) -> bool:
    if start < end:
        return period.dtstart < end and start < end_of(period.dtstart, period.duration)
    return period.dtstart <= start < end_of(period.dtstart, period.duration)


def event_opt(opt: CreateOpt, event: Event, now: datetime) -> EventOpt:
    """Returns what an oadrCreateOpt says about an event; it has passed the check."""
    classes = opt.device_class.end_device_assets if opt.device_class else ()
    number = opt.modification_number
    return EventOpt(
        event_id=event.event_id,
        modification_number=event.descriptor.modification_number if number is None else number,
        opt_type=opt.opt_type,
        explicit=True,
        resources=frozenset(opt.target.resource_ids),
        device_classes=frozenset((*classes, *opt.target.end_device_assets)),
        created=now,
    )


def event_answer(response: EventResponse, now: datetime) -> EventOpt:
    """Returns what one eventResponse of an oadrCreatedEvent says."""
    return EventOpt(
        event_id=response.event_id,
        modification_number=response.modification_number,
        opt_type=response.opt_type,
        explicit=False,
        created=now,
    )


def qualify(
    opts: Iterable[EventOpt], *, resource: str | None = None, device_class: str | None = None
) -> EventOpt | None:
    """Returns which opt holds for an event (R206); ``None`` if nobody has said anything.

    The latest oadrCreateOpt that includes the resource wins, also over a later
    oadrCreatedEvent and over modifications of the event; else the latest answer.

    Args:
        opts: what one VEN said about one event, oldest first.
        resource: the resource asked about; ``None`` for the VEN as a whole, for which
            opts of single resources do not speak.
        device_class: the device asked about; ``None`` for all, as above.
    """
    found = None
    for opt in opts:
        if opt.resources and resource not in opt.resources:
            continue
        if opt.device_classes and device_class not in opt.device_classes:
            continue
        if opt.explicit or found is None or not found.explicit:
            found = opt
    return found
