"""Simple HTTP (sections 2.12 and 5.5), with a VTN under test."""

import re
from collections.abc import Mapping
from dataclasses import replace

from conformance.case import Suite, VtnTest, vtn_case
from conformance.cases.of_ven import answer_of, taken
from conformance.checks import Severity
from conformance.demands import demand
from conformance.peers import Recorded
from conformance.peers.offers import OFFERS, POWER, TELEMETRY_USAGE
from oadr import messages as m

INVALID = demand(
    "HTTP", "invalid_refused", "A document that is not schema-valid is refused with HTTP 4xx."
)
INVALID_406 = demand(
    "HTTP",
    "invalid_406",
    "A document that is not schema-valid is answered with HTTP 406.",
    Severity.WARNING,
)
NO_DOCUMENT = demand(
    "HTTP", "no_document", "What is no document of the profile is refused with HTTP 4xx."
)
BOMB = demand(
    "HTTP",
    "doctype_refused",
    "A document with a DOCTYPE, which no message of the profile has, is refused with HTTP 4xx.",
    Severity.WARNING,
)
BEARS = demand("HTTP", "doctype_survived", "A document with entities that grow harms no VTN.")
WRONG_TYPE = demand(
    "HTTP",
    "type_406",
    "Another Content-Type than application/xml is answered with HTTP 406.",
    Severity.WARNING,
)
WRONG_METHOD = demand(
    "HTTP",
    "method_501",
    "Another method than POST is answered with HTTP 501.",
    Severity.WARNING,
)
WRONG_PATH = demand(
    "HTTP",
    "path_404",
    "An address where there is no service is answered with HTTP 404.",
    Severity.WARNING,
)
NOT_SERVED = demand(
    "HTTP",
    "wrong_request_refused",
    "A request of another Content-Type, method or address is refused by HTTP.",
)
WRONG_SERVICE = demand(
    511,
    "wrong_service",
    "A message to the address of another service is refused.",
    Severity.WARNING,
)
ANY_HEADERS = demand(
    "HTTP", "any_headers", "User-Agent, Accept and a charset of UTF-8 do not matter."
)
COMPRESSES = demand(
    "HTTP", "compresses", "A VTN compresses its answer for a VEN that sends Accept-Encoding."
)
LARGE = demand("HTTP", "large_taken", "Metadata of 2000 data points are taken.", Severity.WARNING)

_BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE oadr [<!ENTITY a "aaaaaaaaaa">'
    b'<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">'
    b'<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">]>'
)
_XML = {"Content-Type": "application/xml"}
_MANY = 2000
_NOT_IMPLEMENTED = 501


def _refused(recorded: Recorded) -> bool:
    return recorded.status is not None and 400 <= recorded.status < 500


def _not_served(recorded: Recorded) -> bool:
    """Whether a wrong request was refused: by HTTP 4xx, or 501 for the method."""
    return _refused(recorded) or recorded.status == _NOT_IMPLEMENTED


def _document(t: VtnTest) -> bytes:
    """Returns a good document: a request for events."""
    return t.ven.written(m.RequestEvent(request_id=t.ven.new_id(), ven_id=t.ven.ven_id))


async def _sent(
    t: VtnTest, data: bytes, headers: Mapping[str, str] | None = None, method: str = "POST"
) -> Recorded:
    return await t.ven.send_raw(data, "EiEvent", headers=headers, method=method)


