"""What ends and when, and who is told: the same thresholds for certificates of both parties.

Nothing here takes the library for certificates, so that an idle VEN stays small.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from certs.der import blocks, read_certificate
from certs.errors import FileError, MissingFileError, UnreadableFileError
from certs.revoked import read_lists

#: Days before the end at which people are told, once each; the end itself is one more.
THRESHOLDS = (60, 30, 14, 3)
#: What is told of something that has ended.
ENDED = 0
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryWarning:
    """Something ends within 60 days, or has ended.

    Attributes:
        days: whole days that are left; negative if it has ended.
        who: whose it is, such as `VEN school-7`, `this VTN`.
        what: what ends, such as `certificate`, `revocation list`.
        todo: what to do, as a command where there is one.
        not_after: when it ends.
    """

    days: int
    who: str
    what: str
    todo: str
    not_after: datetime

    @property
    def threshold(self) -> int:
        """The last of the thresholds that was crossed; 0 once it has ended."""
        if self.days < 0:
            return ENDED
        return min(limit for limit in THRESHOLDS if self.days < limit)

    @property
    def words(self) -> str:
        """What is so, in one line, without what to do."""
        end = f"{self.not_after.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        if self.days < 0:
            return f"{self.what} of {self.who} has ended: {end}"
        return f"{self.what} of {self.who} ends {in_days(self.days)}: {end}"


def in_days(days: int) -> str:
    """Return when something ends, in words, by the whole days that are left."""
    if days < 1:
        return "within a day"
    return "in 1 day" if days == 1 else f"in {days} days"


def days_left(not_after: datetime, now: datetime) -> int:
    """Return the whole days until something ends; negative once it has ended."""
    left = not_after - now
    return left // _DAY if left > timedelta(0) else min(left // _DAY, -1)


def warn_of(
    not_after: datetime | None, *, who: str, what: str, todo: str, now: datetime
) -> list[ExpiryWarning]:
    """Return a warning if something ends within 60 days; nothing otherwise.

    Args:
        not_after: when it ends; None if it does not, or if that is not known.
        who: whose it is.
        what: what ends.
        todo: what to do.
        now: the moment, real time.
    """
    if not_after is None or (days := days_left(not_after, now)) >= THRESHOLDS[0]:
        return []
    return [ExpiryWarning(days=days, who=who, what=what, todo=todo, not_after=not_after)]


@dataclass(slots=True)
class Told:
    """Remembers what people were told, so that each threshold is said once."""

    _said: dict[tuple[str, str, datetime], int] = field(default_factory=dict)

    def news(self, warnings: Iterable[ExpiryWarning]) -> list[ExpiryWarning]:
        """Return the warnings that have crossed a threshold since they were told last."""
        before, self._said, found = self._said, {}, []
        for warning in warnings:
            key = (warning.who, warning.what, warning.not_after)
            self._said[key] = warning.threshold
            if before.get(key) != warning.threshold:
                found.append(warning)
        return found


def certificate_ends(path: Path) -> list[datetime]:
    """Return when each certificate of a file expires, in the order of the file.

    Raises:
        FileError: it is missing, or holds no certificate.
    """
    content = _read(path, "a certificate")
    try:
        return [read_certificate(der).not_after for der in blocks(content, "CERTIFICATE")]
    except ValueError as error:
        raise UnreadableFileError(path, "a certificate") from error


def own_end(path: Path) -> datetime | None:
    """Return when the first certificate of a file expires; None while that cannot be read."""
    try:
        return certificate_ends(path)[0]
    except FileError:
        # Somebody may be in the middle of putting another file there.
        return None


def list_ends(path: Path) -> list[datetime]:
    """Return when each revocation list of a file ends, of those that say so.

    Raises:
        FileError: it is missing, or holds no revocation list.
    """
    return [one.next_update for one in read_lists(path) if one.next_update is not None]


def _read(path: Path, expected: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingFileError(path, expected) from error
