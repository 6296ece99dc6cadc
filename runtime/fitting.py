"""Whether somebody's function or object can be a handler, said in words that help.

A handler is looked at once, when it is added; what is wrong with it then would otherwise
show at the first message that it is for.
"""

import inspect
from collections.abc import Iterable

from oadr.errors import OpenADRError

#: So many letters of a name, and one of them may be wrong for it to count as misspelt.
_LETTERS_A_SLIP = 6


class HandlerError(OpenADRError):
    """A handler cannot be added: unknown hook, wrong signature, or a second one to decide."""


def describe(handler: object) -> str:
    """Returns the name of a handler as a person would look for it."""
    target = getattr(handler, "func", handler)
    name = getattr(target, "__qualname__", None)
    if name is None:
        target = type(target)
        name = target.__qualname__
    return f"{target.__module__}.{name}"


def signature_of(name: str, parameters: Iterable[str], *, method: bool = False) -> str:
    """Returns the signature that is expected, as it is written in a program."""
    names = (*(["self"] if method else []), *parameters)
    return f"async def {name}({', '.join(names)})"


def check_function(name: str, parameters: tuple[str, ...], function: object) -> None:
    """Checks that a function can be called as a hook is.

    Args:
        name: of the hook.
        parameters: what it will be called with, in order.
        function: what is to be called.

    Raises:
        HandlerError: it is a class, cannot be called so, or contains ``yield``.
    """
    expected = signature_of(name, parameters, method=inspect.ismethod(function))
    if isinstance(function, type):
        raise HandlerError(
            f"{describe(function)} is a class and does not fit its hook; expected {expected}"
        )
    if not callable(function):
        raise HandlerError(f"{name} is {function!r}, which cannot be called; expected {expected}")
    inner = getattr(function, "func", function)
    if inspect.isasyncgenfunction(inner) or inspect.isgeneratorfunction(inner):
        raise HandlerError(
            f"{describe(function)} contains yield, so it would never run; expected {expected} "
            "that returns its result"
        )
    try:
        inspect.signature(function).bind(*parameters)
    except (TypeError, ValueError) as error:
        raise HandlerError(
            f"{describe(function)} does not fit its hook ({error}); expected {expected}"
        ) from None


def check_object(handler: object, known: Iterable[str]) -> None:
    """Checks that an object may be searched for hooks, and misspells none.

    Args:
        handler: what is added.
        known: names of all hooks.

    Raises:
        HandlerError: it is a class, or a method of it is nearly called like a hook.
    """
    if isinstance(handler, type):
        raise HandlerError(
            f"{describe(handler)} is a class; expected an instance, such as {handler.__name__}()"
        )
    names = tuple(known)
    for name in dir(handler):
        if not name.lower().startswith("on") or name in names or not _is_method(handler, name):
            continue
        meant = nearest(name, names)
        if meant:
            raise HandlerError(
                f"{describe(handler)}.{name} is no hook and would never be called; "
                f"did you mean {meant}?"
            )


def unknown(name: str, known: Iterable[str]) -> str:
    """Returns the words about a hook that nobody knows."""
    names = sorted(known)
    meant = nearest(name, names)
    hint = f"; did you mean {meant}?" if meant else ""
    return f"there is no hook {name!r}; hooks are: {', '.join(names)}{hint}"


def nearest(name: str, known: Iterable[str]) -> str:
    """Returns the one that a misspelt name most likely stands for; empty if none is near.

    Near are the same words in another order or another writing, and a letter or a few
    that are wrong, missing or too many.
    """
    names = tuple(known)
    for one in names:
        if sorted(_words(one)) == sorted(_words(name)) or _plain(one) == _plain(name):
            return one
    slips = {one: _slips(_plain(name), _plain(one)) for one in names}
    close = [one for one in names if slips[one] <= len(_plain(one)) // _LETTERS_A_SLIP]
    return min(close, key=slips.__getitem__, default="")


def _is_method(handler: object, name: str) -> bool:
    """Returns whether an attribute can be called; properties are not asked."""
    found = inspect.getattr_static(handler, name)
    return callable(found) or isinstance(found, staticmethod | classmethod)


def _words(name: str) -> list[str]:
    return name.lower().split("_")


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def _slips(one: str, other: str) -> int:
    """Returns how many letters have to be put in, left out, changed or swapped to get the other."""
    rows = [list(range(len(other) + 1))]
    for number, letter in enumerate(one, 1):
        row, above = [number], rows[-1]
        for place, wanted in enumerate(other, 1):
            changed = above[place - 1] + (letter != wanted)
            best = min(above[place] + 1, row[-1] + 1, changed)
            if number > 1 and place > 1 and one[number - 2 : number] == wanted + other[place - 2]:
                best = min(best, rows[-2][place - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]
