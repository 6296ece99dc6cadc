"""Durations as people write them into a configuration, and as a log tells them."""

import re
from datetime import timedelta

from oadr.errors import InvalidData
from oadr.times import parse_duration

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")
_SIZES = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_SPOKEN = {"m": "min"}


def duration_from(text: object) -> timedelta:
    """Returns the duration that a person wrote: ``10s``, ``1h30m``, ``2d``, ``PT5M``, ``0``.

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(text, timedelta):
        return text
    if isinstance(text, str) and text.strip() == "0":
        return timedelta(0)
    if isinstance(text, str) and text.startswith(("P", "-P")):
        try:
            return parse_duration(text)
        except InvalidData as error:
            raise ValueError(str(error)) from None
    if isinstance(text, str):
        compact = text.replace(" ", "").lower()
        if compact and _PART.sub("", compact) == "":
            seconds = sum(float(n) * _UNITS[unit] for n, unit in _PART.findall(compact))
            try:
                return timedelta(seconds=seconds)
            except OverflowError:
                raise ValueError(f"{text!r} is a duration longer than can be counted") from None
    raise ValueError(f"{text!r} is not a duration; expected such as '10s', '5m', '1h30m', '2d'")


def as_typed(duration: timedelta) -> str:
    """Returns a duration as a configuration has it, to the second: ``1h30m``, ``0s``."""
    sign, parts = _parts(duration)
    return sign + ("".join(f"{count}{unit}" for count, unit in parts) or "0s")


def in_words(duration: timedelta) -> str:
    """Returns a duration for a log: ``10 s``, ``5 min``, ``1 h 30 min``, ``2 d``.

    To the second; below 10 s to a tenth of it, below 1 s to the millisecond.
    """
    seconds = abs(duration.total_seconds())
    sign = "-" if duration < timedelta(0) else ""
    if 0 < seconds < 0.9995:
        return f"{sign}{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{sign}{round(seconds, 1):g} s"
    sign, parts = _parts(duration)
    return sign + " ".join(f"{count} {_SPOKEN.get(unit, unit)}" for count, unit in parts)


def _parts(duration: timedelta) -> tuple[str, list[tuple[int, str]]]:
    """Returns the sign, and how many there are of each unit that there is any of."""
    left = round(abs(duration.total_seconds()))
    parts = []
    for unit, size in _SIZES:
        count, left = divmod(left, size)
        if count:
            parts.append((count, unit))
    return "-" if duration < timedelta(0) and parts else "", parts
