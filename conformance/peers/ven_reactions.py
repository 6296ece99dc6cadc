"""How the VEN that tests a VTN answers what the VTN tells it."""

from collections.abc import Callable, Iterable

from conformance.peers.identity import Identity
from conformance.peers.tape import Tape
from conformance.peers.ven_sending import SendingVen
from oadr import messages as m
from oadr.enums import OptType, ResponseRequired
from runtime.clock import Clock

React = Callable[[m.Message], m.Message | None]


class ReactingVen(SendingVen):
    """A VEN that answers as a VEN should, unless a case has it answer otherwise.

    Args:
        url: of the VTN, with or without ``OpenADR2/Simple/2.0b``.
        identity: what it shows of itself.
        clock: of the VTN.
        tape: where to take down what is said.

    Attributes:
        ven_id: as the VTN gave it; empty while it is not registered.
        registration_id: likewise.
        pending: the report requests that it has accepted, by reportRequestID.
        reactions: by the name of a message of the VTN, what to answer in place of what is usual.
        opt: how it answers events that ask for it; None does not answer.
    """

    def __init__(self, url: str, identity: Identity, clock: Clock, tape: Tape) -> None:
        super().__init__(url, identity, clock, tape)
        self.ven_id = identity.ven_id
        self.registration_id = ""
        self.pending: dict[str, m.ReportRequest] = {}
        self.reactions: dict[str, React] = {}
        self.opt: OptType | None = OptType.OPT_IN

    def forget(self) -> None:
        """Takes itself for not registered."""
        self.ven_id, self.registration_id = self.identity.ven_id, ""
        self.pending.clear()

    def answers(
        self,
        message: m.DistributeEvent,
        opt: OptType = OptType.OPT_IN,
        *,
        events: Iterable[str] | None = None,
    ) -> m.CreatedEvent | None:
        """Returns the answer to events that ask for one; None if none does (R12, R42).

        Args:
            message: that brought them.
            opt: what to say.
            events: only these eventIDs, whether they ask or not.
        """
        wanted = None if events is None else set(events)
        responses = tuple(
            m.EventResponse(
                description="OK",
                request_id=message.request_id,
                event_id=one.descriptor.event_id,
                modification_number=one.descriptor.modification_number,
                opt_type=opt,
            )
            for one in message.events
            if (
                one.response_required is ResponseRequired.ALWAYS
                if wanted is None
                else one.descriptor.event_id in wanted
            )
        )
        if not responses:
            return None
        return m.CreatedEvent(
            response=m.EiResponse(description="OK"), responses=responses, ven_id=self.ven_id
        )

    def react(self, message: m.Message) -> m.Message | None:
        """Returns the logical answer to a message of the VTN; None for none."""
        name = type(message).__name__
        special = self.reactions.get(f"oadr{name}")
        if special is not None:
            return special(message)
        usual = getattr(self, f"_on_{name}", None)
        answer: m.Message | None = usual(message) if usual is not None else None
        return answer

    def _on_DistributeEvent(self, message: m.DistributeEvent) -> m.Message | None:  # noqa: N802
        return None if self.opt is None else self.answers(message, self.opt)

    def _on_RegisterReport(self, message: m.RegisterReport) -> m.Message:  # noqa: N802
        response = m.EiResponse(description="OK", request_id=message.request_id)
        return m.RegisteredReport(response=response, ven_id=self.ven_id)

    def _on_CreateReport(self, message: m.CreateReport) -> m.Message:  # noqa: N802
        for one in message.requests:
            # Metadata follow at once; only those that are wanted again stay pending.
            if one.report_specifier_id != "METADATA" or one.report_back_duration:
                self.pending[one.report_request_id] = one
        return self._created_report(message.request_id)

    def _on_CancelReport(self, message: m.CancelReport) -> m.Message:  # noqa: N802
        for one in message.report_request_ids:
            self.pending.pop(one, None)
        response = m.EiResponse(description="OK", request_id=message.request_id)
        return m.CanceledReport(response=response, pending=tuple(self.pending), ven_id=self.ven_id)

    def _on_UpdateReport(self, message: m.UpdateReport) -> m.Message:  # noqa: N802
        response = m.EiResponse(description="OK", request_id=message.request_id)
        return m.UpdatedReport(response=response, ven_id=self.ven_id)

    def _on_RequestReregistration(self, message: m.Message) -> m.Message:  # noqa: N802
        return m.Response(response=m.EiResponse(description="OK"), ven_id=self.ven_id)

    def _on_CancelPartyRegistration(  # noqa: N802
        self, message: m.CancelPartyRegistration
    ) -> m.Message:
        answer = m.CanceledPartyRegistration(
            response=m.EiResponse(description="OK", request_id=message.request_id),
            registration_id=self.registration_id,
            ven_id=self.ven_id,
        )
        self.forget()
        return answer

    def _created_report(self, request_id: str) -> m.CreatedReport:
        response = m.EiResponse(description="OK", request_id=request_id)
        return m.CreatedReport(
            response=response, pending=tuple(self.pending), ven_id=self.ven_id or None
        )
