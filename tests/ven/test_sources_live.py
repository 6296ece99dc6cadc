"""Live meters: a Python function, this computer's processor, the state of a resource."""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from oadr.enums import DataQuality, ReportName
from oadr.messages import ResourceStatus
from runtime.settings import ConfigError
from ven.meter import MeterSpec, Sample
from ven.sources.cpu import CpuMeter, load_average, read_ticks
from ven.sources.function import FunctionMeter, Kind
from ven.sources.notes import Notes
from ven.sources.status import StatusMeter

START = datetime(2026, 11, 20, 18, tzinfo=UTC)
TEN = timedelta(seconds=10)
NONE = timedelta(0)


def spec(measurement: str = "energyReal") -> MeterSpec:
    return MeterSpec(name="main", measurement=measurement, every=TEN)


def counter(*readings: Any) -> Callable[[], Any]:
    """Returns each reading in turn; raises it if it is an exception."""
    left = iter(readings)

    def read() -> Any:
        value = next(left)
        if isinstance(value, Exception):
            raise value
        return value

    return read


async def follow(meter: FunctionMeter | CpuMeter, count: int) -> list[list[Sample]]:
    """Samples as the VEN does: every 10 s, from the end of what it holds."""
    since, found = None, []
    for n in range(count):
        samples = list(await meter.samples(since, START + n * TEN))
        since = samples[-1].end if samples else since
        found.append(samples)
    return found


# ------------------------------------------------------------------ functions


@pytest.mark.parametrize("reading", [1.5, "1.5", Decimal("1.5")])
async def test_a_value_is_true_at_its_moment_and_scaled(reading: Any) -> None:
    meter = FunctionMeter(spec("powerReal"), counter(reading), exponent=3)
    assert await meter.samples(None, START) == [
        Sample(start=START, duration=NONE, value=Decimal(1500))
    ]


async def test_a_float_counts_as_it_is_written() -> None:
    meter = FunctionMeter(spec("powerReal"), counter(0.1))
    (sample,) = await meter.samples(None, START)
    assert str(sample.value) == "0.1"


async def test_a_coroutine_function_is_awaited() -> None:
    async def read() -> int:
        await asyncio.sleep(0)
        return 7

    (sample,) = await FunctionMeter(spec("powerReal"), read).samples(None, START)
    assert sample.value == 7


async def test_a_function_that_returns_an_awaitable_is_awaited_too() -> None:
    async def read(address: int) -> int:
        return address

    (sample,) = await FunctionMeter(spec("powerReal"), lambda: read(40001)).samples(None, START)
    assert sample.value == 40001


async def test_a_status_is_passed_on() -> None:
    status = ResourceStatus(online=True, manual_override=False)
    (sample,) = await FunctionMeter(spec(""), counter(status)).samples(None, START)
    assert sample == Sample(start=START, duration=NONE, value=status)


async def test_an_amount_lies_between_two_calls() -> None:
    meter = FunctionMeter(spec(), counter(3, 4), kind=Kind.AMOUNT)
    first, second = await follow(meter, 2)
    assert first == [Sample(start=START - TEN, duration=TEN, value=Decimal(3))]
    assert second == [Sample(start=START, duration=TEN, value=Decimal(4))]


async def test_an_amount_after_a_long_pause_does_not_reach_back_over_it() -> None:
    meter = FunctionMeter(spec(), counter(3, 4), kind=Kind.AMOUNT)
    await meter.samples(None, START)
    (late,) = await meter.samples(START, START + 1.5 * TEN)
    assert (late.start, late.duration) == (START, 1.5 * TEN)
    meter = FunctionMeter(spec(), counter(5), kind=Kind.AMOUNT)
    (later,) = await meter.samples(START, START + 100 * TEN)
    assert (later.start, later.duration) == (START + 99 * TEN, TEN)


