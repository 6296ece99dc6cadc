"""``vtn report``: offers, requests, and readings on their way out."""

import asyncio
import csv
import io
import json
import os
import pty
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from oadr.report import RequestKind, build_metadata, build_request
from tests.oadr.report_samples import HISTORY, HOUR, MINUTE, ONLINE, STATUS, USAGE
from tests.vtn.command import Desk
from vtn.cli import exports
from vtn.export import COLUMNS
from vtn.store import Store, Transaction, outbox, party, reading, served
from vtn.store import report as reports

T = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)
VALUES = ("0.10000000000000000000000001", "1E+3", "-7.50", "NaN")


def in_store(work: Callable[[Transaction, int], Awaitable[None]]) -> None:
    """Does something in the database for the VEN school-7."""

    async def run() -> None:
        store = await Store.open("vtn.db")
        async with store.begin() as tx:
            row = await party.get(tx, ven_name="school-7")
            assert row is not None
            await work(tx, row.pk)
        await store.close()

    asyncio.run(run())


async def _registered(tx: Transaction, pk: int) -> None:
    now = datetime.now(UTC)
    await party.register(tx, pk=pk, registration_id="reg-1", now=now)
    await reports.replace_offers(
        tx, party_pk=pk, reports=build_metadata((USAGE, STATUS, HISTORY), now=now), now=now
    )


async def _measured(tx: Transaction, pk: int) -> None:
    points = {(p.specifier_id, p.r_id): p.pk for p in await reports.data_points(tx, party_pk=pk)}
    rows = [
        reading.row(
            data_point_pk=points["usage", "energy"],
            start=T + number * MINUTE,
            duration=MINUTE,
            value=Decimal(value),
            accuracy=Decimal("0.50"),
            confidence=90,
            quality="=HYPERLINK(0)",
            received_at=T + HOUR,
        )
        for number, value in enumerate(VALUES)
    ]
    rows.append(
        reading.row(
            data_point_pk=points["status", "boiler"],
            start=T,
            duration=timedelta(0),
            value=ONLINE,
            received_at=T + HOUR,
        )
    )
    await reading.ingest(tx, rows=rows)


@pytest.fixture
def grid(vtn: Desk) -> Desk:
    """One VEN that is registered and offers reports, and one that is not."""
    vtn("ven enrol school-7")
    vtn("ven enrol mill")
    in_store(_registered)
    return vtn


@pytest.fixture
def measured(grid: Desk) -> Desk:
    in_store(_measured)
    return grid


def test_offers_are_listed_point_by_point(grid: Desk) -> None:
    rows = grid.json("report offers")
    assert {(row["specifier_id"], row["r_id"]) for row in rows} == {
        ("usage", "power"),
        ("usage", "energy"),
        ("status", "boiler"),
        ("status", "pump"),
        ("history", "power"),
        ("history", "energy"),
    }
    assert "10s to 1h" in grid("report offers --ven school-7").output
    assert grid("report offers --ven mill").output.startswith("none;")
    assert "there is no VEN 'x'" in grid.error("report offers --ven x")


def test_a_request_waits_for_the_next_poll_and_is_listed(grid: Desk) -> None:
    output = grid("report request school-7 usage --every 30s --deliver 10m --r-id energy").output
    assert output.startswith("report-1: school-7 is asked at its next poll for usage (")
    assert output.endswith("), every 30s, delivered every 10m.\n")
    (row,) = grid.json("report list")
    assert (row["ven"], row["specifier_id"], row["state"]) == ("school-7", "usage", "queued")
    assert (row["every"], row["deliver"], row["r_ids"]) == (30, 600, ["energy"])
    kinds: list[str] = []

    async def look(tx: Transaction, pk: int) -> None:
        kinds.extend(item.kind for item in await outbox.waiting(tx, party_pk=pk))

    in_store(look)
    assert kinds == ["oadrCreateReport"]


