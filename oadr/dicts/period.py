"""``xcal:properties`` as openleadr's dict, and back."""

from datetime import timedelta
from typing import Any

from oadr import messages as m
from oadr.dicts.node import DURATION, MOMENT, Node


def period_to_dict(period: m.Period) -> dict[str, Any]:
    """Returns the start, the duration, and what surrounds them if it is there."""
    found: dict[str, Any] = {"dtstart": period.dtstart, "duration": period.duration}
    if period.start_after is not None:
        found["tolerance"] = {"tolerate": {"startafter": period.start_after}}
    if period.notification is not None:
        found["notification"] = period.notification
    if period.ramp_up is not None:
        found["ramp_up"] = period.ramp_up
    if period.recovery is not None:
        found["recovery"] = period.recovery
    return found


def period_of(node: Node) -> m.Period:
    """Returns the period in a dict.

    Raises:
        ValueError: start or duration is missing, or something is not understood.
    """
    given = node.child("properties") or node
    return m.Period(
        dtstart=given.need(MOMENT, "dtstart"),
        duration=given.need(DURATION, "duration"),
        **surroundings_of(given),
    )


def surroundings_of(node: Node) -> dict[str, timedelta | None]:
    """Returns what of a period is neither its start nor its duration, zeros included (X4).

    openleadr reads other names than it writes (X13); both are understood.

    Raises:
        ValueError: something is not understood.
    """
    tolerance = node.child("tolerance")
    tolerate = (tolerance.child("tolerate") or tolerance) if tolerance is not None else None
    return {
        "start_after": tolerate.maybe(DURATION, "startafter") if tolerate is not None else None,
        "notification": node.maybe(DURATION, "notification_period", "notification"),
        "ramp_up": node.maybe(DURATION, "ramp_up_period", "ramp_up"),
        "recovery": node.maybe(DURATION, "recovery_period", "recovery"),
    }
