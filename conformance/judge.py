"""Feeds traffic to all checks: exchange by exchange, or document by document in their order.

A message that is not schema-valid is judged by the schema alone. What answers such a
message, or no message at all, is not held against rules about answers: its sender had to
say something.
"""

import logging
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from conformance.checks import CHECKS, Check, Document, Exchange, Finding, Kind, Seen, Session, Side
from conformance.checks.exchange import ven_id_of
from conformance.checks.learning import learn
from conformance.checks.xml import excerpt_of, path_of

T = TypeVar("T")

__all__ = ["Judge", "Opened"]

log = logging.getLogger("openadr.conformance.judge")
#: What one check finds in one message; telling where a thing is takes time with its place.
MOST_FOUND = 100
#: Sessions that are kept, the latest; without a limit strangers could fill the memory.
MOST_SESSIONS = 10_000
#: Documents that are kept parsed, and the longest that is.
MOST_DOCUMENTS = 2_000
LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class Opened:
    """An exchange, and what was said before it between the same two."""

    exchange: Exchange
    session: Session | None


class Judge:
    """Holds traffic against the rules.

    Args:
        judged: whose messages; the other's are looked at, for what they make of these.
        checks: which.
        alone: whether the traffic is that of one VEN and one VTN; otherwise it is told
            apart by whom it is of.

    Attributes:
        broken: identifiers of the checks that have failed themselves: what they were to
            look at is not proved right.
    """

    def __init__(
        self,
        judged: Collection[Side] = frozenset(Side),
        *,
        checks: Iterable[Check] = tuple(CHECKS.values()),
        alone: bool = False,
    ) -> None:
        self._judged = frozenset(judged)
        self._checks = tuple(checks)
        self._alone = alone
        self.broken: set[str] = set()
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._chosen: dict[tuple[Kind, Side, str], tuple[Check, ...]] = {}

    @property
    def ran(self) -> frozenset[str]:
        """The identifiers of the checks that have looked at something so far."""
        return frozenset(check.id for checks in self._chosen.values() for check in checks)

    def see(self, request: bytes, reply: bytes = b"", **about: Any) -> list[Finding]:
        """Returns what is wrong with an exchange; the arguments are those of ``open``."""
        one = self.open(request, reply, **about)
        return self.ask(one) + self.answer(one)

    def open(
        self,
        request: bytes,
        reply: bytes = b"",
        *,
        asked_by: Side,
        identity: str = "",
        status: int | None = None,
        service: str = "",
        path: str = "",
        at: datetime | None = None,
        request_headers: Mapping[str, str] | None = None,
        reply_headers: Mapping[str, str] | None = None,
    ) -> "Opened":
        """Returns an exchange for ``ask`` and ``answer``, between which others may come.

        Args:
            request: what was sent.
            reply: the body that came back; empty if there is none, or if it is no message.
            asked_by: who sent the request: the VTN in a push.
            identity: of the VEN, if the connection proves it, such as a fingerprint;
                otherwise its venID tells whose it is.
            status: of HTTP; None if nothing came back.
            service: that it went to.
            path: of the URL.
            at: the time of the sender whose messages are judged.
            request_headers: of HTTP, names in lower case.
            reply_headers: the same.
        """
        answered_by = Side.VEN if asked_by is Side.VTN else Side.VTN
        exchange = Exchange(
            request=_document(request, asked_by),
            reply=_document(reply, answered_by) if reply.strip() else None,
            status=status,
            service=service,
            path=path,
            at=at,
            request_headers=request_headers,
            reply_headers=reply_headers,
        )
        return Opened(exchange, self._session(exchange, identity))

    def ask(self, one: "Opened") -> list[Finding]:
        """Returns what is wrong with the request."""
        return list(self._judge(one, one.exchange.request))

    def answer(self, one: "Opened") -> list[Finding]:
        """Returns what is wrong with the reply."""
        reply = one.exchange.reply
        return [] if reply is None else list(self._judge(one, reply))

    def _session(self, exchange: Exchange, identity: str) -> Session | None:
        """Returns the session that an exchange belongs to; None if nobody can say."""
        name = "one" if self._alone else identity
        name = name or ven_id_of(exchange.request) or ven_id_of(exchange.reply) or ""
        if not name:
            return None
        session = self._sessions.get(name)
        if session is None:
            session = self._sessions[name] = Session()
            if len(self._sessions) > MOST_SESSIONS:
                self._sessions.popitem(last=False)
        self._sessions.move_to_end(name)
        return session

    def _judge(self, one: "Opened", document: Document) -> Iterator[Finding]:
        exchange, session = one.exchange, one.session
        usable = not exchange.request.invalid
        if document.sender in self._judged:
            yield from self._alone_in(exchange, document)
            if usable and not document.invalid:
                yield from self._run(Kind.EXCHANGE, session, exchange, document)
                if session is not None:
                    yield from self._run(Kind.SESSION, session, exchange, document)
        if session is not None and usable:
            self._learn(session, exchange, document)

    def _learn(self, session: Session, exchange: Exchange, document: Document) -> None:
        try:
            learn(session, exchange, document)
        except ArithmeticError:
            # Beyond all dates, or no number.
            return
        except Exception:
            log.exception("what %r says cannot be taken in", document)
            self.broken.add("learning")

    def _alone_in(self, exchange: Exchange, document: Document) -> Iterator[Finding]:
        """Yields what is wrong with a message whatever came before; asks once for each."""
        if (document.data, document.sender) in _clean:
            return
        findings = list(self._run(Kind.MESSAGE, None, exchange, document))
        yield from findings
        if not findings and not self.broken and len(document.data) <= LONGEST:
            _keep(_clean, (document.data, document.sender), True)

    def _run(
        self, kind: Kind, session: Session | None, exchange: Exchange, document: Document
    ) -> Iterator[Finding]:
        for check in self._of(kind, document):
            try:
                found = check.run(session or Session(), exchange, document)
                for count, seen in enumerate(found, 1):
                    if count == MOST_FOUND:
                        more = f"{seen.text}; after {count} nothing more of this is looked for"
                        yield _finding(check, document, replace(seen, text=more))
                        break
                    yield _finding(check, document, seen)
            except ArithmeticError:
                # Beyond all dates, or no number: what nobody can compute breaks other rules.
                continue
            except Exception:
                log.exception("%s failed at %r", check.id, document)
                self.broken.add(check.id)

    def _of(self, kind: Kind, document: Document) -> tuple[Check, ...]:
        name = "" if document.invalid else document.name
        key = kind, document.sender, name
        found = self._chosen.get(key)
        if found is None:
            found = self._chosen[key] = tuple(
                check
                for check in self._checks
                if check.kind is kind
                and document.sender in check.sides
                and (name in check.on or not check.on)
                and (name or check.also_invalid)
            )
        return found


def _finding(check: Check, document: Document, seen: Seen) -> Finding:
    at = seen.at
    return Finding(
        check=check,
        sender=document.sender,
        message=document.name or "a document",
        seen=seen.text,
        path="" if at is None else path_of(at),
        line=seen.line or (0 if at is None else at.sourceline or 0),
        excerpt=document.data[:400].decode(errors="replace") if at is None else excerpt_of(at),
    )


_clean: "OrderedDict[tuple[bytes, Side], bool]" = OrderedDict()
_documents: "OrderedDict[tuple[bytes, Side], Document]" = OrderedDict()


def _document(data: bytes, sender: Side) -> Document:
    """Returns a document, parsed already if it came before: polls come again and again."""
    key = data, sender
    found = _documents.get(key)
    if found is None:
        found = Document(data, sender)
        if len(data) <= LONGEST:
            _keep(_documents, key, found)
    return found


def _keep(where: "OrderedDict[tuple[bytes, Side], T]", key: tuple[bytes, Side], what: T) -> None:
    where[key] = what
    if len(where) > MOST_DOCUMENTS:
        where.popitem(last=False)
