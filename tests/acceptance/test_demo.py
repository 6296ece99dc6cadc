"""The demo, run for real: processes, mutual TLS, database; and the same while it is killed."""

import asyncio
import csv
import json
import random
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from vtn.cli import main
from vtn.demo.buildings import BASELINE, BUILDINGS, METER
from vtn.demo.folder import FIRST_DAY, Folder
from vtn.demo.run import Demo, data_folder
from vtn.demo.script import peak_id, second_id
from vtn.store import Store, delivery, party, reading
from vtn.store.reading import ReadingFilter

pytestmark = pytest.mark.timeout(400)

DAY = timedelta(days=1)
#: Kills of the VTN or a VEN in one simulated day.
KILLS = 24


def day_total(file: str, day: datetime) -> Decimal:
    """Returns what a building's file says for a day, in Wh."""
    with (data_folder() / file).open() as lines:
        rows = csv.DictReader(lines)
        return sum(
            (Decimal(row["value"]) * 1000 for row in rows if row["start"].startswith(f"{day:%F}")),
            Decimal(0),
        )


async def energy(store: Store, building: str, r_id: str, day: datetime) -> Decimal:
    async with store.read() as tx:
        row = await party.get(tx, ven_name=building)
        assert row is not None
        chosen = ReadingFilter(ven_id=row.ven_id, r_id=r_id)
        (found,) = await reading.sums(tx, windows=[(day, day + DAY)], filter=chosen)
    return found.watt_hours


async def check_the_day(folder: Folder, day: datetime) -> None:
    """Checks that each reading, answer and event is there exactly once."""
    store = await Store.open(folder.database)
    try:
        for building in BUILDINGS:
            expected = day_total(building.data, day)
            assert await energy(store, building.name, BASELINE, day) == expected, building.name
            metered = await energy(store, building.name, METER, day)
            took_part = building.name != "home-2"
            assert (metered < expected) is took_part, building.name
        async with store.read() as tx:
            given = {
                recipient.ven_name: row
                for recipient, row in await delivery.for_event(tx, event_id=peak_id(day))
            }
            said = Counter(
                (one.ven_id, one.modification, one.source)
                for one in await delivery.history(tx, event_id=peak_id(day))
            )
            cancelled = await delivery.for_event(tx, event_id=second_id(day))
    finally:
        await store.close()
    assert {name: str(row.opt_type) for name, row in given.items()} == {
        "home-1": "optIn",
        "home-2": "optOut",
        "shop": "optIn",
    }
    assert all(row.acked_modification == 1 for row in given.values())
    assert set(said.values()) == {1}
    assert len(said) >= len(BUILDINGS)
    assert all(row.acked_modification == row.modification for _, row in cancelled)


def unsent(folder: Folder) -> dict[str, int]:
    """Returns how many reports each VEN still has to get rid of."""
    found = {}
    for building in BUILDINGS:
        with closing(sqlite3.connect(folder.ven(building) / "ven.db")) as state:
            (found[building.name],) = state.execute("SELECT count(*) FROM outbox").fetchone()
    return found


async def everybody_registered(demo: Demo) -> None:
    """Waits until the day is under way; killing what never ran proves nothing."""
    registered = 0
    while registered < len(BUILDINGS):
        await asyncio.sleep(0.05)
        if demo.processes["vtn"].running:
            with closing(sqlite3.connect(demo.folder.database)) as database:
                query = "SELECT count(*) FROM party WHERE state = 'registered'"
                (registered,) = database.execute(query).fetchone()


def test_one_command_shows_a_day_and_the_next_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("demo")
    summary: dict[str, Any] = {}
    for number in range(2):
        result = CliRunner().invoke(main, ["demo", str(folder)])
        assert result.exit_code == 0, result.output
        summary = json.loads((folder / "summary.json").read_text())
        day = FIRST_DAY + number * DAY
        assert summary["day"] == f"{day:%F}T00:00:00Z"
        assert summary["opts"] == {"optIn": 2, "optOut": 1}
        assert summary["second_event"] == "cancelled"
        assert summary["modification"] == 1
        assert summary["shed_kwh"] > 1
        assert summary["readings_of_the_day"] == 3 * 2 * 48
        assert "kWh shed" in result.output
        assert (folder / "chart.png").stat().st_size > 10_000
        asyncio.run(check_the_day(Folder(path=folder, data=data_folder()), day))
    assert summary["readings_stored"] >= 2 * 3 * 2 * 48


async def test_twenty_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    folder = Folder(path=tmp_path / "demo", data=data_folder())
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    dice = random.Random(seed)
    demo = Demo(folder, Console(quiet=True), factor=800)
    day = asyncio.create_task(demo.run())
    kills: Counter[str] = Counter()
    await everybody_registered(demo)
    while not day.done() and kills.total() < KILLS:
        await asyncio.sleep(dice.uniform(0.3, 4.0))
        name = dice.choice(["vtn", "vtn", *(building.name for building in BUILDINGS)])
        if demo.processes[name].running:
            demo.processes[name].kill()
            kills[name] += 1
    summary = await day
    assert kills.total() >= 20, kills
    assert kills["vtn"] > 0
    assert demo.restarts == kills.total()
    assert summary.opts == {"optIn": 2, "optOut": 1}
    assert unsent(folder) == {building.name: 0 for building in BUILDINGS}
    await check_the_day(folder, FIRST_DAY)
