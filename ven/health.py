"""What a VEN notices of its VTN, and of itself, for people who ask how it is.

It costs a look into a dict where all is well. ``ven run`` keeps it over a restart in the
file that says that it runs; a program finds it at ``Client.health``.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from oadr.words import quoted
from runtime.durations import in_words as duration_in_words

log = logging.getLogger("openadr.ven")
T = TypeVar("T")

#: Different refusals that are remembered; of more the oldest go.
_MOST = 20
#: Repairs, meters: no peer makes up more of them, but a damaged file might.
_NAMES = 200
_LONGEST = 400
#: A clock that is so far off starts events late, and soon makes signatures invalid.
WRONG_CLOCK = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """How often a repair was needed to read the VTN.

    Attributes:
        count: how often.
        first: when first.
        last: when last.
    """

    count: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What the VTN did not take, or answered so that it cannot be used.

    Attributes:
        message: name of our message.
        code: application code such as ``463``, ``HTTP 404``, or ``unreadable``.
        rule: that somebody says is broken, such as ``R42``; empty if nobody does.
        words: what happened.
        first: when first.
        last: when last.
        count: how often.
        over: whether the VTN has taken such a message since.
    """

    message: str
    code: str
    rule: str = ""
    words: str
    first: datetime
    last: datetime
    count: int = 1
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A meter that does not tell its value, or a VTN that does not answer.

    Attributes:
        words: what happened.
        since: when it began.
    """

    words: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How the clock of the VTN differs from ours.

    Attributes:
        ahead: seconds by which the VTN's shows more; exact to a second.
        at: when it was seen.
    """

    ahead: float
    at: datetime

    @property
    def wrong(self) -> bool:
        """Whether it is more than exchanges bear."""
        return abs(self.ahead) > WRONG_CLOCK.total_seconds()


@dataclass(slots=True, kw_only=True)
class Health:
    """What was noticed.

    Attributes:
        repairs: name of the repair -> how often it was needed.
        refusals: what the VTN did not take lately, the newest last.
        trouble: why the VTN has not been heard; None while it is.
        meters: name of a meter that fails -> why.
        clock: how the VTN's clock differs; None while nobody knows.
        vtn_until: when the certificate expires that the VTN showed last; None if not known.
        changed: called after each change.
    """

    repairs: dict[str, Mended] = field(default_factory=dict)
    refusals: dict[tuple[str, str, str], Refusal] = field(default_factory=dict)
    trouble: Fault | None = None
    meters: dict[str, Fault] = field(default_factory=dict)
    clock: Difference | None = None
    vtn_until: datetime | None = None
    changed: Callable[[], None] = field(default=lambda: None, repr=False)

    def mended(self, names: tuple[str, ...], now: datetime, where: Mapping[str, str]) -> None:
        """Counts repairs of a document; the log has one line for each that is new."""
        for name in names:
            known = self.repairs.get(name)
            if known is not None:
                self.repairs[name] = replace(known, count=known.count + 1, last=now)
                continue
            from oadr.repair import REPAIRS

            repair = REPAIRS[name]
            self.repairs[name] = Mended(count=1, first=now, last=now)
            log.warning(
                "what the VTN sends is mended by %s: %s It is counted from now on (ven status)",
                name,
                repair.words,
                extra={**where, "rule": repair.rule},
            )
        self.changed()

    def refused(self, message: str, code: str, words: str, now: datetime, rule: str = "") -> None:
        """Notes what the VTN did not take."""
        words = words[:_LONGEST]
        key = (message, code, words)
        known = self.refusals.pop(key, None)
        first = now if known is None else known.first
        count = 1 if known is None else known.count + 1
        self.refusals[key] = Refusal(
            message=message,
            code=code,
            rule=rule,
            words=words,
            first=first,
            last=now,
            count=count,
        )
        if len(self.refusals) > _MOST:
            del self.refusals[next(iter(self.refusals))]
        self.changed()

    def taken(self, message: str) -> None:
        """Notes that the VTN has taken a message of a kind that it may have refused before."""
        for key, refusal in self.refusals.items():
            if key[0] == message and not refusal.over:
                self.refusals[key] = replace(refusal, over=True)
                self.changed()

    def fails(self, words: str, now: datetime) -> None:
        """Notes that what the VEN does again and again with the VTN does not work."""
        known = self.trouble
        if known is None or known.words != words[:_LONGEST]:
            since = now if known is None else known.since
            self.trouble = Fault(words=words[:_LONGEST], since=since)
            self.changed()

    def works(self) -> None:
        """Notes that it works again."""
        if self.trouble is not None:
            self.trouble = None
            self.changed()

    def meter_fails(self, name: str, words: str, now: datetime) -> None:
        """Notes that a meter does not tell its value."""
        known = self.meters.get(name)
        if known is None or known.words != words[:_LONGEST]:
            since = now if known is None else known.since
            self.meters[name] = Fault(words=words[:_LONGEST], since=since)
            self.changed()

    def meter_works(self, name: str) -> None:
        """Notes that a meter tells its value again."""
        if self.meters.pop(name, None) is not None:
            self.changed()

    def saw_clock(self, ahead: timedelta, now: datetime, where: Mapping[str, str]) -> None:
        """Notes what the VTN's clock shows; the log says it when it begins to be wrong."""
        was_wrong = self.clock is not None and self.clock.wrong
        self.clock = Difference(ahead=round(ahead.total_seconds(), 1), at=now)
        if self.clock.wrong and not was_wrong:
            log.warning(
                "the clock of the VTN is %s: one of both is wrong; set it by NTP",
                in_words(self.clock),
                extra=where,
            )

    def saw_certificate(self, until: datetime) -> None:
        """Notes when the certificate expires that the VTN shows."""
        self.vtn_until = until
        self.changed()

    def as_json(self) -> dict[str, Any]:
        """Returns all of it for JSON."""
        return {
            "repairs": {name: _plain(one) for name, one in self.repairs.items()},
            "refusals": [_plain(one) for one in self.refusals.values()],
            "meters": {name: _plain(one) for name, one in self.meters.items()},
            "clock": None if self.clock is None else _plain(self.clock),
            "vtn_until": None if self.vtn_until is None else _iso(self.vtn_until),
            "trouble": None if self.trouble is None else _plain(self.trouble),
        }

    def load(self, content: object) -> None:
        """Takes over what ``as_json`` gave; what cannot be read is left out."""
        found = content if isinstance(content, dict) else {}
        self.repairs = _named(found.get("repairs"), Mended)
        self.meters = _named(found.get("meters"), Fault)
        self.clock = _read(found.get("clock"), Difference)
        self.trouble = _read(found.get("trouble"), Fault)
        self.vtn_until = _moment(found.get("vtn_until"))
        refusals = found.get("refusals")
        for line in (refusals if isinstance(refusals, list) else [])[:_MOST]:
            one = _read(line, Refusal)
            if one is not None:
                self.refusals[(one.message, one.code, one.words)] = one


