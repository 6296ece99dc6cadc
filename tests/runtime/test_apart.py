"""Work in a child process: what comes back, and when it is done here instead."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from runtime.apart import apart, working_apart
from runtime.errors import ConfigError

#: A module that nobody has loaded.
ABSENT = "no.such.module"
ROOT = Path(__file__).parents[2]

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no child can be made here")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test runner may have threads of its own; they sleep and hold no lock."""
    monkeypatch.setattr(threading, "active_count", lambda: 1)


def fail() -> int:
    raise ConfigError("is wrong", key="a.b", file="x.toml")


@needs_fork
def test_a_child_does_the_work(alone: None) -> None:
    with working_apart():
        assert apart(os.getpid, sparing=ABSENT) != os.getpid()


@needs_fork
def test_an_error_of_the_child_is_raised_here_with_all_that_it_says(alone: None) -> None:
    with working_apart(), pytest.raises(ConfigError) as caught:
        apart(fail, sparing=ABSENT)
    assert str(caught.value) == "x.toml: a.b: is wrong"
    assert (caught.value.key, caught.value.file) == ("a.b", "x.toml")


@needs_fork
def test_what_a_child_cannot_send_or_does_not_live_to_send_is_done_here(alone: None) -> None:
    parent = os.getpid()

    def die_young() -> int:
        if os.getpid() != parent:
            os._exit(1)
        return 7

    with working_apart():
        assert apart(lambda: lambda: 5, sparing=ABSENT)() == 5
        assert apart(die_young, sparing=ABSENT) == 7


@needs_fork
def test_it_is_done_here_unless_that_was_wanted_and_spares_something(alone: None) -> None:
    assert apart(os.getpid, sparing=ABSENT) == os.getpid()
    with working_apart():
        assert apart(os.getpid, sparing="os") == os.getpid()
    assert apart(os.getpid, sparing=ABSENT) == os.getpid()


def test_a_program_with_threads_makes_no_child() -> None:
    release = threading.Event()
    thread = threading.Thread(target=release.wait)
    thread.start()
    try:
        with working_apart():
            assert apart(os.getpid, sparing=ABSENT) == os.getpid()
    finally:
        release.set()
        thread.join()


@needs_fork
def test_a_configuration_is_checked_without_loading_what_checks_it() -> None:
    program = """
import sys
from runtime.apart import working_apart
from runtime.errors import ConfigError
from runtime.sections import check
from handlers.event import Limits

with working_apart():
    print(check({"max_duration": "2h", "blackout": [{"from": "18:00", "until": "19:00"}]}, Limits))
    try:
        check({"blackout": [{"from": "x", "until": "19:00"}]}, Limits)
    except ConfigError as error:
        print(error.key)
print("pydantic" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    limits, key, loaded = done.stdout.splitlines()
    assert "max_duration=datetime.timedelta(seconds=7200)" in limits
    assert "start=datetime.time(18, 0)" in limits
    assert (key, loaded) == ("blackout.0.from", "False")
