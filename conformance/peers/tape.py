"""What was said in a case, judged as it comes."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from conformance.checks import Document, Finding, Side
from conformance.judge import Judge
from runtime.clock import Clock

#: What one case keeps: exchanges, and bytes of them. Who says more does not end by itself.
MOST_EXCHANGES = 20_000
MOST_BYTES = 64 * 1024 * 1024


@dataclass(kw_only=True)
class Recorded:
    """A request and what came back.

    Attributes:
        number: within the case, from 1.
        at: when it was complete, by the clock of the device under test.
        asked_by: who sent the request: the VTN in a push.
        service: that it went to, such as ``EiEvent``; empty for an address that has none.
        path: of the URL.
        request: the document, as it was on the wire.
        reply: the body that came back.
        status: of HTTP; None if nothing came back.
        request_headers: of HTTP, names in lower case.
        reply_headers: the same.
        problem: why nothing came back, in words.
        findings: what the checks have against it.
    """

    number: int
    at: datetime
    asked_by: Side
    service: str
    path: str
    request: bytes = field(repr=False)
    reply: bytes = field(default=b"", repr=False)
    status: int | None = None
    request_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    reply_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    problem: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def answered_by(self) -> Side:
        """Who sent the reply."""
        return Side.VEN if self.asked_by is Side.VTN else Side.VTN

    @cached_property
    def asked(self) -> Document:
        """The request, as checks see it."""
        return Document(self.request, self.asked_by)

    @cached_property
    def answered(self) -> Document | None:
        """The reply, as checks see it; None if it is empty or no answer to build upon."""
        if self.status != 200 or not self.reply.strip():
            return None
        return Document(self.reply, self.answered_by)

    @property
    def title(self) -> str:
        """Both names, such as ``"oadrPoll: oadrResponse"``, or what there is of them."""
        answer = self.answered.name if self.answered is not None else ""
        empty = "nothing" if self.status is None else f"HTTP {self.status}"
        return f"{self.asked.name or 'a document'}: {answer or empty}"


class Tape:
    """All that is said in a case, and what is wrong with what the device under test says.

    Args:
        judged: which party is under test.
        clock: of the device under test.

    Attributes:
        recorded: the exchanges.
        spoiled: why what is on it proves nothing right, whatever is found; empty if it does.
        when_full: called once no more is taken.
    """

    def __init__(self, judged: Side, clock: Clock) -> None:
        self.judged = judged
        self.recorded: list[Recorded] = []
        self.spoiled = ""
        self.when_full: Callable[[], None] | None = None
        self._full = False
        self._arrived = self._bytes = 0
        self._clock = clock
        self._judge = Judge({judged}, alone=True)
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self.recorded)

    @property
    def checks(self) -> Collection[str]:
        """The identifiers of the checks that have looked at something."""
        return self._judge.ran

    @property
    def full(self) -> bool:
        """Whether no more is taken; what is said then is not looked at."""
        return self._full

    def takes(self, size: int) -> bool:
        """Returns whether something that has come can be dealt with, and counts it.

        Args:
            size: bytes.
        """
        self._arrived += 1
        self._bytes += size
        if not self._full and (self._arrived > MOST_EXCHANGES or self._bytes > MOST_BYTES):
            self._full = True
            self.spoil("more was said than the kit keeps of a case")
            if self.when_full is not None:
                self.when_full()
        return not self._full

    def spoil(self, why: str) -> None:
        """Notes why this case cannot be passed any more; what is violated stays so."""
        self.spoiled = self.spoiled or why

    def note(
        self,
        asked_by: Side,
        request: bytes,
        reply: bytes = b"",
        *,
        status: int | None,
        service: str = "",
        path: str = "",
        request_headers: Mapping[str, str] | None = None,
        reply_headers: Mapping[str, str] | None = None,
        problem: str = "",
    ) -> Recorded:
        """Takes down an exchange and returns it, judged."""
        one = Recorded(
            number=len(self.recorded) + 1,
            at=self._clock.now(),
            asked_by=asked_by,
            service=service,
            path=path,
            request=request,
            reply=reply,
            status=status,
            request_headers=request_headers or {},
            reply_headers=reply_headers or {},
            problem=problem,
        )
        came = asked_by is self.judged
        if self._full or not (came or self.takes(len(request) + len(reply))):
            return one
        one.findings = self._judge.see(
            request,
            reply if status == 200 else b"",
            asked_by=asked_by,
            status=status,
            service=service,
            path=path,
            at=one.at,
            request_headers=request_headers,
            reply_headers=reply_headers,
        )
        if self._judge.broken:
            self.spoil(f"checks failed themselves: {', '.join(sorted(self._judge.broken))}")
        self.recorded.append(one)
        self._changed.set()
        return one

    async def wait(
        self, condition: Callable[[Recorded], bool], *, since: int = 0, within: float
    ) -> Recorded | None:
        """Returns the first exchange that fits, waiting for it if need be.

        Args:
            condition: says whether it fits.
            since: how many exchanges, from the first on, not to look at.
            within: real seconds to wait at most.

        Returns:
            The exchange; None if none came in time.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        place = since
        while True:
            self._changed.clear()
            for one in self.recorded[place:]:
                if condition(one):
                    return one
            place = len(self.recorded)
            left = deadline - loop.time()
            if left <= 0:
                return None
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                return None
