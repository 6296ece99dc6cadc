"""The client as a program sees it."""

import asyncio
import subprocess
import sys
import textwrap
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from openleadr.client import OpenADRClient

from certs.authority import Authority
from certs.tls import KeyPair, TLSFiles, server_context
from oadr.codec import decode, encode
from oadr.enums import ServiceName
from oadr.messages import (
    CreatedEvent,
    Message,
    Poll,
    RegisterReport,
    ReportPayload,
    UpdateReport,
)
from runtime.clock import FakeClock, SystemClock
from runtime.settings import ConfigError
from tests.ven.scripted import NOW, ScriptedVTN, World, event, request
from tests.ven.test_transport import Server, serve
from ven import VEN, Client
from ven.backoff import BackOff
from ven.errors import Unreachable, VenError
from ven.options import Options
from ven.status import Status

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


async def test_a_program_of_a_few_lines_registers_measures_and_decides(world: World) -> None:
    ven = world.ven()
    seen: list[tuple[str, int | float]] = []

    @ven.meter("main-meter", measurement="energyReal", unit="kWh", every="10s")
    async def main_meter() -> float:
        return 0.25

    @ven.on_event
    async def decide(event: Any, ctx: Any) -> str:
        return "optIn"

    @ven.on_interval
    async def act(event: Any, interval: Any, ctx: Any) -> None:
        seen.append((event.event_id, interval.level))

    world.vtn.requests = [request("rr-1", "main-meter", back=60)]
    world.vtn.events = [event(start=NOW + MINUTE, levels=((2, 1),))]
    await world.start(ven)
    await world.pass_time(3 * MINUTE)
    assert seen == [("e1", 2), ("e1", 0)]
    values = [
        payload.value
        for message in world.vtn.got(UpdateReport)
        for report in message.reports
        for interval in report.intervals
        for payload in interval.payloads
        if isinstance(payload, ReportPayload)
    ]
    assert values == [Decimal(1500), Decimal(1500), Decimal(1500)]


async def test_a_register_that_only_goes_up_is_reported_as_what_it_counted(world: World) -> None:
    ven = world.ven()
    count = iter(range(1000, 9000, 5))
    ven.meter("main", unit="Wh", every="10s", cumulative=True)(lambda: next(count))
    world.vtn.requests = [request("rr-1", back=60)]
    await world.start(ven)
    await world.pass_time(2 * MINUTE)
    (payload,) = world.vtn.got(UpdateReport)[-1].reports[0].intervals[0].payloads
    assert isinstance(payload, ReportPayload)
    assert payload.value == Decimal(30)


def test_a_unit_that_does_not_fit_its_measurement_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="does not fit energyReal"):
        world.ven().meter("main", measurement="energyReal", unit="kW")(lambda: 1)


async def test_a_meter_that_cannot_be_offered_is_an_error_at_the_start(world: World) -> None:
    ven = world.ven()
    ven.meter("main", measurement="warmth")(lambda: 1)
    with pytest.raises(ValueError, match="'warmth' is not known"):
        await ven.start()


async def test_a_start_that_fails_or_is_cancelled_leaves_the_state_to_the_next(
    world: World,
) -> None:
    failing = world.ven()
    failing.meter("main", measurement="warmth")(lambda: 1)
    with pytest.raises(ValueError, match="'warmth' is not known"):
        await failing.start()
    for steps in range(0, 100, 3):
        ven = world.ven()
        starting = asyncio.create_task(ven.start())
        for _ in range(steps):
            await asyncio.sleep(0)
        starting.cancel()
        (cancelled,) = await asyncio.gather(starting, return_exceptions=True)
        if cancelled is None:
            await ven.stop()
        following = await world.start(world.ven())
        await following.stop()


async def test_run_ends_when_it_is_stopped_and_keeps_what_waits(world: World) -> None:
    ven = world.ven()
    running = await world.run(ven)
    assert world.vtn.got(Poll)
    await ven.stop()
    await running
    status = await ven.status()
    assert (status.running, status.registration is not None) == (False, True)


async def test_a_run_that_is_cancelled_stops_as_well(world: World) -> None:
    ven = world.ven()
    running = await world.run(ven)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    polls = len(world.vtn.got(Poll))
    await world.pass_time(MINUTE)
    assert len(world.vtn.got(Poll)) == polls


async def test_a_handler_may_stop_the_client(world: World) -> None:
    ven = world.ven()

    @ven.on_event
    async def decide(event: Any, ctx: Any) -> str:
        await ven.stop()
        return "optOut"

    running = await world.run(ven)
    world.vtn.distribute(event())
    await world.clock.advance(10 * SECOND)
    await asyncio.wait_for(running, 5)
    assert [one.opt_type for one in world.vtn.got(CreatedEvent)[0].responses] == ["optOut"]


async def test_after_an_outage_the_events_are_synchronised(world: World) -> None:
    ven = await world.start(world.ven())
    world.vtn.down = Unreachable("gone")
    await world.pass_time(MINUTE)
    world.vtn.down = None
    world.vtn.events = [event()]
    await world.pass_time(5 * MINUTE)
    assert [held.event_id for held in ven.events] == ["e1"]


