"""Names and numbers of a peer's choosing, fit for an error text."""

from collections.abc import Iterable
from decimal import Decimal

#: Longer than any sensible ID or URI; what is longer is cut, for it goes to logs and peers.
_LONGEST = 80


def quoted(name: str) -> str:
    """Returns a name in quotes, its beginning if it is long."""
    # Of a word of the specification Python would show where it comes from.
    text = str(name)
    return repr(text) if len(text) <= _LONGEST else f"{text[:_LONGEST]!r}..."


def listed(names: Iterable[str], most: int = 5) -> str:
    """Returns names in quotes, the first ``most`` of them and how many there are more."""
    given = list(names)
    more = f" and {len(given) - most} more" if len(given) > most else ""
    return ", ".join(quoted(name) for name in given[:most]) + more


def shown(number: Decimal) -> str:
    """Returns a number, its beginning if it has more digits than anybody would read."""
    text = str(number)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
