"""The VEN that tests a VTN."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace

from conformance.checks import Document, Side
from conformance.checks.xml import text
from conformance.peers.http import Heard, Listener, Reply, pause
from conformance.peers.identity import Identity
from conformance.peers.offers import OFFERS
from conformance.peers.tape import Recorded, Tape
from conformance.peers.ven_reactions import ReactingVen
from oadr import messages as m
from runtime.clock import Clock

#: Real seconds to wait for something that the VTN is to send.
WITHIN = 8.0
#: Real seconds between polls for something that is awaited: at first, and at last.
SHORTEST_REST, LONGEST_REST = 0.1, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What the VTN has sent of its own accord: in answer to a poll, or pushed.

    Attributes:
        message: what it is.
        document: as checks see it.
        recorded: the exchange that brought it.
        answer: the exchange with the VEN's logical answer; None if it gave none, or if the
            answer was the reply to a push.
    """

    message: m.Message
    document: Document
    recorded: Recorded
    answer: Recorded | None = None


class ScriptedVen(ReactingVen):
    """The VEN that tests a VTN.

    Args:
        url: of the VTN, with or without ``OpenADR2/Simple/2.0b``.
        identity: what it shows of itself.
        clock: of the VTN.
        tape: where to take down what is said.
        push: whether it listens, and has the VTN push.

    Attributes:
        vtn_id: as the VTN calls itself; empty until it has said it.
        offers: the metadata that it offers.
    """

    def __init__(
        self, url: str, identity: Identity, clock: Clock, tape: Tape, *, push: bool = False
    ) -> None:
        super().__init__(url, identity, clock, tape)
        self.push = push
        self.vtn_id = ""
        self.offers: tuple[m.Report, ...] = ()
        self._listener: Listener | None = None
        self._inbox: asyncio.Queue[Received] = asyncio.Queue()

    @property
    def registered(self) -> bool:
        """Whether the VTN has registered it, as far as it knows."""
        return bool(self.registration_id)

    @property
    def push_address(self) -> str:
        """Where it listens; empty if it does not."""
        if self._listener is None:
            return ""
        scheme = "https" if self.identity.server_tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.port}"

    async def listen(self) -> None:
        """Begins to listen, if it is one that is pushed to."""
        if self.push and self._listener is None:
            self._listener = Listener(self.answered, self.identity.server_tls)
            await self._listener.start()

    def begin(self, tape: Tape) -> None:
        """Begins another case: what came in the last one, and was made for it, is gone.

        Args:
            tape: where to take down what is said from now on.
        """
        self.tape = tape
        self.reactions.clear()
        self._inbox = asyncio.Queue()

    async def close(self) -> None:
        """Ends."""
        if self._listener is not None:
            await self._listener.stop()
            self._listener = None
        await super().close()

    # What it says

    async def query(self) -> Recorded:
        """Asks what the VTN supports."""
        return await self.send(m.QueryRegistration(request_id=self.new_id()))

    def registration(self, **changes: object) -> m.CreatePartyRegistration:
        """Returns a new registration as it should be, with some fields changed."""
        message = m.CreatePartyRegistration(
            request_id=self.new_id(),
            ven_id=self.identity.ven_id or None,
            ven_name=self.identity.name,
            transport_address=self.push_address or None,
            http_pull_model=not self.push,
            xml_signature=self.identity.signs,
        )
        return replace(message, **changes)  # type: ignore[arg-type]

    async def register(self, **changes: object) -> Recorded:
        """Registers anew, and takes over the identifiers that the VTN gives.

        Args:
            changes: fields of oadrCreatePartyRegistration.
        """
        recorded = await self.send(self.registration(**changes))
        self._take(recorded)
        return recorded

    async def reregister(self, **changes: object) -> Recorded:
        """Registers once more, with the identifiers of the present registration."""
        fields = {"registration_id": self.registration_id, "ven_id": self.ven_id} | changes
        return await self.register(**fields)

    def _take(self, recorded: Recorded) -> None:
        answered = recorded.answered
        element = None if answered is None else answered.element
        self.vtn_id = text(element, "ei:vtnID") or self.vtn_id
        ven_id, registration_id = text(element, "ei:venID"), text(element, "ei:registrationID")
        if ven_id and registration_id:
            self.ven_id, self.registration_id = ven_id, registration_id
            self.pending.clear()

    async def cancel_registration(self, registration_id: str | None = None) -> Recorded:
        """Ends its registration, and forgets it if the VTN agrees.

        Args:
            registration_id: in place of its own.
        """
        message = m.CancelPartyRegistration(
            request_id=self.new_id(),
            registration_id=self.registration_id if registration_id is None else registration_id,
            ven_id=self.ven_id or None,
        )
        recorded = await self.send(message)
        if registration_id is None and recorded.answered is not None:
            self.forget()
        return recorded

    async def introduce(
        self, reports: Iterable[m.Report] | None = None, *, report_request_id: str | None = None
    ) -> Recorded:
        """Sends its metadata (R306: all of it).

        Args:
            reports: in place of ``offers``; these become its offers.
            report_request_id: that it answers (R311).
        """
        if reports is not None:
            self.offers = tuple(reports)
        now = self.clock.now().replace(microsecond=0)
        offers = tuple(replace(one, created_date_time=now) for one in self.offers)
        # R306: new metadata end all but the requests for metadata.
        self.pending = {
            name: one for name, one in self.pending.items() if one.report_specifier_id == "METADATA"
        }
        recorded = await self.send(
            m.RegisterReport(
                request_id=self.new_id(),
                reports=offers,
                ven_id=self.ven_id or None,
                report_request_id=report_request_id,
            )
        )
        message = recorded.answered.message if recorded.answered is not None else None
        if isinstance(message, m.RegisteredReport) and message.requests:
            await self._accept(message.requests, message.response.request_id)
        return recorded

    async def _accept(self, requests: Iterable[m.ReportRequest], request_id: str) -> None:
        """Answers requests that came with oadrRegisteredReport (R344)."""
        self.pending |= {one.report_request_id: one for one in requests}
        await self.send(self._created_report(request_id))

    async def poll(self) -> Recorded:
        """Polls once, and does nothing about the answer."""
        return await self.send(m.Poll(ven_id=self.ven_id))

    async def request_event(self, reply_limit: int | None = None) -> Recorded:
        """Asks for its events."""
        message = m.RequestEvent(
            request_id=self.new_id(), ven_id=self.ven_id, reply_limit=reply_limit
        )
        return await self.send(message)

    async def join(self, offers: Iterable[m.Report] = OFFERS) -> None:
        """Registers as a VEN does that comes for the first time (section 2.1).

        Afterwards nothing waits for it, unless the VTN has events or requests for it.
        """
        await self.listen()
        await self.register()
        await self.introduce(offers)
        await self.request_event()
        if not self.push:
            await self.drain()

    # What it is told

    async def drain(self, most: int = 20) -> list[Received]:
        """Polls until nothing waits, and answers everything as a VEN should.

        Args:
            most: how many polls.
        """
        found = []
        for _ in range(most):
            received = await self._polled()
            if received is None:
                break
            found.append(received)
        return found

    async def receive(self, name: str, within: float = WITHIN) -> Received | None:
        """Returns the next message of that name from the VTN; answers what comes before.

        Args:
            name: such as ``oadrCreateReport``.
            within: real seconds to wait at most.

        Returns:
            The message; None if none came in time.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        rest = SHORTEST_REST
        while True:
            received = await self._next(deadline - loop.time(), rest)
            if received is not None and received.document.name == name:
                return received
            if loop.time() >= deadline:
                return None
            rest = min(rest * 1.2, LONGEST_REST)

    async def _next(self, left: float, rest: float) -> Received | None:
        if not self.push:
            received = await self._polled()
            if received is None:
                await pause(rest)
            return received
        try:
            received = await asyncio.wait_for(self._inbox.get(), max(left, 0.01))
        except TimeoutError:
            return None
        return await self._followed(received)

    async def _polled(self) -> Received | None:
        """Polls, and answers what the poll brings; None if it brings nothing."""
        recorded = await self.poll()
        document = recorded.answered
        message = document.message if document is not None else None
        if document is None or message is None or document.name == "oadrResponse":
            return None
        received = Received(message=message, document=document, recorded=recorded)
        reaction = self.react(message)
        if reaction is not None:
            received = replace(received, answer=await self.send(reaction))
        return await self._followed(received, answered=True)

    async def _followed(self, received: Received, *, answered: bool = False) -> Received:
        """Does what follows upon the logical answer, in either model."""
        message = received.message
        if isinstance(message, m.DistributeEvent) and not answered:
            reaction = self.react(message)
            if reaction is not None:
                return replace(received, answer=await self.send(reaction))
        if isinstance(message, m.CreateReport) and "oadrCreateReport" not in self.reactions:
            for one in message.requests:
                if one.report_specifier_id == "METADATA":
                    await self.introduce(report_request_id=one.report_request_id)
        return received

    async def _hear(self, heard: Heard) -> Reply:
        """Answers what is pushed."""
        document = Document(heard.body, Side.VTN)
        message = document.message
        reaction = None
        if message is not None and not isinstance(message, m.DistributeEvent):
            reaction = self.react(message)
        body = b"" if reaction is None else self.written(reaction)
        status = 200 if message is not None else 406

        def take_down() -> None:
            recorded = self.tape.note(
                Side.VTN,
                heard.body,
                body,
                status=status,
                service=heard.service,
                path=heard.path,
                request_headers=heard.headers,
            )
            if message is not None and not self.tape.full:
                self._inbox.put_nowait(
                    Received(message=message, document=document, recorded=recorded)
                )

        self._heard.append(take_down)
        self._catch_up()
        return Reply(status=status, body=body)
