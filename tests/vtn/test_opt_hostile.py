"""VENs that say more about when they take part than anybody can use."""

from oadr import messages as m
from oadr.enums import OptType
from tests.vtn.kit import HOUR, a_ven, dispatch
from tests.vtn.test_opt import cancel, held, qualification, resources, schedule
from vtn.services.opt_room import BYTES, CLASSES, NAMES, OPTS
from vtn.store import delivery
from vtn.testing import Peer, World


def long(peer: Peer, world: World, number: int) -> m.CreateOpt:
    """Returns a schedule with as many periods as one may have."""
    start = world.clock.now()
    periods = tuple(m.Period(dtstart=start + n * HOUR, duration=HOUR) for n in range(1000))
    target = resources(f"r{number}")
    return schedule(peer, world, f"o{number}", availability=periods, target=target)


async def test_r203_schedules_take_no_more_room_than_that_and_one_that_ends_makes_room() -> None:
    async with a_ven() as (world, peer):
        codes = [(await peer.post(long(peer, world, n))).response.code for n in range(12)]
        full = codes.index(469)
        assert 5 < full < 12
        assert set(codes[full:]) == {469}
        assert len(await held(world)) == full
        assert (await peer.post(schedule(peer, world, "small"))).response.code == 200
        assert (await peer.post(cancel(peer, "o0"))).response.code == 200
        assert BYTES > 1000 * 1000


async def test_a_schedule_with_names_without_end_is_not_kept() -> None:
    async with a_ven() as (world, peer):
        message = schedule(peer, world, target=resources(*(f"{n:400}" for n in range(900))))
        assert (await peer.post(message)).response.code == 469
        assert await held(world) == {}


async def test_parts_of_a_ven_are_told_apart_up_to_so_many() -> None:
    async with a_ven() as (world, peer):
        for number, code in enumerate([200] * 4 + [469]):
            names = tuple(f"r{number}-{n}" for n in range(30))
            classes = tuple(f"x-{number}-{n}" for n in range(CLASSES // 4))
            target = m.Target(resource_ids=names, end_device_assets=classes)
            reply = await peer.post(schedule(peer, world, f"o{number}", target=target))
            assert reply.response.code == code
        names = tuple(f"s{n}" for n in range(NAMES // CLASSES))
        reply = await peer.post(schedule(peer, world, "many", target=resources(*names)))
        assert reply.response.code == 469


async def test_r206_a_ven_says_so_many_things_about_one_event_and_the_same_again_and_again() -> (
    None
):
    async with a_ven() as (world, peer):
        await dispatch(world)
        await peer.poll()
        codes = []
        for number in range(OPTS + 2):
            message = qualification(peer, world, "e1", target=resources(f"r{number}"))
            codes.append((await peer.post(message)).response.code)
        assert codes == [200] * OPTS + [469, 469]
        for opt in (OptType.OPT_IN, OptType.OPT_OUT):
            message = qualification(peer, world, "e1", target=resources("r0"), opt_type=opt)
            assert (await peer.post(message)).response.code == 200
        async with world.desk.store.read() as tx:
            said = await delivery.history(tx, event_id="e1")
        assert len(said) == OPTS + 2
