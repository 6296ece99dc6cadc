"""Asks the VTN what it wants, until it wants nothing more.

Spec: section 8.6; rules 37, 64, 500 and 501.
"""

from oadr.codec import message_name
from oadr.enums import ServiceName
from oadr.errors import InvalidId
from oadr.messages import (
    CancelPartyRegistration,
    CancelReport,
    CreatedReport,
    CreateReport,
    DistributeEvent,
    EiResponse,
    Message,
    Poll,
    RegisterReport,
    RequestReregistration,
    Response,
    UpdateReport,
)
from ven.engine.core import Core, log
from ven.engine.event import EventEngine
from ven.engine.gate import through
from ven.engine.registration import RegistrationEngine
from ven.engine.report import ReportEngine
from ven.errors import BadReply, NotPolling, Refused

#: A VTN that answers every poll with something, such as its events, is left alone for one
#: interval after so many; the rest comes with the next.
MAX_DRAIN = 100


class PollEngine:
    """Polls and hands what comes to whom it concerns."""

    def __init__(
        self,
        core: Core,
        registration: RegistrationEngine,
        events: EventEngine,
        reports: ReportEngine,
    ) -> None:
        self._core = core
        self._registration = registration
        self._events = events
        self._reports = reports

    async def poll(self) -> Message | None:
        """Asks once and returns the answer without acting on it.

        Raises:
            NotPolling: the VTN pushes to this VEN (R51).
            Unregistered: there is no registration.
            TransportError: no usable answer.
            Refused: the VTN does not want to be asked.
        """
        core = self._core
        if core.options.push_address is not None:
            raise NotPolling
        try:
            return await core.send(ServiceName.OADR_POLL, Poll(ven_id=core.party.ven_id))
        except Refused as error:
            if error.code == InvalidId.code:
                # A poll has no other ID than our venID, so the VTN does not know it.
                core.lose("the VTN does not know our venID")
            raise

    async def drain(self) -> None:
        """Asks and acts until nothing waits; each answer goes out before the next question.

        Raises:
            TransportError: no usable answer, or one of ours could not be sent.
            Refused: the VTN does not want to be asked.
        """
        for _ in range(MAX_DRAIN):
            async with self._core.turn:
                message = await self.poll()
                if message is None or isinstance(message, Response):
                    return
                await self.dispatch(message)
            if self._core.registration is None:
                return
        log.info("still more waits; the rest comes later", extra=self._core.extra)

    async def dispatch(self, message: Message) -> None:
        """Does what the VTN wants, whether it was polled for or pushed, and answers it.

        Raises:
            BadReply: nothing of the kind may come from a poll.
            TransportError: it could not be answered.
            Refused: the VTN does not accept the answer.
        """
        await through(self._core, message, self._handle, self._reports.pending)

    async def _handle(self, message: Message) -> None:
        if isinstance(message, Response):
            return
        if isinstance(message, DistributeEvent):
            await self._events.handle(message)
        elif isinstance(message, CreateReport):
            await self._reports.on_create(message)
        elif isinstance(message, RegisterReport):
            await self._reports.on_register(message)
        elif isinstance(message, CancelReport):
            await self._reports.on_cancel(message)
        elif isinstance(message, UpdateReport):
            await self._reports.on_update(message)
        elif isinstance(message, CancelPartyRegistration):
            await self._registration.on_cancel(message)
        elif isinstance(message, RequestReregistration):
            await self._registration.on_request(message)
        elif isinstance(message, CreatedReport) and self._core.receiving is not None:
            await self._confirm(message)
        else:
            raise BadReply(f"oadrPoll was answered with {message_name(message)}")

    async def _confirm(self, message: CreatedReport) -> None:
        """Answers the VTN, which confirms what this VEN has asked it for."""
        party, response = self._core.party, EiResponse()
        if message.ven_id not in (None, party.ven_id):
            response = EiResponse(code=InvalidId.code, description="this VEN has another venID")
        answer = Response(response=response, ven_id=party.ven_id)
        await self._core.tell(ServiceName.EI_REPORT, answer)
