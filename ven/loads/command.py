"""Loads that pass on what they are told: to a Python callable, or to the log only."""

import inspect
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from runtime.hooks import TIME_LIMIT
from ven.load import Command, CommandKind
from ven.sources.calling import Caller

log = logging.getLogger("openadr.ven.loads")


class LogLoad:
    """Writes each command to the log, and changes nothing."""

    def __init__(self, name: str) -> None:
        """Makes the load; ``name`` stands in each line."""
        self.name = name

    async def apply(self, command: Command, now: datetime) -> None:
        """Logs the command."""
        log.info("load %s: %s", self.name, describe(command))


class PythonLoad:
    """Calls a function or coroutine function with each command.

    The function takes ``(command, now)``.
    """

    def __init__(
        self, name: str, function: Callable[..., Any], *, time_limit: float = TIME_LIMIT
    ) -> None:
        """Makes the load.

        Args:
            name: for people.
            function: what is called.
            time_limit: real seconds after which the call is given up.

        Raises:
            ValueError: the function does not take ``(command, now)``.
        """
        try:
            inspect.signature(function).bind("command", "now")
        except TypeError as error:
            raise ValueError(f"expected a function of (command, now): {error}") from None
        self.name = name
        self._call = Caller(function, time_limit=time_limit)

    async def apply(self, command: Command, now: datetime) -> None:
        """Calls the function.

        Raises:
            Exception: what the function raised.
            TimeoutError: it took too long.
        """
        await self._call(command, now)


def describe(command: Command) -> str:
    """Returns a command in words: ``SIMPLE level 1, interval 0 of event e-1``."""
    event = f" of event {command.event.event_id}" if command.event else ""
    if command.level is None:
        words = "back to normal"
        return f"{words}, recovery{event}" if command.kind is CommandKind.RECOVERY else words
    where = "ramp-up" if command.interval is None else f"interval {command.interval}"
    return f"{command.signal_name} level {command.level}, {where}{event}"
