"""Rows of starting an OpenLEADR application: as it is, and with its one import changed.

The applications are texts of which nothing differs but that line. Time counts from the
start of the process until the application says that it is up, as the median of several;
memory is what the process holds then, or when it has come to rest.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import cores
from benchmarks.child import ROOT, started
from benchmarks.kit_vtn import configure
from benchmarks.plan import Plan
from benchmarks.results import Row, Sample

#: The demand: at most 20 % more than openleadr takes.
_FACTOR = 1 / 1.2

_VTN = """
import asyncio, sys
{line}

async def on_create_party_registration(registration_info):
    return "ven-1", "registration-1"

async def main():
    server = OpenADRServer(vtn_id="myvtn", http_port=int(sys.argv[1]))
    server.add_handler("on_create_party_registration", on_create_party_registration)
    await server.run()
    print("READY", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""

_VEN = """
import asyncio, sys
from datetime import timedelta
{line}

async def on_event(event):
    return "optIn"

async def power():
    return 12.5

async def main():
    client = OpenADRClient(ven_name=sys.argv[2], vtn_url=sys.argv[1])
    client.add_handler("on_event", on_event)
    client.add_report(power, resource_id="meter", measurement="power_real", unit="W",
                      sampling_rate=timedelta(seconds=10), report_duration=timedelta(hours=1))
    await client.run()
    print("READY", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Application:
    """An application in its two forms.

    Attributes:
        text: with a place for the import.
        theirs: the import that it was written with.
        ours: the one in its place.
    """

    text: str
    theirs: str
    ours: str


_SERVER = _Application(
    text=_VTN,
    theirs="from openleadr import OpenADRServer",
    ours="from vtn import VTN as OpenADRServer",
)
_CLIENT = _Application(
    text=_VEN,
    theirs="from openleadr import OpenADRClient",
    ours="from ven import VEN as OpenADRClient",
)


async def vtn_start(plan: Plan) -> Row:
    """How long a VTN takes until it listens."""
    theirs, ours = await _both(plan, _SERVER, "start", _until_ready)
    return _row("drop-in-vtn-start", "VTN as drop-in, until it listens", "s", theirs, ours)


async def vtn_memory(plan: Plan) -> Row:
    """What a VTN holds when it listens."""
    theirs, ours = await _both(plan, _SERVER, "memory", _at_start)
    return _row("drop-in-vtn-memory", "the same, resident", "MB", theirs, ours)


async def vtn_at_rest(plan: Plan) -> Row:
    """What a VTN holds when its database is open, which it does after it listens."""
    theirs, ours = await _both(plan, _SERVER, "rest", _at_rest)
    row = _row("drop-in-vtn-rest", "the same, its database open", "MB", theirs, ours)
    return replace(row, factor=None)


async def ven_start(plan: Plan) -> Row:
    """How long a VEN takes until it is registered and its reports are."""
    theirs, ours = await _both(plan, _CLIENT, "start", _until_ready)
    return _row("drop-in-ven-start", "VEN as drop-in, until registered", "s", theirs, ours)


async def ven_memory(plan: Plan) -> Row:
    """What a VEN holds when it is registered."""
    theirs, ours = await _both(plan, _CLIENT, "memory", _at_rest)
    return _row("drop-in-ven-memory", "the same, resident", "MB", theirs, ours)


Measure = Callable[[Plan, Path, tuple[str, ...]], Awaitable[float]]


async def _both(
    plan: Plan, application: _Application, what: str, measure: Measure
) -> tuple[list[float], list[float]]:
    """Returns what the rounds give, of the two in turns; the first round warms the disk."""
    theirs = _written(plan.folder / f"theirs-{what}.py", application, application.theirs)
    ours = _written(plan.folder / f"ours-{what}.py", application, application.ours)
    found: tuple[list[float], list[float]] = [], []
    party = "vtn" if application is _SERVER else "ven"
    config = str(configure(plan.folder / f"drop-in-{party}-{what}", poll="1s"))
    async with started("kit_vtn", config=config) as (_, ready):
        url = f"http://127.0.0.1:{ready['port']}/OpenADR2/Simple/2.0b"
        for number in range(plan.rounds + 1):
            for values, file in zip(found, (theirs, ours), strict=True):
                given = ("0",) if application is _SERVER else (url, f"{file.stem}-{number}")
                value = await measure(plan, file, given)
                if number:
                    values.append(value)
    return found


async def _until_ready(plan: Plan, file: Path, given: tuple[str, ...]) -> float:
    begin = time.perf_counter()
    async with _running(file, given):
        return time.perf_counter() - begin


async def _at_start(plan: Plan, file: Path, given: tuple[str, ...]) -> float:
    async with _running(file, given) as pid:
        return cores.memory(pid)["rss"]


async def _at_rest(plan: Plan, file: Path, given: tuple[str, ...]) -> float:
    async with _running(file, given) as pid:
        await asyncio.sleep(plan.settle / 2)
        return cores.memory(pid)["rss"]


@asynccontextmanager
async def _running(file: Path, given: tuple[str, ...]) -> AsyncIterator[int]:
    """Gives the number of a process once its application is up."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "ignore",
        str(file),
        *given,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: cores.pin(cores.server_core()),
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            while (line := await process.stdout.readline()) != b"READY\n":
                if not line:
                    raise RuntimeError(f"{file.name} has ended; run it by hand to see why")
        yield process.pid
    finally:
        process.kill()
        await process.wait()


def _written(file: Path, application: _Application, line: str) -> Path:
    file.write_text(application.text.format(line=line), encoding="utf-8")
    return file


def _row(name: str, title: str, unit: str, theirs: list[float], ours: list[float]) -> Row:
    return Row(
        name=name,
        title=title,
        unit=unit,
        better="less",
        openleadr=Sample(rounds=tuple(theirs)),
        kit=Sample(rounds=tuple(ours)),
        factor=round(_FACTOR, 3),
    )
