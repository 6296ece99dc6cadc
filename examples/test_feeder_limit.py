"""A handler of one's own, and its tests: ``pytest examples/test_feeder_limit.py``.

They need pytest and pytest-asyncio with ``asyncio_mode = auto``; no network, no
certificates, no waiting.
"""

from oadr.messages import Event
from ven.client import Client
from ven.hooks import Context as VenContext
from ven.hooks import IntervalCall
from vtn.hooks import Accept, Context, Refuse, Registration, RegistrationHandler
from vtn.testing import fingerprint_of, joined


class FeederLimit(RegistrationHandler):
    """Accepts a VEN only while its feeder has room."""

    def __init__(self, rooms: int) -> None:
        self.rooms = rooms
        self.inside: set[str] = set()

    async def on_create_party_registration(
        self, request: Registration, ctx: Context
    ) -> Accept | Refuse:
        """Accepts each certificate once, and those that are inside again."""
        if not request.fingerprint:
            return Refuse(463, "come with a certificate")
        if request.fingerprint not in self.inside and len(self.inside) >= self.rooms:
            return Refuse(463, "no room on this feeder")
        self.inside.add(request.fingerprint)
        return Accept()


async def test_refuses_when_full() -> None:
    """The first one gets in, the second one does not."""
    async with joined(handlers=[FeederLimit(rooms=1)]) as world:
        school = world.peer("school-7", fingerprint=fingerprint_of("school-7"))
        bakery = world.peer("bakery", fingerprint=fingerprint_of("bakery"))
        assert (await school.register()).code == 200
        assert (await bakery.register()).code == 463


async def test_who_is_inside_may_register_again() -> None:
    """A VEN that lost its memory does not lose its place."""
    async with joined(handlers=[FeederLimit(rooms=1)]) as world:
        school = world.peer("school-7", fingerprint=fingerprint_of("school-7"))
        assert (await school.register()).code == 200
        assert (await school.register()).code == 200


async def test_asks_for_a_certificate() -> None:
    """Plain HTTP proves nothing."""
    async with joined(handlers=[FeederLimit(rooms=1)]) as world:
        refused = await world.ven.register()
        assert refused.code == 463
        assert refused.reason.startswith("come with a certificate")


async def test_a_real_ven_takes_part_in_an_event() -> None:
    """An evening in a second: the VEN polls, hears of the event, and acts in time."""
    acted: list[str] = []
    async with joined(handlers=[FeederLimit(rooms=1)]) as world:
        ven = world.join(Client, "school-7", fingerprint=fingerprint_of("school-7"))

        @ven.on_interval
        async def act(event: Event, interval: IntervalCall, ctx: VenContext) -> None:
            acted.append(f"{ctx.clock.now():%H:%M} level {interval.level}")

        await world.start(ven)
        await world.send_event("1:15m,2:30m", to=["school-7"])
        await world.pass_time(hours=2)
    assert acted == ["01:00 level 1", "01:15 level 0", "01:15 level 2", "01:45 level 0"]


async def test_a_ven_that_finds_no_room_tries_again() -> None:
    """It is refused, waits, and gets in when there is room."""
    feeder = FeederLimit(rooms=0)
    async with joined(handlers=[feeder]) as world:
        ven = world.join(Client, "school-7", fingerprint=fingerprint_of("school-7"))
        await world.start(ven)
        assert ven.registration is None
        feeder.rooms = 1
        await world.pass_time(hours=1)
        assert ven.registration is not None