def test_once_history_and_metadata_are_asked_for(grid: Desk) -> None:
    assert ", once." in grid("report request school-7 usage --once").output
    grid("report request school-7 history --history --start now-2d --duration 1d")
    grid("report request school-7 --metadata")
    rows = grid.json("report list --ven school-7")
    assert [row["specifier_id"] for row in rows] == ["usage", "history", "METADATA"]
    assert rows[1]["duration"] == 86400


@pytest.mark.parametrize(
    ("line", "code", "why"),
    [
        ("report request school-7", 2, "name the report"),
        ("report request school-7 usage --metadata", 2, "leave SPECIFIER out"),
        ("report request school-7 usage --once --history", 2, "give one of"),
        ("report request school-7 nothing", 1, "school-7 offers: usage, status, history"),
        ("report request school-7 usage --every 1s", 1, "(R340)"),
        ("report request school-7 usage --r-id x", 1, "(R304)"),
        ("report request school-7 usage --history", 1, "(R325)"),
        ("report request mill usage", 1, "mill is not registered"),
        ("report request x usage", 1, "there is no VEN 'x'"),
        ("report cancel report-9", 1, "there is no open report request 'report-9'"),
    ],
)
def test_what_cannot_be_asked_for_says_why(grid: Desk, line: str, code: int, why: str) -> None:
    assert why in grid.error(line, code)
    assert grid.json("report list --all") == []


def test_a_report_is_cancelled_with_or_without_a_last_one(grid: Desk) -> None:
    grid("report request school-7 usage")
    assert "with a final report" in grid("report cancel report-1 --follow").output
    (row,) = grid.json("report list")
    assert row["state"] == "cancelling"


def test_several_are_asked_for_and_ended_at_once(grid: Desk) -> None:
    output = grid("report request school-7 usage status --once").output
    assert output.splitlines() == [
        "report-1: school-7 is asked at its next poll for usage (one-shot), once.",
        "report-2: school-7 is asked at its next poll for status (one-shot), once.",
    ]
    grid.error("report cancel report-1 report-9 --final")
    assert {row["state"] for row in grid.json("report list")} == {"queued"}
    grid("report cancel report-1 report-2 --final")
    rows = grid.json("report list")
    assert {(row["state"], row["final_report"]) for row in rows} == {("cancelling", True)}
    assert "a final report is expected" in grid("report list").output
    kinds: list[str] = []

    async def look(tx: Transaction, pk: int) -> None:
        kinds.extend(item.kind for item in await outbox.waiting(tx, party_pk=pk))

    in_store(look)
    assert kinds == ["oadrCreateReport", "oadrCancelReport"]


def test_r327_metadata_is_asked_for_once_or_every_day(grid: Desk) -> None:
    assert "its metadata, once" in grid("report request school-7 METADATA").output
    assert "every 1d" in grid("report request school-7 --metadata --every 1d").output
    rows = grid.json("report list")
    assert [(row["specifier_id"], row["deliver"]) for row in rows] == [
        ("METADATA", 0),
        ("METADATA", 86400),
    ]


def test_a_report_that_is_late_says_since_when(grid: Desk) -> None:
    grid("report request school-7 usage --every 1m --deliver 5m --start 2026-11-20T12:00Z")
    begun = datetime(2026, 11, 20, 12, tzinfo=UTC)

    async def accepted(tx: Transaction, pk: int) -> None:
        (row,) = await reports.requests(tx, party_pk=pk)
        await reports.set_request_state(tx, pk=row.pk, state="active", now=begun)
        await reports.received(tx, pks=[row.pk], now=begun + 6 * MINUTE)

    in_store(accepted)
    (row,) = grid.json("report list")
    assert row["late_since"] == "2026-11-20T12:10:00Z"
    assert "late since 2026-11-20 12:10:00 UTC" in grid("report list").output


