"""Repairs of messages that are valid by the schema and break a rule."""

from dataclasses import replace
from typing import Any

from oadr import messages as m
from oadr.repair.catalogue import REPAIRS, Tolerance
from oadr.replies import ven_id_of

#: Messages in which a venID may be missing for good reason: the sender has none yet.
_WITHOUT_VEN_ID = (m.QueryRegistration, m.CreatePartyRegistration)
_IDS = ("ven_id", "registration_id", "report_request_id", "opt_id", "event_id")


def mend_message(
    message: m.Message, tolerance: Tolerance, *, ven_id: str = ""
) -> tuple[m.Message, tuple[str, ...]]:
    """Returns a message as it is meant, and the repairs that it took.

    Args:
        message: as it was read.
        tolerance: which repairs are allowed.
        ven_id: of the sender, if something better than the message proves it; empty if not.
    """
    done: list[str] = []
    if _allowed("trim-ids", tolerance):
        trimmed = _trimmed(message)
        if trimmed is not message:
            done.append("trim-ids")
            message = trimmed
    if ven_id and _allowed("fill-ven-id", tolerance) and _lacks_ven_id(message):
        message = replace(message, ven_id=ven_id)  # type: ignore[arg-type]
        done.append("fill-ven-id")
    return message, tuple(done)


def _allowed(name: str, tolerance: Tolerance) -> bool:
    return tolerance.allows(REPAIRS[name].tolerance)


def _lacks_ven_id(message: m.Message) -> bool:
    if isinstance(message, _WITHOUT_VEN_ID):
        return False
    return hasattr(message, "ven_id") and not ven_id_of(message)


def _trimmed(message: m.Message) -> m.Message:
    """Returns the message with its identifiers trimmed; the same object if they were."""
    changes: dict[str, Any] = _own(message)
    if isinstance(message, m.CreatedEvent):
        changes |= _all("responses", message.responses)
    elif isinstance(message, m.UpdateReport):
        changes |= _all("reports", message.reports)
    return replace(message, **changes) if changes else message


def _all(name: str, items: tuple[Any, ...]) -> dict[str, Any]:
    changes = [_own(item) for item in items]
    if not any(changes):
        return {}
    mended = zip(items, changes, strict=True)
    return {name: tuple(replace(item, **own) if own else item for item, own in mended)}


def _own(item: Any) -> dict[str, Any]:
    """Returns the identifiers of an object that have white space around them, without it."""
    found = {}
    for name in _IDS:
        value = getattr(item, name, None)
        if isinstance(value, str) and value != value.strip():
            found[name] = value.strip()
    return found
