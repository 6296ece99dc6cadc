"""Text of an element to a value and back, for each simple type of the schema."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from oadr.errors import InvalidData
from oadr.times import format_datetime, format_duration, parse_datetime, parse_duration

#: What XML 1.0 cannot carry at all, and what would end or change the text.
_SPECIAL = re.compile(r"[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff￾￿]")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_FLOATS = {"INF": Decimal("Infinity"), "-INF": Decimal("-Infinity"), "NaN": Decimal("NaN")}
_NON_FINITE = {"Infinity": "INF", "-Infinity": "-INF", "NaN": "NaN"}


def escape(text: str) -> str:
    """Returns the text so that it stays text; what XML cannot carry becomes U+FFFD."""
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(lambda match: _ESCAPES.get(match[0], "\ufffd"), text)


def escape_attribute(text: str) -> str:
    """Returns the text for use between double quotes."""
    return escape(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


def collapse(text: str) -> str:
    """Returns the text with white space collapsed, as the schema does for tokens."""
    return " ".join(text.split())


def parse_decimal(text: str) -> Decimal:
    """Reads a float or decimal of the schema exactly as it was written."""
    text = text.strip()
    try:
        return _FLOATS.get(text) or Decimal(text)
    except ArithmeticError:
        raise InvalidData(f"number {text[:40]!r} cannot be used") from None


def format_float(value: Decimal) -> str:
    """Writes an ``xs:float``."""
    text = str(value)
    return _NON_FINITE.get(text, text)


def format_decimal(value: Decimal) -> str:
    """Writes an ``xs:decimal``, which knows no exponent."""
    return format(value, "f")


def parse_bool(text: str) -> bool:
    """Reads an ``xs:boolean``."""
    return _BOOLEANS[text.strip()]


def format_bool(value: bool) -> str:
    """Writes an ``xs:boolean``."""
    return "true" if value else "false"


def parser_for(kind: Any, *, token: bool) -> Callable[[str], Any]:
    """Returns the function that reads a value of the Python type ``kind``."""
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        members = kind._value2member_map_
        return lambda text: members[collapse(text)]
    table: dict[Any, Callable[[str], Any]] = {
        str: collapse if token else str,
        int: int,
        bool: parse_bool,
        Decimal: parse_decimal,
        datetime: parse_datetime,
        timedelta: parse_duration,
    }
    return table[kind]


def formatter_for(kind: Any, *, element: str) -> Callable[[Any], str]:
    """Returns the function that writes a value of the Python type ``kind``, escaped."""
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return str
    if element == "ei:responseCode":
        return lambda code: f"{code:03d}"
    table: dict[Any, Callable[[Any], str]] = {
        str: escape,
        int: str,
        bool: format_bool,
        Decimal: format_decimal if element in _DECIMALS else format_float,
        datetime: format_datetime,
        timedelta: format_duration,
    }
    return table[kind]


#: Elements of type ``xs:decimal``; all other numbers with a fraction are ``xs:float``.
_DECIMALS = frozenset({"power:hertz", "power:voltage"})
