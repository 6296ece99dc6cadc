"""How a VEN says when it takes part."""

from datetime import timedelta

import pytest

from oadr.errors import ComplianceError, InvalidId, NotAllowed
from oadr.messages import (
    CanceledOpt,
    CancelOpt,
    CreatedOpt,
    CreateOpt,
    CreatePartyRegistration,
    EiResponse,
    Period,
    Target,
)
from tests.ven.scripted import NOW, World, event
from ven.errors import Refused, Unreachable, Unregistered

SECOND = timedelta(seconds=1)
AWAY = Period(
    dtstart=NOW,
    duration=timedelta(hours=2),
    start_after=timedelta(minutes=5),
    ramp_up=timedelta(minutes=1),
)


async def test_r200_a_schedule_is_sent_without_tolerance_and_ramp_up(world: World) -> None:
    ven = await world.start(world.ven())
    opt_id = await ven.create_opt("optOut", "mustRun", availability=[AWAY])
    (create,) = world.vtn.got(CreateOpt)
    assert create.opt_id == opt_id
    assert create.availability == (Period(dtstart=NOW, duration=timedelta(hours=2)),)
    assert create.event_id is None


async def test_r202_the_whole_ven_is_named_if_nothing_narrower_is(world: World) -> None:
    ven = await world.start(world.ven())
    await ven.create_opt("optOut", "economic", availability=[AWAY])
    await ven.create_opt(
        "optIn", "economic", availability=[AWAY], target=Target(resource_ids=("hall",))
    )
    first, second = world.vtn.got(CreateOpt)
    assert first.target == Target(ven_ids=("ven-1",))
    assert second.target == Target(resource_ids=("hall",))


async def test_r206_an_event_is_qualified_with_its_modification_and_nothing_else(
    world: World,
) -> None:
    world.vtn.events = [event(modification=3)]
    ven = await world.start(world.ven())
    await ven.create_opt("optOut", "overrideStatus", event_id="e1")
    (create,) = world.vtn.got(CreateOpt)
    assert (create.event_id, create.modification_number) == ("e1", 3)
    assert create.availability == ()
    assert create.market_context is None


async def test_r206_a_schedule_and_an_event_do_not_go_together(world: World) -> None:
    world.vtn.events = [event()]
    ven = await world.start(world.ven())
    with pytest.raises(ComplianceError, match="R206"):
        await ven.create_opt("optOut", "economic", event_id="e1", availability=[AWAY])
    with pytest.raises(ComplianceError, match="R206"):
        await ven.create_opt("optOut", "economic", event_id="e1", market_context="http://x")
    with pytest.raises(ComplianceError, match="R206"):
        await ven.create_opt("optOut", "economic")
    with pytest.raises(InvalidId, match="e9"):
        await ven.create_opt("optOut", "economic", event_id="e9")
    assert not world.vtn.got(CreateOpt)


async def test_r204_a_schedule_is_cancelled_by_its_id(world: World) -> None:
    ven = await world.start(world.ven())
    opt_id = await ven.create_opt("optOut", "economic", availability=[AWAY], opt_id="o-7")
    await ven.cancel_opt(opt_id)
    (cancel,) = world.vtn.got(CancelOpt)
    assert (cancel.opt_id, cancel.ven_id) == ("o-7", "ven-1")
    assert (await ven.status()).opts == 0


async def test_r211_the_opt_for_an_event_is_not_cancelled(world: World) -> None:
    world.vtn.events = [event()]
    ven = await world.start(world.ven())
    opt_id = await ven.create_opt("optOut", "economic", event_id="e1")
    with pytest.raises(NotAllowed, match="R211"):
        await ven.cancel_opt(opt_id)
    assert not world.vtn.got(CancelOpt)


async def test_an_opt_that_the_vtn_refuses_is_forgotten_and_the_caller_told(
    world: World,
) -> None:
    ven = await world.start(world.ven())
    refused = CreatedOpt(response=EiResponse(code=462, description="not yours"), opt_id="o")
    world.vtn.script(CreateOpt, refused)
    with pytest.raises(Refused, match="462: not yours"):
        await ven.create_opt("optOut", "economic", availability=[AWAY])
    assert (await ven.status()).opts == 0
    world.vtn.script(CancelOpt, CanceledOpt(response=EiResponse(code=452)))
    with pytest.raises(Refused, match="452"):
        await ven.cancel_opt("nobody")


async def test_an_opt_waits_for_a_vtn_that_is_away_also_through_a_kill(world: World) -> None:
    ven = await world.start(world.ven())
    world.vtn.down = Unreachable("gone")
    opt_id = await ven.create_opt("optOut", "economic", availability=[AWAY])
    await world.kill(ven)
    world.vtn.down = None
    again = await world.start(world.ven())
    assert [create.opt_id for create in world.vtn.got(CreateOpt)] == [opt_id]
    await world.pass_time(timedelta(seconds=30))
    assert len(world.vtn.got(CreateOpt)) == 1
    assert (await again.status()).opts == 1


async def test_an_opt_that_waits_goes_out_under_the_ven_id_of_the_day(world: World) -> None:
    ven = await world.start(world.ven())
    world.vtn.down = Unreachable("gone")
    await ven.create_opt("optOut", "economic", availability=[AWAY])
    world.vtn.down, world.vtn.ven_id = None, "ven-2"
    await ven.create_party_registration()
    await world.pass_time(timedelta(seconds=15), SECOND)
    assert len(world.vtn.got(CreatePartyRegistration)) == 2
    opt = world.vtn.got(CreateOpt)[-1]
    assert (opt.ven_id, opt.target.ven_ids) == ("ven-2", ("ven-2",))


async def test_without_a_registration_there_is_no_opt(world: World) -> None:
    with pytest.raises(Unregistered):
        await world.ven().create_opt("optOut", "economic", availability=[AWAY])