async def test_a_register_gives_the_difference_of_two_readings() -> None:
    meter = FunctionMeter(
        spec(), counter("12.340", "12.345", "12.345"), kind=Kind.REGISTER, exponent=3
    )
    first, second, third = await follow(meter, 3)
    assert first == []
    assert second == [Sample(start=START, duration=TEN, value=Decimal(5))]
    assert third == [Sample(start=START + TEN, duration=TEN, value=Decimal(0))]


async def test_a_register_that_wraps_goes_on_and_one_that_is_reset_starts_over() -> None:
    readings = (998, 3)
    wraps = FunctionMeter(spec(), counter(*readings), kind=Kind.REGISTER, wrap=Decimal(1000))
    assert (await follow(wraps, 2))[1][0].value == 5
    reset = FunctionMeter(spec(), counter(*readings), kind=Kind.REGISTER)
    assert (await follow(reset, 2))[1][0].value == 3


async def test_r318_a_failure_is_a_sample_of_bad_quality_and_no_energy_is_lost() -> None:
    error = OSError("no route to the meter")
    meter = FunctionMeter(spec(), counter(10, error, error, 16, 17), kind=Kind.REGISTER)
    first, second, third, fourth, fifth = await follow(meter, 5)
    assert first == []
    bad = DataQuality.BAD_DEVICE
    assert second == [Sample(start=START, duration=TEN, value=Decimal(0), quality=bad)]
    assert third == [Sample(start=START + TEN, duration=TEN, value=Decimal(0), quality=bad)]
    late = DataQuality.UNCERTAIN
    assert fourth == [Sample(start=START + 2 * TEN, duration=TEN, value=Decimal(6), quality=late)]
    assert fifth == [Sample(start=START + 3 * TEN, duration=TEN, value=Decimal(1))]


@pytest.mark.parametrize("nonsense", [None, "much", True, float("nan"), object(), [1]])
async def test_r318_nonsense_is_a_failure(nonsense: Any, caplog: pytest.LogCaptureFixture) -> None:
    meter = FunctionMeter(spec("powerReal"), counter(nonsense))
    (sample,) = await meter.samples(None, START)
    assert sample == Sample(
        start=START, duration=NONE, value=Decimal(0), quality=DataQuality.BAD_DEVICE
    )
    assert "expected a number or a ResourceStatus" in caplog.text


async def test_r318_a_function_that_hangs_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    async def waits() -> int:
        await asyncio.Event().wait()
        return 1

    def hangs() -> int:
        time.sleep(0.05)
        return 1

    for function in (waits, hangs):
        meter = FunctionMeter(spec("powerReal"), function, time_limit=0.005)
        (sample,) = await meter.samples(None, START)
        assert sample.quality == DataQuality.BAD_DEVICE
    assert "no answer within 0.005 s" in caplog.text


async def test_a_failure_is_logged_once_until_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "openadr")
    error = OSError("no route")
    await follow(FunctionMeter(spec("powerReal"), counter(error, error, error, 1)), 4)
    assert caplog.text.count("cannot be read: OSError: no route") == 1
    assert caplog.text.count("meter main can be read again") == 1


async def test_a_status_that_fails_has_no_sample() -> None:
    assert await FunctionMeter(spec(""), counter(OSError("gone"))).samples(None, START) == []


async def test_a_function_that_raises_stop_iteration_fails_as_any_other() -> None:
    (sample,) = await FunctionMeter(spec("powerReal"), counter()).samples(None, START)
    assert sample.quality == DataQuality.BAD_DEVICE


async def test_a_register_is_remembered_over_a_restart(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "main.json")
    first = FunctionMeter(spec(), counter(100, 103), kind=Kind.REGISTER, notes=notes)
    await follow(first, 2)
    again = FunctionMeter(spec(), counter(110), kind=Kind.REGISTER, notes=notes)
    moment = START + timedelta(minutes=5)
    assert await again.samples(START + TEN, moment) == [
        Sample(start=moment - TEN, duration=TEN, value=Decimal(7), quality=DataQuality.UNCERTAIN)
    ]


