"""How a VEN says when it takes part."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from oadr.enums import OptType, ResponseRequired
from oadr.errors import ComplianceError, InvalidId, NotAllowed, TargetMismatch
from oadr.event import Receiver
from oadr.messages import (
    EVERYTHING,
    CanceledOpt,
    CancelOpt,
    CreatedEvent,
    CreatedOpt,
    CreateOpt,
    CreatePartyRegistration,
    EiResponse,
    Event,
    Period,
    Target,
)
from oadr.opt import Extent
from tests.ven.scripted import NOW, World, event
from ven.availability import Wish, message_of
from ven.errors import Refused, Unreachable, Unregistered
from ven.hooks import Context, OptHandler
from ven.state import State

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
AWAY = Period(
    dtstart=NOW,
    duration=timedelta(hours=2),
    start_after=timedelta(minutes=5),
    ramp_up=timedelta(minutes=1),
)


def answers(world: World) -> list[str]:
    """Returns all that the VTN was told of event e1, or of the only one."""
    return [
        one.opt_type.value
        for message in world.vtn.got(CreatedEvent)
        for one in message.responses
        if one.event_id == "e1"
    ]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - real time makes it so
            await asyncio.sleep(0.01)


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


async def test_r201_a_schedule_counts_before_policy_and_handlers(world: World) -> None:
    seen: list[Extent | None] = []

    class Eager:
        async def on_event(self, event: Event, ctx: Context) -> str:
            seen.append(ctx.participation.extent if ctx.participation else None)
            return "optIn"

    ven = world.ven()
    ven.add_handler(Eager())
    await world.start(ven)
    await ven.create_opt("optOut", "mustRun", availability=[AWAY], opt_id="o-7")
    world.vtn.events = [event(), event("later", start=NOW + 3 * HOUR)]
    await ven.sync_events()
    first, second = world.vtn.got(CreatedEvent)[-1].responses
    assert (first.event_id, first.opt_type, first.code) == ("e1", "optOut", 200)
    assert (first.description or "").startswith("opted out by schedule o-7 (mustRun;")
    assert (second.event_id, second.opt_type) == ("later", "optIn")
    assert seen == [Extent.OUT, Extent.IN]


async def test_r201_a_schedule_counts_for_events_that_are_known_already(world: World) -> None:
    world.vtn.events = [event()]
    ven = await world.start(world.ven())
    assert answers(world) == ["optIn"]
    opt_id = await ven.create_opt("optOut", "mustRun", availability=[AWAY])
    assert answers(world) == ["optIn", "optOut"]
    await ven.cancel_opt(opt_id)
    assert answers(world) == ["optIn", "optOut", "optIn"]
    assert world.vtn.got(CreatedEvent)[-1].responses[0].request_id


async def test_r201_an_event_that_is_moved_out_of_a_schedule_is_decided_anew(world: World) -> None:
    world.vtn.events = [event()]
    ven = await world.start(world.ven())
    await ven.create_opt("optOut", "mustRun", availability=[AWAY])
    world.vtn.events = [event(modification=1, start=NOW + 4 * HOUR)]
    await ven.sync_events()
    assert answers(world) == ["optIn", "optOut", "optIn"]


async def test_r201_a_schedule_for_a_resource_leaves_the_rest_to_the_policy(world: World) -> None:
    ven = await world.start(world.ven(resource_ids=frozenset({"hall", "pump"})))
    hall = Target(resource_ids=("hall",))
    await ven.create_opt("optOut", "mustRun", availability=[AWAY], target=hall)
    world.vtn.events = [event(), event("hall", target=hall)]
    await ven.sync_events()
    responses = world.vtn.got(CreatedEvent)[-1].responses
    assert {one.event_id: one.opt_type for one in responses} == {"e1": "optIn", "hall": "optOut"}


async def test_r205_a_schedule_of_a_programme_counts_in_that_alone(world: World) -> None:
    ven = await world.start(world.ven())
    await ven.create_opt(
        "optOut", "mustRun", availability=[AWAY], market_context="http://peak.example"
    )
    (create,) = world.vtn.got(CreateOpt)
    assert create.market_context == "http://peak.example"
    world.vtn.events = [event(), event("other", market_context="http://other.example")]
    await ven.sync_events()
    responses = world.vtn.got(CreatedEvent)[-1].responses
    assert {one.event_id: one.opt_type for one in responses} == {"e1": "optOut", "other": "optIn"}


async def test_r203_a_later_schedule_takes_the_place_of_earlier_ones(world: World) -> None:
    world.vtn.events = [event()]
    ven = await world.start(world.ven())
    await ven.create_opt("optOut", "mustRun", availability=[AWAY])
    evening = Period(dtstart=NOW + 6 * HOUR, duration=HOUR)
    await ven.create_opt("optOut", "mustRun", availability=[evening])
    assert answers(world) == ["optIn", "optOut", "optIn"]


async def test_r209_the_device_class_is_one_of_the_profile_or_nothing_is_sent(world: World) -> None:
    ven = await world.start(world.ven())
    cars = Target(end_device_assets=("EVSE",))
    await ven.create_opt("optOut", "mustRun", availability=[AWAY], device_class=cars)
    await ven.create_opt("optOut", "mustRun", availability=[AWAY], device_class=EVERYTHING)
    first, second = world.vtn.got(CreateOpt)
    assert (first.device_class, second.device_class) == (cars, None)
    for wrong in (Target(end_device_assets=("Toaster",)), Target(resource_ids=("hall",))):
        with pytest.raises(ComplianceError, match="R209"):
            await ven.create_opt("optOut", "mustRun", availability=[AWAY], device_class=wrong)
    assert len(world.vtn.got(CreateOpt)) == 2


async def test_r210_a_schedule_without_an_end_has_duration_0(world: World) -> None:
    ven = await world.start(world.ven())
    for_ever = Period(dtstart=NOW, duration=timedelta(0))
    await ven.create_opt("optOut", "mustRun", availability=[for_ever])
    (create,) = world.vtn.got(CreateOpt)
    assert create.availability == (for_ever,)
    world.vtn.events = [event(start=NOW + timedelta(days=300))]
    await ven.sync_events()
    assert answers(world) == ["optOut"]


async def test_r206_a_qualification_counts_here_and_outlives_modifications(world: World) -> None:
    world.vtn.events = [event()]
    ven = await world.start(world.ven())
    await ven.create_opt("optOut", "overrideStatus", event_id="e1")
    assert (await ven.status()).events[0].opt == "optOut"
    # The VTN knows; an oadrCreatedEvent would count for nothing.
    assert answers(world) == ["optIn"]
    world.vtn.events = [event(modification=1, start=NOW + HOUR)]
    await ven.sync_events()
    assert answers(world) == ["optIn", "optOut"]
    with pytest.raises(NotAllowed, match="R206"):
        await ven.opt("e1", "optIn")
    await ven.create_opt("optIn", "overrideStatus", event_id="e1")
    assert (await ven.status()).events[0].opt == "optIn"
    await ven.create_opt("optOut", "mustRun", availability=[AWAY])
    assert (await ven.status()).events[0].opt == "optIn"


async def test_r206_a_qualification_for_resources_names_resources_of_the_event(
    world: World,
) -> None:
    world.vtn.events = [event(target=Target(resource_ids=("hall", "pump")))]
    ven = await world.start(world.ven(resource_ids=frozenset({"hall", "pump"})))
    await ven.create_opt("optOut", "mustRun", event_id="e1", target=Target(resource_ids=("hall",)))
    assert world.vtn.got(CreateOpt)[-1].target.resource_ids == ("hall",)
    assert (await ven.status()).events[0].opt == "optIn"
    with pytest.raises(TargetMismatch, match="R206"):
        await ven.create_opt(
            "optOut", "mustRun", event_id="e1", target=Target(resource_ids=("oven",))
        )
    assert len(world.vtn.got(CreateOpt)) == 1


async def test_r206_an_event_that_wants_no_answer_is_not_qualified(world: World) -> None:
    world.vtn.events = [event(required=ResponseRequired.NEVER)]
    ven = await world.start(world.ven())
    with pytest.raises(NotAllowed, match="R206"):
        await ven.create_opt("optOut", "mustRun", event_id="e1")
    assert not world.vtn.got(CreateOpt)


async def test_r207_each_opt_has_a_request_id_that_it_keeps(world: World) -> None:
    ven = await world.start(world.ven())
    world.vtn.script(CreateOpt, Unreachable("lost"))
    await ven.create_opt("optOut", "mustRun", availability=[AWAY])
    await world.pass_time(timedelta(seconds=20))
    first, second = world.vtn.got(CreateOpt)
    assert first.request_id
    assert first == second


async def test_r208_an_answer_about_another_opt_is_none(world: World) -> None:
    ven = await world.start(world.ven())
    strange = CreatedOpt(response=EiResponse(), opt_id="another")
    world.vtn.script(CreateOpt, strange)
    opt_id = await ven.create_opt("optOut", "mustRun", availability=[AWAY])
    world.vtn.script(CancelOpt, CanceledOpt(response=EiResponse(), opt_id="another"))
    await world.pass_time(timedelta(seconds=20))
    assert len(world.vtn.got(CreateOpt)) == 2
    await ven.cancel_opt(opt_id)
    await world.pass_time(timedelta(seconds=20))
    assert len(world.vtn.got(CancelOpt)) == 2


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


async def test_r204_a_schedule_that_the_vtn_does_not_know_is_gone_here_too(world: World) -> None:
    ven = await world.start(world.ven())
    opt_id = await ven.create_opt("optOut", "economic", availability=[AWAY])
    world.vtn.script(CancelOpt, CanceledOpt(response=EiResponse(code=452)))
    with pytest.raises(Refused, match="452"):
        await ven.cancel_opt(opt_id)
    world.vtn.events = [event()]
    await ven.sync_events()
    assert answers(world) == ["optIn"]


async def test_a_schedule_stands_whose_cancellation_is_refused(world: World) -> None:
    world.vtn.events = [event()]
    ven = await world.start(world.ven())
    opt_id = await ven.create_opt("optOut", "economic", availability=[AWAY])
    world.vtn.script(CancelOpt, CanceledOpt(response=EiResponse(code=469)))
    with pytest.raises(Refused, match="469"):
        await ven.cancel_opt(opt_id)
    assert (await ven.status()).events[0].opt == "optOut"
    assert (await ven.status()).opts == 1


async def test_an_opt_that_is_refused_counts_for_nothing(world: World) -> None:
    world.vtn.events = [event()]
    ven = await world.start(world.ven())
    world.vtn.script(CreateOpt, CreatedOpt(response=EiResponse(code=469), opt_id="o"))
    with pytest.raises(Refused):
        await ven.create_opt("optOut", "economic", availability=[AWAY])
    assert answers(world) == ["optIn"]


async def test_an_opt_that_is_refused_later_is_told_to_the_application(world: World) -> None:
    told: list[tuple[str, str]] = []

    class Watcher(OptHandler):
        async def on_opt_refused(
            self, opt: CreateOpt | CancelOpt, reason: str, ctx: Context
        ) -> None:
            told.append((opt.opt_id, reason))

    world.vtn.events = [event()]
    ven = world.ven()
    ven.add_handler(Watcher())
    await world.start(ven)
    world.vtn.down = Unreachable("gone")
    opt_id = await ven.create_opt("optOut", "economic", availability=[AWAY])
    assert (await ven.status()).events[0].opt == "optOut"
    world.vtn.down = None
    refused = CreatedOpt(response=EiResponse(code=469, description="full"), opt_id=opt_id)
    world.vtn.script(CreateOpt, refused)
    await world.pass_time(timedelta(minutes=1))
    assert told == [(opt_id, "the VTN refused oadrCreateOpt with 469: full")]
    assert (await ven.status()).events[0].opt == "optIn"
    assert (await ven.status()).opts == 0


async def test_what_another_process_puts_into_the_state_counts_and_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ven.engine.opt.WATCH", 0.01)
    world.vtn.events = [event()]
    ven = await world.start(world.ven(poll_interval=timedelta(days=1)))
    await asyncio.sleep(0.05)
    other = State(world.state)
    await other.open()
    message = message_of(
        Wish(opt_type=OptType.OPT_OUT, reason="mustRun", availability=[AWAY]),
        Receiver(ven_id="ven-1"),
        new_id="o-7",
        now=NOW,
    )
    await other.opts.add(message)
    await until(lambda: answers(world) == ["optIn", "optOut"])
    await until(lambda: [one.opt_id for one in world.vtn.got(CreateOpt)] == ["o-7"])
    await other.opts.add(CancelOpt(request_id="r", opt_id="o-7", ven_id="ven-1"), NOW)
    await until(lambda: answers(world) == ["optIn", "optOut", "optIn"])
    await until(lambda: len(world.vtn.got(CancelOpt)) == 1)
    await other.close()
    await world.rest()
    assert (await ven.status()).opts == 0


async def test_r203_a_vtn_that_has_forgotten_the_ven_is_told_its_schedules_again(
    world: World,
) -> None:
    ven = await world.start(world.ven(resource_ids=frozenset({"hall"})))
    hall = Target(resource_ids=("hall",))
    await ven.create_opt("optOut", "economic", availability=[AWAY], opt_id="all")
    await ven.create_opt("optOut", "economic", availability=[AWAY], opt_id="hall", target=hall)
    await ven.cancel_opt("hall")
    await ven.create_opt("optIn", "economic", availability=[AWAY], opt_id="hall")
    before = len(world.vtn.received)
    await ven.create_party_registration()
    await world.pass_time(timedelta(seconds=30))
    again = [
        (type(message).__name__, message.opt_id)
        for _, message in world.vtn.received[before:]
        if isinstance(message, CreateOpt | CancelOpt)
    ]
    assert again == [
        ("CreateOpt", "all"),
        ("CreateOpt", "hall"),
        ("CancelOpt", "hall"),
        ("CreateOpt", "hall"),
    ]
    world.vtn.events = [event(target=hall)]
    await ven.sync_events()
    # The hall is out no more: its schedule took the place of the one for all, and is gone.
    assert answers(world) == ["optIn"]


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
