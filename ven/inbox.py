"""What becomes of a document that the VTN pushes, without sockets.

``ven.listener`` brings documents over HTTPS, ``Client.receive`` from anywhere else. Each is
held against schema and signature policy, handed to the engines as if it had been polled
for, and answered in the response. One is handled at a time, in the VEN's turn, and what its
answer announces starts when the answer has gone out.

HTTP status (section 2.12): 200 for everything that was understood, also when it is refused;
403 for somebody else than the VTN; 404 for an operation that does not belong to the
address; 406 for what is not a schema-valid message; 413 for what is too long; 503 with
Retry-After while the VEN is busy, cannot write its state, or does not run; 500 for a fault
of ours.

Spec: rules 21, 38, 51, 53, 401 and 511; section 9.1.
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from oadr import codec
from oadr.enums import ServiceName
from oadr.errors import InvalidData, NotRegistered, ProtocolError, SignatureError, XMLError
from oadr.messages import Message
from oadr.unusable import stand_in
from runtime.http import HTTPError
from runtime.trace import Traces, Traffic
from ven.engine.machine import Machine
from ven.engine.pushed import FROM_VTN, Pushed
from ven.errors import VenError
from ven.peer import Peer
from ven.reading import Reader
from ven.sent import Sent
from ven.signing import Signatures
from ven.transport import Trace

log = logging.getLogger("openadr.ven")
#: Real seconds that a document waits for the VEN's turn. A VTN may wait for its answer
#: before it answers a request of ours, and with 5 s or more for a time limit (section 2.12)
#: it learns before that is over that it has to come again.
PATIENCE = 3.0
#: Documents that may wait or be handled at a time; a VTN sends one after the other.
MOST = 8
_RETRY = {"Retry-After": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered over HTTP.

    Attributes:
        status: of HTTP.
        body: a document; a line of text where the status is not 200; or nothing.
        headers: what belongs to the body, and Retry-After.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Exchange:
    """One document on its way.

    Attributes:
        service: whose address it came to.
        fingerprint: of the certificate of whoever sent it.
        turn: gives back what was taken for it, when the reply is out.
        message: what is in it; None before that is known.
        pushed: the message when it has been handled.
        problem: why it is refused.
        repairs: what was mended before it was read.
    """

    service: ServiceName
    fingerprint: str
    turn: AsyncExitStack
    message: Message | None = None
    pushed: Pushed | None = None
    problem: Exception | None = None
    repairs: tuple[str, ...] = ()


class Inbox:
    """Takes what the VTN pushes.

    Args:
        machine: the engines.
        signatures: checks what comes, and signs answers.
        reader: reads what comes.
        peer: knows the VTN's certificate.
        open_: says whether anything is taken now; a VEN that has stopped takes nothing.
        max_bytes: a longer document is refused.
        trace: sees the steps of each exchange, by the name of the moment.
        traces: look at the traffic.

    Attributes:
        patience: real seconds that a document waits for the VEN's turn.
    """

    def __init__(
        self,
        machine: Machine,
        signatures: Signatures,
        peer: Peer,
        *,
        reader: Reader,
        open_: Callable[[], bool],
        max_bytes: int = codec.MAX_BYTES,
        trace: Trace | None = None,
        traces: Traces | None = None,
    ) -> None:
        self.max_bytes = max_bytes
        self.patience = PATIENCE
        self.peer = peer
        self._machine = machine
        self._core = machine.core
        self._signatures = signatures
        self._reader = reader
        self._open = open_
        self._trace = trace
        self._traces = traces
        self._inside = 0

    @asynccontextmanager
    async def exchange(
        self, service: ServiceName, data: bytes, *, fingerprint: str = ""
    ) -> AsyncIterator[Reply]:
        """Gives the reply to a document; the VEN goes on when the caller has sent it.

        Args:
            service: whose address it came to.
            data: the document.
            fingerprint: of the certificate that proves who sends it; empty where somebody
                else vouches for that.
        """
        async with AsyncExitStack() as turn:
            one = _Exchange(service=service, fingerprint=fingerprint, turn=turn)
            turn.callback(self._follow, one)
            sent = self._begun(service, data, fingerprint)
            reply = await self._outcome(one, data)
            await self._show(one, data, reply)
            if sent is not None:
                self._keep(sent, one, reply)
            yield reply

    async def _outcome(self, one: _Exchange, data: bytes) -> Reply:
        """Returns what an exchange comes to, also if it fails."""
        extra = self._core.extra
        try:
            return await self._reply(one, data)
        except HTTPError as error:
            one.problem = error
            return self.turn_away(error)
        except VenError as error:
            log.error("what was pushed cannot be handled now: %s", error, extra=extra)
            return _text(503, "try again later", _RETRY)
        except Exception:
            reference = uuid.uuid4().hex[:12]
            log.exception("fault %s in what was pushed to %s", reference, one.service, extra=extra)
            return _text(500, f"internal fault, reference {reference}")

    def turn_away(self, error: HTTPError) -> Reply:
        """Returns the reply to a request that is answered by HTTP alone, and logs it."""
        if not error.quiet:
            where = {**self._core.extra, "rule": error.rule, "code": error.status}
            log.warning("pushed: HTTP %d: %s", error.status, str(error)[:400], extra=where)
        return _text(error.status, str(error), error.headers)

    async def _reply(self, one: _Exchange, data: bytes) -> Reply:
        if not self._open():
            raise HTTPError(503, "the VEN does not run", headers=_RETRY)
        if one.fingerprint and not self.peer.may_be(one.fingerprint):
            raise not_the_vtn(one.fingerprint)
        if len(data) > self.max_bytes:
            raise too_long(self.max_bytes)
        try:
            one.problem = fault = await self._read(one, data)
        except XMLError as error:
            words = self._reader.explained(error, data, max_bytes=self.max_bytes)
            log.warning("what was pushed cannot be read: %s", words, extra=self._core.extra)
            raise HTTPError(406, str(error), quiet=True) from None
        message = one.message
        assert message is not None  # noqa: S101 - it has just been read
        if type(message) not in FROM_VTN.get(one.service, ()):
            text = f"{codec.message_name(message)} is no operation of {one.service} for a VTN"
            raise HTTPError(404, text, rule="R401")
        await self._enter(one.turn)
        await self._machine.load()
        one.pushed = await self._machine.receiving.handle(message, fault)
        answer = one.pushed.reply
        body = b"" if answer is None else self._signatures.encode(answer)
        if body:
            await self._traced("before_send_xml", body)
        return Reply(status=200, body=body, headers={"Content-Type": codec.CONTENT_TYPE})

    async def _read(self, one: _Exchange, data: bytes) -> ProtocolError | None:
        """Reads the message, and returns why it is refused; None if it is not.

        Raises:
            XMLError: it is no schema-valid payload.
        """
        await self._traced("after_receive_xml", data)
        await self._traced("before_schema_validation", data)
        document = self._reader.read(data, max_bytes=self.max_bytes)
        claimed = codec.signed_object_of(document.root)
        try:
            covered = self._signatures.check(document)
        except SignatureError as error:
            one.message = _message(claimed)
            return NotRegistered(error.reason, rule=error.rule)
        await self._traced("before_parse_xml", data)
        try:
            one.message, one.repairs = self._reader.message(covered, document)
        except InvalidData as error:
            one.message = stand_in(covered)
            return error
        await self._traced("after_parse_xml", one.message)
        return None

    async def _enter(self, turn: AsyncExitStack) -> None:
        """Waits for the VEN's turn, which ``turn`` gives back.

        Raises:
            HTTPError: 503, it is taken for too long.
        """
        if self._inside >= MOST:
            raise HTTPError(503, "too many messages at a time", headers=_RETRY)
        if self._core.turn.mine:
            # A VTN in this process, in the middle of an exchange that this VEN has begun.
            raise HTTPError(503, "the VEN is busy", headers=_RETRY)
        self._inside += 1
        turn.callback(self._leave)
        try:
            async with asyncio.timeout(self.patience):
                await turn.enter_async_context(self._core.turn)
        except TimeoutError:
            raise HTTPError(503, "the VEN is busy", headers=_RETRY) from None

    def _leave(self) -> None:
        self._inside -= 1

    def _follow(self, one: _Exchange) -> None:
        if one.pushed is not None:
            self._machine.receiving.follow(one.pushed, running=self._machine.running)

    async def _traced(self, moment: str, what: object) -> None:
        if self._trace is not None:
            await self._trace(moment, what)

    def refused(self, error: HTTPError, *, target: str, fingerprint: str = "") -> Reply:
        """Returns the reply to a request that brings no document.

        Args:
            error: why.
            target: method and path.
            fingerprint: of the certificate of whoever sent it.
        """
        sent = self._begun("", b"", fingerprint)
        reply = self.turn_away(error)
        if sent is not None:
            sent.target, sent.problem = target[:200], error
            sent.status, sent.response = reply.status, reply.body
            self._put(sent)
        return reply

    def _begun(self, service: str, data: bytes, fingerprint: str) -> Sent | None:
        """Returns what is kept of an exchange in the trace on disk; None if there is none."""
        if self._traces is None or self._traces.capture is None:
            return None
        return Sent(
            service=service,
            message=None,
            body=data,
            at=self._core.clock.now(),
            asked_by="VTN",
            fingerprint=fingerprint,
        )

    def _keep(self, sent: Sent, one: _Exchange, reply: Reply) -> None:
        """Puts a document and its answer into the trace on disk."""
        sent.message, sent.problem, sent.repairs = one.message, one.problem, one.repairs
        sent.status, sent.response = reply.status, reply.body
        sent.reply = one.pushed.reply if one.pushed is not None else None
        self._put(sent)

    def _put(self, sent: Sent) -> None:
        if self._traces is not None and self._traces.capture is not None:
            party = self._core.registration
            sent.keep(self._traces.capture, party.vtn_id if party is not None else "")

    async def _show(self, one: _Exchange, data: bytes, reply: Reply) -> None:
        """Lets the traces see a document and its answer."""
        if not self._traces:
            return
        answer = one.pushed.reply if one.pushed is not None else None
        both: Any = (("in", None, data, one.message), ("out", reply.status, reply.body, answer))
        for direction, status, body, message in both:
            traffic = Traffic(
                direction=direction,
                service=one.service,
                peer=self._core.registration.vtn_id if self._core.registration else "",
                fingerprint=one.fingerprint,
                at=self._core.clock.now(),
                status=status,
                body=body,
                message=codec.message_name(message) if message is not None else "",
            )
            await self._traces.show(traffic)


def not_the_vtn(fingerprint: str) -> HTTPError:
    """Returns the answer to the holder of a certificate that is not the VTN's."""
    return HTTPError(403, f"the certificate {fingerprint} is not that of the VTN", rule="R517")


def too_long(most: int) -> HTTPError:
    """Returns the answer to a document that is longer than is taken."""
    return HTTPError(413, f"a message has at most {most} bytes")


def _message(signed_object: Any) -> Message:
    try:
        return codec.message_of(signed_object)
    except InvalidData:
        return stand_in(signed_object)


def _text(status: int, text: str, headers: Mapping[str, str] | None = None) -> Reply:
    """Returns a reply of one line of text."""
    words = {"Content-Type": "text/plain; charset=utf-8", **(headers or {})}
    return Reply(status=status, body=f"{text}\n".encode(), headers=words)
