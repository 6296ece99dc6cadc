"""What a peer hears that is pushed to, and what it says to that."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from oadr import codec
from oadr import messages as m

#: What a test may have a peer answer: a message, nothing (an empty 200), an HTTP status, any
#: bytes, a whole ``Said``, an exception to raise in place of an answer, or a function of the
#: message that returns one of those, or an awaitable of it.
Answer = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An HTTP response of a peer.

    Attributes:
        status: of HTTP.
        body: the document, or anything.
        headers: such as ``Retry-After``.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Ear:
    """Hears what is pushed to a peer, and answers.

    Args:
        ven_id: tells the venID of the peer.

    Attributes:
        heard: the messages, in the order in which they came, also those that were refused.
        services: whose address each came to.
    """

    def __init__(self, ven_id: Callable[[], str]) -> None:
        self.heard: list[m.Message] = []
        self.services: list[str] = []
        self._ven_id = ven_id
        self._next: deque[Answer] = deque()
        self._always: Answer = self.proper

    def answer_next(self, *answers: Answer) -> None:
        """Answers the next messages so; those after them properly."""
        self._next.extend(answers)

    def answer_always(self, answer: Answer) -> None:
        """Answers all messages so from now on, unless ``answer_next`` says otherwise."""
        self._always = answer

    def answer_properly(self) -> None:
        """Answers all messages as a VEN does from now on."""
        self._next.clear()
        self._always = self.proper

    def proper(self, message: Any) -> m.Message | None:
        """Returns what a VEN answers that does all that it is asked; None for events."""
        if isinstance(message, m.RequestReregistration):
            return m.Response(response=m.EiResponse(code=200), ven_id=self._ven_id())
        if not hasattr(message, "request_id"):
            return m.Response(response=m.EiResponse(code=200), ven_id=self._ven_id())
        fields: dict[str, Any] = {
            "response": m.EiResponse(code=200, request_id=message.request_id),
            "ven_id": self._ven_id(),
        }
        match message:
            case m.RegisterReport():
                return m.RegisteredReport(**fields)
            case m.CreateReport():
                asked = tuple(one.report_request_id for one in message.requests)
                return m.CreatedReport(pending=asked, **fields)
            case m.CancelReport():
                return m.CanceledReport(**fields)
            case m.UpdateReport():
                return m.UpdatedReport(**fields)
            case m.CancelPartyRegistration():
                registration_id = message.registration_id
                return m.CanceledPartyRegistration(registration_id=registration_id, **fields)
            case _:
                return None

    async def hear(self, service: str, body: bytes) -> Said:
        """Returns the answer to a document."""
        message = codec.decode(body)
        self.heard.append(message)
        self.services.append(service)
        answer = self._next.popleft() if self._next else self._always
        if callable(answer) and not isinstance(answer, type):
            answer = answer(message)
        if hasattr(answer, "__await__"):
            answer = await answer
        if isinstance(answer, BaseException):
            raise answer
        return _said(answer)


def _said(answer: Answer) -> Said:
    if isinstance(answer, Said):
        return answer
    if answer is None:
        return Said()
    if isinstance(answer, int):
        return Said(status=answer, body=b"no\n")
    if isinstance(answer, bytes):
        return Said(body=answer, headers={"Content-Type": codec.CONTENT_TYPE})
    return Said(body=codec.encode(answer), headers={"Content-Type": codec.CONTENT_TYPE})
