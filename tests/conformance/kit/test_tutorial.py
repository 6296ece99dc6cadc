"""The tutorial of the kit: its programs run, its commands exist, and it shows what they print."""

import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.cli import main

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "tutorial" / "conformance.md").read_text(encoding="utf-8")
HOWTO = (DOCS / "howto" / "read-a-conformance-report.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^\$ conform (.+)$", TEXT + HOWTO, re.MULTILINE)
VTN, HOOK = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def shown(command: str) -> str:
    """Returns what the tutorial shows below a command."""
    _, _, rest = TEXT.partition(f"$ conform {command}\n")
    return re.split(r"^(?:```|\$)", rest, flags=re.MULTILINE)[0]


def masked(text: str) -> list[str]:
    """Returns the lines without counts that grow with the kit."""
    return re.sub(r"\b\d+ checks|, \d+ times", "", text).splitlines()


@pytest.fixture
def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of the tutorial's VTN, with its files in the present folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found = int(probe.getsockname()[1])
    monkeypatch.chdir(tmp_path)
    for name, text in (("my_vtn.py", VTN), ("hook.py", HOOK)):
        Path(name).write_text(text.replace("8080", str(found)), encoding="utf-8")
    with Path("vtn.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "my_vtn.py"], stdout=log, stderr=log)
    try:
        _wait(found)
        yield found
    finally:
        process.kill()
        process.wait()


def _wait(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline, "the VTN of the tutorial does not listen"
        time.sleep(0.05)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_exists_with_its_options(command: str) -> None:
    result = CliRunner().invoke(main, [*shlex.split(command), "--help"])
    assert result.exit_code == 0, result.output


def test_what_the_tutorial_shows_is_what_is_printed(port: int) -> None:
    told = [command for command in COMMANDS if shown(command).strip()]
    assert len(told) == 3
    for command in told:
        words = command.replace("8080", str(port)).replace("python ", f"{sys.executable} ")
        result = CliRunner().invoke(main, shlex.split(words))
        assert masked(result.output) == masked(shown(command)), command
    assert Path("report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_results_become_reports_as_the_tutorial_has_it(port: int) -> None:
    run = next(command for command in COMMANDS if "--json pull.json" in command)
    result = CliRunner().invoke(main, shlex.split(run.replace("8080", str(port))))
    assert result.exit_code == 1, result.output
    result = CliRunner().invoke(main, ["report", "pull.json", "--html", "report.html"])
    assert result.exit_code == 1, result.output
    assert Path("pull.xml").stat().st_size
    assert "R405" in Path("report.html").read_text(encoding="utf-8")


def test_the_pages_are_linked() -> None:
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    for page in ("docs/tutorial/conformance.md", "docs/howto/read-a-conformance-report.md"):
        assert f"]({page})" in readme
