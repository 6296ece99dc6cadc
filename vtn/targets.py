"""Targets of events that name a VEN."""

from dataclasses import replace

from oadr import messages as m


def retargeted(event: m.Event, former: str, ven_id: str) -> m.Event:
    """Returns an event whose target names ``ven_id`` where it named ``former``."""
    target = event.target
    if former not in target.ven_ids:
        return event
    named = dict.fromkeys(ven_id if one == former else one for one in target.ven_ids)
    return replace(event, target=replace(target, ven_ids=tuple(named)))
