"""Messages as OpenLEADR's dicts; what makes them is loaded with the first one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from oadr.event.status import starts
from oadr.messages import Event, Message, Signal, Target
from ven.engine.core import Core


def event_dict(event: Event) -> dict[str, Any]:
    """Returns an event as OpenLEADR's handlers get it.

    A VTN of OpenLEADR always says priority, test event, and when each interval starts. One
    that keeps to the rules may say nothing of it (R3, R103), and handlers look all the same.
    """
    from oadr.dicts import event_to_dict

    dated = tuple(_dated(signal, event) for signal in event.signals)
    found = event_to_dict(replace(event, signals=dated))
    found["event_descriptor"] = {"priority": 0, "test_event": False} | found["event_descriptor"]
    return found


def _dated(signal: Signal, event: Event) -> Signal:
    """Returns the signal with the start and the number of each of its intervals."""
    moments = starts(signal.intervals, event.active_period.dtstart)
    numbered = enumerate(zip(signal.intervals, moments, strict=False))
    return replace(
        signal,
        intervals=tuple(
            replace(one, dtstart=one.dtstart or start, uid=one.uid or str(number))
            for number, (one, start) in numbered
        ),
    )


def message_dict(message: Message) -> tuple[str, dict[str, Any]]:
    """Returns a message's name and its payload."""
    from oadr.dicts import to_dict

    return to_dict(message)


def message_from(name: str, payload: Mapping[str, Any], core: Core) -> Message:
    """Returns the message that a program means.

    Raises:
        ValueError: something in the payload is missing or cannot be used.
    """
    from oadr.dicts import from_dict

    ven_id = core.registration.ven_id if core.registration else ""
    return from_dict(name, payload, now=core.clock.now(), new_id=core.new_id, ven_id=ven_id)


def target_of(targets: Any) -> Target:
    """Returns what targets mean, given as one or several dicts or objects.

    Raises:
        ValueError: one cannot be used.
    """
    from oadr.dicts import target_from

    return target_from(targets=targets)


def parts_of(value: Any) -> Any:
    """Returns a value in which dicts stand for OpenLEADR's objects."""
    from oadr.dicts import plain

    return plain(value)
