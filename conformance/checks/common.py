"""What holds for every message: schema, envelope, dates, durations, identifiers."""

import re
from collections.abc import Iterator

from conformance.checks.check import BOTH, VEN, Seen, Severity, exchange, message, session
from conformance.checks.document import Document, Side
from conformance.checks.exchange import (
    Exchange,
    code_of,
    request_id_of,
    response_of,
    ven_id_of,
)
from conformance.checks.session import Session
from conformance.checks.xml import DURATION, MOMENT, each, first, local, text
from oadr.codec.namespaces import NAMESPACES, qname

_XSI = f"{{{NAMESPACES['xsi']}}}"
_VERSION = qname("ei:schemaVersion")
_MOMENTS = (
    qname("xcal:date-time"),
    qname("ei:createdDateTime"),
    qname("ei:modificationDateTime"),
)
_DURATIONS = (
    qname("xcal:duration"),
    qname("xcal:startafter"),
    qname("oadr:oadrMinPeriod"),
    qname("oadr:oadrMaxPeriod"),
)
_ENCODING = re.compile(rb"""<\?xml[^>]*encoding=["']([^"']*)["']""")
#: Elements that a message may leave out, and that say nothing when they are empty.
_OPTIONAL = tuple(
    map(
        qname,
        (
            "ei:registrationID",
            "ei:venID",
            "ei:modificationReason",
            "ei:vtnComment",
            "ei:testEvent",
            "oadr:oadrTransportAddress",
            "oadr:oadrVenName",
            "ei:eiReportID",
        ),
    )
)
_CODES = {"200", *map(str, range(450, 470))}
#: What answers what, where the profile leaves no choice (section 1.2).
_ANSWERS = {
    "oadrQueryRegistration": {"oadrCreatedPartyRegistration"},
    "oadrCreatePartyRegistration": {"oadrCreatedPartyRegistration"},
    "oadrCancelPartyRegistration": {"oadrCanceledPartyRegistration"},
    "oadrRequestReregistration": {"oadrResponse"},
    "oadrRequestEvent": {"oadrDistributeEvent"},
    "oadrDistributeEvent": {"oadrResponse", "oadrCreatedEvent"},
    "oadrCreatedEvent": {"oadrResponse"},
    "oadrCreateOpt": {"oadrCreatedOpt"},
    "oadrCancelOpt": {"oadrCanceledOpt"},
    "oadrRegisterReport": {"oadrRegisteredReport"},
    "oadrRegisteredReport": {"oadrResponse"},
    "oadrCreateReport": {"oadrCreatedReport"},
    "oadrCreatedReport": {"oadrResponse"},
    "oadrUpdateReport": {"oadrUpdatedReport"},
    "oadrUpdatedReport": {"oadrResponse"},
    "oadrCancelReport": {"oadrCanceledReport"},
    "oadrCanceledReport": {"oadrResponse"},
    "oadrCanceledPartyRegistration": {"oadrResponse"},
}


@message(0, BOTH, also_invalid=True)
def valid(document: Document) -> Iterator[Seen]:
    """A message is valid by the official schema."""
    if document.invalid:
        yield Seen(document.invalid, line=document.invalid_line)


@message(0, BOTH, also_invalid=True)
def encoding(document: Document) -> Iterator[Seen]:
    """A document is written in UTF-8 and says nothing else."""
    declared = _ENCODING.match(document.data.lstrip())
    if declared and declared[1].upper() != b"UTF-8":
        yield Seen(f"declared as {declared[1].decode(errors='replace')}", document.root, 1)


@message(45, BOTH, also_invalid=True)
def schema_location(document: Document) -> Iterator[Seen]:
    # Hardly any document has the word, and to walk through all attributes takes long.
    """There is no schemaLocation."""
    if b"chemaLocation" not in document.data or document.root is None:
        return
    for element in document.root.iter():
        for name in ("schemaLocation", "noNamespaceSchemaLocation"):
            if element.get(_XSI + name) is not None:
                yield Seen(f"xsi:{name}", element)


@message(509, BOTH)
def schema_version(document: Document) -> Iterator[Seen]:
    """Every message says ei:schemaVersion 2.0b."""
    element = document.element
    found = None if element is None else element.get(_VERSION)
    if found != "2.0b":
        yield Seen("no schemaVersion" if found is None else f"schemaVersion {found!r}", element)


@message(1, BOTH)
def moments_in_utc(document: Document) -> Iterator[Seen]:
    """Date-times are in UTC and end in Z."""
    for element in () if document.element is None else document.element.iter(*_MOMENTS):
        if not MOMENT.fullmatch((element.text or "").strip()):
            yield Seen(f"date-time {element.text!r}", element)


@message(1, BOTH)
def durations_in_whole(document: Document) -> Iterator[Seen]:
    """Durations are ISO 8601, with a number in them and without weeks and decimals."""
    for element in () if document.element is None else document.element.iter(*_DURATIONS):
        if not len(element) and not DURATION.fullmatch((element.text or "").strip()):
            yield Seen(f"duration {element.text!r}", element)


