"""Metered load from CSV files: reading them, and replaying them by the clock."""

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oadr.enums import DataQuality
from runtime.settings import ConfigError
from ven.meter import MeterSpec, Sample
from ven.sources.csv_file import Columns, CsvFile
from ven.sources.csv_replay import CsvMeter, Timetable
from ven.sources.exact import exponent_of, share, split

HALF = timedelta(minutes=30)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NONE = timedelta(0)
EXAMPLES = Path(__file__).parents[2] / "examples" / "data"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    def _write(text: str, name: str = "load.csv") -> Path:
        path = tmp_path / name
        data = text.encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return _write


def rows(start: datetime, values: list[str], interval: timedelta = HALF) -> str:
    lines = [f"{start + n * interval:%Y-%m-%d %H:%M:%S},{v}" for n, v in enumerate(values)]
    return "\n".join(["start,value", *lines]) + "\n"


def two_days(interval: timedelta = HALF) -> str:
    """Each value is its number, so that one sees where it came from."""
    count = 2 * (DAY // interval)
    return rows(at("2013-02-14"), [str(n) for n in range(count)], interval)


def spec(**changes: object) -> MeterSpec:
    values: dict[str, object] = {"name": "main", "every": HALF, "history": NONE} | changes
    return MeterSpec(**values)  # type: ignore[arg-type]


def values(samples: object) -> list[Decimal]:
    assert isinstance(samples, list)
    return [sample.value for sample in samples]


# ------------------------------------------------------------------ the file


def test_a_file_knows_its_interval_and_its_ends(write: Callable[..., Path]) -> None:
    file = CsvFile(write(two_days()))
    assert (file.first, file.interval, file.end) == (at("2013-02-14"), HALF, at("2013-02-16"))
    assert file.value(at("2013-02-15 12:30")) == 73
    assert file.value(at("2013-02-14 00:30")) == 1
    assert file.value(at("2013-02-16")) is None


def test_a_compressed_file_reads_the_same(write: Callable[..., Path]) -> None:
    file = CsvFile(write(two_days(), "load.csv.gz"))
    assert file.value(at("2013-02-15 23:30")) == 95
    assert file.value(at("2013-02-14 00:00")) == 0


def test_columns_may_have_other_names_and_neighbours(write: Callable[..., Path]) -> None:
    text = 'id,"kWh, total",when\n7,1.25,2013-02-14T00:00:00Z\n8,"2.5",2013-02-14T01:00:00Z\n'
    file = CsvFile(write(text), columns=Columns(start="when", value="kWh, total"))
    assert file.interval == HOUR
    assert file.value(at("2013-02-14 01:00")) == Decimal("2.5")


def test_a_byte_order_mark_carriage_returns_and_blank_lines_do_no_harm(
    write: Callable[..., Path],
) -> None:
    text = "\ufeffstart,value\r\n2013-02-14 00:00:00, 1 \r\n\r\n2013-02-14 01:00:00,2\r\n\r\n"
    file = CsvFile(write(text))
    assert file.value(at("2013-02-14 00:00")) == 1
    assert file.value(at("2013-02-14 01:00")) == 2


def test_a_start_with_a_zone_is_turned_into_utc(write: Callable[..., Path]) -> None:
    text = "start,value\n2013-02-14T01:00:00+01:00,5\n2013-02-14T02:00:00+01:00,6\n"
    file = CsvFile(write(text))
    assert file.first == at("2013-02-14 00:00")
    assert file.value(at("2013-02-14 01:00")) == 6


def test_local_times_across_a_change_of_summer_time_are_an_even_utc_grid(
    write: Callable[..., Path],
) -> None:
    text = (
        "start,value\n2013-03-31T00:30:00+00:00,1\n"
        "2013-03-31T02:00:00+01:00,2\n2013-03-31T02:30:00+01:00,3\n"
    )
    file = CsvFile(write(text))
    assert file.interval == HALF
    assert file.value(at("2013-03-31 01:30")) == 3


def test_missing_rows_and_empty_values_are_gaps(write: Callable[..., Path]) -> None:
    text = (
        "start,value\n2013-02-14 00:00:00,1\n2013-02-14 00:30:00,\n"
        "2013-02-14 02:00:00,NaN\n2013-02-14 02:30:00,4\n"
    )
    file = CsvFile(write(text))
    found = [file.value(at("2013-02-14") + n * HALF) for n in range(6)]
    assert found == [1, None, None, None, None, 4]


def test_a_row_that_stands_twice_counts_once(write: Callable[..., Path]) -> None:
    text = rows(at("2013-02-14"), ["1", "2"]) + "2013-02-14 00:30:00,2\n2013-02-14 01:00:00,3\n"
    file = CsvFile(write(text))
    assert [file.value(file.first + n * HALF) for n in range(3)] == [1, 2, 3]


BROKEN = {
    "no header": ("", "line 1", "there is no column 'start'; found nothing"),
    "other columns": ("time,kwh\n", "line 1", "there is no column 'start'; found 'time', 'kwh'"),
    "no rows": ("start,value\n", "line 2", "there are no rows"),
    "one row": ("start,value\n2013-02-14,1\n", "line 2", "one row does not tell the interval"),
    "a word": ("start,value\n2013-02-14 00:00,1\n2013-02-14 01:00,lots\n", "line 3", "'lots'"),
    "infinity": ("start,value\n2013-02-14 00:00,inf\n", "line 2", "is not a number"),
    "no time": ("start,value\nyesterday,1\n", "line 2", "start 'yesterday' is not a time"),
    "one cell": ("start,value\n2013-02-14\n", "line 2", "not a row with both columns"),
    "open quote": ('start,value\n"2013-02-14,1\n', "line 2", "not a row with both columns"),
    "backwards": (
        "start,value\n2013-02-14 00:00,1\n2013-02-14 01:00,2\n2013-02-13 00:00,3\n",
        "line 4",
        "earlier than the row before",
    ),
    "off the grid": (
        "start,value\n2013-02-14 00:00,1\n2013-02-14 01:00,2\n2013-02-14 01:40,3\n",
        "line 4",
        "is not a multiple of 1 h",
    ),
    "two values": (
        "start,value\n2013-02-14 00:00,1\n2013-02-14 00:00,2\n",
        "line 3",
        "twice with different values",
    ),
}


@pytest.mark.parametrize(("text", "line", "problem"), BROKEN.values(), ids=BROKEN)
def test_a_fault_in_a_file_is_named_with_file_and_line(
    write: Callable[..., Path], text: str, line: str, problem: str
) -> None:
    path = write(text)
    with pytest.raises(ConfigError) as caught:
        CsvFile(path)
    assert f"{path}, {line}: " in str(caught.value)
    assert problem in str(caught.value)


def test_bytes_that_are_no_text_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    path.write_bytes(b"start,value\n2013-02-14 00:00,1\n\xff\xfe,2\n")
    with pytest.raises(ConfigError, match=r"load\.csv, line 3: this is not UTF-8 text"):
        CsvFile(path)


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(two_days().encode())[:-200]])
def test_a_damaged_archive_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "load.csv.gz"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"load\.csv\.gz: cannot be read"):
        CsvFile(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.csv: cannot be read"):
        CsvFile(tmp_path / "nothing.csv")


# ------------------------------------------------------------------ replaying


def test_without_a_shift_the_file_is_replayed_at_its_own_dates(write: Callable[..., Path]) -> None:
    file = CsvFile(write(two_days()))
    table = Timetable.shifted(file, shift=NONE, repeat=False)
    meter = CsvMeter(spec(), file, table)
    assert list(table.between(file.end, file.end + DAY)) == []
    assert list(table.between(file.first - DAY, file.first)) == []
    assert meter.spec.name == "main"


async def test_an_interval_becomes_known_at_its_end(write: Callable[..., Path]) -> None:
    file = CsvFile(write(two_days()))
    meter = CsvMeter(spec(), file, Timetable.shifted(file, shift=NONE, repeat=False))
    noon = at("2013-02-14 12:00")
    moment = timedelta(microseconds=1)
    assert values(await meter.samples(noon - HALF, noon - moment)) == []
    assert await meter.samples(noon - HALF, noon) == [
        Sample(start=noon - HALF, duration=HALF, value=Decimal(23))
    ]
    assert values(await meter.samples(noon, noon + HALF - moment)) == []


async def test_asking_often_gives_the_same_as_asking_once(write: Callable[..., Path]) -> None:
    file = CsvFile(write(two_days()))
    meter = CsvMeter(spec(), file, Timetable.shifted(file, shift=DAY, repeat=True))
    start, end = at("2013-02-15 03:10"), at("2013-02-18 22:50")
    once = list(await meter.samples(start, end))
    often: list[Sample] = []
    moment = start
    while moment < end:
        later = min(moment + timedelta(minutes=17), end)
        often += await meter.samples(moment, later)
        moment = later
    assert often == once
    assert (
        len(once)
        == len({sample.start for sample in once})
        == (end - at("2013-02-15 03:30")) // HALF + 1
    )


async def test_a_day_is_replayed_at_the_same_time_of_another_day(
    write: Callable[..., Path],
) -> None:
    file = CsvFile(write(two_days()))
    table = Timetable.by_time_of_day(
        file, source_date=date(2013, 2, 14), day=date(2026, 11, 20), repeat=True
    )
    meter = CsvMeter(spec(), file, table)
    for day, first in (("20", 0), ("21", 48), ("22", 0), ("19", 48), ("18", 0)):
        midnight = at(f"2026-11-{day}")
        found = await meter.samples(midnight, midnight + DAY)
        assert values(found) == list(range(first, first + 48)), day
        assert [s.start for s in found] == [midnight + n * HALF for n in range(48)]


async def test_without_repeat_nothing_is_known_before_and_after(
    write: Callable[..., Path],
) -> None:
    file = CsvFile(write(two_days()))
    table = Timetable.by_time_of_day(file, source_date=None, day=date(2026, 11, 20), repeat=False)
    meter = CsvMeter(spec(), file, table)
    found = await meter.samples(at("2026-11-01"), at("2026-12-01"))
    assert values(found) == list(range(96))
    assert (found[0].start, found[-1].end) == (at("2026-11-20"), at("2026-11-22"))


async def test_without_a_day_the_days_take_turns_whenever_the_ven_is_started(
    write: Callable[..., Path],
) -> None:
    file = CsvFile(write(two_days()))
    table = Timetable.by_time_of_day(file, source_date=None, day=None, repeat=True)
    meter = CsvMeter(spec(), file, table)
    firsts = []
    for number in range(4):
        midnight = at("2026-11-20") + number * DAY
        firsts.append(values(await meter.samples(midnight, midnight + HALF))[0])
    assert firsts in ([0, 48, 0, 48], [48, 0, 48, 0])


def test_a_file_that_begins_within_a_day_begins_with_the_next(write: Callable[..., Path]) -> None:
    file = CsvFile(write(rows(at("2013-02-13 13:00"), ["1"] * 100)))
    table = Timetable.by_time_of_day(file, source_date=None, day=date(2026, 1, 1), repeat=False)
    assert table.source == at("2013-02-14")
    assert table.count == 48


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"source_date": date(2013, 2, 13)}, "there is no whole day from 2013-02-13"),
        ({"source_date": date(2013, 2, 16)}, "there is no whole day from 2013-02-16"),
        ({"repeat": False}, "without 'repeat' a 'day' must say"),
    ],
)
def test_a_timetable_that_cannot_be_is_refused(
    write: Callable[..., Path], changes: dict[str, object], problem: str
) -> None:
    file = CsvFile(write(two_days()))
    arguments: dict[str, object] = {"source_date": None, "day": None, "repeat": True} | changes
    with pytest.raises(ConfigError, match=problem):
        Timetable.by_time_of_day(file, **arguments)  # type: ignore[arg-type]


