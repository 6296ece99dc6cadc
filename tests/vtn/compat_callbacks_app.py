"""The callbacks of an application that is started twice; a module, so that they have names."""

from datetime import datetime, timedelta
from typing import Any

#: What the callbacks were told.
seen: list[Any] = []


def answered(ven_id: str, event_id: str, opt_type: str) -> None:
    """A function at the top of a module."""
    seen.append(("answered", ven_id, event_id, opt_type))


def answered_with(
    extra: str, when: datetime, ven_id: str, event_id: str, opt_type: str, *, every: timedelta
) -> None:
    """One that a partial is made of."""
    seen.append((extra, when, every, event_id, opt_type))


def delivered() -> None:
    """A delivery callback."""
    seen.append("delivered")


def read(data: list[Any], ven_id: str, measurement: str | None) -> None:
    """The callback of a data point."""
    seen.append((ven_id, measurement, [value for _, value in data]))


class Programme:
    """A handler object with a callback."""

    async def on_ven_online(self, ctx: Any) -> None:
        """Makes it a handler."""

    def answered(self, ven_id: str, event_id: str, opt_type: str) -> None:
        """A bound method."""
        seen.append((self, event_id, opt_type))


def made(name: str) -> Any:
    """A function that is made inside of another."""

    def inner(ven_id: str, event_id: str, opt_type: str) -> None:
        seen.append((name, event_id, opt_type))

    return inner
