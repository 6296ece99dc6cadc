"""What is kept of an exchange with the VTN in the trace on disk."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from oadr.codec import message_name
from oadr.enums import ServiceName
from oadr.messages import Message, Poll, Response
from oadr.replies import ven_id_of
from runtime.capture import Capture, Exchange
from runtime.capture.record import Party
from ven.errors import TransportError


@dataclass(slots=True, kw_only=True)
class Sent:
    """A message on its way, and what comes back.

    Attributes:
        service: whose address it goes to.
        message: what is said; None if nobody has understood it.
        body: the document.
        at: when, by the clock of the VEN.
        asked_by: who sends it.
        status: of HTTP; None while nothing has come back.
        response: the document that has come back.
        reply: the message in that.
        fingerprint: of the VTN's certificate; empty for none.
        problem: why the message could not be sent or is refused, or why the answer cannot be used.
        target: method and path of a request that is no POST to a service.
        repairs: what was mended before what the VTN has sent was read.
        began: real time, in seconds since 1970.
        started: real time, of a clock that nobody puts right.
    """

    service: ServiceName | str
    message: Message | None
    body: bytes = field(repr=False)
    at: datetime
    asked_by: Party = "VEN"
    status: int | None = None
    response: bytes = field(default=b"", repr=False)
    reply: Message | None = None
    fingerprint: str = ""
    problem: Exception | None = None
    target: str = ""
    repairs: tuple[str, ...] = ()
    began: float = field(default_factory=time.time)
    started: float = field(default_factory=time.perf_counter)

    def keep(self, capture: Capture, peer: str) -> None:
        """Puts the exchange into the trace; a poll that brings nothing is counted.

        Args:
            capture: the trace.
            peer: how the VTN is called.
        """
        reply, ven_id = self.reply, self._ven_id()
        if (
            type(reply) is Response
            and type(self.message) is Poll
            and reply.response.code == 200
            and not capture.every_poll
        ):
            capture.idle(ven_id, peer, self.at)
            return
        capture.add(
            Exchange(
                at=self.at,
                began=self.began,
                took=timedelta(seconds=time.perf_counter() - self.started),
                asked_by=self.asked_by,
                service=self.service,
                target=self.target,
                peer=peer,
                ven_id=ven_id,
                fingerprint=self.fingerprint,
                proof="TLS" if self.fingerprint else "none",
                message=_name(self.message),
                answer=_name(reply),
                status=self.status,
                code=getattr(self.problem, "code", 0),
                rule=self._rule(),
                problem=self._words(),
                repairs=self.repairs,
                request=self.body,
                response=self.response,
            )
        )

    def _rule(self) -> str:
        """Returns the rule that is broken; the error may only wrap the one that knows it."""
        problem = self.problem
        cause = problem.__cause__ if problem is not None else None
        return str(getattr(problem, "rule", "") or getattr(cause, "rule", ""))

    def _words(self) -> str:
        problem = self.problem
        if isinstance(problem, TransportError):
            return problem.reason
        return str(problem) if problem is not None else ""

    def _ven_id(self) -> str:
        for message in (self.message, self.reply):
            found = ven_id_of(message) if message is not None else None
            if found:
                return found
        return ""


def _name(message: Message | None) -> str:
    return message_name(message) if message is not None else ""
