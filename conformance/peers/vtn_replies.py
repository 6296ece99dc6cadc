"""What the VTN that tests a VEN replies, if it has nothing against a message."""

from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta

from conformance.peers.http import Reply
from conformance.peers.identity import Identity
from conformance.peers.peer import ScriptedPeer
from conformance.peers.tape import Tape
from conformance.peers.vtn_events import current
from oadr import messages as m
from oadr.enums import ProfileName, TransportName
from oadr.replies import request_id_of
from runtime.clock import Clock

_PROFILES = (m.Profile(name=ProfileName.B, transports=(TransportName.SIMPLE_HTTP,)),)


class ReplyingVtn(ScriptedPeer):
    """A VTN that replies as a VTN should.

    Args:
        identity: what it shows of itself; the name is its vtnID.
        clock: of the VEN.
        tape: where to take down what is said.
        poll_freq: how often it asks the VEN to poll.

    Attributes:
        ven_id: that it gives the VEN.
        registration_id: of the present registration; empty while the VEN is not registered.
        registration: the last oadrCreatePartyRegistration; None if there was none.
        offers: the metadata that the VEN has sent last; None if it has sent none.
        events: what each snapshot holds, by eventID, in this order.
        queue: what the next polls bring.
        requests: report requests that oadrRegisteredReport brings along.
        readings: the oadrUpdateReport messages that came.
    """

    def __init__(self, identity: Identity, clock: Clock, tape: Tape, poll_freq: timedelta) -> None:
        super().__init__(identity, clock, tape)
        self.poll_freq = poll_freq
        self.ven_id = identity.ven_id or self.new_id("ven")
        self.vtn_id = identity.name
        self.registration_id = ""
        self._met = False
        self.registration: m.CreatePartyRegistration | None = None
        self.offers: tuple[m.Report, ...] | None = None
        self.events: dict[str, m.Event] = {}
        self.queue: deque[m.Message | bytes] = deque()
        self.requests: tuple[m.ReportRequest, ...] = ()
        self.readings: list[m.UpdateReport] = []

    def forget(self) -> None:
        """Takes the VEN for not registered."""
        self._met = True
        self.registration_id = ""
        self.registration = None
        self.offers = None

    def now(self) -> datetime:
        """Returns the present second."""
        return self.clock.now().replace(microsecond=0)

    def snapshot(self, *, response: bool) -> m.DistributeEvent:
        """Returns all events, each with the status that it has now (R50, R115).

        Args:
            response: whether it answers a request (R40).
        """
        now = self.now()
        return m.DistributeEvent(
            response=m.EiResponse(description="OK") if response else None,
            request_id=self.new_id("snapshot"),
            vtn_id=self.vtn_id,
            events=tuple(current(one, now) for one in self.events.values()),
        )

    def usual(self, message: m.Message) -> "m.Message | bytes | Reply | None":
        """Returns what a VTN replies that has nothing against a message."""
        reply = getattr(self, f"_on_{type(message).__name__}", self._acknowledge)
        made: m.Message | bytes | Reply | None = reply(message)
        return made

    def acknowledgement(self, message: m.Message) -> m.EiResponse:
        """Returns what says that a message was taken."""
        return m.EiResponse(description="OK", request_id=request_id_of(message))

    def _acknowledge(self, message: m.Message) -> m.Message:
        return m.Response(response=self.acknowledgement(message), ven_id=self.ven_id)

    def _on_QueryRegistration(self, message: m.QueryRegistration) -> m.Message:  # noqa: N802
        return self.created(message, known=bool(self.registration_id))

    def _on_CreatePartyRegistration(  # noqa: N802
        self, message: m.CreatePartyRegistration
    ) -> m.Message:
        if message.ven_id and message.registration_id and not self._met:
            # It has led a VEN of an earlier run back.
            self.ven_id = message.ven_id
        self._met = True
        self.registration = message
        self.registration_id = message.registration_id or self.new_id("registration")
        if not message.registration_id:
            self.offers = None
            self.introduce()
        return self.created(message, known=True)

    def introduce(self) -> None:
        """Tells a new VEN that there is nothing on offer, first of all (R301, R405)."""
        self.queue.appendleft(self.metadata())

    def metadata(self) -> m.RegisterReport:
        """Returns the metadata of the VTN: none."""
        return m.RegisterReport(request_id=self.new_id("metadata"), ven_id=self.ven_id)

    def created(self, message: m.Message, *, known: bool) -> m.CreatedPartyRegistration:
        """Returns the reply to a query or a registration.

        Args:
            message: the request.
            known: whether the VEN is registered.
        """
        return m.CreatedPartyRegistration(
            response=self.acknowledgement(message),
            registration_id=self.registration_id if known else None,
            ven_id=self.ven_id if known else None,
            vtn_id=self.vtn_id,
            profiles=_PROFILES,
            poll_freq=self.poll_freq,
        )

    def _on_CancelPartyRegistration(  # noqa: N802
        self, message: m.CancelPartyRegistration
    ) -> m.Message:
        registration_id = self.registration_id
        self.forget()
        return m.CanceledPartyRegistration(
            response=self.acknowledgement(message),
            registration_id=registration_id,
            ven_id=self.ven_id,
        )

    def _on_Poll(self, message: m.Poll) -> "m.Message | bytes":  # noqa: N802
        if not self._met:
            # It was registered in an earlier run, and takes itself for registered.
            return m.RequestReregistration(ven_id=message.ven_id)
        if self.queue:
            return self.queue.popleft()
        return m.Response(response=m.EiResponse(description="OK"), ven_id=self.ven_id)

    def _on_RequestEvent(self, message: m.RequestEvent) -> m.Message:  # noqa: N802
        snapshot = self.snapshot(response=True)
        return replace(snapshot, response=self.acknowledgement(message))

    def _on_RegisterReport(self, message: m.RegisterReport) -> m.Message:  # noqa: N802
        self.offers = message.reports
        return m.RegisteredReport(
            response=self.acknowledgement(message), requests=self.requests, ven_id=self.ven_id
        )

    def _on_CreateReport(self, message: m.CreateReport) -> m.Message:  # noqa: N802
        return m.CreatedReport(response=self.acknowledgement(message), ven_id=self.ven_id)

    def _on_UpdateReport(self, message: m.UpdateReport) -> m.Message:  # noqa: N802
        self.readings.append(message)
        return m.UpdatedReport(response=self.acknowledgement(message), ven_id=self.ven_id)

    def _on_CancelReport(self, message: m.CancelReport) -> m.Message:  # noqa: N802
        return m.CanceledReport(response=self.acknowledgement(message), ven_id=self.ven_id)

    def _on_CreateOpt(self, message: m.CreateOpt) -> m.Message:  # noqa: N802
        return m.CreatedOpt(response=self.acknowledgement(message), opt_id=message.opt_id)

    def _on_CancelOpt(self, message: m.CancelOpt) -> m.Message:  # noqa: N802
        return m.CanceledOpt(response=self.acknowledgement(message), opt_id=message.opt_id)
