"""How to call a function of an application, whatever it calls its parameters."""

import asyncio
import inspect
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from oadr.errors import ProtocolError
from runtime.hooks import describe

Function = Callable[..., Any]
#: What an application may give to be told of something.
Callback = Function | asyncio.Future[Any]


def parameters_of(function: Function) -> tuple[str, ...]:
    """Returns the names of a function's parameters; none if nobody knows them."""
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return ()


def is_typed(function: Function) -> bool:
    """Returns whether a function is written as a typed handler: it takes ``ctx`` last."""
    return parameters_of(function)[-1:] == ("ctx",)


def fitted(function: Function, *names: str) -> Function | None:
    """Returns what calls a function with values for these names, in this order.

    The function gets them by name if it knows the names, and by position otherwise; None
    if it can be called in neither way. An error of OpenLEADR's that it raises becomes the
    refusal with that code.
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return partial(_refusing, function, ())
    if _binds(signature, (), names):
        return partial(_refusing, function, names)
    return partial(_refusing, function, ()) if _binds(signature, names, ()) else None


async def _refusing(function: Function, names: tuple[str, ...], *values: Any) -> Any:
    """Calls a function, by these names if there are any."""
    try:
        if names:
            return await settled(function(**dict(zip(names, values, strict=True))))
        return await settled(function(*values))
    except Exception as error:
        from oadr.dicts import protocol_error_of

        refusal = protocol_error_of(error)
        if refusal is None:
            raise
        raise refusal from error


def _binds(
    signature: inspect.Signature, by_position: Iterable[str], by_name: Iterable[str]
) -> bool:
    try:
        signature.bind(*by_position, **dict.fromkeys(by_name))
    except TypeError:
        return False
    return True


async def settled(value: Any) -> Any:
    """Returns a value, or what comes of it if it has to be awaited."""
    return await value if inspect.isawaitable(value) else value


def named(adapter: Function, original: Function) -> Function:
    """Lets an adapter go by the name of what it adapts, for messages."""
    inner = getattr(original, "func", original)
    adapter.__qualname__ = getattr(inner, "__qualname__", type(inner).__qualname__)
    adapter.__module__ = getattr(inner, "__module__", None) or adapter.__module__
    return adapter


class Told:
    """A callback of an application, and how it is called.

    Args:
        callback: a future, or what can be called in one of the ways.
        ways: the names of values that it may take; the first that fits is taken.

    Raises:
        ValueError: none fits.
        TypeError: it can be neither called nor awaited.
    """

    __slots__ = ("_call", "_callback", "_future", "_names")

    def __init__(self, callback: Any, *ways: tuple[str, ...]) -> None:
        self._callback = callback
        self._future: asyncio.Future[Any] | None = None
        self._names: tuple[str, ...] = ()
        self._call: Function | None = None
        if isinstance(callback, asyncio.Future):
            self._future = callback
            return
        if not callable(callback):
            raise TypeError(f"{callback!r} is not a callable object")
        for names in ways:
            self._call, self._names = fitted(callback, *names), names
            if self._call is not None:
                return
        raise ValueError(f"{callback!r} cannot be called as it would be")

    async def tell(self, *, result: Any, **values: Any) -> None:
        """Calls it with the values that it takes; a future gets the result, once.

        Raises:
            ProtocolError: it refuses with one.
            CallbackFailed: it raised anything else.
        """
        if self._future is not None:
            if not self._future.done():
                self._future.set_result(result)
        elif self._call is not None:
            try:
                await settled(self._call(*(values[name] for name in self._names)))
            except ProtocolError:
                raise
            except Exception as error:
                raise CallbackFailed(self._callback, error) from error


class CallbackFailed(Exception):
    """A callback of an application raised; the text says which, and what."""

    def __init__(self, callback: object, error: Exception) -> None:
        super().__init__(f"callback {describe(callback)} raised {type(error).__name__}: {error}")


#: How a callback may take the answer of a VEN, and how a delivery.
ANSWER = (("ven_id", "event_id", "opt_type"),)
DELIVERY: tuple[tuple[str, ...], ...] = ((), ("event_id",))
#: How one takes readings.
READING = ("data",)


class WrongReturn(TypeError):
    """A handler returned something that makes no sense."""

    def __init__(self, value: object, expected: str) -> None:
        text = repr(value)
        shown = text if len(text) <= 200 else text[:200] + "..."
        super().__init__(f"it returned {shown}; expected {expected}")
