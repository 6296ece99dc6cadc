"""EiRegisterParty (R400 to R407)."""

from collections.abc import Iterator

from conformance.checks.check import VEN, VTN, Seen, Severity, exchange, message, session
from conformance.checks.document import Document, Side
from conformance.checks.exchange import Exchange, code_of, succeeded
from conformance.checks.session import NEW, Session
from conformance.checks.xml import each, first, text

_CREATED = "oadrCreatedPartyRegistration"
_TRUE = {"true", "1"}
#: What a VEN may send before its metadata (R309, R405).
_BEFORE_METADATA = {
    "oadrQueryRegistration",
    NEW,
    "oadrCancelPartyRegistration",
    "oadrCanceledPartyRegistration",
    "oadrResponse",
    "oadrRegisterReport",
    "oadrRegisteredReport",
    "oadrRequestEvent",
    "oadrPoll",
}


@message(402, VEN, NEW)
def says_pull_model(document: Document) -> Iterator[Seen]:
    """For simple HTTP a VEN says whether it polls."""
    element = document.element
    http = text(element, "oadr:oadrTransportName") == "simpleHttp"
    if http and not text(element, "oadr:oadrHttpPullModel"):
        yield Seen("no oadrHttpPullModel", element)


@message(402, VEN, NEW)
def says_transport_address(document: Document) -> Iterator[Seen]:
    """A VEN that is pushed to says where."""
    element = document.element
    http = text(element, "oadr:oadrTransportName") == "simpleHttp"
    pull = (text(element, "oadr:oadrHttpPullModel") or "true") in _TRUE
    if http and not pull and not text(element, "oadr:oadrTransportAddress"):
        yield Seen("oadrHttpPullModel false and no oadrTransportAddress", element)


@message(402, VEN, NEW)
def both_ids_again(document: Document) -> Iterator[Seen]:
    """A registrationID is only sent together with the venID, to register again."""
    element = document.element
    if text(element, "ei:registrationID") and not text(element, "ei:venID"):
        yield Seen("a registrationID without venID", first(element, "ei:registrationID"))


@session(402, VEN, NEW)
def own_registration_id(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """The registrationID is the one that the VTN has given."""
    found = first(document.element, "ei:registrationID")
    given = text(document.element, "ei:registrationID")
    if session.registered is False and given:
        yield Seen(f"registrationID {given!r} of a VEN that is not registered", found)
    elif session.registered and given and given != session.registration_id:
        yield Seen(f"registrationID {given!r}, given {session.registration_id!r}", found)


@exchange(403, VTN, _CREATED)
def gives_identifiers(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A registration gives registrationID and venID."""
    if exchange.request.name != NEW or not succeeded(document):
        return
    for name in ("registrationID", "venID"):
        if not text(document.element, f"ei:{name}"):
            yield Seen(f"no {name}", document.element)


@exchange(403, VTN, _CREATED)
def gives_poll_frequency(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A VEN that polls is told how often."""
    request = exchange.request.element
    pull = text(request, "oadr:oadrHttpPullModel") in _TRUE
    if exchange.request.name != NEW or not pull or not succeeded(document):
        return
    if not text(document.element, "oadr:oadrRequestedOadrPollFreq/xcal:duration"):
        yield Seen("no oadrRequestedOadrPollFreq", document.element)


@message(403, VTN, _CREATED)
def names_profile(document: Document) -> Iterator[Seen]:
    """The VTN names the profile 2.0b and its transports."""
    profiles = first(document.element, "oadr:oadrProfiles")
    names = {text(one, "oadr:oadrProfileName") for one in each(profiles, "oadr:oadrProfile")}
    if "2.0b" not in names:
        yield Seen(f"profiles {sorted(map(str, names))}", profiles)


@exchange(403, VTN, _CREATED)
def refusal_gives_nothing(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A refused registration gives no identifiers."""
    if exchange.request.name != NEW or succeeded(document):
        return
    if text(document.element, "ei:registrationID"):
        yield Seen(
            f"a registrationID with code {code_of(document)}",
            first(document.element, "ei:registrationID"),
        )


@session(404, VTN, _CREATED)
def query_without_ids(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A query of a VEN that is not registered is answered without its IDs."""
    if exchange.request.name != "oadrQueryRegistration" or session.registered is not False:
        return
    for name in ("registrationID", "venID"):
        found = first(document.element, f"ei:{name}")
        if found is not None:
            yield Seen(f"a {name} though the VEN is not registered", found)


@exchange(404, VTN, _CREATED, severity=Severity.WARNING)
def query_without_empty_ids(exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A query is answered without empty identifiers."""
    for name in ("registrationID", "venID"):
        found = first(document.element, f"ei:{name}")
        queried = exchange.request.name == "oadrQueryRegistration"
        if queried and found is not None and not (found.text or "").strip():
            yield Seen(f"an empty {name}", found)


@session(406, VTN, _CREATED)
def keeps_registration(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A VEN that registers again keeps its registrationID and venID."""
    request = exchange.request.element
    again = text(request, "ei:registrationID")
    if exchange.request.name != NEW or not again or not succeeded(document):
        return
    # Who comes with what nobody knows is a new one.
    if not session.registered or again != session.registration_id:
        return
    for name in ("registrationID", "venID"):
        before, after = text(request, f"ei:{name}"), text(document.element, f"ei:{name}")
        if before != after:
            yield Seen(f"{name} {after!r} for {before!r}", first(document.element, f"ei:{name}"))


@session(400, VTN, "oadrCanceledPartyRegistration")
def wrong_registration_id(
    session: Session, exchange: Exchange, document: Document
) -> Iterator[Seen]:
    """A wrong registrationID cancels nothing: 452."""
    given = text(exchange.request.element, "ei:registrationID")
    if exchange.request.name != "oadrCancelPartyRegistration" or not session.registered:
        return
    if session.registration_id and given != session.registration_id and succeeded(document):
        text_ = f"{code_of(document)} for registrationID {given!r}, {session.registration_id!r}"
        yield Seen(f"{text_} was given", document.element)


@session(407, VEN, "oadrCancelPartyRegistration")
def cancels_what_is(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """What is cancelled is the registration there is."""
    given = text(document.element, "ei:registrationID")
    if session.registered and session.registration_id and given != session.registration_id:
        yield Seen(f"registrationID {given!r}, given {session.registration_id!r}", document.element)


@session(309, VEN)
def metadata_first(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """After a new registration metadata come first; only events may be asked for."""
    if not session.whole or Side.VEN in session.introduced or document.name in _BEFORE_METADATA:
        return
    # What answers something of the VTN's is the VTN's doing.
    if exchange.is_reply(document) or document.name in {"oadrCreatedReport", "oadrCreatedEvent"}:
        return
    yield Seen(f"{document.name} before oadrRegisterReport", document.element)


@session(301, VTN)
def vtn_metadata_first(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A VTN tells its metadata before it asks for other reports of a new VEN."""
    if not session.whole or Side.VTN in session.introduced or exchange.request.name != "oadrPoll":
        return
    if document.name in {"oadrCreateReport", "oadrUpdateReport", "oadrCancelReport"}:
        yield Seen(f"{document.name} before oadrRegisterReport", document.element)
