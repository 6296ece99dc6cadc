"""Compares what was said with what is said now, where identifiers are made anew.

The identifiers of one side stand for those of the other, each for the same one always. What
is different in every run is not compared: the moment at which something was written down, and
the words of a description.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from oadr.codec import MAX_BYTES
from oadr.codec.parser import read
from oadr.errors import XMLError

__all__ = ["Difference", "Names", "Replayed", "differences", "identifiers"]

#: Elements whose text is an identifier that may be another one in each run.
IDENTIFIERS = frozenset(
    {"requestID", "registrationID", "venID", "reportRequestID", "oadrReportRequestID", "eiReportID"}
)
_NOT_COMPARED = frozenset(
    {"responseDescription", "createdDateTime", "modificationDateTime", "Signature"}
)
_LONGEST = 80
#: Differences of one message that are told.
_MOST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that is not as it was.

    Attributes:
        number: of the exchange in the trace, from 1; 0 for one that is not in it.
        at: when, by the clock of the trace.
        message: that is different, or that is missing.
        where: the place in it; empty for the message as a whole.
        recorded: what was there; empty for nothing.
        now: what is there now; empty for nothing.
    """

    number: int
    at: datetime
    message: str
    where: str = ""
    recorded: str = ""
    now: str = ""

    def __str__(self) -> str:
        place = f" at {self.where}" if self.where else ""
        return (
            f"exchange {self.number}, {self.at:%Y-%m-%d %H:%M:%S} UTC: {self.message}{place}: "
            f"recorded {self.recorded or 'nothing'}, now {self.now or 'nothing'}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of a replay.

    Attributes:
        exchanges: how many were replayed.
        skipped: numbers of those that cannot be, and why.
        differences: what is not as it was; none if all agrees.
    """

    exchanges: int
    skipped: tuple[tuple[int, str], ...]
    differences: tuple[Difference, ...]

    def __bool__(self) -> bool:
        """Whether all is as it was."""
        return not self.differences

    def __str__(self) -> str:
        lines = [f"{self.exchanges} exchanges replayed, {len(self.differences)} differences"]
        lines += [f"exchange {number} left out: {why}" for number, why in self.skipped]
        return "\n".join([*lines, *map(str, self.differences)])


class Names:
    """Which identifier of now stands for which one of the trace."""

    def __init__(self) -> None:
        self._now: dict[str, str] = {}

    def same(self, recorded: str, now: str) -> bool:
        """Returns whether one may stand for the other, and remembers it."""
        if recorded == now:
            return self._now.setdefault(recorded, now) == now
        if not recorded or not now:
            return False
        return self._now.setdefault(recorded, now) == now

    def fix(self, names: Iterable[str]) -> None:
        """Notes identifiers that are the same in both, if nothing else is known of them."""
        for name in names:
            self._now.setdefault(name, name)

    def in_terms_of_now(self, data: bytes) -> bytes:
        """Returns a recorded document with the identifiers of now; the same if it is no XML."""
        try:
            root = read(data, None, max_bytes=MAX_BYTES)
        except XMLError:
            return data
        changed = False
        for one in root.iter("{*}*"):
            if _name(one) in IDENTIFIERS and one.text:
                now = self._now.get(one.text.strip(), one.text)
                changed |= now != one.text
                one.text = now
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8") if changed else data


def identifiers(data: bytes) -> list[str]:
    """Returns the identifiers in a document; none if it is no XML."""
    try:
        root = read(data, None, max_bytes=MAX_BYTES)
    except XMLError:
        return []
    return [one.text.strip() for one in root.iter("{*}*") if _name(one) in IDENTIFIERS and one.text]


def differences(
    recorded: bytes, now: bytes, names: Names, *, leave_out: frozenset[str] = frozenset()
) -> list[tuple[str, str, str]]:
    """Returns where two documents differ: the place, what was there, what is there now.

    Args:
        recorded: as it was; may be empty, or no XML.
        now: as it is.
        names: which identifiers stand for which.
        leave_out: names of further elements that are not compared.
    """
    if not recorded.strip() or not now.strip():
        if recorded.strip() == now.strip():
            return []
        return [("", _short(message_in(recorded)), _short(message_in(now)))]
    try:
        first = read(recorded, None, max_bytes=MAX_BYTES)
        second = read(now, None, max_bytes=MAX_BYTES)
    except XMLError:
        same = recorded == now
        return [] if same else [("", _short(message_in(recorded)), _short(message_in(now)))]
    if message_in(recorded) != message_in(now):
        return [("", message_in(recorded), message_in(now))]
    out = _NOT_COMPARED | leave_out
    return list(_compared(_payload(first), _payload(second), names, out, ""))[:_MOST]


def message_in(data: bytes) -> str:
    """Returns the name of the message in a document; its beginning if there is none."""
    try:
        return _name(_payload(read(data, None, max_bytes=MAX_BYTES)))
    except XMLError:
        return data.decode(errors="replace").strip()


def _payload(root: etree._Element) -> etree._Element:
    """Returns the message in a payload; the document element where there is no payload."""
    if _name(root) != "oadrPayload" or not len(root) or not len(root[-1]):
        return root
    return root[-1][0]


def _compared(
    first: etree._Element, second: etree._Element, names: Names, out: frozenset[str], where: str
) -> Iterator[tuple[str, str, str]]:
    place = f"{where}/{_name(first)}" if where else _name(first)
    recorded, now = _text(first), _text(second)
    if _name(first) in IDENTIFIERS:
        if not names.same(recorded, now):
            yield place, _short(recorded), _short(now)
    elif recorded != now:
        yield place, _short(recorded), _short(now)
    ours = [one for one in first if _name(one) not in out]
    theirs = [one for one in second if _name(one) not in out]
    if [one.tag for one in ours] != [one.tag for one in theirs]:
        yield place, _names(ours), _names(theirs)
        return
    for one, other in zip(ours, theirs, strict=True):
        yield from _compared(one, other, names, out, place)


def _name(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def _names(elements: list[etree._Element]) -> str:
    return _short(" ".join(map(_name, elements)))


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
