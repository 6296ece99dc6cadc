"""What is asked of VENs, and readings in CSV files."""

import csv
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from handlers.report import AppendCsv, StoreReports
from oadr.report import Reading
from runtime import plugins
from runtime.settings import ConfigError
from tests.handlers.context import NOW, context
from tests.oadr.report_samples import HISTORY, HOUR, MINUTE, ONLINE, SECOND, STATUS, USAGE
from vtn import export
from vtn.hooks import Context, Update, Wanted
from vtn.store import Store


def update(*readings: Reading) -> Update:
    return Update(
        report_request_id="report-1",
        specifier_id="usage",
        report_name="TELEMETRY_USAGE",
        readings=readings,
        points=USAGE.by_id(),
    )


def reading(value: str, *, r_id: str = "energy", quality: str | None = None) -> Reading:
    return Reading(
        r_id=r_id, start=NOW, duration=10 * SECOND, value=Decimal(value), quality=quality
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_store_without_settings_leaves_it_to_the_configuration(ctx: Context) -> None:
    assert await StoreReports.from_config({}).on_register_report((USAGE,), ctx) is None


async def test_store_asks_for_all_telemetry_at_the_configured_rate(ctx: Context) -> None:
    handler = StoreReports.from_config({"every": "30s", "deliver": "10m"})
    assert await handler.on_register_report((USAGE, STATUS, HISTORY), ctx) == [
        Wanted(specifier_id="usage", every=30 * SECOND, deliver=10 * MINUTE),
        Wanted(specifier_id="status", every=30 * SECOND, deliver=10 * MINUTE),
    ]


async def test_store_asks_by_report_name_when_names_are_given(ctx: Context) -> None:
    handler = StoreReports.from_config(
        {"reports": {"TELEMETRY_STATUS": {"every": "5m", "deliver": "1h", "duration": "1d"}}}
    )
    assert await handler.on_register_report((USAGE, STATUS), ctx) == [
        Wanted(specifier_id="status", every=5 * MINUTE, deliver=HOUR, duration=timedelta(days=1))
    ]


async def test_r340_store_stays_within_what_is_offered(ctx: Context) -> None:
    (fast,) = (
        await StoreReports.from_config({"every": "1s"}).on_register_report((USAGE,), ctx) or ()
    )
    assert fast.every == 10 * SECOND
    slow = StoreReports.from_config({"every": "2h", "deliver": "1m"})
    (wanted,) = await slow.on_register_report((USAGE,), ctx) or ()
    assert (wanted.every, wanted.deliver) == (HOUR, HOUR)


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"evry": "1m"}, "evry: this key is not known"),
        ({"every": "soon"}, "every: 'soon' is not a duration"),
        ({"reports": {"HISTORY_USAGE": {}}}, "vtn report request --history"),
    ],
)
def test_wrong_settings_of_store_name_the_key(section: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        plugins.build("store", section, key="reports.handlers", settings="reports.settings.store")


async def test_csv_has_exact_values_units_and_utc_times(ctx: Context, tmp_path: Path) -> None:
    handler = AppendCsv.from_config({"folder": str(tmp_path / "out"), "fsync": True})
    exact = ("0.10000000000000000000000001", "1E+3", "-0.0", "12345678901234567890.5")
    await handler.on_update_report(update(*(reading(value) for value in exact)), ctx)
    found = rows(tmp_path / "out" / "readings-2026-11-20.csv")
    assert [Decimal(row["value"]) for row in found] == [Decimal(value) for value in exact]
    assert found[1]["value"] == "1000"
    assert found[0] | {"value": ""} == {
        "ven": "school-7",
        "ven_id": "ven-1",
        "report": "TELEMETRY_USAGE",
        "specifier_id": "usage",
        "r_id": "energy",
        "start": "2026-11-20T18:00:00Z",
        "duration_s": "10",
        "value": "",
        "unit": "Wh",
        "quality": "",
        "accuracy": "",
        "confidence": "",
        "online": "",
        "manual_override": "",
        "request_id": "report-1",
        "received_at": "2026-11-20T18:00:00Z",
        "load_control": "",
    }


async def test_csv_appends_and_writes_the_header_once(ctx: Context, tmp_path: Path) -> None:
    for value in ("1", "2"):
        await AppendCsv(tmp_path).on_update_report(update(reading(value)), ctx)
    assert [row["value"] for row in rows(tmp_path / "readings-2026-11-20.csv")] == ["1", "2"]


async def test_csv_leaves_a_line_that_a_crash_cut_off_alone(ctx: Context, tmp_path: Path) -> None:
    handler = AppendCsv(tmp_path)
    await handler.on_update_report(update(reading("1")), ctx)
    file = tmp_path / "readings-2026-11-20.csv"
    file.write_bytes(file.read_bytes() + b"school-7,ven")
    await handler.on_update_report(update(reading("2")), ctx)
    found = rows(file)
    assert [row["value"] for row in found] == ["1", None, "2"]


async def test_csv_shows_a_status_in_its_own_columns(ctx: Context, tmp_path: Path) -> None:
    one = Reading(r_id="boiler", start=NOW, value=ONLINE)
    await AppendCsv(tmp_path).on_update_report(update(one), ctx)
    (row,) = rows(tmp_path / "readings-2026-11-20.csv")
    assert (row["value"], row["online"], row["manual_override"]) == ("", "true", "false")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " ="])
async def test_csv_holds_nothing_that_a_spreadsheet_would_run(
    store: Store, tmp_path: Path, start: str
) -> None:
    ctx = context(store, ven_name=f"{start}cmd|' /C calc'!A0")
    evil = reading("-5", r_id=f"{start}1+1", quality=f"x-{start}\n=2")
    await AppendCsv(tmp_path).on_update_report(update(evil), ctx)
    (row,) = rows(tmp_path / "readings-2026-11-20.csv")
    assert row["ven"].startswith("'")
    assert row["r_id"].startswith("'")
    assert "\n" not in row["quality"]
    assert row["value"] == "-5"


@pytest.mark.parametrize("ven_id", ["../../etc/passwd", "..", ".", "a/b", "a\x00b", "=x"])
async def test_csv_per_ven_never_leaves_its_folder(
    store: Store, tmp_path: Path, ven_id: str
) -> None:
    folder = tmp_path / "deep" / "out"
    handler = AppendCsv.from_config({"folder": str(folder), "per": "ven"})
    await handler.on_update_report(update(reading("1")), context(store, ven_id=ven_id))
    assert len(files(folder)) == 1
    assert files(tmp_path) == files(folder)


def test_a_number_is_written_without_exponent_unless_that_is_absurd() -> None:
    assert export.number(Decimal("1E-7")) == "0.0000001"
    assert export.number(Decimal("1E+400")) == "1E+400"
    assert export.number(Decimal("NaN")) == "NaN"
