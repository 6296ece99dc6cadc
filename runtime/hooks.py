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

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from oadr.errors import OpenADRError, ProtocolError
from runtime.fitting import (
    HandlerError,
    check_function,
    check_object,
    describe,
    signature_of,
    unknown,
)
from runtime.within import GaveUp, TookTooLong, within

__all__ = [
    "TIME_LIMIT",
    "HandlerError",
    "Hook",
    "HookFailed",
    "Registry",
    "called",
    "default",
    "describe",
]

log = logging.getLogger("openadr.hooks")
F = TypeVar("F", bound=Callable[..., Any])

#: Real seconds that a handler may take unless the configuration says otherwise.
TIME_LIMIT = 10.0


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
        items: classes of what is in it, where it may return a list or tuple.
        read: makes of its answer what counts; raises ValueError, with words for the log,
            for an answer that makes no sense.
        deciding: whether its answer counts, so that only one handler may have it.
    """

    name: str
    parameters: tuple[str, ...]
    returns: tuple[type, ...] = ()
    items: tuple[type, ...] = ()
    read: Callable[[Any], Any] | None = None
    deciding: bool = False

    @property
    def signature(self) -> str:
        """The signature that a handler needs, for messages."""
        return signature_of(self.name, self.parameters)

    def answer(self, result: Any) -> Any:
        """Returns what a handler's result means.

        Raises:
            ValueError: it is not what the hook allows.
        """
        if self.returns and not isinstance(result, self.returns):
            raise ValueError(f"returned {_kind(result)}, expected {_kinds(self.returns)}")
        if self.items and isinstance(result, list | tuple):
            for item in result:
                if not isinstance(item, self.items):
                    raise ValueError(
                        f"returned {_kind(item)} in a {_kind(result)}, "
                        f"expected {_kinds(self.items)}"
                    )
        if self.read is None:
            return result
        try:
            return self.read(result)
        except ValueError as error:
            raise ValueError(f"returned what makes no sense: {error}") from None


@dataclass(frozen=True, slots=True)
class _Entry:
    """One handler of one hook.

    Attributes:
        function: what is called.
        legacy: came by the door that later ones replace it through.
    """

    function: Callable[..., Any]
    legacy: bool = False


class Registry:
    """The handlers of one server or client.

    Args:
        hooks: that there are.
        time_limit: real seconds that a handler may take, more than 0.
        time_limits: the same for single hooks, by their names.

    Raises:
        HandlerError: a time limit is for a hook that there is not, or is not more than 0.
    """

    def __init__(
        self,
        hooks: Iterable[Hook],
        *,
        time_limit: float = TIME_LIMIT,
        time_limits: Mapping[str, float] | None = None,
    ) -> None:
        self.hooks = {hook.name: hook for hook in hooks}
        self.time_limit = time_limit
        self.time_limits = dict(time_limits or {})
        for name, seconds in self.time_limits.items():
            if name not in self.hooks:
                raise HandlerError(f"time limit: {unknown(name, self.hooks)}")
            if not seconds > 0:
                raise HandlerError(f"time limit of {name} is {seconds:g} s; expected more than 0")
        self._handlers: dict[str, tuple[_Entry, ...]] = dict.fromkeys(self.hooks, ())

    def add(self, handler: object) -> None:
        """Adds every hook that a handler object implements.

        A method inherited unchanged from a hook class of ours counts as absent; so does an
        attribute that is None.

        Raises:
            HandlerError: a hook is decided already, a signature does not fit, a method is
                nearly called like a hook, or the object has no hook at all. Nothing is
                added then.
        """
        check_object(handler, self.hooks)
        found = {
            name: method
            for name in self.hooks
            if (method := getattr(handler, name, None)) is not None and not _is_default(method)
        }
        if not found:
            known = ", ".join(sorted(self.hooks))
            raise HandlerError(f"{describe(handler)} implements no hook; hooks are: {known}")
        for name, method in found.items():
            self._check(self.hooks[name], method)
        for name, method in found.items():
            self._handlers[name] = (*self._handlers[name], _Entry(method))

    def add_function(
        self, name: str, function: Callable[..., Any], *, replace: bool = False
    ) -> None:
        """Adds one function or coroutine function for the hook ``name``.

        Args:
            name: of the hook.
            function: what to call.
            replace: takes the place of one that was added for this hook with ``replace``
                before, as OpenLEADR's ``add_handler`` does.

        Raises:
            HandlerError: as for ``add``; also if there is no such hook.
        """
        if name not in self.hooks:
            raise HandlerError(unknown(name, self.hooks))
        kept = tuple(one for one in self._handlers[name] if not (replace and one.legacy))
        self._check(self.hooks[name], function, kept)
        self._handlers[name] = (*kept, _Entry(function, legacy=replace))

    def has(self, name: str) -> bool:
        """Returns whether anybody handles the hook."""
        return bool(self._handlers[name])

    def handlers(self, name: str) -> tuple[str, ...]:
        """Returns the names of those who handle the hook, for a log."""
        return tuple(describe(entry.function) for entry in self._handlers[name])

    def _check(
        self, hook: Hook, function: Callable[..., Any], there: tuple[_Entry, ...] | None = None
    ) -> None:
        there = self._handlers[hook.name] if there is None else there
        if hook.deciding and there:
            raise HandlerError(
                f"{hook.name} is decided by {describe(there[0].function)} already; "
                f"{describe(function)} cannot decide it too"
            )
        check_function(hook.name, hook.parameters, function)

    async def decide(self, name: str, *args: Any) -> Any:
        """Returns what the handler decides, or None if there is none.

        Raises:
            HookFailed: the handler raised, hung, or returned nonsense.
            ProtocolError: the handler raised one on purpose, to refuse with its code.
        """
        handlers = self._handlers[name]
        if not handlers:
            return None
        function = handlers[0].function
        result = await self._call(name, function, args)
        try:
            return self.hooks[name].answer(result)
        except ValueError as error:
            raise HookFailed(name, describe(function), str(error)) from None

    async def observe(self, name: str, *args: Any) -> None:
        """Calls every handler of an observing hook.

        Raises:
            HookFailed: the first that failed, after all have been called.
            ProtocolError: the first failure was one that a handler raised on purpose.
        """
        failure: HookFailed | ProtocolError | None = None
        for entry in self._handlers[name]:
            try:
                await self._call(name, entry.function, args)
            except (HookFailed, ProtocolError) as error:
                if failure is not None:
                    log.error("%s", error)
                failure = failure or error
        if failure is not None:
            raise failure

    async def notify(self, name: str, *args: Any) -> None:
        """Calls every handler of an observing hook whose failure concerns nobody else."""
        try:
            await self.observe(name, *args)
        except (HookFailed, ProtocolError) as error:
            log.error("%s", error)

    async def _call(self, name: str, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        return await called(name, function, args, self.time_limits.get(name, self.time_limit))


async def called(
    name: str, function: Callable[..., Any], args: tuple[Any, ...], seconds: float
) -> Any:
    """Returns what somebody else's function returns, whether or not it has to be awaited.

    Args:
        name: of the hook that it is called for.
        function: what to call.
        args: what with.
        seconds: real time that it may take.

    Raises:
        HookFailed: it raised, hung, or was cancelled from inside.
        ProtocolError: it raised one on purpose.
    """
    try:
        return await within(seconds, function(*args))
    except ProtocolError:
        raise
    except TookTooLong:
        reason = f"took longer than {seconds:g} s and was stopped"
    except GaveUp:
        reason = "was cancelled by what it waited for"
    except Exception as error:
        log.debug("handler %s failed", describe(function), exc_info=True)
        reason = f"raised {type(error).__name__}: {error}"
        raise HookFailed(name, describe(function), reason) from error
    raise HookFailed(name, describe(function), reason)


def default(function: F) -> F:
    """Marks a method of a hook class as its documented default."""
    function.__is_default__ = True  # type: ignore[attr-defined]
    return function


def _is_default(method: Any) -> bool:
    return getattr(method, "__is_default__", False) is True


def _kind(value: object) -> str:
    return type(value).__name__


def _kinds(classes: tuple[type, ...]) -> str:
    return " or ".join(cls.__name__ for cls in classes)
