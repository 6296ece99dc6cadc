"""With ``store=`` or a configuration, the same application goes on after a restart."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from oadr import messages as m
from tests.generations import durable
from tests.generations.stage import a_peer, events_of, serving, until
from tests.tap import environment

CONFIG = """
vtn_id = "myvtn"

[http]
host = "127.0.0.1"
port = 0
plain = true

[store]
url = "sqlite+aiosqlite:///grid.db"
"""


@pytest.fixture(autouse=True)
def _nothing_has_happened() -> None:
    durable.happened.clear()


@pytest.fixture(params=["store", "store as text", "configuration"])
def arguments(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """The three ways to say that the application shall be durable."""
    if request.param == "configuration":
        (tmp_path / "vtn.toml").write_text(CONFIG)
        return {"config": tmp_path / "vtn.toml"}
    file = tmp_path / "vtn.db"
    return {"store": file if request.param == "store" else str(file)}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A file for the application."""
    return tmp_path / "vtn.db"


async def test_a_registration_goes_on(arguments: dict[str, Any]) -> None:
    async with serving(durable.application(**arguments)) as server, a_peer(server) as peer:
        assert (await peer.register()).code == 200
    async with (
        serving(durable.application(**arguments)) as server,
        a_peer(server, ven_id="ven123") as peer,
    ):
        assert isinstance(await peer.settle(), m.Response)
        assert len(durable.said("registration")) == 1


async def test_an_event_is_answered_after_the_restart_and_its_callback_is_called(
    arguments: dict[str, Any],
) -> None:
    server = durable.application(**arguments)
    durable.add_event(server, "e1", durable.on_answer)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        await server.saved()
        (before,) = (await events_of(peer)).events
    async with (
        serving(durable.application(**arguments)) as server,
        a_peer(server, ven_id="ven123") as peer,
    ):
        shot = await events_of(peer)
        assert [one.active_period for one in shot.events] == [before.active_period]
        assert [one.event_descriptor.event_id for one in server.events["ven123"]] == ["e1"]
        await peer.answer(shot, "optOut")
        (answer,) = await until(lambda: durable.said("answer"))
        assert answer["event_id"] == "e1"
        assert answer["opt_type"] == "optOut"


@pytest.mark.parametrize(
    ("callback", "expected"),
    [
        (durable.on_answer, {"ven_id": "ven123"}),
        (partial(durable.on_answer_for, "peak"), {"programme": "peak"}),
        (partial(durable.on_answer_for, programme="peak"), {"programme": "peak"}),
    ],
    ids=["function", "partial", "partial by name"],
)
async def test_callbacks_are_found_by_their_name(
    store: Path, callback: Callable[..., Any], expected: dict[str, Any]
) -> None:
    server = durable.application(store=store)
    durable.add_event(server, "e1", callback)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        await server.saved()
    async with (
        serving(durable.application(store=store)) as server,
        a_peer(server, ven_id="ven123") as peer,
    ):
        await peer.answer(await events_of(peer))
        (answer,) = await until(lambda: durable.said("answer"))
        assert expected.items() <= answer.items()


async def test_a_delivery_callback_is_found_by_its_name(store: Path) -> None:
    server = durable.application(store=store)
    durable.add_event(server, "e1", durable.on_answer, delivery_callback=durable.on_delivery)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        await server.saved()
    async with (
        serving(durable.application(store=store)) as server,
        a_peer(server, ven_id="ven123") as peer,
    ):
        assert durable.said("delivery") == []
        await events_of(peer)
        assert await until(lambda: durable.said("delivery"))


async def test_reports_go_on_and_reach_the_function_that_was_returned_for_them(
    arguments: dict[str, Any],
) -> None:
    async with serving(durable.application(**arguments)) as server, a_peer(server) as peer:
        await peer.register()
        (request,) = await peer.offer("main")
        await peer.report([1.5])
    async with (
        serving(durable.application(**arguments)) as server,
        a_peer(server, ven_id="ven123") as peer,
    ):
        assert server.registered_reports["ven123"][0]["report_specifier_id"] == "usage"
        assert await peer.report([2.5], request=request) == 200
        first, second = durable.said("readings")
        assert (first["values"], second["values"]) == ([1.5], [2.5])
        assert (second["ven_id"], second["measurement"]) == ("ven123", first["measurement"])
        assert len(durable.said("offer")) == 1


