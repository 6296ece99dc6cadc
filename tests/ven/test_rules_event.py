"""EiEvent, R1 to R116: what a whole VEN makes of events, and what it does when."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from oadr.codec import encode
from oadr.enums import EventStatus, OptType, ResponseRequired, ServiceName, SignalType
from oadr.errors import InvalidId
from oadr.messages import (
    CreatedEvent,
    DistributeEvent,
    EiResponse,
    Event,
    Interval,
    Poll,
    RequestEvent,
    ResourceStatus,
    SignalPayload,
    Target,
)
from oadr.units import unit
from tests.ven.push_kit import pushed_to
from tests.ven.scripted import NOW, World, event
from tests.ven.test_engine_event import answers, opts
from tests.ven.test_engine_schedule import Diary, started
from ven import testing as pushing
from ven.client import Client
from ven.connection import Connection
from ven.push import Listening

MINUTE = timedelta(minutes=1)
TICK = timedelta(seconds=10)
CANCELLED = EventStatus.CANCELLED
YES = b"<ei:testEvent>true</ei:testEvent>"
STATUS = SignalPayload(value=ResourceStatus(online=True, manual_override=False))


def levels(diary: Diary) -> list[tuple[float, float | None]]:
    """What the loads were told, in minutes after the start of the test."""
    return [(minute, level) for minute, _, level in diary.commands]


def with_signal(base: Event, **changes: Any) -> Event:
    (only,) = base.signals
    return replace(base, signals=(replace(only, **changes),))


async def pushed(world: pushing.World, body: bytes) -> None:
    """Pushes a document as it is; the VTN that is polled would write it anew."""
    reply = await world.ven.receive(ServiceName.EI_EVENT, body)
    assert (reply.status, reply.body) == (200, b"")
    await world.rest()


async def shown(world: World, *events: Event, request_id: str = "dist-1") -> None:
    """Lets the VEN poll these events and no others."""
    world.vtn.distribute(*events, request_id=request_id)
    await world.pass_time(TICK)


# ---------------------------------------------------------------- what an event says


async def test_r46_what_is_empty_is_as_good_as_left_out() -> None:
    plain = event()
    words: dict[str, Any] = {
        "modification_reason": "why",
        "vtn_comment": "hot",
        "test_event": "true",
    }
    full = replace(plain, descriptor=replace(plain.descriptor, **words))
    full = with_signal(full, target=Target(end_device_assets=("Sauna",)))
    body = encode(DistributeEvent(request_id="d", vtn_id="TH_VTN", events=(full,)))
    for text in (b">why<", b">hot<", b">true<"):
        assert text in body
        body = body.replace(text, b"><")
    body, count = re.subn(rb"<power:endDeviceAsset>.*</power:endDeviceAsset>", b"", body)
    assert count == 1
    async with pushed_to() as world:
        await pushed(world, body)
        assert [one.code for one in world.vtn.got(CreatedEvent)[0].responses] == [200]
        (held,) = world.ven.events
    descriptor = held.descriptor
    assert (descriptor.modification_reason, descriptor.vtn_comment) == (None, None)
    assert not descriptor.is_test
    assert not held.signals[0].target


@pytest.mark.parametrize(
    ("text", "test"),
    [
        (YES, True),
        (b"<ei:testEvent>yes</ei:testEvent>", True),
        (b"<ei:testEvent>False</ei:testEvent>", True),
        (b"<ei:testEvent>0</ei:testEvent>", True),
        (b"<ei:testEvent>false</ei:testEvent>", False),
        (b"<ei:testEvent></ei:testEvent>", False),
        (b"<ei:testEvent/>", False),
        (b"", False),
    ],
)
async def test_r6_anything_but_false_makes_an_event_a_test(text: bytes, test: bool) -> None:
    told: list[bool] = []
    base = event()
    base = replace(base, descriptor=replace(base.descriptor, test_event="true"))
    body = encode(DistributeEvent(request_id="d", vtn_id="TH_VTN", events=(base,)))
    assert YES in body
    async with pushed_to() as world:
        ven = world.ven
        ven.add_handler("on_event", lambda event, ctx: told.append(event.descriptor.is_test))
        await pushed(world, body.replace(YES, text))
        assert told == [test]
        assert [one.descriptor.is_test for one in ven.events] == [test]
        assert [one.code for one in world.vtn.got(CreatedEvent)[0].responses] == [200]


async def test_r69_r116_simple_is_taken_as_level_and_otherwise_refused_as_2_0b_has_it(
    world: World,
) -> None:
    await world.start(world.ven())
    await shown(
        world,
        with_signal(event("level"), signal_type=SignalType.LEVEL),
        with_signal(event("small"), signal_name="simple"),
        with_signal(event("setpoint"), signal_type=SignalType.SETPOINT),
        with_signal(event("delta"), signal_type=SignalType.DELTA, signal_name="simple"),
    )
    codes = {one.event_id: (one.code, one.opt_type.value) for one in answers(world)}
    assert codes == {
        "level": (200, "optIn"),
        "small": (200, "optIn"),
        "setpoint": (460, "optOut"),
        "delta": (460, "optOut"),
    }


def steps(*intervals: Interval) -> Callable[[Event], Event]:
    return lambda base: with_signal(base, intervals=intervals)


def step(value: str, minutes: float, uid: str = "0") -> Interval:
    payloads = (SignalPayload(value=Decimal(value)),)
    return Interval(duration=minutes * MINUTE, uid=uid, payloads=payloads)


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (steps(step("1", 10), step("2", 19, "1")), 459),
        (steps(step("1", 10), step("2", 20, "5")), 450),
        (steps(replace(step("1", 30), duration=None)), 459),
        (steps(replace(step("1", 30), payloads=step("1", 1).payloads * 2)), 459),
        (steps(replace(step("1", 30), payloads=(STATUS,))), 459),
        (steps(step("1", 30)), 200),
        (lambda base: replace(base, signals=base.signals * 2), 459),
        (
            lambda base: replace(
                base, active_period=replace(base.active_period, dtstart=NOW - 9 * 60 * MINUTE)
            ),
            459,
        ),
    ],
    ids=["sum", "uids", "duration", "payloads", "type", "right", "same signalID", "over"],
)
async def test_r33_what_makes_no_sense_is_refused_with_its_code(
    world: World, broken: Callable[[Event], Event], code: int
) -> None:
    ven = await world.start(world.ven())
    await shown(world, broken(event("e1")), event("good"))
    created = world.vtn.got(CreatedEvent)
    assert [message.response.code for message in created] == [200]
    assert {one.event_id: one.code for one in answers(world)} == {"e1": code, "good": 200}
    assert {one.event_id for one in ven.events} == {"good"} | ({"e1"} if code == 200 else set())


# ---------------------------------------------------------------- answers


async def test_r12_r62_one_that_wants_no_answer_gets_none_whatever_becomes_of_it(
    world: World,
) -> None:
    ven = await world.start(world.ven())
    never = ResponseRequired.NEVER
    for version in (
        event(required=never),
        event(required=never),
        event(required=never, modification=1),
        event(required=never, modification=0),
        event("strange", required=never, name="x-strange"),
        event(required=never, modification=2, status=CANCELLED),
        event("unknown", required=never, status=CANCELLED),
    ):
        await shown(world, version)
    await ven.request_event()
    assert world.vtn.got(CreatedEvent) == []


async def test_r12_r62_an_event_that_was_asked_for_is_answered_like_one_that_was_polled(
    world: World,
) -> None:
    ven = await world.start(world.ven())
    world.vtn.events = [event()]
    await ven.request_event()
    assert opts(world) == [("e1", "optIn")]
    assert world.vtn.got(RequestEvent)


async def test_r36_a_cancelled_event_is_acknowledged_once_and_not_mentioned_again(
    world: World,
) -> None:
    ven = await world.start(world.ven())
    await shown(world, event())
    gone = event(modification=1, status=CANCELLED)
    await shown(world, gone)
    assert opts(world) == [("e1", "optIn"), ("e1", "optIn")]
    world.vtn.received.clear()
    with pytest.raises(InvalidId):
        await ven.opt("e1", "optOut")
    await shown(world)
    await world.pass_time(60 * MINUTE, MINUTE)
    assert not any(b">e1<" in encode(message) for _, message in world.vtn.received)
    await shown(world, gone)
    assert [(one.event_id, one.modification_number, one.opt_type) for one in answers(world)] == [
        ("e1", 1, OptType.OPT_IN)
    ]


async def test_r42_the_request_id_of_each_answer_is_that_of_the_message_it_answers(
    world: World,
) -> None:
    ven = await world.start(world.ven())
    await shown(world, event(), request_id="first")
    await shown(world, event(), event("e2"), request_id="second")
    await ven.opt("e1", "optOut")
    created = world.vtn.got(CreatedEvent)
    assert [[one.request_id for one in message.responses] for message in created] == [
        ["first"],
        ["second", "second"],
        ["second"],
    ]
    assert [message.response.request_id for message in created] == ["", "", ""]


@pytest.mark.parametrize("status", [EventStatus.FAR, EventStatus.NEAR, EventStatus.ACTIVE])
@pytest.mark.parametrize("number", [0, 1, 4_000_000_000])
async def test_r56_an_unknown_event_is_new_whatever_its_number_and_its_status(
    world: World, number: int, status: EventStatus
) -> None:
    ven = await world.start(world.ven())
    await shown(world, event(modification=number, status=status))
    assert [(one.code, one.opt_type.value) for one in answers(world)] == [(200, "optIn")]
    assert [held.descriptor.modification_number for held in ven.events] == [number]


@pytest.mark.parametrize("state", ["far", "active", "over"])
async def test_r58_an_older_number_is_refused_with_450_in_every_state(
    world: World, state: str
) -> None:
    start = {"far": 60, "active": 1, "over": -9}[state] * MINUTE
    ven = world.ven()
    known = event(start=NOW + start, levels=((1, 10),), modification=4)
    world.vtn.events = [known]
    await world.start(ven)
    await world.pass_time(2 * MINUTE)
    await shown(world, replace(known, descriptor=replace(known.descriptor, modification_number=3)))
    assert [one.code for one in answers(world)] == [200, 450]
    await shown(world, event(start=NOW + start, modification=3, status=CANCELLED))
    assert answers(world)[-1].code == 450
    assert [one.descriptor.modification_number for one in ven.events] in ([4], [])


async def test_r59_what_was_cancelled_is_forgotten_so_that_it_can_come_as_new(
    world: World,
) -> None:
    ven = await world.start(world.ven())
    seen: list[int] = []

    @ven.on_event
    async def decide(event: Event, ctx: Any) -> str:
        seen.append(event.descriptor.modification_number)
        return "optIn"

    await shown(world, event(modification=7))
    await shown(world, event(modification=8, status=CANCELLED))
    assert not ven.events
    await shown(world, event())
    assert [one.code for one in answers(world)] == [200, 200, 200]
    assert [one.descriptor.modification_number for one in ven.events] == [0]
    assert seen == [7, 0]


async def test_r61_a_list_that_says_it_failed_cancels_nothing(world: World) -> None:
    ven = await world.start(world.ven())
    await shown(world, event())
    failed = EiResponse(code=469, description="out of order")
    world.vtn.queue.append(replace(world.vtn.snapshot(response=failed), events=()))
    await world.pass_time(MINUTE)
    assert [held.event_id for held in ven.events] == ["e1"]


@pytest.mark.parametrize("how", ["an empty list", "another event"])
async def test_r61_a_running_event_that_is_not_on_the_list_ends(world: World, how: str) -> None:
    diary = Diary()
    ven = await started(world, diary, event(start=NOW, levels=((2, 60),)))
    await world.pass_time(MINUTE)
    assert levels(diary) == [(0, 2)]
    others: list[Event] = [] if how == "an empty list" else [event("other")]
    await shown(world, *others)
    assert [level for _, level in levels(diary)] == [2, None]
    assert [held.event_id for held in ven.events] == [other.event_id for other in others]


# ---------------------------------------------------------------- signals


async def test_r109_one_signal_of_several_that_is_not_supported_refuses_the_event(
    world: World,
) -> None:
    ven = await world.start(world.ven())
    base = event()
    other = replace(base.signals[0], signal_id="s2", signal_name="x-mine")
    await shown(world, replace(base, signals=(*base.signals, other)))
    assert [(one.code, one.opt_type.value) for one in answers(world)] == [(460, "optOut")]
    assert ven.events == ()


async def test_r109_a_signal_of_another_unit_is_not_supported(world: World) -> None:
    await world.start(world.ven())
    wrong = with_signal(
        event(),
        signal_name="ELECTRICITY_PRICE",
        signal_type=SignalType.PRICE,
        unit=unit("powerReal"),
    )
    await shown(world, wrong)
    assert [one.code for one in answers(world)] == [460]


@pytest.mark.parametrize(
    ("of_event", "of_signal", "code"),
    [
        (Target(resource_ids=("hall",)), ("Storage",), 200),
        (Target(resource_ids=("attic",)), ("Storage",), 462),
        (Target(resource_ids=("hall",)), ("Sauna",), 469),
        (Target(), ("Sauna", "x-kiln", "Storage"), 200),
    ],
    ids=["both", "not the event", "not the signal", "one of several"],
)
async def test_r111_the_target_of_the_event_and_that_of_its_signal_both_have_to_fit(
    world: World, of_event: Target, of_signal: tuple[str, ...], code: int
) -> None:
    own = frozenset({"hall"}), frozenset({"Storage"})
    await world.start(world.ven(resource_ids=own[0], device_classes=own[1]))
    base = replace(event(), target=of_event)
    await shown(world, with_signal(base, target=Target(end_device_assets=of_signal)))
    assert [one.code for one in answers(world)] == [code]


# ---------------------------------------------------------------- by which way


async def test_r51_a_ven_that_polls_does_not_listen() -> None:
    async with pushing.joined() as world:
        await world.start()
        assert world.vtn.got(Poll)
        assert world.ven.push_port is None
    listens = Connection(url="http://vtn.example", listen=Listening(host="127.0.0.1", port=0))
    with pytest.raises(ValueError, match="listen without push_address"):
        Client("school-7", "http://vtn.example", connection=listens)
