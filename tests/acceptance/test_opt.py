"""What a building wants, told to a utility that may not be there."""

from datetime import timedelta

from oadr import messages as m
from tests.acceptance.town import Town
from tests.acceptance.world import HOUR, Building, Utility
from vtn.store import opt as opts
from vtn.store import party


async def _known(utility: Utility) -> list[str]:
    """Returns the optIDs that the VTN has of its only VEN, as often as it has them."""
    async with utility.store() as store, store.read() as tx:
        row = await party.get(tx, ven_name="school")
        assert row is not None
        return [one.opt.opt_id for one in await opts.for_party(tx, party_pk=row.pk)]


async def _school(town: Town, utility: Utility) -> Building:
    school = await utility.enrol("school")
    await town.up(utility)
    await town.up(school)
    await town.registered(school)
    return school


async def test_schedules_made_during_an_outage_survive_a_restart_and_arrive_once(
    town: Town, utility: Utility
) -> None:
    school = await _school(town, utility)
    assert school.ven is not None
    away = m.Period(dtstart=town.clock.now() + HOUR, duration=3 * HOUR)
    before = await school.ven.create_opt("optOut", "economic", availability=[away])
    await utility.stop()
    later = m.Period(dtstart=town.clock.now() + 24 * HOUR, duration=timedelta(0))
    during = await school.ven.create_opt("optOut", "notParticipating", availability=[later])
    await school.ven.cancel_opt(before)
    await school.stop()
    await town.up(school)
    await town.up(utility)
    await town.until(lambda: _arrived(utility, during))
    assert await _known(utility) == [during]
    await utility.stop()
    await town.up(utility)
    assert (await utility.json("ven show school"))["opt_schedules"] == 1


async def _arrived(utility: Utility, opt_id: str) -> bool:
    return await _known(utility) == [opt_id]


async def test_r17_a_change_of_mind_during_an_outage_arrives_when_the_vtn_is_back(
    town: Town, utility: Utility
) -> None:
    school = await _school(town, utility)
    await town.dispatch(utility, "peak")
    await town.until(lambda: _opt(utility, "optIn"))
    await utility.stop()
    assert school.ven is not None
    await school.ven.opt("peak", "optOut")
    await school.stop()
    await town.up(school)
    await town.up(utility)
    await town.until(lambda: _opt(utility, "optOut"))
    answers = [answer[2] for answer in await utility.answers("peak")]
    assert answers == ["optIn", "optOut"]


async def _opt(utility: Utility, wanted: str) -> bool:
    return str((await utility.deliveries("peak"))["school"].opt_type) == wanted
