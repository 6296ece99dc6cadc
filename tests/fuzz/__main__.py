"""Fuzzes both sides at length: ``make fuzz``.

100,000 schema-valid messages by default, three in five at a VTN and the others at VENs that
poll or are pushed to; a tenth as many again that are spoilt as bytes, and as trees; walks of
valid messages in wrong order; requests that are no HTTP; and what coverage leads atheris to.
"""

import asyncio
import json
import logging
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from tests.fuzz import campaign
from tests.fuzz.campaign import PIECE, WALKS, Piece, Result
from tests.fuzz.judging import Tally

FINDINGS = Path("fuzz-findings")
#: Share of the messages that each side gets.
_SHARES = {"vtn": 0.6, "ven-poll": 0.2, "ven-push": 0.2}
#: Bytes by which a process may grow while the second half of a piece runs (2,000 documents).
GROWTH = 32 * 1024 * 1024
_NAMES = {"vtn": "VTN", "ven-poll": "VEN that polls", "ven-push": "VEN pushed to"}
_WORDS = {
    "made": "valid messages",
    "bytes": "spoilt as bytes",
    "tree": "spoilt as trees",
    "walk": "walks in wrong order",
}


@dataclass(slots=True)
class Sum:
    """What has come of all pieces of a kind."""

    done: int = 0
    seconds: float = 0.0
    grown: int = 0
    tally: Tally = field(default_factory=Tally)

    def add(self, result: Result) -> None:
        """Takes in what came of a piece."""
        self.done += result.done
        self.seconds += result.tally.seconds
        self.grown = max(self.grown, result.grown)
        self.tally.add(result.tally)