def test_what_vens_ask_of_the_vtn_is_listed(grid: Desk) -> None:
    assert grid("report served").output.startswith("none;")

    async def wanted(tx: Transaction, pk: int) -> None:
        request = build_request(
            USAGE, request_id="mine", now=T, start=T, granularity=MINUTE, back=5 * MINUTE
        )
        await served.put(
            tx,
            party_pk=pk,
            request=request,
            kind=RequestKind.PERIODIC,
            due_at=T + 5 * MINUTE,
            now=T,
        )

    in_store(wanted)
    (row,) = grid.json("report served --ven school-7")
    assert (row["ven"], row["request_id"], row["deliver"]) == ("school-7", "mine", 300)
    assert "2026-07-14 12:05:00" in grid("report served").output


def test_csv_has_every_digit_and_utc_times(measured: Desk) -> None:
    text = measured("report export --rid energy --specifier usage").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == COLUMNS
    assert [row["value"] for row in rows] == [VALUES[0], "1000", "-7.50", "NaN"]
    assert rows[1]["start"] == "2026-07-14T12:01:00Z"
    assert (rows[0]["unit"], rows[0]["duration_s"], rows[0]["ven"]) == ("Wh", "60", "school-7")
    assert (rows[0]["accuracy"], rows[0]["confidence"]) == ("0.50", "90")
    assert rows[0]["quality"] == "'=HYPERLINK(0)"


def test_json_lines_are_exact_and_unchanged(measured: Desk) -> None:
    text = measured("report export --format jsonl --rid energy").stdout
    rows = [json.loads(line) for line in text.splitlines()]
    assert [row["value"] for row in rows] == [VALUES[0], "1000", "-7.50", "NaN"]
    assert rows[0]["quality"] == "=HYPERLINK(0)"
    (status,) = map(
        json.loads, measured("report export --format jsonl --rid boiler").stdout.split("\n")[:-1]
    )
    assert (status["value"], status["online"]) == (None, "true")


def test_export_is_limited_by_ven_and_time(measured: Desk) -> None:
    def starts(options: str) -> list[str]:
        text = measured(f"report export --rid energy {options}").stdout
        return [row["start"][11:16] for row in csv.DictReader(io.StringIO(text))]

    assert starts("--from 2026-07-14T12:01Z --to 2026-07-14T12:03Z") == ["12:01", "12:02"]
    assert len(starts("--ven school-7")) == 4
    assert starts("--ven mill") == []
    assert starts("--from tomorrow") == []
    assert "there is no VEN 'x'" in measured.error("report export --ven x")


def test_a_file_appears_complete_or_not_at_all(
    measured: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert measured("report export -o load.csv").output == "load.csv: 5 readings\n"
    before = Path("load.csv").read_bytes()
    assert before.count(b"\n") == 6

    def broken(*_: object) -> dict[str, str]:
        raise OSError(28, "No space left on device", "load.csv")

    monkeypatch.setattr(exports, "cells", broken)
    assert "load.csv: No space left on device" in measured.error("report export -o load.csv")
    assert Path("load.csv").read_bytes() == before
    assert not list(Path().glob(".*partial"))
    assert "nowhere" in measured.error("report export -o nowhere/load.csv")


def test_a_long_export_shows_progress_to_a_person_and_to_nobody_else(measured: Desk) -> None:
    script = (
        "from vtn.cli import exports, main; exports.LONG = 2; "
        "main(['report', 'export', '-o', 'load.csv'])"
    )
    assert measured("report export").stderr == ""
    terminal, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "80"}
    subprocess.run(
        [sys.executable, "-c", script], stderr=theirs, env=environment, check=True, timeout=60
    )
    os.close(theirs)
    shown = os.read(terminal, 10_000).decode()
    os.close(terminal)
    assert "readings" in shown
    assert Path("load.csv").read_text().count("\n") == 6


def test_a_reader_that_leaves_early_is_no_error(measured: Desk) -> None:
    script = "from vtn.cli import main; main(['report', 'export'])"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Error" not in process.stderr.read()
