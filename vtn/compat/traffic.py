"""What passes by: the message being answered, and the hooks of ``openleadr.hooks``.

Typed hooks are told what matters of a message, in types; OpenLEADR's handlers get all of
it, as a dict. So the message itself is kept while it is answered.
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from oadr import messages as m

if TYPE_CHECKING:
    from runtime.trace import Traffic
    from vtn.compat.publishing import Publishing
    from vtn.compat.reports import Reports
    from vtn.hooks import Context

log = logging.getLogger("openadr.vtn.compat")

#: A poll says nothing that a handler of an application would be told; it passes by quickly.
UNWATCHED = (m.Poll,)
WATCHED = tuple(cls for cls in m.MESSAGES.values() if cls not in UNWATCHED)

Next = Callable[[m.Message], Awaitable[m.Message | None]]


class Exchange:
    """A message that is being answered.

    Attributes:
        message: as it came.
    """

    def __init__(self, message: m.Message) -> None:
        self.message = message
        self._told: dict[object, int] = {}

    def times(self, key: object) -> int:
        """Returns how often this has been asked about ``key`` before."""
        count = self._told.get(key, 0)
        self._told[key] = count + 1
        return count


_current: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def current() -> Exchange | None:
    """Returns the exchange that the calling hook belongs to; None outside of one."""
    return _current.get()


def payload_of(kind: type[m.Message]) -> dict[str, Any] | None:
    """Returns the message being answered as OpenLEADR's dict; None if it is of another kind."""
    exchange = _current.get()
    if exchange is None or not isinstance(exchange.message, kind):
        return None
    from oadr.dicts import to_dict

    return to_dict(exchange.message)[1]


class Passing:
    """The middleware of one server.

    Args:
        reports: what passes by is noted there.
        publishing: keeps callbacks by name; None where nothing outlives the process.

    Attributes:
        shows: whether documents are shown to ``openleadr.hooks``, too.
    """

    def __init__(self, reports: "Reports", publishing: "Publishing | None") -> None:
        self.shows = False
        self._reports = reports
        self._publishing = publishing

    async def __call__(
        self, message: m.Message, ctx: "Context", call_next: Next
    ) -> m.Message | None:
        """Keeps the message while it is answered."""
        hooks = _openleadrs_hooks()
        if hooks:
            _call(hooks, "before_handle", *_as_dict(message))
        exchange = Exchange(message)
        token = _current.set(exchange)
        try:
            reply = await call_next(message)
        finally:
            _current.reset(token)
        self._reports.watch(message, reply)
        if isinstance(message, m.RegisterReport) and self._publishing is not None:
            await self._publishing.keep_readers(self._reports, message.ven_id or "")
        if hooks and reply is not None:
            _call(hooks, "after_handle", *_as_dict(reply))
        return reply

    def show(self, traffic: "Traffic") -> None:
        """Shows a document to what is registered with ``openleadr.hooks``."""
        hooks = _openleadrs_hooks()
        if traffic.direction == "in":
            _call(hooks, "before_parse", traffic.body)
        else:
            _call(hooks, "before_respond", traffic.body.decode("utf-8", "replace"))


def _openleadrs_hooks() -> dict[str, list[Callable[..., Any]]]:
    """Returns what is registered with ``openleadr.hooks``; nothing if nobody has loaded it."""
    registered = getattr(sys.modules.get("openleadr.hooks"), "HOOKS", {})
    return registered if any(registered.values()) else {}


def _call(hooks: dict[str, list[Callable[..., Any]]], name: str, *args: Any) -> None:
    """Calls hooks as openleadr does: nobody waits for them."""
    for hook in hooks.get(name, ()):
        task = asyncio.ensure_future(hook(*args))
        _tasks.add(task)
        task.add_done_callback(_ended)


_tasks: set[asyncio.Future[Any]] = set()


def _ended(task: asyncio.Future[Any]) -> None:
    _tasks.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a hook of openleadr.hooks failed: %s: %s", type(error).__name__, error)


def _as_dict(message: m.Message) -> tuple[str, dict[str, Any]]:
    from oadr.dicts import to_dict

    return to_dict(message)