def test_intervals_that_do_not_divide_a_day_have_no_time_of_day(
    write: Callable[..., Path],
) -> None:
    file = CsvFile(write(rows(at("2013-02-14"), ["1"] * 1000, timedelta(minutes=7))))
    with pytest.raises(ConfigError, match="do not divide a day"):
        Timetable.by_time_of_day(file, source_date=None, day=None, repeat=True)


async def test_r318_a_gap_is_a_sample_of_bad_quality(write: Callable[..., Path]) -> None:
    file = CsvFile(
        write("start,value\n2013-02-14 00:00,1\n2013-02-14 00:30,\n2013-02-14 01:00,3\n")
    )
    meter = CsvMeter(spec(), file, Timetable.shifted(file, shift=NONE, repeat=False))
    found = await meter.samples(at("2013-02-14"), at("2013-02-15"))
    assert [(s.value, s.quality) for s in found] == [
        (Decimal(1), None),
        (Decimal(0), DataQuality.BAD_NOT_CONNECTED),
        (Decimal(3), None),
    ]


async def test_a_first_question_goes_back_by_the_history_on_offer(
    write: Callable[..., Path],
) -> None:
    file = CsvFile(write(two_days()))
    table = Timetable.shifted(file, shift=NONE, repeat=True)
    until = at("2026-11-20 12:00")
    assert len(await CsvMeter(spec(), file, table).samples(None, until)) == 1
    kept = CsvMeter(spec(history=DAY), file, table)
    assert len(await kept.samples(None, until)) == 48
    assert len(await kept.samples(until - 30 * DAY, until)) == 48
    assert len(await kept.samples(until - HOUR, until)) == 2
    long = CsvMeter(spec(history=30 * DAY), file, table)
    assert len(await long.samples(None, until)) == 200
    assert len(await long.samples(until - 10 * DAY, until)) == 480


