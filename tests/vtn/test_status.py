"""``vtn.status``: what deserves attention, and what to do about it."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from oadr import codec
from oadr import messages as m
from oadr.report import build_metadata
from tests.vtn.kit import usage
from tests.vtn.kit_explain import QUIET, SCHOOLS, a_school, enrolled, secure
from vtn import pulse, upkeep
from vtn.pulse import Pulse, read_pulse
from vtn.status import Matter, State, matters, read_state
from vtn.status.disk import Disk, in_bytes
from vtn.store import Store
from vtn.testing import JoinedWorld, fingerprint_of, joined, running

REAL = datetime(2026, 1, 1, tzinfo=UTC)
ALIVE = Pulse(pid=os.getpid(), host="elsewhere", at=REAL)
ROOM = Disk(size=1_000_000, log=0, free=10**12)


async def state_of(world: JoinedWorld) -> State:
    """How the VTN stands, on a machine where nothing is wrong."""
    await upkeep.flush(world.desk)
    settings, now = world.server.settings, world.clock.now()
    found = await read_state(settings, world.store, now=now, real=REAL)
    return replace(found, pulse=ALIVE, disk=ROOM)


async def attention(world: JoinedWorld) -> list[Matter]:
    return matters(await state_of(world))


async def test_nothing_deserves_attention_where_all_is_well() -> None:
    async with a_school() as (world, peer):
        assert await attention(world) == []
        await world.send_event(to=SCHOOLS, event_id="e-1")
        await peer.answer(await peer.poll())
        assert await attention(world) == []


async def test_a_ven_that_is_gone_is_named_with_since_when() -> None:
    async with a_school() as (world, _):
        await world.pass_time(hours=1)
        (found,) = await attention(world)
        assert found.words == "1 of 1 VEN is offline: school-9 since 00:00:00 UTC"
        assert found.todo == "vtn explain --ven school-9"


async def test_of_many_vens_that_are_gone_a_few_are_named() -> None:
    async with joined(QUIET) as world:
        for n in range(6):
            peer = await enrolled(world, f"mill-{n}")
            await peer.join()
        await world.pass_time(hours=1)
        (found,) = await attention(world)
        assert found.words.startswith("6 of 6 VENs are offline: ")
        assert found.words.endswith(" and 3 more")


async def test_a_ven_that_is_locked_out_is_not_blamed_for_what_it_does_not_get() -> None:
    async with a_school() as (world, _):
        await world.send_event(to=SCHOOLS, event_id="e-1")
        await world.operator.revoke("school-9", now=world.clock.now())
        await world.pass_time(minutes=1)
        assert matters(replace(await state_of(world), settings=secure(world))) == []


async def test_a_ven_that_never_registered_deserves_no_attention() -> None:
    async with a_school(join=False) as (world, _):
        assert await attention(world) == []


async def test_an_event_that_is_not_acknowledged_in_time_is_named_with_its_start() -> None:
    async with a_school() as (world, peer):
        await world.send_event(to=SCHOOLS, event_id="e-1")
        assert await attention(world) == []
        for _ in range(6):
            await world.pass_time(seconds=10)
            await peer.poll()
        (found,) = await attention(world)
        assert found.words == (
            "e-1 starts in 59 min (01:00:00 UTC), and 1 of 1 VEN has not acknowledged it: school-9"
        )
        assert found.todo == "vtn event show e-1"


async def test_an_event_that_wants_no_answer_is_not_waited_for() -> None:
    async with a_school() as (world, peer):
        await world.send_event(to=SCHOOLS, event_id="e-1", response_required="never")
        for _ in range(6):
            await world.pass_time(seconds=10)
            await peer.poll()
        assert await attention(world) == []


async def test_push_that_fails_is_named_with_the_reason() -> None:
    async with a_school(push=True) as (world, peer):
        peer.ear.answer_next(*[503] * 20)
        await world.send_event(to=SCHOOLS, event_id="e-1")
        await world.pass_time(seconds=10)
        found = {one.about: one for one in await attention(world)}
        assert found["push"].words.startswith("1 VEN out of reach: school-9; oadrDistributeEvent")
        assert "VENs" not in found


async def test_refusals_are_counted_by_rule_for_an_hour() -> None:
    async with a_school() as (world, peer):
        for _ in range(3):
            await peer.raw("EiEvent", b"<oadrNothing/>")
        (found,) = await attention(world)
        assert found.words == "in the last 1 h: schema 3 times (school-9)"
        assert found.todo == "vtn explain --ven school-9"
        for _ in range(61):
            await world.pass_time(minutes=1)
            await peer.poll()
        assert await attention(world) == []


async def test_who_asks_in_vain_is_told_and_is_no_refusal_of_a_ven() -> None:
    async with a_school() as (world, _):
        stranger = world.peer("bakery", fingerprint=fingerprint_of("bakery"))
        await stranger.raw("OadrPoll", codec.encode(m.Poll(ven_id="bakery")))
        (found,) = await attention(world)
        assert found.words.startswith("1 has asked in vain, last ")
        assert found.todo == "vtn ven pending"


async def test_reports_that_are_late_are_counted() -> None:
    request = [{"report": "TELEMETRY_USAGE", "every": "1m", "deliver": "5m"}]
    async with joined({"reports": {"request": request}}) as world:
        peer = world.ven
        await peer.register("school-9")
        await peer.settle()
        reports = build_metadata((usage(),), world.clock.now())
        reply = await peer.post(
            m.RegisterReport(request_id="md", ven_id=peer.ven_id, reports=reports)
        )
        await peer.take(reply.requests, "md")
        await peer.settle()
        for _ in range(15):
            await world.pass_time(minutes=1)
            await peer.poll()
        (found,) = await attention(world)
        assert found.words == "1 report is late, the first since 00:05:00 UTC: school-9"
        assert found.todo == "vtn report list"


@asynccontextmanager
async def quiet_state() -> AsyncIterator[State]:
    async with a_school() as (world, _):
        yield await state_of(world)


async def test_a_full_disk_and_a_long_log_are_told() -> None:
    async with quiet_state() as state:
        tight = replace(state, disk=Disk(size=2_000_000_000, log=0, free=90_000_000))
        (found,) = matters(tight)
        assert found.words == "90 MB are left on the disk of the database, which takes 2.0 GB"
        long = replace(state, disk=Disk(size=10, log=3 * 10**9, free=10**12))
        (found,) = matters(long)
        assert "write-ahead log has 3.0 GB" in found.words


@pytest.mark.parametrize(
    ("pulse_", "words"),
    [
        (None, "no VTN runs on this database"),
        (replace(ALIVE, pid=None), "the last one was stopped 0 s ago"),
        (replace(ALIVE, at=REAL - timedelta(hours=2)), "last sign of life 2 h ago"),
    ],
)
async def test_a_vtn_that_does_not_run_comes_first_and_its_vens_are_not_blamed(
    pulse_: Pulse | None, words: str
) -> None:
    async with a_school() as (world, _):
        await world.pass_time(hours=1)
        (found,) = matters(replace(await state_of(world), pulse=pulse_))
        assert (found.about, found.todo) == ("VTN", "vtn run")
        assert words in found.words


async def test_a_vtn_that_cannot_write_is_not_taken_for_one_that_is_gone() -> None:
    async with a_school() as (world, _):
        silent = replace(ALIVE, host=socket.gethostname(), at=REAL - timedelta(minutes=2))
        (found,) = matters(replace(await state_of(world), pulse=silent))
        assert found.words == (
            "the VTN has given no sign of life for 2 min, and there is a process of its number, "
            f"{os.getpid()}"
        )
        assert found.todo.startswith("look into its log")


async def test_a_vtn_says_that_it_runs_and_that_it_has_ended() -> None:
    async with running() as world:
        found = read_pulse(world.store.path)
        assert found is not None
        assert found.pid == os.getpid()
        assert found.runs(datetime.now(UTC))
        assert not found.runs(datetime.now(UTC) + timedelta(minutes=1))
        path = world.store.path
        await world.server.stop()
        ended = read_pulse(path)
        assert ended is not None
        assert ended.pid is None
        assert not ended.runs(datetime.now(UTC))


async def test_a_process_that_is_gone_does_not_run_though_it_has_said_nothing(
    tmp_path: Path,
) -> None:
    store = await Store.open(tmp_path / "vtn.db")
    pulse.beat(store)
    found = read_pulse(store.path)
    await store.close()
    assert found is not None
    assert found.runs(found.at)
    assert not replace(found, pid=2**22 + 7).runs(found.at)
    assert replace(found, pid=2**22 + 7, host="elsewhere").runs(found.at)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"pid": "x", "host": 1, "at": "2026-01-01T00:00:00+00:00"}',
        '{"pid": 1, "host": "h", "at": "2026-01-01T00:00:00"}',
        "\u0000",
    ],
)
def test_a_damaged_sign_of_life_is_none(tmp_path: Path, text: str) -> None:
    pulse.pulse_path(tmp_path / "vtn.db").write_text(text)
    assert read_pulse(tmp_path / "vtn.db") is None


async def test_a_database_in_memory_leaves_no_sign() -> None:
    async with joined() as world:
        pulse.beat(world.store)
        assert read_pulse(world.store.path) is None


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (52_300, "52 kB"), (10**15, "1000.0 TB")],
)
def test_bytes_are_said_in_the_unit_that_fits(count: int, text: str) -> None:
    assert in_bytes(count) == text