def in_words(clock: Difference) -> str:
    """Returns how the clock of the VTN differs, such as ``3 s behind ours``."""
    span = timedelta(seconds=round(abs(clock.ahead)))
    how = "ahead of" if clock.ahead >= 0 else "behind"
    return f"{duration_in_words(span)} {how} ours" if span else "the same as ours"


def unreadable(words: str, data: bytes, *, max_bytes: int) -> str:
    """Returns what is wrong with a document, and what would make it readable.

    Args:
        words: what is wrong.
        data: the document.
        max_bytes: the longest that is read.
    """
    from oadr.repair import REPAIRS, would_help

    names = would_help(data, max_bytes=max_bytes)
    if not names:
        return words
    least = "lenient" if any(REPAIRS[name].tolerance == "lenient" for name in names) else "repair"
    which = "repair " if len(names) == 1 else "repairs "
    return f'{words}; {which}{", ".join(names)} would accept it: set vtn.profile = "{least}"'


def rule_in(words: str) -> str:
    """Returns the rule that a text names, such as ``R42``; empty if it names none."""
    for word in words.replace("(", " ").replace(")", " ").replace(":", " ").split():
        number = word.rstrip(".,;")
        if number[:1] == "R" and number[1:].isdecimal() and len(number) <= 4:
            return number
    return ""


def _plain(one: Any) -> dict[str, Any]:
    return {
        key: _iso(value) if isinstance(value, datetime) else value
        for key, value in asdict(one).items()
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _named(content: object, cls: type[T]) -> dict[str, T]:
    items = list(content.items())[:_NAMES] if isinstance(content, dict) else []
    found = {str(name)[:_LONGEST]: _read(one, cls) for name, one in items}
    return {name: one for name, one in found.items() if one is not None}


def _moment(content: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(content) if isinstance(content, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _read(content: object, cls: type[T]) -> T | None:
    if not isinstance(content, dict):
        return None
    try:
        moments = {
            key: datetime.fromisoformat(content[key])
            for key in ("first", "last", "since", "at")
            if key in content
        }
        return cls(**{**content, **moments})
    except (TypeError, ValueError) as error:
        log.debug("left out of what was noticed: %s", quoted(str(error)))
        return None