async def test_shorter_samples_share_out_energy_and_keep_power(
    write: Callable[..., Path],
) -> None:
    file = CsvFile(write(rows(at("2013-02-14"), ["0.1", "0.2"])))
    table = Timetable.shifted(file, shift=NONE, repeat=False)
    tenth = timedelta(minutes=3)
    energy = CsvMeter(spec(every=tenth), file, table, exponent=3)
    found = await energy.samples(at("2013-02-14"), at("2013-02-14 01:00"))
    assert values(found) == [Decimal(10)] * 10 + [Decimal(20)] * 10
    power = CsvMeter(spec(every=tenth, measurement="powerReal"), file, table, exponent=3)
    found = await power.samples(at("2013-02-14"), at("2013-02-14 00:30"))
    assert values(found) == [Decimal(100)] * 10
    early = await energy.samples(at("2013-02-14"), at("2013-02-14 00:07"))
    assert [s.end for s in early] == [at("2013-02-14 00:03"), at("2013-02-14 00:06")]


def test_samples_that_do_not_divide_the_interval_are_refused(write: Callable[..., Path]) -> None:
    file = CsvFile(write(two_days()))
    with pytest.raises(ConfigError, match=r"meter main: every: samples of 7 min do not divide"):
        CsvMeter(
            spec(every=timedelta(minutes=7)),
            file,
            Timetable.shifted(file, shift=NONE, repeat=False),
        )


