"""Reports of the VTN to a VEN that listens: pushed as they become due (R0_8030)."""

from oadr import messages as m
from tests.vtn.kit import MINUTE
from tests.vtn.test_serving import LOAD, Utility, asking, ending, open_ids, periodic
from vtn.testing import joined


async def test_r301_r329_reports_and_their_end_reach_a_ven_that_is_pushed_to() -> None:
    async with joined(handlers=[Utility()]) as world:
        peer = world.peer("mill", push=True)
        await peer.join()
        await world.rest()
        offered = [one for one in peer.pushed if isinstance(one, m.RegisterReport)]
        assert [one.report_specifier_id for one in offered[0].reports] == [
            LOAD.specifier_id,
            "past",
        ]
        request = periodic(world)  # type: ignore[arg-type]
        assert (await peer.post(asking(peer, request))).pending == ("w1",)
        await world.pass_time(minutes=5)
        found = [one for one in peer.pushed if isinstance(one, m.UpdateReport)]
        assert [one.reports[0].dtstart for one in found] == [
            found[0].reports[0].dtstart,
            (found[0].reports[0].dtstart or world.clock.now()) + 2 * MINUTE,
        ]
        assert (await peer.post(ending(peer, "w1", follow=True))).pending == ("w1",)
        await world.pass_time(minutes=5)
        assert len([one for one in peer.pushed if isinstance(one, m.UpdateReport)]) == 3
        assert await open_ids(world) == []  # type: ignore[arg-type]