async def test_a_client_can_be_started_again_after_it_was_stopped(world: World) -> None:
    ven = await world.start(world.ven())
    await ven.stop()
    polls = len(world.vtn.got(Poll))
    await world.start(ven)
    assert len(world.vtn.got(Poll)) == polls + 1


async def test_the_status_can_be_read_beside_a_ven_that_runs_in_another_process(
    world: World,
) -> None:
    world.vtn.events = [event(start_after=timedelta(minutes=9))]
    await world.start(world.ven())
    other = Client("school-7", "http://vtn", state=world.state, clock=world.clock)
    status = await other.status()
    await other.stop()
    assert isinstance(status, Status)
    assert status.registration is not None
    assert status.registration.ven_id == "ven-1"
    (line,) = status.events
    assert (line.event_id, line.opt, line.signals) == ("e1", "optIn", ("SIMPLE",))
    assert status.running is False


async def test_polls_come_at_the_interval_that_the_vtn_asks_for(world: World) -> None:
    world.vtn.poll_freq = timedelta(milliseconds=30_000)
    await world.start(world.ven())
    await world.pass_time(5 * MINUTE, SECOND)
    assert len(world.vtn.got(Poll)) == 11


async def test_polls_never_come_earlier_than_asked_and_later_by_the_jitter_only(
    world: World,
) -> None:
    await world.start(world.ven(poll_jitter=0.5))
    await world.pass_time(10 * MINUTE, SECOND)
    assert 41 <= len(world.vtn.got(Poll)) <= 58


async def test_the_configuration_counts_more_than_the_vtn(world: World) -> None:
    await world.start(world.ven(poll_interval=timedelta(minutes=2)))
    await world.pass_time(10 * MINUTE)
    assert len(world.vtn.got(Poll)) == 6


async def test_one_step_at_a_time_works_without_running(world: World) -> None:
    ven = world.ven()
    registration = await ven.create_party_registration()
    assert registration.ven_id == "ven-1"
    await ven.register_reports()
    await ven.sync_events()
    world.vtn.distribute(event())
    message = await ven.poll()
    assert message is not None
    assert [held.event_id for held in ven.events] == ["e1"]
    assert world.vtn.got(CreatedEvent)
    await ven.created_event("ignored", "e1", "optOut")
    assert world.vtn.got(CreatedEvent)[-1].responses[0].opt_type == "optOut"
    await ven.cancel_party_registration()
    assert ven.registration is None


async def test_several_clients_in_one_process_do_not_meet(tmp_path: Path) -> None:
    clock = FakeClock(moment=NOW)
    worlds = [ScriptedVTN(ven_id=name) for name in ("a", "b")]
    clients = [
        Client(vtn.ven_id, "http://x", exchange=vtn, clock=clock, random=Random(1))
        for vtn in worlds
    ]
    for client in clients:
        await client.start()
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert [client.registration and client.registration.ven_id for client in clients] == ["a", "b"]
    for client in clients:
        await client.stop()


def test_a_ven_is_an_openadr_client_by_its_type_with_its_constructor() -> None:
    ven = VEN("school-7", "http://vtn.example/OpenADR2/Simple/2.0b", ven_id="v", allow_jitter=False)
    assert ven.ven_name == "school-7"
    assert all(isinstance(ven, one) for one in (Client, OpenADRClient))


async def test_openleadrs_add_report_makes_a_meter(tmp_path: Path) -> None:
    vtn = ScriptedVTN()
    ven = VEN("school-7", "http://vtn", exchange=vtn, clock=FakeClock(moment=NOW))
    ven.add_report(
        callback=lambda: 3,
        resource_id="hall",
        measurement="powerReal",
        sampling_rate=timedelta(seconds=5),
    )
    await ven.create_party_registration()
    await ven.register_reports()
    (metadata,) = vtn.got(RegisterReport)
    (telemetry,) = [
        one for one in metadata.reports if one.report_name == "METADATA_TELEMETRY_USAGE"
    ]
    assert telemetry.descriptions[0].r_id == "hall"
    await ven.stop()


