"""Push to VENs of 2.0a: the same mailbox, another way to write."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from oadr import messages as m
from oadr import profile_a
from oadr.enums import EventStatus, ProfileName
from tests.vtn.kit import dispatch
from tests.vtn.kit_a import VenA
from vtn.operator import Audience
from vtn.testing import World, running, until
from vtn.testing.ear import Said
from vtn.testing.listener import Listener


class EarA:
    """Hears what is pushed to a VEN of 2.0a."""

    def __init__(self) -> None:
        self.heard: list[m.DistributeEvent] = []
        self.said: list[Said] = []

    async def hear(self, service: str, body: bytes) -> Said:
        message = profile_a.decode(body)
        assert isinstance(message, m.DistributeEvent)
        assert service == "EiEvent"
        self.heard.append(message)
        return self.said.pop(0) if self.said else Said()


@asynccontextmanager
async def listening(
    overrides: dict[str, Any] | None = None, **values: Any
) -> AsyncIterator[tuple[World, VenA, EarA, Listener]]:
    """A VTN with a VEN of 2.0a that listens."""
    ear = EarA()
    listener = Listener(ear.hear)
    await listener.start()
    try:
        async with running(overrides) as world:
            row = await world.operator.enrol(
                "mill",
                now=world.clock.now(),
                ven_id="mill-id",
                profile=ProfileName.A,
                push_address=listener.url,
                **values,
            )
            yield world, VenA(peer=world.peer(), ven_id=row.ven_id), ear, listener
    finally:
        await listener.stop()


async def test_r38_r506_an_event_is_pushed_to_a_ven_of_20a_in_its_own_form() -> None:
    async with listening() as (world, mill, ear, listener):
        await dispatch(world)
        await until(lambda: ear.heard)
        [shot] = ear.heard
        assert listener.requests[0].path == "/OpenADR2/Simple/EiEvent"
        assert (shot.response, shot.vtn_id) == (None, "vtn")
        assert shot.request_id
        assert [one.signals[0].signal_name for one in shot.events] == ["simple"]
        assert shot.events[0].signals[0].current_value == 0
        assert await mill.answer(shot) == 200
        await world.pass_time(minutes=30)
        assert len(ear.heard) == 1


async def test_r52_r506_a_cancellation_is_pushed_until_it_is_acknowledged() -> None:
    async with listening() as (world, mill, ear, _):
        await dispatch(world)
        await until(lambda: ear.heard)
        await mill.answer(ear.heard[0])
        await world.operator.cancel_event("e1", now=world.clock.now())
        await until(lambda: len(ear.heard) == 2)
        await world.pass_time(minutes=1)
        assert len(ear.heard) > 2
        last = ear.heard[-1]
        assert last.events[0].descriptor.event_status is EventStatus.CANCELLED
        assert await mill.answer(last) == 200
        count = len(ear.heard)
        await world.pass_time(minutes=30)
        assert len(ear.heard) == count


async def test_r506_a_ven_of_20a_that_is_busy_is_pushed_to_later() -> None:
    async with listening() as (world, _, ear, _):
        ear.said = [Said(status=503, headers={"Retry-After": "5"})]
        await dispatch(world)
        await until(lambda: ear.heard)
        await world.pass_time(timedelta(seconds=20))
        await until(lambda: len(ear.heard) >= 2)


async def test_r506_an_oadr_response_in_the_reply_does_no_harm() -> None:
    async with listening() as (world, mill, ear, _):
        said = profile_a.encode(m.Response(response=m.EiResponse(), schema_version=None))
        ear.said = [Said(body=said)]
        await dispatch(world)
        await until(lambda: ear.heard)
        assert await mill.answer(ear.heard[0]) == 200


async def test_r514_nothing_is_pushed_where_it_would_have_to_be_signed() -> None:
    async with listening(signature_policy="required") as (world, _, ear, listener):
        await dispatch(world)
        await world.pass_time(minutes=5)
        assert (ear.heard, listener.requests) == ([], [])


async def test_r405_a_ven_of_20a_that_is_locked_out_is_not_pushed_to() -> None:
    async with listening() as (world, _, ear, listener):
        await world.operator.revoke("mill", now=world.clock.now())
        await dispatch(world, audience=Audience(vens=frozenset({"mill"})))
        await world.pass_time(minutes=5)
        assert (ear.heard, listener.requests) == ([], [])