def pieces(messages: int, seed: int) -> list[Piece]:
    """Returns the work, the longest first."""
    random = Random(seed)
    amounts = {"made": messages, "tree": messages // 10, "bytes": messages // 10}
    found: list[Piece] = []
    for side, share in _SHARES.items():
        for what, amount in amounts.items():
            found += _cut(side, what, round(amount * share), PIECE, random)
        found += _cut(side, "walk", max(1, messages // 1500), WALKS, random)
    return sorted(found, key=lambda piece: (piece.side != "ven-poll", piece.what != "walk"))


def _cut(side: str, what: str, amount: int, most: int, random: Random) -> Iterator[Piece]:
    while amount > 0:
        count = min(amount, most)
        yield Piece(side=side, what=what, seed=random.randrange(10**9), count=count)
        amount -= count


def campaigned(
    work: Sequence[Piece], processes: int, console: Console
) -> tuple[dict[tuple[str, str], Sum], list[Result]]:
    """Does the work on several processes, and returns sums and faults."""
    sums: dict[tuple[str, str], Sum] = {}
    faults: list[Result] = []
    began, done, total = time.monotonic(), 0, sum(one.count for one in work)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn) as pool:
        for future in as_completed([pool.submit(campaign.run, piece) for piece in work]):
            result = future.result()
            done += result.piece.count
            sums.setdefault((result.piece.side, result.piece.what), Sum()).add(result)
            if result.fault:
                faults.append(result)
                file = campaign.write(result, FINDINGS)
                console.print(f"[red]{result.piece}[/red]: {result.fault[:300]}", markup=True)
                console.print(f"  {file}")
            rate = done / (time.monotonic() - began)
            console.print(
                f"{done:>9,} of {total:,}   {rate:,.0f} a second   {len(faults)} findings   "
                f"({result.piece}: {result.tally.seconds:.0f} s)"
            )
    return sums, faults


def table(sums: dict[tuple[str, str], Sum]) -> Table:
    """Returns what has happened, a line for each kind of work."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("side", "what"):
        made.add_column(name)
    for name in ("number", "valid", "a second", "worst", "grown by"):
        made.add_column(name, justify="right")
    for (side, what), one in sorted(sums.items()):
        rate = one.tally.shots / one.seconds if one.seconds else 0
        made.add_row(
            _NAMES[side],
            _WORDS[what],
            f"{one.done:,}",
            f"{one.tally.valid:,}",
            f"{rate:,.0f}",
            f"{one.tally.worst[0] * 1000:,.0f} ms",
            f"{max(one.grown, 0) / 1024 / 1024:.1f} MB",
        )
    return made


def outcomes(sums: dict[tuple[str, str], Sum]) -> Table:
    """Returns what was answered, a line for each side."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    made.add_column("side")
    made.add_column("answers", overflow="fold")
    for side, name in _NAMES.items():
        tally = Tally()
        for (one, _), found in sums.items():
            if one == side:
                tally.add(found.tally)
        parts = [f"{what} {count:,}" for what, count in sorted(tally.outcomes.items())]
        made.add_row(name, ", ".join(parts))
    return made


def guided(seconds: int, seed: int, console: Console) -> bool:
    """Lets coverage guide the damage for a while; returns whether nothing was found."""
    if seconds <= 0:
        return True
    from tests.fuzz.atheris_targets import TARGETS, missing

    if reason := missing():
        console.print(f"coverage-guided: left out, {reason}")
        return True
    ok = True
    each = max(5, seconds // len(TARGETS))
    running: list[tuple[str, subprocess.Popen[bytes], Path]] = []
    names = sorted(TARGETS)
    for number in range(0, len(names), 2):
        running = [_started(name, each, seed) for name in names[number : number + 2]]
        for name, process, log in running:
            code = process.wait()
            runs = _runs(log)
            console.print(f"coverage-guided: {name:<12} {each} s, {runs}")
            if code:
                ok = False
                console.print(f"[red]{name}[/red]: see {log} and {FINDINGS}", markup=True)
    return ok


def _started(name: str, seconds: int, seed: int) -> tuple[str, "subprocess.Popen[bytes]", Path]:
    FINDINGS.mkdir(parents=True, exist_ok=True)
    log = FINDINGS / f"atheris-{name}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.atheris_targets", name, str(seconds), str(seed)],
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    return name, process, log


def _runs(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    done = [line for line in lines if line.startswith("Done ")]
    return done[-1].removeprefix("Done ") if done else (lines[-1] if lines else "nothing said")


@click.command(help=__doc__)
@click.option("--messages", default=100_000, show_default=True, help="Schema-valid messages.")
@click.option("--seed", default=0, help="Decides everything; the time of day if left out.")
@click.option("--seconds", default=60, show_default=True, help="For atheris; 0 leaves it out.")
@click.option("--processes", default=os.cpu_count() or 1, show_default=True)
@click.option("--again", type=click.Path(exists=True, path_type=Path), help="Show a finding again.")
def main(messages: int, seed: int, seconds: int, processes: int, again: Path | None) -> None:
    """Fuzzes, and exits with 1 if anything was found."""
    console = Console(highlight=False)
    if again is not None:
        asyncio.run(_again(json.loads(again.read_text())))
        console.print("it does not show any more")
        return
    seed = seed or int(time.time())
    console.print(f"seed {seed}: python -m tests.fuzz --messages {messages} --seed {seed}")
    began = time.monotonic()
    from tests.fuzz.http import fired_at_sockets

    ok = fired_at_sockets(messages // 200, seed, console)
    sums, faults = campaigned(pieces(messages, seed), processes, console)
    ok = guided(seconds, seed, console) and ok
    console.print()
    console.print(table(sums))
    console.print()
    console.print(outcomes(sums))
    grown = [key for key, one in sums.items() if one.grown > GROWTH]
    valid = sum(one.done for (_, what), one in sums.items() if what == "made")
    minutes = (time.monotonic() - began) / 60
    console.print(
        f"\n{valid:,} schema-valid messages in {minutes:.1f} minutes, {len(faults)} findings"
    )
    for side, what in grown:
        console.print(f"[red]{side}/{what} grows without bounds[/red]", markup=True)
    if faults or grown or not ok:
        sys.exit(1)


async def _again(kept: dict[str, Any]) -> None:
    logging.disable(logging.WARNING)
    async with campaign.again(kept) as show:
        await show()


if __name__ == "__main__":
    main()
