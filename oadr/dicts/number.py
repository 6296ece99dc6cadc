"""Numbers as openleadr guesses their types, and dicts without what is not there."""

from decimal import Decimal
from typing import Any


def number_to(value: Decimal) -> int | float:
    """Returns an int for a number that is written without a fraction, else a float."""
    return int(value) if value.as_tuple().exponent == 0 else float(value)


def given(**values: Any) -> dict[str, Any]:
    """Returns those values that are not None, under their names."""
    return {name: value for name, value in values.items() if value is not None}
