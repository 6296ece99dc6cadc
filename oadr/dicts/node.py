"""Reads what an application hands over, and says where something is wrong.

Applications hand over dicts, or openleadr's dataclasses anywhere in them. ``plain`` makes
dicts of all; a ``Node`` is one of these dicts that knows its path, and a ``Kind`` is what
can stand under a key.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from operator import index
from typing import Any, Generic, TypeVar

from oadr.errors import OpenADRError
from oadr.times import CalendarDuration, parse_datetime, parse_duration

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
#: What a reader of values may raise; all mean that the value is not what it should be.
_UNFIT = (ValueError, TypeError, ArithmeticError, KeyError, OpenADRError)
_LONGEST = 80


def plain(value: Any) -> Any:
    """Returns dataclass instances as dicts, recursively; anything else as it is."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """What may stand under a key.

    Attributes:
        what: it is, for the text of an error.
        read: returns the value in our types, or raises if it is something else.
    """

    what: str
    read: Callable[[Any], T]


class Node:
    """A dict, and where it stands in what was handed over.

    Several names for one value are tried in turn; a key that holds None is as good as
    one that is not there.

    Args:
        raw: the dict, as ``plain`` gives it.
        path: how a person names it, such as ``"event.active_period"``.

    Raises:
        ValueError: it is no dict.
    """

    __slots__ = ("path", "raw")

    def __init__(self, raw: Any, path: str) -> None:
        if not isinstance(raw, Mapping):
            raise ValueError(f"{path} is {_shown(raw)}; expected a dict or an object")
        self.raw = raw
        self.path = path

    def maybe(self, kind: Kind[T], *names: str) -> T | None:
        """Returns the value under the first name that has one, or None.

        Raises:
            ValueError: it is not of that kind.
        """
        for name in names:
            value = self.raw.get(name)
            if value is not None:
                return self._read(kind, name, value)
        return None

    def need(self, kind: Kind[T], *names: str) -> T:
        """Returns the value under the first name that has one.

        Raises:
            ValueError: there is none, or it is not of that kind.
        """
        found = self.maybe(kind, *names)
        if found is None:
            raise ValueError(f"{self.at(names[0])} is missing; expected {kind.what}")
        return found

    def child(self, *names: str) -> "Node | None":
        """Returns the dict under the first name that has one, or None."""
        for name in names:
            if self.raw.get(name) is not None:
                return Node(self.raw[name], self.at(name))
        return None

    def children(self, *names: str) -> "list[Node]":
        """Returns the dicts of the list under the first name that has one; empty if none.

        A dict that stands where a list should is a list of one.
        """
        for name in names:
            found = self.raw.get(name)
            if found is not None:
                several = found if isinstance(found, list) else [found]
                return [Node(one, f"{self.at(name)}[{n}]") for n, one in enumerate(several)]
        return []

    def several(self, kind: Kind[T], *names: str) -> tuple[T, ...]:
        """Returns the values of the list under the first name that has one; empty if none.

        A value that stands where a list should is a list of one.
        """
        for name in names:
            found = self.raw.get(name)
            if found is not None:
                values = found if isinstance(found, list) else [found]
                return tuple(self._read(kind, f"{name}[{n}]", one) for n, one in enumerate(values))
        return ()

    def at(self, name: str) -> str:
        """Returns the path of a key."""
        return f"{self.path}.{name}"

    def _read(self, kind: Kind[T], name: str, value: Any) -> T:
        try:
            return kind.read(value)
        except _UNFIT:
            text = f"{self.at(name)} is {_shown(value)}; expected {kind.what}"
            raise ValueError(text) from None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _text(value: Any) -> str:
    # An application that got an ID of digits from openleadr has it as a number (X2).
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, Mapping | list | tuple | set | bytes):
        raise TypeError
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.value) if isinstance(value, Enum) else str(value)


def _whole(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, str):
        # Underscores and digits of other scripts are for Python, not for a message.
        if not re.fullmatch(r"-?[0-9]{1,20}", value.strip()):
            raise ValueError
        return int(value)
    if isinstance(value, float | Decimal):
        if value != int(value):
            raise ValueError
        return int(value)
    return index(value)


def _number(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise TypeError
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _moment(value: Any) -> datetime:
    if isinstance(value, str):
        return parse_datetime(value)
    if not isinstance(value, datetime):
        raise TypeError
    # One without a zone is local time, as openleadr takes it; fractions are cut off (R1).
    return value.astimezone(UTC).replace(microsecond=0)


def _duration(value: Any) -> timedelta:
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, Mapping):
        return _duration(value["duration"])
    if not isinstance(value, timedelta):
        raise TypeError
    if isinstance(value, CalendarDuration) or not value.microseconds:
        return value
    return timedelta(days=value.days, seconds=value.seconds)


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}[value]


TEXT = Kind("a text", _text)
WHOLE = Kind("a whole number", _whole)
NUMBER = Kind("a number", _number)
MOMENT = Kind("a datetime", _moment)
DURATION = Kind("a timedelta", _duration)
FLAG = Kind("True or False", _flag)


def one_of(members: type[E]) -> Kind[E]:
    """Returns the kind that is one value of an enumeration."""
    known = ", ".join(members)
    return Kind(f"one of {known}", lambda value: members(_text(value)))
