"""VENs that put more into a report than anybody can use."""

import pytest
from sqlalchemy import event

from oadr import messages as m
from tests.vtn.kit import STANDING, a_ven, metadata, readings, update, usage
from vtn.testing import Peer, World


def count(world: World) -> list[str]:
    """Returns where each SQL statement will be written down."""
    seen: list[str] = []
    for connections in (world.desk.store._reader, world.desk.store._writer):
        engine = connections.engine.sync_engine
        event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    return seen


async def asked_for(peer: Peer, world: World, *r_ids: str) -> str:
    reply = await peer.post(metadata(peer, world, usage("usage", *r_ids)))
    request: m.ReportRequest = reply.requests[0]
    return request.report_request_id


async def test_reports_to_one_request_look_for_it_once() -> None:
    async with a_ven({"reports": STANDING}) as (world, peer):
        request_id = await asked_for(peer, world, "main")
        report = readings(request_id, world.clock.now(), {"main": ["1"]})
        await peer.post(update(peer, report))
        seen = count(world)
        assert (await peer.post(update(peer, *[report] * 200))).response.code == 200
        assert len([sql for sql in seen if "SELECT" in sql]) < 20


async def test_a_thousand_reports_are_the_most_in_one_message() -> None:
    async with a_ven({"reports": STANDING}) as (world, peer):
        request_id = await asked_for(peer, world, "main")
        report = readings(request_id, world.clock.now(), {"main": ["1"]})
        assert (await peer.post(update(peer, *[report] * 1001))).response.code == 469
        assert (await peer.post(update(peer, report))).response.code == 200


async def test_what_is_wrong_with_a_report_is_a_line_of_the_log_and_no_book(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_ven({"reports": STANDING}) as (world, peer):
        request_id = await asked_for(peer, world, *(f"r{n}" for n in range(3000)))
        report = readings(request_id, world.clock.now(), {"r0": ["1"]})
        assert (await peer.post(update(peer, report))).response.code == 200
    (line,) = [
        one.getMessage() for one in caplog.records if "is used, although" in one.getMessage()
    ]
    assert "r1" in line
    assert len(line) < 2000
