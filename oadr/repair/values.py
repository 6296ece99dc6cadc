"""Repairs of values: fixed words, moments, numbers."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any

from lxml import etree

from oadr.codec.namespaces import qname
from oadr.enums import (
    DataQuality,
    OptReason,
    OptType,
    ReadingType,
    ReportName,
    ReportType,
    Scale,
    SignalName,
)
from oadr.repair.mending import Mending
from oadr.repair.shape import Place
from oadr.times import format_datetime

_CODE = qname("ei:responseCode")
_OPT_TYPE = qname("ei:optType")
_EVENT_RESPONSE = qname("ei:eventResponse")
#: Longest value that is looked at; the values of the schema are shorter.
_LONGEST = 64
#: Sets that are open to ``x-`` values: their fields are texts.
_OPEN: dict[str, type[StrEnum]] = {
    qname("ei:reportType"): ReportType,
    qname("ei:readingType"): ReadingType,
    qname("ei:reportName"): ReportName,
    qname("ei:signalName"): SignalName,
    qname("ei:optReason"): OptReason,
    qname("oadr:oadrDataQuality"): DataQuality,
}
#: Scales differ by case alone: m is milli, M is mega.
_SCALES = {"K": "k", "None": "none", "NONE": "none", "": "none"}
_FLOATS = {"nan": "NaN", "inf": "INF", "+inf": "INF", "-inf": "-INF", "infinity": "INF"}
_MOMENT = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ]+(?P<time>\d\d:\d\d)(?P<seconds>:\d\d)?(?P<part>[.,]\d{1,9})?"
    r" ?(?P<zone>[Zz]|[+-]\d\d:?\d\d)?"
)
_WHOLE = re.compile(r"(?P<number>[+-]?\d+)\.0*")
_SECONDS = re.compile(r"(?P<number>\d+)\.0*S")
_NOT_LETTERS = re.compile(r"[^A-Za-z0-9]+")

#: A better text and the repair that knows it; None if there is none.
Better = tuple[str, str] | None


def mend_value(element: etree._Element, place: Place, mending: Mending) -> None:
    """Gives the value of an element the form of the schema, if it is clear what is meant."""
    text = element.text or ""
    if len(text) > _LONGEST or len(element):
        return
    look = _BY_KIND.get(place.kind)
    if look is not None:
        found = look(text.strip())
    elif isinstance(place.kind, type) and issubclass(place.kind, StrEnum):
        found = _word(text.strip(), place.kind)
    elif place.tag in _OPEN:
        found = _word(text.strip(), _OPEN[place.tag])
    else:
        return
    if found is not None and mending.allows(found[1]):
        element.text = found[0]
        mending.note(found[1])


def mend_answer(element: etree._Element, mending: Mending) -> None:
    """Gives an answer to an event an opt that the schema knows, if it says ``none``."""
    opt = element.find(_OPT_TYPE) if element.tag == _EVENT_RESPONSE else None
    if opt is None or (opt.text or "").strip().lower() != "none":
        return
    code = (element.findtext(_CODE) or "").strip()
    refused = len(code) == 3 and code.isdecimal() and not code.startswith("2")
    name = "opt-none-in-refusal" if refused else "opt-none"
    if mending.allows(name):
        opt.text = OptType.OPT_OUT
        mending.note(name)


@cache
def _folded(words: type[StrEnum]) -> dict[str, str]:
    """Returns folded word -> word, for those that remain distinct."""
    found: dict[str, str] = {}
    for word in words:
        folded = _fold(word)
        found[folded] = "" if folded in found else word.value
    return found


def _fold(text: str) -> str:
    return _NOT_LETTERS.sub("", text).lower()


def _word(text: str, words: type[StrEnum]) -> Better:
    if words is Scale:
        better = _SCALES.get(text, "")
    elif text in _values(words) or text.startswith("x-"):
        return None
    else:
        better = _folded(words).get(_fold(text), "")
    return (better, "value-case") if better else None


@cache
def _values(words: type[StrEnum]) -> frozenset[str]:
    values: Iterable[StrEnum] = words
    return frozenset(word.value for word in values)


def _boolean(text: str) -> Better:
    folded = text.lower()
    return (folded, "value-case") if folded != text and folded in ("true", "false") else None


def _float(text: str) -> Better:
    better = _FLOATS.get(text.lower())
    return (better, "value-case") if better is not None and better != text else None


def _whole(text: str) -> Better:
    match = _WHOLE.fullmatch(text)
    return (match["number"], "number") if match is not None else None


def _duration(text: str) -> Better:
    better = _SECONDS.sub(lambda match: f"{match['number']}S", text.upper())
    if better == text:
        return None
    return better, "value-case" if better == text.upper() else "number"


def _moment(text: str) -> Better:
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    part = (match["part"] or "").replace(",", ".")
    better = f"{match['date']}T{match['time']}{match['seconds'] or ':00'}{part}"
    zone = (match["zone"] or "").upper()
    if zone in ("", "Z"):
        better += zone
    else:
        try:
            moment = datetime.fromisoformat(f"{better}{zone}")
            better = format_datetime(moment)
        except (ValueError, OverflowError):
            return None
    return (better, "date-time") if better != text else None


_BY_KIND: dict[Any, Callable[[str], Better]] = {
    bool: _boolean,
    Decimal: _float,
    int: _whole,
    timedelta: _duration,
    datetime: _moment,
}
