"""A VEN as the VTN sees it: it says what a test makes it say."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from certs import KeyPair
from oadr import codec
from oadr import messages as m
from oadr.enums import OptType, ServiceName
from oadr.replies import SERVICE_OF
from vtn.testing.door import Answer, Door
from vtn.testing.ear import Ear
from vtn.testing.telemetry import Telemetry

if TYPE_CHECKING:
    from oadr.signature import SigningKey

#: What a VEN is called where the test does not say.
NAME = "ven-1"


@dataclass(frozen=True, slots=True)
class Registered:
    """The VTN's reply to a registration.

    Attributes:
        message: the whole of it.
    """

    message: m.CreatedPartyRegistration

    @property
    def code(self) -> int:
        """200, or why the VTN refuses; see ``oadr.errors``."""
        return self.response.code

    @property
    def reason(self) -> str:
        """The VTN's words; empty if it has none."""
        return self.response.description or ""

    @property
    def response(self) -> m.EiResponse:
        """The part of the message that says whether it is a refusal."""
        return self.message.response

    @property
    def ven_id(self) -> str | None:
        """The venID; None if the VTN refuses."""
        return self.message.ven_id

    @property
    def registration_id(self) -> str | None:
        """The registrationID; None if the VTN refuses."""
        return self.message.registration_id

    @property
    def poll_freq(self) -> timedelta | None:
        """How often the VTN wants to be polled."""
        return self.message.poll_freq

    @property
    def profiles(self) -> tuple[m.Profile, ...]:
        """What the VTN supports."""
        return self.message.profiles


class Peer(Telemetry):
    """A VEN as the VTN sees it: it says what a test makes it say.

    Args:
        door: the way to the VTN.
        now: tells the time.
        name: its venName.
        fingerprint: of its certificate.
        pair: the files of its certificate and key.
        key: what it can sign with.

    Attributes:
        name: what it calls itself when it registers.
        ven_id: as the VTN gave it; empty until it has registered.
        registration_id: the same.
        fingerprint: of its certificate; empty if it has none.
        pair: the files of its certificate and key; None if there are none.
        key: what it can sign with; None if it cannot.
        push_address: where it wants to be pushed to when it registers; empty to poll.
        ear: what it has heard there, and what it answers.
    """

    def __init__(
        self,
        door: Door,
        now: Callable[[], datetime],
        *,
        name: str = "",
        fingerprint: str = "",
        pair: KeyPair | None = None,
        key: "SigningKey | None" = None,
    ) -> None:
        super().__init__()
        self.name = name or NAME
        self.ven_id = ""
        self.registration_id = ""
        self.fingerprint = fingerprint
        self.pair = pair
        self.key = key
        self.push_address = ""
        self.ear = Ear(lambda: self.ven_id)
        self._door = door
        self._now = now

    @property
    def pushed(self) -> list[m.Message]:
        """The messages that were pushed to it, in the order in which they came."""
        return self.ear.heard

    async def close(self) -> None:
        """Closes its connections."""
        await self._door.close()

    async def post(
        self, message: m.Message, service: ServiceName | str = "", *, signed: bool = False
    ) -> Any:
        """Returns the reply to a message; None if it is empty.

        Args:
            message: what to say.
            service: where to; that of the message if empty.
            signed: whether to sign it.

        Raises:
            AssertionError: the VTN did not answer with HTTP 200.
        """
        body = self.sign(message) if signed else codec.encode(message)
        answer = await self.raw(service or SERVICE_OF[type(message)], body)
        if answer.status != 200:
            raise AssertionError(f"HTTP {answer.status}: {answer.body[:500]!r}")
        return answer.message

    async def raw(
        self,
        service: str,
        body: Any = b"",
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Returns the answer to whatever one likes to send.

        Args:
            service: last part of the address.
            body: bytes; over HTTP also an asynchronous iterator of them, sent in chunks.
            method: of HTTP.
            headers: in place of the right Content-Type, over HTTP.
        """
        return await self._door.send(service, body, method=method, headers=headers)

    def sign(
        self, message: m.Message, *, at: datetime | None = None, nonce: str | None = None
    ) -> bytes:
        """Returns a message with this peer's signature.

        Args:
            message: what to sign.
            at: the moment of signing; that of the clock if None.
            nonce: made up if None.
        """
        from oadr.signature import sign

        if self.key is None:
            raise ValueError("this peer has no key; it needs running(tls=True)")
        return sign(message, self.key, now=at or self._now(), nonce=nonce or uuid.uuid4().hex)

    async def register(self, name: str = "", **values: Any) -> Registered:
        """Registers, and returns the VTN's reply.

        Args:
            name: the venName, in place of ``self.name``.
            values: further fields of the oadrCreatePartyRegistration.
        """
        self.name = name or self.name
        fields: dict[str, Any] = {"request_id": uuid.uuid4().hex, "http_pull_model": True}
        if self.push_address:
            fields |= {"http_pull_model": False, "transport_address": self.push_address}
        reply = await self.post(m.CreatePartyRegistration(ven_name=self.name, **(fields | values)))
        if not isinstance(reply, m.CreatedPartyRegistration):
            raise AssertionError(f"expected oadrCreatedPartyRegistration, got {reply!r}")
        if reply.response.ok:
            self.ven_id, self.registration_id = reply.ven_id or "", reply.registration_id or ""
        return Registered(reply)

    async def join(self, name: str = "", **values: Any) -> None:
        """Registers, and answers all that the VTN wants to know first.

        A peer that is pushed to sends its metadata, which offers nothing; what is pushed to
        it from then on it answers by itself.

        Raises:
            AssertionError: the VTN refuses.
        """
        registered = await self.register(name, **values)
        if registered.code != 200:
            raise AssertionError(f"refused with {registered.code}: {registered.reason}")
        if self.push_address:
            await self.post(m.RegisterReport(request_id=uuid.uuid4().hex, ven_id=self.ven_id))
        else:
            await self.settle()

    async def poll(self) -> Any:
        """Returns what a poll brings."""
        return await self.post(m.Poll(ven_id=self.ven_id))

    async def settle(self) -> m.Response:
        """Polls until nothing waits, and returns the last reply.

        The VTN's metadata and its requests for reports are answered.

        Raises:
            AssertionError: something else waits.
        """
        while True:
            reply = await self.poll()
            if isinstance(reply, m.Response):
                return reply
            if isinstance(reply, m.RegisterReport):
                response = m.EiResponse(request_id=reply.request_id)
                await self.post(m.RegisteredReport(response=response, ven_id=self.ven_id))
            elif isinstance(reply, m.CreateReport):
                await self.take(reply.requests, reply.request_id)
            else:
                raise AssertionError(f"expected oadrResponse, got {reply!r}")

    async def answer(
        self,
        shot: m.DistributeEvent,
        opt_type: OptType | str = OptType.OPT_IN,
        *,
        code: int = 200,
    ) -> m.Response:
        """Answers all events of a message, and returns what the VTN says to that.

        Args:
            shot: the message that brought the events.
            opt_type: whether the VEN takes part.
            code: 200, or why it cannot.
        """
        reply = await self.post(
            m.CreatedEvent(
                response=m.EiResponse(),
                responses=tuple(
                    m.EventResponse(
                        code=code,
                        request_id=shot.request_id,
                        event_id=event.event_id,
                        modification_number=event.descriptor.modification_number,
                        opt_type=OptType(opt_type),
                    )
                    for event in shot.events
                ),
                ven_id=self.ven_id,
            )
        )
        if not isinstance(reply, m.Response):
            raise AssertionError(f"expected oadrResponse, got {reply!r}")
        return reply
