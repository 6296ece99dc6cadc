"""Reads and changes what applications hand over: dicts or objects, one inside of the other."""

from collections.abc import Mapping
from typing import Any


def peek(thing: Any, path: str, default: Any = None) -> Any:
    """Returns a member of a dict or object; ``default`` if it, or one above it, is not there.

    Args:
        thing: a dict or an object.
        path: names, with dots between.
        default: in place of what is not there; what is there and None stays None.
    """
    for name in path.split("."):
        if isinstance(thing, Mapping):
            if name not in thing:
                return default
            thing = thing[name]
        elif hasattr(thing, name):
            thing = getattr(thing, name)
        else:
            return default
    return thing


def poke(thing: Any, path: str, value: Any) -> None:
    """Sets a member of a dict or object; nothing happens if what it belongs to is not there."""
    above, _, name = path.rpartition(".")
    owner = peek(thing, above) if above else thing
    if owner is None:
        return
    if isinstance(owner, Mapping):
        owner[name] = value  # type: ignore[index]
    else:
        setattr(owner, name, value)


def retarget(event: Any, former: str, ven_id: str) -> None:
    """Lets the targets of an application's own event name another venID."""
    targets = [peek(event, "target"), *(peek(event, "targets") or ())]
    for target in targets:
        if target is not None and peek(target, "ven_id") == former:
            poke(target, "ven_id", ven_id)
    by_type = peek(event, "targets_by_type.ven_id")
    if isinstance(by_type, list):
        by_type[:] = [ven_id if one == former else one for one in by_type]