@message(46, BOTH, severity=Severity.INFORMATION)
def empty_optionals(document: Document) -> Iterator[Seen]:
    """An optional element that has nothing to say is left out."""
    for element in () if document.element is None else document.element.iter(*_OPTIONAL):
        if not len(element) and not (element.text or "").strip():
            yield Seen(f"an empty {local(element)}", element)


@message(48, BOTH, severity=Severity.WARNING)
def known_codes(document: Document) -> Iterator[Seen]:
    """Response codes are 200, or 450 to 469 for what was refused."""
    response = response_of(document)
    code = code_of(document)
    if response is not None and code not in _CODES:
        yield Seen(f"responseCode {code!r}", first(response, "ei:responseCode"))


@message(508, VEN)
def ven_id_of_ven(document: Document) -> Iterator[Seen]:
    """A VEN says its venID in each message that has a place for it."""
    if document.name in {"oadrQueryRegistration", "oadrCreatePartyRegistration"}:
        return
    # Without a registration there is no venID to say.
    if not ven_id_of(document) and code_of(document) != "463":
        yield Seen("no venID", document.element)


@message(514, BOTH)
def signature_covers(document: Document) -> Iterator[Seen]:
    """A signature covers the message and is protected against replay."""
    signature = first(document.root, "ds:Signature")
    if signature is None or document.element is None:
        return
    signed = document.element.getparent()
    identifier = None if signed is None else signed.get(qname("oadr:Id"))
    uris = {one.get("URI") for one in each(signature, "ds:SignedInfo/ds:Reference")}
    if "" not in uris and f"#{identifier}" not in uris:
        yield Seen(f"references to {sorted(map(str, uris))}", signature)
    protect = next(signature.iter(qname("dsp:ReplayProtect")), None)
    if protect is None:
        yield Seen("no ReplayProtect", signature)
    elif not text(protect, "dsp:timestamp") or not text(protect, "dsp:nonce"):
        yield Seen("a ReplayProtect without timestamp or nonce", protect)


@exchange(0, BOTH)
def fitting_reply(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A request is answered with the message that belongs to it."""
    request = exchange.request
    wanted = _ANSWERS.get(request.name)
    if not exchange.is_reply(document) or wanted is None:
        return
    if request.name == "oadrRegisteredReport" and _asks(request):
        # R344: a poll could not bring the answer to its requests.
        wanted = {"oadrResponse", "oadrCreatedReport"}
    # A registration that nobody knows any more may be led back at once.
    if document.name not in wanted and document.name != "oadrRequestReregistration":
        names = " or ".join(sorted(wanted))
        text = f"{document.name} in reply to {request.name}; expected {names}"
        yield Seen(text, document.element)


def _asks(document: Document) -> bool:
    return first(document.element, "oadr:oadrReportRequest") is not None


def _echo(rule: int, *names: str, severity: Severity = Severity.VIOLATION) -> None:
    @exchange(rule, BOTH, *names, severity=severity)
    def echoed_request_id(exchange: Exchange, document: Document) -> Iterator[Seen]:
        """The reply carries the requestID of the request, if it has one."""
        if not exchange.is_reply(document):
            return
        wanted = text(exchange.request.element, "pyld:requestID")
        response = response_of(document)
        seen = text(response, "pyld:requestID")
        if response is not None and wanted and seen != wanted:
            yield Seen(f"requestID {seen!r} for request {wanted!r}", response)


_echo(207, "oadrCreatedOpt", "oadrCanceledOpt")
_echo(303, "oadrRegisteredReport", "oadrCreatedReport", "oadrUpdatedReport", "oadrCanceledReport")
# What eiResponse is for; but no rule says so of these.
_echo(
    48,
    "oadrCreatedPartyRegistration",
    "oadrCanceledPartyRegistration",
    severity=Severity.WARNING,
)


@exchange(48, BOTH, "oadrDistributeEvent", severity=Severity.WARNING)
def echoed_in_snapshot(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """The reply carries the requestID of the request."""
    if exchange.request.name != "oadrRequestEvent" or not exchange.is_reply(document):
        return
    wanted = request_id_of(exchange.request)
    response = response_of(document)
    seen = text(response, "pyld:requestID")
    if response is not None and seen != wanted:
        yield Seen(f"requestID {seen!r} for request {wanted!r}", response)


@session(21, BOTH)
def same_identifiers(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """The identifiers are those that the VTN has given out."""
    element = document.element
    if document.name == "oadrCreatedPartyRegistration" or exchange.request.name in {
        "oadrCreatePartyRegistration",
        "oadrCancelPartyRegistration",
    }:
        return
    given = ven_id_of(document)
    # A VTN that refuses may say whom it takes the message to be from.
    wrong = code_of(document) not in {"", "200"} and document.sender is Side.VTN
    if session.registered and session.ven_id and given and given != session.ven_id and not wrong:
        yield Seen(f"venID {given!r}, registered as {session.ven_id!r}", element)
    vtn_id = text(element, "ei:vtnID")
    if session.vtn_id and vtn_id and vtn_id != session.vtn_id:
        yield Seen(f"vtnID {vtn_id!r}, before {session.vtn_id!r}", element)