async def test_a_register_starts_afresh_after_a_long_pause(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "main.json")
    await follow(FunctionMeter(spec(), counter(100), kind=Kind.REGISTER, notes=notes), 1)
    again = FunctionMeter(spec(), counter(900, 901), kind=Kind.REGISTER, notes=notes)
    later = START + timedelta(hours=2)
    assert await again.samples(START, later) == []
    (sample,) = await again.samples(START, later + TEN)
    assert (sample.start, sample.value, sample.quality) == (later, Decimal(1), None)


def test_notes_that_hold_something_else_are_named(tmp_path: Path) -> None:
    path = tmp_path / "main.json"
    path.write_text('{"at": "now"}')
    with pytest.raises(ConfigError, match=r"main\.json: is not the last reading of a register"):
        FunctionMeter(spec(), counter(), kind=Kind.REGISTER, notes=Notes(path))


async def test_asking_twice_for_the_same_moment_calls_once() -> None:
    meter = FunctionMeter(spec("powerReal"), counter(1))
    assert len(await meter.samples(None, START)) == 1
    assert await meter.samples(START, START) == []


# ------------------------------------------------------------------ this computer


def ticks(*counts: tuple[int, int] | None) -> Callable[[], tuple[int, int] | None]:
    return counter(*counts)


def cpu(measurement: str, *counts: tuple[int, int] | None) -> CpuMeter:
    return CpuMeter(
        spec(measurement), watts_idle=Decimal(10), watts_full=Decimal(70), ticks=ticks(*counts)
    )


async def test_power_lies_between_idle_and_full_in_proportion() -> None:
    meter = cpu("powerReal", (0, 0), (0, 100), (100, 200), (133, 299), (133, 299))
    found = [samples[0].value for samples in await follow(meter, 4)]
    assert found == [Decimal(10), Decimal(70), Decimal(30), Decimal(10)]


async def test_energy_is_power_over_time() -> None:
    meter = cpu("energyReal", (0, 0), (50, 100), (100, 200))
    first, second = await follow(meter, 2)
    assert first == [Sample(start=START - TEN, duration=TEN, value=Decimal("0.111111"))]
    assert second == [Sample(start=START, duration=TEN, value=Decimal("0.111111"))]
    (later,) = await cpu("energyReal", (0, 0), (100, 100)).samples(START, START + 360 * TEN)
    assert (later.duration, later.value) == (TEN, Decimal("0.194444"))


async def test_where_nobody_counts_the_load_average_stands_in() -> None:
    (sample,) = await cpu("powerReal", None, None).samples(None, START)
    assert isinstance(sample.value, Decimal)
    assert 10 <= sample.value <= 70
    assert 0 <= load_average() <= 1
    assert await cpu("powerReal", None, None).samples(START, START) == []


