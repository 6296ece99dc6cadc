"""Moments and counts in words: UTC, and always said so."""

import shlex
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from oadr.times import FOREVER
from runtime.durations import in_words

_DAY = timedelta(days=1)


def at(moment: datetime, now: datetime) -> str:
    """Returns a moment, with its date unless that is today's."""
    if moment == FOREVER:
        return "for ever"
    there, here = moment.astimezone(UTC), now.astimezone(UTC)
    form = "%H:%M:%S" if there.date() == here.date() else "%Y-%m-%d %H:%M:%S"
    return f"{there:{form}} UTC"


def ago(moment: datetime, now: datetime) -> str:
    """Returns how long ago something was, in the largest unit that says enough."""
    return f"{rough(now - moment)} ago" if moment <= now else f"in {rough(moment - now)}"


def rough(span: timedelta) -> str:
    """Returns a duration without what is small beside the rest of it."""
    if span >= 2 * _DAY:
        return f"{span // _DAY} days"
    if span >= timedelta(hours=2):
        span -= span % timedelta(minutes=1)
    return in_words(timedelta(seconds=max(0, round(span.total_seconds())))) or "0 s"


def times(count: int) -> str:
    """Returns how often."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def counted(count: int, noun: str) -> str:
    """Returns ``1 VEN`` or ``2 VENs``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def command(*words: str) -> str:
    """Returns a command to type; a name that a peer chose cannot be more than a name in it."""
    return shlex.join(one if one.isprintable() else ascii(one) for one in words)


def some(names: Iterable[str], most: int = 3) -> str:
    """Returns names in order, the first few of them and how many there are more."""
    given = sorted(names)
    if len(given) <= most + 1:
        return ", ".join(given)
    return ", ".join(given[:most]) + f" and {len(given) - most} more"
