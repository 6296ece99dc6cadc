"""Callbacks of applications by name, so that a restart finds them again.

A callback has a name if it can be imported, belongs to a handler object of the server, or
has been made known with ``VTN.add_callback``; a ``functools.partial`` of one with plain
arguments has one, too. Others work until the process ends.
"""

import asyncio
import functools
import importlib
import inspect
import json
import logging
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vtn.compat.calling import Callback, Function

log = logging.getLogger("openadr.vtn.compat")

_PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """How a callback is kept.

    Attributes:
        name: ``module:qualname``; of whatever it is, if it cannot be found again.
        arguments: those of a partial, as JSON; empty for none.
        problem: why it cannot be found again; empty if it can.
    """

    name: str
    arguments: str = ""
    problem: str = ""


class Lost(Exception):
    """A callback cannot be kept, or not be found again; the text says why."""


class Callbacks:
    """The callbacks that one server can name.

    Args:
        owners: objects whose methods can be named; the handlers of the server.
    """

    def __init__(self, owners: Iterable[object]) -> None:
        self._owners = list(owners)
        self._known: dict[str, Function] = {}

    def add(self, function: Function, name: str = "") -> None:
        """Makes a function known, by its own name unless another is given.

        Raises:
            ValueError: another function has that name.
        """
        chosen = name or name_of(function)
        if self._known.setdefault(chosen, function) != function:
            raise ValueError(
                f"another callback is called {chosen!r} already; give this one a name of its "
                "own: add_callback(function, name=...)"
            )

    def add_owner(self, function: Function) -> None:
        """Makes the object known that a method belongs to."""
        owner = getattr(function, "__self__", None)
        if owner is not None and not any(owner is one for one in self._owners):
            self._owners.append(owner)

    def reference(self, callback: Callback) -> Reference:
        """Returns how a callback is kept."""
        try:
            return self._reference(callback)
        except Lost as lost:
            return Reference(name=name_of(callback), problem=str(lost))

    def _reference(self, callback: Callback) -> Reference:
        if asyncio.isfuture(callback):
            raise Lost("a future ends with its process")
        if isinstance(callback, functools.partial):
            inner = self._reference(callback.func)
            return Reference(name=inner.name, arguments=_written(callback.args, callback.keywords))
        for name, function in self._known.items():
            if function == callback:
                return Reference(name=name)
        name = name_of(callback)
        if "<lambda>" in name or "<locals>" in name:
            raise Lost("it is made inside of a function, so that nothing can import it")
        if self._named(name) != callback:
            raise Lost(f"{name} names something else")
        return Reference(name=name)

    def find(self, reference: Reference) -> Callback:
        """Returns the callback that was kept.

        Raises:
            Lost: it is not there any more, or never could be found again.
        """
        if reference.problem:
            raise Lost(reference.problem)
        function = self._named(reference.name)
        if not reference.arguments:
            return function
        args, keywords = _read(reference.arguments)
        return functools.partial(function, *args, **keywords)

    def _named(self, name: str) -> Function:
        if name in self._known:
            return self._known[name]
        module, _, qualname = name.partition(":")
        above: Any = None
        found: Any = _module(module)
        for part in qualname.split("."):
            above, found = found, getattr(found, part, None)
        if not callable(found):
            raise Lost(f"there is no {qualname} in {module} any more")
        if isinstance(above, type) and inspect.isfunction(inspect.getattr_static(above, part)):
            return self._method(above, part)
        return found  # type: ignore[no-any-return]

    def _method(self, cls: type, name: str) -> Function:
        owners = [one for one in self._owners if type(one) is cls]
        if len(owners) != 1:
            count = "no" if not owners else f"more than one ({len(owners)})"
            raise Lost(f"the server has {count} handler object of class {cls.__qualname__}")
        found: Function = getattr(owners[0], name)
        return found


def name_of(callback: object) -> str:
    """Returns ``module:qualname`` of a function, or of the class of anything else."""
    inner = callback.func if isinstance(callback, functools.partial) else callback
    qualname = getattr(inner, "__qualname__", None)
    if qualname is None:
        inner = type(inner)
        qualname = inner.__qualname__
    owner = getattr(inner, "__self__", None)
    if owner is not None and not inspect.ismodule(owner):
        cls = owner if isinstance(owner, type) else type(owner)
        return f"{cls.__module__}:{cls.__qualname__}.{inner.__name__}"  # type: ignore[attr-defined]
    return f"{getattr(inner, '__module__', None)}:{qualname}"


def _module(name: str) -> Any:
    try:
        return sys.modules.get(name) or importlib.import_module(name)
    except Exception as error:  # noqa: BLE001 - whatever a module does when it is loaded
        raise Lost(f"module {name} cannot be imported: {error}") from None


def _written(args: tuple[Any, ...], keywords: dict[str, Any]) -> str:
    return json.dumps(
        {
            "args": [_value(one) for one in args],
            "keywords": {name: _value(one) for name, one in keywords.items()},
        }
    )


def _value(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, timedelta):
        return {"microseconds": value // timedelta(microseconds=1)}
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    raise Lost(
        f"an argument of its partial is {type(value).__name__}; expected text, a number, "
        "True, False, None, a datetime or a timedelta"
    )


def _read(written: str) -> tuple[list[Any], dict[str, Any]]:
    given = json.loads(written)
    keywords = {name: _unwritten(one) for name, one in given["keywords"].items()}
    return [_unwritten(one) for one in given["args"]], keywords


def _unwritten(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "moment" in value:
        return datetime.fromisoformat(value["moment"])
    return timedelta(microseconds=value["microseconds"])
