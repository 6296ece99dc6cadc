"""What the VTN has pushed, while it is handled: its answer goes out as the HTTP response.

A VEN that polls sends its logical answer with a request of its own (``core.tell``). What
was pushed is answered in the response instead, so ``core.tell`` puts the answer here. The
answer to events is the exception: the response is empty, and oadrCreatedEvent follows in
a request of its own (section 2.5).
"""

from dataclasses import dataclass, field
from typing import Any

from oadr.enums import ServiceName
from oadr.messages import (
    CanceledPartyRegistration,
    CanceledReport,
    CancelPartyRegistration,
    CancelReport,
    CreatedEvent,
    CreatedReport,
    CreateReport,
    DistributeEvent,
    Message,
    RegisteredReport,
    RegisterReport,
    RequestReregistration,
    Response,
    UpdatedReport,
    UpdateReport,
)
from oadr.replies import request_id_of

#: What a VEN answers to each message of its VTN.
ANSWERS: dict[type, type] = {
    DistributeEvent: CreatedEvent,
    CreateReport: CreatedReport,
    RegisterReport: RegisteredReport,
    CancelReport: CanceledReport,
    UpdateReport: UpdatedReport,
    CreatedReport: Response,
    CancelPartyRegistration: CanceledPartyRegistration,
    RequestReregistration: Response,
}

#: What a VTN may push to which address of a VEN (sections 1.2 and 9.1.2). Nothing is legal
#: at EiOpt, and there is no OadrPoll at a VEN (R51, R511).
FROM_VTN: dict[ServiceName, frozenset[type]] = {
    ServiceName.EI_EVENT: frozenset({DistributeEvent}),
    ServiceName.EI_REPORT: frozenset(
        {RegisterReport, CreateReport, CreatedReport, UpdateReport, CancelReport}
    ),
    ServiceName.EI_REGISTER_PARTY: frozenset({CancelPartyRegistration, RequestReregistration}),
    ServiceName.EI_OPT: frozenset(),
}


@dataclass(slots=True, kw_only=True)
class Pushed:
    """One message that was pushed.

    Attributes:
        message: as it came.
        reply: the answer for the response; None while there is none, and for events.
        later: answers that go out with requests of their own, after the response.
    """

    message: Message
    reply: Message | None = None
    later: list[tuple[ServiceName, Message]] = field(default_factory=list)

    def takes(self, service: ServiceName, answer: Message) -> bool:
        """Takes the answer to this message and returns True; False if it answers another.

        Handlers may start exchanges of their own meanwhile, which have answers, too.
        """
        if type(answer) is not ANSWERS.get(type(self.message)):
            return False
        if isinstance(answer, CreatedEvent):
            self.later.append((service, answer))
            return True
        if self.reply is not None or not self._echoes(answer):
            return False
        self.reply = answer
        return True

    def _echoes(self, answer: Any) -> bool:
        wanted = "" if isinstance(self.message, CreatedReport) else request_id_of(self.message)
        found: str = answer.response.request_id
        return found == wanted