async def test_a_callback_without_a_name_is_said_in_the_log_and_the_answer_counts(
    store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def inner(ven_id: str, event_id: str, opt_type: str) -> None:
        durable.on_answer(ven_id, event_id, opt_type)

    server = durable.application(store=store)
    durable.add_event(server, "closure", inner)
    durable.add_event(server, "lambda", lambda ven_id, event_id, opt_type: None)
    durable.add_event(server, "future", asyncio.get_running_loop().create_future())
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        await server.saved()
    caplog.clear()
    async with (
        serving(durable.application(store=store)) as server,
        a_peer(server, ven_id="ven123") as peer,
    ):
        assert (await peer.answer(await events_of(peer))).response.code == 200
        warnings = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
        for event_id in ("closure", "lambda", "future"):
            (line,) = [one for one in warnings if event_id in one]
            assert "callback" in line
        assert "inner" in next(one for one in warnings if "closure" in one)
        assert durable.said("answer") == []


async def test_a_callback_can_be_made_known(store: Path, caplog: pytest.LogCaptureFixture) -> None:
    def inner(ven_id: str, event_id: str, opt_type: str) -> None:
        durable.on_answer(ven_id, event_id, opt_type)

    server = durable.application(store=store)
    server.add_callback(inner)
    durable.add_event(server, "e1", inner)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        await server.saved()
    caplog.clear()
    server = durable.application(store=store)
    server.add_callback(inner)
    async with serving(server), a_peer(server, ven_id="ven123") as peer:
        await peer.answer(await events_of(peer))
        assert await until(lambda: durable.said("answer"))
        assert "inner" not in caplog.text


async def test_an_event_that_is_cancelled_stays_cancelled(store: Path) -> None:
    server = durable.application(store=store)
    durable.add_event(server, "e1", durable.on_answer)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        await peer.answer(await events_of(peer))
        server.cancel_event("ven123", "e1")
        await server.saved()
    async with (
        serving(durable.application(store=store)) as server,
        a_peer(server, ven_id="ven123") as peer,
    ):
        (event,) = (await events_of(peer)).events
        assert event.descriptor.event_status == "cancelled"
        assert event.descriptor.modification_number == 1


async def test_without_a_store_everything_is_forgotten_as_with_openleadr() -> None:
    server = durable.application()
    durable.add_event(server, "e1", durable.on_answer)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
    async with (
        serving(durable.application()) as server,
        a_peer(server, ven_id="ven123") as peer,
    ):
        assert isinstance(await peer.poll(), m.RequestReregistration)
        assert dict(server.events) == {}


class Program:
    """The application as a process."""

    def __init__(self, log: Path, store: Path, *words: str) -> None:
        self._log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, durable.__file__, str(store), *words],
                stdout=out,
                stderr=out,
                cwd=Path(__file__).parents[2],
                env=environment(),
            )

    def said(self, what: str) -> list[dict[str, Any]]:
        """Returns the things of one kind that have happened there."""
        lines = [one for one in self._log.read_text().splitlines() if one.startswith('{"what"')]
        return [found for one in lines if (found := json.loads(one))["what"] == what]


@contextmanager
def program(log: Path, store: Path, *words: str) -> Iterator[Program]:
    running = Program(log, store, *words)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        print(log.read_text())  # noqa: T201 - shown when the test fails


async def test_a_program_that_is_killed_goes_on_as_a_new_process(
    tmp_path: Path, store: Path
) -> None:
    at = SimpleNamespace(url="")
    async with a_peer(at) as peer:
        with program(tmp_path / "1.log", store, "add") as first:
            at.url = (await until(lambda: first.said("listening")))[0]["url"]
            await peer.register()
            (request,) = await peer.offer("main")
            shot = await until(lambda: _some(peer))
            first.process.send_signal(signal.SIGKILL)
            first.process.wait()
        with program(tmp_path / "2.log", store) as second:
            at.url = (await until(lambda: second.said("listening")))[0]["url"]
            await peer.answer(shot)
            (answer,) = await until(lambda: second.said("answer"))
            assert (answer["event_id"], answer["opt_type"]) == ("e1", "optIn")
            await peer.report([2.5], request=request)
            (readings,) = await until(lambda: second.said("readings"))
            assert readings["values"] == [2.5]
            assert second.said("registration") == second.said("offer") == []


async def _some(peer: Any) -> m.DistributeEvent | None:
    shot = await events_of(peer)
    return shot if shot.events else None
