"""What the VEN of the kit says to EiOpt: availability schedules and event qualifications."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from conformance.peers.ven import ScriptedVen
from oadr import messages as m
from oadr.enums import OptReason, OptType


def schedule(
    ven: ScriptedVen,
    starts_in: Sequence[timedelta],
    each: timedelta,
    *,
    opt: OptType = OptType.OPT_OUT,
    **changes: object,
) -> m.CreateOpt:
    """Returns an availability schedule of a VEN as a whole (R203).

    Args:
        ven: whose it is.
        starts_in: of each time, from now.
        each: how long each is; 0 is open-ended (R210).
        opt: whether it takes part then.
        changes: fields of ``m.CreateOpt``.
    """
    now = _now(ven)
    times = tuple(m.Period(dtstart=now + one, duration=each) for one in starts_in)
    return _opt(ven, opt, now, {"availability": times} | changes)


def qualification(ven: ScriptedVen, event: m.Event, opt: OptType, **changes: object) -> m.CreateOpt:
    """Returns what a VEN says about an event by oadrCreateOpt (R206).

    Args:
        ven: who says it.
        event: as it was sent last.
        opt: whether it takes part.
        changes: fields of ``m.CreateOpt``.
    """
    about: dict[str, object] = {
        "event_id": event.descriptor.event_id,
        "modification_number": event.descriptor.modification_number,
    }
    return _opt(ven, opt, _now(ven), about | changes)


def _now(ven: ScriptedVen) -> datetime:
    return ven.clock.now().replace(microsecond=0)


def _opt(ven: ScriptedVen, opt: OptType, now: datetime, changes: dict[str, object]) -> m.CreateOpt:
    plain = m.CreateOpt(
        opt_id=ven.new_id("opt"),
        opt_type=opt,
        opt_reason=OptReason.NOT_PARTICIPATING,
        ven_id=ven.ven_id,
        created_date_time=now,
        request_id=ven.new_id(),
        target=m.Target(ven_ids=(ven.ven_id,)),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def cancellation(ven: ScriptedVen, opt_id: str, **changes: object) -> m.CancelOpt:
    """Returns the cancellation of all schedules with an optID (R204).

    Args:
        ven: who cancels.
        opt_id: of the schedules.
        changes: fields of ``m.CancelOpt``.
    """
    plain = m.CancelOpt(request_id=ven.new_id(), opt_id=opt_id, ven_id=ven.ven_id)
    return replace(plain, **changes)  # type: ignore[arg-type]
