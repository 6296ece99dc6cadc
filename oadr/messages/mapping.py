"""How a field says where it lives in the XML.

Each message is a frozen dataclass. Its fields stand in the order of the schema, and
each is annotated with its path below the element of the class; these annotations are
the one table from which the encoder and the decoder are compiled.

A path is a chain of prefixed element names. ``*`` marks the element that repeats
(for tuples; the last one if none is marked), ``!`` one that is written even when
nothing is in it, ``?`` a last one that may be missing from its wrapper.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

C = TypeVar("C", bound=type)


@dataclass(frozen=True, slots=True)
class At:
    """Where a field lives.

    Attributes:
        path: element names below the element of the class, such as
            ``"xcal:dtstart/xcal:date-time"``; ``"@ei:schemaVersion"`` for an attribute.
        token: the schema collapses white space in it.
        then: markup that must follow it, written as it stands.
        empty: an empty text is a value here, because the schema demands the element
            beside others; elsewhere an empty optional one counts as left out (R46).
    """

    path: str
    token: bool = False
    then: str = ""
    empty: bool = False


@dataclass(frozen=True, slots=True)
class OneOf:
    """A field that may be one of several elements; the Python type tells which.

    Attributes:
        options: pairs of Python type and path, in no order.
    """

    options: tuple[tuple[Any, str], ...]


def root(tag: str) -> Callable[[C], C]:
    """Marks a dataclass as a whole message, named ``tag`` in the namespace ``oadr``."""

    def mark(cls: C) -> C:
        MESSAGES[tag] = cls
        return cls

    return mark


#: Element name -> message class, filled by ``root``.
MESSAGES: dict[str, type] = {}
