from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runtime.clock import AcceleratedClock, SystemClock
from runtime.settings import (
    ClockSettings,
    ConfigError,
    Duration,
    Section,
    check,
    load_toml,
)


class Inner(Section):
    every: Duration = timedelta(seconds=1)


class Outer(Section):
    name: str
    inner: Inner = Inner()


def test_a_file_becomes_a_configuration(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text('name = "a"\n[inner]\nevery = "5m"\n')
    assert load_toml(path, Outer).inner.every == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('name = "a"\n[inner]\nevery = "x"\n', r"x\.toml: inner\.every: 'x' is not a duration"),
        ('name = "a"\nnmae = 1\n', r"x\.toml: nmae: this key is not known"),
        ("[inner]\n", r"x\.toml: name: Field required"),
        ("nmae = 1\n", r"and 1 more"),
        ("name = \n", r"x\.toml: cannot be read"),
        ('name = "a"\ninner = 3\n', r"x\.toml: inner: this is no table; expected keys"),
    ],
)
def test_an_error_names_the_file_the_key_and_what_was_expected(
    tmp_path: Path, text: str, expected: str
) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=expected):
        load_toml(path, Outer)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: there is no such file"):
        load_toml(tmp_path / "none.toml", Outer)


def test_a_dict_is_checked_the_same_way() -> None:
    assert check({"name": "a"}, Outer).name == "a"
    assert str(ConfigError("plain")) == "plain"


@pytest.mark.parametrize(
    "section",
    [
        {"origin": datetime(2026, 1, 1)},  # noqa: DTZ001 - that is what it is about
        {"origin": "yesterday"},
        {"origin": 5},
        {"factor": 0},
        {"factor": -1},
        {"factor": float("nan")},
        {"factor": float("inf")},
    ],
)
def test_a_clock_that_nobody_could_read_is_refused(section: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        check(section, ClockSettings)


def test_the_clock_is_the_machines_unless_all_is_said() -> None:
    assert isinstance(ClockSettings().clock(), SystemClock)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert check({"origin": "2026-01-01T01:00:00+01:00"}, ClockSettings).origin == moment
    fast = ClockSettings(origin=moment, shown=moment, factor=10.0).clock()
    assert isinstance(fast, AcceleratedClock)
