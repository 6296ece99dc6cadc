"""Shows the traffic of a VTN or VEN to whoever wants to look at it: the bytes, and whose.

A callback only looks: what it raises is logged, what it returns is ignored, and one that
waits too long is cut off, so that it can hold an exchange up, but not for long.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from oadr.errors import ProtocolError
from runtime.fitting import HandlerError, check_function, describe
from runtime.hooks import HookFailed, called

if TYPE_CHECKING:
    from runtime.capture import Capture

__all__ = ["TIME_LIMIT", "Callbacks", "Traces", "Traffic"]

log = logging.getLogger("openadr.trace")
T = TypeVar("T")

#: Real seconds for which a callback may hold an exchange up.
TIME_LIMIT = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """One document on its way, or an HTTP exchange without one.

    Attributes:
        direction: ``"in"`` for what was received, ``"out"`` for what is sent.
        service: such as ``"EiEvent"``; empty for an address where there is none.
        peer: who is at the other end: for a VTN the VEN's name or fingerprint, for a VEN
            the VTN's host.
        fingerprint: of the peer's certificate (20 digits); empty if none is known.
        at: when it came, or when it goes.
        status: of HTTP, for a response; None for a request.
        body: the document as it is written, before any compression.
        message: name of the message, such as ``"oadrPoll"``; empty if it is not known.
        took: real time since the request; None for a request.
        rule: that the request breaks, such as ``"R42"``, for its response; empty for none.
        repairs: what was mended before the request was read, for its response.
    """

    direction: Literal["in", "out"]
    service: str
    peer: str
    fingerprint: str
    at: datetime
    status: int | None = None
    body: bytes = field(repr=False)
    message: str = ""
    took: timedelta | None = None
    rule: str = ""
    repairs: tuple[str, ...] = ()


class Callbacks(Generic[T]):
    """Functions and coroutine functions that each look at the same thing.

    Args:
        name: of the moment, for the log.
        time_limit: real seconds that each may take.
    """

    def __init__(self, name: str, *, time_limit: float) -> None:
        self.name = name
        self.time_limit = time_limit
        self._callbacks: tuple[Callable[[T], Any], ...] = ()
        self._failing: set[int] = set()

    def __len__(self) -> int:
        return len(self._callbacks)

    def add(self, callback: Callable[[T], Any], parameter: str = "traffic") -> None:
        """Adds one.

        Args:
            callback: what to call.
            parameter: what its argument is called in an error.

        Raises:
            HandlerError: it cannot be called with one argument.
        """
        if isinstance(callback, type):
            raise HandlerError(f"{describe(callback)} is a class; expected a function")
        check_function(self.name, (parameter,), callback)
        self._callbacks = (*self._callbacks, callback)

    async def show(self, what: T) -> None:
        """Calls each, one after the other, whatever they do."""
        for place, callback in enumerate(self._callbacks):
            try:
                await called(self.name, callback, (what,), self.time_limit)
            except (HookFailed, ProtocolError) as error:
                # At each message the same line would bury all others.
                level = logging.DEBUG if place in self._failing else logging.ERROR
                self._failing.add(place)
                log.log(level, "%s %s: %s", self.name, describe(callback), _words(error))
            else:
                self._failing.discard(place)


class Traces(Callbacks[Traffic]):
    """What looks at the traffic of one server or client.

    Args:
        time_limit: real seconds for which each may hold an exchange up.

    Attributes:
        capture: the trace on disk; None where none is kept.
    """

    def __init__(self, *, time_limit: float = TIME_LIMIT) -> None:
        super().__init__("trace", time_limit=time_limit)
        self.capture: Capture | None = None

    @property
    def watched(self) -> bool:
        """Whether anybody looks."""
        return self.capture is not None or bool(self._callbacks)


def _words(error: HookFailed | ProtocolError) -> str:
    return error.reason if isinstance(error, HookFailed) else f"raised {error!r}"