async def test_a_file_that_is_gone_gives_nothing_now_and_everything_later(
    write: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    path = write(two_days())
    file = CsvFile(path)
    meter = CsvMeter(spec(), file, Timetable.shifted(file, shift=NONE, repeat=False))
    text = path.read_text()
    path.unlink()
    start = at("2013-02-14")
    for _ in range(3):
        assert await meter.samples(start, start + HOUR) == []
    assert caplog.text.count("meter main") == 1
    path.write_text(text)
    assert values(await meter.samples(start, start + 2 * HOUR)) == [0, 1, 2, 3]


async def test_the_examples_are_two_whole_days_of_kilowatt_hours() -> None:
    for name, interval, total in (
        ("uk-home-1", HALF, Decimal("21.372")),
        ("uk-home-2", HALF, Decimal("81.263")),
        ("shop", HALF / 2, Decimal("421.252")),
    ):
        file = CsvFile(EXAMPLES / f"{name}.csv")
        table = Timetable.by_time_of_day(file, source_date=None, day=date(2026, 1, 1), repeat=False)
        meter = CsvMeter(spec(every=interval), file, table, exponent=3)
        found = await meter.samples(at("2026-01-01"), at("2026-01-03"))
        assert len(found) == 2 * (DAY // interval)
        assert all(sample.quality is None for sample in found)
        assert abs(sum(values(found)) - total * 1000) < 1, name


# ------------------------------------------------------------------ arithmetic

NUMBERS = st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, places=6)


@given(value=NUMBERS, parts=st.integers(1, 600))
def test_the_parts_of_a_value_add_up_to_it_exactly(value: Decimal, parts: int) -> None:
    pieces = split(value, parts)
    assert len(pieces) == parts
    assert sum(pieces) == value
    assert max(pieces) - min(pieces) <= Decimal("0.000002")


def test_a_part_that_decimals_hold_is_exact() -> None:
    assert share(Decimal("3.1240001"), Fraction(1, 10)) == Decimal("0.3124000")
    assert str(share(Decimal(1000), Fraction(3, 20))) == "150"
    assert str(share(Decimal("0.0"), Fraction(1, 2))) == "0"
    assert share(Decimal(1), Fraction(1, 3)) == Decimal("0.333333")
    with pytest.raises(ValueError, match="not a finite number"):
        share(Decimal("nan"), Fraction(1, 2))


@pytest.mark.parametrize(
    ("unit", "measurement", "symbol", "power"),
    [
        ("kWh", "energyReal", "", 3),
        ("Wh", "energyReal", "", 0),
        ("MW", "powerReal", "", 6),
        ("mV", "voltage", "", -3),
        ("uA", "current", "", -6),
        ("celsius", "temperature", "celsius", 0),
    ],
)
def test_a_unit_tells_its_power_of_ten(
    unit: str, measurement: str, symbol: str, power: int
) -> None:
    assert exponent_of(unit, measurement=measurement, symbol=symbol) == power


@pytest.mark.parametrize(
    ("unit", "measurement"), [("kW", "energyReal"), ("xWh", "energyReal"), ("", "energyReal")]
)
def test_a_unit_of_something_else_is_refused(unit: str, measurement: str) -> None:
    with pytest.raises(ValueError, match="does not fit energyReal; expected such as 'kWh'"):
        exponent_of(unit, measurement=measurement)