@vtn_case("K1_0053A", "no valid document", rules=(48, 53), suite=Suite.GENERAL)
async def no_valid_document(t: VtnTest) -> None:
    """What is no schema-valid document is refused by HTTP, and brings no VTN down.

    1. The VEN sends documents that the schema does not allow; the VTN answers HTTP 406.
    2. The VEN sends an empty body, no XML, and half a document; the VTN answers HTTP 4xx.
    3. The VEN sends documents with a DOCTYPE whose entities grow; the VTN answers HTTP 4xx.
    4. The VEN sends a good document, and is served.
    """
    await t.joined()
    good = _document(t)
    for old, new in (
        (rb"<(ei|oadr):venID>[^<]*</[^>]*>", b""),
        (rb"(</ei:venID>)", rb"\1<ei:more>x</ei:more>"),
        (rb"oadrRequestEvent", b"oadrRequestNothing"),
    ):
        sent = await _sent(t, re.sub(old, new, good))
        if t.expect(INVALID, _refused(sent), answer_of(sent), sent):
            t.expect(INVALID_406, sent.status == 406, answer_of(sent), sent)
    for data in (b"", b"venID=1&events=all", b'{"oadrPoll": {}}', good[: len(good) // 2]):
        sent = await _sent(t, data)
        t.expect(NO_DOCUMENT, _refused(sent), answer_of(sent), sent)
    body = re.sub(rb"^<\?xml[^>]*>", b"", good)
    grown = re.sub(rb"(requestID>)[^<]*", rb"\1&e;", body)
    for data in (_BOMB + grown, _BOMB + body):
        sent = await _sent(t, data)
        t.expect(BOMB, _refused(sent), answer_of(sent), sent)
    sent = await _sent(t, good)
    t.expect(BEARS, taken(sent), answer_of(sent), sent)


@vtn_case("K1_0053B", "wrong HTTP requests", rules=(53, 511), suite=Suite.GENERAL)
async def wrong_http_requests(t: VtnTest) -> None:
    """HTTP requests that the profile does not know are answered with the status for it.

    1. The VEN sends a good document as text/plain and as a form; the VTN answers HTTP 406.
    2. The VEN uses GET and PUT; the VTN answers HTTP 501.
    3. The VEN sends to a service that there is not; the VTN answers HTTP 404.
    4. The VEN sends a poll to EiEvent; the VTN does not take it.
    """
    await t.joined()
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        sent = await _sent(t, _document(t), {"Content-Type": kind})
        t.expect(NOT_SERVED, _not_served(sent), f"{kind}: {answer_of(sent)}", sent)
        t.expect(WRONG_TYPE, sent.status == 406, f"{kind}: {answer_of(sent)}", sent)
    for method, data in (("GET", b""), ("PUT", _document(t))):
        sent = await _sent(t, data, method=method)
        if t.expect(NOT_SERVED, _not_served(sent), f"{method}: {answer_of(sent)}", sent):
            t.expect(WRONG_METHOD, sent.status == 501, f"{method}: {answer_of(sent)}", sent)
    sent = await t.ven.send_raw(_document(t), "EiNothing")
    if t.expect(NOT_SERVED, _not_served(sent), answer_of(sent), sent):
        t.expect(WRONG_PATH, sent.status == 404, answer_of(sent), sent)
    polled = await t.ven.send(m.Poll(ven_id=t.ven.ven_id), service="EiEvent")
    fine = polled.status is not None and polled.status < 500 and not taken(polled)
    t.expect(WRONG_SERVICE, fine, answer_of(polled), polled)


@vtn_case("K1_0053C", "HTTP headers", rules=(53,), suite=Suite.GENERAL)
async def http_headers(t: VtnTest) -> None:
    """A VTN stands what clients put into headers, and says in its own what it must.

    1. The VEN sends a request with Content-Type application/xml; charset=utf-8, one with an
       unknown User-Agent, and one with Accept; the VTN answers each.
    2. The VEN sends Accept-Encoding: gzip; the VTN compresses its answer.
    """
    await t.joined()
    for more in (
        {"Content-Type": "application/xml; charset=utf-8"},
        {"User-Agent": "Mozilla/5.0 (a VEN that pretends)"},
        {"Accept": "application/xml"},
    ):
        sent = await _sent(t, _document(t), {**_XML, **more})
        t.expect(ANY_HEADERS, taken(sent), f"{more}: {answer_of(sent)}", sent)
    sent = await _sent(t, _document(t), {**_XML, "Accept-Encoding": "gzip"})
    encoding = sent.reply_headers.get("content-encoding", "")
    t.expect(COMPRESSES, encoding == "gzip", f"Content-Encoding {encoding!r}", sent)


@vtn_case("K1_0053D", "large message", rules=(308, 330), suite=Suite.GENERAL)
async def large_message(t: VtnTest) -> None:
    """A VEN that stands for many devices has much to say.

    1. The registered VEN sends metadata of 2000 data points in one message.
    2. The VTN takes them.
    3. The VEN sends its usual metadata, which replace them.
    """
    await t.joined()
    (point, *_) = TELEMETRY_USAGE.descriptions
    many = tuple(replace(point, r_id=f"{POWER}-{number}") for number in range(_MANY))
    sent = await t.ven.introduce([replace(TELEMETRY_USAGE, descriptions=many)])
    t.expect(LARGE, taken(sent), f"{len(sent.request)} bytes: {answer_of(sent)}", sent)
    await t.ven.introduce(OFFERS)
