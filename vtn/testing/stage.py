"""What every world of ``vtn.testing`` has: a VTN, its operator, and VENs that come to it."""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, TypeVar

from oadr import messages as m
from oadr.event import build_event, parse_levels
from runtime.clock import FakeClock
from runtime.fake_time import TimedWorld
from vtn import upkeep
from vtn.audience import Audience, target_of
from vtn.desk import Desk
from vtn.operator import Operator
from vtn.server import Server
from vtn.services import offering, pending, serving
from vtn.store import Store
from vtn.testing.peer import Peer

P = TypeVar("P", bound=Peer)
PROGRAMME = "http://programme.example"
EVERYONE = Audience(everyone=True)
HOUR = timedelta(hours=1)
#: Time between two rounds of what a VTN does with events that are over.
_TIDY = timedelta(minutes=1)


class Stage(TimedWorld):
    """A VTN with a clock that a test moves.

    Attributes:
        server: the VTN.
    """

    server: Server

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self._peers: list[Peer] = []
        self._tidied = clock.now()
        self.watch(under_way=lambda: len(self.server.tasks), rested=self._keep_up)

    @property
    def desk(self) -> Desk:
        """The parts of the VTN."""
        if self.server.desk is None:
            raise RuntimeError("the VTN does not run")
        return self.server.desk

    @property
    def operator(self) -> Operator:
        """What an operator can do."""
        return self.server.operator

    @property
    def store(self) -> Store:
        """The database of the VTN."""
        return self.desk.store

    async def send_event(
        self,
        levels: str = "1:1h",
        *,
        starts_in: timedelta = HOUR,
        to: Audience | Iterable[str] = EVERYONE,
        event_id: str = "",
        market_context: str = PROGRAMME,
        **details: Any,
    ) -> m.Event:
        """Lets the operator publish an event, and returns it; VENs get it when they poll.

        Args:
            levels: value and duration of each interval, such as ``"1:15m,2:30m"``.
            starts_in: time from now until it starts.
            to: whom it is for: names of VENs, or an audience.
            event_id: made up if left out.
            market_context: the programme.
            details: further arguments of ``oadr.event.build_event``, such as ``ramp_up``.

        Raises:
            ValueError: the levels cannot be read.
            ComplianceError: a VTN must not send such an event.
            NotFound: nobody is meant.
        """
        audience = to if isinstance(to, Audience) else Audience(vens=frozenset(to))
        now = self.clock.now()
        event = build_event(
            event_id=event_id or f"event-{uuid.uuid4().hex[:8]}",
            market_context=market_context,
            start=now + starts_in,
            intervals=parse_levels(levels),
            now=now,
            **({"target": target_of(audience)} | details),
        )
        stored, _ = await self.operator.create_event(event, audience, now=now)
        return stored.event

    def _added(self, peer: P) -> P:
        self._peers.append(peer)
        return peer

    async def _keep_up(self) -> None:
        """Does what a VTN does between messages."""
        if self.server.desk is None:
            return
        await upkeep.silent(self.desk)
        await serving.serve(self.desk)
        if self.clock.now() - self._tidied >= _TIDY:
            self._tidied = self.clock.now()
            await upkeep.flush(self.desk)
            await upkeep.tidy(self.desk)
            await pending.overdue(self.desk)
            await offering.renew(self.desk)

    async def close(self) -> None:
        """Stops the VTN and closes the peers' connections."""
        for peer in self._peers:
            await peer.close()
        await self.server.stop()
