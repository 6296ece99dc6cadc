"""Rows of the memory of a VEN that is registered and has nothing to do but poll."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks import cores
from benchmarks.child import Child, started
from benchmarks.keys import Keys
from benchmarks.kit_vtn import configure
from benchmarks.plan import Plan
from benchmarks.results import Row, Sample
from certs import KeyType

#: Processes of each kind; memory differs little from one to the next.
_PROCESSES = 3


async def plain(plan: Plan) -> Row:
    """A VEN on plain HTTP."""
    return await _row(plan, "ven-memory", "VEN idle, plain HTTP, resident", None)


async def tls(plan: Plan) -> Row:
    """A VEN on mutual TLS."""
    keys = Keys.make(plan.folder / "memory", KeyType.EC, vens=2)
    return await _row(plan, "ven-memory-tls", "VEN idle, mutual TLS, resident", keys)


async def _row(plan: Plan, name: str, title: str, keys: Keys | None) -> Row:
    config = configure(plan.folder / name, keys, poll="1s", policy="accepted")
    theirs: list[dict[str, float]] = []
    ours: list[dict[str, float]] = []
    async with started("kit_vtn", config=str(config)) as (vtn, ready):
        scheme = "https" if keys else "http"
        url = f"{scheme}://127.0.0.1:{ready['port']}/OpenADR2/Simple/2.0b"
        for _ in range(min(plan.rounds, _PROCESSES)):
            async with _openleadr(url, keys) as pid:
                theirs.append(await _idle(plan, pid))
            async with _kit(plan.folder / f"{name}-ven", url, keys, vtn) as pid:
                ours.append(await _idle(plan, pid))
    return Row(
        name=name,
        title=title,
        unit="MB",
        better="less",
        openleadr=_sample(theirs),
        kit=_sample(ours),
        most=60,
    )


async def _idle(plan: Plan, pid: int) -> dict[str, float]:
    await asyncio.sleep(plan.settle)
    return cores.memory(pid)


def _sample(found: list[dict[str, float]]) -> Sample:
    pss = sorted(one["pss"] for one in found)[len(found) // 2]
    return Sample(rounds=tuple(one["rss"] for one in found), extra={"pss_mb": pss})


@asynccontextmanager
async def _openleadr(url: str, keys: Keys | None) -> AsyncIterator[int]:
    options = _files(keys, 0) if keys else None
    async with started("openleadr_ven", url=url, name="theirs", keys=options) as (child, _):
        yield child.pid


@asynccontextmanager
async def _kit(folder: Path, url: str, keys: Keys | None, vtn: Child) -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("ven")),
        "run",
        "-c",
        str(_configure(folder, url, keys)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(60):
            while "ours" not in await vtn.call(what="online"):
                if process.returncode is not None:
                    raise RuntimeError(f"ven run has ended with {process.returncode}")
                await asyncio.sleep(0.1)
        yield process.pid
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _configure(folder: Path, url: str, keys: Keys | None) -> Path:
    """Writes what ``ven init`` writes, and returns the file."""
    folder.mkdir(exist_ok=True)
    lines = ['ven_name = "ours"', f'vtn_url = "{url}"']
    if keys:
        lines += ["[tls]", *(f'{name} = "{file}"' for name, file in _files(keys, 1).items())]
    lines += [
        "[[meters]]",
        'name = "this-computer"',
        'type = "cpu"',
        "watts_idle = 10",
        "watts_full = 65",
        'every = "10s"',
        "[[loads]]",
        'name = "log"',
        'type = "log"',
    ]
    path = folder / "ven.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _files(keys: Keys, ven: int) -> dict[str, str]:
    pair = keys.vens[ven]
    return {"certificate": str(pair.certificate), "key": str(pair.key), "ca": str(keys.ca)}
