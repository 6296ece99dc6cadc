"""Opts for the tests of ``oadr.opt``."""

from datetime import timedelta
from typing import Any

from oadr.enums import OptType
from oadr.messages.common import Target
from oadr.messages.opt import CreateOpt
from oadr.opt import Schedule, apply
from tests.oadr.event_samples import HOUR, MINUTE, NOON, period

NOW = NOON - HOUR
IN, OUT = OptType.OPT_IN, OptType.OPT_OUT
PUMP = Target(resource_ids=("pump",))
HVAC = Target(resource_ids=("hvac",))
BOTH = Target(resource_ids=("pump", "hvac"))
EVSE = Target(end_device_assets=("EVSE",))
SCHOOLS = Target(group_ids=("schools",))
OTHER = "http://example.com/other"


def opt(opt_id: str = "o1", **changes: Any) -> CreateOpt:
    """Returns an opt-out schedule for noon to one."""
    given: dict[str, Any] = {
        "opt_type": OptType.OPT_OUT,
        "opt_reason": "x-schedule",
        "ven_id": "ven-1",
        "availability": (period(),),
        "created_date_time": NOW,
        "request_id": "r",
    }
    return CreateOpt(opt_id=opt_id, **(given | changes))


def qualifying(**changes: Any) -> CreateOpt:
    """Returns an opt-out of event e1."""
    given: dict[str, Any] = {"availability": (), "event_id": "e1", "modification_number": 0}
    return opt(**(given | changes))


def applied(*opts: CreateOpt, every: timedelta = MINUTE) -> tuple[Schedule, ...]:
    """Returns the schedules of a VEN that sent these, the first an hour before noon."""
    schedules: tuple[Schedule, ...] = ()
    for index, one in enumerate(opts):
        schedules = apply(schedules, one, NOW + index * every)
    return schedules