def test_the_package_loads_openleadr_only_for_those_who_want_it() -> None:
    script = "import sys, ven.client; print([m for m in %r if m in sys.modules])"
    heavy = ("openleadr", "pydantic", "cryptography", "signxml", "sqlalchemy", "rich", "click")
    found = subprocess.run(
        [sys.executable, "-c", script % (heavy,)], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    import ven

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ven.nothing


async def test_a_program_can_look_at_the_traffic_and_its_faults_do_no_harm() -> None:
    vtn, server = ScriptedVTN(), Server()
    runner = await serve(server)

    async def answer(request: Any) -> Any:
        from aiohttp import web

        service = ServiceName(request.path.rpartition("/")[2])
        reply = await vtn(service, decode(server.seen[-1][1]))
        assert reply is not None
        return web.Response(body=encode(reply), content_type="application/xml")

    server.answer = answer
    ven = Client("school-7", f"http://127.0.0.1:{server.port}")
    seen: list[object] = []

    async def look(what: object) -> None:
        seen.append(what)
        raise RuntimeError("no")

    ven.add_hook("after_parse_xml", look)
    ven.add_hook("before_send_xml", seen.append)
    with pytest.raises(ValueError, match="no hook 'later'"):
        ven.add_hook("later", look)
    await ven.create_party_registration()
    assert [type(what).__name__ for what in seen] == ["bytes", "CreatedPartyRegistration"]
    await ven.stop()
    await runner.cleanup()


def test_from_config_makes_the_ven_that_the_file_describes(tmp_path: Path) -> None:
    (tmp_path / "load.csv").write_text("time,value\n2026-01-01T00:00:00Z,5\n")
    path = tmp_path / "ven.toml"
    path.write_text(
        textwrap.dedent("""
            ven_name = "school-7"
            ven_id = "v-1"
            vtn_url = "http://vtn.example"
            [poll]
            interval = "30s"
            [policy]
            default = "optOut"
            [[meters]]
            name = "cpu"
            type = "cpu"
            [[loads]]
            name = "log"
            type = "log"
        """)
    )
    ven = Client.from_config(path)
    options = ven._machine.core.options
    assert (options.ven_name, options.ven_id, options.default_opt) == ("school-7", "v-1", "optOut")
    assert options.poll_interval == timedelta(seconds=30)
    assert [meter.spec.name for meter in ven._machine.metering.meters] == ["cpu"]
    assert ven._machine.core.state.database.path == str(tmp_path / "ven.db")
    assert isinstance(VEN.from_config(path), VEN)
    path.write_text('ven_name = "x"\nvtn_url = "http://v"\ncolour = "blue"\n')
    with pytest.raises(ConfigError, match=r"ven\.toml: colour: this key is not known"):
        Client.from_config(path)


def test_back_off_doubles_with_jitter_up_to_its_cap_and_starts_over() -> None:
    backoff = BackOff(random=Random(7), cap=timedelta(seconds=20))
    waits = [backoff.failed().total_seconds() for _ in range(8)]
    for wait, expected in zip(waits, (1, 2, 4, 8, 16, 20, 20, 20), strict=True):
        assert expected * 0.9 <= wait <= expected * 1.1
    assert len(set(waits[5:])) == 3
    backoff.succeeded()
    assert backoff.failed().total_seconds() < 1.2
    backoff.failures = 10**6
    assert backoff.failed().total_seconds() < 23


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ven_name": ""}, "ven_name is empty"),
        ({"poll_jitter": 2.0}, "expected 0 to 1"),
        ({"poll_interval": timedelta(0)}, "more than 0"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Options(**{"ven_name": "x", **options})


def test_every_error_says_what_happened() -> None:
    def walk(cls: type[VenError]) -> list[type[VenError]]:
        return [cls, *(deep for sub in cls.__subclasses__() for deep in walk(sub))]

    assert {cls.__name__ for cls in walk(VenError)} == {
        "VenError",
        "TransportError",
        "Unreachable",
        "Rejected",
        "BadReply",
        "WrongPeer",
        "Refused",
        "Unregistered",
        "NotPolling",
        "PreProvisioned",
        "StateError",
    }


_IDLE = """
import asyncio, sys
from ven.client import Client

async def main():
    url, state, cert, key, ca = sys.argv[1:]
    ven = Client("school-7", url, state=state, cert=cert, key=key, ca_file=ca)
    ven.meter("main", unit="Wh", every="1s")(lambda: 1)
    await ven.start()
    while not (await ven.status()).events:
        await asyncio.sleep(0.05)
    for line in open("/proc/self/status"):
        if line.startswith("VmRSS"):
            print(line.split()[1])
    await ven.stop()

asyncio.run(main())
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
async def test_a_process_that_is_registered_over_mutual_tls_takes_less_than_60_mb(
    tmp_path: Path,
) -> None:
    authority = Authority.create(tmp_path / "ca", "Test programme")
    authority.issue_vtn(("127.0.0.1",)).save(tmp_path / "vtn.crt", tmp_path / "vtn.key")
    authority.issue_ven("school-7").save(tmp_path / "ven.crt", tmp_path / "ven.key")
    pair = KeyPair(certificate=tmp_path / "vtn.crt", key=tmp_path / "vtn.key")
    vtn, server = ScriptedVTN(), Server()
    vtn.events = [event(start=SystemClock().now() + timedelta(hours=1))]
    files = TLSFiles(ca=tmp_path / "ca" / "ca.crt", pairs=(pair,))
    runner = await serve(server, server_context(files))

    async def answer(request: Any) -> Any:
        from aiohttp import web

        service = ServiceName(request.path.rpartition("/")[2])
        reply: Message | None = await vtn(service, decode(server.seen[-1][1]))
        assert reply is not None
        return web.Response(body=encode(reply), content_type="application/xml")

    server.answer = answer
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _IDLE,
        f"https://127.0.0.1:{server.port}",
        str(tmp_path / "state.db"),
        *(str(tmp_path / name) for name in ("ven.crt", "ven.key")),
        str(tmp_path / "ca" / "ca.crt"),
        stdout=subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    await runner.cleanup()
    assert int(out) < 57_000, f"{int(out)} kB"
