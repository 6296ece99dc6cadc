"""A registration that the VTN has and this VEN has not heard of."""

from datetime import timedelta

import pytest

from oadr.messages import (
    CreateOpt,
    CreatePartyRegistration,
    EiResponse,
    Period,
    RegisterReport,
    RequestReregistration,
)
from tests.ven.scripted import NOW, World
from ven.client import Client
from ven.errors import Refused, Unreachable

AWAY = [Period(dtstart=NOW, duration=timedelta(hours=2))]
MINUTE = timedelta(minutes=1)


async def opted_out(world: World) -> Client:
    """Returns a VEN that the VTN knows to be away."""
    ven = await world.start(world.ven())
    await ven.create_opt("optOut", "mustRun", availability=AWAY, opt_id="away")
    assert len(world.vtn.got(CreateOpt)) == len(world.vtn.got(RegisterReport)) == 1
    return ven


async def test_r406_what_the_vtn_has_forgotten_is_told_again_if_its_answer_got_lost(
    world: World,
) -> None:
    ven = await opted_out(world)
    world.vtn.script(CreatePartyRegistration, Unreachable("the answer got lost"))
    with pytest.raises(Unreachable):
        await ven.create_party_registration()
    await world.pass_time(MINUTE)
    assert len(world.vtn.got(CreatePartyRegistration)) == 3
    assert [one.opt_id for one in world.vtn.got(CreateOpt)] == ["away", "away"]
    assert len(world.vtn.got(RegisterReport)) == 2


async def test_r406_and_so_it_is_if_the_ven_is_killed_before_the_answer(world: World) -> None:
    ven = await opted_out(world)
    world.vtn.script(CreatePartyRegistration, Unreachable("killed"))
    await ven.stop()
    with pytest.raises(Unreachable):
        await ven.create_party_registration()
    await world.kill(ven)
    await world.start(world.ven())
    assert [one.opt_id for one in world.vtn.got(CreateOpt)] == ["away", "away"]
    assert len(world.vtn.got(RegisterReport)) == 2


async def test_a_refused_registration_leaves_the_one_that_stands_as_it_was(world: World) -> None:
    ven = await opted_out(world)
    refused = world.vtn.created(EiResponse(code=469, description="not now"), known=False)
    world.vtn.script(CreatePartyRegistration, refused)
    with pytest.raises(Refused):
        await ven.create_party_registration()
    await world.pass_time(MINUTE)
    assert len(world.vtn.got(CreatePartyRegistration)) == 2
    assert len(world.vtn.got(RegisterReport)) == 1


async def test_r406_a_renewal_that_makes_another_registration_has_the_opts_told_again(
    world: World,
) -> None:
    await opted_out(world)
    world.vtn.registration_id = "reg-2"
    world.vtn.queue.append(RequestReregistration(ven_id="ven-1"))
    await world.pass_time(MINUTE)
    assert [one.opt_id for one in world.vtn.got(CreateOpt)] == ["away", "away"]
    assert len(world.vtn.got(RegisterReport)) == 2
