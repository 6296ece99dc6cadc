"""Turns the annotations of a message class into an encoder and a decoder.

Both come from the same rows (``Row``), read once when a class is first needed. What
runs for each message is closures over those rows: no reflection, no templates.
"""

import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Union, get_args, get_origin

from lxml import etree

from oadr.codec import unit
from oadr.codec.namespaces import qname
from oadr.codec.text import escape_attribute, formatter_for, parser_for
from oadr.messages.common import RawXml, Unit
from oadr.messages.mapping import At, OneOf

Encode = Callable[[Any], str]
Decode = Callable[[etree._Element], Any]
#: Reads an element into the values of the object that is being built.
Store = Callable[[etree._Element, dict[str, Any]], None]
#: Tag -> what to do with it, or the same one level deeper.
Tree = dict[str, Any]


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
    """

    name: str
    options: tuple[tuple[Any, str], ...]
    optional: bool
    many: bool
    token: bool = False
    then: str = ""


@cache
def rows(cls: type) -> tuple[Row, ...]:
    """Returns the table of a class, in the order of the schema."""
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
    return Row(name, ((members[0], mark.path),), optional, many, mark.token, mark.then)


def _strip(hint: Any, marks: list[Any]) -> Any:
    """Returns a type without its annotations, which go into ``marks``."""
    while get_origin(hint) is Annotated:
        hint, *extra = get_args(hint)
        marks.extend(mark for mark in extra if isinstance(mark, At | OneOf))
    return hint


def _members(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


# ---------------------------------------------------------------- decoding


@cache
def decoder(cls: type) -> Decode:
    """Returns the function that builds a ``cls`` from its element."""
    tree: Tree = {}
    attributes: list[tuple[str, str]] = []
    many: list[str] = []
    for row in rows(cls):
        if row.many:
            many.append(row.name)
        for kind, path in row.options:
            if path.startswith("@"):
                attributes.append((row.name, qname(path[1:])))
            elif kind is Unit:
                store = _store(row, unit.decode_unit)
                tree.update((tag, store) for tag in unit.TAGS)
            else:
                _plant(tree, [qname(step.strip("*!")) for step in path.split("/")], row, kind)
    walk = _walker(tree)

    def decode(element: etree._Element) -> Any:
        values: dict[str, Any] = {}
        walk(element, values)
        for name in many:
            if name in values:
                values[name] = tuple(values[name])
        for name, attribute in attributes:
            values[name] = element.get(attribute)
        return cls(**values)

    return decode


def _plant(tree: Tree, tags: list[str], row: Row, kind: Any) -> None:
    *outer, last = tags
    for tag in outer:
        tree = tree.setdefault(tag, {})
    tree[last] = _store(row, _reader(row, kind))


def _reader(row: Row, kind: Any) -> Decode:
    if kind is RawXml:
        return unit.canonical
    if is_dataclass(kind) and isinstance(kind, type):
        return decoder(kind)
    read = parser_for(kind, token=row.token)
    if row.optional and kind is str:
        # An empty element counts as one that was left out (R46).
        return lambda element: read(element.text or "") or None
    if kind is str and not row.token:
        return lambda element: element.text or ""
    return lambda element: read(element.text or "")


def _store(row: Row, read: Decode) -> Store:
    name = row.name

    def one(element: etree._Element, values: dict[str, Any]) -> None:
        values[name] = read(element)

    def another(element: etree._Element, values: dict[str, Any]) -> None:
        if name in values:
            values[name].append(read(element))
        else:
            values[name] = [read(element)]

    return another if row.many else one


def _walker(tree: Tree) -> Store:
    stores = {tag: _walker(node) if isinstance(node, dict) else node for tag, node in tree.items()}
    find = stores.get

    def walk(element: etree._Element, values: dict[str, Any]) -> None:
        for child in element:
            store = find(child.tag)
            if store is not None:
                store(child, values)

    return walk


# ---------------------------------------------------------------- encoding


@cache
def encoder(cls: type) -> Encode:
    """Returns the function that writes what stands inside the element of a ``cls``."""
    items = [
        (path.split("/"), encode, row.then)
        for row in rows(cls)
        if not row.options[0][1].startswith("@")
        for path, encode in _writers(row)
    ]
    return _join(_group(items))


@cache
def attributes(cls: type) -> Encode:
    """Returns the function that writes the attributes of the element of a ``cls``."""
    found = [
        (row.name, path[1:]) for row in rows(cls) for _, path in row.options if path[0:1] == "@"
    ]

    def encode(value: Any) -> str:
        text = ""
        for name, attribute in found:
            content = getattr(value, name)
            if content is not None:
                text += f' {attribute}="{escape_attribute(content)}"'
        return text

    return encode


def _writers(row: Row) -> list[tuple[str, Encode]]:
    """Returns (path of the elements around it, writer) for a row."""
    get = attrgetter(row.name)
    if row.options[0][0] is Unit:
        return [("", _repeat(row, get, unit.encode_unit))]
    if len(row.options) > 1:
        table = {kind: _nest(path.split("/"), _content(kind, path)) for kind, path in row.options}
        return [("", _repeat(row, get, lambda value: table[type(value)](value)))]
    kind, path = row.options[0]
    steps = path.split("/")
    split = _first_repeated(steps) if row.many else len(steps) - 1
    inner = [step.strip("*") for step in steps[split:]]
    write = _content(kind, inner[-1])
    if kind is not RawXml:
        write = _nest(inner, write)
    elif len(inner) > 1:
        write = _nest(inner[:-1], write)
    return [("/".join(steps[:split]), _repeat(row, get, write))]


def _first_repeated(steps: list[str]) -> int:
    return next((n for n, step in enumerate(steps) if step.endswith("*")), len(steps) - 1)


def _content(kind: Any, path: str) -> Encode:
    if kind is RawXml:
        return lambda value: str(value.xml)
    if is_dataclass(kind) and isinstance(kind, type):
        return encoder(kind)
    return formatter_for(kind, element=path.rpartition("/")[2])


def _nest(steps: list[str], write: Encode) -> Encode:
    before = "".join(f"<{step}>" for step in steps)
    after = "".join(f"</{step}>" for step in reversed(steps))
    return lambda value: before + write(value) + after


def _repeat(row: Row, get: Callable[[Any], Any], write: Encode) -> Encode:
    if row.many:
        return lambda owner: "".join([write(value) for value in get(owner)])
    if not row.optional:
        return lambda owner: write(get(owner))

    def encode(owner: Any) -> str:
        value = get(owner)
        return "" if value is None or value == "" else write(value)

    return encode


def _group(items: list[tuple[list[str], Encode, str]]) -> list[Encode]:
    """Puts neighbours that share their outer elements into one."""
    found: list[Encode] = []
    while items:
        steps, write, then = items[0]
        if not steps or not steps[0]:
            found.append(_followed(write, then))
            items = items[1:]
            continue
        count = next(
            (n for n, (other, _, _) in enumerate(items) if other[:1] != steps[:1]), len(items)
        )
        inner = _group([(other[1:], write, then) for other, write, then in items[:count]])
        found.append(_wrap(steps[0], _join(inner)))
        items = items[count:]
    return found


def _followed(write: Encode, then: str) -> Encode:
    if not then:
        return write
    # The literal belongs beside the innermost wrapper, so it follows what was written.
    return lambda owner: write(owner) + then


def _wrap(step: str, write: Encode) -> Encode:
    name = step.strip("!")
    always = step.endswith("!")
    before, after = f"<{name}>", f"</{name}>"

    def encode(owner: Any) -> str:
        content = write(owner)
        return before + content + after if content or always else ""

    return encode


def _join(parts: list[Encode]) -> Encode:
    if len(parts) == 1:
        return parts[0]
    return lambda owner: "".join([part(owner) for part in parts])
