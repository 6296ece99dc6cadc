"""A scripted VEN of 2.0a."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from oadr import messages as m
from oadr import profile_a
from oadr.enums import OptType, ProfileName
from vtn.testing import Answer, Peer, World

#: From the services of 2.0b to the one of 2.0a.
ADDRESS = "../EiEvent"


def document(message: m.Message) -> bytes:
    """What a VEN of 2.0a sends."""
    return profile_a.encode(profile_a.in_profile_a(message, datetime(2026, 1, 1, tzinfo=UTC)))


@dataclass(frozen=True, slots=True, kw_only=True)
class VenA:
    """A VEN that knows EiEvent of 2.0a and nothing else.

    Attributes:
        peer: its way to the VTN.
        ven_id: as it was agreed upon.
    """

    peer: Peer
    ven_id: str

    async def raw(self, body: Any, **how: Any) -> Answer:
        """Returns the answer to whatever it sends."""
        return await self.peer.raw(ADDRESS, body, **how)

    async def say(self, message: m.Message) -> Any:
        """Returns the reply to a message, which must be one of 2.0a."""
        answer = await self.raw(document(message))
        assert answer.status == 200, answer.body
        return profile_a.decode(answer.body)

    async def request(
        self, *, limit: int | None = None, request_id: str = "r1", ven_id: str | None = None
    ) -> m.DistributeEvent:
        """Asks for its events."""
        reply = await self.say(
            m.RequestEvent(
                request_id=request_id,
                ven_id=self.ven_id if ven_id is None else ven_id,
                reply_limit=limit,
            )
        )
        assert isinstance(reply, m.DistributeEvent)
        return reply

    async def answer(
        self, shot: m.DistributeEvent, opt_type: OptType = OptType.OPT_IN, *, add: int = 0
    ) -> int:
        """Answers all events of a snapshot, and returns the code of the reply.

        Args:
            shot: the snapshot.
            opt_type: whether it takes part.
            add: to each modification number.
        """
        reply = await self.say(
            m.CreatedEvent(
                response=m.EiResponse(),
                responses=tuple(
                    m.EventResponse(
                        request_id=shot.request_id,
                        event_id=event.event_id,
                        modification_number=event.descriptor.modification_number + add,
                        opt_type=opt_type,
                    )
                    for event in shot.events
                ),
                ven_id=self.ven_id,
            )
        )
        assert isinstance(reply, m.Response)
        assert reply.ven_id is None
        return reply.response.code


async def enrolled(world: World, name: str = "mill", *, tls: bool = False, **values: Any) -> VenA:
    """Takes in a VEN of 2.0a; with ``tls`` it has a certificate."""
    peer = world.client(name) if tls else world.peer(name)
    row = await world.operator.enrol(
        name,
        now=world.clock.now(),
        ven_id=f"{name}-id",
        fingerprint=peer.fingerprint or None,
        profile=ProfileName.A,
        **values,
    )
    return VenA(peer=peer, ven_id=row.ven_id)
