"""oadrCreatedEvent: a VEN's answers to events (R12, R35, R36, R42, R48, R62)."""

from collections.abc import Iterator

from conformance.checks.check import VEN, VTN, Seen, Severity, message, session
from conformance.checks.document import Document
from conformance.checks.exchange import Exchange, code_of, response_of, succeeded
from conformance.checks.session import Session, answers_in, event_id_of
from conformance.checks.xml import first, text, whole

NAME = "oadrCreatedEvent"
_NUMBER = "ei:qualifiedEventID/ei:modificationNumber"
#: Polls after which an answer is missing; a VEN may poll once or twice before it answers (R500).
_PATIENCE = 20
#: Codes for what only an event can have: a number, a signal, a target or market context.
_OF_EVENTS = {"450", "460", "462"}


@message(35, VEN, NAME)
def has_answers(document: Document) -> Iterator[Seen]:
    """There are eventResponses unless eiResponse carries an error."""
    if succeeded(document) and next(answers_in(document), None) is None:
        yield Seen(f"none with eiResponse {code_of(document)}", document.element)


@message(42, VEN, NAME)
def request_id_empty(document: Document) -> Iterator[Seen]:
    """With eventResponses the requestID of eiResponse is empty."""
    response = response_of(document)
    found = text(response, "pyld:requestID")
    if found and next(answers_in(document), None) is not None:
        yield Seen(f"requestID {found!r}", response)


@message(42, VEN, NAME)
def request_id_each(document: Document) -> Iterator[Seen]:
    """Each eventResponse has a requestID."""
    for answer in answers_in(document):
        if not text(answer, "pyld:requestID"):
            yield Seen("an empty requestID", answer)


@session(42, VEN, NAME)
def request_id_of_event(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """The requestID is that of the message that brought the event."""
    for answer in answers_in(document):
        event = session.events.get(event_id_of(answer))
        found = text(answer, "pyld:requestID") or ""
        if event is not None and found not in event.request_ids:
            came = ", ".join(list(event.request_ids)[-3:])
            yield Seen(f"{found!r} for an event that came with {came}", answer)


@message(48, VEN, NAME)
def error_of_event(document: Document) -> Iterator[Seen]:
    """An error of an event is its own: eiResponse stays 200."""
    # R25: what is wrong with the whole message, such as its vtnID, may have answers beside it.
    answered = next(answers_in(document), None) is not None
    if answered and code_of(document) in _OF_EVENTS:
        yield Seen(f"eiResponse {code_of(document)} with eventResponses", response_of(document))


@message(48, VEN, NAME)
def error_opts_out(document: Document) -> Iterator[Seen]:
    """What is refused with an error is opted out of."""
    for answer in answers_in(document):
        code, opt = text(answer, "ei:responseCode") or "", text(answer, "ei:optType")
        if not code.startswith("2") and opt != "optOut":
            yield Seen(f"{opt} with code {code}", answer)


@session(12, VEN, NAME)
def no_answer_to_never(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """An event that wants no answer gets none."""
    for answer in answers_in(document):
        event = session.events.get(event_id_of(answer))
        if event is not None and event.required == "never":
            yield Seen(f"an answer to {event_id_of(answer)!r}, which says never", answer)


@session(62, VEN, "oadrPoll", severity=Severity.WARNING)
def answers_always(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """Each event that wants an answer gets one."""
    for name, event in session.events.items():
        if event.required == "always" and event.polls == _PATIENCE:
            yield Seen(f"none to {name!r} {event.number} in {_PATIENCE} polls", document.element)


@session(36, VEN, NAME)
def not_mentioned_again(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """A cancelled event that was acknowledged is not mentioned again."""
    for answer in answers_in(document):
        event = session.events.get(event_id_of(answer))
        # Each time that it is sent asks for an answer, also if it is sent twice at once.
        if event is None or event.owed:
            continue
        if event.acknowledged and event.status == "cancelled":
            yield Seen(f"{event_id_of(answer)!r} again", answer)


@session(19, VEN, NAME)
def known_events(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
    """Answers name events and modifications that the VTN has sent."""
    for answer in answers_in(document):
        event = session.events.get(event_id_of(answer))
        number = whole(answer, _NUMBER)
        if event is not None and number not in event.numbers:
            came = ", ".join(map(str, sorted(event.numbers)))
            yield Seen(f"modification {number} of an event that came with {came}", answer)


@session(48, VTN, "oadrResponse")
def unknown_event_refused(
    session: Session, exchange: Exchange, document: Document
) -> Iterator[Seen]:
    """Answers to events that the VTN never sent are refused: 452."""
    if exchange.request.name != NAME or not session.whole or not succeeded(document):
        return
    for answer in answers_in(exchange.request):
        if event_id_of(answer) not in session.events:
            yield Seen(f"{code_of(document)} to {event_id_of(answer)!r}", document.element)


@session(48, VTN, "oadrResponse")
def unknown_number_refused(
    session: Session, exchange: Exchange, document: Document
) -> Iterator[Seen]:
    """Answers to modifications that there never were are refused: 450."""
    if exchange.request.name != NAME or not succeeded(document):
        return
    for answer in answers_in(exchange.request):
        event = session.events.get(event_id_of(answer))
        number = whole(answer, _NUMBER)
        if event is not None and number > event.number:
            yield Seen(
                f"{code_of(document)} to modification {number}, {event.number} was sent",
                first(document.element, "ei:eiResponse"),
            )
