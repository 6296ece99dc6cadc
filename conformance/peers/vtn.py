"""The VTN that tests a VEN."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from conformance.checks import Document, Side
from conformance.peers.http import PATIENCE, Heard, Listener, Reply, pause
from conformance.peers.identity import Identity
from conformance.peers.peer import PREFIX, join, path_of, service_to_ven
from conformance.peers.tape import Recorded, Tape
from conformance.peers.vtn_events import ZERO, changed
from conformance.peers.vtn_replies import ReplyingVtn
from oadr import messages as m
from oadr.enums import EventStatus, ResponseRequired, SignalType
from runtime.clock import Clock

#: Real seconds to wait for something that the VEN is to send.
WITHIN = 10.0
#: Real seconds after which a VEN has read the reply to its registration.
_MOMENT = 0.2
CONTEXT = "http://openadr.example/conformance"
#: What the VEN answers to what the VTN says of its own accord.
ANSWERS = {
    "DistributeEvent": "oadrCreatedEvent",
    "RegisterReport": "oadrRegisteredReport",
    "CreateReport": "oadrCreatedReport",
    "CancelReport": "oadrCanceledReport",
    "UpdateReport": "oadrUpdatedReport",
    "RequestReregistration": "oadrResponse",
    "CancelPartyRegistration": "oadrCanceledPartyRegistration",
}
#: Makes the reply to a request: a message, whatever bytes, an HTTP reply, or None for an
#: empty body.
Answer = Callable[[m.Message], "m.Message | bytes | Reply | None"]


class ScriptedVtn(ReplyingVtn):
    """The VTN that tests a VEN.

    Args:
        identity: what it shows of itself; the name is its vtnID.
        clock: of the VEN.
        tape: where to take down what is said.
        push: whether it pushes to the VEN rather than waiting for polls.
        poll_freq: how often it asks the VEN to poll.

    Attributes:
        replies: by the name of a message of the VEN, what to reply in place of what is usual.
    """

    def __init__(
        self,
        identity: Identity,
        clock: Clock,
        tape: Tape,
        *,
        push: bool = False,
        poll_freq: timedelta = timedelta(seconds=1),
    ) -> None:
        super().__init__(identity, clock, tape, poll_freq)
        self.push = push
        self.replies: dict[str, Answer] = {}
        self._listener = Listener(self.answered, identity.server_tls)
        self._introduction: asyncio.Future[None] | None = None

    @property
    def url(self) -> str:
        """Where a VEN reaches it, ``OpenADR2/Simple/2.0b`` included."""
        scheme = "https" if self.identity.server_tls else "http"
        return f"{scheme}://localhost:{self._listener.port}{PREFIX}"

    async def listen(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Begins to listen; port 0 takes any free one."""
        await self._listener.start(host, port)

    async def close(self) -> None:
        """Ends."""
        self._leave()
        await self._listener.stop()
        await super().close()

    def _leave(self) -> None:
        if self._introduction is not None:
            self._introduction.cancel()

    def begin(self, tape: Tape) -> None:
        """Forgets all but the registration and the metadata, for the next case."""
        self._leave()
        self.tape = tape
        self.events.clear()
        self.queue.clear()
        self.replies.clear()
        self.requests = ()
        self.readings.clear()

    # What it makes

    def event(
        self,
        *levels: Decimal | int | str,
        starts_in: timedelta,
        each: timedelta,
        signal_name: str = "SIMPLE",
        signal_type: SignalType = SignalType.LEVEL,
        unit: m.Unit | None = None,
        **changes: object,
    ) -> m.Event:
        """Returns an event with one signal, as it should be.

        Args:
            levels: the value of each interval.
            starts_in: from now.
            each: the length of each interval.
            signal_name: of the signal.
            signal_type: of the signal.
            unit: its unit.
            changes: fields of ``m.EventDescriptor``, ``m.Period`` and ``m.Event``.
        """
        now = self.now()
        start = now + starts_in
        intervals = tuple(
            m.Interval(duration=each, uid=str(n), payloads=(m.SignalPayload(value=Decimal(one)),))
            for n, one in enumerate(levels)
        )
        signal = m.Signal(
            intervals=intervals,
            signal_name=signal_name,
            signal_type=signal_type,
            signal_id="signal-1",
            unit=unit,
        )
        event = m.Event(
            descriptor=m.EventDescriptor(
                event_id=self.new_id("event"),
                market_context=CONTEXT,
                created_date_time=now,
                event_status=EventStatus.FAR,
            ),
            active_period=m.Period(dtstart=start, duration=each * len(levels), notification=ZERO),
            signals=(signal,),
            target=m.Target(ven_ids=(self.ven_id,)),
            response_required=ResponseRequired.ALWAYS,
        )
        return changed(event, **changes)

    # What it does

    async def pushed(
        self, message: m.Message | bytes, service: str = "", **options: Any
    ) -> Recorded:
        """Sends a message to where the VEN listens, and returns what came of it.

        Args:
            message: what to say.
            service: where to; where it belongs if left out.
            options: ``headers`` and ``method`` in place of what is right.
        """
        base = self.registration.transport_address if self.registration is not None else None
        if isinstance(message, bytes):
            data, service = message, service or "EiEvent"
        else:
            data, service = self.written(message), service or service_to_ven(message)
        url = join(base or "http://localhost:9", service)
        reply = await self._line.send(url, data, patience=PATIENCE, **options)
        return self.tape.note(
            Side.VTN,
            data,
            reply.body,
            status=reply.status,
            service=service,
            path=path_of(url),
            reply_headers=reply.headers,
            problem=reply.problem,
        )

    async def hear(self, name: str, *, since: int = 0, within: float = WITHIN) -> Recorded | None:
        """Returns the first request of that name from the VEN; None if none came in time.

        Args:
            name: such as ``oadrUpdateReport``.
            since: how many exchanges of the tape not to look at.
            within: real seconds to wait at most.
        """
        return await self.tape.wait(
            lambda one: one.asked_by is Side.VEN and one.asked.name == name,
            since=since,
            within=within,
        )

    async def taken(self, within: float = WITHIN) -> bool:
        """Waits until the VEN has polled for all that waits; whether it has."""
        for _ in range(int(within / 0.05)):
            if not self.queue:
                return True
            await pause()
        return False

    def introduce(self) -> None:
        """Tells a new VEN that there is nothing on offer: at its next poll, or by push."""
        if self.push:
            self._introduction = asyncio.ensure_future(self._introduced())
        else:
            super().introduce()

    async def _introduced(self) -> None:
        registration_id = self.registration_id
        # The VEN has to hear first that it is registered.
        await pause(_MOMENT)
        if self.registration_id == registration_id:
            await self.pushed(self.metadata())

    # What it hears

    async def _hear(self, heard: Heard) -> Reply:
        document = Document(heard.body, Side.VEN)
        message = document.message
        reply = self._reply(document.name, message)
        self.tape.note(
            Side.VEN,
            heard.body,
            reply.body,
            status=reply.status,
            service=heard.service,
            path=heard.path,
            request_headers=heard.headers,
        )
        return reply

    def _reply(self, name: str, message: m.Message | None) -> Reply:
        if message is None:
            return Reply(status=406)
        special = self.replies.get(name)
        made = self.usual(message) if special is None else special(message)
        if isinstance(made, Reply):
            return made
        if made is None:
            return Reply(status=200)
        return Reply(status=200, body=made if isinstance(made, bytes) else self.written(made))
