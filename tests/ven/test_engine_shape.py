"""A VTN that cannot read reports as they should be written."""

from typing import Any

from oadr.messages import EiResponse, Message, UpdatedReport, UpdateReport
from tests.ven.scripted import World, request
from tests.ven.test_engine_report import MINUTE, Replay
from ven.client import Client
from ven.errors import Unreachable

_BROKEN = Unreachable("HTTP 500", status=500)


async def _started(world: World, *answers: Any) -> Client:
    """Starts a VEN with two data points that reports every minute."""
    ven = world.ven()
    ven.add_meter(Replay("main"))
    ven.add_meter(Replay("heat"))
    world.vtn.requests = [request("rr-1", "main", "heat", back=60)]
    world.vtn.script(UpdateReport, *answers)
    return await world.start(ven)


def _per_interval(message: Message) -> list[int]:
    """Returns how many values there are in each interval."""
    assert isinstance(message, UpdateReport)
    (report,) = message.reports
    return [len(interval.payloads) for interval in report.intervals]


async def test_values_of_one_time_are_taken_apart_for_a_vtn_that_breaks_down(world: World) -> None:
    ven = await _started(world, _BROKEN)
    await world.pass_time(3 * MINUTE)
    joined, *later = map(_per_interval, world.vtn.got(UpdateReport))
    assert joined == [2]
    # What helped is done at once from then on.
    assert later
    assert all(one == [1, 1] for one in later)
    status = await ven.status()
    assert (status.waiting, status.parked) == (0, 0)


async def test_they_are_joined_again_if_that_was_not_the_reason(world: World) -> None:
    await _started(world, _BROKEN, _BROKEN)
    await world.pass_time(3 * MINUTE)
    found = list(map(_per_interval, world.vtn.got(UpdateReport)))
    assert found[:3] == [[2], [1, 1], [2]]
    assert all(one == [2] for one in found[3:])


async def test_other_failures_change_nothing(world: World) -> None:
    refusal = UpdatedReport(response=EiResponse(code=469))
    await _started(world, Unreachable("HTTP 503", status=503), Unreachable("no answer"), refusal)
    await world.pass_time(3 * MINUTE)
    assert all(_per_interval(one) == [2] for one in world.vtn.got(UpdateReport))
