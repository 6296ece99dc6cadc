"""Each code block of the server page of OpenLEADR 0.5.34 runs on our VTN."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from oadr import messages as m
from tests.generations.database import SqlDatabase
from tests.generations.pages import runs
from tests.generations.stage import (
    Printed,
    a_peer,
    a_ven,
    let_in,
    load,
    serving,
    soon,
    stock_ven,
    until,
)
from vtn import VTN

MINUTE = timedelta(minutes=1)


# ------------------------------------------------------------ the one-minute example


@runs("current/one_minute")
async def test_the_one_minute_example_serves_openleadrs_own_ven(
    tmp_path: Path, printed: Printed
) -> None:
    program = load("current/one_minute")
    server = program.server
    try:
        await until(lambda: server.port)
        with stock_ven(tmp_path, server, meters={"kitchen": 42.5}) as ven:
            (registered,) = await until(lambda: ven.said("registered"))
            assert registered["ven_id"] == "ven_id_123"
            assert registered["registration_id"] == "reg_id_123"
            (event,) = await until(lambda: ven.said("event"))
            event_id = event["event"]["event_descriptor"]["event_id"]
            (line,) = await until(lambda: printed.lines("responded to Event"))
            assert line == f"VEN ven_id_123 responded to Event {event_id} with: optIn"
            (line, *_) = await until(lambda: printed.lines("Ven ven_id_123 reported"))
            assert line.startswith("Ven ven_id_123 reported RealPower = 42.5 at time 20")
            assert line.endswith(" for resource kitchen")
    finally:
        await server.stop()


@runs("current/one_minute")
async def test_the_one_minute_example_serves_our_own_ven(printed: Printed) -> None:
    program = load("current/one_minute")
    server = program.server
    try:
        await until(lambda: server.port)
        async with a_ven(server, metered=True):
            (line,) = await until(lambda: printed.lines("responded to Event"))
            assert line.startswith("VEN ven_id_123 responded to Event ")
            assert line.endswith(" with: optIn")
            (line, *_) = await until(lambda: printed.lines("Ven ven_id_123 reported"))
            assert " = 42.5 at time 20" in line
            assert line.endswith(" for resource kitchen")
    finally:
        await server.stop()


#: What the page does after its last line but one: there is no loop that runs before.
RUN_FOREVER = """
import asyncio, runpy, sys

