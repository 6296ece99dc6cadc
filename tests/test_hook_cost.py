"""What it costs that somebody else's code decides."""

from benchmarks.timing import each
from oadr import messages as m
from tests.ven.scripted import World as Building
from tests.ven.scripted import event
from ven.hooks import Context as VenContext
from vtn.desk import Caller
from vtn.hooks import Context, EventAnswer, EventHandler, PollHandler
from vtn.testing import joined

#: Seconds of the processor; a tenth of it is usual.
LIMIT = 30e-6


class Handler(PollHandler, EventHandler):
    async def on_poll(self, ctx: Context) -> m.Message | None:
        return None

    async def on_created_event(self, answer: EventAnswer, ctx: Context) -> None: ...


async def test_the_call_of_a_hook_of_the_vtn_takes_30_microseconds_at_most() -> None:
    async with joined(handlers=[Handler()]) as world:
        desk = world.server.desk
        assert desk is not None
        caller = Caller(
            member=None, fingerprint="", secure=False, received_at=world.clock.now(), later=[]
        )
        for hook, *arguments in (("on_poll",), ("on_created_event", None)):
            call = desk.decide if hook == "on_poll" else desk.observe
            rounds = [
                await each(lambda: call(hook, *arguments, caller.context(desk)), 500)  # noqa: B023
                for _ in range(5)
            ]
            assert min(rounds) < LIMIT, hook


async def test_the_call_of_a_hook_of_the_ven_takes_30_microseconds_at_most(
    tmp_path: object,
) -> None:
    world = Building(f"{tmp_path}/ven.db")
    ven = world.ven()

    @ven.on_event
    async def decide(event: m.Event, ctx: VenContext) -> str:
        return "optIn"

    core, now, subject = ven._machine.core, world.clock.now(), event()
    rounds = [
        await each(lambda: core.hooks.decide("on_event", subject, core.context(now)), 500)
        for _ in range(5)
    ]
    assert min(rounds) < LIMIT
