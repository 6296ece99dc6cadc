"""What the VTN pushes, on its way through the engines: as if it had been polled for.

The answer is kept for the response (``ven.engine.pushed``). What it announces, such as a
re-registration, waits until the response is out.

Spec: rules 21, 400, 401 and 405; section 2.5.
"""

from collections.abc import Callable

from oadr.codec import message_name
from oadr.enums import ServiceName
from oadr.errors import DeploymentError, NotRegistered, OpenADRError, ProtocolError
from oadr.messages import (
    CancelPartyRegistration,
    CreatedEvent,
    DistributeEvent,
    Message,
    RequestReregistration,
    Response,
)
from oadr.replies import outcome
from ven.engine.core import Core, log
from ven.engine.gate import refusal
from ven.engine.poll import PollEngine
from ven.engine.pushed import Pushed
from ven.engine.registration import RegistrationEngine
from ven.engine.session import Session
from ven.errors import Unregistered, VenError

#: After these the session has something to do: answers, a re-registration, an absence.
_LEAVES_WORK = (DistributeEvent, RequestReregistration, CancelPartyRegistration)


class Receiving:
    """Has what was pushed handled, and does afterwards what is left to do.

    Args:
        core: what the engines share.
        poll: hands a message to whom it concerns.
        registration: knows which cancellation was obeyed.
        session: does what is left to do.
        pending: reports that the VEN serves.
    """

    def __init__(
        self,
        core: Core,
        poll: PollEngine,
        registration: RegistrationEngine,
        session: Session,
        pending: Callable[[], tuple[str, ...]],
    ) -> None:
        self._core = core
        self._poll = poll
        self._registration = registration
        self._session = session
        self._pending = pending

    async def handle(self, message: Message, fault: ProtocolError | None = None) -> Pushed:
        """Returns a message with its answer; all that it changes is on the disk then.

        The caller holds the turn, until the answer is out.

        Args:
            message: of the VTN, of a kind that it may push.
            fault: why it is refused without being handled; None if it is not.

        Raises:
            VenError: it could not be handled now; the VTN may send it again.
        """
        core = self._core
        pushed = core.pushed = Pushed(message=message)
        try:
            if core.registration is None:
                pushed.reply = self._ignored(message)
            elif fault is not None:
                self._refuse(pushed, fault)
            else:
                await self._dispatch(pushed)
        finally:
            core.pushed = None
        return pushed

    async def _dispatch(self, pushed: Pushed) -> None:
        message = pushed.message
        try:
            await self._poll.dispatch(message)
        except ProtocolError as error:
            self._refuse(pushed, error)
        except Unregistered:
            # A handler has ended the registration meanwhile.
            pushed.reply = self._ignored(message)
        if pushed.reply is None and not isinstance(message, DistributeEvent):
            log.error("%s has no answer", message_name(message), extra=self._core.extra)
            self._refuse(pushed, DeploymentError("the message could not be handled here"))

    def _ignored(self, message: Message) -> Message:
        """Returns the answer of a VEN that is not registered: 463, and nothing is done (R405).

        Interpretation: the rule has a VEN ignore its VTN while it is not registered, and
        certification takes silence and 463 alike. An answer lets the VTN know why; for
        events that is oadrResponse, because oadrCreatedEvent needs a venID. A cancellation
        that was obeyed and comes again is confirmed again.
        """
        if isinstance(message, CancelPartyRegistration):
            again = self._registration.cancelled_already(message)
            if again is not None:
                return again
        error = NotRegistered("this VEN is not registered", rule="R405")
        self._log(message, error)
        if isinstance(message, DistributeEvent):
            return Response(response=outcome(message, error))
        answer = refusal(message, error, None, tuple)
        assert answer is not None  # noqa: S101 - only events may go without
        return answer

    def _refuse(self, pushed: Pushed, error: ProtocolError) -> None:
        """Answers a message that is refused as a whole."""
        message, ven_id = pushed.message, self._core.party.ven_id
        self._log(message, error)
        if isinstance(message, DistributeEvent):
            told = CreatedEvent(response=outcome(message, error), ven_id=ven_id)
            pushed.later.append((ServiceName.EI_EVENT, told))
        else:
            pushed.reply = refusal(message, error, ven_id, self._pending)

    def _log(self, message: Message, error: ProtocolError) -> None:
        where = {**self._core.extra, "rule": error.rule, "code": error.code}
        words = str(error)[:400]
        log.warning("refused %d: %s: %s", error.code, message_name(message), words, extra=where)

    def follow(self, pushed: Pushed, *, running: bool) -> None:
        """Starts what a message has left to do, now that the response is out.

        Args:
            pushed: the message.
            running: whether the session lives; it does all but what is not on the disk.
        """
        core = self._core
        if pushed.later:
            core.tasks.start(self._tell(pushed), name="answer to what was pushed")
        if not isinstance(pushed.message, _LEAVES_WORK):
            return
        if running:
            core.woken.set()
        else:
            core.tasks.start(self._settle(), name="work after what was pushed")

    async def _tell(self, pushed: Pushed) -> None:
        """Sends what does not go into the response."""
        core = self._core
        async with core.turn:
            for service, answer in pushed.later:
                try:
                    await core.tell(service, answer)
                except VenError as error:
                    # It is not on the disk; the VTN pushes again if it must know.
                    name = message_name(answer)
                    log.warning("%s is given up: %s", name, error, extra=core.extra)

    async def _settle(self) -> None:
        try:
            await self._session.settle()
        except OpenADRError as error:
            log.warning("made up for later: %s", error, extra=self._core.extra)
