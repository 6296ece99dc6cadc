"""Reads the annotations of a message class into rows: the table that drives the codec."""

import types
import typing
from dataclasses import dataclass, fields
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from oadr.messages.common import Unit
from oadr.messages.mapping import At, OneOf


@dataclass(frozen=True, slots=True)
class Row:
    """One field of a class: its name, type and place.

    Attributes:
        name: of the field.
        options: (type, path) pairs; more than one for a choice.
        optional: may be None, which is not written.
        many: a tuple.
        token: white space is collapsed on reading.
        then: markup that follows.
        empty: an empty text is a value.
    """

    name: str
    options: tuple[tuple[Any, str], ...]
    optional: bool
    many: bool
    token: bool = False
    then: str = ""
    empty: bool = False

    @property
    def attribute(self) -> str:
        """Name of the attribute that holds the field; empty for an element."""
        path = self.options[0][1]
        return path[1:] if path.startswith("@") else ""


@cache
def rows(cls: type) -> tuple[Row, ...]:
    """Returns the table of a class, in the order of the schema.

    Raises:
        TypeError: a field does not say where it lives.
    """
    hints = typing.get_type_hints(cls, include_extras=True)
    return tuple(_row(field.name, hints[field.name]) for field in fields(cls))


def _row(name: str, hint: Any) -> Row:
    marks: list[Any] = []
    hint = _strip(hint, marks)
    members = [_strip(member, marks) for member in _members(hint)]
    optional = type(None) in members
    members = [member for member in members if member is not type(None)]
    many = get_origin(members[0]) is tuple
    if many:
        members = [_strip(member, marks) for member in _members(get_args(members[0])[0])]
    if Unit in members:
        return Row(name, ((Unit, ""),), optional, many)
    if not marks:
        raise TypeError(f"field {name!r} has no place: annotate it with At(...) or OneOf(...)")
    mark = marks[0]
    if isinstance(mark, OneOf):
        return Row(name, mark.options, optional, many)
    options = ((members[0], mark.path),)
    return Row(name, options, optional, many, mark.token, mark.then, mark.empty)


def _strip(hint: Any, marks: list[Any]) -> Any:
    """Returns a type without its annotations, which go into ``marks``."""
    while get_origin(hint) is Annotated:
        hint, *extra = get_args(hint)
        marks.extend(mark for mark in extra if isinstance(mark, At | OneOf))
    return hint


def _members(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
