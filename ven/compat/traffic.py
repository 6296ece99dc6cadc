"""What goes out and comes in: OpenLEADR's hooks for it, and listening in on one call."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from oadr.enums import ServiceName
from oadr.messages import Message
from runtime.hooks import called, describe
from ven.compat.dicts import message_dict
from ven.transport import Exchange

log = logging.getLogger("openadr.ven")
#: The moments that OpenLEADR has hooks for.
MOMENTS = (
    "before_send_xml",
    "after_receive_xml",
    "before_schema_validation",
    "before_parse_xml",
    "after_parse_xml",
)
Change = Callable[[Message], Message]


class Wire:
    """The way to the VTN, on which a caller may listen in.

    Args:
        exchange: reaches the VTN.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._heard: list[Message] | None = None
        self._change: Change | None = None

    async def __call__(self, service: ServiceName, message: Message) -> Message | None:
        """Sends a message and returns the answer."""
        if self._change is not None:
            message = self._change(message)
        reply = await self._exchange(service, message)
        if self._heard is not None and reply is not None:
            self._heard.append(reply)
        return reply

    @contextmanager
    def listening(self, change: Change | None = None) -> Iterator[list[Message]]:
        """Yields a list into which all answers go; one caller at a time.

        Args:
            change: makes of each message what is sent in its place.
        """
        before = self._heard, self._change
        heard: list[Message] = []
        self._heard, self._change = heard, change
        try:
            yield heard
        finally:
            self._heard, self._change = before


class TrafficHooks:
    """Functions that see the traffic, with OpenLEADR's arguments.

    Attributes:
        functions: by the name of the moment.
    """

    def __init__(self, seconds: float) -> None:
        self.functions: dict[str, list[Callable[..., Any]]] = {name: [] for name in MOMENTS}
        self._seconds = seconds

    def add(self, moment: str, function: Callable[..., Any]) -> None:
        """Adds a function or coroutine function.

        Raises:
            ValueError: there is no such moment.
        """
        if moment not in self.functions:
            names = ", ".join(MOMENTS)
            raise ValueError(f"The hook_name should be one of {names}. You provided: {moment}.")
        self.functions[moment].append(function)

    async def happened(self, moment: str, what: object) -> None:
        """Calls the functions for a moment of the transport's."""
        if not self.functions.get(moment):
            return
        if isinstance(what, bytes):
            await self._call(moment, what.decode("utf-8", "replace"))
        else:
            message: Any = what
            await self._call(moment, *message_dict(message))

    async def _call(self, moment: str, *arguments: object) -> None:
        for function in self.functions[moment]:
            try:
                await called(moment, function, arguments, self._seconds)
            except Exception as error:  # noqa: BLE001 - somebody else's code
                log.error("hook %s of %s: %s", describe(function), moment, error)
