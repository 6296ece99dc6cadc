"""Compiles the table of a message class into the function that writes it.

What runs for each message is closures that concatenate strings; all mark-up is put
together when a class is first written. A peer that chokes on optional things gets a
function of its own, compiled without them.
"""

from collections.abc import Callable
from dataclasses import is_dataclass
from functools import cache
from operator import attrgetter
from typing import Any

from oadr.codec import unit
from oadr.codec.plain import NOTHING, LeftOut
from oadr.codec.table import Row, rows
from oadr.codec.text import escape_attribute, formatter_for
from oadr.messages.common import RawXml, Unit

Encode = Callable[[Any], str]


@cache
def encoder(cls: type, left_out: LeftOut = NOTHING) -> Encode:
    """Returns the function that writes what stands inside the element of a ``cls``.

    Args:
        cls: a class with a table.
        left_out: names of optional elements and attributes that are not written.
    """
    items = [
        (path.split("/") if path else [], encode, row.then)
        for row in _kept(cls, left_out)
        if not row.attribute
        for path, encode in [_writer(row, left_out)]
    ]
    return _join(_group(items))


@cache
def attributes(cls: type, left_out: LeftOut = NOTHING) -> Encode:
    """Returns the function that writes the attributes of the element of a ``cls``."""
    found = [(row.name, row.attribute) for row in _kept(cls, left_out) if row.attribute]

    def encode(value: Any) -> str:
        text = ""
        for name, attribute in found:
            content = getattr(value, name)
            if content is not None:
                text += f' {attribute}="{escape_attribute(content)}"'
        return text

    return encode


def _kept(cls: type, left_out: LeftOut) -> list[Row]:
    return [row for row in rows(cls) if not (row.optional and _local_name(row) in left_out)]


def _local_name(row: Row) -> str:
    """Returns the name of the element or attribute that holds a row alone; else nothing."""
    if len(row.options) > 1:
        return ""
    return row.options[0][1].rpartition("/")[2].rpartition(":")[2].strip("*!?")


def _writer(row: Row, left_out: LeftOut) -> tuple[str, Encode]:
    """Returns the path of the elements around a row, and the function that writes it."""
    if row.options[0][0] is Unit:
        return "", _field(row, "", unit.encode_unit, "")
    if len(row.options) > 1:
        table = {
            kind: _closed(*_element(kind, path.split("/"), left_out)) for kind, path in row.options
        }
        return "", _field(row, "", lambda value: table[type(value)](value), "")
    kind, path = row.options[0]
    steps = path.split("/")
    split = _first_repeated(steps) if row.many else len(steps) - 1
    inner = [step.strip("*?") for step in steps[split:]]
    return "/".join(steps[:split]), _field(row, *_element(kind, inner, left_out))


def _first_repeated(steps: list[str]) -> int:
    return next((n for n, step in enumerate(steps) if step.endswith("*")), len(steps) - 1)


def _element(kind: Any, steps: list[str], left_out: LeftOut) -> tuple[str, Encode, str]:
    """Returns what stands before a value, the function that writes it, and what follows.

    Args:
        kind: Python type of the value.
        steps: names of the elements around it, the outermost first.
        left_out: what is not written inside of it.
    """
    before = "".join(f"<{step}>" for step in steps)
    after = "".join(f"</{step}>" for step in reversed(steps))
    if kind is RawXml:
        # It brings its own element.
        name = steps[-1]
        return before.removesuffix(f"<{name}>"), _raw, after.removeprefix(f"</{name}>")
    if not (is_dataclass(kind) and isinstance(kind, type)):
        return before, formatter_for(kind, element=steps[-1]), after
    write = encoder(kind, left_out)
    if not any(row.attribute for row in rows(kind)):
        return before, write, after
    mark = attributes(kind, left_out)
    return before.removesuffix(">"), lambda value: f"{mark(value)}>{write(value)}", after


def _raw(value: RawXml) -> str:
    return value.xml


def _closed(before: str, write: Encode, after: str) -> Encode:
    return lambda value: before + write(value) + after


def _field(row: Row, before: str, write: Encode, after: str) -> Encode:
    """Returns the function that writes a field of the object it is given."""
    get: Callable[[Any], Any] = attrgetter(row.name)
    if row.many:
        return lambda owner: "".join([before + write(value) + after for value in get(owner)])
    if not row.optional:
        return lambda owner: before + write(get(owner)) + after
    # An empty text counts as one that is left out (R46).
    drops_empty = row.options[0][0] is str and not row.empty
    absent = (None, "") if drops_empty else (None,)

    def encode(owner: Any) -> str:
        value = get(owner)
        return "" if value in absent else before + write(value) + after

    return encode


def _group(items: list[tuple[list[str], Encode, str]]) -> list[Encode]:
    """Puts neighbours that share their outer elements into one."""
    found: list[Encode] = []
    while items:
        steps, write, then = items[0]
        if not steps:
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
