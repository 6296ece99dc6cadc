"""How an adapter and the program that runs openleadr talk: values as lines of JSON."""

import json
from datetime import datetime, timedelta
from typing import Any

_MOMENT, _SECONDS = "$moment", "$seconds"


class Refused(Exception):
    """Something that openleadr has no way to do; the text says why."""


def written(value: Any) -> bytes:
    """Returns a value as a line."""
    return json.dumps(value, default=_plain).encode() + b"\n"


def read(line: bytes) -> Any:
    """Returns the value in a line, moments and lengths of time as such."""
    return json.loads(line, object_hook=_real)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {_MOMENT: value.isoformat()}
    if isinstance(value, timedelta):
        return {_SECONDS: value.total_seconds()}
    return str(value)


def _real(found: dict[str, Any]) -> Any:
    if _MOMENT in found:
        return datetime.fromisoformat(found[_MOMENT])
    if _SECONDS in found:
        return timedelta(seconds=found[_SECONDS])
    return found
