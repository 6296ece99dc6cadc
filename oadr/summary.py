"""A message in a few words, for a line of a log: what it is about, and its codes.

Messages are read by the names of their elements alone, so that one that is not schema-valid,
or one of 2.0a, is summed up as well. Nothing secret is in the words: no registrationID, and
no password of an address.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lxml import etree

from oadr.codec.parser import MAX_BYTES, read
from oadr.errors import XMLError

__all__ = ["Summary", "summary_of", "without_passwords"]

#: Things of a kind that are named; of more only the number is told.
_MOST = 4
_LONGEST = 60
_OK = "200"
_PASSWORD = re.compile(r"(?<=://)[^/\s<>\"'@]*:[^/\s<>\"'@]*@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A message in a few words.

    Attributes:
        name: of the message, such as ``oadrPoll``; of the first element if it is none.
        words: what it is about; may be empty.
        code: the first responseCode in it that is not 200, else 200; empty if it has none.
    """

    name: str
    words: str
    code: str

    @property
    def ok(self) -> bool:
        """Whether it says nowhere that something failed."""
        return self.code in ("", _OK)


def summary_of(data: bytes) -> Summary | None:
    """Returns what a document says in a few words; None if it is no XML.

    Args:
        data: the document, of 2.0b or 2.0a, valid or not.
    """
    try:
        root = read(data, None, max_bytes=MAX_BYTES)
    except XMLError:
        return None
    element = next(_all(root, "oadrSignedObject"), None) if _name(root) == "oadrPayload" else root
    message = element[0] if element is not None and element is not root and len(element) else root
    sum_up = _WORDS.get(_name(message), _answer)
    codes = [_text(one) for one in _all(message, "responseCode")]
    code = next((one for one in codes if one != _OK), _OK if codes else "")
    return Summary(name=_name(message), words=without_passwords(sum_up(message)), code=code)


def without_passwords(text: str) -> str:
    """Returns a text in which no address has a password any more."""
    return _PASSWORD.sub("***@", text)


# ------------------------------------------------------------- by message


def _answer(message: etree._Element) -> str:
    """Of what only says whether something worked: the code and the words, if it did not."""
    code, words = _one(message, "responseCode"), _one(message, "responseDescription")
    return words if code != _OK else ""


def _distribute(message: etree._Element) -> str:
    events = list(_all(message, "oadrEvent"))
    return _counted("event", [_event(event) for event in events]) or "no events"


def _event(event: etree._Element) -> str:
    found = [_one(event, "eventID"), f"mod {_one(event, 'modificationNumber')}"]
    found += [_one(event, "eventStatus"), *dict.fromkeys(_texts(event, "signalName"))]
    return " ".join(filter(None, found))


def _created_event(message: etree._Element) -> str:
    return ", ".join(_first(map(_event_response, _all(message, "eventResponse")))) or "no answers"


def _event_response(answer: etree._Element) -> str:
    code = _one(answer, "responseCode")
    found = [_one(answer, "eventID"), f"mod {_one(answer, 'modificationNumber')}"]
    found += [_one(answer, "optType"), "" if code == _OK else code]
    return " ".join(filter(None, found))


def _request_event(message: etree._Element) -> str:
    limit = _one(message, "replyLimit")
    return f"at most {limit}" if limit else ""


def _create_registration(message: etree._Element) -> str:
    address = _one(message, "oadrTransportAddress")
    again = "again" if _one(message, "registrationID") else ""
    how = f"push to {address}" if address else "polls"
    return ", ".join(filter(None, [_one(message, "oadrVenName"), again, how]))


def _created_registration(message: etree._Element) -> str:
    found = [_answer(message)]
    ven_id, every = _one(message, "venID"), _one(message, "oadrRequestedOadrPollFreq")
    found += [f"venID {ven_id}" if ven_id else "", f"poll every {every}" if every else ""]
    return ", ".join(filter(None, found))


def _register_report(message: etree._Element) -> str:
    offers = [
        f"{_one(report, 'reportName').removeprefix('METADATA_')} "
        f"{_count(len(list(_all(report, 'oadrReportDescription'))), 'point')}"
        for report in _all(message, "oadrReport")
    ]
    return _counted("report", offers) or "no reports"


def _requests(message: etree._Element) -> str:
    asked = [
        f"{_one(request, 'reportRequestID')} of {_one(request, 'reportSpecifierID')}"
        for request in _all(message, "oadrReportRequest")
    ]
    return ", ".join(filter(None, [_answer(message), _counted("request", asked)]))


def _update_report(message: etree._Element) -> str:
    reports = [
        f"{_one(report, 'reportRequestID')} {_one(report, 'reportName')} "
        f"{_count(len(list(_all(report, 'interval'))), 'interval')}"
        for report in _all(message, "oadrReport")
    ]
    return _counted("report", reports) or "no reports"


def _report_ids(message: etree._Element) -> str:
    ids = list(dict.fromkeys(_texts(message, "reportRequestID")))
    return ", ".join(filter(None, [_answer(message), *_first(ids)]))


def _create_opt(message: etree._Element) -> str:
    found = [f"optID {_one(message, 'optID')}", _one(message, "optType")]
    event_id = _one(message, "eventID")
    times = len(list(_all(message, "available")))
    found.append(f"event {event_id}" if event_id else "")
    found.append(f"schedule of {_count(times, 'time')}" if times else "")
    return " ".join(filter(None, found))


def _opt_id(message: etree._Element) -> str:
    opt_id = _one(message, "optID")
    return ", ".join(filter(None, [_answer(message), f"optID {opt_id}" if opt_id else ""]))


_WORDS: dict[str, Callable[[etree._Element], str]] = {
    "oadrPoll": lambda message: "",
    "oadrQueryRegistration": lambda message: "",
    "oadrCreatePartyRegistration": _create_registration,
    "oadrCreatedPartyRegistration": _created_registration,
    "oadrRequestEvent": _request_event,
    "oadrDistributeEvent": _distribute,
    "oadrCreatedEvent": _created_event,
    "oadrRegisterReport": _register_report,
    "oadrRegisteredReport": _requests,
    "oadrCreateReport": _requests,
    "oadrCreatedReport": _report_ids,
    "oadrUpdateReport": _update_report,
    "oadrUpdatedReport": _report_ids,
    "oadrCancelReport": _report_ids,
    "oadrCanceledReport": _report_ids,
    "oadrCreateOpt": _create_opt,
    "oadrCreatedOpt": _opt_id,
    "oadrCancelOpt": _opt_id,
    "oadrCanceledOpt": _opt_id,
}


# -------------------------------------------------------------- elements


def _name(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def _all(element: etree._Element, name: str) -> Iterator[etree._Element]:
    yield from element.iter("{*}" + name)


def _text(element: etree._Element) -> str:
    text = (element.text or "").strip() or next((_text(one) for one in element), "")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _texts(element: etree._Element, name: str) -> list[str]:
    return [_text(one) for one in _all(element, name)]


def _one(element: etree._Element, name: str) -> str:
    found = next(_all(element, name), None)
    return "" if found is None else _text(found)


def _first(names: "Iterator[str] | list[str]") -> list[str]:
    found = list(names)
    more = len(found) - _MOST
    return [*found[:_MOST], f"{more} more"] if more > 0 else found


def _counted(noun: str, names: list[str]) -> str:
    return f"{_count(len(names), noun)}: {', '.join(_first(names))}" if names else ""


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"
