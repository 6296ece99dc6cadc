"""Reading elements by path, and texts as the lexical rules of the profile have them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import TypeAlias

from lxml import etree

from oadr.codec.namespaces import NAMESPACES

Element: TypeAlias = etree._Element

_STEP = re.compile(r"([a-z]+):([\w-]+)")
#: R1: UTC with ``Z``; fractions are allowed.
MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?Z")
#: R1 and the schema, without what has no meaning: at least one part, no decimals, no weeks.
DURATION = re.compile(
    r"(?P<sign>[+-])?P(?=\d|T\d)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
ZERO = timedelta(0)
#: More digits than any number of the profile has.
_DIGITS = 30


@cache
def _clark(path: str) -> str:
    return _STEP.sub(lambda match: f"{{{NAMESPACES[match[1]]}}}{match[2]}", path)


def each(node: Element | None, path: str) -> Iterator[Element]:
    """Yields the elements at a path such as ``"ei:eiEvent/ei:eiTarget"``."""
    return iter(()) if node is None else node.iterfind(_clark(path))


def first(node: Element | None, path: str) -> Element | None:
    """Returns the first element at a path; None if there is none."""
    return None if node is None else node.find(_clark(path))


def text(node: Element | None, path: str) -> str | None:
    """Returns the text at a path, without space around it; None if there is no element."""
    found = first(node, path)
    return None if found is None else (found.text or "").strip()


def texts(node: Element | None, path: str) -> list[str]:
    """Returns the texts of all elements at a path."""
    return [(found.text or "").strip() for found in each(node, path)]


def moment(node: Element | None, path: str) -> datetime | None:
    """Returns the date-time at a path; None if there is none that can be used."""
    match = MOMENT.fullmatch(text(node, path) or "")
    if match is None:
        return None
    try:
        return datetime(*map(int, match.groups()[:6]), tzinfo=UTC)  # type: ignore[misc,arg-type]
    except ValueError:
        return None


def duration(node: Element | None, path: str) -> timedelta | None:
    """Returns the duration at a path; None if there is none that has a fixed length."""
    match = DURATION.fullmatch(text(node, path) or "")
    if match is None:
        return None
    try:
        if int(match["years"] or 0) or int(match["months"] or 0):
            return None
        parts = {name: int(match[name] or 0) for name in ("days", "hours", "minutes", "seconds")}
        length = timedelta(**parts)
        return -length if match["sign"] == "-" else length
    except (OverflowError, ValueError):
        # Too long for anybody, or of more digits than Python reads.
        return None


def number(node: Element | None, path: str) -> Decimal | None:
    """Returns the number at a path; None if there is none."""
    try:
        return Decimal(text(node, path) or "")
    except InvalidOperation:
        return None


def whole(node: Element | None, path: str) -> int:
    """Returns the whole number at a path; 0 if there is none, or one beyond all limits."""
    found = number(node, path)
    usable = found is not None and found.is_finite() and found.adjusted() < _DIGITS
    return int(found) if found is not None and usable else 0


def local(element: Element) -> str:
    """Returns the name of an element without its namespace."""
    name: str = etree.QName(element).localname
    return name


def path_of(element: Element) -> str:
    """Returns where an element is, such as ``"oadrDistributeEvent/oadrEvent[2]/eiEvent"``."""
    steps: list[str] = []
    while element.getparent() is not None and local(element) != "oadrSignedObject":
        same = sum(1 for one in element.itersiblings(element.tag, preceding=True))
        more = same or next(element.itersiblings(element.tag), None) is not None
        steps.append(local(element) + (f"[{same + 1}]" if more else ""))
        element = element.getparent()
    return "/".join(reversed(steps)) or local(element)


def excerpt_of(element: Element, longest: int = 400) -> str:
    """Returns the XML of an element in one line, shortened, without namespace declarations."""
    written = etree.tostring(element, encoding="unicode", with_tail=False)
    written = re.sub(r' xmlns(:\w+)?="[^"]*"', "", written[: longest * 6])
    written = " ".join(written.split())
    return written if len(written) <= longest else f"{written[:longest]}..."
