"""What a VEN says about one event, as a whole or for parts of it.

Spec: rules 16, 17, 206 and 209.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from oadr.enums import OptType
from oadr.messages.event import Event, EventResponse
from oadr.messages.opt import CreateOpt


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
        reason: the VEN's word for it; empty for none.
        created: when the VTN took it.
    """

    event_id: str
    modification_number: int
    opt_type: OptType
    explicit: bool
    resources: frozenset[str] = frozenset()
    device_classes: frozenset[str] = frozenset()
    reason: str = ""
    created: datetime


def event_opt(opt: CreateOpt, event: Event, now: datetime) -> EventOpt:
    """Returns what an oadrCreateOpt says about an event; it has passed the check.

    Interpretation: a group or a place in its target names the VEN as a whole, as it does
    in an event (R22).
    """
    number = opt.modification_number
    return EventOpt(
        event_id=event.event_id,
        modification_number=event.descriptor.modification_number if number is None else number,
        opt_type=opt.opt_type,
        explicit=True,
        resources=frozenset(opt.target.resource_ids),
        device_classes=device_classes_of(opt),
        reason=opt.opt_reason,
        created=now,
    )


def device_classes_of(opt: CreateOpt) -> frozenset[str]:
    """Returns the device classes that an opt is about; none for all (R209)."""
    classes = opt.device_class.end_device_assets if opt.device_class else ()
    return frozenset((*classes, *opt.target.end_device_assets))


def event_answer(response: EventResponse, now: datetime) -> EventOpt:
    """Returns what one eventResponse of an oadrCreatedEvent says."""
    return EventOpt(
        event_id=response.event_id,
        modification_number=response.modification_number,
        opt_type=response.opt_type,
        explicit=False,
        reason=response.description or "",
        created=now,
    )


def qualify(
    opts: Iterable[EventOpt], *, resource: str | None = None, device_class: str | None = None
) -> EventOpt | None:
    """Returns which opt holds for an event (R206); None if nobody has said anything.

    The latest oadrCreateOpt that includes the resource wins, also over a later
    oadrCreatedEvent and over modifications of the event; else the latest answer.

    Args:
        opts: what one VEN said about one event, oldest first.
        resource: the resource asked about; None for the VEN as a whole, for which opts of
            single resources do not speak.
        device_class: the device asked about; None for all, as above.
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