def test_ticks_are_read_where_linux_keeps_them(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  10 1 5 80 4 2 1 3 9 9\ncpu0 1 1 1 1 1 1 1 1 0 0\n")
    assert read_ticks(stat) == (22, 106)
    assert read_ticks(tmp_path / "nothing") is None
    stat.write_text("cpu\n")
    assert read_ticks(stat) is None


@pytest.mark.skipif(not os.path.exists("/proc/stat"), reason="not Linux")
async def test_this_computer_has_a_load() -> None:
    meter = CpuMeter(spec("powerReal"), watts_idle=Decimal(0), watts_full=Decimal(100))
    sum(range(300_000))
    (sample,) = await meter.samples(None, START)
    assert isinstance(sample.value, Decimal)
    assert 0 <= sample.value <= 100


# ------------------------------------------------------------------ the state of a resource


async def test_files_say_what_state_a_resource_is_in(tmp_path: Path) -> None:
    override, offline = tmp_path / "override", tmp_path / "offline"
    status = MeterSpec(name="hvac", report_name=ReportName.TELEMETRY_STATUS, measurement="")
    meter = StatusMeter(status, override_file=override, offline_file=offline)

    async def state() -> ResourceStatus:
        (sample,) = await meter.samples(None, START)
        assert isinstance(sample.value, ResourceStatus)
        return sample.value

    assert await state() == ResourceStatus(online=True, manual_override=False)
    override.touch()
    assert await state() == ResourceStatus(online=True, manual_override=True)
    offline.touch()
    override.unlink()
    assert await state() == ResourceStatus(online=False, manual_override=False)
    assert await meter.samples(START, START) == []


async def test_a_resource_without_files_is_online() -> None:
    status = MeterSpec(name="hvac", report_name=ReportName.TELEMETRY_STATUS, measurement="")
    (sample,) = await StatusMeter(status).samples(None, START)
    assert sample.value == ResourceStatus(online=True, manual_override=False)


# ------------------------------------------------------------------ years on its own


async def test_a_function_that_hangs_for_good_takes_one_thread_and_no_more() -> None:
    release = threading.Event()
    meter = FunctionMeter(spec("powerReal"), lambda: release.wait(10), time_limit=0.001)
    before = threading.active_count()
    for number in range(20):
        (sample,) = await meter.samples(None, START + number * TEN)
        assert sample.quality == DataQuality.BAD_DEVICE
    assert threading.active_count() == before + 1
    release.set()


@pytest.mark.parametrize("kind", [Kind.AMOUNT, Kind.REGISTER])
async def test_a_clock_that_is_set_back_makes_no_time_that_runs_backwards(kind: Kind) -> None:
    meter = FunctionMeter(spec(), counter(100, 103, 107), kind=kind)
    await meter.samples(None, START)
    await meter.samples(START, START + TEN)
    earlier = START - timedelta(minutes=5)
    (sample,) = await meter.samples(earlier - TEN, earlier)
    assert (sample.start, sample.duration) == (earlier - TEN, TEN)
    assert sample.value == (4 if kind is Kind.REGISTER else 107)


async def test_the_energy_of_a_computer_whose_clock_is_set_back_is_of_one_sample() -> None:
    meter = cpu("energyReal", (0, 0), (50, 100), (100, 200))
    await meter.samples(None, START)
    (sample,) = await meter.samples(None, START - timedelta(hours=1))
    assert sample.duration == TEN


async def test_what_a_register_counted_is_not_lost_in_a_kill_before_it_is_kept(
    tmp_path: Path,
) -> None:
    notes = Notes(tmp_path / "main.json")
    first = FunctionMeter(spec(), counter(100, 103, 110), kind=Kind.REGISTER, notes=notes)
    await first.samples(None, START)
    await first.samples(START, START + TEN)
    await first.samples(START + TEN, START + 2 * TEN)
    # The VEN is killed here: the sample of 7 never got to the disk.
    again = FunctionMeter(spec(), counter(111, 112), kind=Kind.REGISTER, notes=notes)
    (sample,) = await again.samples(START + TEN, START + 3 * TEN)
    assert sample.value == 8
    (sample,) = await again.samples(START + 3 * TEN, START + 4 * TEN)
    assert (sample.value, sample.quality) == (Decimal(1), None)


async def test_a_disk_that_takes_no_note_costs_no_reading(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "main.json.new").mkdir()
    meter = FunctionMeter(
        spec(),
        counter(100, 103, 107),
        kind=Kind.REGISTER,
        notes=Notes(tmp_path / "main.json"),
    )
    found = await follow(meter, 3)
    assert [[sample.value for sample in samples] for samples in found] == [[], [3], [4]]
    assert caplog.text.count("cannot be noted") == 1


def test_a_note_is_through_to_the_disk_before_it_takes_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda number: done.append("fsync"))
    replace = os.replace

    def noted(*names: Any) -> None:
        done.append("replace")
        replace(*names)

    monkeypatch.setattr(os, "replace", noted)
    Notes(tmp_path / "notes.json").write({"a": 1})
    assert done == ["fsync", "replace"]
