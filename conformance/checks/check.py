"""What a check is, how one is registered, and what it finds.

A check is a generator over what is wrong: it yields ``Seen`` for each place, and nothing
for a message that is right. It is called only for messages of the parties and of the names
that it is registered for, and only for schema-valid ones unless it says otherwise.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from lxml import etree

from conformance.checks.document import Document, Side
from conformance.checks.exchange import Exchange
from conformance.checks.session import Session


class Severity(StrEnum):
    """How bad a finding is."""

    VIOLATION = "violation"
    WARNING = "warning"
    INFORMATION = "information"


class Kind(StrEnum):
    """How much a check has to see."""

    MESSAGE = "message"
    EXCHANGE = "exchange"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that is not as it must be.

    Attributes:
        text: what was seen, in words.
        at: where; None if nothing is there.
        line: in place of that of ``at``.
    """

    text: str
    at: etree._Element | None = field(default=None, repr=False)
    line: int = 0


Run = Callable[[Session, Exchange, Document], Iterator[Seen]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A rule that can be held against messages.

    Attributes:
        rule: its number; 0 for the schema and the catalogue of messages, which have none.
        name: tells it from other checks of the same rule.
        kind: how much it has to see.
        sides: whose messages it judges.
        on: names of the messages that it judges; empty for all.
        severity: of what it finds.
        expected: what must be, in one sentence.
        also_invalid: whether it judges messages that are not schema-valid as well.
        run: yields what is wrong.
    """

    rule: int
    name: str
    kind: Kind
    sides: frozenset[Side]
    on: frozenset[str]
    severity: Severity
    expected: str
    also_invalid: bool
    run: Run = field(repr=False)

    @property
    def label(self) -> str:
        """The rule as people write it, such as ``"R42"``."""
        return f"R{self.rule}" if self.rule else "XSD"

    @property
    def id(self) -> str:
        """The identifier, such as ``"R42.request_id_of_event"``."""
        return f"{self.label}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A message that breaks a rule.

    Attributes:
        check: which rule.
        sender: of the message.
        message: its name.
        seen: what is wrong, in words.
        path: where in the XML, from the message element on; empty if nothing is there.
        line: in the document, from 1; 0 if nothing is there.
        excerpt: the XML of the place, shortened.
    """

    check: Check
    sender: Side
    message: str
    seen: str
    path: str = ""
    line: int = 0
    excerpt: str = ""

    def __str__(self) -> str:
        place = f" at {self.path or 'the document'}" + (f", line {self.line}" if self.line else "")
        return (
            f"{self.check.severity} {self.check.id}: {self.message} of the {self.sender}{place}\n"
            f"  expected: {self.check.expected}\n  seen: {self.seen}\n  {self.excerpt}"
        )


#: All checks, in the order in which their modules define them.
REGISTERED: list[Check] = []

BOTH = frozenset(Side)
VTN = frozenset({Side.VTN})
VEN = frozenset({Side.VEN})


OnMessage = Callable[[Document], Iterator[Seen]]
OnExchange = Callable[[Exchange, Document], Iterator[Seen]]
OnSession = Callable[[Session, Exchange, Document], Iterator[Seen]]


def message(
    rule: int,
    sides: frozenset[Side],
    *on: str,
    severity: Severity = Severity.VIOLATION,
    also_invalid: bool = False,
) -> Callable[[OnMessage], OnMessage]:
    """Registers a check over a document alone: ``check(document)``.

    The docstring of the function is the sentence of what is expected.

    Args:
        rule: its number.
        sides: whose messages it judges.
        on: names of messages; none for all.
        severity: of what it finds.
        also_invalid: whether it judges messages that are not schema-valid as well.
    """

    def register(function: OnMessage) -> OnMessage:
        def run(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
            return function(document)

        _keep(function, Kind.MESSAGE, run, rule, sides, on, severity, also_invalid)
        return function

    return register


def exchange(
    rule: int, sides: frozenset[Side], *on: str, severity: Severity = Severity.VIOLATION
) -> Callable[[OnExchange], OnExchange]:
    """Registers a check over a document in its exchange: ``check(exchange, document)``."""

    def register(function: OnExchange) -> OnExchange:
        def run(session: Session, exchange: Exchange, document: Document) -> Iterator[Seen]:
            return function(exchange, document)

        _keep(function, Kind.EXCHANGE, run, rule, sides, on, severity)
        return function

    return register


def session(
    rule: int, sides: frozenset[Side], *on: str, severity: Severity = Severity.VIOLATION
) -> Callable[[OnSession], OnSession]:
    """Registers a check over a document and all before: ``check(session, exchange, document)``.

    It sees the session as it was before the document.
    """

    def register(function: OnSession) -> OnSession:
        _keep(function, Kind.SESSION, function, rule, sides, on, severity)
        return function

    return register


def _keep(
    function: Callable[..., Iterator[Seen]],
    kind: Kind,
    run: Run,
    rule: int,
    sides: frozenset[Side],
    on: tuple[str, ...],
    severity: Severity,
    also_invalid: bool = False,
) -> None:
    check = Check(
        rule=rule,
        name=function.__name__,
        kind=kind,
        sides=sides,
        on=frozenset(on),
        severity=severity,
        expected=(function.__doc__ or "").strip(),
        also_invalid=also_invalid,
        run=run,
    )
    REGISTERED.append(check)
