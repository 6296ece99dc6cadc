"""What stands around the handling of every message: ``(message, ctx, call_next) -> reply``.

    async def timed(message, ctx, call_next):
        reply = await call_next(message)
        ctx.log.info("%s took %s", type(message).__name__, ctx.clock.now() - ctx.received_at)
        return reply

The first that was added is outermost. A middleware hands the message on by ``call_next``,
changed or not, or answers itself without it. It refuses by raising a ``ProtocolError``.
One that fails in another way, hangs, or returns what is no answer costs its own exchange
code 469, and the log says its name.
"""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from oadr.errors import DeploymentError, ProtocolError
from runtime.fitting import HandlerError, check_function, describe
from runtime.hooks import TIME_LIMIT
from runtime.within import is_being_cancelled

__all__ = ["Call", "Chain", "Middleware"]

log = logging.getLogger("openadr.hooks")

#: What handles a message and returns the reply.
Call = Callable[[Any], Awaitable[Any]]
#: Handles a message, or has the next one handle it.
Middleware = Callable[[Any, Any, Call], Any]
#: Says what is wrong with a reply or message; nothing if it can be sent.
Check = Callable[[Any], str]

_PARAMETERS = ("message", "ctx", "call_next")


class Chain:
    """The middleware of one server or client, first outermost.

    Args:
        time_limit: real seconds that each may take, beside what it waits for.
    """

    def __init__(self, *, time_limit: float = TIME_LIMIT) -> None:
        self.time_limit = time_limit
        self._links: tuple[tuple[Middleware, frozenset[type] | None], ...] = ()
        self._by_class: dict[type, tuple[Middleware, ...]] = {}

    def __len__(self) -> int:
        return len(self._links)

    def add(self, middleware: Middleware, messages: Collection[type] | None = None) -> None:
        """Adds one inside of those that are there.

        Args:
            middleware: what to call.
            messages: classes of the messages that it is for; None means all. The others,
                polls for example, then cost nothing.

        Raises:
            HandlerError: it cannot be called with a message, a context and what comes next.
        """
        if isinstance(middleware, type):
            raise HandlerError(
                f"{describe(middleware)} is a class; expected an instance of it with "
                "async def __call__(self, message, ctx, call_next)"
            )
        check_function("middleware", _PARAMETERS, middleware)
        concerned = None if messages is None else frozenset(messages)
        self._links = (*self._links, (middleware, concerned))
        self._by_class = {}

    def concerned(self, kind: type) -> tuple[Middleware, ...]:
        """Returns the middleware for messages of a class, first outermost."""
        found = self._by_class.get(kind)
        if found is None:
            found = tuple(one for one, wants in self._links if wants is None or kind in wants)
            self._by_class[kind] = found
        return found

    async def run(
        self,
        message: Any,
        ctx: Any,
        handle: Call,
        check: Check,
        check_message: Check | None = None,
    ) -> Any:
        """Returns the reply to a message, which every middleware has had its way with.

        Args:
            message: what came.
            ctx: whom it concerns.
            handle: handles the message in the end.
            check: says what is wrong with a reply that a middleware has made; nothing if
                it can be sent.
            check_message: the same for a message that a middleware hands on in place of
                the one that it was given.

        Raises:
            ProtocolError: the message is refused, by a middleware or by ``handle``; 469 if
                a middleware failed.
            Exception: what ``handle`` raised.
        """
        exchange = _Exchange(
            links=self.concerned(type(message)),
            seconds=self.time_limit,
            ctx=ctx,
            innermost=handle,
            check=check,
            check_message=check_message,
        )
        return await exchange.handle(0, message)


@dataclass(slots=True, kw_only=True)
class _Exchange:
    """The way of one message through the links.

    Attributes:
        links: every middleware, first outermost.
        seconds: real time that each may take.
        ctx: what each is told.
        innermost: handles the message in the end.
        check: says what is wrong with a reply.
        check_message: says what is wrong with a message.
        raised: what came out of ``innermost``, for which no middleware is to blame.
    """

    links: tuple[Middleware, ...]
    seconds: float
    ctx: Any
    innermost: Call
    check: Check
    check_message: Check | None
    raised: list[Exception] = field(default_factory=list)

    async def handle(self, place: int, message: Any) -> Any:
        """Returns the reply of what comes at a place in the chain."""
        if place < len(self.links):
            return await _Link(self, place, message).reply()
        try:
            return await self.innermost(message)
        except Exception as error:
            self.raised.append(error)
            raise


class _Link:
    """One middleware with one message."""

    def __init__(self, exchange: _Exchange, place: int, message: Any) -> None:
        self._exchange = exchange
        self._place = place
        self._middleware = exchange.links[place]
        self._message = message
        self._limit = asyncio.timeout(exchange.seconds)
        self._over = False
        self._inside = 0
        # Replies that came from inside, which nobody has to look at again.
        self._given: list[Any] = []

    async def reply(self) -> Any:
        """Returns what the middleware replies, once it is known that it can be sent.

        Raises:
            ProtocolError: it refuses, or it has failed.
            Exception: what came from the handling itself.
        """
        try:
            reply = await self._answer()
        except ProtocolError:
            raise
        except asyncio.CancelledError as error:
            if is_being_cancelled():
                raise
            raise self._failed("was cancelled by what it waited for") from error
        except Exception as error:
            if any(error is one for one in self._exchange.raised):
                raise
            raise self._failed(self._reason(error)) from error
        finally:
            self._over = True
        if any(reply is one for one in self._given):
            return reply
        problem = self._exchange.check(reply)
        if problem:
            raise self._failed(f"returned {problem}")
        return reply

    async def _answer(self) -> Any:
        async with self._limit:
            result = self._middleware(self._message, self._exchange.ctx, self._call_next)
            return await result if inspect.isawaitable(result) else result

    async def _call_next(self, message: Any) -> Any:
        if self._is_over():
            raise RuntimeError("call_next came too late: the reply is out")
        if type(message) is not type(self._message):
            raise TypeError(
                f"call_next was given {type(message).__name__}; "
                f"expected {type(self._message).__name__}, as it came"
            )
        check = self._exchange.check_message
        if check is not None and message is not self._message and (problem := check(message)):
            raise ValueError(f"call_next was given {problem}")
        when, now = self._limit.when(), asyncio.get_running_loop().time
        left = self._exchange.seconds if when is None else when - now()
        # What comes inside has time limits of its own.
        self._limit.reschedule(None)
        self._inside += 1
        try:
            reply = await self._exchange.handle(self._place + 1, message)
        finally:
            self._inside -= 1
            if not self._inside and not self._is_over():
                self._limit.reschedule(now() + left)
        self._given.append(reply)
        return reply

    def _is_over(self) -> bool:
        return self._over

    def _reason(self, error: Exception) -> str:
        if isinstance(error, TimeoutError) and self._limit.expired():
            return f"took longer than {self._exchange.seconds:g} s and was stopped"
        log.debug("a middleware failed", exc_info=error)
        return f"raised {type(error).__name__}: {error}"

    def _failed(self, reason: str) -> DeploymentError:
        """Logs who failed, and returns what the peer is told, which is less."""
        log.error("middleware %s: %s", describe(self._middleware), reason)
        return DeploymentError("the message could not be handled here")
