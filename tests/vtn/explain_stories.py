"""What happens to one event and one VEN, for the tests of ``vtn.explain``."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from oadr import messages as m
from oadr.enums import OptType, ResponseRequired
from tests.vtn.kit_explain import EVENT, SCHOOLS, enrolled
from vtn.operator import Audience, Changes
from vtn.store import certificate
from vtn.testing import JoinedWorld, Peer

Story = Callable[[JoinedWorld, Peer], Awaitable[None]]


async def made(world: JoinedWorld, **values: object) -> m.Event:
    given = {"to": SCHOOLS, "event_id": EVENT} | values
    return await world.send_event(**given)  # type: ignore[arg-type]


async def new(world: JoinedWorld, peer: Peer) -> None:
    await made(world)


async def sent(world: JoinedWorld, peer: Peer) -> None:
    await made(world)
    assert (await peer.poll()).events


async def sent_again(world: JoinedWorld, peer: Peer) -> None:
    await made(world)
    for _ in range(4):
        await world.pass_time(minutes=2)
        assert (await peer.poll()).events


async def acknowledged(world: JoinedWorld, peer: Peer) -> None:
    await made(world)
    await peer.answer(await peer.poll())


async def opted_out(world: JoinedWorld, peer: Peer) -> None:
    await made(world)
    await peer.answer(await peer.poll(), OptType.OPT_OUT)


async def answered_462(world: JoinedWorld, peer: Peer) -> None:
    await made(world)
    await peer.answer(await peer.poll(), OptType.OPT_OUT, code=462)


async def no_answer_wanted(world: JoinedWorld, peer: Peer) -> None:
    await made(world, response_required=ResponseRequired.NEVER)
    assert (await peer.poll()).events


async def silent(world: JoinedWorld, peer: Peer) -> None:
    await world.pass_time(hours=1)
    await made(world)


async def never_polled(world: JoinedWorld, peer: Peer) -> None:
    await made(world)
    await world.pass_time(minutes=5)


async def modified(world: JoinedWorld, peer: Peer) -> None:
    event = await made(world)
    await peer.answer(await peer.poll())
    wanted = _changed(event)
    await world.operator.modify_event(wanted, now=world.clock.now())


def _changed(event: m.Event) -> m.Event:
    (only,) = event.signals
    (one,) = only.intervals
    other = replace(one, payloads=(m.SignalPayload(value=Decimal(2)),))
    return replace(event, signals=(replace(only, intervals=(other,)),))


async def cancelled(world: JoinedWorld, peer: Peer) -> None:
    await acknowledged(world, peer)
    await world.operator.cancel_event(EVENT, now=world.clock.now())


async def cancelled_and_taken(world: JoinedWorld, peer: Peer) -> None:
    await cancelled(world, peer)
    await peer.answer(await peer.poll())


async def over(world: JoinedWorld, peer: Peer) -> None:
    await acknowledged(world, peer)
    await world.pass_time(hours=3)


async def over_unseen(world: JoinedWorld, peer: Peer) -> None:
    await made(world)
    await world.pass_time(hours=3)


async def unregistered(world: JoinedWorld, peer: Peer) -> None:
    await made(world)
    await end_registration(peer)


async def end_registration(peer: Peer) -> None:
    """Lets the VEN end its registration."""
    await peer.post(
        m.CancelPartyRegistration(
            request_id="c", registration_id=peer.registration_id, ven_id=peer.ven_id
        )
    )
    peer.registration_id = ""


async def report_only(world: JoinedWorld, peer: Peer) -> None:
    await made(world)
    await peer.register(report_only=True)


async def revoked(world: JoinedWorld, peer: Peer) -> None:
    await made(world)
    await world.operator.revoke("school-9", now=world.clock.now())


async def replaced(world: JoinedWorld, peer: Peer) -> None:
    await made(world)
    now = world.clock.now()
    await world.operator.renew("school-9", "NEXT", now=now, overlap=timedelta(hours=1))
    async with world.store.begin() as tx:
        await certificate.revoke(tx, fingerprint="NEXT", now=now)
    await world.pass_time(minutes=70)


async def of_others(world: JoinedWorld, peer: Peer) -> None:
    await enrolled(world, "mill", groups=("mills",))
    await made(world, to=Audience(groups=frozenset({"mills"})))


async def of_others_by_name(world: JoinedWorld, peer: Peer) -> None:
    await enrolled(world, "mill")
    await made(world, to=["mill"])


async def in_the_group_too_late(world: JoinedWorld, peer: Peer) -> None:
    await of_others(world, peer)
    changes = Changes(groups=frozenset({"schools", "mills"}))
    await world.operator.change("school-9", changes, now=world.clock.now())


async def out_of_the_group(world: JoinedWorld, peer: Peer) -> None:
    await new(world, peer)
    changes = Changes(groups=frozenset({"mills"}))
    await world.operator.change("school-9", changes, now=world.clock.now())


async def of_a_resource(world: JoinedWorld, peer: Peer) -> None:
    mill = Changes(resources=frozenset({"saw"}))
    await enrolled(world, "mill")
    await world.operator.change("mill", mill, now=world.clock.now())
    await made(world, to=Audience(resources=frozenset({"saw"})))


async def in_another_programme(world: JoinedWorld, peer: Peer) -> None:
    changes = Changes(market_contexts=frozenset({"http://other.example"}))
    await world.operator.change("school-9", changes, now=world.clock.now())
    await made(world)


async def behind_others(world: JoinedWorld, peer: Peer) -> None:
    await world.operator.request_reregistration("school-9", now=world.clock.now())
    await made(world)


async def begun(world: JoinedWorld, peer: Peer) -> None:
    await made(world)
    await world.pass_time(minutes=90)


async def wrongly_answered(world: JoinedWorld, peer: Peer) -> None:
    await made(world)
    shot = await peer.poll()
    (event,) = shot.events
    wrong = m.EventResponse(
        request_id=shot.request_id,
        event_id=event.event_id,
        modification_number=7,
        opt_type=OptType.OPT_IN,
    )
    message = m.CreatedEvent(response=m.EiResponse(), responses=(wrong,), ven_id=peer.ven_id)
    assert (await peer.post(message)).response.code == 450
    await world.pass_time(minutes=5)
    await peer.poll()


async def asks_for_one(world: JoinedWorld, peer: Peer) -> None:
    await world.send_event(to=SCHOOLS, event_id="sooner", starts_in=timedelta(minutes=5))
    await made(world)
    await peer.post(m.RequestEvent(request_id="r", ven_id=peer.ven_id, reply_limit=1))
