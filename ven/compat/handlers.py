"""Handlers of dicts as hooks: ``on_event(event)`` that returns ``"optIn"`` or ``"optOut"``."""

import inspect
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from oadr.enums import EventStatus, OptType, ResponseRequired
from oadr.messages import Event
from runtime.fitting import HandlerError, check_function
from runtime.hooks import Registry
from ven.compat.dicts import event_dict
from ven.hooks import Context

log = logging.getLogger("openadr.ven")
#: The handlers that OpenLEADR knows.
HANDLERS = ("on_event", "on_update_event")
#: Hooks with one handler, which another one of the same name replaces.
_DECIDING = (*HANDLERS, "on_cancel_event")
Function = Callable[..., Any]


class Handlers:
    """The handlers that a program has added by name.

    Args:
        registry: where they count.
        stands: tells whether an event is one that the VEN has answered before.
    """

    def __init__(self, registry: Registry, stands: Callable[[Event], bool]) -> None:
        self._registry = registry
        self._stands = stands
        self._functions: dict[str, Function] = {}
        self._cancelled: _Cancelled | None = None

    def add(self, name: str, function: Function) -> None:
        """Adds a function for a hook; one that decides takes the place of an earlier one.

        A function whose last parameter is ``ctx`` gets typed values as ``ven.hooks`` says;
        any other one for an event gets a dict.

        Raises:
            HandlerError: it cannot be called as the hook is.
        """
        if name not in self._registry.hooks:
            known = ", ".join(sorted(self._registry.hooks))
            log.error("'handler' must be either on_event or on_update_event, or one of: %s", known)
            return
        if name not in _DECIDING:
            self._registry.add_function(name, function)
            return
        if name in HANDLERS and not is_typed(function):
            self._add_for_dicts(name, function)
        else:
            self._registry.add_function(name, function, replace=True)
            if self._cancelled is not None:
                self._cancelled.func = _nobody
        self._functions[name] = function

    def add_placeholder(self) -> None:
        """Adds what opts out of all events and says why, if nobody decides about them."""
        if not self._registry.has("on_event"):
            self._registry.add_function("on_event", _Undecided(self._stands), replace=True)

    def ask(self, name: str, event: Any) -> Any:
        """Returns what the handler of a name returns for an event, as a program may want to."""
        function = self._functions.get(name)
        if function is None:
            log.warning(_NOBODY)
            return OptType.OPT_OUT.value
        return function(event)

    def _add_for_dicts(self, name: str, function: Function) -> None:
        _check(name, function)
        stands = self._stands if name == "on_event" else None
        self._registry.add_function(name, _ForDicts(function, stands), replace=True)
        if name == "on_update_event" and "on_cancel_event" not in self._functions:
            self._tell_of_cancellations(function)

    def _tell_of_cancellations(self, function: Function) -> None:
        """OpenLEADR's applications learn of a cancellation as of any other change."""
        if self._cancelled is not None:
            self._cancelled.func = function
        elif not self._registry.has("on_cancel_event"):
            self._cancelled = _Cancelled(function)
            self._registry.add_function("on_cancel_event", self._cancelled, replace=True)


def is_typed(function: Function) -> bool:
    """Returns whether a function's last parameter is ``ctx``."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return False
    return bool(names) and names[-1] == "ctx"


def _check(name: str, function: Function) -> None:
    try:
        check_function(name, ("event",), function)
    except HandlerError as error:
        raise HandlerError(
            f"{error}, which gets a dict; or async def {name}(event, ctx), which gets an Event"
        ) from None


async def _called(function: Function, event: dict[str, Any]) -> Any:
    """Calls a handler; an error of OpenLEADR's becomes the refusal with that code."""
    try:
        result = function(event)
        return await result if inspect.isawaitable(result) else result
    except Exception as error:
        from oadr.dicts import protocol_error_of

        refusal = protocol_error_of(error)
        if refusal is None:
            raise
        raise refusal from error


class _ForDicts:
    """A handler that gets the event as a dict.

    Args:
        function: of the program.
        stands: tells of which events the earlier answer stands; None for none.
    """

    def __init__(self, function: Function, stands: Callable[[Event], bool] | None) -> None:
        self.func = function
        self._stands = stands

    async def __call__(self, event: Event, ctx: Context) -> OptType | None:
        """Returns what the function decides."""
        if self._stands is not None and self._stands(event):
            ctx.log.warning(_NOT_UPDATED)
            return None
        result = await _called(self.func, event_dict(event))
        if result is None and event.response_required is ResponseRequired.NEVER:
            return None
        try:
            return OptType(result)
        except ValueError:
            words = f"returned {result!r}; it must return 'optIn' or 'optOut'"
            raise WrongAnswer(words) from None


def _nobody(event: dict[str, Any]) -> None:
    """Takes the place of a handler that has gone."""


class _Cancelled:
    """Tells a handler of changes of a cancellation, which is obeyed in any case.

    Attributes:
        func: the handler.
    """

    def __init__(self, function: Function) -> None:
        self.func = function

    async def __call__(self, event: Event, ctx: Context) -> None:
        """Tells the function."""
        descriptor = replace(event.descriptor, event_status=EventStatus.CANCELLED)
        await _called(self.func, event_dict(replace(event, descriptor=descriptor)))


class _Undecided:
    """What decides where the program has no ``on_event``."""

    def __init__(self, stands: Callable[[Event], bool]) -> None:
        self._stands = stands

    async def __call__(self, event: Event, ctx: Context) -> OptType | None:
        """Opts out; what was decided before stands."""
        if self._stands(event):
            return None
        ctx.log.warning(_NOBODY)
        return OptType.OPT_OUT


class WrongAnswer(ValueError):
    """A handler returned something that is no answer."""


_NOBODY = (
    "You should implement your own on_event handler. It gets an Event dict and returns 'optIn' "
    "or 'optOut'. Will opt out of the event for now."
)
_NOT_UPDATED = (
    "An event was updated, and there is no on_update_event handler. It gets an Event dict and "
    "returns 'optIn' or 'optOut'. The earlier answer to the event stands for now."
)
