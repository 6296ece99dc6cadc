"""One mechanism for everything that a user may plug in.

A *hook* is a named moment at which somebody else's code may decide or watch. A
*handler* is a plain object with methods of those names, or a single function. The
registry belongs to one server or client: nothing here is global.

* A *deciding* hook has at most one handler; adding a second raises. Without one, the
  documented default holds.
* An *observing* hook has any number; each is called, whatever the others do.

A handler's signature is checked once, when it is added. A handler that raises, runs
into its time limit or returns something else than the hook allows is reported as
``HookFailed`` to the exchange that called it, and concerns nothing else.
"""

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from oadr.errors import OpenADRError, ProtocolError

log = logging.getLogger("openadr.hooks")
F = TypeVar("F", bound=Callable[..., Any])

#: Real seconds that a handler may take unless the configuration says otherwise.
TIME_LIMIT = 10.0


class HandlerError(OpenADRError):
    """A handler cannot be added: unknown hook, wrong signature, or a second one to decide."""


class HookFailed(OpenADRError):
    """A handler raised, hung or returned something that makes no sense.

    Attributes:
        hook: name of the hook.
        handler: name of the handler.
        reason: what happened, for the log; never sent to a peer.
    """

    def __init__(self, hook: str, handler: str, reason: str) -> None:
        super().__init__(hook, handler, reason)
        self.hook = hook
        self.handler = handler
        self.reason = reason

    def __str__(self) -> str:
        return f"handler {self.handler} for {self.hook}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """What the registry knows of a hook.

    Attributes:
        name: of the method.
        parameters: names of what it is called with, in order.
        returns: classes that it may return, for a deciding hook; empty for an observing one.
        deciding: whether its answer counts, so that only one handler may have it.
    """

    name: str
    parameters: tuple[str, ...]
    returns: tuple[type, ...] = ()
    deciding: bool = False

    @property
    def signature(self) -> str:
        """The signature that a handler needs, for messages."""
        return f"async def {self.name}({', '.join(self.parameters)})"


class Registry:
    """The handlers of one server or client."""

    def __init__(self, hooks: Iterable[Hook], *, time_limit: float = TIME_LIMIT) -> None:
        self.hooks = {hook.name: hook for hook in hooks}
        self.time_limit = time_limit
        self._handlers: dict[str, list[Callable[..., Any]]] = {name: [] for name in self.hooks}

    def add(self, handler: object) -> None:
        """Adds every hook that a handler object implements.

        A method inherited unchanged from a hook class of ours counts as absent.

        Raises:
            HandlerError: a hook is decided already, a signature does not fit, or the
                object has no hook at all. Nothing is added then.
        """
        found = {
            name: method
            for name in self.hooks
            if callable(method := getattr(handler, name, None)) and not _is_default(method)
        }
        if not found:
            known = ", ".join(sorted(self.hooks))
            raise HandlerError(f"{describe(handler)} implements no hook; hooks are: {known}")
        for name, method in found.items():
            self._check(self.hooks[name], method)
        for name, method in found.items():
            self._handlers[name].append(method)

    def add_function(self, name: str, function: Callable[..., Any]) -> None:
        """Adds one function or coroutine function for the hook ``name``.

        Raises:
            HandlerError: as for ``add``; also if there is no such hook.
        """
        if name not in self.hooks:
            known = ", ".join(sorted(self.hooks))
            raise HandlerError(f"there is no hook {name!r}; hooks are: {known}")
        self._check(self.hooks[name], function)
        self._handlers[name].append(function)

    def has(self, name: str) -> bool:
        """Returns whether anybody handles the hook."""
        return bool(self._handlers[name])

    def _check(self, hook: Hook, function: Callable[..., Any]) -> None:
        if hook.deciding and self._handlers[hook.name]:
            raise HandlerError(
                f"{hook.name} is decided by {describe(self._handlers[hook.name][0])} already; "
                f"{describe(function)} cannot decide it too"
            )
        try:
            inspect.signature(function).bind(*hook.parameters)
        except (TypeError, ValueError) as error:
            raise HandlerError(
                f"{describe(function)} does not fit its hook ({error}); expected {hook.signature}"
            ) from None

    async def decide(self, name: str, *args: Any) -> Any:
        """Returns what the handler decides, or None if there is none.

        Raises:
            HookFailed: the handler raised, hung, or returned nonsense.
            ProtocolError: the handler raised one on purpose, to refuse with its code.
        """
        handlers = self._handlers[name]
        if not handlers:
            return None
        hook = self.hooks[name]
        result = await self._call(hook, handlers[0], args)
        if hook.returns and not isinstance(result, hook.returns):
            expected = " or ".join(cls.__name__ for cls in hook.returns)
            raise HookFailed(
                name,
                describe(handlers[0]),
                f"returned {type(result).__name__}, expected {expected}",
            )
        return result

    async def observe(self, name: str, *args: Any) -> None:
        """Calls every handler of an observing hook.

        Raises:
            HookFailed: the first that failed, after all have been called.
            ProtocolError: the first failure was one that a handler raised on purpose.
        """
        handlers = self._handlers[name]
        if not handlers:
            return
        failure: HookFailed | ProtocolError | None = None
        for handler in handlers:
            try:
                await self._call(self.hooks[name], handler, args)
            except (HookFailed, ProtocolError) as error:
                failure = failure or error
        if failure is not None:
            raise failure

    async def notify(self, name: str, *args: Any) -> None:
        """Calls every handler of an observing hook whose failure concerns nobody else."""
        try:
            await self.observe(name, *args)
        except (HookFailed, ProtocolError) as error:
            log.error("%s", error)

    async def _call(self, hook: Hook, handler: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        limit = asyncio.timeout(self.time_limit)
        try:
            result = handler(*args)
            if inspect.isawaitable(result):
                async with limit:
                    return await result
            return result
        except ProtocolError:
            raise
        except Exception as error:
            # A handler has time limits of its own; only ours makes it one that hangs.
            if isinstance(error, TimeoutError) and limit.expired():
                reason = f"took longer than {self.time_limit:g} s and was stopped"
                raise HookFailed(hook.name, describe(handler), reason) from None
            log.debug("handler %s failed", describe(handler), exc_info=True)
            reason = f"raised {type(error).__name__}: {error}"
            raise HookFailed(hook.name, describe(handler), reason) from error


def describe(handler: object) -> str:
    """Returns the name of a handler as a person would look for it."""
    target = getattr(handler, "func", handler)
    name = getattr(target, "__qualname__", None)
    if name is None:
        target = type(target)
        name = target.__qualname__
    return f"{target.__module__}.{name}"


def default(function: F) -> F:
    """Marks a method of a hook class as its documented default."""
    function.__is_default__ = True  # type: ignore[attr-defined]
    return function


def _is_default(method: Callable[..., Any]) -> bool:
    return getattr(method, "__is_default__", False)
