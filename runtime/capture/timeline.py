"""A trace as a timeline: what was said, by whom, and what is wrong with it."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from oadr.summary import Summary, summary_of
from runtime.capture.reader import Entry, Who
from runtime.capture.record import Exchange, Idle, Lost, Record
from runtime.capture.redact import Redactor
from runtime.capture.verdict import Finding, Verdicts

#: Exchanges of several VENs that are held against the rules at once, the latest.
MOST_JUDGED = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is wanted of a trace.

    Attributes:
        who: only of this VEN; None for all.
        failed: only what went wrong.
        since: only from then on.
        until: only before.
        message: only exchanges with this message, such as ``oadrPoll``; empty for all.
        id: only the exchange with this ID; empty for all.
    """

    who: Who | None = None
    failed: bool = False
    since: datetime | None = None
    until: datetime | None = None
    message: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A record as it is shown.

    Attributes:
        id: of the record.
        record: without secrets.
        request: what is in the request; None if that is no XML, or no exchange.
        response: the same of the response.
        findings: what is wrong with it.
    """

    id: str
    record: Record
    request: Summary | None = None
    response: Summary | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether something went wrong: in HTTP, by a response code, by schema or rules."""
        one = self.record
        if not isinstance(one, Exchange):
            return False
        return (
            one.status not in (200, 202, 204)
            or bool(one.code)
            or not all(each is None or each.ok for each in (self.request, self.response))
            or any(finding.severity == "violation" for finding in self.findings)
        )


class Timeline:
    """Makes what is shown of the records of a trace, in their order.

    Args:
        selection: what is wanted.
        verdicts: says what is wrong.
        redactor: takes out what is secret.

    Attributes:
        heard: whether anything was said by or to whom it is about, wanted or not.
    """

    def __init__(self, selection: Selection, verdicts: Verdicts, redactor: Redactor) -> None:
        self._selection = selection
        self._who = selection.who
        self._verdicts = verdicts
        self._redactor = redactor
        self.heard = False

    def latest(self, entries: Iterable[Entry], most: int) -> list[Shown]:
        """Returns the latest of what is wanted.

        Args:
            entries: all of the trace, or what has come since the last time.
            most: how many.
        """
        return list(deque(self.of(entries), maxlen=most))

    def of(self, entries: Iterable[Entry]) -> Iterator[Shown]:
        """Yields all of what is wanted.

        What is of the VEN and not wanted is held against the rules all the same: what was
        said before decides what may be said.
        """
        for entry in self._candidates(entries):
            record = entry.whole
            findings = self._verdicts.see(record)
            if isinstance(record, Exchange):
                # A name stands for the same, whatever else is shown.
                record = self._redactor.exchange(record)
            if self._in_time(entry) and self._named(record):
                shown = self._shown(entry.id, record, findings)
                if shown.failed or not self._selection.failed:
                    yield shown

    def _candidates(self, entries: Iterable[Entry]) -> list[Entry]:
        wanted = self._selection
        found = list(entries)
        if self._who is not None:
            who = self._who = self._who.grown(found)
            found = [one for one in found if _is_lost(one) or who.known(one.record)]
            self.heard |= not all(map(_is_lost, found))
            return found
        if wanted.id:
            about = next((one.record for one in found if one.id == wanted.id), None)
            if isinstance(about, Exchange) and about.ven_id:
                who = Who(names=frozenset({about.ven_id}))
                return [one for one in found if _is_lost(one) or who.known(one.record)]
        if wanted.until is not None:
            found = [one for one in found if one.at < wanted.until]
        return found[-MOST_JUDGED:]

    def _in_time(self, entry: Entry) -> bool:
        wanted = self._selection
        if wanted.id and entry.id != wanted.id:
            return False
        last = entry.record.last if isinstance(entry.record, Idle) else entry.at
        return (wanted.since is None or last >= wanted.since) and (
            wanted.until is None or entry.at < wanted.until
        )

    def _named(self, record: Record) -> bool:
        name = self._selection.message
        if not name:
            return True
        names = (record.message, record.answer) if isinstance(record, Exchange) else ()
        return name in names or f"oadr{name}" in names

    def _shown(self, id_: str, record: Record, findings: list[Finding]) -> Shown:
        if not isinstance(record, Exchange):
            return Shown(id=id_, record=record)
        words = self._redactor.words
        return Shown(
            id=id_,
            record=record,
            request=summary_of(record.request),
            response=summary_of(record.response),
            findings=tuple(replace(one, seen=words(one.seen)) for one in findings),
        )


def _is_lost(entry: Entry) -> bool:
    return isinstance(entry.record, Lost)
