"""What is wrong with an exchange: by the schema, and by the rules where somebody knows them.

The rules are checks of another package, which nothing that runs may depend on. It offers
them as an entry point, as handlers are offered; without it there is the schema alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from oadr import codec, profile_a
from oadr.codec import MAX_BYTES
from oadr.codec.parser import read
from oadr.errors import XMLError
from oadr.profile_a.codec import schema as profile_a_schema
from runtime.capture.record import Exchange, Lost, Party, Record

__all__ = ["GROUP", "Finding", "Judge", "Verdicts", "load_judge", "schema_error"]

#: Entry points of this group make judges.
GROUP = "openadr_kit.judges"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it must be.

    Attributes:
        rule: such as ``R42``; ``XSD`` for the schema.
        severity: ``violation``, ``warning`` or ``information``.
        sender: whose message it is.
        message: its name.
        expected: what must be, in one sentence.
        seen: what is there.
        path: where in the message; empty if nothing is there.
        line: in the document, from 1; 0 if nothing is there.
    """

    rule: str
    severity: str
    sender: Party
    message: str
    expected: str
    seen: str
    path: str = ""
    line: int = 0

    def __str__(self) -> str:
        where = f", line {self.line}" if self.line else ""
        return f"{self.rule} {self.severity} of the {self.sender}{where}: {self.seen}"


class Judge(Protocol):
    """Knows the rules, and what was said before."""

    def see(self, exchange: Exchange) -> list[Finding]:
        """Returns what is wrong with an exchange, which is the next one of its session."""

    def forget(self) -> None:
        """Forgets what was said: something is missing from here on."""


#: Makes a judge for a trace; the argument says whether it is that of one VEN and one VTN.
MakeJudge = Callable[[bool], Judge]


def load_judge(*, alone: bool) -> Judge | None:
    """Returns what knows the rules; None if it is not installed.

    Args:
        alone: whether the trace is that of one VEN and one VTN.
    """
    from importlib.metadata import entry_points

    for point in entry_points(group=GROUP):
        try:
            make: MakeJudge = point.load()
            return make(alone)
        except ImportError:
            continue
    return None


class Verdicts:
    """Says what is wrong with the exchanges of a trace, which are shown in their order.

    Args:
        judge: knows the rules; None for the schema alone.
    """

    def __init__(self, judge: Judge | None) -> None:
        self._judge = judge

    def see(self, record: Record) -> list[Finding]:
        """Returns what is wrong with a record; its documents must be there."""
        if not isinstance(record, Exchange):
            # Polls that brought nothing change nothing; of what is lost nobody knows.
            if self._judge is not None and isinstance(record, Lost):
                self._judge.forget()
            return []
        found = _by_schema(record)
        if self._judge is None or record.profile != "2.0b":
            return found
        if record.cut:
            if record.message != "oadrUpdateReport":
                self._judge.forget()
            return found
        return found + [one for one in self._judge.see(record) if one.rule != "XSD" or not found]


def _by_schema(exchange: Exchange) -> list[Finding]:
    other: Party = "VTN" if exchange.asked_by == "VEN" else "VEN"
    documents = [(exchange.asked_by, exchange.request, exchange.message)]
    if exchange.status == 200:
        documents.append((other, exchange.response, exchange.answer))
    found = []
    for number, (sender, data, name) in enumerate(documents):
        if not data.strip() or (exchange.cut and len(data) < exchange.lengths[number]):
            continue
        error = schema_error(data, exchange.profile)
        if error is not None:
            found.append(
                Finding(
                    rule="XSD",
                    severity="violation",
                    sender=sender,
                    message=name or "a document",
                    expected="A message is valid by the schema.",
                    seen=error.reason,
                    line=error.line or _line_of(data, exchange.profile),
                )
            )
    return found


def _line_of(data: bytes, profile: str) -> int:
    """Returns where a document does not fit its schema; a parser that stops there forgets it."""
    grammar = profile_a_schema() if profile == "2.0a" else codec.schema()
    try:
        root = read(data, None, max_bytes=MAX_BYTES)
    except XMLError:
        return 0
    first = None if grammar.validate(root) else next(iter(grammar.error_log), None)
    return first.line if first is not None else 0


def schema_error(data: bytes, profile: str) -> XMLError | None:
    """Returns why a document is no valid message of a profile; None if it is one."""
    try:
        if profile == "2.0a":
            profile_a.parse(data, max_bytes=MAX_BYTES)
        else:
            codec.parse(data, max_bytes=MAX_BYTES)
    except XMLError as error:
        return error
    return None
