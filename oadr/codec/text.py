"""Text of an element to a value and back, for each simple type of the schema."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Any

from oadr.times import format_datetime, format_duration, parse_datetime, parse_duration

#: What XML 1.0 cannot carry at all, and what would end or change the text.
_SPECIAL = re.compile("[&<>\\r\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff]")
#: White space of XML; Python counts more as such.
_SPACE = re.compile("[ \\t\\n\\r]+")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
#: Power of ten that is beyond every double, in both directions.
_MAX_EXPONENT = 400


def escape(text: str) -> str:
    """Returns the text so that it stays text; what XML cannot carry becomes U+FFFD."""
    if text.isalnum() or _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(lambda match: _ESCAPES.get(match[0], "\ufffd"), text)


def escape_attribute(text: str) -> str:
    """Returns the text for use between double quotes."""
    return escape(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")


def collapse(text: str) -> str:
    """Returns the text with white space collapsed, as the schema does for tokens."""
    return _SPACE.sub(" ", text).strip(" ")


def parse_float(text: str) -> Decimal:
    """Reads an ``xs:float`` exactly as it was written.

    One that no double holds becomes zero or infinite: as it is written, ten characters
    could name a number with a billion digits, which any later sum would write out.
    """
    try:
        value = Decimal(text)
        if abs(value.adjusted()) < _MAX_EXPONENT:
            return value
    except ArithmeticError:
        pass
    return Decimal(float(text))


def parse_decimal(text: str) -> Decimal:
    """Reads an ``xs:decimal``, which knows no exponent, exactly as it was written."""
    return Decimal(text)


def parse_int(text: str) -> int:
    """Reads an integer; the schema lets zeros stand in front of it, any number of them."""
    text = text.strip()
    return int(text) if len(text) < 100 else int(text.lstrip("+-0") or "0")


def format_float(value: Decimal) -> str:
    """Writes an ``xs:float``."""
    if value.is_finite():
        return str(value)
    if value.is_nan():
        return "NaN"
    return "INF" if value > 0 else "-INF"


def format_decimal(value: Decimal) -> str:
    """Writes an ``xs:decimal``, which knows no exponent."""
    return format(value, "f")


def parse_bool(text: str) -> bool:
    """Reads an ``xs:boolean``."""
    return _BOOLEANS[text.strip()]


def format_bool(value: bool) -> str:
    """Writes an ``xs:boolean``."""
    return "true" if value else "false"


def parser_for(kind: Any) -> Callable[[str], Any]:
    """Returns the function that reads a value of the Python type ``kind``."""
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return partial(_parse_member, kind._value2member_map_)
    table: dict[Any, Callable[[str], Any]] = {
        str: collapse,
        int: parse_int,
        bool: parse_bool,
        Decimal: parse_float,
        datetime: parse_datetime,
        timedelta: parse_duration,
    }
    return table[kind]


def _parse_member(members: dict[Any, Any], text: str) -> Any:
    return members[collapse(text)]


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
