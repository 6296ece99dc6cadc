"""What an application that runs for months keeps: no more than what is still of use."""

import asyncio
import gc
from datetime import timedelta
from pathlib import Path
from typing import Any

from oadr.report import DataPoint, Offer
from oadr.units import unit
from tests.vtn.compat_kit import HOUR, MINUTE, a_server, event, metadata, running, steps
from vtn.compat.entries import Entry
from vtn.store import callback


def answered(ven_id: str, event_id: str, opt_type: str) -> None:
    """A callback that a restart finds again."""


def _entries() -> int:
    gc.collect()
    return sum(isinstance(one, Entry) for one in gc.get_objects())


async def test_open_ended_events_that_were_cancelled_are_forgotten() -> None:
    before = _entries()
    async with running() as application:
        server, peer = application.server, await application.fresh()
        for number in range(10):
            endless = steps(duration=timedelta(0))
            server.add_event("ven1", "simple", "level", endless, event_id=f"e{number}")
            await server.saved()
            await peer.answer(await peer.poll())
            server.cancel_event("ven1", f"e{number}")
            await server.saved()
            await peer.answer(await peer.poll())
        assert server.events == {"ven1": []}
        assert _entries() - before <= 2


async def test_a_future_that_has_its_answer_leaves_the_table_of_callbacks() -> None:
    async with running() as application:
        server, peer = application.server, await application.fresh()
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        server.add_event("ven1", "simple", "level", steps(), event_id="e1", callback=future)
        server.add_event("ven1", "simple", "level", steps(), event_id="e2", callback=answered)
        await server.saved()
        await peer.answer(await peer.poll())
        assert future.result() == "optIn"
        assert list(server.event_callbacks) == ["e2"]


async def test_a_callback_that_was_put_into_the_table_by_hand_is_called_once() -> None:
    seen: list[str] = []

    def by_hand(ven_id: str, event_id: str, opt_type: str) -> None:
        seen.append(event_id)

    server = a_server()
    server.add_handler("on_poll", lambda ven_id: None if seen else event("e1"))
    async with running(server) as application:
        peer = await application.fresh()
        server.event_callbacks["e1"] = (None, by_hand)
        shot = await peer.poll()
        await peer.answer(shot)
        await peer.answer(shot)
    assert seen == ["e1"]
    assert server.event_callbacks == {}


async def test_callbacks_of_requests_that_have_ended_are_forgotten() -> None:
    def on_register_report(report: dict[str, Any]) -> list[tuple[Any, ...]]:
        return [(one["r_id"], print, MINUTE) for one in report["report_descriptions"]]

    server = a_server()
    server.add_handler("on_register_report", on_register_report)
    offer = Offer(
        specifier_id="usage",
        report_name="TELEMETRY_USAGE",
        duration=HOUR,
        points=(
            DataPoint(
                r_id="r1",
                report_type="usage",
                reading_type="Direct Read",
                min_period=MINUTE,
                max_period=HOUR,
                unit=unit("powerReal"),
            ),
        ),
    )
    async with running(server) as application:
        peer = await application.fresh()
        for _ in range(3):
            await peer.post(metadata(peer, offer))
        assert len(server.services["report_service"].report_callbacks) == 1


async def test_stored_callbacks_of_events_that_are_over_are_forgotten_while_the_server_runs(
    tmp_path: Path,
) -> None:
    async with running(a_server(store=tmp_path / "vtn.db")) as application:
        server = application.server
        for number in range(3):
            await application.clock.advance(3 * HOUR)
            start = application.clock.now() + MINUTE
            server.add_event(
                "ven1", "simple", "level", steps(start), event_id=f"e{number}", callback=answered
            )
            await server.saved()
        async with server.operator.store.read() as tx:
            assert [one.subject for one in await callback.all_kept(tx)] == ["e2"]
