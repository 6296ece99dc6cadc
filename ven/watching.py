"""What a program puts around the exchanges of its VEN: middleware, traces, hooks of the traffic."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runtime.hooks import TIME_LIMIT
from runtime.middleware import Middleware
from runtime.trace import Callbacks, Traces, Traffic
from ven.engine.machine import Machine

if TYPE_CHECKING:
    from runtime.capture import Capture

#: Moments at which ``add_hook`` lets a program look at the traffic.
TRACES = (
    "before_send_xml",
    "after_receive_xml",
    "before_schema_validation",
    "before_parse_xml",
    "after_parse_xml",
)
Hooked = Callable[[Any], Any]


class Watched:
    """The part of the client that lets others see its messages, and step in."""

    _machine: Machine

    def __init__(self) -> None:
        self._traces = Traces()
        self._moments: dict[str, Callbacks[Any]] = {
            name: Callbacks(f"hook {name}", time_limit=TIME_LIMIT) for name in TRACES
        }

    def add_middleware(self, middleware: Middleware) -> None:
        """Puts ``middleware(message, ctx, call_next)`` around each message of the VTN.

        The first that is added is outermost. See ``runtime.middleware``; here
        ``call_next`` returns the answer that has been sent, None if none was wanted.

        Raises:
            HandlerError: it cannot be called so.
        """
        self._machine.core.middleware.add(middleware)

    def add_trace(self, callback: Callable[[Traffic], Any]) -> None:
        """Lets a function or coroutine function see every document as it is on the wire.

        Args:
            callback: gets a ``runtime.trace.Traffic``.

        Raises:
            HandlerError: it cannot be called with one argument.
        """
        self._traces.add(callback)

    def keep_trace(self, capture: "Capture | None") -> None:
        """Has every exchange written to a trace on disk, until the VEN stops.

        Args:
            capture: the trace; None for no trace any more.
        """
        self._traces.capture = capture

    def add_hook(self, hook_name: str, handler: Hooked) -> None:
        """Lets a function or coroutine function see what goes out and comes in.

        Args:
            hook_name: one of ``TRACES``.
            handler: gets the bytes, or after ``after_parse_xml`` the message.

        Raises:
            ValueError: there is no such moment.
            HandlerError: it cannot be called with one argument.
        """
        if hook_name not in self._moments:
            raise ValueError(f"there is no hook {hook_name!r}; hooks are: {', '.join(TRACES)}")
        self._moments[hook_name].add(handler, "what")

    async def _trace(self, moment: str, what: object) -> None:
        callbacks = self._moments[moment]
        if callbacks:
            await callbacks.show(what)
