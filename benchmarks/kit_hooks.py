"""Handlers of this project, timed: a poll that one decides, and the call of the hook alone."""

from benchmarks.child import Channel
from benchmarks.timing import each
from oadr import messages as m
from vtn.desk import Caller
from vtn.hooks import Context, PollHandler
from vtn.services import SERVICES
from vtn.testing import joined


class Nothing(PollHandler):
    """Decides, each time, that nothing waits."""

    async def on_poll(self, ctx: Context) -> None:
        """Returns nothing."""


async def main(channel: Channel) -> None:
    """Does what it is told; answers with seconds for one, by what was done."""
    async with joined({"reports": {}}, handlers=[Nothing()]) as world:
        await world.ven.register("ven")
        while not isinstance((await world.ven.poll()), m.Response):
            await world.ven.post(
                m.RegisteredReport(response=m.EiResponse(), ven_id=world.ven.ven_id)
            )
        desk = world.server.desk
        assert desk is not None
        caller = Caller(
            member=desk.roster.of_ven_id(world.ven.ven_id),
            fingerprint="",
            secure=False,
            received_at=world.clock.now(),
            later=[],
        )
        poll = m.Poll(ven_id=world.ven.ven_id)
        channel.answer(None)
        while (command := await channel.next()) is not None:
            times = command["times"]
            channel.answer(
                {
                    "service": await each(lambda: SERVICES[m.Poll](desk, caller, poll), times),
                    "hook": await each(lambda: desk.decide("on_poll", caller.context(desk)), times),
                }
            )
