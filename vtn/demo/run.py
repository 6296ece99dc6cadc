"""Runs the demo: processes, the operator's acts, the live table, the summary."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table

from runtime.clock import AcceleratedClock
from vtn.demo import chart, screen
from vtn.demo.folder import Folder
from vtn.demo.script import AFTER, Act, script
from vtn.demo.summary import Summary, curves, summarise
from vtn.errors import VTNError
from vtn.operator import Operator
from vtn.store import Store

#: Simulated seconds in a real one: a day takes a minute.
FACTOR = 1440.0
#: Real seconds between two looks.
STEP = 0.25


class Demo:
    """One run of the demo.

    Args:
        folder: where it lives.
        console: where it shows.
        factor: how fast the clock runs.

    Attributes:
        processes: the VTN and the VENs; one that is killed is started again, as a
            service manager would.
        restarts: how often that was.
    """

    def __init__(self, folder: Folder, console: Console, *, factor: float = FACTOR) -> None:
        self.folder = folder
        self.console = console
        self.factor = factor
        self.processes = folder.processes()
        self.restarts = 0
        self.said: list[str] = []

    async def run(self) -> Summary:
        """Runs the day and returns what came of it."""
        await asyncio.to_thread(self.folder.prepare)
        day, shown = self.folder.next_start()
        clock = AcceleratedClock(origin=datetime.now(UTC), shown=shown, factor=self.factor)
        self.folder.set_clock(clock)
        store = await Store.open(f"sqlite+aiosqlite:///{self.folder.database}")
        try:
            for process in self.processes.values():
                process.start()
            await self._watch(store, clock, day)
        finally:
            await asyncio.to_thread(self._stop)
            self.folder.note_end(clock.now())
        try:
            summary = await summarise(store, day)
            self._write(summary)
            chart.draw(await curves(store, day), summary, self.folder.path / "chart.png")
        finally:
            await store.close()
        return summary

    async def _watch(self, store: Store, clock: AcceleratedClock, day: datetime) -> None:
        operator = Operator(store=store, actor="demo")
        acts = list(script(day))
        end = day + timedelta(days=1) + AFTER
        with Live(console=self.console, auto_refresh=False) as live:
            while (now := clock.now()) < end:
                self._revive()
                while acts and acts[0].at <= now - day:
                    await self._act(acts.pop(0), operator, now)
                if self.console.is_terminal:
                    live.update(await self._screen(store, day, now), refresh=True)
                await asyncio.sleep(STEP)
            live.update(await self._screen(store, day, now), refresh=True)
        self.console.print()

    async def _screen(self, store: Store, day: datetime, now: datetime) -> RenderableType:
        rows = await screen.lines(store, day)
        status = await screen.event_status(store, day, now)
        said = self.said if self.console.is_terminal else ()
        return screen.render(now, status, rows, said)

    async def _act(self, act: Act, operator: Operator, now: datetime) -> None:
        await act.do(operator, now)
        self.said.append(f"{now:%H:%M}  {act.words}")
        if not self.console.is_terminal:
            self.console.print(self.said[-1])

    def _revive(self) -> None:
        for process in self.processes.values():
            if process.running:
                continue
            if process.refused:
                raise VTNError(f"{process.name} ended: {process.last_words()}")
            self.restarts += 1
            process.start()

    def _stop(self) -> None:
        # The VENs first: what they still have to say should find somebody.
        for name, process in self.processes.items():
            if name != "vtn":
                process.stop()
        self.processes["vtn"].stop()

    def _write(self, summary: Summary) -> None:
        path = self.folder.path / "summary.json"
        path.write_text(json.dumps(summary.as_json(), indent=2) + "\n")


def show(summary: Summary, console: Console, folder: Path) -> None:
    """Prints the summary."""
    table = Table(
        title=f"{summary.day:%Y-%m-%d}: peak event {summary.event_start:%H:%M} to "
        f"{summary.event_end:%H:%M} UTC, modification {summary.modification}; "
        f"second event {summary.second_event}",
        title_justify="left",
    )
    table.add_column("building")
    table.add_column("peak event")
    for column in ("used kWh", "expected kWh", "shed kWh", "readings"):
        table.add_column(column, justify="right")
    for row in summary.buildings:
        table.add_row(
            row.name,
            row.opt,
            f"{row.used_kwh:.2f}",
            f"{row.expected_kwh:.2f}",
            f"{row.shed_kwh:.2f}",
            str(row.readings),
        )
    console.print(table)
    opts = ", ".join(f"{count} {name}" for name, count in sorted(summary.opts.items()))
    console.print(
        f"{summary.readings_of_the_day} readings of the day, {summary.readings_stored} in the "
        f"database; {opts}; {summary.shed_kwh:.2f} kWh shed"
    )
    console.print(f"{folder / 'summary.json'}  {folder / 'chart.png'}  {folder / 'vtn' / 'vtn.db'}")


def data_folder() -> Path:
    """Returns where the examples' metered load is in a checkout."""
    return Path(__file__).resolve().parents[2] / "examples" / "data"
