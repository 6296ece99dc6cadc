"""What is kept of a push in the trace on disk."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from runtime.capture import Exchange
from vtn.desk import Desk
from vtn.dispatch.undelivered import Undelivered
from vtn.roster import Member


@dataclass(slots=True, kw_only=True)
class Pushed:
    """A message that is pushed, and what comes back.

    Attributes:
        member: to whom.
        service: whose address it goes to.
        message: what is said.
        body: the document.
        at: when, by the clock of the VTN.
        status: of HTTP; None while nothing has come back.
        response: what has come back.
        fingerprint: of the certificate that the VEN has shown; empty for none.
        repairs: what was mended of what has come back.
        began: real time, in seconds since 1970.
        started: real time, of a clock that nobody puts right.
    """

    member: Member
    service: ServiceName
    message: m.Message
    body: bytes = field(repr=False)
    at: datetime
    status: int | None = None
    response: bytes = field(default=b"", repr=False)
    fingerprint: str = ""
    repairs: tuple[str, ...] = ()
    began: float = field(default_factory=time.time)
    started: float = field(default_factory=time.perf_counter)

    def keep(
        self, desk: Desk, *, answer: m.Message | None = None, error: Undelivered | None = None
    ) -> None:
        """Puts the exchange into the trace on disk, if there is one.

        Args:
            desk: of the VTN.
            answer: of the VEN; None for an empty one.
            error: why there is none.
        """
        if desk.traces.capture is None:
            return
        took = timedelta(seconds=time.perf_counter() - self.started)
        desk.traces.capture.add(
            Exchange(
                at=self.at,
                began=self.began,
                took=took,
                asked_by="VTN",
                service=self.service,
                peer=self.member.ven_name or self.member.ven_id,
                ven_id=self.member.ven_id,
                fingerprint=self.fingerprint,
                proof="TLS" if self.fingerprint else "none",
                profile="2.0a" if self.member.admitted else "2.0b",
                message=codec.message_name(self.message),
                answer=codec.message_name(answer) if answer is not None else "",
                status=self.status,
                rule=error.rule if error is not None else "",
                problem=str(error) if error is not None else "",
                repairs=self.repairs,
                request=self.body,
                response=self.response,
            )
        )
