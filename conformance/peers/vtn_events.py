"""Events as the VTN that tests a VEN keeps them."""

from dataclasses import replace
from datetime import datetime, timedelta

from oadr import messages as m
from oadr.enums import EventStatus

ZERO = timedelta(0)


def changed(event: m.Event, **changes: object) -> m.Event:
    """Returns an event with other values in its descriptor, active period or itself."""
    parts: dict[str, dict[str, object]] = {"descriptor": {}, "active_period": {}, "": {}}
    for name, value in changes.items():
        if name in m.EventDescriptor.__dataclass_fields__:
            parts["descriptor"][name] = value
        elif name in m.Period.__dataclass_fields__:
            parts["active_period"][name] = value
        else:
            parts[""][name] = value
    return replace(
        event,
        descriptor=replace(event.descriptor, **parts["descriptor"]),  # type: ignore[arg-type]
        active_period=replace(event.active_period, **parts["active_period"]),  # type: ignore[arg-type]
        **parts[""],  # type: ignore[arg-type]
    )


def current(event: m.Event, now: datetime) -> m.Event:
    """Returns an event with the status that it has, unless it is cancelled (R13, R66, R115)."""
    status = event.descriptor.event_status
    period = event.active_period
    if status is not EventStatus.CANCELLED:
        end = period.dtstart + period.duration + (period.start_after or ZERO)
        near = period.dtstart - (period.ramp_up or ZERO)
        if period.duration and now >= end:
            status = EventStatus.COMPLETED
        elif now >= period.dtstart:
            status = EventStatus.ACTIVE
        else:
            status = EventStatus.NEAR if period.ramp_up and now >= near else EventStatus.FAR
    return changed(event, event_status=status, created_date_time=now)
