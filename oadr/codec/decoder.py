"""Writes, from the table of a message class, the function that reads it.

The function is what one would write by hand: a loop over the children of the element
that compares tags, nested for wrappers with several fields. It is compiled when a class
is first read; ``print(decoder(Poll).__doc__)`` shows it. The schema was checked before,
so nothing that is required is missing and a wrapper's first child is the one it wraps.
"""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any

from lxml import etree

from oadr.codec import unit
from oadr.codec.namespaces import qname
from oadr.codec.table import Row, rows
from oadr.codec.text import collapse, parser_for
from oadr.messages.common import RawXml, Unit

Read = Callable[[etree._Element], Any]
#: Tag, or set of tags -> what it leads to: a row with one of its types, or the same one deeper.
Tree = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class _Leaf:
    row: Row
    kind: Any
    #: Whether it may be missing although the wrapper around it is there.
    maybe: bool = False


@dataclass(slots=True)
class _Source:
    """A function in the making: its lines, and the objects that they name."""

    lines: list[str] = field(default_factory=list)
    scope: dict[str, Any] = field(default_factory=dict)

    def name(self, prefix: str, value: Any) -> str:
        """Returns a name for an object."""
        name = f"{prefix}_{len(self.scope)}"
        self.scope[name] = value
        return name

    def add(self, depth: int, line: str) -> None:
        self.lines.append("    " * depth + line)


@cache
def decoder(cls: type) -> Read:
    """Returns the function that builds a ``cls`` from its element."""
    table = rows(cls)
    source = _Source()
    source.add(0, "def decode(element):")
    for row, default in zip(table, fields(cls), strict=True):
        source.add(1, f"{row.name} = {_missing(source, row, default.default)}")
        if row.attribute:
            source.add(1, f"if (text := element.get({qname(row.attribute)!r})) is not None:")
            source.add(2, f"{row.name} = {source.name('collapse', collapse)}(text)")
    _write_loop(source, 1, _tree(table), "element")
    _write_result(source, cls, table)
    exec("\n".join(source.lines), source.scope)  # noqa: S102 - made of our own table alone
    decode: Read = source.scope["decode"]
    decode.__doc__ = "\n".join(source.lines)
    return decode


def _missing(source: _Source, row: Row, default: Any) -> str:
    """Returns the expression for a field that is not in the element."""
    if row.many:
        return "[]"
    if row.attribute or default is None or default is MISSING:
        return "None"
    return source.name("default", default)


def _write_result(source: _Source, cls: type, table: tuple[Row, ...]) -> None:
    # The slots are set directly: a frozen __init__ looks each of them up by its name and
    # takes twice as long.
    new, made = source.name("new", object.__new__), source.name("cls", cls)
    source.add(1, f"built = {new}({made})")
    for row in table:
        put = source.name("set", getattr(cls, row.name).__set__)
        source.add(1, f"{put}(built, {f'tuple({row.name})' if row.many else row.name})")
    source.add(1, "return built")


def _tree(table: tuple[Row, ...]) -> Tree:
    tree: Tree = {}
    for row in table:
        for kind, path in row.options:
            if kind is Unit:
                tree[unit.TAGS] = _Leaf(row, kind)
            elif not row.attribute:
                *outer, last = (qname(step.strip("*!?")) for step in path.split("/"))
                node = tree
                for tag in outer:
                    node = node.setdefault(tag, {})
                node[last] = _Leaf(row, kind, maybe=path.endswith("?"))
    return tree


def _write_loop(source: _Source, depth: int, tree: Tree, element: str) -> None:
    child = f"child_{depth}"
    source.add(depth, f"for {child} in {element}:")
    source.add(depth + 1, f"tag = {child}.tag")
    for n, (tag, node) in enumerate(tree.items()):
        test = f"== {tag!r}" if isinstance(tag, str) else f"in {source.name('tags', tag)}"
        source.add(depth + 1, f"{'elif' if n else 'if'} tag {test}:")
        _write_branch(source, depth + 2, node, child)


def _write_branch(source: _Source, depth: int, node: Any, element: str) -> None:
    if isinstance(node, _Leaf):
        value, name = _value(source, node, element), node.row.name
        source.add(depth, f"{name}.append({value})" if node.row.many else f"{name} = {value}")
        return
    if _is_wrapper(node):
        _write_branch(source, depth, next(iter(node.values())), f"{element}[0]")
    else:
        _write_loop(source, depth, node, element)


def _is_wrapper(node: Any) -> bool:
    """Whether an element always holds one element, and that again, down to one value."""
    if isinstance(node, _Leaf):
        return not (node.row.many or node.maybe)
    return len(node) == 1 and _is_wrapper(next(iter(node.values())))


def _value(source: _Source, leaf: _Leaf, element: str) -> str:
    """Returns the expression that reads a value from the element that holds it."""
    if leaf.kind is Unit:
        return f"{source.name('unit', unit.decode_unit)}({element})"
    if leaf.kind is RawXml:
        return f"{source.name('raw', unit.canonical)}({element})"
    if is_dataclass(leaf.kind) and isinstance(leaf.kind, type):
        return f"{source.name('decode', decoder(leaf.kind))}({element})"
    # An empty element counts as one that was left out (R46).
    lost = leaf.kind is str and leaf.row.optional and not leaf.row.empty
    empty = "None" if lost else "''"
    if leaf.kind is str and not leaf.row.token:
        return f"{element}.text or {empty}"
    value = f"{source.name('parse', parser_for(leaf.kind))}({element}.text or '')"
    return f"{value} or None" if empty == "None" else value
