"""``vtn.explain`` promises what the next poll brings; in any small world that comes true."""

from hypothesis import given, settings
from hypothesis import strategies as st

from oadr import messages as m
from oadr.enums import OptType
from tests.vtn import explain_stories as stories
from tests.vtn.kit_explain import EVENT, SCHOOLS, a_school, explained
from vtn.explain import Explanation
from vtn.testing import JoinedWorld, Peer

STEPS = ("make", "other", "poll", "answer", "ask", "wait", "long", "cancel", "end", "again", "item")


class Life:
    """What happens to one VEN and one event, step by step; what cannot happen does not."""

    def __init__(self, world: JoinedWorld, peer: Peer) -> None:
        self.world, self.peer = world, peer
        self.shot: m.DistributeEvent | None = None
        self.made = self.others = 0

    async def step(self, name: str) -> None:
        """Takes one step."""
        now = self.world.clock.now()
        if name == "make" and not self.made:
            self.made = 1
            await stories.made(self.world)
        elif name == "other":
            self.others += 1
            await self.world.send_event(to=SCHOOLS, event_id=f"other-{self.others}")
        elif name == "poll":
            await self._poll()
        elif name == "answer" and self.shot is not None and self.peer.registration_id:
            await self.peer.answer(self.shot, OptType.OPT_IN)
        elif name == "ask" and self.peer.registration_id:
            await self.peer.post(m.RequestEvent(request_id="r", ven_id=self.peer.ven_id))
        elif name == "wait":
            await self.world.pass_time(seconds=10)
        elif name == "long":
            await self.world.pass_time(minutes=50)
        elif name == "cancel" and self.made:
            await self.world.operator.cancel_event(EVENT, now=now)
        elif name == "end" and self.peer.registration_id:
            await stories.end_registration(self.peer)
        elif name == "again" and not self.peer.registration_id:
            await self.peer.register()
        elif name == "item" and self.peer.registration_id:
            await self.world.operator.request_reregistration("school-9", now=now)

    async def _poll(self) -> None:
        if not self.peer.registration_id:
            return
        reply = await self.peer.poll()
        if isinstance(reply, m.DistributeEvent):
            self.shot = reply


async def check(life: Life) -> Explanation:
    """Compares what is promised with what the next poll brings."""
    found = await explained(life.world)
    if not life.peer.registration_id:
        assert found.next_poll is False
        return found
    reply = await life.peer.poll()
    brought = isinstance(reply, m.DistributeEvent) and EVENT in {e.event_id for e in reply.events}
    assert brought == found.next_poll, (found.headline, reply)
    at_next_poll = "at its next poll" in found.headline or any(
        "at its next poll" in one.words for one in found.findings
    )
    assert at_next_poll == found.next_poll, found
    return found


@given(steps=st.lists(st.sampled_from(STEPS), max_size=12))
@settings(max_examples=25, deadline=None)
async def test_what_is_said_of_the_next_poll_comes_true(steps: list[str]) -> None:
    async with a_school() as (world, peer):
        life = Life(world, peer)
        for name in steps:
            await life.step(name)
        await life.step("make")
        await check(life)
