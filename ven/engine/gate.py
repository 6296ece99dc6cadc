"""The way of a message of the VTN through the middleware of the VEN.

``call_next`` has the message handled and its answer sent, and returns that answer: what
was decided is on the disk before anything is sent, so it is not a middleware's to change.
One that does not call it answers, or refuses, in the VEN's place. Events that were pushed
are answered after the response, so for these it returns None.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from oadr.codec import decode, encode, message_name
from oadr.enums import OptType, ResponseRequired
from oadr.errors import ProtocolError
from oadr.messages import (
    CanceledReport,
    CancelReport,
    CreatedEvent,
    CreatedReport,
    CreateReport,
    DistributeEvent,
    EiResponse,
    EventResponse,
    Message,
)
from oadr.replies import SERVICE_OF, outcome, refuse
from ven.engine.core import Core, log
from ven.engine.pushed import ANSWERS
from ven.errors import Refused

Handle = Callable[[Any], Awaitable[None]]


async def through(
    core: Core,
    message: Message,
    handle: Handle,
    pending: Callable[[], tuple[str, ...]] = tuple,
) -> None:
    """Has a message handled, by way of the middleware if there is any.

    Args:
        core: what the engines share.
        message: as it came.
        handle: handles and answers it.
        pending: reports that the VEN serves, for a refusal of one.

    Raises:
        VenError: it could not be answered.
    """
    if not core.middleware or type(message) not in ANSWERS:
        await handle(message)
        return
    await _Passage(core, message, handle, pending).run()


class _Passage:
    """One message on its way."""

    def __init__(
        self, core: Core, message: Message, handle: Handle, pending: Callable[[], tuple[str, ...]]
    ) -> None:
        self._core = core
        self._message = message
        self._handle = handle
        self._pending = pending
        self._handled = False
        self._raised: Exception | None = None

    async def run(self) -> None:
        """Lets every middleware have its way, and sends what one of them answers."""
        core, message = self._core, self._message
        context = core.context(core.clock.now())
        try:
            answer = await core.middleware.run(message, context, self._innermost, self._wrong)
        except ProtocolError as error:
            if error is self._raised:
                raise
            name = message_name(message)
            log.warning("%s refused by middleware: %s", name, error, extra=core.extra)
            answer = refusal(message, error, core.party.ven_id, self._pending)
        if not self._handled and answer is not None:
            await self._send(answer)

    async def _innermost(self, message: Message) -> Message | None:
        core = self._core
        self._handled, core.answered = True, None
        try:
            await self._handle(message)
        except Exception as error:
            self._raised = error
            raise
        return core.answered

    async def _send(self, answer: Message) -> None:
        core = self._core
        if core.receiving is not None and not isinstance(answer, CreatedEvent):
            core.receiving.reply = answer
            return
        try:
            await core.tell(SERVICE_OF[type(answer)], answer)
        except Refused as error:
            if core.lost:
                raise
            # It is not on the disk, so it is not sent again; the VTN will ask if it must know.
            log.warning("%s is given up: %s", message_name(answer), error, extra=core.extra)

    def _wrong(self, answer: object) -> str:
        """Returns what is wrong with a middleware's own answer."""
        found = "nothing" if answer is None else type(answer).__name__
        if self._handled:
            return f"{found} after the answer was sent; expected what call_next returned"
        message, ven_id = self._message, self._core.party.ven_id
        if answer is None and isinstance(message, DistributeEvent) and not _asked(message):
            return ""
        expected = ANSWERS[type(message)]
        if not isinstance(answer, expected):
            return f"{found} for {message_name(message)}; expected {message_name(expected)}"
        own: Any = answer
        if own.ven_id not in (None, ven_id):
            return f"{found} of another VEN"
        try:
            decode(encode(own))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it cannot go out
            return f"{found} that cannot be sent: {error}"
        return ""


def _asked(message: DistributeEvent) -> bool:
    """Returns whether the VTN wants an answer."""
    return any(one.response_required is ResponseRequired.ALWAYS for one in message.events)


def refusal(
    message: Message,
    error: ProtocolError,
    ven_id: str | None,
    pending: Callable[[], tuple[str, ...]],
) -> Message | None:
    """Returns what a VTN is told whose message is refused; None if it wants no answer.

    Args:
        message: of the VTN.
        error: why it is refused.
        ven_id: of this VEN; None while it has none.
        pending: reports that the VEN serves.
    """
    if isinstance(message, DistributeEvent):
        return _opt_out(message, error, ven_id or "") if _asked(message) else None
    if isinstance(message, CreateReport | CancelReport):
        kind = CreatedReport if isinstance(message, CreateReport) else CanceledReport
        return kind(response=outcome(message, error), pending=pending(), ven_id=ven_id)
    answer: Any = refuse(message, error, vtn_id="")
    refusal: Message = replace(answer, ven_id=ven_id)
    return refusal


def _opt_out(message: DistributeEvent, error: ProtocolError, ven_id: str) -> CreatedEvent:
    """Returns the answer to events that this VEN takes no part in (R42)."""
    answers = tuple(
        EventResponse(
            code=error.code,
            description=outcome(message, error).description,
            request_id=message.request_id,
            event_id=event.event_id,
            modification_number=event.descriptor.modification_number,
            opt_type=OptType.OPT_OUT,
        )
        for event in message.events
        if event.response_required is ResponseRequired.ALWAYS
    )
    return CreatedEvent(response=EiResponse(), responses=answers, ven_id=ven_id)
