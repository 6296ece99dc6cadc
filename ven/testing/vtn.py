"""A VTN for tests: it keeps what it is sent, and answers as it should or by script.

Every message goes through the real codec in both directions, so each is held against
the schema.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from oadr.codec import decode, encode
from oadr.enums import ProfileName, ServiceName, TransportName
from oadr.messages import (
    CanceledOpt,
    CanceledPartyRegistration,
    CancelOpt,
    CancelPartyRegistration,
    CreatedOpt,
    CreatedPartyRegistration,
    CreateOpt,
    CreatePartyRegistration,
    DistributeEvent,
    EiResponse,
    Event,
    Message,
    Poll,
    Profile,
    QueryRegistration,
    RegisteredReport,
    RegisterReport,
    ReportRequest,
    RequestEvent,
    Response,
    UpdatedReport,
    UpdateReport,
)
from runtime.clock import Clock, FakeClock
from ven.engine.pushed import FROM_VTN
from ven.testing.operating import Operating

if TYPE_CHECKING:
    from ven.inbox import Reply

M = TypeVar("M")
#: In a script: never answers.
HANG = TimeoutError("hangs")


class NotTaken(Exception):
    """What was pushed met another HTTP status than 200.

    Attributes:
        status: the HTTP status.
        text: what the VEN says.
        headers: of the response.
    """

    def __init__(self, status: int, text: str, headers: Mapping[str, str]) -> None:
        super().__init__(f"HTTP {status}: {text}")
        self.status = status
        self.text = text
        self.headers = headers


async def _nobody() -> None:
    """Stands in for a VEN that fetches nothing."""


@dataclass
class ScriptedVTN(Operating):
    """Answers as a well-behaved VTN, unless the script says otherwise.

    It is called as the ``exchange`` of a VEN.

    Attributes:
        vtn_id: its own identifier.
        ven_id: that it gives to the VEN.
        registration_id: that it gives to the VEN.
        poll_freq: how often it wants to be polled.
        events: all that it has now.
        requests: what it asks for when the VEN offers its reports.
        queue: what polls get, the next one first; an exception is raised.
        replies: what comes instead of the usual answer to a kind of message, the next one
            first; an exception is raised. See ``script``.
        down: raised for everything, while there is one: the VTN is out of reach.
        received: what came, with the service that it came to.
        clock: tells the time of what it makes.
        fetch: lets the VEN come for what waits, or pushes it.
        receive: takes what this VTN pushes; ``Client.receive``.
    """

    vtn_id: str = "TH_VTN"
    ven_id: str = "ven-1"
    registration_id: str = "reg-1"
    poll_freq: timedelta | None = timedelta(seconds=10)
    events: list[Event] = field(default_factory=list)
    requests: list[ReportRequest] = field(default_factory=list)
    queue: deque[Message | Exception] = field(default_factory=deque)
    replies: dict[type, deque[Message | Exception | None]] = field(default_factory=dict)
    down: Exception | None = None
    received: list[tuple[ServiceName, Message]] = field(default_factory=list)
    clock: Clock = field(default_factory=FakeClock)
    fetch: Callable[[], Awaitable[None]] = _nobody
    receive: "Callable[[ServiceName, bytes], Awaitable[Reply]] | None" = None

    async def __call__(self, service: ServiceName, message: Message) -> Message | None:
        """Takes a message and returns the answer."""
        if self.down is not None:
            raise self.down
        message = decode(encode(message))
        self.received.append((service, message))
        reply = self._reply(message)
        if reply is HANG:
            await asyncio.get_running_loop().create_future()
        if isinstance(reply, Exception):
            raise reply
        return None if reply is None else decode(encode(reply))

    async def push(self, message: Message) -> Message | None:
        """Pushes a message, and returns the answer in the response; None if that is empty.

        The answer is among ``received``, too.

        Raises:
            NotTaken: the VEN answers with another HTTP status than 200.
        """
        assert self.receive is not None, "this VEN polls; expected joined(push=True)"  # noqa: S101
        service = next(name for name, kinds in FROM_VTN.items() if type(message) in kinds)
        reply = await self.receive(service, encode(message))
        if reply.status != 200:
            raise NotTaken(reply.status, reply.body.decode().strip(), reply.headers)
        if not reply.body:
            return None
        answer = decode(reply.body)
        self.received.append((service, answer))
        return answer

    async def push_all(self) -> None:
        """Pushes what waits, in its order.

        Raises:
            NotTaken: the VEN answers with another HTTP status than 200; the rest waits on.
        """
        while self.queue:
            message = self.queue[0]
            if not isinstance(message, Exception):
                await self.push(message)
            self.queue.popleft()

    def script(self, kind: type, *replies: Message | Exception | None) -> None:
        """Sets what comes instead of the usual answer to a kind of message.

        Args:
            kind: of message, such as ``oadr.messages.UpdateReport``.
            replies: the next one first; None is an empty answer, ``HANG`` none at all, and
                another exception is raised, such as ``ven.errors.Unreachable``.
        """
        self.replies.setdefault(kind, deque()).extend(replies)

    def got(self, kind: type[M]) -> list[M]:
        """Returns the messages of a kind, in the order in which they came."""
        return [message for _, message in self.received if isinstance(message, kind)]

    def names(self) -> list[str]:
        """Returns the kinds of messages in the order in which they came, without polls."""
        return [type(m).__name__ for _, m in self.received if not isinstance(m, Poll)]

    def _reply(self, message: Message) -> Message | Exception | None:
        scripted = self.replies.get(type(message))
        if scripted:
            return scripted.popleft()
        if isinstance(message, Poll) and self.queue:
            return self.queue.popleft()
        return self._usual(message)

    def _usual(self, message: Message) -> Message:
        ok = EiResponse(request_id=getattr(message, "request_id", ""))
        if isinstance(message, QueryRegistration):
            return self.created(ok, known=False)
        if isinstance(message, CreatePartyRegistration):
            return self.created(ok)
        if isinstance(message, CancelPartyRegistration):
            return CanceledPartyRegistration(response=ok, registration_id=message.registration_id)
        if isinstance(message, RegisterReport):
            requests, self.requests = tuple(self.requests), []
            return RegisteredReport(response=ok, requests=requests)
        if isinstance(message, RequestEvent):
            return self.snapshot(response=ok)
        if isinstance(message, UpdateReport):
            return UpdatedReport(response=ok)
        if isinstance(message, CreateOpt):
            return CreatedOpt(response=ok, opt_id=message.opt_id)
        if isinstance(message, CancelOpt):
            return CanceledOpt(response=ok, opt_id=message.opt_id)
        return Response(response=EiResponse())

    def created(self, response: EiResponse, *, known: bool = True) -> CreatedPartyRegistration:
        """Returns the answer to a registration."""
        return CreatedPartyRegistration(
            response=response,
            registration_id=self.registration_id if known else None,
            ven_id=self.ven_id if known else None,
            vtn_id=self.vtn_id,
            profiles=(Profile(name=ProfileName.B, transports=(TransportName.SIMPLE_HTTP,)),),
            poll_freq=self.poll_freq,
        )

    def snapshot(
        self, *, request_id: str = "dist-1", response: EiResponse | None = None
    ) -> DistributeEvent:
        """Returns all events of this VTN in one message."""
        return DistributeEvent(
            response=response or EiResponse(),
            request_id=request_id,
            vtn_id=self.vtn_id,
            events=tuple(self.events),
        )

    def distribute(self, *events: Event, request_id: str = "dist-1") -> None:
        """Lets the next poll bring these events and no others."""
        self.events = list(events)
        self.queue.append(self.snapshot(request_id=request_id))
