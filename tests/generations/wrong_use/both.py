"""Says what a call comes to: what it returns is of no matter, what it raises is."""

from collections.abc import Callable
from typing import Any


def outcome(call: Callable[..., Any], *arguments: Any, **named: Any) -> type[BaseException] | None:
    """Returns the type of what a call raises; None if it raises nothing."""
    try:
        call(*arguments, **named)
    except Exception as error:  # noqa: BLE001 - whatever it is
        return type(error)
    return None


def agree(ours: type[BaseException] | None, theirs: type[BaseException] | None) -> bool:
    """Returns whether whoever catches what openleadr raises catches what we raise."""
    if ours is None or theirs is None:
        return ours is theirs
    return issubclass(ours, theirs)
