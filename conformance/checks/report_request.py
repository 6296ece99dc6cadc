"""Report requests and their cancellation (R308, R317, R321 to R327, R336, R338)."""

from collections.abc import Iterator

from conformance.checks.check import BOTH, Seen, Severity, message, session
from conformance.checks.document import Document
from conformance.checks.exchange import Exchange
from conformance.checks.session import (
    Session,
    digest_of_request,
    other,
    points_of,
    requests_in,
)
from conformance.checks.xml import ZERO, Element, duration, each, first, local, text, texts

NAMES = ("oadrCreateReport", "oadrRegisteredReport")
_SPECIFIER = "ei:reportSpecifier"
_INTERVAL = f"{_SPECIFIER}/ei:reportInterval/xcal:properties"
_NOT_IN_REQUEST = (
    "xcal:tolerance",
    "ei:x-eiNotification",
    "ei:x-eiRampUp",
    "ei:x-eiRecovery",
)


def specifier_of(request: Element) -> str:
    """Returns the reportSpecifierID that a request names."""
    return text(request, f"{_SPECIFIER}/ei:reportSpecifierID") or ""


def granularity_of(request: Element) -> Element | None:
    """Returns the element with the granularity."""
    return first(request, f"{_SPECIFIER}/xcal:granularity")


def _back(request: Element) -> Element | None:
    return first(request, f"{_SPECIFIER}/ei:reportBackDuration")


@message(321, BOTH, *NAMES)
def plain_interval(document: Document) -> Iterator[Seen]:
    """A request has no tolerance, notification, ramp-up or recovery."""
    for request in requests_in(document):
        for name in _NOT_IN_REQUEST:
            found = first(request, f"{_INTERVAL}/{name}")
            if found is not None:
                yield Seen(local(found), found)


@message(321, BOTH, *NAMES)
def no_unit(document: Document) -> Iterator[Seen]:
    """A request names no unit."""
    for request in requests_in(document):
        for payload in each(request, f"{_SPECIFIER}/ei:specifierPayload"):
            for child in payload:
                if local(child) not in {"rID", "readingType"}:
                    yield Seen(f"a {local(child)}", child)


@message(338, BOTH, *NAMES)
def reading_type(document: Document) -> Iterator[Seen]:
    """The readingType of a request is x-notApplicable."""
    for request in requests_in(document):
        for found in each(request, f"{_SPECIFIER}/ei:specifierPayload/ei:readingType"):
            if (found.text or "").strip() != "x-notApplicable":
                yield Seen(f"readingType {found.text!r}", found)


@message(308, BOTH, *NAMES)
def metadata_r_id(document: Document) -> Iterator[Seen]:
    """Metadata are asked for with the rID 0 alone."""
    for request in requests_in(document):
        names = texts(request, f"{_SPECIFIER}/ei:specifierPayload/ei:rID")
        if specifier_of(request) == "METADATA" and names != ["0"]:
            yield Seen(f"rID {', '.join(names)}", first(request, _SPECIFIER))


@message(317, BOTH, *NAMES)
def granularity_in_back(document: Document) -> Iterator[Seen]:
    """Granularity is not longer than reportBackDuration, unless that is 0."""
    for request in requests_in(document):
        step = duration(granularity_of(request), "xcal:duration")
        back = duration(_back(request), "xcal:duration")
        if step is not None and back and step > back:
            yield Seen(f"granularity {step}, reportBackDuration {back}", granularity_of(request))


@message(324, BOTH, *NAMES)
def periodic_interval(document: Document) -> Iterator[Seen]:
    """A periodic request says from when and for how long."""
    for request in requests_in(document):
        back = duration(_back(request), "xcal:duration")
        if back and first(request, _INTERVAL) is None:
            yield Seen(f"no reportInterval with reportBackDuration {back}", request)


