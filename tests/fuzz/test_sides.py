"""Both parties under fire: 2,000 valid messages, and as many again that are spoilt.

The same seeds each time; ``make fuzz`` takes others, and many more.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from oadr import codec
from oadr import messages as m
from oadr.enums import ServiceName
from tests.fuzz import campaign, vtn_walk
from tests.fuzz.campaign import PATHS, SIDES, Piece
from tests.fuzz.http import at_ven, at_vtn
from tests.fuzz.judging import Fault, Shot, memory
from tests.fuzz.seeds import Kind
from tests.fuzz.vtn_side import VtnSide

EI_EVENT = ServiceName.EI_EVENT
#: Side, seed, documents made by the schema: 2,000 in all.
MADE = [
    *(("vtn", seed, 200) for seed in range(6)),
    *(("ven-poll", seed, 200) for seed in range(2)),
    *(("ven-push", seed, 200) for seed in range(2)),
]
#: The judge learns from what anybody says, and takes a lie for what our side contradicts: here
#: a peer gives itself other names, says two things in one message, and answers anything.
LIES = pytest.mark.sends_wrong("*", reason="the other side lies, also about who it is")
#: In any order there are answers that no request can be found for.
DISORDER = pytest.mark.sends_wrong("R311", reason="one reportRequestID stands for two requests")
#: Bytes that a process may grow by for each document, once it is warm.
GROWTH_EACH = 16 * 1024


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """Lets nothing but faults be logged: each refusal is a line."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


async def _fired(side: str, kind: Kind, seed: int, count: int) -> Any:
    async with SIDES[side](Random(seed)) as under_fire:
        for number in range(count):
            await under_fire.fire(under_fire.shot(kind))
            if number % 100 == 99:
                await under_fire.between()
        await under_fire.between()
        return under_fire.tally


@LIES
@pytest.mark.parametrize(("side", "seed", "count"), MADE)
async def test_no_message_that_the_schema_allows_is_a_fault(
    side: str, seed: int, count: int
) -> None:
    tally = await _fired(side, Kind.MADE, seed, count)
    assert tally.shots == count
    assert tally.valid > 0.98 * count


@LIES
@pytest.mark.parametrize("kind", [Kind.BYTES, Kind.TREE])
@pytest.mark.parametrize("side", SIDES)
async def test_no_spoilt_document_is_a_fault(side: str, kind: Kind) -> None:
    tally = await _fired(side, kind, 1, 300)
    assert tally.shots == 300


@DISORDER
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("side", PATHS)
async def test_valid_messages_in_any_order_leave_a_party_that_can_start_over(
    side: str, seed: int
) -> None:
    async with PATHS[side](Random(seed)) as walk:
        for _ in range(40):
            await walk.step()
        await walk.finish()


@pytest.mark.parametrize("at", [at_vtn, at_ven])
async def test_requests_that_are_hardly_http_do_no_harm(at: Callable[..., Any]) -> None:
    found = await at(Random(1), 200)
    assert found["HTTP 400"] > 20
    assert found["HTTP 200"] > 5


@LIES
@pytest.mark.parametrize("side", SIDES)
async def test_memory_stays_bounded_under_fire(side: str) -> None:
    async with SIDES[side](Random(9)) as under_fire:
        for _ in range(200):
            await under_fire.fire(under_fire.shot(Kind.MADE))
        before = memory()
        for _ in range(100):
            await under_fire.fire(under_fire.shot(Kind.MADE))
        grown = memory() - before
    assert grown < 100 * GROWTH_EACH + 8 * 1024 * 1024


# ------------------------------------------------------------ whether faults would be found


@LIES
async def test_rows_of_the_victim_that_change_are_found() -> None:
    async with VtnSide(Random(1)) as side:
        now = side.world.clock.now()
        await side.world.operator.cancel_event("hidden-event", now=now)
        await side.world.operator.request_reregistration("victim", now=now)
        with pytest.raises(Fault, match="rows of the victim have changed"):
            await side.fire(side.shot())


@LIES
async def test_what_only_the_victim_may_know_is_found_in_an_answer() -> None:
    async with VtnSide(Random(1)) as side:
        await side.world.send_event(event_id="hidden-event-2", to=["mallory"])
        asked = codec.encode(m.RequestEvent(request_id="q", ven_id=side.ven.ven_id))
        shot = Shot(name="oadrRequestEvent", data=asked, service=EI_EVENT, sender="mallory")
        with pytest.raises(Fault, match="is told to mallory"):
            await side.fire(shot)


@LIES
@pytest.mark.parametrize("kept", [False, True], ids=["log", "log kept by the programme"])
async def test_a_fault_inside_is_found(kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("openadr"), "propagate", not kept)
    async with VtnSide(Random(1)) as side:
        monkeypatch.setattr("vtn.tolerance.settle", None)
        poll = codec.encode(m.Poll(ven_id="x"))
        shot = Shot(name="oadrPoll", data=poll, service=ServiceName.OADR_POLL, sender="mallory")
        with pytest.raises(Fault, match="not callable"):
            await side.fire(shot)


async def test_readings_that_were_acknowledged_and_lost_are_found() -> None:
    async with vtn_walk.VtnWalk(Random(1)) as walk:
        walk.acknowledged[walk.world.clock.now()] = "1"
        with pytest.raises(Fault, match="acknowledged and lost"):
            await walk.finish()


@LIES
def test_a_finding_is_written_down_as_small_as_it_can_be_and_shows_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def fire(self: VtnSide, shot: Shot) -> None:
        if b"requestID" in shot.data:
            raise Fault("requestID")

    monkeypatch.setattr(VtnSide, "fire", fire)
    monkeypatch.setattr("tests.fuzz.campaign._TRIES", 8)
    result = campaign.run(Piece(side="vtn", what="made", seed=1, count=50))
    assert result.fault == "requestID"
    assert result.shot is not None
    file = campaign.write(result, tmp_path)
    assert b"requestID" in file.with_suffix(".xml").read_bytes()

    async def again() -> None:
        async with campaign.again(json.loads(file.read_text())) as show:
            await show()

    with pytest.raises(Fault, match="requestID"):
        asyncio.run(again())


@LIES
def test_a_piece_says_what_came_of_it() -> None:
    for what in ("made", "walk"):
        result = campaign.run(Piece(side="ven-push", what=what, seed=1, count=1))
        assert (result.fault, result.done) == ("", 1)
        assert result.tally.shots > 0
