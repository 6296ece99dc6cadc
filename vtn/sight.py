"""What is seen of one exchange: by the traces of a program, and by the trace on disk."""

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aiohttp import web

from oadr import messages as m
from oadr.codec import message_name
from oadr.errors import ProtocolError, SignatureError, XMLError
from oadr.replies import ven_id_of
from runtime.capture import Exchange
from runtime.capture.record import Proof
from runtime.http import HTTPError
from runtime.trace import Traffic

if TYPE_CHECKING:
    from vtn.desk import Caller, Desk

Refusal = HTTPError | ProtocolError | SignatureError | XMLError


@dataclass(slots=True)
class Sight:
    """One exchange; shown to the traces in two parts, and kept as a whole when it is over.

    Attributes:
        desk: of the VTN: who looks, and what keeps it.
        started: real time, of a clock that nobody puts right.
        proof: how it is known who has sent the request, if anything proves it.
        service: by the address; empty for one where there is none.
        caller: who that is, as far as it is known.
        target: method and path of a request that is no POST to a service.
        body: the document of the request, as far as it has been read.
        request: the message in it, if it has been understood.
        answer: the message in the response, if it is one.
        refusal: why the request is refused.
        repairs: what was mended before it was read.
        shown: whether the request has been shown.
    """

    desk: "Desk"
    started: float
    proof: Proof
    service: str = ""
    caller: "Caller" = field(init=False)
    target: str = ""
    body: bytes = field(default=b"", repr=False)
    request: m.Message | None = None
    answer: m.Message | None = None
    refusal: Refusal | None = None
    repairs: tuple[str, ...] = ()
    shown: bool = False

    def over(self, response: web.Response) -> None:
        """Puts the exchange into the trace on disk; a poll that brings nothing is counted."""
        capture = self.desk.traces.capture
        if capture is None:
            return
        answer, caller = self.answer, self.caller
        member = caller.member
        if (
            type(answer) is m.Response
            and type(self.request) is m.Poll
            and member is not None
            and answer.response.code == 200
            and not capture.every_poll
        ):
            capture.idle(member.ven_id, member.ven_name, caller.received_at)
        else:
            capture.add(self._exchange(response))

    async def show_request(self) -> None:
        """Shows the request to the traces, as far as it has been understood."""
        self.shown = True
        at, name = self.caller.received_at, _name(self.request)
        await self._show(direction="in", at=at, body=self.body, message=name)

    async def show_response(self, response: web.Response) -> None:
        """Shows the response; before it the request, if nobody has understood that."""
        if not self.shown:
            await self.show_request()
        await self._show(
            direction="out",
            at=self.desk.clock.now(),
            status=response.status,
            body=_body(response),
            message=_name(self.answer),
            took=self._took(),
            rule=getattr(self.refusal, "rule", ""),
            repairs=self.repairs,
        )

    async def _show(self, **what: Any) -> None:
        who = self.caller
        await self.desk.traces.show(
            Traffic(service=self.service, peer=who.name, fingerprint=who.fingerprint, **what)
        )

    def _took(self) -> timedelta:
        return timedelta(seconds=time.perf_counter() - self.started)

    def _exchange(self, response: web.Response) -> Exchange:
        caller, refusal, took = self.caller, self.refusal, self._took()
        return Exchange(
            at=caller.received_at,
            began=time.time() - took.total_seconds(),
            took=took,
            asked_by="VEN",
            service=self.service,
            target=self.target,
            peer=self._peer(),
            ven_id=self._ven_id(),
            fingerprint=caller.fingerprint,
            proof=self.proof if caller.secure else "none",
            profile=str(caller.profile),
            message=_name(self.request),
            answer=_name(self.answer),
            status=response.status,
            code=getattr(refusal, "code", 0),
            rule=getattr(refusal, "rule", ""),
            problem=str(refusal) if refusal is not None else "",
            repairs=self.repairs,
            request=self.body,
            response=_body(response),
        )

    def _peer(self) -> str:
        """Returns how the VEN is called, also one that is about to register."""
        said: str | None = getattr(self.request, "ven_name", None)
        known = self.caller.member is not None
        return self.caller.name if known else said or self.caller.name

    def _ven_id(self) -> str:
        """Returns the venID: the one that is proven, or else the one that is said."""
        if self.caller.member is not None:
            return self.caller.member.ven_id
        for message in (self.request, self.answer):
            found = ven_id_of(message) if message is not None else None
            if found:
                return found
        return ""


def _name(message: m.Message | None) -> str:
    return message_name(message) if message is not None else ""


def _body(response: web.Response) -> bytes:
    return response.body if isinstance(response.body, bytes) else b""
