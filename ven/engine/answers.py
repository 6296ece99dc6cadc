"""Answers to events, sent until the VTN has confirmed them.

Spec: rules 21, 35, 42, 48 and section 8.2.
"""

from collections.abc import Sequence

from oadr.enums import ResponseRequired, ServiceName
from oadr.errors import InvalidId
from oadr.messages import CreatedEvent, DistributeEvent, EiResponse
from oadr.words import quoted
from ven.engine.core import Core, log
from ven.engine.told import Told
from ven.errors import Refused, TransportError, VenError
from ven.state import PendingAnswer

_SERVICE = ServiceName.EI_EVENT


class Answers:
    """The answers that the VTN has not confirmed."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._told = Told()

    async def flush(self) -> None:
        """Sends answers that the VTN has not confirmed, in one message.

        While events that were pushed are handled, nothing is sent: their answers follow
        when the empty response has gone out (section 2.5).

        Raises:
            TransportError: they could not be sent, or the answer cannot be used.
            Refused: the VTN does not know this VEN.
        """
        if self._core.receiving is not None:
            return
        answers = await self._core.state.events.answers()
        if not answers:
            return
        try:
            await self._send(answers)
        except Refused as error:
            if self._core.lost:
                raise
            if len(answers) == 1:
                await self._give_up(answers, error)
            else:
                await self._send_singly(answers)

    async def refuse(self, message: DistributeEvent) -> None:
        """Refuses a list of events of another VTN as a whole (R21, R35)."""
        core = self._core
        if self._told.new(message.vtn_id):
            log.warning(
                "events from %s refused: this VEN is registered at %s",
                quoted(message.vtn_id),
                quoted(core.party.vtn_id),
                extra={**core.extra, "rule": "R21"},
            )
        if any(one.response_required is ResponseRequired.ALWAYS for one in message.events):
            wrong = EiResponse(
                code=InvalidId.code,
                description="this VEN is registered at another vtnID",
                request_id=message.request_id,
            )
            await core.tell(_SERVICE, CreatedEvent(response=wrong, ven_id=core.party.ven_id))

    async def _send(self, answers: Sequence[PendingAnswer]) -> None:
        core = self._core
        message = CreatedEvent(
            response=EiResponse(),
            responses=tuple(answer.response for answer in answers),
            ven_id=core.party.ven_id,
        )
        what = "answers " + " ".join(answer.response.event_id for answer in answers)
        try:
            await core.tell(_SERVICE, message)
        except TransportError as error:
            if not core.patience.exhausted(what, error):
                raise
            await self._give_up(answers, error)
            return
        core.patience.forget(what)
        await core.state.events.settled(answers)

    async def _send_singly(self, answers: Sequence[PendingAnswer]) -> None:
        """Sends what was refused together one by one, so that one bad answer costs one."""
        for answer in answers:
            try:
                await self._send((answer,))
            except Refused as error:
                if self._core.lost:
                    raise
                await self._give_up((answer,), error)

    async def _give_up(self, answers: Sequence[PendingAnswer], error: VenError) -> None:
        for answer in answers:
            event_id = answer.response.event_id
            where = {**self._core.extra, "event": event_id}
            log.warning("answer to event %s is given up: %s", event_id, error, extra=where)
        await self._core.state.events.settled(answers)