@message(325, BOTH, *NAMES)
def times_not_negative(document: Document) -> Iterator[Seen]:
    """The times of a request are not negative."""
    for request in requests_in(document):
        interval = first(request, f"{_INTERVAL}/xcal:duration")
        for found in (granularity_of(request), _back(request), interval):
            length = duration(found, "xcal:duration")
            if length is not None and length < ZERO:
                yield Seen(f"{length}", found)


@message(322, BOTH, *NAMES)
def own_request_ids(document: Document) -> Iterator[Seen]:
    """Each request has a reportRequestID of its own."""
    seen: set[str] = set()
    for request in requests_in(document):
        name = text(request, "ei:reportRequestID") or ""
        if not name or name in seen or name == "0":
            yield Seen(f"reportRequestID {name!r}", first(request, "ei:reportRequestID"))
        seen.add(name)


@session(322, BOTH, *NAMES)
def request_id_in_use(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A reportRequestID is not used for another request while it runs."""
    for request in requests_in(document):
        name = text(request, "ei:reportRequestID") or ""
        known = session.requests[document.sender].get(name)
        if known is None or known.state != "open" or known.digest == digest_of_request(request):
            continue
        yield Seen(f"reportRequestID {name!r} of another request", request)


@session(300, BOTH, *NAMES)
def asked_is_offered(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """What is asked for is on offer."""
    offers = session.offers[other(document.sender)]
    for request in () if offers is None else requests_in(document):
        name = specifier_of(request)
        if name == "METADATA":
            continue
        offer = offers.get(name) if offers is not None else None
        if offer is None:
            yield Seen(f"reportSpecifierID {name!r}, which is not on offer", request)
            continue
        strange = points_of(request) - set(offer.points)
        if strange:
            yield Seen(f"rID {', '.join(sorted(strange))} of {name!r}, not on offer", request)


@session(317, BOTH, *NAMES)
def granularity_on_offer(
    session: Session, exchange: Exchange, document: Document
) -> Iterator[Seen]:
    """Granularity is not finer than oadrMinPeriod; 0 asks for changes."""
    offers = session.offers[other(document.sender)] or {}
    for request in requests_in(document):
        offer = offers.get(specifier_of(request))
        step = duration(granularity_of(request), "xcal:duration")
        back = duration(_back(request), "xcal:duration")
        # R324: of a report that is wanted once the granularity does not matter.
        for name in sorted(points_of(request)) if offer is not None and step and back else ():
            point = offer.points.get(name) if offer is not None else None
            if point is not None and point.fastest and step is not None and step < point.fastest:
                text_ = f"granularity {step} for {name!r}, oadrMinPeriod {point.fastest}"
                yield Seen(text_, granularity_of(request))


@session(324, BOTH, *NAMES)
def history_request(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """History is asked for with granularity 0, reportBackDuration 0 and times."""
    offers = session.offers[other(document.sender)] or {}
    for request in requests_in(document):
        offer = offers.get(specifier_of(request))
        if offer is None or not offer.name.startswith("HISTORY_"):
            continue
        for name, found in (("granularity", granularity_of(request)), ("back", _back(request))):
            length = duration(found, "xcal:duration")
            if length:
                yield Seen(f"{name} {length}", found)
        if first(request, _INTERVAL) is None:
            yield Seen("no reportInterval", request)


@message(336, BOTH, "oadrCancelReport")
def cancelled_once(document: Document) -> Iterator[Seen]:
    """Each reportRequestID is cancelled once, and none is empty."""
    names = texts(document.element, "ei:reportRequestID")
    if "" in names or len(set(names)) < len(names):
        yield Seen(f"reportRequestIDs {', '.join(map(repr, names))}", document.element)


@session(336, BOTH, "oadrCancelReport", severity=Severity.WARNING)
def cancelled_was_asked(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """What is cancelled was asked for."""
    for name in texts(document.element, "ei:reportRequestID"):
        if session.whole and name not in session.requests[document.sender]:
            yield Seen(f"reportRequestID {name!r}, which was never asked for", document.element)