asyncio.set_event_loop(asyncio.new_event_loop())
runpy.run_path(sys.argv[1])
asyncio.get_event_loop().run_forever()
"""


@contextmanager
def forever(program: str, log: Path) -> Iterator[Callable[..., list[str]]]:
    """Runs a program as a process; gives what finds the lines of its output by parts."""
    file = Path(__file__).parent / f"{program}.py"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", RUN_FOREVER, str(file)],
            stdout=out,
            stderr=out,
            cwd=Path(__file__).parents[2],
        )

    def lines(*parts: str) -> list[str]:
        return [one for one in log.read_text().splitlines() if all(part in one for part in parts)]

    try:
        yield lines
    finally:
        process.kill()
        process.wait()
        print(log.read_text())  # noqa: T201 - shown when the test fails


@runs("current/one_minute")
async def test_the_one_minute_example_is_a_program_that_runs_forever(tmp_path: Path) -> None:
    with forever("current/one_minute", tmp_path / "server.log") as lines:
        (running,) = await until(lambda: lines("Your VTN Server is now running at"))
        server = SimpleNamespace(url=running.rpartition(" ")[2])
        with stock_ven(tmp_path, server, meters={"kitchen": 42.5}) as ven:
            (registered,) = await until(lambda: ven.said("registered"))
            assert registered["ven_id"] == "ven_id_123"
            (line,) = await until(lambda: lines("VEN ven_id_123 responded to Event"))
            assert line.endswith(" with: optIn")
            assert await until(lambda: lines("Ven ven_id_123 reported RealPower = 42.5"))


@runs("current/one_minute")
async def test_the_one_minute_example_refuses_a_ven_of_another_name() -> None:
    program = load("current/one_minute")
    server = program.server
    try:
        await until(lambda: server.port)
        async with a_peer(server, "ven999") as peer:
            refused = await peer.register()
            assert refused.code == 463
            assert refused.ven_id is None
    finally:
        await server.stop()


# ------------------------------------------------------------ registration


@runs("current/registration")
async def test_a_registration_is_looked_up_in_a_database_and_stored_there() -> None:
    database = SqlDatabase({"ven_name": "ven123"}, {"ven_name": "ven456"})
    program = load("current/registration", database=database)
    server = VTN(vtn_id="myvtn", http_port=0)
    server.add_handler("on_create_party_registration", program.on_create_party_registration)
    async with serving(server), a_peer(server) as peer, a_peer(server, "ven999") as stranger:
        registered = await peer.register()
        assert registered.code == 200
        assert (await stranger.register()).code == 463
        assert database.rows() == [
            ("ven123", registered.ven_id, registered.registration_id),
            ("ven456", None, None),
        ]
    database.close()


# ------------------------------------------------------------ handlers


@runs("current/on_register_report")
async def test_a_report_is_requested_with_callback_and_interval_or_left_out() -> None:
    received: list[Any] = []
    program = load(
        "current/on_register_report",
        callback=received.append,
        requested_sampling_interval=2 * MINUTE,
        wanted=("RealEnergy",),
    )
    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    server.add_handler("on_register_report", program.on_register_report)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        assert await peer.offer(measurement="powerReal", specifier_id="power") == ()
        (request,) = await peer.offer("main", "garage")
        assert request.granularity == request.report_back_duration == 2 * MINUTE
        assert [point.r_id for point in request.data_points] == ["main", "garage"]
        start = datetime(2030, 1, 1, 12, tzinfo=UTC)
        assert await peer.report([1.5, 2.5], start=start, every=2 * MINUTE) == 200
        assert received == [[(start, 1.5), (start + 2 * MINUTE, 2.5)]]


@runs("current/on_create_party_registration")
async def test_a_registration_is_accepted_with_a_tuple_and_refused_with_none() -> None:
    vens = {"ven123": (True, "ven_id_1", "reg_id_1")}
    program = load("current/on_create_party_registration", vens=vens)
    server = VTN(vtn_id="myvtn", http_port=0)
    server.add_handler("on_create_party_registration", program.on_create_party_registration)
    async with serving(server), a_peer(server) as peer, a_peer(server, "ven999") as stranger:
        registered = await peer.register()
        assert (registered.ven_id, registered.registration_id) == ("ven_id_1", "reg_id_1")
        assert (await stranger.register()).code == 463


@runs("current/on_poll", "current/on_created_event")
async def test_an_application_with_a_queue_of_its_own_hears_the_answers(printed: Printed) -> None:
    event = {
        "event_descriptor": {
            "event_id": "e1",
            "modification_number": 0,
            "market_context": "http://context",
            "event_status": "far",
        },
        "active_period": {"dtstart": soon()["intervals"][0]["dtstart"], "duration": 10 * MINUTE},
        "event_signals": [{**soon(), "signal_id": "s1"}],
        "targets": [{"ven_id": "ven123"}],
        "response_required": "always",
    }
    payload = {"events": [event]}
    polling = load("current/on_poll", messages=[("oadrDistributeEvent", payload)])
    answering = load("current/on_created_event")
    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    server.add_handler("on_poll", polling.on_poll)
    server.add_handler("on_created_event", answering.on_created_event)
    async with serving(server), a_ven(server) as ven:
        await until(lambda: ven.events)
        assert ven.events[0].event_id == "e1"
        # The page forgets the f of its f-string, and that runs.
        assert await until(lambda: printed.lines("Ven {ven_id} returned {opt_status} for event"))


# ------------------------------------------------------------ what the page says beside


async def test_a_cancelled_registration_is_told_and_erased() -> None:
    told: list[Any] = []
    server = VTN(vtn_id="myvtn", http_port=0)
    let_in(server)
    server.add_handler("on_cancel_party_registration", told.append)
    async with serving(server), a_peer(server) as peer:
        await peer.register()
        reply = await peer.post(
            m.CancelPartyRegistration(
                request_id="c", registration_id=peer.registration_id, ven_id=peer.ven_id
            )
        )
        assert isinstance(reply, m.CanceledPartyRegistration)
        assert await until(lambda: told)
        reply = await peer.poll()
        assert isinstance(reply, m.RequestReregistration) or reply.response.code == 463
