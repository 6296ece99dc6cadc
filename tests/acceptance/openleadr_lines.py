"""How a test and the program that runs openleadr talk: values as lines of JSON.

Moments, times and openleadr's own objects have a form of their own, so that what comes
out is what went in.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, is_dataclass
from datetime import datetime, timedelta
from typing import Any

_MOMENT, _SECONDS, _OBJECT = "$moment", "$seconds", "$object"


@dataclass(frozen=True, slots=True)
class Made:
    """An object of ``openleadr.objects`` that the other side is to make.

    Attributes:
        name: of its class.
        fields: its arguments.
    """

    name: str
    fields: dict[str, Any]


def made(name: str, **fields: Any) -> Made:
    """Returns an order for an object of ``openleadr.objects``."""
    return Made(name, fields)


def written(value: Any) -> str:
    """Returns a value as a line."""
    return json.dumps(value, default=_plain)


def read(line: str, make: Callable[[str, dict[str, Any]], Any] | None = None) -> Any:
    """Returns the value in a line.

    Args:
        line: what ``written`` made.
        make: makes openleadr's objects from class and fields; None leaves them as dicts.
    """

    def real(found: dict[str, Any]) -> Any:
        if _MOMENT in found:
            return datetime.fromisoformat(found[_MOMENT])
        if _SECONDS in found:
            return timedelta(seconds=found[_SECONDS])
        if _OBJECT in found and make is not None:
            return make(found.pop(_OBJECT), found)
        return found

    return json.loads(line, object_hook=real)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {_MOMENT: value.isoformat()}
    if isinstance(value, timedelta):
        return {_SECONDS: value.total_seconds()}
    if isinstance(value, Made):
        return {_OBJECT: value.name, **value.fields}
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)
