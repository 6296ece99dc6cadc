"""Section 2.12: what a VEN makes of the HTTP status that answers its own requests."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from oadr import messages as m
from oadr.enums import ServiceName
from tests.ven.scripted import World, event, request
from tests.ven.test_engine_report import Replay
from ven.errors import Rejected, Unreachable
from ven.testing import ScriptedVTN

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
FINAL = (404, 406, 501)


class Timed(ScriptedVTN):
    """Notes when each message of a kind came."""

    times: "list[datetime]"
    kind: type = m.Poll

    async def __call__(self, service: ServiceName, message: m.Message) -> m.Message | None:
        if isinstance(message, self.kind):
            self.times.append(self.clock.now())
        return await super().__call__(service, message)


@pytest.fixture
def vtn(world: World) -> Timed:
    timed = Timed(clock=world.clock)
    timed.times = []
    world.vtn = timed
    return timed


def gaps(times: list[datetime]) -> list[float]:
    """Returns the seconds between the moments."""
    return [(later - earlier).total_seconds() for earlier, later in pairwise(times)]


@pytest.mark.parametrize("status", FINAL)
async def test_section_2_12_an_answer_to_events_that_meets_404_406_or_501_is_not_sent_again(
    world: World, status: int
) -> None:
    world.vtn.script(m.CreatedEvent, *[Rejected(status, f"HTTP {status}")] * 50)
    world.vtn.events = [event()]
    await world.start(world.ven())
    await world.pass_time(10 * MINUTE)
    assert len(world.vtn.got(m.CreatedEvent)) == 1


@pytest.mark.parametrize("status", FINAL)
async def test_section_2_12_a_report_that_meets_404_406_or_501_is_not_sent_again_and_the_next_is(
    world: World, status: int
) -> None:
    ven = world.ven()
    ven.add_meter(Replay())
    world.vtn.requests = [request(back=60)]
    world.vtn.script(m.UpdateReport, Rejected(status, f"HTTP {status}"))
    await world.start(ven)
    await world.pass_time(20 * MINUTE)
    starts = [one.reports[0].dtstart for one in world.vtn.got(m.UpdateReport)]
    assert len(starts) > 5
    assert len(set(starts)) == len(starts)
    assert (await ven.status()).parked == 1


@pytest.mark.parametrize("status", FINAL)
@pytest.mark.parametrize("kind", [m.Poll, m.CreatePartyRegistration])
async def test_section_2_12_what_must_go_on_is_tried_again_only_after_the_longest_wait(
    world: World, vtn: Timed, kind: type, status: int
) -> None:
    vtn.kind = kind
    vtn.script(kind, *[Rejected(status, f"HTTP {status}")] * 3)
    await world.start(world.ven(backoff_cap=MINUTE))
    await world.pass_time(5 * MINUTE)
    assert all(gap >= 60 * 0.9 for gap in gaps(vtn.times)[:3])


async def test_section_2_12_503_is_followed_by_a_back_off_that_doubles_from_one_second_to_the_cap(
    world: World, vtn: Timed
) -> None:
    vtn.script(m.Poll, *[Unreachable("HTTP 503", status=503)] * 8)
    await world.start(world.ven(backoff_cap=20 * SECOND))
    await world.pass_time(110 * SECOND, SECOND / 5)
    waits = gaps(vtn.times)[:8]
    for wait, expected in zip(waits, (1, 2, 4, 8, 16, 20, 20, 20), strict=True):
        assert expected * 0.9 - 0.2 <= wait <= expected * 1.1 + 0.2


async def test_section_2_12_retry_after_is_obeyed(world: World, vtn: Timed) -> None:
    vtn.script(m.Poll, Unreachable("HTTP 503", status=503, retry_after=45.0))
    await world.start(world.ven())
    await world.pass_time(2 * MINUTE)
    assert gaps(vtn.times)[0] >= 45


@pytest.mark.parametrize("kind", [m.CreatedEvent, m.UpdateReport])
async def test_section_2_12_500_is_tried_again_after_a_back_off_and_given_up_in_the_end(
    world: World, vtn: Timed, kind: type
) -> None:
    vtn.kind = kind
    vtn.events = [event()]
    vtn.requests = [request(back=600)]
    vtn.script(kind, *[Unreachable("HTTP 500", status=500)] * 50)
    ven = world.ven()
    ven.add_meter(Replay())
    await world.start(ven)
    await world.pass_time(15 * MINUTE)
    assert 2 <= len(vtn.times) <= 20
    assert all(gap >= 0.9 for gap in gaps(vtn.times))


@pytest.mark.parametrize("status", [500, 503])
async def test_section_2_12_nothing_is_lost_to_a_vtn_that_is_in_trouble_for_a_while(
    world: World, status: int
) -> None:
    trouble: Any = Unreachable(f"HTTP {status}", status=status)
    world.vtn.script(m.CreatedEvent, *[trouble] * 3)
    world.vtn.events = [event()]
    await world.start(world.ven())
    await world.pass_time(5 * MINUTE)
    assert [one.event_id for one in world.vtn.got(m.CreatedEvent)[-1].responses] == ["e1"]
