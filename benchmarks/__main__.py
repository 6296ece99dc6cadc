"""``python -m benchmarks``: the table, and with ``--json`` a file of all that was found."""

import asyncio
import json
import platform
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from benchmarks import cores, drop_in, hooks, information, memory, polls, reports, results, siege
from benchmarks.child import ROOT
from benchmarks.plan import Plan
from benchmarks.results import Row
from certs import KeyType

#: By name, in the order of the table.
ROWS: dict[str, Callable[[Plan], Awaitable[Row]]] = {
    "idle-poll": polls.idle,
    "fresh-poll": polls.fresh,
    "rsa-poll": polls.rsa,
    "p256-poll": polls.p256,
    "report": reports.parsed,
    "report-commit": reports.committed,
    "report-http": reports.over_http,
    "ven-memory": memory.plain,
    "ven-memory-tls": memory.tls,
    "siege-polls": siege.under("polls"),
    "siege-reports": siege.under("reports"),
    "hook": hooks.dispatched,
    "drop-in-vtn-start": drop_in.vtn_start,
    "drop-in-vtn-memory": drop_in.vtn_memory,
    "drop-in-vtn-rest": drop_in.vtn_at_rest,
    "drop-in-ven-start": drop_in.ven_start,
    "drop-in-ven-memory": drop_in.ven_memory,
    "poll-write": information.step("write", KeyType.EC, "poll-write"),
    "poll-read": information.step("read", KeyType.EC, "poll-read"),
    "rsa-sign": information.step("sign", KeyType.RSA, "rsa-sign"),
    "rsa-verify": information.step("verify", KeyType.RSA, "rsa-verify"),
    "p256-sign": information.step("sign", KeyType.EC, "p256-sign"),
    "p256-verify": information.step("verify", KeyType.EC, "p256-verify"),
    "vtn-start": information.start,
}


@click.command()
@click.option("--json", "file", type=click.Path(path_type=Path), help="Also write JSON to FILE.")
@click.option("--quick", is_flag=True, help="Fewer and shorter rounds, for a first look.")
@click.option("--only", type=click.Choice(list(ROWS)), multiple=True, help="Only this row.")
@click.option("--rounds", type=click.IntRange(min=1), help="Rounds of each row.")
def main(file: Path | None, quick: bool, only: tuple[str, ...], rounds: int | None) -> None:
    """Measures openleadr and this project side by side; exit status 1 if a demand is not met."""
    cores.pin(cores.load_core())
    console = Console(width=max(124, Console().width))
    # Not the system's temporary folder: that is often kept in memory, where fsync is free.
    (ROOT / "build").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / "build"))
    sizes: dict[str, Any] = (
        {"rounds": 3, "seconds": 0.3, "reports": 8, "settle": 3.0} if quick else {}
    )
    if rounds:
        sizes["rounds"] = rounds
    try:
        found = asyncio.run(_measure(Plan(folder=folder, **sizes), only or tuple(ROWS), console))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    results.show(found, console)
    if file is not None:
        file.write_text(json.dumps(_document(found), indent=2) + "\n", encoding="utf-8")
    if any(row.holds is False for row in found):
        raise SystemExit(1)


async def _measure(plan: Plan, names: tuple[str, ...], console: Console) -> list[Row]:
    found = []
    for name in names:
        with console.status(f"measuring {name}"):
            found.append(await ROWS[name](plan))
    return found


def _document(rows: list[Row]) -> dict[str, Any]:
    return {
        "machine": {
            "processor": cores.processor(),
            "system": f"{platform.system()} {platform.release()}",
            "python": platform.python_version(),
            "openleadr": version("openleadr"),
        },
        "rows": [row.as_json() for row in rows],
    }


if __name__ == "__main__":
    main()
