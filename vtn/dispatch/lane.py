"""What is under way for one VEN that is pushed to."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from vtn.roster import Member


@dataclass(slots=True, kw_only=True)
class Lane:
    """What is under way for one VEN; there is none for a VEN for which nothing is.

    Attributes:
        member: the VEN.
        task: the exchange that runs; None between two.
        sending: it waits for the VEN.
        queued: it waits for a place.
        wanted: something may wait for the VEN.
        held: nothing is sent until so many replies to its registration have gone out.
        until: it is left alone until then.
        due: when it is looked at next.
        failures: in a row.
        since: of the first of them.
        reason: of the last of them.
        garbled: answers in a row that could not be used.
        again: keys of what was sent and has not arrived.
        refused: events that the VEN does not take, with their modification.
    """

    member: Member
    task: "asyncio.Task[None] | None" = None
    sending: bool = False
    queued: bool = False
    wanted: bool = True
    held: int = 0
    until: datetime | None = None
    due: datetime | None = None
    failures: int = 0
    since: datetime | None = None
    reason: str = ""
    garbled: int = 0
    again: set[int] = field(default_factory=set)
    refused: dict[int, int] = field(default_factory=dict)

    @property
    def reachable(self) -> bool:
        """Whether the VEN may be pushed to (R405)."""
        return self.member.push_address is not None

    @property
    def idle(self) -> bool:
        """Whether nothing has to be remembered."""
        return not (self.wanted or self.held or self.until or self.due or self.refused)

    def cut_off(self) -> None:
        """Ends what goes to the VEN at this moment; what has come from it is still dealt with."""
        if self.sending and self.task is not None:
            self.task.cancel()

    def start_over(self) -> None:
        """Forgets that the VEN could not be reached."""
        self.until = self.due = self.since = None
        self.failures = self.garbled = 0
        self.reason = ""
        self.refused.clear()
